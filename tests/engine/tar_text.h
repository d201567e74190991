#pragma once
// Tar archives of the oldest form, made and taken apart for tests: regular files, folders and symbolic links.

#include <map>
#include <numeric>
#include <string>
#include <string_view>

#include "base/format.h"

namespace belay::engine {

class TarText {
 public:
  void add_file(const std::string& path, std::string_view content, int mode, int owner = 0) {
    add_header(path, '0', content.size(), mode, owner, "");
    bytes_ += content;
    bytes_.resize((bytes_.size() + 511) / 512 * 512);
  }
  void add_folder(const std::string& path, int mode, int owner = 0) { add_header(path, '5', 0, mode, owner, ""); }
  void add_link(const std::string& path, const std::string& target) { add_header(path, '2', 0, 0777, 0, target); }
  std::string finished() const { return bytes_ + std::string(1024, '\0'); }

 private:
  // `owner` is the group as well.
  void add_header(const std::string& path, char type, size_t size, int mode, int owner, const std::string& target) {
    std::string header(512, '\0');
    const auto put = [&](size_t at, const std::string& text) { header.replace(at, text.size(), text); };
    put(0, path);
    put(100, format("{:07o}", mode));
    put(108, format("{:07o}", owner));
    put(116, format("{:07o}", owner));
    put(124, format("{:011o}", size));
    put(136, "00000000000");
    put(148, "        ");
    header[156] = type;
    put(157, target);
    put(257, std::string("ustar\00000", 8));
    const unsigned sum = std::accumulate(header.begin(), header.end(), 0u,
                                         [](unsigned total, char c) { return total + static_cast<unsigned char>(c); });
    put(148, format("{:06o}", sum) + std::string("\0 ", 2));
    bytes_ += header;
  }

  std::string bytes_;
};

struct TarTextEntry {
  char type = '0';
  long mode = 0, owner = 0, group = 0;
  std::string target, content;
};

// By name; what comes after the end of the archive, or after damage, is left out.
inline std::map<std::string, TarTextEntry> entries_of(std::string_view tar) {
  std::map<std::string, TarTextEntry> entries;
  while (tar.size() >= 512 && tar.front() != '\0') {
    const auto text = [&](size_t at, size_t size) {
      const std::string_view field = tar.substr(at, size);
      return std::string(field.substr(0, field.find('\0')));
    };
    const auto number = [&](size_t at, size_t size) { return std::strtol(text(at, size).c_str(), nullptr, 8); };
    TarTextEntry entry;
    entry.type = tar[156];
    entry.mode = number(100, 8) & 07777;
    entry.owner = number(108, 8);
    entry.group = number(116, 8);
    entry.target = text(157, 100);
    const auto size = static_cast<size_t>(number(124, 12));
    const size_t whole = 512 + (size + 511) / 512 * 512;
    if (whole > tar.size()) break;
    entry.content = tar.substr(512, size);
    entries[text(0, 100)] = std::move(entry);
    tar.remove_prefix(whole);
  }
  return entries;
}

}  // namespace belay::engine
