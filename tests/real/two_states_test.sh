#!/bin/bash
# Two states, or two daemons, on one engine: found out, never fought about.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

define() {  # FOLDER NAME IMAGE
  mkdir -p "$1"
  jq -n --arg image "$prefix-image:$3" '{image: $image, update: {pull: false}}' >"$place/new.json"
  mv "$place/new.json" "$1/$2.json"
}
serve() {  # STATE FOLDER LOG
  background "$BELAY" --state-dir "$1" serve "$2" 2>>"$3"
}
logged() { grep -q -- "$2" "$1"; }  # FILE TEXT
knocks() { api GET /volumes | jq -r '.Volumes[].Name | select(startswith("belay.knock."))'; }
no_knocks() { [ -z "$(knocks)" ]; }

test_a_second_daemon_of_another_state_refuses_and_the_first_goes_on() {
  own_engine
  build_image 1
  build_image 2
  define one "$app" 1
  serve "$place/s1" one "$place/log1"
  eventually is_up "$app"
  define two "$app" 2
  run belay --state-dir "$place/s2" serve two
  expect_exit 1
  expect_err "this engine is served by belay serve .* with the state .* in $place/s1"
  expect no_knocks
  define one "$app" 2
  eventually image_runs 2
  eventually is_down "$app-r1"
  # Commands of the other state say whose the app is.
  expect_refused 1 belay --state-dir "$place/s2" apply two
  expect_err 'made by the state'
  # A daemon of the same state waits for its turn.
  serve "$place/s1" one "$place/log3"
  eventually logged "$place/log3" 'is served by .*belay serve'
}
image_runs() { is_up "$app" && [ "$(image_of "$app")" = "$(image_id "$prefix-image:$1")" ]; }

test_one_that_was_killed_holds_nobody_up() {
  own_engine
  build_image 1
  define one "$app" 1
  serve "$place/s1" one "$place/log1"
  eventually is_up "$app"
  end_process "$pid"
  define two "$app2" 1
  serve "$place/s2" two "$place/log2"
  eventually is_up "$app2"
  expect no_knocks
}

test_of_two_that_begin_together_one_goes_on() {
  own_engine
  build_image 1
  define one "$app" 1
  local i first
  for i in 1 2 3; do
    serve "$place/s1" one "$place/log1.$i"
    first=$pid
    serve "$place/s2" one "$place/log2.$i"
    eventually one_ended "$first" "$pid"
    sleep 0.5
    expect one_ended "$first" "$pid"
    eventually is_up "$app"
    end_process "$first"
    end_process "$pid"
    belay --state-dir "$place/s1" recover >"$place/told" 2>&1
    belay --state-dir "$place/s1" remove "$app" -y >"$place/told" 2>&1
    belay --state-dir "$place/s2" remove "$app" -y >"$place/told" 2>&1
  done
}
one_ended() {
  local ended=0
  ! process_ended "$1" || ended=$((ended + 1))
  ! process_ended "$2" || ended=$((ended + 1))
  [ $ended -eq 1 ]
}

# One state for all who may command the engine: what one member of the group deploys the other sees and takes back.
test_two_members_of_the_group_docker_have_one_state() {
  build_image 1
  build_image 2
  chmod a+rx "$place"
  chmod a+rwx "$work"
  chmod a+rw "${DOCKER_HOST#unix://}"
  cat >members <<'END'
set -e
mount -t tmpfs none /var/lib
mkdir -m 2770 /var/lib/belay
chgrp 4711 /var/lib/belay
as() { setpriv --reuid="$1" --regid=4711 --clear-groups env -u BELAY_STATE_DIR HOME=/nonexistent "${@:2}"; }
as 41001 belay deploy "$1" --image "$2:1"
as 41002 belay ls | grep "$1"
as 41002 belay deploy "$1" --image "$2:2"
as 41001 belay stable "$1"
as 41002 belay rollback "$1"
as 41001 belay stop "$1"
belay --state-dir /var/lib/belay start "$1" stable
as 41002 belay releases "$1" --json
END
  expect_done unshare --mount --propagation private bash members "$app" "$prefix-image"
  expect_equal 'what runs' "$(image_id "$prefix-image:2")" "$(image_of "$(running "$app")")"
  expect_out '"r2"'
}

run_tests "$@"
