#include "formats/compose/find_project.h"

#include "base/text.h"
#include "formats/compose/env_file.h"

namespace belay::formats::compose {

namespace {

using document::Node;

const std::vector<std::string> project_names{"compose.yaml", "compose.yml", "docker-compose.yml",
                                             "docker-compose.yaml"};
const std::vector<std::string> override_names{"compose.override.yml", "compose.override.yaml",
                                              "docker-compose.override.yml", "docker-compose.override.yaml"};

class Finding {
 public:
  Finding(const Request& request, const Outside& outside, Loading& loading)
      : request_(request), outside_(outside), loading_(loading) {
    for (const auto& [name, value] : outside.environment) found_.variables.set(name, {value, "environment"});
  }

  Found result() {
    const std::optional<fs::path> given = request_.project_folder ? request_.project_folder : request_.folder;
    const fs::path start = given ? under(*given, outside_.folder) : outside_.folder;
    // Files that are named decide the folder, and no other .env counts.
    const bool folder_is_open = !given && !request_.files.empty();
    if (!folder_is_open) read_variables(start);
    choose_files(request_.folder ? under(*request_.folder, outside_.folder) : start);
    found_.folder = request_.project_folder ? start : folder_of_first_file(start);
    if (folder_is_open || found_.folder != start) read_variables(found_.folder);
    return std::move(found_);
  }

 private:
  static fs::path under(const fs::path& path, const fs::path& folder) {
    return absolute_path(path.string(), folder, folder);
  }

  fs::path folder_of_first_file(const fs::path& start) const {
    for (const std::string& file : found_.files)
      if (file != "-") return fs::path(file).parent_path();
    return start;
  }

  void choose_files(const fs::path& start) {
    std::vector<std::string> named = request_.files;
    const std::string separator = found_.variables.text("COMPOSE_PATH_SEPARATOR").value_or(":");
    const std::optional<std::string> variable = found_.variables.text("COMPOSE_FILE");
    if (named.empty() && !request_.folder && variable && !variable->empty()) named = pieces(*variable, separator);
    for (const std::string& file : named) {
      if (is_remote(file))
        throw UsageError(ErrorCode::unsupported,
                         format("{} is not a file of this machine, and Belay reads no others", printable(file)),
                         "Fetch it, and name the copy.");
      found_.files.push_back(file == "-" ? file : under(file, outside_.folder).string());
    }
    if (named.empty()) discover(start);
  }

  static std::vector<std::string> pieces(std::string_view text, const std::string& separator) {
    std::vector<std::string> parts;
    for (size_t end = 0; end != std::string_view::npos;) {
      end = separator.empty() ? std::string_view::npos : text.find(separator);
      if (const std::string_view part = text.substr(0, end); !part.empty()) parts.emplace_back(part);
      if (end != std::string_view::npos) text.remove_prefix(end + separator.size());
    }
    return parts;
  }

  std::vector<std::string> present(const fs::path& folder, const std::vector<std::string>& names) const {
    std::vector<std::string> there;
    for (const std::string& name : names)
      if (outside_.read(folder / name)) there.push_back((folder / name).string());
    return there;
  }

  void choose_first(const std::vector<std::string>& there) {
    found_.files.push_back(there[0]);
    for (size_t i = 1; i < there.size(); ++i)
      loading_.notice(Notice::Kind::several_files, {there[i], 0, 0},
                      format("the file is not read: {} comes first", there[0]));
  }

  void discover(const fs::path& start) {
    for (fs::path folder = start;; folder = folder.parent_path()) {
      const std::vector<std::string> there = present(folder, project_names);
      if (!there.empty()) {
        choose_first(there);
        const std::vector<std::string> overrides = present(folder, override_names);
        if (!overrides.empty()) choose_first(overrides);
        return;
      }
      if (request_.folder || folder == folder.root_path()) break;
    }
    throw NotFound(
        ErrorCode::file_not_found,
        request_.folder ? format("there is no Compose file in {}", start.string())
                        : format("there is no Compose file in {} or a folder above it", start.string()),
        format("It is looked for under the names {}; another one is named with -f.", join(project_names, ", ")));
  }

  std::vector<std::string> named_env_files() const {
    std::vector<std::string> files;
    for (const fs::path& file : request_.env_files) files.push_back(under(file, outside_.folder).string());
    const std::optional<std::string> variable = found_.variables.text("COMPOSE_ENV_FILES");
    if (files.empty() && variable)
      for (const std::string& file : split(*variable, ','))
        if (!file.empty()) files.push_back(under(file, outside_.folder).string());
    return files;
  }

  void read_variables(const fs::path& folder) {
    std::vector<std::string> files = named_env_files();
    const bool is_named = !files.empty();
    if (is_named && named_are_read_) return;
    named_are_read_ = is_named;
    const std::string disabled = lower(found_.variables.text("COMPOSE_DISABLE_ENV_FILE").value_or(""));
    if (!is_named && disabled != "1" && disabled != "true") files.push_back((folder / ".env").string());
    Variables read;
    const Lookup ours = [&](const std::string& name) { return found_.variables.text(name); };
    const Lookup earlier = [&](const std::string& name) { return read.text(name); };
    for (const std::string& file : files) {
      const std::optional<std::string> text = outside_.read(file);
      if (!text && is_named)
        throw NotFound(ErrorCode::file_not_found, format("there is no file {}", printable(file)),
                       "It is named by --env-file or COMPOSE_ENV_FILES.");
      if (!text) continue;
      loading_.project.env_files.push_back(file);
      for (EnvLine& line : read_env_file(*text, file, ours, earlier, loading_))
        if (line.value) read.set(line.name, {*line.value, format("{}:{}", file, line.where.line)});
    }
    read.each([&](const std::string& name, const Variables::Value& value) { found_.variables.offer(name, value); });
  }

  const Request& request_;
  const Outside& outside_;
  Loading& loading_;
  Found found_;
  bool named_are_read_ = false;
};

bool may_be_in_project_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string normal_name(const std::string& text) {
  std::string name = lower(text);
  std::erase_if(name, [](char c) { return !may_be_in_project_name(c); });
  const size_t start = name.find_first_not_of("_-");
  return start == std::string::npos ? std::string() : name.substr(start);
}

std::string required_name(const std::string& name, std::string_view given_by) {
  if (normal_name(name) == name && !name.empty()) return name;
  throw UsageError(ErrorCode::bad_name,
                   format("the project's name '{}' of {} is not allowed", printable(name), given_by),
                   "A name has small letters, digits, - and _, and begins with a letter or digit.");
}

}  // namespace

Found find_project(const Request& request, const Outside& outside, Loading& loading) {
  return Finding(request, outside, loading).result();
}

std::string name_of(const Request& request, const Found& found, const std::vector<SourceFile>& files,
                    Loading& loading) {
  if (request.name && !request.name->empty()) return required_name(*request.name, "-p");
  const std::optional<std::string> variable = found.variables.text("COMPOSE_PROJECT_NAME");
  if (variable && !variable->empty()) return required_name(*variable, "COMPOSE_PROJECT_NAME");
  std::string name;
  SourcePosition where;
  for (const SourceFile& file : files)
    for (const Node& document : file.documents) {
      const Node* written = document.find("name");
      if (written == nullptr || !written->is_text()) continue;
      Node worked = *written;
      work_out(worked, found.variables, loading);
      if (worked.raw().empty()) continue;
      name = normal_name(worked.raw());
      where = worked.where();
      if (name.empty())
        throw ConfigError(where, format("the name '{}' has no letter and no digit", printable(worked.raw())));
    }
  if (!name.empty()) return name;
  name = normal_name(found.folder.filename().string());
  if (name.empty())
    throw UsageError(ErrorCode::bad_name, format("the folder {} gives the project no name", found.folder.string()),
                     "Write name: NAME in the file, or give -p NAME.");
  return name;
}

std::vector<std::string> profiles_of(const Request& request, const Variables& variables) {
  if (!request.profiles.empty()) return request.profiles;
  std::vector<std::string> profiles;
  for (const std::string& profile : split(variables.text("COMPOSE_PROFILES").value_or(""), ','))
    if (const std::string_view name = trim(profile); !name.empty()) profiles.emplace_back(name);
  return profiles;
}

const std::vector<std::string>& project_file_names() {
  return project_names;
}

bool is_project_folder(const fs::path& folder, const Outside& outside) {
  for (const std::string& name : project_names)
    if (outside.read(folder / name)) return true;
  return false;
}

}  // namespace belay::formats::compose
