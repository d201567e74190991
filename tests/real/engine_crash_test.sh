#!/bin/bash
# The engine dies in the middle of a pass: afterwards the host is as declared, with its data and labels.
# Each test has an engine of its own, for it takes all containers with it.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
apps=(a b c)

# declare_all TURN: one with data, stopped before its successor starts; one that is slow to stop; one linked to that.
declare_all() {
  local name more
  mkdir -p conf
  for name in "${apps[@]}"; do
    case $name in
      a) more="image: \"$prefix-image:plain\", volumes: [{containerPath: \"/data\"}]" ;;
      b) more="image: \"$prefix-image:slow\"" ;;
      c) more="image: \"$prefix-image:plain\", links: {\"${prefix}b\": \"other\"}" ;;
    esac
    # Each crash is a repair or two, and no hour passes here.
    jq -n --arg name "$prefix$name" --arg turn "$1" \
      "{name: \$name, env: {TURN: \$turn}, update: {pull: false}, heal_budget: 1000} + {$more}" >"$place/new.json"
    mv "$place/new.json" "conf/$prefix$name.json"
  done
}
# One line a container that runs: its name, its turn and the app that its labels name.
shown() {
  local id
  api GET /containers/json | jq -r '.[].Id' | while read -r id; do
    inspect "$id" '"\(.Name[1:]) \([.Config.Env[] | select(startswith("TURN="))][0]) \(.Config.Labels["belay.app"])"'
  done | sort
}
wanted() {
  local name
  for name in "${apps[@]}"; do echo "$prefix$name TURN=$turn $prefix$name"; done | sort
}
is_as_declared() { [ "$(shown)" = "$(wanted)" ]; }
is_at_rest() { is_as_declared && belay plan conf --detailed-exitcode >"$place/plan" 2>&1; }
unlabelled() { api GET /containers/json?all=1 | jq -r '.[] | select(.Labels["belay.app"] == null).Names[0]'; }
data() { cat "$(api GET "/volumes/${prefix}a_data" | jq -r .Mountpoint)/turns"; }
add_data() { echo "$turn" >>"$(api GET "/volumes/${prefix}a_data" | jq -r .Mountpoint)/turns"; }

host_with_apps() {
  own_engine
  build_image plain
  build_image slow slowstop
  turn=0
  declare_all 0
  expect_done belay apply conf
  expect is_as_declared
  add_data
}
next_turn() {
  turn=$((turn + 1))
  add_data
  declare_all "$turn"
}
# crash_at STEP: kills the engine as soon as $place/log tells of a step that begins so, and starts it again.
crash_at() {
  eventually grep -qE "( info |: )$1" "$place/log"
  "$engine_script" crash "$engine_folder" || fail 'the engine could not be killed'
  "$engine_script" restart "$engine_folder" >/dev/null || fail 'the engine does not start again'
}
nothing_was_lost() {
  expect is_as_declared
  expect_done belay apply conf
  expect_out "${#apps[@]} unchanged"
  expect_done belay plan conf --detailed-exitcode
  expect_equal 'containers that nobody knows' '' "$(unlabelled)"
  expect_equal 'the data' "$(seq 0 "$turn")" "$(data)"
}

test_what_apply_was_at_is_done_by_the_next() {
  local step
  host_with_apps
  for step in start "stop ${prefix}b"; do
    next_turn
    background "$BELAY" apply conf >"$place/log" 2>&1
    crash_at "$step"
    ended "$pid"
    # It may have failed, or been done before the engine was gone.
    expect_done belay apply conf
    nothing_was_lost
  done
}

test_serve_goes_on_where_it_was() {
  local step
  host_with_apps
  for step in check "stop ${prefix}b"; do
    background "$BELAY" serve "$work/conf" 2>"$place/log"
    eventually grep -q 'keeping this host' "$place/log"
    next_turn
    crash_at "$step"
    # What runs as declared may be on trial yet, and would be taken back by an end of the daemon.
    eventually is_at_rest
    kill -TERM "$pid"
    ended "$pid"
    expect_exit 0
    nothing_was_lost
  done
}

run_tests "$@"
