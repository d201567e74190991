#include "look/doctor.h"

#include <algorithm>
#include <array>
#include <set>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/format.h"
#include "base/lock.h"
#include "base/process.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/claims.h"
#include "change/host_view.h"
#include "change/kept_files.h"
#include "change/places.h"
#include "engine/direct.h"
#include "look/beside_compose.h"
#include "look/errand_text.h"
#include "look/unfinished.h"
#include "safekeeping/backup_health.h"
#include "safekeeping/backups.h"
#include "state/store.h"

namespace belay::look {

namespace {

using Level = Finding::Level;

// More than a week, for those that are made weekly.

struct DatabasePort {
  std::uint16_t port;
  std::string_view what;
};
constexpr std::array databases{
    DatabasePort{1433, "SQL Server"},    DatabasePort{1521, "Oracle"},     DatabasePort{2379, "etcd"},
    DatabasePort{3306, "MySQL"},         DatabasePort{5432, "Postgres"},   DatabasePort{5984, "CouchDB"},
    DatabasePort{6379, "Redis"},         DatabasePort{8123, "ClickHouse"}, DatabasePort{9042, "Cassandra"},
    DatabasePort{9200, "Elasticsearch"}, DatabasePort{11211, "memcached"}, DatabasePort{27017, "MongoDB"}};

class Examination {
 public:
  Examination(change::Installation& installation, Clock& clock, std::stop_token stop)
      : installation_(installation), clock_(clock), stop_(std::move(stop)) {}

  std::vector<Finding> run() {
    engine();
    state();
    space();
    apps();
    autostart();
    return std::move(findings_);
  }

 private:
  void add(Level level, std::string topic, std::string text, std::string remedy = {}) {
    findings_.push_back({level, std::move(topic), std::move(text), std::move(remedy)});
  }

  // Runs one examination; what it throws is a finding.
  template <class Look>
  void examine(const std::string& topic, Look&& look) {
    try {
      look();
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      add(Level::bad, topic, error.what(), error.hint());
    }
  }

  void engine() {
    examine("engine", [&] {
      const auto info = installation_.engine().info(stop_);
      add(Level::good, "engine",
          format("Docker {} answers at {} (API {}, {}/{})", info.version, info.endpoint, info.api_version, info.os,
                 info.architecture));
      engine_answers_ = true;
      local_ = engine::is_local(info.endpoint);
      if (local_) engine_folder_ = installation_.engine().data_folder(stop_);
      if (info.buildkit) {
        add(Level::good, "builder", "builds use BuildKit");
      } else {
        add(Level::advice, "builder", "the engine offers no BuildKit: builds use the classic builder",
            "Cache mounts and COPY --chmod need a newer engine.");
      }
      if (info.os != "linux")
        add(Level::advice, "engine", format("the engine runs {} containers; Belay is made for Linux", info.os));
    });
  }

  void state() {
    examine("state", [&] {
      auto& store = installation_.store();
      add(Level::good, "state",
          format("{} is readable and has {} apps", store.folder().string(), store.app_names().size()));
      if (::access(store.folder().c_str(), W_OK) != 0)
        add(Level::bad, "state", format("{} is not writable for you", store.folder().string()),
            "Run belay with sudo, or join the group docker.");
      state_answers_ = true;
    });
  }

  void space() {
    struct statvfs status{};
    std::error_code error;
    for (const fs::path& place : {installation_.state_folder(), fs::path(engine_folder_)}) {
      if (place.empty() || !fs::exists(place, error) || ::statvfs(place.c_str(), &status) != 0) continue;
      const ByteCount free{static_cast<std::int64_t>(status.f_bavail * status.f_frsize)};
      const Level level = level_of_space(free);
      std::string remedy;
      if (level == Level::bad && place == installation_.state_folder())
        remedy = "Free some space there: until then nothing can be changed, but belay stop NAME stops an app.";
      else if (level != Level::good)
        remedy =
            "belay cleanup NAME removes all releases but the running one and one to go back to; belay df shows the "
            "rest.";
      add(level, "disk", format("{} free for {}", byte_text(free), place.string()), remedy);
    }
  }

  void interrupted(const App& app, const World& world) {
    const std::string steps =
        steps_left(plan_or_none(installation_.store(), app, world, clock_.now(), {}), app.name.text());
    const bool is_held = app.wish.progress == Wish::Progress::held && !steps.empty();
    add(is_held ? Level::bad : Level::advice, app.name.text(),
        is_held ? format("{} was interrupted and had it held still for it; left to do: {}", app.wish.why, steps)
                : format("a change was interrupted: {}{}", app.wish.why, steps.empty() ? "" : "; left to do: " + steps),
        format("{} finishes it; so does any other change.", finishing_command(app)));
  }

  void apps() {
    if (!engine_answers_ || !state_answers_) return;
    examine("apps", [&] {
      std::set<std::string> known;
      const auto all = installation_.store().apps();
      const auto waits = installation_.store().waits();
      const World world = change::observe_all(installation_.engine(), all, stop_);
      const change::Claims claims(installation_.engine(), installation_.store(), all, world, stop_);
      data_in_reach(all);
      for (const auto& app : all) {
        known.insert(app.name.text());
        if (app.wish.is_unfinished() &&
            !FileLock::holder_of(state::lock_path(installation_.store().folder(), app.name)))
          interrupted(app, world);
        if (const std::string left = left_over(app);
            !left.empty() && !FileLock::holder_of(state::lock_path(installation_.store().folder(), app.name)))
          add(Level::advice, app.name.text(), left);
        examine(app.name.text(), [&] { backups(app); });
        examine(app.name.text(), [&] { obstacles(app, world, claims); });
        open_databases(app);
        if (!app.wish.trouble.empty())
          add(Level::bad, app.name.text(), format("it is in trouble: {}", app.wish.trouble),
              format("belay why {0} explains it; belay start {0} last tries it again.", app.name.text()));
        examine(app.name.text(), [&] {
          marked_images(app, world);
          as_wished(app, world);
          if (const auto gone = change::gone_images(world, app); !gone.empty())
            add(Level::advice, app.name.text(), format("the engine has the image no more of {}", gone_text(gone)),
                format(
                    "'docker system prune --all' takes such images; belay rollback {} goes to a release that is whole.",
                    app.name.text()));
        });
        if (const auto of_app = waits.find(app.name.text()); of_app != waits.end()) as_declared(app, of_app->second);
      }
      std::set<std::string> unknown;
      for (const auto& container : installation_.engine().containers({true, labels::app}, stop_))
        if (const auto owner = container.owner(); owner && !known.contains(owner->app)) unknown.insert(owner->app);
      for (const auto& name : unknown)
        add(Level::advice, name, "the engine has containers of this app, the state does not know it",
            "belay recover rebuilds it from their labels.");
      if (unknown.empty()) add(Level::good, "apps", "state and engine know the same apps");
    });
  }

  // Ports of databases that any machine can reach: the engine opens them in front of the host's firewall.
  void open_databases(const App& app) {
    const auto number = change::what_runs(app);
    const Release* release = number ? app.find(*number) : nullptr;
    if (release == nullptr) return;
    for (const auto& service : release->spec.services)
      for (const auto& port : service.ports) {
        const auto known = std::find_if(databases.begin(), databases.end(),
                                        [&](const auto& each) { return each.port == port.container_port; });
        const bool is_open = port.host_ip.empty() || port.host_ip == "0.0.0.0" || port.host_ip == "::";
        if (known == databases.end() || !is_open || port.protocol != "tcp") continue;
        const std::string host_port = port.host_port ? format("{}", *port.host_port) : "a free port";
        const std::string narrow =
            format("127.0.0.1:{}:{}", port.host_port.value_or(port.container_port), port.container_port);
        const bool has_own_settings = app.origin.empty() && !release->spec.project && !app.builds.empty();
        add(Level::advice, app.name.text(),
            format("port {} ({}) of {} is open on every address of this host, at {}, also past a firewall such as ufw",
                   port.container_port, known->what, service.name, host_port),
            has_own_settings ? format("belay set {} ports={} limits it to this host.", app.name.text(), narrow)
                             : format("Publish it as {} where the app is declared.", narrow));
      }
  }

  // What a restore would be refused for is better known before it is needed.
  void obstacles(const App& app, const World& world, const change::Claims& claims) {
    const auto number = change::what_runs(app) ? change::what_runs(app) : app.last;
    const Release* release = number ? app.find(*number) : nullptr;
    if (!local_ || release == nullptr) return;
    if (!mounts_) mounts_ = data::Mounts::now();
    const auto say = [&](const char* what, const std::string& why) {
      add(Level::advice, app.name.text(), format("{} will be refused: {}", what, why), "See belay restore --help.");
    };
    const Spec at_home = change::with_paths_of_the_host(installation_.store(), app, release->spec);
    for (const auto& why : change::obstacles_of(at_home, world.volumes, *mounts_)) say("a restore or a snapshot", why);
    for (const auto& why : change::no_ways_back(at_home, world.volumes)) say("a restore in place", why);
    if (!view_) view_ = change::HostView::now(installation_.engine(), stop_);
    if (const auto why =
            change::first_unseen(*view_, change::places_of_exchange(at_home, world.volumes), world.volumes))
      say("a restore or a snapshot", *why);
    for (const auto& why : change::claimed_by_others(claims, app.name, at_home, world.volumes, *mounts_))
      say("a restore in place", why);
  }

  // Said once for all apps.
  void data_in_reach(const std::vector<App>& apps) {
    if (local_ && engine::may_share_files(installation_.engine(), stop_)) return;
    if (std::any_of(apps.begin(), apps.end(), safekeeping::has_data_to_lose))
      add(Level::advice, "data",
          "the engine's files are not in reach from here: backups are made through the engine, and no restore or "
          "snapshot is possible",
          "Run belay on the engine's own machine, as root.");
  }

  // Of those that are kept on this host.
  void gone_files(const App& app) {
    const auto records = installation_.store().backups(app.name.text());
    std::vector<std::string> gone;
    std::string place;  // of the newest of them
    bool is_newest_gone = false;
    for (auto record = records.rbegin(); record != records.rend(); ++record) {
      if (!record->trouble.empty() || !safekeeping::is_gone(*record)) continue;
      is_newest_gone = is_newest_gone || record == records.rbegin();
      if (place.empty()) place = record->place;
      gone.push_back(format("{} ({})", safekeeping::backup_id(*record), safekeeping::where(*record)));
    }
    if (gone.empty()) return;
    // A scan of a folder that is missing might only mean that its disk is.
    std::error_code unknown;
    const std::string quoted = shell_quoted(place);
    const std::string scan = format("{}belay backups --scan {}",
                                    fs::exists(place, unknown) ? "" : format("mkdir -p {} && ", quoted), quoted);
    const size_t count = gone.size();
    if (count > 2) gone.resize(2);
    add(is_newest_gone ? Level::bad : Level::advice, app.name.text(),
        format("of its {} backups, {}: {}{}", records.size(),
               count == 1 ? std::string("the file of one is gone") : format("the files of {} are gone", count),
               join(gone, ", "), count > 2 ? ", …" : ""),
        format("If a disk is not mounted, mount it; else {} forgets them, and belay backup {} makes a new one.", scan,
               app.name.text()));
  }

  void backups(const App& app) {
    const auto now = clock_.now();
    const auto health = safekeeping::backup_health(installation_.store(), app.name, now);
    for (const auto& errand : installation_.store().errands(app.name.text()))
      if (is_overdue(errand, now))
        add(Level::bad, app.name.text(),
            format("its {} is {}, and nobody does it", to_text(errand.kind), turn_text(errand, now)),
            "belay serve does it: systemctl enable --now belay");
      else if (errand.kind == Errand::Kind::job && errand.has_failed())
        add(Level::advice, app.name.text(), format("{}: {}", errand.service, outcome_text(errand, now)),
            format("belay logs {} shows what it wrote; belay start {} runs it now.", app.name.text(), app.name.text()));
    const std::string again =
        format("belay backup {} tries it again; belay history {} has its tries.", app.name.text(), app.name.text());
    if (health.failed) return add(Level::bad, app.name.text(), trouble_text(health, now), again);
    gone_files(app);
    if (!safekeeping::has_data_to_lose(app)) return;
    const std::string remedy = format("belay backup {0} makes one; with --install-timer each day.", app.name.text());
    if (health.is_late(now))
      add(Level::advice, app.name.text(), late_text(health, now), remedy);
    else if (!health.last_good)
      add(Level::advice, app.name.text(), "it has data, and this host knows of no good backup of it", remedy);
    else if (const auto records = installation_.store().backups(app.name.text()); std::none_of(
                 records.begin(), records.end(), [](const auto& record) { return record.drilled.has_value(); }))
      add(Level::advice, app.name.text(), "no backup of it was ever restored for a test",
          format("belay drill {} proves that its newest backup can be restored.", app.name.text()));
  }

  // A prune takes images that no container uses; what is marked could then not be started again.
  void marked_images(const App& app, const World& world) {
    for (const auto& [mark, word] : {std::pair(app.last, "last"), std::pair(app.stable, "stable")}) {
      const Release* release = mark ? app.find(*mark) : nullptr;
      if (release == nullptr || (word == std::string_view("stable") && app.stable == app.last)) continue;
      for (const auto& [service, image] : release->images)
        if (!world.images.contains(image))
          add(Level::bad, app.name.text(),
              format("the image {} of {}, which is {}, is gone from the engine", short_digest(image),
                     release->number.text(), word),
              app.origin.empty()
                  ? format("belay build {0}, then belay start {0} new, makes a release that can be started.",
                           app.name.text())
                  : "belay apply brings what its definition names.");
    }
  }

  void as_wished(const App& app, const World& world) {
    const std::string& name = app.name.text();
    if (const auto silence = change::unanswered(app, world)) {
      add(Level::bad, name, *silence,
          format("See whether 'docker inspect' answers for it; belay restart {} starts it anew.", name));
      return;
    }
    if (const auto loop = change::restart_loop(app, world, clock_.now())) {
      add(Level::bad, name, *loop, format("belay logs {} shows what it wrote.", name));
      return;
    }
    if (const auto made = made_by_compose(app, world); !made.empty()) {
      add(Level::bad, name, format("docker compose made {} anew", join(made, ", ")),
          format("belay up in {} takes over what it made.",
                 app.origin.empty() ? std::string("its folder") : fs::path(app.origin).parent_path().string()));
      return;
    }
    const auto plan = plan::plan_wish({app, world, clock_.now(), {}});
    if (plan.empty() || app.wish.is_unfinished()) return;
    add(Level::bad, name, format("the app is not in its wanted state: {}", plan::step_text(plan.actions[0].step)),
        format("belay plan {} shows all of it.", name));
  }

  // What the last look at its definition found.
  void as_declared(const App& app, const std::vector<Wait>& waits) {
    if (app.origin.empty()) return;
    for (const auto& wait : waits) {
      using Topic = Wait::Topic;
      if (wait.topic == Topic::update || wait.topic == Topic::registry) continue;
      if (wait.topic == Topic::held && app.wish.since > wait.since) continue;
      add(Level::bad, app.name.text(), format("it is not as declared: {}", wait.text),
          format("belay why {} explains it.", app.name.text()));
    }
  }

  void autostart() {
    if (!state_answers_) return;
    examine("autostart", [&] {
      bool wanted = false;
      for (const auto& app : installation_.store().apps()) wanted = wanted || app.autostart != Autostart::none;
      if (!wanted) return;
      if (!fs::exists("/run/systemd/system")) {
        add(Level::advice, "autostart", "apps are marked for autostart, and this host does not run systemd",
            "Let your init system call: belay start-all (an example is in /usr/share/doc/belay/).");
        return;
      }
      if (!find_program("systemctl")) return;
      ProcessRequest question;
      question.command = {"systemctl", "is-enabled", "belay-autostart.service"};
      const auto enabled = run_process(question, stop_);
      if (enabled.exit_code == 0) {
        add(Level::good, "autostart", "belay-autostart.service is enabled");
      } else {
        add(Level::advice, "autostart", "apps are marked for autostart, but belay-autostart.service is not enabled",
            "systemctl enable belay-autostart");
      }
    });
  }

  change::Installation& installation_;
  Clock& clock_;
  std::stop_token stop_;
  std::vector<Finding> findings_;
  // Once for all apps.
  std::optional<data::Mounts> mounts_;
  std::optional<change::HostView> view_;
  bool engine_answers_ = false, state_answers_ = false, local_ = false;
  std::string engine_folder_;  // where the engine keeps what it has, by its own word; empty: it is elsewhere
};

}  // namespace

Finding::Level level_of_space(ByteCount free) {
  constexpr std::int64_t none = 16 << 20, little = 1 << 30;
  if (free.value < none) return Finding::Level::bad;
  return free.value < little ? Finding::Level::advice : Finding::Level::good;
}

std::vector<Finding> doctor(change::Installation& installation, Clock& clock, std::stop_token stop) {
  return Examination(installation, clock, std::move(stop)).run();
}

}  // namespace belay::look
