#!/bin/bash
# package.sh DEB OLDER-DEB [ROOT]    the Debian package in a fresh Debian: lintian, then install the older one, upgrade, remove,
# install again, and purge; after each, what is there and what is not
#
# ROOT is a folder with a Debian that debootstrap made, and is changed; without it one is made in a temporary folder, which
# takes minutes and a mirror. Root; scripts/setup --for package. No systemd runs in there: a stand-in for systemctl records what
# the package asks of it. The CI has no mirror: tests/packaging/package_test.sh runs this with packages and a root of its own.
set -uo pipefail
usage() { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
new=$(realpath -e "$1") old=$(realpath -e "$2") root=${3:-}
made=
if [ -z "$root" ]; then
  made=$(mktemp -d)
  root=$made/root
  trap 'rm -rf "$made"' EXIT
  debootstrap --variant=minbase bookworm "$root" || exit 1
fi

failures=0
say() { printf '%-7s %s\n' "$1" "$2"; }
check() {  # WHAT COMMAND…
  local what=$1 said
  shift
  if said=$("$@" 2>&1); then
    say ok "$what"
  else
    say FAILED "$what"
    tail -n 5 <<<"$said" | sed 's/^/          /'
    failures=$((failures + 1))
  fi
}
is_not() { ! "$@"; }
here() { test -e "$root$1" -o -L "$root$1"; }
gone() { ! here "$1"; }
# The package's own scripts run inside of it.
in_root() {  # DPKG-OPTION…
  env DEBIAN_FRONTEND=noninteractive PATH=/stand-in:/usr/sbin:/usr/bin:/sbin:/bin dpkg --root="$root" --log=/dev/null "$@"
}
asked() { grep -qxF -- "$1" "$root/asked"; }
# Every file and link but those of dpkg and what the test itself has put there.
listing() {
  find "$root" \( -path "$root/var/lib/dpkg" -o -path "$root/var/log" -o -path "$root/proc" -o -path "$root/stand-in" -o \
    -path "$root/var/cache" \) -prune -o \( -type f -o -type l \) -printf '%P\n' | grep -vxE 'asked' | sort
}
step() {  # WHAT COMMAND…: a step of the package; from here on `asked` means it
  : >"$root/asked"
  check "$@"
}

if [ -z "${WITHOUT_LINTIAN:-}" ]; then
  errors=$(lintian --fail-on error "$new" 2>&1 | grep '^E:')
  check "lintian finds no error${errors:+: $errors}" test -z "$errors"
fi

mkdir -p "$root/stand-in" "$root/run/systemd/system"
cat >"$root/stand-in/systemctl" <<'END'
#!/bin/sh
echo "$*" >>/asked
END
chmod 755 "$root/stand-in/systemctl"
before=$(listing)

step "the older package is installed" in_root -i "$old"
check "the program is there" here /usr/bin/belay
check "the daemon is not enabled" gone /etc/systemd/system/multi-user.target.wants/belay.service
check "the settings are there, and say nothing" is_not grep -q '^[^;]' "$root/etc/belay/belay.conf"

# What a host has after some time.
mkdir -p "$root/etc/systemd/system/timers.target.wants" "$root/var/lib/belay" "$root/var/backups/belay"
echo '# Written by belay backup --install-timer' >"$root/etc/systemd/system/belay-backup-shop.service"
echo '[Timer]' >"$root/etc/systemd/system/belay-backup-shop.timer"
ln -sf /etc/systemd/system/belay-backup-shop.timer "$root/etc/systemd/system/timers.target.wants/belay-backup-shop.timer"
echo '[Service]' >"$root/etc/systemd/system/belay-backup-mine.service"
echo state >"$root/var/lib/belay/state.db"
echo backup >"$root/var/backups/belay/shop.belay.tar.zst"
echo 'BELAY_SETTLE=10s' >>"$root/etc/belay/environment"
echo 'keep = 5' >>"$root/etc/belay/belay.conf"

step "it is upgraded" in_root -i --force-confold "$new"
check "a daemon that runs is restarted" asked 'try-restart belay.service'
check "and was not stopped before" is_not asked 'stop belay.service'
check "a changed file of /etc stays" grep -q '^BELAY_SETTLE=10s' "$root/etc/belay/environment"
check "the settings stay" grep -q '^keep = 5' "$root/etc/belay/belay.conf"

step "it is removed" in_root -r belay
check "the program is gone" gone /usr/bin/belay
check "the daemon was stopped" asked 'stop belay.service'
check "the timer was stopped" asked 'disable --now belay-backup-shop.timer'
check "its file is still there" here /etc/systemd/system/belay-backup-shop.timer
check "the settings are still there" grep -q '^keep = 5' "$root/etc/belay/belay.conf"
check "the state is still there" here /var/lib/belay/state.db

step "it is installed again" in_root -i --force-confold "$new"
check "with the settings from before" grep -q '^keep = 5' "$root/etc/belay/belay.conf"

step "it is purged" in_root -P belay
check "/etc/belay is gone" gone /etc/belay
check "the units of timers are gone" gone /etc/systemd/system/belay-backup-shop.service
check "a unit that Belay did not write stays" here /etc/systemd/system/belay-backup-mine.service
check "the state stays" here /var/lib/belay/state.db
check "the backups stay" here /var/backups/belay/shop.belay.tar.zst
rm -r "$root/var/lib/belay" "$root/var/backups/belay" "$root/etc/systemd/system/belay-backup-mine.service"
left=$(comm -13 <(echo "$before") <(listing))
check "nothing else is left${left:+: $left}" test -z "$left"

# A host that has dockerup's settings goes on with those.
mkdir -p "$root/etc/dockerup"
touch "$root/etc/dockerup/dockerup.conf"
step "it is installed beside dockerup's settings" in_root -i "$new"
check "and brings none of its own" gone /etc/belay/belay.conf
in_root -P belay >/dev/null 2>&1
rm -r "$root/etc/dockerup"

echo "$failures failed"
[ $failures -eq 0 ]
