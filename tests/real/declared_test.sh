#!/bin/bash
# A host from definitions: what plan, apply and the face dockerup make of a folder on a real engine.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# define NAME JSON-MEMBERS: the definition conf/NAME.json; the image is :1 unless the members say otherwise.
define() {
  mkdir -p conf
  jq -n --arg name "$1" --arg image "$prefix-image:1" "{name: \$name, image: \$image, update: {pull: false}} + {${2:-}}" >"conf/$1.json"
}
id_of() { inspect "$1" .Id; }
applied() { expect_done belay apply conf "$@"; }
nothing_to_do() {
  expect_done belay plan conf --detailed-exitcode
  expect_out '^nothing to do'
}

test_an_app_gets_all_that_its_definition_says() {
  local port base=$app2
  new_port port
  build_image 1 web
  mkdir conf
  echo 'debug = 0' >conf/app.conf
  define "$base" 'volumes: [{containerPath: "/var/www"}]'
  define "$app" "env: {LEVEL: \"info\"}, portMappings: [{containerPort: \"8080\", hostPort: \"$port\"}], memory: \"32m\",
    restart: \"on-failure\", links: {\"$base\": \"base\"},
    volumes: [{containerPath: \"/app.conf\", hostPath: \"app.conf\", mode: \"ro\"}, {containerPath: \"/data\"}]"
  run belay plan conf --detailed-exitcode
  expect_exit 2
  expect_out "[+] $app +new"
  expect_not exists "$app"
  applied
  expect_out "$app: r1 runs"
  expect_out "$base: r1 runs"
  expect_equal 'state' true "$(inspect "$app" .State.Running)"
  eventually serves "$port" 1
  expect_equal 'memory' $((32 << 20)) "$(inspect "$app" .HostConfig.Memory)"
  expect_equal 'restart policy' on-failure "$(restart_policy "$app")"
  expect_equal 'links' "/$base:/$app/base" "$(inspect "$app" '.HostConfig.Links[0]')"
  expect_equal 'variable' LEVEL=info "$(inspect "$app" '.Config.Env[]' | grep LEVEL)"
  expect_equal 'bound file' "bind $work/conf/app.conf" "$(mount_at "$app" /app.conf)"
  expect_equal 'volume' "volume ${app}_data" "$(mount_at "$app" /data)"
  nothing_to_do
  local before
  before=$(world)
  run belay apply conf --exit-unchanged
  expect_exit 3
  expect_equal 'the engine after a second apply' "$before" "$(world)"
}
test_an_apply_with_nothing_to_do_says_so() {
  build_image 1
  define "$app"
  applied
  run belay apply conf --exit-unchanged
  expect_exit 3
  expect_out '1 unchanged'
  expect_not_out "$app"
  expect_done belay apply conf -v
  expect_out "$app: unchanged"
}
test_a_changed_variable_makes_a_new_container_and_keeps_the_old_one() {
  build_image 1
  define "$app" 'env: {LEVEL: "info"}'
  applied
  local old
  old=$(id_of "$app")
  define "$app" 'env: {LEVEL: "debug"}'
  expect_done belay plan conf
  expect_out 'env.LEVEL: info → debug'
  applied
  expect_out "$app: r2 runs"
  expect [ "$old" != "$(id_of "$app")" ]
  expect_equal 'the old one' false "$(inspect "$old" .State.Running)"
  nothing_to_do
}
test_a_limit_is_changed_in_place() {
  build_image 1
  define "$app" 'memory: "32m"'
  applied
  local old
  old=$(id_of "$app")
  define "$app" 'memory: "48m"'
  applied
  expect_out "$app: r2 runs \(changed in place\)"
  expect_equal 'container' "$old" "$(id_of "$app")"
  expect_equal 'memory' $((48 << 20)) "$(inspect "$app" .HostConfig.Memory)"
  nothing_to_do
}
test_what_a_bound_file_says_counts() {
  build_image 1
  mkdir conf
  printf 'one\ntwo\n' >conf/app.conf
  # Temporary folders are not watched by rule, and nothing in /dev ever is: TMPDIR=/dev/shm will not do here.
  define "$app" 'volumes: [{containerPath: "/app.conf", hostPath: "app.conf", mode: "ro", watch: true}]'
  applied
  printf 'one\n2\n' >conf/app.conf
  expect_done belay plan conf
  expect_out 'file app.conf: 1 line'
  applied
  expect_out "$app: r2 runs"
  nothing_to_do
}
test_replicas_each_run() {
  build_image 1
  define "$app" 'replicas: 3, update: {pull: false, rolling: true}'
  applied
  expect_equal 'replicas' 3 "$(running "$app" | wc -l)"
  define "$app" 'replicas: 2, update: {pull: false, rolling: true}'
  applied
  expect_equal 'replicas' 2 "$(running "$app" | wc -l)"
  nothing_to_do
}
test_replicas_are_counted_and_each_is_reached() {
  build_image 1
  define "$app" 'replicas: 3'
  applied
  expect_done belay ls
  expect_out "$app +3/3 up"
  expect_done belay logs "$app"
  expect_out "^$app/1 +\\| |$app/3 +\\| "
  # One is stopped, stays so, and is no drift.
  expect_done belay stop "$app/$app/2"
  expect is_down "$app-2"
  expect_equal 'the others' 2 "$(running "$app" | wc -l)"
  expect_done belay ls
  expect_out "$app +2/2 up"
  nothing_to_do
  expect_done belay status "$app/$app/2"
  expect_out 'state +held'
  # A restart of one leaves the others alone.
  local first third
  first=$(inspect "$app" .State.StartedAt)
  third=$(inspect "$app-3" .State.StartedAt)
  expect_done belay restart "$app/$app/3" --dry-run
  expect_out "stop $app-3"
  expect_not_out "stop $app( |$)"
  expect_done belay restart "$app/$app/3"
  expect_equal 'the first' "$first" "$(inspect "$app" .State.StartedAt)"
  expect [ "$third" != "$(inspect "$app-3" .State.StartedAt)" ]
  expect_done belay start "$app"
  expect_equal 'all of them' 3 "$(running "$app" | wc -l)"
  expect_done belay shell "$app/$app/3" -- hostname
  expect_equal 'the third one' "$(inspect "$app-3" .Config.Hostname)" "$out"
  # One more, and the others stay.
  define "$app" 'replicas: 4'
  applied
  expect_equal 'the first' "$first" "$(inspect "$app" .State.StartedAt)"
  expect_equal 'all of them' 4 "$(running "$app" | wc -l)"
  # One that somebody kills shows in the count.
  post "/containers/$app-2/stop?t=0" '{}' >/dev/null
  expect_done belay ls
  expect_out "$app +3/4 up"
  expect_refused 1 belay stop "$app/web"
  expect_err "has no $app/web"
  expect_err "Its services: $app"
  expect_refused 1 belay shell "$app/$app/9"
}
test_a_version_that_fails_is_rolled_back_and_stops_nobody_else() {
  build_image 1
  build_image 2 bad
  define "$app"
  applied
  local old
  old=$(id_of "$app")
  define "$app" "image: \"$prefix-image:2\""
  define "$app2"
  run belay apply conf
  expect_exit 1
  expect_err "r2 of $app failed: .*it was rolled back, r1 runs (again|on)"
  expect_err 'cannot reach the database'
  expect_err "belay retry $app"
  expect_out "$app2: r1 runs"
  expect_equal 'what runs' "$old" "$(id_of "$app")"
  expect is_up "$app"
  # The same is not tried again by itself, and that is no success.
  run belay apply conf
  expect_exit 1
  expect_out "$app: held — .*failed.*belay retry $app"
  expect is_up "$app"
}
test_a_broken_definition_stops_nobody_else() {
  build_image 1
  define "$app"
  applied
  local old
  old=$(id_of "$app")
  printf '{\n  "image": "x",\n  "prots": 1\n}\n' >"conf/$app.json"
  define "$app2"
  run belay plan conf
  expect_exit 1
  expect_err "conf/$app.json:3:[0-9]+"
  expect_out "[+] $app2 +new"
  run belay apply conf
  expect_exit 1
  expect_err "conf/$app.json:3:[0-9]+"
  expect_out "$app2: r1 runs"
  expect_equal 'the app of the broken one' "$old" "$(id_of "$app")"
  expect is_up "$app"
}
test_what_is_no_longer_declared_goes_and_its_volume_stays() {
  build_image 1
  define "$app" 'volumes: [{containerPath: "/data"}]'
  define "$app2"
  applied
  rm "conf/$app.json"
  expect_done belay plan conf
  expect_out "- $app +it is no longer declared"
  applied
  expect_out "$app: removed"
  expect_not exists "$app"
  expect volume_exists "${app}_data"
  expect is_up "$app2"
  nothing_to_do
}
test_an_app_under_another_name_gets_the_port_only_if_it_is_good() {
  local port old
  new_port port
  build_image 1 web
  build_image 2 bad
  named() {  # NAME IMAGE: the definition in conf/site.json is called so
    define "$1" "image: \"$prefix-image:$2\", portMappings: [{containerPort: \"8080\", hostPort: \"$port\"}]"
    [ "conf/$1.json" = conf/site.json ] || mv "conf/$1.json" conf/site.json
  }
  named "$app" 1
  applied
  old=$(id_of "$app")
  named "$app2" 2
  run belay plan conf -v
  expect_out "stop $app — $app2 takes its place; it runs again if that fails"
  run belay apply conf
  expect_exit 1
  expect_err "r1 of $app2 failed"
  expect_out "$app: held — .*$app2, which takes its place, does not run"
  expect_equal 'what runs' "$old" "$(id_of "$app")"
  expect is_up "$app"
  eventually serves "$port" 1
  run belay apply conf
  expect_out "$app2: held"
  expect is_up "$app"
  named "$app2" 1
  applied
  expect_not exists "$app"
  eventually serves "$port" 1
  nothing_to_do
}
test_a_folder_that_became_empty_or_vanished_stops_nothing() {
  build_image 1
  define "$app"
  applied
  mv conf elsewhere
  expect_refused 1 belay apply conf
  expect_refused 1 belay plan ./conf
  mkdir conf
  expect_refused 1 belay apply conf
  expect_err 'belay apply .* --allow-empty'
  expect is_up "$app"
  applied --allow-empty
  expect_not exists "$app"
}
test_two_definitions_for_one_port_break_both() {
  local port
  new_port port
  build_image 1 web
  define "$app" "portMappings: [{containerPort: 8080, hostPort: $port}]"
  define "$app2" "portMappings: [{containerPort: 8080, hostPort: $port}]"
  expect_refused 1 belay apply conf
  expect_err "conf/$app.json.*conf/$app2.json"
  expect_err "conf/$app2.json:[0-9]+"
}
test_a_circle_is_shown() {
  build_image 1
  define "$app" "links: {\"$app2\": \"other\"}"
  define "$app2" "links: {\"$app\": \"other\"}"
  expect_refused 1 belay apply conf
  expect_err "$app.*$app2.*$app"
}
test_a_plan_is_carried_out_only_while_it_is_the_plan() {
  build_image 1
  define "$app" 'env: {LEVEL: "info"}'
  expect_done belay plan conf -o kept.plan
  expect_not exists "$app"
  expect_done belay apply kept.plan
  expect is_up "$app"
  define "$app" 'env: {TOKEN: "first"}'
  expect_done belay plan conf -o kept.plan
  # The steps would read the same: what differs is never shown.
  define "$app" 'env: {TOKEN: "other"}'
  expect_refused 1 belay apply kept.plan
  expect_err "the plan is out of date.*$app"
  expect_done belay plan conf -o kept.plan
  define "$app2"
  expect_refused 1 belay apply kept.plan
  expect_err "$app2 was not there"
  expect_refused 1 belay apply "conf/$app.json"
  expect_err 'not a plan of Belay'
  expect_err 'belay apply conf'
  expect_refused 2 belay plan "conf/$app.json"
  expect_err 'belay plan conf .*belay apply conf/'
}
test_a_dry_run_touches_neither_engine_nor_state() {
  build_image 1
  define "$app" 'env: {LEVEL: "info"}'
  applied
  define "$app" 'env: {LEVEL: "debug"}'
  local before
  before=$(world; belay releases "$app" --json | jq "del(.. | .status?)"; belay history)
  expect_done belay apply conf --dry-run
  expect_out 'env.LEVEL: info → debug'
  run belay apply conf --dry-run --detailed-exitcode
  expect_exit 2
  expect_equal 'engine and state' "$before" "$(world; belay releases "$app" --json | jq "del(.. | .status?)"; belay history)"
}
test_who_needs_a_replaced_app_is_replaced_too() {
  build_image 1
  define "$app2" 'env: {LEVEL: "info"}'
  define "$app" "links: {\"$app2\": \"db\"}"
  applied
  local old
  old=$(id_of "$app")
  define "$app2" 'env: {LEVEL: "debug"}'
  applied
  expect_out "$app2: r2 runs"
  expect_out "$app: r2 runs"
  expect [ "$old" != "$(id_of "$app")" ]
  nothing_to_do
}
test_what_was_done_by_hand_stays_so() {
  build_image 1
  define "$app" 'env: {LEVEL: "info"}'
  applied
  define "$app" 'env: {LEVEL: "debug"}'
  applied
  expect_done belay rollback "$app"
  local old
  old=$(id_of "$app")
  run belay apply conf
  expect_exit 1
  expect_out "$app: held — .*went back"
  expect_equal 'what runs' "$old" "$(id_of "$app")"
  expect_done belay stop "$app"
  run belay apply conf
  expect_exit 1
  expect_out "$app: held — stopped by"
  expect is_down "$app"
  expect_done belay start "$app" last
  expect is_up "$app"
}
test_a_container_stopped_by_somebody_is_started_again() {
  build_image 1
  define "$app"
  applied
  api POST "/containers/$app/stop" >/dev/null
  run belay plan conf --detailed-exitcode
  expect_exit 2
  expect_out "~ $app "
  applied
  expect_out "$app: repaired"
  expect is_up "$app"
}
test_json_tells_the_same() {
  build_image 1
  define "$app"
  expect_done belay plan conf --json
  expect_equal 'kind' change "$(jq -r '.apps[0].kind' <<<"$out")"
  expect_done belay apply conf --json
  expect_equal 'outcome' 'done r1' "$(jq -r '.apps[0] | .outcome + " " + .running' <<<"$out")"
}

# What plan shows of dependents is what apply does, also from a saved plan.
test_dependents_are_replaced_as_planned_and_only_where_they_are_tied() {
  build_image 1
  build_image 2
  define "$app" 'labels: {v: "1"}'
  define "$app-linked" "links: {\"$app\": \"db\"}"
  define "$app-rider" "network: \"container:$app-linked\""
  define "$app-free" "links: {\"$app-peer\": \"peer\"}, network: \"$app-net\""
  define "$app-peer" "network: \"$app-net\""
  define "$app-asks" "links: {\"$app-peer\": \"peer\"}, network: \"$app-net\", restart_with: true"
  applied
  nothing_to_do
  local free
  free=$(id_of "$app-free")
  define "$app" 'labels: {v: "2"}'
  define "$app-peer" "network: \"$app-net\", labels: {v: \"2\"}"
  expect_done belay plan conf -o "$place/saved"
  expect_out "~ $app +labels.v: 1 → 2"
  expect_out "~ $app-linked +replaced, because $app is \\(links\\)"
  expect_out "~ $app-rider +replaced, because $app-linked is \\(shared namespace\\)"
  expect_out "~ $app-asks +replaced, because $app-peer is \\(restart_with\\)"
  expect_not_out "$app-free "
  expect_done belay apply "$place/saved"
  expect_out '5 changed, 1 unchanged'
  expect_equal 'what nothing ties' "$free" "$(id_of "$app-free")"
  expect_equal 'whose network it is in' "container:$(id_of "$app-linked")" "$(inspect "$app-rider" .HostConfig.NetworkMode)"
  nothing_to_do
  run belay apply "$place/saved"
  expect_exit 1
  expect_err 'the plan is out of date'
}
# They are made side by side, and each finds the network missing.
test_apps_that_share_a_new_network_share_one() {
  build_image 1
  local number
  for number in 1 2 3 4 5 6; do define "$app-$number" "network: \"$app-net\""; done
  applied
  expect_equal 'networks' 1 "$(api GET /networks | jq --arg name "$app-net" '[.[] | select(.Name == $name)] | length')"
  nothing_to_do
}
test_what_is_not_as_declared_is_said_each_time() {
  build_image 1
  build_image bad bad
  define "$app"
  applied
  expect_done belay doctor
  define "$app" "image: \"$prefix-image:bad\""
  for _ in 1 2 3; do
    run belay apply conf
    expect_exit 1
    run belay doctor
    expect_exit 1
    expect_out "$app: it is not as declared: what is declared is just r2, which failed"
  done
  expect_done belay ls
  expect_out "$app .*r2 failed"
  define "$app"
  applied
  expect_done belay doctor
}

# ---- the face ----

test_dockerup_reads_its_settings_file_and_options_go_before() {
  build_image 1
  define "$app"
  printf '; a comment\nconfdir=conf\npull=false\n' >dockerup.conf
  expect_done dockerup --once --config dockerup.conf --cache "$place/cache"
  expect_out "$app: r1 runs"
  mkdir other
  run dockerup --once --config=dockerup.conf --confdir=nowhere
  expect_exit 1
  expect_err nowhere
  run dockerup --cofdir x
  expect_exit 2
  expect_err confdir
  run dockerup --interval
  expect_exit 2
}

# ---- registries ----

# A registry that wants a login, which the configuration has.
start_registry_with_login() {
  start_registry geheim
  registry_process=$pid
  export DOCKER_CONFIG=$place/login
  mkdir -p "$DOCKER_CONFIG"
  jq -n --arg at "$registry" --arg auth "$(printf belay:geheim | base64)" '{auths: {($at): {auth: $auth}}}' >"$DOCKER_CONFIG/config.json"
}
# publish KIND TEXT: $remote is that image now, and the engine does not have it.
publish() {
  local repository=${remote%:*} auth
  build_image pushed "$1" "$2"
  auth=$(printf '{"username":"belay","password":"geheim"}' | base64 -w0 | tr '+/' '-_')
  api POST "/images/$prefix-image:pushed/tag?repo=$repository&tag=1"
  api POST "/images/$repository/push?tag=1" -H "X-Registry-Auth: $auth" >"$place/pushed"
  ! grep -q '"error"' "$place/pushed" || fail "no push: $(<"$place/pushed")"
  api DELETE "/images/$remote" >/dev/null
  api DELETE "/images/$prefix-image:pushed" >/dev/null
}
test_a_moved_tag_is_an_update_and_a_registry_that_is_down_stops_nothing() {
  start_registry_with_login
  remote=$registry/$prefix:1
  publish plain one
  define "$app" "image: \"$remote\", update: {}"
  applied
  local first
  first=$(image_of "$app")
  nothing_to_do
  publish plain two
  run belay plan conf --detailed-exitcode -v
  expect_exit 2
  expect_out 'pull '
  applied
  expect_out "$app: r2 runs"
  expect [ "$first" != "$(image_of "$app")" ]
  nothing_to_do
  end_process "$registry_process"
  applied
  expect_err "$app: .*$registry"
  expect is_up "$app"
}
test_a_digest_that_failed_is_not_tried_again_until_retry() {
  start_registry_with_login
  remote=$registry/$prefix:1
  publish plain one
  define "$app" "image: \"$remote\", update: {}"
  applied
  publish bad two
  run belay apply conf
  expect_exit 1
  expect_err 'it was rolled back, r1 runs (again|on)'
  applied
  expect_out "$app: held — .*(failed|quarantine)"
  expect is_up "$app"
  run belay retry "$app"
  expect_exit 1
  expect_err 'rolled back'
}

run_tests "$@"
