#include "change/mark.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/start.h"
#include "state/store.h"

namespace belay::change {

namespace {

std::string container_name_of(Context& context, const App& app, ReleaseNumber release, std::stop_token stop) {
  World world;
  world.containers = context.engine.containers({}, stop);
  for (const auto& instance : plan::instances(app, world))
    if (instance.release == release) return instance.container->name;
  return {};
}

// Saves the mark and does the renames that follow from it, in the scheme that renames.
void apply(Context& context, App& app, Marked& marked, const World& world, const std::string& words,
           std::stop_token stop) {
  if (marked.changed) context.store.save(app);
  if (!marked.plan.empty()) {
    carry_out_whole(context, marked.plan, {}, stop);
    record_names(app, world, marked.plan);
    context.store.save(app);
  }
  if (marked.changed) write_journal(context, app, "stable", "done", words, marked.release);
}

// Whether the container of a service that is not up is as it should be: a job that has ended well, or that the clock
// starts, and what its user holds down.
bool is_rightly_down(const App& app, const Release& release, const plan::Instance& instance) {
  const auto& all = release.spec.services;
  const auto service =
      std::find_if(all.begin(), all.end(), [&](const Service& each) { return each.name == instance.service; });
  if (service == all.end()) return false;
  const bool has_ended_well = instance.container->state == ContainerState::exited && instance.container->exit_code == 0;
  return service->scheduled || !app.should_run(*service) || (has_ended_well && (service->job || service->may_end));
}

// The release that runs, asked of the engine. Refused with what is there where none does, several do, or another than
// should.
ReleaseNumber what_the_engine_runs(const App& app, const World& world) {
  const auto wished = what_runs(app);
  std::set<ReleaseNumber> running;  // that which should run, where it goes on with another one's containers
  std::vector<std::string> names, others;
  for (const auto& instance : plan::instances(app, world)) {
    const ContainerState state = instance.container->state;
    if (state == ContainerState::running || state == ContainerState::paused) {
      running.insert(wished && app.release(*wished).container_release(instance.service) == instance.release
                         ? *wished
                         : instance.release);
      names.push_back(format("{} ({})", instance.container->name, instance.release.text()));
    } else if (app.wish.is<goal::Run>() && app.wish.release() &&
               app.release(*app.wish.release()).container_release(instance.service) == instance.release &&
               !is_rightly_down(app, app.release(*app.wish.release()), instance)) {
      others.push_back(format("{} is {}", instance.container->name, to_text(state)));
    }
  }
  const std::string& name = app.name.text();
  if (running.size() > 1)
    throw Conflict(format("several containers of {} run: {}", name, join(names, ", ")),
                   format("Stop what should not run, or name the release: belay stable {} rN", name));
  if (running.empty())
    throw NotFound(ErrorCode::not_running,
                   format("{} does not run, so there is nothing to mark{}", name,
                          others.empty() ? "" : format(": its container {}", join(others, ", "))),
                   format("Start it (belay start {0} last), or name a release: belay stable {0} rN", name));
  if (wished != *running.begin())
    throw Conflict(
        format("{} runs, and {}", join(names, ", "),
               wished ? format("{} should", wished->text()) : format("{} should be stopped", name)),
        format("belay plan {0} shows what would be done about that; or name the release: belay stable {0} rN", name));
  if (!others.empty())
    throw Conflict(format("{} runs only in part: {}", name, join(others, ", ")),
                   format("belay plan {} shows what is missing.", name));
  return *wished;
}

plan::Plan renames_after(Context& context, const App& app, const World& world) {
  if (app.scheme != NamingScheme::dcv || app.wish.is_unfinished() || app.wish.is<goal::Removed>()) return {};
  return plan::plan_names({app, world, context.clock.now(), context.defaults});
}

}  // namespace

Marked mark_stable(Context& context, const AppName& name, const std::optional<ReleaseNumber>& which, bool dry_run,
                   std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = known_app(context, name, stop);
  if (!dry_run) finish_unfinished(context, app, stop);
  Marked marked;
  if (which) {
    marked.release = app.release(*which).number;
  } else {
    marked.release = what_the_engine_runs(app, observe(context.engine, app, stop));
  }
  if (app.release(*marked.release).verdict == Verdict::failed)
    throw Error(ErrorCode::not_proved,
                format("{} {} failed and cannot be the stable one", name.text(), marked.release->text()),
                format("belay releases {} lists the good ones.", name.text()));
  if (app.release(*marked.release).verdict == Verdict::pending)
    throw Error(ErrorCode::not_proved,
                format("{} {} has not proved itself and cannot be the stable one", name.text(), marked.release->text()),
                format("belay start {} {} lets it try.", name.text(), marked.release->text()));
  marked.changed = app.stable != marked.release;
  app.stable = marked.release;
  const World world = observe(context.engine, app, stop);
  marked.plan = renames_after(context, app, world);
  if (!dry_run) apply(context, app, marked, world, format("{} is stable", marked.release->text()), stop);
  marked.container = container_name_of(context, app, *marked.release, stop);
  return marked;
}

Marked clear_stable(Context& context, const AppName& name, bool dry_run, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = known_app(context, name, stop);
  Marked marked;
  marked.changed = app.stable.has_value();
  app.stable.reset();
  const World world = observe(context.engine, app, stop);
  marked.plan = renames_after(context, app, world);
  if (!dry_run) apply(context, app, marked, world, "no release is stable", stop);
  return marked;
}

Marked show_stable(Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  Marked marked;
  marked.release = app.stable;
  if (marked.release) marked.container = container_name_of(context, app, *marked.release, stop);
  return marked;
}

bool set_autostart(Context& context, const AppName& name, Autostart autostart, bool dry_run, std::stop_token stop) {
  // A mark in the state alone: it asks the engine nothing.
  const FileLock lock = lock_app_as_found(context, name, stop);
  App app = known_app(context, name, stop);
  if (app.autostart == autostart) return false;
  if (dry_run) return true;
  app.autostart = autostart;
  context.store.save(app);
  write_journal(context, app, "autostart", "done", std::string(to_text(autostart)));
  return true;
}

std::vector<AutostartStatus> autostart_status(Context& context) {
  std::vector<AutostartStatus> rows;
  for (const auto& app : context.store.apps()) rows.push_back({app.name.text(), app.autostart});
  return rows;
}

std::vector<Started> start_all(Context& context, const ChangeOptions& options, std::stop_token stop) {
  std::vector<Started> all;
  for (const auto& app : context.store.apps()) {
    const bool interrupted = app.wish.is_unfinished() && app.wish.is<goal::Run>();
    if (app.autostart == Autostart::none && !interrupted) continue;
    Started started{app.name.text(), {}, {}};
    try {
      if (app.autostart == Autostart::none) {
        // The power went in the middle of a swap: neither container starts by itself then (promise 2).
        if (options.dry_run) continue;
        const FileLock lock = lock_app(context, app.name, stop);
        App begun = known_app(context, app.name, stop);
        finish_unfinished(context, begun, stop);
        started.change.emplace();
        started.change->running = what_runs(begun);
        all.push_back(std::move(started));
        continue;
      }
      // A host that boots in the middle of a removal must not bring the app back.
      if (app.wish.is<goal::Removed>())
        throw Conflict(ErrorCode::being_removed,
                       format("{0} is being removed; belay remove {0} finishes it", app.name.text()));
      started.change = start_release(context, app.name, std::string(to_text(app.autostart)), options, stop);
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      started.error = error;
    }
    all.push_back(std::move(started));
  }
  return all;
}

}  // namespace belay::change
