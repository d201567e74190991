#include "change/kept_files.h"

#include <algorithm>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/file_marks.h"
#include "change/forgotten_files.h"
#include "change/own_container.h"
#include "change/places.h"
#include "engine/direct.h"
#include "formats/mounts.h"
#include "state/store.h"

namespace belay::change {

namespace {

constexpr std::uintmax_t largest_kept = 16 << 20;
constexpr size_t most_kept = 256;
constexpr const char* origin_file = "path";

bool is_at_or_below(const std::string& path, const std::string& root) {
  return path == root || path.starts_with(root.ends_with('/') ? root : root + "/");
}

// The bound paths of the release that have marks. A file counts for the innermost one that it lies in: who binds all of
// the host, or a folder that is the host's, to look at it, does not ask for the files in there.
std::vector<std::string> roots_of(const Release& release) {
  std::set<std::string> roots;
  for (const auto& [file, mark] : release.files) {
    const std::string* innermost = nullptr;
    for (const auto& service : release.spec.services)
      for (const auto& mount : service.mounts)
        if (mount.kind == Mount::Kind::bind && is_at_or_below(file, mount.source) &&
            (file == mount.source || !is_the_hosts(mount.source)) &&
            (innermost == nullptr || mount.source.size() > innermost->size()))
          innermost = &mount.source;
    if (innermost != nullptr) roots.insert(*innermost);
  }
  return {roots.begin(), roots.end()};
}

std::map<std::string, FileMark> marks_below(const std::map<std::string, FileMark>& marks, const std::string& root) {
  std::map<std::string, FileMark> found;
  for (const auto& [path, mark] : marks)
    if (is_at_or_below(path, root)) found.emplace(path.substr(root.size()), mark);
  return found;
}

// FNV-1a: a name for a path.
std::string hash_of(const std::string& text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return format("{:016x}", hash);
}

fs::path copy_of(const state::Store& store, const AppName& app, ReleaseNumber release, const std::string& root) {
  return kept_files_folder(store, app) / release.text() / hash_of(root) / fs::path(root).filename();
}

// Whoever reads it in the container must be able to read the copy; on the host the folder above keeps others out.
void take_owner_and_mode(const fs::path& from, const fs::path& to) {
  struct stat status{};
  if (::stat(from.c_str(), &status) != 0) throw system_error(format("reading {}", from.string()), errno);
  // Only root can give a file away; for anybody else the copy is his own, as the files mostly are.
  if (::geteuid() == 0 && ::lchown(to.c_str(), status.st_uid, status.st_gid) != 0)
    throw system_error(format("copying {}", from.string()), errno);
  if (::chmod(to.c_str(), status.st_mode & 07777) != 0) throw system_error(format("copying {}", from.string()), errno);
}

class Copying {
 public:
  void copy(const fs::path& from, const fs::path& to) {
    const auto status = fs::symlink_status(from);
    if (fs::is_symlink(status) && depth_ > 0) {
      fs::copy_symlink(from, to);
    } else if (fs::is_directory(from)) {
      make_folder(to);
      ++depth_;
      for (const auto& entry : fs::directory_iterator(from)) copy(entry.path(), to / entry.path().filename());
      --depth_;
      take_owner_and_mode(from, to);
    } else if (fs::is_regular_file(from)) {
      if (++count_ > most_kept) throw Error(ErrorCode::too_large, format("more than {} files", most_kept));
      if (fs::file_size(from) > largest_kept)
        throw Error(ErrorCode::too_large, format("{} is over 16 MiB", from.string()));
      write_file_durably(to, read_file(from), 0600);
      take_owner_and_mode(from, to);
    }
  }

 private:
  size_t count_ = 0;
  int depth_ = 0;
};

bool covers(const std::string& a, const std::string& b) {
  return is_at_or_below(a, b) || is_at_or_below(b, a);
}

// More than settings would be: reading and keeping all of it at each start would be in the user's way.
bool is_too_much(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return fs::file_size(path, error) > largest_kept;
  std::uintmax_t size = 0;
  size_t count = 0;
  fs::recursive_directory_iterator entry(path, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (++count > most_kept) return true;
    if (entry->is_regular_file(error)) size += entry->file_size(error);
    if (size > largest_kept) return true;
  }
  return bool(error);
}

std::set<std::string> read_only_binds(const Spec& spec) {
  std::set<std::string> paths;
  for (const fs::path& path : formats::bound_settings(spec))
    if (!is_the_hosts(path.string())) paths.insert(path.string());
  return paths;
}

// The host's path that the copy is of; nullopt: another user keeps that to himself.
std::optional<std::string> origin_of(const fs::path& copy) {
  try {
    return read_file_if_present(copy.parent_path() / origin_file);
  } catch (const Error&) {
    return {};
  }
}

// For the user alone, or for the group that shares the state.
void make_closed_folder(const fs::path& state, const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder, ignored)) return;
  const bool is_shared = (fs::status(state).permissions() & fs::perms::set_gid) != fs::perms::none;
  make_folder(folder);
  fs::permissions(folder,
                  is_shared ? fs::perms::owner_all | fs::perms::group_all | fs::perms::set_gid : fs::perms::owner_all);
}

// False where it changed under our hands, or is too much to keep.
bool keep_one(const fs::path& state, const Release& release, const std::string& root, const fs::path& copy) {
  make_closed_folder(state, copy.parent_path());
  write_file_durably(copy.parent_path() / origin_file, root, 0660);
  Copying().copy(root, copy);
  return marks_below(file_marks({copy}), copy.string()) == marks_below(release.files, root);
}

}  // namespace

void keep_files(Context& context, const App& app, const Release& release) {
  const auto roots = roots_of(release);
  if (roots.empty()) return;
  const fs::path folder = kept_files_folder(context.store, app.name) / release.number.text();
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  for (const auto& root : roots) {
    const fs::path copy = copy_of(context.store, app.name, release.number, root);
    std::string why = "it changed meanwhile";
    try {
      for (const auto& part : {context.store.folder() / "files", kept_files_folder(context.store, app.name), folder})
        make_closed_folder(context.store.folder(), part);
      if (keep_one(context.store.folder(), release, root, copy)) continue;
    } catch (const std::exception& error) {
      why = error.what();
    }
    fs::remove_all(copy.parent_path(), ignored);
    context.report.note(format("what {} holds is not kept with {}: {}", root, release.number.text(), why));
  }
}

std::map<std::string, FileMark> settings_files(Context& context, const App& app, const Spec& spec,
                                               std::stop_token stop) {
  std::set<std::string> paths = read_only_binds(spec);
  const auto leave_out = [&](const auto& why) { std::erase_if(paths, why); };
  leave_out([](const std::string& path) { return is_too_much(path); });
  // Copies of ours stay as they are.
  const std::string kept = kept_files_folder(context.store, app.name).string();
  leave_out([&](const std::string& path) { return is_at_or_below(path, kept); });
  if (paths.empty() || !sees_host_files(context, stop)) return {};
  // What one container writes and another only reads is data.
  World world;
  world.containers = context.engine.containers({}, stop);
  const auto own = plan::instances(app, world);
  for (const auto& container : world.containers) {
    const bool is_own =
        std::any_of(own.begin(), own.end(), [&](const auto& instance) { return instance.container == &container; });
    for (const auto& mount : container.mounts)
      if (!is_own && mount.kind == Mount::Kind::bind && !mount.read_only)
        leave_out([&](const std::string& path) { return covers(path, mount.source); });
  }
  std::map<std::string, FileMark> marks;
  for (const auto& path : paths) {
    try {
      marks.merge(file_marks({path}));
    } catch (const Error&) {
      // Who may command the engine may bind what he cannot read himself: it counts by its path alone.
    }
  }
  return marks;
}

void learn_settings_files(Context& context, App& app, Learnt which, std::stop_token stop) {
  const auto number = what_runs(app) ? what_runs(app) : app.last;
  Release* release = number ? app.find(*number) : nullptr;
  if (release == nullptr || !release->files.empty()) return;
  if (which == Learnt::adopted && !release->adopted) return;
  try {
    release->files = settings_files(context, app, release->spec, stop);
    keep_files(context, app, *release);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    context.report.warning(format("what its files hold is not kept with {}: {}", release->number.text(), error.what()));
  }
}

std::map<std::string, std::string> bound_copies(const state::Store& store, const App& app, const Spec& spec) {
  const std::string folder = kept_files_folder(store, app.name).string();
  std::map<std::string, std::string> copies;
  for (const auto& service : spec.services)
    for (const auto& mount : service.mounts)
      if (mount.kind == Mount::Kind::bind && is_at_or_below(mount.source, folder))
        if (const auto origin = origin_of(mount.source)) copies.emplace(mount.source, *origin);
  return copies;
}

Spec with_paths_of_the_host(const state::Store& store, const App& app, Spec spec) {
  const auto copies = bound_copies(store, app, spec);
  for (auto& service : spec.services)
    for (auto& mount : service.mounts)
      if (const auto copy = copies.find(mount.source); mount.kind == Mount::Kind::bind && copy != copies.end())
        mount.source = copy->second;
  return spec;
}

std::optional<WithKeptFiles> with_kept_files(Context& context, const App& app, const Release& release,
                                             std::stop_token stop) {
  WithKeptFiles kept{{release.spec, release.images, release.digests, release.files, release.needs}, {}};
  for (const auto& root : roots_of(release)) {
    const fs::path copy = copy_of(context.store, app.name, release.number, root);
    std::error_code error;
    if (!fs::exists(copy, error)) continue;
    if (marks_below(file_marks({root}), root) == marks_below(release.files, root)) continue;
    kept.paths.push_back(root);
    for (auto& service : kept.made.spec.services)
      for (auto& mount : service.mounts)
        if (mount.kind == Mount::Kind::bind && mount.source == root) mount.source = copy.string();
  }
  // Its marks are those of the copies from now on.
  for (const auto& root : kept.paths) {
    const std::string copy = copy_of(context.store, app.name, release.number, root).string();
    for (const auto& [rest, mark] : marks_below(release.files, root)) {
      kept.made.files.erase(root + rest);
      kept.made.files.insert_or_assign(copy + rest, mark);
    }
  }
  if (kept.paths.empty() || !sees_host_files(context, std::move(stop))) return {};
  return kept;
}

ReleaseNumber with_its_files(Context& context, App& app, ReleaseNumber release, std::stop_token stop) {
  const Release* known = app.find(release);
  if (known == nullptr || known->files.empty()) return release;
  try {
    const auto kept = with_kept_files(context, app, *known, stop);
    if (!kept) return release;
    context.report.note(format("{} {} not what {} had: the kept {} bound", join(kept->paths, ", "),
                               kept->paths.size() == 1 ? "is" : "are", release.text(),
                               kept->paths.size() == 1 ? "copy is" : "copies are"));
    const auto ways = app.ways_back(release);
    const auto there = std::find_if(app.releases.begin(), app.releases.end(),
                                    [&](const Release& other) { return is_made_so(other, kept->made); });
    const bool is_new = there == app.releases.end();
    Release& copy = is_new ? add_release(context, app, kept->made, known, stop) : *there;
    if (is_new) copy.why = format("{}: {} with its files as they were", context.command, release.text());
    // Its ways back are those of the release; what it takes the place of came later.
    copy.predecessor = ways.empty() ? copy.number : ways.front();
    return copy.number;
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    context.report.warning(format("the files of {} are taken as they are now: {}", release.text(), error.what()));
    return release;
  }
}

std::vector<std::string> kept_paths(const state::Store& store, const App& app, const Release& release) {
  const std::string folder = kept_files_folder(store, app.name).string();
  std::vector<std::string> paths;
  for (const auto& service : release.spec.services)
    for (const auto& mount : service.mounts) {
      if (mount.kind != Mount::Kind::bind || !is_at_or_below(mount.source, folder)) continue;
      const auto origin = origin_of(mount.source);
      const std::string number = *std::next(fs::path(mount.source).lexically_relative(folder).begin(), 0);
      paths.push_back(format("{} (as {} had it)", origin.value_or(mount.source), number));
    }
  return paths;
}

void drop_unneeded_files(Context& context, const App& app) {
  drop_forgotten_files(context);
  const fs::path folder = kept_files_folder(context.store, app.name);
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string path = entry.path().string();
    const bool is_needed = std::any_of(app.releases.begin(), app.releases.end(), [&](const Release& release) {
      if (entry.path().filename() == release.number.text()) return true;
      return std::any_of(release.spec.services.begin(), release.spec.services.end(), [&](const Service& service) {
        return std::any_of(service.mounts.begin(), service.mounts.end(),
                           [&](const Mount& mount) { return is_at_or_below(mount.source, path); });
      });
    });
    std::error_code ignored;
    if (!is_needed) fs::remove_all(entry.path(), ignored);
  }
  if (app.releases.empty()) fs::remove(folder, error);
}

bool sees_host_files(Context& context, std::stop_token stop) {
  if (!engine::is_local(context.engine.info(stop).endpoint)) return false;
  const std::string data = context.engine.data_folder(stop);
  std::error_code error;
  return !data.empty() && fs::exists(data, error) && own_containers(context.engine, stop).empty();
}

bool makes_missing(const Spec& spec, const Mount& mount) {
  return spec.project && mount.kind == Mount::Kind::bind && mount.read_only && !mount.must_exist;
}

std::vector<std::string> missing_paths(const Spec& spec, const Release* before,
                                       const std::map<std::string, FileMark>& now) {
  const auto had = [&](const Mount& mount) {
    return before != nullptr &&
           std::any_of(before->spec.services.begin(), before->spec.services.end(), [&](const Service& service) {
             return std::any_of(service.mounts.begin(), service.mounts.end(), [&](const Mount& other) {
               return other.kind == mount.kind && other.source == mount.source;
             });
           });
  };
  std::set<std::string> missing, roots;
  if (before != nullptr)
    for (auto& root : roots_of(*before)) roots.insert(std::move(root));
  for (const auto& service : spec.services)
    for (const auto& mount : service.mounts) {
      if (mount.kind != Mount::Kind::bind) continue;
      std::error_code error;
      const auto status = fs::status(mount.source, error);
      const auto marks =
          roots.contains(mount.source) ? marks_below(before->files, mount.source) : std::map<std::string, FileMark>();
      const bool was_file = marks.contains("");
      const bool is_gone = status.type() == fs::file_type::not_found;
      const bool is_emptied = !marks.empty() && fs::is_directory(status) && marks_below(now, mount.source).empty();
      const bool must_be_there = mount.read_only && !makes_missing(spec, mount);
      if ((is_gone && (must_be_there || had(mount))) || is_emptied || (was_file && fs::is_directory(status)))
        missing.insert(mount.source);
    }
  return {missing.begin(), missing.end()};
}

std::optional<NotFound> missing_error(Context& context, const Spec& spec, const Release* before, std::stop_token stop) {
  std::map<std::string, FileMark> now;
  if (before != nullptr && !before->files.empty())
    for (const auto& root : roots_of(*before)) {
      try {
        now.merge(file_marks({root}));
      } catch (const Error&) {
        // Another user could read it: for this one it is what it was.
        for (const auto& [rest, mark] : marks_below(before->files, root)) now.emplace(root + rest, mark);
      }
    }
  const auto missing = missing_paths(spec, before, now);
  if (missing.empty() || !sees_host_files(context, std::move(stop))) return {};
  return NotFound(ErrorCode::file_not_found,
                  format("{} {} missing on this host", join(missing, ", "), missing.size() == 1 ? "is" : "are"),
                  "Put it there (is a disk not mounted?), and run the command again.");
}

void refuse_missing_paths(Context& context, const Spec& spec, const Release* before, std::stop_token stop) {
  if (const auto missing = missing_error(context, spec, before, std::move(stop))) throw *missing;
}

}  // namespace belay::change
