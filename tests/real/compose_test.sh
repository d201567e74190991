#!/bin/bash
# Compose projects: brought up, changed, taken back as a set, rolled back and taken down on a real engine, and living
# beside docker compose.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export BELAY_SETTLE=1s

# A project of four services in the current folder: a job, a database, a web server and two workers. $1: what the web
# server runs, $2: a variable of its.
project() {
  image_exists "$prefix-image:1" || build_image 1
  cat >compose.yaml <<END
name: $app
services:
  migrate:
    image: $prefix-image:1
    entrypoint: [sh, -c, "echo migrated >>/data/log"]
    volumes: [data:/data]
  db:
    image: $prefix-image:1
    entrypoint: [sleep, "10000"]
    stop_grace_period: 1s
    healthcheck: {test: [CMD, "true"], interval: 1s}
  web:
    image: $prefix-image:1
    entrypoint: [sh, -c, "$1"]
    environment: {COLOUR: "${2:-red}"}
    stop_grace_period: 1s
    depends_on:
      migrate: {condition: service_completed_successfully}
      db: {condition: service_healthy}
  worker:
    image: $prefix-image:1
    entrypoint: [sleep, "10000"]
    scale: 2
    stop_grace_period: 1s
    depends_on: [db]
volumes: {data: {}}
END
}
stays_up='exec sleep 10000'
id_of() { inspect "$1" .Id; }
colour_of() { inspect "$1" '[.Config.Env[] | select(startswith("COLOUR="))][0]'; }
containers_of_project() {
  api GET '/containers/json?all=1' | jq -rc --arg p "$app" '[.[] | select(.Labels["com.docker.compose.project"] == $p) | .Names[0]] | sort'
}
everything() { printf '["/%s-db-1","/%s-migrate-1","/%s-web-1","/%s-worker-1","/%s-worker-2"]' "$app" "$app" "$app" "$app" "$app"; }

test_a_project_comes_up_and_only_what_changes_is_exchanged() {
  project "$stays_up"
  expect_done belay plan . -v
  expect_out "wait until $app-migrate-1 has ended with 0"
  expect_done belay up
  expect_equal 'the containers' "$(everything)" "$(containers_of_project)"
  run belay up --exit-unchanged
  expect_exit 3
  # The job is where it should be: at its end.
  expect_done belay stable "$app"
  local db worker
  db=$(id_of "$app-db-1") worker=$(id_of "$app-worker-2")
  project "$stays_up" blue
  expect_done belay apply compose.yaml
  expect_equal 'the colour' COLOUR=blue "$(colour_of "$app-web-1")"
  expect_equal 'the database' "$db" "$(id_of "$app-db-1")"
  expect_equal 'the worker' "$worker" "$(id_of "$app-worker-2")"
  expect_equal 'the containers' "$(everything)" "$(containers_of_project)"
  expect_done belay rollback "$app"
  expect_equal 'the colour' COLOUR=red "$(colour_of "$app-web-1")"
  expect_equal 'the database' "$db" "$(id_of "$app-db-1")"
  expect_equal 'the containers' "$(everything)" "$(containers_of_project)"
}

# As docker compose has it made.
test_what_is_only_read_and_missing_is_made() {
  project "$stays_up"
  mkdir shop
  mv compose.yaml shop
  sed -i "0,/    environment:/s|    environment:|    volumes: [\"$work/firmware:/lib/firmware:ro\"]\\n    environment:|" shop/compose.yaml
  expect_done belay plan shop -v
  expect_out "$work/firmware is missing: an empty folder is made there"
  expect_not test -e firmware
  expect_done belay up shop
  expect_err "$work/firmware was missing: an empty folder was made"
  expect test -d firmware
  rmdir firmware
  sed -i 's/red/blue/' shop/compose.yaml
  run belay up shop
  expect_exit 1
  expect_out 'firmware is missing; what runs stays'
  mkdir firmware
  sed -i "s|$work/firmware|./settings|" shop/compose.yaml
  expect_done belay up shop
  expect_err "$work/shop/settings was missing: an empty folder was made"
  expect test -d shop/settings
  sed -i "s|\"./settings:/lib/firmware:ro\"|{type: bind, source: ./there, target: /lib/firmware, read_only: true, bind: {create_host_path: false}}|" shop/compose.yaml
  run belay up shop
  expect_exit 1
  expect_out 'there is missing; what runs stays'
  expect_not test -e shop/there
}

# A first attempt that failed before a service was started has not made what that is bound to.
test_what_was_never_started_need_not_have_its_folders() {
  project "$stays_up"
  local after_the_job='{migrate: {condition: service_completed_successfully}}'
  sed -i "s|    depends_on: \[db\]|    depends_on: $after_the_job\n    volumes: [./library:/library]|" compose.yaml
  sed 's|echo migrated >>/data/log|exit 4|' compose.yaml >failing.yaml
  run belay up -f failing.yaml
  expect_exit 1
  expect_not test -e library
  expect_done belay up -f compose.yaml
  expect test -d library
}

test_a_failure_takes_the_stack_back() {
  project "$stays_up"
  expect_done belay up
  local db
  db=$(id_of "$app-db-1")
  project 'echo broken; exit 3' blue
  run belay up
  expect_exit 1
  expect_err 'exited with code 3; it was rolled back'
  expect_equal 'the colour' COLOUR=red "$(colour_of "$app-web-1")"
  expect is_up "$app-web-1"
  expect_equal 'the database' "$db" "$(id_of "$app-db-1")"
  expect_equal 'the containers' "$(everything)" "$(containers_of_project)"
  run belay up
  expect_exit 1
  expect_out 'held'
  expect_done belay why "$app"
}

test_a_rollback_brings_the_secret_back_and_stays() {
  image_exists "$prefix-image:1" || build_image 1
  echo first >key
  cat >compose.yaml <<END
name: $app
services:
  web:
    image: $prefix-image:1
    entrypoint: [sh, -c, "cat /run/secrets/key /greeting; exec sleep 10000"]
    stop_grace_period: 1s
    secrets: [key]
    configs: [{source: greeting, target: /greeting}]
  db: {image: "$prefix-image:1", entrypoint: [sleep, "10000"], stop_grace_period: 1s}
secrets: {key: {file: ./key}}
configs: {greeting: {content: "hello \$\${all}\n"}}
END
  expect_done belay up
  local db
  db=$(id_of "$app-db-1")
  expect_done belay logs "$app/web"
  expect_out 'first'
  expect_out 'hello \$\{all\}'
  echo second >key
  expect_done belay up
  expect_done belay logs "$app/web"
  expect_out 'second'
  expect_done belay rollback "$app"
  expect_done belay logs "$app/web"
  expect_out 'first'
  expect_equal 'the database' "$db" "$(id_of "$app-db-1")"
  run belay apply .
  expect_exit 1
  expect_out 'went back from it'
  expect_equal 'the file of the host' second "$(<key)"
  echo first >key
  expect_done belay apply .
  expect_equal 'the database' "$db" "$(id_of "$app-db-1")"
}

test_only_the_services_that_are_named_change() {
  project "$stays_up"
  expect_done belay up
  local worker
  worker=$(id_of "$app-worker-1")
  project "$stays_up" blue
  sed -i 's/sleep, "10000"/sleep, "20000"/' compose.yaml
  expect_done belay up db
  expect_equal 'the worker' "$worker" "$(id_of "$app-worker-1")"
  expect_equal 'the colour' COLOUR=red "$(colour_of "$app-web-1")"
  expect_equal 'the command' 20000 "$(inspect "$app-db-1" '.Config.Entrypoint[1]')"
  expect_refused 1 belay up nothing
  expect_err 'has no service nothing'
}

# What has to be fetched first is in the plan, and the others stay in it.
test_a_plan_with_a_pull_leaves_the_others_alone() {
  project "$stays_up"
  expect_done belay up
  sed -i "/^  worker:/,/image:/ s/image: .*/image: $prefix-image:2/" compose.yaml
  expect_done belay plan . -v
  expect_out "pull $prefix-image:2"
  expect_out "create container $app-worker-1-r2"
  expect_not_out "create container $app-web-1"
  expect_not_out "stop $app-db-1"
}

test_down_leaves_the_data_and_up_makes_it_anew() {
  project "$stays_up"
  expect_done belay up
  expect_done belay down
  expect_equal 'the containers' '[]' "$(containers_of_project)"
  expect volume_exists "${app}_data"
  expect_equal 'networks' 0 "$(api GET /networks | jq --arg p "$app" '[.[] | select(.Name | startswith($p))] | length')"
  expect_done belay up
  expect_equal 'the containers' "$(everything)" "$(containers_of_project)"
  expect_done belay down "$app" --dry-run
  expect_out "remove container $app-web-1"
  expect_equal 'the containers' "$(everything)" "$(containers_of_project)"
}

test_a_missing_image_is_built_and_a_project_in_a_sub_folder_is_kept_true() {
  mkdir -p stacks/"$app"
  cd stacks/"$app" || return
  image web 8080 one
  cat >compose.yml <<END
services:
  web:
    build: .
    stop_grace_period: 1s
END
  cd ../..
  expect_done belay plan stacks -v
  expect_out "build $app-web:latest"
  expect_done belay apply stacks
  expect is_up "$app-web-1"
  expect image_exists "$app-web"
  rm -r stacks/"$app"
  expect_done belay apply stacks --allow-empty
  expect_equal 'the containers' '[]' "$(containers_of_project)"
}

test_what_is_wrong_is_said_with_its_place_and_changes_nothing() {
  printf 'services:\n  web:\n    image: x\n    prots: [80]\n' >compose.yaml
  expect_refused 1 belay up
  expect_err 'compose.yaml:4:5'
  printf 'services:\n  web:\n    image: x\n    post_start: [{user: root}]\n' >compose.yaml
  expect_refused 1 belay plan .
  expect_err 'hook'
  rm compose.yaml
  expect_refused 1 belay up .
}

# A service with hooks that write what they do. $1: what runs after the start, $2: its colour.
hooked() {
  image_exists "$prefix-image:1" || build_image 1
  cat >compose.yaml <<END
name: $app
services:
  web:
    image: $prefix-image:1
    entrypoint: [sh, -c]
    command: ["$stays_up"]
    environment: {COLOUR: "${2:-red}"}
    stop_grace_period: 2s
    volumes: [data:/data]
    pre_start: [{command: ['echo "prepared for \$\$COLOUR" >>/data/log']}]
    post_start:
      - {command: [sh, -c, 'echo "started \$\$COLOUR \$\$WHO" >>/data/log'], environment: {WHO: hook}}
      - {command: $1}
    pre_stop: [{command: [sh, -c, 'echo "stopping \$\$COLOUR" >>/data/log']}]
volumes: {data: {}}
END
}
log_of_hooks() { cat "$(api GET "/volumes/${app}_data" | jq -r .Mountpoint)/log"; }

test_hooks_run_at_each_start_and_stop() {
  hooked '["true"]'
  expect_done belay plan . -v
  expect_out "run in $app-web-1: sh -c"
  expect_done belay up
  expect_equal 'the log' $'prepared for red\nstarted red hook' "$(log_of_hooks)"
  run belay up --exit-unchanged
  expect_exit 3
  expect_done belay restart web
  expect_equal 'after a restart' $'stopping red\nstarted red hook' "$(log_of_hooks | tail -n 2)"
  # One that fails takes all of it back.
  hooked '["false"]' blue
  run belay up
  expect_exit 1
  expect_err 'false: the command ended with exit code 1; it was rolled back'
  expect_equal 'after a failure' \
    $'stopping red\nprepared for blue\nstarted blue hook\nstopping blue\nstarted red hook' \
    "$(log_of_hooks | tail -n 5)"
  expect_equal 'the colour' COLOUR=red "$(colour_of "$app-web-1")"
  # One that does not end fails too, and one before the stop holds nothing up for long.
  hooked '[sleep, "1000"]' green
  run belay up --wait-timeout 2s
  expect_exit 1
  expect_err 'did not end within 2 s'
  hooked '["true"]'
  sed -i 's/pre_stop:.*/pre_stop: [{command: [sleep, "1000"]}]/' compose.yaml
  expect_done belay up
  expect_done belay stop web
  expect_err 'did not end within 2 s'
  expect is_down "$app-web-1"
  expect_done belay start web
  hooked '["true"]'
  expect_done belay up
  expect_done belay down "$app"
  expect_equal 'after down' 'stopping red' "$(log_of_hooks | tail -n 1)"
}

test_a_command_runs_in_a_container_of_its_own() {
  project "$stays_up"
  expect_done belay run --dry-run web env
  expect_out "create container $app-web-run-"
  expect_equal 'the containers' '[]' "$(containers_of_project)"
  # What it needs comes up first; the service itself does not.
  expect_done belay run --rm -T -e EXTRA=1 --entrypoint sh web -c 'echo $COLOUR $EXTRA'
  expect_equal 'its output' 'red 1' "$out"
  expect is_up "$app-db-1"
  expect_not exists "$app-web-1"
  run belay run --no-deps -T --entrypoint sh web -c 'exit 7'
  expect_exit 7
  expect_done belay up
  local web
  web=$(id_of "$app-web-1")
  expect_done belay run --no-deps -T --entrypoint cat -v "$work/compose.yaml:/file:ro" -w /tmp web /file
  expect_out "name: $app"
  run_with <(echo typed) belay run --no-deps -T --entrypoint cat web
  expect_exit 0
  expect_equal 'its input' typed "$out"
  expect_equal 'the containers' "$(everything)" "$(containers_of_project)"
  expect_equal 'the web server' "$web" "$(id_of "$app-web-1")"
  # Beside what runs: it is nobody's instance, and goes with the app.
  expect_done belay run -d --name "$app-import" --no-deps -p "$((FIRST_PORT + 30)):80" web
  expect_equal 'what was printed' "$app-import" "$out"
  expect is_up "$app-import"
  expect_equal 'of a one-off' True "$(inspect "$app-import" '.Config.Labels["com.docker.compose.oneoff"]')"
  expect_equal 'its port' $((FIRST_PORT + 30)) "$(port_of "$app-import" 80/tcp)"
  run belay up --exit-unchanged
  expect_exit 3
  expect_done belay ps
  expect_not_out "$app-import"
  expect_refused 1 belay run -d --name "$app-import" --no-deps web
  # Ctrl-C removes it.
  background belay run --no-deps -T web
  eventually one_off_runs
  kill -INT "$pid"
  ended "$pid"
  expect_equal 'the exit code' 130 "$code"
  expect_not one_off_runs
  expect_done belay down "$app"
  expect_equal 'the containers' '[]' "$(containers_of_project)"
  expect_not network_exists "${app}_default"
}
one_off_runs() { [ "$(api GET /containers/json | jq --arg n "/$app-web-run-" '[.[].Names[0] | select(startswith($n))] | length')" -gt 0 ]; }

run_tests "$@"
