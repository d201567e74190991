#!/bin/bash
# Networks and volumes of an app, as they are defined: what is gone is made anew as it was.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

network() { api GET "/networks/$1" | jq -c "$2"; }  # NAME JQ
volume() { api GET "/volumes/$1" | jq -c "$2"; }    # NAME JQ

test_what_an_adopted_app_uses_is_made_anew_as_it_was() {
  build_image 1
  post /networks/create "{\"Name\":\"${prefix}net\",\"Internal\":true,\"Options\":{\"com.docker.network.driver.mtu\":\"1400\"},
    \"Labels\":{\"zone\":\"a\"},\"IPAM\":{\"Config\":[{\"Subnet\":\"10.213.8.0/24\",\"Gateway\":\"10.213.8.7\"}]}}" >/dev/null
  post /volumes/create "{\"Name\":\"${prefix}data\",\"DriverOpts\":{\"type\":\"tmpfs\",\"device\":\"tmpfs\",\"o\":\"size=1m\"}}" >/dev/null
  post "/containers/create?name=${prefix}old" "{\"Image\":\"$prefix-image:1\",\"HostConfig\":{\"NetworkMode\":\"${prefix}net\",\"Binds\":[\"${prefix}data:/data\"]},
    \"NetworkingConfig\":{\"EndpointsConfig\":{\"${prefix}net\":{\"IPAMConfig\":{\"IPv4Address\":\"10.213.8.9\"}}}}}" >/dev/null
  api POST "/containers/${prefix}old/start"
  expect is_up "${prefix}old"
  expect_done belay adopt "$app" "${prefix}old"
  expect_done belay stop "$app"
  api DELETE "/containers/${prefix}old" >/dev/null
  api DELETE "/networks/${prefix}net" >/dev/null
  api DELETE "/volumes/${prefix}data" >/dev/null
  expect_not network_exists "${prefix}net"
  expect_done belay start "$app" last
  expect_equal network '[true,"1400","a","10.213.8.7"]' \
    "$(network "${prefix}net" '[.Internal, .Options["com.docker.network.driver.mtu"], .Labels.zone, .IPAM.Config[0].Gateway]')"
  expect_equal volume '"size=1m"' "$(volume "${prefix}data" .Options.o)"
  expect_equal address 10.213.8.9 "$(inspect "$(running "$app")" ".NetworkSettings.Networks[\"${prefix}net\"].IPAddress")"
  # Nothing is left to do.
  expect_done belay start "$app" last --dry-run
  expect_out 'nothing to change'
}

run_tests "$@"
