#pragma once
// The settings of a container by the keys that definitions and `belay set` have for them. Each is an option of `docker
// run` by another name, and takes what that takes.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "model/release.h"

namespace belay::formats {

struct SettingKey {
  enum class Shape {
    word,     // KEY=VALUE
    list,     // KEY=VALUE, several times; together they replace what was there
    map,      // KEY.NAME=VALUE; each for itself
    flag,     // KEY=true or KEY=false
    command,  // KEY=WORDS, split as a shell would
  };
  std::string_view key;
  Shape shape;
  std::string_view option;  // of `docker run`; empty: it has none
  void (*clear)(Service& service);
  // Of a map, and of lists whose entries have names: takes one out. Null: there is no such thing.
  void (*take_out)(Service& service, const std::string& name);
};

std::span<const SettingKey> container_settings();
const SettingKey* find_setting_key(std::string_view key);
// "env.NAME", "ports", …, in the order of the table.
std::vector<std::string> setting_key_texts();

struct GivenSettings {
  Configuration settings;            // one service without name and image; ports_overridden where it speaks of ports
  std::vector<std::string> cleared;  // "KEY=false" and "KEY=none": keys to be unset
  std::vector<std::string> warnings;
};

// Options as on the line of `docker run`. `-p none` publishes nothing. Throws UsageError, or ConfigError in a file.
GivenSettings settings_of_options(const std::vector<std::string>& options, const fs::path& folder);
// KEY=VALUE each. Throws UsageError that names the key.
GivenSettings settings_of_words(const std::vector<std::string>& words, const fs::path& folder);
// Takes a setting out: "memory", "env.NAME", "volumes./data". False: it was not set. Throws UsageError for a key that
// is none.
bool unset_setting(Configuration& configuration, const std::string& key);

}  // namespace belay::formats
