#include "backup/spill_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "backup/file_system.h"
#include "base/errors.h"

namespace belay::backup {

namespace {

Fd without_name(const fs::path& folder) {
  // O_EXCL: nobody can give it a name later.
  Fd file(::open(folder.c_str(), O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
  if (file || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
  std::string name = (folder / ".belay-spool-XXXXXX").string();
  file = Fd(::mkostemp(name.data(), O_CLOEXEC));
  if (file) ::unlink(name.c_str());
  return file;
}

// Each piece has its number as the nonce: no key is used for two of one number.
crypto::Aead::Nonce nonce_of(std::uint64_t number) {
  crypto::Aead::Nonce nonce{};
  for (std::size_t i = 0; i < sizeof number; ++i) nonce[i] = static_cast<unsigned char>(number >> (8 * i));
  return nonce;
}

Error not_given_back(int error_number) {
  Error error = system_error("reading what waited on this machine's disk to be sent", error_number);
  error.offer_hint("The disk may be failing: see what the kernel says of it (dmesg).");
  return error;
}

}  // namespace

SpillPlace spill_place(const Place& destination, const fs::path& state, bool secret) {
  SpillPlace place;
  if (destination.kind == Place::Kind::local) place.folders.emplace_back(destination.path);
  place.folders.emplace_back("/var/tmp");
  place.folders.push_back(state);
  place.secret = secret;
  return place;
}

std::optional<SpillFile::Piece> SpillFile::put(std::string_view bytes) {
  if (failed_ || (!file_ && !open())) return {};
  if (end_ >= place_.file_size && !open_next()) return {};
  const std::size_t size = bytes.size() + (place_.secret ? crypto::tag_size : 0);
  if (!fits(size)) return {};
  if (place_.secret) {
    if (sealed_.capacity() < size) sealed_ = archive::Buffer(size);
    sealed_.clear();
    sealer_->seal(nonce_of(put_), bytes, sealed_.rest().data());
    sealed_.grow(size);
    bytes = sealed_.view();
  }
  if (!write(bytes)) {
    // A disk that is full in spite of what is left free, a quota, a disk that fails: what is in the file stays good.
    failed_ = true;
    return {};
  }
  ++put_;
  const Piece piece{file_, end_, size};
  end_ += static_cast<std::int64_t>(size);
  return piece;
}

bool SpillFile::open() {
  for (const auto& folder : place_.folders) {
    folder_ = folder;
    if (!open_next()) continue;
    if (!is_shared(*file_) && !is_in_memory(*file_) && fits(0)) break;
    file_.reset();
  }
  if (!file_) {
    failed_ = true;
    return false;
  }
  if (place_.secret) {
    crypto::fill_random(key_.bytes);
    sealer_.emplace(key_, crypto::Aead::Way::seal);
    opener_.emplace(key_, crypto::Aead::Way::open);
  }
  return true;
}

bool SpillFile::open_next() {
  Fd file = without_name(folder_);
  if (!file) return false;
  file_ = std::make_shared<const Fd>(std::move(file));
  end_ = 0;
  return true;
}

bool SpillFile::fits(std::size_t size) const {
  const auto wanted = static_cast<std::int64_t>(size);
  // Writing beyond it would end the program.
  struct rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      end_ + wanted > static_cast<std::int64_t>(limit.rlim_cur))
    return false;
  struct statvfs status{};
  if (::fstatvfs(file_->raw(), &status) != 0) return false;
  const auto unit = static_cast<std::int64_t>(status.f_frsize);
  const auto whole = static_cast<std::int64_t>(status.f_blocks) * unit;
  const auto free = static_cast<std::int64_t>(status.f_bavail) * unit - wanted;
  return free >= place_.bytes_left_free && free >= whole / 100 * place_.percent_left_free;
}

bool SpillFile::write(std::string_view bytes) {
  std::int64_t at = end_;
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file_->raw(), bytes.data(), bytes.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
    at += count;
  }
  return true;
}

void SpillFile::take(Piece piece, archive::Buffer& into) {
  archive::Buffer& raw = place_.secret ? taken_ : into;
  if (raw.capacity() < piece.size) raw = archive::Buffer(piece.size);
  raw.clear();
  while (raw.size() < piece.size) {
    const ssize_t count = ::pread(piece.file->raw(), raw.rest().data(), piece.size - raw.size(),
                                  piece.offset + static_cast<std::int64_t>(raw.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw not_given_back(errno);
    if (count == 0) throw not_given_back(EIO);
    raw.grow(static_cast<std::size_t>(count));
  }
  piece.file.reset();
  const std::uint64_t number = given_++;
  if (!place_.secret) return;
  if (into.capacity() < piece.size) into = archive::Buffer(piece.size);
  into.clear();
  // It is not what was written.
  if (!opener_->open(nonce_of(number), raw.view(), into.rest().data())) throw not_given_back(EIO);
  into.grow(piece.size - crypto::tag_size);
}

}  // namespace belay::backup
