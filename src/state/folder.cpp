#include "state/folder.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/errors.h"
#include "base/fd.h"
#include "base/format.h"
#include "state/store.h"

namespace belay::state {

namespace {

// The group that shares root's state; nullopt for everybody else's.
std::optional<gid_t> sharing_group() {
  if (::geteuid() != 0) return {};
  // Apps are dealt with in several threads: not getgrnam, whose answer they would share. A group may have many members.
  std::vector<char> room(1 << 10);
  for (;;) {
    group entry{};
    group* docker = nullptr;
    const int error = ::getgrnam_r("docker", &entry, room.data(), room.size(), &docker);
    if (docker != nullptr) return docker->gr_gid;
    if (error != ERANGE || room.size() > (1 << 20)) return {};
    room.resize(room.size() * 4);
  }
}

fs::path variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

void make_private_folder(const fs::path& folder) {
  if (fs::is_directory(folder)) return;
  make_folder(folder.parent_path());
  if (::mkdir(folder.c_str(), 0770) != 0) {
    if (errno == EEXIST) return;  // another process was faster
    throw system_error(format("making the folder {}", folder.string()), errno);
  }
  // chmod, because the umask has its say in mkdir. The set-group-id bit hands the group on to what is made inside.
  const auto shared_with = sharing_group();
  if ((shared_with && ::chown(folder.c_str(), static_cast<uid_t>(-1), *shared_with) != 0) ||
      ::chmod(folder.c_str(), shared_with ? 02770 : 0770) != 0)
    throw system_error(format("setting the mode of {}", folder.string()), errno);
}

void make_private_file(const fs::path& file) {
  const Fd made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660));
  if (!made && errno == EEXIST) return;
  if (!made) throw system_error(format("making {}", file.string()), errno);
  const auto shared_with = sharing_group();
  if ((shared_with && ::fchown(made.raw(), static_cast<uid_t>(-1), *shared_with) != 0) ||
      ::fchmod(made.raw(), 0660) != 0)
    throw system_error(format("setting the mode of {}", file.string()), errno);
}

fs::path state_folder() {
  if (const fs::path chosen = variable("BELAY_STATE_DIR"); !chosen.empty()) return fs::absolute(chosen);
  if (::geteuid() == 0) return "/var/lib/belay";
  // The rule of XDG: a relative path counts as none.
  if (const fs::path home = variable("XDG_STATE_HOME"); home.is_absolute()) return home / "belay";
  return home_folder() / ".local/state/belay";
}

fs::path lock_file(const fs::path& state_folder, const AppName& app) {
  const fs::path locks = state_folder / "locks";
  make_private_folder(state_folder);
  make_private_folder(locks);
  const fs::path file = locks / app.text();
  make_private_file(file);
  return file;
}

}  // namespace belay::state
