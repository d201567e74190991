#include "engine/hang_up.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "base/errors.h"
#include "base/fd.h"
#include "base/files.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::engine {

namespace {

// Empty where there is no such process, or none to look at. One that ends while its files are read is an error of that.
std::string of_process(pid_t pid, const char* file) {
  try {
    return read_file_if_present(format("/proc/{}/{}", pid, file)).value_or("");
  } catch (const Error&) {
    return {};
  }
}

// Every driver puts the whole id into the name of the group.
bool is_within(pid_t pid, const std::string& container_id) {
  return !container_id.empty() && of_process(pid, "cgroup").find(container_id) != std::string::npos;
}

// 0 where it is not to be found out.
pid_t session_of(pid_t pid) {
  const std::string stat = of_process(pid, "stat");
  // The name before may hold anything: "(sh) 1 2)".
  const size_t name = stat.rfind(')');
  if (name == std::string::npos) return 0;
  // State, parent, group, session.
  const auto fields = split(trim(stat.substr(name + 1)), ' ');
  return fields.size() > 3 ? static_cast<pid_t>(parse_number(fields[3]).value_or(0)) : 0;
}

std::vector<pid_t> processes_of_session(pid_t leader) {
  std::vector<pid_t> all;
  std::error_code unreadable;
  for (fs::directory_iterator entry("/proc", unreadable), end; !unreadable && entry != end;
       entry.increment(unreadable)) {
    const auto pid = static_cast<pid_t>(parse_number(entry->path().filename().string()).value_or(0));
    if (pid > 0 && session_of(pid) == leader) all.push_back(pid);
  }
  return all;
}

// A process whose number cannot come to mean another one meanwhile. By the calls' numbers: Debian 12's header of their
// names is none for C++.
class HeldProcess {
 public:
  explicit HeldProcess(pid_t pid) : fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  explicit operator bool() const { return static_cast<bool>(fd_); }
  // True too where it has ended.
  bool signal(int which) const {
    return ::syscall(SYS_pidfd_send_signal, fd_.raw(), which, nullptr, 0) == 0 || errno == ESRCH;
  }
  bool ends_within(Milliseconds time) const {
    pollfd ended{.fd = fd_.raw(), .events = POLLIN, .revents = 0};
    return ::poll(&ended, 1, static_cast<int>(time.count())) > 0;
  }

 private:
  Fd fd_;
};

}  // namespace

bool hang_up(const RunningCommand& command, Milliseconds patience, const std::function<bool()>& still_runs) {
  const HeldProcess leader(command.pid);
  if (!leader || !is_within(command.pid, command.container_id) || !still_runs()) return false;
  for (const pid_t pid : processes_of_session(command.pid)) {
    if (pid == command.pid) continue;
    const HeldProcess other(pid);
    if (other && session_of(pid) == command.pid && is_within(pid, command.container_id)) other.signal(SIGHUP);
  }
  if (!leader.signal(SIGHUP)) return false;
  return leader.ends_within(patience) || leader.signal(SIGKILL);
}

}  // namespace belay::engine
