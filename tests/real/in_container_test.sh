#!/bin/bash
# Belay in a container: it keeps its host from there, hands over to its own successor, and outlives one that is broken.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The image $prefix-image:1, in which this Belay runs with the libraries of the machine (the tests' one has many), and :2
# and :bad made from it.
belay_images() {
  local root=$place/rootfs
  mkdir -p "$root/bin" "$root/tmp" "$root/usr"
  cp "$(command -v busybox)" "$root/bin/busybox"
  ln -s busybox "$root/bin/sh"
  ln -s usr/lib "$root/lib"
  ln -s usr/lib64 "$root/lib64"
  # A leak check at the end would need to trace the process, which containers may not.
  tar -C "$root" -c . | api POST "/images/create?fromSrc=-&repo=$prefix-image&tag=1&changes=ENV%20PATH=/bin%20ASAN_OPTIONS=detect_leaks=0" \
    -H 'Content-Type: application/x-tar' --data-binary @- >"$place/made"
  expect image_exists "$prefix-image:1"
  derive 2 'ENV TURN=2'
  derive bad 'ENTRYPOINT ["sh", "-c", "echo cannot be; exit 3"]'
}
derive() {  # TAG LINE
  mkdir -p "$place/derive"
  printf 'FROM %s\n%s\n' "$prefix-image:1" "$2" >"$place/derive/Dockerfile"
  tar -C "$place/derive" -c . | api POST "/build?t=$prefix-image:$1" -H 'Content-Type: application/x-tar' --data-binary @- >"$place/made"
  expect image_exists "$prefix-image:$1"
}
# define_belay TAG: the definition of the daemon $app. Its folder is bound read-only and yet no reason to
# replace it.
define_belay() {
  mkdir -p conf
  jq -n --arg name "$app" --arg image "$prefix-image:$1" --arg conf "$work/conf" --arg state "$BELAY_STATE_DIR" \
    --arg socket "${DOCKER_HOST#unix://}" --arg belay "$BELAY" "{
      name: \$name, image: \$image, command: [\"belay\", \"serve\", \$conf, \"--self\", \$name], settle: \"2s\",
      env: {BELAY_STATE_DIR: \$state, BELAY_SETTLE: \"300ms\"}, update: {pull: false, eager: true},
      volumes: [{containerPath: \"/bin/belay\", hostPath: \$belay, mode: \"ro\", watch: false},
                {containerPath: \"/usr\", hostPath: \"/usr\", mode: \"ro\"},
                {containerPath: \"/var/run/docker.sock\", hostPath: \$socket}, {containerPath: \$state, hostPath: \$state},
                {containerPath: \$conf, hostPath: \$conf, mode: \"ro\"}]}" >"$place/new.json"
  mv "$place/new.json" "conf/$app.json"
}
define() {  # NAME TURN
  jq -n --arg name "$1" --arg image "$prefix-image:1" --arg turn "$2" \
    '{name: $name, image: $image, command: "sh -c \"trap exit TERM; busybox sleep 99999 & wait\"", env: {TURN: $turn}, update: {pull: false}}' >"$place/new.json"
  mv "$place/new.json" "conf/$1.json"
}
has_turn() { is_up "$1" && inspect "$1" '.Config.Env[]' | grep -qx "TURN=$2"; }  # CONTAINER TURN
logs() { api GET "/containers/$1/logs?stdout=1&stderr=1&timestamps=${2:-0}" | tr -d '\000-\010\016-\037'; }  # CONTAINER [TIMESTAMPS]
says() { logs "$1" | grep -q -- "$2"; }
moment() { date -d "$1" +%s%3N; }  # in milliseconds
# The moments of the lines read, as the engine has them in front.
moments() { grep -oE '20[0-9]{2}-[0-9-]+T[0-9:.]+Z 20' | cut -d' ' -f1; }
started_at() { inspect "$1" .State.StartedAt; }

# Every 20 ms: how many containers of the daemon run, and whether one holds the lock of those that serve.
watch_the_change() {
  while :; do
    local held=no
    flock -n "$BELAY_STATE_DIR/serve" true || held=yes
    echo "$(running "$app" | wc -l) $held"
    sleep 0.02
  done
}

test_it_hands_over_to_its_successor_and_outlives_a_broken_one() {
  export BELAY_SETTLE=300ms
  belay_images
  define_belay 1
  # The first one is started from outside: by hand here, else by a container that ends when it has done that.
  expect_done belay apply conf
  eventually says "$app" 'keeping this host'
  define "$app2" 1
  eventually has_turn "$app2" 1
  eventually says "$app" "$app2 runs r1"
  local first second untouched
  first=$(inspect "$app" .Id)
  untouched=$(started_at "$app2")

  watch_the_change >"$place/watched" 2>/dev/null &
  at_end end_process $!
  define_belay 2
  eventually is_down "$first"
  second=$(inspect "$app" .Id)
  expect [ "$first" != "$second" ]
  expect is_up "$second"
  eventually says "$second" 'keeping this host'
  eventually belay_is_done
  # Nobody wrote after the first had handed over and before the second had its lock; and that was at once.
  expect says "$first" 'handing over to the next one'
  local ended begun
  ended=$(moment "$(inspect "$first" .State.FinishedAt)")
  begun=$(moment "$(logs "$second" 1 | grep -m1 'keeping this host' | moments)")
  expect [ "$(moment "$(logs "$first" 1 | moments | tail -n 1)")" -le "$begun" ]
  expect [ "$((begun - ended))" -lt 5000 ]
  expect says "$second" "is served by .*belay serve"
  expect_not grep -q '^0' "$place/watched"
  expect grep -q '^2 yes' "$place/watched"
  expect_equal 'its restart policy' unless-stopped "$(restart_policy "$second")"
  expect_equal 'how the first ended' 0 "$(inspect "$first" .State.ExitCode)"
  expect_equal 'what runs of it' "$app" "$(running "$app")"
  expect_equal 'when the other app was started' "$untouched" "$(started_at "$app2")"

  # It does what the first one did.
  define "$app2" 2
  eventually has_turn "$app2" 2
  eventually says "$second" "$app2 runs r2"

  # A version that ends at once.
  untouched=$(started_at "$app2")
  define_belay bad
  eventually says "$second" "r3 of $app did not prove itself; r2 runs on"
  expect_equal 'who runs' "$second" "$(inspect "$app" .Id)"
  expect_equal 'what runs of it' "$app" "$(running "$app")"
  expect_equal 'when the other app was started' "$untouched" "$(started_at "$app2")"
  define "$app2" 3
  eventually has_turn "$app2" 3
  eventually says "$second" "$app2 runs r3"
  expect_equal 'who runs' "$second" "$(inspect "$app" .Id)"
}
belay_is_done() { ! belay plan "$app" 2>&1 | grep -q 'unfinished' && [ "$(belay plan "$app")" = 'nothing to do' ]; }

test_on_an_exclusive_host_it_stops_strangers_but_not_itself() {
  own_engine
  belay_images
  mkdir conf
  define "$app2" 1
  post "/containers/create?name=stranger" "{\"Image\": \"$prefix-image:1\", \"Cmd\": [\"busybox\", \"sleep\", \"99999\"]}" >/dev/null
  api POST /containers/stranger/start >/dev/null
  # Neither declared nor told its own name.
  post "/containers/create?name=keeper" "$(jq -n --arg image "$prefix-image:1" --arg socket "${DOCKER_HOST#unix://}" --arg conf "$work/conf" \
    --arg belay "$BELAY" '{
    Image: $image, Env: ["BELAY_SETTLE=300ms", "BELAY_STATE_DIR=/tmp/state"],
    Cmd: ["belay", "as", "dockerup", "--server", "--exclusive", "--no-pull", "--confdir", $conf],
    HostConfig: {Binds: [$belay + ":/bin/belay:ro", "/usr:/usr:ro", $socket + ":/var/run/docker.sock", $conf + ":" + $conf + ":ro"]}}')" >/dev/null
  api POST /containers/keeper/start >/dev/null
  eventually is_up "$app2"
  eventually is_down stranger
  expect is_up keeper
  # It goes on, and finds more.
  api POST /containers/stranger/start >/dev/null
  eventually is_down stranger
  define "$app2" 2
  eventually has_turn "$app2" 2
  expect is_up keeper
}

test_the_state_lies_in_the_cache_where_nothing_else_outlives_the_container() {
  own_engine
  belay_images
  mkdir conf cache
  define "$app2" 1
  local i
  for i in 1 2; do
    post "/containers/create?name=keeper$i" "$(jq -n --arg image "$prefix-image:1" --arg socket "${DOCKER_HOST#unix://}" --arg conf "$work/conf" \
      --arg belay "$BELAY" --arg cache "$work/cache" '{
      Image: $image, Env: ["BELAY_SETTLE=300ms"],
      Cmd: ["belay", "as", "dockerup", "--server", "--no-pull", "--confdir", $conf, "--cache", "/var/cache/dockerup"],
      HostConfig: {Binds: [$belay + ":/bin/belay:ro", "/usr:/usr:ro", $socket + ":/var/run/docker.sock", $conf + ":" + $conf + ":ro",
        $cache + ":/var/cache/dockerup"]}}')" >/dev/null
  done
  api POST /containers/keeper1/start >/dev/null
  eventually is_up "$app2"
  expect [ -f cache/belay/state.db ]
  # A second one shares the state, and waits for its turn.
  api POST /containers/keeper2/start >/dev/null
  eventually says keeper2 'is served by'
  api POST /containers/keeper1/kill >/dev/null
  eventually says keeper2 'keeping this host'
  define "$app2" 2
  eventually has_turn "$app2" 2
  # One with a state of its own is refused, and says whose the engine is.
  post "/containers/create?name=other" "$(jq -n --arg image "$prefix-image:1" --arg socket "${DOCKER_HOST#unix://}" --arg conf "$work/conf" \
    --arg belay "$BELAY" '{
    Image: $image, Env: ["BELAY_SETTLE=300ms"], Cmd: ["belay", "as", "dockerup", "--server", "--no-pull", "--confdir", $conf],
    HostConfig: {Binds: [$belay + ":/bin/belay:ro", "/usr:/usr:ro", $socket + ":/var/run/docker.sock", $conf + ":" + $conf + ":ro"]}}')" >/dev/null
  api POST /containers/other/start >/dev/null
  eventually is_down other
  expect says other 'this engine is served by'
  expect_equal 'its exit code' 1 "$(inspect other .State.ExitCode)"
  expect has_turn "$app2" 2
}

# from_within NAME COMMAND [BIND…]: runs it in a container NAME, once the file $work/go is there.
from_within() {
  local name=$1 command=$2 data
  shift 2
  data=$(api GET /info | jq -r .DockerRootDir)
  post "/containers/create?name=$name" "$(jq -n --arg image "$prefix-image:1" --arg socket "${DOCKER_HOST#unix://}" --arg work "$work" \
    --arg belay "$BELAY" --arg state "$BELAY_STATE_DIR" --arg data "$data" --arg command "$command" --arg binds "$*" '{
    Image: $image, Env: ["BELAY_STATE_DIR=" + $state],
    Cmd: ["sh", "-c", "until [ -e \($work)/go ]; do busybox sleep 0.1; done; exec \($command)"],
    HostConfig: {Binds: ([$belay + ":/bin/belay:ro", "/usr:/usr:ro", $socket + ":/var/run/docker.sock", $state + ":" + $state,
      $data + ":" + $data, $work + ":" + $work] + ($binds | split(" ")))}}')" >/dev/null
  api POST "/containers/$name/start" >/dev/null
}
test_what_it_cannot_judge_is_not_exchanged() {
  own_engine
  belay_images
  local site=$work/data/site
  mkdir -p "$site/photos"
  echo precious >"$site/note"
  jq -n --arg site "$site" '{default: {volumes: {($site): "/site"}, arguments: ["busybox", "sleep", "99999"]}}' >"dcv-$app2"
  expect_done belay deploy "$app2" --image "$prefix-image:1" --config-file "dcv-$app2"
  touch "$work/go"
  from_within blind "belay snapshot $app2"
  eventually is_down blind
  expect_equal 'its exit code' 1 "$(inspect blind .State.ExitCode)"
  expect says blind 'does not see what is mounted on the host: start it with -v /:/host:ro,rslave'
  # As most hosts have it; the engine refuses rslave otherwise.
  [ "$(findmnt -no PROPAGATION /)" = shared ] || return 0
  rm "$work/go"
  from_within seeing "belay snapshot $app2" /:/host:ro,rslave
  # A mount that comes when it runs is in its way; gone again, it is in nobody's.
  mount -t tmpfs none "$site/photos"
  at_end umount -l "$site/photos"
  touch "$work/go"
  eventually is_down seeing
  expect_equal 'its exit code' 1 "$(inspect seeing .State.ExitCode)"
  expect says seeing "$site/photos is a mount of its own"
  umount "$site/photos"
  from_within whole "belay snapshot $app2" /:/host:ro,rslave
  eventually is_down whole
  expect_equal 'its exit code' 0 "$(inspect whole .State.ExitCode)"
  expect_equal 'the snapshot' precious "$(cat "$work/data/.site.belay-s1/note")"
  expect is_up "$app2-r1"
  # What its own container has bound is nobody's claim, unlike what others have.
  local name
  for name in blind seeing whole; do api DELETE "/containers/$name" >/dev/null; done
  expect_done belay backup "$app2" -o "$place/backups"
  expect_done belay remove "$app2" --volumes --yes-lose-data "$app2"
  rm -rf "$work/data"
  mkdir "$work/data"
  cp "$place"/backups/*.belay.tar.* "$work/backup"
  from_within restoring "belay restore $app2 $work/backup" /:/host:ro,rslave
  eventually is_down restoring
  expect_equal 'its exit code' 0 "$(inspect restoring .State.ExitCode)"
  expect_equal 'what is restored' precious "$(cat "$site/note")"
}

run_tests "$@"
