#include "service_image/scripts.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/tar_reader.h"
#include "archive/text_source.h"
#include "base/errors.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/identity.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "service_image/belongings.h"
#include "service_image/containers.h"
#include "service_image/convention.h"

namespace belay::service_image {

namespace {

constexpr size_t most_links = 8;

[[noreturn]] void refuse(const std::string& name, std::string_view why) {
  throw Error(ErrorCode::bad_service_image, format("/{} {}", printable(name), why));
}

bool is_plain(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && part.size() <= 255 &&
         std::all_of(part.begin(), part.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte >= 0x20 && byte != 0x7f;
         });
}

// "dr/lib/x.sh" → {"lib", "x.sh"}.
std::vector<std::string> path_of(const archive::TarEntry& entry, std::string_view root) {
  std::string name = entry.name;
  while (name.ends_with('/')) name.pop_back();
  std::vector<std::string> parts = split(name, '/');
  if (parts.front() != root) refuse(name, "is not in /dr");
  parts.erase(parts.begin());
  if (!std::all_of(parts.begin(), parts.end(), is_plain))
    refuse(name, "has a name with characters that no script needs");
  return parts;
}

// A link leads down from where it is, never up: then no chain of links can leave the folder.
void check_link(const std::string& name, const std::string& target) {
  const auto parts = split(target, '/');
  if (target.empty() || target.starts_with('/') || !std::all_of(parts.begin(), parts.end(), is_plain))
    refuse(name, format("is a link to '{}': a link may only lead to something beside it or below", printable(target)));
}

std::string content_of(archive::TarReader& reader, const archive::TarEntry& entry) {
  if (entry.sparse || entry.size > static_cast<std::int64_t>(largest_file))
    refuse(entry.name, format("is larger than {} MiB", largest_file >> 20));
  std::string content;
  for (auto piece = reader.content(); !piece.empty(); piece = reader.content()) {
    content += piece;
    if (content.size() > largest_file) refuse(entry.name, format("is larger than {} MiB", largest_file >> 20));
  }
  return content;
}

ScriptFile hard_linked(const Scripts& scripts, const archive::TarEntry& entry, std::string_view root) {
  archive::TarEntry target;
  target.name = entry.target;
  const auto found = scripts.files.find(join(path_of(target, root), "/"));
  if (found == scripts.files.end() || found->second.kind != ScriptFile::Kind::file)
    refuse(entry.name, "is a further name of a file that is not in /dr");
  return found->second;
}

ScriptFile file_of(archive::TarReader& reader, const archive::TarEntry& entry, const Scripts& scripts,
                   std::string_view root) {
  using Kind = archive::TarEntry::Kind;
  switch (entry.kind) {
    case Kind::file:
      if ((entry.permissions & (S_ISUID | S_ISGID)) != 0) refuse(entry.name, "would run with another user's rights");
      return {ScriptFile::Kind::file, (entry.permissions & 0111) != 0, content_of(reader, entry)};
    case Kind::folder:
      return {ScriptFile::Kind::folder, false, {}};
    case Kind::symlink:
      check_link(entry.name, entry.target);
      return {ScriptFile::Kind::link, false, entry.target};
    case Kind::hard_link:
      return hard_linked(scripts, entry, root);
    case Kind::fifo:
    case Kind::character_device:
    case Kind::block_device:
      break;
  }
  refuse(entry.name, "is a device or a pipe");
}

void write_all(const Fd& file, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.raw(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw system_error(format("writing {}", path.string()), errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void write_script(const fs::path& path, const ScriptFile& file) {
  const int mode = file.executable ? 0755 : 0644;
  Fd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!out) throw system_error(format("writing {}", path.string()), errno);
  write_all(out, file.content, path);
  if (::fchmod(out.raw(), static_cast<mode_t>(mode)) != 0 || ::fsync(out.raw()) != 0)
    throw system_error(format("writing {}", path.string()), errno);
}

void sync_folder(const fs::path& folder) {
  const Fd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened || ::fsync(opened.raw()) != 0) throw system_error(format("writing {}", folder.string()), errno);
}

void make_script_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0755) != 0) throw system_error(format("making {}", folder.string()), errno);
  if (::chmod(folder.c_str(), 0755) != 0) throw system_error(format("making {}", folder.string()), errno);
}

bool is_ours_alone(const struct stat& status) {
  const bool of_root_or_us = status.st_uid == 0 || status.st_uid == ::geteuid();
  return of_root_or_us && (S_ISLNK(status.st_mode) || (status.st_mode & (S_IWGRP | S_IWOTH)) == 0);
}

}  // namespace

std::string Scripts::digest() const {
  crypto::Sha256 whole;
  const auto add = [&](std::string_view text) { whole.add(format("{}:{},", text.size(), text)); };
  for (const auto& [path, file] : files) {
    add(path);
    add(file.kind == ScriptFile::Kind::folder ? "folder" : file.kind == ScriptFile::Kind::link ? "link" : "file");
    add(file.executable ? "x" : "-");
    add(file.content);
  }
  return whole.finish();
}

const ScriptFile* Scripts::find(const std::string& path) const {
  std::string at = path;
  for (size_t i = 0; i < most_links; ++i) {
    const auto found = files.find(at);
    if (found == files.end()) return nullptr;
    if (found->second.kind == ScriptFile::Kind::file) return &found->second;
    if (found->second.kind == ScriptFile::Kind::folder) return nullptr;
    const size_t folder = at.rfind('/');
    at = (folder == std::string::npos ? "" : at.substr(0, folder + 1)) + found->second.content;
  }
  return nullptr;
}

std::vector<std::string> Scripts::commands() const {
  std::vector<std::string> names;
  for (const auto& [path, file] : files) {
    if (path.find('/') != std::string::npos || !is_command_name(path)) continue;
    if (const ScriptFile* script = find(path); script != nullptr && script->executable) names.push_back(path);
  }
  return names;
}

Scripts scripts_from_archive(std::string_view tar, std::string_view root) {
  Scripts scripts;
  archive::TarReader reader(archive::text_source(tar));
  archive::TarEntry entry;
  while (reader.next(entry)) {
    const auto parts = path_of(entry, root);
    if (parts.empty()) {
      if (entry.kind != archive::TarEntry::Kind::folder) refuse("dr", "is not a folder");
      continue;
    }
    for (size_t i = 1; i < parts.size(); ++i) {
      const auto above = scripts.files.find(join({parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(i)}, "/"));
      if (above == scripts.files.end() || above->second.kind != ScriptFile::Kind::folder)
        refuse(entry.name, "is in something that is no folder");
    }
    if (scripts.files.size() >= most_files) refuse("dr", format("holds more than {} files", most_files));
    if (!scripts.files.emplace(join(parts, "/"), file_of(reader, entry, scripts, root)).second)
      refuse(entry.name, "is there twice");
  }
  return scripts;
}

namespace {

// On which machine, and among which processes of it, the number of a process means one: the same after a restart.
constexpr const char* processes_label = "belay.temporary.processes";
std::string own_processes() {
  std::error_code none;
  std::string machine;
  if (fs::exists("/etc/machine-id", none)) machine = std::string(trim(read_file("/etc/machine-id", ByteCount{4096})));
  const fs::path space = fs::read_symlink("/proc/self/ns/pid", none);
  return crypto::sha256(machine + space.string()).substr(0, 12);
}

// Those of commands that were killed: their names end with the number of a process that is no more. Of other machines
// and other containers that is not known.
void remove_leftovers(engine::Engine& engine, const std::map<std::string, std::string>& label, std::stop_token stop) {
  for (const auto& [key, value] : label)
    for (const auto& container : engine.containers({true, format("{}={}", key, value)}, stop)) {
      const auto pid = parse_number(container.name.substr(container.name.rfind('-') + 1));
      const auto space = container.labels.find(processes_label);
      if (space == container.labels.end() || space->second != own_processes()) continue;
      if (!container.is_up() && pid && ::kill(static_cast<pid_t>(*pid), 0) != 0 && errno == ESRCH)
        remove_with_nameless(engine, container.name, stop);
    }
}

}  // namespace

std::optional<Scripts> read_scripts(engine::Engine& engine, const std::string& image,
                                    const std::map<std::string, std::string>& label, std::stop_token stop) {
  remove_leftovers(engine, label, stop);
  auto labels = label;
  labels.emplace(processes_label, own_processes());
  const std::string name = format("belay-dr-look-{}", short_digest(image));
  const Temporary look(engine, unstarted(name, image, std::move(labels)), stop);
  std::string tar;
  try {
    engine.read_archive(
        look.name(), scripts_folder,
        [&](std::string_view bytes) {
          if (tar.size() + bytes.size() > largest_scripts)
            throw Error(ErrorCode::bad_service_image, format("/dr is larger than {} MiB", largest_scripts >> 20));
          tar += bytes;
        },
        std::move(stop));
  } catch (const NotFound&) {
    return {};
  }
  return scripts_from_archive(tar);
}

ScriptChanges changes(const Scripts& from, const Scripts& to) {
  ScriptChanges found;
  for (const auto& [path, file] : to.files) {
    const auto before = from.files.find(path);
    if (before == from.files.end())
      found.added.push_back(path);
    else if (before->second != file)
      found.changed.push_back(path);
  }
  for (const auto& [path, file] : from.files)
    if (!to.files.contains(path)) found.removed.push_back(path);
  return found;
}

void ScriptStore::keep(const Scripts& scripts) const {
  const std::string digest = scripts.digest();
  const fs::path folder = folder_of(digest);
  if (fs::exists(folder)) {
    std::ignore = load(digest);
    return;
  }
  make_folder(folder_, 0755);
  const fs::path part = folder_ / format(".{}-{}", digest.substr(0, 12), ::getpid());
  fs::remove_all(part);
  make_script_folder(part);
  // In the order of their paths, a folder comes before what is in it.
  for (const auto& [path, file] : scripts.files) {
    const fs::path at = part / path;
    if (file.kind == ScriptFile::Kind::folder)
      make_script_folder(at);
    else if (file.kind == ScriptFile::Kind::link)
      fs::create_symlink(file.content, at);
    else
      write_script(at, file);
  }
  sync_folder(part);
  fs::rename(part, folder);
  sync_folder(folder_);
}

Scripts ScriptStore::load(const std::string& digest) const {
  const fs::path folder = folder_of(digest);
  if (!fs::is_directory(folder))
    throw NotFound(ErrorCode::file_not_found, format("the scripts of the service are not in {}", folder.string()),
                   "belay service update NAME takes them out of the image again.");
  Scripts scripts;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    struct stat status{};
    if (::lstat(entry.path().c_str(), &status) != 0)
      throw system_error(format("reading {}", entry.path().string()), errno);
    if (!is_ours_alone(status))
      throw Error(ErrorCode::state_unsafe, format("others can change {}", entry.path().string()),
                  "Remove the folder; belay service update NAME takes the scripts out of the image again.");
    ScriptFile file;
    if (S_ISDIR(status.st_mode)) {
      file.kind = ScriptFile::Kind::folder;
    } else if (S_ISLNK(status.st_mode)) {
      file.kind = ScriptFile::Kind::link;
      file.content = fs::read_symlink(entry.path()).string();
    } else {
      file.content = read_file(entry.path(), ByteCount{static_cast<std::int64_t>(largest_file)});
      file.executable = (status.st_mode & S_IXUSR) != 0;
    }
    scripts.files.emplace(entry.path().lexically_relative(folder).string(), std::move(file));
  }
  if (scripts.digest() != digest)
    throw Error(ErrorCode::state_damaged, format("somebody changed the scripts in {}", folder.string()),
                "Remove the folder; belay service update NAME takes the scripts out of the image again.");
  return scripts;
}

void ScriptStore::keep_only(const std::set<std::string>& digests) const {
  if (!fs::is_directory(folder_)) return;
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(folder_))
    if (!digests.contains(entry.path().filename().string())) others.push_back(entry.path());
  for (const auto& other : others) fs::remove_all(other);
}

}  // namespace belay::service_image
