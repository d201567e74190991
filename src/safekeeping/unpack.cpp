#include "safekeeping/unpack.h"

#include <algorithm>
#include <unistd.h>

#include "archive/tree.h"
#include "backup/reader.h"
#include "base/format.h"
#include "base/text.h"
#include "safekeeping/restore_targets.h"

namespace belay::safekeeping {

namespace {

// What is not whole yet: one that was cut off leaves it behind.
constexpr const char* unfinished = ".belay-unpacking";

// Whether there is nothing in it but what an earlier try at the same backup left.
bool is_ours(const fs::path& folder, const backup::Manifest& manifest) {
  std::error_code error;
  bool has_unfinished = false, has_others = false;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name == unfinished)
      has_unfinished = true;
    else
      has_others = has_others || std::none_of(manifest.items.begin(), manifest.items.end(),
                                              [&](const auto& item) { return item.id == name; });
  }
  return has_unfinished && !has_others;
}

// True: it has to be made.
bool check_folder(const fs::path& folder, const backup::Manifest& manifest) {
  std::error_code error;
  const auto status = fs::symlink_status(folder, error);
  if (status.type() == fs::file_type::not_found) {
    if (!fs::is_directory(folder.parent_path(), error))
      throw NotFound(ErrorCode::file_not_found,
                     format("the folder {} does not exist, nor does the one above it", printable(folder.string())),
                     format("Make it: mkdir -p {}", shell_quoted(folder.string())));
    return true;
  }
  const bool is_folder = status.type() == fs::file_type::directory;
  if (!is_folder || (fs::directory_iterator(folder) != fs::directory_iterator() && !is_ours(folder, manifest)))
    throw Conflict(format("{} is not an empty folder", printable(folder.string())), "Name one that is new.");
  return false;
}

void remove_all_of(const fs::path& folder, const backup::Manifest& manifest) {
  std::error_code error;
  for (const auto& item : manifest.items) fs::remove_all(folder / item.id, error);
  fs::remove_all(folder / unfinished, error);
}

}  // namespace

Unpacked unpack(change::Report& report, backup::Destination& destination, const std::string& file,
                const crypto::AgeKeys& keys, const fs::path& wanted, const std::vector<std::string>& only, bool dry_run,
                std::stop_token stop) {
  const fs::path absolute = plain_absolute(wanted);
  const fs::path folder = absolute.has_filename() ? absolute : absolute.parent_path();
  const std::string where = backup::FilePlace{destination.place(), file}.text();
  return doing(format("unpacking {} into {}", printable(where), printable(folder.string())), [&] {
    const auto download = destination.open(file, stop);
    backup::Unsealed unsealed([&](std::span<char> room) { return download->read(room); }, keys);
    backup::BackupReader reader([&](std::span<char> room) { return unsealed.read(room); });
    Unpacked unpacked;
    unpacked.manifest = reader.manifest();
    const bool is_new = check_folder(folder, unpacked.manifest);
    const auto items = wanted_items(unpacked.manifest, only);
    for (const auto& item : items) unpacked.items.emplace_back(item.source, folder / item.id);
    if (dry_run) return unpacked;

    if (!is_new) remove_all_of(folder, unpacked.manifest);
    make_folder(folder, 0700);
    make_folder(folder / unfinished, 0700);
    archive::ExtractOptions options;
    options.devices = ::geteuid() == 0;
    if (::geteuid() != 0) options.owners = archive::Owners::current_user;
    try {
      while (auto* item = reader.next_item()) {
        if (std::none_of(items.begin(), items.end(), [&](const auto& each) { return each.id == item->item().id; })) {
          reader.skip_item();
          continue;
        }
        report.note(format("unpacking {}", printable(item->item().source)));
        auto events = item->events();
        events.warning = [&](const std::string& warning) { unpacked.warnings.push_back(warning); };
        const fs::path into = folder / unfinished / item->item().id;
        make_folder(into, 0700);
        archive::extract_tree([&](std::span<char> room) { return item->read(room); }, into, options, events, stop);
      }
      unpacked.end = reader.finish();
      for (const auto& item : items) fs::rename(folder / unfinished / item.id, folder / item.id);
      fs::remove(folder / unfinished);
    } catch (const std::exception&) {
      remove_all_of(folder, unpacked.manifest);
      std::error_code error;
      if (is_new) fs::remove(folder, error);
      throw;
    }
    unpacked.warnings.insert(unpacked.warnings.end(), reader.warnings().begin(), reader.warnings().end());
    unpacked.done = true;
    return unpacked;
  });
}

}  // namespace belay::safekeeping
