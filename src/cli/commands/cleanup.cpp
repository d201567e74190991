#include <algorithm>

#include "base/bytes.h"
#include "base/format.h"
#include "base/plural.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/removal.h"
#include "cli/which_app.h"
#include "look/usage.h"
#include "report/result_json.h"

namespace belay::cli {

int exit_code_of(const change::Removed& removed, const RemovalWords& words) {
  if (words.dry_run || removed.done) return 0;
  return removed.declined ? 1 : words.exit_unchanged ? 3 : 0;
}

int print_removed(Console& console, const AppName& name, const change::Removed& removed, const RemovalWords& words) {
  if (words.json) {
    Node list = Node::list();
    list.add(removal_json(name.text(), removed, words.dry_run, words.frees));
    print_record(console, "removals", std::move(list));
    return exit_code_of(removed, words);
  }
  if (words.dry_run) {
    print_plan(console, removed.plan);
    for (const auto& kept : removed.kept) console.line("stays: " + kept);
    return 0;
  }
  if (removed.declined) {
    console.line("nothing was removed");
    return 1;
  }
  if (!removed.done) {
    console.success(format("{}: nothing to remove", name.text()));
    return exit_code_of(removed, words);
  }
  console.success(format("{} is {}", name.text(), words.done));
  for (const auto& note : removed.plan.notes) console.note(note);
  return 0;
}

namespace {

int releases_to_keep(const Invocation& in) {
  return static_cast<int>(std::min(in.number("keep").value_or(change::usual_way_back), 1'000'000LL));
}

// What goes of every app is shown first, then asked about once.
class CleanupOfAll {
 public:
  CleanupOfAll(Invocation& in, HostRun& run) : in_(in), run_(run) {}

  int clean() {
    for (const auto& name : all_apps(run_.context())) attempt(name, [&] { look_at(name); });
    const int code = clean_up_what_was_found();
    if (json_) print_record(in_.console, "removals", std::move(list_));
    return failed_ ? 1 : code;
  }

 private:
  int clean_up_what_was_found() {
    if (todo_.empty()) {
      if (!json_) in_.console.success("nothing to remove");
      return in_.has("exit-unchanged") ? 3 : 0;
    }
    shown_.line(format("of {}; this frees up to {} of images", counted(todo_.size(), "app"), byte_text(freed_)));
    if (in_.has("dry-run")) return 0;
    if (!in_.has("yes") && !in_.console.confirm("Go on?", in_.stop())) {
      shown_.line("nothing was removed");
      return 1;
    }
    for (const auto& [name, frees] : todo_)
      attempt(name, [&, &name = name, &frees = frees] { remove_of(name, frees); });
    return 0;
  }

  // What is wrong with one app keeps none of the others.
  template <class Work>
  void attempt(const AppName& name, Work&& work) {
    try {
      doing(name.text(), work);
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      in_.console.error(error);
      failed_ = true;
    }
  }

  void look_at(const AppName& name) {
    const auto removed = change::cleanup(run_.context(), name, releases_to_keep(in_), true, {}, in_.stop());
    if (removed.plan.empty()) return;
    shown_.line(format("to do for {}:", name.text()));
    shown_.plan(removed.plan);
    const ByteCount frees = look::freed_by(run_.context(), name, removed.plan, in_.stop());
    freed_.value += frees.value;
    todo_.emplace_back(name, frees);
    if (in_.has("dry-run")) list_.add(removal_json(name.text(), removed, true, frees));
  }

  void remove_of(const AppName& name, ByteCount frees) {
    const auto removed = change::cleanup(
        run_.context(), name, releases_to_keep(in_), false, [](const auto&) { return true; }, in_.stop());
    run_.report().close();
    if (json_)
      list_.add(removal_json(name.text(), removed, false, frees));
    else
      print_removed(in_.console, name, removed, {.done = "cleaned up"});
  }

  Invocation& in_;
  HostRun& run_;
  const bool json_ = in_.has("json");
  const Preview shown_{in_.console, json_};
  Node list_ = Node::list();
  std::vector<std::pair<AppName, ByteCount>> todo_;
  ByteCount freed_;
  bool failed_ = false;
};

}  // namespace

int run_cleanup(Invocation& in) {
  HostRun run(in.session, in.description());
  if (!in.optional_argument("NAME")) return CleanupOfAll(in, run).clean();
  const AppName name = app_name(in);
  const bool dry_run = in.has("dry-run");
  const bool json = in.has("json");
  ByteCount frees;
  const auto ask = confirm_removal(in.console, name, in.has("yes"), in.stop(), json);
  const auto measure_and_ask = [&](const change::RemovalPreview& preview) {
    frees = look::freed_by(run.context(), name, preview.plan, in.stop());
    return ask(preview);
  };
  const auto removed = change::cleanup(run.context(), name, releases_to_keep(in), dry_run, measure_and_ask, in.stop());
  run.report().close();
  if (dry_run) frees = look::freed_by(run.context(), name, removed.plan, in.stop());
  return print_removed(in.console, name, removed,
                       {.done = "cleaned up",
                        .dry_run = dry_run,
                        .exit_unchanged = in.has("exit-unchanged"),
                        .json = json,
                        .frees = frees});
}

}  // namespace belay::cli
