#include "safekeeping/copy.h"

#include <array>
#include <cerrno>
#include <optional>
#include <unistd.h>

#include "archive/tar_reader.h"
#include "archive/tar_writer.h"
#include "archive/tree.h"
#include "base/format.h"
#include "base/lock.h"
#include "base/pipe.h"
#include "change/apps.h"
#include "change/change.h"
#include "engine/engine.h"

namespace belay::safekeeping {

namespace {

// A folder beside what it is to become, so that it can be renamed; removed with all that is still in it.
class FolderBeside {
 public:
  explicit FolderBeside(const fs::path& parent) : path_((parent / ".belay-copy-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw system_error(format("making a folder in {}", parent.string()), errno);
  }
  FolderBeside(const FolderBeside&) = delete;
  FolderBeside& operator=(const FolderBeside&) = delete;
  ~FolderBeside() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path path() const { return path_; }

 private:
  std::string path_;
};

bool means_content(const std::string& path) {
  return path == "." || path.ends_with("/.");
}

bool is_folder(const fs::path& path) {
  std::error_code unknown;
  return fs::is_directory(fs::symlink_status(path, unknown));
}

void refuse_exchange_of_kinds(const fs::path& from, const fs::path& to) {
  std::error_code unknown;
  for (const auto& entry : fs::directory_iterator(from)) {
    const fs::path there = to / entry.path().filename();
    if (!fs::exists(fs::symlink_status(there, unknown))) continue;
    if (is_folder(entry.path()) != is_folder(there))
      throw Conflict(
          ErrorCode::name_taken,
          format("{} is {}", there.string(),
                 is_folder(there) ? "a folder, and a file would replace it" : "no folder, and one would replace it"),
          "Move it away, or copy to another place.");
    if (is_folder(there)) refuse_exchange_of_kinds(entry.path(), there);
  }
}

void move_to(const fs::path& from, const fs::path& to) {
  std::error_code trouble;
  fs::rename(from, to, trouble);
  if (trouble) throw system_error(format("moving the copy to {}", to.string()), trouble.value());
}

void move_into(const fs::path& from, const fs::path& to) {
  for (const auto& entry : fs::directory_iterator(from)) {
    const fs::path there = to / entry.path().filename();
    if (is_folder(entry.path()) && is_folder(there))
      move_into(entry.path(), there);
    else
      move_to(entry.path(), there);
  }
}

// Of a container's path: the first entry of its archive, or nothing where there is no such path.
std::optional<archive::TarEntry> first_entry(engine::Engine& engine, const std::string& container,
                                             const std::string& path, std::stop_token stop) {
  std::optional<archive::TarEntry> found;
  try {
    connected([&](const Sink& sink) { engine.read_archive(container, path, sink, stop); },
              [&](const Source& source) {
                archive::TarReader reader(source);
                archive::TarEntry entry;
                if (reader.next(entry)) found = entry;
              },
              stop);
  } catch (const Cancelled&) {
    if (stop.stop_requested()) throw;
  } catch (const NotFound&) {
    return found;
  } catch (const EngineError&) {
    // So old engines answer to "FILE/.".
    return found;
  }
  return found;
}

bool is_folder_in(engine::Engine& engine, const std::string& container, const std::string& path, std::stop_token stop) {
  const auto entry = first_entry(engine, container, path + "/.", std::move(stop));
  return entry && entry->kind == archive::TarEntry::Kind::folder;
}

// The same tar with root for an owner.
void owned_by_root(const Source& from, const Sink& to) {
  archive::TarReader reader(from);
  archive::TarWriter writer(to);
  archive::TarEntry entry;
  while (reader.next(entry)) {
    entry.user = 0;
    entry.group = 0;
    entry.user_name.clear();
    entry.group_name.clear();
    writer.begin(entry);
    for (std::string_view bytes = reader.content(); !bytes.empty(); bytes = reader.content()) writer.write(bytes);
  }
  writer.finish();
}

// Where in the container something of this name comes to lie.
struct PlaceInside {
  std::string folder, name;
};
PlaceInside place_inside(engine::Engine& engine, const std::string& container, const fs::path& from,
                         const std::string& path, std::stop_token stop) {
  if (is_folder_in(engine, container, path, std::move(stop)))
    return {path, means_content(from.string()) ? "." : fs::absolute(from).lexically_normal().filename().string()};
  const fs::path to(path);
  if (!to.has_filename())
    throw NotFound(ErrorCode::file_not_found, format("{} has no folder {}", container, path),
                   "Without the / at the end it is the name of the copy.");
  return {to.parent_path().empty() ? "/" : to.parent_path().string(), to.filename().string()};
}

void note_copy(change::Context& context, const AppName& name, const std::string& text, std::stop_token stop) {
  const App app = change::known_app(context, name, std::move(stop));
  change::write_journal(context, app, "copy", "done", text, change::what_runs(app));
}

}  // namespace

void copy_out(change::Context& context, const std::string& container, const std::string& path, const fs::path& to,
              CopyOwners owners, std::stop_token stop) {
  std::error_code unknown;
  const fs::path target = fs::absolute(to);
  const bool goes_inside = fs::is_directory(target, unknown);
  const fs::path parent = goes_inside ? target : target.parent_path();
  if (!fs::is_directory(parent, unknown) || (!goes_inside && !target.has_filename()))
    throw NotFound(ErrorCode::file_not_found, format("there is no folder {}", parent.string()), "Make it first.");
  const FolderBeside arrived(parent);
  archive::ExtractOptions options;
  options.owners = owners == CopyOwners::kept ? archive::Owners::keep : archive::Owners::current_user;
  archive::TreeEvents events;
  events.warning = [&](const std::string& warning) { context.report.warning(warning); };
  connected([&](const Sink& sink) { context.engine.read_archive(container, path, sink, stop); },
            [&](const Source& source) { archive::extract_tree(source, arrived.path(), options, events, stop); }, stop);
  const auto refuse_a_folder_in_its_place = [&] {
    if (!goes_inside && fs::exists(fs::symlink_status(target, unknown)))
      throw Conflict(ErrorCode::name_taken, format("{} is no folder, and one would replace it", target.string()),
                     "Move it away, or copy to another place.");
  };
  if (goes_inside || means_content(path)) {
    refuse_a_folder_in_its_place();
    fs::create_directory(target, unknown);
    refuse_exchange_of_kinds(arrived.path(), target);
    move_into(arrived.path(), target);
    return;
  }
  for (const auto& entry : fs::directory_iterator(arrived.path())) {
    if (is_folder(entry.path())) refuse_a_folder_in_its_place();
    move_to(entry.path(), target);
    return;
  }
}

void copy_out(change::Context& context, const std::string& container, const std::string& path, const Sink& tar,
              std::stop_token stop) {
  context.engine.read_archive(container, path, tar, std::move(stop));
}

void copy_in(change::Context& context, const AppName& app, const std::vector<std::string>& containers,
             const fs::path& from, const std::string& path, CopyOwners owners, std::stop_token stop) {
  std::error_code unknown;
  if (!fs::exists(fs::symlink_status(from, unknown)))
    throw NotFound(ErrorCode::file_not_found, format("there is no file {}", from.string()));
  const FileLock lock = change::lock_app(context, app, stop);
  archive::TreeEvents events;
  events.warning = [&](const std::string& warning) { context.report.warning(warning); };
  for (const auto& container : containers) {
    const PlaceInside place = place_inside(context.engine, container, from, path, stop);
    const auto write_tree = [&](const Sink& sink) {
      archive::TarWriter tar(sink);
      archive::write_tree({fs::absolute(from).lexically_normal(), place.name, archive::FileForm::whole}, tar, events,
                          stop);
      tar.finish();
    };
    context.engine.write_archive(
        container, place.folder,
        [&](const Sink& sink) {
          if (owners == CopyOwners::kept) return write_tree(sink);
          connected(write_tree, [&](const Source& source) { owned_by_root(source, sink); }, stop);
        },
        stop);
    note_copy(context, app, format("{} to {}:{}", from.string(), container, path), stop);
  }
}

void copy_in(change::Context& context, const AppName& app, const std::string& container, const Source& tar,
             const std::string& folder, std::stop_token stop) {
  const FileLock lock = change::lock_app(context, app, stop);
  context.engine.write_archive(
      container, folder,
      [&](const Sink& sink) {
        std::array<char, 64 * 1024> room;
        for (size_t count = tar(room); count > 0; count = tar(room)) sink({room.data(), count});
      },
      stop);
  note_copy(context, app, format("a tar to {}:{}", container, folder), stop);
}

}  // namespace belay::safekeeping
