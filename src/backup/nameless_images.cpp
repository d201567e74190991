#include "backup/nameless_images.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "document/json.h"

namespace belay::backup {

namespace {

constexpr std::size_t largest_list = 16 << 20;

Error names_images(std::string_view what) {
  return Error(ErrorCode::bad_backup,
               format("the images in the backup have names of their own ({}), which would change what these names mean "
                      "on this host",
                      what),
               "Belay saves images without names: somebody else made this archive. If the app's images are on this "
               "host before the restore, those of the backup are not loaded.");
}

// Engines follow links and clean paths, so whatever is called like a list anywhere counts as one.
bool is_list_of_names(const archive::TarEntry& entry) {
  auto parts = split(entry.name, '/');
  while (!parts.empty() && (parts.back().empty() || parts.back() == ".")) parts.pop_back();
  const std::set<std::string, std::less<>> lists{"manifest.json", "index.json", "repositories"};
  return !parts.empty() && lists.contains(parts.back());
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Engines read the keys of their lists whatever the case of the letters is, and some letters beyond ASCII as ones of
// it.
void find_names(const document::Node& node, std::vector<std::string>& names) {
  const std::set<std::string, std::less<>> keys{"repotags", "io.containerd.image.name",
                                                "org.opencontainers.image.ref.name"};
  for (const auto& item : node.items()) find_names(item, names);
  for (const auto& member : node.members()) {
    if (!is_ascii(member.key)) {
      names.push_back(member.key);
    } else if (!keys.contains(lower(member.key))) {
      find_names(member.value, names);
    } else if (member.value.is_list()) {
      for (const auto& name : member.value.items()) names.push_back(name.raw());
    } else if (!member.value.is_null()) {
      names.push_back(member.value.raw());
    }
  }
}

}  // namespace

NamelessImages::NamelessImages(Source archive)
    : archive_(std::move(archive)), tar_([this](std::span<char> room) {
        const std::size_t got = archive_(room);
        last_ = held_.size();
        held_.append(room.data(), got);
        return got;
      }) {}

std::size_t NamelessImages::read(std::span<char> room) {
  while (given_ == free_) {
    if (ended_) return 0;
    read_on();
  }
  const std::size_t count = std::min(room.size(), free_ - given_);
  std::memcpy(room.data(), held_.data() + given_, count);
  given_ += count;
  if (given_ < free_) return count;
  held_.erase(0, given_);
  last_ -= std::min(last_, given_);
  given_ = free_ = 0;
  return count;
}

// Of what was read last, the reader may not have seen all yet; before that it has seen all but a part of a header.
void NamelessImages::read_on() {
  const std::string_view bytes = tar_.content();
  if (is_list_) {
    list_ += bytes;
    if (list_.size() > largest_list)
      throw Error(ErrorCode::bad_backup, format("the backup's images are damaged: {} is too large", list_name_));
    if (!bytes.empty()) return;
    end_list();
  }
  if (bytes.empty()) {
    archive::TarEntry entry;
    if (tar_.next(entry))
      begin(entry);
    else
      ended_ = true;
  }
  if (!is_list_) free_ = std::max(free_, ended_ ? held_.size() : last_);
}

void NamelessImages::begin(const archive::TarEntry& entry) {
  if (!is_list_of_names(entry)) return;
  if (entry.kind != archive::TarEntry::Kind::file || entry.sparse)
    throw Error(ErrorCode::bad_backup,
                format("the backup's images are damaged: {} is no plain file", printable(entry.name)));
  is_list_ = true;
  list_name_ = printable(entry.name);
  list_.clear();
}

void NamelessImages::end_list() {
  is_list_ = false;
  const document::Node list = document::read_json(list_, list_name_);
  std::vector<std::string> names;
  if (list_name_.ends_with("repositories"))
    for (const auto& member : list.members()) names.push_back(member.key);
  find_names(list, names);
  if (!names.empty()) throw names_images(printable(join(names, ", ").substr(0, 200)));
}

}  // namespace belay::backup
