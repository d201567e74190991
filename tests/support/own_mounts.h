#pragma once
// Tests with mounts, in a process and a mount namespace of their own.

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <sys/mount.h>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>

namespace belay::testing {

inline constexpr int no_mounts_here = 77;

// Runs the look in a mount namespace of its own, so that no mount outlives it. "" where it found nothing wrong.
inline std::string with_own_mounts(const std::function<std::string()>& look) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      ::_exit(no_mounts_here);
    std::string wrong;
    try {
      wrong = look();
    } catch (const std::exception& error) {
      wrong = error.what();
    }
    std::ignore = ::write(ends[1], wrong.data(), wrong.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string wrong(4096, '\0');
  const ssize_t length = ::read(ends[0], wrong.data(), wrong.size());
  wrong.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return "it crashed";
  return WEXITSTATUS(status) == no_mounts_here ? "skip" : wrong;
}

#define EXPECT_FINE_WITH_OWN_MOUNTS(...)                                      \
  do {                                                                        \
    const std::string wrong = ::belay::testing::with_own_mounts(__VA_ARGS__); \
    if (wrong == "skip") GTEST_SKIP() << "no mounts can be made";             \
    EXPECT_EQ(wrong, "");                                                     \
  } while (false)

inline void bind(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) != 0) throw std::runtime_error("no mount");
}
inline void mount_tmpfs(const std::filesystem::path& to) {
  if (::mount("tmpfs", to.c_str(), "tmpfs", 0, nullptr) != 0) throw std::runtime_error("no mount");
}
}  // namespace belay::testing
