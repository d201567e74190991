#include "safekeeping/backups.h"

#include <algorithm>
#include <map>

#include "backup/reader.h"
#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "model/labels.h"
#include "state/store.h"

namespace belay::safekeeping {

namespace {

using Records = std::vector<BackupRecord>;

// Of the release that runs, else of the last one.
std::optional<Keep> keep_of(const App& app) {
  const auto number = change::what_runs(app) ? change::what_runs(app) : app.last;
  const Release* release = number ? app.find(*number) : nullptr;
  if (release == nullptr) return {};
  for (const auto& service : release->spec.services)
    if (const auto found = service.labels.find(labels::backup_keep); found != service.labels.end())
      return doing(format("the label {}", labels::backup_keep), [&] { return parse_keep(found->second); });
  return {};
}

Keep keep_for(change::Context& context, const AppName& name, const PruneOptions& options) {
  if (options.keep) return *options.keep;
  const auto app = context.store.app(name);
  if (const auto keep = app ? keep_of(*app) : std::nullopt) return *keep;
  throw UsageError(format("there is no rule for which backups of {} to keep", name.text()),
                   format("Give --keep last=7,weekly=4, or set the app's label {}.", labels::backup_keep));
}

// What a backup's name tells. nullopt: it is not called like one.
struct NamedBackup {
  std::string app;
  Time taken{};
  bool encrypted = false;
};
std::optional<NamedBackup> read_name(std::string_view name) {
  NamedBackup read;
  const auto cut = [&](std::string_view ending) {
    if (!name.ends_with(ending)) return false;
    name.remove_suffix(ending.size());
    return true;
  };
  read.encrypted = cut(".age");
  if (!cut(".belay.tar.zst") && !cut(".belay.tar.gz")) return {};
  constexpr size_t time_size = 16;  // 20260131T090507Z
  if (name.size() < time_size + 2 || name[name.size() - time_size - 1] != '-') return {};
  const std::string_view time = name.substr(name.size() - time_size);
  const std::string iso = format("{}-{}-{}:{}:{}", time.substr(0, 4), time.substr(4, 2), time.substr(6, 5),
                                 time.substr(11, 2), time.substr(13));
  const auto taken = parse_time(iso);
  if (!taken) return {};
  read.app = name.substr(0, name.size() - time_size - 1);
  read.taken = *taken;
  return read;
}

// What the manifest at the front of the file says; the rest is not read.
BackupRecord read_front(backup::Destination& folder, const backup::Stored& file, std::stop_token stop) {
  const auto download = folder.open(file.name, stop);
  const crypto::AgeKeys no_keys;
  backup::Unsealed unsealed([&](std::span<char> room) { return download->read(room); }, no_keys);
  const backup::BackupReader reader([&](std::span<char> room) { return unsealed.read(room); });
  const backup::Manifest& manifest = reader.manifest();
  BackupRecord record;
  record.app = manifest.app;
  record.release = manifest.release;
  record.taken = manifest.taken;
  record.with_image = manifest.with_image;
  return record;
}

Records of_place(Records records, const std::string& place) {
  std::erase_if(records, [&](const BackupRecord& record) { return record.place != place; });
  return records;
}

const backup::Stored* find(const std::vector<backup::Stored>& files, const std::string& name) {
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const backup::Stored& file) { return file.name == name; });
  return found == files.end() ? nullptr : &*found;
}

// The files of a place; nullopt, with a note, where it cannot be asked, or has no such folder: a disk that is not
// mounted looks like that.
std::optional<std::vector<backup::Stored>> files_of(const std::string& place, const OpenPlace& open,
                                                    std::vector<std::string>& notes, std::stop_token stop) {
  try {
    return open(backup::parse_place(place))->list(stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    notes.push_back(format("{} cannot be asked, all in it stays: {}", place, error.what()));
    return {};
  }
}

// Whether the place may be another one than when these were made: all of them are missing but what came later. The
// folder that a disk is mounted on looks like that as long as it is not.
bool may_be_another_disk(const Records& records, const std::vector<backup::Stored>& files) {
  std::optional<Time> newest_missing, oldest_there;
  for (const auto& record : records)
    if (find(files, record.name) == nullptr)
      newest_missing = std::max(newest_missing.value_or(record.taken), record.taken);
    else
      oldest_there = std::min(oldest_there.value_or(record.taken), record.taken);
  return newest_missing && (!oldest_there || *newest_missing < *oldest_there);
}

// Sorts one place's backups into those that go, stay and are gone.
void sort_out(const Records& records, const std::vector<backup::Stored>& files, Time now, Pruning& pruning) {
  const bool forgets_none = may_be_another_disk(records, files);
  Records there;
  std::vector<BackupCandidate> candidates;
  for (const auto& record : records) {
    const backup::Stored* file = find(files, record.name);
    if (file == nullptr) {
      (forgets_none ? pruning.stay : pruning.vanished).push_back(record);
      continue;
    }
    // Cut off or replaced since: nobody knows what it is worth. Some stores tell no sizes (-1).
    const bool is_the_same = record.size.value == 0 || file->size < 0 || record.size.value == file->size;
    if (!is_the_same)
      pruning.notes.push_back(format("{} has {} instead of {}: it does not count as good", where(record),
                                     byte_text({file->size}), byte_text(record.size)));
    there.push_back(record);
    candidates.push_back({record.taken, record.trouble.empty() && is_the_same, false});
  }
  if (forgets_none)
    pruning.notes.push_back(format(
        "{} has none of the backups that were made there before; they stay known, for its disk may not be mounted. "
        "If they are gone: belay backups --scan {}",
        records.front().place, records.front().place));
  const auto removed = backups_to_remove(pruning.keep, candidates, now);
  for (size_t i = 0; i < there.size(); ++i) {
    const bool goes = std::find(removed.begin(), removed.end(), i) != removed.end();
    (goes ? pruning.remove : pruning.stay).push_back(there[i]);
  }
}

void carry_out(change::Context& context, const Pruning& pruning, const OpenPlace& open, std::stop_token stop) {
  for (const auto& record : pruning.vanished) context.store.forget_backup(record.id);
  std::map<std::string, std::unique_ptr<backup::Destination>> places;
  for (const auto& record : pruning.remove) {
    if (stop.stop_requested()) throw Cancelled();
    auto& place = places[record.place];
    if (!place) place = open(backup::parse_place(record.place));
    doing(format("removing {}", where(record)), [&] {
      try {
        place->remove(record.name, stop);
      } catch (const NotFound&) {
        // Somebody was faster.
      }
    });
    context.store.forget_backup(record.id);
  }
}

}  // namespace

std::string where(const BackupRecord& record) {
  return backup::FilePlace{backup::parse_place(record.place), record.name}.text();
}

std::string backup_id(const BackupRecord& record) {
  return format("b{}", record.id);
}

bool is_gone(const BackupRecord& record) {
  const backup::Place place = backup::parse_place(record.place);
  if (place.kind != backup::Place::Kind::local) return false;
  std::error_code unknown;
  return fs::status(fs::path(place.path) / record.name, unknown).type() == fs::file_type::not_found;
}

Records good_backups(change::Context& context, const AppName& name) {
  Records good = context.store.backups(name.text());
  std::erase_if(good, [](const BackupRecord& record) { return !record.trouble.empty(); });
  std::reverse(good.begin(), good.end());
  // What a clock that was ahead has dated may be older than all others: only where there is no other.
  const Time now = context.clock.now();
  std::stable_partition(good.begin(), good.end(),
                        [&](const BackupRecord& record) { return record.taken <= now + clocks_differ; });
  return good;
}

bool is_measured(const BackupRecord& record) {
  return record.files > 0 || record.data_size.value > 0;
}

bool is_called_as_backup_of(const std::string& file, const AppName& name) {
  const auto named = read_name(file);
  return named && named->app == name.text();
}

Records backups(change::Context& context, const std::optional<AppName>& name, std::stop_token stop) {
  auto records = context.store.backups(name ? name->text() : "");
  // Backups may outlive their app.
  if (name && records.empty()) std::ignore = known_app(context, *name, stop);
  std::stable_sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.taken > b.taken; });
  return records;
}

Scanned scan_backups(change::Context& context, backup::Destination& folder, std::stop_token stop) {
  const std::string place = folder.text();
  return doing(format("looking for backups in {}", place), [&] {
    Scanned scanned;
    const auto files = folder.list(stop);
    const Records before = of_place(context.store.backups(""), place);
    for (const auto& record : before) {
      if (find(files, record.name) != nullptr) continue;
      context.store.forget_backup(record.id);
      scanned.vanished.push_back(record);
    }
    for (const auto& file : files) {
      const auto named = read_name(file.name);
      const bool is_known =
          std::any_of(before.begin(), before.end(), [&](const auto& record) { return record.name == file.name; });
      scanned.known += is_known ? 1 : 0;
      if (is_known || !(named || file.name.find(".tar") != std::string::npos)) continue;
      BackupRecord record;
      if (named && named->encrypted) {
        record.app = named->app;
        record.taken = named->taken;
        record.encrypted = true;
      } else {
        try {
          record = read_front(folder, file, stop);
        } catch (const Cancelled&) {
          throw;
        } catch (const Error& error) {
          // Any other tar may well be there.
          if (named) scanned.notes.push_back(format("{} is left out: {}", file.name, error.what()));
          continue;
        }
      }
      record.place = place;
      record.name = file.name;
      record.size = {std::max<std::int64_t>(file.size, 0)};
      record.id = context.store.save(record);
      scanned.added.push_back(std::move(record));
    }
    return scanned;
  });
}

Pruning prune_backups(change::Context& context, const AppName& name, const OpenPlace& open, const PruneOptions& options,
                      const ConfirmPruning& confirm, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  return doing(format("pruning the backups of {}", name.text()), [&] {
    Records records = context.store.backups(name.text());
    if (records.empty()) std::ignore = known_app(context, name, stop);
    Pruning pruning;
    pruning.keep = keep_for(context, name, options);
    if (!options.place.empty()) records = of_place(std::move(records), options.place);
    std::map<std::string, Records> by_place;
    for (const auto& record : records) by_place[record.place].push_back(record);
    for (const auto& [place, there] : by_place) {
      if (const auto files = files_of(place, open, pruning.notes, stop))
        sort_out(there, *files, context.clock.now(), pruning);
      else
        pruning.stay.insert(pruning.stay.end(), there.begin(), there.end());
    }
    if (options.dry_run || (pruning.remove.empty() && pruning.vanished.empty())) return pruning;
    if (!pruning.remove.empty() && !confirm(pruning)) {
      pruning.declined = true;
      return pruning;
    }
    carry_out(context, pruning, open, stop);
    write_journal(context, App(name), "backups", "done",
                  format("{} removed, {} had gone, {} stay", pruning.remove.size(), pruning.vanished.size(),
                         pruning.stay.size()));
    pruning.done = true;
    return pruning;
  });
}

}  // namespace belay::safekeeping
