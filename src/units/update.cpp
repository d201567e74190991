#include "units/update.h"

#include <algorithm>
#include <unistd.h>

#include "base/format.h"
#include "base/lock.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/temporary.h"
#include "formats/dockerstra/order_values.h"
#include "model/naming.h"
#include "model/origin.h"
#include "state/folder.h"
#include "state/store.h"

namespace belay::units {

namespace {

// One update of a unit at a time. A lock of its own, beside that of the app, which each of the tests takes for itself:
// two updates that test each other's units do not wait for each other for ever.
FileLock lock_update(change::Context& context, const AppName& unit, const std::stop_token& stop) {
  // No app has a name with '+'.
  const fs::path file = state::lock_file(context.store.folder(), unit).string() + "+update";
  state::make_private_file(file);
  const LockRequest request{file, format("{} (pid {}, {})", context.command, ::getpid(), context.who),
                            context.wait_for_lock};
  return doing(format("locking the update of {}", unit.text()), [&] {
    return FileLock::take(
        request, context.clock,
        [&](const std::string& holder) { context.report.note(format("waiting for {} to finish", holder)); }, stop);
  });
}

// The tags of candidates; also of those that an update left which was killed.
void discard_candidates(change::Context& context, const AppName& unit, std::stop_token stop) {
  const std::string pin = pin_tag(unit, unit.text(), ReleaseNumber{1});
  const std::string repository = pin.substr(0, pin.rfind(':'));
  plan::Plan plan;
  for (const auto& image : context.engine.images({.label = {}, .reference = repository}, stop))
    for (const auto& tag : image.tags)
      if (change::is_temporary_tag(context, unit, "candidate", tag))
        plan.add(plan::UntagImage{tag}, "it was only for the update");
  if (!plan.empty()) change::carry_out_whole(context, plan, {}, stop);
}

// A name of an image as it was before it moved; nullopt: it was new.
struct Moved {
  std::string reference;
  std::optional<std::string> earlier;
};

void move_back(change::Context& context, const std::vector<Moved>& moved) {
  for (auto each = moved.rbegin(); each != moved.rend(); ++each) {
    plan::Plan plan;
    if (each->earlier)
      plan.add(plan::TagImage{*each->earlier, each->reference}, "it had the name before");
    else
      plan.add(plan::UntagImage{each->reference}, "it had no such name before");
    try {
      change::carry_out_whole(context, plan, {}, {});
    } catch (const Error& trouble) {
      context.report.warning(format("{} stays with the new image{}: {}", each->reference,
                                    each->earlier ? ", it had " + *each->earlier : "", trouble.what()));
    }
  }
}

// All names or none: from the first on nobody can stop it. What had them is in the journal, should it be cut off.
void give_names(change::Context& context, const AppName& unit, const std::vector<Candidate>& candidates,
                UpdateReport& report, const std::stop_token& stop) {
  std::vector<Moved> names;
  std::vector<std::string> told;
  for (const Candidate& each : candidates) {
    const auto now = context.engine.image(each.reference, stop);
    names.push_back({each.reference, now ? std::optional(now->id) : std::nullopt});
    told.push_back(format("{} (before: {})", each.reference, now ? now->id : "none"));
  }
  if (names.empty()) return;
  if (stop.stop_requested()) throw Cancelled();
  const std::string moves = "names of images move: " + join(told, ", ");
  change::write_journal(context, App(unit), "update", "started", moves);
  std::vector<Moved> moved;
  try {
    for (size_t i = 0; i < candidates.size(); ++i) {
      moved.push_back(names[i]);
      plan::Plan plan;
      plan.add(plan::TagImage{candidates[i].tag, candidates[i].reference}, "the tests have passed");
      change::carry_out_whole(context, plan, {}, {});
      report.moved.push_back(candidates[i].reference);
    }
  } catch (const Error& error) {
    // Also that of the one that failed: what it came to is not known.
    move_back(context, moved);
    report.moved.clear();
    change::write_journal(context, App(unit), "update", "rolled_back", error.what());
    throw;
  }
  change::write_journal(context, App(unit), "update", "done", moves);
}

}  // namespace

bool UpdateReport::has_failed() const {
  return orders.has_failed() ||
         std::any_of(tests.begin(), tests.end(), [](const TestReport& each) { return each.has_failed(); });
}

void run_update(change::Context& context, const formats::dockerstra::UnitUpdate& update,
                const std::vector<formats::dockerstra::UnitTests>& tests, const TestOptions& options,
                UpdateReport& report, std::stop_token stop) {
  const AppName unit(update.work.unit.address.unit);
  const FileLock lock = lock_update(context, unit, stop);
  discard_candidates(context, unit, stop);
  for (const auto& test : tests) check_place_of_kept(context, test, options, stop);
  std::vector<Candidate> candidates;
  const auto work = [&] {
    TestOptions own = options;
    own.is_update = true;
    run_tests(context, update.work, own, report.orders, candidates, stop);
    if (report.has_failed()) return;
    TestOptions with_candidates = options;
    for (const Candidate& each : candidates) {
      const auto image = context.engine.image(each.tag, stop);
      // The tests would pass with the old one.
      if (!image)
        throw NotFound(ErrorCode::image_not_found,
                       format("the new image for {} is gone: somebody removed {}", each.reference, each.tag));
      with_candidates.images[each.reference] = image->id;
    }
    std::vector<Candidate> none;
    for (const auto& test : tests) {
      if (report.has_failed()) break;
      report.tests.emplace_back();
      run_tests(context, test, with_candidates, report.tests.back(), none, stop);
    }
    if (!report.has_failed()) give_names(context, unit, candidates, report, stop);
  };
  try {
    work();
  } catch (const std::exception&) {
    try {
      discard_candidates(context, unit, {});
    } catch (const Error& trouble) {
      context.report.warning(format("the images of the update stay until the next one: {}", trouble.what()));
    }
    throw;
  }
  discard_candidates(context, unit, {});
}

std::set<std::string> references_of(const formats::dockerstra::UnitUpdate& update) {
  std::set<std::string> references;
  for (const auto& order : update.work.opening) {
    const auto& unit = update.work.unit;
    if (order.command == "build")
      references.insert(change::listed_reference(formats::dockerstra::image_of_order(unit, order)));
    else if (order.command == "commit" || order.command == "tag")
      references.insert(change::listed_reference(formats::dockerstra::reference_of(unit, order)));
  }
  return references;
}

std::set<std::string> running_services(change::Context& context, const Declaration& unit, std::stop_token stop) {
  std::set<std::string> running;
  for (const Service& service : unit.spec.services)
    if (const auto detail = context.engine.container(service.container_name, stop); detail && detail->container.is_up())
      running.insert(service.name);
  return running;
}

std::vector<Behind> others_with_earlier(change::Context& context, const AppName& unit,
                                        const std::set<std::string>& references, std::stop_token stop) {
  std::vector<Behind> others;
  std::set<std::string> listed;
  for (const auto& reference : references) listed.insert(change::listed_reference(reference));
  for (const App& app : context.store.apps()) {
    const auto number = change::what_runs(app);
    const Release* release = number && app.name != unit ? app.find(*number) : nullptr;
    if (release == nullptr) continue;
    for (const Service& service : release->spec.services) {
      const auto has = release->images.find(service.name);
      if (has == release->images.end() || !listed.contains(change::listed_reference(service.image))) continue;
      const auto now = context.engine.image(service.image, stop);
      if (now && now->id != has->second)
        others.push_back({format("{}/{}", app.name.text(), service.name), command_of_origin(app)});
    }
  }
  return others;
}

}  // namespace belay::units
