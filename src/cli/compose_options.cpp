#include "cli/compose_options.h"

#include <unistd.h>

#include "base/files.h"

namespace belay::cli {

namespace {

std::map<std::string, std::string> environment_of_process() {
  std::map<std::string, std::string> variables;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (const size_t equals = text.find('='); equals != std::string::npos)
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

bool is_yaml(const std::string& word) {
  return word.ends_with(".yaml") || word.ends_with(".yml");
}

}  // namespace

formats::compose::Outside compose_outside() {
  return formats::compose::this_machine(environment_of_process());
}

formats::compose::Request compose_request(const Invocation& in, const std::optional<std::string>& place) {
  formats::compose::Request request;
  const ProjectWords whole = in.session.project.value_or(ProjectWords{});
  const auto list = [&](std::string_view option, const std::vector<std::string>& otherwise) {
    const auto own = in.command.find_option(option) == nullptr ? std::vector<std::string>{} : in.list(option);
    return own.empty() ? otherwise : own;
  };
  const auto text = [&](std::string_view option, const std::optional<std::string>& otherwise) {
    const auto own = in.command.find_option(option) == nullptr ? std::nullopt : in.text(option);
    return own ? own : otherwise;
  };
  request.files = list("file", whole.files);
  if (place && is_yaml(*place))
    request.files.insert(request.files.begin(), *place);
  else if (place)
    request.folder = plain_absolute(*place);
  if (request.folder && !request.files.empty())
    throw in.usage_error("a folder and --file exclude each other: name the files with their paths");
  for (const auto& file : list("env-file", whole.env_files)) request.env_files.emplace_back(fs::absolute(file));
  request.profiles = list("profile", whole.profiles);
  // All of them are listed, also those that are not switched on.
  if (in.command.find_option("profiles") != nullptr && in.has("profiles")) request.profiles = {"*"};
  request.name = text("project-name", whole.name);
  if (const auto folder = text("project-directory", whole.folder)) request.project_folder = fs::absolute(*folder);
  return request;
}

formats::compose::Request request_for_app(const Invocation& in, const AppName& app, const Project& made_from) {
  formats::compose::Request request = compose_request(in, {});
  request.files = made_from.files;
  request.project_folder = made_from.folder;
  request.name = app.text();
  if (request.env_files.empty())
    for (const auto& file : made_from.env_files)
      if (file != (fs::path(made_from.folder) / ".env").string()) request.env_files.emplace_back(file);
  if (request.profiles.empty()) request.profiles = made_from.profiles;
  return request;
}

bool names_project(const Invocation& in) {
  if (in.command.find_option("file") != nullptr && !in.list("file").empty()) return true;
  const formats::compose::Outside outside = compose_outside();
  if (outside.environment.contains("COMPOSE_FILE")) return true;
  for (fs::path folder = outside.folder;; folder = folder.parent_path()) {
    if (formats::compose::is_project_folder(folder, outside)) return true;
    if (folder == folder.root_path()) return false;
  }
}

void lead_on_without_project(const Invocation& in, std::string_view instead) {
  for (const std::string_view option : {"project-directory", "project-name"})
    if (in.command.find_option(option) != nullptr && in.has(option)) return;
  if (in.session.project || names_project(in)) return;
  throw NotFound(ErrorCode::file_not_found,
                 format("there is no Compose file in {} or a folder above it", compose_outside().folder.string()),
                 format("{}; a Compose file elsewhere is named with -f.", instead));
}

bool is_compose_project(const std::string& word) {
  std::error_code unknown;
  if (fs::is_directory(word, unknown))
    return formats::compose::is_project_folder(plain_absolute(word), compose_outside());
  return is_yaml(word);
}

}  // namespace belay::cli
