#include "backup/reader.h"

#include <array>

#include "backup/writer.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::backup {

namespace {

// From this one on the checksum of a file with holes is of its data.
constexpr int holes_apart_format = 2;
constexpr std::int64_t manifest_limit = 64 << 20, list_limit = 64 << 20;

}  // namespace

BackupReader::BackupReader(Source archive) : tar_(std::move(archive)) {
  advance();
  if (!at_ || at_->name != manifest_entry)
    throw Error(ErrorCode::bad_backup, "this is not a backup of Belay",
                "A backup begins with the entry belay-backup.json.");
  manifest_ = doing("reading the backup's manifest", [&] { return manifest_from_json(tar_.read_all(manifest_limit)); });
  counted_.resize(manifest_.items.size());
  advance();
}

const PlainTarReader::File& BackupReader::entry() {
  if (!at_) throw Error(ErrorCode::bad_backup, "the backup is cut off: its end is missing");
  return *at_;
}

BackupReader::ItemStream::ItemStream(BackupReader& reader, const Item& item)
    : reader_(reader), item_(item), ledger_(item.source), counted_{item.id, 0, 0} {}

std::size_t BackupReader::ItemStream::read(std::span<char> room) {
  for (;;) {
    if (in_part_) {
      if (const std::size_t got = reader_.tar_.read(room)) return got;
      in_part_ = false;
      reader_.advance();
    }
    const std::string& name = reader_.entry().name;
    if (name == format("data/{}.tar.{:06}", item_.id, parts_ + 1)) {
      ++parts_;
      in_part_ = true;
    } else if (name == format("data/{}.sha256.{:06}", item_.id, lists_ + 1)) {
      ++lists_;
      ledger_.listed(reader_.tar_.read_all(list_limit));
      reader_.advance();
    } else {
      return 0;
    }
  }
}

void BackupReader::ItemStream::computed(const std::string& name, std::int64_t size, const std::string& digest,
                                        bool holes_apart) {
  ++counted_.files;
  counted_.bytes += size;
  ledger_.computed(name, digest, holes_apart);
}

archive::TreeEvents BackupReader::ItemStream::events() {
  archive::TreeEvents events;
  events.file = [this](const archive::FileDigest& file) {
    computed(file.name, file.size, file.sha256, file.holes_apart);
    if (file.sha256.empty())
      reader_.warnings_.push_back(format("{}: the content of {} is not checked: it has {}, most of it holes",
                                         item_.source, printable(file.name), byte_text({file.size})));
  };
  if (reader_.manifest_.version >= holes_apart_format) events.holes = archive::Holes::apart;
  events.hashes_zeros = [this](std::int64_t zeros) {
    if (zeros > reader_.zeros_left_) return false;
    reader_.zeros_left_ -= zeros;
    return true;
  };
  events.entry = [this](const archive::TarEntry& entry) {
    if (item_.kind == Item::Kind::file && (has_entry_ || entry.kind != archive::TarEntry::Kind::file))
      throw Error(ErrorCode::bad_backup, format("the backup is damaged: {} should be one file, and has {}",
                                                item_.source, printable(entry.name)));
    has_entry_ = true;
  };
  return events;
}

void BackupReader::ItemStream::finish() {
  std::array<char, 64 << 10> rest;
  while (read(rest) > 0) {
  }
  ledger_.finish();
}

BackupReader::ItemStream* BackupReader::next_item() {
  if (open_) {
    open_->finish();
    counted_[next_ - 1] = open_->counted_;
    open_.reset();
  }
  if (next_ == manifest_.items.size()) return nullptr;
  open_.reset(new ItemStream(*this, manifest_.items[next_++]));
  return open_.get();
}

void BackupReader::skip_item() {
  if (!open_) return;
  const std::string stem = format("data/{}.", open_->item_.id);
  while (entry().name.starts_with(stem)) advance();
  open_.reset();
}

std::size_t BackupReader::read_image(std::span<char> room) {
  for (;;) {
    if (in_image_part_) {
      if (const std::size_t got = tar_.read(room)) return got;
      in_image_part_ = false;
      advance();
    }
    if (entry().name != format("image.tar.{:06}", image_parts_ + 1)) return 0;
    ++image_parts_;
    in_image_part_ = true;
  }
}

const End& BackupReader::finish() {
  while (next_item() != nullptr) skip_item();
  std::array<char, 64 << 10> rest;
  while (read_image(rest) > 0) {
  }
  if (manifest_.with_image && image_parts_ == 0)
    throw Error(ErrorCode::bad_backup, "the backup is damaged: its image is missing");
  if (entry().name != end_entry)
    throw Error(ErrorCode::bad_backup,
                format("the backup is damaged: '{}' stands where its end should be", printable(entry().name)));
  end_ = doing("reading the backup's end", [&] { return end_from_json(tar_.read_all(manifest_limit)); });
  advance();
  if (at_) throw Error(ErrorCode::bad_backup, format("there is '{}' after the backup's end", printable(at_->name)));
  if (end_.items.size() != manifest_.items.size())
    throw Error(ErrorCode::bad_backup, "the backup is damaged: its end speaks of other items");
  for (size_t i = 0; i < end_.items.size(); ++i) {
    const auto& said = end_.items[i];
    if (said.id != manifest_.items[i].id)
      throw Error(ErrorCode::bad_backup, "the backup is damaged: its end speaks of other items");
    if (const auto& counted = counted_[i]; counted && *counted != said)
      throw Error(ErrorCode::bad_backup,
                  format("the backup is damaged: {} has {} files of {} together; its end speaks of {} and {}",
                         manifest_.items[i].source, counted->files, byte_text({counted->bytes}), said.files,
                         byte_text({said.bytes})));
  }
  return end_;
}

}  // namespace belay::backup
