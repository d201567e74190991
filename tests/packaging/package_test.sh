#!/bin/bash
# The scripts of the package do what by_hand/package.sh says, also where there is no mirror: in a root that has only what they
# call, with packages of the files that matter to them.
#   package_test.sh UNITS     the folder with the units of this build
set -euo pipefail
units=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ "$(id -u)" = 0 ] || { echo 'only root installs packages'; exit 77; }
command -v dpkg dpkg-deb >/dev/null || { echo 'this is not Debian'; exit 77; }

. tests/support/linked_program.sh

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

make_package() {  # VERSION
  local tree=$folder/belay-$1 unit script
  mkdir -p "$tree"/{DEBIAN,usr/bin,usr/share/belay,etc/belay,lib/systemd/system}
  printf '#!/bin/sh\necho %s\n' "$1" >"$tree/usr/bin/belay"
  chmod 755 "$tree/usr/bin/belay"
  for unit in "$units"/*.service; do cp "$unit" "$tree/lib/systemd/system/"; done
  cp packaging/belay.conf "$tree/usr/share/belay/"
  cp packaging/environment "$tree/etc/belay/"
  cp packaging/conffiles "$tree/DEBIAN/"
  for script in postinst prerm postrm; do install -m 755 "packaging/$script" "$tree/DEBIAN/"; done
  cat >"$tree/DEBIAN/control" <<END
Package: belay
Version: $1
Architecture: all
Maintainer: nobody <nobody@localhost>
Description: stands in for the package
END
  chmod -R go-w "$tree"
  dpkg-deb --root-owner-group -Znone -b "$tree" "$folder/belay-$1.deb" >/dev/null
}

root=$folder/root
mkdir -p "$root"/{bin,etc,tmp,var/lib/dpkg/info,var/lib/dpkg/updates,var/lib/dpkg/triggers}
touch "$root/var/lib/dpkg/status" "$root/var/lib/dpkg/available"
for program in sh cp chmod rm rmdir grep; do
  linked_program "$root" "$(command -v $program)" /bin
done

make_package 0.9.0
make_package 1.0.0
WITHOUT_LINTIAN=yes tests/by_hand/package.sh "$folder/belay-1.0.0.deb" "$folder/belay-0.9.0.deb" "$root"
