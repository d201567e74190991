#!/bin/bash
# systemd.sh BELAY [TEST…]           the daemon and the timers of backups under the systemd of this machine, with its own Docker
# systemd.sh BELAY --before-reboot   leaves the enabled daemon, an app and a timer behind; reboot the machine, then
# systemd.sh BELAY --after-reboot    looks whether they came back, and cleans up
#
# For a machine that may be thrown away: it installs Belay with its unit, restarts Docker, and removes all of that at the
# end. It refuses where Belay is installed already. Root; systemd with cgroup v2, Docker, curl, jq and busybox-static
# (scripts/setup --for demo). No test of the CI: that has neither systemd nor an engine that may be restarted.
set -uo pipefail
usage() { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
[ $# -gt 0 ] || usage
belay_given=$(realpath -e "$1") || usage
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
unit_source=$here/../../packaging/belay.service.in

bin=/usr/local/bin/belay
unit=/etc/systemd/system/belay.service
state=/var/lib/belay
definitions=/etc/dockerup/containers.d
place=/var/backups/belay-by-hand
app=hand-web app2=hand-other

failures=0
say() { printf '%-7s %s\n' "$1" "$2"; }
die() { echo "systemd.sh: $*" >&2; exit 2; }
# check WHAT COMMAND…: it must hold.
check() {
  local what=$1 said
  shift
  if said=$("$@" 2>&1); then say ok "$what"; else bad "$what" "$said"; fi
}
bad() {
  say FAILED "$1"
  failures=$((failures + 1))
  [ -z "${2:-}" ] || tail -n 15 <<<"$2" | sed 's/^/          /'
}
# soon WHAT COMMAND…: it must hold within $PATIENCE seconds; machines that are emulated are slow.
soon() {
  local what=$1 until=$((SECONDS + ${PATIENCE:-120}))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || { bad "$what" "$(journalctl --no-pager -n 12 -o cat -u belay)"; return; }
    sleep 0.5
  done
  say ok "$what"
}
note() { say '' "$*"; }

# ---- the engine ----

api() { curl -s --max-time 120 --unix-socket /var/run/docker.sock -X "$1" "${@:3}" "http://engine/v1.41$2"; }
inspect() { api GET "/containers/$1/json" | jq -r "$2"; }
is_up() { [ "$(inspect "$1" .State.Running)" = true ]; }
is_gone() { [ "$(inspect "$1" .Id)" = null ]; }
is_healthy() { [ "$(inspect "$1" .State.Health.Status)" = healthy ]; }
begun() { inspect "$1" '.Id + .State.StartedAt'; }
is_new() { is_up "$1" && [ "$(begun "$1")" != "$2" ]; }  # CONTAINER BEGUN
is_same() { is_up "$1" && [ "$(begun "$1")" = "$2" ]; }
# make_image NAME COMMAND: a shell and its tools; stays as long as COMMAND does.
make_image() {
  local root query name
  root=$(mktemp -d)
  mkdir "$root/bin" "$root/data"
  cp "$(command -v busybox)" "$root/bin/busybox"
  for name in sh sleep cat echo tail true false test touch; do ln -s busybox "$root/bin/$name"; done
  query=$(curl -s -o /dev/null -G -w '%{url_effective}' --data-urlencode 'changes=ENV PATH=/bin' \
    --data-urlencode "changes=CMD $(jq -cn --arg line "$2" '["sh", "-c", $line]')" http://127.0.0.1:1/ || true)
  tar -C "$root" -c . | api POST "/images/create?fromSrc=-&repo=${1%:*}&tag=${1#*:}&${query#*\?}" \
    -H 'Content-Type: application/x-tar' --data-binary @- >/dev/null
  rm -r "$root"
}
# define NAME IMAGE [MORE]
define() {
  printf '{"image": "%s", "update": {"pull": false}, %s}\n' "$2" "${3:-\"settle\": \"1s\"}" >"$definitions.new"
  mv "$definitions.new" "$definitions/$1.json"
}
web() { define "$app" hand:1 '"volumes": [{"containerPath": "/data"}, {"containerPath": "/page", "hostPath": "/srv/hand/page", "mode": "ro"}],
  "health": {"test": ["CMD", "cat", "/page"], "interval": "2s", "timeout": "60s", "retries": 3}, "memory": "64m"'; }

# ---- the daemon ----

property() { systemctl show -P "$1" "${2:-belay.service}"; }
is() { [ "$(property "$1" "${3:-belay.service}")" = "$2" ]; }
pid() { property MainPID; }
has_new_pid() { [ "$(pid)" != 0 ] && [ "$(pid)" != "$1" ] && systemctl -q is-active belay; }
# What the journal has of the unit since $mark.
mark() { mark=$(journalctl -n 0 --show-cursor | sed -n 's/^-- cursor: //p'); }
lines() { journalctl --no-pager -o json -u belay --after-cursor "$mark"; }
words() { lines | jq -r .MESSAGE; }
said() { words | grep -q -- "$1"; }
start() { systemctl start belay; }
stop() { systemctl stop belay; }
cause() { mark; web; [ "$(property ActiveState)" = active ] || start; soon "$app is up and healthy" is_healthy "$app"; }

install_all() {
  [ "$(id -u)" = 0 ] || die 'needs root'
  [ "$(cat /proc/1/comm)" = systemd ] || die 'systemd does not run this machine'
  api GET /_ping >/dev/null || die 'no engine at /var/run/docker.sock'
  [ ! -e /usr/bin/belay ] && [ ! -e $bin ] && [ ! -e $state ] && [ ! -e /etc/dockerup ] && [ ! -e $unit ] ||
    die 'Belay is on this machine already: this is for one that may be thrown away'
  trap remove_all EXIT
  cp "$belay_given" $bin
  sed "s|@CMAKE_INSTALL_FULL_BINDIR@|${bin%/*}|" "$unit_source" >$unit
  # Two minutes are right for users, too long to wait for.
  mkdir -p $unit.d $definitions /srv/hand $place
  printf '[Service]\nWatchdogSec=20s\nRestartSec=1s\n' >$unit.d/by-hand.conf
  echo one >/srv/hand/page
  printf 'metrics = unix:/run/belay/metrics.sock\nnotify_command = cat >>/run/belay/told\n' >/etc/dockerup/dockerup.conf
  make_image hand:1 'trap "exit 0" TERM; echo up; while :; do sleep 1000000 & wait $!; done'
  make_image hand:2 'trap "exit 0" TERM; echo two; while :; do sleep 1000000 & wait $!; done'
  make_image hand:slow 'trap "exit 0" TERM; echo slow; while :; do sleep 1000000 & wait $!; done'
  make_image hand:judged '[ -e /data/begun ] || touch /data/begun /data/good; trap "exit 0" TERM; while :; do sleep 1000000 & wait $!; done'
  make_image hand:greedy 'tail /dev/zero'
  systemctl daemon-reload
}
remove_all() {
  local id
  systemctl disable -q --now belay 2>/dev/null
  for id in "$app" "$app2"; do
    systemctl disable -q --now "belay-backup-$id.timer" 2>/dev/null
    systemctl stop "belay-backup-$id.service" 2>/dev/null
    rm -f "/etc/systemd/system/belay-backup-$id."{service,timer}
  done
  api GET '/containers/json?all=1' | jq -r '.[] | select(.Labels["belay.app"] // .Names[0] | test("hand-")) | .Id' |
    while read -r id; do api DELETE "/containers/$id?force=1&v=1"; done
  api GET /volumes | jq -r '.Volumes[].Name | select(startswith("hand-"))' | while read -r id; do api DELETE "/volumes/$id"; done
  api GET /images/json | jq -r '.[].RepoTags[]? | select(test("^(hand|belay/hand-[a-z]*):"))' |
    while read -r id; do api DELETE "/images/$id?force=1" >/dev/null; done
  rm -rf $unit $unit.d $bin $state /etc/dockerup /srv/hand /home/hand $place /run/belay
  rm -f /etc/systemd/system/multi-user.target.wants/belay.service
  systemctl daemon-reload
  systemctl reset-failed 2>/dev/null
}

# ---- tests ----

test_ready() {
  check 'systemd finds no fault with the unit' systemd-analyze verify --man=no --recursive-errors=no belay.service
  check 'the daemon is as locked up as it was' systemd-analyze security --threshold=35 --no-pager belay.service
  note "$(systemd-analyze security --no-pager belay.service | tail -n 1)"

  # Another daemon holds the lock: the unit must not be called active before it is ready.
  web
  : >/srv/hand/none
  $bin serve --config /srv/hand/none 2>/dev/null &
  local other=$!
  soon 'a daemon by hand serves' test -s $state/serve
  soon "$app is made" is_up "$app"
  mark
  systemctl start --no-block belay
  soon 'the unit waits for it' said 'is served by'
  check 'and is not active meanwhile' is SubState start
  kill "$other" && wait "$other"
  soon 'the unit is active when it is ready' is ActiveState active
  soon 'the app is healthy' is_healthy "$app"
  check 'the state belongs to the group docker' state_is_shared
  check 'systemctl restart' systemctl restart belay
  check 'the state still belongs to the group docker' state_is_shared

  local before
  before=$(begun "$app")
  echo two >/srv/hand/page
  soon 'a changed file that it binds replaces the app' is_new "$app" "$before"
  define "$app2" hand:1
  soon 'a new definition starts an app' is_up "$app2"
  before=$(begun "$app2")
  define "$app2" hand:2
  soon 'a changed one replaces it' is_new "$app2" "$before"
  api POST "/containers/$app2/kill" >/dev/null
  soon 'what is killed is up again' is_up "$app2"
  soon 'the command for notices runs' grep -q '"event":"deployed"' /run/belay/told
  check 'metrics are offered' metrics
  rm "$definitions/$app2.json"
  soon 'a definition that is gone removes its app' is_gone "$app2"
}
state_is_shared() {
  [ -z "$(getent group docker)" ] || ! find $state ! -group docker -ls | grep .
}
metrics() { curl -s --unix-socket /run/belay/metrics.sock http://belay/metrics | grep '^belay_engine_connected 1$'; }

test_watchdog() {
  cause
  local before old
  before=$(begun "$app") old=$(pid)
  kill -STOP "$old"
  soon 'a daemon that hangs is started anew' has_new_pid "$old"
  check 'by the watchdog' said 'Watchdog timeout'
  check 'the app went on' is_same "$app" "$before"
  old=$(pid)
  kill -KILL "$old"
  soon 'a daemon that was killed is started anew' has_new_pid "$old"
  check 'the app went on' is_same "$app" "$before"
  define "$app2" hand:1
  soon 'the new daemon goes on' is_up "$app2"
  rm "$definitions/$app2.json"
  soon 'and cleans up' is_gone "$app2"
  old=$(property NRestarts)
  sleep 45  # more than twice the watchdog's time
  check 'an idle daemon is left alone' is NRestarts "$old"
}

test_reload() {
  cause
  local before old
  before=$(begun "$app") old=$(pid)
  cp /etc/dockerup/dockerup.conf /srv/hand/settings
  sed -i 's|/told|/told-elsewhere|' /etc/dockerup/dockerup.conf
  check 'systemctl reload' systemctl reload belay
  soon 'the settings were read again' said 'the settings were read again'
  soon 'the unit is active again' is ActiveState active
  check 'it is the same daemon' is MainPID "$old"
  define "$app2" hand:1
  soon 'changed settings are in force' grep -q '"event":"deployed"' /run/belay/told-elsewhere
  mark
  echo 'nonsense = 1' >>/etc/dockerup/dockerup.conf
  systemctl reload belay
  soon 'wrong settings are told' said 'the settings stay as they were'
  soon 'and the daemon stays' is ActiveState active
  cp /srv/hand/settings /etc/dockerup/dockerup.conf
  systemctl reload belay
  soon 'settings that are right again are told' said 'the settings were read again'
  rm $definitions/$app2.json
  soon 'the other app is gone' is_gone "$app2"

  local begin=$EPOCHREALTIME
  check 'systemctl stop' stop
  note "took $(jq -n "$EPOCHREALTIME - $begin | . * 10 | round / 10") s"
  check 'it ended in good order' is Result success
  check 'with exit code 0' is ExecMainStatus 0
  check 'the app runs on' is_same "$app" "$before"
  mark
  start
  define "$app" hand:slow '"settle": "10m"'
  soon 'a change is under way' said 'create container'
  check 'systemctl stop takes it back' stop
  check 'it ended in good order' is Result success
  soon 'the old app runs' is_up "$app"
  check 'with the old image' is_of "$app" hand:1
  web
}
is_of() { [ "$(inspect "$1" .Image)" = "$(api GET "/images/$2/json" | jq -r .Id)" ]; }

test_journal() {
  mark
  web
  start
  echo '{"image": ' >$definitions/broken.json
  soon 'a broken definition is an error or a warning in the journal' has_priority 4
  check 'what is done is information' has_priority 6
  check 'no line has a date or a priority in its text' no_line '^(<[0-9]>|[0-9]{4}-[0-9]{2}-[0-9]{2})'
  check 'no line is empty or has control characters' no_line '(^$|[[:cntrl:]])'
  rm $definitions/broken.json
  lines | jq -r 'select(._TRANSPORT == "stdout") | "<" + .PRIORITY + "> " + .MESSAGE' | head -n 5 | while read -r line; do note "$line"; done
}
has_priority() { lines | jq -e --arg most "$1" -n '[inputs | select(._TRANSPORT == "stdout" and .PRIORITY <= $most)] | length > 0'; }
no_line() { ! lines | jq -r 'select(._TRANSPORT == "stdout") | .MESSAGE' | grep -E -- "$1"; }

test_engine_restart() {
  cause
  local old
  old=$(pid)
  systemctl restart docker
  soon 'the app is up again after a restart of the engine' is_healthy "$app"
  check 'the daemon outlived it' is MainPID "$old"
  systemctl stop docker.socket docker
  api_is_away() { ! api GET /_ping; }
  soon 'the engine is away' api_is_away
  check 'the daemon waits' systemctl is-active belay
  check 'and can be restarted meanwhile' systemctl restart belay
  systemctl start docker
  soon 'the app is up when the engine is back' is_healthy "$app"
  check 'systemctl enable' systemctl enable belay
  check 'the boot wants it' test -e /etc/systemd/system/multi-user.target.wants/belay.service
  systemctl -q disable belay
}

test_timer() {
  cause
  local timer=belay-backup-$app.timer service=belay-backup-$app.service before
  check 'a timer is installed' $bin backup $app -o $place --keep last=2 --install-timer --schedule minutely
  check 'systemd finds no fault with its units' systemd-analyze verify --man=no --recursive-errors=no $timer $service
  note "$(systemd-analyze security --no-pager $service | tail -n 1)"
  check 'it is among the timers' timer_is_listed $timer
  check 'its service makes a backup' systemctl start $service
  check 'which is right' newest_is_right
  check 'the app is not left paused' is_not_paused
  before=$(newest)
  PATIENCE=$((${PATIENCE:-120} + 150)) soon 'the clock makes one by itself' has_newer "$before"
  $bin backup $app -o $place --install-timer --schedule yearly >/dev/null 2>&1
  check 'installing again replaces the schedule' grep -q yearly /etc/systemd/system/$timer

  $bin backup $app -o $place --before false --install-timer --schedule yearly >/dev/null 2>&1
  check_not 'a hook that fails, fails the service' systemctl start $service
  check 'as systemd sees it' systemctl is-failed $service
  note "$(journalctl -u $service -o cat --no-pager -n 8 | grep -v systemd | grep -iE 'hook|false|error' | head -n 1)"
  check 'the app is not left paused' is_not_paused
  $bin backup $app -o $place --before 'touch /data/by-hook' --install-timer --schedule yearly >/dev/null 2>&1
  check 'a hook that works' systemctl start $service

  local volume
  volume=$(api GET /volumes/${app}_data | jq -r .Mountpoint)
  dd if=/dev/urandom of="$volume/much" bs=1M count=400 status=none
  systemctl start --no-block $service
  soon 'a backup is under way' is_paused
  check 'systemctl stop ends it' systemctl stop $service
  check 'the app is not left paused' is_not_paused
  check 'nothing of it is left' no_parts
  rm "$volume/much"
  check 'the timer is taken away' $bin backup $app --remove-timer
  check_not 'systemd forgot it' timer_is_listed $timer
  check_not 'its files are gone' ls /etc/systemd/system/$timer /etc/systemd/system/$service
}
check_not() {
  local what=$1 said
  shift
  if said=$("$@" 2>&1); then bad "$what" "$said"; else say ok "$what"; fi
}
timer_is_listed() { systemctl list-timers --no-legend --no-pager | grep -F "$1"; }
newest() { find $place -name "$app-*.belay.tar.zst" -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2; }
newest_is_right() { $bin verify "$(newest)"; }
has_newer() { [ "$(newest)" != "$1" ]; }
no_parts() { ! find $place -name '*.part' | grep .; }
is_paused() { [ "$(inspect $app .State.Paused)" = true ]; }
is_not_paused() { [ "$(inspect $app .State.Paused)" = false ]; }

# A restore dies while the app has to prove itself with the other data, which it cannot. What comes next has to take the
# data back, from inside of its unit.
test_interrupted() {
  local next restore id volume service=belay-backup-$app2.service
  for next in belay.service $service; do
    define $app2 hand:judged '"volumes": [{"containerPath": "/data"}, {"containerPath": "/more", "hostPath": "/home/hand/data"}],
      "health": {"test": ["CMD", "test", "-e", "/data/good"], "interval": "2s", "timeout": "60s", "retries": 3}'
    systemctl start belay
    soon "$app2 is up and healthy" is_healthy $app2
    stop
    volume=$(api GET /volumes/${app2}_data | jq -r .Mountpoint)
    mv "$volume/good" "$volume/bad"
    echo old >/home/hand/data/note
    check 'a backup' $bin backup $app2 -o $place
    $bin backup $app2 -o $place --install-timer --schedule yearly >/dev/null 2>&1
    mv "$volume/bad" "$volume/good"
    echo new >/home/hand/data/note
    id=$(begun $app2)
    $bin restore $app2 >/dev/null 2>&1 &
    restore=$!
    soon 'a restore has exchanged the data' is_restored "$volume" "$id"
    kill -KILL $restore
    wait $restore 2>/dev/null
    mark
    check "$next starts" systemctl start "$next"
    soon "the app is healthy again by $next" is_healthy $app2
    check 'with the data that it had' grep -qx new /home/hand/data/note
    soon 'nothing is left to do' whole
    check "nothing was read-only to $next" no_read_only "$next"
  done
  $bin backup $app2 --remove-timer >/dev/null 2>&1
}
is_restored() { is_new $app2 "$2" && [ -e "$1/bad" ] && grep -qx old /home/hand/data/note; }
no_read_only() { ! journalctl --no-pager -o cat -u "$1" --after-cursor "$mark" | grep -iE 'read-only|permitted|denied'; }
whole() { ! $bin status $app2 | grep -i interrupted; }

test_limits() {
  mark
  web
  start
  soon 'the app is up' is_healthy $app
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    # As the engine lets systemd make its groups, or makes them itself.
    local group
    group=/sys/fs/cgroup/system.slice/docker-$(inspect $app .Id).scope
    [ -d "$group" ] || group=/sys/fs/cgroup/docker/$(inspect $app .Id)
    check 'its limit of memory reaches cgroup v2' grep -qx 67108864 "$group/memory.max"
  else
    bad 'this machine has no cgroup v2'
  fi
  check 'no drift is seen' $bin plan --detailed-exitcode
  define $app2 hand:greedy '"memory": "16m"'
  soon 'a container without memory is told as such' said 'killed for lack of memory'
  rm $definitions/$app2.json
  soon 'and removed' is_gone $app2
}

before_reboot() {
  cause
  systemctl -q enable belay
  $bin backup $app -o $place --install-timer --schedule minutely
  begun $app >$place/begun
  [ $failures = 0 ] || exit 1
  trap - EXIT
  echo "Reboot now, then: $0 $belay_given --after-reboot"
}
after_reboot() {
  trap remove_all EXIT
  mark=
  soon 'the daemon is back' is ActiveState active
  soon 'the app is up again' is_healthy $app
  check 'it was started anew' is_new $app "$(cat $place/begun)"
  check 'the timer is back' timer_is_listed belay-backup-$app.timer
  local before
  before=$(newest)
  soon 'and makes a backup' has_newer "$before"
  check 'which is right' newest_is_right
}

case ${1:-} in
  --after-reboot) after_reboot ;;
  --before-reboot) install_all; before_reboot ;;
  -*) usage ;;
  *)
    install_all
    tests=("${@/#/test_}")
    [ $# -gt 0 ] || tests=(test_ready test_watchdog test_reload test_journal test_engine_restart test_timer test_interrupted test_limits)
    for test in "${tests[@]}"; do
      echo "${test#test_}"
      "$test"
    done
    ;;
esac
[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
