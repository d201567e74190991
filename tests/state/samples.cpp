#include "samples.h"

#include <sqlite3.h>
#include <stdexcept>

#include "base/format.h"

namespace belay::state {

namespace {

Time at(int seconds) {
  return Time(Seconds(1'700'000'000 + seconds)) + Milliseconds(7);
}

Spec sample_spec(const std::string& image) {
  Spec spec;
  Service web;
  web.name = "web";
  web.image = image;
  web.command = {"serve", "--all", ""};
  web.environment = {{"EMPTY", ""}, {"DB_PASSWORD", "s3cret"}, {"TEXT", "line\nline \"quoted\" ü"}};
  web.ports = {{80, "tcp", "127.0.0.1", 8080}, {53, "udp", "", std::nullopt}};
  web.mounts = {{Mount::Kind::volume, "web_data", "/data", false, "nocopy"},
                {Mount::Kind::tmpfs, "", "/tmp", true, ""}};
  web.resources.memory = ByteCount{64 << 20};
  Service db;
  db.name = "db";
  db.image = "db:1";
  spec.services = {web, db};
  spec.order = SwapOrder::stop_first;
  spec.settle = Milliseconds(1500);
  return spec;
}

template <class Number>
std::string text_of(const std::optional<Number>& value) {
  return value ? std::to_string(*value) : "-";
}
std::string text_of(const std::optional<ReleaseNumber>& number) {
  return number ? number->text() : "-";
}
std::string text_of(const std::optional<Milliseconds>& time) {
  return time ? std::to_string(time->count()) : "-";
}
std::string text_of(Time time) {
  return std::to_string(time.time_since_epoch().count());
}
std::string text_of(const std::map<std::string, std::string>& map) {
  std::string text;
  for (const auto& [key, value] : map) text += format("[{}={}]", key, value);
  return text;
}

std::string text_of(const std::vector<DataExchange>& exchanges) {
  std::string text;
  for (const auto& exchange : exchanges)
    text += format("[{} {} {}]", belay::text_of(exchange.place), belay::text_of(exchange.reserve), exchange.content);
  return text;
}

std::string text_of(const Snapshot& snapshot) {
  std::string items;
  for (const auto& item : snapshot.items)
    items += format("[{} {}]", belay::text_of(item.place), belay::text_of(item.kept));
  return format("snapshot {} {} {} {} {} {}\n", snapshot.text(), text_of(snapshot.release), text_of(snapshot.taken),
                snapshot.why, items, snapshot.complete);
}

std::string text_of_services(const Wish& wish) {
  std::string text;
  for (const auto& service : wish.held_down()) text += format("held down {}\n", service);
  if (wish.run() != nullptr)
    for (const auto& [service, time] : wish.run()->restart) text += format("restart {} {}\n", service, text_of(time));
  return text;
}

std::string text_of(const Wish& wish) {
  return format("wish {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}\n", wish.goal.index(),
                text_of(wish.release()), static_cast<int>(wish.progress), text_of(wish.fallback),
                wish.is<goal::Removed>() && std::get<goal::Removed>(wish.goal).with_data, wish.terms.wait,
                wish.terms.order ? static_cast<int>(*wish.terms.order) : -1, text_of(wish.terms.settle),
                text_of(wish.terms.wait_timeout), wish.who, wish.why, text_of(wish.since), text_of(wish.previous()),
                wish.proved() ? text_of(*wish.proved()) : "-", text_of(wish.snapshot), text_of(wish.data),
                text_of(wish.fallback_data), wish.rollback.has_value(),
                wish.rollback ? text_of(wish.rollback->failed) : "", wish.trouble) +
         text_of_services(wish);
}

std::string text_of(const Release& release) {
  std::string facts;
  for (const auto& [service, body] : release.bodies)
    facts += format(" {}={}/{}", service, body.release.text(), body.identity);
  for (const auto& [service, proof] : release.proofs)
    facts += format(" {}: {} {} {}", service, to_text(proof.verdict), proof.reason, proof.log_tail);
  for (const auto& [path, mark] : release.files) {
    facts += format(" {}={}", path, mark.digest);
    for (const auto line : mark.lines) facts += format(" {}", line);
  }
  for (const auto& [need, number] : release.needs) facts += format(" {}={}", need, number.text());
  if (release.outage) facts += format(" {}", release.outage->count());
  facts += format(" {} {}", release.identity, release.state);
  return facts + format("release {} {} images {} digests {} containers {} {} {} {} {} {} {} {} {}\n",
                        release.number.text(), spec_to_json(release.spec), text_of(release.images),
                        text_of(release.digests), text_of(release.containers), text_of(release.created),
                        to_text(release.verdict), release.reason, release.log_tail, release.who, release.why,
                        release.adopted, text_of(release.container_created));
}

std::string text_of(const Build& build) {
  std::string configurations;
  for (const auto& [name, configuration] : build.configurations)
    configurations += format("[{}={} {} {}]", name, spec_to_json(configuration.spec), configuration.ports_overridden,
                             configuration.volumes_overridden);
  return format("build {} {} {} {} {} {} {} {} {} {}\n", build.number, build.image, build.tag, build.context,
                build.dockerfile, configurations, build.parameter_file, build.parameter_text, text_of(build.created),
                build.who);
}

}  // namespace

App full_app(const std::string& name) {
  App app{AppName(name)};
  app.scheme = NamingScheme::dcv;
  app.created = at(0);
  app.wish.goal = goal::Run{ReleaseNumber{7}, {"db", "with \"quotes\""}, {}, {{"web", at(8)}}, ReleaseNumber{1}, at(7)};
  app.wish.progress = Wish::Progress::under_way;
  app.wish.fallback = ReleaseNumber{3};
  app.wish.terms.wait = false;
  app.wish.terms.order = SwapOrder::start_first;
  app.wish.terms.settle = Milliseconds(2500);
  app.wish.terms.wait_timeout = Milliseconds(0);
  app.wish.who = "root";
  app.wish.why = "belay deploy web";
  app.wish.since = at(1);
  app.origin = "/etc/dockerup/containers.d/web.json";
  app.origin_kind = Origin::definition;
  app.last = ReleaseNumber{3};
  app.stable = ReleaseNumber{1};
  app.autostart = Autostart::stable;
  app.highest_release = 9;
  const DataPlace volume{DataPlace::Kind::volume, "web_data"}, folder{DataPlace::Kind::folder, "/srv/web \"1\""};
  app.wish.snapshot = 4;
  app.wish.data = {{volume, reserve_of(volume, "s4"), "12-1.000000001"}};
  app.wish.rollback = Rollback{ReleaseNumber{3}};
  app.wish.trouble = "r2 did not prove itself again: it exited with code 1";
  app.wish.fallback_data = {{folder, reserve_of(folder, "s4"), "13-1.000000001"}};
  app.highest_snapshot = 4;
  app.snapshots = {
      {2, ReleaseNumber{1}, at(20), "before r3", {{volume, reserve_of(volume, "s2")}}, true},
      {4, {}, at(21), "", {{volume, reserve_of(volume, "s4")}, {folder, reserve_of(folder, "s4")}}, false}};

  Release first;
  first.number = {1};
  first.spec = sample_spec("web:1");
  Release second;
  second.number = {3};
  second.spec = sample_spec("web:2");
  second.images = {{"web", "sha256:aa"}, {"db", "sha256:bb"}};
  second.digests = {{"web", "sha256:cc"}};
  second.containers = {{"db", "dcv_db"}, {"web", ""}};
  second.created = at(2);
  second.verdict = Verdict::failed;
  second.reason = "it ended with 1";
  second.log_tail = std::string("bytes \xff\xfe and a zero ") + std::string(1, '\0') + " within";
  second.who = "eve";
  second.why = "belay start web new";
  second.adopted = true;
  second.container_created = {{"gone", "2026-01-31T09:05:07.123456789Z"}};
  Release third = second;
  third.number = {7};
  third.verdict = Verdict::unproven;
  third.bodies = {{"web", {{3}, "00112233445566778899aabbccddeeff"}}, {"gone", {{3}, ""}}};
  third.proofs = {{"db", {Verdict::failed, "it ended with 2", "its last\nlines"}}, {"web", {}}};
  third.files = {{"/etc/app.conf", {"00ff", {0, 4294967295U}}}, {"/etc/with \"quotes\"", {}}};
  third.needs = {{"db", {12}}};
  third.outage = Milliseconds(640);
  third.identity = "0123456789abcdef0123456789abcdef";
  third.state = "fedcba9876543210fedcba9876543210";
  app.releases = {first, second, third};

  Build build;
  build.number = 4;
  build.image = "sha256:dd";
  build.tag = "web:latest";
  build.context = "/srv/web";
  build.dockerfile = "/srv/web/Dockerfile";
  build.configurations = {{"default", {sample_spec("web"), true, false}},
                          {"other", {sample_spec("web:1"), false, true}}};
  build.parameter_file = "/srv/web/jockler-web";
  build.parameter_text = "ports:\n";
  build.created = at(3);
  build.who = "root";
  Build next = build;
  next.number = 5;
  next.parameter_file.clear();
  next.configurations.clear();
  app.builds = {build, next};

  app.quarantine = {{"sha256:zz", "web@sha256:01", ReleaseNumber{3}, "it ended with 1", at(4)},
                    {"sha256:ee", "", {}, "", at(5)}};
  return app;
}

App long_lived_app(const std::string& name, int releases) {
  App app{AppName(name)};
  for (int i = 1; i <= releases; ++i) {
    Release release;
    release.number = {i};
    release.spec = sample_spec("web:latest");
    release.images = {{"web", format("sha256:{:064x}", i)}};
    release.containers = {{"web", format("{}-r{}", name, i)}};
    release.created = at(i);
    release.verdict = Verdict::passed;
    release.log_tail = std::string(300, 'l');
    app.releases.push_back(release);
    Build build;
    build.number = i;
    build.image = format("sha256:{:064x}", i);
    build.configurations = {{"default", {sample_spec("web:latest"), false, false}}};
    app.builds.push_back(build);
  }
  app.last = ReleaseNumber{releases};
  app.highest_release = releases;
  return app;
}

std::string text_of(const App& app) {
  std::string text = format("app {} {} {} {} {} {} {} {} {}\n", app.name.text(), app.origin, to_text(app.origin_kind),
                            to_text(app.scheme), text_of(app.created), text_of(app.last), text_of(app.stable),
                            to_text(app.autostart), app.highest_release);
  text += format("snapshots up to {}\n", app.highest_snapshot) + text_of(app.wish);
  for (const Snapshot& snapshot : app.snapshots) text += text_of(snapshot);
  for (const Release& release : app.releases) text += text_of(release);
  for (const Build& build : app.builds) text += text_of(build);
  for (const Quarantine& entry : app.quarantine)
    text += format("quarantine {} {} {} {} {}\n", entry.image, entry.digest, text_of(entry.release), entry.reason,
                   text_of(entry.since));
  return text;
}

std::string sql(const std::string& folder, const std::string& statement) {
  sqlite3* database = nullptr;
  std::string first;
  const auto keep_first = [](void* into, int, char** values, char**) {
    auto& text = *static_cast<std::string*>(into);
    if (text.empty() && values[0] != nullptr) text = values[0];
    return 0;
  };
  sqlite3_open_v2((folder + "/state.db").c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  char* message = nullptr;
  const int result = sqlite3_exec(database, statement.c_str(), keep_first, &first, &message);
  const std::string failure = message != nullptr ? message : "";
  sqlite3_free(message);
  sqlite3_close(database);
  if (result != SQLITE_OK) throw std::runtime_error(statement + ": " + failure);
  return first;
}

}  // namespace belay::state
