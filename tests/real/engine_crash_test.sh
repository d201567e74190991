#!/bin/bash
# The engine dies in the middle of a pass, again and again: afterwards the host is as declared, with its data and labels.
# ROUNDS of the environment: how many (3); SEED: the same moments again.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
apps=(a b c d e f)

# declare_all TURN: six definitions: two with data, one that another is linked to.
declare_all() {
  local name more
  mkdir -p conf
  for name in "${apps[@]}"; do
    case $name in
      a | b) more='volumes: [{containerPath: "/data"}]' ;;
      c) more="links: {\"${prefix}d\": \"other\"}" ;;
      *) more= ;;
    esac
    jq -n --arg name "$prefix$name" --arg image "$prefix-image:1" --arg turn "$1" \
      "{name: \$name, image: \$image, env: {TURN: \$turn}, update: {pull: false}, heal_budget: 1000} + {$more}" >"$place/new.json"
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
  for name in "${apps[@]}"; do echo "$prefix$name TURN=$1 $prefix$name"; done | sort
}
is_as_declared() { [ "$(shown)" = "$(wanted "$1")" ]; }
has_no_unlabelled() { [ "$(api GET /containers/json?all=1 | jq '[.[] | select(.Labels["belay.app"] == null)] | length')" = 0 ]; }
marker() { echo "$(api GET "/volumes/$prefix${1}_data" | jq -r .Mountpoint)/marker"; }
write_data() { echo "turn $1" | tee -a "$(marker a)" >>"$(marker b)"; }
crash_and_restart() {  # after so many milliseconds
  sleep "$(printf '0.%03d' "$1")"
  "$engine_script" crash "$engine_folder" || fail 'the engine could not be killed'
  "$engine_script" restart "$engine_folder" >/dev/null || fail 'the engine does not start again'
}

test_after_each_crash_the_host_is_as_declared() {
  local round daemon moment lines=0
  own_engine
  build_image 1
  declare_all 0
  expect_done belay apply conf
  expect is_as_declared 0
  RANDOM=${SEED:-$$}
  for ((round = 1; round <= ${ROUNDS:-3}; round++)); do
    moment=$((RANDOM % 900 + 50))
    write_data "$round"
    lines=$((lines + 1))
    if [ $((round % 2)) = 1 ]; then
      background "$BELAY" serve "$work/conf" 2>"$place/log"
      daemon=$pid
      eventually grep -q 'keeping this host' "$place/log"
      declare_all "$round"
      crash_and_restart $moment
      eventually_told is_as_declared "$round"
      kill -TERM "$daemon"
      ended "$daemon"
      expect_exit 0
    else
      declare_all "$round"
      background "$BELAY" apply conf >"$place/log" 2>&1
      crash_and_restart $moment
      ended "$pid"
      # Whatever came of that one, the next does all.
      run belay apply conf
      eventually_told is_as_declared "$round"
    fi
    echo "round $round: killed after $moment ms"
    expect_done belay apply conf
    expect_done belay plan conf --detailed-exitcode
    expect has_no_unlabelled
    expect_equal 'the data' "$lines $lines" "$(wc -l <"$(marker a)") $(wc -l <"$(marker b)")"
  done
}
# Three minutes: what waits for its turn to be healed waits longer each time.
eventually_told() {
  local until=$((SECONDS + 180))
  until "$@"; do
    [ $SECONDS -lt $until ] || { tail -n 60 "$place/log" >&2; fail "not within three minutes: $*" "$(wanted "$round")" "$(shown)"; }
    sleep 0.1
  done
}

run_tests "$@"
