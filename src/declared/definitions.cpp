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

struct ProjectFolders {
  std::vector<fs::path> found;  // sorted
  std::vector<DoubtfulFolder> doubtful;
};

ConfigError doubt(const fs::path& place, const std::string& why) {
  return {
      {place.string(), 0, 0}, why, "What came from it is left alone. To remove that, remove the folder or the link."};
}

// A Compose file that is a link to nothing: what it leads to may be away for a while.
std::optional<fs::path> dangling_project_file(const fs::path& folder) {
  std::error_code unknown;
  for (const std::string& name : formats::compose::project_file_names())
    if (const fs::path file = folder / name;
        fs::is_symlink(fs::symlink_status(file, unknown)) && !fs::exists(file, unknown))
      return file;
  return {};
}

// Why an entry that holds no project might still be one; nullopt: it is none.
std::optional<ConfigError> doubt_about(const fs::directory_entry& entry) {
  std::error_code error;
  const fs::file_status status = entry.status(error);
  if (entry.is_symlink() && status.type() == fs::file_type::not_found)
    return doubt(entry.path(), "this link leads nowhere");
  if (status.type() == fs::file_type::none || status.type() == fs::file_type::unknown)
    return doubt(entry.path(),
                 error ? format("it cannot be looked at: {}", error.message()) : "it cannot be looked at");
  if (!fs::is_directory(status)) return {};
  const bool is_empty = fs::is_empty(entry.path(), error);
  if (error) return doubt(entry.path(), format("the folder cannot be read: {}", error.message()));
  if (is_empty) return doubt(entry.path(), "the folder is empty; is something not mounted there?");
  if (const auto link = dangling_project_file(entry.path())) return doubt(*link, "this link leads nowhere");
  return {};
}

// Direct sub-folders with a Compose file.
ProjectFolders project_folders(const fs::path& folder, const formats::compose::Outside& outside) {
  ProjectFolders folders;
  const std::string activity = "reading " + folder.string();
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  while (!error && entries != fs::directory_iterator()) {
    const fs::directory_entry& entry = *entries;
    if (!entry.path().filename().string().starts_with('.')) {
      std::error_code unknown;
      try {
        if (entry.is_directory(unknown) && formats::compose::is_project_folder(entry.path(), outside))
          folders.found.push_back(entry.path());
        else if (auto reason = doubt_about(entry))
          folders.doubtful.push_back({entry.path().string(), std::move(*reason)});
      } catch (const Error& failure) {
        // Its file is there, and cannot be read.
        folders.doubtful.push_back({entry.path().string(), doubt(entry.path(), failure.what())});
      }
    }
    entries.increment(error);
  }
  // What was not seen must not count as gone.
  if (error) throw system_error(activity, error.value());
  std::sort(folders.found.begin(), folders.found.end());
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
  const fs::path place = plain_absolute(folder);
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
  ProjectFolders folders = project_folders(place, outside);
  for (const fs::path& project : folders.found) {
    try {
      formats::compose::Request request;
      request.folder = project;
      auto read = formats::compose::declared_project(formats::compose::load(request, outside));
      tell(read.notices, warn);
      projects.push_back(std::move(read.declaration));
    } catch (const ConfigError& error) {
      broken.push_back({error.where().file, broken_name(project), error, project.string()});
    } catch (const Error& error) {
      broken.push_back({project.string(), broken_name(project),
                        ConfigError({project.string(), 0, 0}, error.what(), error.hint()), project.string()});
    }
  }
  if (user_data) texts.push_back({"user-data", *user_data, {}});
  Declarations declarations = formats::declared_host(texts, std::move(projects));
  declarations.broken.insert(declarations.broken.begin(), broken.begin(), broken.end());
  declarations.doubtful = std::move(folders.doubtful);
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
