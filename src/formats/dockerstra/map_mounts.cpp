#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/dockerstra/map_parts.h"
#include "formats/mounts.h"
#include "model/naming.h"

namespace belay::formats::dockerstra {

namespace {

using document::Member;
using document::Node;

// ${CONFIG_DIR} is the folder of the build, ${PWD} the current one.
std::string host_side(const Wanted& wanted, const std::string& text, const SourcePosition& where) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t open = text.find("${", at);
    result += text.substr(at, open - at);
    if (open == std::string::npos) break;
    const size_t close = text.find('}', open);
    const std::string name = close == std::string::npos ? "" : text.substr(open + 2, close - open - 2);
    if (name == "PWD") {
      result += wanted.folder.string();
    } else if (name == "CONFIG_DIR") {
      if (wanted.build_path.empty())
        throw ConfigError(
            where, format("${{CONFIG_DIR}} is the folder of the build, and {} has no build", wanted.container.name));
      result += wanted.build_path.string();
    } else {
      throw ConfigError(where, format("'{}' has a variable that is not known here", printable(text)),
                        "Known ones: ${CONFIG_DIR}, ${PWD}; those of environment files are written {{ NAME }}.");
    }
    at = close + 1;
  }
  return result;
}

void add_mount(const Wanted& wanted, Service& service, const SourcePosition& where, const std::string& source,
               const std::string& target) {
  const std::string path = host_side(wanted, source, where);
  Mount mount = at(
      where, [&] { return doing("\"binds\"", [&] { return parse_volume(path, target, wanted.unit.configuration); }); });
  service.mounts.push_back(std::move(mount));
}

// source → mount point, or {bind, ro | mode}.
void add_bind_map(const Wanted& wanted, Service& service, const Node& binds) {
  for (const Member& member : binds.members()) {
    if (!member.value.is_map()) {
      add_mount(wanted, service, member.key_where, member.key, member.value.as_text("the mount point"));
      continue;
    }
    document::refuse_unknown_keys(member.value, {"bind", "ro", "mode"}, "the bind");
    const Node *target = member.value.find("bind"), *ro = member.value.find("ro"), *mode = member.value.find("mode");
    if (target == nullptr)
      refuse(member.value, format("the bind of {} has no \"bind\", its mount point", printable(member.key)));
    if (ro != nullptr && mode != nullptr) refuse(*mode, "\"ro\" and \"mode\" exclude each other");
    std::string words = mode != nullptr ? mode->as_text("\"mode\"") : "";
    if (ro != nullptr && ro->as_bool("\"ro\"")) words = "ro";
    add_mount(wanted, service, member.key_where, member.key,
              target->as_text("\"bind\"") + (words.empty() ? "" : ":" + words));
  }
}

void add_tmpfs(Service& service, const Node& node) {
  const auto add = [&](const SourcePosition& where, const std::string& text) {
    service.mounts.push_back(at(where, [&] { return doing("\"tmpfs\"", [&] { return parse_tmpfs(text); }); }));
  };
  if (node.is_map())
    for (const Member& member : node.members()) {
      const std::string options = member.value.is_null() ? "" : member.value.as_scalar("\"tmpfs\"");
      add(member.key_where, member.key + (options.empty() ? "" : ":" + options));
    }
  else
    for (const auto& word : words_of(node, "\"tmpfs\"")) add(node.where(), word);
}

}  // namespace

void map_mounts(const Wanted& wanted, Service& service) {
  if (const Node* binds = wanted.find("binds")) {
    if (binds->is_map()) {
      add_bind_map(wanted, service, *binds);
    } else {
      for (const Node& bind : binds->as_list("\"binds\"")) {
        const std::string& text = bind.as_text("a bind");
        // A variable has no colon; a mount point begins with a slash.
        const size_t colon = text.find(":/");
        if (colon == std::string::npos)
          refuse(bind, format("'{}' is no bind", printable(text)), "Write /HOST:/CONTAINER or /HOST:/CONTAINER:ro.");
        add_mount(wanted, service, bind.where(), text.substr(0, colon), text.substr(colon + 1));
      }
    }
  }
  if (const Node* tmpfs = wanted.find("tmpfs")) add_tmpfs(service, *tmpfs);
  const Node* volumes = wanted.find("volumes");
  if (volumes == nullptr) return;
  for (const auto& word : volumes->is_map() ? std::vector<std::string>{} : comma_words_of(*volumes, "\"volumes\"")) {
    const std::string point =
        at(volumes->where(), [&] { return doing("\"volumes\"", [&] { return mount_point(word); }); });
    const bool is_there = std::any_of(service.mounts.begin(), service.mounts.end(),
                                      [&](const Mount& mount) { return mount.target == point; });
    if (is_there) continue;
    Mount mount;
    mount.source = volume_name(NamingScheme::fixed, AppName(wanted.container.name), point);
    mount.target = point;
    service.mounts.push_back(std::move(mount));
  }
  if (volumes->is_map()) refuse(*volumes, "\"volumes\" is a list of mount points", "Host paths stand in \"binds\".");
}

}  // namespace belay::formats::dockerstra
