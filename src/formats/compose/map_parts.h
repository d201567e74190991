#pragma once
// The parts of a mapping. Private to map*.cpp.

#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"
#include "formats/compose/map.h"

namespace belay::formats::compose {

// What all parts know of the project, and what they add to beside the service.
struct Mapping {
  const Project& project;
  Mapped& mapped;

  void remark(const document::Node& at, std::string key, std::string text);
  void watch(const fs::path& path);
  // A member of one of the project's maps ("networks", "volumes", "configs", "secrets"); nullptr where there is none.
  const document::Node* definition(std::string_view of, const std::string& key) const;
};

// One service of the file: its block, and what is called for messages.
struct ServiceBlock {
  const document::Node& node;
  std::string name;
  int replicas = 1;
  std::string path(std::string_view key) const { return "services." + name + "." + std::string(key); }
};

[[noreturn]] void refuse_key(const document::Node& at, ErrorCode code, const std::string& message,
                             const std::string& hint);

// A member's value, in the form that the resolved project has it; the usual value where it is absent.
std::string text_of(const document::Node& map, std::string_view key);
std::vector<std::string> texts_of(const document::Node& map, std::string_view key);
std::map<std::string, std::string> pairs_of(const document::Node& map, std::string_view key);
bool is_true(const document::Node& map, std::string_view key);
std::optional<bool> boolean_of(const document::Node& map, std::string_view key);
std::optional<std::int64_t> whole_of(const document::Node& map, std::string_view key);
std::optional<int> number_of(const document::Node& map, std::string_view key);
std::optional<ByteCount> bytes_of(const document::Node& map, std::string_view key);
std::optional<Milliseconds> duration_of(const document::Node& map, std::string_view key);
Milliseconds duration_at(const document::Node& node, std::string_view what);
const std::vector<document::Node>& items_of(const document::Node& map, std::string_view key);
const std::vector<document::Member>& members_of(const document::Node& map, std::string_view key);
// A member that is a map; nullptr where it is absent.
const document::Node* block_of(const document::Node& map, std::string_view key);

// Refuses what cannot be done, remarks on what has no effect, by the table of keys.
void go_by_the_rules(Mapping& mapping);

// map_service.cpp
Service mapped_service(Mapping& mapping, const ServiceBlock& block);
std::vector<Ulimit> ulimits_of(const document::Node& map);
// map_mounts.cpp
void map_mounts(Mapping& mapping, const ServiceBlock& block, Service& service);
void map_files(Mapping& mapping, const ServiceBlock& block, Service& service);
// map_networks.cpp
void map_networks(Mapping& mapping, const ServiceBlock& block, Service& service);
void map_ports(const ServiceBlock& block, Service& service);
void define_networks(Mapping& mapping);
void define_volumes(Mapping& mapping);
void map_links(Mapping& mapping, const ServiceBlock& block);
// map_resources.cpp
void map_resources(Mapping& mapping, const ServiceBlock& block, Service& service);
void map_deploy(Mapping& mapping, const ServiceBlock& block, Service& service);
int replicas_of(const document::Node& service);
// map.cpp: whether nothing of the service says that it should stay up.
bool may_end_by_itself(const Service& service, bool is_waited_for);
// map_build.cpp
void map_build(Mapping& mapping, const ServiceBlock& block);
// map_policies.cpp
void map_hooks(Mapping& mapping, const ServiceBlock& block);
void map_pull_policy(Mapping& mapping, const ServiceBlock& block);
void map_settings_of(Mapping& mapping, const ServiceBlock& block, Service& service);
void map_settings(Mapping& mapping);
void map_updates(Mapping& mapping, const ServiceBlock& block);
// map_preparations.cpp: what runs before the start of services; once all else of them is known.
void add_preparations(Mapping& mapping);

}  // namespace belay::formats::compose
