#include "crypto/armor.h"

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"
#include "crypto/encoding.h"

namespace belay::crypto {
namespace {

constexpr std::string_view begin_line = "-----BEGIN AGE ENCRYPTED FILE-----";
constexpr std::string_view end_line = "-----END AGE ENCRYPTED FILE-----";
constexpr std::size_t armor_columns = 64;
constexpr std::size_t free_space = 1024;

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ErrorCode::bad_archive, "the armor of this age file is damaged: " + reason);
}

}  // namespace

bool looks_armored(std::string_view first_bytes) {
  first_bytes.remove_prefix(std::min(first_bytes.size(), first_bytes.find_first_not_of(" \t\r\n")));
  return first_bytes.starts_with(begin_line);
}

// The next line without its end. False where the input ends; `line_` holds what is there.
bool Armor::text_line() {
  const bool whole = input_.line(line_, free_space);
  if (!whole && line_.size() == free_space) refuse("a line is too long");
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  return whole || !line_.empty();
}

void Armor::begin() {
  for (std::size_t skipped = 0; skipped < free_space; skipped += line_.size() + 1) {
    if (!text_line()) break;
    if (line_ == begin_line) {
      at_ = At::inside;
      return;
    }
    if (!trim(line_).empty()) break;
  }
  throw Error(ErrorCode::bad_archive, "this is not an age file");
}

void Armor::next_line() {
  if (!text_line()) throw Error(ErrorCode::bad_archive, "this age file is cut off within its armor");
  if (line_ == end_line) return end();
  if (at_ == At::last_line) refuse("a short line is not the last");
  const auto bytes = line_.empty() || line_.size() > armor_columns ? std::nullopt : padded_base64_decoded(line_);
  if (!bytes) refuse("a line is not as it should be");
  bytes_ = *bytes;
  given_ = 0;
  if (line_.size() < armor_columns || line_.back() == '=') at_ = At::last_line;
}

void Armor::end() {
  for (std::size_t behind = 0; behind < free_space; behind += line_.size() + 1) {
    if (!text_line()) {
      at_ = At::end;
      return;
    }
    if (!trim(line_).empty()) break;
  }
  refuse("there is something after its end");
}

std::size_t Armor::read(std::span<char> room) {
  if (at_ == At::begin) begin();
  while (given_ == bytes_.size()) {
    if (at_ == At::end) return 0;
    next_line();
  }
  const std::size_t size = std::min(room.size(), bytes_.size() - given_);
  std::copy_n(bytes_.data() + given_, size, room.data());
  given_ += size;
  return size;
}

}  // namespace belay::crypto
