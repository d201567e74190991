#!/bin/bash
# Releases and the data they work on: snapshots at a swap, releases that ruin what they find, and the way back with both.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/data.sh"

# Another good release with OPTION…, told from the others by a variable.
next_release() {  # OPTION…
  turn=$((${turn:-1} + 1))
  jq --arg turn "$turn" '.default.env.TURN = $turn | .default.env.RUIN = ""' "dcv-$app" >new && mv new "dcv-$app"
  expect_done belay deploy "$app" --image "$prefix-image:keeper" --config-file "dcv-$app" "$@"
}
ruinous_release() {  # OPTION…
  jq '.default.env.RUIN = "yes"' "dcv-$app" >new && mv new "dcv-$app"
  run_patiently belay deploy "$app" --image "$prefix-image:keeper" --config-file "dcv-$app" "$@"
  expect_exit 1
  expect_said 'the data is ruined'
}
release_that_runs() { belay releases "$app" --json | jq -r '.releases[] | select(.marks | index("running")).release'; }
snapshots() { belay snapshots "$app" --json | jq '.snapshots | length'; }

test_a_release_that_ruins_the_data_is_rolled_back_with_it() {
  keeper
  fill_with_everything "$data"
  local of_data of_folder
  of_data=$(listing "$data") of_folder=$(listing "$folder")
  ruinous_release --snapshot
  expect_equal 'the volume' "$of_data" "$(listing "$data")"
  expect_equal 'the folder' "$of_folder" "$(listing "$folder")"
  notes_say first
  expect_equal 'what runs' r1 "$(release_that_runs)"
  goes_on
  expect_equal 'the note inside' 'first of the volume' "$(belay shell "$app" cat /data/note)"
}
test_without_a_snapshot_the_data_stays_as_it_is() {
  keeper
  ruinous_release
  expect_equal 'the volume' ruined "$(cat "$data/ruin")"
  expect_equal 'what runs' r1 "$(release_that_runs)"
  goes_on
}
test_rollback_with_data_brings_both_back() {
  keeper
  next_release --snapshot
  expect_equal 'what runs' r2 "$(release_that_runs)"
  expect_equal snapshots 1 "$(snapshots)"
  write_notes second
  local before
  before=$(world; listing "$data"; listing "$folder")
  expect_done belay rollback "$app" --with-data --dry-run
  expect_equal 'everything after a dry run' "$before" "$(world; listing "$data"; listing "$folder")"
  expect_done belay rollback "$app" --with-data
  notes_say first
  expect_equal 'what runs' r1 "$(release_that_runs)"
  goes_on
  # The data of the release that was left is not lost.
  expect_done belay rollback "$app" r2 --with-data
  notes_say second
  expect_equal 'what runs' r2 "$(release_that_runs)"
  goes_on
}
test_rollback_without_data_leaves_it() {
  keeper
  next_release --snapshot
  write_notes second
  expect_done belay rollback "$app"
  notes_say second
  expect_equal 'what runs' r1 "$(release_that_runs)"
  goes_on
}
test_rollback_with_data_needs_a_snapshot() {
  keeper
  next_release
  write_notes second
  expect_refused 1 belay rollback "$app" --with-data
  expect_said 'no snapshot'
  notes_say second
  goes_on
}
test_snapshots_are_listed_removed_and_not_kept_for_ever() {
  keeper
  local i
  for i in 1 2 3 4; do
    write_notes "turn$i"
    next_release --snapshot
  done
  expect_equal 'the newest three are kept' 3 "$(snapshots)"
  no_leftovers 3
  expect_done belay snapshots "$app"
  expect_out 's4'
  local before
  before=$(world)
  expect_done belay snapshots "$app" --remove s3 -y --dry-run
  expect_equal 'the engine after a dry run' "$before" "$(world)"
  expect_done belay snapshots "$app" --remove s3 -y
  no_leftovers 2
  expect_refused 1 belay snapshots "$app" --remove s3 -y
  expect_refused 1 belay restore "$app" s3
  expect_done belay restore "$app" s2
  notes_say turn2
  goes_on
}
test_removing_an_app_with_its_data_removes_the_snapshots() {
  keeper
  next_release --snapshot
  expect_done belay remove "$app" --volumes --yes-lose-data "$app"
  expect_equal volumes '' "$(api GET /volumes | jq -r --arg v "$volume" '.Volumes[].Name | select(startswith($v))')"
}

run_tests "$@"
