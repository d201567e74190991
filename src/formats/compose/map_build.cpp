#include <algorithm>

#include "base/format.h"
#include "formats/compose/map_parts.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

// As `docker build --secret` has it: "id=token,src=/srv/token" or "id=token,env=TOKEN".
std::string mapped_secret(const Mapping& mapping, const Node& use) {
  const std::string source = text_of(use, "source");
  const std::string target = text_of(use, "target");
  const Node* definition = mapping.definition("secrets", source);
  if (definition == nullptr)
    refuse_key(use, ErrorCode::bad_definition, format("there is no {} in \"secrets\"", source),
               "Define it at the top level, with file or environment.");
  const std::string id = target.empty() ? source : target;
  if (const std::string file = text_of(*definition, "file"); !file.empty()) return format("id={},src={}", id, file);
  if (const std::string variable = text_of(*definition, "environment"); !variable.empty())
    return format("id={},env={}", id, variable);
  refuse_key(*definition, ErrorCode::needs_buildx,
             format("the secret {} is written out, which a build cannot take", source),
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
  for (const Node& use : items_of(*node, "secrets")) build.secrets.push_back(mapped_secret(mapping, use));
  build.shm_size = bytes_of(*node, "shm_size");
  build.ulimits = ulimits_of(*node);
  build.no_cache = is_true(*node, "no_cache");
  build.pull = is_true(*node, "pull");
  const auto platforms = texts_of(*node, "platforms");
  if (platforms.size() > 1)
    refuse_key(*node->find("platforms"), ErrorCode::needs_buildx,
               format("{} for several platforms needs docker buildx", block.path("build")),
               "Name the one that this host runs.");
  build.platform = platforms.empty() ? text_of(block.node, "platform") : platforms.front();
  if (const Node* isolation = node->find("isolation");
      isolation != nullptr && isolation->as_scalar("isolation") != "default")
    refuse_key(*isolation, ErrorCode::windows_only,
               format("{} is for Windows containers only", block.path("build.isolation")), "Leave it out.");
  if (!build.dockerfile.empty() && !build.dockerfile_inline.empty())
    throw ConfigError(node->find("dockerfile_inline")->where(), "dockerfile and dockerfile_inline exclude each other");
  mapping.mapped.builds.emplace(block.name, std::move(build));
}

}  // namespace belay::formats::compose
