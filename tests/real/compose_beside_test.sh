#!/bin/bash
# Beside docker compose: a running project is taken over without touching what is equal, and both tools work on it
# afterwards. Runs with whichever of `docker compose` and docker-compose 1.29 there is, and with the programs that COMPOSE
# names, separated by colons.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export BELAY_SETTLE=1s

# Each takes the arguments of docker compose.
programs=()
docker compose version >/dev/null 2>&1 && programs+=("docker compose")
command -v docker-compose >/dev/null && programs+=(docker-compose)
IFS=: read -ra others <<<"${COMPOSE:-}"
programs+=("${others[@]}")
compose() { run $program -p "$app" "$@"; }

project() {
  image_exists "$prefix-image:1" || build_image 1
  echo hello >greeting
  cat >compose.yaml <<END
version: "3.7"
name: $app
services:
  db:
    image: $prefix-image:1
    entrypoint: [sleep, "10000"]
    stop_grace_period: 1s
    volumes: [data:/data, /scratch]
    healthcheck: {test: [CMD, "true"], interval: 1s, retries: 3}
    cap_add: [NET_ADMIN]
    mem_limit: 64m
  web:
    image: $prefix-image:1
    entrypoint: [sh, -c, "exec sleep 10000"]
    environment: {COLOUR: "${1:-red}", EMPTY: ""}
    labels: {role: front}
    ports: ["127.0.0.1:$((FIRST_PORT + 7)):80"]
    volumes: ["./greeting:/greeting:ro"]
    tmpfs: [/run]
    extra_hosts: ["far:10.0.0.9"]
    stop_grace_period: 1s
    restart: unless-stopped
    depends_on: [db]
    networks: {default: {}, back: {aliases: [front]}}
    ulimits: {nofile: {soft: 1024, hard: 2048}}
    logging: {driver: json-file, options: {max-size: 1m}}
networks: {back: {}}
volumes: {data: {}}
END
  # 1.29 knows no name, and takes the oldest form of the limits.
  if [ "$program" = docker-compose ]; then sed -i '/^name:/d; s/^version: .*/version: "2.4"/' compose.yaml; fi
}
id_of() { inspect "$1" .Id; }
container_of() {
  api GET '/containers/json?all=1' | jq -r --arg p "$app" --arg s "$1" \
    '.[] | select(.Labels["com.docker.compose.project"] == $p and .Labels["com.docker.compose.service"] == $s) | .Names[0][1:]'
}
colour() { inspect "$(container_of web)" '[.Config.Env[] | select(startswith("COLOUR="))][0]'; }
belay_up() { expect_done belay up -p "$app" "$@"; }

takes_over_and_lives_beside() {
  project
  compose up -d
  expect_exit 0
  local db web
  db=$(id_of "$(container_of db)") web=$(id_of "$(container_of web)")
  expect_done belay plan -p "$app" .
  expect_out 'takes over 2 containers as they are'
  belay_up
  expect_equal 'the database' "$db" "$(id_of "$(container_of db)")"
  expect_equal 'the web server' "$web" "$(id_of "$(container_of web)")"
  run belay up -p "$app" --exit-unchanged
  expect_exit 3
  expect_done belay status "$app"
  expect_done belay logs "$app/web"

  # One service changes: only that is exchanged, and the way back leads to what was taken over.
  project blue
  belay_up
  expect_equal 'the colour' COLOUR=blue "$(colour)"
  expect_equal 'the database' "$db" "$(id_of "$(container_of db)")"
  expect_done belay rollback "$app"
  expect_equal 'the colour' COLOUR=red "$(colour)"
  expect_equal 'the database' "$db" "$(id_of "$(container_of db)")"
  project
  belay_up

  # What docker compose does to it.
  compose ps
  expect_exit 0
  expect_out "$app.web.1"
  compose logs web
  expect_exit 0
  compose exec -T web sh -c 'exit 7'
  expect_exit 7
  web=$(id_of "$(container_of web)")
  compose restart -t 1
  expect_exit 0
  run belay up -p "$app" --exit-unchanged
  expect_exit 3
  expect_equal 'the web server' "$web" "$(id_of "$(container_of web)")"
  compose stop -t 1 web
  expect_exit 0
  expect_done belay status "$app"
  expect_out 'to do +start '
  belay_up
  expect is_up "$(container_of web)"
  compose stop -t 1
  expect_exit 0
  compose start
  expect_exit 0
  run belay up -p "$app" --exit-unchanged
  expect_exit 3
  compose kill
  expect_exit 0
  belay_up
  expect is_up "$(container_of web)"
  # What it pauses is no reason to call a release unhealthy, though nothing in it answered.
  compose pause
  expect_exit 0
  sleep 5
  belay_up
  expect is_up "$(container_of db)"
  expect_equal 'the web server' "$web" "$(id_of "$(container_of web)")"
  compose run --rm -T --no-deps --entrypoint true web
  expect_exit 0
  run belay up -p "$app" --exit-unchanged
  expect_exit 3

  # It makes what Belay made anew, once; that is taken over, and Belay makes nothing anew for it.
  compose up -d
  expect_exit 0
  web=$(id_of "$(container_of web)")
  expect_done belay status "$app"
  expect_out 'docker compose made .*anew; belay up takes over what it made'
  run belay why "$app"
  expect_out 'docker compose made .* anew, and Belay did not do that; belay up takes over what it made'
  run belay doctor
  expect_out "$app.*docker compose made .* anew"
  belay_up
  expect_out 'takes over one container as it is'
  expect_equal 'the web server' "$web" "$(id_of "$(container_of web)")"
  run belay up -p "$app" --exit-unchanged
  expect_exit 3

  # What it made otherwise is not fought over until a user says so.
  project green
  compose up -d
  expect_exit 0
  project
  web=$(id_of "$(container_of web)")
  run belay apply -p "$app" .
  expect_exit 1
  expect_out 'COLOUR: green → red'
  expect_equal 'the web server' "$web" "$(id_of "$(container_of web)")"
  belay_up
  expect_equal 'the colour' COLOUR=red "$(colour)"

  compose down -t 1
  expect_exit 0
  belay_up
  expect is_up "$(container_of web)"
  expect is_up "$(container_of db)"
}

test_a_running_project_is_taken_over_as_it_is() {
  [ ${#programs[@]} -gt 0 ] || { echo 'skipped: there is no docker compose' >&2; return; }
  for program in "${programs[@]}"; do
    takes_over_and_lives_beside
    run belay remove "$app" --volumes --lose-data --yes
    compose down -v -t 1
  done
}

# What docker compose writes into a container is in no mount of it.
test_configs_and_secrets_that_compose_wrote_are_compared() {
  export TOKEN=hidden
  image_exists "$prefix-image:1" || build_image 1
  for program in "${programs[@]}"; do
    [ "$program" != docker-compose ] || continue  # 1.29 knows no content
    cat >compose.yaml <<END
name: $app
services:
  web:
    image: $prefix-image:1
    entrypoint: [sleep, "10000"]
    stop_grace_period: 1s
    configs: [plain, {source: owned, target: /etc/owned, uid: "5", gid: "6", mode: 0440}]
    secrets: [token]
configs: {plain: {content: "hello"}, owned: {content: "x = 1"}}
secrets: {token: {environment: TOKEN}}
END
    compose up -d
    expect_exit 0
    local web
    web=$(id_of "$(container_of web)")
    belay_up
    expect_equal 'the web server' "$web" "$(id_of "$(container_of web)")"
    run belay up -p "$app" --exit-unchanged
    expect_exit 3
    sed -i 's/x = 1/x = 2/' compose.yaml
    belay_up
    expect [ "$web" != "$(id_of "$(container_of web)")" ]
    expect_done belay exec "$app/web" cat /etc/owned
    expect_out 'x = 2'
    run belay remove "$app" --volumes --lose-data --yes
    compose down -v -t 1
  done
}

test_orphans_and_projects_of_other_folders_are_left_alone() {
  [ ${#programs[@]} -gt 0 ] || { echo 'skipped: there is no docker compose' >&2; return; }
  program=${programs[0]}
  project
  compose up -d
  expect_exit 0
  local web
  web=$(id_of "$(container_of web)")
  mkdir ../other
  cp compose.yaml greeting ../other
  run belay up -p "$app" ../other
  expect_exit 1
  expect_err 'runs already, from'
  expect_equal 'the web server' "$web" "$(id_of "$(container_of web)")"
  sed -i '/depends_on/d; /^  db:/,/mem_limit/d' compose.yaml
  belay_up
  expect_out "no longer in the files.*$app.db.1"
  expect is_up "$(container_of db)"
  belay_up --remove-orphans
  expect_equal 'the database' '' "$(container_of db)"
  expect_equal 'the web server' "$web" "$(id_of "$(container_of web)")"
}
# What Belay made keeps its labels; what docker compose makes in its place has none, and is taken over as it is.
test_a_project_that_was_forgotten_is_composes_again() {
  [ ${#programs[@]} -gt 0 ] || { echo 'skipped: there is no docker compose' >&2; return; }
  program=${programs[0]}
  project
  belay_up
  local web
  web=$(id_of "$(container_of web)")
  expect_done belay forget "$app" -y
  compose ps
  expect_exit 0
  expect_out "$app.web.1"
  expect_done belay ls "$app"
  expect_out 'not in the state'
  belay_up
  expect_err "$app was forgotten: these containers of it are taken again as they are"
  expect_equal 'the web server' "$web" "$(id_of "$(container_of web)")"
  expect_done belay ls --names
  expect_out "^$app\$"
  belay_up
  expect_out 'unchanged'
  expect_done belay forget "$app" -y
  compose up -d --force-recreate
  expect_exit 0
  web=$(id_of "$(container_of web)")
  expect_done belay ls --names
  expect_not_out "^$app\$"
  expect_done belay plan -p "$app" .
  expect_out 'takes over 2 containers as they are'
  belay_up
  expect_equal 'the web server' "$web" "$(id_of "$(container_of web)")"
}

run_tests "$@"
