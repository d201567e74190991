#include "service_image/host_user.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/format.h"
#include "base/process.h"
#include "base/text.h"
#include "service_image/convention.h"

namespace belay::service_image {

namespace {

fs::path user_mark(const fs::path& marks) {
  return marks / "made-druser";
}
fs::path group_mark(const fs::path& marks) {
  return marks / "made-drgroup";
}

// The programs of an administrator need not be on the PATH.
fs::path admin_program(const std::string& name) {
  for (const auto* folder : {"/usr/sbin", "/sbin"})
    if (fs::exists(fs::path(folder) / name)) return fs::path(folder) / name;
  return installed_program(name);
}

void run_admin(const std::vector<std::string>& words, std::stop_token stop) {
  ProcessRequest request;
  request.command = words;
  request.command.front() = admin_program(words.front()).string();
  const ProcessResult result = run_process(request, std::move(stop));
  if (result.exit_code != 0)
    throw Error(ErrorCode::program_failed, format("{} ended with exit code {}: {}", words.front(), result.exit_code,
                                                  printable(trim(result.errors))));
}

std::string trouble_of_names() {
  if (const passwd* user = ::getpwnam(user_name); user != nullptr && user->pw_uid != user_id)
    return format("the user {} has the id {} on this host, not {}", user_name, user->pw_uid, user_id);
  if (const group* group = ::getgrnam(group_name); group != nullptr && group->gr_gid != user_id)
    return format("the group {} has the id {} on this host, not {}", group_name, group->gr_gid, user_id);
  if (const passwd* user = ::getpwuid(user_id); user != nullptr && std::string_view(user->pw_name) != user_name)
    return format("the id {} belongs to the user {} on this host", user_id, printable(user->pw_name));
  if (const group* group = ::getgrgid(user_id); group != nullptr && std::string_view(group->gr_name) != group_name)
    return format("the id {} belongs to the group {} on this host", user_id, printable(group->gr_name));
  return {};
}

}  // namespace

HostUser host_user(const fs::path& marks) {
  HostUser found;
  found.exists = ::getpwnam(user_name) != nullptr && ::getgrnam(group_name) != nullptr;
  found.made_by_belay = fs::exists(user_mark(marks)) || fs::exists(group_mark(marks));
  found.trouble = trouble_of_names();
  return found;
}

HostUser make_host_user(const fs::path& marks, std::stop_token stop) {
  HostUser found = host_user(marks);
  if (found.exists || !found.trouble.empty()) return found;
  if (::geteuid() != 0) {
    found.trouble = format("only root can make the user {}; containers run as {} all the same", user_name, user_id);
    return found;
  }
  make_folder(marks);
  try {
    // Noted first: a crash in between leaves a note too many, never a user too many.
    if (::getgrnam(group_name) == nullptr) {
      write_file_durably(group_mark(marks), "");
      run_admin({"groupadd", "--gid", format("{}", user_id), group_name}, stop);
    }
    if (::getpwnam(user_name) == nullptr) {
      write_file_durably(user_mark(marks), "");
      run_admin({"useradd", "--uid", format("{}", user_id), "--gid", group_name, "--no-create-home", "--home-dir",
                 "/nonexistent", "--shell", "/usr/sbin/nologin", user_name},
                stop);
    }
    found.exists = found.made_by_belay = true;
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    found.trouble = error.what();
  }
  return found;
}

void remove_host_user(const fs::path& marks, std::stop_token stop) {
  if (fs::exists(user_mark(marks))) {
    if (const passwd* user = ::getpwnam(user_name); user != nullptr && user->pw_uid == user_id)
      run_admin({"userdel", user_name}, stop);
    fs::remove(user_mark(marks));
  }
  if (fs::exists(group_mark(marks))) {
    // On many hosts the user took the group along.
    if (const group* group = ::getgrnam(group_name); group != nullptr && group->gr_gid == user_id)
      run_admin({"groupdel", group_name}, stop);
    fs::remove(group_mark(marks));
  }
}

}  // namespace belay::service_image
