#!/bin/bash
# Every command line of dockervisor's document, as it stands there, under the face dockervisor.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

build_web() {  # [TEXT]
  [ -n "${port:-}" ] || new_port port
  image web "$port" "${1:-one}"
  expect_done dockervisor build "$app" .
}
# What runs and serves TEXT, under which name.
expect_running() {  # CONTAINER TEXT
  expect_equal 'what runs' "$1" "$(running "$app")"
  expect serves "$port" "$2"
}
networks_of() { inspect "$1" '.NetworkSettings.Networks | keys | sort | join(" ")'; }

# ---- families ----

test_build_and_start_new() {
  build_web
  expect image_exists "$app:latest"
  expect_done dockervisor start "$app" :new
  expect_running "dcv_$app" one
  expect_equal 'host port' "$port" "$(port_of "dcv_$app" "$port/tcp")"
  expect_equal 'volume' "volume ${app}_var_www" "$(mount_at "dcv_$app" /var/www)"
  expect_equal 'restart policy' unless-stopped "$(restart_policy "dcv_$app")"
}
test_build_without_a_place_uses_the_current_folder() {
  image plain
  expect_done dockervisor build "$app"
  expect image_exists "$app:latest"
}
test_stop_and_start_latest() {
  build_web
  expect_done dockervisor start "$app" :new
  expect_done dockervisor stop "$app"
  expect_equal 'what runs' '' "$(running "$app")"
  cd /
  expect_done dockervisor start "$app" :latest
  expect_running "dcv_$app" one
}
test_start_by_the_containers_name() {
  build_web
  expect_done dockervisor start "$app" :new
  expect_done dockervisor stop "$app"
  expect_done dockervisor start "dcv_$app"
  expect_running "dcv_$app" one
}
test_latest_stays_the_old_container_until_a_new_one_is_made() {
  build_web one
  expect_done dockervisor start "$app" :new
  image web "$port" two
  expect_done dockervisor build "$app"
  expect_done dockervisor stop "$app"
  expect_done dockervisor start "$app" :latest
  expect_running "dcv_$app" one
  expect_done dockervisor start "$app" :new
  expect_running "dcv_$app" two
}
test_a_displaced_container_is_saved_under_its_date() {
  build_web one
  expect_done dockervisor start "$app" :new
  local old
  old=$(inspect "dcv_$app" .Id)
  build_web two
  expect_done dockervisor start "$app" :new
  expect_running "dcv_$app" two
  expect [ "$old" != "$(inspect "dcv_$app" .Id)" ]
  [[ $(inspect "$old" .Name) =~ ^/dcv_${app}_save_[0-9]{14}$ ]] ||
    fail 'name of the displaced container' "dcv_${app}_save_DATE" "$(inspect "$old" .Name)"
  expect is_down "$old"
  expect_done dockervisor start "$(inspect "$old" '.Name[1:]')"
  expect serves "$port" one
}
test_stable_is_named_so_and_is_where_one_goes_back() {
  build_web one
  expect_done dockervisor start "$app" :new
  expect_done dockervisor stable mark "$app"
  expect_running "dcv_${app}_stable" one
  expect_done dockervisor stable show "$app"
  expect_out "dcv_${app}_stable"
  build_web two
  expect_done dockervisor start "$app" :new
  expect_running "dcv_$app" two
  expect is_down "dcv_${app}_stable"
  expect_done dockervisor stop "$app"
  expect_done dockervisor start "$app" :stable
  expect_running "dcv_${app}_stable" one
}
test_the_stable_mark_moves_only_when_told() {
  build_web one
  expect_done dockervisor start "$app" :new
  expect_done dockervisor stable mark "$app"
  local old
  old=$(inspect "dcv_${app}_stable" .Id)
  build_web two
  expect_done dockervisor start "$app" :new
  expect_equal 'the stable container' "$old" "$(inspect "dcv_${app}_stable" .Id)"
  expect_done dockervisor stable mark "$app"
  expect [ "$old" != "$(inspect "dcv_${app}_stable" .Id)" ]
  expect_running "dcv_${app}_stable" two
  [[ $(inspect "$old" .Name) =~ ^/dcv_${app}_save_ ]] || fail 'name of the former stable one' "dcv_${app}_save_DATE" "$(inspect "$old" .Name)"
}
test_a_failed_start_new_is_rolled_back_under_its_name() {
  build_web one
  expect_done dockervisor start "$app" :new
  image bad "$port"
  expect_done dockervisor build "$app"
  run dockervisor start "$app" :new
  expect_exit 1
  expect_running "dcv_$app" one
  expect_done dockervisor stop "$app"
  expect_done dockervisor start "$app" :latest
  expect_running "dcv_$app" one
}
test_two_names_from_one_dockerfile_are_two_families() {
  image plain
  echo 'VOLUME /var/jenkins_home' >>Dockerfile
  local name
  for name in "$app" "$app2"; do
    expect_done dockervisor build "$name" .
    expect_done dockervisor start "$name" :new
    expect_equal 'volume' "volume ${name}_var_jenkins_home" "$(mount_at "dcv_$name" /var/jenkins_home)"
  done
  expect_done dockervisor stop "$app"
  expect_equal 'what runs of the other' "dcv_$app2" "$(running "$app2")"
}
test_unknown_names_and_marks_are_refused() {
  expect_refused 1 dockervisor start "$app" :new
  expect_refused 1 dockervisor start "$app" :latest
  build_web
  expect_done dockervisor start "$app" :new
  expect_refused 1 dockervisor start "$app" :stable
  expect_refused 2 dockervisor start "$app" :newest
  expect_running "dcv_$app" one
}

# ---- parameters ----

test_a_file_that_is_one_configuration_is_the_default() {
  image plain
  local outside
  new_port outside
  cat >"dcv-$app" <<END
{
	"volumes" : {
		"${prefix}mysqldata" : "/usr/share/mysql",
		"./logs/mysql" : "/var/log/mysql"
	},
	"networks" : ["${prefix}named_network"],
	"ports": {
		"$outside" : "3306"
	}
}
END
  expect_done dockervisor build "$app" .
  expect [ -f "$HOME/dcv/dcv-$app" ]
  expect_done dockervisor start "$app" :new
  expect network_exists "${prefix}named_network"
  expect_equal networks "${prefix}named_network" "$(networks_of "dcv_$app")"
  expect_equal volume "volume ${prefix}mysqldata" "$(mount_at "dcv_$app" /usr/share/mysql)"
  expect_equal folder "bind $work/logs/mysql" "$(mount_at "dcv_$app" /var/log/mysql)"
  expect_equal 'host port' "$outside" "$(port_of "dcv_$app" 3306/tcp)"
}
test_the_copy_of_the_file_means_the_same_places() {
  image plain
  echo '{"volumes": {"./logs": "/var/log"}}' >"dcv-$app"
  expect_done dockervisor build "$app" .
  mkdir -p "$place/elsewhere"
  cd "$place/elsewhere" || return
  jq '. + {env: {EDITED: "1"}}' "$HOME/dcv/dcv-$app" >"$place/edited" && mv "$place/edited" "$HOME/dcv/dcv-$app"
  expect_done dockervisor start "$app" :new
  expect_equal folder "bind $work/logs" "$(mount_at "dcv_$app" /var/log)"
  expect_equal environment 1 "$(inspect "dcv_$app" '.Config.Env[] | select(startswith("EDITED=")) | split("=")[1]')"
}
test_containers_of_the_real_dockervisor_are_taken_over_as_they_are() {
  export BELAY_DOCKERVISOR_STORE=$place/dockervisor
  mkdir -p "$BELAY_DOCKERVISOR_STORE/$app"
  image plain
  expect_done belay build "$app2"
  api POST "/images/$app2/tag?repo=$app&tag=latest" >/dev/null
  local date
  for date in 20180101000000 20180202000000; do
    post "/containers/create?name=dcv_${app}_$date" "{\"Image\": \"$app\", \"HostConfig\": {\"Binds\": [\"dcv_${app}_data:/data\"]}}" >/dev/null
  done
  api POST "/containers/dcv_${app}_20180202000000/start" >/dev/null
  echo "dcv_${app}_20180202000000" >"$BELAY_DOCKERVISOR_STORE/$app/last"
  echo "dcv_${app}_20180101000000" >"$BELAY_DOCKERVISOR_STORE/$app/stable"
  echo "{\"volumes\": {\"dcv_${app}_data\": \"/data\"}}" >"$BELAY_DOCKERVISOR_STORE/$app/dcv-$app"
  expect_done belay import dockervisor
  expect is_up "dcv_${app}_20180202000000"
  expect_done belay plan "$app"
  expect_out 'nothing to do'
  expect_done dockervisor start "$app" :new
  expect_equal volume "volume dcv_${app}_data" "$(mount_at "dcv_$app" /data)"
  expect_done dockervisor start "$app" :stable
  expect is_up "dcv_${app}_20180101000000"
}
test_a_forgotten_word_is_answered_with_the_words() {
  build_web
  run dockervisor start "$app"
  expect_exit 2
  expect_err ':new, :latest or :stable'
}
test_named_configurations() {
  image plain
  local outside
  new_port outside
  cat >"dcv-$app" <<END
{
  "database": { "networks": ["${prefix}net"], "env": { "ROLE": "database" } },
  "web": {
		"networks" : ["bridge", "${prefix}net"],
		"volumes" : { "${prefix}wpdata" : "/var/www/html", "./logs/apache" : "/var/log/apache2" },
		"ports" : { "$outside" : "80" },
		"env" : { "WPDATABASE" : "thedatabase" }
	}
}
END
  expect_done dockervisor build "$app" .
  expect_done dockervisor start "$app" :new web
  expect_equal networks "bridge ${prefix}net" "$(networks_of "dcv_$app")"
  expect_equal environment thedatabase "$(inspect "dcv_$app" '.Config.Env[] | select(startswith("WPDATABASE=")) | split("=")[1]')"
  expect_equal 'host port' "$outside" "$(port_of "dcv_$app" 80/tcp)"
  expect_done dockervisor start "$app" :new database
  expect_equal networks "${prefix}net" "$(networks_of "dcv_$app")"
  expect_equal environment database "$(inspect "dcv_$app" '.Config.Env[] | select(startswith("ROLE=")) | split("=")[1]')"
  expect_refused 1 dockervisor start "$app" :new nosuch
  expect_err 'database'
}
test_raw_options_and_arguments() {
  image plain
  cat >"dcv-$app" <<'END'
{
  "default": {
    "raw": ["--hostname", "box", "--memory=64m", "-e", "MODE=raw"],
    "arguments": ["/bin/sh", "-c", "trap 'exit 0' TERM; echo given; sleep 1000 & wait $!"]
  }
}
END
  expect_done dockervisor build "$app" .
  expect_done dockervisor start "$app" :new
  expect_equal hostname box "$(inspect "dcv_$app" .Config.Hostname)"
  expect_equal memory 67108864 "$(inspect "dcv_$app" .HostConfig.Memory)"
  expect_equal mode MODE=raw "$(inspect "dcv_$app" '.Config.Env[] | select(startswith("MODE="))')"
  expect_equal 'first argument' /bin/sh "$(inspect "dcv_$app" '.Config.Cmd[0]')"
}
test_the_copy_at_home_serves_from_any_folder() {
  image plain
  echo '{ "default": { "env": { "FROM": "file" } } }' >"dcv-$app"
  expect_done dockervisor build "$app" .
  rm "dcv-$app"
  cd /
  expect_done dockervisor start "$app" :new
  expect_equal environment FROM=file "$(inspect "dcv_$app" '.Config.Env[] | select(startswith("FROM="))')"
}
test_the_file_in_the_current_folder_comes_before_the_copy() {
  image plain
  echo '{ "default": { "env": { "FROM": "copy" } } }' >"dcv-$app"
  expect_done dockervisor build "$app" .
  mkdir "$work/elsewhere"
  cd "$work/elsewhere" || return
  echo '{ "default": { "env": { "FROM": "here" } } }' >"dcv-$app"
  expect_done dockervisor start "$app" :new
  expect_equal environment FROM=here "$(inspect "dcv_$app" '.Config.Env[] | select(startswith("FROM="))')"
}
test_broken_parameters_are_refused() {
  image plain
  printf '{\n  "default": { "raw": ["--no-such-option"] }\n}\n' >"dcv-$app"
  expect_refused 1 dockervisor build "$app" .
  expect_err 'no-such-option'
  printf '{\n  "default": { "prots": {} }\n}\n' >"dcv-$app"
  expect_refused 1 dockervisor build "$app" .
  expect_err "dcv-$app:2:[0-9]+"
  printf '{ "default": ' >"dcv-$app"
  expect_refused 1 dockervisor build "$app" .
}

# ---- the program behind the face ----

test_the_face_is_also_belay_as_dockervisor_and_shares_its_apps() {
  image plain
  expect_done belay as dockervisor build "$app" .
  expect_done belay as dockervisor start "$app" :new
  expect_done belay ls
  expect_out "$app"
}

run_tests "$@"
