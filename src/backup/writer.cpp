#include "backup/writer.h"

#include <algorithm>

#include "backup/checksums.h"
#include "base/errors.h"
#include "base/format.h"

namespace belay::backup {

namespace {

// Enough for the eye; the rest is counted.
constexpr size_t warnings_kept = 200;

}  // namespace

BackupWriter::BackupWriter(const Manifest& manifest, Sink sink)
    : items_wanted_(manifest.items.size()), tar_(std::move(sink), manifest.taken) {
  tar_.add(manifest_entry, manifest_to_json(manifest));
}

void BackupWriter::begin_item(const std::string& id) {
  stem_ = "data/" + id;
  parts_ = lists_ = 0;
  end_.items.push_back({id, 0, 0});
}

void BackupWriter::write(std::string_view tar) {
  while (!tar.empty()) {
    const std::span<char> free = room(part_size);
    if (tar.data() == free.data()) {
      // It is where it should be already.
      part_.grow(tar.size());
      tar = {};
    } else {
      part_.take_from(tar);
    }
    if (part_.rest().empty()) flush_part();
  }
}

std::span<char> BackupWriter::room(std::size_t wanted) {
  if (part_.capacity() == 0) part_ = archive::Buffer(part_size);
  const std::span<char> free = part_.rest();
  return free.first(std::min(wanted, free.size()));
}

void BackupWriter::checksum(const std::string& name, std::int64_t size, const std::string& digest, bool holes_apart) {
  list_ += checksum_line(name, digest, holes_apart);
  ++end_.items.back().files;
  end_.items.back().bytes += size;
  if (list_.size() >= list_size) flush_list();
}

void BackupWriter::flush_part() {
  tar_.add(format("{}.tar.{:06}", stem_, ++parts_), part_.view());
  part_.clear();
}

void BackupWriter::flush_list() {
  // A list speaks of files whose bytes stand before it.
  if (part_.size() > 0) flush_part();
  tar_.add(format("{}.sha256.{:06}", stem_, ++lists_), list_);
  list_.clear();
}

void BackupWriter::end_item() {
  if (part_.size() > 0) flush_part();
  if (!list_.empty()) flush_list();
}

void BackupWriter::begin_image() {
  stem_ = "image";
  parts_ = 0;
}

void BackupWriter::end_image() {
  if (part_.size() > 0) flush_part();
}

const End& BackupWriter::finish() {
  if (end_.items.size() != items_wanted_)
    throw Error(ErrorCode::internal, "a backup was to be finished without all of its items");
  if (end_.warnings.size() > warnings_kept) {
    const auto more = end_.warnings.size() - warnings_kept;
    end_.warnings.resize(warnings_kept);
    end_.warnings.push_back(format("… and {} more", more));
  }
  tar_.add(end_entry, end_to_json(end_));
  tar_.finish();
  return end_;
}

}  // namespace belay::backup
