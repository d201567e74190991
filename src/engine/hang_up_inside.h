#pragma once
// Ending a command of a container where no signal from outside reaches it. Private to engine.

namespace belay::engine {

// What a shell in the container runs to end another command there, as hang_up does it. $1: that one's words, run
// together; $2: how many others the engine has started and run. The parent of what the engine has started is outside,
// which is told as 0 in there. By its words it is not found where it has become another program, as the last command
// of sh -c does. Where several containers share the namespace, the main process of one has such a parent as well, and
// need not be the first: so only a process of this shell's own control group counts, and none that is older than $3
// seconds, which is since when the other command can be there.
inline constexpr const char* hang_up_inside = R"shell(
wanted=$(printf %s "$1") others=$2 oldest=$3 all= alike=
own=$(cat /proc/$$/cgroup) || exit
read -r now rest </proc/uptime || exit
for folder in /proc/[0-9]*; do
  read -r line <$folder/stat || continue
  set -- ${line##*) }
  [ "$2" = 0 ] && [ "$folder" != /proc/1 ] && [ "$folder" != /proc/$$ ] || continue
  [ "$(cat $folder/cgroup)" = "$own" ] || continue
  shift 19
  [ $((${now%%.*} - $1 / 100)) -le "$oldest" ] || continue
  all="$all ${folder#/proc/}"
  [ "$(cat $folder/cmdline)" != "$wanted" ] || alike="$alike ${folder#/proc/}"
done 2>/dev/null
set -- $all
[ $# = 1 ] && [ "$others" = 0 ] || set -- $alike
[ $# = 1 ] || exit
leader=$1
for folder in /proc/[0-9]*; do
  read -r line <$folder/stat || continue
  set -- ${line##*) }
  [ "$4" != "$leader" ] || [ "$folder" = "/proc/$leader" ] || kill -HUP "${folder#/proc/}"
done 2>/dev/null
kill -HUP "$leader"
for second in 1 2 3 4 5; do
  sleep 1 || exit
  kill -0 "$leader" 2>/dev/null || exit
done
kill -KILL "$leader"
)shell";

}  // namespace belay::engine
