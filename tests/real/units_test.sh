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
- host: {command: execute, run: [touch, $PWD/touched]}
END
  expect_refused 1 belay unit run "$app/move"
  expect_err "move.yaml:5:3: the order \"execute\" to host cannot be done"
  expect_not exists "$app-git"
  expect_refused 1 belay unit run "$app/purge"
  expect_err "belay remove $app --volumes"
  expect_refused 2 belay unit run "$app" --greeting servus
  expect_err "argument --greeting: invalid choice: 'servus' \(choose from 'hello', 'moin'\)"
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
