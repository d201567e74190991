#include "archive/tar_writer.h"

#include <algorithm>
#include <array>
#include <sys/sysmacros.h>
#include <utility>

#include "archive/acl.h"
#include "archive/tar_format.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::archive {

namespace {

constexpr std::size_t write_buffer_size = 128 << 10;
// Content in pieces of this size is not copied into the buffer first.
constexpr std::size_t large_piece = 32 << 10;

using Block = std::array<char, tar::block_size>;

std::uint64_t limit_of(tar::Field field) {
  return (std::uint64_t{1} << (3 * (field.size - 1))) - 1;
}

void put(Block& block, tar::Field field, std::string_view text) {
  std::copy_n(text.data(), std::min(text.size(), field.size), block.data() + field.offset);
}

void put_number(Block& block, tar::Field field, std::uint64_t number) {
  put(block, field, format("{:0{}o}", number, field.size - 1));
}

void seal(Block& block) {
  put(block, tar::checksum, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(block, tar::checksum, format("{:06o}", sum));
  block[tar::checksum.offset + 6] = '\0';
}

char type_of(TarEntry::Kind kind) {
  switch (kind) {
    case TarEntry::Kind::file:
      return '0';
    case TarEntry::Kind::hard_link:
      return '1';
    case TarEntry::Kind::symlink:
      return '2';
    case TarEntry::Kind::character_device:
      return '3';
    case TarEntry::Kind::block_device:
      return '4';
    case TarEntry::Kind::folder:
      return '5';
    case TarEntry::Kind::fifo:
      return '6';
  }
  return '0';
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    const int more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : -1;
    if (more < 0) return false;
    for (int k = 0; k < more; ++k, ++i)
      if (i == text.size() || (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return false;
  }
  return true;
}

// "LENGTH KEY=VALUE\n", where the length counts its own digits.
void add_record(std::string& records, std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (length != rest + std::to_string(length).size()) length = rest + std::to_string(length).size();
  records += format("{} ", length);
  records.append(key).append("=").append(value).append("\n");
}

// Seconds with as many decimals as there are: "1700000000.25", "-0.5".
std::string time_text(const timespec& time) {
  const bool negative = time.tv_sec < 0;
  std::int64_t seconds = time.tv_sec;
  std::int64_t nanoseconds = time.tv_nsec;
  if (negative && nanoseconds > 0) {
    ++seconds;
    nanoseconds = 1'000'000'000 - nanoseconds;
  }
  std::string text = format("{}{}", negative ? "-" : "", negative ? -seconds : seconds);
  if (nanoseconds == 0) return text;
  text += format(".{:09}", nanoseconds);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

// As GNU tar does: a key of a record cannot hold "=".
std::string attribute_key(std::string_view name) {
  std::string key(tar::attribute_prefix);
  for (const char c : name) {
    if (c == '%' || c == '=') {
      key += c == '%' ? "%25" : "%3D";
    } else {
      key += c;
    }
  }
  return key;
}

// Where a name is cut so that its end fits the field for the name and its beginning the one for the prefix; 0: nowhere.
std::size_t prefix_length(std::string_view name) {
  const std::size_t first = name.size() - tar::name.size - 1;
  const std::size_t slash = name.find('/', first);
  const bool fits =
      slash != std::string_view::npos && slash > 0 && slash <= tar::prefix.size && slash + 1 < name.size();
  return fits ? slash : 0;
}

// The header of one entry and the pax records it takes.
class Header {
 public:
  explicit Header(const TarEntry& entry) : entry_(entry) {
    put(block_, tar::magic, tar::ustar_magic);
    block_[tar::type.offset] = type_of(entry.kind);
    put_number(block_, tar::mode, entry.permissions & 07777);
    put_name();
    put_target();
    put_owner();
    put_time();
    put_content();
    put_device();
    for (const auto& [name, value] : entry.attributes) put_attribute(name, value);
    seal(block_);
  }

  const Block& block() const { return block_; }
  const std::string& records() const { return records_; }
  const std::string& sparse_map() const { return sparse_map_; }
  // What the content takes in the stream, without the map.
  std::int64_t stored() const { return stored_; }

 private:
  void put_name();
  void put_target();
  void put_owner();
  void put_time();
  void put_content();
  void put_map();
  void put_device();
  void put_attribute(const std::string& name, const std::string& value);
  void put_large(tar::Field field, std::string_view key, std::uint64_t number);

  const TarEntry& entry_;
  Block block_{};
  std::string records_;
  std::string sparse_map_;
  std::int64_t stored_ = 0;
};

void Header::put_name() {
  std::string name = entry_.name;
  if (name.empty() || name.find('\0') != std::string::npos)
    throw Error(ErrorCode::internal, "an entry of a tar needs a name");
  if (entry_.kind == TarEntry::Kind::folder && name.back() != '/') name += '/';
  if (entry_.kind == TarEntry::Kind::file && entry_.sparse) {
    // Whoever does not know the form shall not take the map in front for content.
    add_record(records_, "GNU.sparse.name", name);
    put(block_, tar::name, "GNUSparseFile.0/" + name.substr(name.rfind('/') + 1));
    return;
  }
  const std::size_t cut = name.size() > tar::name.size ? prefix_length(name) : 0;
  put(block_, tar::name, cut > 0 ? std::string_view(name).substr(cut + 1) : name);
  put(block_, tar::prefix, std::string_view(name).substr(0, cut));
  // A short name that is text in no encoding stays as it is in the header: a record has to be UTF-8.
  if ((name.size() > tar::name.size && cut == 0) || (!is_ascii(name) && is_utf8(name)))
    add_record(records_, "path", name);
}

void Header::put_target() {
  if (entry_.kind != TarEntry::Kind::symlink && entry_.kind != TarEntry::Kind::hard_link) return;
  const std::string& target = entry_.target;
  put(block_, tar::linkname, target);
  if (target.size() > tar::linkname.size || (!is_ascii(target) && is_utf8(target)))
    add_record(records_, "linkpath", target);
}

void Header::put_large(tar::Field field, std::string_view key, std::uint64_t number) {
  put_number(block_, field, std::min(number, limit_of(field)));
  if (number > limit_of(field)) add_record(records_, key, std::to_string(number));
}

void Header::put_owner() {
  put_large(tar::uid, "uid", entry_.user);
  put_large(tar::gid, "gid", entry_.group);
  put(block_, tar::uname, entry_.user_name);
  put(block_, tar::gname, entry_.group_name);
  if (entry_.user_name.size() >= tar::uname.size) add_record(records_, "uname", entry_.user_name);
  if (entry_.group_name.size() >= tar::gname.size) add_record(records_, "gname", entry_.group_name);
}

void Header::put_time() {
  const std::int64_t seconds = entry_.modified.tv_sec;
  const std::uint64_t limit = limit_of(tar::mtime);
  const bool fits = seconds >= 0 && static_cast<std::uint64_t>(seconds) <= limit;
  put_number(block_, tar::mtime, fits ? static_cast<std::uint64_t>(seconds) : seconds < 0 ? 0 : limit);
  if (!fits || entry_.modified.tv_nsec != 0) add_record(records_, "mtime", time_text(entry_.modified));
}

void Header::put_content() {
  if (entry_.kind == TarEntry::Kind::file) {
    if (entry_.size < 0) throw Error(ErrorCode::internal, format("{} has no size", entry_.name));
    stored_ = entry_.size;
    if (entry_.sparse) put_map();
  }
  put_large(tar::size, "size", static_cast<std::uint64_t>(stored_) + sparse_map_.size());
}

// GNU's sparse format 1.0: the map in front of the data, in whole blocks.
void Header::put_map() {
  std::vector<Extent> extents = entry_.data;
  stored_ = 0;
  for (const Extent& extent : extents) stored_ += extent.length;
  const std::int64_t end = extents.empty() ? 0 : extents.back().offset + extents.back().length;
  if (end > entry_.size) throw Error(ErrorCode::internal, format("{} has data after its end", entry_.name));
  if (end < entry_.size || extents.empty()) extents.push_back({entry_.size, 0});
  sparse_map_ = format("{}\n", extents.size());
  for (const Extent& extent : extents) sparse_map_ += format("{}\n{}\n", extent.offset, extent.length);
  sparse_map_.append(tar::padding(sparse_map_.size()), '\0');
  add_record(records_, "GNU.sparse.major", "1");
  add_record(records_, "GNU.sparse.minor", "0");
  add_record(records_, "GNU.sparse.realsize", std::to_string(entry_.size));
}

void Header::put_device() {
  const bool is_device = entry_.kind == TarEntry::Kind::character_device || entry_.kind == TarEntry::Kind::block_device;
  const std::uint64_t major_number = is_device ? major(entry_.device) : 0;
  const std::uint64_t minor_number = is_device ? minor(entry_.device) : 0;
  if (major_number > limit_of(tar::devmajor) || minor_number > limit_of(tar::devminor))
    throw Error(ErrorCode::internal, format("a tar cannot hold the device number of {}", printable(entry_.name)));
  put_number(block_, tar::devmajor, major_number);
  put_number(block_, tar::devminor, minor_number);
}

void Header::put_attribute(const std::string& name, const std::string& value) {
  if (name == tar::access_acl || name == tar::default_acl) {
    // Tars hold ACLs as text. One we cannot read is kept as the bare attribute.
    if (const auto text = acl_text(value)) {
      add_record(records_, name == tar::access_acl ? tar::access_acl_record : tar::default_acl_record, *text);
      return;
    }
  }
  add_record(records_, attribute_key(name), value);
}

// The header of the records in front of an entry.
Block record_header(const TarEntry& entry, std::size_t size) {
  const std::size_t end = entry.name.find_last_not_of('/');
  const std::string_view whole = std::string_view(entry.name).substr(0, end == std::string::npos ? 0 : end + 1);
  const std::size_t slash = whole.rfind('/');
  Block block{};
  put(block, tar::name, format("PaxHeaders/{}", whole.substr(slash == std::string_view::npos ? 0 : slash + 1)));
  put(block, tar::magic, tar::ustar_magic);
  block[tar::type.offset] = 'x';
  put_number(block, tar::mode, 0644);
  for (const tar::Field field : {tar::uid, tar::gid, tar::mtime, tar::devmajor, tar::devminor})
    put_number(block, field, 0);
  put_number(block, tar::size, size);
  seal(block);
  return block;
}

}  // namespace

TarWriter::TarWriter(Sink sink, BufferProvider buffers, ZeroSink zeros)
    : sink_(std::move(sink)), buffers_(std::move(buffers)), zeros_(std::move(zeros)), buffer_(write_buffer_size) {}

void TarWriter::begin(const TarEntry& entry) {
  end_entry();
  name_ = entry.name;
  const Header header(entry);
  if (!header.records().empty()) {
    const Block block = record_header(entry, header.records().size());
    append({block.data(), block.size()});
    append(header.records());
    append_zeros(tar::padding(header.records().size()));
  }
  append({header.block().data(), header.block().size()});
  append(header.sparse_map());
  missing_ = header.stored();
  padding_ = tar::padding(static_cast<std::size_t>(missing_));
}

void TarWriter::write(std::string_view bytes) {
  take_from_missing(static_cast<std::int64_t>(bytes.size()));
  append(bytes);
}

void TarWriter::write_zeros(std::int64_t count) {
  static constexpr std::array<char, large_piece> zeros{};
  take_from_missing(count);
  if (zeros_ && count >= static_cast<std::int64_t>(zeros.size())) {
    flush();
    zeros_(count);
    return;
  }
  for (; count > 0; count -= static_cast<std::int64_t>(zeros.size()))
    append({zeros.data(), static_cast<std::size_t>(std::min(count, static_cast<std::int64_t>(zeros.size())))});
}

void TarWriter::take_from_missing(std::int64_t count) {
  if (count > missing_)
    throw Error(ErrorCode::internal,
                format("writing {} into the tar stream: it got longer than announced", printable(name_)));
  missing_ -= count;
}

std::span<char> TarWriter::room(std::size_t wanted) {
  if (!buffers_ || wanted < large_piece) return {};
  flush();
  // What is smaller would go through the buffer here.
  const std::span<char> lent = buffers_(wanted);
  return lent.size() < large_piece ? std::span<char>() : lent;
}

void TarWriter::finish() {
  end_entry();
  append_zeros(2 * tar::block_size);
  flush();
}

void TarWriter::end_entry() {
  if (missing_ > 0)
    throw Error(ErrorCode::internal,
                format("writing {} into the tar stream: it is shorter than announced", printable(name_)));
  append_zeros(std::exchange(padding_, 0));
}

void TarWriter::append(std::string_view bytes) {
  if (bytes.size() >= large_piece) {
    flush();
    sink_(bytes);
    return;
  }
  while (!bytes.empty()) {
    buffer_.take_from(bytes);
    if (buffer_.rest().empty()) flush();
  }
}

void TarWriter::append_zeros(std::size_t count) {
  static constexpr std::array<char, 2 * tar::block_size> zeros{};
  append({zeros.data(), count});
}

void TarWriter::flush() {
  if (buffer_.size() == 0) return;
  sink_(buffer_.view());
  buffer_.clear();
}

}  // namespace belay::archive
