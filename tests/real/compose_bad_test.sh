#!/bin/bash
# Compose projects that cannot come up as their files say: they are refused before anything is touched, or go back as a
# whole; whoever is to blame is named.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export BELAY_SETTLE=1s

id_of() { inspect "$1" .Id; }
# What each of the three services is: their containers, and whether they run.
services() {
  local each
  for each in db web side; do echo "$each $(id_of "$app-$each-1") $(inspect "$app-$each-1" .State.Running)"; done
}

# A project of three services. $1: its variable, $2: the health check of the web server, $3: further keys of it.
project() {
  image_exists "$prefix-image:1" || build_image 1
  cat >compose.yaml <<END
name: $app
x-all: &all {image: "$prefix-image:1", entrypoint: [sleep, "10000"], stop_grace_period: 1s, environment: {VALUE: "$1"}}
services:
  db: {<<: *all, healthcheck: {test: [CMD, "true"], interval: 1s}}
  web:
    <<: *all
    depends_on: {db: {condition: service_healthy}}
    healthcheck: {test: [CMD, "${2:-true}"], interval: 1s, retries: 2}
    ${3:-}
  side: {<<: *all}
END
}

# refused_by_all PATTERN: plan, up and apply say this and touch nothing.
refused_by_all() {
  local words
  for words in plan up 'apply .'; do
    # shellcheck disable=SC2086
    expect_refused 1 belay $words
    expect_err "$1"
  done
}

test_a_health_check_that_never_passes_takes_all_of_it_back() {
  project 1
  expect_done belay up
  local before
  before=$(services)
  project 2 false
  run belay up
  expect_exit 1
  expect_err 'web: it is unhealthy; it was rolled back'
  expect_equal 'the services, also those that had passed' "$before" "$(services)"
  expect_equal 'the containers' 3 "$(api GET '/containers/json?all=1' | jq --arg p "$app" '[.[] | select(.Labels["com.docker.compose.project"] == $p)] | length')"
  run belay apply .
  expect_exit 1
  expect_out 'held.*web: it is unhealthy'
  expect_equal 'the services' "$before" "$(services)"
  # Where nothing ran before, nothing runs afterwards.
  project 2 false
  sed -i "s/^name:.*/name: $app2/" compose.yaml
  run belay up
  expect_exit 1
  expect_err 'web: it is unhealthy; it was stopped, nothing ran before'
  expect is_down "$app2-db-1"
  expect is_down "$app2-web-1"
}

test_a_job_that_fails_takes_its_stack_back() {
  job() {
    project "$1"
    sed -i "s/depends_on: {/&migrate: {condition: service_completed_successfully}, /" compose.yaml
    cat >>compose.yaml <<END
  migrate: {image: "$prefix-image:1", entrypoint: [sh, -c, "echo step $1; exit $2"]}
END
  }
  job 1 0
  expect_done belay up
  local before
  before=$(services)
  job 2 9
  run belay up
  expect_exit 1
  expect_err 'step 2'
  expect_err 'migrate: it exited with code 9; it was rolled back'
  expect_equal 'the services' "$before" "$(services)"
  expect_equal 'the end of the job' 0 "$(inspect "$app-migrate-1" .State.ExitCode)"
}

listens() { grep -q ":$(printf %04X "$port") .* 0A " /proc/net/tcp /proc/net/tcp6; }
test_a_port_that_somebody_else_holds() {
  local port before
  new_port port
  project 1
  expect_done belay up
  before=$(services)
  # A process is found only when the engine tries.
  project 1 true "ports: [\"$port:80\"]"
  background busybox nc -l -p "$port" >/dev/null
  eventually listens
  run belay up
  expect_exit 1
  expect_err "web-1: port $port is already in use on this host; it was rolled back"
  expect_equal 'the services' "$before" "$(services)"
  end_process "$pid"
  expect_done belay up
  # A container is named before anything is touched.
  mkdir other
  cd other || fail 'no folder'
  project 1 true "ports: [\"$port:80\"]"
  sed -i "s/^name:.*/name: $app2/" compose.yaml
  refused_by_all "host port $port is held by the container $app-web-1 of the app $app"
}

test_what_is_there_with_another_definition_is_left_alone() {
  project 1 true "networks: [back]
    volumes: [\"data:/data\"]"
  cat >>compose.yaml <<END
networks: {back: {internal: true}}
volumes: {data: {driver_opts: {type: tmpfs, device: tmpfs, o: size=1m}}}
END
  post /networks/create "{\"Name\": \"${app}_back\"}" >/dev/null
  refused_by_all "the network ${app}_back is there and not $app's, with another definition: internal"
  api DELETE "/networks/${app}_back"
  post /volumes/create "{\"Name\": \"${app}_data\"}" >/dev/null
  refused_by_all "the volume ${app}_data is there with another definition: "
  [[ $err != *'volume rm'* ]] || fail 'the data is offered for removal'
  api DELETE "/volumes/${app}_data"
  expect_done belay up
  # Its own network is made anew, its own data never.
  local before
  before=$(services)
  sed -i 's/size=1m/size=2m/' compose.yaml
  refused_by_all "the volume ${app}_data is there with another definition: options.o: size=1m → size=2m"
  [[ $err != *'volume rm'* ]] || fail 'the data is offered for removal'
  expect_equal 'the services' "$before" "$(services)"
}

# out_of_date WHY COMMAND…: a plan is kept, this changes a file, and the plan is refused.
out_of_date() {
  local why=$1
  shift
  rm -rf ../kept
  cp -a . ../kept
  rm -f "$place/plan"
  expect_done belay plan -o "$place/plan"
  "$@"
  expect_refused 1 belay apply "$place/plan"
  expect_err "$why"
  find . -mindepth 1 -delete
  cp -a ../kept/. .
}
write() { echo "$2" >"$1"; }  # FILE TEXT

test_a_plan_is_of_the_files_that_it_was_made_of() {
  mkdir shop
  cd shop || fail 'no folder'
  write .env 'COLOUR=red'
  write web.env 'SIZE=1'
  write page 'hello'
  write key 'secret'
  project 1 true "env_file: web.env
    labels: {colour: \"\${COLOUR}\"}
    volumes: [\"./page:/page:ro\"]
    secrets: [key]"
  echo 'secrets: {key: {file: ./key}}' >>compose.yaml
  expect_done belay up
  sed -i 's/VALUE: "1"/VALUE: "2"/' compose.yaml
  local before
  before=$(services)
  out_of_date 'plan is out of date' write .env 'COLOUR=blue'
  out_of_date 'plan is out of date' write web.env 'SIZE=2'
  out_of_date 'plan is out of date.*page has changed' write page 'world'
  out_of_date 'plan is out of date.*key has changed' write key 'other'
  out_of_date 'plan is out of date' sed -i 's/VALUE: "2"/VALUE: "3"/' compose.yaml
  out_of_date 'plan is out of date' write compose.override.yaml 'services: {db: {labels: {a: b}}}'
  out_of_date 'no file .*web.env' rm web.env
  out_of_date 'no Compose file' rm compose.yaml
  expect_equal 'the services' "$before" "$(services)"
  expect_done belay plan -o "$place/last"
  expect_done belay apply "$place/last"
}

test_what_is_missing_or_not_for_one_host_is_refused() {
  project 1 true 'env_file: none.env'
  refused_by_all "compose.yaml:9:15: there is no file .*none.env"
  project 1 true 'secrets: [key]'
  echo 'secrets: {key: {external: true}}' >>compose.yaml
  refused_by_all 'secrets.key.external is an object of Swarm'
}

test_a_name_is_of_one_folder() {
  mkdir one two
  cd one || fail 'no folder'
  project 1
  expect_done belay up
  local before
  before=$(services)
  cd ../two || fail 'no folder'
  project 2
  refused_by_all "$app is the project of $work/one/compose.yaml, .* this is $work/two/compose.yaml"
  expect_equal 'the services' "$before" "$(services)"
  expect_done belay up --take-over "$app"
}

run_tests "$@"
