#!/bin/bash
# The units say nothing that systemd does not understand, and the daemon's stays as locked up as it is.
#   units_test.sh BELAY UNIT…      BELAY stands in for the installed program
set -euo pipefail
belay=$(realpath "$1")
shift

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for unit in "$@"; do
  sed -E "s|^(ExecStart=)[^ ]*/belay|\1$belay|" "$unit" >"$folder/${unit##*/}"
  grep -q "^ExecStart=$belay " "$folder/${unit##*/}" || { echo "${unit##*/} does not start belay" >&2; exit 1; }
done

said=$(systemd-analyze --man=no verify "$folder"/*.service 2>&1) || { printf '%s\n' "$said" >&2; exit 1; }
# Units of the machine that runs the test have their own faults.
faults=$(grep -F "$folder" <<<"$said" || true)
[ -z "$faults" ] || { printf '%s\n' "$faults" >&2; exit 1; }

systemd-analyze security --offline=true --threshold=35 "$folder/belay.service" >"$folder/security" ||
  { cat "$folder/security" >&2; exit 1; }
