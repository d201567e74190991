#!/bin/bash
# Whose data is touched: restores keep off what is not the app's, backups off what they are of; volumes with options of their
# own come back as they were; holes cost no time.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/data.sh"

volume_with() {  # NAME OPTIONS-AS-JSON [LABELS]
  post /volumes/create "$(jq -n --arg name "$1" --argjson options "$2" --argjson labels "${3:-{\}}" \
    '{Name: $name, Driver: "local", DriverOpts: $options, Labels: $labels}')" >/dev/null
}
# refuses_to_touch PATTERN [OPTION…]: four restores are refused, a preview too, and the engine is as it was.
refuses_to_touch() {
  local pattern=$1
  shift
  for _ in 1 2 3 4; do
    expect_refused 1 belay restore "$app" "$backup" "$@"
    expect_err "$pattern"
  done
  expect_refused 1 belay restore "$app" "$backup" --dry-run "$@"
  expect_err "$pattern"
}

test_a_volume_of_a_stranger_stays() {
  keeper
  backed_up --with-image
  expect_done belay remove "$app" --volumes --yes-lose-data "$app"
  rm -rf "$folder" "$file"
  volume_with "$volume" '{}'
  echo precious >"$(data_of "$volume")/theirs"
  refuses_to_touch "volume $volume cannot get"
  expect_equal 'their file' precious "$(cat "$(data_of "$volume")/theirs")"
  # The ways out.
  expect_done belay restore "$app" "$backup" --into "$work/out"
  expect_equal 'what was unpacked' 'first of the volume' "$(cat "$work"/out/01-*/note)"
  expect_equal 'the file that was unpacked' 'first of the file' "$(cat "$work"/out/*/app.conf)"
  expect_done belay restore "$app" "$backup" --as "$app2"
  expect_equal 'their file' precious "$(cat "$(data_of "$volume")/theirs")"
  expect_done belay remove "$app2" --volumes --yes-lose-data "$app2"
}
test_another_app_that_is_down_keeps_its_data() {
  keeper
  backed_up --with-image
  expect_done belay remove "$app" -y
  # Another one has them now, and is stopped.
  jq -n --arg volume "$volume" --arg folder "$folder" '{default: {volumes: {($volume): "/data", ($folder): "/bound"}}}' >"dcv-$app2"
  expect_done belay deploy "$app2" --image "$prefix-image:keeper" --config-file "dcv-$app2"
  expect_done belay stop "$app2"
  refuses_to_touch "$app2"
  echo second >"$folder/note"
  refuses_to_touch "$app2" --only "$folder"
  expect_equal 'the folder' second "$(cat "$folder/note")"
  expect_done belay remove "$app2" -y
}
test_a_folder_that_holds_something_stays() {
  keeper
  backed_up --with-image
  expect_done belay remove "$app" --volumes --yes-lose-data "$app"
  echo theirs >"$folder/note"
  refuses_to_touch "folder $folder cannot get"
  expect_equal 'the folder' theirs "$(cat "$folder/note")"
  rm -rf "$folder" "$file"
  mkdir "$folder"
  expect_done belay restore "$app" "$backup"
  data=$(data_of "$volume")
  notes_say first
}
test_a_volume_with_options_comes_back_as_it_was() {
  volume=${app}_data
  mkdir "$work/device"
  volume_with "$volume" "$(jq -n --arg device "$work/device" '{type: "none", o: "bind", device: $device}')"
  keeper
  data=$work/device
  echo 'first of the volume' >"$data/note"
  chown 12:34 "$data/note"
  backed_up --with-image
  expect_equal 'how it was read' direct "$(zstd -dc "$backup" | tar -xO belay-backup.json | jq -r ".items[] | select(.source == \"$volume\").way")"
  write_notes second
  expect_done belay restore "$app" "$backup"
  notes_say first
  expect_equal owner 12:34 "$(stat -c %u:%g "$data/note")"
  goes_on
  # Another host: nothing is there but the disk. What is mounted beside it is in nobody's way, and the folder stays.
  mkdir "$work/beside"
  mount -t tmpfs none "$work/beside"
  expect_done belay remove "$app" --volumes --yes-lose-data "$app"
  umount "$work/beside"
  notes_are_there=$(cat "$data/note")
  expect_equal 'what the folder has' "first of the volume" "$notes_are_there"
  api DELETE "/volumes/$volume" >/dev/null
  rm -rf "$folder" "$file" "$work/device"
  expect_refused 1 belay restore "$app" "$backup"
  expect_err 'which is not there'
  mkdir "$work/device"
  expect_done belay restore "$app" "$backup"
  notes_say first
  expect_equal 'its options' "{\"device\":\"$work/device\",\"o\":\"bind\",\"type\":\"none\"}" "$(api GET "/volumes/$volume" | jq -cS .Options)"
  goes_on
}
test_what_only_a_driver_reaches_is_made_anew_and_filled() {
  volume=${app}_data
  mkdir "$work/device"
  # To Belay an unknown option: it does not look into the folder.
  local options
  options=$(jq -nc --arg device "$work/device" '{device: $device, o: "bind,sync", type: "none"}')
  volume_with "$volume" "$options"
  keeper
  data=$work/device
  echo 'first of the volume' >"$data/note"
  mkdir "$data/deep"
  ln "$data/note" "$data/deep/same"
  ln -s ../note "$data/deep/link"
  chown 12:34 "$data" "$data/note"
  chmod 0751 "$data"
  backed_up --with-image
  write_notes second
  expect_refused 1 belay restore "$app" "$backup"
  expect_err 'driver local with the options'
  expect_done belay remove "$app" --volumes --yes-lose-data "$app"
  api DELETE "/volumes/$volume" >/dev/null
  rm -rf "$folder" "$file"
  expect_refused 1 belay restore "$app" "$backup"
  expect_err 'holds something already'
  expect_equal 'what the share held' 'second of the volume' "$(cat "$data/note")"
  expect_not volume_exists "$volume"
  rm -rf "$data"
  mkdir "$data"
  expect_done belay restore "$app" "$backup"
  notes_say first
  expect_equal 'owner and mode' '12:34 751' "$(stat -c '%u:%g %a' "$data")"
  expect_equal 'the further name' "$(stat -c %i "$data/note")" "$(stat -c %i "$data/deep/same")"
  expect_equal 'the link' ../note "$(readlink "$data/deep/link")"
  expect_equal 'its options' "$options" "$(api GET "/volumes/$volume" | jq -cS .Options)"
  goes_on
  no_leftovers
}
test_what_only_a_driver_reaches_is_said_and_never_made_plain() {
  volume=${app}_data
  volume_with "$volume" '{"type": "tmpfs", "device": "tmpfs", "o": "size=10m"}'
  keeper
  expect_done belay backup "$app"
  expect_said "volume $volume has the driver local with the options device=tmpfs, o, type=tmpfs"
  newest_backup
  expect_done belay drill "$app" "$backup"
  expect_said 'no data is put in their place'
  expect_refused 1 belay restore "$app" "$backup"
  expect_err 'driver local with the options'
  expect_done belay remove "$app" --volumes --yes-lose-data "$app"
  api DELETE "/volumes/$volume" >/dev/null
  expect_refused 1 belay restore "$app" "$backup"
  expect_err 'driver local with the options'
  expect_not volume_exists "$volume"
}
test_holes_hold_nobody_up() {
  keeper
  truncate -s 200G "$data/map.mdb"
  echo end | dd of="$data/map.mdb" bs=1 seek=150G conv=notrunc status=none
  expect_done "$here/counting_reads" "$work/read" belay backup "$app"
  expect [ "$(cat "$work/read")" -lt 1000000000 ]
  newest_backup
  expect_done belay verify "$backup"
  rm "$data/map.mdb"
  expect_done belay restore "$app" "$backup"
  data=$(data_of "$volume")
  expect_equal size $((200 << 30)) "$(stat -c %s "$data/map.mdb")"
  expect is_sparse "$data/map.mdb"
  expect_equal 'what is in it' end "$(dd if="$data/map.mdb" bs=1 skip=150G count=3 status=none)"
  # By hand, without Belay: sha256sum passes such lines over.
  zstd -dc "$backup" | tar -xO --wildcards 'data/01-*.sha256.*' >sums
  (cd "$data" && sha256sum -c --quiet "$work/sums") || fail 'the sums by hand'
}
test_backups_stay_out_of_what_they_are_of() {
  keeper
  mkdir "$folder/backups" "$work/mounted"
  ln -s "$folder" "$work/link"
  mount --bind "$folder" "$work/mounted"
  local where
  for where in "$folder" "$folder/backups" "$work/link/new" "$work/mounted/new" "$data" "$work/bound/../bound/x"; do
    expect_refused 1 belay backup "$app" -o "$where"
    expect_err 'which is backed up'
    expect_refused 1 belay backup "$app" -o "$where" --dry-run
  done
  backed_up
  cp "$backup" "$folder/backups/it.belay.tar.zst"
  for where in "$folder" "$work/mounted" "$work/link"; do
    expect_refused 1 belay restore "$app" "$where/backups/it.belay.tar.zst"
    expect_err 'the backup lies in'
  done
  umount "$work/mounted"
  goes_on
}
test_backups_that_fail_are_known() {
  keeper
  run belay backup "$app" -o "$work/not/mounted"
  expect_exit 1
  expect_err 'does not exist'
  expect_not [ -e "$work/not" ]
  run belay doctor
  expect_said 'its backup to .*/not/mounted failed'
  expect_done belay status "$app"
  expect_out 'its backup to'
  expect_done belay ls --json
  expect_equal 'when it failed' string "$(jq -r ".apps[] | select(.name == \"$app\").backup.failed | type" <<<"$out")"
  mkdir "$work/not"
  expect_done belay backup "$app" -o "$work/not/mounted"
  expect_done belay ls --json
  expect_equal 'when it failed' null "$(jq -r ".apps[] | select(.name == \"$app\").backup.failed | type" <<<"$out")"
}
test_what_a_killed_backup_left_goes() {
  keeper
  head -c 200000000 /dev/urandom >"$data/random"
  background belay backup "$app"
  eventually part_is_there
  kill -9 "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  expect_done belay backup "$app"
  expect_equal 'parts of backups' '' "$(find "$backups" -name '*.part')"
  expect_done belay backup "$app"
  goes_on
}
part_is_there() { find "$backups" -name '.*.part' 2>/dev/null | grep -q .; }

test_data_without_a_name_is_backed_up_restored_and_tried() {
  local name note
  backups=$work/backups
  export BELAY_BACKUPS=$backups
  build_image keeper keeper
  post "/containers/create?name=$app-old" "{\"Image\":\"$prefix-image:keeper\",\"Volumes\":{\"/data\":{}}}" >/dev/null
  post "/containers/$app-old/start" '{}' >/dev/null
  name=$(mount_at "$app-old" /data)
  name=${name#volume }
  note=$(data_of "$name")/note
  expect_done belay adopt "$app" "$app-old"
  echo first >"$note"
  backed_up
  echo second >"$note"
  expect_done belay restore "$app" "$backup"
  expect_equal 'the note' first "$(cat "$note")"
  expect is_up "$app-old"
  expect_done belay drill "$app" "$backup"
  # A release of Belay's own goes on with that volume.
  expect_done belay start "$app" new
  echo third >"$note"
  expect_done belay restore "$app" "$backup"
  expect_equal 'the note' first "$(cat "$note")"
  expect_equal 'the volume' "volume $name" "$(mount_at "$(running "$app")" /data)"
  expect_done belay remove "$app" --volumes --yes-lose-data "$app"
  expect_not volume_exists "$name"
}

run_tests "$@"
