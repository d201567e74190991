#pragma once
// Reads a backup's layout from its outer archive, in one pass from the front, checking as it goes.

#include <memory>
#include <optional>

#include "archive/tree.h"
#include "backup/checksums.h"
#include "backup/manifest.h"
#include "backup/plain_tar.h"

namespace belay::backup {

// Every call throws Error where the backup is damaged, cut off, or not one. One thread at a time.
class BackupReader {
 public:
  // `archive` is the outer archive, decrypted and decompressed. Reads the manifest.
  explicit BackupReader(Source archive);

  const Manifest& manifest() const { return manifest_; }

  // The next item with its tar; nullptr behind the last one.
  class ItemStream {
   public:
    const Item& item() const { return item_; }
    // The bytes of the item's tar; the checksums that stand between them are taken along.
    std::size_t read(std::span<char> room);
    // A regular file was read to its end: its digest as it is here.
    void computed(const std::string& name, std::int64_t size, const std::string& digest, bool holes_apart = false);
    // Events that tell computed() of every file as the backup's format wants it, and throw Error where an item that
    // should be one file is not. The caller adds what it wants to hear beside.
    archive::TreeEvents events();

   private:
    friend class BackupReader;
    ItemStream(BackupReader& reader, const Item& item);
    void finish();

    BackupReader& reader_;
    const Item& item_;
    ChecksumLedger ledger_;
    End::Item counted_;
    bool has_entry_ = false;
    bool in_part_ = false;
    int parts_ = 0, lists_ = 0;
  };
  // What is left of the item before must have been read to its end, and computed() told of all its files: now that is
  // checked against the backup's own lists. An item may also be left unread with skip_item().
  ItemStream* next_item();
  void skip_item();

  // Behind the last item: the images' archive as the engine takes it, where the backup has one.
  bool has_image() const { return manifest_.with_image; }
  std::size_t read_image(std::span<char> room);

  // What could not be checked, for people.
  const std::vector<std::string>& warnings() const { return warnings_; }

  // Behind everything (what was not read is skipped): checks that the backup is whole, and that the items had as many
  // files and bytes as it says.
  const End& finish();

 private:
  const PlainTarReader::File& entry();  // the one at hand; throws where there is none
  void advance() { at_ = tar_.next(); }

  PlainTarReader tar_;
  std::optional<PlainTarReader::File> at_;
  Manifest manifest_;
  size_t next_ = 0;
  std::unique_ptr<ItemStream> open_;
  std::vector<std::optional<End::Item>> counted_;  // of the items that were read
  bool in_image_part_ = false;
  int image_parts_ = 0;
  // Backups of format 1 have the zeros of holes in their checksums: so many are hashed, of all files together.
  std::int64_t zeros_left_ = std::int64_t{64} << 30;
  std::vector<std::string> warnings_;
  End end_;
};

}  // namespace belay::backup
