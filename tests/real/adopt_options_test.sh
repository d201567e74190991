#!/bin/bash
# Every option of `docker run` on a container that is adopted: either the next release has it too, or it is refused by name.
# Containers are only made, not started, many options at once where they go together.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# made NAME BODY: a container made over the API, as `docker create` does.
made() {
  local answer
  answer=$(post "/containers/create?name=$1" "$2")
  [ "$(jq -r '.Id // empty' <<<"$answer")" ] || fail "$1 could not be made: $answer"
}
# settings CONTAINER: what it was asked for, in one form: without what says nothing, and without what belongs to the
# container and not to its settings.
settings() {
  api GET "/containers/$1/json" | jq -S '
    def said: walk(if type == "object" then with_entries(select(.value != null and .value != "" and .value != 0 and .value != false and .value != [] and .value != {})) else . end);
    (.Id[:12]) as $id |
    { config: (.Config | del(.Image, .Hostname, .AttachStdin, .AttachStdout, .AttachStderr, .StdinOnce) |
        .Env = ((.Env // []) | sort) | .Labels = ((.Labels // {}) | with_entries(select(.key | startswith("belay.") | not)) | to_entries)
        | .Volumes = ((.Volumes // {}) | keys) | .ExposedPorts = ((.ExposedPorts // {}) | keys)),
      host: (.HostConfig | del(.ConsoleSize, .RestartPolicy, .Binds, .Mounts, .Tmpfs) | .NetworkMode |= (if . == "bridge" then "default" else . end)
        # The log of what Belay makes is rotated where nothing is said of it.
        | if .LogConfig.Config == {"max-file": "3", "max-size": "10m"} then .LogConfig.Config = {} else . end
        | .Runtime |= (if . == "runc" then "" else . end)),
      open_paths: ((.HostConfig.MaskedPaths == []) and (.HostConfig.ReadonlyPaths == [])),
      mounts: ([.Mounts[] | select(.Type != "tmpfs") | [.Type, (if (.Name // "" | test("^[0-9a-f]{64}$")) then "anonymous" else (.Name // .Source) end),
                             .Destination, .RW, .Propagation]] | sort),
      networks: (.NetworkSettings.Networks | map_values({IPAMConfig, Links, DriverOpts, Aliases: ((.Aliases // []) - [$id] | sort)})) } | said'
}
# comes_again NAME BODY: adopted, and made anew: the same settings. It need not run: the machine may not let it.
comes_again() {
  local name=$prefix$1
  made "$name" "$2"
  expect_done belay adopt "$name-app" "$name"
  run env BELAY_SETTLE=1ms belay start "$name-app" new
  expect exists "$name-app-r2"
  expect_equal "settings of $1" "$(settings "$name")" "$(settings "$name-app-r2")"
}
# refused_for BODY NAME…: adopt names each of these.
refused_for() {
  local body=$1 name
  shift
  made "${prefix}refused" "$body"
  expect_refused 1 belay adopt "$app" "${prefix}refused"
  for name in "$@"; do [[ $err == *"$name"* ]] || fail 'not named' "$name" "$err"; done
  expect_refused 1 belay adopt "$app" "${prefix}refused" --dry-run
  expect_done belay adopt "$app" "${prefix}refused" --lossy --dry-run
  for name in "$@"; do [[ $err == *"$name"* ]] || fail 'not listed' "$name" "$err"; done
  api DELETE "/containers/${prefix}refused?force=1&v=1" >/dev/null
}

test_what_has_a_place_comes_again() {
  build_image 1
  local image=$prefix-image:1
  post /networks/create "{\"Name\":\"${prefix}net\",\"IPAM\":{\"Config\":[{\"Subnet\":\"10.213.7.0/24\"}]}}" >/dev/null
  made "${prefix}helper" "{\"Image\":\"$image\",\"Cmd\":[\"sleep\",\"100\"],\"HostConfig\":{\"Binds\":[\"${prefix}helper:/helper\"]}}"
  comes_again plain "{\"Image\":\"$image\"}"
  comes_again limits "{\"Image\":\"$image\",\"HostConfig\":{\"Memory\":67108864,\"MemorySwap\":-1,\"MemoryReservation\":33554432,
    \"NanoCpus\":500000000,\"CpuShares\":512,\"CpusetCpus\":\"0\",\"PidsLimit\":50,\"ShmSize\":134217728,\"OomScoreAdj\":100,
    \"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":100,\"Hard\":200}],\"CgroupParent\":\"/belay-$prefix\"}}"
  comes_again rights "{\"Image\":\"$image\",\"User\":\"1000:1000\",\"HostConfig\":{\"CapAdd\":[\"NET_ADMIN\"],\"CapDrop\":[\"CHOWN\"],\"ReadonlyRootfs\":true,
    \"SecurityOpt\":[\"no-new-privileges\"],\"MaskedPaths\":[],\"ReadonlyPaths\":[],\"Devices\":[{\"PathOnHost\":\"/dev/zero\",\"PathInContainer\":\"/dev/zz\",\"CgroupPermissions\":\"r\"}],
    \"DeviceCgroupRules\":[\"c 1:3 mr\"],\"GroupAdd\":[\"44\"],\"Init\":true,\"Sysctls\":{\"net.core.somaxconn\":\"512\"},\"UsernsMode\":\"host\",\"PidMode\":\"host\",\"IpcMode\":\"shareable\"}}"
  comes_again words "{\"Image\":\"$image\",\"Cmd\":[\"sleep\",\"100\"],\"Entrypoint\":[\"/bin/busybox\"],\"Env\":[\"FOO=a=b\",\"EMPTY=\"],\"Labels\":{\"a\":\"b\",\"empty\":\"\"},
    \"WorkingDir\":\"/tmp\",\"StopSignal\":\"SIGUSR1\",\"StopTimeout\":0,\"Tty\":true,\"OpenStdin\":true,\"Domainname\":\"example.org\",
    \"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"true\"],\"Interval\":5000000000,\"Timeout\":3000000000,\"Retries\":2,\"StartPeriod\":7000000000},
    \"HostConfig\":{\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1m\"}},\"ExtraHosts\":[\"x:10.0.0.1\"],\"Dns\":[\"10.0.0.2\"],\"DnsSearch\":[\"example.org\"],\"DnsOptions\":[\"ndots:2\"]}}"
  comes_again network "{\"Image\":\"$image\",\"ExposedPorts\":{\"8099/udp\":{},\"82/tcp\":{}},\"HostConfig\":{\"NetworkMode\":\"${prefix}net\",
    \"PortBindings\":{\"82/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"\"}]}},
    \"NetworkingConfig\":{\"EndpointsConfig\":{\"${prefix}net\":{\"Aliases\":[\"other\"],\"IPAMConfig\":{\"IPv4Address\":\"10.213.7.9\"},\"Links\":[\"${prefix}helper:h\"]}}}}"
  comes_again mounts "{\"Image\":\"$image\",\"HostConfig\":{\"Binds\":[\"${prefix}v:/v:z\",\"/tmp:/t:ro\"],\"Tmpfs\":{\"/run\":\"noexec,size=65536k\"},\"VolumesFrom\":[\"${prefix}helper:ro\"],
    \"Mounts\":[{\"Type\":\"tmpfs\",\"Target\":\"/scratch\",\"TmpfsOptions\":{\"SizeBytes\":1048576,\"Mode\":1016}},
                {\"Type\":\"volume\",\"Source\":\"${prefix}w\",\"Target\":\"/w\",\"ReadOnly\":true,\"VolumeOptions\":{\"NoCopy\":true}},
                {\"Type\":\"bind\",\"Source\":\"/tmp\",\"Target\":\"/b\",\"BindOptions\":{\"Propagation\":\"rslave\"}}]}}"
  comes_again devices "{\"Image\":\"$image\",\"Env\":[\"PATH\"],\"HostConfig\":{\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/null\",\"Rate\":1}],
    \"BlkioDeviceWriteIOps\":[{\"Path\":\"/dev/null\",\"Rate\":1}],\"DeviceRequests\":[{\"Driver\":\"\",\"Count\":-1,\"Capabilities\":[[\"gpu\"]]}],
    \"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Target\":\"/t\",\"BindOptions\":{\"NonRecursive\":true}},
                {\"Type\":\"volume\",\"Target\":\"/x\",\"VolumeOptions\":{\"Labels\":{\"a\":\"b\"}}}]}}"
  comes_again endpoint "{\"Image\":\"$image\",\"HostConfig\":{\"NetworkMode\":\"${prefix}net\"},\"NetworkingConfig\":{\"EndpointsConfig\":{\"${prefix}net\":
    {\"DriverOpts\":{\"com.example.a\":\"b\"},\"IPAMConfig\":{\"LinkLocalIPs\":[\"169.254.7.7\"]}}}}}"
  # The engine lists these apart from its other mounts.
  expect_equal 'the tmpfs' size=1048576,mode=1770 "$(inspect "${prefix}mounts-app-r2" '.HostConfig.Tmpfs["/scratch"]')"
}

test_what_has_no_place_is_refused_by_name() {
  build_image 1
  local image=$prefix-image:1
  post /networks/create "{\"Name\":\"${prefix}net\"}" >/dev/null
  refused_for "{\"Image\":\"$image\",\"HostConfig\":{\"AutoRemove\":true,\"ContainerIDFile\":\"/run/x\",
    \"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"18090-18095\"}]}}}" \
    'AutoRemove (--rm)' 'ContainerIDFile (--cidfile)' 'PortBindings.80/tcp'
  refused_for "{\"Image\":\"$image\",\"HostConfig\":{\"Mounts\":[
    {\"Type\":\"volume\",\"Source\":\"${prefix}v\",\"Target\":\"/v\",\"VolumeOptions\":{\"DriverConfig\":{\"Name\":\"local\"}}}]}}" \
    '(--mount …,volume-driver=…)'
  refused_for "{\"Image\":\"$image\",\"HostConfig\":{\"MaskedPaths\":[\"/proc/kcore\"]}}" MaskedPaths
}

# What engines since 25 have beside that, by their own newest version of the API.
newest() {  # METHOD PATH [BODY]
  local version
  version=$(api GET /version | jq -r .ApiVersion)
  curl -s --max-time 60 --unix-socket "${DOCKER_HOST#unix://}" -X "$1" ${3:+-H 'Content-Type: application/json' -d "$3"} "http://engine/v$version$2"
}
# stays WHAT BODY FILTER: adopted and made anew, FILTER says the same of both, and not nothing.
stays() {
  local name=$prefix$1 before
  [ "$(newest POST "/containers/create?name=$name" "$2" | jq -r '.Id // empty')" ] || fail "$1 could not be made"
  before=$(newest GET "/containers/$name/json" | jq -cS "$3")
  [[ $before != null && $before != '[]' && $before != '""' && $before != 0 ]] || fail "the engine has nothing of $1"
  expect_done belay adopt "$name-app" "$name"
  run env BELAY_SETTLE=1ms belay start "$name-app" new
  expect exists "$name-app-r2"
  expect_equal "$1" "$before" "$(newest GET "/containers/$name-app-r2/json" | jq -cS "$3")"
}

test_what_newer_engines_have_comes_again() {
  local minor
  minor=$(api GET /version | jq -r .ApiVersion | cut -d. -f2)
  [ "$minor" -ge 45 ] || { echo 'skipped: the engine is too old' >&2; return; }
  build_image 1
  local image=$prefix-image:1 net=${prefix}net
  post /networks/create "{\"Name\":\"$net\"}" >/dev/null
  made "${prefix}helper" "{\"Image\":\"$image\",\"Cmd\":[\"mkdir\",\"/v/sub\"],\"HostConfig\":{\"Binds\":[\"${prefix}v:/v\"]}}"
  post "/containers/${prefix}helper/start" '' >/dev/null
  post "/containers/${prefix}helper/wait" '' >/dev/null
  stays annotation "{\"Image\":\"$image\",\"HostConfig\":{\"Annotations\":{\"a\":\"b\"}}}" .HostConfig.Annotations
  stays health "{\"Image\":\"$image\",\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"],\"StartPeriod\":7000000000,\"StartInterval\":2000000000}}" \
    .Config.Healthcheck.StartInterval
  stays subpath "{\"Image\":\"$image\",\"HostConfig\":{\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"${prefix}v\",\"Target\":\"/s\",
    \"VolumeOptions\":{\"Subpath\":\"sub\"}}]}}" '.HostConfig.Mounts[0].VolumeOptions.Subpath'
  stays recursive "{\"Image\":\"$image\",\"HostConfig\":{\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Target\":\"/t\",\"ReadOnly\":true,
    \"BindOptions\":{\"ReadOnlyNonRecursive\":true}}]}}" '.HostConfig.Mounts[0].BindOptions'
  stays address "{\"Image\":\"$image\",\"HostConfig\":{\"NetworkMode\":\"$net\"},\"NetworkingConfig\":{\"EndpointsConfig\":{\"$net\":
    {\"MacAddress\":\"02:42:0a:0b:0c:0d\"}}}}" ".NetworkSettings.Networks[\"$net\"].MacAddress"
  stays cgroup "{\"Image\":\"$image\",\"HostConfig\":{\"CgroupnsMode\":\"host\"}}" .HostConfig.CgroupnsMode
  [ "$minor" -ge 48 ] || return 0
  stays priority "{\"Image\":\"$image\",\"HostConfig\":{\"NetworkMode\":\"$net\"},\"NetworkingConfig\":{\"EndpointsConfig\":{\"$net\":
    {\"GwPriority\":7}}}}" ".NetworkSettings.Networks[\"$net\"].GwPriority"
  stays image "{\"Image\":\"$image\",\"HostConfig\":{\"Mounts\":[{\"Type\":\"image\",\"Source\":\"$image\",\"Target\":\"/im\"}]}}" \
    '[.HostConfig.Mounts[0] | .Type, .Target]'
}

run_tests "$@"
