#!/bin/bash
# Data that is live: with file systems mounted in it, in places inside each other, in folders of people who exchange names
# meanwhile, deeper than a path is long. Nothing is moved or removed that is not the app's data.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/data.sh"

# runs VOLUMES [RUIN]: the app with these volumes, a jq object of host path or volume → mount point.
runs() {
  export BELAY_BACKUPS=$work/backups
  [ -n "${built:-}" ] || build_image keeper keeper
  built=yes
  jq -n --argjson volumes "$1" --arg ruin "${2:-}" '{default: {volumes: $volumes, env: {RUIN: $ruin}}}' >"dcv-$app"
}
deploys() { run belay deploy "$app" --image "$prefix-image:keeper" --config-file "dcv-$app" "$@"; }
# In the engine's mount namespace as well as in this one.
engine_pid() { cat "$(dirname "${DOCKER_HOST#unix://}")/pid"; }
mounts() {  # SOURCE TARGET
  nsenter --target "$(engine_pid)" --mount mount --bind "$1" "$2" || fail "cannot mount $2"
  mountpoint -q "$2" || mount --bind "$1" "$2" || fail "cannot mount $2 here"
}
unmounts() {
  umount "$1" 2>/dev/null
  nsenter --target "$(engine_pid)" --mount umount "$1" 2>/dev/null
  true
}
is_whole() { [ "$(cat "$work/nas/family.jpg")" = '10 years' ]; }
with_nas() {
  mkdir -p nas
  echo '10 years' >nas/family.jpg
}

test_a_mount_below_bound_data_stays_where_it_is() {
  with_nas
  mkdir -p gallery/photos
  echo v1 >gallery/note
  runs "{\"$work/gallery\": \"/data\"}"
  deploys
  expect_exit 0
  expect_done belay backup "$app"
  mounts "$work/nas" "$work/gallery/photos"
  expect_done belay backup "$app"
  expect_said 'photos is a mount of its own'
  local verb
  for verb in "restore $app" "restore $app --dry-run" "snapshot $app" "snapshot $app --dry-run" "stable $app --with-data"; do
    # shellcheck disable=SC2086
    expect_refused 1 belay $verb
    expect_err 'photos is a mount of its own and would move with the data: unmount it'
  done
  runs "{\"$work/gallery\": \"/data\"}" ruin
  deploys --snapshot
  expect_exit 1
  expect_err 'photos is a mount of its own'
  run belay doctor
  expect_said 'photos is a mount of its own'
  run belay drill "$app"
  expect_said 'photos is a mount of its own'
  expect is_whole
  expect mountpoint -q gallery/photos
  goes_on
  unmounts "$work/gallery/photos"
  expect_done belay restore "$app"
  expect is_whole
  goes_on
}
test_a_mount_in_a_volume_is_never_emptied() {
  with_nas
  volume=${app}_data
  runs "{\"$volume\": \"/data\"}"
  deploys
  expect_exit 0
  data=$(data_of "$volume")
  expect_done belay backup "$app"
  mkdir "$data/nas"
  mounts "$work/nas" "$data/nas"
  expect_refused 1 belay restore "$app"
  expect_err 'nas is a mount of its own'
  expect_refused 1 belay remove "$app" --volumes -y
  expect_err 'nas is a mount of its own'
  unmounts "$data/nas"
  expect_done belay restore "$app"
  # And in what was a reserve: the newest three stay, this one too.
  data=$(data_of "$volume.belay-s1")
  mkdir -p "$data/nas"
  mounts "$work/nas" "$data/nas"
  local i
  for i in 2 3 4; do expect_done belay restore "$app"; done
  expect_said 'the snapshot s1 stays: .*nas is a mount of its own'
  run belay snapshots "$app"
  expect_out 's1'
  expect is_whole
  unmounts "$data/nas"
  expect_done belay restore "$app"
  run belay snapshots "$app"
  expect_not_out 's1 '
  expect is_whole
  goes_on
}
test_an_automount_between_plan_and_exchange_stops_the_exchange() {
  mkdir -p app/auto
  echo first >app/note
  runs "{\"$work/app\": \"/data\"}"
  deploys
  expect_exit 0
  expect_done belay backup "$app"
  echo second >app/note
  # It appears once the reserve is whole, as an automount does that somebody steps on: the plan is made by then.
  (
    until [ -e .app.belay-s1 ] || [ -e over ]; do sleep 0.01; done
    mount -t tmpfs late app/auto
  ) &
  local stepping=$!
  run belay restore "$app"
  touch over
  wait "$stepping"
  if [ "$code" -eq 0 ]; then
    # The exchange was quicker; then there is nothing in its way.
    umount app/auto 2>/dev/null
  else
    expect_exit 1
    expect_said 'auto is a mount of its own'
    expect_equal 'the note' second "$(cat app/note)"
    goes_on
    umount app/auto
    expect_done belay restore "$app"
  fi
  expect_equal 'the note' first "$(cat app/note)"
  goes_on
}

test_places_inside_each_other() {
  mkdir -p config/deep
  echo first >config/app.conf
  echo other >config/deep/note
  ln -s config link
  local volumes="{\"$work/config/app.conf\": \"/etc/app.conf\", \"$work/config\": \"/data\", \"$work/link/deep\": \"/deep\"}" i
  runs "$volumes"
  deploys
  expect_exit 0
  for i in 1 2 3 4 5 6; do
    runs "$volumes" ruin
    deploys --snapshot
    expect_exit 1
    expect_equal "the file after $i" first "$(cat config/app.conf)"
    goes_on
  done
  expect_equal 'reserves inside' '' "$(find config .config.* -name '*.belay-*' ! -path '.config.belay-*[0-9]')"
  expect_done belay backup "$app"
  for i in 1 2; do
    echo "changed $i" >config/app.conf
    expect_done belay restore "$app"
    expect_equal "the file after restore $i" first "$(cat config/app.conf)"
    expect_equal 'in the container' first "$(cat "/proc/$(inspect "$(running "$app")" .State.Pid)/root/etc/app.conf")"
    goes_on
  done
  expect_equal 'sizes' "$(du -s --apparent-size config | cut -f 1)" "$(du -s --apparent-size "$(find . -maxdepth 1 -name '.config.belay-s*' | sort -V | tail -n 1)" | cut -f 1)"
}

test_the_owner_of_the_folder_above_gets_nothing_written_elsewhere() {
  mkdir -p alice/app secret
  chmod o+x "$place" "$work"
  chmod 700 secret
  echo first >alice/app/note
  chown -R 12345:12345 alice
  runs "{\"$work/alice/app\": \"/data\"}"
  deploys
  expect_exit 0
  expect_done belay backup "$app"
  expect setpriv --reuid=12345 --regid=12345 --clear-groups touch "$work/alice/reached"
  # shellcheck disable=SC2016
  setpriv --reuid=12345 --regid=12345 --clear-groups bash -c '
    cd "$1/alice" || exit
    while :; do
      for name in .app.belay-s*.partial .app.belay-s1.partial .app.belay-s2.partial .app.belay-s3.partial; do
        mv -T "$name" aside && ln -s ../secret "$name" && rm "$name"
        mv -T aside "$name"
      done
    done' - "$work" 2>/dev/null &
  local attacker=$! i
  for i in 1 2 3; do
    run belay snapshot "$app"
    run belay restore "$app"
  done
  kill "$attacker"
  wait "$attacker" 2>/dev/null
  expect_equal 'what is in root'"'"'s folder' '' "$(ls -A secret)"
  expect_equal 'its mode and owner' '700 0:0' "$(stat -c '%a %u:%g' secret)"
  expect_done belay restore "$app"
  expect_equal 'the note' first "$(cat alice/app/note)"
  expect_equal 'its owner' 12345:12345 "$(stat -c %u:%g alice/app)"
  goes_on
}

test_what_a_link_leads_to_is_exchanged() {
  mkdir -p srv disk2/appdata
  ln -s ../disk2/appdata srv/app
  echo first >disk2/appdata/note
  runs "{\"$work/srv/app\": \"/data\"}"
  deploys
  expect_exit 0
  expect_done belay backup "$app"
  echo second >srv/app/note
  expect_done belay restore "$app"
  expect_equal 'the note' first "$(cat srv/app/note)"
  expect [ -L srv/app ]
  expect_equal 'what was replaced' second "$(cat disk2/.appdata.belay-s1/note)"
  goes_on
}
test_deeper_than_a_path_is_long() {
  mkdir app
  echo first >app/note
  local name i
  name=$(printf 'd%.0s' {1..95})
  (cd app && for ((i = 0; i < 60; i++)); do mkdir "$name" && cd -P "$name" || exit 1; done && echo deep >last) || fail 'cannot make it'
  runs "{\"$work/app\": \"/data\"}"
  deploys
  expect_exit 0
  for i in 1 2 3 4; do
    expect_done belay snapshot "$app"
  done
  expect_equal 'how many reserves' 3 "$(find . -maxdepth 1 -name '.app.belay-*' | wc -l)"
  echo second >app/note
  expect_done belay restore "$app" s4
  expect_equal 'the note' first "$(cat app/note)"
  goes_on
}

test_an_exchange_whose_reserve_and_container_are_gone_holds_nothing_up() {
  volume=${app}_data
  runs "{\"$volume\": \"/data\"}"
  deploys
  expect_exit 0
  data=$(data_of "$volume")
  echo first >"$data/note"
  expect_done belay backup "$app"
  echo second >"$data/note"
  local verb
  for verb in "start $app last" "stop $app" "restore $app"; do
    # Killed once the app has stopped, before or after the exchange.
    belay restore "$app" >/dev/null 2>&1 &
    local restore=$!
    until is_down "$(containers "$app" | head -n 1)" || ! kill -0 "$restore" 2>/dev/null; do sleep 0.005; done
    kill -9 "$restore" 2>/dev/null
    wait "$restore" 2>/dev/null
    api DELETE "/containers/$(containers "$app" | head -n 1)?force=1"
    local reserve
    for reserve in $(api GET /volumes | jq -r '.Volumes[].Name' | grep "^$volume\.belay-"); do api DELETE "/volumes/$reserve"; done
    # shellcheck disable=SC2086
    expect_done belay $verb
    [[ $verb != stop* ]] || expect_done belay start "$app" last
    expect [ -e "$data/note" ]
    goes_on
  done
  expect_equal 'the note' first "$(cat "$data/note")"
}

run_tests "$@"
