#include "units/update.h"

#include <algorithm>

#include "base/format.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "model/naming.h"
#include "state/store.h"

namespace belay::units {

namespace {

// The tags of candidates; also of those that an update left which was killed.
void discard_candidates(change::Context& context, const AppName& unit, std::stop_token stop) {
  const std::string pin = pin_tag(unit, unit.text(), ReleaseNumber{1});
  const std::string repository = pin.substr(0, pin.rfind(':'));
  plan::Plan plan;
  for (const auto& image : context.engine.images({.label = {}, .reference = repository}, stop))
    for (const auto& tag : image.tags)
      if (tag.starts_with(repository + ":candidate-")) plan.add(plan::UntagImage{tag}, "it was only for the update");
  if (!plan.empty()) change::carry_out_whole(context, plan, {}, stop);
}

void give_names(change::Context& context, const std::vector<Candidate>& candidates, UpdateReport& report,
                const std::stop_token& stop) {
  plan::Plan plan;
  for (const Candidate& each : candidates) plan.add(plan::TagImage{each.tag, each.reference}, "the tests have passed");
  if (!plan.empty()) change::carry_out_whole(context, plan, {}, stop);
  for (const Candidate& each : candidates) report.moved.push_back(each.reference);
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
  discard_candidates(context, unit, stop);
  std::vector<Candidate> candidates;
  const auto work = [&] {
    TestOptions own = options;
    own.is_update = true;
    run_tests(context, update.work, own, report.orders, candidates, stop);
    TestOptions with_candidates = options;
    for (const Candidate& each : candidates)
      if (const auto image = context.engine.image(each.tag, stop)) with_candidates.images[each.reference] = image->id;
    std::vector<Candidate> none;
    for (const auto& test : tests) {
      if (report.has_failed()) break;
      report.tests.emplace_back();
      run_tests(context, test, with_candidates, report.tests.back(), none, stop);
    }
    if (!report.has_failed()) give_names(context, candidates, report, stop);
  };
  try {
    work();
  } catch (const Error&) {
    try {
      discard_candidates(context, unit, {});
    } catch (const Error& trouble) {
      context.report.warning(format("the images of the update stay until the next one: {}", trouble.what()));
    }
    throw;
  }
  discard_candidates(context, unit, {});
}

std::set<std::string> running_services(change::Context& context, const Declaration& unit, std::stop_token stop) {
  std::set<std::string> running;
  for (const Service& service : unit.spec.services)
    if (const auto detail = context.engine.container(service.container_name, stop); detail && detail->container.is_up())
      running.insert(service.name);
  return running;
}

std::vector<std::string> others_with_earlier(change::Context& context, const AppName& unit,
                                             const std::set<std::string>& references, std::stop_token stop) {
  std::vector<std::string> others;
  for (const App& app : context.store.apps()) {
    const auto number = change::what_runs(app);
    const Release* release = number && app.name != unit ? app.find(*number) : nullptr;
    if (release == nullptr) continue;
    for (const Service& service : release->spec.services) {
      const auto has = release->images.find(service.name);
      if (!references.contains(service.image) || has == release->images.end()) continue;
      const auto now = context.engine.image(service.image, stop);
      if (now && now->id != has->second) others.push_back(format("{}/{}", app.name.text(), service.name));
    }
  }
  return others;
}

}  // namespace belay::units
