#!/bin/bash
# kill -9 of belay at random moments while it works on data: backup, restore, a swap with a snapshot, a rollback with
# data. The next command on the app must bring it up again on data that is wholly that of before or wholly that of after.
#   tests/faults/data_kills.sh [ROUNDS] [SEED] [VERB…]     6 rounds; of backup restore deploy rollback
# The environment may give BELAY (the binary; else that of the preset dev). The seed makes the same choices again; what
# a kill hits also depends on the machine.
# shellcheck source-path=SCRIPTDIR disable=SC2154
set -uo pipefail

# shellcheck source=kills.sh
. "$(dirname "${BASH_SOURCE[0]}")/kills.sh"
rounds=${1:-6} seed=${2:-$(any_seed)}
verbs=("${@:3}")
[ ${#verbs[@]} -gt 0 ] || verbs=(backup restore deploy rollback)
on_own_engine "$rounds" "$seed" "${verbs[@]}"
# shellcheck source=../real/data.sh
. "$root/tests/real/data.sh"
RANDOM=$seed

# ---- the data ----

# A generation of the data is a word in many files, in the volume, the folder and the file: any mixture shows.
write_generation() {  # WORD
  local place i
  for place in "$data" "$folder"; do
    rm -rf "$place/files"
    mkdir "$place/files"
    for ((i = 0; i < 60; i++)); do echo "$1" >"$place/files/$i"; done
    [ -e "$place/ballast" ] || head -c 2M /dev/urandom >"$place/ballast"
    echo "$1 $(sha256sum <"$place/ballast")" >"$place/sum"
  done
  echo "$1" >"$file"
}
generation() {
  local place words
  words=$(cat "$data"/files/* "$folder"/files/* "$file" 2>&1 | sort -u)
  for place in "$data" "$folder"; do
    [ "$(cat "$place/sum" 2>&1)" = "$words $(sha256sum <"$place/ballast" 2>&1)" ] || { echo "mixed: $words; $place: $(cat "$place/sum" 2>&1)"; return; }
    [ "$(find "$place/files" -type f | wc -l)" = 60 ] || { echo "files are missing in $place"; return; }
  done
  echo "$words"
}

# ---- commands, with and without a kill ----

declare -A length
command_for() {  # VERB
  case $1 in
    backup) command=(belay backup "$app" --replace) ;;
    restore) command=(belay restore "$app" "$backup") ;;
    rollback) command=(belay rollback "$app" "$release_before" --with-data) ;;
    deploy)
      release_before=$(belay releases "$app" --json | jq -r '.releases[] | select(.marks | index("running")).release')
      turn=$((turn + 1))
      jq --arg turn $turn '.default.env.TURN = $turn' "dcv-$app" >new && mv new "dcv-$app"
      command=(belay deploy "$app" --image "$prefix-image:keeper" --config-file "dcv-$app" --snapshot)
      ;;
  esac
}
turn=0
# kill_within MILLISECONDS COMMAND…: `killed` tells whether it still ran.
kill_within() {
  killed=no
  runs_longer_than "$@" || return 0
  killed=yes
  kill_child
}

# ---- the checks ----

whole_backups_only() {
  local each
  while IFS= read -r each; do
    run belay verify "$each"
    [ "$code" -eq 0 ] || fail "looks like a backup and is none: $each"
  done < <(find "$backups" -name '*.belay.tar.*' ! -name '.*')
}
# Each reserve that is there is a snapshot's that Belay tells of, and none else.
only_known_reserves() {
  local told there
  told=$(belay snapshots "$app" --json | jq '.snapshots | length')
  there=$(api GET /volumes | jq -r '.Volumes[].Name' | grep "^$volume\." | sort)
  expect_equal "reserves of the volume ($there)" "$told" "$(grep -c . <<<"$there")"
  expect_equal 'reserves of the folder' "$told" "$(find "$work" -maxdepth 1 -name '.bound.*' | wc -l)"
  expect_equal 'reserves of the file' "$told" "$(find "$work" -maxdepth 1 -name '.app.conf.*' | wc -l)"
  expect_equal 'temporary containers' '' "$(api GET "/containers/json?all=1&filters=$(filter label "belay.temporary=$app")" | jq -r '.[].Names[0]')"
}

test_after_each_kill_the_app_runs_on_whole_data() {
  local round verb before restored hits=0 took
  keeper
  write_generation beginning
  for verb in backup deploy restore rollback; do
    command_for $verb
    took=$(milliseconds)
    expect_done "${command[@]}"
    length[$verb]=$(($(milliseconds) - took))
    [ $verb != backup ] || newest_backup
  done
  for ((round = 1; round <= rounds; round++)); do
    verb=${verbs[$((round % ${#verbs[@]}))]}
    situation="round $round (seed $seed): $verb"
    rm -f "$backups"/*
    # A rollback goes from a release with a snapshot before it, a restore to a backup of other data.
    write_generation "kept$round"
    expect_done belay backup "$app" --live
    newest_backup
    if [ "$verb" = rollback ]; then
      command_for deploy
      expect_done "${command[@]}"
    fi
    write_generation "round$round"
    before=round$round
    case $verb in
      restore | rollback) restored=kept$round ;;
      *) restored=$before ;;
    esac
    command_for "$verb"
    kill_within $((length[$verb] * (RANDOM % 1100) / 1000)) "${command[@]}"
    [ $killed = no ] || hits=$((hits + 1))
    # Whatever comes next on the app finishes or takes back what was interrupted.
    case $((RANDOM % 3)) in
      0) run belay start "$app" ;;
      1) run belay backup "$app" -o "$work/next.belay.tar.zst" --replace ;;
      *) run belay restart "$app" ;;
    esac
    [ "$code" -eq 0 ] || { cat "$place/killed.err" >&2; fail "the command after $situation"; }
    goes_on
    local now
    now=$(generation)
    [ "$now" = "$before" ] || [ "$now" = "$restored" ] || { cat "$place/killed.err" >&2; fail "the data after $situation" "$before or $restored" "$now"; }
    whole_backups_only
    # Where nothing was to be started, what was just being removed waits for the next command that does something.
    expect_done belay backup "$app" -o "$work/next.belay.tar.zst" --replace
    only_known_reserves
    echo "$situation: $([ $killed = yes ] && echo killed || echo 'ended by itself'), then $now"
  done
  echo "$rounds rounds, $hits kills hit; nothing was lost"
}

echo "seed $seed, $rounds rounds of ${verbs[*]}"
run_tests
