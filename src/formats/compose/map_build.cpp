#include <algorithm>

#include "base/format.h"
#include "formats/compose/map_keys.h"
#include "formats/compose/map_parts.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

// The image may be there all the same: then nothing is built, and a remark is enough.
void add_obstacle(Mapping& mapping, Build& build, const Node& at, const std::string& key, ErrorCode code,
                  std::string_view text, std::string_view hint) {
  ConfigError error(at.where(), format("{} {}", key, text), std::string(hint));
  error.set_code(code);
  build.obstacles.push_back(std::move(error));
  mapping.remark(at, key, format("{}: the image is used if it is there, and cannot be built here", text));
}

bool asks_for_something(const Node& value) {
  if (value.is_map() || value.is_list()) return !value.members().empty() || !value.items().empty();
  return !value.is_null() && !(value.kind() == Node::Kind::boolean && value.raw() == "false");
}

void find_obstacles(Mapping& mapping, const ServiceBlock& block, const Node& node, Build& build) {
  for (const Member& member : node.members()) {
    const KeyRule* rule = find_rule("services.*.build." + member.key);
    if (rule != nullptr && rule->treatment == Treatment::unbuilt && asks_for_something(member.value))
      add_obstacle(mapping, build, member.value, block.path("build." + member.key), rule->code, rule->text, rule->hint);
  }
  if (texts_of(node, "platforms").size() > 1)
    add_obstacle(mapping, build, *node.find("platforms"), block.path("build"), ErrorCode::needs_buildx,
                 "for several platforms needs docker buildx", "Name the one that this host runs.");
  if (const Node* isolation = node.find("isolation");
      isolation != nullptr && isolation->as_scalar("isolation") != "default")
    add_obstacle(mapping, build, *isolation, block.path("build.isolation"), ErrorCode::windows_only,
                 "is for Windows containers only", "Leave it out.");
  if (build.is_remote())
    add_obstacle(mapping, build, node, block.path("build"), ErrorCode::bad_definition,
                 "has a context that is not a folder of this host",
                 "Fetch it (git clone), and name the folder; or build the image elsewhere, and name it: image: NAME.");
}

// As `docker build --secret` has it: "id=token,src=/srv/token" or "id=token,env=TOKEN".
void map_secret(Mapping& mapping, const ServiceBlock& block, const Node& use, Build& build) {
  const std::string source = text_of(use, "source");
  const std::string target = text_of(use, "target");
  const Node* definition = mapping.definition("secrets", source);
  if (definition == nullptr)
    refuse_key(use, ErrorCode::bad_definition, format("there is no {} in \"secrets\"", source),
               "Define it at the top level, with file or environment.");
  const std::string id = target.empty() ? source : target;
  if (const std::string file = text_of(*definition, "file"); !file.empty())
    build.secrets.push_back(format("id={},src={}", id, file));
  else if (const std::string variable = text_of(*definition, "environment"); !variable.empty())
    build.secrets.push_back(format("id={},env={}", id, variable));
  else
    add_obstacle(mapping, build, *definition, block.path("build.secrets"), ErrorCode::needs_buildx,
                 format("have {}, which is written out: a build cannot take it", source),
                 "Give it a file or a variable.");
}

std::map<std::string, std::string> arguments_of(const Node& build) {
  std::map<std::string, std::string> arguments;
  for (const Member& member : members_of(build, "args"))
    if (!member.value.is_null()) arguments[member.key] = member.value.as_scalar("args");
  return arguments;
}

}  // namespace

bool Build::is_remote() const {
  return !context.starts_with('/');
}

void map_build(Mapping& mapping, const ServiceBlock& block) {
  const Node* node = block_of(block.node, "build");
  if (node == nullptr) return;
  Build build{node->where(), text_of(*node, "context")};
  build.dockerfile = text_of(*node, "dockerfile");
  build.dockerfile_inline = text_of(*node, "dockerfile_inline");
  build.target = text_of(*node, "target");
  build.network = text_of(*node, "network");
  build.arguments = arguments_of(*node);
  build.labels = pairs_of(*node, "labels");
  build.tags = texts_of(*node, "tags");
  build.cache_from = texts_of(*node, "cache_from");
  for (std::string entry : texts_of(*node, "extra_hosts")) {
    if (const size_t equals = entry.find('='); equals != std::string::npos) entry[equals] = ':';
    build.extra_hosts.push_back(entry);
  }
  for (const Node& use : items_of(*node, "secrets")) map_secret(mapping, block, use, build);
  build.shm_size = bytes_of(*node, "shm_size");
  build.ulimits = ulimits_of(*node);
  build.no_cache = is_true(*node, "no_cache");
  build.pull = is_true(*node, "pull");
  const auto platforms = texts_of(*node, "platforms");
  build.platform = platforms.empty() ? text_of(block.node, "platform") : platforms.front();
  find_obstacles(mapping, block, *node, build);
  if (!build.dockerfile.empty() && !build.dockerfile_inline.empty())
    throw ConfigError(node->find("dockerfile_inline")->where(), "dockerfile and dockerfile_inline exclude each other");
  mapping.mapped.builds.emplace(block.name, std::move(build));
}

}  // namespace belay::formats::compose
