#include "data/reserve.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"
#include "base/process.h"
#include "base/text.h"

namespace belay::data {

namespace {

// In the volume's own folder, beside its data: the engine looks at neither.
constexpr const char* partial_name = "_belay_partial";
constexpr const char* whole_name = "_belay_whole";

fs::path partial_of(const DataPlace& reserve, const fs::path& path) {
  if (reserve.kind == DataPlace::Kind::volume) return path.parent_path() / partial_name;
  return path.string() + ".partial";
}

// How much a process has written in all, by proc(5); nullopt where that cannot be told.
std::optional<std::int64_t> written_by(pid_t process) {
  std::ifstream io(format("/proc/{}/io", process));
  std::string name;
  std::int64_t value = 0;
  while (io >> name >> value)
    if (name == "wchar:") return value;
  return {};
}

void sync_file_system(const fs::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file || ::syncfs(file.raw()) != 0) throw system_error(format("writing {} to the disk", path.string()), errno);
}

void sync_folder(const fs::path& folder) {
  const Fd file(::open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (!file || ::fsync(file.raw()) != 0) throw system_error(format("writing {} to the disk", folder.string()), errno);
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw Error(format("removing {}: {}", path.string(), error.message()));
}

std::optional<timespec> time_modified(const fs::path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return status.st_mtim;
}

// XFS counts a change of a folder's parent as one of the folder. What was unpacked or copied has its own time.
void keep_time(const fs::path& path, const std::optional<timespec>& modified) {
  const auto now = time_modified(path);
  if (!modified || !now || (now->tv_sec == modified->tv_sec && now->tv_nsec == modified->tv_nsec)) return;
  const timespec times[2]{{0, UTIME_OMIT}, *modified};
  std::ignore = ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

void exchange_paths(const fs::path& a, const fs::path& b) {
  const auto time_of_a = time_modified(a), time_of_b = time_modified(b);
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) {
    keep_time(a, time_of_b);
    keep_time(b, time_of_a);
    return;
  }
  const int error = errno;
  if (error == EBUSY || error == EXDEV)
    throw Error(format("{} is a mount point of its own: what it holds cannot be exchanged", a.string()),
                "Bind a folder below the mount point instead.");
  if (error == EINVAL) throw Error(format("the file system of {} cannot exchange two names in one step", a.string()));
  throw system_error(format("exchanging {} and {}", a.string(), b.string()), error);
}

// Found out now, not when the app has stopped for it: not every file system can.
void check_exchange(const fs::path& partial) {
  const fs::path other = partial.string() + ".other";
  remove_tree(other);
  for (const auto& folder : {partial, other})
    if (::mkdir(folder.c_str(), 0700) != 0) throw system_error(format("making {}", folder.string()), errno);
  exchange_paths(partial, other);
  remove_tree(other);
}

// Nothing else may ever be removed by a mistake elsewhere.
bool is_reserve(const DataPlace& place) {
  const std::string name = fs::path(place.source).filename().string();
  const auto tag = name.rfind(".belay-");
  return place.kind != DataPlace::Kind::volume && name.starts_with('.') && tag != std::string::npos && tag > 1;
}

}  // namespace

std::optional<std::string> Reserves::obstacle(const DataPlace& place) const {
  const fs::path here = path(place);
  struct statx status{};
  if (::statx(AT_FDCWD, here.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status) != 0) return {};
  if (S_ISLNK(status.stx_mode)) return format("{} is a symbolic link: bind what it leads to", here.string());
  if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)
    return format("{} is a mount point of its own: bind a folder below it", here.string());
  return {};
}

fs::path Reserves::path(const DataPlace& place) const {
  if (auto path = path_of(place, volumes_)) return std::move(*path);
  throw Error(format("the files of {} cannot be reached on this machine", text_of(place)),
              "Run belay on the engine's own machine, as root.");
}

std::map<DataPlace, std::string> Reserves::contents(const std::vector<DataPlace>& places,
                                                    const std::vector<DataPlace>& reserves) const {
  std::map<DataPlace, std::string> found;
  for (const auto& place : places)
    if (const auto path = path_of(place, volumes_))
      if (auto content = content_of(*path)) found[place] = std::move(*content);
  for (const auto& reserve : reserves) {
    const auto path = path_of(reserve, volumes_);
    if (!path) continue;
    if (reserve.kind == DataPlace::Kind::volume && !content_of(path->parent_path() / whole_name)) continue;
    if (auto content = content_of(*path)) found[reserve] = std::move(*content);
  }
  return found;
}

void Reserves::fill(const DataPlace& reserve, const std::function<void(const fs::path&)>& into) const {
  doing(format("filling {}", text_of(reserve)), [&] {
    const fs::path place = path(reserve), partial = partial_of(reserve, place);
    remove_tree(partial);
    check_exchange(partial);
    const bool is_file = reserve.kind == DataPlace::Kind::file;
    const fs::path made = is_file ? partial / "file" : partial;
    into(made);
    sync_file_system(made);
    if (reserve.kind == DataPlace::Kind::volume) {
      // The volume's own folder is empty: it was made for this.
      exchange_paths(partial, place);
      remove_tree(partial);
      write_file_durably(place.parent_path() / whole_name, "", 0600);
    } else {
      if (::rename(made.c_str(), place.c_str()) != 0)
        throw system_error(format("renaming {} to {}", made.string(), place.string()), errno);
      sync_folder(place.parent_path());
      if (is_file) remove_tree(partial);
    }
  });
}

void Reserves::copy(const DataPlace& from, const DataPlace& reserve, const std::function<void(std::int64_t)>& progress,
                    std::stop_token stop) const {
  const fs::path source = path(from);
  if (!content_of(source)) throw NotFound(format("{} is not there", text_of(from)));
  fill(reserve, [&](const fs::path& into) {
    // -T: into the folder itself, with the attributes of the source's own.
    ProcessRequest request{
        {"cp", "--archive", "--reflink=auto", "--sparse=auto", "--no-target-directory", "--", source, into},
        "",
        {{"LC_ALL", "C"}},
        {},
        Milliseconds(0)};
    request.own_group = true;
    request.while_it_runs = [&](pid_t cp) {
      if (const auto written = written_by(cp); progress && written) progress(*written);
    };
    const ProcessResult result = run_process(request, stop);
    if (result.exit_code == 0) return;
    const std::string errors(trim(result.errors));
    throw Error(format("copying {}: {}", text_of(from), printable(errors.substr(0, errors.find('\n')))));
  });
}

void Reserves::exchange(const DataPlace& place, const DataPlace& reserve, const std::string& content) const {
  const fs::path here = path(place), there = path(reserve);
  if (content_of(here) == content) return;
  if (content_of(there) != content)
    throw Error(format("neither {} nor {} holds what it should", text_of(place), text_of(reserve)));
  exchange_paths(here, there);
  sync_folder(here.parent_path());
  sync_folder(there.parent_path());
}

void Reserves::remove(const DataPlace& reserve) {
  if (!is_reserve(reserve)) throw Error(format("{} is no reserve", text_of(reserve)));
  const fs::path partial = partial_of(reserve, reserve.source);
  remove_tree(partial.string() + ".other");
  remove_tree(partial);
  remove_tree(reserve.source);
}

}  // namespace belay::data
