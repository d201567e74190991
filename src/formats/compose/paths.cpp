#include "formats/compose/paths.h"

#include "formats/compose/layers.h"
#include "formats/compose/values.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

class Absolute {
 public:
  Absolute(const fs::path& folder, const fs::path& home) : folder_(folder), home_(home) {}

  void path(Node* node) const {
    if (node == nullptr || !node->is_text() || node->raw().empty()) return;
    const SourcePosition where = node->where();
    const Node::Mark mark = node->mark();
    *node = Node::text(absolute_path(node->raw(), folder_, home_).string());
    node->set_where(where);
    node->set_mark(mark);
  }

  void context(Node* node) const {
    if (node == nullptr || is_remote(node->raw()) || node->raw().find("://") != std::string::npos) return;
    path(node);
  }

  void service(Node& service) const {
    if (Node* build = service.find("build")) {
      context(build->find("context"));
      if (Node* contexts = build->find("additional_contexts"))
        for (Member& member : contexts->members())
          if (!member.value.raw().starts_with("service:")) context(&member.value);
    }
    if (Node* files = service.find("env_file"))
      for (Node& file : files->items()) path(file.find("path"));
    if (Node* files = service.find("label_file"))
      for (Node& file : files->items()) path(&file);
    if (Node* extends = service.find("extends")) path(extends->find("file"));
    if (Node* develop = service.find("develop"))
      if (Node* watch = develop->find("watch"))
        for (Node& rule : watch->items()) path(rule.find("path"));
    if (Node* volumes = service.find("volumes"))
      for (Node& volume : volumes->items())
        if (const Node* type = volume.find("type"); type != nullptr && type->raw() == "bind")
          path(volume.find("source"));
  }

  // The local driver's way to bind a folder.
  void volume(Node& volume) const {
    Node* options = volume.find("driver_opts");
    const Node* driver = volume.find("driver");
    if (options == nullptr || (driver != nullptr && driver->raw() != "local")) return;
    const Node* kind = options->find("o");
    if (kind != nullptr && kind->raw() == "bind") path(options->find("device"));
  }

 private:
  const fs::path& folder_;
  const fs::path& home_;
};

}  // namespace

fs::path absolute_path(const std::string& path, const fs::path& folder, const fs::path& home) {
  fs::path result = path;
  if (path == "~") result = home;
  if (path.starts_with("~/")) result = home / path.substr(2);
  std::string clean = (folder / result).lexically_normal().string();
  if (clean.size() > 1 && clean.ends_with('/')) clean.pop_back();
  return clean;
}

void name_build_contexts(Node& model) {
  Node* services = model.find("services");
  if (services == nullptr) return;
  for (Member& member : services->members())
    if (Node* build = member.value.find("build");
        build != nullptr && build->is_map() && build->find("context") == nullptr)
      put(*build, "context", Node::text("."), *build);
}

void make_paths_absolute(Node& model, const fs::path& folder, const fs::path& home) {
  const Absolute absolute(folder, home);
  if (Node* services = model.find("services"))
    for (Member& member : services->members()) absolute.service(member.value);
  if (Node* volumes = model.find("volumes"))
    for (Member& member : volumes->members()) absolute.volume(member.value);
  for (const char* section : {"configs", "secrets"})
    if (Node* files = model.find(section))
      for (Member& member : files->members()) absolute.path(member.value.find("file"));
}

}  // namespace belay::formats::compose
