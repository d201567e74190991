#include "backup/checksums.h"

#include <algorithm>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::backup {

namespace {

constexpr char unknown_digit = '?';
constexpr std::size_t digest_digits = 64;

bool is_same(const std::string& computed, const std::string& listed) {
  return computed.size() == listed.size() &&
         std::equal(computed.begin(), computed.end(), listed.begin(),
                    [](char ours, char theirs) { return ours == theirs || ours == unknown_digit; });
}

}  // namespace

std::string checksum_line(const std::string& name, const std::string& digest, bool holes_apart) {
  std::string line = holes_apart ? "# holes " : "";
  if (name.find_first_of("\n\r\\") != std::string::npos) line += '\\';
  line += digest;
  line += "  ";
  for (const char c : name) switch (c) {
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      case '\\':
        line += "\\\\";
        break;
      default:
        line += c;
    }
  return line += '\n';
}

void ChecksumLedger::computed(const std::string& name, const std::string& digest, bool holes_apart) {
  std::string line =
      checksum_line(name, digest.empty() ? std::string(digest_digits, unknown_digit) : digest, holes_apart);
  line.pop_back();
  computed_.push_back({std::move(line), digest.empty()});
  compare();
}

void ChecksumLedger::listed(std::string_view list) {
  while (!list.empty()) {
    const auto end = list.find('\n');
    if (end == std::string_view::npos)
      throw Error(ErrorCode::bad_backup, format("a list of checksums of {} is cut off", item_));
    listed_.emplace_back(list.substr(0, end));
    list.remove_prefix(end + 1);
  }
  compare();
}

void ChecksumLedger::compare() {
  while (!computed_.empty() && !listed_.empty()) {
    const auto& [line, is_open] = computed_.front();
    if (is_open ? !is_same(line, listed_.front()) : line != listed_.front())
      throw Error(ErrorCode::bad_backup,
                  format("{} is damaged: the checksum of a file is wrong: {}", item_, printable(line)),
                  format("The backup says: {}", printable(listed_.front())));
    computed_.pop_front();
    listed_.pop_front();
  }
}

void ChecksumLedger::finish() const {
  if (!listed_.empty())
    throw Error(ErrorCode::bad_backup,
                format("{} is damaged: a file is missing: {}", item_, printable(listed_.front())));
  if (!computed_.empty())
    throw Error(ErrorCode::bad_backup,
                format("{} is damaged: a file has no checksum: {}", item_, printable(computed_.front().line)));
}

}  // namespace belay::backup
