#!/bin/bash
# The face dockerup as a daemon, with EC2 user-data, and on a host that is exclusive.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# define NAME [TAG]: the definition conf/NAME.json, renamed into its place.
define() {
  mkdir -p conf
  definition "$1" "${2:-1}" >"$place/new.json"
  mv "$place/new.json" "conf/$1.json"
}
definition() { jq -n --arg name "$1" --arg image "$prefix-image:$2" '{name: $name, image: $image, update: {pull: false}}'; }
dockerup_daemon() {  # OPTION…
  background "$place/bin/dockerup" "$@" 2>>"$place/log"
  daemon=$pid
}
logged() { grep -q -- "$1" "$place/log"; }
times_logged() { grep -c -- "$1" "$place/log"; }
runs() { is_up "$1" && [ "$(image_of "$1")" = "$(image_id "$prefix-image:$2")" ]; }  # CONTAINER TAG
gone() { ! exists "$1"; }
started_at() { inspect "$1" .State.StartedAt; }

test_without_server_it_makes_one_pass_and_ends() {
  build_image 1
  define "$app"
  expect_done dockerup -v --confdir conf --no-pull
  expect runs "$app" 1
  printf 'confdir = conf\npull = false\nserver = false\n' >dockerup.conf
  expect_done dockerup --config dockerup.conf --cache "$place/cache"
}
test_definitions_take_over_what_the_old_dockerup_started() {
  build_image 1
  build_image 2
  post "/containers/create?name=$app" "{\"Image\": \"$prefix-image:1\", \"Volumes\": {\"/storage\": {}}, \"HostConfig\": {\"RestartPolicy\": {\"Name\": \"on-failure\"}}}" >/dev/null
  api POST "/containers/$app/start" >/dev/null
  local volume
  volume=$(mount_at "$app" /storage)
  mkdir conf
  jq -n --arg name "$app" --arg image "$prefix-image:2" \
    '{name: $name, image: $image, volumes: [{containerPath: "/storage"}], update: {pull: false}}' >"conf/$app.json"
  expect_refused 1 belay apply conf
  expect_err "belay apply --take-over $app"
  expect_done belay plan conf --take-over "$app" -v
  expect_out "stop $app"
  expect runs "$app" 1
  expect_done belay apply conf --take-over "$app"
  expect runs "$app" 2
  expect_equal 'its data' "$volume" "$(mount_at "$app" /storage)"
  expect_done belay apply conf
  expect_out '1 unchanged'
}
test_an_app_made_by_hand_goes_over_without_a_stop() {
  image plain
  expect_done belay deploy "$app" .
  local container before
  container=$(running "$app")
  before=$(inspect "$container" '.Id + .State.StartedAt')
  mkdir conf
  belay declare "$app" >"conf/$app.json" 2>"$place/said" || fail "declare: $(<"$place/said")"
  expect_done belay apply conf --take-over "$app"
  expect_done belay apply conf
  expect_out '1 unchanged'
  expect_equal 'what runs' "$before" "$(inspect "$container" '.Id + .State.StartedAt')"
}
test_with_server_it_runs_on_and_leaves_everything_running() {
  build_image 1
  build_image 2
  define "$app"
  printf '; relative to this file\nconfdir = conf\npull = false\n' >dockerup.conf
  dockerup_daemon --server --config dockerup.conf --cache "$place/cache" -v
  eventually runs "$app" 1
  define "$app" 2
  eventually runs "$app" 2
  eventually logged "runs r2"
  # Another folder: the settings are read again.
  mkdir other
  definition "$app" 2 >"other/$app.json"
  definition "$app2" 1 >"other/$app2.json"
  printf 'confdir = other\npull = false\n' >dockerup.conf
  kill -HUP "$daemon"
  eventually runs "$app2" 1
  eventually logged "$app2 runs r1"
  local before
  before=$(started_at "$app")
  kill -TERM "$daemon"
  ended "$daemon"
  expect_exit 0
  expect_equal 'when it was started' "$before" "$(started_at "$app")"
  expect is_up "$app2"
  expect logged 'everything that runs is left running'
}

# ---- EC2 ----

# start_metadata [tokens]: at $metadata. user_data NAME TAG…: what it gives from now on.
start_metadata() {
  [ -n "${metadata:-}" ] || { new_port metadata_port; metadata=http://127.0.0.1:$metadata_port; }
  mkdir -p "$place/ec2"
  rm -f "$place/ec2/tokens"
  [ $# -eq 0 ] || touch "$place/ec2/tokens"
  background "$here/metadata_service" "$metadata_port" "$place/ec2"
  metadata_process=$pid
  eventually curl -s -o /dev/null "$metadata"
  : >"$place/ec2/requests"
}
user_data() {
  mkdir -p "$place/ec2"
  definition "$1" "$2" | jq '{containers: [.]}' >"$place/new.json"
  mv "$place/new.json" "$place/ec2/user-data"
}

asked_for() { [ "$(head -n 2 "$place/ec2/requests" | xargs)" = "$1" ]; }  # THE FIRST TWO REQUESTS
test_user_data_is_followed_and_while_it_cannot_be_had_nothing_stops() {
  build_image 1
  build_image 2
  user_data "$app2" 1
  start_metadata tokens
  define "$app"
  dockerup_daemon --server --aws --metadata "$metadata" --confdir conf --interval 1s --no-pull
  eventually runs "$app" 1
  eventually runs "$app2" 1
  expect_equal 'requests' 'PUT /latest/api/token 200 GET /latest/user-data 200' "$(head -n 2 "$place/ec2/requests" | xargs)"
  expect_not grep -q 40 "$place/ec2/requests"
  user_data "$app2" 2
  eventually runs "$app2" 2

  end_process "$metadata_process"
  eventually logged 'reading user-data'
  # The folder counts all the same.
  define "$app" 2
  eventually runs "$app" 2
  sleep 2
  expect runs "$app2" 2
  expect_equal 'how often it was told' 1 "$(times_logged 'reading user-data')"

  # Back, and without tokens.
  user_data "$app2" 1
  start_metadata
  eventually runs "$app2" 1
  eventually asked_for 'PUT /latest/api/token 404 GET /latest/user-data 200'
  expect logged 'user-data: all is well again'
  echo '<html>no definitions</html>' >"$place/ec2/user-data"
  eventually logged 'user-data.*1:1'
  expect runs "$app2" 1
  # No user-data at all is no definition.
  rm "$place/ec2/user-data"
  eventually gone "$app2"
  expect runs "$app" 2
}
test_one_pass_without_the_metadata_says_so_and_stops_nothing() {
  build_image 1
  user_data "$app2" 1
  start_metadata
  define "$app"
  expect_done dockerup --once --aws --metadata "$metadata" --confdir conf
  expect runs "$app2" 1
  end_process "$metadata_process"
  define "${app}new"
  run dockerup --once --aws --metadata "$metadata" --confdir conf
  expect_err "user-data cannot be read.*$metadata"
  expect_exit 1
  expect runs "$app2" 1
  expect runs "${app}new" 1
  run dockerup --once --confdir conf
  expect_exit 0
  # It was declared elsewhere, and nobody asked there.
  expect runs "$app2" 1
}

# ---- an exclusive host ----

stranger() {  # NAME
  post "/containers/create?name=$1" "{\"Image\": \"$prefix-image:1\", \"HostConfig\": {\"RestartPolicy\": {\"Name\": \"always\"}}}" >/dev/null
  api POST "/containers/$1/start" >/dev/null
  expect is_up "$1"
}
test_an_exclusive_host_stops_what_nobody_declared() {
  own_engine
  build_image 1
  stranger "${prefix}stranger"
  define "$app"
  expect_done dockerup --once --confdir conf --no-pull
  expect is_up "${prefix}stranger"
  expect_done belay plan conf
  expect_not_out stranger
  dockerup_daemon --server --exclusive --confdir conf --no-pull
  eventually is_down "${prefix}stranger"
  expect_equal 'its restart policy' no "$(restart_policy "${prefix}stranger")"
  expect runs "$app" 1
  # Also one that is started later; not while the definitions cannot be read.
  mv conf away
  eventually logged 'reading the definitions'
  stranger "${prefix}later"
  sleep 1
  expect is_up "${prefix}later"
  mv away conf
  eventually is_down "${prefix}later"
  expect runs "$app" 1
  expect exists "${prefix}stranger"
}

run_tests "$@"
