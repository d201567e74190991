#pragma once
// What is around a backup's outer archive: compression, and encryption around that.

#include <memory>
#include <optional>
#include <vector>

#include "archive/compress.h"
#include "base/stream.h"
#include "crypto/age.h"

namespace belay::backup {

struct Sealing {
  archive::Compression compression = archive::Compression::zstd;
  archive::CompressOptions options = {};
  // Who can open it; both empty: everybody. Never both.
  std::vector<crypto::Recipient> recipients = {};
  std::optional<crypto::Passphrase> passphrase = {};

  bool encrypts() const { return !recipients.empty() || passphrase.has_value(); }
};

// Compresses and encrypts on the way to `file`. Without finish() the file is visibly cut off. One thread at a time.
class Sealed {
 public:
  Sealed(const Sealing& sealing, Sink file);
  Sealed(const Sealed&) = delete;
  Sealed& operator=(const Sealed&) = delete;
  void write(std::string_view bytes) { compressor_->write(bytes); }
  void finish();

 private:
  std::unique_ptr<crypto::AgeWriter> age_;
  std::unique_ptr<archive::Compressor> compressor_;
};

// The way back: finds out by itself what a file is. Throws Error where no key fits, and whatever is damaged.
class Unsealed {
 public:
  // `keys` are used for an encrypted file only; it must outlive this.
  Unsealed(Source file, const crypto::AgeKeys& keys);
  Unsealed(const Unsealed&) = delete;
  Unsealed& operator=(const Unsealed&) = delete;
  // As a Source.
  std::size_t read(std::span<char> room) { return decompressor_->read(room); }
  bool was_encrypted() const { return age_ != nullptr; }

 private:
  std::unique_ptr<crypto::AgeReader> age_;
  std::unique_ptr<archive::Decompressor> decompressor_;
};

}  // namespace belay::backup
