#include "state/store.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "state/app_rows.h"
#include "state/connection.h"
#include "state/folder.h"

namespace belay::state {

struct Store::Database {
  explicit Database(const fs::path& folder) : connection(folder) {}
  Database(const fs::path& folder, const Unwritable& refusal) : connection(folder, refusal) {}

  // To write, else to look.
  static std::unique_ptr<Database> open(const fs::path& folder) {
    try {
      return std::make_unique<Database>(folder);
    } catch (const Unwritable& refusal) {
      return std::make_unique<Database>(folder, refusal);
    }
  }

  Connection connection;
  AppRows apps{connection};

  std::vector<std::string> names() {
    std::vector<std::string> result;
    auto row = connection.query("SELECT name FROM apps ORDER BY name");
    while (row.executeStep()) result.push_back(row.getColumn(0).getString());
    return result;
  }

  std::vector<App> all() {
    std::vector<App> result;
    for (const std::string& name : names()) result.push_back(*apps.load(name));
    return result;
  }
};

const ReleaseOutline* Outline::find(ReleaseNumber number) const {
  const auto found = std::find_if(releases.begin(), releases.end(),
                                  [&](const ReleaseOutline& release) { return release.number == number; });
  return found == releases.end() ? nullptr : &*found;
}

Store::Store(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Store::~Store() = default;

std::unique_ptr<Store> Store::open(const fs::path& folder) {
  make_private_folder(folder);
  make_private_file(Connection::file_in(folder));
  return std::unique_ptr<Store>(new Store(Database::open(folder)));
}

std::unique_ptr<Store> Store::open_existing(const fs::path& folder) {
  std::error_code error;
  // A file in a folder that we may not enter is an error further on, not an absent state.
  if (const auto status = fs::status(Connection::file_in(folder), error); status.type() == fs::file_type::not_found)
    return nullptr;
  check_private_folder(folder);
  check_private_file(Connection::file_in(folder));
  return std::unique_ptr<Store>(new Store(Database::open(folder)));
}

const fs::path& Store::folder() const {
  return database_->connection.folder();
}

std::string Store::identity() const {
  return database_->connection.reading([&] {
    auto row = database_->connection.query("SELECT identity FROM state");
    if (!row.executeStep()) throw database_->connection.damaged("its own identity is missing");
    return row.getColumn(0).getString();
  });
}

std::vector<std::string> Store::app_names() const {
  return database_->connection.reading([&] { return database_->names(); });
}

std::optional<App> Store::app(const AppName& name) const {
  return doing(format("reading {} from the state", name.text()),
               [&] { return database_->connection.reading([&] { return database_->apps.load(name.text()); }); });
}

std::vector<App> Store::apps() const {
  return doing("reading the state", [&] { return database_->connection.reading([&] { return database_->all(); }); });
}

std::vector<Outline> Store::outlines() const {
  return database_->connection.reading([&] { return database_->apps.outlines(); });
}

void Store::save(const App& app) {
  doing(format("saving {}", app.name.text()),
        [&] { database_->connection.writing([&] { database_->apps.save(app); }); });
}

void Store::save(const App& app, const std::function<void(const std::vector<App>& apps)>& agree) {
  database_->connection.writing([&] {
    agree(database_->all());
    doing(format("saving {}", app.name.text()), [&] { database_->apps.save(app); });
  });
}

void Store::forget(const AppName& name) {
  database_->connection.writing([&] {
    database_->connection.execute("DELETE FROM apps WHERE name = ?", name.text());
    database_->connection.execute("DELETE FROM backup_failures WHERE app = ?", name.text());
    database_->connection.execute("DELETE FROM errands WHERE app = ?", name.text());
  });
}

void Store::append(const JournalEntry& entry) {
  database_->connection.writing([&] {
    database_->connection.execute(
        "INSERT INTO journal (time, app, release, who, verb, outcome, text) VALUES (?, ?, ?, ?, ?, ?, ?)", entry.time,
        entry.app, entry.release, entry.who, entry.verb.text(), entry.outcome.text(), entry.text);
    database_->connection.execute("DELETE FROM journal WHERE id <= (SELECT max(id) FROM journal) - ?",
                                  std::int64_t{journal_limit});
    // A few at a time, so that no command waits for this; a clock that is wrong for once does not cost all of it.
    database_->connection.execute(
        "DELETE FROM journal WHERE time < ?1 AND id <= (SELECT max(id) FROM journal) - ?2 "
        "AND id IN (SELECT id FROM journal ORDER BY id LIMIT 100)",
        entry.time - journal_age, std::int64_t{journal_least});
  });
}

int Store::trim_journal(const std::string& app, int keep) {
  return database_->connection.writing([&] {
    database_->connection.execute(
        "DELETE FROM journal WHERE (?1 = '' OR app = ?1) AND id NOT IN "
        "(SELECT id FROM journal WHERE ?1 = '' OR app = ?1 ORDER BY id DESC LIMIT ?2)",
        app, std::int64_t{keep});
    auto row = database_->connection.query("SELECT changes()");
    row.executeStep();
    return row.getColumn(0).getInt();
  });
}

std::vector<JournalEntry> Store::journal(const std::string& app, int limit) const {
  return database_->connection.reading([&] {
    std::vector<JournalEntry> entries;
    auto row = database_->connection.query(app.empty()
                                               ? "SELECT id, time, app, release, who, verb, outcome, text FROM journal "
                                                 "WHERE ? = '' ORDER BY id DESC LIMIT ?"
                                               : "SELECT id, time, app, release, who, verb, outcome, text FROM journal "
                                                 "WHERE app = ? ORDER BY id DESC LIMIT ?",
                                           app, limit);
    while (row.executeStep()) {
      JournalEntry& entry = entries.emplace_back();
      entry.id = row.getColumn(0).getInt64();
      entry.time = Time(Milliseconds(row.getColumn(1).getInt64()));
      entry.app = row.getColumn(2).getString();
      if (!row.isColumnNull(3)) entry.release = ReleaseNumber{row.getColumn(3).getInt()};
      entry.who = row.getColumn(4).getString();
      entry.verb = JournalVerb::kept(row.getColumn(5).getString());
      entry.outcome = JournalOutcome::kept(row.getColumn(6).getString());
      entry.text = row.getColumn(7).getString();
    }
    return entries;
  });
}

Time Store::first_seen(const std::string& reference, const std::string& digest, Time now) {
  auto& connection = database_->connection;
  const auto known = connection.reading([&]() -> std::optional<Time> {
    auto row =
        connection.query("SELECT first_seen FROM sightings WHERE reference = ? AND digest = ?", reference, digest);
    if (!row.executeStep()) return {};
    return Time(Milliseconds(row.getColumn(0).getInt64()));
  });
  // One that is dated by a clock which was ahead would be young until then.
  if (known && *known <= now) return *known;
  connection.writing([&] {
    connection.execute(
        "INSERT INTO sightings (reference, digest, first_seen) VALUES (?, ?, ?) ON CONFLICT (reference, digest) DO "
        "UPDATE SET first_seen = min(first_seen, excluded.first_seen)",
        reference, digest, now);
  });
  return now;
}

std::vector<Sighting> Store::sightings(const std::string& reference) const {
  return database_->connection.reading([&] {
    std::vector<Sighting> seen;
    auto row = database_->connection.query(
        "SELECT digest, first_seen FROM sightings WHERE reference = ? ORDER BY first_seen, digest", reference);
    while (row.executeStep())
      seen.push_back({row.getColumn(0).getString(), Time(Milliseconds(row.getColumn(1).getInt64()))});
    return seen;
  });
}

std::vector<BackupRecord> Store::backups(const std::string& app) const {
  return database_->connection.reading([&] {
    std::vector<BackupRecord> records;
    auto row = database_->connection.query(
        "SELECT id, app, release, place, name, taken, size, data_size, files, encrypted, with_image, verified, "
        "drilled, "
        "trouble, drill_failure FROM backups WHERE ?1 = '' OR app = ?1 ORDER BY taken, id",
        app);
    const auto time = [&](int column) -> std::optional<Time> {
      if (row.isColumnNull(column)) return {};
      return Time(Milliseconds(row.getColumn(column).getInt64()));
    };
    while (row.executeStep()) {
      BackupRecord& record = records.emplace_back();
      record.id = row.getColumn(0).getInt64();
      record.app = row.getColumn(1).getString();
      if (!row.isColumnNull(2)) record.release = ReleaseNumber{row.getColumn(2).getInt()};
      record.place = row.getColumn(3).getString();
      record.name = row.getColumn(4).getString();
      record.taken = time(5).value_or(Time{});
      record.size.value = row.getColumn(6).getInt64();
      record.data_size.value = row.getColumn(7).getInt64();
      record.files = row.getColumn(8).getInt64();
      record.encrypted = row.getColumn(9).getInt() != 0;
      record.with_image = row.getColumn(10).getInt() != 0;
      record.verified = time(11);
      record.drilled = time(12);
      record.trouble = row.getColumn(13).getString();
      record.drill_failure = row.getColumn(14).getString();
    }
    return records;
  });
}

std::int64_t Store::save(const BackupRecord& record) {
  auto& connection = database_->connection;
  return connection.writing([&] {
    connection.execute(
        "INSERT INTO backups (app, release, place, name, taken, size, data_size, files, encrypted, with_image, "
        "verified, "
        "drilled, trouble, drill_failure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (place, name) DO UPDATE SET app = excluded.app, release = excluded.release, taken = "
        "excluded.taken, "
        "size = excluded.size, data_size = excluded.data_size, files = excluded.files, encrypted = excluded.encrypted, "
        "with_image = excluded.with_image, verified = excluded.verified, drilled = excluded.drilled, "
        "trouble = excluded.trouble, drill_failure = excluded.drill_failure",
        record.app, record.release, record.place, record.name, record.taken, record.size.value, record.data_size.value,
        record.files, record.encrypted, record.with_image, record.verified, record.drilled, record.trouble,
        record.drill_failure);
    auto row = connection.query("SELECT id FROM backups WHERE place = ? AND name = ?", record.place, record.name);
    row.executeStep();
    return row.getColumn(0).getInt64();
  });
}

std::vector<BackupFailure> Store::backup_failures(const std::string& app) const {
  return database_->connection.reading([&] {
    std::vector<BackupFailure> failures;
    auto row = database_->connection.query(
        "SELECT app, place, failed, reason, told FROM backup_failures WHERE ?1 = '' OR app = ?1 ORDER BY app, place",
        app);
    while (row.executeStep())
      failures.push_back({row.getColumn(0).getString(), row.getColumn(1).getString(),
                          Time(Milliseconds(row.getColumn(2).getInt64())), row.getColumn(3).getString(),
                          row.getColumn(4).getInt() != 0});
    return failures;
  });
}

void Store::save(const BackupFailure& failure) {
  database_->connection.writing([&] {
    // One that is over meanwhile, or another one, was not told of.
    if (failure.told) {
      database_->connection.execute("UPDATE backup_failures SET told = 1 WHERE app = ? AND place = ? AND failed = ?",
                                    failure.app, failure.place, failure.failed);
      return;
    }
    database_->connection.execute(
        "INSERT INTO backup_failures (app, place, failed, reason, told) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (app, place) DO UPDATE SET failed = excluded.failed, reason = excluded.reason, told = "
        "excluded.told",
        failure.app, failure.place, failure.failed, failure.reason, failure.told);
  });
}

void Store::forget_backup_failure(const std::string& app, const std::string& place) {
  database_->connection.writing(
      [&] { database_->connection.execute("DELETE FROM backup_failures WHERE app = ? AND place = ?", app, place); });
}

namespace {

std::optional<Time> time_or_none(Query& row, int column) {
  if (row.isColumnNull(column)) return {};
  return Time(Milliseconds(row.getColumn(column).getInt64()));
}

std::vector<Errand> errands_of(Connection& connection, const std::string& app) {
  std::vector<Errand> errands;
  auto row = connection.query(
      "SELECT app, kind, service, schedule, since, due, began, ended, good, reason FROM errands "
      "WHERE ?1 = '' OR app = ?1 ORDER BY app, kind, service",
      app);
  while (row.executeStep()) {
    const auto kind = errand_kind(row.getColumn(1).getString());
    // A later Belay may know more.
    if (!kind) continue;
    Errand& errand = errands.emplace_back();
    errand.app = row.getColumn(0).getString();
    errand.kind = *kind;
    errand.service = row.getColumn(2).getString();
    errand.schedule = row.getColumn(3).getString();
    errand.since = Time(Milliseconds(row.getColumn(4).getInt64()));
    errand.due = Time(Milliseconds(row.getColumn(5).getInt64()));
    errand.began = time_or_none(row, 6);
    errand.ended = time_or_none(row, 7);
    errand.is_good = row.getColumn(8).getInt() != 0;
    errand.reason = row.getColumn(9).getString();
  }
  return errands;
}

}  // namespace

std::vector<Errand> Store::errands(const std::string& app) const {
  return database_->connection.reading([&] { return errands_of(database_->connection, app); });
}

void Store::update_errand(const Errand& which,
                          const std::function<std::optional<Errand>(const std::optional<Errand>& known)>& change) {
  database_->connection.writing([&] {
    std::optional<Errand> known;
    for (Errand& errand : errands_of(database_->connection, which.app))
      if (errand.is_the_same_work_as(which)) known = std::move(errand);
    const std::optional<Errand> after = change(known);
    if (!after || after == known) return;
    database_->connection.execute(
        "INSERT OR REPLACE INTO errands (app, kind, service, schedule, since, due, began, ended, good, reason) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        after->app, std::string(to_text(after->kind)), after->service, after->schedule, after->since, after->due,
        after->began, after->ended, after->is_good, after->reason);
  });
}

void Store::forget_errand(const Errand& errand) {
  database_->connection.writing([&] {
    database_->connection.execute("DELETE FROM errands WHERE app = ? AND kind = ? AND service = ?", errand.app,
                                  std::string(to_text(errand.kind)), errand.service);
  });
}

std::vector<Told> Store::told() const {
  return database_->connection.reading([&] {
    std::vector<Told> all;
    auto row = database_->connection.query("SELECT app, topic, text FROM told ORDER BY app, topic");
    while (row.executeStep())
      all.push_back({row.getColumn(0).getString(), row.getColumn(1).getString(), row.getColumn(2).getString()});
    return all;
  });
}

void Store::save(const Told& told) {
  database_->connection.writing([&] {
    database_->connection.execute("INSERT OR REPLACE INTO told (app, topic, text) VALUES (?, ?, ?)", told.app,
                                  told.topic, told.text);
  });
}

void Store::forget_told(const std::string& app, const std::string& topic) {
  database_->connection.writing(
      [&] { database_->connection.execute("DELETE FROM told WHERE app = ? AND topic = ?", app, topic); });
}

void Store::forget_backup(std::int64_t id) {
  database_->connection.writing([&] { database_->connection.execute("DELETE FROM backups WHERE id = ?", id); });
}

namespace {

constexpr std::array unfinished_words{"", "install", "update", "restore", "destroy"};

constexpr const char* select_services =
    "SELECT name, reference, image, digest, scripts, inside, fetched, launcher, launcher_digest, installed, updated, "
    "unfinished, before_world, before_backup, before_reference, before_image, before_digest, before_scripts, "
    "before_inside, before_fetched FROM services WHERE ?1 = '' OR name = ?1 ORDER BY name";

ServiceVersion version_at(Query& row, int first) {
  return {row.getColumn(first).getString(),       row.getColumn(first + 1).getString(),
          row.getColumn(first + 2).getString(),   row.getColumn(first + 3).getString(),
          row.getColumn(first + 4).getInt() != 0, row.getColumn(first + 5).getInt() != 0};
}

std::vector<InstalledService> read_services(Connection& connection, const std::string& name) {
  std::vector<InstalledService> services;
  auto row = connection.query(select_services, name);
  while (row.executeStep()) {
    InstalledService& service = services.emplace_back();
    service.name = row.getColumn(0).getString();
    service.version = version_at(row, 1);
    service.launcher = row.getColumn(7).getString();
    service.launcher_digest = row.getColumn(8).getString();
    service.installed = Time(Milliseconds(row.getColumn(9).getInt64()));
    service.updated = Time(Milliseconds(row.getColumn(10).getInt64()));
    const std::string unfinished = row.getColumn(11).getString();
    const auto* const word = std::find(unfinished_words.begin(), unfinished_words.end(), unfinished);
    if (word == unfinished_words.end()) throw connection.damaged("a service has begun what this Belay does not know");
    service.unfinished = static_cast<InstalledService::Unfinished>(word - unfinished_words.begin());
    service.before_world = row.getColumn(12).getString();
    service.before_backup = row.getColumn(13).getString();
    if (!row.isColumnNull(14)) service.before = version_at(row, 14);
  }
  return services;
}

}  // namespace

std::vector<InstalledService> Store::services() const {
  return database_->connection.reading([&] { return read_services(database_->connection, {}); });
}

std::optional<InstalledService> Store::service(const std::string& name) const {
  if (name.empty()) return {};
  auto found = database_->connection.reading([&] { return read_services(database_->connection, name); });
  if (found.empty()) return {};
  return std::move(found.front());
}

void Store::save(const InstalledService& service) {
  const ServiceVersion& now = service.version;
  const auto before = [&](auto ServiceVersion::* member) {
    return service.before ? std::optional((*service.before).*member) : std::nullopt;
  };
  const auto flag = [&](bool ServiceVersion::* member) {
    return service.before ? std::optional(std::int64_t{(*service.before).*member}) : std::nullopt;
  };
  database_->connection.writing([&] {
    database_->connection.execute(
        "INSERT OR REPLACE INTO services (name, reference, image, digest, scripts, inside, fetched, launcher, "
        "launcher_digest, installed, updated, unfinished, before_world, before_backup, before_reference, before_image, "
        "before_digest, before_scripts, before_inside, before_fetched) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        service.name, now.reference, now.image, now.digest, now.scripts, std::int64_t{now.inside},
        std::int64_t{now.fetched}, service.launcher, service.launcher_digest, service.installed, service.updated,
        std::string(unfinished_words[static_cast<size_t>(service.unfinished)]), service.before_world,
        service.before_backup, before(&ServiceVersion::reference), before(&ServiceVersion::image),
        before(&ServiceVersion::digest), before(&ServiceVersion::scripts), flag(&ServiceVersion::inside),
        flag(&ServiceVersion::fetched));
  });
}

void Store::forget_service(const std::string& name) {
  auto& connection = database_->connection;
  connection.writing([&] {
    connection.execute("DELETE FROM services WHERE name = ?", name);
    connection.execute("DELETE FROM service_remnants WHERE service = ?", name);
  });
}

namespace {

std::string word_of(Store::Remnant kind) {
  return kind == Store::Remnant::volume ? "volume" : "image";
}

std::set<std::string> read_remnants(Connection& connection, const std::string& service, Store::Remnant kind) {
  std::set<std::string> names;
  auto row =
      connection.query("SELECT name FROM service_remnants WHERE service = ? AND kind = ?", service, word_of(kind));
  while (row.executeStep()) names.insert(row.getColumn(0).getString());
  return names;
}

}  // namespace

std::set<std::string> Store::remnants(const std::string& service, Remnant kind) const {
  return database_->connection.reading([&] { return read_remnants(database_->connection, service, kind); });
}

void Store::note_remnants(const std::string& service, Remnant kind, const std::set<std::string>& found,
                          const std::set<std::string>& there) {
  auto& connection = database_->connection;
  const auto known = remnants(service, kind);
  const bool are_all_known = std::includes(known.begin(), known.end(), found.begin(), found.end());
  if (are_all_known && std::includes(there.begin(), there.end(), known.begin(), known.end())) return;
  connection.writing([&] {
    for (const auto& name : read_remnants(connection, service, kind))
      if (!there.contains(name))
        connection.execute("DELETE FROM service_remnants WHERE service = ? AND kind = ? AND name = ?", service,
                           word_of(kind), name);
    for (const auto& name : found)
      connection.execute("INSERT OR IGNORE INTO service_remnants (service, kind, name) VALUES (?, ?, ?)", service,
                         word_of(kind), name);
  });
}

std::map<std::string, std::vector<Wait>> Store::waits() const {
  return database_->connection.reading([&] {
    std::map<std::string, std::vector<Wait>> waits;
    auto row = database_->connection.query(
        "SELECT name, topic, text, since, until FROM waits JOIN apps ON apps.id = waits.app ORDER BY name, topic");
    while (row.executeStep()) {
      const auto topic = wait_topic(row.getColumn(1).getString());
      // A later Belay may know more.
      if (!topic) continue;
      Wait& wait = waits[row.getColumn(0).getString()].emplace_back();
      wait.topic = *topic;
      wait.text = row.getColumn(2).getString();
      wait.since = Time(Milliseconds(row.getColumn(3).getInt64()));
      if (!row.isColumnNull(4)) wait.until = Time(Milliseconds(row.getColumn(4).getInt64()));
    }
    return waits;
  });
}

void Store::set_wait(const AppName& app, Wait::Topic topic, const std::optional<Wait>& wait) {
  auto& connection = database_->connection;
  const std::string word = to_text(topic);
  connection.writing([&] {
    connection.execute("DELETE FROM waits WHERE topic = ? AND app = (SELECT id FROM apps WHERE name = ?)", word,
                       app.text());
    if (wait)
      connection.execute(
          "INSERT INTO waits (app, topic, text, since, until) SELECT id, ?, ?, ?, ? FROM apps WHERE name = ?", word,
          wait->text, wait->since, wait->until, app.text());
  });
}

void Store::append(const AppName& app, const Repair& repair) {
  auto& connection = database_->connection;
  connection.writing([&] {
    connection.execute("DELETE FROM repairs WHERE at < ? AND app = (SELECT id FROM apps WHERE name = ?)",
                       repair.at - repair_age, app.text());
    connection.execute("INSERT INTO repairs (app, at, kind, release) SELECT id, ?, ?, ? FROM apps WHERE name = ?",
                       repair.at, std::string(to_text(repair.kind)), repair.release, app.text());
  });
}

std::vector<Repair> Store::repairs(const AppName& app) const {
  return database_->connection.reading([&] {
    std::vector<Repair> repairs;
    auto row = database_->connection.query(
        "SELECT at, kind, release FROM repairs WHERE app = (SELECT id FROM apps WHERE name = ?) "
        "ORDER BY at DESC, id DESC",
        app.text());
    while (row.executeStep()) {
      const auto kind = repair_kind(row.getColumn(1).getString());
      // A later Belay may know more.
      if (!kind) continue;
      Repair& repair = repairs.emplace_back();
      repair.at = Time(Milliseconds(row.getColumn(0).getInt64()));
      repair.kind = *kind;
      if (!row.isColumnNull(2)) repair.release = ReleaseNumber{row.getColumn(2).getInt()};
    }
    return repairs;
  });
}

void Store::note_asked(const std::string& reference, Time at) {
  database_->connection.writing([&] {
    database_->connection.execute("INSERT OR REPLACE INTO asked (reference, at) VALUES (?, ?)", reference, at);
  });
}

std::optional<Time> Store::last_asked(const std::string& reference) const {
  return database_->connection.reading([&]() -> std::optional<Time> {
    auto row = database_->connection.query("SELECT at FROM asked WHERE reference = ?", reference);
    if (!row.executeStep()) return {};
    return Time(Milliseconds(row.getColumn(0).getInt64()));
  });
}

void Store::forget_sightings(const std::string& reference, int keep) {
  database_->connection.writing([&] {
    database_->connection.execute(
        "DELETE FROM sightings WHERE reference = ?1 AND digest NOT IN "
        "(SELECT digest FROM sightings WHERE reference = ?1 ORDER BY first_seen DESC, digest DESC LIMIT ?2)",
        reference, keep);
  });
}

}  // namespace belay::state
