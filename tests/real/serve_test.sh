#!/bin/bash
# The daemon with a real engine: it follows its folder and its containers, and leaves them running when it ends.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# make_image TAG KIND [PORT [TEXT]]
make_image() {
  local tag=$1 folder=$place/context-$RANDOM
  shift
  mkdir "$folder"
  (cd "$folder" && image "$@" && tar -c . | api POST "/build?t=$tag" -H 'Content-Type: application/x-tar' --data-binary @- >/dev/null)
  expect image_exists "$tag"
}
# define NAME IMAGE [MORE]: a definition; renamed into its place, as a careful admin does it.
define() {
  printf '{"image": "%s", "update": {"pull": false}%s}\n' "$2" "${3:+, $3}" >"$place/new.json"
  mv "$place/new.json" "$work/$1.json"
}
serve() {
  background "$BELAY" serve "$work" "$@" 2>>"$place/log"
  daemon=$pid
}
logged() { grep -q -- "$1" "$place/log"; }
runs() { [ "$(inspect "$1" .State.Running)" = true ] && [ "$(image_of "$1")" = "$(image_id "$2")" ]; }  # CONTAINER IMAGE
gone() { ! exists "$1"; }
set_up_images() {
  make_image "$app:1" plain 8080 one
  make_image "$app:2" plain 8080 two
}

test_the_world_follows_the_folder() {
  set_up_images
  define "$app" "$app:1"
  serve
  eventually runs "$app" "$app:1"
  define "$app2" "$app:1"
  eventually runs "$app2" "$app:1"
  define "$app" "$app:2"
  eventually runs "$app" "$app:2"
  rm "$work/$app2.json"
  eventually gone "$app2"
  expect runs "$app" "$app:2"
}
# What its files say counts, "env" and an override beside them included.
test_a_compose_project_in_a_sub_folder_is_followed() {
  set_up_images
  mkdir "$work/$app"
  project() { printf 'services:\n  one: {image: "%s", stop_grace_period: 1s}\n  two: {image: "%s", stop_grace_period: 1s}\n' "$1" "$2"; }
  project "$app:1" "$app:1" >"$work/$app/compose.yaml"
  define "$app2" "$app:1"
  serve
  eventually runs "$app-one-1" "$app:1"
  eventually runs "$app-two-1" "$app:1"
  eventually logged "runs r1"
  local before
  before=$(inspect "$app-one-1" .Id)
  project "$app:1" "$app:2" >"$place/new.yaml"
  mv "$place/new.yaml" "$work/$app/compose.yaml"
  eventually runs "$app-two-1" "$app:2"
  expect_equal 'the other service' "$before" "$(inspect "$app-one-1" .Id)"
  eventually logged "runs r2"
  printf 'services: {two: {image: "%s"}}\n' "$app:1" >"$work/$app/compose.override.yml"
  eventually runs "$app-two-1" "$app:1"
  api POST "/containers/$app-one-1/kill" >/dev/null
  eventually runs "$app-one-1" "$app:1"
  rm -r "${work:?}/$app"
  eventually gone "$app-two-1"
  expect runs "$app2" "$app:1"
}
test_what_is_killed_or_stopped_by_hand_is_up_again_and_told() {
  set_up_images
  printf 'notify_command = cat >>%s\n' "$place/told" >"$place/settings"
  define "$app" "$app:1"
  serve --config "$place/settings"
  eventually runs "$app" "$app:1"
  eventually grep -q '"event":"deployed"' "$place/told"
  api POST "/containers/$app/kill" >/dev/null
  eventually runs "$app" "$app:1"
  eventually grep -q '"event":"repaired"' "$place/told"
  : >"$place/told"
  # The next step waits for its turn: ten seconds after the last one.
  api POST "/containers/$app/stop?t=1" >/dev/null
  eventually runs "$app" "$app:1"
  eventually grep -q '"event":"repaired"' "$place/told"
}
test_sigterm_leaves_everything_running_and_a_new_one_goes_on() {
  set_up_images
  define "$app" "$app:1"
  serve
  eventually runs "$app" "$app:1"
  eventually logged "runs r1"
  local before
  before=$(inspect "$app" .State.StartedAt)
  kill -TERM "$daemon"
  ended "$daemon"
  expect_exit 0
  expect_equal 'the container' "$before" "$(inspect "$app" .State.StartedAt)"
  define "$app" "$app:2"
  serve
  eventually runs "$app" "$app:2"
}
test_a_second_daemon_says_who_serves_and_waits() {
  set_up_images
  define "$app" "$app:1"
  serve
  local first=$daemon
  eventually logged "runs r1"
  run belay serve "$work" --once
  expect_exit 1
  expect_err "pid $first"
  serve
  eventually logged "is served by .*pid $first"
  kill -TERM "$first"
  ended "$first"
  define "$app" "$app:2"
  eventually runs "$app" "$app:2"
}
test_a_folder_that_vanishes_stops_nothing() {
  set_up_images
  define "$app" "$app:1"
  serve --interval 1s
  eventually runs "$app" "$app:1"
  mv "$work" "$place/away"
  eventually logged 'reading the definitions'
  sleep 2
  expect runs "$app" "$app:1"
  mv "$place/away" "$work"
  define "$app" "$app:2"
  eventually runs "$app" "$app:2"
}
# What the daemon tells systemd, from the next `serve` on, in $place/heard.
hear_for_systemd() {
  background python3 - "$place" <<'END'
import socket, sys
heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind(sys.argv[1] + '/notify')
while True:
    with open(sys.argv[1] + '/heard', 'ab') as file:
        file.write(heard.recv(4096) + b'\n')
END
  eventually test -S "$place/notify"
  export NOTIFY_SOCKET=$place/notify
}
test_systemd_hears_that_it_is_ready_and_metrics_are_offered() {
  set_up_images
  define "$app" "$app:1"
  hear_for_systemd
  serve --metrics "unix:$place/metrics"
  eventually grep -q READY=1 "$place/heard"
  eventually runs "$app" "$app:1"
  eventually logged "runs r1"
  curl -s --unix-socket "$place/metrics" http://belay/metrics >"$place/figures"
  expect grep -q '^belay_verdicts_total{verdict="passed"} 1$' "$place/figures"
  expect grep -q '^belay_engine_seconds_count{request="containers"}' "$place/figures"
  expect grep -q '^belay_engine_connected 1$' "$place/figures"
  kill -HUP "$daemon"
  eventually grep -q RELOADING=1 "$place/heard"
  eventually logged 'the settings were read again'
  kill -TERM "$daemon"
  ended "$daemon"
  expect grep -q STOPPING=1 "$place/heard"
}
pings() { [ "$(grep -c WATCHDOG=1 "$place/heard")" -ge "$1" ]; }
test_a_silent_registry_does_not_look_like_a_hang() {
  local port
  new_port port
  background python3 - "$port" "$place/asked" <<'END'
import socket, sys
server = socket.create_server(('127.0.0.1', int(sys.argv[1])))
kept = []
while True:
    kept.append(server.accept())
    open(sys.argv[2], 'w').close()
END
  printf '{"image": "127.0.0.1:%s/silent:1.0", "update": {"pattern": "semver ^1.0"}}\n' "$port" >"$work/$app.json"
  hear_for_systemd
  export WATCHDOG_USEC=1000000
  serve
  unset WATCHDOG_USEC
  eventually test -e "$place/asked"
  # In less time than the registry has: every half second it shows that it lives.
  eventually pings $(($(grep -c WATCHDOG=1 "$place/heard") + 8))
  expect_not logged 'did not answer in time'
}
test_a_bad_release_goes_back_and_stays_back() {
  set_up_images
  make_image "$app:bad" crashy 8080 bad
  define "$app" "$app:1"
  BELAY_SETTLE=3s serve --interval 1s
  eventually runs "$app" "$app:1"
  define "$app" "$app:bad"
  eventually logged 'did not prove itself'
  eventually runs "$app" "$app:1"
  local before
  before=$(containers "$app")
  sleep 3
  expect_equal 'the containers' "$before" "$(containers "$app")"
}

run_tests "$@"
