#include "change/file_marks.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <set>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"

namespace belay::change {

namespace {

constexpr std::size_t most_files = 256;
constexpr std::size_t most_lines = 10'000;
constexpr off_t largest_with_lines = 1 << 20;
// Larger ones are hardly configuration; their size and time must do, for reading them at every look takes too long.
constexpr off_t largest_read = 16 << 20;

// FNV-1a.
class Hash64 {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) value_ = (value_ ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 14695981039346656037U;
};

class LineHashes {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      if (c == '\0') is_text_ = false;
      if (!is_text_ || lines_.size() > most_lines) return;
      if (c == '\n') {
        end_line();
      } else {
        line_ = (line_ ^ static_cast<unsigned char>(c)) * 16777619U;
        in_line_ = true;
      }
    }
  }
  // None for what has no lines to speak of.
  std::vector<std::uint32_t> take() {
    if (in_line_) end_line();
    if (!is_text_ || lines_.size() > most_lines) return {};
    return std::move(lines_);
  }

 private:
  void end_line() {
    lines_.push_back(line_);
    line_ = 2166136261U;
    in_line_ = false;
  }

  std::vector<std::uint32_t> lines_;
  std::uint32_t line_ = 2166136261U;
  bool in_line_ = false;
  bool is_text_ = true;
};

FileMark mark_of_text(std::string_view text) {
  Hash64 hash;
  hash.add(text);
  return {format("{:016x}-{:x}", hash.value(), text.size()), {}};
}

FileMark mark_of_content(const Fd& file, const struct stat& status, const fs::path& path) {
  if (status.st_size > largest_read)
    return {format("{:x}.{:x}-{:x}", static_cast<std::uint64_t>(status.st_mtim.tv_sec),
                   static_cast<std::uint64_t>(status.st_mtim.tv_nsec), static_cast<std::uint64_t>(status.st_size)),
            {}};
  Hash64 hash;
  LineHashes lines;
  std::uint64_t size = 0;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = ::read(file.raw(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(format("reading {}", path.string()), errno);
    if (count == 0) break;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
    hash.add(bytes);
    if (status.st_size <= largest_with_lines) lines.add(bytes);
    size += bytes.size();
  }
  return {format("{:016x}-{:x}", hash.value(), size), lines.take()};
}

// nullopt where there is no regular file (any more).
std::optional<FileMark> mark_of_file(const fs::path& path) {
  // Without blocking: it may have become a pipe.
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR || errno == ENXIO || errno == ELOOP) return {};
    throw system_error(format("reading {}", path.string()), errno);
  }
  struct stat status{};
  if (::fstat(file.raw(), &status) != 0) throw system_error(format("reading {}", path.string()), errno);
  if (!S_ISREG(status.st_mode)) return {};
  return mark_of_content(file, status, path);
}

bool is_within(const fs::path& folder, const fs::path& path) {
  const auto [end, unused] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

// One look at a folder.
class FolderWalk {
 public:
  FolderWalk(const fs::path& root, std::map<std::string, FileMark>& marks) : root_(root), marks_(marks) {}

  // False when there are more files than count.
  bool run() {
    std::error_code gone;
    real_root_ = fs::canonical(root_, gone);
    return gone || walk(root_);
  }

 private:
  bool walk(const fs::path& folder);
  bool visit(const fs::path& path);
  bool keep(const fs::path& path, std::optional<FileMark> mark) {
    if (!mark) return true;
    if (count_ == most_files) return false;
    ++count_;
    marks_.insert_or_assign(path.string(), std::move(*mark));
    return true;
  }

  const fs::path root_;
  fs::path real_root_;  // without links
  std::map<std::string, FileMark>& marks_;
  std::size_t count_ = 0;
  // The folders we are in, as they are without links: one that links to an outer one would never end.
  std::set<fs::path> within_;
};

bool FolderWalk::walk(const fs::path& folder) {
  std::error_code error;
  const fs::path real = fs::canonical(folder, error);
  if (error || !within_.insert(real).second) return true;
  std::vector<fs::path> entries;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) entries.push_back(entry->path());
  if (error && error != std::errc::no_such_file_or_directory)
    throw system_error(format("reading {}", folder.string()), error.value());
  std::sort(entries.begin(), entries.end());
  const bool all = std::all_of(entries.begin(), entries.end(), [&](const fs::path& path) { return visit(path); });
  within_.erase(real);
  return all;
}

bool FolderWalk::visit(const fs::path& path) {
  std::error_code error;
  if (fs::is_symlink(path, error)) {
    const fs::path real = fs::canonical(path, error);
    // Nowhere, or out of the folder: the container sees the folder alone, there the link leads to something else.
    if (error || !is_within(real_root_, real)) {
      const fs::path target = fs::read_symlink(path, error);
      return error ? true : keep(path, mark_of_text("-> " + target.string()));
    }
  }
  if (fs::is_directory(path, error)) return walk(path);
  // Checked before it is opened, for opening a device may do something.
  return fs::is_regular_file(path, error) ? keep(path, mark_of_file(path)) : true;
}

// The last part of a path, or all of it where another has the same last part.
std::string shown_name(const std::string& path, const std::vector<std::string>& all) {
  const fs::path name = fs::path(path).filename();
  const auto same = std::count_if(all.begin(), all.end(),
                                  [&](const std::string& other) { return fs::path(other).filename() == name; });
  return same > 1 ? path : name.string();
}

// How many lines one would have to touch; the order of lines counts only where nothing else differs.
std::size_t changed_lines(std::vector<std::uint32_t> before, std::vector<std::uint32_t> after) {
  std::size_t moved = 0;
  for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) moved += before[i] != after[i] ? 1U : 0U;
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  std::vector<std::uint32_t> gone, come;
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(gone));
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(come));
  const std::size_t changed = std::max(gone.size(), come.size());
  return changed > 0 ? changed : moved;
}

std::string difference(const FileMark& before, const FileMark& after) {
  if (before.lines.empty() || after.lines.empty()) return "other content";
  const std::size_t lines = changed_lines(before.lines, after.lines);
  if (lines == 0) return "other line ends";
  return format("{} {}", lines, lines == 1 ? "line" : "lines");
}

}  // namespace

std::map<std::string, FileMark> file_marks(const std::vector<fs::path>& paths, const Warn& warn) {
  std::map<std::string, FileMark> marks;
  for (const fs::path& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      if (!FolderWalk(path, marks).run() && warn)
        warn(format("{} has more than {} files: changes in the others go unnoticed", path.string(), most_files));
    } else if (fs::is_regular_file(path, error)) {
      if (auto mark = mark_of_file(path)) marks.insert_or_assign(path.string(), std::move(*mark));
    } else if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory) {
      throw system_error(format("reading {}", path.string()), error.value());
    }
  }
  return marks;
}

std::vector<std::string> file_differences(const std::map<std::string, FileMark>& before,
                                          const std::map<std::string, FileMark>& after) {
  std::vector<std::string> paths;
  for (const auto& [path, mark] : before) paths.push_back(path);
  for (const auto& [path, mark] : after)
    if (!before.contains(path)) paths.push_back(path);
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> differences;
  for (const std::string& path : paths) {
    const auto old_mark = before.find(path);
    const auto new_mark = after.find(path);
    std::string what;
    if (old_mark == before.end()) {
      what = "+ (new)";
    } else if (new_mark == after.end()) {
      what = "- (gone)";
    } else if (old_mark->second.digest != new_mark->second.digest) {
      what = difference(old_mark->second, new_mark->second);
    }
    if (!what.empty()) differences.push_back(format("file {}: {}", shown_name(path, paths), what));
  }
  return differences;
}

}  // namespace belay::change
