#!/bin/bash
# What can go wrong with data: damaged and foreign files, full disks, data that moves, releases that fail with it. The
# old data stays, the app runs, and nothing is left lying about.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/data.sh"

# refuses_to_restore PATTERN FILE [OPTION…]: verify and restore both refuse FILE, and all is as it was.
refuses_to_restore() {
  local pattern=$1 wrong=$2 before
  shift 2
  before=$(alike "$(running "$app")")
  run belay verify "$wrong" "$@"
  expect_exit 1
  expect_err "$pattern"
  expect_refused 1 belay restore "$app" "$wrong" "$@"
  expect_err "$pattern"
  expect_equal 'the container' "$before" "$(alike "$(running "$app")")"
  notes_say second
  no_leftovers
}
alike() { inspect "$1" '[.Id, .State.Pid, .State.StartedAt, .State.Status] | join(" ")'; }
# flipped OFFSET: $backup with one bit changed there, in `flipped`.
flipped() {
  cp "$backup" flipped
  printf "\\x$(printf %02x $((0x$(xxd_at "$1") ^ 0x10)))" | dd of=flipped bs=1 seek="$1" conv=notrunc status=none
  expect_not cmp -s "$backup" flipped
}
xxd_at() { od -An -tx1 -j "$1" -N 1 "$backup" | tr -d ' '; }

test_damaged_files_are_refused() {
  keeper
  head -c 300000 /dev/urandom >"$data/random"
  backed_up --live
  write_notes second
  local size at
  size=$(stat -c %s "$backup")
  for at in 0 7 $((size / 10)) $((size / 2)) $((size - 200)) $((size - 2)); do
    flipped "$at"
    refuses_to_restore . flipped
  done
  for at in 0 3 100 $((size / 2)) $((size - 300)) $((size - 1)); do
    head -c "$at" "$backup" >cut
    refuses_to_restore . cut
  done
  cat "$backup" <(echo more) >longer
  refuses_to_restore . longer
  goes_on
}
test_damaged_encrypted_files_are_refused() {
  keeper
  head -c 300000 /dev/urandom >"$data/random"
  age-keygen -o key.txt 2>/dev/null
  backed_up --live --recipient "$(age-keygen -y key.txt)"
  write_notes second
  local size at
  size=$(stat -c %s "$backup")
  for at in 3 30 60 150 180 $((size / 2)) $((size - 1)); do
    flipped "$at"
    refuses_to_restore . flipped -i key.txt
  done
  for at in 100 $((size / 2)) $((size - 1)); do
    head -c "$at" "$backup" >cut
    refuses_to_restore . cut -i key.txt
  done
}
# repacked: what is in the folder `again`, in the order of `names`, is the backup `repacked.belay.tar.zst`.
taken_apart() {
  rm -rf again
  mkdir again
  zstd -dc "$backup" | tar -t >names
  zstd -dc "$backup" | tar -x -C again
}
repacked() { tar -c --format=ustar -C again --no-recursion -T names | zstd -q -c >repacked.belay.tar.zst; }

test_foreign_and_forged_backups_are_refused() {
  keeper
  backed_up --live
  local id
  write_notes second

  taken_apart
  jq '.belay_backup = 4' again/belay-backup.json >new && mv new again/belay-backup.json
  repacked
  refuses_to_restore '4' repacked.belay.tar.zst

  taken_apart
  jq '.app = "somebody-else"' again/belay-backup.json >new && mv new again/belay-backup.json
  repacked
  expect_done belay verify repacked.belay.tar.zst
  expect_refused 1 belay restore "$app" repacked.belay.tar.zst
  expect_err 'somebody-else'

  # A file of the data is another one than its checksum says.
  taken_apart
  id=$(jq -r --arg source "$volume" '.items[] | select(.source == $source).id' again/belay-backup.json)
  sed -i 's/first of the volume/worst of the volume/' "again/data/$id.tar.000001"
  repacked
  refuses_to_restore 'checksum' repacked.belay.tar.zst

  # A part, a list, the end is missing.
  local gone
  for gone in "data/$id.tar.000001" "data/$id.sha256.000001" belay-end.json; do
    taken_apart
    sed -i "\\#^$gone\$#d" names
    repacked
    refuses_to_restore . repacked.belay.tar.zst
  done

  # Names that lead out.
  local name
  for name in ../../escaped /tmp/$prefix-escaped ./sub/../../escaped; do
    taken_apart
    echo evil >evil
    tar -P -c --format=gnu --transform "s#^evil\$#$name#" evil >"again/data/$id.tar.000001"
    echo "$(sha256sum <evil | cut -d ' ' -f 1)  $name" >"again/data/$id.sha256.000001"
    repacked
    refuses_to_restore . repacked.belay.tar.zst
    expect_not [ -e "/tmp/$prefix-escaped" ]
  done
  # A file below a link that leads out.
  taken_apart
  ln -s / evil.d
  mkdir -p real/evil.d && echo evil >"real/evil.d/$prefix-escaped"
  tar -cf "again/data/$id.tar.000001" --format=gnu evil.d
  tar -rf "again/data/$id.tar.000001" --format=gnu -C real "evil.d/$prefix-escaped"
  repacked
  refuses_to_restore . repacked.belay.tar.zst
  expect_not [ -e "/$prefix-escaped" ]

  local what
  for what in nothing text another-tar.zst; do
    case $what in
      nothing) : >$what ;;
      text) echo 'hello there' >$what ;;
      *) tar -c names | zstd -q -c >$what ;;
    esac
    refuses_to_restore . $what
  done
  refuses_to_restore 'is not there' no-such-file.belay.tar.zst
  goes_on
}

# ---- data that does not stand still ----

test_data_that_fails_its_app_is_rolled_back() {
  keeper
  touch "$data/poison"
  backed_up
  rm "$data/poison"
  write_notes second
  run belay restore "$app" "$backup"
  expect_exit 1
  expect_said 'poison'
  notes_say second
  expect_not [ -e "$data/poison" ]
  goes_on
}
test_a_file_that_grows_is_warned_of() {
  keeper
  head -c 30M /dev/urandom >"$data/large"
  # Grows from before it is read until after.
  background sh -c "while :; do head -c 100000 /dev/zero >>'$data/large'; sleep 0.01; done"
  local grower=$pid
  run belay backup "$app" --live --level 12
  end_process "$grower"
  expect_exit 0
  expect_said 'large'
  newest_backup
  expect_done belay verify "$backup"
  expect_done belay restore "$app" "$backup"
  goes_on
}
test_a_volume_that_vanishes_ends_the_backup() {
  keeper
  fill_many
  background belay backup "$app" --live --level 19 2>err
  eventually has_read_of_many
  rm -rf "$data"
  ended "$pid"
  err=$(<err)
  # Either it saw everything before, or it says what happened; never a file that looks whole and is not.
  if [ "$code" -eq 0 ]; then
    local said=$err
    newest_backup
    expect_done belay verify "$backup"
    [ "$(files_of_many)" -eq 40 ] || [[ $said =~ warning:.*vanished ]] || fail 'files are missing, and no word of it' 40 "$(files_of_many)"
  else
    expect [ -n "$err" ]
    expect_equal backups 0 "$(number_of_backups)"
  fi
  expect_equal parts '' "$(find "$backups" -name '*.part')"
  expect_equal 'what runs' 1 "$(running "$app" | wc -l)"
}
files_of_many() { zstd -dc "$backup" | tar -xO --wildcards 'data/*.sha256*' | grep -c '  \./\?many/[0-9]\+$'; }
# Then the folder is listed, and what is gone from now on is missed.
has_read_of_many() { [ -n "$(find "$backups" -name '*.part' -size +100k 2>/dev/null)" ]; }
fill_many() {
  local i
  mkdir "$data/many"
  for ((i = 0; i < 40; i++)); do head -c 200000 /dev/urandom >"$data/many/$i"; done
}

test_what_is_left_out_is_said() {
  keeper
  mv "$folder" "$folder.away"
  python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
  mv socket "$data"
  backed_up
  expect_err "$folder is not there"
  expect_err 'socket; it is left out'
  expect_done belay verify "$backup"
  mv "$folder.away" "$folder"
  goes_on
  no_leftovers
}

# ---- no room ----

small_disk() {  # SIZE
  mkdir -p "$work/small"
  mount -t tmpfs -o "size=$1" tmpfs "$work/small" || fail 'no tmpfs here'
  at_end unmount_small
}
unmount_small() { umount -l "$work/small" 2>/dev/null; }
test_a_full_destination_leaves_no_file() {
  keeper
  head -c 3M /dev/urandom >"$data/random"
  local size
  for size in 4k 64k 1m 2900k; do
    small_disk $size
    run belay backup "$app" -o "$work/small"
    expect_exit 1
    expect_said 'space'
    expect_equal "files on a disk of $size" '' "$(find "$work/small" -mindepth 1)"
    unmount_small
    goes_on
    no_leftovers
  done
}
test_a_full_disk_of_the_data_leaves_the_old() {
  # The folder lies on the small disk; the copy beside it needs as much again.
  keeper
  head -c 3M /dev/urandom >"$folder/random"
  backed_up --live
  small_disk 4m
  folder=$work/small/bound
  mkdir "$folder"
  define
  expect_done belay deploy "$app" --image "$prefix-image:keeper" --config-file "dcv-$app"
  head -c 3M /dev/urandom >"$folder/random"
  rm "$backup"
  backed_up --live
  write_notes second
  run belay restore "$app" "$backup"
  expect_exit 1
  expect_said 'space|room'
  notes_say second
  expect_equal 'reserves' '' "$(find "$work/small" -maxdepth 1 -name '.bound.*')"
  goes_on
}

run_tests "$@"
