#include "cli/settings_options.h"

#include "base/format.h"
#include "base/text.h"
#include "cli/invocation.h"

namespace belay::cli {

std::optional<Configuration> given_settings(const Invocation& in) {
  std::vector<std::string> words;
  for (const Option& option : settings_options) {
    if (option.name == "raw") continue;
    if (option.is_flag()) {
      if (in.has(option.name)) words.push_back(format("--{}", option.name));
    } else if (option.repeatable) {
      for (const auto& value : in.list(option.name)) words.push_back(format("--{}={}", option.name, value));
    } else if (const auto value = in.text(option.name)) {
      words.push_back(format("--{}={}", option.name, *value));
    }
  }
  for (const auto& line : in.list("raw"))
    for (auto& word : doing("--raw", [&] { return shell_words(line); })) words.push_back(std::move(word));
  if (words.empty()) return {};
  auto given = formats::settings_of_options(words, fs::current_path());
  for (const auto& warning : given.warnings) in.console.warning(warning);
  return std::move(given.settings);
}

}  // namespace belay::cli
