#!/bin/bash
# The command line of Docker Compose, through a link of its name, on a real engine.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export BELAY_SETTLE=300ms

# Two services in the current folder, and the link; $1: the colour of the web server, if any.
project() {
  image_exists "$prefix-image:1" || build_image 1
  cat >compose.yaml <<END
name: $app
services:
  db:
    image: $prefix-image:1
    entrypoint: [sh, -c, "echo db begins; exec sleep 10000"]
    stop_grace_period: 1s
  web:
    image: $prefix-image:1
    entrypoint: [sh, -c, "echo web begins; exec sleep 10000"]
    environment: {COLOUR: "${1:-red}"}
    ports: ["$FIRST_PORT:80"]
    stop_grace_period: 1s
    depends_on: [db]
    volumes: [data:/data]
  tools:
    image: $prefix-image:1
    profiles: [tools]
volumes: {data: {}}
END
  [ -e docker-compose ] || ln -s "$BELAY" docker-compose
}
id_of() { inspect "$1" .Id; }

test_up_follows_the_logs_until_a_signal_stops_the_services() {
  project
  ./docker-compose up >followed 2>told </dev/null &
  local pid=$!
  follows() { grep -q 'web +| web begins' -E followed && grep -q 'db +| db begins' -E followed; }
  eventually follows
  expect is_up "$app-web-1"
  kill -TERM $pid
  wait $pid
  expect_equal 'the exit code' 143 $?
  expect is_down "$app-web-1"
  expect is_down "$app-db-1"
  expect exists "$app-web-1"
  expect_done ./docker-compose up -d
  expect is_up "$app-web-1"
  expect_done ./docker-compose up --wait
}

test_what_is_stopped_by_its_name_is_started_by_up() {
  project
  expect_done ./docker-compose up -d --quiet-pull
  expect_done ./docker-compose stop -t 1 web
  expect is_down "$app-web-1"
  expect_done ./docker-compose up -d db
  expect is_down "$app-web-1"
  expect_done ./docker-compose up -d
  expect is_up "$app-web-1"
  expect_done ./docker-compose up -d
  expect_out '1 unchanged'
}

test_force_recreate_makes_new_containers_and_keeps_data() {
  project
  expect_done ./docker-compose up -d
  expect_done ./docker-compose exec web sh -c 'echo kept >/data/file'
  local db web
  db=$(id_of "$app-db-1") web=$(id_of "$app-web-1")
  expect_done ./docker-compose --dry-run up --force-recreate web --no-deps
  expect_out "create container $app-web-1"
  expect_equal 'the web server' "$web" "$(id_of "$app-web-1")"
  expect_done ./docker-compose up -d --no-deps --force-recreate web
  [ "$web" != "$(id_of "$app-web-1")" ] || fail 'the web server is the old one'
  expect_equal 'the database' "$db" "$(id_of "$app-db-1")"
  expect_done ./docker-compose exec web cat /data/file
  expect_equal 'the data' kept "$out"
  expect_done ./docker-compose up -d
  expect_out '1 unchanged'
  expect_done belay rollback
  expect is_up "$app-web-1"
}

test_looking() {
  project
  expect_done ./docker-compose up -d
  expect_done ./docker-compose ps
  expect_out "$app-web-1"
  expect_done ./docker-compose ps -q web
  expect_equal 'the name' "$app-web-1" "$out"
  expect_done ./docker-compose ps --services
  expect_done ./docker-compose ps --status exited
  expect_not_out "$app-web-1"
  expect_done ./docker-compose ps --filter status=running -q
  expect_out "$app-db-1"
  expect_done ./docker-compose ps --format json
  expect_equal 'the JSON' 2 "$(jq '.containers | length' <<<"$out")"
  expect_done ./docker-compose logs --no-color --tail 5
  expect_out 'web +\| web begins'
  expect_done ./docker-compose logs --no-log-prefix -n 5 web
  expect_equal 'the log' 'web begins' "$out"
  expect_done ./docker-compose top web
  expect_out 'sleep 10000'
  expect_not_out "$app-db-1"
  expect_done ./docker-compose top
  expect_out "$app-db-1"
  expect_done ./docker-compose port web 80
  expect_out ":$FIRST_PORT\$"
  expect_done ./docker-compose images -q
  expect_out '^sha256:'
  expect_done ./docker-compose config --services
  expect_equal 'the services' 'db web' "$(echo $out)"
  expect_done ./docker-compose config --profiles
  expect_equal 'the profiles' tools "$out"
  expect_done ./docker-compose config -q
  expect_no_out
  expect_done ./docker-compose config -o resolved.yaml
  expect_done ./docker-compose config --format json
  expect_equal 'the name' "$app" "$(jq -r .name <<<"$out")"
  expect_done ./docker-compose -f resolved.yaml ps
  expect_done ./docker-compose ls -q
  expect_out "$app"
  expect_done ./docker-compose volumes
  expect_out "${app}_data"
  expect_done ./docker-compose version --short
  expect_done ./docker-compose --version
  cd / || fail 'no folder'
  expect_done "$work/docker-compose" --project-directory "$work" -f "$work/compose.yaml" ps -q
  expect_out "$app-web-1"
}

test_files_are_copied_out_and_in() {
  project
  expect_done ./docker-compose up -d
  mkdir -p folder/below
  echo one >folder/below/file
  expect_done ./docker-compose cp folder web:/data
  expect_done ./docker-compose exec -T web cat /data/folder/below/file
  expect_equal 'the file' one "$out"
  expect_done ./docker-compose cp web:/data/folder copy
  expect_equal 'the file' one "$(<copy/below/file)"
  mkdir there
  echo mine >there/mine
  expect_done ./docker-compose cp web:/data/folder/. there
  expect_equal 'the file' 'one mine' "$(<there/below/file) $(<there/mine)"
  echo two >file
  expect_done ./docker-compose cp file web:/data/named
  expect_done ./docker-compose cp web:/data/named back
  expect_equal 'the file' two "$(<back)"
  expect_done belay cp -a ./file "$app/web:/tmp/"
  expect_done belay exec web cat /tmp/file
  expect_equal 'the file' two "$out"
  belay cp web:/data/folder - | tar t | grep -q folder/below/file || fail 'no tar'
  tar c file | belay cp - web:/data/below-this 2>/dev/null && fail 'a folder that is not there'
  tar c file | belay cp - web:/data || fail 'no tar went in'
  expect_done belay exec web cat /data/file
  expect_done belay history "$app"
  expect_out 'copy'
  expect_refused 1 belay cp web:/nothing/here .
  expect_refused 1 belay cp ./nothing web:/data
  expect_refused 1 belay cp web:/data/folder file
  expect_equal 'the file' two "$(<file)"
  expect_refused 1 belay cp ./file web:/nothing/
  expect_refused 2 belay cp ./file ./other
  expect_done ./docker-compose stop db
  expect_done ./docker-compose cp db:/etc/hostname name
  expect exists "$app-db-1"
}

test_changing() {
  project
  expect_done ./docker-compose up -d
  run ./docker-compose exec -T web sh -c 'exit 4'
  expect_exit 4
  expect_done ./docker-compose exec -T -e A=b web sh -c 'echo "$A"'
  expect_equal 'the variable' b "$out"
  run ./docker-compose exec -T --privileged web true
  # An engine in a container of its own cannot give what it has not.
  [[ $code -eq 0 || $out$err =~ 'unable to apply caps' ]] || fail 'a privileged command'
  run ./docker-compose run --rm --no-deps -T --entrypoint 'sh -c' web 'echo "$COLOUR"; exit 5'
  expect_exit 5
  expect_equal 'the output' red "$out"
  expect_done ./docker-compose scale db=2
  expect is_up "$app-db-2"
  expect_done ./docker-compose --dry-run stop web
  expect is_up "$app-web-1"
  expect_done ./docker-compose restart -t 1 web
  expect_done ./docker-compose kill -s WINCH web
  expect_done ./docker-compose pause web
  expect_done ./docker-compose unpause web
  expect_done ./docker-compose kill web
  expect is_down "$app-web-1"
  expect_done ./docker-compose start web
  expect is_up "$app-web-1"
  expect_done ./docker-compose --dry-run pull
  expect_done ./docker-compose --dry-run push
  expect_done ./docker-compose build
  expect_done ./docker-compose rm -f -v
  expect_done ./docker-compose create
  expect_done ./docker-compose up --no-start
  expect_done ./docker-compose stats --no-stream
  expect_out "$app"
  expect_done ./docker-compose stats --no-stream --format json web
  expect_refused 2 ./docker-compose down -v
  expect_done ./docker-compose down -t 1 --remove-orphans
  expect_not exists "$app-web-1"
  expect volume_exists "${app}_data"
  expect_done ./docker-compose up -d
  expect_done ./docker-compose down -v --yes-lose-data "$app"
  expect_not volume_exists "${app}_data"
}

test_a_name_is_not_needed_in_the_folder_of_a_project() {
  project
  expect_done belay up
  expect_done belay why
  expect_out "$app"
  expect_done belay why web
  expect_out "$app"
  expect_done belay releases
  expect_out 'r1'
  expect_done belay status
  expect_out "$app-web-1"
  expect_done belay history
  expect_out "$app"
  expect_done belay backup -o kept.belay.tar.zst
  expect exists_file kept.belay.tar.zst
  project blue
  expect_done belay up
  expect_done belay rollback
  expect_equal 'the colour' 'COLOUR=red' "$(inspect "$app-web-1" '.Config.Env[] | select(startswith("COLOUR"))')"
  expect_refused 2 belay rollback web
  expect_err "$app/web is a service"
  cd / || fail 'no folder'
  # Outside of it, why is about the host.
  expect_done belay why
  expect_refused 2 belay restore
}

test_a_plan_of_a_project_is_kept_and_carried_out() {
  project
  expect_done belay plan -o saved.plan
  expect_not exists "$app-web-1"
  expect_done belay apply saved.plan
  expect is_up "$app-web-1"
  project blue
  expect_done belay plan . --out saved.plan
  expect_out 'COLOUR'
  cd / || fail 'no folder'
  expect_done belay apply "$work/saved.plan"
  expect_equal 'the colour' 'COLOUR=blue' "$(inspect "$app-web-1" '.Config.Env[] | select(startswith("COLOUR"))')"
  cd "$work" || fail 'no folder'
  project green
  expect_done belay plan -o saved.plan
  project red
  expect_refused 1 belay apply saved.plan
  expect_err 'the plan is out of date'
}
exists_file() { [ -e "$1" ]; }

run_tests "$@"
