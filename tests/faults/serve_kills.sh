#!/bin/bash
# kill -9 of `belay serve` at random moments while the definitions change, on a real engine of its own. After each kill
# a new daemon must make the world equal to the folder.
#   tests/faults/serve_kills.sh [ROUNDS] [SEED]      8 rounds
# The environment may give BELAY (the binary; else that of the preset dev). The seed makes the same choices again; what
# a kill hits also depends on the machine.
# shellcheck source-path=SCRIPTDIR
set -uo pipefail

# shellcheck source=kills.sh
. "$(dirname "${BASH_SOURCE[0]}")/kills.sh"
rounds=${1:-8} seed=${2:-$(any_seed)}
on_own_engine "$rounds" "$seed"
# shellcheck source=../real/lib.sh
. "$root/tests/real/lib.sh"
export BELAY_SETTLE=300ms
RANDOM=$seed

make_image() {  # TAG TEXT
  local folder=$place/context-$2
  mkdir "$folder"
  (cd "$folder" && image plain 8080 "$2" && tar -c . |
    api POST "/build?t=$1" -H 'Content-Type: application/x-tar' --data-binary @- >/dev/null)
  expect image_exists "$1"
}

# Adds, changes or removes one definition; one always stays.
declare -A wanted=()
change() {
  local name=$app$((RANDOM % 4)) version=$((RANDOM % 3 + 1))
  if [ $((RANDOM % 4)) = 0 ] && [ ${#wanted[@]} -gt 1 ] && [ -n "${wanted[$name]:-}" ]; then
    rm "$work/$name.json"
    unset "wanted[$name]"
    return
  fi
  printf '{"image": "%s:%s", "update": {"pull": false}, "env": {"TURN": "%s"}}\n' "$app" $version $((RANDOM % 2)) >"$place/new.json"
  mv "$place/new.json" "$work/$name.json"
  wanted[$name]=$version
}
# One line an app that runs: its container's name and image. And nothing else of ours may run.
shown() { api GET /containers/json | jq -r --arg p "$prefix" '.[] | select(.Names[0] | contains($p)) | "\(.Names[0][1:]) \(.ImageID)"' | sort; }
as_wanted() {
  local name
  for name in "${!wanted[@]}"; do echo "$name $(image_id "$app:${wanted[$name]}")"; done | sort
}
is_as_wanted() { [ "$(shown)" = "$(as_wanted)" ]; }
serve() {
  log=$place/log.$((++logs))
  background "$BELAY" serve "$work" 2>"$log"
  daemon=$pid
}
logs=0
has_begun() { grep -q 'keeping this host' "$log"; }

test_after_each_kill_the_world_is_made_equal_to_the_folder() {
  local round
  for version in 1 2 3; do make_image "$app:$version" "$version"; done
  define_first
  for ((round = 1; round <= rounds; round++)); do
    serve
    change
    [ $((RANDOM % 2)) = 0 ] || { sleep 0.1; change; }
    sleep "$((RANDOM % 3)).$((RANDOM % 10))$((RANDOM % 10))"
    kill -KILL "$daemon"
    ended "$daemon"
    # Every few kills the world is looked at; in between they hit what the last one left.
    [ $((RANDOM % 3)) = 0 ] || continue
    settle "round $round"
  done
  settle 'the last round'
}
define_first() {
  until [ ${#wanted[@]} -ge 2 ]; do change; done
}
settle() {  # WHEN
  serve
  local until=$((SECONDS + 180))
  until is_as_wanted; do
    if [ $SECONDS -ge $until ]; then
      tail -n 30 "$place/log.$((logs - 1))" "$log" >&2
      fail "after $1 (seed $seed) the world is not as declared" "$(as_wanted)" "$(shown)"
    fi
    sleep 0.1
  done
  # The kill may have come when all was done; a signal before the daemon listens to any would just end it.
  eventually has_begun
  kill -TERM "$daemon"
  ended "$daemon"
  expect_equal "exit code after $1" 0 "$code"
  run belay serve "$work" --once
  expect_exit 0
  expect is_as_wanted
}

echo "seed $seed, $rounds rounds"
run_tests
