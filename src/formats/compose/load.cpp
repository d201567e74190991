#include <unistd.h>

#include "formats/compose/complete.h"
#include "formats/compose/consistency.h"
#include "formats/compose/find_project.h"
#include "formats/compose/layers.h"
#include "formats/compose/merge.h"
#include "formats/compose/paths.h"
#include "formats/compose/shape.h"
#include "model/no_service.h"

namespace belay::formats::compose {

namespace {

using document::Node;

constexpr ByteCount largest_file{4 << 20};

std::string all_of_standard_input() {
  std::string text;
  char buffer[65536];
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("reading standard input", errno);
    text.append(buffer, static_cast<size_t>(count));
    if (text.size() > static_cast<size_t>(largest_file.value)) return text;  // the reader refuses it with its limit
  }
}

void set_scale(Node& model, const std::map<std::string, int>& scale, const Project& project) {
  for (const auto& [name, count] : scale) {
    Node* service = model.find("services")->find(name);
    if (service == nullptr) {
      std::vector<std::string> known;
      for (const auto& each : model.find("services")->members()) known.push_back(each.key);
      refuse_service(project.name, name, known);
    }
    service->set("scale", Node::number(count));
    if (Node* deploy = service->find("deploy"); deploy != nullptr && deploy->find("replicas") != nullptr)
      deploy->set("replicas", Node::number(count));
  }
}

}  // namespace

Outside this_machine(std::map<std::string, std::string> environment) {
  Outside outside;
  outside.folder = fs::current_path();
  outside.home = home_folder();
  outside.environment = std::move(environment);
  outside.read = [](const fs::path& path) -> std::optional<std::string> {
    if (path == "/dev/null") return std::string();
    if (std::error_code ignored; fs::is_directory(path, ignored)) return std::nullopt;
    return read_file_if_present(path, ByteCount{64 << 20});
  };
  outside.standard_input = all_of_standard_input;
  return outside;
}

Project load(const Request& request, const Outside& outside) {
  Project project;
  Loading loading{outside, project, {}, {}, {}, 0, {}};
  Found found = find_project(request, outside, loading);
  std::vector<SourceFile> files;
  for (const std::string& file : found.files) files.push_back(read_source(file, {}, loading));
  project.files = found.files;
  project.folder = found.folder;
  project.name = name_of(request, found, files, loading);
  found.variables.set("COMPOSE_PROJECT_NAME", {project.name, "project name"});
  project.profiles = profiles_of(request, found.variables);
  found.variables.each(
      [&](const std::string& name, const Variables::Value& value) { project.environment[name] = value.text; });

  Node model = laid_over(std::move(files), project.folder, found.variables, loading);
  if (model.find("services") == nullptr) model.set("services", Node::map());
  check_shape(model, project_shape(), "");
  apply_profiles(model, request, loading);
  set_scale(model, request.scale, project);
  complete(model, loading);
  make_paths_absolute(model, project.folder, outside.home);
  check_consistency(model, loading);
  fill_in_variables(model, found.variables, loading);
  project.root = std::move(model);
  return project;
}

}  // namespace belay::formats::compose
