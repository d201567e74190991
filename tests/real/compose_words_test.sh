#!/bin/bash
# The words that people type by habit, in the folder of a Compose project, on a real engine.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export BELAY_SETTLE=300ms

# Two services in the current folder; $1: the colour of the web server, if any.
project() {
  image_exists "$prefix-image:1" || build_image 1
  cat >compose.yaml <<END
name: $app
services:
  db:
    image: $prefix-image:1
    entrypoint: [sh, -c, "trap 'echo hangup' HUP; echo db begins; while :; do sleep 0.1; done"]
    stop_grace_period: 1s
  web:
    image: $prefix-image:1
    entrypoint: [sh, -c, "echo web begins; exec sleep 10000"]
    environment: {COLOUR: "${1:-red}"}
    ports: ["$FIRST_PORT:80"]
    stop_grace_period: 1s
    depends_on: [db]
    volumes: [data:/data]
volumes: {data: {}}
END
}
id_of() { inspect "$1" .Id; }

# Where this host has no definitions, plan and apply without a word are about the project here, and below its folder.
test_plan_and_apply_without_a_word_mean_the_project_of_the_folder() {
  project
  expect_done belay plan
  expect_out "[+] $app +new"
  mkdir -p conf/deeper
  cd conf/deeper || return
  expect_done belay apply
  expect is_up "$app-web-1"
  expect_done belay ls
  expect_out "$app +2/2 up .*$FIRST_PORT->80/tcp"
  expect_done belay plan -f ../../compose.yaml
  expect_out 'nothing to do'
  # A definition is for one service.
  expect_refused 1 belay declare "$app"
  expect_err "belay export --compose $app"
  expect_no_out
  cd /
  expect_refused 1 belay plan
  expect_err 'there are no definitions'
}

# Names without a command lead to the command that looks; a replica is one of its service's.
test_a_name_alone_leads_to_its_status() {
  project
  cat >>compose.yaml <<END
x-none: {}
END
  sed -i 's/^  db:/  worker: {image: '"$prefix-image:1"', command: [sleep, "10000"], scale: 2, stop_grace_period: 0s}\n  db:/' compose.yaml
  expect_done belay up
  local word
  for word in "$app" "$app/web"; do
    expect_refused 2 belay "$word"
    expect_err "belay status $word"
  done
  expect_refused 2 belay "$app" web
  expect_err "belay status $app"
  expect_refused 2 belay ./compose.yaml
  expect_err 'belay config ./compose.yaml'
  expect_done belay ps
  expect_out "$app-worker-2 +$app +worker/2 "
  expect_done belay ps worker
  expect_out "$app-worker-1"
  expect_out "$app-worker-2"
  expect_equal 'the services' 'db web worker' "$(belay ps --services | sort | tr '\n' ' ' | sed 's/ $//')"
  expect_equal 'the second' worker/2 "$(belay ps --json | jq -r '.containers[] | select(.container | endswith("worker-2")) | "\(.service)/\(.number)"')"
}

# As people copy it from docker ps.
test_the_name_of_a_container_means_its_service() {
  project
  expect_done belay up
  cd /
  expect_done belay logs "$app-web-1"
  expect_out 'web begins'
  expect_not_out 'db begins'
  expect_err "$app-web-1 is $app/web"
  expect_done belay status "$app-web-1"
  expect_out "container $app-web-1"
  expect_done belay why "$app-web-1"
  expect_done belay shell "$app-db-1" hostname
  local web db
  web=$(inspect "$app-web-1" .State.StartedAt) db=$(inspect "$app-db-1" .State.StartedAt)
  expect_done belay restart -t 0 "$app-db-1"
  expect_equal 'the other one' "$web" "$(inspect "$app-web-1" .State.StartedAt)"
  expect [ "$db" != "$(inspect "$app-db-1" .State.StartedAt)" ]
  expect_done belay stop -t 0 "$app-web-1"
  expect_out "^$app/web is stopped"
  expect is_up "$app-db-1"
  expect_done belay status "$app"
  expect_out 'r1 should be up, without web'
  expect_done belay why "$app"
  expect_out "Its service web is stopped.* belay start $app/web starts it"
  expect_done belay ls "$app"
  expect_out 'web is stopped'
  expect_refused 1 belay status "$app-web-9"
}
test_a_word_with_two_meanings_changes_nothing() {
  project
  # An app that is called as a service of the project here.
  sed -i "s/^  web:/  $app2:/" compose.yaml
  expect_done belay up
  expect_done belay deploy "$app2" --image "$prefix-image:1"
  local word
  for word in stop kill restart rm pause; do
    expect_refused 2 belay $word "$app2"
    expect_err "$app2/ for the app $app2, or $app/$app2 for the service"
  done
  expect_done belay status "$app2"
  expect_err "$app2 is the app $app2; the service of this folder's project is $app/$app2"
  expect_done belay stop -t 0 "$app/$app2"
  expect is_down "$app-$app2-1"
  expect is_up "$app2-r1"
  expect_done belay stop -t 0 "$app2/"
  expect is_down "$app2-r1"
}
# The stack runs as before, and what the failed service wrote is still there.
test_the_log_of_a_service_that_was_taken_back_is_kept() {
  project
  expect_done belay up
  sed -i 's/echo web begins; exec sleep 10000/echo no such table; exit 3/' compose.yaml
  run_patiently belay up
  expect_exit 1
  expect_done belay releases
  expect_out 'r2 +failed'
  remove_containers_of_r2() {
    local name
    for name in $(containers "$app"); do
      [[ $name != *-r2 ]] || api DELETE "/containers/$name?force=1" >/dev/null
    done
  }
  remove_containers_of_r2
  expect_done belay logs web --release r2
  expect_out 'no such table'
  expect_err "of $app/web of r2 is gone"
  expect_done belay logs "$app/web" r2
  expect_out 'no such table'
  # The way back has been gone already.
  expect_refused 1 belay rollback
  expect_err 'r2 failed and was rolled back already'
}

test_words_of_looking_mean_the_project_of_the_folder() {
  project
  expect_refused 1 belay logs web
  expect_err "nothing of the project $app in $work was started by Belay yet"
  expect_err "belay plan $work"
  expect_done belay up -d --wait --remove-orphans
  expect_done belay ps
  expect_out "$app-db-1 +$app +db +running"
  expect_out "$app-web-1 +$app +web +running"
  expect_done belay ps -a web
  expect_not_out "$app-db-1"
  expect_done belay ps "$app/db" --json
  expect_equal 'the JSON' "[\"$app\",\"db\",1]" "$(jq -c '[.containers[0] | .app, .service, .number]' <<<"$out")"
  expect_done belay ps --services
  expect_equal 'the services' "db web" "$(echo $out)"
  expect_done belay logs web
  expect_equal 'the log' 'web begins' "$out"
  expect_done belay logs web db --tail 5
  expect_out 'web +\| web begins'
  expect_out 'db +\| db begins'
  expect_done belay logs --no-log-prefix
  expect_not_out '\|'
  expect_done belay logs --until 2020-01-01T00:00:00Z
  expect_no_out
  expect_done belay images
  expect_out "$prefix-image:1"
  expect_done belay volumes
  expect_out "${app}_data"
  expect_done belay status web
  expect_out "$app-web-1"
  expect_done belay port web 80
  expect_out ":$FIRST_PORT\$"
  expect_done belay port web
  expect_out "80/tcp -> .*:$FIRST_PORT"
  run belay port web 81
  expect_exit 1
  mkdir -p below/it
  cd below/it || fail 'no folder'
  expect_done belay ps
  expect_out "$app-web-1"
  cd / || fail 'no folder'
  # Outside of a project, all apps.
  expect_done belay logs
  run belay logs web
  expect_exit 1
  expect_err 'there is no app web'
}

# The same for every command: what stands in front of a release, a snapshot or a setting is the folder's app.
test_commands_without_a_name_are_about_the_app_of_the_folder() {
  local line
  project
  expect_refused 1 belay stable
  expect_err "nothing of the project $app"
  expect_done belay up
  project blue
  expect_done belay up
  mkdir -p deeper
  cd deeper || return
  for line in stable 'stable r2' 'stable --show' 'rollback r1 --dry-run' 'rollback --dry-run' 'start r1 --dry-run' 'start last' 'snapshot --dry-run' \
    snapshot snapshots 'restore s1 --dry-run' 'backup -o ..' backups history releases why volumes images status ps config 'config r1' \
    'export --compose' 'export r1 --compose' port 'logs r1' 'autostart last' 'autostart none' 'drill --dry-run' 'drill b1 --dry-run' \
    'restore --dry-run' 'restore b1 --dry-run' 'shell --help'; do
    # shellcheck disable=SC2086
    run belay $line
    [ "$code" -eq 0 ] || fail "belay $line" 'exit code 0' "$code"
  done
  # It has not failed, and no definition can say what two services are; it is the right app that is asked.
  for line in retry declare 'declare r1'; do
    # shellcheck disable=SC2086
    run belay $line
    [[ $err == *"$app"* ]] || fail "belay $line" "$app" "$err"
  done
  for line in remove forget 'try x' adopt; do
    # shellcheck disable=SC2086
    run belay $line
    expect_exit 2
  done
  expect_done belay status
  expect_out "^$app"
  # What is left of a project that is gone is its backup.
  expect_done belay down --volumes --yes-lose-data "$app"
  expect_done belay restore --dry-run
}
test_exec_passes_the_exit_code_on() {
  project
  expect_done belay up
  expect_done belay exec web sh -c 'echo "$COLOUR"'
  expect_equal 'the variable' red "$out"
  run belay exec -it -T -e A=b -w /data "$app/web" sh -c 'echo "$A $PWD"; exit 7'
  expect_exit 7
  expect_equal 'variable and folder' 'b /data' "$out"
  echo fed >fed
  run_with fed belay exec -T --index 1 web cat
  expect_equal 'the input' fed "$out"
  run belay exec web
  expect_exit 2
  expect_err 'COMMAND is missing'
}

test_services_stop_start_and_restart_by_their_names() {
  project
  expect_done belay up
  local db
  db=$(inspect "$app-db-1" .State.StartedAt)
  expect_done belay stop -t 1 web
  expect is_down "$app-web-1"
  expect is_up "$app-db-1"
  expect_done belay start web
  expect is_up "$app-web-1"
  expect_done belay restart -t 1 web
  expect_equal 'the database' "$db" "$(inspect "$app-db-1" .State.StartedAt)"
  expect_done belay stop web db
  expect is_down "$app-db-1"
  expect_done belay start db web
  expect is_up "$app-db-1"
  expect is_up "$app-web-1"
  expect_done belay stop
  expect is_down "$app-web-1"
  run belay stop --exit-unchanged
  expect_exit 3
  expect_done belay start
  expect is_up "$app-web-1"
}

test_signals_and_pauses() {
  project
  expect_done belay up
  local db
  db=$(inspect "$app-db-1" .State.StartedAt)
  expect_done belay kill -s HUP db --dry-run
  expect_out "$app-db-1"
  expect_done belay kill -s HUP db
  db_heard() { belay logs db | grep -q hangup; }
  eventually db_heard
  expect_equal 'the start' "$db" "$(inspect "$app-db-1" .State.StartedAt)"
  expect_done belay pause web
  expect_equal 'the state' paused "$(inspect "$app-web-1" .State.Status)"
  run belay pause web --exit-unchanged
  expect_exit 3
  expect_done belay unpause
  expect_equal 'the state' running "$(inspect "$app-web-1" .State.Status)"
  expect_done belay kill web
  expect is_down "$app-web-1"
  expect_done belay status "$app"
  expect_out 'web +held'
  expect_done belay history "$app"
  expect_out 'signal HUP'
}

test_an_app_goes_before_a_service_of_the_folder() {
  project
  expect_done belay up
  mkdir other
  sed -e "s/^name: .*/name: web/" -e "/ports:/d" compose.yaml >other/compose.yaml
  expect_done belay up ./other
  expect_done belay ps web
  expect_out 'web-web-1'
  expect_not_out "$app-web-1"
  expect_err "web is the app web; the service of this folder's project is $app/web"
  expect_done belay ps "$app/web"
  expect_out "$app-web-1"
  expect_done belay remove -y web --volumes --yes-lose-data web
}

test_options_of_up_and_down() {
  project
  expect_refused 1 belay up web --no-deps
  expect_err 'web needs db'
  expect_done belay up --scale db=2 -d
  expect is_up "$app-db-2"
  expect_done belay up --pull missing -t 1
  expect_not exists "$app-db-2"
  local web
  web=$(id_of "$app-web-1")
  project blue
  sed -i 's/db begins/db begins anew/' compose.yaml
  expect_done belay up --no-deps db
  expect_equal 'the web server' "$web" "$(id_of "$app-web-1")"
  run belay up --scale nothing=2
  expect_exit 1
  expect_err 'has no service nothing'
  run belay down web
  expect_exit 2
  expect_err "belay stop $app/web"
  expect_done belay down -t 1 --remove-orphans
  expect_not exists "$app-web-1"
  expect_done belay ps
  expect_not_out '(none)'
  expect_err "$app is down: belay start $app brings it up"
  expect_equal 'the services of what is down' '' "$(belay ps --services 2>&1)"
  expect volume_exists "${app}_data"
  expect_done belay up
  run belay down -v
  expect_exit 2
  expect is_up "$app-web-1"
  expect_done belay down -v --yes-lose-data "$app"
  expect_not volume_exists "${app}_data"
}

test_config_hides_secrets_on_a_terminal() {
  mkdir -p shop
  cd shop || return
  printf 'name: %s\nservices:\n  web: {image: "%s", environment: {DB_PASSWORD: "${PASSWORD:-hunter2}", PLAIN: seen}}\n' \
    "$app" "$prefix-image:1" >compose.yaml
  local option
  for option in '' --origins --json --variables --environment; do
    PASSWORD=hunter2 run script -qec "belay config $option" /dev/null
    expect_exit 0
    expect_not_out hunter2
  done
  run script -qec 'belay config' /dev/null
  expect_out 'DB_PASSWORD: .?\(hidden\)'
  expect_out 'PLAIN: seen'
  expect_out '--show-secrets'
  run script -qec 'belay config --show-secrets' /dev/null
  expect_out 'DB_PASSWORD: hunter2'
  run script -qec 'belay config -o resolved.yaml' /dev/null
  expect grep -q hunter2 resolved.yaml
  # What is worked with is as it is.
  expect_done belay config
  expect_out 'DB_PASSWORD: hunter2'
  expect_done belay config --format json
  expect_out '"DB_PASSWORD": "hunter2"'
}

test_create_makes_what_is_missing_and_starts_nothing() {
  project
  expect_done belay create --dry-run -v
  expect_out "create container $app-web-1"
  expect_not_out "start $app-web-1"
  expect_not exists "$app-web-1"
  expect_done belay create
  expect_out "made, and not started: .*$app-web-1"
  expect is_down "$app-web-1"
  expect is_down "$app-db-1"
  local web
  web=$(id_of "$app-web-1")
  run belay create --exit-unchanged
  expect_exit 3
  expect_done belay up
  expect_equal 'the web server' "$web" "$(id_of "$app-web-1")"
  expect is_up "$app-web-1"
  expect is_up "$app-db-1"
  # What ended by itself is neither started nor held down.
  api POST "/containers/$app-db-1/kill" >/dev/null
  run belay create --exit-unchanged
  expect_exit 3
  expect is_down "$app-db-1"
  expect_done belay apply .
  expect is_up "$app-db-1"
  # Beside what runs: that stays as it is.
  sed -i 's/web begins/web begins anew/' compose.yaml
  expect_done belay up --no-start --scale db=2
  expect_err 'web stays as it is, though its files say otherwise: entrypoint'
  expect is_down "$app-db-2"
  expect_equal 'the web server' "$web" "$(id_of "$app-web-1")"
  expect is_up "$app-web-1"
  # What was removed is made again, and stays down.
  expect_done belay stop web
  expect_done belay rm web
  expect_done belay create web
  expect is_down "$app-web-1"
  expect is_up "$app-db-1"
  expect_done belay start web
  expect is_up "$app-web-1"
}

# Volumes with a name stay in any case.
test_rm_with_volumes_removes_those_without_a_name() {
  image_exists "$prefix-image:1" || build_image 1
  cat >compose.yaml <<END
name: $app
services:
  web:
    image: $prefix-image:1
    entrypoint: [sleep, "10000"]
    stop_grace_period: 1s
    volumes: [/scratch, "data:/data"]
volumes: {data: {}}
END
  expect_done belay up
  local scratch
  scratch=$(inspect "$app-web-1" '[.Mounts[] | select(.Destination == "/scratch")][0].Name')
  expect volume_exists "$scratch"
  expect_done belay rm -s web
  expect volume_exists "$scratch"
  expect_done belay up
  expect_equal 'the volume' "$scratch" "$(inspect "$app-web-1" '[.Mounts[] | select(.Destination == "/scratch")][0].Name')"
  expect_done belay rm -s -v web --dry-run
  expect_done belay stop web
  expect_done belay rm -v web --dry-run
  expect_out "remove volume $scratch"
  expect_not_out "${app}_data"
  expect volume_exists "$scratch"
  expect_done belay rm -v web
  expect_not exists "$app-web-1"
  expect_not volume_exists "$scratch"
  expect volume_exists "${app}_data"
  expect_done belay up
  expect is_up "$app-web-1"
}

test_attach_prints_what_the_container_writes() {
  image_exists "$prefix-image:1" || build_image 1
  cat >compose.yaml <<END
name: $app
services:
  web:
    image: $prefix-image:1
    entrypoint: [sh, -c, "while [ ! -e /go ]; do sleep 0.1; done; echo it goes; exit 7"]
END
  expect_done belay up
  belay as docker-compose attach web >written 2>told </dev/null &
  local pid=$!
  sleep 2
  expect_done belay exec web touch /go
  wait $pid
  expect_equal 'the exit code' 7 $?
  expect grep -q 'it goes' written
}

test_history_of_what_there_is_not_says_so() {
  project
  expect_done belay up
  expect_done belay history web
  expect_out "$app"
  run belay history wbe
  expect_exit 1
  expect_err 'wbe'
}

test_what_was_stopped_runs_again_in_its_own_containers() {
  project
  expect_done belay up
  local web db
  web=$(id_of "$app-web-1") db=$(id_of "$app-db-1")
  expect_done belay stop
  expect_done belay up --dry-run -v
  expect_out "start $app-web-1"
  expect_not_out 'create container'
  expect_done belay up
  expect_equal 'the web server' "$web" "$(id_of "$app-web-1")"
  expect_done belay stop
  expect_done belay up db
  expect is_down "$app-web-1"
  expect_equal 'the database' "$db" "$(id_of "$app-db-1")"
  expect_done belay rm
  expect_out "remove container $app-web-1"
  expect_not exists "$app-web-1"
  expect is_up "$app-db-1"
  run belay rm db --exit-unchanged
  expect_exit 3
  sed -i 's/db begins/db begins anew/' compose.yaml
  expect_done belay as docker-compose up -d --no-recreate
  expect is_up "$app-web-1"
  expect_equal 'the database' "$db" "$(id_of "$app-db-1")"
  expect_done belay up --always-recreate-deps web
  expect_not test "$db" = "$(id_of "$app-db-1")"
}

test_what_happens_and_how_it_ends() {
  project
  expect_done belay up
  expect_done belay exec -d web sh -c 'echo left alone >/data/alone'
  alone() { belay exec -T web cat /data/alone 2>/dev/null | grep -q alone; }
  eventually alone
  expect_done belay logs web --index 1
  expect_out 'web begins'
  expect_done belay events web --since 1h
  expect_out "$app-web-1 start"
  expect_not_out "$app-db-1"
  (sleep 1 && belay kill -q web >/dev/null 2>&1) &
  run belay as docker-compose wait web
  expect_exit 137
  expect_out "$app-web-1 ended with 137"
  wait
  timeout 20 "$BELAY" as docker-compose events --json --until 1s >events || fail 'the events do not end'
  expect_done belay events --json
  ends() { jq -c 'select(.action == "die" and .service == "web").attributes.exitCode' <<<"$out" | tail -n 1; }
  expect_equal 'the end' '"137"' "$(ends)"
  expect_done belay pull --policy missing
  expect_out 'nothing to do'
  expect_done belay config --environment
  expect_out "COMPOSE_PROJECT_NAME=$app"
}

test_images_go_with_a_project_that_is_down() {
  project
  mkdir site
  printf 'FROM %s\nLABEL built=yes\n' "$prefix-image:1" >site/Dockerfile
  sed -i "0,/image: $prefix-image:1/s||build: ./site|" compose.yaml
  expect_done belay up
  expect_done belay down --rmi local --dry-run
  expect_out "untag $app-db:latest|$app-db:latest"
  expect_done belay down --rmi local
  expect_not image_exists "$app-db:latest"
  expect image_exists "$prefix-image:1"
  expect_done belay up
  expect is_up "$app-db-1"
  api DELETE "/images/$app-db:latest?force=1" >/dev/null
}

test_images_and_data_go_together() {
  project
  mkdir site
  printf 'FROM %s\nLABEL built=yes\n' "$prefix-image:1" >site/Dockerfile
  sed -i "0,/image: $prefix-image:1/s||build: ./site|" compose.yaml
  expect_done belay up
  expect_done belay down -v --rmi local --dry-run
  expect_out "remove volume ${app}_data"
  expect_out "untag image $app-db:latest"
  run belay down -v --rmi local
  expect is_up "$app-web-1"
  expect image_exists "$app-db:latest"
  run belay down -v --rmi local --yes-lose-data another
  expect_exit 2
  expect is_up "$app-web-1"
  expect_done belay down -v --rmi local --yes-lose-data "$app"
  expect_not image_exists "$app-db:latest"
  expect image_exists "$prefix-image:1"
  expect_not volume_exists "${app}_data"
  expect_done belay ls
  expect_not_out "$app"
}

# Whatever the word: a slip of the fingers is answered with the services that there are.
test_a_wrong_name_of_a_service_is_answered_with_those_of_the_project() {
  project
  expect_done belay up
  local words
  for words in 'stop wbe' 'start wbe' 'restart wbe' 'kill wbe' 'rm wbe' 'pause wbe' 'unpause wbe' 'exec wbe true' 'shell wbe' \
    'events wbe' 'wait wbe' 'logs wbe' 'ps wbe' 'top wbe' 'port wbe 80' 'cp wbe:/x y' 'images wbe' 'volumes wbe' 'status wbe' \
    'why wbe' 'config wbe' 'build wbe'; do
    expect_refused 1 belay $words
    expect_err "there is no app wbe, and no service wbe in the project $app"
    expect_err "Did you mean 'web'\\? Its services: db, web"
  done
  for words in 'run wbe true' 'up wbe' 'pull wbe' 'push wbe' 'up --scale wbe=2'; do
    expect_refused 1 belay $words
    expect_err "the project $app has no service wbe"
    expect_err "Did you mean 'web'\\? Its services: db, web"
  done
  expect_refused 1 belay stop "$app/wbe"
  expect_err "Did you mean 'web'\\? Its services: db, web"
  expect_refused 1 belay as docker-compose exec wbe true
  expect_err "Did you mean 'web'\\? Its services: db, web"
}

test_what_up_said_beside_the_files_is_told_of_when_it_ends() {
  project
  sed -i '/ports:/d' compose.yaml
  expect_done belay up --scale web=3
  expect_done belay plan
  expect_out 'web.replicas: 3 → 1'
  expect_not_out 'web-2.image'
  sed -i 's/red/blue/; s/db begins/db begins anew/' compose.yaml
  expect_done belay up --no-recreate --scale web=3
  expect_err 'db stays as it is \(--no-recreate\), though its files say otherwise: entrypoint'
  expect_err 'web-3 stays as it is \(--no-recreate\), though its files say otherwise: env.COLOUR'
  expect_done belay apply .
  expect_not exists "$app-web-2"
}

test_config_shows_the_project_and_where_its_values_came_from() {
  project '${COLOUR:-green}'
  expect_done belay config
  expect_out "COLOUR: green"
  printf '%s\n' "$out" >resolved.yaml
  expect_done belay config -f resolved.yaml
  expect_equal 'what was printed, read again' "$(<resolved.yaml)" "$out"
  echo COLOUR=blue >.env
  expect_done belay config . --origins
  expect_out "COLOUR: blue +# $work/compose.yaml:[0-9]+; COLOUR from $work/.env:1"
  expect_done belay config --origins --json
  expect_equal 'the origin' "$work/.env:1" \
    "$(jq -r '.origins[] | select(.path[-1] == "COLOUR") | .variables[0].origin' <<<"$out")"
  expect_done belay config --services
  expect_equal 'the services' 'db web' "$(echo $out)"
  expect_done belay config --images
  expect_equal 'the images' "$prefix-image:1" "$out"
  expect_done belay config --volumes
  expect_equal 'the volumes' data "$out"
  expect_done belay config --variables
  expect_out "COLOUR +blue +$work/.env:1"
  expect_done belay config -q
  expect_no_out
  expect_done belay config db --json
  expect_equal 'one service' db "$(jq -r '.services | keys[]' <<<"$out")"
  rm .env
  expect_done belay up
  cd / || fail 'no folder'
  expect_done belay config "$app"
  expect_out 'COLOUR: green'
  expect_done belay config "$app" r1
  expect_equal 'the release' "$prefix-image:1" "$(jq -r '.services[0].image' <<<"$out")"
}

test_images_are_built_while_what_runs_is_left_alone() {
  project
  expect_done belay up
  local web
  web=$(id_of "$app-web-1")
  mkdir site
  printf 'FROM %s\nLABEL built=yes\n' "$prefix-image:1" >site/Dockerfile
  sed -i "0,/image: $prefix-image:1/s||build: ./site|" compose.yaml
  expect_done belay build --dry-run
  expect_not image_exists "$app-db:latest"
  expect_refused 1 belay up --no-build
  expect_err 'is not on this host'
  expect_done belay build db
  expect image_exists "$app-db:latest"
  expect_equal 'the web server' "$web" "$(id_of "$app-web-1")"
  run belay build web --exit-unchanged
  expect_exit 3
  expect_err 'web is pulled, not built'
  expect_done belay pull --dry-run
  expect_out "pull $prefix-image:1"
  expect_out 'db is built, not pulled'
  run belay pull nothing
  expect_exit 1
  api DELETE "/images/$app-db:latest?force=1" >/dev/null
}

test_the_face_docker_compose() {
  project
  ln -s "$BELAY" docker-compose
  expect_done ./docker-compose -f compose.yaml up -d
  expect is_up "$app-web-1"
  expect_done ./docker-compose ps
  expect_out "$app-web-1"
  expect_done belay as docker-compose logs --tail 1 web
  expect_out 'web begins'
  run ./docker-compose exec -T web sh -c 'exit 4'
  expect_exit 4
  expect_done ./docker-compose --ansi never --dry-run stop web
  expect is_up "$app-web-1"
  expect_done ./docker-compose stop web
  expect is_down "$app-web-1"
  expect_done ./docker-compose start web
  expect_done ./docker-compose config --services
  expect_equal 'the services' 'db web' "$(echo $out)"
  cd / || fail 'no folder'
  expect_done "$work/docker-compose" -p "$app" ps
  expect_out "$app-web-1"
  cd "$work" || fail 'no folder'
  expect_done ./docker-compose version
  expect_done ./docker-compose down
  expect_not exists "$app-web-1"
}

run_tests "$@"
