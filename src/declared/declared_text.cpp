#include <algorithm>

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

bool DeclaredHost::is_as_declared() const {
  return !has_failures() &&
         std::all_of(apps.begin(), apps.end(), [](const DeclaredApp& app) { return app.as_declared; });
}

}  // namespace belay::declared
