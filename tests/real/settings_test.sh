#!/bin/bash
# Settings belong to the app and stay when its image changes; no data is in a volume without a name that nobody finds
# again; no two apps share a volume by accident.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# A container made by hand from $app-image:1, which has the mount point /data, with these parts of a HostConfig.
by_hand() {  # NAME HOSTCONFIG
  image keeper 8080 one
  sed -i 's/^CMD/VOLUME \/data\nEXPOSE 8080\nCMD/' Dockerfile
  expect_done belay build "$app2"
  post "/containers/create?name=$1" "{\"Image\":\"$app2:latest\",\"Env\":[\"COLOUR=red\"],\"HostConfig\":$2}" >/dev/null
  post "/containers/$1/start" '{}' >/dev/null
  expect is_up "$1"
}
colour_of() { inspect "$1" '[.Config.Env[] | select(startswith("COLOUR="))][0]'; }

test_an_adopted_app_keeps_its_settings_with_a_new_image() {
  local port
  new_port port
  by_hand "$app-old" "{\"Binds\":[\"$app-kept:/data\"],\"Memory\":67108864,\"PortBindings\":{\"8080/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"$port\"}]}}"
  expect_done belay adopt "$app" "$app-old"
  expect_done belay deploy "$app" --image "$app2:latest" --dry-run
  expect_not_out '_data'
  expect_done belay deploy "$app" --image "$app2:latest"
  cd /
  expect_done belay start "$app" new
  expect_equal 'the variable' COLOUR=red "$(colour_of "$app-r2")"
  expect_equal 'the volume' "volume $app-kept" "$(mount_at "$app-r2" /data)"
  expect_equal 'the port' "$port" "$(port_of "$app-r2" 8080/tcp)"
  expect_equal 'the address' 127.0.0.1 "$(inspect "$app-r2" '.HostConfig.PortBindings["8080/tcp"][0].HostIp')"
  expect_equal 'the limit' 67108864 "$(inspect "$app-r2" .HostConfig.Memory)"
  expect_refused 2 belay start "$app" stable -y
  expect_done belay start "$app" new --settings-from-image --order stop-first
  expect_equal 'the volume of the image' "volume ${app}_data" "$(mount_at "$app-r3" /data)"
}

test_data_without_a_name_goes_with_the_app() {
  by_hand "$app-old" '{}'
  local volume
  volume=$(mount_at "$app-old" /data)
  expect_done belay adopt "$app" "$app-old"
  expect_err 'in a volume without a name'
  expect_done belay volumes "$app"
  expect_out "${volume#volume }"
  expect_done belay start "$app" new --dry-run
  expect_out 'stop first'
  expect_done belay start "$app" new
  expect_equal 'the volume' "$volume" "$(mount_at "$app-r2" /data)"
  expect_done belay cleanup "$app" -y --keep 0
  expect_equal 'the volume' "$volume" "$(mount_at "$app-r2" /data)"
  expect_done belay remove "$app" -y
  expect volume_exists "${volume#volume }"
  api DELETE "/volumes/${volume#volume }" >/dev/null
}

test_two_apps_do_not_share_a_volume_by_accident() {
  image keeper 8080 one
  sed -i 's/^CMD/VOLUME \/var\/data\nCMD/' Dockerfile
  expect_done belay deploy "$app"
  sed -i 's/^VOLUME.*/VOLUME \/data/' Dockerfile
  expect_done belay build "${app}_var"
  expect_refused 1 belay start "${app}_var" new
  expect_err "the volume ${app}_var_data for /data of ${app}_var is the one for /var/data of the app $app"
  echo "{\"volumes\": {\"$app-other\": \"/data\"}}" >"dcv-${app}_var"
  expect_done belay deploy "${app}_var"
  expect_done belay remove "${app}_var" -y
}

run_tests "$@"
