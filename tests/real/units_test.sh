#!/bin/bash
# Units: read, brought up, changed, stopped, restarted and taken down on a real engine, under Belay's grammar and under
# the face docker_start.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export BELAY_SETTLE=1s

# A configuration directory in ./conf with the unit $app: a data container, a server with its volumes, and a viewer that
# links to it. $1: what the server runs, $2: a variable of its.
configuration() {
  image_exists "$prefix-image:1" || build_image 1
  mkdir -p conf/environments conf/units/"$app" conf/services/viewer
  export DOCKERSTRA_CONF=$PWD/conf
  cat >conf/environments/host.yaml <<END
image: $prefix-image:1
END
  cat >conf/units/"$app"/start.yaml <<END
${app}-data:
  create: {image: "{{ image }}", volumes: [/repos], entrypoint: [sh, -c, "date >/repos/made"]}
${app}-git:
  create:
    image: "{{ image }}"
    entrypoint: [sh, -c, "$1"]
    environment: {COLOUR: "${2:-red}", GREETING: "{{ args.greeting }}"}
  start: {volumes_from: ${app}-data, mem_limit: 64m}
${app}-view:
  create: {image: "{{ image }}", entrypoint: [sleep, "10000"], name: ${app}-viewer}
  start: {links: {${app}-git: git}, volumes_from: ["${app}-data:ro"]}
---
- ${app}-data: {command: create}
- ${app}-git: {command: start, timeout: 1}
- ${app}-view: {command: start, timeout: 1, variants: [view]}
---
- add_argument: {name: --greeting, choices: [hello, moin], default: hello}
END
}
stays_up='exec sleep 10000'
id_of() { inspect "$1" .Id; }
variable() { inspect "$1" "[.Config.Env[] | select(startswith(\"$2=\"))][0]"; }

test_a_unit_comes_up_and_only_what_changes_is_exchanged() {
  configuration "$stays_up"
  expect_done belay unit run --dry-run "$app"
  expect_out "$app-git"
  expect_not exists "$app-git"
  expect_done belay unit run "$app" --greeting moin
  expect is_up "$app-git"
  expect is_up "$app-viewer"
  expect is_down "$app-data"
  expect_equal 'the argument' GREETING=moin "$(variable "$app-git" GREETING)"
  expect_equal 'the volume' "volume $app-data_repos" "$(mount_at "$app-git" /repos)"
  expect_equal 'the limit' 67108864 "$(inspect "$app-git" .HostConfig.Memory)"
  run belay unit run --exit-unchanged "$app" --greeting moin
  expect_exit 3
  local viewer git
  git=$(id_of "$app-git")
  viewer=$(id_of "$app-viewer")
  configuration "$stays_up" blue
  expect_done belay unit run "$app" --greeting moin
  expect_equal 'the variable' COLOUR=blue "$(variable "$app-git" COLOUR)"
  expect_equal 'there is a new one' no "$([ "$git" = "$(id_of "$app-git")" ] && echo yes || echo no)"
  expect_done belay rollback "$app"
  expect_equal 'the variable' COLOUR=red "$(variable "$app-git" COLOUR)"
}

test_a_unit_that_fails_leaves_what_ran() {
  configuration "$stays_up"
  expect_done belay unit run "$app"
  configuration 'exit 1' blue
  run belay unit run "$app"
  expect_exit 1
  expect is_up "$app-git"
  expect_equal 'the variable' COLOUR=red "$(variable "$app-git" COLOUR)"
}

# The orders of start are carried out together: it is not always the first of them that fails.
test_what_fails_among_orders_that_go_together_is_named() {
  configuration 'exit 1'
  run belay unit run "$app"
  expect_exit 1
  expect_err "start.yaml:14:3: the order start to $app-git failed"
  configuration "$stays_up"
  expect_done belay unit run "$app"
  sed -i 's/entrypoint: .sleep, "10000"./entrypoint: ["false"]/' conf/units/"$app"/start.yaml
  run belay unit run "$app"
  expect_exit 1
  expect_err "start.yaml:15:3: the order start to $app-view failed"
  expect is_up "$app-viewer"
}

test_its_commands_stop_restart_and_take_down() {
  configuration "$stays_up"
  expect_done belay unit run "$app"
  local started
  started=$(inspect "$app-git" .State.StartedAt)
  expect_done belay unit run "$app/restart"
  expect_equal 'it was restarted' no "$([ "$started" = "$(inspect "$app-git" .State.StartedAt)" ] && echo yes || echo no)"
  expect_done belay unit run "$app/stop"
  expect is_down "$app-git"
  expect is_down "$app-viewer"
  expect_done belay unit run "$app"
  expect is_up "$app-git"
  expect_done belay unit run "$app/cleanup"
  expect_not exists "$app-git"
  expect volume_exists "$app-data_repos"
}

test_variants_leave_out_what_is_not_theirs() {
  configuration "$stays_up"
  sed -i "s/timeout: 1}/timeout: 1, variants: [git]}/" conf/units/"$app"/start.yaml
  expect_done belay unit run "$app:git"
  expect is_up "$app-git"
  expect_not exists "$app-viewer"
  expect_refused 2 belay unit run "$app:gti"
  expect_err "has no variant 'gti'"
}

test_what_cannot_be_done_is_refused_before_anything_is() {
  configuration "$stays_up"
  cat >conf/units/"$app"/move.yaml <<END
import: $app/start
---
- ${app}-data: {command: create}
- ${app}-git: {command: start}
- host: {command: tests, tests: [start]}
END
  expect_refused 1 belay unit run "$app/move"
  expect_err "move.yaml:5:34: 'start' is no test"
  expect_not exists "$app-git"
  orders "{$app-git: {command: execute}}"
  expect_refused 1 belay unit run "$app/orders"
  expect_err "orders.yaml:3:4: the order to $app-git does not say what to \"run\""
  orders "{$app-git: {command: execute, run: ls, type: running}}"
  expect_refused 1 belay unit run "$app/orders"
  expect_err "\"type\" cannot be 'running'"
  orders "{$app-git: {command: tag}}"
  expect_refused 1 belay unit run "$app/orders"
  orders "{$app-git: {command: commit, conf: {Hostname: git}}}"
  expect_refused 1 belay unit run "$app/orders"
  expect_err '"Hostname" cannot be committed'
  expect_refused 2 belay unit run "$app" --greeting servus
  expect_err "argument --greeting: invalid choice: 'servus' \(choose from 'hello', 'moin'\)"
  expect_refused 2 belay unit run --keep-going "$app/start"
}

# ending COMMAND ORDER…: the unit's own $app/COMMAND (stop, cleanup, purge), of which the first order fails.
ending() {
  printf 'import: %s/start\n---\n- host: {command: execute, run: "exit 3", shell: true}\n' "$app" >conf/units/"$app"/"$1".yaml
  printf -- '- %s\n' "${@:2}" >>conf/units/"$app"/"$1".yaml
}

test_what_fails_at_the_end_stops_the_rest_or_does_not() {
  configuration "$stays_up"
  ending stop "$app-view: {command: stop}" "$app-git: {command: stop}"
  ending cleanup "$app-view: {command: remove}"
  ending purge "$app-git: {command: remove, v: true}"
  expect_done belay unit run "$app"
  expect_refused 1 belay unit run "$app/stop"
  expect_err "stop.yaml:3:3: the order execute to host"
  expect_out 'host +execute +failed'
  expect_out "$app-git +stop +not run"
  expect is_up "$app-git"
  expect is_up "$app-viewer"

  run belay unit run --keep-going "$app/stop"
  expect_exit 1
  expect_err "stop.yaml:3:3: the order execute to host"
  expect_out 'host +execute +failed'
  expect_out "$app-view +stop +done"
  expect is_down "$app-git"
  expect is_down "$app-viewer"

  run belay unit run --keep-going "$app/cleanup"
  expect_exit 1
  expect_not exists "$app-viewer"
  expect exists "$app-git"
  expect_refused 1 belay unit run --yes-lose-data "$app" "$app/purge"
  expect exists "$app-git"
  run belay unit run --keep-going --yes-lose-data "$app" "$app/purge"
  expect_exit 1
  expect_not exists "$app-git"
}

# orders ORDER…: the command $app/orders on the containers of start.
orders() {
  printf 'import: %s/start\n---\n' "$app" >conf/units/"$app"/orders.yaml
  printf -- '- %s\n' "$@" >>conf/units/"$app"/orders.yaml
}

test_commands_run_where_they_are_asked_to() {
  configuration "$stays_up"
  orders "host: {command: execute, run: 'echo \$0 here >>$PWD/said; echo heard; echo wrong >&2', shell: true}"
  expect_done belay unit run "$app/orders"
  expect_equal 'what the host ran' 'sh here' "$(<said)"
  expect_out heard
  expect_err wrong
  orders "$app-git: {command: execute, run: [cat, /repos/made]}"
  run belay unit run "$app/orders"
  expect_exit 1
  expect_err "orders.yaml:3:3: the order execute to $app-git: there is no container $app-git yet"
  expect_done belay unit run "$app"
  local before git
  git=$(id_of "$app-git")
  before=$(world)
  expect_done belay unit run "$app/orders"
  expect_out '20[0-9][0-9]'
  orders "$app-git: {command: execute, type: in_running, run: 'env >/tmp/seen; echo \$GREETING', shell: true}"
  expect_done belay unit run "$app/orders"
  expect_out '^hello'
  expect_equal 'it is the same container' "$git" "$(id_of "$app-git")"
  orders "$app-git: {command: execute, type: temporary, run: [cat, /repos/made]}"
  run belay unit run "$app/orders"
  expect_exit 1
  expect_err 'the command ended with exit code 1'
  orders "$app-git: {command: execute, type: temporary, run: [cat, /here/said], binds: {'\${PWD}': {bind: /here, ro: true}}}"
  expect_done belay unit run "$app/orders"
  expect_out 'sh here'
  expect_done belay stop "$app/$app-git"
  orders "$app-git: {command: execute, type: in_running, run: [cat, /www/index.html]}"
  expect_done belay unit run "$app/orders"
  expect_out '^1'
  expect_done belay start "$app/$app-git"
  expect_equal 'nothing is left of them' "$before" "$(world)"
}

test_words_of_commands_have_fields_of_containers() {
  configuration "$stays_up"
  expect_done belay unit run "$app"
  orders "host: {command: execute, run: [echo, 'address=[[.NetworkSettings.Networks.$app.IPAddress]]($app-git)']}" \
    "$app-git: {command: execute, type: in_running, run: [echo, 'name={{.Name}}($app-view)']}"
  expect_done belay unit run "$app/orders"
  expect_out "address=$(inspect "$app-git" ".NetworkSettings.Networks[\"$app\"].IPAddress")"
  expect_out "name=/$app-viewer"
}

test_orders_are_told_with_what_came_of_each() {
  configuration "$stays_up"
  orders "$app-data: {command: create}" "$app-git: {command: start, wait: 1.5}" \
    "host: {command: execute, run: ['false']}" "$app-view: {command: start}"
  local began=$SECONDS
  run belay unit run --json "$app/orders"
  expect_exit 1
  expect [ $((SECONDS - began)) -ge 1 ]
  expect is_up "$app-git"
  expect_not exists "$app-viewer"
  expect_equal 'the results' "$app-data create done 3
$app-git start done 4
host execute failed 5
$app-view start not_run 6" "$(jq -r '.orders[] | "\(.container) \(.order) \(.result) \(.line)"' <<<"$out")"
  expect_equal 'the file' "$PWD/conf/units/$app/orders.yaml" "$(jq -r '.orders[0].file' <<<"$out")"
  expect_equal 'the time' true "$(jq '.orders[2].duration_ms >= 0 and .orders[3].duration_ms == null' <<<"$out")"
  expect_err '"code":"program_failed"'
  run belay unit run "$app/orders"
  expect_exit 1
  expect_out "$app-git +start +unchanged"
  expect_out "$app-view +start +not run"
  expect_err "orders.yaml:5:3: the order execute to host: the command ended with exit code 1"
}

test_an_order_that_hangs_ends_in_time_and_with_ctrl_c() {
  configuration "$stays_up"
  orders "host: {command: execute, run: [sleep, '100']}"
  run belay unit run --timeout 1s "$app/orders"
  expect_exit 1
  expect_err 'it has not ended within 1 s'
  orders "$app-git: {command: execute, type: temporary, run: [sleep, '100']}"
  local before
  before=$(world)
  run belay unit run --timeout 2s "$app/orders"
  expect_exit 1
  expect_err 'it has not ended within 2 s'
  expect_equal 'nothing is left' "$before" "$(world)"
  background belay unit run "$app/orders" >/dev/null 2>&1
  eventually another_container
  kill -INT "$pid"
  ended "$pid"
  expect_equal 'exit code' 130 "$code"
  expect_equal 'nothing is left' "$before" "$(world)"
}
another_container() { api GET "/containers/json?filters=$(filter label "belay.temporary=$app")" | jq -e 'length == 1' >/dev/null; }

test_images_are_tagged_committed_pushed_and_removed() {
  configuration "$stays_up"
  start_registry secret
  mkdir -p "$HOME/.docker"
  printf '{"auths": {"%s": {"auth": "%s"}}}' "$registry" "$(printf belay:secret | base64)" >"$HOME/.docker/config.json"
  orders "$app-git: {command: tag, tag: kept}" "$app-git: {command: tag, repository: $registry/$prefix-git, tag: v1}" \
    "$app-git: {command: push, repository: $registry/$prefix-git, tag: v1}"
  expect_done belay unit run "$app/orders"
  expect_equal 'the tag' "$(image_id "$prefix-image:1")" "$(image_id "$prefix-image:kept")"
  expect_equal 'the registry has it' '["v1"]' "$(curl -s -u belay:secret "http://$registry/v2/$prefix-git/tags/list" | jq -c .tags)"
  orders "$app-git: {command: commit, tag: kept, message: m, author: Ada, changes: ['LABEL stage=test']}"
  run belay unit run "$app/orders"
  expect_exit 1
  expect_err "there is no container $app-git yet"
  expect_done belay unit run "$app"
  orders "$app-git: {command: execute, type: in_running, run: [touch, /kept]}" \
    "$app-git: {command: commit, tag: kept, message: m, author: Ada, conf: {User: '7', Env: ['A=x \$y'], StopSignal: SIGINT}, changes: ['LABEL stage=test']}"
  expect_done belay unit run "$app/orders"
  expect_equal 'its settings' '7 A=x $y' "$(api GET "/images/$prefix-image:kept/json" | jq -r '.Config | .User + " " + (.Env[] | select(startswith("A=")))')"
  expect_equal 'its signal' SIGINT "$(api GET "/images/$prefix-image:kept/json" | jq -r .Config.StopSignal)"
  expect_equal 'its label' test "$(api GET "/images/$prefix-image:kept/json" | jq -r .Config.Labels.stage)"
  expect_equal 'no label of ours' '' "$(api GET "/images/$prefix-image:kept/json" | jq -r '.Config.Labels["belay.app"]')"
  expect is_up "$app-git"
  cat >conf/units/"$app"/start.yaml <<END
${app}-git:
  create: {image: "$prefix-image:kept", entrypoint: [ls, /kept]}
---
- ${app}-git: {command: start}
END
  orders "$app-git: {command: execute, type: temporary, run: [ls, /kept]}" "$app-git: {command: remove_image}" \
    "$app-git: {command: remove_image}"
  expect_done belay unit run "$app/orders"
  expect_not image_exists "$prefix-image:kept"
  expect_out "$app-git +remove_image +done"
  expect_out "$app-git +remove_image +unchanged"
}

test_a_container_is_removed_and_comes_back() {
  configuration "$stays_up"
  expect_done belay unit run "$app"
  local git
  git=$(id_of "$app-git")
  orders "$app-view: {command: remove}"
  expect_done belay unit run --dry-run "$app/orders"
  expect_out "remove container $app-viewer"
  expect exists "$app-viewer"
  expect_done belay unit run "$app/orders"
  expect_not exists "$app-viewer"
  expect_equal 'the other is untouched' "$git" "$(id_of "$app-git")"
  expect_done belay unit run "$app/orders"
  expect_out "$app-view +remove +unchanged"
  expect_done belay unit run "$app"
  expect is_up "$app-viewer"
  expect_equal 'the other is untouched' "$git" "$(id_of "$app-git")"
  orders "$app-view: {command: remove, v: true}" "$app-git: {command: remove, v: true}" "$app-data: {command: remove, v: true}"
  expect_refused 2 belay unit run "$app/orders"
  expect_err "--yes-lose-data $app $app/orders"
  expect_refused 2 belay unit run --yes-lose-data other "$app/orders"
  expect volume_exists "$app-data_repos"
  expect_done belay unit run --yes-lose-data "$app" "$app/orders"
  expect_not exists "$app-git"
  expect_not exists "$app-data"
  expect_not volume_exists "$app-data_repos"
  expect_done belay unit run "$app"
  expect is_up "$app-git"
  expect volume_exists "$app-data_repos"
}

# start_orders ORDER…: these are the orders of $app/start.
start_orders() {
  local file=conf/units/$app/start.yaml
  sed -i '/^---/,$d' "$file"
  printf -- '---\n' >>"$file"
  printf -- '- %s\n' "$@" >>"$file"
}
started_at() { inspect "$1" .State.StartedAt; }

test_a_container_that_is_restarted_stays_part_of_the_unit() {
  configuration "$stays_up"
  sed -i 's/{{ args.greeting }}/hello/' conf/units/"$app"/start.yaml
  start_orders "$app-data: {command: create}" "$app-git: {command: start, timeout: 1}" \
    "$app-view: {command: start, restart: true, timeout: 1}"
  # It is made where it is missing, and then not restarted: it has just been started.
  expect_done belay unit run "$app"
  expect is_up "$app-git"
  expect is_up "$app-viewer"
  local git viewer id
  git=$(started_at "$app-git") viewer=$(started_at "$app-viewer") id=$(id_of "$app-viewer")
  expect_done belay unit run --dry-run "$app"
  expect_out "stop $app-viewer — restart"
  expect_equal 'not yet' "$viewer" "$(started_at "$app-viewer")"
  expect_done belay unit run "$app"
  expect_equal 'the other runs on' "$git" "$(started_at "$app-git")"
  expect_equal 'it is the same' "$id" "$(id_of "$app-viewer")"
  expect_not [ "$viewer" = "$(started_at "$app-viewer")" ]
  # What changes starts anew, once.
  sed -i "s/name: ${app}-viewer/name: ${app}-viewer, labels: [l]/" conf/units/"$app"/start.yaml
  run belay unit run --dry-run "$app"
  expect_not_out "— restart "
  expect_done belay unit run "$app"
  expect_not [ "$id" = "$(id_of "$app-viewer")" ]
  expect is_up "$app-viewer"
  expect_equal 'the other runs on' "$git" "$(started_at "$app-git")"
  # Alone, where it is stopped, and where a file of its own says so.
  expect_done belay stop "$app/$app-view"
  orders "$app-view: {command: start, restart: true}"
  expect_done belay unit run "$app/orders"
  expect is_up "$app-viewer"
  viewer=$(started_at "$app-viewer")
  expect_done belay unit run "$app/orders"
  expect_not [ "$viewer" = "$(started_at "$app-viewer")" ]
  expect_equal 'the other runs on' "$git" "$(started_at "$app-git")"
  expect_done belay unit run --yes-lose-data "$app" "$app/purge"
  orders "$app-data: {command: create}" "$app-git: {command: start, restart: true}"
  expect_done belay unit run "$app/orders"
  expect is_up "$app-git"
}

test_orders_of_start_are_about_their_containers_alone() {
  configuration "$stays_up"
  sed -i 's/{{ args.greeting }}/hello/' conf/units/"$app"/start.yaml
  expect_done belay unit run "$app:view"
  local git
  git=$(started_at "$app-git")
  mkdir kept
  start_orders "$app-data: {command: create}" "$app-git: {command: start, timeout: 1}" \
    "$app-view: {command: start, timeout: 1}" "$app-git: {command: backup, backup_dir: kept, backup_name: seed}" \
    "$app-view: {command: stop, timeout: 1}"
  expect_done belay unit run "$app"
  expect [ -f kept/seed.tar.gz ]
  expect is_down "$app-viewer"
  expect_equal 'the other runs on' "$git" "$(started_at "$app-git")"
  start_orders "$app-data: {command: create}" "$app-git: {command: start, timeout: 1}" \
    "$app-view: {command: start, timeout: 1}" "$app-view: {command: remove, v: true}"
  expect_done belay unit run --yes-lose-data "$app" "$app"
  expect_not exists "$app-viewer"
  expect volume_exists "$app-data_repos"
  expect_equal 'the other runs on' "$git" "$(started_at "$app-git")"
  expect_done belay exec "$app/$app-git" sh -c 'echo later >/repos/made'
  start_orders "$app-data: {command: create}" "$app-git: {command: start, timeout: 1}" \
    "$app-git: {command: restore, restore_dir: kept, restore_name: seed}"
  expect_done belay unit run "$app"
  expect_done belay exec "$app/$app-git" cat /repos/made
  expect_out '20[0-9][0-9]'
}

test_a_container_of_a_stranger_is_not_taken_for_the_units() {
  configuration "$stays_up"
  sed -i 's/{{ args.greeting }}/hello/' conf/units/"$app"/start.yaml
  local name
  for name in "$app-data" "$app-git" "$app-viewer"; do
    post "/containers/create?name=$name" "{\"Image\": \"$prefix-image:1\", \"Entrypoint\": [\"sleep\", \"1000\"]}" >/dev/null
  done
  api POST "/containers/$app-git/start" >/dev/null
  expect_refused 1 belay unit run "$app/create"
  expect_err "the container $app-data is not one of the unit $app"
  expect_refused 1 belay unit run --dry-run "$app/create"
  orders "$app-git: {command: remove, link: true}"
  expect_refused 1 belay unit run "$app/orders"
  expect_err "the container $app-git is not one of the unit $app"
  orders "$app-git: {command: commit, tag: kept}"
  expect_refused 1 belay unit run "$app/orders"
  orders "host: {command: execute, run: [echo, '{{.Name}}($app-git)']}"
  expect_refused 1 belay unit run "$app/orders"
}

knows_as() { inspect "$app-git" ".NetworkSettings.Networks[\"$app\"].Aliases // [] | index(\"$1\") != null" | grep -q true; }

test_containers_are_made_and_down_until_they_are_started() {
  configuration "$stays_up"
  expect_done belay unit run --dry-run "$app/create"
  expect_out "create container $app-git"
  expect_not exists "$app-git"
  expect_done belay unit run "$app/create"
  expect_equal 'it was never started' created "$(inspect "$app-git" .State.Status)"
  expect_equal 'nor the data container' created "$(inspect "$app-data" .State.Status)"
  local git
  git=$(id_of "$app-git")
  run belay unit run --exit-unchanged "$app/create"
  expect_exit 3
  expect_done belay unit run "$app"
  expect is_up "$app-git"
  expect is_up "$app-viewer"
  expect_equal 'it is the same' "$git" "$(id_of "$app-git")"
  expect_done belay unit run "$app/stop"
  api DELETE "/containers/$app-viewer?force=1" >/dev/null
  expect_done belay unit run "$app/create"
  expect_equal 'it is made' created "$(inspect "$app-viewer" .State.Status)"
  expect is_down "$app-git"
  # A link is taken away, and is there again when the unit is made as its file says.
  expect_done belay unit run "$app"
  orders "$app-git: {command: remove, link: true}"
  expect_done belay unit run "$app/orders"
  expect_not knows_as git
  expect is_up "$app-git"
  expect_done belay unit run "$app/orders"
  expect_out "remove +unchanged"
  orders "$app-view: {command: remove, v: false, force: true}"
  expect_done belay unit run "$app/orders"
  expect_not exists "$app-viewer"
  expect_done belay unit run "$app"
  expect is_up "$app-viewer"
  # A container that is down keeps an image, unless that is forced.
  build_image 2
  post "/containers/create?name=$prefix-user" "{\"Image\": \"$prefix-image:2\"}" >/dev/null
  printf '%s-it: {create: {image: "%s-image:2"}}\n---\n- %s-it: {command: remove_image}\n- %s-it: {command: remove_image, force: true, noprune: true}\n' \
    "$app" "$prefix" "$app" "$app" >conf/units/"$app"/image.yaml
  expect_done belay unit run "$app/image"
  expect_out "remove_image +unchanged"
  expect_out "remove_image +done"
  expect_not image_exists "$prefix-image:2"
}

test_purge_leaves_nothing() {
  configuration "$stays_up"
  mkdir -p conf/services/built
  printf 'FROM %s-image:1\nLABEL own=1\n' "$prefix" >conf/services/built/Dockerfile
  sed -i "s|^${app}-git:|&\n  build: {path: services/built, tag: \"$prefix-built:1\"}|; /^${app}-git:/,/entrypoint/{/    image:/d}" conf/units/"$app"/start.yaml
  expect_done belay unit run "$app"
  api POST "/images/$prefix-image:1/tag?repo=$prefix-image&tag=other" >/dev/null
  expect_refused 2 belay unit run "$app/purge"
  expect_err "belay backup $app keeps a copy"
  expect_done belay unit run --dry-run "$app/purge"
  expect_out "remove volume $app-data_repos AND ITS DATA"
  expect exists "$app-git"
  expect_done belay unit run --yes-lose-data "$app" "$app/purge"
  expect_equal 'the containers' '' "$(containers "$app")"
  expect_not volume_exists "$app-data_repos"
  expect_not network_exists "$app"
  expect_not image_exists "$prefix-built:1"
  expect image_exists "$prefix-image:1"
  expect image_exists "$prefix-image:other"
  run belay ls
  expect_not_out "$app"
  # What is not there is gone already.
  local verb
  for verb in stop cleanup purge; do
    run belay unit run --exit-unchanged --yes-lose-data "$app" "$app/$verb"
    expect_exit 3
    expect_out "nothing to"
  done
}

test_what_is_not_there_is_stopped_and_removed_already() {
  configuration "$stays_up"
  sed -i 's/{{ args.greeting }}/hello/' conf/units/"$app"/start.yaml
  start_orders "$app-git: {command: remove, v: true}" "$app-view: {command: stop, timeout: 1}" "$app-data: {command: remove}" \
    "$app-data: {command: create}" "$app-git: {command: start, timeout: 1}"
  # Before the unit is there, where all that was there has failed, where it is there, and where it is down.
  run belay unit run --dry-run "$app"
  expect_exit 0
  expect_out 'nothing to'
  sed -i "s/$stays_up/exit 1/" conf/units/"$app"/start.yaml
  run belay unit run --yes-lose-data "$app" "$app"
  expect_exit 1
  expect_out "$app-git +start +failed"
  run belay unit run --yes-lose-data "$app" "$app"
  expect_out "$app-git +start +failed"
  sed -i "s/exit 1/$stays_up/" conf/units/"$app"/start.yaml
  expect_done belay unit run --yes-lose-data "$app" "$app"
  expect_out "$app-view +stop +unchanged"
  expect is_up "$app-git"
  expect_done belay unit run --yes-lose-data "$app" "$app"
  expect_out "$app-git +remove +done"
  expect_out "$app-view +stop +unchanged"
  expect is_up "$app-git"
  expect_done belay unit run "$app/stop"
  expect_done belay unit run --yes-lose-data "$app" "$app"
  expect is_up "$app-git"
  # A state that was lost knows nothing: that is no reason to think so.
  run env BELAY_STATE_DIR="$place/other" belay unit run "$app/stop"
  expect_exit 1
  expect_err 'belay recover'
  expect is_up "$app-git"
}

test_a_link_leads_to_another_host_where_the_container_is_not_here() {
  configuration "$stays_up"
  sed -i "s/links: {${app}-git: git}/links: {$app2-mail: mail, $app2-news: news}/" conf/units/"$app"/start.yaml
  printf 'links:\n  hosts: {%s-mail: 192.0.2.7}\n' "$app2" >conf/environments/other.yaml
  expect_refused 1 belay unit run "$app"
  expect_err "the container $app2-news is not on this host"
  printf '#!/bin/sh\n[ "$2" = %s-news ] && echo 192.0.2.8\n' "$app2" >where
  chmod +x where
  printf '  resolver: [%s, at]\n' "$PWD/where" >>conf/environments/other.yaml
  expect_done belay unit run "$app"
  expect_equal 'the hosts' "mail:192.0.2.7 $app2-mail:192.0.2.7 news:192.0.2.8 $app2-news:192.0.2.8" \
    "$(inspect "$app-viewer" '.HostConfig.ExtraHosts | join(" ")')"
  expect_done belay unit run "$app"
  expect_out unchanged
  post "/containers/create?name=$app2-mail" "{\"Image\": \"$prefix-image:1\", \"Entrypoint\": [\"sleep\", \"1000\"]}" >/dev/null
  api POST "/containers/$app2-mail/start" >/dev/null
  expect_done belay unit run "$app"
  expect_equal 'the hosts' "news:192.0.2.8 $app2-news:192.0.2.8" "$(inspect "$app-viewer" '.HostConfig.ExtraHosts | join(" ")')"
  expect_equal 'the link' "/$app2-mail:/$app-viewer/mail" "$(inspect "$app-viewer" '.HostConfig.Links[0]')"
}

test_a_unit_is_backed_up_and_restored_as_a_whole() {
  configuration "$stays_up"
  export BELAY_BACKUPS=$PWD/backups
  expect_done belay unit run "$app"
  expect_done belay unit run --dry-run "$app/backup"
  expect_not [ -e backups ]
  expect_done belay unit run "$app/backup"
  expect_out "$app-git +backup +done"
  expect_done belay exec "$app/$app-git" sh -c 'echo later >/repos/made'
  expect_done belay unit run "$app/restore"
  expect_done belay exec "$app/$app-git" cat /repos/made
  expect_out '20[0-9][0-9]'
  expect is_up "$app-viewer"
}

test_a_container_is_backed_up_and_restored_as_a_plain_archive() {
  configuration "$stays_up"
  expect_done belay unit run "$app"
  mkdir kept
  orders "$app-git: {command: backup, backup_dir: kept, backup_name: repos, source: /repos}"
  expect_done belay unit run --dry-run "$app/orders"
  expect_not [ -e kept/repos.tar.gz ]
  expect_done belay unit run "$app/orders"
  expect_equal 'its names' 'repos/made' "$(tar -tzf kept/repos.tar.gz | grep made)"
  run belay unit run "$app/orders"
  expect_exit 1
  orders "$app-git: {command: backup, source: /elsewhere}"
  run belay unit run "$app/orders"
  expect_exit 1
  expect_err "has nothing mounted at /elsewhere"
  orders "$app-git: {command: restore}"
  expect_refused 1 belay unit run "$app/orders"
  expect_done belay exec "$app/$app-git" sh -c 'echo later >/repos/made'
  orders "$app-git: {command: restore, restore_dir: kept, restore_name: repos}"
  expect_done belay unit run "$app/orders"
  expect_done belay exec "$app/$app-git" cat /repos/made
  expect_out '20[0-9][0-9]'
  run belay snapshots "$app"
  expect_out s1
}

test_build_pulls_and_builds_what_is_missing() {
  configuration "$stays_up"
  printf 'FROM %s-image:1\nENV SEEN=1\n' "$prefix" >conf/services/viewer/Dockerfile
  sed -i "s/create: {image: \"{{ image }}\", entrypoint: \[sleep/build: {path: services\/viewer, tag: $prefix-view}\n  create: {entrypoint: [sleep/" \
    conf/units/"$app"/start.yaml
  expect_done belay unit run "$app/build"
  expect image_exists "$prefix-view"
  expect_not exists "$app-git"
  expect_out '1 image built or pulled'
}

test_the_face_says_the_same() {
  configuration "$stays_up"
  expect_done belay as docker_start list --units
  expect_out "$app/cleanup"
  expect_done belay as docker_start run --print-unit "$app/stop"
  expect_out "command: stop"
  expect_done belay as docker_start -c conf run "$app/start" --greeting moin
  expect_equal 'the argument' GREETING=moin "$(variable "$app-git" GREETING)"
  expect_done belay as docker_start help "$app"
  expect_out '--greeting'
  expect_done belay as docker_start init "$PWD/new"
  expect_done belay as docker_start -c new run --print-unit hello
  expect_out 'port_bindings'
}

run_tests "$@"
