#!/bin/bash
# The first lines that somebody types: each is done, or its answer is the line that does it. Rows that need no engine are
# in tests/cli/habits_test.cpp.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# each_says: reads rows "CODE | TEXT | COMMAND". The command ends with that code and says that text, on whichever stream;
# one that fails changes nothing on the engine.
each_says() {
  local wanted text line
  while IFS='|' read -r wanted text line; do
    wanted=${wanted// /} text=${text# } text=${text% }
    [ -n "$wanted" ] || continue
    if [ "$wanted" = 0 ]; then
      expect_done bash -c "$line"
    else
      expect_refused "$wanted" bash -c "$line"
    fi
    [[ $out$err == *"$text"* ]] || fail "what is said to$line" "$text" "$out$err"
  done
}

test_who_has_nothing_yet_is_told_how_to_begin() {
  mkdir empty
  cd empty || fail 'no folder'
  each_says <<END
1 | belay deploy NAME makes an app of a Dockerfile | belay up
1 | belay apply DIR of definitions | belay up -d --build
1 | belay deploy NAME | belay create
1 | belay stop NAME stops an app | belay down
1 | belay remove NAME removes it | belay down --volumes --rmi all
1 | compose.yaml, compose.yml | belay pull
1 | compose.yaml, compose.yml | belay push
1 | belay import run nginx -- docker run -d -p 80:80 nginx | belay run -d -p 80:80 nginx
1 | belay import run shop -- docker run -d -e A=b -v data:/data -p 80:80 team/web:2 sh -c 'a b' | belay run -p 80:80 -v data:/data -e A=b --name shop team/web:2 sh -c 'a b'
1 | belay import run db -- docker run -d -e PASSWORD=… db:1 | belay run -e PASSWORD=geheim db:1
1 | docker run --rm is for | belay run --rm -it alpine sh
2 | there are no apps yet | belay deploy
2 | there are no apps yet | belay stop
0 | there are no apps yet | belay logs
0 | no backups are known | belay backups
1 | belay deploy $app PATH | belay deploy $app ./nosuch
1 | belay deploy $app --image REF | belay deploy $app
2 | belay deploy nginx --image nginx:1.27 | belay deploy nginx:1.27
2 | belay deploy web --image registry.example:5000/team/web:2 | belay deploy registry.example:5000/team/web:2
2 | The name comes first: belay deploy NAME . | belay deploy .
2 | The name comes first: belay build NAME ./shop | belay build ./shop
2 | belay deploy NAME DIR | belay deploy https://git.example/shop.git
2 | a-z, A-Z | belay deploy größe --image x
1 | belay backups --scan PLACE | belay restore $app
1 | belay backups --scan PLACE | belay verify /nowhere/x.belay.tar.zst
1 | there is no app $app | belay plan $app
1 | No such file | belay plan ./nosuch
2 | ssh://[USER@]HOST | belay -H 1.2.3.4 ls
1 | ssh: no way to nowhere | BELAY_SSH='sh -c "echo ssh: no way to nowhere >&2; exit 255" --' belay -H ssh://root@nowhere ls
0 | jockler | belay help jockler
0 | dockerup | belay help dockerup
2 | belay status without a name | belay status --all
END
}

test_an_app_is_found_by_the_words_of_other_tools() {
  build_image one
  build_image two
  expect_done belay deploy "$app" --image "$prefix-image:one"
  expect_done belay deploy "$app" --image "$prefix-image:two"
  expect_done belay deploy "$app2" --image "$prefix-image:one"
  local now earlier
  now=$(running "$app")
  earlier=$(belay releases "$app" --json | jq -r '.releases[] | select(.release == "r1") | .container')
  each_says <<END
0 | belay remove $app removes the app | belay rm $app
0 | belay remove $app removes the app | belay rm -f $app
0 | $now is $app | belay logs $now
0 | "services" | belay inspect $app
0 | "services" | belay inspect $now
0 | $now is $app | belay status $now
1 | belay cleanup $app removes the containers of earlier releases | belay rm $earlier
1 | belay logs $app r1 | belay status $earlier
0 | $app2 | belay status $app $app2
0 |  | belay logs -n all $app
2 | takes a number or all | belay logs -n some $app
2 | say the same | belay logs -n 5 --tail 5 $app
0 | has no snapshots | belay snapshots $app
0 | no backups are known | belay backups $app
1 | is an app, not a folder of definitions | belay apply $app
2 | Give -y | belay remove $app
2 | sftp://user@nas/PATH | belay backup $app -o user@nas:/b
2 | rclone:REMOTE:PATH | belay backup $app -o s3://bucket/x
2 | sftp://backup@nas | belay backup $app -o ssh://nas/x
2 | last=7,daily=7 | belay backup $app --keep weekly
2 | belay backup $app --install-timer --schedule daily | belay backup $app --schedule daily
1 | belay snapshots $app | belay restore $app s99
1 | belay backups lists those that are known | belay restore $app /nowhere/x
2 | belay export --compose $app | belay export $app
1 | belay adopt ${app}x CONTAINER | belay adopt ${app}x
1 | has no good release before r1 | belay rollback $app2
0 | stop $now | belay stop \$(belay ls -q $app) --dry-run
0 | stop $now | belay restart $app --dry-run
0 | $now | belay ps -aq $app
END
  expect_done belay status "$app" "$app2" --json
  expect_equal 'the apps' "$app $app2" "$(jq -r '[.apps[].name] | join(" ")' <<<"$out")"
  expect_done belay status "$app" --json
  expect_equal 'the app' "$app" "$(jq -r .name <<<"$out")"
}

test_a_line_of_docker_run_is_answered_with_the_one_that_makes_an_app_of_it() {
  build_image one
  run belay run -d -p 127.0.0.1::8080 -e A=b --name "$app" "$prefix-image:one"
  expect_exit 1
  local line=${err##*an app: }
  expect_equal 'the line' "belay import run $app -- docker run -d -e A=b -p 127.0.0.1::8080 $prefix-image:one" "$line"
  expect_done bash -c "$line"
  expect_done belay start "$app" new
  is_up "$(running "$app")" || fail 'the app does not run'
}

test_in_the_folder_of_a_project_its_services_are_told_from_apps_and_images() {
  build_image one
  mkdir project
  cd project || fail 'no folder'
  echo "{name: $app, services: {web: {image: '$prefix-image:one'}, db: {image: '$prefix-image:one'}}}" >compose.yaml
  expect_done belay up -d
  each_says <<END
1 | Its services: | belay up nosuch
1 | Its services: | belay restart web nosuch
1 | belay import run nginx -- docker run -d -p 80:80 nginx | belay run -p 80:80 nginx
1 | belay up web builds it and starts | belay deploy web
1 | the settings of $app stand in its Compose file | belay set web memory=1g
1 | the settings of $app stand in its Compose file | belay set $app memory=1g
1 | the settings of $app stand in its Compose file | belay unset web memory
2 | name the app: $app | belay rollback web
2 | name the app: $app | belay backup web
2 | belay stop $app/web stops the one service | belay down web
2 | goes behind the command | belay -f compose.yaml up
2 | belay set site KEY=VALUE | belay config set site env.A=b
0 | $app | belay status web db
0 | web | belay ps --services
END
}

test_a_name_or_file_of_the_folder_of_definitions_leads_to_the_folder() {
  build_image one
  mkdir defs
  cd defs || fail 'no folder'
  echo "{\"image\": \"$prefix-image:one\"}" >"$app.json"
  each_says <<END
1 | belay plan . and belay apply . | belay plan $app
1 | belay plan . and belay apply . | belay apply $app
2 | belay plan . is about it | belay plan $app.json
1 | belay apply . | belay apply $app.json
1 | belay apply DIR takes the folder of definitions | belay apply -f $app.json
0 | + $app | belay plan . --no-pull
0 | + $app | belay apply . --dry-run --no-pull
END
}

# What was stopped stays down, and what is wrong with one app keeps none of the others.
test_all_are_restarted_but_those_that_were_stopped() {
  local before
  build_image one
  echo text >file
  expect_done belay deploy "$app" --image "$prefix-image:one" -v "$PWD/file:/file:ro"
  expect_done belay deploy "$app2" --image "$prefix-image:one"
  rm file
  before=$(docker inspect --format '{{.State.StartedAt}}' "$(running "$app2")")
  expect_done test -n "$before"
  belay restart --all 2>err && fail 'nothing is wrong'
  [[ $(<err) == *"$PWD/file is missing"* ]] || fail 'what is missing is not named' "$PWD/file" "$(<err)"
  [ "$(docker inspect --format '{{.State.StartedAt}}' "$(running "$app2")")" != "$before" ] || fail "$app2 was not restarted"
  echo text >file
  expect_done belay stop "$app2"
  expect_done belay restart --all
  [[ $out$err == *"$app2 is stopped, and stays so"* ]] || fail 'what stays down' "$app2" "$out$err"
  [ -z "$(running "$app2")" ] || fail "$app2 was started"
}

test_a_secret_whose_file_is_missing_is_no_folder() {
  build_image one
  mkdir "$app"
  cd "$app" || fail 'no folder'
  cat >compose.yaml <<END
services:
  web:
    image: $prefix-image:one
    secrets: [token]
    configs: [{source: rules, target: /rules}]
secrets: {token: {file: ./token}}
configs: {rules: {file: ./rules}}
END
  echo text >rules
  belay up -d >said && fail 'nothing is missing'
  [[ $(<said) == *"/$app/token is missing"* ]] || fail 'what is missing' token "$(<said)"
  echo geheim >token
  rm rules
  belay up -d >said && fail 'nothing is missing'
  [[ $(<said) == *"/$app/rules is missing"* ]] || fail 'what is missing' rules "$(<said)"
  expect_done test ! -e rules
  echo text >rules
  expect_done belay up -d
  # As it stands in pipelines.
  expect_done belay as docker-compose down -v --remove-orphans -t 1 --yes-lose-data "$app"
}

test_a_container_that_is_no_app_leads_to_adopt() {
  local theirs=$prefix-theirs
  build_image one
  docker run -d --name "$theirs" "$prefix-image:one" >/dev/null || fail 'no container'
  each_says <<END
1 | belay adopt $theirs | belay logs $theirs
1 | belay adopt $theirs | belay status $theirs
1 | belay adopt $theirs | belay backup $theirs
END
  expect_done belay adopt "$theirs"
  [[ $out$err == *"belay set $theirs restart=unless-stopped"* ]] || fail 'that it does not come back' policy "$out$err"
}

run_tests "$@"
