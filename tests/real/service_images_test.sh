#!/bin/bash
# Services from images that bring their own commands: every command line of the document of dr, and what goes wrong.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "${BASH_SOURCE[0]}")/services.sh"

test_every_command_line_of_the_document() {
  ln -s "$BELAY" "$place/bin/dr"
  own_users
  service_image 1
  run dr configure "$place/dr"
  expect_exit 0
  run dr configure "$place/dr"
  expect_exit 3
  belay service ls >/dev/null
  local before
  before=$(everything)
  run dr install "$prefix-image:1" "$app"
  expect_exit 1
  expect_err 'runs its 10 scripts on this host'
  expect_equal 'nothing was done' "$before" "$(everything)"
  expect_done dr install "$prefix-image:1" "$app" -y
  run dr install "$prefix-image:1" "$app"
  expect_exit 3
  expect_equal 'the user' 22022 "$(id -u druser)"
  expect_done "$app"
  expect_out "This is $app"
  expect_out "$app configure"
  echo 'exit 1' >"$place/help.hook"
  expect_done "$app"
  expect_out "$app configure"
  expect_err 'help script ended with exit code 1'
  GREETING=hello run "$app" configure everybody
  expect_exit 0
  expect_done dr "$app" show
  expect_equal 'what it has' $'hello everybody\ndata\n1' "$out"
  run "$app" code 3
  expect_exit 3
  run "$app" code 17
  expect_exit 17
  run "$app" nonsense
  expect_exit 1
  expect_done "$app" run
  expect is_up "dr-$app-web"
  expect is_up "dr-$app-side"
  expect_equal 'a shell in it' 1 "$(echo 'cat /version' | "$app" enter)"
  expect_done dr backup "$app" "$work/one.tar.zst"
  expect_done belay verify "$work/one.tar.zst"
  run belay restore "$app" "$work/one.tar.zst"
  expect_exit 1
  expect_err 'belay service restore'
  GREETING=bye expect_done "$app" configure nobody
  expect_done dr restore "$app" "$work/one.tar.zst"
  expect_done "$app" show
  expect_equal 'what it has again' $'hello everybody\ndata\n1' "$out"
  expect is_up "dr-$app-web"
  run dr update "$app"
  expect_exit 3
  expect_done dr destroy "$app"
  expect_out 'found nothing'
  expect_equal 'nothing is left' "$before" "$(everything)"
  run dr destroy "$app"
  expect_exit 3
}

test_a_backup_goes_to_the_file_or_the_folder_that_is_named() {
  own_users
  service_image 1
  installed 1
  ln -s "$BELAY" "$place/bin/dr"
  mkdir folder
  # A name that is no folder is a file, whatever it ends in.
  expect_done belay service backup "$app" "$work/kept"
  expect test -f "$work/kept"
  expect_done dr backup "$app" "$work/it.backup"
  expect test -f "$work/it.backup"
  # In a folder it has a name of its own.
  expect_done belay service backup "$app" "$work/folder"
  expect_equal 'files in the folder' 1 "$(find folder -type f | wc -l)"
  sleep 1
  expect_done dr backup "$app" "$work/folder"
  expect_equal 'files in the folder' 2 "$(find folder -type f | wc -l)"
  # Each of them is restored; of a folder it is the newest.
  local from
  for from in kept it.backup folder; do
    expect_done belay service restore -y "$app" "$work/$from"
  done
  expect_err "the backup is $work/folder/"
}

test_a_backup_is_restored_on_another_engine_under_another_name() {
  own_users
  service_image 1
  installed 1
  GREETING=hello run "$app" configure there
  expect_done belay service backup --with-image --json "$app" "$work/it.tar.zst"
  expect_equal 'the file' true "$(jq .with_image <<<"$out")"
  # -y is no word for the loss of data.
  run belay service destroy "$app" -y
  expect_exit 2
  expect_err "yes-lose-data $app"
  run belay service destroy --yes-lose-data "$app2" "$app"
  expect_exit 2
  expect_done belay service destroy --yes-lose-data "$app" "$app"
  own_engine
  export BELAY_STATE_DIR=$place/state2
  expect_done belay service restore -y "$app2" "$work/it.tar.zst"
  expect_done "$app2" show
  expect_equal 'what it has' $'hello there\ndata\n1' "$out"
  expect_done belay service backup "$app2" "$work/again.tar.zst"
  local item
  for item in 01-config 02-files; do
    expect_equal "the sums of $item" "$(zstd -dc "$work/it.tar.zst" | tar -xO "data/$item.sha256.000001")" \
      "$(zstd -dc "$work/again.tar.zst" | tar -xO "data/$item.sha256.000001")"
  done
  expect_done belay service destroy --yes-lose-data "$app2" "$app2"
  expect_equal 'no image stays' '' "$(api GET /images/json | jq -r '.[].RepoTags[]?')"
}

test_an_update_takes_the_new_image_or_brings_back_the_old_one() {
  own_users
  service_image 1
  installed 1
  GREETING=hello run "$app" configure there
  expect_done "$app" run
  service_image 2
  local old new
  old=$(image_id "$prefix-image:1") new=$(image_id "$prefix-image:2")
  api POST "/images/$prefix-image:2/tag?repo=$prefix-image&tag=1"
  echo 'echo broken >&2; docker volume create "dr-$1-new" >/dev/null; docker rm -f "dr-$1-side" >/dev/null; docker run -d --stop-timeout 1 --name "dr-$1-side" "$2" sleep 1000 >/dev/null; docker run --rm -v "dr-$1-config:/config" "$2" rm /config/greeting; exit 1' >"$place/install.hook"
  run belay service update -y "$app"
  expect_exit 1
  expect_err 'broken'
  expect_err 'as it was before'
  expect_not volume_exists "dr-$app-new"
  expect is_up "dr-$app-web"
  expect_done "$app" show
  expect_equal 'the old version' $'hello there\ndata\n1' "$out"
  echo 'docker volume create "dr-$1-late" >/dev/null; kill -9 $(ps -o ppid= -p $PPID)' >"$place/install.hook"
  run belay service update -y "$app"
  expect_exit 137
  expect_equal 'it is known' true "$(belay service ls --json | jq '.services[0].unfinished')"
  rm "$place/install.hook"
  expect_done belay service update -y --json "$app"
  expect_err 'is taken back'
  expect_not volume_exists "dr-$app-late"
  expect_equal 'the step' "$old $new" "$(jq -r '.before + " " + .service.image_id' <<<"$out")"
  expect_done "$app" show
  expect_equal 'the new version' $'hello there\ndata\n2' "$out"
  run belay service update "$app"
  expect_exit 3
  expect_done belay service destroy --yes-lose-data "$app" "$app"
}

test_a_script_that_fails_hangs_or_kills_leaves_what_was_there() {
  own_users
  service_image 1
  belay service ls >/dev/null
  local before verb
  before=$(everything)
  echo 'echo no luck >&2; exit 4' >"$place/install.hook"
  run belay service install -y "$prefix-image:1" "$app"
  expect_exit 1
  expect_err 'exit code 4.*no luck'
  expect_equal 'nothing is left' "$before" "$(everything)"
  echo 'sleep 1000 & wait' >"$place/install.hook"
  run belay service install -y --timeout 1s "$prefix-image:1" "$app"
  expect_exit 1
  expect_err 'longer than 1 s'
  expect_equal 'nothing is left' "$before" "$(everything)"
  # Its grandparent is belay.
  echo 'kill -9 $(ps -o ppid= -p $PPID)' >"$place/install.hook"
  run belay service install -y "$prefix-image:1" "$app"
  expect_exit 137
  rm "$place/install.hook"
  expect_done belay service install -y "$prefix-image:1" "$app"
  expect_err 'is taken back'
  before=$(everything)
  for verb in backup destroy; do
    echo 'exit 1' >"$place/$verb.hook"
    # A file is named for the one, the service once more for the other.
    if [ "$verb" = backup ]; then run belay service backup "$app" backup; else run belay service destroy --yes-lose-data "$app" "$app"; fi
    expect_exit 1
    rm "$place/$verb.hook"
    expect_equal "nothing is changed by $verb" "$before" "$(everything)"
  done
  expect_done belay service backup "$app" "$work/it.tar.zst"
  echo 'exit 1' >"$place/restore.hook"
  run belay service restore -y "$app" "$work/it.tar.zst"
  expect_exit 1
  rm "$place/restore.hook"
  expect_done belay service restore -y "$app" "$work/it.tar.zst"
  echo '# mine' >>"$place/bin/$app"
  expect_done belay service destroy --yes-lose-data "$app" "$app"
  expect_err "is not as Belay wrote it"
  expect test -e "$place/bin/$app"
}

test_images_that_are_not_fit_are_refused() {
  own_users
  service_image 1
  expect_done belay check-image "$prefix-image:1"
  expect_refused 1 belay service install -y "$prefix-image:1" cat
  expect_refused 2 belay service install -y "$prefix-image:1" 'a b'
  expect_refused 1 belay service install -y "127.0.0.1:1/away" "$app"
  local tar=$place/service.tar root=$place/service-1 name
  broken() {  # NAME RULE
    import_image "$1" --data-urlencode 'changes=USER 22022' --data-urlencode 'changes=VOLUME /config'
    run belay check-image --json "$prefix-image:$1"
    expect_exit 1
    expect_equal "the rule that $1 breaks" "$2" "$(jq -r '[.rules[] | select(.required and (.passed | not)) | .id][0]' <<<"$out")"
  }
  chmod 644 "$root/dr/backup" && tar -C "$root" -cf "$tar" . && broken mode script-backup && expect_refused 1 belay service install -y "$prefix-image:mode" "$app" && chmod 755 "$root/dr/backup"
  mv "$root/dr/help" "$place/help" && tar -C "$root" -cf "$tar" . && broken missing script-help && mv "$place/help" "$root/dr/help"
  for name in link device huge newline; do
    case $name in
      link) ln -s ../../etc/passwd "$root/dr/$name" ;;
      device) mknod "$root/dr/$name" c 1 3 ;;
      huge) truncate -s 100M "$root/dr/$name" ;;
      newline) touch "$root/dr/$name"$'\n' ;;
    esac
    tar -C "$root" -cf "$tar" .
    broken "$name" folder
    rm "$root/dr/$name"*
  done
  rm -r "$root/dr" && tar -C "$root" -cf "$tar" . && broken none folder
  service_image root 'VOLUME /config'
  run belay check-image "$prefix-image:root"
  expect_exit 1
  expect_out 'BROKEN.*USER is not root'
  service_image volume 'USER 22022'
  run belay check-image "$prefix-image:volume"
  expect_exit 1
  expect_out 'BROKEN.*/config is a VOLUME'
}

test_scripts_run_inside_with_the_rights_they_ask_for() {
  own_users
  service_image 1
  local root=$place/service-1
  script configure 'echo "$3" >/config/greeting'
  script show 'cat /config/greeting; ls /var/run/docker.sock 2>&1; exit 3'
  script backup 'cp /config/greeting "$3/copy"'
  script restore 'cat "$3/copy" >/config/restored'
  script install 'exit 0'
  script destroy 'exit 0'
  echo '{"scripts": "inside", "commands": {"show": "Show it"}}' >"$root/dr/manifest.json"
  tar -C "$root" -cf "$place/service.tar" .
  import_image in --data-urlencode 'changes=USER 22022' --data-urlencode 'changes=VOLUME /config'
  run belay service install "$prefix-image:in" "$app" </dev/null
  expect_err 'in containers of the image'
  expect_done belay service install -y "$prefix-image:in" "$app"
  expect_done "$app"
  expect_out 'Show it'
  expect_done "$app" configure inner
  run "$app" show
  expect_exit 3
  expect_out 'inner'
  expect_out 'No such file'
  expect_done belay service backup "$app" "$work/in.tar.zst"
  expect_done belay service restore -y "$app" "$work/in.tar.zst"
  echo '{"scripts": "inside", "ports": ["18080:80"], "engine_socket": true}' >"$root/dr/manifest.json"
  tar -C "$root" -cf "$place/service.tar" .
  import_image in --data-urlencode 'changes=USER 22022' --data-urlencode 'changes=VOLUME /config'
  run belay service update "$app"
  expect_exit 2
  expect_err 'now also publishes port 18080:80'
  expect_err "now also gets the engine's socket"
  expect_done belay service update -y "$app"
  expect_done belay service destroy --yes-lose-data "$app" "$app"
  expect_equal 'no container' '' "$(api GET '/containers/json?all=1' | jq -r '.[].Names[0]' | grep "$app")"
}

test_the_example_and_the_starter() {
  own_users
  new_port port
  export BELAY_LAUNCHERS=$place/bin
  busybox_image
  cp -r "$here/../../examples/service" example
  expect_done docker build -q --build-arg "BASE_IMAGE=$prefix-image:all" -t "$prefix-image:counter" example
  expect_done belay check-image "$prefix-image:counter"
  expect_not_out 'BROKEN|advice'
  expect_done belay service install -y "$prefix-image:counter" "$app"
  expect_done "$app" configure Hallo
  expect_done "$app" run "$port"
  eventually says Hallo
  run "$app" run
  expect_exit 3
  local nameless
  nameless=$(mount_at "dr-$app-counter" /config)
  expect volume_exists "${nameless#volume }"
  expect_done belay service install -y "$prefix-image:counter" "$app2"
  expect_done belay service backup "$app" "$work/counter.tar.zst"
  expect_done belay service restore -y "$app2" "$work/counter.tar.zst"
  expect_equal 'both' "$app2 $app" "$(belay service ls --names | tr '\n' ' ' | sed 's/ $//')"
  expect_done belay service destroy --yes-lose-data "$app" "$app"
  expect is_up_no_more "dr-$app-page"
  expect_done "$app2" run "$port"
  eventually says Hallo
  expect_done belay service destroy --yes-lose-data "$app2" "$app2"
  expect_not volume_exists "${nameless#volume }"
  expect_done belay service new starter
  sed -i "s/^FROM .*/FROM $prefix-image:all/; s/^RUN groupadd.*/RUN mkdir \/config \&\& chown 22022:22022 \/config/; /useradd --uid/d; /mkdir .config .. chown/{/^RUN/!d}; s/^USER .*/USER 22022:22022/" starter/Dockerfile
  expect_done docker build -q -t "$prefix-image:starter" starter
  expect_done belay check-image "$prefix-image:starter"
  expect_not_out 'BROKEN|advice'
  # What runs is updated with it.
  expect_done belay service install -y "$prefix-image:starter" "$app"
  expect_done "$app" run
  echo 'LABEL version=2' >>starter/Dockerfile
  expect_done docker build -q -t "$prefix-image:starter" starter
  local new=$out
  expect_done belay service update -y "$app"
  expect_equal 'the image that runs' "$new" "$(api GET "/containers/dr-$app/json" | jq -r .Image)"
  expect is_up "dr-$app"
  expect_done belay service destroy --yes-lose-data "$app" "$app"
}
says() { page "$port" | grep -q "$1"; }
is_up_no_more() { ! exists "$1"; }

run_tests "$@"
