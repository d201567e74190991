#include "units/keepsakes.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fnmatch.h>
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

constexpr const char* test_volume = "test_data";

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

void write_content(archive::TarReader& reader, const archive::TarEntry& entry, const fs::path& path,
                   std::int64_t& room) {
  room -= entry.size;
  if (room < 0) throw Error(ErrorCode::too_large, "the files that the test is to keep have more than 1 GiB");
  // In a folder of our own that holds no links.
  const int mode = (entry.permissions & 0111) != 0 ? 0755 : 0644;
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file) throw system_error(format("writing {}", path.string()), errno);
  for (std::string_view bytes = reader.content(); !bytes.empty(); bytes = reader.content())
    while (!bytes.empty()) {
      const ssize_t written = ::write(file.raw(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw system_error(format("writing {}", path.string()), errno);
      bytes.remove_prefix(static_cast<size_t>(written));
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

void Keepsakes::add(const std::string& name, const std::string& text) {
  if (!fs::exists(folder_.path() / name)) write_file_durably(folder_.path() / name, text);
}

void keep_in_volume(change::Context& context, const AppName& unit, const KeptTest& test, const fs::path& from,
                    std::stop_token stop) {
  plan::Plan plan;
  std::vector<size_t> before;
  const auto volumes = context.engine.volumes({}, stop);
  if (std::none_of(volumes.begin(), volumes.end(), [](const Volume& each) { return each.name == test_volume; }))
    before = {plan.add(plan::CreateVolume{test_volume, {}}, "what tests make is kept there")};
  Service service;
  service.name = "test-data";
  service.command = std::vector<std::string>{"true"};
  Mount mount;
  mount.source = test_volume;
  mount.target = "/test_data";
  mount.options = "nocopy";
  service.mounts = {mount};
  plan.add(plan::CreateContainer{test.name, test.image, service, labels::for_temporary(unit), {"no", 0}},
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
  end.add(plan::RemoveContainer{test.name}, "the volume has it now");
  change::carry_out_whole(context, end, {}, stop);
}

void keep_in_folder(const KeptTest& test, const fs::path& from, const fs::path& into) {
  const fs::path place = into / test.variant / test.container;
  make_folder(place);
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    const fs::path to = place / entry.path().lexically_relative(from);
    if (entry.is_directory()) {
      make_folder(to);
      continue;
    }
    std::error_code error;
    fs::copy_file(entry.path(), to, fs::copy_options::overwrite_existing, error);
    if (error) throw system_error(format("writing {}", to.string()), error.value());
  }
}

}  // namespace belay::units
