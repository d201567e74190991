#pragma once
// The table of `docker run`'s options. Private to formats.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/docker_run.h"

namespace belay::formats {

// What is read so far. Options that only together make a value wait here for the end of the line.
struct RunCollection {
  explicit RunCollection(const RunLineOptions& line_options) : options(line_options) {}

  const RunLineOptions& options;
  RunLine line;
  // Files come first, whatever the order: an option outranks a file.
  std::map<std::string, std::string> file_environment, environment, file_labels, labels;
  std::vector<NetworkLink> networks;
  std::vector<std::string> aliases;
  std::string ipv4, ipv6;
  HealthCheck health;
  bool has_health = false, no_health_check = false;

  // A value from our environment, as the options say.
  std::optional<std::string> variable(const std::string& name) const;
};

struct RunOption {
  enum class Kind { flag, value };
  std::string_view name;
  char letter;  // 0: none
  Kind kind;
  // Takes the value ("true" or "false" for a flag). Null: the option is refused for `reason`, or, where there is none,
  // left out with a warning because it means nothing for a container that Belay keeps.
  void (*take)(RunCollection& collection, std::string_view value);
  std::string_view reason;
};

const RunOption* find_run_option(std::string_view name);
const RunOption* find_run_option(char letter);
// "--publish", …: for "did you mean".
std::vector<std::string> run_option_names();

}  // namespace belay::formats
