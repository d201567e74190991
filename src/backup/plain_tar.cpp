#include "backup/plain_tar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::backup {

namespace {

constexpr std::size_t block = 512;
constexpr std::size_t name_size = 100, mode_at = 100, size_at = 124, size_digits = 11, checksum_at = 148, type_at = 156,
                      magic_at = 257;
using Block = std::array<char, block>;

void put_octal(Block& header, std::size_t at, int digits, std::int64_t value) {
  const std::string text = format("{:0{}o}", value, digits);
  std::memcpy(header.data() + at, text.data(), text.size());
}

std::int64_t checksum(Block header) {
  std::fill_n(header.begin() + checksum_at, 8, ' ');
  std::int64_t sum = 0;
  for (const char byte : header) sum += static_cast<unsigned char>(byte);
  return sum;
}

std::int64_t octal(const Block& header, std::size_t at, std::size_t length) {
  const char* begin = header.data() + at;
  const char* end = begin + length;
  while (begin != end && *begin == ' ') ++begin;
  std::int64_t value = -1;
  const auto [stop, error] = std::from_chars(begin, end, value, 8);
  if (error != std::errc() || value < 0 || (stop != end && *stop != '\0' && *stop != ' '))
    throw Error(ErrorCode::bad_backup, "the backup's outer archive is damaged: it contains an invalid number");
  return value;
}

std::int64_t padding_of(std::int64_t size) {
  return (512 - size % 512) % 512;
}

}  // namespace

void PlainTarWriter::add(const std::string& name, std::string_view content) {
  if (name.size() > name_size) throw Error(ErrorCode::internal, format("'{}' is too long a name in a backup", name));
  Block header{};
  std::memcpy(header.data(), name.data(), name.size());
  put_octal(header, mode_at, 7, 0600);
  put_octal(header, 108, 7, 0);
  put_octal(header, 116, 7, 0);
  put_octal(header, size_at, size_digits, static_cast<std::int64_t>(content.size()));
  put_octal(header, 136, 11, std::chrono::duration_cast<Seconds>(time_.time_since_epoch()).count());
  header[type_at] = '0';
  std::memcpy(header.data() + magic_at, "ustar\00000", 8);
  put_octal(header, checksum_at, 6, checksum(header));
  header[checksum_at + 7] = ' ';
  sink_({header.data(), header.size()});
  sink_(content);
  static constexpr Block zeros{};
  sink_({zeros.data(), static_cast<std::size_t>(padding_of(static_cast<std::int64_t>(content.size())))});
}

void PlainTarWriter::finish() {
  static constexpr Block zeros{};
  sink_({zeros.data(), zeros.size()});
  sink_({zeros.data(), zeros.size()});
}

// As far as there is anything.
std::size_t PlainTarReader::fill_partly(std::span<char> room) {
  std::size_t filled = 0;
  while (filled < room.size()) {
    const std::size_t got = source_(room.subspan(filled));
    if (got == 0) break;
    filled += got;
  }
  return filled;
}

void PlainTarReader::fill(std::span<char> room) {
  if (fill_partly(room) < room.size()) throw Error(ErrorCode::bad_backup, "the backup is cut off");
}

std::optional<PlainTarReader::File> PlainTarReader::next() {
  std::array<char, 64 << 10> skipped;
  while (read(skipped) > 0) {
  }
  Block header{};
  const auto has_magic = [&] { return std::memcmp(header.data() + magic_at, "ustar", 5) == 0; };
  if (std::exchange(is_begun_, true)) {
    fill(header);
  } else if (fill_partly(header) < header.size() || !has_magic()) {
    // Any file may be given; of a backup even the shortest beginning has a whole header.
    throw Error(ErrorCode::bad_backup, "this is not a backup of Belay",
                "A backup begins with the entry belay-backup.json.");
  }
  const auto is_zero = [](char byte) { return byte == '\0'; };
  if (std::all_of(header.begin(), header.end(), is_zero)) {
    // A second block of zeros ends the archive; any tar may fill the rest of its last record with more.
    fill(header);
    std::span<const char> zeros = header;
    std::size_t got = 0;
    do {
      if (!std::all_of(zeros.begin(), zeros.end(), is_zero))
        throw Error(ErrorCode::bad_backup, "something follows the end of the backup's outer archive");
      got = source_(skipped);
      zeros = std::span<const char>(skipped).first(got);
    } while (got > 0);
    return {};
  }
  if (octal(header, checksum_at, 8) != checksum(header) || !has_magic())
    throw Error(ErrorCode::bad_backup, "the backup's outer archive is damaged");
  const std::string name(header.data(), strnlen(header.data(), name_size));
  if (header[type_at] != '0' && header[type_at] != '\0')
    throw Error(ErrorCode::bad_backup,
                format("the backup's outer archive holds something that is not a regular file: '{}'", printable(name)));
  left_ = size_ = octal(header, size_at, 12);
  padding_ = padding_of(size_);
  return File{name, size_};
}

std::size_t PlainTarReader::read(std::span<char> room) {
  if (left_ == 0) {
    Block rest;
    fill(std::span(rest).first(static_cast<std::size_t>(std::exchange(padding_, 0))));
    return 0;
  }
  const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(left_, static_cast<std::int64_t>(room.size())));
  const std::size_t got = source_(room.first(wanted));
  if (got == 0) throw Error(ErrorCode::bad_backup, "the backup is cut off");
  left_ -= static_cast<std::int64_t>(got);
  return got;
}

std::string PlainTarReader::read_all(std::int64_t limit) {
  if (size_ > limit) throw Error(ErrorCode::bad_backup, "a part of the backup is larger than any that Belay writes");
  std::string content(static_cast<std::size_t>(size_), '\0');
  std::span<char> room(content);
  while (!room.empty()) room = room.subspan(read(room));
  return content;
}

}  // namespace belay::backup
