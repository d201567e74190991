#!/bin/bash
# Backups are opened by hand with the standard programs as docs/backup-format.md says, and the other way round.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/data.sh"

# The tar in $backup on standard output, by the standard programs.
opened() {
  case $backup in
    *.zst) zstd -dc "$backup" ;;
    *.gz) gzip -dc "$backup" ;;
    *) cat "$backup" ;;
  esac
}
# id_of SOURCE: the item in the backup.
id_of() { opened | tar -xO belay-backup.json | jq -r --arg source "$1" '.items[] | select(.source == $source).id'; }
# by_hand SOURCE: what the backup has of it, in the new folder $by_hand. Attributes take the names of tar's options.
by_hand() {
  local id
  id=$(id_of "$1")
  expect [ -n "$id" ]
  by_hand=$work/by-hand-$id
  mkdir "$by_hand"
  opened | tar -xO --wildcards "data/$id.tar.*" | tar -x --warning=no-timestamp --numeric-owner --acls --xattrs --xattrs-include='*' -p -C "$by_hand" ||
    fail "tar does not unpack $1"
  (cd "$by_hand" && opened | tar -xO --wildcards "data/$id.sha256.*" | sha256sum --quiet -c) || fail "sha256sum does not agree about $1"
}
# Larger than a part, so that there are several.
fill_with_parts() {
  fill_with_everything "$data"
  head -c 9M /dev/urandom >"$data/larger-than-a-part"
}

test_zstd_tar_and_sha256sum_open_a_backup() {
  keeper
  fill_with_parts
  touch -d '2011-11-11 11:11:11.5' "$data"
  local of_data of_folder
  of_data=$(listing "$data") of_folder=$(listing "$folder")
  backed_up --live
  expect [ "$(zstd -dc "$backup" | tar -t | grep -c "^data/$(id_of "$volume").tar.")" -ge 2 ]
  by_hand "$volume"
  expect_equal 'the volume by hand' "$of_data" "$(listing "$by_hand")"
  by_hand "$folder"
  expect_equal 'the folder by hand' "$of_folder" "$(listing "$by_hand")"
  by_hand "$file"
  expect_equal 'the file by hand' 'first of the file' "$(cat "$by_hand/app.conf")"
  expect_equal 'the app in the manifest' "$app" "$(opened | tar -xO belay-backup.json | jq -r .app)"
  expect_equal 'files at the end' 1 "$(opened | tar -xO belay-end.json | jq ".items[] | select(.id == \"$(id_of "$file")\").files")"
}
test_gzip_opens_a_backup() {
  keeper
  fill_with_everything "$data"
  local of_data
  of_data=$(listing "$data")
  backed_up --live --gzip
  expect [ "${backup%.gz}" != "$backup" ]
  by_hand "$volume"
  expect_equal 'the volume by hand' "$of_data" "$(listing "$by_hand")"
  expect_done belay verify "$backup"
  write_notes second
  expect_done belay restore "$app" "$backup"
  notes_say first
}
test_the_engine_loads_the_image_of_a_backup() {
  keeper
  local id
  id=$(image_id "$prefix-image:keeper")
  backed_up --live --with-image
  opened | tar -xO --wildcards 'image.tar.*' >image.tar
  expect_equal 'configuration in the image' "${id#sha256:}" "$(tar -xOf image.tar manifest.json | jq -r '.[0].Config' | grep -oE '[0-9a-f]{64}')"
}
test_a_backup_packed_by_hand_is_read() {
  keeper
  backed_up --live
  mkdir again
  zstd -dc "$backup" | tar -t >names
  zstd -dc "$backup" | tar -x -C again
  tar -c --format=gnu -C again --no-recursion -T names | gzip -1 >"$work/by-hand.belay.tar.gz"
  expect_done belay verify by-hand.belay.tar.gz
  tar -c --format=ustar -C again --no-recursion -T names >plain.belay.tar
  expect_done belay verify plain.belay.tar
  write_notes second
  expect_done belay restore "$app" by-hand.belay.tar.gz
  notes_say first
}

# ---- encryption ----

test_age_opens_what_is_for_a_recipient() {
  keeper
  age-keygen -o key.txt 2>/dev/null
  age-keygen -o other.txt 2>/dev/null
  ssh-keygen -q -t ed25519 -N '' -f ssh_key
  ssh-keygen -q -t ed25519 -N '' -f ssh_other
  age-keygen -y other.txt >recipients
  backed_up --live --recipient "$(age-keygen -y key.txt)" --recipient "$(<ssh_key.pub)" --recipients-file recipients
  expect [ "${backup%.age}" != "$backup" ]
  expect_not grep -qaF "$app" "$backup"
  local key
  for key in key.txt other.txt ssh_key; do
    age -d -i $key "$backup" | zstd -dc >"$key.tar" || fail "age does not open it with $key"
    expect_done belay verify "$backup" -i $key
  done
  expect cmp key.txt.tar ssh_key.tar
  expect_equal app "$app" "$(tar -xOf key.txt.tar belay-backup.json | jq -r .app)"
  run belay verify "$backup" -i ssh_other
  expect_exit 1
  run belay verify "$backup"
  expect_exit 1
  write_notes second
  expect_refused 1 belay restore "$app" "$backup" -i ssh_other
  expect_refused 1 belay restore "$app" "$backup"
  notes_say second
  no_leftovers
  expect_done belay restore "$app" "$backup" -i ssh_key
  notes_say first
  goes_on
}
# Only at a terminal does age take a passphrase.
age_with_passphrase() {  # PASSPHRASE ARGUMENT…
  python3 - "$@" <<'PYTHON'
import os, pty, select, sys
passphrase, arguments = sys.argv[1], sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execvp("age", ["age"] + arguments)
said = b""
answered = 0
while True:
    try:
        got = os.read(terminal, 4096)
    except OSError:
        break
    if not got:
        break
    said += got
    if said.count(b"passphrase") > answered and said.rstrip().endswith(b":"):
        answered = said.count(b"passphrase")
        os.write(terminal, passphrase.encode() + b"\n")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PYTHON
}
test_age_opens_what_has_a_passphrase() {
  keeper
  PASS='grumpy otter' backed_up --live --passphrase
  age_with_passphrase 'grumpy otter' -d -o opened.zst "$backup" || fail 'age does not open it'
  expect_equal app "$app" "$(zstd -dc opened.zst | tar -xO belay-backup.json | jq -r .app)"
  PASS='grumpy otter' expect_done belay verify "$backup"
  echo 'grumpy otter' >passphrase
  expect_done belay verify "$backup" --passphrase-file passphrase
  PASS='happy otter' run belay verify "$backup"
  expect_exit 1
  echo 'happy otter' >wrong
  write_notes second
  expect_refused 1 belay restore "$app" "$backup" --passphrase-file wrong
  notes_say second
  no_leftovers
  backed_up --live --passphrase-file passphrase -o "$work/by-file.belay.tar.zst.age"
  PASS='grumpy otter' expect_done belay verify "$work/by-file.belay.tar.zst.age"
  PASS='grumpy otter' expect_done belay restore "$app" "$work/by-file.belay.tar.zst.age"
  goes_on
  run env -u PASS "$BELAY" backup "$app" --passphrase
  expect [ "$code" -ne 0 ]
  expect_not grep -rqF otter "$BELAY_STATE_DIR"
}
test_what_age_encrypted_is_read() {
  keeper
  backed_up --live
  age-keygen -o key.txt 2>/dev/null
  ssh-keygen -q -t ed25519 -N '' -f ssh_key
  age -r "$(age-keygen -y key.txt)" -R ssh_key.pub -o by-age.belay.tar.zst.age "$backup"
  expect_done belay verify by-age.belay.tar.zst.age -i key.txt
  expect_done belay verify by-age.belay.tar.zst.age -i ssh_key
  age -a -r "$(age-keygen -y key.txt)" -o armored.belay.tar.zst.age "$backup"
  expect_done belay verify armored.belay.tar.zst.age -i key.txt
  age_with_passphrase 'a long one' -p -o worded.belay.tar.zst.age "$backup" || fail 'age does not take a passphrase'
  PASS='a long one' expect_done belay verify worded.belay.tar.zst.age
  write_notes second
  expect_done belay restore "$app" by-age.belay.tar.zst.age -i key.txt
  notes_say first
}

run_tests "$@"
