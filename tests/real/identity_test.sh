#!/bin/bash
# Which release is this, which state: a state that was lost, is old or is another user's, and copies that other tools make.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

deployed() {  # TEXT
  image plain 8080 "$1"
  expect_done belay deploy "$app" --settle 100ms
}
nothing_to_do() { expect_equal 'the plan' 'nothing to do' "$(belay plan "$app" 2>&1)"; }
only_runs() { expect_equal 'what runs' "$1" "$(running "$app")"; }
# Every command that changes something is refused, names the way out, and touches nothing.
all_refused() {
  image plain 8080 other
  local line
  while read -r line; do
    # shellcheck disable=SC2086
    expect_refused 1 belay $line
    expect_err 'belay recover'
  done <<END
build $app
deploy $app
start $app last
restart $app
stop $app
cleanup $app -y
remove $app -y
END
  run belay plan "$app"
  expect_exit 1
}

test_a_lost_state_refuses_and_recovers() {
  deployed one
  deployed two
  local first
  first=$(inspect "$app-r2" .Id)
  mv "$BELAY_STATE_DIR" "$place/away"
  all_refused
  # A mistyped folder is the same.
  expect_refused 1 belay --state-dir "$place/stat" deploy "$app"
  expect_done belay recover
  nothing_to_do
  expect_equal 'what runs' "$first" "$(inspect "$app-r2" .Id)"
  deployed three
  only_runs "$app-r3"
}

test_an_older_copy_of_the_state_takes_in_what_is_newer() {
  deployed one
  expect_done belay stable "$app"
  cp -a "$BELAY_STATE_DIR" "$place/copy"
  deployed two
  deployed three
  mv "$BELAY_STATE_DIR" "$place/newer"
  cp -a "$place/copy" "$BELAY_STATE_DIR"
  all_refused
  expect_err "$app-r2 \(r2, made after this copy of the state\)"
  expect_done belay recover --dry-run
  expect_done belay recover
  nothing_to_do
  only_runs "$app-r3"
  expect_done belay stable "$app" --show
  expect_out r1
  deployed four
  only_runs "$app-r4"
}

test_a_copy_of_a_container_is_left_alone() {
  deployed one
  local copied
  copied=$(jq -n --argjson from "$(api GET "/containers/$app-r1/json")" '{Image: $from.Image, Cmd: $from.Config.Cmd, Labels: $from.Config.Labels}')
  sleep 1
  post "/containers/create?name=$app-copy" "$copied" >/dev/null
  api POST "/containers/$app-copy/start" >/dev/null
  expect_done belay restart "$app"
  expect is_up "$app-copy"
  expect is_up "$app-r1"
  expect_done belay stop "$app"
  expect is_up "$app-copy"
  expect is_down "$app-r1"
  # The two exchange their names: each stays what it is.
  api POST "/containers/$app-r1/rename?name=$app-old" >/dev/null
  api POST "/containers/$app-copy/rename?name=$app-r1" >/dev/null
  expect_done belay start "$app" last
  expect is_up "$app-old"
  expect_done belay stop "$app"
  expect is_up "$app-r1"
  # What is put in its place is refused, and can be taken in.
  api DELETE "/containers/$app-old?force=1" >/dev/null
  api POST "/containers/$app-r1/rename?name=$app-old" >/dev/null
  expect_refused 1 belay start "$app" last
  expect_done belay recover
  expect_done belay restart "$app"
  only_runs "$app-old"
}

test_serve_touches_nothing_of_an_app_that_its_state_does_not_know() {
  build_image 1
  build_image 2
  mkdir conf
  definition 1
  expect_done belay apply conf
  definition 2
  expect_done belay apply conf
  local before
  before=$(world)
  mv "$BELAY_STATE_DIR" "$place/away"
  background "$BELAY" serve conf 2>>"$place/log"
  local daemon=$pid
  eventually grep -q 'that this state does not know' "$place/log"
  api POST "/containers/$app/kill" >/dev/null
  sleep 3
  expect is_down "$app"
  api POST "/containers/$app/start" >/dev/null
  expect_equal 'the engine' "$before" "$(world)"
  expect_equal 'how often it is said' 1 "$(grep -c 'that this state does not know' "$place/log")"
  end_process "$daemon"
  rm -rf "$BELAY_STATE_DIR"
  mv "$place/away" "$BELAY_STATE_DIR"
  # Removed under one that serves.
  background "$BELAY" serve conf 2>>"$place/log2"
  eventually grep -q 'keeping this host' "$place/log2"
  eventually grep -q . "$place/log2"
  mv "$BELAY_STATE_DIR" "$place/away"
  definition 1
  eventually grep -q 'the state in .* is gone' "$place/log2"
  expect_equal 'the engine' "$before" "$(world)"
  mv "$place/away" "$BELAY_STATE_DIR"
  touch "conf/$app.json"
  eventually runs_image 1
}
definition() {
  jq -n --arg image "$prefix-image:$1" '{image: $image, update: {pull: false}}' >"$place/new.json"
  mv "$place/new.json" "conf/$app.json"
}
runs_image() { is_up "$app" && [ "$(image_of "$app")" = "$(image_id "$prefix-image:$1")" ]; }

# ---- the disk of the state ----

test_a_full_or_read_only_state_can_be_looked_at() {
  deployed one
  deployed two
  unshare_state
  local how
  for how in full read-only; do
    [ $how = full ] || mount -o remount,ro "$BELAY_STATE_DIR"
    local command
    for command in ls "status $app" "logs $app" "releases $app" "why $app" "plan $app" 'recover --dry-run' history; do
      # shellcheck disable=SC2086
      expect_done belay $command
    done
    expect_refused 1 belay start "$app" r1
    if [ $how = full ]; then
      run belay stop "$app"
      expect_exit 1
      expect_err 'is stopped, but that could not be recorded'
      expect is_down "$app-r2"
      api POST "/containers/$app-r2/start" >/dev/null
    else
      expect_refused 1 belay stop "$app"
      expect_err 'jockler stop -f'
    fi
    expect_done jockler stop -f "$app-r2"
    expect is_down "$app-r2"
    expect_err 'is stopped, but'
    api POST "/containers/$app-r2/start" >/dev/null
  done
}
# The state moves to a small disk that is full.
unshare_state() {
  mkdir "$place/small"
  mount -t tmpfs -o size=2m none "$place/small" || fail 'no mount'
  at_end umount "$place/small"
  cp -a "$BELAY_STATE_DIR/." "$place/small/"
  chmod 700 "$place/small"
  export BELAY_STATE_DIR=$place/small
  dd if=/dev/zero of="$place/small/filler" bs=4k 2>/dev/null
  true
}

run_tests "$@"
