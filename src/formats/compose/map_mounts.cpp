#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/compose/map_parts.h"

namespace belay::formats::compose {

namespace {

using document::Node;

std::string volume_name(const Mapping& mapping, const Node& at, const std::string& key) {
  const Node* definition = mapping.definition("volumes", key);
  if (definition == nullptr)
    refuse_key(at, ErrorCode::bad_definition, format("there is no volume {} in \"volumes\"", key),
               format("Define it at the top level (volumes: {{{}: }}), or write ./{} for a folder.", key, key));
  const std::string name = text_of(*definition, "name");
  return name.empty() ? format("{}_{}", mapping.project.name, key) : name;
}

void add_option(Mount& mount, const std::string& word) {
  if (word.empty()) return;
  mount.options += (mount.options.empty() ? "" : ",") + word;
}

// Modes of a short form for which the long form has no word.
void add_modes(Mapping& mapping, const ServiceBlock& block, const Node& node, Mount& mount) {
  static const std::vector<std::string> known{"z",      "Z",       "nocopy", "private", "rprivate",
                                              "shared", "rshared", "slave",  "rslave"};
  for (const auto& word : texts_of(node, "options")) {
    if (word == "ro")
      mount.read_only = true;
    else if (std::find(known.begin(), known.end(), word) != known.end())
      add_option(mount, word);
    else if (word != "rw")
      mapping.remark(node, block.path("volumes"), format("the mode {} of {} has no effect", word, mount.target));
  }
}

void map_bind(Mount& mount, const Node& node) {
  mount.kind = Mount::Kind::bind;
  mount.source = text_of(node, "source");
  const Node* bind = block_of(node, "bind");
  if (bind == nullptr) return;
  add_option(mount, text_of(*bind, "selinux"));
  add_option(mount, text_of(*bind, "propagation"));
  mount.must_exist = !boolean_of(*bind, "create_host_path").value_or(true);
  const std::string recursive = text_of(*bind, "recursive");
  if (recursive != "enabled") mount.recursive = recursive;
  if (!mount.recursive.empty() && mount.recursive != "disabled" && mount.recursive != "writable" &&
      mount.recursive != "readonly")
    throw ConfigError(bind->find("recursive")->where(),
                      format("recursive is enabled, disabled, writable or readonly, not '{}'", mount.recursive));
  if (mount.must_exist && mount.options.find_first_of("zZ") != std::string::npos)
    refuse_key(*bind, ErrorCode::unsupported,
               format("the mount for {}: the engine cannot label a path and refuse to make it at once", mount.target),
               "Leave out selinux, or create_host_path.");
}

void map_volume(Mapping& mapping, const ServiceBlock& block, Mount& mount, const Node& node) {
  const std::string key = text_of(node, "source");
  if (!key.empty()) mount.source = volume_name(mapping, node, key);
  if (const Node* bind = block_of(node, "bind")) add_option(mount, text_of(*bind, "selinux"));
  const Node* volume = block_of(node, "volume");
  if (volume == nullptr) return;
  if (is_true(*volume, "nocopy")) add_option(mount, "nocopy");
  mount.subpath = text_of(*volume, "subpath");
  const auto labels = pairs_of(*volume, "labels");
  if (key.empty())
    mount.labels = labels;
  else if (!labels.empty())
    mapping.remark(*volume, block.path("volumes"),
                   format("labels of {} belong to its definition; here they have no effect", key));
}

// Settings for another type of mount. A volume has its label for SELinux among those of a bind.
void remark_on_other_types(Mapping& mapping, const ServiceBlock& block, const Node& node, const std::string& type,
                           const std::string& target) {
  for (const std::string other : {"bind", "volume", "tmpfs", "image"}) {
    if (other == type || block_of(node, other) == nullptr) continue;
    for (const auto& [key, where, value] : members_of(node, other))
      if (type != "volume" || key != "selinux")
        mapping.remark(value, block.path("volumes"),
                       format("{}.{} has no effect: the mount for {} is of type {}", other, key, target, type));
  }
}

Mount mapped_mount(Mapping& mapping, const ServiceBlock& block, const Node& node) {
  Mount mount;
  mount.target = text_of(node, "target");
  if (!mount.target.starts_with('/'))
    refuse_key(node, ErrorCode::bad_definition,
               format("{}: '{}' is no absolute path in the container", block.path("volumes"), printable(mount.target)),
               "Begin the target with /. A comma in […] begins another entry: put the entry in quotes.");
  mount.read_only = is_true(node, "read_only");
  const std::string type = text_of(node, "type");
  if (type == "npipe")
    refuse_key(node, ErrorCode::windows_only, format("the mount for {} is a pipe of Windows", mount.target),
               "Leave it out.");
  if (type == "cluster")
    refuse_key(node, ErrorCode::needs_swarm, format("the mount for {} is a volume of Swarm", mount.target),
               "Take a volume of type volume.");
  if (type == "bind") {
    map_bind(mount, node);
  } else if (type == "volume") {
    map_volume(mapping, block, mount, node);
  } else if (type == "tmpfs") {
    mount.kind = Mount::Kind::tmpfs;
    if (const Node* memory = block_of(node, "tmpfs")) {
      if (const auto size = whole_of(*memory, "size"); size && *size > 0) add_option(mount, format("size={}", *size));
      if (const auto mode = whole_of(*memory, "mode"); mode && *mode > 0) add_option(mount, format("mode={:o}", *mode));
    }
  } else if (type == "image") {
    mount.kind = Mount::Kind::image;
    mount.source = text_of(node, "source");
    if (const Node* image = block_of(node, "image")) mount.subpath = text_of(*image, "subpath");
  } else {
    throw ConfigError(node.where(), format("the type of a mount is volume, bind, tmpfs or image, not '{}'", type));
  }
  add_modes(mapping, block, node, mount);
  remark_on_other_types(mapping, block, node, type, mount.target);
  return mount;
}

// "/run:size=64m,ro"
Mount temporary_mount(const std::string& text) {
  Mount mount;
  mount.kind = Mount::Kind::tmpfs;
  const size_t colon = text.find(':');
  mount.target = text.substr(0, colon);
  if (colon == std::string::npos) return mount;
  for (const auto& word : split(text.substr(colon + 1), ',')) {
    if (word == "ro")
      mount.read_only = true;
    else if (word != "rw")
      add_option(mount, word);
  }
  return mount;
}

std::string file_target(const std::string& asked, const std::string& name, const std::string& folder) {
  const std::string target = asked.empty() ? name : asked;
  return target.starts_with('/') ? target : folder + target;
}

int owner_of(const Node& node, std::string_view key) {
  const std::string text = text_of(node, key);
  if (text.empty()) return 0;
  const auto number = parse_number(text);
  if (!number || *number < 0 || *number > 4'294'967'294)
    throw ConfigError(node.find(key)->where(), format("{} is a number, not '{}'", key, text));
  return static_cast<int>(*number);
}

void map_file(Mapping& mapping, const ServiceBlock& block, Service& service, const Node& use, std::string_view of) {
  const bool is_secret = of == "secrets";
  const std::string source = text_of(use, "source");
  const Node* definition = mapping.definition(of, source);
  if (definition == nullptr)
    refuse_key(use, ErrorCode::bad_definition, format("there is no {} in \"{}\"", source, of),
               format("Define it at the top level, with file, environment or content."));
  const std::string target = file_target(text_of(use, "target"), source, is_secret ? "/run/secrets/" : "/");
  if (const std::string file = text_of(*definition, "file"); !file.empty()) {
    Mount mount;
    mount.kind = Mount::Kind::bind;
    mount.source = file;
    mount.target = target;
    mount.read_only = true;
    // A folder made in its place would be read instead.
    mount.must_exist = true;
    service.mounts.push_back(mount);
    for (const char* key : {"uid", "gid", "mode"})
      if (const Node* node = use.find(key))
        mapping.remark(*node, format("{}.{}", block.path(of), key),
                       format("has no effect: {} is a file of the host, and keeps its owner and mode", source));
    return;
  }
  const Node* content = definition->find("content");
  if (content == nullptr)
    refuse_key(*definition, ErrorCode::bad_definition, format("{}.{} has no content", of, source),
               "Give it a file, its content, or a variable that is set.");
  if (service.read_only)
    refuse_key(use, ErrorCode::bad_definition,
               format("{} is to be written into {}, whose file system is read-only", source, block.name),
               "Use \"file:\" for it: a file of the host can be bound.");
  ServiceFile file;
  file.target = target;
  file.content = content->as_scalar("content");
  file.uid = owner_of(use, "uid");
  file.gid = owner_of(use, "gid");
  if (const auto mode = number_of(use, "mode")) file.mode = *mode;
  service.files.push_back(file);
}

}  // namespace

void map_mounts(Mapping& mapping, const ServiceBlock& block, Service& service) {
  for (const Node& node : items_of(block.node, "volumes")) service.mounts.push_back(mapped_mount(mapping, block, node));
  for (const auto& text : texts_of(block.node, "tmpfs")) service.mounts.push_back(temporary_mount(text));
}

void map_files(Mapping& mapping, const ServiceBlock& block, Service& service) {
  for (const char* of : {"configs", "secrets"})
    for (const Node& use : items_of(block.node, of)) {
      map_file(mapping, block, service, use, of);
      const Node* definition = mapping.definition(of, text_of(use, "source"));
      if (const std::string file = text_of(*definition, "file"); !file.empty()) mapping.watch(file);
    }
}

}  // namespace belay::formats::compose
