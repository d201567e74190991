#!/bin/bash
# Trouble of the host, and files that are missing or broken: what ran runs, and nothing is held against the wrong one.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# define NAME JSON-MEMBERS: the definition conf/NAME.json; the image is :1 unless the members say otherwise.
define() {
  mkdir -p conf
  jq -n --arg name "$1" --arg image "$prefix-image:1" "{name: \$name, image: \$image, update: {pull: false}} + {${2:-}}" >"conf/$1.json"
}
id_of() { inspect "$1" .Id; }
read_in() { belay shell "$app" -- cat "$1"; }
# Lives as long as the file that it reads is a good one.
reader='command: ["sh", "-c", "grep -q good /app.conf || exit 3; trap exit TERM; while :; do sleep 1; done"]'
bound='volumes: [{containerPath: "/app.conf", hostPath: "../files/app.conf", mode: "ro", watch: true}]'

test_a_missing_file_holds_its_app_and_no_folder_takes_its_place() {
  local old
  build_image 1
  mkdir -p files
  echo 'good 1' >files/app.conf
  define "$app" "$reader, $bound"
  expect_done belay apply conf
  old=$(id_of "$app")
  rm files/app.conf
  run belay apply conf
  expect_exit 1
  expect_out "app.conf is missing; what runs stays"
  expect_equal 'what runs' "$old" "$(id_of "$app")"
  [ ! -e files/app.conf ] || fail 'something took the place of the file'
  echo 'good 2' >files/app.conf
  expect_done belay apply conf
  expect_out "$app: r2 runs"
}
test_a_path_with_a_typo_is_refused_before_a_release() {
  build_image 1
  mkdir -p files
  define "$app" "$bound"
  run belay apply conf
  expect_exit 1
  expect_out "app.conf is missing; nothing is started"
  expect_not exists "$app"
  [ ! -e files/app.conf ] || fail 'something took the place of the file'
}
test_a_broken_file_is_rolled_back_with_the_file() {
  # Both need the port, so the old one stops first and must start again.
  local port
  new_port port
  build_image 1
  mkdir -p files
  echo 'good 1' >files/app.conf
  define "$app" "$reader, $bound, portMappings: [{containerPort: \"8080\", hostPort: \"$port\"}]"
  expect_done belay apply conf
  echo 'broken' >files/app.conf
  run_patiently belay apply conf
  expect_exit 1
  expect_err "r2 of $app failed: .*it was rolled back, r3 runs (again|on)"
  expect is_up "$app"
  expect_done belay status "$app"
  expect_out 'app.conf .as r1 had it.'
  run belay apply conf
  expect_exit 1
  expect is_up "$app"
  echo 'good 2' >files/app.conf
  expect_done belay apply conf
  expect_equal 'bound file' "bind $work/files/app.conf" "$(mount_at "$app" /app.conf)"
  # By hand as well.
  expect_done belay rollback "$app"
  expect is_up "$app"
}
test_what_the_host_does_not_let_start_is_tried_again() {
  build_image 1
  build_image 2
  define "$app"
  expect_done belay apply conf
  define "$app" "image: \"$prefix-image:2\", volumes: [{containerPath: \"/media\", volume: \"$prefix-nas\"}]"
  api POST /volumes/create -H 'Content-Type: application/json' --data \
    "{\"Name\":\"$prefix-nas\",\"DriverOpts\":{\"type\":\"ext4\",\"device\":\"/dev/belay-is-not-there\"}}" >/dev/null
  run belay apply conf
  expect_exit 1
  expect_err "r2 of $app failed: .*r1 runs"
  expect is_up "$app"
  expect_done belay releases "$app"
  expect_not_out 'quarantined'
  run belay apply conf
  expect_exit 1
  # The disk is there.
  api DELETE "/containers/$app-r2?force=1" >/dev/null
  api DELETE "/volumes/$prefix-nas?force=1" >/dev/null
  api POST /volumes/create -H 'Content-Type: application/json' --data "{\"Name\":\"$prefix-nas\"}" >/dev/null
  expect_done belay apply conf
  expect_out "$app: r2 runs"
}
test_what_the_image_cannot_run_is_its_fault() {
  local broken
  build_image 1
  for broken in 'command: ["/nosuch"]' 'command: ["nosuch"]' 'user: "nosuch"' 'command: ["/etc"]'; do
    define "$app"
    expect_done belay apply conf
    define "$app" "$broken"
    run belay apply conf
    expect_exit 1
    run belay apply conf
    expect_exit 1
    expect_out "$app: held — .*failed"
    expect is_up "$app"
    expect_done belay remove "$app" -y
  done
}
test_a_pin_that_is_gone_does_not_stop_what_runs() {
  local old
  build_image 1
  expect_done belay deploy "$app" --image "$prefix-image:1"
  old=$(inspect "$app-r1" .State.StartedAt)
  api DELETE "/images/belay/$app:r1" >/dev/null
  expect_done belay start "$app"
  expect_equal 'runs on' "$old" "$(inspect "$app-r1" .State.StartedAt)"
}

# What `docker system prune --all` does to an app that is stopped, without the images of other tests.
prune_all() {
  post "/containers/prune?filters=$(filter label "belay.app=$app")" '{}' >/dev/null
  post "/images/prune?filters=$(jq -rn --arg own "belay.family=$app" '{"dangling": ["false"], "label": [$own]} | tojson | @uri')" '{}' >/dev/null
}
test_releases_whose_images_were_pruned_say_so() {
  local text
  for text in one two; do
    image plain 8080 "$text"
    expect_done belay deploy "$app"
  done
  expect_done belay stop "$app"
  prune_all
  expect_not image_exists "$app:latest"
  expect_done belay releases "$app"
  expect_out 'r1 .*gone'
  expect_out 'r2 .*gone'
  expect_done belay ls
  run belay doctor
  expect_out "$app.* is gone from the engine"
  expect_refused 1 belay start "$app" last
  expect_refused 1 belay rollback "$app"
  expect_err 'no release before r2 whose image is still there'
  # The way out that the hints name.
  expect_done belay deploy "$app"
  expect_equal 'the plan' 'nothing to do' "$(belay plan "$app" 2>&1)"
}

run_tests "$@"
