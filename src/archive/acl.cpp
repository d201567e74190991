#include "archive/acl.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <grp.h>
#include <pwd.h>
#include <vector>

#include "base/format.h"
#include "base/text.h"

namespace belay::archive {

namespace {

// The kernel's form: a version, then entries of 16 bit tag, 16 bit permissions, 32 bit id; all little endian.
constexpr std::uint32_t version = 2, no_id = 0xffffffff;
constexpr std::size_t header_size = 4, entry_size = 8;

struct Tag {
  std::uint32_t number;
  std::string_view word;
  bool has_id;
};
constexpr std::array tags{
    Tag{0x01, "user", false}, Tag{0x02, "user", true},  Tag{0x04, "group", false},
    Tag{0x08, "group", true}, Tag{0x10, "mask", false}, Tag{0x20, "other", false},
};

std::uint32_t number_at(std::string_view bytes, std::size_t at, int size) {
  std::uint32_t number = 0;
  for (int i = size; i-- > 0;)
    number = number << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return number;
}

void append(std::string& bytes, std::uint32_t number, int size) {
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xff);
}

std::optional<std::uint32_t> id_of(const std::string& name, bool is_group) {
  if (const auto number = parse_number(name)) {
    if (*number < 0 || *number >= no_id) return {};
    return static_cast<std::uint32_t>(*number);
  }
  std::vector<char> room(16 << 10);
  if (is_group) {
    group entry{}, *found = nullptr;
    if (getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr)
      return found->gr_gid;
  } else {
    passwd entry{}, *found = nullptr;
    if (getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr)
      return found->pw_uid;
  }
  return {};
}

struct Entry {
  std::uint32_t tag = 0, permissions = 0, id = no_id;
};

// One "tag:name:permissions[:id]".
std::optional<Entry> parse_entry(std::string_view text) {
  if (text.starts_with("default:")) text.remove_prefix(8);
  const std::vector<std::string> fields = split(text, ':');
  if (fields.size() < 2 || fields[0].empty()) return {};
  // "mask:rwx" and "other:rwx" exist as well.
  const bool short_form = fields.size() == 2;
  const std::string name = short_form ? "" : std::string(trim(fields[1]));
  const std::string_view permissions = trim(fields[short_form ? 1 : 2]);
  Entry entry;
  const auto tag = std::find_if(tags.begin(), tags.end(), [&](const Tag& known) {
    return known.has_id == !name.empty() && (fields[0] == known.word || fields[0] == known.word.substr(0, 1));
  });
  if (tag == tags.end() || permissions.size() > 3) return {};
  entry.tag = tag->number;
  for (const char c : permissions) {
    if (c != 'r' && c != 'w' && c != 'x' && c != '-') return {};
    entry.permissions |= c == 'r' ? 4U : c == 'w' ? 2U : c == 'x' ? 1U : 0U;
  }
  if (tag->has_id) {
    const auto id = id_of(fields.size() > 3 ? std::string(trim(fields[3])) : name, tag->word == "group");
    if (!id) return {};
    entry.id = *id;
  }
  return entry;
}

}  // namespace

std::optional<std::string> acl_text(std::string_view value) {
  if (value.size() < header_size || (value.size() - header_size) % entry_size != 0 || number_at(value, 0, 4) != version)
    return {};
  std::string text;
  for (std::size_t at = header_size; at < value.size(); at += entry_size) {
    const std::uint32_t number = number_at(value, at, 2), bits = number_at(value, at + 2, 2);
    const auto tag = std::find_if(tags.begin(), tags.end(), [&](const Tag& known) { return known.number == number; });
    if (tag == tags.end()) return {};
    if (!text.empty()) text += ',';
    text += format("{}:{}:{}{}{}", tag->word, tag->has_id ? std::to_string(number_at(value, at + 4, 4)) : "",
                   (bits & 4) != 0 ? 'r' : '-', (bits & 2) != 0 ? 'w' : '-', (bits & 1) != 0 ? 'x' : '-');
  }
  return text;
}

std::optional<std::string> acl_value(std::string_view text) {
  std::string lines(text);
  std::replace(lines.begin(), lines.end(), ',', '\n');
  std::vector<Entry> entries;
  for (const std::string& line : split(lines, '\n')) {
    const std::string_view content = trim(std::string_view(line).substr(0, line.find('#')));
    if (content.empty()) continue;
    const auto entry = parse_entry(content);
    if (!entry) return {};
    entries.push_back(*entry);
  }
  // The order that the kernel insists on.
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.tag < b.tag; });
  std::string value;
  append(value, version, 4);
  for (const Entry& entry : entries) {
    append(value, entry.tag, 2);
    append(value, entry.permissions, 2);
    append(value, entry.id, 4);
  }
  return value;
}

}  // namespace belay::archive
