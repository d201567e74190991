#!/bin/bash
# Are the images what the other tests take them for, and does the harness notice what goes wrong?
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

build() {  # KIND TAG [PORT [TEXT]]
  image "$1" "${@:3}"
  tar -c . | api POST "/build?t=$2" -H 'Content-Type: application/x-tar' --data-binary @- >"$place/build"
  image_exists "$2" || fail "building $1: $(tail -n 1 "$place/build")"
}
start() {  # NAME IMAGE [PORT]
  local bindings={}
  [ $# -lt 3 ] || bindings="{\"$3/tcp\": [{\"HostPort\": \"$3\"}]}"
  post "/containers/create?name=$1" "{\"Image\": \"$2\", \"HostConfig\": {\"PortBindings\": $bindings}}" >/dev/null
  post "/containers/$1/start" '{}' >/dev/null
}
health() { [ "$(inspect "$1" .State.Health.Status)" = "$2" ]; }
stop_takes() {  # CONTAINER SECONDS-ALLOWED: milliseconds
  local begin
  begin=$(date +%s%3N)
  api POST "/containers/$1/stop?t=$2" >/dev/null
  echo $(($(date +%s%3N) - begin))
}

test_web_serves_its_text_and_gets_healthy() {
  local port
  new_port port
  build web "$app" "$port" 'first text'
  start "$app" "$app" "$port"
  eventually health "$app" healthy
  expect_equal page 'first text' "$(page "$port")"
  expect is_up "$app"
  expect_equal 'kind of mount' volume "$(mount_at "$app" /var/www | cut -d' ' -f1)"
  expect [ "$(stop_takes "$app" 10)" -lt 5000 ]
  expect is_down "$app"
}
test_bad_gets_unhealthy() {
  build bad "$app"
  start "$app" "$app"
  eventually health "$app" unhealthy
  expect is_up "$app"
}
test_crashy_ends_with_code_3() {
  build crashy "$app"
  start "$app" "$app"
  eventually is_down "$app"
  expect_equal 'exit code' 3 "$(inspect "$app" .State.ExitCode)"
}
test_slowstop_ends_by_itself_and_stubborn_does_not() {
  build slowstop "$app"
  start "$app" "$app"
  expect [ "$(stop_takes "$app" 10)" -gt 1900 ]
  expect_equal 'exit code' 0 "$(inspect "$app" .State.ExitCode)"
  build stubborn "$app2"
  start "$app2" "$app2"
  expect [ "$(stop_takes "$app2" 1)" -gt 900 ]
  expect_equal 'exit code' 137 "$(inspect "$app2" .State.ExitCode)"
}
test_plain_stays_up_and_stops_at_once() {
  build plain "$app"
  start "$app" "$app"
  expect is_up "$app"
  expect [ "$(stop_takes "$app" 10)" -lt 5000 ]
}
test_expectations_fail_when_they_should() {
  local broken
  for broken in 'expect_exit 1' 'expect_out nothing' 'expect_err nothing' 'expect_not_out words' 'expect_no_out' \
    'expect_equal this 1 2' 'expect false' 'expect_not true' 'expect_done false' 'expect_refused 1 true' \
    'expect_refused 1 false' 'expect is_up nowhere' 'expect volume_exists nowhere'; do
    run echo words
    if (eval "$broken") 2>/dev/null; then fail "does not fail: $broken"; fi
  done
}
test_nothing_is_left_of_a_test() {
  build web "$app"
  start "$app" "$app"
  post /volumes/create "{\"Name\": \"${app}_data\"}" >/dev/null
  expect_equal things 3 "$(world | wc -l)"
  clean_engine
  expect_equal things '' "$(world)"
}

run_tests "$@"
