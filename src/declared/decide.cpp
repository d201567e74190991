#include "declared/decide.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/file_marks.h"

namespace belay::declared {

namespace {

using ReasonKind = Deploy::Reason::Kind;
using Reasons = std::vector<Deploy::Reason>;

const Release* wished(const App* app) {
  return app != nullptr && app->wish.release() ? app->find(*app->wish.release()) : nullptr;
}

// The newest release that is just this.
const Release* made_before(const App& app, const change::ReleaseDraft& draft) {
  const auto found = std::find_if(app.releases.rbegin(), app.releases.rend(),
                                  [&](const Release& release) { return is_made_so(release, draft); });
  return found == app.releases.rend() ? nullptr : &*found;
}

// What it failed for may have been what it needs, tied to it or not: with another one it is worth a try.
bool needs_others(const Release& before, const change::ReleaseDraft& draft) {
  return std::any_of(draft.needs.begin(), draft.needs.end(), [&](const auto& need) {
    const auto known = before.needs.find(need.first);
    return known == before.needs.end() || known->second != need.second;
  });
}

// A release later than the wished one was tried and left, by its failure or by hand. One before it was left by a change
// of the definition, which has now been taken back.
bool is_left(const Situation& situation, const Release& before) {
  const App& app = *situation.app;
  if (before.verdict == Verdict::pending) return false;
  if (before.verdict == Verdict::failed) return !needs_others(before, situation.draft);
  const auto running = change::what_runs(app);
  if (!running) return false;
  // A release with kept copies was made for the way back, and is younger than what was left.
  return before.number > *running || (situation.has_kept_files && app.wish.previous() == before.number);
}

// docker compose made what runs anew, not as the files say, which are as they were: nobody but a user knows which of
// the two is meant.
bool is_foreign_change(const Situation& situation, const Release& before) {
  const Release* present = wished(situation.app);
  return !situation.starts_stopped && situation.app->scheme == NamingScheme::compose && present != nullptr &&
         present->adopted && before.number < present->number;
}

// The daemon does not try again and again, each time with an outage, what the host did not let be tried: the pauses
// grow.
std::optional<Hold> pause_of(const Situation& situation, const Release& begun) {
  if (!situation.has_pauses || begun.verdict != Verdict::pending || begun.reason.empty()) return {};
  constexpr Milliseconds first_pause{10'000}, longest_pause{600'000};
  std::optional<Time> last;
  Milliseconds pause = first_pause;
  for (const auto& repair : situation.repairs) {
    if (repair.kind != Repair::Kind::attempt || repair.release != begun.number) continue;
    // The clock was set back: nobody waits until it has caught up.
    if (repair.at > situation.now) continue;
    if (last) pause = std::min(pause * 2, longest_pause);
    if (!last) last = repair.at;
  }
  if (!last || situation.now >= *last + pause) return {};
  return Hold{Hold::Why::host_pause, begun.number, last, *last + pause};
}

// "image web:1@ab12 → web:1@cd34": what a service runs, and what it is to run.
std::string image_news(const std::string& reference, const std::string& was, const ImageChoice& choice) {
  const std::string now = !choice.id.empty()      ? short_digest(choice.id)
                          : choice.build          ? std::string("(to be built)")
                          : choice.digest.empty() ? std::string("(to be pulled)")
                                                  : short_digest(bare_digest(choice.digest));
  return format("image {}@{} → {}@{}", reference, short_digest(was), choice.reference, now);
}

// Gives the names of the fields that need no other line.
std::set<std::string> add_image_changes(const Release& before, const Situation& situation, Reasons& reasons) {
  std::set<std::string> told;
  for (const auto& service : before.spec.services) {
    const auto choice = situation.images.find(service.name);
    const auto was = before.images.find(service.name);
    if (choice == situation.images.end() || was == before.images.end() || was->second == choice->second.id) continue;
    const bool is_alone = before.spec.services.size() == 1 && situation.draft.spec.services.size() == 1;
    const std::string of = is_alone ? "" : service.name + ".";
    reasons.push_back({ReasonKind::image, of + image_news(service.image, was->second, choice->second)});
    told.insert(of + "image");
  }
  return told;
}

// The apps that were, or are to be, replaced since this release was started, and to which it is tied: "db r1 → r2
// (links)".
void add_broken_ties(const Release& before, const Needs& needs, Reasons& reasons) {
  for (const auto& [need, kind] : needs.tied) {
    const auto known = before.needs.find(need);
    const ReleaseNumber now = needs.releases.at(need);
    if (known != before.needs.end() && known->second != now)
      reasons.push_back(
          {ReasonKind::tie, format("{} {} → {} ({})", need, known->second.text(), now.text(), to_text(kind))});
  }
}

// The reason of a change that nothing in its own definition is the reason of: "replaced, because db is (links)".
std::string because_of(const Release& before, const Needs& needs) {
  std::vector<std::string> others;
  for (const auto& [need, kind] : needs.tied) {
    const auto known = before.needs.find(need);
    if (known == before.needs.end() || known->second != needs.releases.at(need))
      others.push_back(format("{} is ({})", need, to_text(kind)));
  }
  return others.empty() ? std::string() : format("replaced, because {}", join(others, " and "));
}

// What `before` has otherwise than the draft, on one line.
std::string differences_text(const Release& before, const Situation& situation) {
  Reasons reasons;
  const auto told = add_image_changes(before, situation, reasons);
  for (const auto& change : differences(before.spec, situation.draft.spec))
    if (!told.contains(change.field)) reasons.push_back({ReasonKind::settings, change.text()});
  std::vector<std::string> texts;
  for (const auto& reason : reasons) texts.push_back(reason.text);
  return join(texts, "; ");
}

Deploy deploy(const Release* before, const Situation& situation) {
  if (before == nullptr) return {{}, {{ReasonKind::is_new, "new"}}};
  Deploy due{before->number, {}};
  const auto told = add_image_changes(*before, situation, due.reasons);
  for (const auto& change : differences(before->spec, situation.draft.spec))
    if (!told.contains(change.field)) due.reasons.push_back({ReasonKind::settings, change.text()});
  for (auto& line : change::file_differences(before->files, situation.draft.files))
    due.reasons.push_back({ReasonKind::file, std::move(line)});
  if (due.reasons.empty())
    if (std::string others = because_of(*before, situation.needs); !others.empty())
      due.reasons.push_back({ReasonKind::needs, std::move(others)});
  add_broken_ties(*before, situation.needs, due.reasons);
  return due;
}

}  // namespace

Decision decide(const Situation& situation) {
  const App* app = situation.app;
  const Release* present = wished(app);
  if (app == nullptr) return deploy(nullptr, situation);
  // Taken back by its failure it is down as well: nobody asked for that, and another definition may do better.
  const bool is_down = app->wish.is<goal::Stopped>() && !app->wish.is_unfinished() && !app->wish.rollback;
  if (is_down && !situation.starts_stopped) return Hold{Hold::Why::stopped_by_hand, {}, app->wish.since};
  const bool is_up = app->wish.is<goal::Run>();
  if (present != nullptr && is_up && is_made_so(*present, situation.draft))
    return situation.makes_anew ? Decision(Deploy{present->number, {{ReasonKind::asked, "new containers, as asked"}}})
                                : Decision(KeepUp{});
  if (const Release* same = made_before(*app, situation.draft)) {
    const bool keeps_up = is_up && present != nullptr;
    if (is_foreign_change(situation, *same))
      return Hold{Hold::Why::foreign_change, same->number, app->wish.since, {}, keeps_up};
    if (is_left(situation, *same))
      return Hold{same->verdict == Verdict::failed ? Hold::Why::failed_before : Hold::Why::gone_back_from,
                  same->number,
                  app->wish.since,
                  {},
                  keeps_up};
    if (auto pause = pause_of(situation, *same)) {
      pause->keeps_up = keeps_up;
      return *pause;
    }
  }
  if (const Release* stopped = change::ran_until_stopped(*app)) {
    Deploy due = deploy(stopped, situation);
    if (due.reasons.empty() && situation.makes_anew)
      due.reasons.push_back({ReasonKind::asked, "new containers, as asked"});
    if (due.reasons.empty()) due.reasons.push_back({ReasonKind::stopped, "it was stopped"});
    return due;
  }
  return deploy(present, situation);
}

std::string reason_of(const Hold& hold, const Situation& situation) {
  const App* app = situation.app;
  switch (hold.why) {
    case Hold::Why::stopped_by_hand:
      return format("stopped by {} ({}); belay start {} last ends that", app->wish.who, app->wish.why,
                    app->name.text());
    case Hold::Why::failed_before:
      return format("the same settings failed as {}: {}; belay retry {} tries them again", hold.release->text(),
                    app->release(*hold.release).reason, app->name.text());
    case Hold::Why::gone_back_from:
      return format("{0} has the same settings, and {1} went back from it ({2}); belay start {3} {0} ends that",
                    hold.release->text(), app->wish.who, app->wish.why, app->name.text());
    case Hold::Why::foreign_change:
      return format("docker compose made what runs, otherwise than {0} and the files say ({1}); belay up puts {0} back",
                    hold.release->text(), differences_text(app->release(*app->wish.release()), situation));
    case Hold::Why::host_pause:
      return format("{} could not be tried: {}; it is tried again in {}", hold.release->text(),
                    app->release(*hold.release).reason, duration_text(*hold.until - situation.now));
  }
  return "";
}

std::string wait_after_failure(ReleaseNumber release) {
  return format("what is declared is just {}, which failed", release.text());
}

std::string wait_of(const Hold& hold, const Situation& situation) {
  switch (hold.why) {
    case Hold::Why::stopped_by_hand:
      return "its definition waits, because it was stopped by hand";
    case Hold::Why::failed_before:
      return wait_after_failure(*hold.release);
    case Hold::Why::gone_back_from:
      return format("its definition waits, because it is just {}, from which somebody went back", hold.release->text());
    case Hold::Why::foreign_change:
      return format("docker compose made what runs, otherwise than the files say ({})",
                    differences_text(situation.app->release(*situation.app->wish.release()), situation));
    case Hold::Why::host_pause:
      return format("{} could not be tried: {}", hold.release->text(), situation.app->release(*hold.release).reason);
  }
  return "";
}

std::string_view to_text(Hold::Why why) {
  switch (why) {
    case Hold::Why::stopped_by_hand:
      return "stopped_by_hand";
    case Hold::Why::failed_before:
      return "failed_before";
    case Hold::Why::gone_back_from:
      return "gone_back_from";
    case Hold::Why::foreign_change:
      return "foreign_change";
    case Hold::Why::host_pause:
      return "host_pause";
  }
  return "";
}

std::string_view to_text(Deploy::Reason::Kind kind) {
  switch (kind) {
    case Deploy::Reason::Kind::is_new:
      return "new";
    case Deploy::Reason::Kind::image:
      return "image";
    case Deploy::Reason::Kind::settings:
      return "settings";
    case Deploy::Reason::Kind::file:
      return "file";
    case Deploy::Reason::Kind::tie:
      return "tie";
    case Deploy::Reason::Kind::needs:
      return "needs";
    case Deploy::Reason::Kind::stopped:
      return "stopped";
    case Deploy::Reason::Kind::asked:
      return "asked";
  }
  return "";
}

}  // namespace belay::declared
