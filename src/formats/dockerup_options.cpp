#include "formats/dockerup_options.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/definition_values.h"
#include "formats/docker_run.h"
#include "formats/mounts.h"
#include "formats/setting_keys.h"

namespace belay::formats {

namespace {

using document::Member;
using document::Node;

// Keys of setting_keys that a definition has in forms of its own (dockerup_service.cpp).
bool has_its_own_form(std::string_view key) {
  static const std::vector<std::string_view> own{"env",     "volumes", "network",      "links",  "command",
                                                 "user",    "labels",  "entrypoint",   "health", "check",
                                                 "restart", "memory",  "stop_timeout", "cpu",    "privileged"};
  return std::find(own.begin(), own.end(), key) != own.end();
}

// The line of options, each word with the place that it came from.
class Options {
 public:
  explicit Options(const fs::path& folder) : folder_(folder) {}

  void add(const Node& place, std::string word, std::string key = {}) {
    words_.push_back(std::move(word));
    places_.push_back({&place, std::move(key)});
  }

  void add_key(const SettingKey& key, const Node& node) {
    const std::string what = format("\"{}\"", key.key);
    switch (key.shape) {
      case SettingKey::Shape::flag:
        add(node, format("--{}={}", key.option, node.as_bool(what) ? "true" : "false"), std::string(key.key));
        break;
      case SettingKey::Shape::list:
        if (!node.is_list()) return add_value(key, node, what);
        for (const Node& item : node.items()) add_value(key, item, what);
        break;
      case SettingKey::Shape::map:
        add_map(key, node, what);
        break;
      default:
        add_value(key, node, what);
    }
  }

  void add_raw(const Node& node) {
    if (!node.is_list()) {
      for (auto& word : parsed_value(node, "\"raw\"", shell_words)) add(node, std::move(word));
      return;
    }
    for (const Node& item : node.items()) add(item, item.as_scalar("an option in \"raw\""));
  }

  void add_env_files(const Node& node) {
    const auto add_one = [&](const Node& file) {
      const std::string path = word_value(file, "\"env_file\"");
      refuse_relative(file, path);
      add(file, "--env-file=" + path, "env_file");
    };
    if (!node.is_list()) return add_one(node);
    for (const Node& file : node.items()) add_one(file);
  }

  // `whole`: where a mistake of all of them together is placed.
  Service read(const Node& whole) const {
    RunLineOptions how;
    how.form = RunLineOptions::Form::options;
    how.base_folder = folder_.empty() ? fs::path("/") : folder_;
    try {
      RunLine line = parse_run_line(words_, how);
      if (!line.name.empty()) refuse(whole, "\"raw\" gives the container a name", "The key is \"name\".");
      return std::move(line.service);
    } catch (const RunLineError& error) {
      if (!error.argument()) throw ConfigError(whole.where(), error.what(), error.hint());
      const auto& [place, key] = places_[*error.argument()];
      const std::string& word = words_[*error.argument()];
      std::string message = error.what();
      // The definition's author knows the key, not the option.
      const std::string prefix = word.substr(0, word.find('=')) + ": ";
      if (!key.empty() && message.starts_with(prefix))
        message = format("\"{}\": {}", key, message.substr(prefix.size()));
      throw ConfigError(place->where(), message, error.hint());
    }
  }

  void refuse_relative(const Node& node, const std::string& path) const {
    if (folder_.empty() && !path.starts_with('/'))
      refuse(node, format("the path '{}' is relative", printable(path)),
             "Definitions that are not in a file need absolute paths.");
  }

 private:
  void add_value(const SettingKey& key, const Node& node, const std::string& what) {
    add(node, format("--{}={}", key.option, word_value(node, what)), std::string(key.key));
  }

  void add_map(const SettingKey& key, const Node& node, const std::string& what) {
    if (key.key == "log" && !node.is_map()) return add(node, "--log-driver=" + word_value(node, what), "log");
    if (node.is_list()) {
      for (const Node& item : node.items()) add_value(key, item, what);
      return;
    }
    for (const Member& member : node.as_map(what)) {
      const std::string value = member.value.as_scalar(format("{} of {}", printable(member.key), what));
      if (key.key == "log" && member.key == "driver")
        add(member.value, "--log-driver=" + value, "log");
      else
        add(member.value, format("--{}={}={}", key.option, member.key, value), std::string(key.key));
    }
  }

  const fs::path& folder_;
  std::vector<std::string> words_;
  struct Place {
    const Node* node;
    std::string key;  // empty: it stands as an option in `raw`
  };
  std::vector<Place> places_;
};

void refuse_host_ports(const Node& definition, const Service& service, int replicas) {
  const Node* node = definition.find("ports");
  if (node == nullptr) node = definition.find("raw");
  if (node == nullptr || replicas == 1) return;
  for (const PortBinding& port : service.ports)
    if (port.host_port)
      refuse(*node, format("{} replicas cannot all have the host port {}", replicas, *port.host_port),
             "Leave the host's port out, so that each gets a free one, or put a proxy in front.");
}

}  // namespace

const std::vector<std::string>& option_keys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> all{"raw", "env_file", "secrets"};
    for (const SettingKey& key : container_settings())
      if (!has_its_own_form(key.key)) all.emplace_back(key.key);
    return all;
  }();
  return keys;
}

Service service_of_options(const Node& definition, const fs::path& folder, int replicas) {
  Options options(folder);
  if (const Node* raw = definition.find("raw")) options.add_raw(*raw);
  if (const Node* files = definition.find("env_file")) options.add_env_files(*files);
  for (const SettingKey& key : container_settings())
    if (const Node* node = has_its_own_form(key.key) ? nullptr : definition.find(std::string(key.key)))
      options.add_key(key, *node);
  Service service = options.read(definition);
  refuse_host_ports(definition, service, replicas);
  return service;
}

std::vector<Mount> secret_mounts(const Node& definition, const fs::path& folder) {
  std::vector<Mount> mounts;
  const Node* section = definition.find("secrets");
  if (section == nullptr) return mounts;
  if (section->is_list())
    throw ConfigError(section->where(), "\"secrets\" must be a map, not a list",
                      "Each file has a name: \"secrets\": {\"password\": \"/etc/shop/password\"}.");
  for (const Member& member : section->as_map("\"secrets\"")) {
    if (member.key.empty() || member.key.find_first_of("/:") != std::string::npos || member.key.starts_with('.'))
      throw ConfigError(member.key_where, format("'{}' cannot be a file's name", printable(member.key)),
                        "\"secrets\" maps names below /run/secrets to files of the host.");
    const std::string path = word_value(member.value, "a secret's file");
    Options(folder).refuse_relative(member.value, path);
    const std::string source = path.starts_with('/') || path.starts_with('.') ? path : "./" + path;
    mounts.push_back(
        at(member.value.where(), [&] { return parse_volume(source, "/run/secrets/" + member.key + ":ro", folder); }));
  }
  return mounts;
}

}  // namespace belay::formats
