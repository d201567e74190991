#include "formats/dockervisor.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "formats/check_values.h"
#include "formats/docker_run.h"
#include "formats/jockler.h"
#include "formats/networks.h"
#include "formats/place.h"
#include "formats/variable_file.h"

namespace belay::formats {

namespace {

using document::Member;
using document::Node;

const std::vector<std::string> configuration_keys{"volumes", "ports", "networks", "raw", "arguments", "env", "check"};

bool is_configuration_key(const std::string& key) {
  return std::find(configuration_keys.begin(), configuration_keys.end(), key) != configuration_keys.end();
}

std::vector<std::string> words(const Node& list, std::string_view what) {
  std::vector<std::string> result;
  for (const Node& item : list.as_list(what)) result.push_back(item.as_scalar(format("an element of {}", what)));
  return result;
}

// The service begins with what raw says; the other sections come on top and may not contradict it.
DockervisorConfiguration from_raw(const Node& raw, const fs::path& folder) {
  RunLineOptions options;
  options.form = RunLineOptions::Form::options;
  options.base_folder = folder;
  RunLine line;
  try {
    line = parse_run_line(words(raw, "\"raw\""), options);
  } catch (const RunLineError& error) {
    const Node& place = error.argument() ? raw.items()[*error.argument()] : raw;
    throw ConfigError(place.where(), error.what(), error.hint());
  }
  if (!line.name.empty())
    throw ConfigError(raw.where(), "\"raw\" gives the container a name: it is called after its app", "Remove --name.");
  return {std::move(line.service), false, false, false, std::move(line.warnings)};
}

void add_ports(Service& service, const Node& section) {
  for (PortBinding& port : ports_section(section)) {
    for (const PortBinding& other : service.ports)
      if (clash(other, port))
        throw ConfigError(section.where(),
                          format("the host port {} is given twice, in \"raw\" and in \"ports\"", *port.host_port));
    service.ports.push_back(std::move(port));
  }
}

void add_volumes(Service& service, const Node& section, const fs::path& folder) {
  for (Mount& mount : volumes_section(section, folder)) {
    for (const Mount& other : service.mounts)
      if (other.target == mount.target)
        throw ConfigError(section.where(),
                          format("two mounts go to {}, one of \"raw\" and one of \"volumes\"", mount.target));
    service.mounts.push_back(std::move(mount));
  }
}

void add_networks(Service& service, const Node& section) {
  if (!service.networks.empty() || !service.network_mode.empty())
    throw ConfigError(section.where(), "networks are named both in \"raw\" and in \"networks\"",
                      "Name all of them in \"networks\".");
  std::vector<NetworkLink> links;
  for (const Node& item : section.as_list("\"networks\"")) {
    NetworkWish wish = at(item.where(), [&] { return parse_network(item.as_text("a network")); });
    if (!wish.mac_address.empty())
      throw ConfigError(item.where(), "a MAC address has no place here", "Write it in \"raw\": --mac-address=….");
    links.push_back(std::move(wish.link));
  }
  at(section.where(), [&] { join_networks(service, std::move(links)); });
}

void add_variables(Service& service, const Node& section) {
  for (const Member& member : section.as_map("\"env\"")) {
    const std::string& value = member.value.as_scalar(format("the value of {}", printable(member.key)));
    if (member.key.find('=') != std::string::npos)
      throw ConfigError(member.key_where, format("the name '{}' holds a '='", printable(member.key)));
    at(member.key_where, [&] { return parse_variable(member.key + "=" + value); });
    if (!service.environment.try_emplace(member.key, value).second)
      throw ConfigError(member.key_where, format("{} is set both in \"raw\" and in \"env\"", printable(member.key)));
  }
}

DockervisorConfiguration configuration(const Node& node, const fs::path& folder) {
  DockervisorConfiguration result;
  if (const Node* raw = node.find("raw")) result = from_raw(*raw, folder);
  Service& service = result.service;
  if (const Node* ports = node.find("ports")) {
    add_ports(service, *ports);
    result.ports_given = true;
  }
  if (const Node* volumes = node.find("volumes")) {
    add_volumes(service, *volumes, folder);
    result.volumes_given = true;
  }
  if (const Node* networks = node.find("networks")) add_networks(service, *networks);
  if (const Node* arguments = node.find("arguments")) service.command = words(*arguments, "\"arguments\"");
  if (const Node* env = node.find("env")) add_variables(service, *env);
  if (const Node* check = node.find("check")) {
    service.checks = check_values(*check, folder);
    result.checks_given = true;
  }
  if (service.network_mode.starts_with("container:") && !service.ports.empty())
    throw ConfigError(node.where(), "a container that shares another's network cannot publish ports of its own");
  return result;
}

// True for one single configuration, false for named ones; a mixture is an error.
bool is_single(const Node& root) {
  const Member* known = nullptr;
  const Member* unknown = nullptr;
  for (const Member& member : root.members()) {
    const Member*& first = is_configuration_key(member.key) ? known : unknown;
    if (first == nullptr) first = &member;
  }
  if (known != nullptr && unknown != nullptr) {
    std::string hint = did_you_mean(unknown->key, configuration_keys);
    if (hint.empty())
      hint = format("A file holds either the sections of one configuration ({}) or named configurations, not both.",
                    join(configuration_keys, ", "));
    throw ConfigError(unknown->key_where,
                      format("unknown key \"{}\" beside \"{}\", which makes the file one single "
                             "configuration",
                             printable(unknown->key), known->key),
                      hint);
  }
  return unknown == nullptr;
}

void check_configuration(const Member& member) {
  if (trim(member.key).empty()) throw ConfigError(member.key_where, "a configuration has no name");
  const auto& sections = member.value.members();
  const bool fits = member.value.is_map() && std::all_of(sections.begin(), sections.end(), [](const Member& section) {
                      return is_configuration_key(section.key);
                    });
  // A file with one misspelt section would otherwise be taken for a configuration of that name.
  if (const auto near = nearest(member.key, configuration_keys); near && !fits)
    throw ConfigError(member.key_where,
                      format("\"{}\" is neither a section nor a configuration", printable(member.key)),
                      format("Did you mean '{}'?", *near));
  document::refuse_unknown_keys(member.value, configuration_keys,
                                format("the configuration \"{}\"", printable(member.key)));
}

}  // namespace

std::map<std::string, DockervisorConfiguration> parse_dockervisor(std::string_view text, const fs::path& file) {
  const Node root = document::read_json(text, file.string());
  root.as_map("a parameter file");
  const fs::path folder = fs::absolute(file).parent_path();
  std::map<std::string, DockervisorConfiguration> configurations;
  if (is_single(root)) {
    configurations["default"] = configuration(root, folder);
    return configurations;
  }
  for (const Member& member : root.members()) {
    check_configuration(member);
    configurations[member.key] = configuration(member.value, folder);
  }
  return configurations;
}

}  // namespace belay::formats
