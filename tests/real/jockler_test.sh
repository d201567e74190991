#!/bin/bash
# Every command line of jockler's document, as it stands there, under the face jockler.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# A built family whose page is TEXT, on a port of its own in $port.
build_web() {  # [TEXT]
  [ -n "${port:-}" ] || new_port port
  image web "$port" "${1:-one}"
  expect_done jockler build "$app"
}
# A first release that runs, its container in $first; then a second one, in $second.
start_first() {
  build_web one
  expect_done jockler start new "$app"
  first=$(running "$app")
}
start_second() {
  build_web two
  expect_done jockler start new "$app"
  second=$(running "$app")
}
only_runs() { expect_equal 'what runs' "$1" "$(running "$app")"; }
on_a_terminal() {  # INPUT COMMAND: runs it with a terminal of its own
  printf '%s\n' "$1" | script -qec "$2" /dev/null >"$place/out"
}

# ---- build ----

test_build_makes_an_image_of_that_name() {
  build_web
  expect image_exists "$app:latest"
  expect_equal 'containers' '' "$(containers "$app")"
}
test_build_prefers_the_dockerfile_named_after_the_image() {
  new_port port
  image web "$port"
  mv Dockerfile "$app-Dockerfile"
  echo 'this is no Dockerfile' >Dockerfile
  expect_done jockler build "$app"
  expect image_exists "$app:latest"
}
test_build_with_a_dockerfile_uses_its_folder_as_context() {
  mkdir -p "$work/site"
  cd "$work/site" || return
  new_port port
  image web "$port"
  mv Dockerfile special
  echo 'this is no Dockerfile' >Dockerfile
  cd "$work" || return
  expect_done jockler build "$app" site/special
  expect image_exists "$app:latest"
}
test_build_with_a_directory_and_with_a_dot() {
  mkdir -p site
  (cd site && image web 8080 one)
  expect_done jockler build "$app" site
  local before
  before=$(image_id "$app")
  cd site || return
  image web 8080 two
  expect_done jockler build "$app" .
  expect [ "$before" != "$(image_id "$app")" ]
}
test_build_without_a_dockerfile_says_which_it_looked_for() {
  expect_refused 1 jockler build "$app"
  expect_err 'Dockerfile'
}
test_a_build_that_fails_leaves_the_running_release_alone() {
  start_first
  echo 'COPY no-such-file /' >>Dockerfile
  run jockler build "$app"
  expect_exit 1
  expect_err 'no-such-file'
  only_runs "$first"
  expect serves "$port" one
}
test_a_name_against_the_rules_is_refused() {
  image plain
  expect_refused 2 jockler build "${prefix}/web"
  expect_refused 2 jockler build "-${prefix}"
}

# ---- start and stop ----

test_start_new_runs_a_container_with_the_images_ports_and_volumes() {
  start_first
  expect [ "$(wc -l <<<"$first")" = 1 ]
  [[ $first =~ ^jcl_${app}_[0-9]{14}$ ]] || fail 'name of the container' "jcl_${app}_DATE" "$first"
  expect_equal 'host port' "$port" "$(port_of "$first" "$port/tcp")"
  expect_equal 'volume' "volume jcl_${app}_var_www" "$(mount_at "$first" /var/www)"
  expect_equal 'restart policy' unless-stopped "$(restart_policy "$first")"
  expect serves "$port" one
}
test_every_kind_of_expose_counts() {
  local a b d
  new_port a; new_port b
  d=$((a + 50))
  image plain
  printf 'EXPOSE %s %s/udp\nEXPOSE %s-%s\nVOLUME ["/data one", "/logs"]\n' "$a" "$b" "$d" $((d + 1)) >>Dockerfile
  expect_done jockler build "$app"
  expect_done jockler start new "$app"
  first=$(running "$app")
  expect_equal 'first port' "$a" "$(port_of "$first" "$a/tcp")"
  expect_equal 'udp port' "$b" "$(port_of "$first" "$b/udp")"
  expect_equal 'end of the range' $((d + 1)) "$(port_of "$first" $((d + 1))/tcp)"
  expect_equal 'volume' "volume jcl_${app}_logs" "$(mount_at "$first" /logs)"
}
test_start_new_always_makes_a_new_container_and_stops_the_other() {
  start_first
  start_second
  expect [ "$first" != "$second" ]
  only_runs "$second"
  expect is_down "$first"
  expect_equal 'restart policy of the old one' no "$(restart_policy "$first")"
  expect serves "$port" two
  # Also without a new build.
  expect_done jockler start new "$app"
  expect_equal 'containers' 3 "$(containers "$app" | wc -l)"
}
test_containers_of_a_family_share_its_data() {
  start_first
  expect_done jockler attach "$app" sh -c 'echo kept >/var/www/file'
  start_second
  expect_done jockler attach "$app" cat /var/www/file
  expect_out '^kept$'
}
test_stop_and_start_last() {
  start_first
  start_second
  expect_done jockler stop "$app"
  only_runs ''
  expect_equal 'restart policy' no "$(restart_policy "$second")"
  expect_done jockler start last "$app"
  only_runs "$second"
  expect_equal 'restart policy' unless-stopped "$(restart_policy "$second")"
}
test_stop_and_start_last_twice_change_nothing() {
  start_first
  local before
  before=$(world)
  expect_done jockler start last "$app"
  expect_equal 'the engine' "$before" "$(world)"
  expect_done jockler stop "$app"
  before=$(world)
  expect_done jockler stop "$app"
  expect_equal 'the engine' "$before" "$(world)"
}
test_start_by_the_containers_name() {
  start_first
  start_second
  expect_done jockler start "$first"
  only_runs "$first"
  expect serves "$port" one
}
test_after_a_build_last_is_still_the_old_container() {
  start_first
  build_web two
  expect_done jockler stop "$app"
  expect_done jockler start last "$app"
  only_runs "$first"
  expect serves "$port" one
}
test_commands_work_from_any_folder() {
  build_web
  cd /
  expect_done jockler start new "$app"
  expect_done jockler stop "$app"
  expect_done jockler start last "$app"
}
test_start_attach_attaches_to_the_container_itself() {
  image plain
  printf 'for i in 1 2 3; do sleep 1; echo "line $i"; done\nexit 5\n' >rootfs/start
  expect_done jockler build "$app"
  run jockler start new "$app" attach
  expect_out 'line 3'
  expect_exit 5
}
test_a_release_that_never_gets_healthy_is_rolled_back() {
  start_first
  image bad "$port"
  expect_done jockler build "$app"
  run jockler start new "$app"
  expect_exit 1
  expect_err 'cannot reach the database'
  only_runs "$first"
  expect serves "$port" one
  expect_equal 'containers (the failed one is kept)' 2 "$(containers "$app" | wc -l)"
  expect_done jockler stop "$app"
  expect_done jockler start last "$app"
  only_runs "$first"
}
test_a_release_that_ends_at_once_is_rolled_back() {
  start_first
  image crashy
  expect_done jockler build "$app"
  # Its image has neither port nor volume: to lose those is agreed to.
  run_patiently jockler start new "$app" -y
  expect_exit 1
  expect_err 'out of luck'
  only_runs "$first"
}
test_a_first_release_that_fails_leaves_nothing_running() {
  image crashy
  expect_done jockler build "$app"
  run_patiently jockler start new "$app"
  expect_exit 1
  only_runs ''
  expect_equal 'restart policy' no "$(restart_policy "$(containers "$app")")"
}
test_a_host_port_of_a_stranger_is_refused_with_its_holder() {
  build_web
  post "/containers/create?name=${prefix}stranger" "{\"Image\": \"$app\", \"HostConfig\": {\"PortBindings\": {\"$port/tcp\": [{\"HostPort\": \"$port\"}]}}}" >/dev/null
  post "/containers/${prefix}stranger/start" '{}' >/dev/null
  expect is_up "${prefix}stranger"
  run jockler start new "$app"
  expect_exit 1
  expect_err "$port"
  expect_err "${prefix}stranger"
  only_runs ''
  expect is_up "${prefix}stranger"
}
test_stop_f_ends_a_container_in_a_restart_loop() {
  image crashy
  expect_done jockler build "$app"
  # As somebody without Belay would have left it behind.
  post "/containers/create?name=jcl_${app}_20200101000000" \
    "{\"Image\": \"$app\", \"HostConfig\": {\"RestartPolicy\": {\"Name\": \"always\"}}}" >/dev/null
  post "/containers/jcl_${app}_20200101000000/start" '{}' >/dev/null
  expect_done jockler stop -f "jcl_${app}_20200101000000"
  expect is_down "jcl_${app}_20200101000000"
  expect_equal 'restart policy' no "$(restart_policy "jcl_${app}_20200101000000")"
}
test_a_stubborn_container_is_stopped_all_the_same() {
  image stubborn
  # Ten seconds would show no more.
  echo '{"raw": ["--stop-timeout=1"]}' >"dcv-$app"
  expect_done jockler build "$app"
  expect_done jockler start new "$app"
  expect_done jockler stop "$app"
  only_runs ''
}
test_unknown_families_and_words_are_refused() {
  expect_refused 1 jockler start last "$app"
  expect_err "$app"
  expect_refused 1 jockler start new "$app"
  expect_refused 1 jockler stop "$app"
  expect_refused 2 jockler frobnicate
  expect_refused 2 jockler build
}

# ---- coming over from jockler itself ----

# jockler_made DATE: a container as jockler makes it, and its volume; the family's store, in $BELAY_JOCKLER_STORE.
jockler_made() {
  post "/containers/create?name=jcl_${app}_$1" \
    "{\"Image\": \"$app\", \"HostConfig\": {\"Binds\": [\"jcl_${app}_var_www:/var/www\"], \"RestartPolicy\": {\"Name\": \"on-failure\"}}}" >/dev/null
}
stored() { printf %s "$2" >"$BELAY_JOCKLER_STORE/$app/$1"; }  # FILE TEXT
test_import_takes_over_the_store_of_jockler() {
  export BELAY_JOCKLER_STORE=$place/jockler
  mkdir -p "$BELAY_JOCKLER_STORE/$app"
  new_port port
  image web "$port"
  # Its own build, without Belay's labels.
  expect_done belay build "$app2"
  api POST "/images/$app2/tag?repo=$app&tag=latest" >/dev/null
  jockler_made 20240101000000
  jockler_made 20240202000000
  api POST "/containers/jcl_${app}_20240202000000/start" >/dev/null
  stored last "jcl_${app}_20240202000000"
  stored stable "jcl_${app}_20240101000000"
  stored startup "jcl_${app}_20240101000000"
  stored "jockler-$app" "{\"ports\": {\"$port\": \"$port\"}, \"volumes\": {\"jcl_${app}_var_www\": \"/var/www\"}}"
  local started
  started=$(inspect "jcl_${app}_20240202000000" .State.StartedAt)
  expect_done belay import jockler --dry-run
  expect_refused 1 belay status "$app"
  expect_done belay import jockler "$app"
  expect_out 'autostart stable'
  expect_equal 'since when it runs' "$started" "$(inspect "jcl_${app}_20240202000000" .State.StartedAt)"
  expect_done jockler list last "$app"
  expect_equal 'last' "jcl_${app}_20240202000000" "$out"
  expect_done jockler stable :show "$app"
  expect_equal 'stable' "jcl_${app}_20240101000000" "$out"
  run belay import jockler --exit-unchanged
  expect_exit 3
  expect_done jockler attach "$app" sh -c 'echo kept >/var/www/file'
  expect_done jockler start new "$app"
  expect_done jockler attach "$app" cat /var/www/file
  expect_out '^kept$'
  expect_done jockler start stable "$app"
  expect is_up "jcl_${app}_20240101000000"
}
test_a_family_that_was_built_first_takes_its_old_containers() {
  build_web one
  jockler_made 20240101000000
  expect_done belay adopt "$app"
  expect_done jockler start last "$app"
  expect is_up "jcl_${app}_20240101000000"
  expect_done jockler start new "$app"
  expect is_down "jcl_${app}_20240101000000"
}
test_the_sites_own_readme_is_shown() {
  export BELAY_JOCKLER_STORE=$place/jockler
  mkdir -p "$BELAY_JOCKLER_STORE"
  echo 'Ask the desk about MYAPP.' >"$BELAY_JOCKLER_STORE/readme.md"
  expect_done jockler readme shop
  expect_out 'Ask the desk about shop\.'
}
test_a_forgotten_word_is_answered_with_the_words() {
  build_web
  run jockler start "$app"
  expect_exit 2
  expect_err 'name one of its containers, new, last or stable'
  expect_err "jockler start last $app"
}
test_stable_marks_only_what_runs() {
  start_first
  expect_done jockler stable "$app"
  start_second
  api POST "/containers/$second/stop?t=0" >/dev/null
  expect_refused 1 jockler stable "$app"
  expect_err "$second is exited"
  expect_done jockler stable show "$app"
  expect_equal 'stable' "$first" "$out"
}

test_a_member_of_the_group_docker_backs_up_and_restores() {
  build_web one
  expect_done jockler start new "$app"
  expect_done jockler attach "$app" sh -c 'echo then >/var/www/file; busybox mkfifo /var/www/pipe; busybox ln /var/www/file /var/www/same'
  # One who reads none of the engine's files, but has a state and a folder.
  local as_member=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  chmod a+rx "$place"
  chmod a+rwx "$work"
  chown -R 65534:65534 "$BELAY_STATE_DIR"
  chmod a+rw "${DOCKER_HOST#unix://}"
  expect_done "${as_member[@]}" jockler volumes backup linux "$app"
  local archive
  archive=$(echo "jcl_${app}"_*.tar.gz)
  expect_done tar tzf "$archive" var/www/file
  expect_done "${as_member[@]}" jockler attach "$app" sh -c 'echo now >/var/www/file; echo more >/var/www/later'
  expect_done "${as_member[@]}" jockler volumes restore linux "$app" "$archive"
  expect_done "${as_member[@]}" jockler attach "$app" cat /var/www/file
  expect_out '^then$'
  run "${as_member[@]}" jockler attach "$app" cat /var/www/later
  expect_exit 1
  # What was there is in its own volume still.
  expect_done "${as_member[@]}" belay rollback "$app"
  expect_done "${as_member[@]}" jockler attach "$app" cat /var/www/file
  expect_out '^now$'
}

# ---- stable ----

test_stable_marks_what_runs_and_is_where_one_goes_back() {
  start_first
  expect_done jockler stable "$app"
  start_second
  expect_done jockler stable show "$app"
  expect_out "$first"
  expect_done jockler start stable "$app"
  only_runs "$first"
  expect is_down "$second"
  expect serves "$port" one
}
test_stable_mark_moves_the_mark() {
  start_first
  expect_done jockler stable mark "$app"
  start_second
  expect_done jockler stable mark "$app"
  expect_done jockler stable show "$app"
  expect_out "$second"
  expect_not_out "$first"
}
test_start_stable_without_a_mark_is_refused() {
  start_first
  expect_refused 1 jockler start stable "$app"
  only_runs "$first"
}

# ---- list ----

test_list_shows_each_view_of_a_family() {
  start_first
  local old_image new_image
  old_image=$(image_id "$app")
  expect_done jockler stable "$app"
  start_second
  new_image=$(image_id "$app")
  expect_done jockler list images "$app"
  expect_out "${old_image:7:12}"
  expect_out "${new_image:7:12}"
  expect_done jockler list containers "$app"
  expect_out "$first"
  expect_out "$second"
  expect_done jockler list running "$app"
  expect_out "$second"
  expect_not_out "$first"
  # Bare names, for scripts (C5).
  expect_done jockler list stable "$app"
  expect_equal 'the stable one' "$first" "$out"
  expect_done jockler list last "$app"
  expect_equal 'the last one' "$second" "$out"
  # Ports and volumes (B12).
  expect_done jockler list jcl "$app"
  expect_equal 'the settings' "{\"ports\":{\"$port\":\"$port/tcp\"},\"volumes\":{\"jcl_${app}_var_www\":\"/var/www\"}}" "$(jq -c . <<<"$out")"
}
test_list_all_shows_every_family() {
  image plain
  local name view
  for name in "$app" "$app2"; do
    expect_done jockler build "$name"
    expect_done jockler start new "$name"
    expect_done jockler stable "$name"
  done
  for view in images containers running stable last jcl; do
    expect_done jockler list $view .all
    expect_out "$app"
    expect_out "$app2"
  done
  expect_done jockler stop "$app2"
  expect_done jockler list running .all
  expect_out "jcl_${app}_"
  expect_not_out "jcl_${app2}_"
}
test_list_does_not_show_other_familys_containers() {
  image plain
  local name
  for name in "$app" "${app}2"; do
    expect_done jockler build "$name"
    expect_done jockler start new "$name"
  done
  expect_done jockler list containers "$app"
  expect_not_out "${app}2"
}

# ---- attach and volumes ----

test_attach_runs_a_command_and_passes_its_exit_code_on() {
  start_first
  expect_done jockler attach "$app" echo hi there
  expect_equal 'standard output' 'hi there' "$out"
  run jockler attach "$app" sh -c 'echo no >&2; exit 7'
  expect_exit 7
  expect_err '^no$'
}
test_attach_without_a_command_is_a_shell() {
  start_first
  echo 'echo $((40 + 2))' >"$place/input"
  run_with "$place/input" jockler attach "$app"
  expect_exit 0
  expect_out '^42$'
}
test_attach_on_a_terminal_is_a_terminal() {
  start_first
  on_a_terminal 'exit' "jockler attach $app sh -c 'test -t 0 && test -t 1 && echo both'"
  expect grep -q both "$place/out"
}
test_attach_to_what_does_not_run_is_refused() {
  build_web
  expect_refused 1 jockler attach "$app" true
}
test_volumes_of_image_and_container() {
  build_web
  expect_done jockler volumes image "$app"
  expect_out '/var/www'
  expect_done jockler start new "$app"
  expect_done jockler stable "$app"
  local which
  for which in '' last stable; do
    # shellcheck disable=SC2086
    expect_done jockler volumes container "$app" $which
    expect_out "jcl_${app}_var_www"
    expect_out '/var/www'
  done
}
# A file and a link in the volume of what runs.
fill_volume() {  # TEXT
  expect_done jockler attach "$app" sh -c "mkdir -p /var/www/deep; echo $1 >/var/www/deep/file; busybox ln -sf deep/file /var/www/link"
}
held() { cat "$(api GET "/volumes/jcl_${app}_var_www" | jq -r .Mountpoint)/${1:-deep/file}"; }

test_volumes_backup_is_an_archive_for_every_tar() {
  start_first
  fill_volume kept
  expect_done jockler volumes backup linux "$app"
  local archive
  archive=$(ls jcl_*)
  [[ $archive =~ ^${first}-[0-9]{14}\.tar\.gz$ ]] || fail 'name of the archive' "$first-DATE.tar.gz" "$archive"
  expect is_up "$first"
  expect_equal 'paused' false "$(inspect "$first" .State.Paused)"
  expect serves "$port" one
  expect_equal 'names' 'var/www/ var/www/deep/ var/www/deep/file var/www/link' \
    "$(tar tzf "$archive" | LC_ALL=C sort | tr '\n' ' ' | sed 's/ $//')"
  mkdir by-hand
  expect_done tar xzf "$archive" -C by-hand
  expect_equal 'what GNU tar reads' kept "$(cat by-hand/var/www/link)"
  mkdir by-busybox
  expect_done busybox tar xzf "$archive" -C by-busybox
  expect_equal 'what busybox reads' kept "$(cat by-busybox/var/www/deep/file)"
}
test_volumes_restore_brings_back_what_was_backed_up() {
  start_first
  fill_volume old
  expect_done jockler volumes backup linux "$app"
  fill_volume new
  expect_done jockler attach "$app" sh -c 'echo more >/var/www/more'
  expect_done jockler volumes restore linux "$app" jcl_*.tar.gz
  only_runs "$first"
  expect_equal 'the data' old "$(held link)"
  expect_not test -e "$(api GET "/volumes/jcl_${app}_var_www" | jq -r .Mountpoint)/more"
  expect_done belay restore "$app" s1
  expect_equal 'the data before' new "$(held)"
}
test_volumes_restore_takes_what_tar_makes_in_a_container() {
  start_first
  fill_volume 'in a container'
  jockler attach "$app" sh -c 'busybox tar cf - -C / var/www | busybox gzip' >"$place/given.tar.gz" || fail 'no archive'
  fill_volume new
  expect_done jockler volumes restore linux "$app" "$place/given.tar.gz"
  expect_equal 'the data' 'in a container' "$(held)"
  mkdir -p tree/var/www/deep
  local front
  for front in '' ./ /; do
    echo "by GNU tar $front" >tree/var/www/deep/file
    tar czPf "$place/given.tar.gz" -C tree --transform "s,^,$front,S" var/www
    expect_done jockler volumes restore linux "$app" "$place/given.tar.gz"
    expect_equal 'the data' "by GNU tar $front" "$(held)"
  done
}
test_volumes_go_to_another_host_before_the_first_start() {
  start_first
  fill_volume moved
  expect_done jockler volumes backup linux "$app"
  expect_done belay remove "$app" --volumes --yes-lose-data "$app" -y
  rm -r "$BELAY_STATE_DIR"
  build_web one
  expect_done jockler volumes restore linux "$app" jcl_*.tar.gz
  expect_done jockler start new "$app"
  expect_done jockler attach "$app" cat /var/www/link
  expect_out '^moved$'
}
test_volumes_restore_refuses_what_is_no_archive_of_the_app() {
  start_first
  fill_volume mine
  expect_refused 1 jockler volumes restore linux "$app" absent.tar.gz
  expect_err 'absent.tar.gz'
  echo text >text.tar.gz
  expect_refused 1 jockler volumes restore linux "$app" text.tar.gz
  expect_err 'is not a .tar.gz file'
  mkdir -p tree/var/www tree/etc
  head -c 300000 /dev/urandom >tree/var/www/noise
  echo root >tree/etc/passwd
  tar czf outside.tar.gz -C tree var/www etc/passwd
  expect_refused 1 jockler volumes restore linux "$app" outside.tar.gz
  expect_err 'etc/passwd'
  tar czf whole.tar.gz -C tree var/www
  head -c 200000 whole.tar.gz >cut.tar.gz
  expect_refused 1 jockler volumes restore linux "$app" cut.tar.gz
  expect_refused 2 jockler volumes restore linux "$app"
  expect_equal 'the data' mine "$(held)"
  only_runs "$first"
}
test_volumes_of_windows_are_refused() {
  start_first
  expect_refused 2 jockler volumes backup windows "$app"
  expect_refused 2 jockler volumes backup "$app"
}

# ---- autostart ----

test_autostart_starts_what_is_marked() {
  image plain
  local name
  for name in "$app" "$app2"; do
    expect_done jockler build "$name"
    expect_done jockler start new "$name"
    expect_done jockler stop "$name"
  done
  expect_done jockler autostart "$app" last
  expect_done jockler autostart :status
  expect_out "${app}[[:space:]].*last"
  expect_done jockler start-all
  expect [ -n "$(running "$app")" ]
  expect_equal 'what runs of the other' '' "$(running "$app2")"

  expect_done jockler stop "$app"
  expect_done jockler autostart "$app" none
  expect_done jockler autostart "$app2" last
  expect_done jockler start-all
  only_runs ''
  expect [ -n "$(running "$app2")" ]
}
test_autostart_of_stable_starts_the_stable_one() {
  start_first
  expect_done jockler stable "$app"
  start_second
  expect_done jockler stop "$app"
  expect_done jockler autostart "$app" stable
  expect_done jockler autostart :status
  expect_out "${app}[[:space:]].*stable"
  expect_done jockler start-all
  only_runs "$first"
}
test_start_all_goes_on_after_one_that_fails() {
  start_first
  expect_done jockler autostart "$app" last
  expect_done jockler stop "$app"
  api DELETE "/containers/$first?force=1" >/dev/null
  image plain
  expect_done jockler build "$app2"
  expect_done jockler start new "$app2"
  expect_done jockler autostart "$app2" last
  expect_done jockler stop "$app2"
  # A stranger holds the first one's port.
  post "/containers/create?name=${prefix}stranger" "{\"Image\": \"$app\", \"HostConfig\": {\"PortBindings\": {\"$port/tcp\": [{\"HostPort\": \"$port\"}]}}}" >/dev/null
  post "/containers/${prefix}stranger/start" '{}' >/dev/null
  run jockler start-all
  expect_exit 1
  expect_err "$app"
  expect [ -n "$(running "$app2")" ]
}
test_autostart_refuses_other_words() {
  start_first
  expect_refused 2 jockler autostart "$app" sometimes
}

# ---- cleanup and remove ----

# Four releases: the second is stable, the fourth is last.
four_releases() {
  local text
  image plain
  releases=() images=()
  for text in 1 2 3 4; do
    echo "$text" >rootfs/www/index.html
    expect_done jockler build "$app"
    expect_done jockler start new "$app"
    releases+=("$(running "$app")")
    images+=("$(image_id "$app")")
    [ $text != 2 ] || expect_done jockler stable "$app"
  done
}
test_cleanup_keeps_last_and_stable_and_their_images() {
  four_releases
  post /volumes/create "{\"Name\": \"jcl_${app}_data\"}" >/dev/null
  expect_done jockler cleanup -y "$app"
  expect_equal containers "$(printf '%s\n' "${releases[1]}" "${releases[3]}" | sort)" "$(containers "$app" | sort)"
  only_runs "${releases[3]}"
  expect image_exists "${images[1]}"
  expect image_exists "${images[3]}"
  expect_not image_exists "${images[0]}"
  expect_not image_exists "${images[2]}"
  expect volume_exists "jcl_${app}_data"
  expect_done jockler start stable "$app"
  only_runs "${releases[1]}"
}
test_remove_removes_all_but_the_volumes() {
  start_first
  start_second
  expect_done jockler remove -y "$app"
  expect_equal containers '' "$(containers "$app")"
  expect_not image_exists "$app"
  expect volume_exists "jcl_${app}_var_www"
  expect_done jockler list containers .all
  expect_not_out "$app"
}
test_cleanup_and_remove_without_a_terminal_ask_for_y() {
  four_releases
  expect_refused 2 jockler cleanup "$app"
  expect_err '-y'
  expect_refused 2 jockler remove "$app"
  expect_err '-y'
}
test_cleanup_and_remove_ask_once_on_a_terminal() {
  four_releases
  on_a_terminal n "jockler cleanup $app"
  expect_equal containers 4 "$(containers "$app" | wc -l)"
  expect grep -q "${releases[0]}" "$place/out"
  on_a_terminal y "jockler cleanup $app"
  expect_equal containers 2 "$(containers "$app" | wc -l)"
  on_a_terminal y "jockler remove $app"
  expect_equal containers '' "$(containers "$app")"
}
test_a_removed_family_can_be_built_again_and_finds_its_data() {
  start_first
  expect_done jockler attach "$app" sh -c 'echo kept >/var/www/file'
  expect_done jockler remove -y "$app"
  start_first
  expect_done jockler attach "$app" cat /var/www/file
  expect_out '^kept$'
}

# ---- readme ----

test_readme_is_a_page_for_admins() {
  expect_done jockler readme
  expect_out 'jockler stop'
  expect_done jockler readme "$app"
  expect_out "jockler (start|stop) .*$app"
}

# ---- overrides ----

test_overrides_replace_the_section_they_name() {
  local outside
  new_port outside
  new_port port
  image web "$port"
  printf '{\n\t"ports": {\n\t\t"%s":"%s/tcp"\n\t}\n}\n' "$outside" "$port" >"jockler-$app"
  expect_done jockler build "$app"
  rm "jockler-$app"
  cd /
  expect_done jockler start new "$app"
  first=$(running "$app")
  expect_equal 'host port' "$outside" "$(port_of "$first" "$port/tcp")"
  expect_equal 'volume' "volume jcl_${app}_var_www" "$(mount_at "$first" /var/www)"
  expect serves "$outside" hello
}
test_overrides_of_volumes_take_volumes_and_folders() {
  mkdir -p "$place/host"
  build_web
  cat >"jockler-$app" <<END
{ "volumes": { "${prefix}custom": "/var/data", "$place/host": "/var/www" } }
END
  expect_done jockler build "$app"
  expect_done jockler start new "$app"
  first=$(running "$app")
  expect_equal 'volume' "volume ${prefix}custom" "$(mount_at "$first" /var/data)"
  expect_equal 'folder' "bind $place/host" "$(mount_at "$first" /var/www)"
  expect_equal 'host port' "$port" "$(port_of "$first" "$port/tcp")"
}
test_broken_overrides_stop_the_build_first() {
  image web
  printf '{\n  "ports": { "80" "8080" }\n}\n' >"jockler-$app"
  expect_refused 1 jockler build "$app"
  expect_err "jockler-$app:2:[0-9]+"
  printf '{ "prots": { "80": "8080" } }' >"jockler-$app"
  expect_refused 1 jockler build "$app"
  expect_err 'prots'
  printf '{ "ports": { "80": "eighty" } }' >"jockler-$app"
  expect_refused 1 jockler build "$app"
  expect_err "jockler-$app:1:[0-9]+"
  printf '{ "ports": { "70000": "80" } }' >"jockler-$app"
  expect_refused 1 jockler build "$app"
  printf '{ "volumes": { "data": "relative" } }' >"jockler-$app"
  expect_refused 1 jockler build "$app"
}

# ---- the program behind the face ----

test_the_face_is_also_belay_as_jockler_and_shares_its_apps() {
  image plain
  expect_done belay as jockler build "$app"
  expect_done belay as jockler start new "$app"
  expect_done belay ls
  expect_out "$app"
  expect_done belay stop "$app"
  only_runs ''
}

run_tests "$@"
