#include "formats/compose/layers.h"

#include "base/text.h"
#include "document/yaml.h"
#include "formats/compose/env_file.h"
#include "formats/compose/merge.h"
#include "formats/compose/paths.h"
#include "formats/compose/shape.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

// No real project comes near either; each step of a chain takes room on the stack, and each inclusion time.
constexpr std::size_t longest_chain = 100, most_inclusions = 1000;

std::string content_of(const std::string& path, const SourcePosition& named_at, Loading& loading) {
  if (path == "-") return loading.outside.standard_input();
  std::optional<std::string> text = loading.outside.read(path);
  if (text) return *text;
  const std::string message = format("there is no file {}", printable(path));
  if (named_at.file.empty())
    throw NotFound(ErrorCode::file_not_found, message, "Look at the paths after -f, and at COMPOSE_FILE.");
  throw ConfigError(named_at, message, "The path counts from the folder of the project.");
}

void refuse_remote(const std::string& path, const SourcePosition& named_at) {
  if (!is_remote(path)) return;
  ConfigError error(named_at, format("{} is not a file of this machine, and Belay reads no others", printable(path)),
                    "Fetch it, and name the copy.");
  error.set_code(ErrorCode::unsupported);
  throw error;
}

// The path of another file, from the folder that it counts from.
std::string named_path(const Node& path, const fs::path& folder, const Loading& loading) {
  refuse_remote(path.raw(), path.where());
  return absolute_path(path.raw(), folder, loading.outside.home).string();
}

[[noreturn]] void refuse_circle(const std::vector<std::string>& steps, std::string_view word,
                                const SourcePosition& where) {
  std::string text = steps[0];
  for (size_t i = 1; i < steps.size(); ++i) text += format(" {} {}", word, steps[i]);
  throw ConfigError(where, "circle: " + text);
}

class Extending {
 public:
  Extending(const Variables& variables, Loading& loading) : variables_(variables), loading_(loading) {}

  void extend(const std::string& name, Node& services, const std::string& file, const fs::path& folder) {
    Node* service = services.find(name);
    const Node* extends = service->find("extends");
    if (extends == nullptr || extends->mark() == Node::Mark::reset) return;
    const std::string step = format("{} of {}", name, file);
    for (const std::string& before : chain_)
      if (before == step) {
        chain_.push_back(step);
        refuse_circle(chain_, "extends", extends->where());
      }
    if (chain_.size() >= longest_chain)
      throw ConfigError(extends->where(), format("\"extends\" leads through more than {} services", longest_chain));
    chain_.push_back(step);
    Node base = base_of(*extends, services, file, folder);
    chain_.pop_back();
    base.remove("extends");
    drop_marks(base);
    service = services.find(name);
    service->remove("extends");
    static const Shape shape = service_shape();
    lay_over(base, std::move(*service), shape);
    *service = std::move(base);
  }

 private:
  // A copy of the service that is extended, with what it extends itself.
  Node base_of(const Node& extends, Node& services, const std::string& file, const fs::path& folder) {
    const Node* wanted = extends.find("service");
    if (wanted == nullptr) throw ConfigError(extends.where(), "\"extends\" must have a \"service\"");
    const SourcePosition where = wanted->where();
    const std::string name = wanted->raw();
    const Node* path = extends.find("file");
    if (path == nullptr) return found(name, services, file, folder, where);
    const std::string other = named_path(*path, folder, loading_);
    return found(name, services_of(other, path->where()), other, fs::path(other).parent_path(), where);
  }

  Node found(const std::string& name, Node& services, const std::string& file, const fs::path& folder,
             const SourcePosition& where) {
    const Node* service = services.find(name);
    if (service == nullptr || !service->is_map()) {
      std::vector<std::string> names;
      for (const Member& member : services.members()) names.push_back(member.key);
      throw ConfigError(where, format("there is no service '{}' in {}", printable(name), file),
                        did_you_mean(name, names));
    }
    extend(name, services, file, folder);
    return *services.find(name);
  }

  Node& services_of(const std::string& file, const SourcePosition& named_at) {
    const auto known = loading_.extended_files.find(file);
    if (known != loading_.extended_files.end()) return known->second;
    loading_.include(file);
    Node model = Node::map();
    for (Node& document : read_source(file, named_at, loading_).documents) {
      work_out(document, variables_, loading_);
      bring_into_shape(document, project_shape(), "", loading_);
      lay_over(model, std::move(document), project_shape());
      drop_marks(model);
    }
    make_paths_absolute(model, fs::path(file).parent_path(), loading_.outside.home);
    Node* services = model.find("services");
    return loading_.extended_files[file] = services == nullptr ? Node::map() : std::move(*services);
  }

  const Variables& variables_;
  Loading& loading_;
  std::vector<std::string> chain_;
};

// What the included project's own files of variables give, below ours.
Variables variables_of_included(const Node& entry, const fs::path& project, const fs::path& folder,
                                const Variables& ours, Loading& loading) {
  Variables variables = ours;
  std::vector<std::string> files;
  const Node* named = entry.find("env_file");
  if (named != nullptr)
    for (const Node& file : named->items()) files.push_back(named_path(file, folder, loading));
  else
    files.push_back((project / ".env").string());
  Variables theirs;
  const Lookup our_value = [&](const std::string& name) { return ours.text(name); };
  const Lookup earlier = [&](const std::string& name) { return theirs.text(name); };
  for (const std::string& file : files) {
    const std::optional<std::string> text = loading.outside.read(file);
    if (!text && named != nullptr && file != "/dev/null")
      throw ConfigError(named->where(), format("there is no file {}", printable(file)));
    if (!text) continue;
    loading.read(file);
    for (EnvLine& line : read_env_file(*text, file, our_value, earlier, loading))
      if (line.value) theirs.set(line.name, {*line.value, line.where.text()});
  }
  theirs.each([&](const std::string& name, const Variables::Value& value) { variables.offer(name, value); });
  return variables;
}

// One entry of "include" as a tree.
Node included(const Node& entry, const fs::path& folder, const Variables& variables, Loading& loading,
              std::vector<std::string> chain) {
  const Node& paths = *entry.find("path");
  std::vector<SourceFile> files;
  fs::path project;
  for (const Node& path : paths.items()) {
    const std::string file = named_path(path, folder, loading);
    for (size_t i = 0; i < chain.size(); ++i)
      if (chain[i] == file) {
        chain.push_back(file);
        refuse_circle({chain.begin() + static_cast<std::ptrdiff_t>(i), chain.end()}, "includes", path.where());
      }
    if (files.empty()) project = fs::path(file).parent_path();
    files.push_back(read_source(file, path.where(), loading));
    loading.include(file);
  }
  for (const SourceFile& file : files) chain.push_back(file.path);
  loading.inclusions += files.size();
  if (loading.inclusions > most_inclusions || chain.size() > longest_chain)
    throw ConfigError(entry.where(),
                      chain.size() > longest_chain
                          ? format("\"include\" leads through more than {} files", longest_chain)
                          : format("more than {} files are included", most_inclusions),
                      "A file that several others include counts once for each of them.");
  if (const Node* other = entry.find("project_directory")) project = named_path(*other, folder, loading);
  Node model = laid_over(std::move(files), project, variables_of_included(entry, project, folder, variables, loading),
                         loading, chain);
  name_build_contexts(model);
  make_paths_absolute(model, project, loading.outside.home);
  return model;
}

void note_replaced(const Node& theirs, const Node& ours, const std::string& section, Loading& loading) {
  for (const Member& member : theirs.members())
    if (const Node* own = ours.find(member.key))
      loading.notice(Notice::Kind::replaced, own->where().line > 0 ? own->where() : member.key_where,
                     format("\"{}.{}\" is laid over the one of the included file {}", section, printable(member.key),
                            member.key_where.text()));
}

}  // namespace

bool is_remote(std::string_view path) {
  for (const std::string_view start : {"oci://", "git://", "http://", "https://", "ssh://", "git@", "github.com/"})
    if (path.starts_with(start)) return true;
  return path.ends_with(".git") || path.find(".git#") != std::string_view::npos;
}

SourceFile read_source(const std::string& path, const SourcePosition& named_at, Loading& loading) {
  SourceFile file{path, document::read_yaml(content_of(path, named_at, loading), path, {.marks = true})};
  std::erase_if(file.documents, [](const Node& document) { return document.is_null(); });
  for (const Node& document : file.documents)
    if (!document.is_map())
      throw ConfigError(document.where(), format("a Compose file is a map of keys, not {}", document.kind_name()));
  if (file.documents.empty())
    throw ConfigError({path, 0, 0}, "the file is empty", "A Compose file has at least \"services\".");
  return file;
}

void extend_services(Node& services, const std::string& file, const fs::path& folder, const Variables& variables,
                     Loading& loading) {
  std::vector<std::string> names;
  for (const Member& member : services.members())
    if (member.value.find("extends") != nullptr) names.push_back(member.key);
  for (const std::string& name : names) Extending(variables, loading).extend(name, services, file, folder);
}

void include_files(Node& document, const fs::path& folder, const Variables& variables, Loading& loading,
                   const std::vector<std::string>& chain) {
  const Node* include = document.find("include");
  if (include == nullptr) return;
  const Node entries = *include;
  document.remove("include");
  for (const Node& entry : entries.items()) {
    if (entry.find("path") == nullptr) throw ConfigError(entry.where(), "an entry of \"include\" must have a \"path\"");
    Node theirs = included(entry, folder, variables, loading, chain);
    for (const char* section : {"services", "networks", "volumes", "configs", "secrets", "models"}) {
      Node* below = theirs.find(section);
      if (below == nullptr) continue;
      Node* ours = document.find(section);
      if (ours == nullptr) {
        document.add_member({section, entry.where(), std::move(*below)});
        continue;
      }
      note_replaced(*below, *ours, section, loading);
      static const Shape& whole = project_shape();
      Node over = Node::map();
      over.add_member({section, entry.where(), std::move(*ours)});
      Node base = Node::map();
      base.add_member({section, entry.where(), std::move(*below)});
      lay_over(base, std::move(over), whole);
      document.set(section, std::move(*base.find(section)));
    }
  }
}

Node laid_over(std::vector<SourceFile> files, const fs::path& folder, const Variables& variables, Loading& loading,
               std::vector<std::string> chain) {
  if (chain.empty())
    for (const SourceFile& file : files) chain.push_back(file.path);
  Node model = Node::map();
  for (SourceFile& file : files) {
    for (Node& document : file.documents) {
      work_out(document, variables, loading);
      bring_into_shape(document, project_shape(), "", loading);
      include_files(document, folder, variables, loading, chain);
      if (Node* services = document.find("services")) extend_services(*services, file.path, folder, variables, loading);
      lay_over(model, std::move(document), project_shape());
      drop_marks(model);
    }
  }
  return model;
}

}  // namespace belay::formats::compose
