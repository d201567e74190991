#pragma once
// A Compose project in Belay's own terms: a spec, and what goes with it. What no container can have is refused, what
// has no effect is remarked on; nothing is dropped in silence. docs/formats/compose-keys.md lists what becomes of each
// key, and is checked against map_keys.cpp.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "formats/compose/project.h"
#include "model/declaration.h"

namespace belay::formats::compose {

// How a service's image is built.
struct Build {
  SourcePosition where;
  std::string context;       // an absolute folder, or the address of a repository or archive
  std::string dockerfile{};  // in the context, or absolute; empty: "Dockerfile"
  std::string dockerfile_inline{};
  std::string target{}, network{}, platform{};
  std::map<std::string, std::string> arguments{}, labels{};
  std::vector<std::string> tags{}, cache_from{}, extra_hosts{};  // extra_hosts: "host:address"
  std::vector<std::string> secrets{};                            // as `docker build --secret` takes them
  std::optional<ByteCount> shm_size{};
  std::vector<Ulimit> ulimits{};
  bool no_cache = false, pull = false;
  std::vector<ConfigError> obstacles{};  // what it needs that Belay cannot do; an image that is there needs no build
  bool is_remote() const;
};

// When an image is asked for in its registry, or built.
struct PullPolicy {
  enum class Kind { missing, always, never, build, every };
  Kind kind = Kind::missing;
  Milliseconds period{0};  // of `every`
  bool operator==(const PullPolicy&) const = default;
};

// A command that goes with the life of a service's container.
struct Hook {
  SourcePosition where;
  std::vector<std::string> command{};
  std::string image{};  // before the start only; empty: the service's
  std::string user{}, working_dir{};
  std::map<std::string, std::string> environment{};
  bool privileged = false;
  bool per_replica = false;
};
struct Hooks {
  std::vector<Hook> pre_start{}, post_start{}, pre_stop{};
};

// Something of the files that has no effect here, or another one than its author may expect.
struct Remark {
  SourcePosition where;
  std::string key;   // "services.web.deploy.placement"
  std::string text;  // a sentence
};

// What `x-belay` says beyond the spec.
struct Settings {
  Policies policies{};
  bool snapshot = false;
  bool updates = false;             // it says when to update
  std::vector<fs::path> watched{};  // asked for
};

struct Mapped {
  std::string name;
  Spec spec;  // networks and volumes: those that are used
  // By service; of replicas by the name of their group.
  std::map<std::string, Build> builds{};
  std::map<std::string, PullPolicy> pull{};
  std::map<std::string, UpdatePolicy> updates{};   // of those that have rules of their own
  std::map<std::string, std::string> schedules{};  // of jobs that the clock starts
  std::map<std::string, Hooks> hooks{};
  std::map<std::string, std::string> container_names{};
  Settings settings{};
  // Files and folders whose content counts: bound read-only, of configs and secrets, and those asked for.
  std::vector<fs::path> watched{};
  std::vector<fs::path> seccomp_profiles{};
  std::vector<Remark> remarks{};
};

// Reads nothing but seccomp profiles. Throws ConfigError.
Mapped map_project(const Project& project);

}  // namespace belay::formats::compose
