#!/bin/bash
# What commands print, on terminals of 40, 80 and 120 columns: no line is wider, no word is broken, and what one copies
# is never cut. ASCII where the locale has no UTF-8, and no colour where nobody looks.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# screen COLUMNS COMMAND…: what it shows on such a terminal, into $out; without colours.
screen() {
  local columns=$1
  shift
  out=$(NO_COLOR=1 script -qec "stty cols $columns rows 50; $(printf '%q ' "$@")" /dev/null </dev/null | tr -d '\r') || true
}
# A line that is too wide is one word, and may be indented, or have a title in front of it.
fits() {  # COLUMNS
  local line
  while IFS= read -r line; do
    [ "${#line}" -le "$1" ] || [[ $line =~ ^[[:space:]]*([A-Z /]+[[:space:]]+)?[^[:space:]]+$ ]] ||
      fail "a line on a terminal of $1 columns" "at most $1 columns" "$line"
  done <<<"$out"
}
# shows COMMAND -- TEXT…: at each width, with these texts whole.
shows() {
  local command=() columns text
  while [ "$1" != -- ]; do
    command+=("$1")
    shift
  done
  shift
  for columns in 40 80 120; do
    screen "$columns" "${command[@]}"
    fits "$columns"
    for text in "$@"; do [[ $out == *"$text"* ]] || fail "${command[*]} on $columns columns" "$text" "$out"; done
  done
}
two_releases() {
  new_port port
  image web "$port" one
  expect_done "$BELAY" deploy "$app"
  image web "$port" two
  expect_done "$BELAY" deploy "$app"
}

test_screens_fit_and_what_one_copies_is_whole() {
  local port
  two_releases
  expect_done "$BELAY" backup "$app" -o "$work/kept/"
  local file
  file=$(echo "$work"/kept/*)
  shows "$BELAY" ls -- "$app" r2
  shows "$BELAY" why "$app" -- r2
  shows "$BELAY" releases "$app" -- "$app-r1" "$app-r2"
  shows "$BELAY" history "$app" -- deploy backup
  shows "$BELAY" backups "$app" -- "$file" b1
  shows "$BELAY" volumes "$app" -- "${app}_var_www"
  shows "$BELAY" images "$app" -- r1
  shows "$BELAY" stats "$app" --no-stream -- "$app"
  shows "$BELAY" df "$app" -- "$app"
  shows "$BELAY" status "$app" -- "$app-r2" "${app}_var_www"
  shows "$BELAY" doctor -- engine
  shows "$BELAY" plan "$app" -- 'nothing to do'
  shows "$BELAY" restart "$app" --dry-run -- "start $app-r2"
}
test_a_plan_fits_and_has_whole_words() {
  build_image 1
  mkdir conf
  jq -n --arg image "$prefix-image:1" '{image: $image, env: {LEVEL: "info"}, update: {pull: false}}' >"conf/$app.json"
  shows "$BELAY" plan conf -- "+ $app" 'Plan: 1 new'
  expect_done "$BELAY" apply conf
  jq -n --arg image "$prefix-image:1" '{image: $image, env: {LEVEL: "debug", NAME: "a-word-of-its-own"}, update: {pull: false}}' >"conf/$app.json"
  shows "$BELAY" plan conf -- "~ $app" a-word-of-its-own 'Plan: 1 changed'
  shows "$BELAY" plan -v conf -- "start $app" a-word-of-its-own 'Plan: 1 changed'
  shows "$BELAY" plan nosuch -- 'there is no app nosuch'
}
test_a_locale_without_utf8_gets_ascii() {
  local port command
  two_releases
  for command in "ls" "status $app" "why $app" "releases $app" "history" "doctor" "df" "deploy $app --dry-run"; do
    # shellcheck disable=SC2086 # words
    run env -u LANG LC_ALL=C "$BELAY" $command
    if LC_ALL=C grep -q '[^[:print:][:space:]]' <<<"$out$err"; then fail "belay $command" ASCII "$out$err"; fi
  done
}
test_nobody_at_a_terminal_gets_no_colours() {
  local port command
  two_releases
  for command in "ls" "status $app" "why $app" "plan $app" "releases $app" "history" "doctor" "restart $app"; do
    # shellcheck disable=SC2086 # words
    run "$BELAY" $command
    [[ $out$err != *$'\x1b'* ]] || fail "belay $command" 'no escape sequences' "$out$err"
  done
}

run_tests "$@"
