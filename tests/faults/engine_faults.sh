#!/bin/bash
# A real engine whose n-th answer goes wrong, for each verb and each n: the connection ends before or after the engine
# did what was asked, status 500 with and without effect, half an answer, an engine that is gone from then on, … Afterwards
# what ran before must run, or what was wished; nothing of a stranger's is touched; the same command given again succeeds.
#   tests/faults/engine_faults.sh [TRIALS] [SEED] [VERB…]      36 trials; TRIALS `all`: every n, every fault (hours)
# The environment may give BELAY (the binary; else that of the preset dev) and FAULTS (names, see broken_engine). The seed
# makes the same choices again.
# shellcheck source-path=SCRIPTDIR disable=SC2154
set -uo pipefail

# shellcheck source=kills.sh
. "$(dirname "${BASH_SOURCE[0]}")/kills.sh"
trials=${1:-36} seed=${2:-1}
verbs=("${@:3}")
[ ${#verbs[@]} -gt 0 ] || verbs=(deploy again start new restart rollback start_all apply snapshot backup restore stop)
on_own_engine "$trials" "$seed" "${verbs[@]}"
# shellcheck source=../real/lib.sh
. "$root/tests/real/lib.sh"
RANDOM=$seed
read -r -a faults <<<"${FAULTS:-close_before close_after error_before error_after cut empty null lie gone gone_after}"
export BELAY_SETTLE=300ms

# ---- the app, the stranger, the commands ----

set_up_apps() {
  build_image one web one
  build_image two web two
  jq -n --arg volume "${prefix}data" '{default: {volumes: {($volume): "/var/www"}, env: {WORD: "kept"}}}' >"dcv-$app"
  expect_done belay deploy "$app" --image "$prefix-image:one" --config-file "dcv-$app"
  mkdir declared
  define one
  expect_done belay apply declared
  post "/containers/create?name=${prefix}stranger" "{\"Image\": \"$prefix-image:one\", \"HostConfig\": {\"Binds\": [\"${prefix}strange:/var/www\"]}}" >/dev/null
  post "/containers/${prefix}stranger/start" '' >/dev/null
  stranger=$(inspect "${prefix}stranger" .Id,.State.Pid)
  marker=$(api GET "/volumes/${prefix}data" | jq -r .Mountpoint)/marker
  echo kept >"$marker"
  expect_done belay backup "$app" -o "$work/kept.belay.tar.zst"
}
define() {  # TAG
  jq -n --arg image "$prefix-image:$1" --arg app "$app2" --arg word "$turn" \
    '{name: $app, image: $image, env: {WORD: $word}, volumes: [{containerPath: "/var/www"}], update: {pull: false}}' >declared/db.json
}
turn=0
# command_for VERB: what is to be true before it, and the command itself in $command, about the app $about.
command_for() {
  turn=$((turn + 1))
  about=$app
  case $1 in
    deploy | snapshot)
      jq --arg turn $turn '.default.env.TURN = $turn' "dcv-$app" >new && mv new "dcv-$app"
      command=(belay deploy "$app" --image "$prefix-image:$([ $((turn % 2)) = 0 ] && echo one || echo two)" --config-file "dcv-$app")
      [ "$1" = deploy ] || command+=(--snapshot)
      ;;
    again)
      # Each of these finds the app up, with a trifle to put right.
      post "/containers/$(running "$app")/update" '{"RestartPolicy": {"Name": "no"}}' >/dev/null
      command=(belay deploy "$app" --image "$prefix-image:$(tag_that_runs)" --config-file "dcv-$app")
      ;;
    start)
      api DELETE "/images/belay/${app,,}:$(release_that_runs)?noprune=1" >/dev/null
      command=(belay start "$app")
      ;;
    new) command=(belay start "$app" new) ;;
    restart) command=(belay restart "$app") ;;
    rollback)
      expect_done belay start "$app" new
      command=(belay rollback "$app" "$(release_that_runs)")
      expect_done belay start "$app" new
      ;;
    start_all)
      expect_done belay autostart "$app" last
      api DELETE "/images/belay/${app,,}:$(release_that_runs)?noprune=1" >/dev/null
      command=(belay start-all)
      ;;
    apply)
      about=$app2
      define "$([ $((turn % 2)) = 0 ] && echo one || echo two)"
      command=(belay apply declared)
      ;;
    backup) command=(belay backup "$app" -o "$work/next.belay.tar.zst" --replace) ;;
    restore) command=(belay restore "$app" "$work/kept.belay.tar.zst") ;;
    stop) command=(belay stop "$app") ;;
  esac
}
release_that_runs() { belay releases "$app" --json | jq -r '[.releases[] | select(.marks | index("running"))][0].release'; }
tag_that_runs() {
  local id
  id=$(image_of "$(running "$app")")
  [ "$id" = "$(image_id "$prefix-image:one")" ] && echo one || echo two
}

# ---- a trial ----

# through_fault N FAULT COMMAND…: runs it against an engine whose N-th answer goes wrong.
through_fault() {
  local proxy=$place/broken.sock
  rm -f "$proxy" "$place/requests"
  "$root/tests/faults/broken_engine" "$proxy" "${DOCKER_HOST#unix://}" "$1" "$2" "$place/requests" &
  local broken=$!
  until [ -S "$proxy" ]; do sleep 0.01; done
  DOCKER_HOST=unix://$proxy run "${@:3}"
  kill -KILL $broken
  wait $broken 2>/dev/null
}
requests() { grep -vc '^0 ' "$place/requests"; }
# Words that only a fault of the program prints.
is_told_plainly() {
  [ "$code" -lt 2 ] || fail 'exit code' '0 or 1' "$code"
  [[ ! $err$out =~ (inside Belay|fault of the program|terminate called|std::) ]] || fail 'an error that is no sentence for people'
  [ "$code" -eq 0 ] || [ -n "$err" ] || fail 'a failure without a word'
}
stranger_is_untouched() {
  expect_equal 'the stranger' "$stranger" "$(inspect "${prefix}stranger" .Id,.State.Pid)"
  expect volume_exists "${prefix}strange"
}
data_is_kept() { expect_equal 'the data' kept "$(cat "$marker" 2>&1)"; }
one_runs() { [ "$(running "$1" | grep -c .)" = 1 ]; }

trial() {  # VERB N FAULT
  local now
  situation="$1, request $2: $3"
  expect one_runs "$app"
  expect one_runs "$app2"
  command_for "$1"
  through_fault "$2" "$3" "${command[@]}"
  is_told_plainly
  stranger_is_untouched
  # An engine that is gone lets nobody take anything back; and a stop is to stop.
  if [[ $3 != gone* && $1 != stop ]]; then
    now=$(running "$about" | grep -c .)
    expect_equal "what runs after $situation" 1 "$now"
  fi
  run "${command[@]}"
  [ "$code" -eq 0 ] || fail "given again after $situation"
  stranger_is_untouched
  [ "$1" != stop ] || { expect_not one_runs "$app"; expect_done belay start "$app"; }
  expect one_runs "$about"
  marker=$(api GET "/volumes/${prefix}data" | jq -r .Mountpoint)/marker
  data_is_kept
  expect_equal 'what is left to do' 'nothing to do' "$(belay plan "$about" 2>&1 | head -1)"
  tried=$((tried + 1))
  echo "$situation: well"
}

test_whatever_answer_goes_wrong_what_ran_runs() {
  local verb n fault many tried=0
  set_up_apps
  declare -A length
  for verb in "${verbs[@]}"; do
    command_for "$verb"
    through_fault 0 none "${command[@]}"
    [ "$code" -eq 0 ] || fail "$verb through the proxy alone"
    length[$verb]=$(requests)
    [ "$verb" != stop ] || expect_done belay start "$app"
  done
  if [ "$trials" = all ]; then
    for verb in "${verbs[@]}"; do
      for ((n = 1; n <= length[$verb]; n++)); do
        for fault in "${faults[@]}"; do trial "$verb" $n "$fault"; done
      done
    done
  else
    # Each verb and each fault in turn, somewhere.
    for ((many = 0; many < trials; many++)); do
      verb=${verbs[$((many % ${#verbs[@]}))]}
      trial "$verb" $((RANDOM % length[$verb] + 1)) "${faults[$((many % ${#faults[@]}))]}"
    done
  fi
  echo "$tried trials; $(for verb in "${verbs[@]}"; do printf '%s %d requests, ' "$verb" "${length[$verb]}"; done)seed $seed"
}

echo "seed $seed, $trials trials of ${verbs[*]}"
run_tests
