#!/bin/bash
# The Ansible collection in ansible/, run by ansible-playbook on this machine: in check mode nothing changes, a second run
# changes nothing, and what Belay says is what the task says.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
own_mounts "$@"

ansible=$(realpath "$here/../../ansible")

# What ansible-playbook needs to find the collection.
collection() {
  export ANSIBLE_HOME=$place/ansible ANSIBLE_COLLECTIONS_PATH=$place/collections ANSIBLE_LOCAL_TEMP=$place/tmp
  export ANSIBLE_NOCOLOR=1 ANSIBLE_STDOUT_CALLBACK=results ANSIBLE_CALLBACK_PLUGINS=$here/ansible ANSIBLE_LOCALHOST_WARNING=0 ANSIBLE_INVENTORY_UNPARSED_WARNING=0
  export PYTHONDONTWRITEBYTECODE=1 ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3 LC_ALL=C.UTF-8
  [ -z "${1:-}" ] || return 0
  mkdir -p "$ANSIBLE_COLLECTIONS_PATH/ansible_collections/belay"
  ln -s "$ansible" "$ANSIBLE_COLLECTIONS_PATH/ansible_collections/belay/host"
}
# playbook: the tasks on standard input, as the file play.yml.
playbook() {
  { printf -- '- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n'; sed 's/^/    /'; } >play.yml
}
play() { run ansible-playbook play.yml "$@"; }
# task NAME JQ: of the result of that task in the last run.
task() { jq -r --arg name "$1" "[.tasks[] | select(.name == \$name).result][0] | $2" <<<"$out"; }
changes() { jq -r .stats.changed <<<"$out"; }
failures() { jq -r .stats.failures <<<"$out"; }

definition() {  # NAME TEXT
  printf '{"image": "%s", "env": {"SAYS": "%s"}, "update": {"pull": false}}\n' "$prefix-image:1" "$2" >"defs/$1.json"
}

test_a_playbook_that_is_run_twice_changes_nothing_the_second_time() {
  local before
  collection installed
  # As a user installs it.
  expect_done ansible-galaxy collection install "$ansible" -p "$ANSIBLE_COLLECTIONS_PATH"
  build_image 1
  mkdir defs
  definition "$app2" one
  playbook <<END
- name: apply
  belay.host.apply: {path: $PWD/defs}
- name: app
  belay.host.app: {name: $app, image: "$prefix-image:1", autostart: last}
- name: backup
  belay.host.backup: {name: $app2, place: $place/backups, max_age: 1h}
  when: not ansible_check_mode
END
  # Check mode plans and does nothing.
  before=$(world)
  play --check --diff
  expect_exit 0
  expect_equal 'changed' 2 "$(changes)"
  expect_equal 'the engine' "$before" "$(world)"
  expect_equal 'the step of the app' true "$(task app '.plan | any(startswith("  1. create container"))')"
  expect_equal 'the difference' true "$(task apply '.diff[0].prepared | contains("create container")')"

  play
  expect_exit 0
  expect_equal 'changed' 3 "$(changes)"
  expect_equal 'the app' running "$(task app .app.state)"
  expect_equal 'its mark' last "$(task app .app.autostart)"
  expect_equal 'the outcome' 'done' "$(task apply '.apps[0].outcome')"
  expect test -e "$(task backup .backup.file)"

  play
  expect_exit 0
  expect_equal 'changed' 0 "$(changes)"
  expect test -e "$(task backup .newest.file)"

  # A changed definition: its difference is the task's, first only shown, then made.
  definition "$app2" two
  play --check --diff
  expect_equal 'changed' 1 "$(changes)"
  expect_equal 'the difference' true "$(task apply '.diff[0].prepared | contains("env.SAYS: one → two")')"
  play --diff
  expect_exit 0
  expect_equal 'changed' 1 "$(changes)"
  expect_equal 'the release' r2 "$(task apply '.apps[0].running')"
}

test_the_states_of_an_app() {
  collection
  build_image 1
  build_image 2
  build_image broken crashy
  playbook <<END
- {name: first, belay.host.app: {name: $app, image: "$prefix-image:1"}}
- {name: second, belay.host.app: {name: $app, image: "$prefix-image:2"}}
- {name: stopped, belay.host.app: {name: $app, state: stopped}}
- {name: stopped again, belay.host.app: {name: $app, state: stopped}}
- {name: back, belay.host.app: {name: $app, release: r1}}
- {name: broken, belay.host.app: {name: $app, image: "$prefix-image:broken", settle: 3s}, ignore_errors: true}
- {name: wrong, belay.host.app: {name: $app2, release: last}, ignore_errors: true}
- {name: gone, belay.host.app: {name: $app, state: absent}}
- {name: gone again, belay.host.app: {name: $app, state: absent}}
END
  play --diff
  expect_exit 0
  expect_equal 'the release' r1 "$(task first .app.release)"
  expect_equal 'the release' r2 "$(task second .app.release)"
  expect_equal 'the difference' true "$(task second '.diff.before | startswith("image: ")')"
  expect_equal 'stopped' true "$(task stopped .changed)"
  expect_equal 'stopped again' false "$(task 'stopped again' .changed)"
  expect_equal 'the release' r1 "$(task back .app.release)"
  expect_equal 'a release that fails' true "$(task broken .failed)"
  expect_equal 'its message' true "$(task broken '.msg | contains("exited with code")')"
  expect_equal 'an app that is not there' true "$(task wrong .failed)"
  expect_equal 'gone' 'true null' "$(task gone '"\(.changed) \(.app)"')"
  expect_equal 'gone again' false "$(task 'gone again' .changed)"
  expect_equal 'its containers' '' "$(containers "$app")"
}

test_what_is_not_as_declared_fails_with_its_reason() {
  collection
  build_image 1
  mkdir defs
  definition "$app" one
  echo '{"imagge": "x"}' >"defs/$app2.json"
  playbook <<END
- {name: apply, belay.host.apply: {path: $PWD/defs}}
END
  play
  expect_exit 2
  expect_equal 'failures' 1 "$(failures)"
  expect_equal 'the code' bad_definition "$(task apply .code)"
  # What could be done was done.
  expect_equal 'changed' true "$(task apply .changed)"
  expect is_up "$app"
}

test_a_backup_on_a_schedule() {
  collection
  build_image 1
  expect_done belay deploy "$app" --image "$prefix-image:1"
  export BELAY_UNIT_FOLDER=$place/units
  mkdir "$BELAY_UNIT_FOLDER"
  playbook <<END
- {name: timer, belay.host.backup: {name: $app, place: $place/backups, schedule: "03:00", keep: last=7}}
- {name: timer again, belay.host.backup: {name: $app, place: $place/backups, schedule: "03:00", keep: last=7}}
- {name: later, belay.host.backup: {name: $app, place: $place/backups, schedule: "04:00", keep: last=7}}
- {name: removed, belay.host.backup: {name: $app, state: absent}}
- {name: removed again, belay.host.backup: {name: $app, state: absent}}
END
  play --check
  expect_exit 0
  expect_equal 'units' '' "$(ls "$BELAY_UNIT_FOLDER")"
  play --diff
  expect_exit 0
  expect_equal 'installed' 'true false true' "$(task timer .changed) $(task 'timer again' .changed) $(task later .changed)"
  expect_equal 'the difference' true "$(task later '.diff.after | contains("OnCalendar=04:00")')"
  expect_equal 'removed' 'true false' "$(task removed .changed) $(task 'removed again' .changed)"
}

test_a_service() {
  own_users
  collection
  local service=${prefix}s
  export BELAY_LAUNCHERS=$place/bin
  service_image "$prefix-service:1"
  playbook <<END
- {name: install, belay.host.service: {name: $service, image: "$prefix-service:1"}}
- {name: install again, belay.host.service: {name: $service, image: "$prefix-service:1"}}
- {name: destroy, belay.host.service: {name: $service, state: absent}}
- {name: destroy again, belay.host.service: {name: $service, state: absent}}
END
  play --check
  expect_equal 'planned' 'true true' "$(task install '"\(.changed) \(.plan | length > 0)"')"
  expect_equal 'launchers' '' "$(find "$place/bin" -name "$service")"
  play --diff
  expect_exit 0
  expect_equal 'installed' 'true false' "$(task install .changed) $(task 'install again' .changed)"
  expect_equal 'the image' "$prefix-service:1" "$(task install .service.reference)"
  expect_equal 'destroyed' 'true false' "$(task destroy .changed) $(task 'destroy again' .changed)"

  # A newer image under the same name.
  playbook <<END
- {name: latest, belay.host.service: {name: $service, image: "$prefix-service:1", state: latest}}
- {name: latest again, belay.host.service: {name: $service, image: "$prefix-service:1", state: latest}}
END
  play
  expect_exit 0
  expect_equal 'installed' 'true false' "$(task latest .changed) $(task 'latest again' .changed)"
  echo newer >service/version
  service_image "$prefix-service:1"
  play --check
  expect_equal 'planned' true "$(task latest .changed)"
  play
  expect_exit 0
  expect_equal 'updated' 'true false' "$(task latest .changed) $(task 'latest again' .changed)"
  play
  expect_equal 'changed' 0 "$(changes)"
  expect_done belay service destroy --yes-lose-data "$service" "$service"
}
# service_image REFERENCE: one by the convention of service images, whose scripts do nothing.
service_image() {
  local script
  mkdir -p service/dr service/config service/bin
  cp "$(command -v busybox)" service/bin/busybox
  ln -sf busybox service/bin/sh
  for script in install destroy help backup restore enter; do
    printf '#!/bin/sh\nexit 0\n' >service/dr/$script
    chmod 755 service/dr/$script
  done
  tar -C service -cf service.tar .
  api POST "/images/create?fromSrc=-&repo=${1%:*}&tag=${1##*:}&changes=VOLUME%20/config&changes=USER%2022022" \
    -H 'Content-Type: application/x-tar' --data-binary @service.tar >/dev/null
}

run_tests "$@"
