#!/bin/bash
# A Compose project in one file: its data, its files and its images, and the way to another machine with nothing but that.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/data.sh"

export BELAY_SETTLE=1s

# A project in ./shop that is made of every kind of file: override, included, extended, .env, env file, secret, config.
stack() {
  build_image 1
  build_image 2
  mkdir -p shop/inc shop/site shop/conf
  cat >shop/compose.yaml <<END
name: $app
include: [inc/db.yaml]
services:
  web:
    image: $prefix-image:\${VERSION}
    extends: {file: base.yaml, service: base}
    env_file: web.env
    volumes: ["./site:/site", "data:/data"]
    secrets: [key]
    configs: [{source: web, target: /etc/web.conf}]
    depends_on: [db]
volumes: {data: {}}
secrets: {key: {file: ./key}}
configs: {web: {file: ./conf/web.conf}}
END
  cat >shop/base.yaml <<'END'
services:
  base: {stop_grace_period: 1s, entrypoint: [sleep, "10000"]}
END
  cat >shop/inc/db.yaml <<END
services:
  db:
    image: $prefix-image:2
    entrypoint: [sleep, "10000"]
    stop_grace_period: 1s
    volumes: ["dbdata:/data"]
volumes: {dbdata: {name: ${app}_db}}
END
  echo "services: {web: {environment: {COLOUR: red}}}" >shop/compose.override.yaml
  echo VERSION=1 >shop/.env
  echo "PASSWORD=p4ss" >shop/web.env
  echo "the key" >shop/key
  echo "listen 80" >shop/conf/web.conf
  echo "a page" >shop/site/index
  chmod 600 shop/key shop/web.env
}
# The files of the folder with owners, modes and content.
files_of() { (cd "$1" && find . -type f ! -name '.*.belay-*' -printf '%p %m %U:%G ' -exec sha256sum {} \; | sed 's/ \.\/.*//' | sort; find . -type f | sort); }
# up_and_filled: the stack runs, its volumes hold files of every kind.
up_and_filled() {
  stack
  expect_done belay up ./shop
  fill_with_everything "$(data_of "${app}_data")"
  fill_with_everything "$(data_of "${app}_db")"
  export BELAY_BACKUPS=$work/backups backups=$work/backups
}
# another_machine: an engine without anything, a state without anything.
another_machine() {
  own_engine
  export BELAY_STATE_DIR=$place/state-of-the-other
}

test_a_project_runs_on_another_machine_from_its_backup_alone() {
  up_and_filled
  local data db site
  expect_done belay backup "$app" --stop --with-image --dry-run
  [[ $out =~ stop\ $app-web-1.*stop\ $app-db-1.*start\ $app-db-1.*start\ $app-web-1 ]] || fail 'the order of the services' '' "$out"
  backed_up --stop --with-image
  expect_done belay verify "$backup" --json
  for file in compose.yaml compose.override.yaml base.yaml inc/db.yaml .env web.env key conf/web.conf; do
    expect_equal "$file" 1 "$(jq --arg f "$work/shop/$file" '[.items[] | select(.source == $f)] | length' <<<"$out")"
  done
  expect_equal 'of the project' 6 "$(jq '[.items[] | select(.of_project)] | length' <<<"$out")"
  data=$(listing "$(data_of "${app}_data")") db=$(listing "$(data_of "${app}_db")") site=$(files_of shop)
  expect_done belay down "$app"
  rm -rf shop
  another_machine
  expect_done belay restore "$backup"
  expect_equal 'the files' "$site" "$(files_of shop)"
  expect_equal 'the volume of web' "$data" "$(listing "$(data_of "${app}_data")")"
  expect_equal 'the volume of db' "$db" "$(listing "$(data_of "${app}_db")")"
  expect is_up "$app-web-1"
  expect is_up "$app-db-1"
  expect image_exists "$prefix-image:1"
  expect image_exists "$prefix-image:2"
  expect_done belay plan ./shop
  expect_out '(unchanged|nothing to do)'
  run belay up ./shop --exit-unchanged
  expect_exit 3
  # What it is bound to counts, as it did before.
  echo "listen 81" >>shop/conf/web.conf
  expect_done belay plan ./shop
  expect_out 'web.conf: 1 line'
  expect_done belay up ./shop
  expect_done belay rollback "$app"
}

test_a_project_goes_to_another_folder_and_never_over_another_one() {
  up_and_filled
  backed_up --with-image
  expect_done belay down "$app"
  echo 'services: {}' >shop/compose.yaml
  another_machine
  local before
  before=$(files_of shop)
  expect_refused 1 belay restore "$backup"
  expect_err "shop/.* cannot get $app's data: it is there already"
  expect_equal 'the files' "$before" "$(files_of shop)"
  expect_not volume_exists "${app}_data"
  expect_done belay restore "$app" "$backup" --project-directory "$work/moved/here"
  expect_equal 'the files' "$before" "$(files_of shop)"
  expect_equal 'the bound folder' "bind $work/moved/here/site" "$(mount_at "$app-web-1" /site)"
  expect_equal 'the label' "$work/moved/here" "$(inspect "$app-web-1" '.Config.Labels["com.docker.compose.project.working_dir"]')"
  expect_equal 'the page' 'a page' "$(<moved/here/site/index)"
  expect_done belay plan moved/here
  run belay up moved/here --exit-unchanged
  expect_exit 3
  expect_refused 1 belay restore "$app" "$backup" --project-directory "$work/again"
  expect_not test -e "$work/again"
}

test_a_restore_that_fails_leaves_no_files() {
  up_and_filled
  backed_up --with-image
  expect_done belay down "$app"
  rm -rf shop
  another_machine
  head -c $(($(stat -c %s "$backup") - 3000)) "$backup" >cut.belay.tar.zst
  run belay restore cut.belay.tar.zst
  expect_exit 1
  expect_not test -e shop
  expect_equal 'the state' '' "$(belay ls 2>/dev/null | grep "$app")"
  expect_done belay restore "$backup"
  run belay up ./shop --exit-unchanged
  expect_exit 3
}

# tools ENDING [COLOUR]: a service that ends with that code and nobody waits for, beside one that runs.
tools() {
  image_exists "$prefix-image:1" || build_image 1
  cat >compose.yaml <<END
name: $app
services:
  tools:
    image: $prefix-image:1
    entrypoint: [sh, -c, "echo ran >>/data/log; exit $1"]
    volumes: ["./log:/data"]
  web:
    image: $prefix-image:1
    entrypoint: [sleep, "10000"]
    stop_grace_period: 1s
    restart: unless-stopped
    environment: {COLOUR: "${2:-red}"}
END
}
runs_of_tools() { wc -l <log/log; }

test_a_service_that_ends_with_0_and_nobody_waits_for_is_done() {
  tools 0
  expect_done belay up
  expect_equal 'runs' 1 "$(runs_of_tools)"
  expect is_down "$app-tools-1"
  expect_done belay ls --json
  expect_equal 'the state of tools' 'done' "$(jq -r --arg a "$app" '(.apps // .)[] | select(.name == $a) | .services[]? // .instances[]? | select(.service == "tools") | .state' <<<"$out")"
  # Neither the daemon's round nor a change of another service runs it again.
  run belay up --exit-unchanged
  expect_exit 3
  tools 0 blue
  expect_done belay up
  expect_equal 'the colour' 'COLOUR=blue' "$(inspect "$app-web-1" '[.Config.Env[] | select(startswith("COLOUR="))][0]')"
  expect_equal 'runs' 1 "$(runs_of_tools)"
  expect_done belay apply .
  expect_equal 'runs' 1 "$(runs_of_tools)"
  tools '0 # again' blue
  expect_done belay up
  expect_equal 'runs' 2 "$(runs_of_tools)"
  tools 3 green
  run belay up
  expect_exit 1
  expect_err 'exited with code 3; it was rolled back'
  expect_equal 'the colour' 'COLOUR=blue' "$(inspect "$app-web-1" '[.Config.Env[] | select(startswith("COLOUR="))][0]')"
  expect is_up "$app-web-1"
  expect_equal 'the end of tools' 0 "$(inspect "$app-tools-1" .State.ExitCode)"
}

test_a_project_can_ask_for_a_snapshot_at_each_change() {
  build_image 1
  project() {
    cat >compose.yaml <<END
name: $app
x-belay: {snapshot: true}
services:
  web: {image: "$prefix-image:1", entrypoint: [sh, -c, "$1"], stop_grace_period: 1s, volumes: ["data:/data"]}
  db: {image: "$prefix-image:1", entrypoint: [sleep, "10000"], stop_grace_period: 1s, volumes: ["data:/data"]}
volumes: {data: {}}
END
  }
  project 'echo first >/data/note; exec sleep 10000'
  expect_done belay up
  project 'echo second >/data/note; exec sleep 10000'
  expect_done belay plan . -v
  expect_out 'copy volume'
  expect_done belay up
  expect_done belay snapshots "$app" --json
  expect_equal 'snapshots' 1 "$(jq '(.snapshots // .) | length' <<<"$out")"
  # What fails goes back with its data.
  project 'echo bad >/data/note; exit 3'
  run belay up
  expect_exit 1
  expect_equal 'the note' second "$(<"$(data_of "${app}_data")/note")"
  expect is_up "$app-web-1"
  expect is_up "$app-db-1"
}

test_a_build_takes_what_the_file_says() {
  mkdir -p context
  (cd context && image plain)
  cat >compose.yaml <<END
name: $app
services:
  web:
    image: $prefix-built
    stop_grace_period: 1s
    build:
      context: ./context
      dockerfile_inline: |
        FROM scratch
        COPY rootfs /
        ARG WORD
        LABEL word=\$\$WORD
        ENTRYPOINT ["sleep", "10000"]
      args: {WORD: hello}
      labels: {by: compose}
      cache_from: ["$prefix-other"]
      extra_hosts: ["somewhere=127.0.0.1"]
      shm_size: 128m
      ulimits: {nofile: 1000}
END
  expect_done belay up
  expect_equal 'the label of the Dockerfile' hello "$(api GET "/images/$prefix-built/json" | jq -r .Config.Labels.word)"
  expect_equal 'the label of the build' compose "$(api GET "/images/$prefix-built/json" | jq -r .Config.Labels.by)"
  expect is_up "$app-web-1"
  # What needs another builder is used where it is there.
  sed -i 's/^      context: .*/&\n      ssh: [default]/' compose.yaml
  local web
  web=$(inspect "$app-web-1" .Id)
  expect_done belay up
  expect_err 'services.web.build.ssh.*the image is used if it is there, and cannot be built here'
  expect_equal 'the container' "$web" "$(inspect "$app-web-1" .Id)"
  expect_refused 1 belay up --build
  expect_err 'compose.yaml:[0-9]*:[0-9]*: services.web.build.ssh needs docker buildx'
  run belay build
  expect_err 'compose.yaml:[0-9]*:[0-9]*: services.web.build.ssh needs docker buildx'
  printf 'services: {web: {build: "https://example.com/shop.git"}}\n' >compose.yaml
  expect_refused 1 belay plan .
  expect_err 'context that is not a folder of this host'
}

run_tests "$@"
