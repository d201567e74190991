#!/bin/bash
# Backups elsewhere, by the real programs: a server of OpenSSH with keys of its own, rclone with a remote of its own, and
# a store that speaks S3: $S3RVER names that server's program; where there is none, its test is left out.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/data.sh"

# start_sshd: nothing but files, for who runs the test; "box" to Belay's ssh. The folder $far is there.
start_sshd() {
  local port
  new_port port
  mkdir -p "$place/far"
  far=$place/far at=sftp://box$place/far
  sshd_files box "$port" "User $(id -un)"
  background /usr/sbin/sshd -D -e -f "$place/sshd/config" 2>"$place/sshd/log"
  sshd=$pid
  eventually test -s "$place/sshd/pid"
}
start_rclone() {
  mkdir -p "$place/far"
  far=$place/far at=rclone:disk:$place/far
  printf '[disk]\ntype = local\n' >"$place/rclone.conf"
  export BELAY_RCLONE="rclone --config $place/rclone.conf"
}
# The store keeps an object of that name in a file of another.
start_s3() {
  local port
  new_port port
  suffix=._S3rver_object
  far=$place/store/belay/daily at=rclone:s3:belay/daily
  mkdir -p "$place/store"
  background node "$S3RVER" --directory "$place/store" --address 127.0.0.1 --port "$port" --silent \
    --configure-bucket belay >"$place/s3.log" 2>&1
  store=$pid
  cat >"$place/rclone.conf" <<END
[s3]
type = s3
provider = Other
access_key_id = S3RVER
secret_access_key = S3RVER
endpoint = http://127.0.0.1:$port
END
  # rclone 1.60 cannot go on where this is set.
  unset AWS_CA_BUNDLE
  export BELAY_RCLONE="rclone --config $place/rclone.conf"
  eventually test -d "$place/store/belay"
  eventually listens "$port"
}
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

suffix=
# Where the bytes of a backup are on this machine.
bytes_of() { echo "$far/$1$suffix"; }
there() { find "$far" -name "*.belay.*$suffix" ! -name '.*' -printf '%f\n' | sed 's/\.belay.*//' | sort | paste -sd ' '; }
# Somebody else's copy of a backup without its end.
cut_off() {
  local whole=$place/whole
  cp "$(bytes_of "$1")" "$whole"
  truncate -s -20 "$whole"
  if [ -n "$suffix" ]; then
    $BELAY_RCLONE copyto "$whole" "${at#rclone:}/$1" || fail "replacing $1"
  else
    cp "$whole" "$far/$1"
  fi
}
listed() { belay backups "$app" --json | jq -r '.backups[].file | split("/") | last | rtrimstr(".belay.tar.zst")' | paste -sd ' '; }

# All that one does with backups in a place: $at to Belay, $far on this machine.
use_it() {
  local name
  keeper
  fill_with_everything "$data"
  # More than one part, and more than fits into a pipe.
  head -c 9M /dev/urandom >"$data/large"
  local of_data
  of_data=$(listing "$data")
  expect_done belay backup "$app" -o "$at"
  expect_equal 'how many files' 1 "$(there | wc -w)"
  expect_done belay backup "$app" -o "$at/two.belay.tar.zst"
  expect_done belay verify "$at/two.belay.tar.zst"
  expect_done belay verify "$(bytes_of two.belay.tar.zst)"

  write_notes second
  rm -rf "$data/deep"
  expect_done belay restore "$app" "$at/two.belay.tar.zst"
  expect_equal 'the volume' "$of_data" "$(listing "$data")"
  notes_say first
  goes_on
  expect_done belay drill "$app" "$at/two.belay.tar.zst"
  no_leftovers 1

  # After the loss of the state, and what is no longer there.
  expect_done belay backup "$app" -o "$at/three.belay.tar.zst" --live
  mv "$BELAY_STATE_DIR" "$place/lost"
  expect_done belay backups --scan "$at"
  expect_err '3 new'
  rm -r "$BELAY_STATE_DIR"
  mv "$place/lost" "$BELAY_STATE_DIR"
  expect_done belay backups "$app" --prune --keep last=1 --dry-run
  expect_equal 'how many files' 3 "$(there | wc -w)"
  expect_done belay backups "$app" --prune --keep last=1 -y
  expect_equal 'files' three "$(there)"
  expect_equal 'list' three "$(listed)"
  expect_done belay backup "$app" -o "$at" --live --keep last=1
  expect_not [ -e "$(bytes_of three.belay.tar.zst)" ]

  # One that was cut off on its way back is found out.
  name=$(basename "$(find "$far" -name "*.belay.tar.zst$suffix")" "$suffix")
  cut_off "$name"
  run belay verify "$at/$name"
  expect_exit 1
  expect_refused 1 belay restore "$app" "$at/$name"
  notes_say first
  goes_on
  # A place that is not there, and one that says nothing.
  expect_refused 1 belay verify "$at/none.belay.tar.zst"
}

test_a_server_by_sftp() {
  start_sshd
  use_it
  expect_equal 'mode' 600 "$(stat -c %a "$far"/*.belay.tar.zst)"
  kill -TERM "$sshd"
  ended "$sshd"
  local before
  before=$(there)
  expect_refused 1 belay backup "$app" -o "$at"
  expect_done belay backups "$app" --prune --keep last=1
  expect_err 'cannot be asked'
  expect [ -n "$(listed)" ]
  expect_equal 'files' "$before" "$(there)"
  goes_on
}
test_a_remote_of_rclone() {
  start_rclone
  use_it
  export BELAY_RCLONE='rclone --config /dev/null'
  expect_refused 1 belay backup "$app" -o "$at"
  goes_on
}
# The large file takes more than one piece of an upload, too.
test_a_store_of_s3() {
  [ -n "${S3RVER:-}" ] && [ -f "$S3RVER" ] || { echo "there is no store that speaks S3 here"; return; }
  start_s3
  # What the module promises of any place: an upload in several pieces, and one that breaks.
  if [ -n "${BACKUP_TESTS:-}" ]; then
    run env BELAY_TEST_PLACE=rclone:s3:belay/module "$BACKUP_TESTS" --gtest_filter='AnyPlace.*'
    expect_exit 0
    expect_out 'PASSED'
    expect_not_out 'SKIPPED'
  fi
  use_it
  # A store that went away.
  local before
  before=$(there)
  kill -TERM "$store"
  ended "$store"
  BELAY_RCLONE+=' --retries 1 --low-level-retries 1'
  expect_refused 1 belay backup "$app" -o "$at"
  expect_equal 'files' "$before" "$(there)"
  goes_on
}
# A line that breaks in the middle: what is there has not the name of a whole one, and the app goes on.
part_is_there() { [ -n "$(find "$far" -name '.*' -type f -size +1M)" ]; }
test_a_line_that_breaks_leaves_no_backup() {
  start_sshd
  keeper
  head -c 64M /dev/urandom >"$data/large"
  background belay backup "$app" -o "$at/one.belay.tar.zst" --level 19 2>err
  local belay=$pid
  eventually part_is_there
  # The server and what it started for the session.
  kill -STOP "$sshd"
  # shellcheck disable=SC2046
  kill -KILL $(descendants "$sshd") "$sshd"
  ended "$belay"
  expect_exit 1
  expect grep -q one.belay.tar.zst err
  expect_not [ -e "$far/one.belay.tar.zst" ]
  expect_equal 'list' '' "$(listed)"
  goes_on
  no_leftovers
}
# The app does not wait for a server that takes nothing for a while.
test_the_app_goes_on_while_the_server_hangs() {
  start_sshd
  keeper
  local name since hung
  name=$(running "$app") since=$(date +%s.%N)
  head -c 64M /dev/urandom >"$data/large"
  # The level makes it slow: of 64 MiB nearly all is still to come when the first have arrived.
  background belay backup "$app" -o "$at/one.belay.tar.zst" --level 15 2>err
  local belay=$pid
  eventually part_is_there
  hung=$(descendants "$sshd")
  # shellcheck disable=SC2086
  kill -STOP $hung
  eventually is_running "$name"
  expect_equal events 'pause unpause' "$(events_since "$since" pause unpause die start)"
  expect kill -0 "$belay"
  expect_not [ -e "$far/one.belay.tar.zst" ]
  # shellcheck disable=SC2086
  kill -CONT $hung
  ended "$belay"
  expect_exit 0
  expect_done belay verify "$at/one.belay.tar.zst"
  expect_equal 'what waits on a disk' '' "$(find /var/tmp "$BELAY_STATE_DIR" -name '.belay-spool*')"
  goes_on
  no_leftovers
}
is_running() { [ "$(inspect "$1" .State.Status)" = running ]; }
descendants() {
  local child
  # shellcheck disable=SC2013
  for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
    descendants "$child"
    echo "$child"
  done
}

run_tests "$@"
