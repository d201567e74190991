#!/bin/bash
# An app's data: backed up, checked, brought back, and how the app fares meanwhile.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/data.sh"

# ---- there and back ----

test_a_backup_brings_everything_back_as_it_was() {
  keeper
  fill_with_everything "$data"
  fill_with_everything "$folder"
  chmod 0604 "$file"
  chown 5:6 "$file"
  setfattr -n user.of -v file "$file"
  touch -d '2002-02-02 02:02:02.020202020' "$file"
  local of_data of_folder of_file changed
  of_data=$(listing "$data") of_folder=$(listing "$folder") of_file=$(listing_of_file)
  backed_up
  expect_equal 'mode of the backup' 600 "$(stat -c %a "$backup")"
  expect_done belay verify "$backup"
  expect_equal 'the volume after the backup' "$of_data" "$(listing "$data")"

  rm -rf "$data/deep" "$data/random" "$folder/odd names"
  echo new >"$data/new"
  chmod 700 "$data" "$folder"
  chown 1:1 "$data" "$folder" "$file"
  setfacl -b "$data/plain"
  echo changed >"$file"
  changed=$(listing "$data")
  expect_done belay restore "$app" "$backup"
  expect_said 's1'
  expect_equal 'the volume' "$of_data" "$(listing "$data")"
  expect_equal 'the folder' "$of_folder" "$(listing "$folder")"
  expect_equal 'the file' "$of_file" "$(listing_of_file)"
  expect [ "$data/deep/shared" -ef "$data/deep/er/same" ]
  expect [ "$data/deep/shared" -ef "$data/odd names/same too" ]
  expect is_sparse "$data/sparse"
  expect is_sparse "$folder/only-hole"
  goes_on
  no_leftovers 1
  # The container sees what came back, not what was there.
  expect_equal 'the file inside' text "$(belay shell "$app" cat /data/plain)"
  expect_equal 'the bound file inside' 'first of the file' "$(belay shell "$app" cat /etc/app.conf)"

  # What was replaced is not lost.
  expect_done belay restore "$app" s1
  expect_equal 'the volume before the restore' "$changed" "$(listing "$data")"
  expect_equal 'the file before the restore' changed "$(cat "$file")"
  goes_on
}
listing_of_file() { find "$file" -printf '%p %y %m %U:%G %T@ %s %n\n'; getfattr --absolute-names -d -m - -e hex "$file" | sort; sha256sum "$file"; }

test_only_one_place_comes_back() {
  keeper
  backed_up
  write_notes second
  expect_done belay restore "$app" "$backup" --only "$volume"
  expect_equal 'the volume' 'first of the volume' "$(cat "$data/note")"
  expect_equal 'the folder' 'second of the folder' "$(cat "$folder/note")"
  expect_done belay restore "$app" "$backup" --only /bound --only "$file"
  notes_say first
  goes_on
  expect_refused 1 belay restore "$app" "$backup" --only "${volume}s"
  expect_said "$volume"
}

test_a_backup_is_restored_as_another_app() {
  local port
  keeper
  backed_up
  write_notes second
  expect_done belay restore "$app" "$backup" --as "$app2"
  goes_on "$app"
  goes_on "$app2"
  notes_say second
  expect_equal 'in the other app' 'first of the volume' "$(belay shell "$app2" cat /data/note)"
  expect_equal 'in the other app' 'first of the folder' "$(belay shell "$app2" cat /bound/note)"
  expect_equal 'in the other app' 'first of the file' "$(belay shell "$app2" cat /etc/app.conf)"
  expect [ "$(mount_at "$(running "$app2")" /data)" != "volume $volume" ]
  expect [ "$(mount_at "$(running "$app2")" /bound)" != "bind $folder" ]
  expect_refused 1 belay restore "$app" "$backup" --as "$app2"
  expect_done belay remove "$app2" --volumes --yes-lose-data "$app2"
  goes_on "$app"
  notes_say second
}

test_an_app_that_is_gone_comes_back_with_its_image() {
  keeper
  backed_up --with-image
  expect_done belay remove "$app" --volumes --yes-lose-data "$app"
  api DELETE "/images/$prefix-image:keeper?force=1" >/dev/null
  expect_not image_exists "$prefix-image:keeper"
  expect_not volume_exists "$volume"
  rm -rf "$folder" "$file"
  expect_done belay verify "$backup"
  expect_done belay restore "$app" "$backup" --dry-run
  expect_not volume_exists "$volume"
  expect_done belay restore "$app" "$backup"
  data=$(data_of "$volume")
  notes_say first
  goes_on
  no_leftovers
}

test_a_volume_that_only_the_engine_reaches_is_in_the_backup() {
  mkdir "$work/elsewhere"
  echo 'first of the volume' >"$work/elsewhere/note"
  post /volumes/create "$(jq -n --arg name "${app}_data" --arg device "$work/elsewhere" \
    '{Name: $name, Driver: "local", DriverOpts: {type: "none", o: "bind,ro", device: $device}}')" >/dev/null
  keeper
  ln "$work/elsewhere/note" "$work/elsewhere/same"
  chown 12:34 "$work/elsewhere/note"
  local before
  before=$(alike "$(running "$app")")
  backed_up
  expect_equal 'the container' "$before" "$(alike "$(running "$app")")"
  goes_on
  no_leftovers
  expect_done belay verify "$backup"
  expect_equal 'how it was read' engine "$(zstd -dc "$backup" | tar -xO belay-backup.json | jq -r ".items[] | select(.source == \"$volume\").way")"
  # Its data cannot be exchanged in one step: restored it is only as another app's, in a volume of its own.
  expect_refused 1 belay restore "$app" "$backup"
  expect_done belay restore "$app" "$backup" --as "$app2"
  data=$(data_of "$(mount_at "$(running "$app2")" /data | cut -d ' ' -f 2)")
  expect_equal 'in the other app' 'first of the volume' "$(cat "$data/note")"
  expect [ "$data/note" -ef "$data/same" ]
  expect_equal 'owner' 12:34 "$(stat -c %u:%g "$data/note")"
  goes_on
  expect_done belay remove "$app2" --volumes --yes-lose-data "$app2"
}

test_dry_runs_change_nothing() {
  keeper
  backed_up
  write_notes second
  local before command
  for command in "backup $app" "backup $app --stop --with-image" "restore $app $backup" "restore $app $backup --as $app2" \
    "restore $app" "restore $app $backup --only $volume"; do
    before=$(world; listing "$work"; listing "$data"; listing "$BELAY_STATE_DIR/apps" 2>/dev/null; belay history --json)
    # shellcheck disable=SC2086
    expect_done belay $command --dry-run
    expect [ -n "$out$err" ]
    expect_equal "everything after $command --dry-run" "$before" \
      "$(world; listing "$work"; listing "$data"; listing "$BELAY_STATE_DIR/apps" 2>/dev/null; belay history --json)"
  done
}

# ---- the app meanwhile ----

# What ran is the same container, the same process.
alike() { inspect "$1" '[.Id, .State.Pid, .State.StartedAt] | join(" ")'; }

test_a_running_app_is_paused_and_goes_on() {
  keeper
  local name before since
  name=$(running "$app") before=$(alike "$(running "$app")") since=$(date +%s.%N)
  backed_up
  expect_said 'interrupted for'
  expect_equal 'the container' "$before" "$(alike "$name")"
  expect_equal events 'pause unpause' "$(events_since "$since" pause unpause die start)"
  goes_on
  no_leftovers
  since=$(date +%s.%N)
  backed_up --pause -o "$work/again"
  expect_equal events 'pause unpause' "$(events_since "$since" pause unpause die start)"
}
test_with_stop_it_is_stopped_and_started_again() {
  keeper
  local name since
  name=$(running "$app") since=$(date +%s.%N)
  backed_up --stop
  expect_equal events 'die start' "$(events_since "$since" pause unpause die start)"
  expect_equal 'the container' "$name" "$(running "$app")"
  goes_on
  no_leftovers
}
test_with_live_nothing_happens_to_it() {
  keeper
  local before since
  before=$(alike "$(running "$app")") since=$(date +%s.%N)
  backed_up --live
  expect_equal events '' "$(events_since "$since" pause unpause die start kill)"
  expect_equal 'the container' "$before" "$(alike "$(running "$app")")"
  goes_on
  no_leftovers
}
test_what_is_down_stays_down() {
  keeper
  expect_done belay stop "$app"
  local since
  since=$(date +%s.%N)
  backed_up
  write_notes second
  expect_done belay restore "$app" "$backup"
  notes_say first
  expect_equal events '' "$(events_since "$since" start pause)"
  expect_equal 'what runs' '' "$(running "$app")"
  no_leftovers 1
}
test_hooks_run_around_the_backup() {
  keeper
  local since
  since=$(date +%s.%N)
  backed_up --before 'sh -c "echo dumped >/data/dump"' --after 'rm /data/dump' --after 'touch /data/after'
  expect_not [ -e "$data/dump" ]
  expect [ -e "$data/after" ]
  expect_done belay restore "$app" "$backup"
  expect_equal 'what the hook wrote' dumped "$(cat "$data/dump")"
  expect_not [ -e "$data/after" ]
  goes_on
}
test_a_failing_hook_ends_the_backup_and_the_app_goes_on() {
  keeper
  local before
  before=$(alike "$(running "$app")")
  run belay backup "$app" --before false
  expect_exit 1
  expect_said 'false'
  expect_equal backups 0 "$(number_of_backups)"
  run belay backup "$app" --after 'sh -c "echo no room >&2; exit 9"'
  expect_exit 1
  expect_said 'no room'
  expect_equal backups 0 "$(number_of_backups)"
  run belay backup "$app" --before no-such-program
  expect_exit 1
  # Words that do not end are refused before anything happens.
  expect_refused 1 belay backup "$app" --before 'sh -c "'
  expect_equal 'the container' "$before" "$(alike "$(running "$app")")"
  goes_on
  no_leftovers
}

# ---- stopped half-way ----

# A volume that takes a while to read, and to unpack.
fill_at_length() { head -c 48M /dev/urandom >"$data/large"; }
is_paused() { [ "$(inspect "$(containers "$app" | tail -n 1)" .State.Status)" = paused ]; }
reserve_is_filled() { [ -n "$(find "$(data_of "$volume.belay-s1")" -size +4M 2>/dev/null)" ]; }

test_ctrl_c_in_a_backup_leaves_no_file_and_the_app_running() {
  keeper
  fill_at_length
  local before
  before=$(alike "$(running "$app")")
  background belay backup "$app" --level 19 2>err
  eventually is_paused
  kill -INT "$pid"
  ended "$pid"
  expect_equal 'exit code' 130 "$code"
  expect_equal backups 0 "$(number_of_backups)"
  expect_equal 'the container' "$before" "$(alike "$(running "$app")")"
  goes_on
  no_leftovers
}
test_ctrl_c_in_a_restore_leaves_the_old_data() {
  keeper
  fill_at_length
  backed_up
  write_notes second
  background belay restore "$app" "$backup" 2>err
  eventually reserve_is_filled
  # On a quick machine the app may have been stopped by now: then it was started again with what it had.
  kill -INT "$pid"
  ended "$pid"
  expect_equal 'exit code' 130 "$code"
  notes_say second
  goes_on
  no_leftovers
}

run_tests "$@"
