#include "archive/tar_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <sys/sysmacros.h>
#include <utility>

#include "archive/acl.h"
#include "archive/tar_format.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::archive {

namespace {

constexpr std::size_t read_buffer_size = 256 << 10;
// Of one entry's records, or of a long name. A file system allows a few hundred KiB of attributes at most.
constexpr std::int64_t most_record_bytes = 16 << 20, most_name_bytes = 1 << 20;
constexpr std::size_t most_extents = 1'000'000;

Error damaged(const std::string& how) {
  return Error(ErrorCode::bad_archive, format("the tar is damaged: {}", how), "If it is a copy, fetch it again.");
}

Error cut_off() {
  return Error(ErrorCode::bad_archive, "the tar is cut off", "The copy is not complete; fetch it again.");
}

// Up to the first NUL.
std::string_view text_field(std::string_view header, tar::Field field) {
  const std::string_view bytes = header.substr(field.offset, field.size);
  return bytes.substr(0, bytes.find('\0'));
}

// Octal digits, or GNU's form for large and negative numbers: the top bit set, then the number as such.
std::optional<std::int64_t> parse_field(std::string_view bytes) {
  if ((static_cast<unsigned char>(bytes[0]) & 0x80) != 0) {
    const bool negative = (static_cast<unsigned char>(bytes[0]) & 0x40) != 0;
    std::uint64_t number = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      auto byte = static_cast<unsigned char>(bytes[i]);
      if (i == 0) byte = static_cast<unsigned char>(negative ? byte | 0x80 : byte & 0x7f);
      // What is shifted out must have been nothing but sign.
      if (number >> 55 != (negative ? 0x1ff : 0)) return {};
      number = number << 8 | byte;
    }
    return static_cast<std::int64_t>(number);
  }
  std::int64_t number = 0;
  std::size_t i = 0;
  while (i < bytes.size() && bytes[i] == ' ') ++i;
  for (; i < bytes.size() && bytes[i] != ' ' && bytes[i] != '\0'; ++i) {
    if (bytes[i] < '0' || bytes[i] > '7') return {};
    number = number * 8 + (bytes[i] - '0');
  }
  return number;
}

std::int64_t number_field(std::string_view header, tar::Field field, std::string_view what) {
  const auto number = parse_field(header.substr(field.offset, field.size));
  if (!number) throw damaged(format("a header holds no number for the {}", what));
  return *number;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

std::int64_t record_number(std::string_view key, std::string_view text, std::int64_t most) {
  const auto number = whole_number(text);
  if (!number || *number < 0 || *number > most)
    throw damaged(format("the record {} holds no such number: {}", key, printable(text.substr(0, 40))));
  return *number;
}

// "1700000000.25", "-0.5".
timespec record_time(std::string_view text) {
  const std::size_t point = text.find('.');
  const bool negative = text.starts_with('-');
  const auto seconds = whole_number(text.substr(0, point));
  std::string fraction(point == std::string_view::npos ? "" : text.substr(point + 1, 9));
  fraction.resize(9, '0');
  const auto nanoseconds = whole_number(fraction);
  if (!seconds || !nanoseconds || *nanoseconds < 0)
    throw damaged(format("the record mtime holds no time: {}", printable(text.substr(0, 40))));
  if (!negative || *nanoseconds == 0) return {*seconds, *nanoseconds};
  if (*seconds == std::numeric_limits<std::int64_t>::min()) throw damaged("the record mtime holds no time");
  return {*seconds - 1, 1'000'000'000 - *nanoseconds};
}

bool checksum_fits(std::string_view header) {
  const auto told = parse_field(header.substr(tar::checksum.offset, tar::checksum.size));
  // Some old programs added the bytes as signed ones.
  std::int64_t plain = 0, with_sign = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const bool own = i >= tar::checksum.offset && i < tar::checksum.offset + tar::checksum.size;
    const char c = own ? ' ' : header[i];
    plain += static_cast<unsigned char>(c);
    with_sign += static_cast<signed char>(c);
  }
  return told == plain || told == with_sign;
}

bool all_zeros(std::string_view bytes) {
  return bytes.empty() || (bytes[0] == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

std::string header_name(std::string_view header) {
  std::string name(text_field(header, tar::name));
  // GNU's own kind keeps other things where the prefix is.
  if (header.substr(tar::magic.offset, tar::magic.size) != tar::ustar_magic) return name;
  const std::string_view prefix = text_field(header, tar::prefix);
  return prefix.empty() ? name : std::string(prefix) + "/" + name;
}

// The reverse of what GNU tar does to "=" and "%" in the key of an attribute.
std::string attribute_name(std::string_view key) {
  std::string name;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const std::string_view code = key.substr(i, 3);
    if (code == "%3D" || code == "%25") {
      name += code == "%3D" ? '=' : '%';
      i += 2;
    } else {
      name += key[i];
    }
  }
  return name;
}

std::optional<TarEntry::Kind> kind_of(char type) {
  switch (type) {
    case '\0':
    case '0':
    case '7':
    case 'S':
      return TarEntry::Kind::file;
    case '1':
      return TarEntry::Kind::hard_link;
    case '2':
      return TarEntry::Kind::symlink;
    case '3':
      return TarEntry::Kind::character_device;
    case '4':
      return TarEntry::Kind::block_device;
    case '5':
    case 'D':
      return TarEntry::Kind::folder;
    case '6':
      return TarEntry::Kind::fifo;
    default:
      return {};
  }
}

}  // namespace

// What is known of the holes of a file, from whichever of the four ways to tell it.
struct TarReader::Sparse {
  bool used = false;
  std::optional<std::int64_t> size = {};  // holes included
  std::vector<Extent> extents = {};
  std::optional<std::int64_t> offset = {};  // of an extent whose length is still to come

  void add(std::int64_t at, std::int64_t length) {
    if (extents.size() >= most_extents) throw damaged("a file in more than a million pieces");
    extents.push_back({at, length});
  }
};

TarReader::TarReader(Source source, Warning warning)
    : source_(std::move(source)), warning_(std::move(warning)), buffer_(read_buffer_size) {}

// Gets more of the source behind what is there; false at its end.
bool TarReader::fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t count = source_(std::span(buffer_).subspan(end_));
  end_ += count;
  return count > 0;
}

// At least one of the next bytes, at most `count`; empty at the end of the source. They are taken.
std::string_view TarReader::ahead(std::size_t count) {
  if (begin_ == end_ && !fill()) return {};
  const std::string_view bytes(buffer_.data() + begin_, std::min(count, end_ - begin_));
  begin_ += bytes.size();
  return bytes;
}

// The next block as a whole; empty at the end of the source.
std::string_view TarReader::block() {
  while (end_ - begin_ < tar::block_size) {
    if (fill()) continue;
    if (begin_ == end_) return {};
    throw cut_off();
  }
  return ahead(tar::block_size);
}

void TarReader::end_content() {
  for (std::uint64_t rest = static_cast<std::uint64_t>(missing_) + padding_; rest > 0;) {
    const std::string_view bytes = ahead(static_cast<std::size_t>(std::min<std::uint64_t>(rest, read_buffer_size)));
    if (bytes.empty()) throw cut_off();
    rest -= bytes.size();
  }
  missing_ = 0;
  padding_ = 0;
}

std::string_view TarReader::content() {
  if (missing_ == 0) return {};
  const std::string_view bytes =
      ahead(static_cast<std::size_t>(std::min(missing_, static_cast<std::int64_t>(read_buffer_size))));
  if (bytes.empty()) throw cut_off();
  missing_ -= static_cast<std::int64_t>(bytes.size());
  return bytes;
}

// The content of an entry that is about the next one.
std::string TarReader::text_of(std::int64_t size, std::string_view what) {
  missing_ = size;
  padding_ = tar::padding(static_cast<std::size_t>(size));
  if (size > most_record_bytes) throw damaged(format("{} of {} bytes", what, size));
  std::string text;
  for (std::string_view bytes = content(); !bytes.empty(); bytes = content()) text += bytes;
  end_content();
  return text;
}

// Zeros may fill up the last record; anything else would be silently lost.
void TarReader::read_to_end() {
  ended_ = true;
  for (std::string_view bytes = ahead(read_buffer_size); !bytes.empty(); bytes = ahead(read_buffer_size))
    if (!all_zeros(bytes)) throw damaged("something follows its end");
}

bool TarReader::next(TarEntry& entry) {
  if (ended_) return false;
  end_content();
  Records records = global_;
  Sparse sparse;
  std::string long_name, long_target;
  bool announced = false;  // something was said about an entry that must follow
  for (;;) {
    const std::string_view found = block();
    if (found.empty()) throw cut_off();
    if (all_zeros(found)) {
      if (announced) throw damaged("an entry is announced and does not come");
      read_to_end();
      return false;
    }
    if (!checksum_fits(found)) throw damaged("the checksum of a header is wrong");
    const std::string header(found);
    const std::int64_t size = number_field(header, tar::size, "size");
    if (size < 0) throw damaged("a size is negative");
    switch (header[tar::type.offset]) {
      case 'x':
      case 'X':
        read_records(size, records, sparse);
        break;
      case 'g': {
        Sparse none;
        read_records(size, global_, none);
        if (none.used) throw damaged("holes that are said to be in every file");
        for (const auto& [key, value] : global_) records.try_emplace(key, value);
        continue;
      }
      case 'L':
      case 'K': {
        if (size > most_name_bytes) throw damaged(format("a name of {} bytes", size));
        std::string text = text_of(size, "a name");
        text.resize(std::min(text.size(), text.find('\0')));
        (header[tar::type.offset] == 'L' ? long_name : long_target) = std::move(text);
        break;
      }
      case 'V':  // the label of a tape
        missing_ = size;
        padding_ = tar::padding(static_cast<std::size_t>(size));
        end_content();
        continue;
      default:
        read_entry(header, records, std::move(long_name), std::move(long_target), sparse, entry);
        return true;
    }
    announced = true;
  }
}

// "LENGTH KEY=VALUE\n", one behind the other.
void TarReader::read_records(std::int64_t size, Records& records, Sparse& sparse) {
  const std::string text = text_of(size, "records");
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t space = rest.find(' ');
    const auto length = whole_number(rest.substr(0, space));
    if (space == std::string_view::npos || !length || *length <= static_cast<std::int64_t>(space) + 1 ||
        static_cast<std::uint64_t>(*length) > rest.size())
      throw damaged("a pax record has a wrong length");
    const std::string_view record = rest.substr(space + 1, static_cast<std::size_t>(*length) - space - 1);
    const std::size_t equals = record.find('=');
    if (!record.ends_with('\n') || equals == std::string_view::npos || equals == 0)
      throw damaged("a pax record has no value");
    const std::string_view key = record.substr(0, equals);
    const std::string_view value = record.substr(equals + 1, record.size() - equals - 2);
    rest.remove_prefix(static_cast<std::size_t>(*length));
    // The oldest way to tell holes uses the same keys again and again.
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    if (key == "GNU.sparse.offset") {
      sparse.offset = record_number(key, value, most);
    } else if (key == "GNU.sparse.numbytes") {
      if (!sparse.offset) throw damaged("a piece of a sparse file has no place");
      sparse.add(*std::exchange(sparse.offset, {}), record_number(key, value, most));
    } else {
      records.insert_or_assign(std::string(key), std::string(value));
    }
    sparse.used = sparse.used || key.starts_with("GNU.sparse.");
  }
}

void TarReader::read_entry(std::string_view header, const Records& records, std::string long_name,
                           std::string long_target, Sparse& sparse, TarEntry& entry) {
  const auto record = [&](std::string_view key) -> const std::string* {
    const auto found = records.find(key);
    // An empty value takes back one that holds for all entries.
    return found == records.end() || found->second.empty() ? nullptr : &found->second;
  };
  const auto number = [&](tar::Field field, std::string_view key, std::int64_t most) {
    if (const std::string* value = record(key)) return record_number(key, *value, most);
    const std::int64_t found = number_field(header, field, key);
    if (found < 0 || found > most) throw damaged(format("a header holds no such {}: {}", key, found));
    return found;
  };
  constexpr std::int64_t most_id = std::numeric_limits<std::uint32_t>::max() - std::int64_t{1};

  entry = TarEntry{};
  entry.name = std::move(long_name);
  if (entry.name.empty()) entry.name = header_name(header);
  if (const std::string* value = record("path")) entry.name = *value;
  if (entry.name.find('\0') != std::string::npos) throw damaged("a name holds a NUL");
  const char type = header[tar::type.offset];
  const auto kind = kind_of(type);
  if (!kind)
    throw Error(ErrorCode::bad_archive, format("the tar holds an entry of an unknown kind: {} ({})",
                                               printable(entry.name), printable(std::string(1, type))));
  entry.kind = *kind;
  // The oldest tars know folders by their names only.
  if ((type == '0' || type == '\0') && entry.name.ends_with('/')) entry.kind = TarEntry::Kind::folder;

  if (entry.kind == TarEntry::Kind::symlink || entry.kind == TarEntry::Kind::hard_link) {
    entry.target = std::move(long_target);
    if (entry.target.empty()) entry.target = text_field(header, tar::linkname);
    if (const std::string* value = record("linkpath")) entry.target = *value;
    if (entry.target.find('\0') != std::string::npos) throw damaged("the target of a link holds a NUL");
  }
  entry.permissions = static_cast<mode_t>(number_field(header, tar::mode, "mode") & 07777);
  entry.user = static_cast<uid_t>(number(tar::uid, "uid", most_id));
  entry.group = static_cast<gid_t>(number(tar::gid, "gid", most_id));
  entry.user_name = record("uname") != nullptr ? *record("uname") : std::string(text_field(header, tar::uname));
  entry.group_name = record("gname") != nullptr ? *record("gname") : std::string(text_field(header, tar::gname));
  const std::string* time = record("mtime");
  entry.modified = time != nullptr ? record_time(*time) : timespec{number_field(header, tar::mtime, "mtime"), 0};
  if (entry.kind == TarEntry::Kind::character_device || entry.kind == TarEntry::Kind::block_device)
    entry.device = makedev(static_cast<unsigned>(number(tar::devmajor, "device number", most_id)),
                           static_cast<unsigned>(number(tar::devminor, "device number", most_id)));
  apply_attributes(records, entry);

  // Links, folders and devices have no content, whatever their size says (some programs repeat there that of the file
  // that is linked to); only GNU's lists of a folder's names do.
  const bool has_content = entry.kind == TarEntry::Kind::file || type == 'D';
  missing_ = has_content ? number(tar::size, "size", std::numeric_limits<std::int64_t>::max()) : 0;
  padding_ = tar::padding(static_cast<std::size_t>(missing_));
  if (entry.kind != TarEntry::Kind::file) {
    if (type == 'D') end_content();
    return;
  }
  entry.size = missing_;
  if (type == 'S') read_old_sparse(header, sparse);
  if (sparse.used) apply_sparse(records, sparse, entry);
}

void TarReader::apply_attributes(const Records& records, TarEntry& entry) {
  for (const auto& [key, value] : records) {
    if (key.starts_with(tar::attribute_prefix)) {
      entry.attributes.emplace_back(attribute_name(std::string_view(key).substr(tar::attribute_prefix.size())), value);
    } else if ((key == tar::access_acl_record || key == tar::default_acl_record) && !value.empty()) {
      if (auto acl = acl_value(value)) {
        entry.attributes.emplace_back(key == tar::access_acl_record ? tar::access_acl : tar::default_acl,
                                      std::move(*acl));
      } else if (warning_) {
        warning_(format("{}: its ACL is left out, it names nobody here: {}", printable(entry.name), printable(value)));
      }
    }
  }
}

// GNU's own format: four pieces in the header, more in blocks behind it.
void TarReader::read_old_sparse(std::string_view header, Sparse& sparse) {
  constexpr std::size_t map_offset = 386, in_header = 4, more_offset = 482, in_block = 21, more_in_block = 504;
  constexpr tar::Field real_size{483, 12};
  const auto add_pieces = [&](std::string_view bytes, std::size_t at, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i, at += 24) {
      if (bytes[at + 12] == '\0' && bytes[at] == '\0') break;
      const std::int64_t offset = number_field(bytes, {at, 12}, "place of a piece");
      sparse.add(offset, number_field(bytes, {at + 12, 12}, "length of a piece"));
    }
  };
  sparse.used = true;
  sparse.size = number_field(header, real_size, "size");
  add_pieces(header, map_offset, in_header);
  for (bool more = header[more_offset] != '\0'; more;) {
    const std::string_view extension = block();
    if (extension.empty()) throw cut_off();
    add_pieces(extension, 0, in_block);
    more = extension[more_in_block] != '\0';
  }
}

// GNU's format 1.0: the map is the beginning of the content, numbers in lines, in whole blocks.
void TarReader::read_map(Sparse& sparse) {
  std::string_view rest;
  const auto line = [&] {
    std::string text;
    for (;;) {
      if (rest.empty()) {
        if (missing_ < static_cast<std::int64_t>(tar::block_size)) throw damaged("the map of a sparse file is cut off");
        rest = block();
        if (rest.empty()) throw cut_off();
        missing_ -= static_cast<std::int64_t>(tar::block_size);
      }
      const char c = rest.front();
      rest.remove_prefix(1);
      if (c == '\n') break;
      text += c;
      if (text.size() > 20) break;
    }
    return record_number("of a sparse file's map", text, std::numeric_limits<std::int64_t>::max());
  };
  for (std::int64_t count = line(); count > 0; --count) {
    const std::int64_t offset = line();
    sparse.add(offset, line());
  }
}

void TarReader::apply_sparse(const Records& records, Sparse& sparse, TarEntry& entry) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const auto& [key, value] : records) {
    if (key == "GNU.sparse.name" && !value.empty()) entry.name = value;
    if (key == "GNU.sparse.size" || key == "GNU.sparse.realsize") sparse.size = record_number(key, value, most);
    if (key == "GNU.sparse.map" && !value.empty()) {
      const std::vector<std::string> numbers = split(value, ',');
      if (numbers.size() % 2 != 0) throw damaged("the map of a sparse file is cut off");
      for (std::size_t i = 0; i < numbers.size(); i += 2)
        sparse.add(record_number(key, numbers[i], most), record_number(key, numbers[i + 1], most));
    }
  }
  if (entry.name.find('\0') != std::string::npos) throw damaged("a name holds a NUL");
  if (const auto version = records.find("GNU.sparse.major"); version != records.end()) {
    if (version->second != "1")
      throw Error(ErrorCode::bad_archive, format("{} is sparse in an unknown way", printable(entry.name)));
    read_map(sparse);
  }
  if (!sparse.size || *sparse.size < 0) throw damaged(format("the sparse file {} has no size", printable(entry.name)));
  entry.size = *sparse.size;
  entry.sparse = true;
  std::int64_t end = 0, stored = 0;
  for (const Extent& extent : sparse.extents) {
    if (extent.offset < end || extent.length < 0 || extent.length > entry.size ||
        extent.offset > entry.size - extent.length)
      throw damaged(format("the pieces of the sparse file {} do not fit", printable(entry.name)));
    end = extent.offset + extent.length;
    stored += extent.length;
    if (extent.length > 0) entry.data.push_back(extent);
  }
  if (stored != missing_)
    throw damaged(format("the pieces of the sparse file {} do not fit its content", printable(entry.name)));
}

}  // namespace belay::archive
