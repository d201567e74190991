#include "units/keepsakes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/entry_path.h"
#include "archive/tar_reader.h"
#include "archive/tar_writer.h"
#include "archive/tree.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/pipe.h"
#include "base/text.h"
#include "change/carry_out.h"

namespace belay::units {

namespace {

constexpr const char *test_volume = "test_data", *test_label = "kept";

bool has_wildcard(const std::string& part) {
  return part.find_first_of("*?[") != std::string::npos;
}

// The parts of a pattern that name one folder or file, and those behind that choose below it.
struct Choice {
  std::vector<std::string> fixed, chosen;
};
Choice choice_of(const std::string& pattern) {
  Choice choice;
  for (const auto& part : split(pattern, '/')) {
    if (part.empty() || part == ".") continue;
    (choice.chosen.empty() && !has_wildcard(part) ? choice.fixed : choice.chosen).push_back(part);
  }
  return choice;
}

bool fits(const std::vector<std::string>& path, const std::vector<std::string>& chosen) {
  if (path.size() < chosen.size()) return false;
  for (size_t i = 0; i < chosen.size(); ++i)
    if (::fnmatch(chosen[i].c_str(), path[i].c_str(), FNM_PERIOD) != 0) return false;
  return true;
}

// No more than it had, but what we need ourselves.
mode_t kept_mode(const archive::TarEntry& entry, mode_t needed) {
  return (static_cast<mode_t>(entry.permissions) & 0755) | needed;
}

void write_content(archive::TarReader& reader, const archive::TarEntry& entry, const fs::path& path,
                   std::int64_t& room) {
  room -= entry.size;
  if (room < 0) throw Error(ErrorCode::too_large, "the files that the test is to keep have more than 1 GiB");
  // In a folder of our own that holds no links. Another pattern may have brought the file before.
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw system_error(format("writing {}", path.string()), errno);
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kept_mode(entry, 0400)));
  if (!file) throw system_error(format("writing {}", path.string()), errno);
  for (std::string_view bytes = reader.content(); !bytes.empty(); bytes = reader.content())
    while (!bytes.empty()) {
      const ssize_t written = ::write(file.raw(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw system_error(format("writing {}", path.string()), errno);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
}

// A folder below the one that the user named. Whoever may write there could lay links to other places: none is
// followed.
class OutputFolder {
 public:
  explicit OutputFolder(const fs::path& path)
      : path_(path), folder_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (!folder_) throw system_error(format("opening {}", path.string()), errno);
  }

  OutputFolder folder(const std::string& name, mode_t mode) const {
    const fs::path path = path_ / name;
    if (::mkdirat(folder_.raw(), name.c_str(), mode) != 0 && errno != EEXIST)
      throw system_error(format("making {}", path.string()), errno);
    Fd opened(::openat(folder_.raw(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!opened && (errno == ELOOP || errno == ENOTDIR))
      throw Error(ErrorCode::system_failed, format("{} is a link, or no folder", path.string()),
                  "Remove it, or say another folder with --output.");
    if (!opened) throw system_error(format("opening {}", path.string()), errno);
    return {path, std::move(opened)};
  }

  // What is there under the name is replaced in one step.
  void copy(const fs::path& from, const std::string& name) const {
    const std::string other = format(".belay-{}", ::getpid());
    const auto fail = [&](int error) {
      ::unlinkat(folder_.raw(), other.c_str(), 0);
      throw system_error(format("writing {}", (path_ / name).string()), error);
    };
    if (::unlinkat(folder_.raw(), other.c_str(), 0) != 0 && errno != ENOENT) fail(errno);
    const Fd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status{};
    if (!source || ::fstat(source.raw(), &status) != 0) fail(errno);
    const Fd file(::openat(folder_.raw(), other.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                           status.st_mode & 0755));
    if (!file) fail(errno);
    std::array<char, 65536> block{};
    for (;;) {
      const ssize_t count = ::read(source.raw(), block.data(), block.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(errno);
      if (count == 0) break;
      for (ssize_t done = 0; done < count;) {
        const ssize_t written = ::write(file.raw(), block.data() + done, static_cast<size_t>(count - done));
        if (written < 0 && errno != EINTR) fail(errno);
        if (written > 0) done += written;
      }
    }
    if (::renameat(folder_.raw(), other.c_str(), folder_.raw(), name.c_str()) != 0) fail(errno);
  }

 private:
  OutputFolder(fs::path path, Fd folder) : path_(std::move(path)), folder_(std::move(folder)) {}

  fs::path path_;
  Fd folder_;
};

void copy_folder(const fs::path& from, const OutputFolder& into) {
  for (const auto& entry : fs::directory_iterator(from)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory()) {
      into.copy(entry.path(), name);
      continue;
    }
    const auto mode = static_cast<mode_t>(entry.status().permissions()) & 0755;
    copy_folder(entry.path(), into.folder(name, mode));
  }
}

}  // namespace

bool Keepsakes::take_one(engine::Engine& engine, const std::string& container, const std::string& working_folder,
                         const std::string& pattern, const std::stop_token& stop) {
  const Choice choice = choice_of(pattern);
  const fs::path fixed = join(choice.fixed, "/");
  const fs::path asked = pattern.starts_with('/') ? "/" / fixed : fs::path("/" + working_folder) / fixed;
  const bool is_folder = !choice.chosen.empty();
  bool found = false;
  const auto read = [&](const Source& source) {
    archive::TarReader reader(source);
    archive::TarEntry entry;
    while (reader.next(entry)) {
      std::vector<std::string> path = archive::entry_path(entry.name);
      // Without wildcards the names begin with that of the file itself.
      if (!is_folder && !path.empty()) path.erase(path.begin());
      if (!fits(path, choice.chosen)) continue;
      const bool is_file = entry.kind == archive::TarEntry::Kind::file;
      if (!is_file && entry.kind != archive::TarEntry::Kind::folder) continue;
      found = true;
      fs::path place = folder_.path() / fixed;
      for (const auto& part : path) place /= part;
      if (is_file) {
        make_folder(place.parent_path());
        write_content(reader, entry, place, room_);
      } else {
        make_folder(place);
        // The one that is kept itself is nobody else's.
        if (place != folder_.path() && ::chmod(place.c_str(), kept_mode(entry, 0700)) != 0)
          throw system_error(format("making {}", place.string()), errno);
      }
    }
  };
  try {
    connected(
        [&](const Sink& sink) {
          engine.read_archive(container, is_folder ? asked.string() + "/." : asked.string(), sink, stop);
        },
        read, stop);
  } catch (const NotFound&) {
    return false;
  }
  return found;
}

std::vector<std::string> Keepsakes::take(engine::Engine& engine, const std::string& container,
                                         const std::string& working_folder, const std::vector<std::string>& patterns,
                                         std::stop_token stop) {
  std::vector<std::string> missing;
  for (const auto& pattern : patterns)
    doing(format("keeping {}", pattern), [&] {
      if (!take_one(engine, container, working_folder, pattern, stop)) missing.push_back(pattern);
    });
  return missing;
}

void Keepsakes::add(const std::string& name, const std::string& text, int mode) {
  if (!fs::exists(folder_.path() / name)) write_file_durably(folder_.path() / name, text, mode);
}

bool is_place_of_kept(engine::Engine& engine, std::stop_token stop) {
  const auto volumes = engine.volumes({}, std::move(stop));
  return std::all_of(volumes.begin(), volumes.end(), [](const Volume& each) {
    const auto label = each.labels.find(labels::tests);
    return each.name != test_volume || (label != each.labels.end() && label->second == test_label);
  });
}

void throw_foreign_place_of_kept() {
  throw Conflict(
      ErrorCode::foreign_data,
      format("what tests make is kept in the volume {}, but the one of that name is not for it", test_volume),
      "Run UNIT/test with --output DIR: then it is kept in that folder alone.");
}

void keep_in_volume(change::Context& context, const AppName& unit, const KeptTest& test, const fs::path& from,
                    std::stop_token stop) {
  if (!is_place_of_kept(context.engine, stop)) throw_foreign_place_of_kept();
  plan::Plan plan;
  std::vector<size_t> before;
  const auto volumes = context.engine.volumes({}, stop);
  if (std::none_of(volumes.begin(), volumes.end(), [](const Volume& each) { return each.name == test_volume; }))
    before = {
        plan.add(plan::CreateVolume{test_volume, {{labels::tests, test_label}}}, "what tests make is kept there")};
  Service service;
  service.name = "test-data";
  service.command = std::vector<std::string>{"true"};
  Mount mount;
  mount.source = test_volume;
  mount.target = "/test_data";
  mount.options = "nocopy";
  service.mounts = {mount};
  // The engine would make volumes without a name at the mount points of the image, and nobody would remove them.
  std::vector<std::string> passing;
  if (const auto image = context.engine.image(test.image, stop))
    for (const auto& point : image->config.volumes) {
      if (fs::path(point + "/").lexically_normal() == "/test_data/") continue;
      Mount cover;
      cover.source = format("{}-{}", test.name, passing.size() + 1);
      cover.target = point;
      cover.options = "nocopy";
      passing.push_back(cover.source);
      before.push_back(plan.add(plan::CreateVolume{cover.source, change::temporary_labels(context, unit)},
                                "the image wants one there"));
      service.mounts.push_back(std::move(cover));
    }
  plan.add(plan::CreateContainer{test.name, test.image, service, change::temporary_labels(context, unit), {"no", 0}},
           "what the test made goes through it into the volume", before);
  change::carry_out_whole(context, plan, {}, stop);
  const std::string place = format("{}/{}", test.variant, test.container);
  const std::string time = compact_time(context.clock.now());
  context.engine.write_archive(
      test.name, "/test_data",
      [&](const Sink& sink) {
        archive::TarWriter writer(sink);
        archive::TarEntry folder;
        folder.kind = archive::TarEntry::Kind::folder;
        folder.permissions = 0755;
        for (const auto& name :
             {std::string("archives/"), format("archives/{}/", test.variant), format("archives/{}/", place),
              std::string("tests/"), format("tests/{}/", test.variant)}) {
          folder.name = name;
          writer.begin(folder);
        }
        archive::write_tree(archive::NamedTree{from, format("archives/{}/{}", place, time)}, writer, {}, stop);
        archive::TarEntry latest;
        latest.kind = archive::TarEntry::Kind::symlink;
        latest.permissions = 0777;
        latest.name = "tests/" + place;
        latest.target = format("../../archives/{}/{}", place, time);
        writer.begin(latest);
        writer.finish();
      },
      stop);
  plan::Plan end;
  const size_t removal = end.add(plan::RemoveContainer{test.name}, "the volume has it now");
  for (const auto& volume : passing) end.add(plan::RemoveVolume{volume}, "only the image wanted it", {removal});
  change::carry_out_whole(context, end, {}, stop);
}

void keep_in_folder(const KeptTest& test, const fs::path& from, const fs::path& into) {
  make_folder(into);
  const OutputFolder top(into);
  const OutputFolder place = top.folder(test.variant, 0755).folder(test.container, 0755);
  copy_folder(from, place);
}

}  // namespace belay::units
