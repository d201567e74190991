#include <algorithm>

#include "base/bytes.h"
#include "base/format.h"
#include "base/plural.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/removal.h"
#include "cli/which_app.h"
#include "look/look.h"

namespace belay::cli {

int print_removed(Console& console, const AppName& name, const change::Removed& removed, const RemovalWords& words) {
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
    return words.exit_unchanged ? 3 : 0;
  }
  console.success(format("{} is {}", name.text(), words.done));
  for (const auto& note : removed.plan.notes) console.note(note);
  return 0;
}

namespace {

int releases_to_keep(const Invocation& in) {
  return static_cast<int>(std::min(in.number("keep").value_or(0), 1'000'000LL));
}

// Of images: as they are listed, although what layers they share with others stays.
ByteCount freed_by(change::Context& context, const AppName& name, const plan::Plan& plan, std::stop_token stop) {
  ByteCount sum;
  const auto rows = look::images(context, name, stop);
  for (const auto& action : plan.actions)
    if (const auto* removal = std::get_if<plan::RemoveImage>(&action.step))
      for (const auto& row : rows)
        if (row.id == removal->image) sum.value += row.size.value;
  return sum;
}

// What goes of every app is shown first, then asked about once.
class CleanupOfAll {
 public:
  CleanupOfAll(Invocation& in, HostRun& run) : in_(in), run_(run) {}

  int clean() {
    for (const auto& name : all_apps(run_.context())) attempt(name, [&] { look_at(name); });
    if (todo_.empty()) {
      in_.console.success("nothing to remove");
      return failed_ ? 1 : in_.has("exit-unchanged") ? 3 : 0;
    }
    in_.console.line(format("of {}; this frees up to {} of images", counted(todo_.size(), "app"), byte_text(freed_)));
    if (in_.has("dry-run")) return failed_ ? 1 : 0;
    if (!in_.has("yes") && !in_.console.confirm("Go on?", in_.stop())) {
      in_.console.line("nothing was removed");
      return 1;
    }
    for (const auto& name : todo_) attempt(name, [&] { remove_of(name); });
    return failed_ ? 1 : 0;
  }

 private:
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
    in_.console.line(format("to do for {}:", name.text()));
    print_plan(in_.console, removed.plan);
    freed_.value += freed_by(run_.context(), name, removed.plan, in_.stop()).value;
    todo_.push_back(name);
  }

  void remove_of(const AppName& name) {
    const auto removed = change::cleanup(
        run_.context(), name, releases_to_keep(in_), false, [](const auto&) { return true; }, in_.stop());
    run_.report().close();
    print_removed(in_.console, name, removed, {.done = "cleaned up"});
  }

  Invocation& in_;
  HostRun& run_;
  std::vector<AppName> todo_;
  ByteCount freed_;
  bool failed_ = false;
};

}  // namespace

int run_cleanup(Invocation& in) {
  HostRun run(in.session, in.description());
  if (!in.optional_argument("NAME")) return CleanupOfAll(in, run).clean();
  const AppName name = app_name(in);
  const bool dry_run = in.has("dry-run");
  const auto removed = change::cleanup(run.context(), name, releases_to_keep(in), dry_run,
                                       confirm_removal(in.console, name, in.has("yes"), in.stop()), in.stop());
  run.report().close();
  return print_removed(in.console, name, removed,
                       {.done = "cleaned up", .dry_run = dry_run, .exit_unchanged = in.has("exit-unchanged")});
}

}  // namespace belay::cli
