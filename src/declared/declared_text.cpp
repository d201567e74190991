#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "declared/declared.h"
#include "declared/pass.h"

namespace belay::declared {

void classify(DeclaredApp& result, const App& app) {
  std::optional<size_t> first_stop, first_start;
  bool updates = false, loses = false;
  const auto& actions = result.change.plan.actions;
  for (size_t i = 0; i < actions.size(); ++i) {
    if (std::holds_alternative<plan::StopContainer>(actions[i].step) && !first_stop) first_stop = i;
    if (std::holds_alternative<plan::StartContainer>(actions[i].step) && !first_start) first_start = i;
    updates = updates || std::holds_alternative<plan::UpdateResources>(actions[i].step) ||
              std::holds_alternative<plan::ConnectNetwork>(actions[i].step);
    loses = loses || std::holds_alternative<plan::RemoveVolume>(actions[i].step);
  }
  using Kind = Downtime::Kind;
  if (loses) {
    result.downtime = {Kind::data_at_risk};
  } else if (result.kind == DeclaredApp::Kind::removal) {
    result.downtime = {Kind::ends};
  } else if (first_stop && first_start && *first_stop < *first_start) {
    for (const auto& release : app.releases)
      if (release.outage) result.outage = release.outage;
    result.downtime = {Kind::stop_first, result.outage};
  } else if (first_start && result.kind == DeclaredApp::Kind::repair) {
    result.downtime = {Kind::restart};
  } else {
    result.downtime = {updates && !first_start ? Kind::in_place : Kind::none};
  }
}

std::string_view to_text(DeclaredApp::Kind kind) {
  switch (kind) {
    case DeclaredApp::Kind::unchanged:
      return "unchanged";
    case DeclaredApp::Kind::change:
      return "change";
    case DeclaredApp::Kind::repair:
      return "repair";
    case DeclaredApp::Kind::removal:
      return "remove";
    case DeclaredApp::Kind::held:
      return "held";
    case DeclaredApp::Kind::trouble:
      return "trouble";
    case DeclaredApp::Kind::broken:
      return "broken";
  }
  return "";
}

bool DeclaredHost::has_changes() const {
  return std::any_of(apps.begin(), apps.end(), [](const DeclaredApp& app) {
    const bool changes = app.change.kind != change::Change::Kind::unchanged && !app.only_reported;
    return changes || app.kind == DeclaredApp::Kind::change || app.kind == DeclaredApp::Kind::removal;
  });
}

bool DeclaredHost::has_failures() const {
  return std::any_of(apps.begin(), apps.end(), [](const DeclaredApp& app) {
    return app.kind == DeclaredApp::Kind::broken || app.change.failed();
  });
}

std::string_view to_text(Downtime::Kind kind) {
  switch (kind) {
    case Downtime::Kind::none:
      return "none";
    case Downtime::Kind::in_place:
      return "in_place";
    case Downtime::Kind::restart:
      return "restart";
    case Downtime::Kind::stop_first:
      return "stop_first";
    case Downtime::Kind::ends:
      return "ends";
    case Downtime::Kind::data_at_risk:
      return "data_at_risk";
  }
  return "";
}

std::string text_of(const Downtime& downtime) {
  switch (downtime.kind) {
    case Downtime::Kind::none:
      return "none";
    case Downtime::Kind::in_place:
      return "none, changed in place";
    case Downtime::Kind::restart:
      return "restart";
    case Downtime::Kind::stop_first:
      return downtime.expected ? format("stop-first, about {} as last time", duration_text(*downtime.expected))
                               : std::string("stop-first");
    case Downtime::Kind::ends:
      return "ends";
    case Downtime::Kind::data_at_risk:
      return "data at risk";
  }
  return "";
}

bool DeclaredHost::is_as_declared() const {
  return !has_failures() &&
         std::all_of(apps.begin(), apps.end(), [](const DeclaredApp& app) { return app.as_declared; });
}

std::vector<std::string> lines_about_compose(const DeclaredApp& app) {
  std::vector<std::string> lines;
  const size_t count = app.taken_over.size();
  if (count > 0)
    lines.push_back(format("takes over {} as {}: {}", count == 1 ? "one container" : format("{} containers", count),
                           count == 1 ? "it is" : "they are", join(app.taken_over, ", ")));
  if (!app.orphans.empty())
    lines.push_back(format("no longer in the files, {}: {}",
                           app.removes_orphans ? "and removed" : "and left as it is (--remove-orphans removes it)",
                           join(app.orphans, ", ")));
  return lines;
}

namespace {

bool is_new(const DeclaredApp& app) {
  return app.kind == DeclaredApp::Kind::change && app.change.release && app.change.release->value == 1;
}

// What happens to the app, for who looks down the first column.
std::string_view sign_of(const DeclaredApp& app) {
  switch (app.kind) {
    case DeclaredApp::Kind::change:
      return is_new(app) ? "+" : "~";
    case DeclaredApp::Kind::repair:
      return "~";
    case DeclaredApp::Kind::removal:
      return "-";
    case DeclaredApp::Kind::unchanged:
    case DeclaredApp::Kind::held:
      return "=";
    case DeclaredApp::Kind::trouble:
    case DeclaredApp::Kind::broken:
      return "!";
  }
  return "";
}

std::string sum_text(const DeclaredHost& host) {
  std::vector<std::string> parts;
  const auto count = [&](std::string_view what, auto&& belongs) {
    if (const auto found = std::count_if(host.apps.begin(), host.apps.end(), belongs); found > 0)
      parts.push_back(format("{} {}", found, what));
  };
  using Kind = DeclaredApp::Kind;
  count("new", is_new);
  count("changed", [](const DeclaredApp& app) { return app.kind == Kind::change && !is_new(app); });
  count("repaired", [](const DeclaredApp& app) { return app.kind == Kind::repair; });
  count("removed", [](const DeclaredApp& app) { return app.kind == Kind::removal; });
  count("held", [](const DeclaredApp& app) { return app.kind == Kind::held; });
  count("in trouble", [](const DeclaredApp& app) { return app.kind == Kind::trouble; });
  count("broken", [](const DeclaredApp& app) { return app.kind == Kind::broken; });
  count("unchanged", [](const DeclaredApp& app) { return app.kind == Kind::unchanged; });
  return parts.empty() ? std::string() : format("Plan: {}\n", join(parts, ", "));
}

}  // namespace

std::string declared_text(const DeclaredHost& host, bool with_unchanged) {
  std::string text;
  for (const auto& app : host.apps) {
    if (app.kind == DeclaredApp::Kind::unchanged && !with_unchanged) continue;
    const std::string name = app.name.empty() ? app.origin : app.name;
    text += format("{} {}: {}", sign_of(app), name, to_text(app.kind));
    if (app.downtime) text += format(" (downtime: {})", text_of(*app.downtime));
    if (!app.reason.empty()) text += format(" — {}", app.reason);
    text += "\n";
    for (const auto& line : app.differences) text += "    " + line + "\n";
    for (const auto& line : lines_about_compose(app)) text += "    " + line + "\n";
    for (const auto& line : split(plan::plan_text(app.change.plan), '\n'))
      if (!line.empty()) text += "  " + std::string(line) + "\n";
  }
  return text + sum_text(host);
}

}  // namespace belay::declared
