#include "state/store.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "samples.h"
#include "state/schema.h"

namespace belay::state {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreTest : public ::testing::Test {
 protected:
  fs::path folder() const { return temporary_.path() / "state"; }
  std::string count(const std::string& what) const { return sql(folder().string(), "SELECT count(*) FROM " + what); }
  // What a fresh look at the file gives.
  std::optional<App> reread(const std::string& name) const { return Store::open(folder())->app(AppName(name)); }

  TemporaryFolder temporary_;
};

TEST_F(StoreTest, GivesBackEveryFieldOfAnApp) {
  const App app = full_app("web");
  Store::open(folder())->save(app);
  ASSERT_TRUE(reread("web"));
  EXPECT_EQ(text_of(*reread("web")), text_of(app));
}

TEST_F(StoreTest, GivesBackAnAppWithNothingInIt) {
  const App app{AppName("web")};
  Store::open(folder())->save(app);
  EXPECT_EQ(text_of(*reread("web")), text_of(app));
}

TEST_F(StoreTest, TakesOverEachKindOfChange) {
  const auto store = Store::open(folder());
  App app = full_app("web");
  store->save(app);
  const std::vector<std::function<void()>> changes = {
      [&] { app.wish = Wish{}; },
      [&] { app.wish.goal = goal::Removed{}; },
      [&] { app.last.reset(); },
      [&] { app.scheme = NamingScheme::jcl; },
      [&] { app.autostart = Autostart::none; },
      [&] { app.releases[1].verdict = Verdict::passed; },
      [&] { app.releases[1].containers["web"] = "renamed"; },
      [&] { app.releases[1].images.erase("db"); },
      [&] { app.releases[1].container_created.clear(); },
      [&] { app.releases[2].spec.services[0].environment["NEW"] = "1"; },
      [&] { app.releases.erase(app.releases.begin()); },
      [&] { app.releases.push_back(app.releases[0]), app.releases.back().number = {12}; },
      [&] { app.builds[0].configurations["other"].spec.services[0].image = "changed"; },
      [&] { app.builds[0].configurations["other"].ports_overridden = true; },
      [&] { app.builds[0].configurations.erase("default"); },
      [&] { app.builds.erase(app.builds.begin()); },
      [&] { std::swap(app.quarantine[0], app.quarantine[1]); },
      [&] { app.quarantine.clear(); },
      [&] { app.releases.clear(); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    changes[i]();
    store->save(app);
    EXPECT_EQ(text_of(*store->app(app.name)), text_of(app)) << "change " << i;
    EXPECT_EQ(text_of(*reread("web")), text_of(app)) << "change " << i;
  }
}

TEST_F(StoreTest, KeepsEachDistinctSpecOnceAndNoneThatIsUnused) {
  const auto store = Store::open(folder());
  App app = long_lived_app("web", 50);
  store->save(app);
  EXPECT_EQ(count("specs"), "1");
  app.releases[3].spec.settle = Milliseconds(1);
  store->save(app);
  EXPECT_EQ(count("specs"), "2");
  app.releases.erase(app.releases.begin() + 3);
  store->save(app);
  EXPECT_EQ(count("specs"), "1");
}

TEST_F(StoreTest, WritesOnlyTheRowsThatDiffer) {
  const auto store = Store::open(folder());
  App app = long_lived_app("web", 20);
  store->save(app);
  // A rule in the file itself: whoever rewrites a release that did not change fails.
  sql(folder().string(),
      "CREATE TRIGGER no_rewrite BEFORE DELETE ON releases WHEN old.number <> 5 "
      "BEGIN SELECT RAISE(ABORT, 'rewritten'); END");
  app.releases[4].verdict = Verdict::failed;
  app.wish.goal = goal::Stopped{};
  store->save(app);
  EXPECT_EQ(text_of(*reread("web")), text_of(app));
  app.releases[5].verdict = Verdict::failed;
  EXPECT_THROW(store->save(app), Error);
}

TEST_F(StoreTest, SeesWhatAnotherStoreSaved) {
  const auto one = Store::open(folder());
  const auto other = Store::open(folder());
  App app = full_app("web");
  one->save(app);
  EXPECT_EQ(text_of(*other->app(app.name)), text_of(app));
  app.releases[0].spec.services[0].image = "web:9";
  other->save(app);
  EXPECT_EQ(text_of(*one->app(app.name)), text_of(app));
}

TEST_F(StoreTest, KeepsTheOldAppWhenASaveFails) {
  const auto store = Store::open(folder());
  const App before = full_app("web");
  store->save(before);
  sql(folder().string(), "CREATE TRIGGER broken BEFORE INSERT ON quarantine BEGIN SELECT RAISE(ABORT, 'refused'); END");
  App after = before;
  after.wish = Wish{};
  after.releases.clear();
  EXPECT_THROW(store->save(after), Error);
  EXPECT_EQ(text_of(*store->app(before.name)), text_of(before));
  sql(folder().string(), "DROP TRIGGER broken");
  store->save(after);
  EXPECT_EQ(text_of(*store->app(before.name)), text_of(after));
}

TEST_F(StoreTest, ListsAppsByName) {
  const auto store = Store::open(folder());
  EXPECT_THAT(store->app_names(), IsEmpty());
  EXPECT_FALSE(store->app(AppName("web")));
  for (const char* name : {"web", "api", "Db"}) store->save(full_app(name));
  EXPECT_THAT(store->app_names(), ElementsAre("Db", "api", "web"));
  const std::vector<App> apps = store->apps();
  ASSERT_EQ(apps.size(), 3U);
  EXPECT_EQ(text_of(apps[1]), text_of(full_app("api")));
}

TEST_F(StoreTest, OutlinesHoldTheReleasesThatAreNamed) {
  const auto store = Store::open(folder());
  store->save(full_app("web"));
  store->save(App{AppName("empty")});
  App large = long_lived_app("large", 30);
  large.stable = ReleaseNumber{4};
  store->save(large);
  const std::vector<Outline> outlines = store->outlines();
  ASSERT_EQ(outlines.size(), 3U);
  EXPECT_EQ(outlines[0].name.text(), "empty");
  EXPECT_EQ(outlines[0].release_count, 0);
  EXPECT_THAT(outlines[0].releases, IsEmpty());
  EXPECT_EQ(outlines[1].release_count, 30);
  ASSERT_EQ(outlines[1].releases.size(), 2U);
  EXPECT_EQ(outlines[1].releases[0].number, (ReleaseNumber{4}));
  EXPECT_EQ(outlines[1].find({30})->containers.at("web"), "large-r30");
  EXPECT_EQ(outlines[1].find({29}), nullptr);
  const App full = full_app("web");
  EXPECT_EQ(outlines[2].scheme, full.scheme);
  EXPECT_EQ(outlines[2].wish.why, full.wish.why);
  EXPECT_EQ(outlines[2].last, full.last);
  EXPECT_EQ(outlines[2].stable, full.stable);
  EXPECT_EQ(outlines[2].autostart, full.autostart);
  EXPECT_EQ(outlines[2].created, full.created);
  ASSERT_EQ(outlines[2].releases.size(), 3U);
  EXPECT_EQ(outlines[2].find({3})->verdict, Verdict::failed);
  EXPECT_EQ(outlines[2].find({3})->reason, "it ended with 1");
  EXPECT_EQ(outlines[2].find({3})->images, full.releases[1].images);
  EXPECT_EQ(outlines[2].find({3})->containers, full.releases[1].containers);
}

TEST_F(StoreTest, ForgetsAnAppButNotItsJournal) {
  const auto store = Store::open(folder());
  store->save(full_app("web"));
  store->save(full_app("api"));
  JournalEntry entry;
  entry.app = "web";
  store->append(entry);
  store->forget(AppName("web"));
  store->forget(AppName("never-there"));
  EXPECT_THAT(store->app_names(), ElementsAre("api"));
  EXPECT_EQ(store->journal("web", 10).size(), 1U);
  // Nothing of it is left under the other app's roof.
  store->forget(AppName("api"));
  for (const char* table :
       {"wishes", "specs", "releases", "release_services", "builds", "build_configurations", "quarantine"})
    EXPECT_EQ(count(table), "0") << table;
}

TEST_F(StoreTest, JournalGivesTheNewestFirst) {
  const auto store = Store::open(folder());
  for (int i = 1; i <= 5; ++i) {
    JournalEntry entry;
    entry.time = Time(Milliseconds(i));
    entry.app = i % 2 == 0 ? "web" : "api";
    entry.release = i == 4 ? std::optional(ReleaseNumber{4}) : std::nullopt;
    entry.who = "root";
    entry.verb = "deploy";
    entry.outcome = "done";
    entry.text = "text " + std::to_string(i);
    store->append(entry);
  }
  const auto texts = [](const std::vector<JournalEntry>& entries) {
    std::vector<std::string> result;
    for (const auto& entry : entries) result.push_back(entry.text);
    return result;
  };
  EXPECT_THAT(texts(store->journal("", 3)), ElementsAre("text 5", "text 4", "text 3"));
  EXPECT_THAT(texts(store->journal("web", 3)), ElementsAre("text 4", "text 2"));
  EXPECT_THAT(store->journal("other", 3), IsEmpty());
  const JournalEntry entry = store->journal("web", 1).at(0);
  EXPECT_EQ(entry.id, 4);
  EXPECT_EQ(entry.time, Time(Milliseconds(4)));
  EXPECT_EQ(entry.app, "web");
  EXPECT_EQ(entry.release, (ReleaseNumber{4}));
  EXPECT_EQ(entry.who, "root");
  EXPECT_EQ(entry.verb.text(), "deploy");
  EXPECT_EQ(entry.outcome.text(), "done");
}

TEST_F(StoreTest, TheJournalHasOneWordForOneOutcome) {
  const auto store = Store::open(folder());
  const std::vector<std::string> kept{"taken back", "gave up", "rolled_back", "done", "postponed", ""};
  for (const auto& word : kept) {
    JournalEntry entry;
    entry.app = "web";
    store->append(entry);
    sql(folder().string(), format("UPDATE journal SET outcome = '{}' WHERE id = (SELECT max(id) FROM journal)", word));
  }
  using Kind = JournalOutcome::Kind;
  std::vector<Kind> kinds;
  std::vector<std::string> words;
  auto entries = store->journal("web", 10);
  std::reverse(entries.begin(), entries.end());
  for (const auto& entry : entries) {
    kinds.push_back(entry.outcome.kind());
    words.push_back(entry.outcome.text());
  }
  EXPECT_EQ(kinds,
            (std::vector{Kind::rolled_back, Kind::gave_up, Kind::rolled_back, Kind::done, Kind::other, Kind::other}));
  EXPECT_EQ(words, (std::vector<std::string>{"rolled_back", "gave_up", "rolled_back", "done", "postponed", ""}))
      << "of earlier versions, of this one, and of one to come";
  // It goes from one state to another as it is.
  store->append(entries.at(4));
  EXPECT_EQ(store->journal("web", 1).at(0).outcome, entries.at(4).outcome);
}

TEST_F(StoreTest, TheJournalKeepsVerbsOfOtherVersions) {
  const auto store = Store::open(folder());
  const std::vector<JournalVerb> verbs{"deploy",
                                       "start new",
                                       JournalVerb("start").of("r3"),
                                       JournalVerb("signal").of("HUP"),
                                       "start",
                                       "service backup",
                                       JournalVerb::kept("levitate now"),
                                       JournalVerb::kept("starting"),
                                       JournalVerb::kept("")};
  std::vector<std::string> words;
  for (const auto& verb : verbs) {
    JournalEntry entry;
    entry.app = "web";
    entry.verb = verb;
    store->append(entry);
    const JournalVerb read = store->journal("web", 1).at(0).verb;
    EXPECT_EQ(read, verb) << verb.text();
    words.push_back(format("{}: {}", read.word(), read.text()));
  }
  EXPECT_EQ(words, (std::vector<std::string>{"deploy: deploy", "start new: start new", "start: start r3",
                                             "signal: signal HUP", "start: start", "service backup: service backup",
                                             ": levitate now", ": starting", ": "}));
  for (const std::string_view word : JournalVerb::all)
    EXPECT_EQ(JournalVerb::kept(std::string(word)).word(), word) << "no verb is the begin of another one with a detail";
}

TEST_F(StoreTest, OpenExistingMakesNothing) {
  EXPECT_EQ(Store::open_existing(folder()), nullptr);
  EXPECT_FALSE(fs::exists(folder()));
  fs::create_directory(folder());
  EXPECT_EQ(Store::open_existing(folder()), nullptr);
  EXPECT_TRUE(fs::is_empty(folder()));
  Store::open(folder())->save(full_app("web"));
  const auto store = Store::open_existing(folder());
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(text_of(*store->app(AppName("web"))), text_of(full_app("web")));
  EXPECT_EQ(store->folder(), folder());
}

TEST_F(StoreTest, UsesTheSettingsThatDurabilityNeeds) {
  const auto store = Store::open(folder());
  EXPECT_EQ(sql(folder().string(), "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(sql(folder().string(), "PRAGMA user_version"), std::to_string(schema_version));
  EXPECT_EQ(sql(folder().string(), "PRAGMA foreign_key_check"), "");
  EXPECT_EQ(sql(folder().string(), "PRAGMA integrity_check"), "ok");
}

TEST_F(StoreTest, RemembersWhenADigestWasFirstSeen) {
  const auto store = Store::open(folder());
  EXPECT_EQ(store->first_seen("web:1", "sha256:aa", Time(Milliseconds(5))), Time(Milliseconds(5)));
  EXPECT_EQ(store->first_seen("web:1", "sha256:aa", Time(Milliseconds(9))), Time(Milliseconds(5)));
  EXPECT_EQ(store->first_seen("web:1", "sha256:bb", Time(Milliseconds(7))), Time(Milliseconds(7)));
  EXPECT_EQ(store->first_seen("web:2", "sha256:aa", Time(Milliseconds(8))), Time(Milliseconds(8)));
  EXPECT_EQ(store->first_seen("web:3", "sha256:aa", Time(Milliseconds(90))), Time(Milliseconds(90)));
  EXPECT_EQ(store->first_seen("web:3", "sha256:aa", Time(Milliseconds(9))), Time(Milliseconds(9)))
      << "the clock was ahead";
  EXPECT_EQ(store->first_seen("web:3", "sha256:aa", Time(Milliseconds(95))), Time(Milliseconds(9)));
  const auto seen = Store::open(folder())->sightings("web:1");
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].digest, "sha256:aa");
  EXPECT_EQ(seen[1].first_seen, Time(Milliseconds(7)));
  store->forget_sightings("web:1", 1);
  ASSERT_EQ(store->sightings("web:1").size(), 1U);
  EXPECT_EQ(store->sightings("web:1")[0].digest, "sha256:bb");
  EXPECT_EQ(store->sightings("web:2").size(), 1U);
}

TEST_F(StoreTest, KeepsWhatAnAppWaitsForAsLongAsTheAppIsThere) {
  const auto store = Store::open(folder());
  const AppName web("web");
  const Wait window{Wait::Topic::update, "1.3@cd34 is new", Time(Milliseconds(5)), Time(Milliseconds(9))};
  const Wait health{Wait::Topic::health, "it is down", Time(Milliseconds(7)), {}};
  store->set_wait(web, window.topic, window);
  EXPECT_TRUE(store->waits().empty()) << "there is no such app";
  store->save(full_app("web"));
  store->set_wait(web, window.topic, window);
  store->set_wait(web, health.topic, health);
  store->save(long_lived_app("web", 2));
  EXPECT_EQ(Store::open(folder())->waits(), (std::map<std::string, std::vector<Wait>>{{"web", {health, window}}}));
  store->set_wait(web, window.topic, {});
  EXPECT_EQ(store->waits(), (std::map<std::string, std::vector<Wait>>{{"web", {health}}}));
  store->forget(web);
  store->save(full_app("web"));
  EXPECT_TRUE(store->waits().empty());
}

TEST_F(StoreTest, RemembersWhatWasTriedForAnAppForADay) {
  const auto store = Store::open(folder());
  const AppName web("web");
  const Time start{std::chrono::days(100)};
  const Repair repair{start, Repair::Kind::repair, ReleaseNumber{2}};
  store->append(web, repair);
  EXPECT_TRUE(store->repairs(web).empty()) << "there is no such app";
  store->save(full_app("web"));
  store->append(web, repair);
  const Repair attempt{start, Repair::Kind::attempt, {}};
  store->append(web, attempt);
  EXPECT_EQ(Store::open(folder())->repairs(web), (std::vector{attempt, repair}));
  const Repair later{start + repair_age + Milliseconds(1), Repair::Kind::gave_up, {}};
  store->append(web, later);
  EXPECT_EQ(store->repairs(web), std::vector{later});
}

// Until schema 10 the journal was asked.
TEST_F(StoreTest, TakesOverTheRepairsOfTheLastDayFromTheJournal) {
  const Time now{std::chrono::days(100)};
  {
    const auto store = Store::open(folder());
    store->save(long_lived_app("web", 2));
    store->save(full_app("idle"));
    const auto tell = [&](Milliseconds before, const char* verb, const char* outcome) {
      JournalEntry entry;
      entry.time = now - before;
      entry.app = "web";
      entry.release = ReleaseNumber{2};
      entry.verb = JournalVerb::kept(verb);
      entry.outcome = JournalOutcome::kept(outcome);
      store->append(entry);
    };
    tell(std::chrono::hours(30), "heal", "started");
    tell(std::chrono::minutes(40), "heal", "started");
    tell(std::chrono::minutes(39), "heal", "done");
    tell(std::chrono::minutes(30), "repair", "started");
    tell(std::chrono::minutes(20), "heal", "gave up");
    tell(std::chrono::minutes(10), "restart", "started");
    tell(Milliseconds(0), "deploy", "done");
    sql(folder().string(),
        "UPDATE journal SET outcome = 'gave up' WHERE outcome = 'gave_up'");  // as it was called then
  }
  sql(folder().string(),
      "ALTER TABLE releases DROP COLUMN predecessor; ALTER TABLE backups DROP COLUMN drill_failure; DROP TABLE "
      "errands; DROP TABLE told; DROP TABLE services; DROP "
      "TABLE service_remnants; ALTER TABLE wishes DROP "
      "COLUMN held; ALTER TABLE apps "
      "DROP COLUMN origin_kind; DROP TABLE "
      "asked; "
      "ALTER TABLE releases DROP COLUMN ended; DROP TABLE repairs; PRAGMA user_version = 9");
  const auto store = Store::open(folder());
  EXPECT_EQ(store->repairs(AppName("web")),
            (std::vector<Repair>{{now - std::chrono::minutes(20), Repair::Kind::gave_up, ReleaseNumber{2}},
                                 {now - std::chrono::minutes(30), Repair::Kind::repair, ReleaseNumber{2}},
                                 {now - std::chrono::minutes(40), Repair::Kind::healing, ReleaseNumber{2}}}));
  EXPECT_TRUE(store->repairs(AppName("idle")).empty());
}

// Until schema 12 the file's name told it.
TEST_F(StoreTest, TakesOverWhatAnAppComesFrom) {
  const std::map<std::string, std::pair<std::string, Origin>> apps{
      {"git", {"/srv/conf/units/git/start.yaml", Origin::unit}},
      {"web", {"/etc/dockerup/containers.d/web.json", Origin::definition}},
      {"family", {"", Origin::family}},
      {"shop", {"/srv/shop/compose.yaml", Origin::project}}};
  {
    const auto store = Store::open(folder());
    for (const auto& [name, origin] : apps) {
      App app{AppName(name)};
      app.origin = origin.first;
      if (origin.second == Origin::project) app.scheme = NamingScheme::compose;
      store->save(app);
    }
  }
  sql(folder().string(),
      "ALTER TABLE releases DROP COLUMN predecessor; ALTER TABLE backups DROP COLUMN drill_failure; DROP TABLE "
      "errands; DROP TABLE told; DROP TABLE services; DROP "
      "TABLE service_remnants; ALTER TABLE wishes DROP "
      "COLUMN held; ALTER TABLE apps "
      "DROP COLUMN origin_kind; PRAGMA "
      "user_version = 11");
  const auto store = Store::open(folder());
  for (const auto& [name, origin] : apps) EXPECT_EQ(store->app(AppName(name))->origin_kind, origin.second) << name;
  for (const auto& outline : store->outlines()) EXPECT_EQ(outline.origin_kind, apps.at(outline.name.text()).second);
}

TEST_F(StoreTest, RemembersWhenARegistryWasAsked) {
  const Time asked(Milliseconds(1'769'850'000'000));
  {
    const auto store = Store::open(folder());
    EXPECT_EQ(store->last_asked("web:1"), std::nullopt);
    store->note_asked("web:1", asked);
    store->note_asked("web:1", asked + std::chrono::hours(1));
  }
  EXPECT_EQ(Store::open(folder())->last_asked("web:1"), asked + std::chrono::hours(1));
  EXPECT_EQ(Store::open(folder())->last_asked("web:2"), std::nullopt);
}

TEST_F(StoreTest, RemembersInstalledServicesAndWhatTheyGoBackTo) {
  InstalledService plain;
  plain.name = "web";
  plain.version = {"me/web:1", "sha256:1", "sha256:2", "3", true, false};
  plain.launcher = "/usr/local/bin/web";
  plain.launcher_digest = "4";
  plain.installed = plain.updated = Time(Milliseconds(1'769'850'000'000));
  InstalledService unfinished = plain;
  unfinished.name = "blog";
  unfinished.unfinished = InstalledService::Unfinished::update;
  unfinished.before = ServiceVersion{"me/blog", "sha256:5", "", "6", false, true};
  unfinished.before_world = "{}";
  unfinished.before_backup = "/backup";
  {
    const auto store = Store::open(folder());
    store->save(plain);
    store->save(unfinished);
  }
  const auto store = Store::open(folder());
  EXPECT_EQ(store->services(), (std::vector{unfinished, plain}));
  EXPECT_EQ(store->service("blog"), unfinished);
  unfinished.before.reset();
  unfinished.unfinished = InstalledService::Unfinished::nothing;
  store->save(unfinished);
  EXPECT_EQ(store->service("blog"), unfinished);
  store->forget_service("blog");
  EXPECT_EQ(store->service("blog"), std::nullopt);
  EXPECT_EQ(store->services().size(), 1u);
}

TEST_F(StoreTest, KeepsTheRemnantsOfAServiceUntilTheyOrItAreGone) {
  using enum Store::Remnant;
  const auto store = Store::open(folder());
  InstalledService service;
  service.name = "web";
  store->save(service);
  store->note_remnants("web", volume, {"a", "b"}, {"a", "b"});
  store->note_remnants("web", image, {"i"}, {"i"});
  store->note_remnants("blog", volume, {"c"}, {"a", "b", "c"});
  store->save(service);
  store->note_remnants("web", volume, {"d"}, {"b", "c", "d"});
  EXPECT_EQ(store->remnants("web", volume), (std::set<std::string>{"b", "d"}));
  EXPECT_EQ(store->remnants("web", image), std::set<std::string>{"i"});
  store->forget_service("web");
  EXPECT_EQ(store->remnants("web", volume), std::set<std::string>{});
  EXPECT_EQ(store->remnants("web", image), std::set<std::string>{});
  EXPECT_EQ(store->remnants("blog", volume), std::set<std::string>{"c"});
}

TEST_F(StoreTest, TakesOverAStateOfTheFirstSchema) {
  Store::open(folder())->save(long_lived_app("web", 2));
  // Back to what the first schema had.
  sql(folder().string(),
      "ALTER TABLE releases DROP COLUMN predecessor; ALTER TABLE backups DROP COLUMN drill_failure; DROP TABLE "
      "errands; DROP TABLE told; DROP TABLE services; DROP "
      "TABLE service_remnants; ALTER TABLE wishes DROP "
      "COLUMN held; DROP TABLE "
      "asked; ALTER TABLE releases DROP COLUMN "
      "ended; DROP TABLE "
      "backup_failures; DROP TABLE repairs; "
      "DROP TABLE state; ALTER TABLE releases DROP COLUMN identity; ALTER TABLE releases DROP COLUMN state; "
      "ALTER TABLE release_services RENAME COLUMN container_created TO adopted_created; "
      "DROP TABLE waits; DROP TABLE backups; ALTER TABLE apps DROP COLUMN highest_snapshot; ALTER TABLE apps DROP "
      "COLUMN snapshots; "
      "ALTER TABLE wishes DROP COLUMN snapshot; ALTER TABLE wishes DROP COLUMN data; "
      "ALTER TABLE wishes DROP COLUMN fallback_data; ALTER TABLE wishes DROP COLUMN way_back; "
      "ALTER TABLE wishes DROP COLUMN failed; ALTER TABLE wishes DROP COLUMN trouble; "
      "ALTER TABLE wishes DROP COLUMN held_down; ALTER TABLE wishes DROP COLUMN restart; "
      "DROP TABLE sightings; ALTER TABLE apps DROP COLUMN origin_kind; ALTER TABLE apps DROP COLUMN origin; "
      "ALTER TABLE wishes DROP COLUMN previous; "
      "ALTER TABLE wishes DROP COLUMN proved; ALTER TABLE release_services DROP COLUMN body; "
      "ALTER TABLE release_services DROP COLUMN body_identity; ALTER TABLE release_services DROP COLUMN verdict; "
      "ALTER TABLE release_services DROP COLUMN reason; ALTER TABLE release_services DROP COLUMN log_tail; "
      "ALTER TABLE releases DROP COLUMN files; ALTER TABLE releases DROP COLUMN needs; "
      "ALTER TABLE releases DROP COLUMN outage; ALTER TABLE quarantine DROP COLUMN digest; PRAGMA user_version = 1");
  const auto store = Store::open(folder());
  EXPECT_EQ(text_of(*store->app(AppName("web"))), text_of(long_lived_app("web", 2)));
  store->save(full_app("other"));
  EXPECT_EQ(text_of(*store->app(AppName("other"))), text_of(full_app("other")));
  EXPECT_EQ(sql(folder().string(), "PRAGMA user_version"), std::to_string(schema_version));
}

void put(Store& store, const Errand& errand) {
  store.update_errand(errand, [&](const std::optional<Errand>&) { return errand; });
}

TEST_F(StoreTest, RemembersWhatIsDoneByTheClockUntilTheAppIsForgotten) {
  Errand backup;
  backup.app = "web";
  backup.schedule = "04:30";
  backup.since = backup.due = Time(Milliseconds(1'700'000'000'000));
  Errand job = backup;
  job.kind = Errand::Kind::job;
  job.service = "clean";
  job.began = job.due;
  job.ended = *job.began + Seconds(3);
  job.reason = "it exited with code 3";
  {
    const auto store = Store::open(folder());
    store->save(full_app("web"));
    put(*store, backup);
    put(*store, job);
    backup.began = backup.due + Seconds(1);
    put(*store, backup);
  }
  const auto store = Store::open(folder());
  EXPECT_EQ(store->errands("web"), (std::vector{backup, job}));
  EXPECT_EQ(store->errands({}).size(), 2u);
  EXPECT_THAT(store->errands("other"), IsEmpty());
  EXPECT_TRUE(backup.is_under_way() && job.has_failed());
  store->forget_errand(backup);
  EXPECT_EQ(store->errands({}), std::vector{job});
  store->forget(AppName("web"));
  EXPECT_THAT(store->errands({}), IsEmpty());
}

// A new schedule and the end of a run may come at the same time.
TEST_F(StoreTest, NobodyElseChangesAnErrandWhileItIsUpdated) {
  Errand job;
  job.app = job.service = "web";
  job.kind = Errand::Kind::job;
  job.schedule = "04:30";
  const auto store = Store::open(folder());
  store->save(full_app("web"));
  put(*store, job);
  store->update_errand(job, [&](const std::optional<Errand>& known) {
    EXPECT_THROW(sql(folder().string(), "UPDATE errands SET good = 1"), std::runtime_error);
    std::optional<Errand> after = known;
    after->schedule = "05:00";
    return after;
  });
  sql(folder().string(), "UPDATE errands SET good = 1");
  store->update_errand(job, [&](const std::optional<Errand>& known) {
    EXPECT_TRUE(known->is_good) << "what is changed is what is there now";
    return std::nullopt;
  });
  EXPECT_EQ(store->errands("web").at(0).schedule, "05:00");
  EXPECT_TRUE(store->errands("web").at(0).is_good);
}

TEST_F(StoreTest, RemembersWhatNoticesHaveTold) {
  {
    const auto store = Store::open(folder());
    store->save(Told{"web", "backup", "late"});
    store->save(Told{"web", "crash_loop", "web-r1"});
    store->save(Told{"web", "backup", "failed"});
  }
  const auto store = Store::open(folder());
  EXPECT_EQ(store->told(), (std::vector<Told>{{"web", "backup", "failed"}, {"web", "crash_loop", "web-r1"}}));
  store->forget_told("web", "backup");
  EXPECT_EQ(store->told(), (std::vector<Told>{{"web", "crash_loop", "web-r1"}}));
}

TEST_F(StoreTest, KeepsACopyOfTheOlderSchemaBeforeItMigrates) {
  Store::open(folder());
  for (const auto& entry : fs::directory_iterator(folder()))
    EXPECT_EQ(entry.path().filename().string().find("schema"), std::string::npos) << "a new state has nothing older";
  // A state as the Belay before this one left it.
  const int older = schema_version - 1;
  const auto forget_database = [&] {
    for (const char* name : {"state.db-wal", "state.db-shm"}) fs::remove(folder() / name);
    fs::resize_file(folder() / "state.db", 0);
  };
  forget_database();
  for (const Migration& migration : migrations())
    if (migration.version <= older) sql(folder().string(), migration.sql);
  sql(folder().string(),
      "INSERT INTO journal (time, app, who, verb, outcome, text) "
      "VALUES (0, 'web', 'root', 'deploy', 'done', 'web runs r1'); PRAGMA user_version = " +
          std::to_string(older));

  Store::open(folder())->save(full_app("other"));
  const fs::path copy = folder() / ("state.db.schema-" + std::to_string(older));
  ASSERT_TRUE(fs::exists(copy));
  EXPECT_FALSE(fs::exists(copy.string() + ".part"));
  EXPECT_EQ(fs::status(copy).permissions(), fs::status(folder() / "state.db").permissions()) << "it holds secrets too";

  // Back to it: what was there before is there, in the old schema, and can be brought forward again.
  forget_database();
  fs::copy_file(copy, folder() / "state.db", fs::copy_options::overwrite_existing);
  EXPECT_EQ(sql(folder().string(), "PRAGMA user_version"), std::to_string(older));
  const auto store = Store::open(folder());
  EXPECT_THAT(store->app_names(), IsEmpty());
  ASSERT_EQ(store->journal("web", 10).size(), 1u);
  EXPECT_EQ(store->journal("web", 10)[0].text, "web runs r1");
}

JournalEntry told(const std::string& app, std::chrono::days day, const std::string& text) {
  JournalEntry entry;
  entry.time = Time(day);
  entry.app = app;
  entry.text = text;
  return entry;
}

TEST_F(StoreTest, TrimsTheJournalByAgeButNotItsNewestEntries) {
  const auto store = Store::open(folder());
  for (int i = 0; i < 5; ++i) store->append(told("web", std::chrono::days(i), "old"));
  store->append(told("web", std::chrono::days(1'000), "new"));
  EXPECT_EQ(count("journal"), "6") << "few entries stay, however old";
  sql(folder().string(), "UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'journal'");
  store->append(told("web", std::chrono::days(1'001), "newer"));
  EXPECT_EQ(count("journal WHERE text = 'old'"), "0");
  EXPECT_EQ(count("journal"), "2");
}

TEST_F(StoreTest, TrimsTheJournalBySize) {
  const auto store = Store::open(folder());
  for (int i = 0; i < 3; ++i) store->append(told("web", std::chrono::days(i), "first"));
  sql(folder().string(), "UPDATE sqlite_sequence SET seq = 20001 WHERE name = 'journal'");
  store->append(told("web", std::chrono::days(3), "last"));
  EXPECT_EQ(count("journal"), "2") << "20,000 numbers back from the newest";
}

TEST_F(StoreTest, TrimsTheJournalWhenAsked) {
  const auto store = Store::open(folder());
  for (const auto* app : {"web", "db", "web", "db", "web"}) store->append(told(app, std::chrono::days(0), app));
  EXPECT_EQ(store->trim_journal("web", 1), 2);
  EXPECT_EQ(store->journal("web", 10).size(), 1u);
  EXPECT_EQ(store->journal("db", 10).size(), 2u);
  EXPECT_EQ(store->trim_journal("", 2), 1);
  EXPECT_EQ(store->trim_journal("", 2), 0);
  EXPECT_EQ(store->journal("", 10)[0].app, "web") << "the newest stay";
}

BackupRecord backup(const std::string& app, const std::string& name, int second) {
  BackupRecord record;
  record.app = app;
  record.place = "/var/backups";
  record.name = name;
  record.taken = Time(Seconds(second));
  record.size = {1000};
  record.data_size = {5'000'000'000};
  record.files = 12;
  record.encrypted = true;
  return record;
}

TEST_F(StoreTest, KeepsAnIndexOfBackupsThatOutlivesTheirApp) {
  const auto store = Store::open(folder());
  store->save(full_app("web"));
  store->save(backup("web", "b", 2));
  store->save(backup("shop", "c", 3));
  store->save(backup("web", "a", 1));
  store->forget(AppName("web"));
  const auto of_web = store->backups("web");
  ASSERT_EQ(of_web.size(), 2u);
  EXPECT_EQ(of_web[0].name, "a");
  EXPECT_EQ(of_web[1].name, "b");
  EXPECT_EQ(of_web[1].data_size.value, 5'000'000'000);
  EXPECT_TRUE(of_web[1].encrypted);
  EXPECT_EQ(of_web[1].release, std::nullopt);
  EXPECT_EQ(of_web[1].verified, std::nullopt);
  EXPECT_EQ(store->backups("").size(), 3u);
}

TEST_F(StoreTest, ReplacesABackupOfTheSamePlaceAndName) {
  const auto store = Store::open(folder());
  const auto id = store->save(backup("web", "a", 1));
  BackupRecord again = backup("web", "a", 1);
  again.release = ReleaseNumber{4};
  again.verified = Time(Seconds(9));
  again.drilled = Time(Seconds(10));
  again.trouble = "the checksum of a file is wrong";
  EXPECT_EQ(store->save(again), id);
  const auto records = store->backups("web");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].release, ReleaseNumber{4});
  EXPECT_EQ(records[0].verified, Time(Seconds(9)));
  EXPECT_EQ(records[0].drilled, Time(Seconds(10)));
  EXPECT_EQ(records[0].trouble, "the checksum of a file is wrong");
  store->forget_backup(id);
  EXPECT_TRUE(store->backups("web").empty());
}

}  // namespace
}  // namespace belay::state
