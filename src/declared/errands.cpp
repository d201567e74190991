#include "declared/errands.h"

#include <algorithm>
#include <set>

#include "base/lock.h"
#include "state/store.h"

namespace belay::declared {

namespace {

void keep_errands_of(state::Store& store, const Declaration& declared, const std::vector<Errand>& known, Time now) {
  const auto wanted = errands_of(declared);
  for (const Errand& errand : wanted) {
    const auto before =
        std::find_if(known.begin(), known.end(), [&](const Errand& each) { return each.is_the_same_work_as(errand); });
    // Most passes write nothing.
    if (before != known.end() && as_declared(*before, errand, now) == *before) continue;
    store.update_errand(errand, [&](const std::optional<Errand>& there) { return as_declared(there, errand, now); });
  }
  for (const Errand& errand : known)
    if (errand.app == declared.name.text() && std::none_of(wanted.begin(), wanted.end(), [&](const Errand& each) {
          return each.is_the_same_work_as(errand);
        }))
      store.forget_errand(errand);
}

}  // namespace

std::vector<Errand> errands_of(const Declaration& declared) {
  std::vector<Errand> errands;
  if (declared.policies.backup) {
    Errand& backup = errands.emplace_back();
    backup.app = declared.name.text();
    backup.schedule = declared.policies.backup->schedule;
  }
  for (const auto& [service, schedule] : declared.schedules) {
    Errand& job = errands.emplace_back();
    job.app = declared.name.text();
    job.kind = Errand::Kind::job;
    job.service = service;
    job.schedule = schedule;
  }
  return errands;
}

std::vector<std::string> waiting_for_a_daemon(const state::Store& store, const Declarations& declared) {
  std::vector<std::string> names;
  for (const Declaration& app : declared.apps)
    if (!errands_of(app).empty()) names.push_back(app.name.text());
  if (!names.empty() && FileLock::holder_of(state::serve_lock_file(store.folder()))) names.clear();
  return names;
}

void keep_errands(state::Store& store, const Declarations& declared, Time now) {
  const auto known = store.errands({});
  for (const Declaration& app : declared.apps) keep_errands_of(store, app, known, now);
  // Of what was declared and never came to be, nobody else will forget them.
  std::set<std::string> there;
  for (auto& name : store.app_names()) there.insert(std::move(name));
  for (const Declaration& app : declared.apps) there.insert(app.name.text());
  for (const BrokenDefinition& broken : declared.broken) there.insert(broken.name);
  for (const Errand& errand : known)
    if (!there.contains(errand.app)) store.forget_errand(errand);
}

}  // namespace belay::declared
