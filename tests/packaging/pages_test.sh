#!/bin/bash
# The manual pages of the file formats are made of the documents, and nothing of their markup is left in them. The scripts of
# the package can be read by the shell.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "$*" >&2; exit 1; }

packaging/format_pages 1.2.3 docs "$folder"
gunzip "$folder"/*.5.gz
for page in "$folder"/*.5; do
  name=${page##*/}
  grep -q "^\.TH \"$(tr '[:lower:]-' '[:upper:]-' <<<"${name%.5}" | sed 's/-/\\\\-/g')\" 5 \"\" \"belay 1.2.3\"" "$page" ||
    fail "$name has another heading: $(grep '^\.TH' "$page")"
  # In code, anything may stand.
  words=$(sed '/^\.EX$/,/^\.EE$/d' "$page")
  ! grep -nE '```|\]\([^)]*\)|^#+ |^\|' <<<"$words" || fail "$name has markup in it"
  [ "$(grep -c '^\.EX$' "$page")" = "$(grep -c '^\.EE$' "$page")" ] || fail "$name has code that does not end"
  [ "$(grep -c '^\.TS$' "$page")" = "$(grep -c '^\.TE$' "$page")" ] || fail "$name has a table that does not end"
done
for page in definitions files compose compose-keys units templates checks backup-format json errors; do
  grep -q '^\.SH NAME$' "$folder/belay-$page.5" || fail "no page belay-$page"
done
gunzip -c "$folder/changelog.gz" | grep -q '^belay (1\.2\.3) ' || fail 'the changelog has another version'

for script in postinst prerm postrm; do
  [ -x "packaging/$script" ] || fail "$script cannot be run"
  sh -n "packaging/$script"
done
