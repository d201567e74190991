#include "data/reserve.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

#include "base/format.h"
#include "base/text.h"
#include "data/mounts.h"
#include "data/names.h"
#include "data/workroom.h"
#include "engine/direct.h"

namespace belay::data {

namespace {

// In the volume's own folder, beside its data: the engine looks at neither.
constexpr const char* partial_name = "_belay_partial";
constexpr const char* whole_name = "_belay_whole";

std::string partial_of(const DataPlace& reserve, const Spot& spot) {
  return reserve.kind == DataPlace::Kind::volume ? partial_name : spot.name + ".partial";
}

Spot beside(const Spot& spot, const std::string& name) {
  return {Fd(::openat(spot.folder.raw(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC)), name, spot.path.parent_path() / name};
}

void sync_folder(const Spot& spot) {
  const Fd folder(::openat(spot.folder.raw(), ".", O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (!folder || ::fsync(folder.raw()) != 0)
    throw system_error(format("writing {} to the disk", spot.path.parent_path().string()), errno);
}

// Which is on the disk with the folder.
void make_empty_file(const fs::path& path) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) throw system_error(format("making {}", path.filename().string()), errno);
}

void remove_if_possible(const Workroom& room) {
  try {
    room.remove();
  } catch (const Error&) {
    // The next one of the name begins with that.
  }
}

// The engine makes them empty. Whoever has put something into one since will miss it.
void check_is_empty(const Spot& volume) {
  const Fd folder = volume.open(O_RDONLY | O_DIRECTORY);
  if (!folder) throw system_error(format("opening {}", volume.path.string()), errno);
  if (Names(folder.raw()).next() != nullptr)
    throw Error(ErrorCode::data_not_exchanged,
                format("{} holds something already that is not Belay's", volume.path.string()));
}

// Nothing else may ever be removed by a mistake elsewhere.
bool is_reserve(const DataPlace& place) {
  const std::string name = fs::path(place.source).filename().string();
  const auto tag = name.rfind(".belay-");
  return place.kind != DataPlace::Kind::volume && name.starts_with('.') && tag != std::string::npos && tag > 1;
}

// The volume's own folder moves nowhere, but what the engine removes is all of it.
fs::path removed_with(const DataPlace& place, const fs::path& path) {
  return place.kind == DataPlace::Kind::volume ? path.parent_path() : path;
}

Obstacle of_the_place(std::string text) {
  return {Obstacle::Kind::of_the_place, std::move(text)};
}

// Where the engine shows a folder as a volume while a container with that volume runs: it takes that down with the last
// of them, and shows what is in the folder then when the next one starts.
std::vector<fs::path> shown_as_volumes(const fs::path& real, const std::vector<Volume>& volumes) {
  std::vector<fs::path> points;
  for (const auto& volume : volumes)
    if (const auto folder = engine::bound_folder(volume); folder && *folder == real)
      points.emplace_back(volume.mount_point);
  return points;
}

// Of what is there.
std::optional<Obstacle> mount_obstacle(const DataPlace& place, const fs::path& real, const std::vector<Volume>& volumes,
                                       const Mounts& mounts) {
  const fs::path whole = removed_with(place, real);
  if (const MountPoint* mount = mounts.within(whole)) {
    const std::string point = printable(mount->point);
    if (mount->point == real || mount->point == whole)
      return of_the_place(format("{} is a mount point of its own: bind a folder below it", point));
    return Obstacle{Obstacle::Kind::mount,
                    format("{} is a mount of its own and would move with the data: unmount it, or mount it elsewhere "
                           "and bind it from there",
                           point)};
  }
  if (const MountPoint* mount = mounts.shown_elsewhere(real, shown_as_volumes(real, volumes)))
    return Obstacle{Obstacle::Kind::mount,
                    format("{} is mounted at {} as well, where what is replaced would stay: unmount that first",
                           printable(real.string()), printable(mount->point))};
  return {};
}

}  // namespace

std::optional<Obstacle> Reserves::obstacle(const DataPlace& asked, const Mounts& mounts) const {
  const DataPlace place = place_of_exchange(asked, volumes_);
  const fs::path here = path(place);
  fs::path real;
  try {
    // A link in the folders above is the host's; the place itself must not be one.
    const fs::path above = removed_with(place, here).parent_path();
    real = resolved(here);
    if (real != resolved(above) / here.lexically_relative(above))
      return of_the_place(format("{} is a symbolic link: bind what it leads to ({})", printable(here.string()),
                                 printable(real.string())));
  } catch (const Error& error) {
    return of_the_place(error.what());
  }
  struct statx status{};
  if (::statx(AT_FDCWD, real.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &status) != 0) return {};
  if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)
    return of_the_place(format("{} is a mount point of its own: bind a folder below it", printable(here.string())));
  // ".NAME.belay-s1000.partial"
  constexpr std::size_t around = 22;
  if (real.filename().string().size() + around > NAME_MAX)
    return of_the_place(format("the name {} is too long for another beside it", printable(real.filename().string())));
  return mount_obstacle(place, real, volumes_, mounts);
}

const MountPoint* Reserves::removed_mount(const DataPlace& place, const Mounts& mounts) const {
  const auto here = path_of(place, volumes_);
  if (!here) return nullptr;
  if (place_of_exchange(place, volumes_) == place) return mounts.within(resolved(removed_with(place, *here)));
  // Of a volume that is another name of a folder the engine removes its own entry, where it shows the folder while a
  // container runs; it unmounts that first. The folder stays, whatever is mounted beside it or in it.
  const auto volume =
      std::find_if(volumes_.begin(), volumes_.end(), [&](const Volume& each) { return each.name == place.source; });
  if (volume->mount_point.empty()) return nullptr;
  const fs::path shown = resolved(volume->mount_point);
  return mounts.within_but(shown.parent_path(), shown);
}

std::optional<std::string> Reserves::mount_in(const DataPlace& place) const {
  const Mounts mounts = Mounts::now();
  if (const MountPoint* mount = removed_mount(place, mounts))
    return format("{} is a mount of its own: what it holds would be removed; unmount it first",
                  printable(mount->point));
  return {};
}

fs::path Reserves::path(const DataPlace& place) const {
  if (auto path = path_of(place, volumes_)) return std::move(*path);
  const auto volume =
      std::find_if(volumes_.begin(), volumes_.end(), [&](const Volume& each) { return each.name == place.source; });
  if (volume != volumes_.end() && (volume->driver != "local" || !volume->options.empty()))
    throw Error(ErrorCode::engine_elsewhere,
                format("the files of {} are in reach of the engine only: it has the driver {}{}", text_of(place),
                       printable(volume->driver), volume->options.empty() ? "" : " with options"),
                "Restore it into a plain volume (--as NAME), or only unpack it (--into FOLDER).");
  throw Error(ErrorCode::engine_elsewhere, format("the files of {} cannot be reached on this machine", text_of(place)),
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

void Reserves::make(const DataPlace& place) {
  const Spot spot = made_spot_of(resolved(place.source));
  if (spot.status()) return;
  const char* name = spot.name.c_str();
  const bool made = place.kind == DataPlace::Kind::folder
                        ? ::mkdirat(spot.folder.raw(), name, 0755) == 0
                        : bool(Fd(::openat(spot.folder.raw(), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)));
  if (!made) throw system_error(format("making {}", text_of(place)), errno);
  sync_folder(spot);
}

void Reserves::try_exchange(const DataPlace& place) const {
  const Spot here = spot_of(resolved(path(place)));
  Workroom room(beside(here, format(".belay-probe-{}", ::getpid())));
  doing(format("trying whether {} can be exchanged", text_of(place)), [&] { room.try_exchange(); });
  room.remove();
}

void Reserves::fill(const DataPlace& reserve, const std::function<void(const fs::path&)>& into) const {
  fill(reserve, into, Sync::at_once);
}

void Reserves::fill(const DataPlace& reserve, const std::function<void(const fs::path&)>& into, Sync sync) const {
  doing(format("filling {}", text_of(reserve)), [&] {
    const bool is_volume = reserve.kind == DataPlace::Kind::volume;
    const fs::path where = resolved(path(reserve));
    // On another machine the folders above a bound path may not be there yet.
    const Spot spot = is_volume ? spot_of(where) : made_spot_of(where);
    const Spot partial = beside(spot, partial_of(reserve, spot));
    // Left by a try that came to its last steps: then it is ours what the volume holds.
    if (is_volume && !partial.status()) check_is_empty(spot);
    Workroom room(beside(spot, partial.name));
    // Found out now, not when the app has stopped for it: not every file system can.
    room.try_exchange();
    try {
      if (reserve.kind != DataPlace::Kind::file) room.make_content();
      into(room.content().path);
      if (sync == Sync::at_once) room.sync();
    } catch (const Error&) {
      // What filled the disk must not keep it full.
      remove_if_possible(room);
      throw;
    }
    if (is_volume) {
      exchange_names(room.content(), spot);
      // Before the room goes, which tells that the content is ours.
      make_empty_file(room.sibling(whole_name));
    } else {
      room.move_content_to(spot);
    }
    if (sync == Sync::at_once) sync_folder(spot);
    room.remove();
  });
}

void Reserves::sync(const DataPlace& place) const {
  const Spot spot = spot_of(resolved(path(place)));
  const Fd folder(::openat(spot.folder.raw(), ".", O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (!folder || ::syncfs(folder.raw()) != 0)
    throw system_error(format("writing {} to the disk", text_of(place)), errno);
}

void Reserves::copy(const DataPlace& from, const DataPlace& reserve, const CopyOptions& options, Sync sync,
                    std::stop_token stop) const {
  const Spot source = spot_of(resolved(path(from)));
  if (!source.status()) throw NotFound(ErrorCode::file_not_found, format("{} is not there", text_of(from)));
  const auto into_room = [&](const fs::path& into) {
    Spot made{Fd(::open(into.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), into.filename().string(), into};
    if (!made.folder) throw system_error("opening the folder to copy into", errno);
    // The copy brings the folder itself.
    if (reserve.kind != DataPlace::Kind::file && ::unlinkat(made.folder.raw(), made.name.c_str(), AT_REMOVEDIR) != 0)
      throw system_error("preparing the folder to copy into", errno);
    copy_tree(source, made, options, stop);
  };
  fill(reserve, into_room, sync);
}

// After an exchange: something was mounted between the last look and that, and has moved with what it was mounted on.
std::optional<std::string> Reserves::moved_mount(const DataPlace& place, const DataPlace& reserve) const {
  const fs::path now_there = resolved(path(reserve));
  const Mounts mounts = Mounts::now();
  if (const MountPoint* mount = mounts.within(now_there))
    return format("{} was mounted in it meanwhile",
                  printable((path(place) / fs::path(mount->point).lexically_relative(now_there)).string()));
  if (const auto found = obstacle(place, mounts)) return found->text;
  return {};
}

void Reserves::exchange(const DataPlace& place, const DataPlace& reserve, const std::string& content) const {
  const Spot here = spot_of(resolved(path(place))), there = spot_of(resolved(path(reserve)));
  if (here.content() == content) return;
  if (there.content() != content)
    throw Error(ErrorCode::data_not_exchanged,
                format("neither {} nor {} holds what it should", text_of(place), text_of(reserve)));
  // Something may have been mounted since the plan was made.
  if (const auto found = obstacle(place))
    throw Error(ErrorCode::data_not_exchanged,
                format("what {} holds cannot be exchanged: {}", text_of(place), found->text));
  exchange_names(here, there);
  if (here.content() != content) {
    std::ignore =
        ::renameat2(here.folder.raw(), here.name.c_str(), there.folder.raw(), there.name.c_str(), RENAME_EXCHANGE);
    throw Error(ErrorCode::data_not_exchanged,
                format("somebody else renames what is beside {}: it was not exchanged", text_of(place)));
  }
  if (const auto moved = moved_mount(place, reserve)) {
    exchange_names(here, there);
    throw Error(ErrorCode::data_not_exchanged,
                format("what {} holds cannot be exchanged, and was put back: {}", text_of(place), *moved),
                "Unmount it, or mount it elsewhere and bind it from there.");
  }
  sync_folder(here);
  sync_folder(there);
}

void Reserves::remove(const DataPlace& reserve) {
  if (!is_reserve(reserve)) throw Error(ErrorCode::data_not_exchanged, format("{} is not a reserve", text_of(reserve)));
  if (const auto mount = Reserves({}).mount_in(reserve)) throw Error(ErrorCode::mount_in_the_way, *mount);
  try {
    const Spot spot = spot_of(resolved(reserve.source));
    const std::string partial = partial_of(reserve, spot);
    remove_tree(beside(spot, partial + ".other"));
    remove_tree(beside(spot, partial));
    remove_tree(spot);
  } catch (const NotFound&) {
    // The folder it was in is gone, and it with that.
  }
}

}  // namespace belay::data
