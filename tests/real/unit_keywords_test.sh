#!/bin/bash
# The table of keywords in docs/formats/dockerstra.md, walked on a real engine: each keyword is set, and the container or
# image shows it; each that is refused is refused by name; none is left out.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# keyword TREATMENT of the table, one a line.
table() {
  sed -n 's/^| `\([a-z_]*\)` | \(build\|creation\|startup\) | \(.*\) |$/\1\t\2\t\3/p' "$here/../../docs/formats/dockerstra.md"
}
# shown KEYWORD CONTAINER JQ EXPECTED: what an inspection of it says.
shown() {
  walked+=" $1 "
  expect_equal "$1" "$4" "$(jq -rc "$3" <<<"${inspected[$2]}")"
}
# as_asked KEYWORD JQ: what the kernel may not have is as the engine shows it for whoever asks it directly.
as_asked() {
  walked+=" $1 "
  expect_equal "$1" "$(jq -c "$2" <<<"$probe")" "$(jq -c "$2" <<<"${inspected[one]}")"
}
declare -A inspected
walked=

# The unit in ./conf: what can be together is in one container.
configuration() {
  build_image 1
  mkdir -p conf/units/"$app" conf/services/it "$work/bound"
  export DOCKERSTRA_CONF=$work/conf
  printf 'FROM scratch\nARG WORD\nLABEL word=$WORD\nCOPY File /file\nCMD ["/file"]\n' >conf/services/it/File
  new_port port
  api POST /networks/create -H 'Content-Type: application/json' \
    -d "{\"Name\": \"$prefix-net\", \"IPAM\": {\"Config\": [{\"Subnet\": \"10.213.77.0/24\"}]}}" >/dev/null
  cat >conf/units/"$app"/start.yaml <<END
${app}-one:
  creation:
    image: "$prefix-image:1"
    command: "sleep 'a b'"
    entrypoint: "sh -c"
    hostname: one
    domainname: example.test
    user: 1000
    detach: true
    stdin_open: true
    tty: true
    ports: [80, 81/udp, [82, udp]]
    environment: {COLOUR: red}
    volumes: [/named]
    name: ${app}-called
    cpuset: "0"
    working_dir: /tmp
    mac_address: "02:42:0a:d5:4d:99"
    labels: {kept: word}
    volume_driver: local
    stop_signal: SIGUSR1
    host_config: {cap_add: [SYS_TIME]}
  startup:
    binds: {"$work/bound": {bind: /bound, ro: true}}
    port_bindings: {80: ["127.0.0.1", $port]}
    publish_all_ports: true
    links: {${app}-two: other}
    dns: [192.0.2.1]
    dns_search: [example.test]
    dns_opt: ["ndots:2"]
    volumes_from: "${app}-two"
    cap_drop: [MKNOD]
    devices: ["/dev/null:/dev/empty:r"]
    extra_hosts: {far: 192.0.2.9}
    read_only: true
    security_opt: [no-new-privileges]
    ulimits: [{name: nofile, soft: 100, hard: 200}]
    log_config: {type: json-file, config: {max-size: 1m}}
    mem_limit: 64m
    memswap_limit: 96m
    mem_reservation: 32m
    kernel_memory: 32m
    mem_swappiness: 7
    group_add: [44]
    cpu_quota: 20000
    cpu_period: 50000
    cpu_shares: 99
    blkio_weight: 300
    blkio_weight_device: [{Path: /dev/null, Weight: 200}]
    device_read_bps: [{Path: /dev/null, Rate: 1001}]
    device_write_bps: [{Path: /dev/null, Rate: 1002}]
    device_read_iops: [{Path: /dev/null, Rate: 1003}]
    device_write_iops: [{Path: /dev/null, Rate: 1004}]
    oom_kill_disable: true
    oom_score_adj: 7
    shm_size: 1m
    sysctls: {net.ipv4.ip_forward: "1"}
    tmpfs: {/scratch: size=1m}
    pids_limit: 99
${app}-two:
  creation: {image: "$prefix-image:1", volumes: [/from-two]}
  startup: {privileged: true, pid_mode: host, ipc_mode: host, userns_mode: host, cpuset_cpus: "0", cgroup_parent: /own}
${app}-three:
  creation: {image: "$prefix-image:1", network_disabled: true}
${app}-four:
  creation: {image: "$prefix-image:1", networking_config: {EndpointsConfig: {$prefix-net: {Aliases: [alias], IPAMConfig: {IPv4Address: 10.213.77.9}}}}}
${app}-five:
  creation: {image: "$prefix-image:1"}
  startup: {network_mode: "container:${app}-four"}
${app}-built:
  build: {path: services/it, dockerfile: File, tag: "$prefix-it:x", buildargs: {WORD: word}, nocache: true, quiet: true, rm: true, forcerm: true, pull: true, gzip: true, stream: true, decode: true}
---
- ${app}-two: {command: start}
- ${app}-four: {command: start}
- ${app}-one: {command: start}
- ${app}-three: {command: start}
- ${app}-five: {command: start}
END
}
# The same limits, asked of the engine directly.
probe_limits() {
  post "/containers/create?name=$prefix-probe" "{\"Image\": \"$prefix-image:1\", \"HostConfig\": {\"Memory\": 67108864,
    \"MemorySwap\": 100663296, \"MemoryReservation\": 33554432, \"KernelMemory\": 33554432, \"MemorySwappiness\": 7,
    \"CpuQuota\": 20000, \"CpuPeriod\": 50000, \"CpuShares\": 99, \"CpusetCpus\": \"0\", \"BlkioWeight\": 300,
    \"BlkioWeightDevice\": [{\"Path\": \"/dev/null\", \"Weight\": 200}],
    \"BlkioDeviceReadBps\": [{\"Path\": \"/dev/null\", \"Rate\": 1001}],
    \"BlkioDeviceWriteBps\": [{\"Path\": \"/dev/null\", \"Rate\": 1002}],
    \"BlkioDeviceReadIOps\": [{\"Path\": \"/dev/null\", \"Rate\": 1003}],
    \"BlkioDeviceWriteIOps\": [{\"Path\": \"/dev/null\", \"Rate\": 1004}],
    \"OomKillDisable\": true, \"PidsLimit\": 99}}" >/dev/null
  probe=$(api GET "/containers/$prefix-probe/json")
}

test_each_keyword_of_the_table_has_its_effect() {
  configuration
  probe_limits
  expect_done belay unit run "$app/create"
  inspected[one]=$(api GET "/containers/$app-called/json")
  local each
  for each in two three four five; do inspected[$each]=$(api GET "/containers/$app-$each/json"); done
  expect_equal 'it is not started' created "$(jq -r .State.Status <<<"${inspected[one]}")"

  shown image one .Config.Image "$(image_id "$prefix-image:1")"
  shown command one .Config.Cmd '["sleep","a b"]'
  shown entrypoint one .Config.Entrypoint '["sh","-c"]'
  shown hostname one .Config.Hostname one
  shown domainname one .Config.Domainname example.test
  shown user one .Config.User 1000
  shown detach one .Config.AttachStdin false
  shown stdin_open one .Config.OpenStdin true
  shown tty one .Config.Tty true
  shown ports one '.Config.ExposedPorts | keys' '["80/tcp","81/udp","82/udp"]'
  shown environment one '.Config.Env | index("COLOUR=red") != null' true
  shown volumes one '[.Mounts[].Name] | tojson | contains("-one_named")' true
  shown name one .Name "/$app-called"
  shown cpuset one .HostConfig.CpusetCpus 0
  shown working_dir one .Config.WorkingDir /tmp
  shown mac_address one .Config.MacAddress 02:42:0a:d5:4d:99
  shown labels one .Config.Labels.kept word
  shown volume_driver one .HostConfig.VolumeDriver local
  shown stop_signal one .Config.StopSignal SIGUSR1
  shown host_config one '.HostConfig.CapAdd | map(ltrimstr("CAP_"))' '["SYS_TIME"]'
  walked+=' cap_add '
  shown binds one '[.Mounts[] | select(.Destination == "/bound")][0] | "\(.Source) \(.RW)"' "$work/bound false"
  shown port_bindings one '.HostConfig.PortBindings["80/tcp"][0] | .HostIp + ":" + .HostPort' "127.0.0.1:$port"
  shown publish_all_ports one .HostConfig.PublishAllPorts true
  # Within a unit a link is a name on the network that both are in.
  shown links two ".NetworkSettings.Networks[\"$app\"].Aliases | index(\"other\") != null" true
  shown dns one .HostConfig.Dns '["192.0.2.1"]'
  shown dns_search one .HostConfig.DnsSearch '["example.test"]'
  shown dns_opt one .HostConfig.DnsOptions '["ndots:2"]'
  shown volumes_from one .HostConfig.VolumesFrom "[\"$app-two\"]"
  shown cap_drop one '.HostConfig.CapDrop | map(ltrimstr("CAP_"))' '["MKNOD"]'
  shown devices one '.HostConfig.Devices[0] | .PathOnHost + .PathInContainer + .CgroupPermissions' /dev/null/dev/emptyr
  shown extra_hosts one .HostConfig.ExtraHosts '["far:192.0.2.9"]'
  shown read_only one .HostConfig.ReadonlyRootfs true
  shown security_opt one '.HostConfig.SecurityOpt[0] | startswith("no-new-privileges")' true
  shown ulimits one '.HostConfig.Ulimits[0] | "\(.Name) \(.Soft) \(.Hard)"' 'nofile 100 200'
  shown log_config one '.HostConfig.LogConfig | .Type + .Config["max-size"]' json-file1m
  shown group_add one .HostConfig.GroupAdd '["44"]'
  shown oom_score_adj one .HostConfig.OomScoreAdj 7
  shown shm_size one .HostConfig.ShmSize 1048576
  shown sysctls one '.HostConfig.Sysctls["net.ipv4.ip_forward"]' 1
  shown tmpfs one '.HostConfig.Tmpfs["/scratch"]' size=1m
  as_asked mem_limit .HostConfig.Memory
  as_asked memswap_limit .HostConfig.MemorySwap
  as_asked mem_reservation .HostConfig.MemoryReservation
  as_asked kernel_memory .HostConfig.KernelMemory
  as_asked mem_swappiness .HostConfig.MemorySwappiness
  as_asked cpu_quota .HostConfig.CpuQuota
  as_asked cpu_period .HostConfig.CpuPeriod
  as_asked cpu_shares .HostConfig.CpuShares
  as_asked blkio_weight .HostConfig.BlkioWeight
  as_asked blkio_weight_device .HostConfig.BlkioWeightDevice
  as_asked device_read_bps .HostConfig.BlkioDeviceReadBps
  as_asked device_write_bps .HostConfig.BlkioDeviceWriteBps
  as_asked device_read_iops .HostConfig.BlkioDeviceReadIOps
  as_asked device_write_iops .HostConfig.BlkioDeviceWriteIOps
  as_asked oom_kill_disable .HostConfig.OomKillDisable
  as_asked pids_limit .HostConfig.PidsLimit
  shown privileged two .HostConfig.Privileged true
  shown pid_mode two .HostConfig.PidMode host
  shown ipc_mode two .HostConfig.IpcMode host
  shown userns_mode two .HostConfig.UsernsMode host
  shown cpuset_cpus two .HostConfig.CpusetCpus 0
  shown cgroup_parent two .HostConfig.CgroupParent /own
  shown network_disabled three .HostConfig.NetworkMode none
  shown networking_config four ".NetworkSettings.Networks[\"$prefix-net\"] | .IPAMConfig.IPv4Address + .Aliases[0]" 10.213.77.9alias
  shown network_mode five '.HostConfig.NetworkMode | startswith("container:")' true

  # A policy holds from the moment on at which the container has proved itself.
  mkdir -p conf/units/"$app2"
  printf '%s-it:\n  create: {image: "%s-image:1", entrypoint: [sleep, "1000"]}\n  start: {restart_policy: {Name: on-failure, MaximumRetryCount: 3}}\n---\n- %s-it: {command: start}\n' \
    "$app2" "$prefix" "$app2" >conf/units/"$app2"/start.yaml
  expect_done belay unit run "$app2"
  inspected[policy]=$(api GET "/containers/$app2-it/json")
  shown restart_policy policy '.HostConfig.RestartPolicy | "\(.Name) \(.MaximumRetryCount)"' 'on-failure 3'

  # The build.
  printf 'import: %s/start\n---\n- %s-built: {command: build}\n' "$app" "$app" >conf/units/"$app"/image.yaml
  expect_done belay unit run "$app/image"
  inspected[image]=$(api GET "/images/$prefix-it:x/json")
  shown buildargs image .Config.Labels.word word
  shown tag image '.RepoTags | length' 1
  walked+=' path dockerfile quiet rm forcerm pull gzip stream decode '
  expect_done belay unit run "$app/image"
  expect_not [ "$(jq -r .Id <<<"${inspected[image]}")" = "$(image_id "$prefix-it:x")" ]
  walked+=' nocache '

  # What is refused is so by its name, before anything is done.
  local keyword step text
  while IFS=$'\t' read -r keyword step text; do
    [[ $text == refused* ]] || continue
    local value='1'
    [[ $keyword != container_limits && $keyword != lxc_conf ]] || value='{memory: 1}'
    case $step in
      build) printf '%s-r: {build: {path: services/it, %s: %s}}\n---\n- %s-r: {command: start}\n' "$app" "$keyword" "$value" "$app" ;;
      *) printf '%s-r: {creation: {image: x}, startup: {%s: %s}}\n---\n- %s-r: {command: start}\n' "$app" "$keyword" "$value" "$app" ;;
    esac >conf/units/"$app"/refused.yaml
    run belay unit run "$app/refused"
    expect_exit 1
    expect_err "$keyword"
    walked+=" $keyword "
  done < <(table)

  local count=0
  while IFS=$'\t' read -r keyword step text; do
    count=$((count + 1))
    [[ $walked == *" $keyword "* ]] || fail "the keyword $keyword of $step is not walked"
  done < <(table)
  expect [ "$count" -ge 80 ]
}

run_tests "$@"
