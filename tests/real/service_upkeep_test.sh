#!/bin/bash
# Services from images in the long run: registries, full disks, scripts that hang, other engines, volumes without a name.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2154
. "$(dirname "${BASH_SOURCE[0]}")/services.sh"

# An open registry at $registry, its process in $registry_pid.
open_registry() {
  local port
  new_port port
  registry=127.0.0.1:$port
  cat >"$place/registry.yml" <<END
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: "$place/registry"}}
http: {addr: "$registry", secret: "only for this test"}
END
  serve_registry
}
serve_registry() {  # [COMMAND…]: by which the registry is run
  background "$@" docker-registry serve "$place/registry.yml" >"$place/registry.log" 2>&1
  registry_pid=$pid
  eventually "$@" curl -s -o /dev/null "http://$registry/v2/"
}
stop_registry() { end_process "$registry_pid"; }
# pushed TAG: the image $prefix-image:TAG is in the registry as $registry/$prefix-image:stable, and not here.
pushed() {
  local name=$registry/$prefix-image
  api POST "/images/$prefix-image:$1/tag?repo=$name&tag=stable"
  expect_done docker push -q "$name:stable"
  docker image rm -f "$name:stable" "$prefix-image:$1" >/dev/null 2>&1
  reference=$name:stable
}
# What the registry has under $reference.
digest_there() {
  curl -s -I -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
    "http://$registry/v2/$prefix-image/manifests/stable" | tr -d '\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p'
}
of_service() { belay service ls --json | jq -r ".services[0].$1"; }  # KEY
# Nothing of the image without a tag or name either.
# Those of this test: others use the engine too.
images() {
  api GET '/images/json?all=1' | jq -r --arg mine "$prefix" \
    '.[] | select(((.RepoTags // []) + (.RepoDigests // []) | join(" ")) | contains($mine)).Id' | sort
}

test_an_update_takes_what_the_registry_has_and_says_when_there_is_nothing_new() {
  own_users
  open_registry
  local before old new images_before
  before=$(images)
  service_image 1
  pushed 1
  old=$(digest_there)
  expect_done belay service install -y "$reference" "$app"
  expect_equal 'the digest' "$old" "$(of_service digest)"
  GREETING=hello run "$app" configure there
  expect_done "$app" run
  run belay service update "$app"
  expect_exit 3
  run belay service update --json "$app"
  expect_exit 3
  expect_equal 'the result' 'unchanged' "$(jq -r .result <<<"$out")"

  service_image 2
  pushed 2
  new=$(digest_there)
  expect_not [ "$old" = "$new" ]
  run belay service update --dry-run "$app"
  expect_exit 0
  expect_equal 'a preview changes nothing' "$old" "$(of_service digest)"
  # What fails in the new version brings back the old one, and the new image goes.
  images_before=$(images)
  echo 'exit 7' >"$place/install.hook"
  run belay service update -y "$app"
  expect_exit 1
  expect_err 'exit code 7'
  expect_equal 'the digest' "$old" "$(of_service digest)"
  expect_equal 'the images' "$images_before" "$(images)"
  rm "$place/install.hook"
  expect_done belay service update -y --json "$app"
  expect_equal 'old and new' "$old $new" "$(jq -r '.before + " " + .service.digest' <<<"$out")"
  expect_done "$app" show
  expect_equal 'what it has' $'hello there\ndata\n2' "$out"
  expect is_up "dr-$app-web"
  run belay service update -y "$app"
  expect_exit 3

  stop_registry
  expect_refused 1 belay service update -y "$app"
  expect_err "$registry"
  expect_equal 'the digest' "$new" "$(of_service digest)"
  expect_equal 'nothing is unfinished' false "$(of_service unfinished)"
  expect_done "$app" show
  expect_refused 1 belay service install -y "$reference-other" "$app2"
  expect_equal 'one service' "$app" "$(belay service ls --names)"
  # Nor does a destroy need it.
  expect_done belay service destroy --yes-lose-data "$app" "$app"
  expect_out 'found nothing'
  expect_equal 'the images' "$before" "$(images)"
}

test_a_restore_takes_the_image_from_the_registry_or_from_the_backup() {
  own_users
  open_registry
  service_image 1
  pushed 1
  local digest
  digest=$(digest_there)
  expect_done belay service install -y "$reference" "$app"
  GREETING=hello run "$app" configure there
  expect_done belay service backup "$app" "$work/bare.tar.zst"
  expect_done belay service backup --with-image "$app" "$work/whole.tar.zst"
  expect_done belay service destroy --yes-lose-data "$app" "$app"
  stop_registry

  own_engine
  export BELAY_STATE_DIR=$place/state2
  belay service ls >/dev/null
  local before
  before=$(everything; images; find "$place/state2" -path "$place/state2/locks" -prune -o -name 'state.db*' -prune -o -print)
  run belay service restore -y "$app2" "$work/bare.tar.zst"
  expect_exit 1
  expect_err "$registry"
  expect_err 'with-image'
  expect_equal 'nothing is left' "$before" "$(everything; images; find "$place/state2" -path "$place/state2/locks" -prune -o -name 'state.db*' -prune -o -print)"
  # Without the registry, from the file.
  expect_done belay service restore -y "$app2" "$work/whole.tar.zst"
  expect_done "$app2" show
  expect_equal 'what it has' $'hello there\ndata\n1' "$out"
  expect_done belay service destroy --yes-lose-data "$app2" "$app2"
  expect_equal 'no image stays' '' "$(images)"
  # With it, from there; the tag may mean something else by now.
  serve_registry "$engine_script" inside "$engine_folder"
  expect_done belay service restore -y "$app2" "$work/bare.tar.zst"
  expect_done "$app2" show
  expect_equal 'what it has' $'hello there\ndata\n1' "$out"
  expect_equal 'the digest' "$digest" "$(of_service digest)"
  expect_done belay service backup "$app2" "$work/again.tar.zst"
  local item
  for item in 01-config 02-files 03-scripts; do
    expect_equal "the sums of $item" "$(zstd -dc "$work/bare.tar.zst" | tar -xO "data/$item.sha256.000001")" \
      "$(zstd -dc "$work/again.tar.zst" | tar -xO "data/$item.sha256.000001")"
  done
  expect_done belay service destroy --yes-lose-data "$app2" "$app2"
  expect_equal 'no image stays' '' "$(images)"
}

# The service with scripts that run inside, as the image $prefix-image:TAG.
inside_image() {  # TAG
  service_image "$1"
  root=$place/service-$1
  inside_script install 'exit 0'
  inside_script destroy 'exit 0'
  inside_script configure 'echo "$3" >/config/greeting'
  inside_script show 'cat /config/greeting'
  inside_script backup 'cp /config/greeting "$3/copy"'
  inside_script restore 'cat "$3/copy" >/config/restored'
  inside_script hang 'sleep 1000'
  echo '{"scripts": "inside"}' >"$root/dr/manifest.json"
  tar -C "$root" -cf "$place/service.tar" .
  import_image "$1" --data-urlencode 'changes=USER 22022' --data-urlencode 'changes=VOLUME /config'
}
# In the container there is no folder of the test: what goes wrong lies in /config, by name.
inside_script() {  # NAME TEXT
  printf '#!/bin/sh\n[ ! -e /config/%s.hook ] || . /config/%s.hook\n%s\n' "$1" "$1" "$2" >"$root/dr/$1"
  chmod 755 "$root/dr/$1"
}
inside_hook() {  # NAME TEXT
  docker run --rm -v "dr-$app-config:/config" "$prefix-image:in" sh -c "echo '$2' >/config/$1.hook"
}
processes_of() { pgrep -f "$1" | wc -l; }

test_a_script_that_hangs_is_ended_in_time_on_the_host_and_inside() {
  own_users
  service_image 1
  installed 1
  GREETING=hello run "$app" configure there
  expect_done belay service backup "$app" "$work/it.tar.zst"
  local before verb words
  before=$(everything)
  # Longer than the other scripts take on a machine that is busy.
  for verb in backup restore destroy; do
    echo 'sleep 98765 & wait' >"$place/$verb.hook"
    words=("$app")
    [ "$verb" != restore ] || words+=("$work/it.tar.zst")
    [ "$verb" != backup ] || words+=("$work/late.tar.zst")
    run belay service "$verb" -y --yes-lose-data "$app" --timeout 5s "${words[@]}"
    expect_exit 1
    expect_err 'longer than 5 s'
    rm "$place/$verb.hook"
    if [ "$verb" = restore ]; then
      # The way back runs the same script, which hangs again: what was kept stays until the next command has done it.
      expect_err 'the next command tries again'
      expect_done belay service backup "$app" "$work/next.tar.zst"
      rm "$work/next.tar.zst"
    fi
    expect_equal "what $verb left" "$before" "$(everything)"
    expect_equal 'no process stays' 0 "$(processes_of 'sleep 98765')"
    expect_not test -e "$work/late.tar.zst"
  done
  expect_done "$app" show
  expect_equal 'what it has' $'hello there\ndata\n1' "$out"
  # A command by hand: its own time, and Ctrl-C.
  echo 'sleep 98765' >"$place/configure.hook"
  run belay service run --timeout 1s "$app" configure
  expect_exit 1
  expect_err 'longer than 1 s'
  background "$app" configure >"$place/said" 2>&1
  eventually hangs_now
  kill -INT "$pid"
  ended "$pid"
  expect_equal 'the exit code' 130 "$code"
  eventually nothing_hangs
  expect_done belay service destroy --yes-lose-data "$app" "$app"

  inside_image in
  expect_done belay service install -y "$prefix-image:in" "$app"
  expect_done "$app" configure inner
  expect_done belay service backup "$app" "$work/in.tar.zst"
  before=$(world)
  for verb in backup restore destroy; do
    inside_hook "$verb" 'sleep 98765'
    words=("$app")
    [ "$verb" != restore ] || words+=("$work/in.tar.zst")
    [ "$verb" != backup ] || words+=("$work/late.tar.zst")
    # A restore brings a configuration without the hook: it hangs in what is kept first.
    run belay service "$verb" -y --yes-lose-data "$app" --timeout 5s "${words[@]}"
    [ "$verb" = restore ] || expect_exit 1
    [ "$verb" = restore ] || expect_err 'longer than 5 s'
    docker run --rm -v "dr-$app-config:/config" "$prefix-image:in" rm -f "/config/$verb.hook"
    expect_equal "what $verb left" "$before" "$(world)"
    expect_not test -e "$work/late.tar.zst"
  done
  run belay service run --timeout 1s "$app" hang
  expect_exit 1
  expect_err 'longer than 1 s'
  expect_equal 'no container stays' "$before" "$(world)"
  background "$app" hang >"$place/said" 2>&1
  eventually runs_a_script
  kill -INT "$pid"
  ended "$pid"
  expect_equal 'the exit code' 130 "$code"
  expect_equal 'no container stays' "$before" "$(world)"
  # A script cannot end what started it: it is the first process of its container.
  inside_hook show 'kill -9 $PPID; kill -9 1; echo alive'
  run "$app" show
  expect_equal 'no container stays' "$before" "$(world)"
  expect_done belay service destroy --yes-lose-data "$app" "$app"
}
hangs_now() { [ "$(processes_of 'sleep 98765')" -gt 0 ]; }
nothing_hangs() { ! hangs_now; }
runs_a_script() { api GET /containers/json | jq -r '.[].Names[0]' | grep -q "dr-$app-hang"; }

small_disk() {  # FOLDER SIZE
  mkdir -p "$1"
  mount -t tmpfs -o "size=$2,mode=755" none "$1"
  at_end umount -l "$1"
}
room() { df --output=avail -B1M "$1" | tail -n 1; }

test_a_script_that_fills_the_disk_is_ended_and_leaves_what_was_there() {
  own_users
  # Of a new engine, so that it sees the small disk.
  small_disk "$place/state" 200M
  own_engine
  service_image 1
  installed 1
  GREETING=hello run "$app" configure there
  expect_done "$app" run
  local before free verb words
  before=$(everything)
  free=$(room "$place/state")
  expect_done belay service backup "$app" "$work/it.tar.zst"
  for verb in backup restore; do
    # Once: the way back calls the script as well.
    echo "rm -f $place/$verb.hook; "'cat /dev/zero >"$3/full"; echo went on; sleep 1000' >"$place/$verb.hook"
    words=("$app" "$work/it.tar.zst")
    [ "$verb" != backup ] || words=("$app" "$work/late.tar.zst")
    run belay service "$verb" -y "${words[@]}"
    expect_exit 1
    expect_err 'is full: the script was ended'
    expect_equal "what $verb left" "$before" "$(everything)"
    expect_not test -e "$work/late.tar.zst"
    # What the script wrote went with the folder that it was given.
    expect [ "$(room "$place/state")" -ge $((free - 20)) ]
  done
  service_image 2
  api POST "/images/$prefix-image:2/tag?repo=$prefix-image&tag=1"
  before=$(everything)
  # Elsewhere on that disk.
  echo "cat /dev/zero >$place/state/full; rm $place/state/full; sleep 1000" >"$place/install.hook"
  run belay service update -y "$app"
  expect_exit 1
  expect_err 'is full: the script was ended'
  rm "$place/install.hook" "$place/state/full"
  expect_equal 'what the update left' "$before" "$(everything)"
  expect_done "$app" show
  expect_equal 'what it has' $'hello there\ndata\n1' "$out"
  expect is_up "dr-$app-web"
  # A disk that is full already keeps nobody from making room.
  dd if=/dev/zero of="$place/state/ballast" bs=1M count=$((free - 20)) status=none
  expect_done "$app" show
  expect_done belay service destroy --yes-lose-data "$app" "$app"
}

test_a_script_in_a_container_that_fills_the_disk_is_ended() {
  own_users
  small_disk "$place/engine" 400M
  own_engine
  inside_image in
  docker image rm -f "$prefix-image:1" >/dev/null 2>&1
  expect_done belay service install -y "$prefix-image:in" "$app"
  expect_done "$app" configure inner
  expect_done belay service backup "$app" "$work/it.tar.zst"
  inside_hook backup 'cat /dev/zero >"$3/full"; sleep 1000'
  local before free
  before=$(everything)
  free=$(room "$place/engine")
  run belay service backup "$app" "$work/late.tar.zst"
  expect_exit 1
  expect_err 'is full: the script was ended'
  expect_equal 'what it left' "$before" "$(everything)"
  expect_not test -e "$work/late.tar.zst"
  eventually has_room "$place/engine" $((free - 2))
  expect_done belay service destroy --yes-lose-data "$app" "$app"
}
has_room() { [ "$(room "$1")" -ge "$2" ]; }

# The program `elsewhere` runs a command where the engine's files are not, as if the engine were reached by an ssh tunnel.
elsewhere_program() {
  printf '#!/bin/bash\nexec unshare --mount bash -c %s "$@"\n' \
    "'mount -t tmpfs none $(api GET /info | jq -r .DockerRootDir); exec \"\$0\" \"\$@\"'" >"$place/bin/elsewhere"
  chmod 755 "$place/bin/elsewhere"
}
test_on_an_engine_elsewhere_a_restore_leaves_nothing_that_the_backup_lacks() {
  own_users
  own_engine
  service_image 1
  installed 1
  GREETING=hello run "$app" configure there
  expect_done belay service backup "$app" "$work/it.tar.zst"
  elsewhere_program
  docker run --rm -v "dr-$app-config:/config" "$prefix-image:1" sh -c \
    'mkdir -p /config/deep/er "/config/with space" && echo x >/config/deep/er/file && echo x >/config/-dash && ln -s /etc /config/link && rm /config/greeting && mkdir /config/greeting && echo x >/config/greeting/file'
  expect_done elsewhere belay service restore -y "$app" "$work/it.tar.zst"
  expect_not_err 'stay'
  expect_done docker run --rm -v "dr-$app-config:/config" "$prefix-image:1" ls -A /config
  expect_equal 'what is in it' greeting "$out"
  expect_done "$app" show
  expect_equal 'what it has' $'hello there\ndata\n1' "$out"
  expect_done belay service backup "$app" "$work/again.tar.zst"
  expect_equal 'the sums' "$(zstd -dc "$work/it.tar.zst" | tar -xO data/01-config.sha256.000001)" \
    "$(zstd -dc "$work/again.tar.zst" | tar -xO data/01-config.sha256.000001)"
  # What fails brings back what was there, and only that.
  GREETING=newer run "$app" configure there
  docker run --rm -v "dr-$app-config:/config" "$prefix-image:1" sh -c 'echo x >/config/more'
  echo 'exit 5' >"$place/restore.hook"
  run elsewhere belay service restore -y "$app" "$work/it.tar.zst"
  expect_exit 1
  rm "$place/restore.hook"
  expect_done docker run --rm -v "dr-$app-config:/config" "$prefix-image:1" sh -c 'ls -A /config; cat /config/greeting'
  expect_equal 'what was there' $'greeting\nmore\nnewer there' "$out"
  expect_done belay service destroy --yes-lose-data "$app" "$app"
}
expect_not_err() { [[ ! $err =~ $1 ]] || fail 'standard error' "no match of $1" "$err"; }

test_volumes_without_a_name_outlive_their_containers_until_the_service_ends() {
  own_users
  service_image 1 'USER 22022:22022' 'VOLUME /config /data'
  belay service ls >/dev/null
  local first second volume
  installed 1
  expect_done "$app" run
  docker exec "dr-$app-web" sh -c 'echo precious >/data/file'
  first=$(mount_at "dr-$app-web" /data)
  first=${first#volume }
  service_image 2 'USER 22022:22022' 'VOLUME /config /data'
  api POST "/images/$prefix-image:2/tag?repo=$prefix-image&tag=1"
  # The new version replaces the container, and fails.
  echo 'docker rm -f "dr-$1-web" >/dev/null; docker run -d --stop-timeout 1 --name "dr-$1-web" -v "dr-$1-config:/config" "$2" sleep 10000 >/dev/null; [ ! -e '"$place"'/fails ] || exit 1' >"$place/install.hook"
  touch "$place/fails"
  run belay service update -y "$app"
  expect_exit 1
  expect_equal 'the volume of the container that is back' "volume $first" "$(mount_at "dr-$app-web" /data)"
  expect_equal 'what is in it' precious "$(docker exec "dr-$app-web" cat /data/file)"
  # And succeeds.
  rm "$place/fails"
  expect_done belay service update -y "$app"
  expect_err "nothing mounts the volume ${first:0:12} any more, which was /data in dr-$app-web"
  second=$(mount_at "dr-$app-web" /data)
  expect_not [ "$second" = "volume $first" ]
  expect volume_exists "$first"
  # A command by hand does as well.
  rm "$place/install.hook"
  echo 'docker rm -f "dr-$1-web" >/dev/null' >"$place/configure.hook"
  run "$app" configure
  expect volume_exists "${second#volume }"
  expect_done belay service destroy --yes-lose-data "$app" "$app"
  expect_out 'found nothing'
  for volume in "$first" "${second#volume }" "dr-$app-config" "dr-$app-data"; do expect_not volume_exists "$volume"; done
}

# The image of version 2 under the tag 1, with a script `update`.
newer_image() {
  service_image 2
  local root=$place/service-2
  script update 'docker run --rm -v "dr-$1-config:/config" "$2" sh -c "echo newer >/config/greeting"'
  tar -C "$root" -cf "$place/service.tar" .
  import_image 2 --data-urlencode 'changes=USER 22022:22022' --data-urlencode 'changes=VOLUME /config'
  api POST "/images/$prefix-image:2/tag?repo=$prefix-image&tag=1"
}
# goes_wrong SCRIPT WAY: once. Where Belay takes back what a script made, it has made something by then.
goes_wrong() {
  local end stray=
  case $2 in
    fails) end='exit 9' ;;
    hangs) end="sleep 7$$ & wait" ;;
    # Its grandparent is belay.
    kills) end='kill -9 $(ps -o ppid= -p $PPID); exit 9' ;;
  esac
  [[ $1 = @(backup|destroy|configure) ]] || stray='docker volume create --label "$DR_LABEL" "dr-$1-stray" >/dev/null'
  printf '%s\n' "rm $place/$1.hook" "$stray" "$end" >"$place/$1.hook"
}
# What there is of the service, its data too.
service_now() {
  everything
  [ ! -e "$place/bin/$app" ] || "$app" show
}
# one_goes_wrong SCRIPT WAY COMMAND…: what was there before is there afterwards; where Belay is killed or its way back
# fails, after the next command.
one_goes_wrong() {
  local script=$1 way=$2 before
  shift 2
  before=$(service_now)
  goes_wrong "$script" "$way"
  run "$@"
  [ ! -e "$place/$script.hook" ] || fail "$script is not called by $*"
  case $way in
    fails) expect_exit 1 && expect_err 'exit code 9' ;;
    hangs) expect_exit 1 && expect_err 'longer than 10 s' ;;
    kills) expect_exit 137 && next_command ;;
  esac
  expect_equal "what is there after $script $way in $*" "$before" "$(service_now)"
  expect_equal 'no process stays' 0 "$(processes_of "sleep 7$$")"
}
# In $limit, for the commands that are to hang: long enough for the scripts that do not.
limit_of() { if [ "$1" = hangs ]; then limit=(--timeout 10s); else limit=(); fi; }
# Any command that holds the service; one that is there stays.
next_command() {
  if [ -n "$(belay service ls --names)" ]; then run belay service update --dry-run "$app"; else run belay service destroy --yes-lose-data "$app" "$app"; fi
}

test_whatever_script_goes_wrong_in_whatever_verb_the_service_is_as_before() {
  own_users
  service_image 1
  belay service ls >/dev/null
  local way limit install
  for way in fails hangs kills; do
    limit_of "$way"
    install=(belay service install -y "${limit[@]}" "$prefix-image:1" "$app")
    one_goes_wrong install "$way" "${install[@]}"
    # And so does what takes it back.
    echo 'exit 9' >"$place/install.hook"
    one_goes_wrong destroy "$way" "${install[@]}"
    rm -f "$place/install.hook"
  done
  installed 1
  GREETING=hello run "$app" configure there
  expect_done "$app" run
  local old=$work/old.tar.zst
  expect_done belay service backup --with-image "$app" "$old"
  GREETING=hello run "$app" configure again
  newer_image
  for way in fails hangs kills; do
    limit_of "$way"
    # A command by hand has its own exit code where it fails.
    [ "$way" = fails ] || one_goes_wrong configure "$way" belay service run "${limit[@]}" "$app" configure
    one_goes_wrong backup "$way" belay service backup "${limit[@]}" "$app" "$work/late.tar.zst"
    expect_not test -e "$work/late.tar.zst"
    one_goes_wrong destroy "$way" belay service destroy --yes-lose-data "$app" "${limit[@]}" "$app"
    one_goes_wrong backup "$way" belay service restore -y "${limit[@]}" "$app" "$old"
    one_goes_wrong restore "$way" belay service restore -y "${limit[@]}" "$app" "$old"
    one_goes_wrong backup "$way" belay service update -y "${limit[@]}" "$app"
    one_goes_wrong update "$way" belay service update -y "${limit[@]}" "$app"
  done
  expect_done belay service backup "$app" "$work/late.tar.zst"
  expect_equal 'no file of a backup that was killed' $'late.tar.zst\nold.tar.zst' "$(ls -A "$work")"
  run belay service backup "$app" "$work/late.tar.zst"
  expect_exit 1
  expect_err '--replace writes over it'
  # And so does what brings it back: the next command tries again.
  local before
  before=$(service_now)
  for way in fails hangs kills; do
    limit_of "$way"
    echo 'exit 9' >"$place/update.hook"
    goes_wrong restore "$way"
    run belay service update -y "${limit[@]}" "$app"
    rm "$place/update.hook"
    [ "$way" = kills ] || expect_err 'the next command tries again'
    expect_not test -e "$place/restore.hook"
    next_command
    expect_equal "what is there after restore $way in the way back" "$before" "$(service_now)"
  done
  # A backup of another version brings that version.
  expect_done belay service update -y "$app"
  for way in fails hangs kills; do
    limit_of "$way"
    one_goes_wrong install "$way" belay service restore -y "${limit[@]}" "$app" "$old"
  done
  expect_done belay service restore -y "$app" "$old"
  expect_done "$app" show
  expect_equal 'what it has' $'hello there\ndata\n1' "$out"
  expect_done belay service destroy --yes-lose-data "$app" "$app"
  for way in fails hangs kills; do
    limit_of "$way"
    one_goes_wrong install "$way" belay service restore -y "${limit[@]}" "$app" "$old"
    one_goes_wrong restore "$way" belay service restore -y "${limit[@]}" "$app" "$old"
  done
  expect_done belay service restore -y "$app" "$old"
  # Help is given whatever its script does.
  echo "sleep 7$$ & wait" >"$place/help.hook"
  expect_done "$app"
  expect_out "$app configure"
  expect_err 'help script'
  echo 'kill -9 $(ps -o ppid= -p $PPID)' >"$place/help.hook"
  run "$app"
  expect_exit 137
  rm "$place/help.hook"
  expect_equal 'no process stays' 0 "$(processes_of "sleep 7$$")"
  expect_done belay service destroy --yes-lose-data "$app" "$app"
}

# Types the line into an interactive shell with Belay's completion, and a Tab: what is offered.
offered_by_bash() {  # LINE
  bash --norc -c 'eval "$(belay completion bash)"; words=($1); COMP_WORDS=("${words[@]}" ""); COMP_CWORD=${#words[@]}; COMP_LINE="$1 " COMP_POINT=${#COMP_LINE}
    f=$(complete -p "$(basename "${words[0]}")" | sed "s/.*-F \([^ ]*\).*/\1/"); "$f"; printf "%s\n" "${COMPREPLY[@]}"' _ "$1"
}
offered_by_fish() { fish --no-config -c 'belay completion fish | source; complete -C "$argv[1] "' "$1"; }
# The words of LAST come at the end: zsh shows them as it finds them.
offered_by_zsh() {  # LINE LAST
  cat >"$place/type.zsh" <<'END'
zmodload zsh/zpty
zpty -b shell zsh -f -i
# read_until WORDS: what the shell shows up to them, in $seen.
read_until() {
  local piece until=$((SECONDS + 60))
  seen=
  while [[ $seen != *$1* ]] && (( SECONDS < until )); do
    if zpty -r shell piece; then seen+=$piece; else sleep 0.05; fi
  done
}
zpty -w shell "PROMPT=; stty columns 200; autoload -U compinit; compinit -D -u; eval \"\$(belay completion zsh)\"; print ready-\$((1+1))"
read_until ready-2
zpty -w -n shell "$1 "$'\t\t'
read_until "$2"
print -r -- "$seen"
zpty -d shell
END
  zsh -f "$place/type.zsh" "$1" "$2" </dev/null
}
offered() {  # SHELL LINE LAST: in $out
  last_command="offered_by_$1 '$2'"
  out=$("offered_by_$1" "$2" "$3" 2>"$place/err")
  err=$(<"$place/err")
}

test_shells_complete_the_commands_of_services() {
  own_users
  service_image 1
  installed 1
  echo 'exit 1' >"$place/help.hook"
  local shell line
  for shell in bash zsh fish; do
    command -v $shell >/dev/null || { echo "left out: completion by $shell, which is not there"; continue; }
    for line in "$app" "belay service run $app"; do
      offered "$shell" "$line" show
      expect_out 'configure'
      expect_out 'enter'
      expect_out 'show'
    done
    offered "$shell" 'belay service destroy' "destroy $app"
    expect_out "$app"
  done
  # A help script that does not even start keeps nobody from help and commands.
  rm "$place/help.hook"
  printf 'no program' >"$place/service-1/dr/help"
  tar -C "$place/service-1" -cf "$place/service.tar" .
  import_image 1 --data-urlencode 'changes=USER 22022' --data-urlencode 'changes=VOLUME /config'
  expect_done belay service update -y "$app"
  expect_done "$app"
  expect_out "$app configure"
  expect_err 'help script'
  expect_done belay service destroy --yes-lose-data "$app" "$app"
}

run_tests "$@"
