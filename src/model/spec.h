#pragma once
// What an app should be, in engine-neutral terms. No format's quirks: every format turns its own words into this.
// Absent (nullopt, empty) always means "as the image or the engine has it".

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/errors.h"
#include "model/checks.h"
#include "model/definitions.h"

namespace belay {

struct PortBinding {
  std::uint16_t container_port = 0;
  std::string protocol = "tcp";  // tcp, udp, sctp
  std::string host_ip;           // empty: every address
  // nullopt: the engine picks a free one.
  std::optional<std::uint16_t> host_port;
  auto operator<=>(const PortBinding&) const = default;
  std::string text() const;  // "127.0.0.1:80->8080/tcp", as `docker ps` writes it
  // The same, but with "*" where it is published on every address: "*:80->8080/tcp".
  std::string text_with_address() const;
};

// A host port as two containers can clash over it: same protocol, same port, same address or one on every address.
bool clash(const PortBinding& a, const PortBinding& b);

// "8000-8002/udp" port by port: "8000/udp", …; without a protocol tcp. Empty: it is no port, nor a range of ports.
std::vector<std::string> spread_ports(const std::string& range);

struct Mount {
  enum class Kind { volume, bind, tmpfs, image };
  Kind kind = Kind::volume;
  // Volume name, absolute host path or an image's reference; empty for tmpfs and for an anonymous volume.
  std::string source;
  std::string target;  // absolute path in the container
  bool read_only = false;
  std::string options;    // the rest of a bind's mode ("z", "rshared", "nocopy") or of a tmpfs ("size=64m"), comma list
  std::string subpath{};  // of the volume or image
  std::string recursive{};  // of a bind: what lies mounted below is left out ("disabled"), or stays writable
                            // ("writable") or must be read-only ("readonly") where the bind is
  bool must_exist = false;  // of a bind: the engine makes no folder where the path is missing
  std::map<std::string, std::string> labels{};  // of an anonymous volume
  bool keeps_data() const { return kind == Kind::volume || kind == Kind::bind; }
  auto operator<=>(const Mount&) const = default;
};

struct NetworkLink {
  std::string network;
  std::vector<std::string> aliases;
  std::string ipv4;  // fixed address, or empty
  std::string ipv6;
  std::vector<std::string> link_local_ips{};
  std::string mac_address{};
  std::map<std::string, std::string> options{};  // of the network's driver
  std::optional<int> gateway_priority{};         // the network with the highest one is the way out
  auto operator<=>(const NetworkLink&) const = default;
};

struct HealthCheck {
  std::vector<std::string> test;  // as the engine has it: {"NONE"}, {"CMD", …}, {"CMD-SHELL", "…"}
  std::optional<Milliseconds> interval, timeout, start_period;
  std::optional<int> retries;
  std::optional<Milliseconds> start_interval{};  // while the start period lasts
  auto operator<=>(const HealthCheck&) const = default;
};

struct RestartPolicy {
  std::string name;  // no, always, unless-stopped, on-failure; empty: Belay's own rule (unless-stopped once proved)
  int maximum_retries = 0;
  auto operator<=>(const RestartPolicy&) const = default;
};

struct Ulimit {
  std::string name;
  std::int64_t soft = 0, hard = 0;
  auto operator<=>(const Ulimit&) const = default;
};

struct Device {
  std::string host_path, container_path, permissions = "rwm";
  auto operator<=>(const Device&) const = default;
};

// Devices that a driver gives: graphics cards, or names of the Container Device Interface (driver "cdi").
struct DeviceRequest {
  std::string driver;
  std::optional<int> count;  // -1: all
  std::vector<std::string> device_ids, capabilities;
  std::map<std::string, std::string> options{};
  auto operator<=>(const DeviceRequest&) const = default;
};

// A limit of one block device.
struct BlockLimit {
  std::string kind;  // weight, read_bps, write_bps, read_iops, write_iops
  std::string path;
  std::int64_t value = 0;
  auto operator<=>(const BlockLimit&) const = default;
};

// A file that is written into the container before its first start. Its content is a secret to every printer.
struct ServiceFile {
  std::string target;  // absolute path in the container
  std::string content;
  int uid = 0, gid = 0, mode = 0444;
  auto operator<=>(const ServiceFile&) const = default;
};

// What the engine can change on a running container (POST /containers/{id}/update), the restart policy apart.
struct Resources {
  std::optional<ByteCount> memory, memory_swap, memory_reservation, kernel_memory;  // memory_swap -1: unlimited
  std::optional<std::int64_t> nano_cpus, cpu_shares, cpu_period, cpu_quota, pids_limit;
  std::string cpuset_cpus, cpuset_mems;
  std::optional<int> blkio_weight;
  std::optional<std::int64_t> cpu_rt_period{}, cpu_rt_runtime{};  // microseconds
  bool operator==(const Resources&) const = default;
};

// What one service needs of another one of its app before it starts. Both stop in the other direction.
struct Need {
  enum class Condition {
    started,
    healthy,    // its health check says so
    completed,  // it is a job, and has ended with 0
  };
  std::string service;
  Condition condition = Condition::started;
  bool required = true;  // false: no error where there is no such service
  bool restart = false;  // whenever the other one is made anew or restarted by Belay, so is this one restarted
  auto operator<=>(const Need&) const = default;
};

enum class SwapOrder { by_rule, start_first, stop_first };

// A command in a service's container that goes with its life.
struct HookCommand {
  std::vector<std::string> command;
  std::string user{}, working_dir{};
  std::map<std::string, std::string> environment{};
  bool privileged = false;
  bool operator==(const HookCommand&) const = default;
};

// One service of an app: a container, or one that runs to its end.
struct Service {
  std::string name;   // unique in the app; a family has one service, named like the app
  std::string image;  // the reference the user wrote; the release pins what it meant
  // Of a replica: the service that it is one of, and which. The first has the service's own name.
  std::string group;  // empty: `name`
  int number = 1;
  std::string container_name;  // empty: by the app's naming scheme

  std::optional<std::vector<std::string>> command, entrypoint;
  std::map<std::string, std::string> environment;
  std::vector<PortBinding> ports;
  bool publish_all_ports = false;
  std::vector<std::string> exposed_ports;  // "8080/tcp", beyond those of the image
  std::vector<Mount> mounts;
  std::vector<std::string> volumes_from;
  // Empty: the default bridge. Several: the first at creation, the others connected before the start.
  std::vector<NetworkLink> networks;
  std::string network_mode;        // host, none, container:NAME; empty when `networks` speak
  std::vector<std::string> links;  // container:alias

  std::string user, working_dir, hostname, domainname, mac_address, stop_signal;
  std::optional<int> stop_timeout;  // seconds
  std::map<std::string, std::string> labels;
  std::optional<HealthCheck> health;
  RestartPolicy restart;
  Resources resources;
  bool tty = false, stdin_open = false, privileged = false, read_only = false;
  std::optional<bool> init, oom_kill_disable;
  std::vector<std::string> cap_add, cap_drop, security_opt, group_add, device_cgroup_rules;
  std::vector<std::string> dns, dns_search, dns_options, extra_hosts;  // extra_hosts: "name:ip"
  std::vector<Device> devices;
  std::vector<Ulimit> ulimits;
  std::map<std::string, std::string> sysctls;
  std::string pid_mode, ipc_mode, uts_mode, userns_mode, cgroup_parent, cgroupns_mode, runtime, volume_driver,
      isolation;
  std::optional<ByteCount> shm_size;
  std::optional<int> memory_swappiness, oom_score_adj;
  std::string log_driver;
  std::map<std::string, std::string> log_options, storage_options;
  // Besides those, a service needs every other one whose network, process table, IPC or volumes it shares:
  // "service:NAME" as `network_mode`, `pid_mode`, `ipc_mode`, `uts_mode`, or in `volumes_from` ("service:NAME:ro").
  std::vector<Need> needs;
  bool job = false;                              // it runs to its end and proves itself by exit code 0
  std::vector<std::string> removed_variables{};  // variables of the image that it does not get
  std::string platform{};                        // "linux/arm64"; empty: the engine's own
  std::map<std::string, std::string> annotations{};
  std::vector<DeviceRequest> device_requests{};
  std::vector<BlockLimit> block_limits{};
  std::vector<ServiceFile> files{};
  SwapOrder order = SwapOrder::by_rule;  // of its exchange; by_rule: as the spec says
  std::vector<Check> checks{};           // what it must answer, beside its health check
  // Nothing says that it should stay up, and nobody waits for it to do so: ending with 0 is as good as running.
  bool may_end = false;
  std::string prepares{};  // the service that a job prepares the start of (`pre_start`); empty: it is one of its own
  // In order. After each start of Belay's: part of the proof. Before each stop of Belay's: what fails is told.
  std::vector<HookCommand> post_start{}, pre_stop{};
  // Of a job: it is started by the clock, not by a change. A change only makes its container.
  bool scheduled = false;

  bool operator==(const Service&) const = default;
  const std::string& group_name() const { return group.empty() ? name : group; }
};

// Where a Compose project comes from: what its containers' labels say to other tools. No part of what they are.
struct Project {
  std::string folder;                  // absolute
  std::vector<std::string> files;      // the Compose files, absolute, in the order in which they were merged
  std::vector<std::string> env_files;  // that were named, absolute
  std::vector<std::string> profiles;   // that are active
  // Further files that those read, absolute: included and extended ones, env and label files, seccomp profiles.
  std::vector<std::string> parts{};
  bool operator==(const Project&) const = default;
};

struct Spec {
  std::vector<Service> services;
  SwapOrder order = SwapOrder::by_rule;
  // How long a service without a health check must stay up, and the longest wait for a verdict; nullopt: Belay's own.
  std::optional<Milliseconds> settle, wait_timeout;
  // Services are exchanged one after the other, each with a verdict of its own (dockerup, update.rolling).
  bool rolling = false;
  // Container → the signal sent to it once this app has started.
  std::map<std::string, std::string> signals;
  // By their names on the engine. What is used and has no definition here is made with the engine's own settings where
  // it is missing, and taken as it is where it is there.
  std::map<std::string, NetworkDefinition> networks{};
  std::map<std::string, VolumeDefinition> volumes{};
  std::optional<Project> project = {};
  bool snapshot = false;  // of the data, at each change

  bool operator==(const Spec&) const = default;
  // Throws NotFound.
  const Service& service(const std::string& name) const;
};

// All that the service needs of others, shared namespaces and volumes included; each service once, with its strictest
// condition.
std::vector<Need> all_needs(const Service& service);
// Whether the service lives in a namespace of the other one, or has its volumes: then it cannot outlive its container.
bool shares_with(const Service& service, const std::string& other);
// Indices of the spec's services, each behind those that it needs; else in the order of the spec. Throws Error that
// names the circle where there is one.
std::vector<size_t> in_order_of_needs(const Spec& spec);

// Marks services that are replicas by their names alone ("web", "web-2", "web-3", else equal) as such: so an earlier
// Belay kept them.
void mark_replicas(Spec& spec);

// The two forms a spec takes outside memory: JSON for the state and for `belay config`, and differences for people.
std::string spec_to_json(const Spec& spec, int indent = 0);
// Reads what spec_to_json wrote; unknown keys are an error (a newer Belay wrote them).
Spec spec_from_json(const std::string& json);
// The same of a check alone, as it stands in a service.
std::string health_check_to_json(const HealthCheck& check);
HealthCheck health_check_from_json(const std::string& json);

// One changed field: "env.LOG_LEVEL: info → debug". Values that look like secrets appear as "(hidden)".
struct FieldChange {
  std::string field, before, after;
  bool in_place = false;  // the engine can change it on the running container
  std::string text() const;
};
std::vector<FieldChange> differences(const Spec& before, const Spec& after);
std::vector<FieldChange> differences(const NetworkDefinition& before, const NetworkDefinition& after);
std::vector<FieldChange> differences(const VolumeDefinition& before, const VolumeDefinition& after);
// Whether containers made for `before` can be made those of `after` as they are: there is something to change, and the
// engine can change all of it, and back. A limit can be moved, but not set for the first time nor lifted; a network
// joined or left, but its aliases and addresses stay.
bool can_change_in_place(const Spec& before, const Spec& after);
// Whether a container made for `before` can go on as one of `after`, as it is or changed in place.
bool can_go_on(const Service& before, const Service& after);
// Names of the limits that `wanted` sets and `present`, as the engine shows it, has otherwise. What engines drop when
// the kernel cannot do it (swap, kernel memory, block I/O) counts only where the engine shows a value of its own.
std::vector<std::string> limits_that_differ(const Resources& wanted, const Resources& present);
// A copy in which the values of variables, labels and options that look like secrets read "(hidden)": for showing.
Spec without_secrets(Spec spec);

// Rules over the whole spec that no single value can break: double mount points, double host ports, unknown protocol, …
// Throws Error naming the first that is broken.
void check_spec(const Spec& spec);

}  // namespace belay
