#include "report/host_text.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"

namespace belay::report {

namespace {

using declared::DeclaredApp;
using declared::Downtime;

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

std::string name_of(const DeclaredApp& app) {
  return app.name.empty() ? app.origin : app.name;
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

// The same where the sign in front says that it stops or begins.
std::string short_text_of(const Downtime& downtime) {
  switch (downtime.kind) {
    case Downtime::Kind::none:
      return "no downtime";
    case Downtime::Kind::in_place:
      return "no downtime, changed in place";
    case Downtime::Kind::restart:
      return "it starts again";
    case Downtime::Kind::stop_first:
      return downtime.expected ? format("about {} down, as last time", duration_text(*downtime.expected))
                               : std::string("down until the new one is up");
    case Downtime::Kind::ends:
      return "";
    case Downtime::Kind::data_at_risk:
      return "data at risk";
  }
  return "";
}

// What is to be done and why, as far as a line has room for it.
std::string gist_of(const DeclaredApp& app) {
  constexpr size_t most = 3;
  std::vector<std::string> parts;
  if (!app.reason.empty()) parts.push_back(app.reason);
  for (size_t i = 0; i < std::min(app.differences.size(), most); ++i) parts.push_back(app.differences[i]);
  if (app.differences.size() > most) parts.push_back(format("{} more", app.differences.size() - most));
  if (parts.empty()) parts.emplace_back(to_text(app.kind));
  return join(parts, "; ");
}

}  // namespace

std::vector<std::string> lines_about_compose(const declared::DeclaredApp& app) {
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

std::string plan_sum(const declared::DeclaredHost& host) {
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
  return parts.empty() ? std::string() : format("Plan: {}", join(parts, ", "));
}

std::vector<PlanLine> plan_lines(const declared::DeclaredHost& host) {
  std::vector<PlanLine> lines;
  for (const auto& app : host.apps) {
    if (app.kind == DeclaredApp::Kind::unchanged || app.kind == DeclaredApp::Kind::broken) continue;
    PlanLine line{sign_of(app), name_of(app), gist_of(app), lines_about_compose(app)};
    const std::string downtime = app.downtime && !is_new(app) ? short_text_of(*app.downtime) : "";
    if (!downtime.empty()) line.text += format(" ({})", downtime);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string steps_text(const declared::DeclaredHost& host, bool with_unchanged) {
  std::string text;
  for (const auto& app : host.apps) {
    if (app.kind == DeclaredApp::Kind::broken || (app.kind == DeclaredApp::Kind::unchanged && !with_unchanged))
      continue;
    text += format("{} {}: {}", sign_of(app), name_of(app), to_text(app.kind));
    if (app.downtime) text += format(" (downtime: {})", text_of(*app.downtime));
    if (!app.reason.empty()) text += format(" — {}", app.reason);
    text += "\n";
    for (const auto& line : app.differences) text += "    " + line + "\n";
    for (const auto& line : lines_about_compose(app)) text += "    " + line + "\n";
    for (const auto& line : split(plan::plan_text(app.change.plan), '\n'))
      if (!line.empty()) text += "  " + std::string(line) + "\n";
  }
  const std::string sum = plan_sum(host);
  return sum.empty() ? text : text + sum + "\n";
}

}  // namespace belay::report
