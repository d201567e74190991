#include "formats/compose/consistency.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

void check_names(const Node& model) {
  for (const char* section : {"services", "networks", "volumes", "configs", "secrets"}) {
    const Node* entries = model.find(section);
    if (entries == nullptr) continue;
    for (const Member& member : entries->members()) {
      const bool is_allowed = !member.key.empty() && std::all_of(member.key.begin(), member.key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
      });
      if (!is_allowed)
        throw ConfigError(member.key_where, format("'{}' cannot be a name in \"{}\"", printable(member.key), section),
                          "Names have letters, digits, . _ and -.");
    }
  }
}

void check_external(const Node& model) {
  for (const char* section : {"networks", "volumes"}) {
    const Node* entries = model.find(section);
    if (entries == nullptr) continue;
    for (const Member& member : entries->members()) {
      if (member.value.find("external") == nullptr) continue;
      for (const Member& key : member.value.members())
        if (key.key != "external" && key.key != "name" && !key.key.starts_with("x-"))
          throw ConfigError(
              key.key_where,
              format("\"{}.{}\" is external: \"{}\" has no effect beside that", section, member.key, key.key),
              "Remove one of them.");
    }
  }
}

void check_files(const Node& model) {
  for (const char* section : {"configs", "secrets"}) {
    const Node* entries = model.find(section);
    if (entries == nullptr) continue;
    for (const Member& member : entries->members()) {
      int sources = 0;
      for (const char* key : {"file", "environment", "content", "external"})
        if (member.value.find(key) != nullptr) ++sources;
      if (sources != 1 && member.value.find("driver") == nullptr)
        throw ConfigError(member.key_where,
                          format("\"{}.{}\" must have one of \"file\", \"environment\" and \"content\", and only one",
                                 section, member.key));
    }
  }
}

class References {
 public:
  References(Node& model, Loading& loading) : model_(model), loading_(loading) {
    for (const char* section : {"services", "networks", "volumes", "configs", "secrets"})
      if (const Node* entries = model.find(section))
        for (const Member& member : entries->members()) known_[section].push_back(member.key);
    for (auto& [section, names] : known_) std::sort(names.begin(), names.end());
  }

  void check() {
    for (Member& service : model_.find("services")->members()) {
      dependencies(service);
      if (const Node* networks = service.value.find("networks"))
        for (const Member& network : networks->members())
          require("networks", "network", network.key, service.key, network.key_where);
      if (const Node* volumes = service.value.find("volumes"))
        for (const Node& volume : volumes->items())
          if (const Node* source = volume.find("source"); source != nullptr && volume.find("type")->raw() == "volume")
            require("volumes", "volume", source->raw(), service.key, source->where());
      for (const auto& [section, word] : {std::pair("configs", "config"), std::pair("secrets", "secret")})
        if (const Node* files = service.value.find(section))
          for (const Node& file : files->items())
            require(section, word, file.find("source")->raw(), service.key, file.where());
    }
  }

 private:
  bool has(const std::string& section, const std::string& name) const {
    const auto names = known_.find(section);
    return names != known_.end() && std::binary_search(names->second.begin(), names->second.end(), name);
  }

  void require(const std::string& section, std::string_view word, const std::string& name, const std::string& service,
               const SourcePosition& where) const {
    if (has(section, name)) return;
    const auto names = known_.find(section);
    std::string hint = names == known_.end() ? std::string() : did_you_mean(name, names->second);
    if (hint.empty()) hint = format("Declare it under \"{}\".", section);
    throw ConfigError(
        where, format("the service '{}' uses the {} '{}', which is not declared", service, word, printable(name)),
        hint);
  }

  void dependencies(Member& service) {
    Node* all = service.value.find("depends_on");
    if (all == nullptr) return;
    std::vector<Member> kept;
    for (Member& dependency : all->members()) {
      if (has("services", dependency.key)) {
        kept.push_back(std::move(dependency));
        continue;
      }
      const auto& off = loading_.project.off;
      const bool is_off = std::find(off.begin(), off.end(), dependency.key) != off.end();
      const std::string problem = is_off ? "is switched off by its profiles" : "is not in the project";
      if (dependency.value.find("required")->raw() == "true")
        throw ConfigError(
            dependency.key_where,
            format("the service '{}' depends on '{}', which {}", service.key, printable(dependency.key), problem),
            is_off ? "Switch one of its profiles on with --profile."
                   : did_you_mean(dependency.key, known_["services"]));
      // Off by its profiles is just what it may be.
      if (!is_off)
        loading_.notice(Notice::Kind::disabled, dependency.key_where,
                        format("'{}', on which '{}' may depend, {}", printable(dependency.key), service.key, problem));
    }
    all->members() = std::move(kept);
    if (all->members().empty()) service.value.remove("depends_on");
  }

  Node& model_;
  Loading& loading_;
  std::map<std::string, std::vector<std::string>> known_;
};

class Circles {
 public:
  explicit Circles(const Node& services) {
    for (const Member& member : services.members()) services_.emplace(member.key, &member.value);
  }

  void check() {
    for (const auto& [name, service] : services_) visit(name);
  }

 private:
  enum class State { unknown, open, done };

  void visit(const std::string& name) {
    if (states_[name] == State::done) return;
    states_[name] = State::open;
    path_.push_back(name);
    if (const Node* dependencies = services_.at(name)->find("depends_on"))
      for (const Member& next : dependencies->members()) {
        if (states_[next.key] == State::open) refuse(next);
        visit(next.key);
      }
    path_.pop_back();
    states_[name] = State::done;
  }

  [[noreturn]] void refuse(const Member& next) const {
    const std::vector<std::string> circle(std::find(path_.begin(), path_.end(), next.key), path_.end());
    throw ConfigError(next.key_where,
                      format("services depend on each other in a circle: {} → {}", join(circle, " → "), next.key),
                      "Remove one of these dependencies.");
  }

  std::map<std::string, const Node*> services_;
  std::unordered_map<std::string, State> states_;
  std::vector<std::string> path_;
};

void check_container_names(const Node& services) {
  std::unordered_map<std::string, std::string> owners;
  for (const Member& service : services.members()) {
    const Node* name = service.value.find("container_name");
    if (name == nullptr) continue;
    const auto [owner, is_new] = owners.try_emplace(name->raw(), service.key);
    if (!is_new)
      throw ConfigError(name->where(), format("two services, '{}' and '{}', name their container '{}'", owner->second,
                                              service.key, printable(name->raw())));
  }
}

}  // namespace

void check_consistency(Node& model, Loading& loading) {
  check_names(model);
  check_external(model);
  check_files(model);
  for (const Member& member : model.find("services")->members()) check_service(member.key, member.value);
  check_container_names(*model.find("services"));
  References(model, loading).check();
  Circles(*model.find("services")).check();
}

}  // namespace belay::formats::compose
