#pragma once
// A command of a unit, read and resolved: its containers and its orders.

#include <optional>
#include <string>
#include <vector>

#include "formats/dockerstra/arguments.h"
#include "formats/dockerstra/configuration.h"

namespace belay::formats::dockerstra {

// A container of the composition document. The steps are maps, or null where they are not there.
struct Container {
  std::string name;
  SourcePosition where;
  document::Node build, creation, startup, daemon, job, tests;
};

struct Order {
  SourcePosition where;
  std::string container;  // "host" is the host itself
  std::string command;
  document::Node arguments = document::Node::map();  // without `command` and `variants`
  std::vector<std::string> variants;

  const document::Node* argument(std::string_view name) const { return arguments.find(name); }
};

struct Unit {
  Address address;
  fs::path configuration;
  fs::path file;                      // that it was read from
  bool is_derived = false;            // there is no file of this command: it follows from `start`
  std::vector<Container> containers;  // imported ones first
  std::vector<Order> orders;          // those that the address's variants leave
  size_t opening = 0;                 // of UNIT/test: so many of them bring it up, the rest ends it
  document::Node values;              // what the templates saw

  const Container* find(const std::string& container) const;
};

// What is asked for.
struct Request {
  std::optional<fs::path> configuration;
  std::vector<std::string> environments;  // chosen files; empty: all
  Address address;
  std::vector<std::string> words;  // for the unit's own arguments
};

// Throws ConfigError, UsageError, NotFound.
Unit read_unit(const Request& request, const Outside& outside);

// The arguments that the command takes, without reading more of it.
Arguments arguments_of(const fs::path& configuration, const Address& address,
                       const std::vector<std::string>& environments, const Outside& outside);

// The commands of a unit, those that follow from `start` included, sorted. Throws NotFound with "did you mean".
struct UnitCommand {
  std::string name;
  bool is_derived = false;
};
std::vector<UnitCommand> commands_of(const fs::path& configuration, const std::string& unit, const Outside& outside);

// Both documents as YAML.
std::string to_text(const Unit& unit);
std::string to_yaml(const document::Node& node, int indent = 0);

}  // namespace belay::formats::dockerstra
