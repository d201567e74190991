#include "declared/pass.h"

#include <algorithm>
#include <condition_variable>
#include <thread>

#include "base/format.h"
#include "base/lock.h"
#include "base/text.h"
#include "declared/need_order.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::declared {

bool is_from(const std::string& origin, const std::vector<std::string>& sources) {
  return std::any_of(sources.begin(), sources.end(), [&](const std::string& source) {
    return origin == source || origin.starts_with(source + "/") || origin.starts_with(source + "#");
  });
}

DeclaredHost Pass::run() {
  DeclaredHost host;
  if (options_.only_keep_up) {
    look_after_all(host);
    return host;
  }
  refuse_an_emptied_host();
  refuse_to_take_over_what_is_not_declared();
  tell_broken(host);
  look_after_all(host);
  remove_undeclared(host);
  if (options_.exclusive) stop_strangers(host);
  if (options_.dry_run) announce_once(host);
  return host;
}

std::string Pass::app_of_folder(const std::string& folder) const {
  for (const auto& [name, app] : view_.apps)
    if (app.origin.starts_with(folder + "/") && is_from(app.origin, options_.sources)) return name;
  return {};
}

void Pass::tell_broken(DeclaredHost& host) {
  for (const auto& broken : declared_.broken) {
    // A name that was never read is that of the app which the folder became.
    const std::string known_as = broken.folder.empty() ? "" : app_of_folder(broken.folder);
    tell_broken_one(known_as.empty() ? broken.name : known_as, broken.origin, broken.error, host);
  }
  for (const auto& [folder, error] : declared_.doubtful)
    if (const std::string name = app_of_folder(folder); !name.empty()) tell_broken_one(name, folder, error, host);
}

void Pass::tell_broken_one(const std::string& name, const std::string& origin, const ConfigError& error,
                           DeclaredHost& host) {
  DeclaredApp app;
  app.name = name;
  app.origin = origin;
  app.kind = Outcome::broken;
  app.as_declared = false;
  app.code = error.code();
  app.reason = error.what();
  app.hint = error.hint();
  if (AppName::is_valid(name)) note_trouble(AppName(name), context_.store, app);
  listener_.ended(app);
  host.apps.push_back(std::move(app));
}

void Pass::refuse_to_take_over_what_is_not_declared() const {
  for (const auto& name : options_.take_over) {
    const auto is_it = [&](const auto& each) { return each == name; };
    std::vector<std::string> known;
    for (const auto& app : declared_.apps) known.push_back(app.name.text());
    for (const auto& broken : declared_.broken) known.push_back(broken.name);
    if (std::any_of(known.begin(), known.end(), is_it)) continue;
    std::string near = did_you_mean(name, known);
    throw NotFound(format("no definition is called {}, so none can take it over", name),
                   near.empty() ? format("belay declare {} prints one for an app.", name) : std::move(near));
  }
}

void Pass::announce_once(DeclaredHost& host) {
  std::set<std::string> made;
  for (auto& app : host.apps)
    app.change.plan = plan::without(app.change.plan, [&](const plan::Step& step) {
      return plan::is_shared(step) && !made.insert(plan::step_text(step)).second;
    });
}

void Pass::refuse_an_emptied_host() const {
  if (options_.allow_empty || !declared_.apps.empty() || !declared_.broken.empty()) return;
  std::vector<std::string> known;
  for (const auto& [name, app] : view_.apps)
    if (is_from(app.origin, options_.sources)) known.push_back(name);
  if (known.empty()) return;
  throw Conflict(ErrorCode::definitions_gone,
                 format("there is no definition left, though {} {} declared here: nothing is touched",
                        join(known, ", "), known.size() == 1 ? "was" : "were"),
                 format("If that is intended, run: belay apply {} --allow-empty",
                        options_.sources.empty() ? "DIR" : shell_quoted(options_.sources.back())));
}

void Pass::look_after_all(DeclaredHost& host) {
  const auto& apps = declared_.apps;
  const size_t offset = host.apps.size();
  host.apps.resize(offset + apps.size());
  NeedOrder order(apps);
  std::mutex mutex;  // of the order and the results
  std::condition_variable changed;
  std::exception_ptr failed;
  const auto work = [&](state::Store& store) {
    std::unique_lock lock(mutex);
    while (!failed && !order.all_begun()) {
      const auto mine = order.next();
      if (!mine) {
        changed.wait(lock);
        continue;
      }
      lock.unlock();
      DeclaredApp result;
      std::exception_ptr trouble;
      try {
        result = look_after(apps[*mine], store);
      } catch (...) {
        trouble = std::current_exception();
      }
      lock.lock();
      if (trouble) failed = trouble;
      host.apps[offset + *mine] = std::move(result);
      order.done(*mine);
      changed.notify_all();
    }
  };
  // Where nothing is to be done, all are looked through before a second store could be opened.
  constexpr Milliseconds moment{3};
  std::condition_variable done_alone;
  const auto help = [&] {
    try {
      {
        std::unique_lock lock(mutex);
        const auto none_is_left = [&] { return failed || order.all_begun(); };
        if (done_alone.wait_for(lock, moment, none_is_left)) return;
      }
      // A store belongs to one thread.
      const auto store = state::Store::open(context_.store.folder());
      work(*store);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failed = std::current_exception();
      changed.notify_all();
    }
  };
  {
    const auto workers = std::clamp<size_t>(static_cast<size_t>(options_.workers), 1, std::max<size_t>(apps.size(), 1));
    std::vector<std::jthread> helpers;
    for (size_t i = 1; i < workers; ++i) helpers.emplace_back(help);
    work(context_.store);
    done_alone.notify_all();
  }
  if (failed) std::rethrow_exception(failed);
}

change::Context Pass::context_for(state::Store& store, change::Report& report) const {
  return {
      context_.engine,   store,       context_.clock, report, context_.who, context_.command, context_.wait_for_lock,
      context_.defaults, context_.run};
}

std::optional<App> Pass::known(const std::string& name) {
  const std::lock_guard lock(turn_);
  const App* found = view_.find(name);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

Needs Pass::needs_now(const Declaration& declared) {
  const std::lock_guard lock(turn_);
  return view_.needs_of(declared);
}

void Pass::remember(const App& app) {
  const std::lock_guard lock(turn_);
  view_.remember(app);
}

}  // namespace belay::declared
