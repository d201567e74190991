#include "declared/definitions.h"

#include <algorithm>

#include "base/format.h"
#include "formats/declared_host.h"
#include "updates/tag_pattern.h"
#include "updates/window.h"

namespace belay::declared {

namespace {

constexpr ByteCount largest_definition{4 << 20};

// Sorted, so that messages and double names do not depend on the file system.
std::vector<fs::path> definition_files(const fs::path& folder) {
  const std::string activity = format("reading the definitions in {}", folder.string());
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  std::vector<fs::path> files;
  while (!error && entries != fs::directory_iterator()) {
    const fs::path& path = entries->path();
    std::error_code unknown;
    const bool is_folder = entries->is_directory(unknown);
    if (path.extension() == ".json" && !path.filename().string().starts_with('.') && !is_folder) files.push_back(path);
    entries.increment(error);
  }
  if (error) {
    Error failure = system_error(activity, error.value());
    failure.offer_hint("Nothing is changed: without its definitions it is not known what should run on this host.");
    throw failure;
  }
  std::sort(files.begin(), files.end());
  return files;
}

BrokenDefinition unreadable(const fs::path& file, const Error& error) {
  const std::string stem = file.stem().string();
  return {file.string(), AppName::is_valid(stem) ? stem : "",
          ConfigError({file.string(), 0, 0}, error.what(), error.hint())};
}

// Windows and patterns have rules that only the planner of updates knows.
void break_unreadable_policies(Declarations& declarations) {
  const auto trouble = [](const Declaration& declared) -> std::optional<Error> {
    try {
      updates::check_window(declared.policies.update.window);
      if (!declared.policies.update.pattern.empty()) updates::check_pattern(declared.policies.update.pattern);
    } catch (const Error& error) {
      return error;
    }
    return {};
  };
  std::vector<Declaration> good;
  for (auto& declared : declarations.apps) {
    if (const auto error = trouble(declared))
      declarations.broken.push_back(
          {declared.origin, declared.name.text(), ConfigError(declared.place, error->what(), error->hint())});
    else
      good.push_back(std::move(declared));
  }
  declarations.apps = std::move(good);
}

}  // namespace

Declarations read_definitions(const fs::path& folder, const std::optional<std::string>& user_data) {
  const fs::path place = fs::absolute(folder).lexically_normal();
  std::vector<formats::DefinitionText> texts;
  std::vector<BrokenDefinition> broken;
  for (const fs::path& file : definition_files(place)) {
    try {
      texts.push_back({file.string(), read_file(file, largest_definition), place});
    } catch (const Error& error) {
      broken.push_back(unreadable(file, error));
    }
  }
  if (user_data) texts.push_back({"user-data", *user_data, {}});
  Declarations declarations = formats::declared_host(texts);
  declarations.broken.insert(declarations.broken.begin(), broken.begin(), broken.end());
  break_unreadable_policies(declarations);
  return declarations;
}

}  // namespace belay::declared
