#include "formats/dockerstra/keywords.h"

namespace belay::formats::dockerstra {

namespace {

using enum Treatment;

// NOLINTNEXTLINE(cppcoreguidelines-avoid-c-arrays)
constexpr Keyword table[] = {
    {"path", Step::build, mapped, "the folder of the Dockerfile, relative to the configuration directory"},
    {"tag", Step::build, mapped, "the name of the image"},
    {"quiet", Step::build, silent, "Belay shows what a build says when it fails"},
    {"nocache", Step::build, mapped, "every step is run again"},
    {"rm", Step::build, silent, "no container of a build is left"},
    {"forcerm", Step::build, silent, "no container of a build is left"},
    {"pull", Step::build, mapped, "a newer base image is looked for"},
    {"dockerfile", Step::build, mapped, "the Dockerfile, relative to the path"},
    {"buildargs", Step::build, mapped, "build arguments"},
    {"container_limits", Step::build, refused, "the engine's builders know no limits"},
    {"timeout", Step::build, refused, "a build has no deadline; stop it with Ctrl-C"},
    {"gzip", Step::build, silent, "the engine is on this host"},
    {"encoding", Step::build, refused, "a build is from a folder"},
    {"custom_context", Step::build, refused, "a build is from a folder"},
    {"fileobj", Step::build, refused, "a build is from a folder"},
    {"stream", Step::build, silent, "it says how Python reads the output"},
    {"decode", Step::build, silent, "it says how Python reads the output"},

    {"image", Step::creation, mapped, "the image; without it, the tag of the build"},
    {"command", Step::creation, mapped, "the command; text is split as a shell does"},
    {"entrypoint", Step::creation, mapped, "the entry point; text is split as a shell does"},
    {"hostname", Step::creation, mapped, "the host name"},
    {"domainname", Step::creation, mapped, "the domain name"},
    {"user", Step::creation, mapped, "the user, by name or number"},
    {"detach", Step::creation, silent, "containers run in the background"},
    {"stdin_open", Step::creation, mapped, "standard input stays open"},
    {"tty", Step::creation, mapped, "it has a terminal"},
    {"ports", Step::creation, mapped, "exposed ports"},
    {"environment", Step::creation, mapped, "variables"},
    {"volumes", Step::creation, mapped, "mount points: each is a named volume, unless `binds` has it"},
    {"network_disabled", Step::creation, mapped, "the network mode none"},
    {"name", Step::creation, mapped, "the container's name; without it, the key of the composition"},
    {"cpuset", Step::creation, mapped, "the processors it may use"},
    {"working_dir", Step::creation, mapped, "the working directory"},
    {"mac_address", Step::creation, mapped, "the MAC address"},
    {"labels", Step::creation, mapped, "labels; a list has names alone"},
    {"volume_driver", Step::creation, mapped, "the driver of volumes that are made for it"},
    {"stop_signal", Step::creation, mapped, "the signal that stops it"},
    {"host_config", Step::creation, mapped, "a map of the keywords of `startup`"},
    {"networking_config", Step::creation, mapped, "EndpointsConfig: networks with Aliases and IPAMConfig"},

    {"binds", Step::startup, mapped, "host paths and named volumes in the container"},
    {"port_bindings", Step::startup, mapped, "published ports: container → host"},
    {"lxc_conf", Step::startup, refused, "engines have no LXC driver any more"},
    {"publish_all_ports", Step::startup, mapped, "every exposed port gets a free host port"},
    {"links", Step::startup, mapped, "links on the default bridge; a container of the unit starts before"},
    {"privileged", Step::startup, mapped, "it has all privileges"},
    {"dns", Step::startup, mapped, "name servers"},
    {"dns_search", Step::startup, mapped, "search domains"},
    {"dns_opt", Step::startup, mapped, "options of the resolver"},
    {"volumes_from", Step::startup, mapped, "the volumes of other containers, of the unit or not"},
    {"network_mode", Step::startup, mapped, "bridge, none, host, container:NAME or a network's name"},
    {"restart_policy", Step::startup, mapped, "Name and MaximumRetryCount; without it, Belay's own"},
    {"cap_add", Step::startup, mapped, "capabilities it gets"},
    {"cap_drop", Step::startup, mapped, "capabilities it loses"},
    {"devices", Step::startup, mapped, "devices: host:container:rwm"},
    {"extra_hosts", Step::startup, mapped, "entries of /etc/hosts"},
    {"read_only", Step::startup, mapped, "its root file system is read-only"},
    {"pid_mode", Step::startup, mapped, "whose processes it sees"},
    {"ipc_mode", Step::startup, mapped, "whose IPC it shares"},
    {"userns_mode", Step::startup, mapped, "whose user namespace it has"},
    {"security_opt", Step::startup, mapped, "security options; a seccomp profile is a file of the host"},
    {"ulimits", Step::startup, mapped, "limits of processes: name, soft, hard"},
    {"log_config", Step::startup, mapped, "type and config of the log driver"},
    {"mem_limit", Step::startup, mapped, "memory"},
    {"memswap_limit", Step::startup, mapped, "memory and swap together, -1: no limit"},
    {"mem_reservation", Step::startup, mapped, "memory it should keep to"},
    {"kernel_memory", Step::startup, mapped, "kernel memory, where the engine still limits it"},
    {"mem_swappiness", Step::startup, mapped, "how readily it is swapped out"},
    {"cgroup_parent", Step::startup, mapped, "the control group it is put into"},
    {"group_add", Step::startup, mapped, "further groups of its user"},
    {"cpu_quota", Step::startup, mapped, "microseconds of processor time in a period"},
    {"cpu_period", Step::startup, mapped, "the length of a period in microseconds"},
    {"cpu_shares", Step::startup, mapped, "its weight for the processors"},
    {"cpuset_cpus", Step::startup, mapped, "the processors it may use"},
    {"blkio_weight", Step::startup, mapped, "its weight for block devices"},
    {"blkio_weight_device", Step::startup, mapped, "its weight for one block device: Path, Weight"},
    {"device_read_bps", Step::startup, mapped, "bytes a second it may read: Path, Rate"},
    {"device_write_bps", Step::startup, mapped, "bytes a second it may write: Path, Rate"},
    {"device_read_iops", Step::startup, mapped, "reads a second: Path, Rate"},
    {"device_write_iops", Step::startup, mapped, "writes a second: Path, Rate"},
    {"oom_kill_disable", Step::startup, mapped, "the kernel does not kill it for memory"},
    {"oom_score_adj", Step::startup, mapped, "how likely the kernel is to kill it for memory"},
    {"shm_size", Step::startup, mapped, "the size of /dev/shm"},
    {"sysctls", Step::startup, mapped, "kernel parameters of its namespaces"},
    {"tmpfs", Step::startup, mapped, "file systems in memory: paths, or path → options"},
    {"pids_limit", Step::startup, mapped, "how many processes it may have"},
};

}  // namespace

std::span<const Keyword> keywords() {
  return table;
}

}  // namespace belay::formats::dockerstra
