#!/bin/bash
# What the daemon does by the clock, with a real engine: backups and jobs that definitions ask for.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_image() {  # TAG COMMAND: one that does that and ends
  local folder=$place/context-$RANDOM
  mkdir "$folder"
  (cd "$folder" && image plain 8080 one && printf 'CMD ["/bin/sh", "-c", "%s"]\nVOLUME /data\n' "$2" >>Dockerfile &&
    tar -c . | api POST "/build?t=$1" -H 'Content-Type: application/x-tar' --data-binary @- >/dev/null)
  expect image_exists "$1"
}
define() {  # NAME JSON
  printf '%s\n' "$2" >"$place/new.json"
  mv "$place/new.json" "$work/$1.json"
}
serve() {
  printf 'notify_command = cat >>%s\n' "$place/told" >"$place/settings"
  : >>"$place/told"
  background "$BELAY" serve "$work" --config "$place/settings" 2>>"$place/log"
  daemon=$pid
}
stop_serving() {
  kill "$daemon"
  wait "$daemon"
}
# The next full minute may be nearly one away.
by_the_clock() {
  local until=$((SECONDS + 110))
  until "$@"; do
    [ $SECONDS -lt $until ] || fail "not within two minutes: $*"
    sleep 0.2
  done
}
told() { grep -q "\"event\":\"$1\"" "$place/told"; }
errand() { belay ls "$1" --json | jq -r ".apps[0].errands[0].$2"; }  # APP KEY
is_made() { belay ls "$1" >/dev/null 2>&1 && exists "$1" && [ "$(errand "$1" due)" != null ]; }

# From a pause on, until its next probe, the engine calls a container unhealthy.
is_healthy() { [ "$(api GET "/containers/$1/json" | jq -r .State.Health.Status)" = healthy ]; }
started_at() { api GET "/containers/$1/json" | jq -r .State.StartedAt; }
test_a_backup_beside_the_daemon_restarts_nothing() {
  make_image "$app:1" 'sleep 1000'
  define "$app" '{"image": "'"$app"':1", "update": {"pull": false}, "soak": "1h",
    "health": {"test": "true", "interval": "8s", "retries": 1}, "backup": {"schedule": "daily", "place": "'"$place"'/nas"}}'
  expect_done belay apply "$work"
  expect_err "the schedule of $app is kept by belay serve, and that does not run"
  serve
  by_the_clock is_healthy "$app"
  local started
  started=$(started_at "$app")
  expect_done belay backup "$app" -o "$place/nas"
  expect_equal 'when it was started' "$started" "$(started_at "$app")"
  by_the_clock is_healthy "$app"
  expect_equal 'when it was started' "$started" "$(started_at "$app")"
  expect_not told healed
  expect_not told rolled_back
  stop_serving
}

test_a_backup_is_made_by_the_clock_and_a_failure_is_told() {
  make_image "$app:1" 'sleep 1000'
  mkdir "$place/nas"
  define "$app" '{"image": "'"$app"':1", "update": {"pull": false}, "stop_timeout": 1,
    "backup": {"schedule": "every 1m", "place": "'"$place"'/nas/belay", "keep": "2", "while": "running"}}'
  serve
  eventually is_made "$app"
  run belay why "$app"
  expect_out 'Its backup is made by the clock \(every 1m\): next .*; it has not run yet\.'
  good() { [ "$(errand "$app" good)" = true ]; }
  by_the_clock good
  expect_done belay backups "$app"
  expect_out "$place/nas/belay/$app-.*belay.tar.zst"
  run belay history "$app"
  expect_out 'backup'
  expect_out 'daemon'
  # The disk is away.
  rm -r "$place/nas"
  by_the_clock told backup_failed
  run belay ls "$app"
  expect_out 'backup failed'
  mkdir "$place/nas"
  by_the_clock told recovered
}

test_a_job_is_run_by_the_clock_and_by_hand() {
  make_image "$app:1" 'echo cleaned; exit 0'
  make_image "$app:2" 'echo broken; exit 3'
  define "$app" '{"image": "'"$app"':1", "update": {"pull": false}, "schedule": "every 1m"}'
  serve
  eventually is_made "$app"
  expect_equal 'the state of its container' created "$(inspect "$app" .State.Status)"
  run belay ls "$app"
  expect_out 'next [0-9][0-9]:[0-9][0-9]'
  expect_done belay start "$app" --dry-run
  expect_out "start $app"
  expect_done belay start "$app"
  expect_out "$app ended well, after"
  expect_equal 'what came of it' true "$(errand "$app" good)"
  expect_done belay logs "$app"
  expect_out 'cleaned'
  local first
  first=$(inspect "$app" .State.StartedAt)
  ran_again() { [ "$(inspect "$app" .State.StartedAt)" != "$first" ] && [ "$(errand "$app" good)" = true ]; }
  by_the_clock ran_again
  run belay history "$app"
  expect_out 'job'
  # One that fails.
  define "$app" '{"image": "'"$app"':2", "update": {"pull": false}, "schedule": "every 1m"}'
  by_the_clock told job_failed
  expect grep -q 'it exited with code 3' "$place/told"
  expect grep -q 'broken' "$place/told"
  run belay ls "$app"
  expect_out 'run failed, next'
  run belay why "$app"
  expect_out 'the last run failed .*: it exited with code 3'
  run belay start "$app"
  expect_exit 1
  expect_err 'failed: it exited with code 3'
  # Stopped, it is left out; the schedule stays.
  expect_done belay stop "$app"
  expect_equal 'the state of its container' exited "$(inspect "$app" .State.Status)"
  expect_done belay doctor --json
}

# The daemon ends, and the next one goes on with the job that runs.
test_a_job_outlives_the_daemon_and_is_never_started_twice() {
  make_image "$app:1" 'echo begun; sleep 25; exit 0'
  define "$app" '{"image": "'"$app"':1", "update": {"pull": false}, "schedule": "every 1m", "stop_timeout": 1}'
  serve
  eventually is_made "$app"
  by_the_clock is_up "$app"
  local first
  first=$(inspect "$app" .State.StartedAt)
  stop_serving
  expect is_up "$app"
  serve
  ended_well() { [ "$(errand "$app" good)" = true ]; }
  by_the_clock ended_well
  expect_equal 'its start' "$first" "$(inspect "$app" .State.StartedAt)"
}

run_tests "$@"
