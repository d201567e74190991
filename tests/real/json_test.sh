#!/bin/bash
# docs/json.md against what the commands print: every key that comes is described, and every key that is described comes.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

page=$(dirname "${BASH_SOURCE[0]}")/../../docs/json.md
page=$(realpath "$page")

# The keys of a section, as paths: "apps[].backup.place". Lists of sentences bring their "text" along.
described() {  # HEADING
  awk -v heading="## $1" '
    /^## / { inside = $0 == heading }
    !inside { next }
    match($0, /^`[a-z_]+`: a list/) { split($0, words, "`"); prefix = words[2] "[]."; print words[2] }
    /^\| `/ {
      split($0, cells, " \\| ")
      n = split(substr(cells[1], 3), names, ", ")
      for (i = 1; i <= n; ++i) {
        gsub(/`/, "", names[i])
        print prefix names[i]
        if (cells[2] ~ /list of `\{"text"\}`/) print prefix names[i] "[].text"
      }
    }' "$page" | sort -u
}
# The keys of the JSON in $out, lists without their numbers.
printed() {
  jq -r 'del(.schema, .settings[]?) | [paths | map(if type == "number" then "[]" else "." + . end) | join("") | ltrimstr(".")] | unique[]' <<<"$out" |
    grep -v '\[\]$' | sort -u
}
# What is below a list that is empty, or below an object that is null, need not come.
is_reachable() {  # KEY
  local above=${1%.*}
  [ "$above" = "$1" ] && return 0
  local filter=.${above//[]/[]?}
  [ "$(jq "[$filter | objects] | length" <<<"$out")" -gt 0 ]
}
# as_described HEADING[+HEADING] COMMAND…
as_described() {
  local heading=$1 key
  shift
  expect_done "$@"
  expect_equal "the schema of $*" 1 "$(jq .schema <<<"$out")"
  expect_equal "the first key of $*" schema "$(jq -r 'keys_unsorted[0]' <<<"$out")"
  described "${heading%+*}" >keys
  # The keys of an app stand with ls.
  [ "$heading" = "${heading#*+}" ] || described "${heading#*+}" | sed 's/^apps\[\]\.//; /^apps$/d' >>keys
  # So do the steps of a plan with the plan of an app.
  local of_steps prefix
  of_steps=$(described 'belay plan NAME --json' | grep '^\(actions\|notes\)')
  for prefix in $(sed -n 's/^\(.*\.\|\)actions$/=\1/p' keys); do sed "s/^/${prefix#=}/" <<<"$of_steps" >>keys; done
  while read -r key; do
    grep -qxF -- "$key" keys || fail "what docs/json.md describes of $*" "no key $key" "$key"
  done < <(printed)
  while read -r key; do
    is_reachable "$key" || continue
    printed | grep -qxF -- "$key" || fail "what $* prints" "$key" "$(printed | paste -sd ' ')"
  done <keys
}

test_looks_print_what_is_described() {
  new_port port
  image web "$port" one
  expect_done belay deploy "$app"
  image web "$port" two
  expect_done belay deploy "$app"
  as_described 'belay ls --json' belay ls --json
  as_described 'belay status NAME --json+belay ls --json' belay status "$app" --json
  as_described 'belay why NAME --json' belay why "$app" --json
  as_described 'belay plan NAME --json' belay plan "$app" --json
  as_described 'belay releases NAME --json' belay releases "$app" --json
  as_described 'belay images [NAME] --json' belay images "$app" --json
  as_described 'belay volumes NAME --json' belay volumes "$app" --json
  as_described 'belay history [NAME] --json' belay history "$app" --json
  local of_changes='belay deploy, start, stop, restart, rollback, retry, restore, kill, pause and unpause --json'
  as_described "$of_changes" belay restart "$app" --json
  as_described "$of_changes" belay stop "$app" --dry-run --json
  echo "notify_command = true" >belay.conf
  as_described 'belay notify --json' belay notify --test --config belay.conf --json
  as_described 'belay stats [NAME] --json' belay stats "$app" --json
  expect_equal 'who is measured' "$app true" "$(jq -r '.containers[] | "\(.app) \(.memory_bytes > 0 and .processes > 0)"' <<<"$out")"
  as_described 'belay df [NAME] --json' belay df "$app" --json
  expect_equal 'what it takes' true "$(jq '.apps[0].images_bytes > 0 and .engine.images_bytes > 0' <<<"$out")"
  stop_by_hand=$(running "$app")
  api POST "/containers/$stop_by_hand/stop" >/dev/null
  as_described 'belay plan NAME --json' belay plan "$app" --json
  expect_equal 'the first step' start "$(jq -r '.actions[0].kind' <<<"$out")"
}
test_changes_print_what_is_described() {
  local of_changes='belay deploy, start, stop, restart, rollback, retry, restore, kill, pause and unpause --json'
  local of_set='belay set NAME KEY=VALUE --json, unset'
  new_port port
  image web "$port" one
  as_described 'belay build NAME --json' belay build "$app" --dry-run --json
  as_described 'belay build NAME --json' belay build "$app" --json
  expect_equal 'the outcome' 'done' "$(jq -r .outcome <<<"$out")"
  expect_done belay start "$app" new
  as_described "$of_set+$of_changes" belay set "$app" env.A=1 --json
  expect_equal 'the difference' 'env.A: + 1' "$(jq -r '.differences[0].text' <<<"$out")"
  expect_equal 'the change' "$app done r2" "$(jq -r '.changes[0] | "\(.name) \(.outcome) \(.running)"' <<<"$out")"
  as_described "$of_set+$of_changes" belay unset "$app" env.A --dry-run --json
  as_described 'belay stable NAME [rN] --json' belay stable "$app" --json
  expect_equal 'the mark' 'done r2' "$(jq -r '"\(.outcome) \(.release)"' <<<"$out")"
  as_described 'belay port NAME [PORT] --json' belay port "$app" --json
  expect_equal 'the port' "$port" "$(jq '.ports[0].host_port' <<<"$out")"
  as_described "$of_changes" belay pause "$app" --json
  expect_equal 'the outcome' 'done' "$(jq -r '.changes[0].outcome' <<<"$out")"
  as_described "$of_changes" belay unpause "$app" --json
  as_described "$of_changes" belay start-all --json
  as_described 'belay autostart [NAME] --json' belay autostart "$app" last --json
  expect_equal 'the app' "$app last" "$(jq -r '.apps[] | "\(.name) \(.autostart)"' <<<"$out")"
  as_described 'belay snapshot NAME --json' belay snapshot "$app" --json
  expect_done belay stop "$app"
  as_described 'belay wait NAME --json' belay wait "$app" --json
  expect_equal 'who has ended' "$app-r2" "$(jq -r '.containers[].container' <<<"$out")"
}
test_removals_print_what_is_described() {
  local of_removals='belay cleanup, remove, down and rm --json'
  new_port port
  image web "$port" one
  expect_done belay deploy "$app"
  image web "$port" two
  expect_done belay deploy "$app"
  as_described "$of_removals" belay cleanup "$app" --keep 0 --dry-run --json
  expect_equal 'images are measured' true "$(jq '.removals[0].frees_bytes > 0' <<<"$out")"
  as_described "$of_removals" belay cleanup --keep 0 --dry-run --json
  as_described "$of_removals" belay cleanup --keep 0 -y --json
  expect_equal 'the outcome' "$app done" "$(jq -r '.removals[] | "\(.name) \(.outcome)"' <<<"$out" | grep "^$app ")"
  expect_err "to do for $app:"
  as_described "$of_removals" belay rm "$app" --stop --json
  as_described "$of_removals" belay down "$app" --json
  run belay remove "$app" --json
  expect_exit 2
  expect_equal 'who is no terminal must agree' not_confirmed "$(grep '^{' <<<"$err" | jq -r .error.code)"
  as_described "$of_removals" belay remove "$app" -y --json
  expect_equal 'the outcome' 'done' "$(jq -r '.removals[0].outcome' <<<"$out")"
}
test_take_overs_print_what_is_described() {
  new_port port
  build_image one
  as_described 'belay import run NAME --json' belay import run "$app" --dry-run --json -- docker run -p "$port:80" "$prefix-image:one"
  expect_equal 'the settings' 80 "$(jq '.settings.services[0].ports[0].container_port' <<<"$out")"
  as_described 'belay recover --json' belay recover --json
}
test_backups_print_what_is_described() {
  new_port port
  image web "$port" one
  expect_done belay deploy "$app"
  as_described 'belay backup NAME --json' belay backup "$app" -o "$work/kept/" --json
  local file
  file=$(jq -r .file <<<"$out")
  as_described 'belay backups [NAME] --json' belay backups "$app" --json
  as_described 'belay verify FILE --json' belay verify "$file" --json
  as_described 'belay drill NAME [FILE] --json' belay drill "$app" "$file" --json
  image web "$port" two
  as_described 'belay try NAME CANDIDATE --json' belay try "$app" . --json
  expect_done belay deploy "$app" --snapshot
  as_described 'belay snapshots NAME --json' belay snapshots "$app" --json
}
test_what_happens_comes_as_events() {
  new_port port
  image web "$port" one
  expect_done belay deploy "$app"
  image web "$port" two
  expect_done belay --progress json deploy "$app"
  local events
  events=$(grep '^{' <<<"$err") || fail 'events' 'lines that begin with {' "$err"
  expect_equal 'the schemas' 1 "$(jq .schema <<<"$events" | sort -u)"
  expect_equal 'the plan' 1 "$(jq -s '[.[] | select(.event == "plan" and (.actions | length) > 0 and .actions[0].kind != "build")] | length' <<<"$events")"
  expect_equal 'who started' "$app 1" "$(jq -r 'select(.event == "step_done" and .kind == "start") | "\(.app) \(.number)"' <<<"$events")"
  expect_equal 'the verdict' true "$(jq 'select(.event == "verdict").passed' <<<"$events")"
}
test_errors_are_objects_with_a_code() {
  run belay status "${prefix}nothing" --json
  expect_exit 1
  expect_equal 'standard output' '' "$out"
  expect_equal 'the code' app_not_found "$(jq -r .error.code <<<"$err")"
  expect_equal 'its keys' 'code hint message place' "$(jq -r '.error | keys[]' <<<"$err" | paste -sd ' ')"
  run belay status --jsno --json
  expect_exit 2
  expect_equal 'the code' usage "$(jq -r .error.code <<<"$err")"
  mkdir conf
  echo '{"name": 1' >conf/bad.json
  run belay plan conf --json
  expect_equal 'the code of the app' bad_definition "$(jq -r '.apps[0].code' <<<"$out")"
  expect_equal 'the code' bad_definition "$(grep '^{' <<<"$err" | jq -r .error.code | head -1)"
}

run_tests "$@"
