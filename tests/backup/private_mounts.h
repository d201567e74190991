#pragma once
// File systems that only one thread, and the programs it starts, can see; they are gone when it ends.

#include <functional>
#include <sched.h>
#include <sys/mount.h>
#include <thread>

#include "base/files.h"

namespace belay::backup {

// Runs `work` where `folder` is a file system in memory of `size` bytes. False where this account cannot do that.
inline bool with_memory_mounted(const fs::path& folder, const char* options, const std::function<void()>& work) {
  bool done = false;
  std::jthread([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.c_str(), "tmpfs", 0, options) != 0)
      return;
    done = true;
    work();
  }).join();
  return done;
}

}  // namespace belay::backup
