#include "backup/envelope.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/errors.h"

namespace belay::backup {

namespace {

// Gives the first bytes once more.
Source with_beginning(std::string beginning, Source rest) {
  return [beginning = std::move(beginning), given = std::size_t{0},
          rest = std::move(rest)](std::span<char> room) mutable -> std::size_t {
    if (given == beginning.size()) return rest(room);
    const auto more = std::min(room.size(), beginning.size() - given);
    std::memcpy(room.data(), beginning.data() + given, more);
    given += more;
    return more;
  };
}

std::string first_bytes(const Source& source, std::size_t wanted) {
  std::string bytes(wanted, '\0');
  std::size_t got = 0;
  while (got < wanted) {
    const std::size_t more = source(std::span(bytes).subspan(got));
    if (more == 0) break;
    got += more;
  }
  bytes.resize(got);
  return bytes;
}

}  // namespace

Sealed::Sealed(const Sealing& sealing, Sink file) {
  Sink next = std::move(file);
  if (sealing.encrypts()) {
    age_ = sealing.passphrase ? std::make_unique<crypto::AgeWriter>(*sealing.passphrase, std::move(next))
                              : std::make_unique<crypto::AgeWriter>(sealing.recipients, std::move(next));
    next = [this](std::string_view bytes) { age_->write(bytes); };
  }
  compressor_ = std::make_unique<archive::Compressor>(sealing.compression, sealing.options, std::move(next));
}

void Sealed::finish() {
  compressor_->finish();
  if (age_) age_->finish();
}

Unsealed::Unsealed(Source file, const crypto::AgeKeys& keys) {
  std::string beginning = first_bytes(file, 64);
  if (beginning.empty()) throw Error(ErrorCode::bad_backup, "the backup is empty");
  const bool encrypted = crypto::looks_encrypted(beginning);
  Source whole = with_beginning(std::move(beginning), std::move(file));
  if (encrypted) {
    age_ = std::make_unique<crypto::AgeReader>(std::move(whole), keys);
    whole = [this](std::span<char> room) { return age_->read(room); };
  }
  decompressor_ = std::make_unique<archive::Decompressor>(std::move(whole));
}

}  // namespace belay::backup
