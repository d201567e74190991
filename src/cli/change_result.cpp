#include "cli/change_result.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "cli/json_output.h"
#include "report/change_json.h"

namespace belay::cli {

namespace {

void print_failure(Console& console, const AppName& name, const change::Change& change) {
  const std::string what = change.release ? format("{} of {}", change.release->text(), name.text()) : name.text();
  std::string hint = report::hint_for(name, change);
  if (!change.log_tail.empty()) {
    console.diagnostic(format("last lines of {}:", change.container));
    for (const auto& line : split(trim(change.log_tail), '\n')) console.diagnostic("  " + line);
  }
  std::string outcome;
  if (change.kind == change::Change::Kind::stuck) {
    outcome = format("; rolling back failed too: {}", change.trouble_on_the_way_back);
    hint = format("The next command on {} tries again; belay why {} explains it.", name.text(), name.text());
  } else if (change.kind == change::Change::Kind::in_trouble) {
    outcome = change.is_itself ? format("; {} is in trouble", name.text())
                               : format("; it was rolled back, but {}: {} is in trouble",
                                        change.trouble_on_the_way_back, name.text());
    hint =
        change.is_itself
            ? format("belay why {0} explains it; belay rollback {0} goes back to the release before it.", name.text())
            : format("belay why {0} explains it; belay start {0} last tries what ran before again.", name.text());
  } else if (change.running == change.release && change.running) {
    outcome = format("; {}", change::what_runs_now(change));
  } else if (change.running) {
    outcome = format("; it was rolled back, {}", change::what_runs_now(change));
  } else {
    outcome = "; it was stopped, nothing ran before";
  }
  console.error(Error(change::error_code(change), format("{} failed: {}{}", what, change.reason, outcome), hint));
}

// "web runs r2 at *:8080, 6.4 s, 0.9 s down"
std::string ending(const change::Change& change, const Took& took) {
  std::string text;
  if (change.running)
    if (const auto addresses = report::addresses_of(change.plan); !addresses.empty())
      text += format(" at {}", join(addresses, ", "));
  if (took.time) text += format(", {}", duration_text(*took.time));
  if (took.outage && change.running) text += format(", {} down", duration_text(*took.outage));
  return text;
}

}  // namespace

int exit_code_of(const change::Change& change, const ChangeWords& words) {
  if (change.failed()) return 1;
  return change.kind == change::Change::Kind::unchanged && words.exit_unchanged ? 3 : 0;
}

void print_plan(Console& console, const plan::Plan& plan) {
  if (plan.empty()) {
    console.line("nothing to do");
    for (const auto& note : plan.notes) console.prose("note: " + note);
    return;
  }
  std::string text = plan::plan_text(plan);
  if (text.ends_with('\n')) text.pop_back();
  console.prose(text);
}

void print_plan(Console& console, const std::string& of, size_t count, const plan::Plan& plan) {
  if (count > 1) console.line(format("to do for {}:", of));
  print_plan(console, plan);
}

int print_change(Console& console, const AppName& name, const change::Change& change, const ChangeWords& words) {
  using Outcome = change::Change::Kind;
  if (words.json) {
    auto list = document::Node::list();
    list.add(report::change_json(name, change, words.took));
    print_record(console, "changes", std::move(list));
    return exit_code_of(change, words);
  }
  const std::string state = change.running ? format("runs {}", change.running->text()) : std::string("is stopped");
  switch (change.kind) {
    case Outcome::planned:
      print_plan(console, change.plan);
      return 0;
    case Outcome::unchanged:
      if (!words.stopped_part.empty()) {
        console.success(format("{} is stopped already; nothing to change", words.stopped_part));
        return words.exit_unchanged ? 3 : 0;
      }
      console.success(format("{} {} already; nothing to change", name.text(), state));
      return words.exit_unchanged ? 3 : 0;
    case Outcome::done:
      if (!words.stopped_part.empty()) {
        console.success(format("{} is stopped{}", words.stopped_part,
                               words.took.time ? ", " + duration_text(*words.took.time) : std::string()));
        return 0;
      }
      console.success(format("{} {}{}", name.text(), state, ending(change, words.took)));
      return 0;
    case Outcome::rolled_back:
    case Outcome::in_trouble:
    case Outcome::stuck:
      print_failure(console, name, change);
      return 1;
  }
  return 1;
}

void Preview::line(const std::string& text) const {
  if (json_)
    console_.diagnostic(text);
  else
    console_.line(text);
}

void Preview::plan(const plan::Plan& plan) const {
  if (!json_) return print_plan(console_, plan);
  for (const auto& text : split(plan::plan_text(plan), '\n'))
    if (!text.empty()) console_.diagnostic(text);
}

change::Confirm confirm_removal(Console& console, const AppName& name, bool yes, std::stop_token stop, bool json) {
  return [&console, name, yes, stop, json](const change::RemovalPreview& preview) {
    const Preview shown(console, json);
    shown.line(format("to do for {}:", name.text()));
    shown.plan(preview.plan);
    for (const auto& kept : preview.kept) shown.line("stays: " + kept);
    return yes || console.confirm("Go on?", stop);
  };
}

std::function<bool(const std::string& what, const std::vector<std::string>& lines)> confirm_losses(
    Console& console, bool yes, std::stop_token stop, const std::string& of_the_image) {
  return [&console, yes, stop, of_the_image](const std::string& what, const std::vector<std::string>& lines) {
    console.note(what + ":");
    for (const auto& line : lines) console.note("  " + line);
    if (yes) return true;
    if (!console.is_in_terminal())
      throw UsageError(
          ErrorCode::not_confirmed, format("{}: this must be confirmed, and standard input is no terminal", what),
          of_the_image.empty() ? "Give -y to agree."
                               : format("Give -y to agree, or take the image's ports and volumes: {}.", of_the_image));
    return console.confirm("Go on?", stop);
  };
}

}  // namespace belay::cli
