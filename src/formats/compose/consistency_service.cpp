#include <algorithm>

#include "base/text.h"
#include "formats/compose/consistency.h"

namespace belay::formats::compose {

namespace {

using document::Node;

// The value below nested keys, or nullptr.
const Node* at_path(const Node& node, std::initializer_list<const char*> keys) {
  const Node* found = &node;
  for (const char* key : keys)
    if (found != nullptr) found = found->find(key);
  return found;
}

void check_twins(const std::string& name, const Node& service) {
  struct Twin {
    const char* key;
    const char* below;
    const char* other;
  };
  for (const Twin& twin : {Twin{"cpus", "limits", "cpus"}, Twin{"mem_limit", "limits", "memory"},
                           Twin{"pids_limit", "limits", "pids"}, Twin{"mem_reservation", "reservations", "memory"}}) {
    const Node* one = service.find(twin.key);
    const Node* other = at_path(service, {"deploy", "resources", twin.below, twin.other});
    if (one != nullptr && other != nullptr && one->raw() != other->raw())
      throw ConfigError(one->where(),
                        format("the service '{}' has {} for \"{}\", but {} for \"deploy.resources.{}.{}\" at {}", name,
                               one->raw(), twin.key, other->raw(), twin.below, twin.other, other->where().text()),
                        "Keep one of them.");
  }
}

void check_scale(const std::string& name, const Node& service) {
  const Node* scale = service.find("scale");
  if (scale == nullptr) return;
  const std::int64_t count = scale->as_int("\"scale\"");
  if (count < 0) throw ConfigError(scale->where(), format("the service '{}' cannot have {} containers", name, count));
  const Node* replicas = at_path(service, {"deploy", "replicas"});
  if (replicas != nullptr && replicas->raw() != scale->raw())
    throw ConfigError(scale->where(),
                      format("the service '{}' has {} for \"scale\", but {} for \"deploy.replicas\" at {}", name,
                             scale->raw(), replicas->raw(), replicas->where().text()),
                      "Keep one of them.");
  const Node* fixed = service.find("container_name");
  if (count > 1 && fixed != nullptr)
    throw ConfigError(fixed->where(),
                      format("the service '{}' has {} containers, which cannot all be named '{}'", name, count,
                             printable(fixed->raw())),
                      "Remove \"container_name\".");
}

void check_build(const std::string& name, const Node& service) {
  const Node* build = service.find("build");
  if (build == nullptr) return;
  const Node* inline_text = build->find("dockerfile_inline");
  if (inline_text != nullptr && build->find("dockerfile") != nullptr)
    throw ConfigError(inline_text->where(),
                      format("the build of '{}' has both \"dockerfile\" and \"dockerfile_inline\"", name),
                      "Keep one of them.");
  const Node* platforms = build->find("platforms");
  const Node* platform = service.find("platform");
  if (platforms == nullptr || platforms->items().empty() || platform == nullptr) return;
  for (const Node& built : platforms->items())
    if (built.raw() == platform->raw()) return;
  throw ConfigError(platforms->where(),
                    format("the build of '{}' is not for its platform {}", name, printable(platform->raw())),
                    "Add the platform to \"build.platforms\".");
}

void check_healthcheck(const Node& service) {
  const Node* check = service.find("healthcheck");
  if (check == nullptr) return;
  const Node* test = check->find("test");
  if (test != nullptr && !test->items().empty()) {
    const std::string& first = test->items()[0].raw();
    if (first != "NONE" && first != "CMD" && first != "CMD-SHELL")
      throw ConfigError(test->where(),
                        format("a health check's test begins with CMD, CMD-SHELL or NONE, not '{}'", printable(first)),
                        "Write [CMD, program, argument…], or the command as one text.");
  }
  const Node* often = check->find("start_interval");
  if (often != nullptr && check->find("start_period") == nullptr)
    throw ConfigError(often->where(), "\"start_interval\" has no meaning without \"start_period\"",
                      "Add \"start_period\".");
}

void check_targets(const std::string& name, const Node& service) {
  std::map<std::string, SourcePosition> seen;
  const auto see = [&](const std::string& target, const SourcePosition& where) {
    const auto [first, is_new] = seen.try_emplace(target, where);
    if (!is_new)
      throw ConfigError(where, format("two mounts of '{}' go to {}, the first is at {}", name, printable(target),
                                      first->second.text()));
  };
  if (const Node* volumes = service.find("volumes"))
    for (const Node& volume : volumes->items()) {
      const std::string& type = volume.find("type")->raw();
      if ((type == "bind" || type == "image") && volume.find("source") == nullptr)
        throw ConfigError(volume.where(), format("a mount of '{}' has the type {}, but no \"source\"", name, type));
      see(volume.find("target")->raw(), volume.where());
    }
  if (const Node* places = service.find("tmpfs"))
    for (const Node& place : places->items()) see(place.raw().substr(0, place.raw().find(':')), place.where());
}

void check_network_mode(const std::string& name, const Node& service) {
  const Node* mode = service.find("network_mode");
  const Node* networks = service.find("networks");
  if (mode != nullptr && networks != nullptr && !networks->members().empty())
    throw ConfigError(
        mode->where(),
        format("the service '{}' has both \"network_mode\" and \"networks\", at {}", name, networks->where().text()),
        "Keep one of them.");
}

void check_pull_policy(const Node& service) {
  const Node* policy = service.find("pull_policy");
  if (policy == nullptr) return;
  const std::string& word = policy->raw();
  for (const char* known : {"always", "never", "missing", "build", "daily", "weekly", "refresh"})
    if (word == known) return;
  // every_12h, every_1d6h: numbers with their unit.
  bool needs_digit = true;
  const std::string_view time = word.starts_with("every_") ? std::string_view(word).substr(6) : std::string_view();
  for (const char& c : time) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (needs_digit || std::string_view("wdhms").find(c) == std::string_view::npos)) break;
    needs_digit = !is_digit;
    if (&c == &time.back() && !is_digit) return;
  }
  throw ConfigError(policy->where(), format("\"pull_policy\" cannot be '{}'", printable(word)),
                    "It is one of always, missing, never, build, daily, weekly and every_TIME (every_12h).");
}

bool is_allowed_name(const std::string& name, bool may_be_short) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (name.empty() || !plain(name[0]) || (name.size() < 2 && !may_be_short)) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return plain(c) || c == '_' || c == '.' || c == '-'; });
}

}  // namespace

void check_service(const std::string& name, const Node& service) {
  const Node* image = service.find("image");
  const bool has_image = image != nullptr && !image->raw().empty();
  if (!has_image && service.find("build") == nullptr && service.find("provider") == nullptr)
    throw ConfigError(service.where(), format("the service '{}' has neither \"image\" nor \"build\"", name),
                      "Say which image its containers are made of.");
  if (const Node* fixed = service.find("container_name"); fixed != nullptr && !is_allowed_name(fixed->raw(), false))
    throw ConfigError(fixed->where(), format("'{}' cannot be the name of a container", printable(fixed->raw())),
                      "It has two or more letters, digits, _ . and -, and begins with a letter or digit.");
  check_scale(name, service);
  check_twins(name, service);
  check_build(name, service);
  check_healthcheck(service);
  check_pull_policy(service);
  check_targets(name, service);
  check_network_mode(name, service);
}

}  // namespace belay::formats::compose
