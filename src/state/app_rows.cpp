#include "state/app_rows.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "state/data_text.h"

namespace belay::state {

namespace {

using document::Node;

constexpr std::array wish_states{"none", "up", "down", "gone"};
constexpr std::array swap_orders{"by-rule", "start-first", "stop-first"};
// The row of build_configurations for what a command line set; no configuration of a file can be called so.
constexpr const char* by_hand = "";

template <class Enum, size_t n>
std::string_view word(Enum value, const std::array<const char*, n>& words) {
  return words.at(static_cast<size_t>(value));
}
template <class Enum, size_t n>
Enum from_word(const std::string& text, const std::array<const char*, n>& words) {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end())
    throw Error(ErrorCode::state_damaged, format("the state holds '{}', which this Belay does not know", text));
  return static_cast<Enum>(found - words.begin());
}

// Takes the columns of a row one after the other.
class Row {
 public:
  explicit Row(Query& query) : query_(query) {}

  bool is_null() const { return query_.isColumnNull(index_); }
  void skip() { ++index_; }
  std::int64_t number() { return query_.getColumn(index_++).getInt64(); }
  int small_number() { return query_.getColumn(index_++).getInt(); }
  bool flag() { return number() != 0; }
  std::string text() { return query_.getColumn(index_++).getString(); }
  Time time() { return Time(Milliseconds(number())); }
  Milliseconds duration() { return Milliseconds(number()); }
  ReleaseNumber release() { return {small_number()}; }

  // nullopt for NULL, else what `read` makes of the column.
  template <class T>
  std::optional<T> maybe(T (Row::*read)()) {
    if (!is_null()) return (this->*read)();
    skip();
    return {};
  }
  void into(std::map<std::string, std::string>& map, const std::string& key) {
    if (auto value = maybe(&Row::text)) map.emplace(key, std::move(*value));
  }

 private:
  Query& query_;
  int index_ = 0;
};

// Calls `use` with each row.
template <class Use>
void each_row(Query&& query, Use&& use) {
  while (query.executeStep()) use(Row(query));
}

std::string names_text(const std::set<std::string>& names) {
  if (names.empty()) return {};
  Node list = Node::list();
  for (const auto& name : names) list.add(Node::text(name));
  return document::write_json(list);
}
std::set<std::string> names_from(const std::string& text) {
  std::set<std::string> names;
  if (text.empty()) return names;
  const Node saved = document::read_json(text, "saved names");
  for (const auto& name : saved.as_list("names")) names.insert(name.as_text("name"));
  return names;
}

std::string times_text(const std::map<std::string, Time>& times) {
  if (times.empty()) return {};
  Node map = Node::map();
  for (const auto& [name, time] : times) map.set(name, Node::number(time.time_since_epoch().count()));
  return document::write_json(map);
}
std::map<std::string, Time> times_from(const std::string& text) {
  std::map<std::string, Time> times;
  if (text.empty()) return times;
  const Node saved = document::read_json(text, "saved times");
  for (const auto& member : saved.as_map("times")) times[member.key] = Time(Milliseconds(member.value.as_int("time")));
  return times;
}

Wish read_wish(Row& row) {
  Wish wish;
  const std::string state = row.text();
  const auto release = row.maybe(&Row::release);
  if (row.flag()) wish.progress = Wish::Progress::under_way;
  wish.fallback = row.maybe(&Row::release);
  const bool with_data = row.flag();
  wish.terms.wait = row.flag();
  if (const auto order = row.maybe(&Row::text)) wish.terms.order = from_word<SwapOrder>(*order, swap_orders);
  wish.terms.settle = row.maybe(&Row::duration);
  wish.terms.wait_timeout = row.maybe(&Row::duration);
  wish.who = row.text();
  wish.why = row.text();
  wish.since = row.time();
  const auto previous = row.maybe(&Row::release);
  const auto proved = row.maybe(&Row::time);
  wish.snapshot = row.maybe(&Row::small_number);
  wish.data = exchanges_from(row.text());
  wish.fallback_data = exchanges_from(row.text());
  const bool is_rollback = row.flag();
  const auto failed = row.maybe(&Row::release);
  if (is_rollback) wish.rollback = Rollback{failed};
  wish.trouble = row.text();
  auto held_down = names_from(row.text());
  auto restart = times_from(row.text());
  if (row.flag()) wish.progress = Wish::Progress::held;
  if (state == wish_states[1]) {
    if (!release) throw Error(ErrorCode::state_damaged, "no release is named that should be up");
    wish.goal = goal::Run{*release, std::move(held_down), {}, std::move(restart), previous, proved};
  } else if (state == wish_states[2]) {
    wish.goal = goal::Stopped{};
  } else if (state == wish_states[3]) {
    wish.goal = goal::Removed{with_data};
  } else if (state != wish_states[0]) {
    throw Error(ErrorCode::state_damaged, format("an unknown wish is saved: {}", state));
  }
  return wish;
}

std::string files_text(const std::map<std::string, FileMark>& files) {
  if (files.empty()) return {};
  Node map = Node::map();
  for (const auto& [path, mark] : files) {
    Node lines = Node::list();
    for (const std::uint32_t line : mark.lines) lines.add(Node::number(static_cast<std::int64_t>(line)));
    Node entry = Node::map();
    entry.set("digest", Node::text(mark.digest));
    entry.set("lines", std::move(lines));
    map.set(path, std::move(entry));
  }
  return document::write_json(map);
}
std::map<std::string, FileMark> files_from(const std::string& text) {
  std::map<std::string, FileMark> files;
  if (text.empty()) return files;
  const Node saved = document::read_json(text, "saved files");
  for (const auto& member : saved.as_map("files")) {
    FileMark& mark = files[member.key];
    for (const auto& field : member.value.as_map("file")) {
      if (field.key == "digest") mark.digest = field.value.as_text("digest");
      if (field.key != "lines") continue;
      for (const auto& line : field.value.as_list("lines"))
        mark.lines.push_back(static_cast<std::uint32_t>(line.as_int("line")));
    }
  }
  return files;
}

std::string needs_text(const std::map<std::string, ReleaseNumber>& needs) {
  if (needs.empty()) return {};
  Node map = Node::map();
  for (const auto& [app, release] : needs) map.set(app, Node::number(static_cast<std::int64_t>(release.value)));
  return document::write_json(map);
}
std::map<std::string, ReleaseNumber> needs_from(const std::string& text) {
  std::map<std::string, ReleaseNumber> needs;
  if (text.empty()) return needs;
  const Node saved = document::read_json(text, "saved needs");
  for (const auto& member : saved.as_map("needs"))
    needs[member.key] = ReleaseNumber{static_cast<int>(member.value.as_int("release"))};
  return needs;
}

bool same(const Release& a, const Release& b) {
  const auto fields = [](const Release& r) {
    return std::tie(r.number, r.spec, r.images, r.digests, r.containers, r.created, r.verdict, r.reason, r.log_tail,
                    r.who, r.why, r.adopted, r.container_created, r.identity, r.state, r.bodies, r.proofs, r.files,
                    r.needs, r.outage, r.ended, r.predecessor);
  };
  return fields(a) == fields(b);
}

bool same(const Build& a, const Build& b) {
  const auto fields = [](const Build& build) {
    return std::tie(build.number, build.image, build.tag, build.context, build.dockerfile, build.configurations,
                    build.by_hand, build.parameter_file, build.parameter_text, build.created, build.who);
  };
  return fields(a) == fields(b);
}

int number_of(const Release& release) {
  return release.number.value;
}
int number_of(const Build& build) {
  return build.number;
}

// What everybody who has an app relies on.
void check(const App& app) {
  const auto require = [&](const char* what, std::optional<ReleaseNumber> number) {
    if (number && app.find(*number) == nullptr)
      throw Error(ErrorCode::state_damaged, format("its {} is {}, of which nothing is left", what, number->text()));
  };
  require("wish", app.wish.release());
  if (app.wish.is_unfinished()) require("way back", app.wish.fallback);
}

// Brings rows to what is wanted: `remove` gets the number of each that is gone or changed, `insert` each that is new or
// changed. True when anything was removed.
template <class Thing, class Remove, class Insert>
bool reconcile_rows(const std::vector<Thing>& stored, const std::vector<Thing>& wanted, Remove&& remove,
                    Insert&& insert) {
  std::map<int, const Thing*> rest;
  for (const Thing& thing : stored) rest.emplace(number_of(thing), &thing);
  std::vector<const Thing*> fresh;
  for (const Thing& thing : wanted) {
    const auto found = rest.find(number_of(thing));
    if (found != rest.end() && same(*found->second, thing)) {
      rest.erase(found);
    } else {
      fresh.push_back(&thing);
    }
  }
  for (const auto& [number, thing] : rest) remove(number);
  for (const Thing* thing : fresh) insert(*thing);
  return !rest.empty();
}

}  // namespace

std::optional<AppRows::AppId> AppRows::id_of(const std::string& name) {
  auto found = connection_.query("SELECT id FROM apps WHERE name = ?", name);
  if (!found.executeStep()) return {};
  return found.getColumn(0).getInt64();
}

std::optional<App> AppRows::load(const std::string& name) {
  const auto id = id_of(name);
  if (!id) return {};
  try {
    App app = load(*id, name);
    check(app);
    return app;
  } catch (const Error& error) {
    throw connection_.damaged(format("{}: {}", name, error.what()));
  }
}

App AppRows::load(AppId id, const std::string& name) {
  App app{AppName(name)};
  each_row(
      connection_.query(
          "SELECT scheme, created, last, stable, autostart, highest_release, origin, origin_kind, highest_snapshot, "
          "snapshots FROM apps WHERE id = ?",
          id),
      [&](Row row) {
        app.scheme = naming_scheme(row.text());
        app.created = row.time();
        app.last = row.maybe(&Row::release);
        app.stable = row.maybe(&Row::release);
        app.autostart = autostart(row.text());
        app.highest_release = row.small_number();
        app.origin = row.text();
        app.origin_kind = origin(row.text());
        app.highest_snapshot = row.small_number();
        app.snapshots = snapshots_from(row.text());
      });
  app.wish = load_wish(id);
  app.releases = load_releases(id);
  app.builds = load_builds(id);
  app.quarantine = load_quarantine(id);
  return app;
}

Wish AppRows::load_wish(AppId id) {
  Wish wish;
  each_row(connection_.query("SELECT state, release, unfinished, fallback, lose_data, wait, swap_order, settle, "
                             "wait_timeout, who, why, since, previous, proved, snapshot, data, fallback_data, "
                             "way_back, failed, trouble, held_down, restart, held "
                             "FROM wishes WHERE app = ?",
                             id),
           [&](Row row) { wish = read_wish(row); });
  return wish;
}

std::vector<Release> AppRows::load_releases(AppId id) {
  std::vector<Release> releases;
  each_row(connection_.query("SELECT number, spec, created, verdict, reason, log_tail, who, why, adopted, "
                             "files, needs, outage, identity, state, ended, predecessor "
                             "FROM releases WHERE app = ? ORDER BY number",
                             id),
           [&](Row row) {
             Release& release = releases.emplace_back();
             release.number = row.release();
             release.spec = spec(row.number());
             release.created = row.time();
             release.verdict = verdict(row.text());
             release.reason = row.text();
             release.log_tail = row.text();
             release.who = row.text();
             release.why = row.text();
             release.adopted = row.flag();
             release.files = files_from(row.text());
             release.needs = needs_from(row.text());
             release.outage = row.maybe(&Row::duration);
             release.identity = row.text();
             release.state = row.text();
             release.ended = names_from(row.text());
             release.predecessor = row.maybe(&Row::release);
           });
  load_services(id, releases);
  return releases;
}

void AppRows::load_services(AppId id, std::vector<Release>& releases) {
  // Both come in the order of the release's number.
  auto release = releases.begin();
  each_row(connection_.query(
               "SELECT release, service, image, digest, container, container_created, body, body_identity, verdict, "
               "reason, log_tail "
               "FROM release_services WHERE app = ? ORDER BY release",
               id),
           [&](Row row) {
             const ReleaseNumber number = row.release();
             while (release != releases.end() && release->number != number) ++release;
             if (release == releases.end())
               throw Error(ErrorCode::state_damaged,
                           format("a service of {} is left, but no such release", number.text()));
             const std::string service = row.text();
             row.into(release->images, service);
             row.into(release->digests, service);
             row.into(release->containers, service);
             row.into(release->container_created, service);
             const auto body = row.maybe(&Row::release);
             const std::string identity = row.text();
             if (body) release->bodies[service] = {*body, identity};
             const auto fared = row.maybe(&Row::text);
             const std::string reason = row.text(), log_tail = row.text();
             if (fared) release->proofs[service] = {verdict(*fared), reason, log_tail};
           });
}

std::vector<Build> AppRows::load_builds(AppId id) {
  std::vector<Build> builds;
  each_row(connection_.query("SELECT number, image, tag, context, dockerfile, parameter_file, parameter_text, "
                             "created, who FROM builds WHERE app = ? ORDER BY number",
                             id),
           [&](Row row) {
             Build& build = builds.emplace_back();
             build.number = row.small_number();
             build.image = row.text();
             build.tag = row.text();
             build.context = row.text();
             build.dockerfile = row.text();
             build.parameter_file = row.text();
             build.parameter_text = row.text();
             build.created = row.time();
             build.who = row.text();
           });
  auto build = builds.begin();
  each_row(connection_.query("SELECT build, name, spec, ports_overridden, volumes_overridden FROM build_configurations "
                             "WHERE app = ? ORDER BY build",
                             id),
           [&](Row row) {
             const int number = row.small_number();
             while (build != builds.end() && build->number != number) ++build;
             if (build == builds.end())
               throw Error(ErrorCode::state_damaged,
                           format("settings of build {} are left, but no such build", number));
             const std::string name = row.text();
             Configuration& configuration = name == by_hand ? build->by_hand.emplace() : build->configurations[name];
             configuration.spec = spec(row.number());
             configuration.ports_overridden = row.flag();
             configuration.volumes_overridden = row.flag();
           });
  return builds;
}

std::vector<Quarantine> AppRows::load_quarantine(AppId id) {
  std::vector<Quarantine> quarantine;
  each_row(connection_.query(
               "SELECT image, digest, release, reason, since FROM quarantine WHERE app = ? ORDER BY position", id),
           [&](Row row) {
             Quarantine& entry = quarantine.emplace_back();
             entry.image = row.text();
             entry.digest = row.text();
             entry.release = row.maybe(&Row::release);
             entry.reason = row.text();
             entry.since = row.time();
           });
  return quarantine;
}

const Spec& AppRows::spec(SpecId id) {
  const auto known = specs_.find(id);
  if (known != specs_.end()) return known->second;
  auto row = connection_.query("SELECT json FROM specs WHERE id = ?", id);
  if (!row.executeStep()) throw Error(ErrorCode::state_damaged, "the settings of a release are missing");
  Spec spec = spec_from_json(row.getColumn(0).getString());
  mark_replicas(spec);
  return specs_.emplace(id, std::move(spec)).first->second;
}

void AppRows::save(const App& app) {
  const auto stored = load(app.name.text());
  const AppId id = save_app(app);
  save_wish(id, app.wish);
  const bool releases_removed = reconcile_rows(
      stored ? stored->releases : std::vector<Release>(), app.releases,
      [&](int number) { connection_.execute("DELETE FROM releases WHERE app = ? AND number = ?", id, number); },
      [&](const Release& release) { insert(id, release); });
  const bool builds_removed = reconcile_rows(
      stored ? stored->builds : std::vector<Build>(), app.builds,
      [&](int number) { connection_.execute("DELETE FROM builds WHERE app = ? AND number = ?", id, number); },
      [&](const Build& build) { insert(id, build); });
  save_quarantine(id, app.quarantine);
  if (releases_removed || builds_removed) remove_unused_specs(id);
}

AppRows::AppId AppRows::save_app(const App& app) {
  connection_.execute(
      "INSERT INTO apps (name, scheme, created, last, stable, autostart, highest_release, origin, "
      "origin_kind, highest_snapshot, snapshots) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (name) DO UPDATE SET scheme = excluded.scheme, created = excluded.created, last = excluded.last, "
      "stable = excluded.stable, autostart = excluded.autostart, highest_release = excluded.highest_release, "
      "origin = excluded.origin, origin_kind = excluded.origin_kind, highest_snapshot = excluded.highest_snapshot, "
      "snapshots = excluded.snapshots",
      app.name.text(), to_text(app.scheme), app.created, app.last, app.stable, to_text(app.autostart),
      app.highest_release, app.origin, to_text(app.origin_kind), app.highest_snapshot, to_column(app.snapshots));
  return *id_of(app.name.text());
}

void AppRows::save_wish(AppId id, const Wish& wish) {
  std::optional<std::string_view> order;
  if (wish.terms.order) order = word(*wish.terms.order, swap_orders);
  const goal::Run* run = wish.run();
  const auto* removed = std::get_if<goal::Removed>(&wish.goal);
  connection_.execute(
      "INSERT OR REPLACE INTO wishes (app, state, release, unfinished, fallback, lose_data, wait, swap_order, settle, "
      "wait_timeout, who, why, since, previous, proved, snapshot, data, fallback_data, way_back, failed, "
      "trouble, held_down, restart, held) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id, std::string_view(wish_states.at(wish.goal.index())), wish.release(), wish.is_unfinished(), wish.fallback,
      removed != nullptr && removed->with_data, wish.terms.wait, order, wish.terms.settle, wish.terms.wait_timeout,
      wish.who, wish.why, wish.since, wish.previous(), wish.proved(), wish.snapshot, to_column(wish.data),
      to_column(wish.fallback_data), wish.rollback.has_value(), wish.rollback ? wish.rollback->failed : std::nullopt,
      wish.trouble, names_text(wish.held_down()),
      times_text(run != nullptr ? run->restart : std::map<std::string, Time>()), wish.progress == Wish::Progress::held);
}

void AppRows::insert(AppId id, const Release& release) {
  connection_.execute(
      "INSERT INTO releases (app, number, spec, created, verdict, reason, log_tail, who, why, adopted, files, "
      "needs, outage, identity, state, ended, predecessor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id, release.number, id_of_spec(id, release.spec), release.created, to_text(release.verdict), release.reason,
      release.log_tail, release.who, release.why, release.adopted, files_text(release.files), needs_text(release.needs),
      release.outage, release.identity, release.state, names_text(release.ended), release.predecessor);
  std::set<std::string> services;
  for (const auto* map : {&release.images, &release.digests, &release.containers, &release.container_created})
    for (const auto& [service, value] : *map) services.insert(service);
  for (const auto& [service, body] : release.bodies) services.insert(service);
  for (const auto& [service, proof] : release.proofs) services.insert(service);
  for (const std::string& service : services) {
    const auto in = [&](const std::map<std::string, std::string>& map) {
      const auto found = map.find(service);
      return found == map.end() ? std::nullopt : std::optional(found->second);
    };
    const auto body = release.bodies.find(service);
    const auto proof = release.proofs.find(service);
    const bool has_body = body != release.bodies.end(), is_proved = proof != release.proofs.end();
    connection_.execute(
        "INSERT INTO release_services (app, release, service, image, digest, container, container_created, body, "
        "body_identity, verdict, reason, log_tail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        id, release.number, service, in(release.images), in(release.digests), in(release.containers),
        in(release.container_created), has_body ? std::optional(body->second.release) : std::nullopt,
        has_body ? body->second.identity : std::string(),
        is_proved ? std::optional(to_text(proof->second.verdict)) : std::nullopt,
        is_proved ? proof->second.reason : std::string(), is_proved ? proof->second.log_tail : std::string());
  }
}

void AppRows::insert(AppId id, const Build& build) {
  connection_.execute(
      "INSERT INTO builds (app, number, image, tag, context, dockerfile, parameter_file, parameter_text, "
      "created, "
      "who) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id, build.number, build.image, build.tag, build.context, build.dockerfile, build.parameter_file,
      build.parameter_text, build.created, build.who);
  const auto add = [&](const std::string& name, const Configuration& configuration) {
    connection_.execute(
        "INSERT INTO build_configurations (app, build, name, spec, ports_overridden, volumes_overridden) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        id, build.number, name, id_of_spec(id, configuration.spec), configuration.ports_overridden,
        configuration.volumes_overridden);
  };
  for (const auto& [name, configuration] : build.configurations) add(name, configuration);
  if (build.by_hand) add(by_hand, *build.by_hand);
}

void AppRows::save_quarantine(AppId id, const std::vector<Quarantine>& quarantine) {
  connection_.execute("DELETE FROM quarantine WHERE app = ?", id);
  std::int64_t position = 0;
  for (const Quarantine& entry : quarantine)
    connection_.execute(
        "INSERT INTO quarantine (app, position, image, digest, release, reason, since) VALUES (?, ?, ?, ?, ?, ?, ?)",
        id, position++, entry.image, entry.digest, entry.release, entry.reason, entry.since);
}

AppRows::SpecId AppRows::id_of_spec(AppId app, const Spec& spec) {
  const std::string json = spec_to_json(spec);
  auto found = connection_.query("SELECT id FROM specs WHERE app = ? AND json = ?", app, json);
  if (found.executeStep()) return found.getColumn(0).getInt64();
  auto inserted = connection_.query("INSERT INTO specs (app, json) VALUES (?, ?) RETURNING id", app, json);
  inserted.executeStep();
  return inserted.getColumn(0).getInt64();
}

void AppRows::remove_unused_specs(AppId id) {
  connection_.execute(
      "DELETE FROM specs WHERE app = ? AND NOT EXISTS (SELECT 1 FROM releases WHERE spec = specs.id) "
      "AND NOT EXISTS (SELECT 1 FROM build_configurations WHERE spec = specs.id)",
      id);
}

std::vector<Outline> AppRows::outlines() {
  std::vector<Outline> outlines;
  std::map<AppId, size_t> places;
  each_row(connection_.query(
               "SELECT id, name, scheme, apps.created, last, stable, autostart, "
               "(SELECT count(*) FROM releases WHERE app = apps.id), "
               "(SELECT tag FROM builds WHERE app = apps.id ORDER BY number DESC LIMIT 1), "
               "(SELECT image FROM builds WHERE app = apps.id ORDER BY number DESC LIMIT 1), "
               "origin, origin_kind, state, release, unfinished, fallback, lose_data, wait, swap_order, settle, "
               "wait_timeout, who, why, since, previous, proved, snapshot, data, fallback_data, "
               "way_back, failed, trouble, held_down, restart, held "
               "FROM apps JOIN wishes ON app = id ORDER BY name"),
           [&](Row row) {
             places.emplace(row.number(), outlines.size());
             Outline& outline = outlines.emplace_back(AppName(row.text()));
             outline.scheme = naming_scheme(row.text());
             outline.created = row.time();
             outline.last = row.maybe(&Row::release);
             outline.stable = row.maybe(&Row::release);
             outline.autostart = autostart(row.text());
             outline.release_count = row.small_number();
             outline.built.reference = row.text();
             outline.built.image = row.text();
             outline.origin = row.text();
             outline.origin_kind = origin(row.text());
             outline.wish = read_wish(row);
           });
  each_row(connection_.query("SELECT r.app, r.number, r.created, r.verdict, r.reason, r.identity, "
                             "(SELECT iif(json_valid(json), json_extract(json, '$.services[0].name'), '') "
                             "FROM specs WHERE id = r.spec), "
                             "(SELECT iif(json_valid(json), json_extract(json, '$.services[0].image'), '') "
                             "FROM specs WHERE id = r.spec), "
                             "(SELECT iif(json_valid(json), (SELECT group_concat(json_extract(value, '$.name'), '/') "
                             "FROM json_each(specs.json, '$.services') WHERE json_extract(value, '$.job')), '') "
                             "FROM specs WHERE id = r.spec), r.ended, "
                             "s.service, s.image, s.container, s.body, s.body_identity "
                             "FROM apps JOIN wishes ON wishes.app = apps.id "
                             "JOIN releases r ON r.app = apps.id "
                             "AND r.number IN (wishes.release, wishes.fallback, apps.last, apps.stable, "
                             "(SELECT max(number) FROM releases WHERE app = apps.id)) "
                             "LEFT JOIN release_services s ON s.app = r.app AND s.release = r.number "
                             "ORDER BY r.app, r.number"),
           [&](Row row) {
             std::vector<ReleaseOutline>& releases = outlines[places.at(row.number())].releases;
             const ReleaseNumber number = row.release();
             if (releases.empty() || releases.back().number != number) releases.emplace_back().number = number;
             ReleaseOutline& release = releases.back();
             release.created = row.time();
             release.verdict = verdict(row.text());
             release.reason = row.text();
             release.identity = row.text();
             release.first_service = row.text();
             release.reference = row.text();
             if (const auto jobs = row.maybe(&Row::text))
               for (auto& job : split(*jobs, '/'))
                 if (!job.empty()) release.jobs.insert(std::string(job));
             release.jobs.merge(names_from(row.text()));
             const std::string service = row.text();
             row.into(release.images, service);
             row.into(release.containers, service);
             const auto body = row.maybe(&Row::release);
             if (const auto identity = row.maybe(&Row::text); body && identity)
               release.bodies[service] = {*body, *identity};
           });
  return outlines;
}

}  // namespace belay::state
