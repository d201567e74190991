#!/bin/bash
# Forged and damaged backups, each given to `belay restore`: nothing is written outside of the app's places, nothing half, and
# the app runs on with the data it had unless the whole backup was taken.
#   tests/faults/hostile_backups.sh [STEP] [SEED] [FLIPS]      every STEP-th form (1: all); FLIPS bits flipped (12)
# The environment may give BELAY (the binary; else that of the preset dev). The seed makes the same choices again.
# shellcheck source-path=SCRIPTDIR disable=SC2154
set -uo pipefail

# shellcheck source=kills.sh
. "$(dirname "${BASH_SOURCE[0]}")/kills.sh"
step=${1:-1} seed=${2:-1} flips=${3:-12}
on_own_engine "$step" "$seed" "$flips"
# shellcheck source=../real/data.sh
. "$root/tests/real/data.sh"

# What must be as it was: the places around, and what a forged name may aim at.
surroundings() {
  find "$work/around" /tmp/"$prefix"-outside /escaped /x 2>/dev/null | sort
  sha256sum /etc/passwd /etc/hostname 2>/dev/null
  stat -c '%n %a %U %i' / /etc /root /usr /var/lib /tmp
}
notes_say() { [ "$(cat "$data/note" "$folder/note" "$file" | cut -d ' ' -f 1 | sort -u)" = "$1" ]; }

# tries_form NAME EXPECTED: restores it. Prints 1 if it was taken; what is wrong, and 1 as its code.
tries_form() {
  local around of=$app
  if [[ $1 == absent-* ]]; then
    of=$app2
    # Only planned where it is not refused: what it aims at may be this machine's own.
    run belay restore "$of" "$work/forms/$1.belay.tar.zst" --dry-run
    if [ "$code" -eq 0 ] && [ "$2" = refused ]; then echo "was planned: ${out%%$'\n'*}"; return 1; fi
  fi
  run belay restore "$of" "$work/forms/$1.belay.tar.zst"
  around=$(surroundings)
  if [ "$before" != "$around" ]; then
    diff <(echo "$before") <(echo "$around")
    return 1
  fi
  [ "$code" -lt 3 ] || { echo "exit code $code: $err"; return 1; }
  [[ ! $err$out =~ (inside Belay|fault of the program|terminate called) ]] || { echo "no sentence for people: $err"; return 1; }
  [[ ! $err$out =~ $'\x1b' ]] || { echo "raw escape sequences: $err"; return 1; }
  one_runs || { echo "what runs: $(running "$app")"; return 1; }
  if [ "$code" -ne 0 ]; then
    [ -n "$err" ] || { echo 'refused without a word'; return 1; }
    notes_say second || { echo 'refused, but the data changed'; return 1; }
    return 0
  fi
  [ "$2" = harmless ] || { echo "was taken: $out"; return 1; }
  if [ $of = "$app2" ]; then
    expect_done belay remove "$of" --volumes --yes-lose-data "$of" -y
  else
    expect_done belay restore "$app" "$backup"
    write_notes second
  fi
  echo 1
}
one_runs() { [ "$(running "$app" | grep -c .)" = 1 ]; }

test_whatever_a_backup_holds_nothing_else_changes() {
  local name expected before complaint failed=() tried=0 taken=0 number=0 item
  keeper
  write_notes first
  backed_up --live
  write_notes second
  mkdir "$work/around" "$work/forms"
  before=$(surroundings)
  item=$(zstd -dc "$backup" | tar -xO belay-backup.json | jq -r --arg source "$volume" '.items[] | select(.source == $source).id')
  "$root/tests/faults/hostile_backups" "$backup" "$item" "$app2" "$work/forms" "/tmp/$prefix-outside/x" "$seed" "$flips" >"$work/list" || fail 'making the forms'
  while read -r name expected; do
    number=$((number + 1))
    [ $((number % step)) -eq 0 ] || continue
    tried=$((tried + 1))
    if complaint=$(tries_form "$name" "$expected"); then
      taken=$((taken + ${complaint:-0}))
    else
      echo "$name: $complaint" >&2
      failed+=("$name")
    fi
  done <"$work/list"
  [ ${#failed[@]} -eq 0 ] || fail "of $tried forms: ${failed[*]}"
  echo "$tried forms, $taken taken without harm (seed $seed)"
}

run_tests
