#!/bin/bash
# package_booted.sh DEB OLDER-DEB [ROOT]    an upgrade under systemd from a Belay that has run here for a while: the daemon goes on
# with the new program, the state is migrated and kept, what runs is not touched; the way back to the older one; removal
#
# ROOT is a folder with a Debian that debootstrap made with systemd-sysv and dbus, and is changed; without it one is made. Root,
# Docker's programs, a mirror; see tests/by_hand/booted for the rest. The engine is a private one. The program of DEB must have a
# newer schema of the state than that of OLDER-DEB.
set -uo pipefail
[ $# -ge 2 ] || { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
new=$(realpath -e "$1") old=$(realpath -e "$2") root=${3:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
engine=$here/../../scripts/engine
folder=$(mktemp -d)
trap '"$here/booted" down "$root"; "$engine" down "$folder/engine"; rm -rf "$folder"' EXIT
if [ -z "$root" ]; then
  root=$folder/root
  debootstrap --variant=minbase --include=systemd-sysv,dbus bookworm "$root" || exit 1
fi

failures=0
check() {  # WHAT COMMAND…
  local what=$1 said
  shift
  if said=$("$@" 2>&1); then
    printf '%-7s %s\n' ok "$what"
  else
    printf '%-7s %s\n' FAILED "$what"
    tail -n 5 <<<"$said" | sed 's/^/          /'
    failures=$((failures + 1))
  fi
}
inside() { "$here/booted" run "$root" env DOCKER_HOST=unix:///run/beside/docker.sock BELAY_SETTLE=1s "$@"; }
is_not() { ! "$@"; }
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }
# Within a minute.
becomes() {
  local until=$((SECONDS + 60))
  until "$@"; do
    [ $SECONDS -lt $until ] || return 1
    sleep 0.2
  done
}
active() { is "$(inside systemctl is-active "$1")" active; }
main_pid() { inside systemctl show -p MainPID --value belay; }
alive() { curl -s --unix-socket "$socket" "http://engine/v1.41/containers/$1/json" | jq -r '.Id + .State.StartedAt + (.State.Running | tostring)'; }
runs() { [[ $(alive "$1") == *true ]]; }
lists() { inside belay ls --names | grep -qx "$1"; }

socket=$("$engine" up "$folder/engine" | sed 's|^export DOCKER_HOST=unix://||')
mkdir -p "$folder/image/bin"
cp "$(command -v busybox)" "$folder/image/bin/"
ln -s busybox "$folder/image/bin/sh"
tar -C "$folder/image" -c . | curl -s --unix-socket "$socket" -H 'Content-Type: application/x-tar' --data-binary @- -o "$folder/made" \
  'http://engine/v1.41/images/create?fromSrc=-&repo=shop&tag=1&changes=CMD+%5B%22/bin/sh%22,%22-c%22,%22trap+exit+TERM%3B+/bin/busybox+sleep+100000+%26+wait%22%5D'
check 'there is an image' grep -q sha256 "$folder/made"

# What an earlier run of this left.
rm -rf "$root"/var/lib/belay "$root"/var/backups/belay "$root"/etc/dockerup
"$here/booted" up "$root" "${socket%/*}" || exit 1
cp "$old" "$root/root/old.deb"
cp "$new" "$root/root/new.deb"
mkdir -p "$root/etc/dockerup/containers.d"
echo '{"image": "shop:1", "volumes": ["data:/data"], "update": {"pull": false}}' >"$root/etc/dockerup/containers.d/shop.json"

check 'the older package is installed' inside dpkg -i /root/old.deb
echo 'DOCKER_HOST=unix:///run/beside/docker.sock' >>"$root/etc/belay/environment"
check 'its daemon is started' inside systemctl enable --now belay
check 'it makes what is declared' becomes lists shop
check 'which proves itself' becomes eval 'inside belay releases shop | grep -q passed'
check 'and runs' runs shop
check 'a backup is made each night' inside belay backup shop --install-timer --schedule 03:00
check 'by a timer' active belay-backup-shop.timer
before=$(alive shop) pid=$(main_pid)

check 'the package is upgraded' inside dpkg -i --force-confold /root/new.deb
check 'the daemon runs' becomes active belay
check 'with the new program' is_not is "$pid" "$(main_pid)"
check 'the state from before was kept' becomes eval 'ls "$root"/var/lib/belay/state.db.schema-* >/dev/null'
check 'the app is known' becomes lists shop
check 'nothing is to be done' eval '[[ $(inside belay plan shop) == "nothing to do" ]]'
check 'its container was not touched' is "$(alive shop)" "$before"
check 'the backup is made' inside systemctl start belay-backup-shop.service
check 'and is known' eval 'inside belay backups shop | grep -q belay.tar'

check 'an app is added' inside belay deploy site --image shop:1 -y
check 'the daemon is stopped for the way back' inside systemctl stop belay
check 'the older package is installed again' inside dpkg -i --force-confold /root/old.deb
check 'it refuses the newer state' is_not inside belay ls
state=$root/var/lib/belay
rm -f "$state"/state.db-*
mv "$state"/state.db.schema-* "$state/state.db"
check 'with the state from before it goes on' lists shop
check 'recover adds what came since' inside belay recover
check 'and then nothing is to be done' eval '[[ $(inside belay plan site) == "nothing to do" ]]'
check 'the daemon starts' inside systemctl start belay
check 'and runs' becomes active belay

check 'the new package is installed again' inside dpkg -i --force-confold /root/new.deb
check 'the daemon goes on' becomes active belay
check 'the package is removed' inside dpkg -r belay
check 'the daemon has ended' is_not active belay
check 'the timer has ended' is_not active belay-backup-shop.timer
check 'no unit has failed' is "$(inside systemctl --failed --no-legend)" ''
check 'what ran runs on' is "$(alive shop)" "$before"
check 'the package is purged' inside dpkg -P belay
check 'no unit of it is left' is "$(inside systemctl list-unit-files --no-legend 'belay*')" ''
check 'the state is left' test -s "$state/state.db"

echo "$failures failed"
[ $failures -eq 0 ]
