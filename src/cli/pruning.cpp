#include "cli/pruning.h"

#include "base/format.h"

namespace belay::cli {

std::unique_ptr<backup::Destination> open_place(const backup::Place& place) {
  return backup::destination(place, backup::programs_from_environment());
}

safekeeping::Pruning prune_after_backup(change::Context& context, const AppName& name, const Keep& keep,
                                        const backup::Place& place, std::stop_token stop) {
  safekeeping::PruneOptions options;
  options.keep = keep;
  options.place = place.text();
  return doing("the backup is made", [&] {
    return safekeeping::prune_backups(
        context, name, open_place, options, [](const auto&) { return true; }, std::move(stop));
  });
}

void print_pruning(Console& console, const safekeeping::Pruning& pruning, Time now) {
  const auto told = [&](const BackupRecord& record) {
    return format("{} ({}, {})", safekeeping::where(record), byte_text(record.size), ago(record.taken, now));
  };
  if (pruning.remove.empty() && pruning.vanished.empty()) console.line("nothing to remove");
  for (const auto& record : pruning.remove) console.line("remove " + told(record));
  for (const auto& record : pruning.vanished) console.line("forget " + told(record) + ": it is gone");
  for (const auto& record : pruning.stay) console.line("stays: " + told(record));
  for (const auto& note : pruning.notes) console.note(note);
}

void print_pruned(Console& console, const AppName& name, const safekeeping::Pruning& pruned) {
  for (const auto& note : pruned.notes) console.warning(note);
  for (const auto& record : pruned.vanished) console.note("gone by itself, forgotten: " + safekeeping::where(record));
  if (pruned.remove.empty())
    console.success(format("{}: no backup to remove; {} stay", name.text(), pruned.stay.size()));
  else
    console.success(format("{}: {} backups removed; {} stay", name.text(), pruned.remove.size(), pruned.stay.size()));
}

}  // namespace belay::cli
