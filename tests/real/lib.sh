# shellcheck shell=bash disable=SC2001,SC2034
# The harness of the tests with a real engine. A test file sources this, defines functions test_…, and ends with
# `run_tests "$@"` (arguments: only these tests). Each test runs in a subshell and ends at its first failed expectation.
#
# A test finds:  $app, $app2  names of apps that nothing else uses      $work  its empty folder, also the current one
#                $out $err $code  of the last `run`                      belay, jockler, dockervisor, dockerup on the PATH
# State, home and everything made on the engine under $prefix are its own and are gone afterwards.
#
# The environment gives DOCKER_HOST (unix://…), BELAY (the binary) and FIRST_PORT (with_engine and CMake set them); and KEEP,
# if the folder, state and containers of a test that fails are to be kept, in that folder.
set -uo pipefail

: "${DOCKER_HOST:?run me through ctest or tests/real/with_engine}" "${BELAY:?the belay binary}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
BELAY=$(realpath "$BELAY")
unset DOCKER_CONFIG DOCKER_CONTEXT XDG_STATE_HOME BELAY_STATE_DIR
export NO_COLOR=1
# Containers without a health check have proved themselves after this: the tests' ones fail at once or never.
export BELAY_SETTLE=300ms

# ---- running and expecting ----

out='' err='' code=0 last_command=

# run COMMAND…: keeps what it printed in $out and $err and its exit code in $code. No terminal, no input.
run() { run_with /dev/null "$@"; }
# run_patiently COMMAND…: the same where a container is to fail: on a busy machine "at once" takes a while.
run_patiently() { BELAY_SETTLE=3s run "$@"; }
# run_with INPUT COMMAND…
run_with() {
  local input=$1
  shift
  last_command=$(printf '%q ' "$@")
  timeout --kill-after=5 120 "$@" <"$input" >"$place/out" 2>"$place/err"
  code=$?
  out=$(<"$place/out")
  err=$(<"$place/err")
}

# fail WHAT [EXPECTED GOT]: reports the line of the test that called, and ends the test.
fail() {
  local frame where=
  for ((frame = 1; frame < ${#FUNCNAME[@]}; frame++)); do
    [[ ${BASH_SOURCE[$frame]} == */lib.sh ]] ||
      where+="${BASH_SOURCE[$frame]}:${BASH_LINENO[$((frame - 1))]}: ${FUNCNAME[$frame]}: "
    [[ ${FUNCNAME[$frame]} != test_* ]] || break
  done
  {
    echo "$where$1"
    [ $# -lt 2 ] || printf '  expected: %s\n  got:      %s\n' "$2" "$3"
    if [ -n "$last_command" ]; then
      echo "  after: $last_command(exit $code)"
      [ -z "$out" ] || sed 's/^/  stdout| /' <<<"$out"
      [ -z "$err" ] || sed 's/^/  stderr| /' <<<"$err"
    fi
    echo "  on the engine:"
    containers_on_engine | sed 's/^/    /'
  } >&2
  exit 1
}

expect_exit() { [ "$code" -eq "$1" ] || fail 'exit code' "$1" "$code"; }
expect_out() { [[ $out =~ $1 ]] || fail 'standard output' "a match of $1" "${out:-(nothing)}"; }
expect_err() { [[ $err =~ $1 ]] || fail 'standard error' "a match of $1" "${err:-(nothing)}"; }
expect_not_out() { [[ ! $out =~ $1 ]] || fail 'standard output' "no match of $1" "$out"; }
expect_no_out() { [ -z "$out" ] || fail 'standard output' '(nothing)' "$out"; }
# expect_done COMMAND…: runs it, and it must succeed.
expect_done() {
  run "$@"
  expect_exit 0
}
# expect_refused CODE COMMAND…: runs it; it must fail with that code, say why, and change nothing on the engine.
expect_refused() {
  local wanted=$1 before after
  shift
  before=$(world)
  run "$@"
  expect_exit "$wanted"
  [ -n "$err" ] || fail 'an error without a word on standard error'
  after=$(world)
  [ "$before" = "$after" ] || fail 'a refused command changed the engine' "$before" "$after"
}
# expect_equal WHAT EXPECTED GOT
expect_equal() { [ "$2" = "$3" ] || fail "$1" "$2" "$3"; }
expect() {  # expect COMMAND…: it must hold
  "$@" || fail "does not hold: $*"
}
expect_not() {
  ! "$@" || fail "holds but must not: $*"
}
# eventually COMMAND…: it must hold within a minute. For what the engine does in its own time.
eventually() {
  local until=$((SECONDS + 60))
  until "$@"; do
    [ $SECONDS -lt $until ] || fail "not within a minute: $*"
    sleep 0.05
  done
}

# ---- the engine ----

api() {  # METHOD PATH [CURL-OPTION…]
  local method=$1 path=$2
  shift 2
  curl -s --max-time 60 --unix-socket "${DOCKER_HOST#unix://}" -X "$method" "$@" "http://engine/v1.41$path"
}
post() { api POST "$1" -H 'Content-Type: application/json' -d "$2"; }  # PATH JSON

filter() { jq -rn --arg key "$1" --arg value "$2" '{($key): [$value]} | tojson | @uri'; }
# containers APP: names of all its containers by label, oldest first. running APP: those that run.
containers() { api GET "/containers/json?all=1&filters=$(filter label "belay.app=$1")" | jq -r 'sort_by(.Created, .Names[0])[].Names[0][1:]'; }
running() { api GET "/containers/json?filters=$(filter label "belay.app=$1")" | jq -r '.[].Names[0][1:]'; }
inspect() { api GET "/containers/$1/json" | jq -r "$2"; }  # CONTAINER JQ
is_up() { [ "$(inspect "$1" .State.Running)" = true ]; }
is_down() { [ "$(inspect "$1" .State.Running)" = false ]; }
exists() { [ "$(inspect "$1" .Id)" != null ]; }
restart_policy() { inspect "$1" .HostConfig.RestartPolicy.Name; }
image_of() { inspect "$1" .Image; }
image_exists() { [ "$(api GET "/images/$1/json" | jq -r .Id)" != null ]; }
image_id() { api GET "/images/$1/json" | jq -r .Id; }
volume_exists() { [ "$(api GET "/volumes/$1" | jq -r .Name)" = "$1" ]; }
network_exists() { [ "$(api GET "/networks/$1" | jq -r .Name)" = "$1" ]; }
# mount_at CONTAINER TARGET: "volume NAME" or "bind PATH".
mount_at() { inspect "$1" "[.Mounts[] | select(.Destination == \"$2\") | .Type + \" \" + (if .Type == \"volume\" then .Name else .Source end)][0]"; }
# port_of CONTAINER PORT/PROTOCOL: the host port it is published at.
port_of() { inspect "$1" ".HostConfig.PortBindings[\"$2\"][0].HostPort"; }
page() { curl -s --max-time 5 "http://127.0.0.1:$1/${2:-}"; }  # PORT [PATH]
serves() { [ "$(page "$1")" = "$2" ]; }                           # PORT TEXT

containers_on_engine() {
  api GET /containers/json?all=1 | jq -r --arg p "$prefix" '.[] | select((.Names + [.Labels["belay.app"] // ""] | join(" ")) | contains($p)) |
    "\(.Names[0][1:])  \(.State)  \(.Status)  \(.Image)"'
}
# Everything of this test on the engine in one text, to compare before and after.
world() {
  api GET /containers/json?all=1 | jq -rc --arg p "$prefix" '[.[] | select((.Names + [.Labels["belay.app"] // ""] | join(" ")) | contains($p)) |
    [.Id[:12], .Names[0], .State, .ImageID[7:19]]] | sort[]'
  api GET /volumes | jq -rc --arg p "$prefix" '[.Volumes[].Name | select(contains($p))] | sort[]'
  api GET /images/json | jq -rc --arg p "$prefix" '[.[] | select((.RepoTags // [] | join(" ") | contains($p)) or (.Labels["belay.family"] // "" | contains($p))) | [.Id, .RepoTags]] | sort[]'
  api GET /networks | jq -rc --arg p "$prefix" '[.[].Name | select(contains($p))] | sort[]'
}

# ---- images to build ----

# image KIND [PORT [TEXT]]: writes a build context into the current folder. KIND is a folder of images/; TEXT is the page
# that `web` serves, and makes any image differ from one with another TEXT.
image() {
  local kind=$1 port=${2:-8080} text=${3:-hello} applet
  mkdir -p rootfs/bin rootfs/www rootfs/tmp
  cp "$(command -v busybox)" rootfs/bin/busybox
  for applet in sh httpd wget sleep cat echo ls touch rm env hostname id mkdir false true; do
    ln -sf busybox "rootfs/bin/$applet"
  done
  ln -sfn /var/www rootfs/www/data
  echo "$text" >rootfs/www/index.html
  cp "$here/images/$kind/start" rootfs/start
  # No image shares a parent with one of another script: the engine's classic builder fails when what it found in its
  # cache is removed meanwhile. Each line of a Dockerfile costs it a container.
  sed "s/8080/$port/g; s/^ENV /&TEST_SCRIPT=$$ /" "$here/images/$kind/Dockerfile" >Dockerfile
}
# build_image TAG [KIND [TEXT]]: an image of this test under $prefix-image:TAG, in one call: no builder takes part.
build_image() {
  local context=$place/context-$1 line changes=()
  mkdir -p "$context"
  (cd "$context" && image "${2:-plain}" 8080 "${3:-$1}")
  while read -r line; do
    case $line in FROM* | COPY* | '#'*) ;; *) changes+=(--data-urlencode "changes=$line") ;; esac
  done <"$context/Dockerfile"
  tar -C "$context/rootfs" -cf "$place/rootfs.tar" .
  # The query is made by one curl and used by the other, whose body is the file system.
  local query
  query=$(curl -s -o /dev/null -G -w '%{url_effective}' "${changes[@]}" http://127.0.0.1:1/ || true)
  api POST "/images/create?fromSrc=-&repo=$prefix-image&tag=$1&${query#*\?}" -H 'Content-Type: application/x-tar' \
    --data-binary "@$place/rootfs.tar" >"$place/made"
  image_exists "$prefix-image:$1" || fail "no image $1: $(<"$place/made")"
}
. "$here/../support/linked_program.sh"
# new_port VARIABLE: a host port that no other test uses.
new_port() {
  next_port=$((next_port + 1))
  printf -v "$1" %d $((FIRST_PORT + next_port))
}
next_port=0
: "${FIRST_PORT:=29000}"

# ---- what a test starts besides ----

endings=
# at_end COMMAND…: runs when the test is over, however it ends; the latest first.
at_end() { endings="$(printf '%q ' "$@"); $endings"; }
# background COMMAND…: runs it beside the test, its process in $pid. Unlike with a plain &, Ctrl-C means something to it.
background() {
  env --default-signal=INT "$@" <&0 &
  pid=$!
  at_end end_process "$pid"
}

# sshd_files HOST PORT [LINE]…: in $place/sshd the keys and settings of a server of OpenSSH on 127.0.0.1:PORT that has
# nothing but files, and makes it HOST to Belay's ssh, with these lines. Who starts it: /usr/sbin/sshd -D -e -f
# $place/sshd/config; it is there once $place/sshd/pid is.
sshd_files() {
  local host=$1 port=$2 key server=$place/sshd
  shift 2
  # Where it locks its helper process up. The package's own start makes it too.
  mkdir -p "$server" /run/sshd
  for key in host user; do ssh-keygen -q -t ed25519 -N '' -C $key -f "$server/$key"; done
  cp "$server/user.pub" "$server/authorized_keys"
  cat >"$server/config" <<END
ListenAddress 127.0.0.1
Port $port
HostKey $server/host
PidFile $server/pid
AuthorizedKeysFile $server/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
Subsystem sftp internal-sftp
ForceCommand internal-sftp
END
  echo "[127.0.0.1]:$port $(<"$server/host.pub")" >"$server/known_hosts"
  cat >"$server/ssh_config" <<END
Host $host
  HostName 127.0.0.1
  Port $port
  IdentityFile $server/user
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile $server/known_hosts
  GlobalKnownHostsFile /dev/null
END
  [ $# -eq 0 ] || printf '  %s\n' "$@" >>"$server/ssh_config"
  export BELAY_SSH="ssh -F $server/ssh_config"
}
end_process() {  # PID
  kill -KILL "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}
# ended PID: waits for it, its exit code in $code.
ended() {
  eventually process_ended "$1"
  wait "$1"
  code=$?
}
# Our own child stays a zombie until it is waited for.
process_ended() { [[ ! -e /proc/$1/stat || $(<"/proc/$1/stat") == *') Z '* ]]; }

# start_registry PASSWORD: one that only lets "belay" with that in, at $registry.
start_registry() {
  local port hash
  new_port port
  registry=127.0.0.1:$port
  # By the environment: arguments can be read by anybody, and a test looks for passwords there.
  hash=$(password=$1 perl -e 'print crypt($ENV{password}, q($2y$05$) . join("", map { ("a" .. "z")[rand 26] } 1 .. 21) . ".")')
  [[ $hash == \$2y\$* ]] || fail "this machine's crypt knows no bcrypt"
  echo "belay:$hash" >"$place/users"
  cat >"$place/registry.yml" <<END
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: "$place/registry"}}
http: {addr: "$registry", secret: "only for this test"}
auth: {htpasswd: {realm: test, path: "$place/users"}}
END
  background docker-registry serve "$place/registry.yml" >"$place/registry.log" 2>&1
  eventually curl -s -o /dev/null "http://$registry/v2/"
}

# own_engine: one of this test alone, for what would hurt others; all that talks to the engine talks to it from here on.
own_engine() {
  engine_folder=$place/engine
  at_end "$engine_script" down "$engine_folder"
  DOCKER_HOST=$("$engine_script" up "$engine_folder" "$@" | sed 's/^export DOCKER_HOST=//')
  [ -S "${DOCKER_HOST#unix://}" ] || fail 'no engine of its own'
}
engine_script=$here/../../scripts/engine

# own_mounts "$@": called before the tests, for scripts whose tests mount something: nobody else sees that.
own_mounts() {
  [ -n "${OWN_MOUNTS:-}" ] || OWN_MOUNTS=1 exec unshare --mount --propagation slave "$0" "$@"
}
# own_users: the users and groups of the test alone, for what makes and removes some. Needs own_mounts.
own_users() {
  [ -n "${OWN_MOUNTS:-}" ] || fail 'the users would be those of the machine'
  cp -a /etc "$place/etc"
  mount --bind "$place/etc" /etc
  at_end umount -l /etc
}

# ---- the run ----

clean_engine() {
  local id
  api GET /containers/json?all=1 | jq -r --arg p "$prefix" '.[] | select((.Names + [.Labels["belay.app"] // ""] | join(" ")) | contains($p)).Id' |
    while read -r id; do api DELETE "/containers/$id?force=1&v=1" >/dev/null; done
  # Two rounds: an image may be the parent of another.
  for _ in 1 2; do
    api GET /images/json | jq -r --arg p "$prefix" '.[] | select((.RepoTags // [] | join(" ") | contains($p)) or (.Labels["belay.family"] // "" | contains($p))).Id' |
      while read -r id; do api DELETE "/images/$id?force=1" >/dev/null; done
  done
  api GET /volumes | jq -r --arg p "$prefix" '.Volumes[]? | select((.Name | contains($p)) or (.Labels["belay.app"]? // "" | contains($p))).Name' |
    while read -r id; do api DELETE "/volumes/$id?force=1" >/dev/null; done
  api GET /networks | jq -r --arg p "$prefix" '.[].Name | select(contains($p))' |
    while read -r id; do api DELETE "/networks/$id" >/dev/null; done
}

keep() {  # EXIT-CODE
  [ "$1" -ne 0 ] && [ -n "${KEEP:-}" ] || return 0
  local id kept=$KEEP/$prefix
  mkdir -p "$kept"
  # Of an engine of its own only the log: the rest is mounts.
  tar -C "$place" --exclude='./engine/?*/*' -c . | tar -C "$kept" -x
  api GET /containers/json?all=1 | jq -r '.[].Id' | while read -r id; do inspect "$id" .; done >"$kept/containers.json"
  echo "kept in $kept" >&2
}

set_up() {  # TEST NUMBER
  prefix=t$$n$1x
  app=${prefix}web
  app2=${prefix}db
  place=$(mktemp -d)
  trap 'keep $?; cd /; eval "$endings"; clean_engine; rm -rf "$place"' EXIT
  work=$place/work
  export HOME=$place/home BELAY_STATE_DIR=$place/state PATH=$place/bin:$PATH
  mkdir "$work" "$HOME" "$place/bin"
  local face
  for face in belay jockler dockervisor dockerup; do ln -s "$BELAY" "$place/bin/$face"; done
  cd "$work" || exit 1
}

# TRIES: how often a test may be tried before its failure counts, one by default; each failure is shown.
run_tests() {
  local name number=0 failed=() passed=0 names try
  if [ $# -gt 0 ]; then names=$(printf '%s\n' "$@"); else names=$(sed -n 's/^\(test_[a-z0-9_]*\)() .*/\1/p' "${BASH_SOURCE[1]}"); fi
  [ -n "$names" ] || { echo 'no tests' >&2; exit 1; }
  for name in $names; do
    number=$((number + 1))
    # Ports are counted on across tests: one just freed may still be on its way out.
    next_port=$((number * 4))
    for ((try = 1; ; ++try)); do
      if (set_up $number; "$name"; exit 0); then
        passed=$((passed + 1))
        echo "ok      $name"
        break
      fi
      echo "FAILED  $name"
      if ((try >= ${TRIES:-1})); then
        failed+=("$name")
        break
      fi
    done
  done
  echo "$passed passed, ${#failed[@]} failed${failed[*]:+: ${failed[*]}}"
  [ ${#failed[@]} -eq 0 ]
}
