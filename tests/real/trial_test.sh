#!/bin/bash
# Drills of backups and trials of images: what runs is not touched, and nothing of a trial is left.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# An app that comes up where its data is right; its container in $container.
judged_app() {
  image judged
  expect_done belay deploy "$app"
  container=$(running "$app")
  inside 'echo precious >/data/file; busybox mkfifo /data/pipe; busybox ln -s file /data/link'
}
inside() { expect_done belay shell "$app" sh -c "$1"; }
# All that a trial could leave, and all of what runs that it could touch.
everything() {
  world
  inspect "$container" '.Id + " " + .State.StartedAt + " " + .State.Status + " " + (.RestartCount | tostring)'
  find "$HOME" "$work" "$place/state/temporary" 2>/dev/null | sort
  belay releases "$app" --json | jq -c '.releases[] | del(.instances[].status)'
}
backed_up() {  # [OPTION…]
  expect_done belay backup "$app" -o "$work/kept" "$@"
  file=$(echo "$work"/kept/*)
}
nothing_changed() { expect_equal 'everything after a trial' "$before" "$(everything)"; }

test_a_drill_of_a_good_backup_passes_and_leaves_nothing() {
  judged_app
  backed_up
  inside 'echo newer >/data/file'
  before=$(everything)
  expect_done belay drill "$app" --json
  expect_equal 'passed' true "$(jq -r .passed <<<"$out")"
  nothing_changed
  expect_done belay shell "$app" cat /data/file
  expect_equal 'the data of what runs' newer "$out"
  expect_done belay drill "$app" "$file"
  expect_out 'proved itself'
  nothing_changed
}

test_a_drill_of_a_backup_whose_app_does_not_come_up_tells_why() {
  judged_app
  inside 'echo spoilt >/data/state'
  backed_up
  before=$(everything)
  run_patiently belay drill "$app"
  expect_exit 1
  expect_err 'code 7'
  expect_err 'the data is spoilt'
  nothing_changed
  # Its bytes are right: it stays, and the list tells of the drill.
  expect_done belay backups "$app"
  expect_out 'drill failed: .*code 7'
  run_patiently belay drill "$app"
  expect_exit 1
  expect_err 'code 7'
}

test_a_drill_of_a_damaged_backup_fails_and_leaves_nothing() {
  judged_app
  backed_up
  truncate -s -20 "$file"
  before=$(everything)
  run belay drill "$app" "$file"
  expect_exit 1
  nothing_changed
}

test_a_drill_brings_the_image_from_the_backup_and_takes_it_away_again() {
  judged_app
  backed_up --with-image
  expect_done belay remove "$app" --volumes --yes-lose-data "$app" --yes
  container=gone
  before=$(world)
  expect_done belay drill "$app" "$file"
  expect_equal 'the engine after a drill of an app that is not here' "$before" "$(world)"
}

test_a_good_image_is_tried_on_a_copy_of_the_data() {
  judged_app
  before=$(everything)
  expect_done belay try "$app" .
  expect_out 'proved itself'
  nothing_changed
  expect_done belay try "$app" "$(image_of "$container")" --live
  nothing_changed
  expect_done belay shell "$app" cat /data/file
  expect_equal 'the data of what runs' precious "$out"
}

test_a_bad_image_fails_with_its_last_lines() {
  judged_app
  echo 'echo "no such table"; echo spoilt >/data/state; exit 9' >rootfs/start
  before=$(everything)
  run_patiently belay try "$app" .
  expect_exit 1
  expect_err 'no such table'
  expect_err 'code 9'
  nothing_changed
  expect_done belay shell "$app" cat /data/state
  expect_equal 'the data of what runs' good "$out"
}

trial_network() { api GET "/networks?filters=$(filter label "belay.temporary=$app")" | jq -r '.[] | "\(.Internal)"'; }
trial_network_is_there() { [ -n "$(trial_network)" ]; }
test_a_trial_has_no_way_out() {
  judged_app
  background belay try "$app" . --settle 60s >/dev/null 2>&1
  eventually trial_network_is_there
  # The engine lets nothing through between an internal network and the rest.
  expect_equal 'whether the network is internal' true "$(trial_network)"
  kill -INT "$pid"
  ended "$pid"
}

test_the_copy_has_all_of_the_data() {
  judged_app
  printf '%s\n' '[ -p /data/pipe ] && [ -h /data/link ] && read -r text </data/link || exit 5' \
    '[ "$text" = precious ] || exit 6' 'sleep 1000 & wait $!' >rootfs/start
  # What fails has the time to do so.
  expect_done belay try "$app" . --settle 1s
}

test_dry_runs_touch_nothing() {
  judged_app
  backed_up
  before=$(everything)
  expect_done belay drill "$app" --dry-run
  expect_out 'create network belay-drill'
  expect_out 'remove volume'
  expect_done belay try "$app" . --dry-run
  expect_out "pause $container"
  nothing_changed
}

trial_runs() {
  [ "$(api GET "/containers/json?filters=$(filter label "belay.temporary=$app")" | jq length)" -gt 0 ]
}

test_a_killed_trial_is_cleared_by_the_next_command() {
  judged_app
  backed_up
  before=$(everything)
  for words in "drill $app" "try $app ."; do
    # shellcheck disable=SC2086
    background belay $words --settle 60s >/dev/null 2>&1
    eventually trial_runs
    end_process "$pid"
    expect_done belay start "$app" last
    nothing_changed
  done
}

test_ctrl_c_removes_everything() {
  judged_app
  backed_up
  before=$(everything)
  background belay drill "$app" --settle 60s >/dev/null 2>&1
  eventually trial_runs
  kill -INT "$pid"
  ended "$pid"
  expect_not [ "$code" = 0 ]
  nothing_changed
}

run_tests "$@"
