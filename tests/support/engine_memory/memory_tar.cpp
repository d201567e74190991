#include "engine_memory/memory_tar.h"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <numeric>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::engine {

namespace fs = std::filesystem;

namespace {

constexpr size_t block = 512;
constexpr size_t longest_name = 100;

struct Entry {
  std::string name;
  char type = '0';
  long long size = 0, mode = 0644, uid = 0, gid = 0, mtime = 0, nanoseconds = 0;
  std::string target;  // of a link
};

size_t padded(size_t size) {
  return (size + block - 1) / block * block;
}

unsigned checksum(std::string header) {
  std::fill_n(header.begin() + 148, 8, ' ');
  return std::accumulate(header.begin(), header.end(), 0U,
                         [](unsigned sum, char c) { return sum + static_cast<unsigned char>(c); });
}

[[noreturn]] void refuse_tar(const std::string& why) {
  throw EngineError(500, "processing the tar file: " + why);
}

// Writing.

std::string header_of(const Entry& entry) {
  std::string header(block, '\0');
  const auto put = [&](size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  put(0, std::string_view(entry.name).substr(0, longest_name));
  put(100, format("{:07o}", entry.mode));
  put(108, format("{:07o}", entry.uid));
  put(116, format("{:07o}", entry.gid));
  put(124, format("{:011o}", entry.size));
  put(136, format("{:011o}", entry.mtime));
  header[156] = entry.type;
  put(157, std::string_view(entry.target).substr(0, longest_name));
  put(257, std::string_view("ustar\00000", 8));
  put(148, format("{:06o}", checksum(header)) + std::string("\0 ", 2));
  return header;
}

// "LENGTH path=NAME\n", where the length counts itself.
std::string pax_record(const std::string& key, const std::string& value) {
  const size_t rest = key.size() + value.size() + 3;
  size_t length = rest + 1;
  while (format("{}", length).size() + rest != length) ++length;
  return format("{} {}={}\n", length, key, value);
}

void write_header(const Entry& entry, const Sink& sink) {
  std::string records;
  if (entry.name.size() > longest_name) records += pax_record("path", entry.name);
  if (entry.target.size() > longest_name) records += pax_record("linkpath", entry.target);
  if (!records.empty()) {
    Entry extended;
    extended.name = "pax";
    extended.type = 'x';
    extended.size = static_cast<long long>(records.size());
    sink(header_of(extended));
    records.resize(padded(records.size()));
    sink(records);
  }
  sink(header_of(entry));
}

void write_content(const fs::path& path, size_t size, const Sink& sink) {
  std::ifstream file(path, std::ios::binary);
  std::string piece(64 << 10, '\0');
  for (size_t left = size; left > 0;) {
    const size_t wanted = std::min(left, piece.size());
    file.read(piece.data(), static_cast<std::streamsize>(wanted));
    if (!file) throw Error(ErrorCode::engine_refused, format("{} changed while it was read", path.string()));
    sink(std::string_view(piece).substr(0, wanted));
    left -= wanted;
  }
  if (padded(size) > size) sink(std::string(padded(size) - size, '\0'));
}

void write_tree(const fs::path& path, const std::string& name, const Sink& sink) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) throw system_error("looking at " + path.string(), errno);
  Entry entry;
  entry.name = name;
  entry.mode = status.st_mode & 07777;
  entry.uid = status.st_uid;
  entry.gid = status.st_gid;
  entry.mtime = status.st_mtim.tv_sec;
  if (S_ISLNK(status.st_mode)) {
    entry.type = '2';
    entry.target = fs::read_symlink(path).string();
    write_header(entry, sink);
  } else if (S_ISREG(status.st_mode)) {
    entry.size = status.st_size;
    write_header(entry, sink);
    write_content(path, static_cast<size_t>(status.st_size), sink);
  } else if (S_ISDIR(status.st_mode)) {
    entry.type = '5';
    entry.name += '/';
    write_header(entry, sink);
    std::vector<fs::path> below(fs::directory_iterator(path), {});
    std::sort(below.begin(), below.end());
    for (const auto& each : below) write_tree(each, entry.name + each.filename().string(), sink);
  }
}

// Reading.

long long octal(std::string_view field) {
  const size_t first = field.find_first_not_of(' ');
  field.remove_prefix(std::min(first, field.size()));
  long long number = 0;
  std::from_chars(field.data(), field.data() + field.size(), number, 8);
  return number;
}

std::string text_in(std::string_view field) {
  return std::string(field.substr(0, field.find('\0')));
}

Entry read_header(std::string_view header) {
  if (octal(header.substr(148, 8)) != checksum(std::string(header))) refuse_tar("invalid tar header");
  Entry entry;
  entry.name = text_in(header.substr(0, longest_name));
  if (header.substr(257, 5) == "ustar" && header[345] != '\0' && header[262] == '\0')
    entry.name = text_in(header.substr(345, 155)) + "/" + entry.name;
  entry.mode = octal(header.substr(100, 8)) & 07777;
  entry.uid = octal(header.substr(108, 8));
  entry.gid = octal(header.substr(116, 8));
  entry.size = octal(header.substr(124, 12));
  entry.mtime = octal(header.substr(136, 12));
  entry.type = header[156] == '\0' ? '0' : header[156];
  entry.target = text_in(header.substr(157, longest_name));
  return entry;
}

std::map<std::string, std::string> read_pax_records(std::string_view text) {
  std::map<std::string, std::string> records;
  while (!text.empty()) {
    const size_t space = text.find(' ');
    const auto length = parse_number(text.substr(0, space));
    if (space == std::string_view::npos || !length || *length <= static_cast<long long>(space) ||
        static_cast<size_t>(*length) > text.size())
      refuse_tar("invalid extended header");
    const std::string_view record = text.substr(space + 1, static_cast<size_t>(*length) - space - 2);
    const size_t equals = record.find('=');
    if (equals != std::string_view::npos)
      records[std::string(record.substr(0, equals))] = std::string(record.substr(equals + 1));
    text.remove_prefix(static_cast<size_t>(*length));
  }
  return records;
}

void take_records(const std::map<std::string, std::string>& records, Entry& entry) {
  for (const auto& [key, value] : records) {
    const long long number = parse_number(std::string_view(value).substr(0, value.find('.'))).value_or(0);
    if (key == "path") entry.name = value;
    if (key == "linkpath") entry.target = value;
    if (key == "size") entry.size = number;
    if (key == "uid") entry.uid = number;
    if (key == "gid") entry.gid = number;
    if (key != "mtime") continue;
    entry.mtime = number;
    std::string fraction = value.find('.') == std::string::npos ? "" : value.substr(value.find('.') + 1);
    fraction.resize(9, '0');
    entry.nanoseconds = parse_number(fraction).value_or(0);
  }
}

using PlaceOf = std::function<fs::path(const std::string& name)>;

// "./a//b" → "a/b"; "" for the folder itself.
std::string relative_name(const std::string& name) {
  fs::path plain;
  for (const auto& part : fs::path(name)) {
    if (part == "..") refuse_tar(format("{} leads out of the folder", name));
    if (part != "." && part != "/" && !part.empty()) plain /= part;
  }
  return plain.string();
}

void take_attributes(const Entry& entry, const fs::path& place) {
  if (::geteuid() == 0 && ::lchown(place.c_str(), static_cast<uid_t>(entry.uid), static_cast<gid_t>(entry.gid)) != 0)
    throw system_error("changing the owner of " + place.string(), errno);
  if (entry.type != '2' && ::chmod(place.c_str(), static_cast<mode_t>(entry.mode)) != 0)
    throw system_error("changing the mode of " + place.string(), errno);
  const timespec time{.tv_sec = entry.mtime, .tv_nsec = entry.nanoseconds};
  const timespec times[]{time, time};
  if (::utimensat(AT_FDCWD, place.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    throw system_error("changing the time of " + place.string(), errno);
}

void unpack(const Entry& entry, std::string_view content, const fs::path& place, const PlaceOf& place_of) {
  const auto there = fs::symlink_status(place);
  if (entry.type == '5') {
    if (fs::exists(there) && !fs::is_directory(there)) fs::remove(place);
    fs::create_directories(place);
    return;
  }
  if (fs::exists(there)) fs::remove_all(place);
  fs::create_directories(place.parent_path());
  if (entry.type == '1') return fs::create_hard_link(place_of(relative_name(entry.target)), place);
  if (entry.type == '2') {
    fs::create_symlink(entry.target, place);
  } else {
    std::ofstream file(place, std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.flush()) throw Error(ErrorCode::engine_refused, "cannot write " + place.string());
  }
  take_attributes(entry, place);
}

}  // namespace

void write_tar(const fs::path& from, const std::string& name, const Sink& sink) {
  write_tree(from, name, sink);
  sink(std::string(2 * block, '\0'));
}

void unpack_tar(std::string_view tar, const PlaceOf& place_of) {
  std::vector<std::pair<Entry, fs::path>> folders;
  std::map<std::string, std::string> extended;
  while (!tar.empty()) {
    if (tar.size() < block) refuse_tar("unexpected end");
    const std::string_view header = tar.substr(0, block);
    tar.remove_prefix(block);
    if (header.find_first_not_of('\0') == std::string_view::npos) break;
    Entry entry = read_header(header);
    if (entry.type != 'x' && entry.type != 'g') {
      take_records(extended, entry);
      extended.clear();
    }
    // Of links and folders the size says nothing.
    const bool has_content = entry.type == '0' || entry.type == '7' || entry.type == 'x' || entry.type == 'g';
    const auto size = has_content ? static_cast<size_t>(entry.size) : 0;
    if (padded(size) > tar.size()) refuse_tar("unexpected end");
    const std::string_view content = tar.substr(0, size);
    tar.remove_prefix(padded(size));
    if (entry.type == 'x') extended = read_pax_records(content);
    if (std::string_view("01257").find(entry.type) == std::string_view::npos) continue;
    const std::string name = relative_name(entry.name);
    if (name.empty()) continue;
    const fs::path place = place_of(name);
    unpack(entry, content, place, place_of);
    if (entry.type == '5') folders.emplace_back(std::move(entry), place);
  }
  // Innermost first, and after all files: their making changes the times of their folders.
  for (auto made = folders.rbegin(); made != folders.rend(); ++made) take_attributes(made->first, made->second);
}

}  // namespace belay::engine
