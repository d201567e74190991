#pragma once
// A Compose project as its files say it: found, read, merged, every form written out. The meaning is that of Docker
// Compose (compose-go 2.x); the errors are ours, each a ConfigError with file:line:column (docs/formats/compose.md).
//
// Pure: the environment, files and standard input come in as `Outside`.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "document/node.h"

namespace belay::formats::compose {

// What loading takes from the machine.
struct Outside {
  fs::path folder;                                 // the current folder, absolute
  fs::path home;                                   // what "~" stands for
  std::map<std::string, std::string> environment;  // of the process; empty for a daemon
  // The content of a file, given by its absolute path; nullopt where there is none. Other trouble: an Error.
  std::function<std::optional<std::string>(const fs::path&)> read;
  std::function<std::string()> standard_input;  // for the file "-"
};

// The real files; `environment` is the caller's choice.
Outside this_machine(std::map<std::string, std::string> environment);

// What the command line says.
struct Request {
  std::optional<fs::path> folder;          // a project's folder: looked into, never its parents
  std::vector<std::string> files;          // -f, in order; "-" is standard input
  std::optional<fs::path> project_folder;  // --project-directory
  std::vector<fs::path> env_files;         // --env-file
  std::optional<std::string> name;         // -p
  std::vector<std::string> profiles;       // --profile
  std::vector<std::string> services;       // those named: their own profiles are switched on
  bool without_needs = false;              // --no-deps: the named ones alone
  std::map<std::string, int> scale;        // --scale: replicas by service, whatever the files say
};

// Something that is read otherwise than its author may believe.
struct Notice {
  enum class Kind {
    unset_variable,  // a variable without a value and without a default became empty text
    rewritten,       // a value does not mean what it looks like: 1.10 is 1.1, 0777 is 511
    dropped,         // a part of a value has no effect
    several_files,   // another file of the folder is not read
    old_form,        // a form that Compose still reads
    replaced,        // what an included file says is overruled
    disabled,        // an optional dependency is not there or switched off
  };
  Kind kind;
  SourcePosition where;
  std::string text;  // one sentence
};

// A variable that the files use, and where its value came from. The value may be a secret.
struct UsedVariable {
  std::string name;
  std::optional<std::string> value;  // nullopt: unset
  std::string origin;                // "environment", "/srv/shop/.env:3", "project name"; empty: unset
  SourcePosition where;              // the first use
};

// A place where a variable stands, and where its value came from.
struct VariableUse {
  SourcePosition where;  // of the value that it is a part of
  std::string name;
  std::string origin;  // as in UsedVariable
};

// `root` is the whole project in long form, a map with the members "name", "services", "networks", "volumes",
// "configs", "secrets" (each a map, "services" never empty unless all are off; the others absent where empty) and the
// top level's "x-…" as written. "include", "extends", "version", !reset, !override, anchors and merge keys are gone.
// Every value keeps the place where it was written (Node::where): that is its origin.
// Keys with null are absent, but where null has a meaning (environment).
//
// Kinds of values:
//   text        Node text, also where the file has a number
//   number      Node number: whole or with a fraction
//   bytes       Node text, a whole number: "64m" is "67108864"
//   duration    Node text in the form 1h2m3.5s, "0s"
//   texts       list of text; a single text has become a list of one
//   pairs       map of name → text; lists "K=V" have become maps; number and boolean have become text
//
// services.NAME:
//   image container_name user working_dir hostname domainname stop_signal restart platform pull_policy network_mode
//   mac_address cpuset runtime cgroup cgroup_parent pid ipc uts userns_mode isolation            text
//   command entrypoint              texts; "" is the empty list; text was split into words
//   environment                     map of name → text, or null: taken out of the image's. env_file is in it already
//   env_file                        list of {path: absolute, required: boolean, format?}
//   label_file                      texts, absolute; its labels are in "labels" already
//   labels annotations sysctls storage_opt   pairs
//   cap_add cap_drop dns dns_opt dns_search tmpfs security_opt group_add device_cgroup_rules profiles links
//   external_links volumes_from expose extra_hosts ("host=address")   texts
//   privileged tty stdin_open init read_only oom_kill_disable attach use_api_socket   boolean
//   cpus cpu_percent                number with a fraction
//   cpu_count cpu_shares cpu_quota oom_score_adj mem_swappiness pids_limit scale   whole number
//   cpu_period cpu_rt_period cpu_rt_runtime    whole number of microseconds
//   mem_limit mem_reservation memswap_limit shm_size   bytes (-1 allowed for memswap_limit)
//   stop_grace_period               duration
//   build       {context: absolute path or URL, dockerfile?, dockerfile_inline?, target?, args: map of name → text or
//               null (unset), labels: pairs, additional_contexts: pairs, cache_from, cache_to, tags, platforms,
//               entitlements, no_cache_filter, extra_hosts, ssh ("default" or "id=path"): texts, network, isolation,
//               provenance, sbom: text, no_cache, pull, privileged: boolean, shm_size: bytes, ulimits, secrets}
//   ports       list of {target: whole number, protocol, published?: text (a number or a range), host_ip?, mode, name?,
//               app_protocol?}: one entry a container port; ranges of one length were spread
//   volumes     list of {type, target, source?, read_only?: boolean, consistency?, bind?: {propagation?,
//               create_host_path: boolean, selinux?, recursive?}, volume?: {nocopy?, subpath?, labels?},
//               tmpfs?: {size: bytes, mode: whole number}, image?: {subpath?}}; a bind's source is absolute; a volume's
//               is a key of "volumes"; none: anonymous.
//   configs secrets   list of {source: key of "configs"/"secrets", target?, uid?, gid?, mode?: whole number}
//   devices     list of {source, target, permissions}; gpus: list of device requests as in deploy below
//   depends_on  map of service → {condition, required: boolean, restart: boolean}, with those that links, volumes_from
//               and service:NAME imply
//   networks    map of network → {aliases?, ipv4_address?, ipv6_address?, link_local_ips?, mac_address?,
//   interface_name?,
//               driver_opts?: pairs, priority?, gw_priority?: whole number}; at least "default" where no network_mode
//               is
//   ulimits     map of name → {soft, hard}: whole numbers
//   healthcheck {test?: list that begins with NONE, CMD or CMD-SHELL, interval? timeout? start_period? start_interval?:
//               duration, retries?: whole number}; disable: true has become the test NONE
//   logging     {driver?, options: pairs}
//   blkio_config {weight?: whole number, weight_device: list of {path, weight}, device_read_bps … : list of {path,
//   rate:
//               bytes or whole number}}
//   deploy      {mode? endpoint_mode?: text, replicas?: whole number, labels: pairs, resources?: {limits?,
//   reservations?:
//               {cpus: number, memory: bytes, pids: whole number, devices: list of {capabilities, device_ids: texts,
//               count: whole number (-1: all), driver, options: pairs}, generic_resources}}, restart_policy?:
//               {condition, delay, window: duration, max_attempts}, update_config? rollback_config?: {parallelism,
//               delay, monitor: duration, failure_action, max_failure_ratio, order}, placement?}
//   pre_start post_start pre_stop   list of {command: texts, user, privileged, working_dir, environment: map, image,
//               per_replica}
//   develop provider models credential_spec x-…   as written, with the shapes checked
//
// networks.KEY  {name, external?: boolean, driver?, driver_opts: pairs, internal?, attachable?, enable_ipv4?,
// enable_ipv6?:
//               boolean, labels: pairs, ipam?: {driver?, config: list of {subnet, ip_range, gateway: text,
//               aux_addresses: pairs}, options: pairs}}
// volumes.KEY   {name, external?: boolean, driver?, driver_opts: pairs, labels: pairs}
// configs.KEY secrets.KEY  {name, file?: absolute, environment?, content?: text (also the variable's value), external?,
//               driver?, driver_opts, template_driver?, labels: pairs}
struct Project {
  std::string name;
  fs::path folder;                     // absolute; relative paths count from here
  std::vector<std::string> files;      // absolute paths in order, "-" for standard input; without included ones
  std::vector<std::string> included;   // files that include and extends named
  std::vector<std::string> read;       // env and label files of services, those of variables of included projects
  std::vector<std::string> env_files;  // those that gave the variables; absolute
  std::vector<std::string> profiles;   // switched on
  std::vector<std::string> off;        // services that their profiles switch off; not in `root`
  std::vector<UsedVariable> variables;
  std::map<std::string, std::string> environment;  // all variables that the files may use: the caller's and the files'
  std::vector<VariableUse> uses;
  std::vector<Notice> notices;
  document::Node root;
};

// Throws ConfigError, UsageError for a request that makes no sense, NotFound where there is no Compose file.
Project load(const Request& request, const Outside& outside);

// compose.yaml and the three others, the first first.
const std::vector<std::string>& project_file_names();
// True where `folder` has a file of one of these names. Throws Error where such a file cannot be read.
bool is_project_folder(const fs::path& folder, const Outside& outside);

}  // namespace belay::formats::compose
