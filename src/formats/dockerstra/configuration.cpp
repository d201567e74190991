#include "formats/dockerstra/configuration.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/dockerstra/yaml_limits.h"
#include "template/template.h"

namespace belay::formats::dockerstra {

namespace {

using document::Member;
using document::Node;

constexpr std::string_view yaml_ending = ".yaml";

bool is_word(const std::string& text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  return !text.empty() && text[0] != '.' && text[0] != '-' && std::all_of(text.begin(), text.end(), fits);
}

bool is_folder(const fs::path& path, const Outside& outside) {
  return outside.names(path).has_value();
}

void lay_over(Node& below, const Node& above) {
  for (const Member& member : above.members()) {
    Node* there = below.find(member.key);
    if (there != nullptr && there->is_map() && member.value.is_map())
      lay_over(*there, member.value);
    else
      below.set(member.key, member.value);
  }
}

size_t values_in(const Node& node) {
  size_t count = 1;
  for (const Node& item : node.items()) count += values_in(item);
  for (const Member& member : node.members()) count += values_in(member.value);
  return count;
}

// `room`: how many values there may still be.
void add_environment_file(const fs::path& file, const Outside& outside, Node& values, size_t& room) {
  const auto text = outside.read(file);
  if (!text)
    throw NotFound(ErrorCode::file_not_found, format("there is no environment file {}", file.string()),
                   "Environment files are environments/NAME.yaml of the configuration directory.");
  const templates::Rendered rendered = templates::render(*text, file.string(), values);
  for (Node& document :
       rendered.reading([&] { return document::read_yaml(rendered.text(), file.string(), unit_yaml); })) {
    rendered.put_origins(document);
    if (document.is_null()) continue;
    const size_t count = values_in(document);
    if (count > room)
      throw ConfigError(document.where(), format("the environment files have more than {} values", most_values));
    room -= count;
    document.as_map("the environment file");
    lay_over(values, document);
  }
}

fs::path chosen_file(const fs::path& folder, const std::string& choice, const Outside& outside) {
  if (choice.find('/') != std::string::npos) return (outside.folder / choice).lexically_normal();
  return folder / (choice.ends_with(yaml_ending) ? choice : choice + std::string(yaml_ending));
}

}  // namespace

std::string Address::text() const {
  std::string result = name();
  for (const auto& variant : variants) result += ":" + variant;
  return result;
}

Address parse_address(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  const size_t slash = parts[0].find('/');
  Address address;
  address.unit = parts[0].substr(0, slash);
  if (slash != std::string::npos) address.command = parts[0].substr(slash + 1);
  address.variants.assign(parts.begin() + 1, parts.end());
  bool is_good = is_word(address.unit) && is_word(address.command);
  for (const auto& variant : address.variants) is_good = is_good && is_word(variant);
  if (!is_good)
    throw UsageError(format("'{}' is no command of a unit", printable(text)),
                     "Write UNIT/COMMAND or UNIT/COMMAND:VARIANT, as belay unit list shows them.");
  return address;
}

fs::path find_configuration(const std::optional<fs::path>& asked, const Outside& outside) {
  const auto checked = [&](const fs::path& path, const std::string& named_by) {
    const fs::path folder = (outside.folder / path).lexically_normal();
    if (!is_folder(folder, outside))
      throw NotFound(ErrorCode::file_not_found,
                     format("the configuration directory {}{} is not there", folder.string(), named_by),
                     "belay unit init DIR makes one.");
    return folder;
  };
  if (asked) return checked(*asked, "");
  if (const auto named = outside.environment.find("DOCKERSTRA_CONF");
      named != outside.environment.end() && !named->second.empty())
    return checked(named->second, ", which $DOCKERSTRA_CONF names,");
  const std::vector<fs::path> places{outside.home / ".dockerstra", outside.prefix / "etc/dockerstra",
                                     "/etc/dockerstra"};
  for (const auto& place : places)
    if (is_folder(place, outside)) return place;
  throw NotFound(ErrorCode::file_not_found,
                 format("there is no configuration directory: {}, {} and {} are not there", places[0].string(),
                        places[1].string(), places[2].string()),
                 "Name one with -c DIR, or make one: belay unit init DIR.");
}

std::vector<UnitFile> unit_files(const fs::path& configuration, const Outside& outside) {
  const fs::path folder = configuration / "units";
  std::vector<UnitFile> files;
  for (const std::string& name : outside.names(folder).value_or(std::vector<std::string>{})) {
    if (name.starts_with('.')) continue;
    if (name.ends_with('/')) {
      const std::string unit = name.substr(0, name.size() - 1);
      for (const std::string& file : outside.names(folder / unit).value_or(std::vector<std::string>{}))
        if (file.ends_with(yaml_ending) && !file.starts_with('.') && file != "globals.yaml")
          files.push_back({unit, file.substr(0, file.size() - yaml_ending.size()), folder / unit / file});
    } else if (name.ends_with(yaml_ending)) {
      files.push_back({name.substr(0, name.size() - yaml_ending.size()), "start", folder / name});
    }
  }
  std::sort(files.begin(), files.end(), [](const UnitFile& a, const UnitFile& b) {
    return std::tie(a.unit, a.command) < std::tie(b.unit, b.command);
  });
  for (size_t i = 1; i < files.size(); ++i)
    if (files[i].unit == files[i - 1].unit && files[i].command == files[i - 1].command)
      throw ConfigError({files[i].path.string(), 0, 0},
                        format("{} says what {} says too", files[i - 1].path.string(), files[i].path.string()),
                        "Keep one of the two.");
  return files;
}

std::vector<ImageFolder> image_folders(const fs::path& configuration, const Outside& outside) {
  std::vector<ImageFolder> folders;
  for (const char* kind : {"data", "services"})
    for (const std::string& name : outside.names(configuration / kind).value_or(std::vector<std::string>{})) {
      if (!name.ends_with('/') || name.starts_with('.')) continue;
      const std::string folder = format("{}/{}", kind, name.substr(0, name.size() - 1));
      const auto files = outside.names(configuration / folder).value_or(std::vector<std::string>{});
      folders.push_back({folder, std::find(files.begin(), files.end(), "Dockerfile") != files.end()});
    }
  return folders;
}

std::optional<std::string> readme(const fs::path& folder, const Outside& outside) {
  for (const std::string& name : outside.names(folder).value_or(std::vector<std::string>{})) {
    const std::string word = lower(name);
    if (word == "readme" || word == "readme.md" || word == "readme.rst" || word == "readme.txt")
      return outside.read(folder / name);
  }
  return {};
}

Node environment_values(const fs::path& configuration, const std::vector<std::string>& chosen, const Outside& outside) {
  Node values = Node::map();
  const auto set_own = [&] {
    values.set("DOCKERSTRA_CONF", Node::text(configuration.string()));
    values.set("UID", Node::text(outside.uid));
    values.set("GID", Node::text(outside.gid));
    Node variables = Node::map();
    for (const auto& [name, value] : outside.environment) variables.set(name, Node::text(value));
    values.set("osenv", std::move(variables));
  };
  set_own();
  size_t room = most_values;
  const fs::path folder = configuration / "environments";
  if (!chosen.empty()) {
    for (const auto& choice : chosen) add_environment_file(chosen_file(folder, choice, outside), outside, values, room);
  } else {
    for (const std::string& name : outside.names(folder).value_or(std::vector<std::string>{}))
      if (name.ends_with(yaml_ending) && !name.starts_with('.'))
        add_environment_file(folder / name, outside, values, room);
  }
  set_own();  // a file that sets one of these means well, but everything else here goes by them
  return values;
}

}  // namespace belay::formats::dockerstra
