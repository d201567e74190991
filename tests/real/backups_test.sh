#!/bin/bash
# The list of backups, what goes out of it by rules, what comes into it from a folder, and backups by the clock.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# An app that runs, with a volume.
start_web() {
  new_port port
  image web "$port"
  export BELAY_BACKUPS=$place/backups
  expect_done belay deploy "$app"
}
# back_up NAME [OPTION…]: a backup in a file of that name; its own times are only exact to the second.
back_up() {
  local name=$1
  shift
  expect_done belay backup "$app" -o "$place/backups/$name.belay.tar.zst" "$@"
}
listed() { belay backups "$app" --json | jq -r '.backups[].file | split("/") | last | rtrimstr(".belay.tar.zst")' | tr '\n' ' '; }
# shellcheck disable=SC2012
there() { ls "$place/backups" | sed 's/\.belay.*//' | tr '\n' ' '; }

# A folder that cannot be made, a server that does not answer: both are backups that failed, and the history has them.
test_a_backup_that_could_not_begin_is_in_the_history() {
  start_web
  failed() { belay history "$app" --json | jq '[.entries[] | select(.verb == "backup" and .outcome == "failed")] | length'; }
  touch "$place/file"
  local where count=0
  for where in "$place/file/in" sftp://127.0.0.1:1/x; do
    count=$((count + 1))
    run belay backup "$app" -o "$where"
    expect_exit 1
    expect_equal "failed backups, with $where" "$count" "$(failed)"
  done
  # A word that is no place, and a look at what would be done, are none.
  run belay backup "$app" -o sftp://
  expect_exit 2
  run belay backup "$app" -n -o "$place/file/in"
  expect_equal 'failed backups' "$count" "$(failed)"
}

test_backups_are_listed_with_what_is_known_of_them() {
  start_web
  back_up one
  expect_done belay backups "$app"
  expect_out "$app .* r1 .*backups/one.belay.tar.zst"
  expect_equal 'what is known' "[\"$app\",\"r1\",false,null,null]" \
    "$(belay backups --json | jq -c --arg app "$app" '.backups[] | select(.name == $app) | [.name, .release, .encrypted, .verified, .trouble]')"
  expect_done belay verify "$place/backups/one.belay.tar.zst"
  expect_done belay backups "$app"
  expect_out 'verified'
  expect_refused 1 belay backups "${prefix}other"
}
test_prune_shows_what_goes_asks_and_keeps_by_the_rules() {
  start_web
  back_up one
  back_up two
  back_up three
  expect_done belay backups "$app" --prune --keep last=2 --dry-run
  expect_out "remove .*one.*"
  expect_out "stays: .*two.*"
  expect_equal 'files' 'one three two ' "$(there)"
  expect_refused 2 belay backups "$app" --prune --keep last=2
  expect_equal 'files' 'one three two ' "$(there)"
  expect_done belay backups "$app" --prune --keep last=2 -y
  expect_equal 'files' 'three two ' "$(there)"
  expect_equal 'list' 'three two ' "$(listed)"
  expect_refused 2 belay backups "$app" --prune --keep last=0 -y
  expect_refused 2 belay backups "$app" --prune -y
  expect_equal 'files' 'three two ' "$(there)"
}
test_a_backup_with_keep_prunes_after_it() {
  start_web
  back_up one
  back_up two
  back_up three --keep last=1 --json
  expect_equal 'removed' 2 "$(jq '.removed | length' <<<"$out")"
  expect_equal 'files' 'three ' "$(there)"
  expect_refused 2 belay backup "$app" --keep nonsense
  expect_equal 'files' 'three ' "$(there)"
}
test_what_vanished_is_forgotten_and_what_cannot_be_reached_stays() {
  start_web
  back_up one
  back_up two
  back_up three
  rm "$place/backups/two.belay.tar.zst"
  expect_done belay backups "$app" --prune --keep last=5
  expect_err 'gone by itself.*two'
  expect_equal 'list' 'three one ' "$(listed)"
  mv "$place/backups" "$place/away"
  expect_done belay backups "$app" --prune --keep last=5
  expect_err 'cannot be asked'
  expect_equal 'list' 'three one ' "$(listed)"
  # The folder that a disk is mounted on, while it is not, with what a backup writes there.
  mkdir "$place/backups"
  back_up four
  expect_done belay backups "$app" --prune --keep last=1 -y
  expect_err 'may not be mounted'
  expect_equal 'list' 'four three one ' "$(listed)"
}
test_a_scan_finds_the_backups_after_the_loss_of_the_state() {
  start_web
  back_up one
  expect_done belay backup "$app" --passphrase-file /proc/self/comm
  rm -r "$BELAY_STATE_DIR"
  expect_done belay backups --scan "$place/backups"
  expect_err '2 new'
  cd "$place" || return
  expect_done belay backups --scan backups --json
  expect_err '0 new, 2 known'
  expect_equal 'found' "[\"$app\",\"r1\",false] [\"$app\",null,true]" \
    "$(jq -c '.backups[] | [.name, .release, .encrypted]' <<<"$out" | sort | tr '\n' ' ' | sed 's/ $//')"
}

test_a_timer_makes_the_same_backup() {
  start_web
  mkdir "$place/units"
  export BELAY_UNIT_FOLDER=$place/units
  echo secret >"$place/secret"
  cd "$place" || return
  expect_done belay backup "$app" -o "other place" --gzip --passphrase-file secret --keep last=3 --install-timer \
    --schedule 'Mon..Fri 03:00'
  expect_err 'systemctl enable --now'
  expect grep -q '^OnCalendar=Mon..Fri 03:00$' "units/belay-backup-$app.timer"
  expect_not grep -q secret'$' <(grep -v passphrase-file "units/belay-backup-$app.service")
  if command -v systemd-analyze >/dev/null; then
    expect_done systemd-analyze verify --man=no --recursive-errors=no "units/belay-backup-$app.timer" "units/belay-backup-$app.service"
    expect_equal 'what systemd says of the units' '' "$err"
  fi
  # The line of the service is one that a shell understands as well.
  cd / || return
  eval "run $(sed -n 's/^ExecStart=//p' "$place/units/belay-backup-$app.service")"
  expect_exit 0
  expect ls "$place/other place/$app"-*.belay.tar.gz.age >/dev/null
  expect_done belay backup "$app" --remove-timer
  expect_equal 'units' '' "$(ls "$place/units")"
  expect_refused 1 belay backup "$app" --remove-timer
}
test_a_timer_that_could_not_work_is_refused() {
  start_web
  mkdir "$place/units"
  export BELAY_UNIT_FOLDER=$place/units
  PASS=secret expect_refused 2 belay backup "$app" --passphrase --install-timer
  expect_err 'passphrase-file'
  expect_refused 2 belay backup "$app" --schedule daily
  expect_refused 2 belay backup "$app" --keep nonsense --install-timer
  expect_refused 2 belay backup "$app" -o "$place/one.belay.tar.zst" --install-timer
  expect_refused 1 belay backup "${prefix}other" --install-timer
  if command -v systemd-analyze >/dev/null; then
    expect_refused 2 belay backup "$app" --install-timer --schedule 'every other tuesday'
  fi
  expect_equal 'units' '' "$(ls "$place/units")"
}
test_cron_gets_a_line() {
  start_web
  expect_done belay backup "$app" --cron
  expect_out "^[0-9]+ [1-5] \* \* \* root .*'?backup'? '?$app'? "
  expect_equal 'lines' 1 "$(wc -l <<<"$out")"
}

run_tests "$@"
