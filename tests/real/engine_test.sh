#!/bin/bash
# scripts/engine itself: private engines side by side, crashed and restarted, and nothing left of them.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
script=$here/../../scripts/engine

# up DIR [OPTION…]: and make it the engine that `api` speaks to.
up() {
  expect_done "$script" up "$@"
  expect_out '^export DOCKER_HOST=unix://[^[:space:]]+$'
  eval "$out"
}
build_and_start() {  # a web app named $app at host port PORT
  image web "$1"
  tar -c . | api POST "/build?t=$app" -H 'Content-Type: application/x-tar' --data-binary @- >"$place/build"
  post "/containers/create?name=$app" "{\"Image\": \"$app\", \"HostConfig\": {\"PortBindings\": {\"$1/tcp\": [{\"HostPort\": \"$1\"}]}}}" >/dev/null
  post "/containers/$app/start" '{}' >/dev/null
}
inside_serves() { [ "$("$script" inside "$1" curl -s --max-time 5 "http://127.0.0.1:$2/")" = hello ]; }  # DIR PORT
# What engines leave behind on a machine, if anything, that is named after the engine at SOCKET.
traces() {
  local id=${1#unix:///run/}
  id=${id%%/*}
  find /run -maxdepth 2 -name "$id*"
  find /sys/fs/cgroup -maxdepth 3 -name "$id"
  grep -F "$id" /proc/self/mountinfo
  ip -o link | grep -F "$id"
  grep -lF "$id" /proc/[0-9]*/cmdline 2>/dev/null
}

test_two_engines_side_by_side_do_not_see_each_other() {
  local port one two
  new_port port
  up "$place/one"
  one=$DOCKER_HOST
  build_and_start "$port"
  up "$place/two" --host-network
  two=$DOCKER_HOST
  expect [ "$one" != "$two" ]
  build_and_start "$port"
  eventually inside_serves "$place/one" "$port"
  eventually serves "$port" hello
  expect_done "$script" down "$place/one"
  expect serves "$port" hello
  expect_done "$script" down "$place/two"
  expect_equal 'left of the first' '' "$(traces "$one")"
  expect_equal 'left of the second' '' "$(traces "$two")"
  expect_not [ -e "$place/one" ]
  expect_not [ -e "$place/two" ]
}
test_up_and_down_can_be_repeated() {
  up "$place/one"
  local first=$out id
  id=$(api GET /info | jq -r .ID)
  up "$place/one"
  expect_equal 'what it prints' "$first" "$out"
  expect_equal 'the engine' "$id" "$(api GET /info | jq -r .ID)"
  expect_done "$script" down "$place/one"
  expect_done "$script" down "$place/one"
}
test_containers_outlive_a_crash_and_a_restart_finds_them() {
  local port
  new_port port
  up "$place/one"
  build_and_start "$port"
  expect_done "$script" crash "$place/one"
  run api GET /_ping
  expect_no_out
  expect_done "$script" restart "$place/one"
  expect exists "$app"
  post "/containers/$app/start" '{}' >/dev/null
  eventually inside_serves "$place/one" "$port"
  post "/containers/$app/pause" '{}' >/dev/null
  expect_done "$script" crash "$place/one"
  expect_done "$script" down "$place/one"
  expect_equal 'left of it' '' "$(traces "$DOCKER_HOST")"
}
test_tls_lets_in_only_who_has_a_certificate() {
  local port
  new_port port
  up "$place/one" --tls "$port"
  local tls=$place/one/tls
  ask() { "$script" inside "$place/one" curl -s --cacert "$tls/ca.pem" "$@" "https://localhost:$port/_ping"; }
  expect_equal answer OK "$(ask --cert "$tls/cert.pem" --key "$tls/key.pem")"
  expect_equal answer '' "$(ask)"
  expect_done "$script" down "$place/one"
}
test_folders_of_others_are_left_alone() {
  mkdir "$place/mine"
  echo precious >"$place/mine/data"
  run "$script" up "$place/mine"
  expect_exit 1
  expect_err 'not empty'
  expect_done "$script" down "$place/mine"
  expect_equal content precious "$(cat "$place/mine/data")"
}

# In place of the harness's: here all that is made is in engines of the test's own, left when it fails in the middle.
clean_engine() {
  local name
  for name in one two; do "$script" down "$place/$name" 2>/dev/null; done
}

run_tests "$@"
