#!/bin/bash
# What bad input gets: one clear error with its place and a hint, and nothing changed.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# A release that runs and must survive whatever the test gets wrong; its container in $first.
running_app() {
  new_port port
  image web "$port" one
  expect_done belay deploy "$app"
  first=$(running "$app")
}
still_runs() {
  expect_equal 'what runs' "$first" "$(running "$app")"
  expect serves "$port" one
  expect_equal 'the plan' 'nothing to do' "$(belay plan "$app" 2>&1)"
}
# parameters FILE TEXT: writes it without a line end of its own.
parameters() { printf '%s' "$2" >"$1"; }
# refuses_parameters PLACE WORDS: `belay build` names the place (LINE:COLUMN) in the file and says WORDS.
refuses_parameters() {
  local before
  before=$(belay history --json)
  expect_refused 1 belay build "$app"
  expect_err "(jockler|dcv)-$app:$1: "
  expect_err "$2"
  expect_no_out
  expect_equal 'the journal' "$before" "$(belay history --json)"
}

# ---- parameter files ----

test_a_malformed_jockler_file_is_told_with_its_place() {
  image plain
  local file=jockler-$app
  parameters "$file" $'{\n  "ports": { "80": "80"\n'
  refuses_parameters '3:1' 'never closed'
  parameters "$file" $'{\n  "prots": { "80": "80" } }'
  refuses_parameters '2:3' "Did you mean 'ports'"
  parameters "$file" '{ "ports": { "99999": "80" } }'
  refuses_parameters '1:14' '99999'
  parameters "$file" '{ "ports": { "80": "0" } }'
  refuses_parameters '1:20' "'0'"
  parameters "$file" '{ "ports": { "80": "80", "80": "81" } }'
  refuses_parameters '1:26' '80'
  parameters "$file" '{ "ports": { "eighty": "80" } }'
  refuses_parameters '1:14' 'eighty'
  parameters "$file" '{ "ports": [] }'
  refuses_parameters '1:12' 'ports'
  parameters "$file" '{ "volumes": { "data": "not/absolute" } }'
  refuses_parameters '1:24' 'not/absolute'
  parameters "$file" '[]'
  refuses_parameters '1:1' 'override file'
  parameters "$file" ''
  expect_refused 1 belay build "$app"
  expect_err "$file: the file is empty"
  parameters "$file" $'{ "ports": { "80": "\xff" } }'
  refuses_parameters '1:[0-9]+' ''
}
test_a_malformed_dockervisor_file_is_told_with_its_place() {
  image plain
  local file=dcv-$app
  parameters "$file" $'{ "default": {\n  "raw": ["--no-such-option"] } }'
  refuses_parameters '2:11' 'no-such-option'
  parameters "$file" $'{ "default": {\n  "netwroks": [] } }'
  refuses_parameters '2:3' "Did you mean 'networks'"
  parameters "$file" $'{ "default": {\n  "env": { "A=B": "c" } } }'
  refuses_parameters '2:12' 'A=B'
}
test_both_kinds_of_parameter_files_are_one_too_many() {
  image plain
  echo '{}' >"jockler-$app"
  echo '{ "default": {} }' >"dcv-$app"
  expect_refused 1 belay build "$app"
  expect_err "jockler-$app"
  expect_err "dcv-$app"
}
test_a_parameter_file_that_cannot_be_read_never_means_none() {
  image plain
  mkdir "jockler-$app"
  expect_refused 1 belay build "$app"
  expect_err "jockler-$app"
  rmdir "jockler-$app"
  ln -s "jockler-$app" "jockler-$app"
  expect_refused 1 belay build "$app"
  expect_err "jockler-$app"
  expect_refused 1 belay build "$app" --config-file no-such-file
  expect_err 'no-such-file'
}
test_a_broken_file_leaves_the_running_release_alone() {
  running_app
  echo '{ "default": { "ports": { "http": "80" } } }' >"dcv-$app"
  image web "$port" two
  expect_refused 1 belay deploy "$app"
  still_runs
}
test_an_unknown_configuration_names_those_there_are() {
  image plain
  echo '{ "small": {}, "large": {} }' >"dcv-$app"
  expect_done belay build "$app"
  run belay start "$app" new medium
  expect [ "$code" -ne 0 ]
  expect_err 'small'
  expect_err 'large'
  expect_equal containers '' "$(containers "$app")"
}

# ---- builds ----

test_a_missing_dockerfile_is_named() {
  expect_refused 1 belay build "$app"
  expect_err "$app-Dockerfile"
  expect_refused 1 belay build "$app" no/such/folder
  expect_err 'no/such/folder'
  mkdir empty
  expect_refused 1 belay build "$app" empty
  expect_err 'empty'
}
test_a_build_that_fails_leaves_the_running_release_alone() {
  running_app
  local step
  for step in 'FORM scratch' 'RUN exit 3' 'COPY nowhere /'; do
    image web "$port" two
    echo "$step" >>Dockerfile
    run belay deploy "$app"
    expect_exit 1
    expect_err "$app"
    still_runs
  done
}
test_an_image_that_cannot_be_had_is_named() {
  expect_refused 1 belay build "$app" --image "127.0.0.1:9/$app:nowhere"
  expect_err "127.0.0.1:9/$app"
}

# ---- ports of others ----

test_a_host_port_of_a_stranger_names_its_holder() {
  running_app
  local other=${prefix}stranger
  image web "$port" two
  expect_done belay stop "$app"
  post "/containers/create?name=$other" "{\"Image\": \"$app\", \"HostConfig\": {\"PortBindings\": {\"$port/tcp\": [{\"HostPort\": \"$port\"}]}}}" >/dev/null
  post "/containers/$other/start" '{}' >/dev/null
  expect is_up "$other"
  expect_refused 1 belay start "$app"
  expect_err "$port.*$other"
  expect_refused 1 belay start "$app" new
  expect_err "$port.*$other"
  expect_equal 'the plan' 'nothing to do' "$(belay plan "$app" 2>&1)"
  api DELETE "/containers/$other?force=1" >/dev/null
  expect_done belay start "$app"
  still_runs
}
test_a_host_port_of_another_app_names_its_holder() {
  running_app
  expect_done belay build "$app2"
  expect_refused 1 belay start "$app2" new
  expect_err "$port.*$first"
  still_runs
}

# ---- names, commands and options ----

test_names_out_of_rule_are_refused() {
  image plain
  local name
  for name in '' a "${prefix}a b" "${prefix}/x" ".$prefix" "$(printf 'x%.0s' {1..64})" $'new\nline'; do
    expect_refused 2 belay build -- "$name"
  done
}
test_unknown_words_and_options_exit_2_with_a_hint() {
  image plain
  expect_refused 2 belay strat "$app"
  expect_err "Did you mean 'start'"
  expect_refused 2 belay start "$app" --setle 3s
  expect_err "settle"
  expect_refused 2 belay start "$app" --settle soon
  expect_err 'settle'
  expect_refused 2 belay start "$app" --order sideways
  expect_err 'stop-first'
  expect_refused 2 belay stop
  expect_err 'usage'
  expect_refused 1 belay stop "$app" now
  expect_err "there is no app $app"
  expect_refused 2 belay cleanup "$app" now
  expect_err 'now'
  expect_refused 2 belay cleanup "$app" --keep -1
  expect_err 'keep'
  expect_refused 2 belay -H carrier-pigeon://x ls
  expect_err 'carrier-pigeon'
}
test_unknown_apps_and_releases_are_told_with_a_hint() {
  running_app
  expect_refused 1 belay status "${app}x"
  expect_err "$app"
  expect_refused 1 belay start "$app" r9
  expect_err 'r9'
  run belay start "$app" lsat
  expect [ "$code" -ne 0 ]
  expect_err 'lsat'
  expect_refused 1 belay stable "$app" r9
  expect_refused 1 belay rollback "$app" r9
  still_runs
}

# ---- the engine ----

test_an_engine_that_is_not_there_has_its_own_hint() {
  running_app
  expect_refused 1 belay -H unix:///nowhere/at-all.sock stop "$app"
  expect_err '/nowhere/at-all.sock'
  expect_err 'systemctl start docker'
  expect_refused 1 env DOCKER_HOST=tcp://127.0.0.1:1 belay ls
  expect_err 'nothing listens at tcp://127.0.0.1:1'
  still_runs
}
test_an_engine_that_one_may_not_use_has_its_own_hint() {
  # A way to the socket for root only; the other user may read everything else.
  mkdir "$place/open"
  chmod 755 "$place" "$place/open" "$place/bin"
  perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die; chmod 0600, $ARGV[0]; sleep 60' \
    "$place/open/engine.sock" &
  local pid=$!
  eventually test -S "$place/open/engine.sock"
  cp "$BELAY" "$place/open/belay"
  install -d -m 700 -o 65534 -g 65534 "$place/open/state"
  run setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent BELAY_STATE_DIR="$place/open/state" \
    "$place/open/belay" -H "unix://$place/open/engine.sock" ls
  kill $pid
  expect_exit 1
  expect_err 'permission denied'
  expect_err 'group docker'
}
test_an_engine_that_is_too_old_is_told_its_version() {
  perl -MIO::Socket::UNIX -e '
    my $listening = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 5) or die;
    alarm 60;
    while (my $client = $listening->accept) {
      while (<$client>) { last if /^\r?$/ }
      print $client "HTTP/1.1 200 OK\r\nApi-Version: 1.39\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK";
      close $client;
    }' "$place/old.sock" &
  local pid=$!
  eventually test -S "$place/old.sock"
  run belay -H "unix://$place/old.sock" ls
  kill $pid
  expect_exit 1
  expect_err '1\.39'
  expect_err '1\.41'
  expect_err 'Update the engine'
}

# ---- the state ----

test_a_state_of_a_newer_version_is_left_alone() {
  running_app
  local before own
  own=$(sqlite3 "$BELAY_STATE_DIR/state.db" 'PRAGMA user_version')
  sqlite3 "$BELAY_STATE_DIR/state.db" 'PRAGMA user_version = 99'
  before=$(sha256sum "$BELAY_STATE_DIR/state.db")
  expect_refused 1 belay stop "$app"
  expect_err 'newer'
  expect_err '99'
  expect_refused 1 belay ls
  expect_refused 1 belay recover
  expect_equal 'the state file' "$before" "$(sha256sum "$BELAY_STATE_DIR/state.db")"
  sqlite3 "$BELAY_STATE_DIR/state.db" "PRAGMA user_version = $own"
  still_runs
}
test_a_state_that_is_no_database_is_left_alone() {
  running_app
  cp "$BELAY_STATE_DIR/state.db" "$place/good"
  head -c 8192 /dev/zero | tr '\0' x >"$BELAY_STATE_DIR/state.db"
  expect_refused 1 belay stop "$app"
  expect_err 'state'
  expect_equal 'the state file' x "$(head -c 1 "$BELAY_STATE_DIR/state.db")"
  cp "$place/good" "$BELAY_STATE_DIR/state.db"
  still_runs
}
test_a_full_disk_stops_a_change_before_it_begins() {
  [ "$(id -u)" -eq 0 ] || { echo 'skipped: mounting needs root'; return; }
  running_app
  mkdir "$place/small"
  mount -t tmpfs -o size=1m tmpfs "$place/small"
  trap 'cd /; umount "$place/small"; clean_engine; rm -rf "$place"' EXIT
  cp -a "$BELAY_STATE_DIR/." "$place/small"
  export BELAY_STATE_DIR=$place/small
  dd if=/dev/zero of="$place/small/filling" bs=4k 2>/dev/null
  expect_refused 1 belay start "$app" new
  expect_err 'full|space'
  expect_refused 1 belay remove "$app" -y
  expect_equal 'what runs' "$first" "$(running "$app")"
  # What must work all the same, and says what it could not do.
  run belay stop "$app"
  expect_exit 1
  expect_err 'is stopped, but that could not be recorded'
  expect_equal 'what runs' '' "$(running "$app")"
  rm "$place/small/filling"
  expect_done belay start "$app"
  # What can be done is another thing where nobody may write.
  mount -o remount,ro "$place/small"
  expect_refused 1 belay start "$app" new
  expect_err 'mounted read-only'
  expect_refused 1 belay stop "$app"
  expect_err 'Read-only file system'
  expect_err 'mount -o remount,rw'
  expect_err 'belay as jockler stop -f CONTAINER'
  expect_done belay as jockler stop -f "$(running "$app")"
  expect_equal 'what runs' '' "$(running "$app")"
  mount -o remount,rw "$place/small"
  expect_done belay start "$app"
  still_runs
}

# ---- two at once ----

test_a_second_belay_waits_and_names_the_first() {
  image slowstop
  expect_done belay deploy "$app"
  belay stop "$app" >"$place/first" 2>&1 &
  local pid=$!
  eventually grep -q . "$place/first"
  run belay start "$app" --no-lock-wait
  expect_exit 1
  expect_err "belay stop $app"
  expect_err "pid $pid"
  run belay start "$app"
  expect_exit 0
  expect_err "waiting for belay stop $app \(pid $pid"
  expect wait $pid
  expect_equal 'what runs' "$app-r1" "$(running "$app")"
  expect_equal 'the plan' 'nothing to do' "$(belay plan "$app" 2>&1)"
}
test_a_second_belay_does_not_keep_others_from_looking() {
  image slowstop
  expect_done belay deploy "$app"
  belay stop "$app" >"$place/first" 2>&1 &
  local pid=$!
  eventually grep -q . "$place/first"
  expect_done timeout 5 belay ls
  expect_done timeout 5 belay status "$app"
  expect kill -0 $pid
  expect wait $pid
}
# Whoever comes at once takes turns: none sees what another has half done.
test_many_at_once_on_one_app_take_turns() {
  local command pids=() each
  build_image 1
  build_image 2
  export BELAY_BACKUPS=$place/backups
  echo '{"volumes": {"'"${app}_data"'": "/data"}}' >"dcv-$app"
  expect_done belay deploy "$app" --image "$prefix-image:1" --config-file "dcv-$app"
  for command in "deploy $app --image $prefix-image:2 --config-file dcv-$app" "restart $app" "backup $app" "snapshot $app" \
    "deploy $app --image $prefix-image:1 --config-file dcv-$app --snapshot" "stop $app" "start $app last" "cleanup $app -y" \
    "stable $app"; do
    # shellcheck disable=SC2086
    belay $command >"$place/said${#pids[@]}" 2>&1 </dev/null &
    pids+=($!)
  done
  for each in "${!pids[@]}"; do
    wait "${pids[$each]}"
    code=$?
    # Some come when there is nothing for them to do.
    expect [ "$code" -lt 2 ]
  done
  # What was begun was ended before the next one began.
  expect_equal 'changes that were begun within others' '' "$(belay history "$app" --json --lines 1000 | jq -r '.entries | reverse | .[].outcome' |
    awk '$1 == "started" { if (open) print NR; open = 1; next } { open = 0 }')"
  expect grep -q started <(belay history "$app" --json --lines 1000)
  expect_done belay start "$app" last
  expect_equal 'how many run' 1 "$(running "$app" | wc -l)"
  expect_equal 'the plan' 'nothing to do' "$(belay plan "$app" 2>&1)"
  expect_not grep -l 'inside Belay' "$place"/said*
}
# A lock has no life of its own: neither a process that Belay started nor a file keeps it.
test_a_lock_dies_with_its_holder() {
  build_image 1
  echo '{"volumes": {"'"${app}_data"'": "/data"}}' >"dcv-$app"
  expect_done belay deploy "$app" --image "$prefix-image:1" --config-file "dcv-$app"
  # A program of Belay's own that outlives it.
  printf '%s\n' '#!/bin/sh' "echo \$\$ >$place/child" 'exec busybox sleep 1000' >"$place/bin/slow-ssh"
  chmod +x "$place/bin/slow-ssh"
  BELAY_SSH=$place/bin/slow-ssh background belay backup "$app" --stop -o sftp://box/srv 2>"$place/said"
  eventually test -s "$place/child"
  at_end end_process "$(<"$place/child")"
  run belay stop "$app" --no-lock-wait
  expect_exit 1
  expect_err "pid $pid"
  # Stopped is not dead.
  kill -STOP "$pid"
  run belay stop "$app" --no-lock-wait
  expect_exit 1
  expect_err "pid $pid"
  # By another way to the same state.
  ln -s "$BELAY_STATE_DIR" "$place/other-way"
  run belay --state-dir "$place/other-way" stop "$app" --no-lock-wait
  expect_exit 1
  expect_err "pid $pid"
  kill -KILL "$pid"
  eventually process_ended "$pid"
  expect kill -0 "$(<"$place/child")"
  run belay start "$app" last --no-lock-wait
  expect_exit 0
  expect_equal 'how many run' 1 "$(running "$app" | wc -l)"
  expect_equal 'the plan' 'nothing to do' "$(belay plan "$app" 2>&1)"
}

run_tests "$@"
