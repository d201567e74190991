#include "declared/definitions.h"

#include <algorithm>

#include "base/format.h"
#include "formats/compose/declaration.h"
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

// Direct sub-folders with a Compose file, sorted.
std::vector<fs::path> project_folders(const fs::path& folder, const formats::compose::Outside& outside) {
  std::error_code error;
  std::vector<fs::path> folders;
  for (fs::directory_iterator entries(folder, error); !error && entries != fs::directory_iterator();
       entries.increment(error)) {
    std::error_code unknown;
    if (entries->is_directory(unknown) && !entries->path().filename().string().starts_with('.') &&
        formats::compose::is_project_folder(entries->path(), outside))
      folders.push_back(entries->path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

void tell(const std::vector<std::string>& notices, const Warn& warn) {
  if (!warn) return;
  for (const auto& notice : notices) warn(notice);
}

BrokenDefinition unreadable(const fs::path& file, const Error& error) {
  const std::string stem = file.stem().string();
  return {file.string(), AppName::is_valid(stem) ? stem : "",
          ConfigError({file.string(), 0, 0}, error.what(), error.hint())};
}

// The project's name, as far as its folder tells it.
std::string broken_name(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return AppName::is_valid(name) ? name : "";
}

// Windows and patterns have rules that only the planner of updates knows.
void break_unreadable_policies(Declarations& declarations) {
  const auto trouble = [](const Declaration& declared) -> std::optional<Error> {
    try {
      std::vector<UpdatePolicy> rules{declared.policies.update};
      for (const auto& [service, own] : declared.updates) rules.push_back(own);
      for (const UpdatePolicy& each : rules) {
        updates::check_window(each.window);
        if (!each.pattern.empty()) updates::check_pattern(each.pattern);
      }
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

Declarations read_definitions(const fs::path& folder, const std::optional<std::string>& user_data, const Warn& warn) {
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
  // What a shell has set is not for what is kept true for longer than the shell.
  const formats::compose::Outside outside = formats::compose::this_machine({});
  std::vector<Declaration> projects;
  for (const fs::path& project : project_folders(place, outside)) {
    try {
      formats::compose::Request request;
      request.folder = project;
      auto read = formats::compose::declared_project(formats::compose::load(request, outside));
      tell(read.notices, warn);
      projects.push_back(std::move(read.declaration));
    } catch (const ConfigError& error) {
      broken.push_back({error.where().file, broken_name(project), error});
    } catch (const Error& error) {
      broken.push_back(
          {project.string(), broken_name(project), ConfigError({project.string(), 0, 0}, error.what(), error.hint())});
    }
  }
  if (user_data) texts.push_back({"user-data", *user_data, {}});
  Declarations declarations = formats::declared_host(texts, std::move(projects));
  declarations.broken.insert(declarations.broken.begin(), broken.begin(), broken.end());
  break_unreadable_policies(declarations);
  return declarations;
}

Declarations read_project(const formats::compose::Request& request, const formats::compose::Outside& outside,
                          const Warn& warn) {
  using formats::compose::WithNeeds;
  auto read = formats::compose::declared_project(formats::compose::load(request, outside), request.services,
                                                 request.without_needs ? WithNeeds::no : WithNeeds::yes);
  tell(read.notices, warn);
  std::vector<Declaration> projects;
  projects.push_back(std::move(read.declaration));
  Declarations declarations = formats::declared_host({}, std::move(projects));
  break_unreadable_policies(declarations);
  return declarations;
}

}  // namespace belay::declared
