#!/bin/bash
# Belay's own verbs end to end. After any change there is nothing left to do, and doing the same again changes nothing.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# An app whose page is TEXT, on a port of its own in $port; its container in $first.
deployed() {  # [TEXT]
  [ -n "${port:-}" ] || new_port port
  image web "$port" "${1:-one}"
  expect_done belay deploy "$app"
  settled
  first=$(running "$app")
}
# shellcheck disable=SC2120
plain_app() {  # [NAME]: without a port, built and started
  image plain
  expect_done belay build "${1:-$app}"
  expect_done belay start "${1:-$app}" new
  settled "${1:-$app}"
}
settled() {  # [NAME]: wish and world agree
  local told
  told=$(belay plan "${1:-$app}" 2>&1)
  expect_equal 'the plan after a change' 'nothing to do' "$told"
}
# The engine and what Belay knows, without how long ago things were.
everything() {
  world
  # Other scripts work on the same engine.
  belay ls --json | jq -c --arg p "$prefix" '.apps[] | select(.name | contains($p)) | del(.status, .instances[].status)'
  belay releases "$app" --json | jq -c '.releases[] | del(.instances[].status)'
  belay autostart --json | jq -c .
  belay history --json | jq -c '.entries[]'
}
# Succeeds, shows something, and changes neither the engine nor the state.
changes_nothing() {
  local before
  before=$(everything 2>&1)
  expect_done "$@"
  expect [ -n "$out$err" ]
  expect_equal "everything after $*" "$before" "$(everything 2>&1)"
}
# The same command once more leaves the engine as it is, and says so where it is asked to.
again_is_unchanged() {
  local before
  before=$(world)
  expect_done "$@"
  run "$@" --exit-unchanged
  expect_exit 3
  expect_equal "the engine after $* again" "$before" "$(world)"
}
# gives_json JQ COMMAND…: the whole of its output is one JSON document, of which JQ holds.
gives_json() {
  local check=$1
  shift
  expect_done "$@"
  jq -e "$check" <<<"$out" >/dev/null 2>&1 || fail "the JSON of $*" "$check" "$out"
}
only_runs() { expect_equal 'what runs' "$1" "$(running "$app")"; }

# ---- changing what runs ----

test_build_makes_an_image_and_starts_nothing() {
  image plain
  run belay build "$app" --dry-run
  expect_exit 0
  expect_not image_exists "$app:latest"
  expect_done belay build "$app"
  expect image_exists "$app:latest"
  expect_equal containers '' "$(containers "$app")"
  settled
  again_is_unchanged belay build "$app"
}
test_deploy_builds_and_swaps() {
  deployed one
  changes_nothing belay deploy "$app" --dry-run
  image web "$port" two
  changes_nothing belay deploy "$app" --dry-run
  expect_done belay deploy "$app"
  settled
  only_runs "$app-r2"
  expect serves "$port" two
  expect is_down "$first"
  again_is_unchanged belay deploy "$app"
  only_runs "$app-r2"
}
test_deploy_takes_a_release_back_that_fails() {
  deployed one
  image bad "$port"
  run belay deploy "$app"
  expect_exit 1
  expect_err 'cannot reach the database'
  only_runs "$first"
  settled
  expect_done belay why "$app"
  expect_out 'r2'
  expect_equal 'the failed one is kept' 2 "$(containers "$app" | wc -l)"
}
# The engine goes on with a stop for which nobody waits any more: what is up when the deploy ends is down a moment later.
test_deploy_that_is_stopped_while_it_stops_the_old_one_leaves_that_running() {
  build_image 1 slowstop
  build_image 2 slowstop
  expect_done belay deploy "$app" --image "$prefix-image:1"
  background belay deploy "$app" --image "$prefix-image:2" 2>"$place/told"
  eventually grep -q "^stop $app" "$place/told"
  kill -TERM "$pid"
  ended "$pid"
  expect_exit 143
  expect_equal 'what runs' "$app-r1" "$(running "$app")"
  expect_equal 'restart policy' unless-stopped "$(restart_policy "$app-r1")"
  expect_equal 'the plan' 'nothing to do' "$(belay plan "$app" 2>&1)"
}
test_start_stop_and_restart() {
  deployed one
  changes_nothing belay start "$app" new --dry-run
  again_is_unchanged belay start "$app"
  changes_nothing belay stop "$app" --dry-run
  expect_done belay stop "$app"
  only_runs ''
  settled
  again_is_unchanged belay stop "$app"
  changes_nothing belay start "$app" --dry-run
  expect_done belay start "$app" r1
  only_runs "$first"
  settled
  local since
  since=$(inspect "$first" .State.StartedAt)
  changes_nothing belay restart "$app" --dry-run
  expect_done belay restart "$app"
  settled
  only_runs "$first"
  expect [ "$since" != "$(inspect "$first" .State.StartedAt)" ]
}
test_restart_starts_what_is_stopped() {
  plain_app
  expect_done belay stop "$app"
  expect_done belay restart "$app"
  only_runs "$app-r1"
  settled
}
test_rollback_runs_the_release_as_it_was() {
  local old_port new
  new_port old_port
  port=$old_port
  image web "$port" one
  cat >"dcv-$app" <<END
{ "default": { "ports": { "$port": "$port" }, "env": { "MODE": "old" } } }
END
  expect_done belay deploy "$app"
  first=$(running "$app")
  local old_image
  old_image=$(image_of "$first")
  new_port new
  image web "$new" two
  cat >"dcv-$app" <<END
{ "default": { "ports": { "$new": "$new" }, "env": { "MODE": "new" } } }
END
  expect_done belay deploy "$app"
  settled
  expect serves "$new" two
  # Not even the container of then is needed: the release is.
  api DELETE "/containers/$first?force=1" >/dev/null
  changes_nothing belay rollback "$app" --dry-run
  expect_done belay rollback "$app"
  settled
  local back
  back=$(running "$app")
  expect_equal image "$old_image" "$(image_of "$back")"
  expect_equal environment MODE=old "$(inspect "$back" '.Config.Env[] | select(startswith("MODE="))')"
  expect_equal 'host port' "$old_port" "$(port_of "$back" "$old_port/tcp")"
  eventually serves "$old_port" one
  expect_equal 'nothing at the new port' '' "$(page "$new")"
  again_is_unchanged belay rollback "$app" r1
  expect_done belay rollback "$app" r2
  eventually serves "$new" two
  settled
}
test_rollback_without_an_earlier_release_is_refused() {
  plain_app
  expect_refused 1 belay rollback "$app"
  expect_err 'no good release before r1'
}
test_retry_lifts_the_quarantine_and_tries_again() {
  image plain
  # Fails as long as the volume has no file `ready`.
  cat >>Dockerfile <<'END'
VOLUME /data
CMD ["/bin/sh", "-c", "[ -f /data/ready ] || exit 4; trap 'exit 0' TERM; sleep 1000 & wait $!"]
END
  run_patiently belay deploy "$app"
  expect_exit 1
  only_runs ''
  settled
  touch "$(api GET "/volumes/${app}_data" | jq -r .Mountpoint)/ready"
  changes_nothing belay retry "$app" --dry-run
  expect_done belay retry "$app"
  only_runs "$app-r1"
  settled
  expect_refused 1 belay retry "$app"
}

# ---- marks ----

test_stable_is_marked_shown_and_cleared() {
  deployed one
  changes_nothing belay stable "$app" --dry-run
  expect_done belay stable "$app"
  again_is_unchanged belay stable "$app"
  image web "$port" two
  expect_done belay deploy "$app"
  expect_done belay stable "$app" --show
  expect_out '^r1'
  expect_done belay start "$app" stable
  only_runs "$first"
  settled
  expect_done belay stable "$app" r2
  expect_done belay stable "$app" --show
  expect_out '^r2'
  changes_nothing belay stable "$app" --clear --dry-run
  expect_done belay stable "$app" --clear
  again_is_unchanged belay stable "$app" --clear
  expect_refused 1 belay start "$app" stable
}
test_autostart_and_start_all() {
  plain_app
  changes_nothing belay autostart "$app" last --dry-run
  expect_done belay autostart "$app" last
  gives_json ".apps[] | select(.name == \"$app\").autostart == \"last\"" belay autostart --json
  again_is_unchanged belay autostart "$app" last
  expect_done belay stop "$app"
  changes_nothing belay start-all --dry-run
  expect_done belay start-all
  only_runs "$app-r1"
  settled
  local before
  before=$(world)
  expect_done belay start-all
  expect_equal 'the engine after start-all again' "$before" "$(world)"
  expect_done belay autostart "$app" none
}

# ---- looking ----

test_every_looking_verb_changes_nothing_and_has_json() {
  deployed one
  local verb
  for verb in plan releases status why images volumes config history; do
    changes_nothing belay "$verb" "$app"
    gives_json 'type == "object"' belay "$verb" "$app" --json
  done
  changes_nothing belay ls
  changes_nothing belay status
  changes_nothing belay history
  changes_nothing belay autostart
  gives_json ".apps[] | select(.name == \"$app\") | .state == \"running\" and .release == \"r1\"" belay ls --json
  gives_json '.releases[0].release == "r1" and (.releases[0].marks | index("last")) != null' belay releases "$app" --json
  gives_json '.state == "running" and .health == "healthy" and .pending == []' belay status "$app" --json
  gives_json '.actions == []' belay plan "$app" --json
  gives_json '.images[0].releases == ["r1"]' belay images "$app" --json
  gives_json ".volumes[0].volume == \"${app}_var_www\" and .volumes[0].exists" belay volumes "$app" --json
  gives_json ".services[0].ports[0].host_port == $port" belay config "$app" --json
  gives_json '.entries[0].verb == "deploy" and .entries[0].outcome == "done"' belay history "$app" --json
}
test_plan_shows_what_somebody_else_undid() {
  deployed one
  api POST "/containers/$first/stop" >/dev/null
  gives_json '.actions | length > 0' belay plan "$app" --json
  expect_done belay plan "$app"
  expect_out "start $first"
  expect_done belay start "$app"
  settled
  only_runs "$first"
}
test_config_compares_releases_and_hides_secrets() {
  image plain
  echo '{ "default": { "env": { "MODE": "old", "DB_PASSWORD": "grumpy-otter" } } }' >"dcv-$app"
  expect_done belay deploy "$app"
  echo '{ "default": { "env": { "MODE": "new", "DB_PASSWORD": "grumpy-otter" } } }' >"dcv-$app"
  expect_done belay deploy "$app"
  expect_done belay config "$app" r1
  expect_not_out grumpy
  expect_out old
  expect_done belay config "$app" r2 --diff r1
  expect_out old
  expect_out new
  gives_json '.differences | length == 1' belay config "$app" r2 --diff r1 --json
  expect_not grep -rqF grumpy-otter <(everything; belay why "$app"; belay status "$app")
}
test_logs_and_shell_reach_the_container() {
  plain_app
  expect_done belay logs "$app"
  expect_equal log up "$out"
  expect_done belay logs "$app" r1 -n 1
  expect_equal log up "$out"
  expect_done belay shell "$app" echo two words
  expect_equal 'standard output' 'two words' "$out"
  run belay shell "$app" sh -c 'exit 9'
  expect_exit 9
  echo 'from a pipe' >"$place/input"
  run_with "$place/input" belay shell "$app" cat
  expect_equal 'standard output' 'from a pipe' "$out"
}

# Such a pipe never ended, or only when all was read.
test_logs_end_when_nobody_reads_them() {
  plain_app
  local begin=$SECONDS
  expect_equal 'the first line' up "$(timeout 20 belay logs -f "$app" | head -1)"
  # Nothing more is written: the end of the reader alone ends it.
  expect [ $((SECONDS - begin)) -lt 15 ]
  belay shell "$app" sh -c 'yes 2>/dev/null | head -c 2000000 >/proc/1/fd/1' || true
  begin=$SECONDS
  expect_equal 'the first line' up "$(timeout 20 belay logs "$app" | head -1)"
  expect [ $((SECONDS - begin)) -lt 15 ]
  # Nobody empties the pipe, and Ctrl-C ends it all the same.
  mkfifo "$place/full"
  # shellcheck disable=SC2217
  sleep 60 <"$place/full" &
  local reader=$! logs
  belay logs -f "$app" >"$place/full" &
  logs=$!
  sleep 1
  kill -INT "$logs"
  eventually process_ended "$logs"
  kill "$reader"
}
test_streams_that_are_closed_are_no_hindrance() {
  plain_app
  local stream
  code=0
  bash -c "belay restart $app <&- >&- 2>&-" || code=$?
  expect_exit 0
  expect is_up "$app-r1"
  for stream in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
    code=0
    bash -c "belay ls $stream" >"$place/listed" || code=$?
    expect_exit 0
  done
  settled
}
test_a_container_that_ends_again_and_again_is_trouble_everywhere() {
  build_image 1
  post "/containers/create?name=$app-loop" "$(jq -n --arg i "$prefix-image:1" '{Image: $i, Entrypoint: ["/bin/sh", "-c", "sleep 0.3; exit 3"], HostConfig: {RestartPolicy: {Name: "always"}}}')" >/dev/null
  api POST "/containers/$app-loop/start"
  expect_done belay adopt "$app" "$app-loop"
  eventually eval '[ "$(inspect "$app-loop" .RestartCount)" -gt 2 ]'
  for _ in 1 2 3 4 5 6; do
    expect_done belay ls
    expect_out 'restarting ×[0-9]'
    expect_done belay why "$app"
    expect_out 'keeps exiting'
    expect_done belay status "$app"
    expect_out 'keeps exiting'
    expect_done belay plan "$app"
    expect_out 'note: its container .* keeps exiting'
    run belay doctor
    expect_exit 1
    expect_out 'keeps exiting'
    sleep 0.2
  done
}

# ---- looking after the host ----

test_cleanup_keeps_what_is_needed() {
  deployed one
  expect_done belay stable "$app"
  local text
  for text in two three four; do
    image web "$port" $text
    expect_done belay deploy "$app"
  done
  changes_nothing belay cleanup "$app" --dry-run
  expect_refused 2 belay cleanup "$app"
  expect_done belay cleanup "$app" -y
  expect_equal containers "$app-r1 $app-r3 $app-r4" "$(containers "$app" | xargs)"
  settled
  expect_done belay cleanup "$app" --keep 0 -y
  expect_equal containers "$app-r1 $app-r4" "$(containers "$app" | xargs)"
  expect volume_exists "${app}_var_www"
  settled
  again_is_unchanged belay cleanup "$app" -y
  # What stayed still works.
  expect_done belay start "$app" stable
  expect serves "$port" one
}
test_remove_leaves_the_data_unless_told_otherwise() {
  deployed one
  expect_done belay shell "$app" sh -c 'echo kept >/var/www/file'
  changes_nothing belay remove "$app" --dry-run
  expect_refused 2 belay remove "$app"
  expect_done belay remove "$app" -y
  expect_equal containers '' "$(containers "$app")"
  expect_not image_exists "$app:latest"
  expect volume_exists "${app}_var_www"
  expect_done belay ls --names
  expect_no_out
  expect_refused 1 belay plan "$app"
  deployed one
  expect_done belay shell "$app" cat /var/www/file
  expect_equal 'the data' kept "$out"
  expect_refused 2 belay remove "$app" --volumes -y
  expect_refused 2 belay remove "$app" --volumes --yes-lose-data "$app2"
  expect_done belay remove "$app" --volumes --yes-lose-data "$app" -y
  expect_not volume_exists "${app}_var_www"
  expect_equal 'the engine' '' "$(world | grep -vxF '[]')"
}
test_adopt_takes_over_without_a_touch() {
  image plain
  expect_done belay build "$app2"
  post "/containers/create?name=${prefix}old" "{\"Image\": \"$app2\"}" >/dev/null
  post "/containers/${prefix}old/start" '{}' >/dev/null
  local started
  started=$(inspect "${prefix}old" .State.StartedAt)
  expect_done belay adopt "$app" "${prefix}old" --dry-run
  expect_refused 1 belay status "$app"
  expect_done belay adopt "$app" "${prefix}old"
  settled
  gives_json '.state == "running" and .release == "r1"' belay status "$app" --json
  expect_equal 'since when it runs' "$started" "$(inspect "${prefix}old" .State.StartedAt)"
  # No prune may take what the release needs.
  expect image_exists "belay/$app:r1"
  expect_done belay stop "$app"
  expect is_down "${prefix}old"
  settled
  expect_done belay start "$app"
  expect is_up "${prefix}old"
  settled
}
test_forget_lets_an_adopted_app_go_without_a_touch() {
  image plain
  expect_done belay build "$app2"
  post "/containers/create?name=$app" "{\"Image\": \"$app2\", \"HostConfig\": {\"Binds\": [\"${prefix}data:/data\"]}}" >/dev/null
  post "/containers/$app/start" '{}' >/dev/null
  local started before
  started=$(inspect "$app" .State.StartedAt)
  expect_refused 1 belay forget "$app"
  expect_done belay adopt "$app"
  before=$(world)
  expect_refused 2 belay forget "$app"
  expect_err '-y'
  expect_done belay forget "$app" --dry-run
  expect_out "stays: container $app, running"
  expect_out "stays: volume ${prefix}data with its data"
  expect_out "to take it again: belay adopt $app"
  gives_json '.outcome == "planned" and .again == "belay adopt '"$app"'"' belay forget "$app" --dry-run --json
  expect_done belay status "$app"
  gives_json '.outcome == "done" and (.containers | length) == 1' belay forget "$app" -y --json
  expect_equal 'the engine' "$before" "$(world)"
  expect_equal 'since when it runs' "$started" "$(inspect "$app" .State.StartedAt)"
  expect_done belay ls --names
  expect_not_out "^$app\$"
  expect_refused 1 belay status "$app"
  # Belay no longer minds what becomes of it, and takes it again where it is asked to.
  expect_done belay doctor
  expect_not_out "$app:"
  expect_done belay adopt "$app"
  settled
  expect_equal 'since when it runs' "$started" "$(inspect "$app" .State.StartedAt)"
}
test_forget_of_what_belay_made_says_how_it_comes_back() {
  local container
  image plain
  expect_done belay deploy "$app"
  expect_done belay forget "$app" -y
  expect_err "labels"
  expect is_up "$app-r1"
  expect_done belay ls "$app"
  expect_out 'not in the state'
  for container in '' "$app-r1"; do
    expect_refused 1 belay adopt "$app" ${container:+"$container"}
    expect_err 'belay recover'
  done
  expect_refused 1 belay deploy "$app"
  expect_err 'belay recover'
  expect_done belay recover
  settled
  expect is_up "$app-r1"
}
# twice VERB WORD…: done, and done again it has nothing to do, says so and changes nothing.
twice() {
  local before
  expect_done belay "$@"
  before=$(world)
  run belay "$1" --exit-unchanged "${@:2}"
  expect_exit 3
  expect_equal "the engine after $* again" "$before" "$(world)"
  seen+=" $1 "
}
test_every_verb_that_changes_something_says_when_there_was_nothing_to_do() {
  local seen='' verb page
  build_image 1
  image plain
  twice build "$app"
  twice deploy "$app"
  twice set "$app" env.A=1
  twice unset "$app" env.A
  twice pause "$app"
  twice unpause "$app"
  twice stable "$app"
  twice autostart "$app" last
  twice rollback "$app" r1
  twice kill "$app"
  twice start "$app"
  twice stop "$app"
  twice rm "$app"
  twice start-all
  twice recover
  twice cleanup "$app" -y
  twice remove "$app" -y
  twice import run "$app" -- docker run -d "$prefix-image:1"
  post "/containers/create?name=$app2" "{\"Image\": \"$prefix-image:1\"}" >/dev/null
  api POST "/containers/$app2/start" >/dev/null
  twice adopt "$app2" "$app2"
  twice forget "$app2" -y
  # A project, definitions and a unit.
  mkdir -p project defs conf/units
  printf 'name: %s\nservices: {web: {image: "%s"}}\n' "${prefix}p" "$prefix-image:1" >project/compose.yaml
  cd project || return
  twice create
  twice up
  twice pull --policy missing
  twice push
  twice down
  twice up
  expect_done belay down --volumes --yes-lose-data "${prefix}p"
  run belay down --volumes --yes-lose-data "${prefix}p" --exit-unchanged
  expect_exit 3
  cd ..
  printf '{"image": "%s", "update": {"pull": false}}\n' "$prefix-image:1" >"defs/${prefix}d.json"
  twice apply defs
  echo '{{ apps | length }}' >template
  twice render template rendered
  export DOCKERSTRA_CONF=$PWD/conf
  printf '%s-one: {create: {image: "%s"}}\n---\n- %s-one: {command: start}\n' "$prefix" "$prefix-image:1" "$prefix" >"conf/units/${prefix}u.yaml"
  for verb in build create start stop cleanup purge; do
    twice unit --yes-lose-data "${prefix}u" run "${prefix}u/$verb"
  done
  # What is left: a restart always does something, retry only where something failed; services have a script of their own.
  seen+=' restart retry service '
  expect_done belay help --man-pages pages
  for page in pages/belay-*.1; do
    verb=$(basename "$page" .1)
    verb=${verb#belay-}
    ! grep -q 'exit\\*-unchanged' "$page" || [[ $seen == *" $verb "* ]] || fail "not looked at: $verb"
  done
}

test_import_run_makes_an_app_of_a_line() {
  image plain
  expect_done belay build "$app2"
  new_port port
  local line=(docker run -d -p "$port:80" -e MODE=given -v "${prefix}data:/data" "$app2:latest")
  expect_done belay import run "$app" --dry-run -- "${line[@]}"
  jq -e '.services[0].env.MODE == "given"' <<<"$out" >/dev/null || fail 'the JSON of the dry run' MODE=given "$out"
  expect_refused 1 belay status "$app"
  expect_done belay import run "$app" -- "${line[@]}"
  settled
  expect_done belay start "$app" new
  settled
  first=$(running "$app")
  expect_equal 'host port' "$port" "$(port_of "$first" 80/tcp)"
  expect_equal volume "volume ${prefix}data" "$(mount_at "$first" /data)"
  expect_equal environment MODE=given "$(inspect "$first" '.Config.Env[] | select(startswith("MODE="))')"
  expect_refused 2 belay import run "$app" -- docker run --no-such-thing x
  expect_err 'no-such-thing'
}
test_recover_brings_apps_back_from_their_labels() {
  deployed one
  image web "$port" two
  expect_done belay deploy "$app"
  mv "$BELAY_STATE_DIR" "$place/lost"
  local before
  before=$(world)
  run belay start "$app"
  expect_exit 1
  expect_err 'belay recover'
  expect_done belay recover --dry-run
  expect_out "$app"
  gives_json 'all(.apps[]; .known | not)' belay ls --json
  expect_done belay recover
  expect_equal 'the engine' "$before" "$(world)"
  settled
  gives_json '[.releases[].release] == ["r2", "r1"] and (.releases[0].marks | index("last")) != null' belay releases "$app" --json
  # Other scripts share the engine: what they deploy meanwhile is news, this app is none.
  run belay recover --exit-unchanged
  expect_not_out "(^|[^[:alnum:]])$app:"
  expect_done belay rollback "$app"
  expect serves "$port" one
  settled
}
test_doctor_finds_what_is_wrong() {
  plain_app
  changes_nothing belay doctor
  gives_json 'all(.findings[]; .level != "bad")' belay doctor --json
  run belay -H unix:///nowhere/at-all.sock doctor
  expect_exit 1
  expect_out '/nowhere/at-all.sock'
}
test_completion_scripts_are_valid() {
  expect_done belay completion bash
  bash -n <<<"$out" || fail 'the bash completion is no bash'
  expect_out rollback
  local shell
  for shell in zsh fish; do
    expect_done belay completion $shell
    expect_out rollback
    ! command -v $shell >/dev/null || $shell -n <<<"$out" || fail "the completion is no $shell"
  done
  expect_refused 2 belay completion tcsh
}

run_tests "$@"
