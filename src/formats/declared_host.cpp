#include "formats/declared_host.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <tuple>

#include "base/format.h"
#include "base/text.h"
#include "formats/mounts.h"
#include "model/naming.h"

namespace belay::formats {

namespace {

// The name of the service's container on the engine.
std::string container_of(const Declaration& declared, const Service& service) {
  App app(declared.name);
  app.scheme = declared.scheme;
  return container_name(app, service, {}, {}, {});
}

// The definitions that are still good, and what is wrong with the others.
class Host {
 public:
  Host(const std::vector<DefinitionText>& sources, std::vector<Declaration> projects) {
    for (const DefinitionText& source : sources) {
      Definitions definitions = parse_dockerup(source);
      for (Definition& definition : definitions.good) good_.push_back(std::move(definition));
      for (BrokenDefinition& broken : definitions.broken) broken_.push_back(std::move(broken));
    }
    for (Declaration& project : projects) good_.push_back({std::move(project), {}});
  }

  void break_double_names();
  void break_double_ports();
  void break_cycles();
  void leave_written_files_alone();
  Declarations in_order() &&;

 private:
  using Index = std::size_t;
  using Verdicts = std::map<Index, ConfigError>;

  const Declaration& app(Index index) const { return good_[index].declaration; }
  // Those at the keys become broken, each with its error.
  void drop(const Verdicts& verdicts);
  // For each good definition, the good ones it needs.
  std::vector<std::set<Index>> needs() const;

  std::vector<Definition> good_;
  std::vector<BrokenDefinition> broken_;
};

void Host::drop(const Verdicts& verdicts) {
  std::vector<Definition> left;
  for (Index i = 0; i < good_.size(); ++i) {
    const auto found = verdicts.find(i);
    if (found == verdicts.end()) {
      left.push_back(std::move(good_[i]));
    } else {
      broken_.push_back({app(i).origin, app(i).name.text(), found->second});
    }
  }
  good_ = std::move(left);
}

void Host::break_double_names() {
  std::map<std::string, Index> owners;
  Verdicts verdicts;
  const auto refuse = [&](Index one, Index other, const std::string& name) {
    verdicts.try_emplace(one, ConfigError(app(one).place,
                                          format("the container name {} is given twice, the other time at {}", name,
                                                 app(other).place.text()),
                                          "A name is there once on a host; replicas are called NAME-2, NAME-3, …"));
  };
  for (Index i = 0; i < good_.size(); ++i) {
    for (const Service& service : app(i).spec.services) {
      const std::string name = container_of(app(i), service);
      const auto [owner, is_new] = owners.try_emplace(name, i);
      if (is_new) continue;
      refuse(i, owner->second, name);
      refuse(owner->second, i, name);
    }
  }
  drop(verdicts);
}

// The ports of the host that it asks for.
std::vector<PortBinding> ports_of(const Spec& spec) {
  std::vector<PortBinding> ports;
  for (const Service& service : spec.services)
    for (const PortBinding& port : service.ports)
      if (port.host_port) ports.push_back(port);
  return ports;
}

void Host::break_double_ports() {
  struct Owned {
    PortBinding port;
    Index owner;
  };
  std::multimap<std::uint16_t, Owned> owned;
  Verdicts verdicts;
  const auto refuse = [&](Index one, const PortBinding& port, Index other, const PortBinding& its) {
    verdicts.try_emplace(
        one, ConfigError(app(one).place, format("{} asks for the host port {} ({}), which {} at {} asks for too ({})",
                                                app(one).name.text(), *port.host_port, port.text(),
                                                app(other).name.text(), app(other).place.text(), its.text())));
  };
  for (Index i = 0; i < good_.size(); ++i) {
    for (const PortBinding& port : ports_of(app(i).spec)) {
      const auto [first, last] = owned.equal_range(*port.host_port);
      for (auto other = first; other != last; ++other) {
        if (other->second.owner == i || !clash(port, other->second.port)) continue;
        refuse(i, port, other->second.owner, other->second.port);
        refuse(other->second.owner, other->second.port, i, port);
      }
      owned.insert({*port.host_port, {port, i}});
    }
  }
  drop(verdicts);
}

std::vector<std::set<Host::Index>> Host::needs() const {
  std::map<std::string, Index> owners;
  for (Index i = 0; i < good_.size(); ++i)
    for (const Service& service : app(i).spec.services) owners.emplace(container_of(app(i), service), i);
  std::vector<std::set<Index>> needed(good_.size());
  for (Index i = 0; i < good_.size(); ++i)
    for (const std::string& container : app(i).needs)
      if (const auto owner = owners.find(container); owner != owners.end()) needed[i].insert(owner->second);
  return needed;
}

// Those that are left when all go that need nothing but what went, and then all that nothing needs but what went: each
// is in a circle, or between two.
std::set<std::size_t> in_circles(const std::vector<std::set<std::size_t>>& needed) {
  std::vector<std::set<std::size_t>> needing(needed.size());
  for (std::size_t i = 0; i < needed.size(); ++i)
    for (const std::size_t other : needed[i]) needing[other].insert(i);
  std::vector<bool> gone(needed.size());
  const auto peel = [&](const auto& outgoing, const auto& incoming) {
    std::vector<std::size_t> left(needed.size());
    std::deque<std::size_t> free;
    for (std::size_t i = 0; i < needed.size(); ++i) {
      if (gone[i]) continue;
      for (const std::size_t other : outgoing[i]) left[i] += gone[other] ? 0 : 1;
      if (left[i] == 0) free.push_back(i);
    }
    while (!free.empty()) {
      const std::size_t now = free.front();
      free.pop_front();
      gone[now] = true;
      for (const std::size_t other : incoming[now])
        if (!gone[other] && --left[other] == 0) free.push_back(other);
    }
  };
  peel(needed, needing);
  peel(needing, needed);
  std::set<std::size_t> rest;
  for (std::size_t i = 0; i < needed.size(); ++i)
    if (!gone[i]) rest.insert(i);
  return rest;
}

// A circle of thousands is not read to its end.
void shorten(std::vector<std::string>& texts) {
  constexpr std::size_t most = 12;
  if (texts.size() <= most) return;
  const std::string rest = format("… {} more …", texts.size() - most);
  texts.erase(texts.begin() + most - 1, texts.end() - 1);
  texts.insert(texts.end() - 1, rest);
}

// The shortest way from `start` back to it, both ends included; empty where there is none.
std::vector<std::size_t> cycle_through(std::size_t start, const std::vector<std::set<std::size_t>>& needed,
                                       const std::set<std::size_t>& among) {
  std::map<std::size_t, std::size_t> reached_from;
  std::deque<std::size_t> waiting{start};
  while (!waiting.empty()) {
    const std::size_t now = waiting.front();
    waiting.pop_front();
    for (const std::size_t next : needed[now]) {
      if (!among.contains(next) || !reached_from.try_emplace(next, now).second) continue;
      if (next != start) {
        waiting.push_back(next);
        continue;
      }
      std::vector<std::size_t> way{start};
      for (std::size_t step = now; step != start; step = reached_from.at(step)) way.push_back(step);
      way.push_back(start);
      std::reverse(way.begin(), way.end());
      return way;
    }
  }
  return {};
}

void Host::break_cycles() {
  const auto needed = needs();
  const auto suspects = in_circles(needed);
  Verdicts verdicts;
  for (Index i = 0; i < good_.size(); ++i) {
    if (!suspects.contains(i)) continue;
    const std::vector<Index> cycle = cycle_through(i, needed, suspects);
    if (cycle.empty()) continue;
    std::vector<std::string> names, others;
    for (const Index step : cycle) names.push_back(app(step).name.text());
    for (const Index step : cycle)
      if (step != i) others.push_back(format("{} is at {}", app(step).name.text(), app(step).place.text()));
    shorten(names);
    shorten(others);
    verdicts.emplace(
        i, ConfigError(app(i).place, format("containers need each other in a circle: {}", join(names, " → ")),
                       format("Remove one of these links, shared networks or volumes; {}.", join(others, ", "))));
  }
  drop(verdicts);
}

// What one app writes and another only reads is data, not configuration: each write would mean a new container of the
// reader. Unless the reader's definition asks for exactly that.
void Host::leave_written_files_alone() {
  std::set<fs::path> written;
  for (const Definition& definition : good_) written.merge(written_paths(definition.declaration.spec));
  for (Definition& definition : good_)
    for (const fs::path& path : definition.watched_by_rule)
      if (is_written(written, path)) std::erase(definition.declaration.watched, path);
}

Declarations Host::in_order() && {
  auto needed = needs();
  const auto by_name = [this](Index a, Index b) { return app(a).name < app(b).name; };
  std::set<Index, decltype(by_name)> ready(by_name);
  std::vector<std::vector<Index>> needing(good_.size());
  for (Index i = 0; i < good_.size(); ++i) {
    if (needed[i].empty()) ready.insert(i);
    for (const Index other : needed[i]) needing[other].push_back(i);
  }
  std::vector<Index> order;
  while (!ready.empty()) {
    const Index now = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(now);
    for (const Index other : needing[now]) {
      needed[other].erase(now);
      if (needed[other].empty()) ready.insert(other);
    }
  }

  Declarations declarations;
  for (const Index i : order) declarations.apps.push_back(std::move(good_[i].declaration));
  std::sort(broken_.begin(), broken_.end(), [](const BrokenDefinition& a, const BrokenDefinition& b) {
    const SourcePosition& x = a.error.where();
    const SourcePosition& y = b.error.where();
    return std::tie(x.file, x.line, x.column, a.origin) < std::tie(y.file, y.line, y.column, b.origin);
  });
  declarations.broken = std::move(broken_);
  return declarations;
}

}  // namespace

Declarations declared_host(const std::vector<DefinitionText>& sources, std::vector<Declaration> projects) {
  Host host(sources, std::move(projects));
  host.break_double_names();
  host.break_double_ports();
  host.break_cycles();
  host.leave_written_files_alone();
  return std::move(host).in_order();
}

}  // namespace belay::formats
