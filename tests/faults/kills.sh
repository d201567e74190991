# shellcheck shell=bash disable=SC2034,SC2154
# What the scripts beside this one share, which kill Belay: an engine of their own, the harness of tests/real, and
# commands that run until their time is up. The environment may give BELAY (the binary; else that of the preset dev) and
# KEEP (lib.sh).
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")

# on_own_engine ARGUMENT…: runs the script again with these, on an engine made for it; what follows the call is run there
# only. That engine's folder is $KILLS_ENGINE.
on_own_engine() {
  [ -z "${KILLS_ENGINE:-}" ] || return 0
  export BELAY=${BELAY:-$root/build/dev/belay}
  [ -x "$BELAY" ] || { echo "no belay at $BELAY: build it or set BELAY" >&2; exit 2; }
  local dir
  dir=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "'$root/scripts/engine' down '$dir/engine'; rm -rf '$dir'" EXIT
  "$root/scripts/engine" up "$dir/engine" >/dev/null || exit 1
  KILLS_ENGINE=$dir/engine "$root/tests/real/with_engine" "$dir/engine" "$(realpath "$0")" "$@"
  exit
}
# Unless told otherwise: other choices each time.
any_seed() { echo $((10#$(date +%N) % 32768)); }

milliseconds() { date +%s%3N; }
# runs_longer_than MILLISECONDS COMMAND…: whether it does. It still runs then, as $child; else it ended by itself, with
# $code. $took: how long that was. What it prints goes into $place/killed.out and $place/killed.err.
runs_longer_than() {
  local begin alarm first
  begin=$(milliseconds)
  "${@:2}" </dev/null >"$place/killed.out" 2>"$place/killed.err" &
  child=$!
  sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))" &
  alarm=$!
  wait -n -p first $child $alarm
  code=$?
  took=$(($(milliseconds) - begin))
  [ "$first" = $child ] || return 0
  wait $alarm
  return 1
}
kill_child() {
  kill -KILL "$child" 2>/dev/null
  { wait "$child"; } 2>/dev/null
}
