#include "archive/folder_chain.h"

#include <cerrno>
#include <fcntl.h>
#include <utility>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::archive {

namespace {
constexpr std::size_t most_open = 64;
}

FolderChain::FolderChain(Fd root) : root_(std::move(root)) {}

int FolderChain::raw() {
  if (steps_.empty()) return root_.raw();
  if (!steps_.back().folder) reopen();
  return steps_.back().folder.raw();
}

void FolderChain::enter(std::string name, Fd folder) {
  steps_.push_back({std::move(name), std::move(folder)});
  if (steps_.size() > most_open) steps_[steps_.size() - 1 - most_open].folder.close();
}

void FolderChain::leave() {
  steps_.pop_back();
}

// From the root, as the closed ones are many at once: so this happens only once in a while.
void FolderChain::reopen() {
  int above = root_.raw();
  for (std::size_t level = 0; level < steps_.size(); ++level) {
    Step& step = steps_[level];
    step.folder = open_folder_at(above, step.name);
    if (!step.folder)
      throw system_error(format("opening the folder {} again, {} deep", printable(step.name), level + 1), errno);
    above = step.folder.raw();
    if (level >= most_open) steps_[level - most_open].folder.close();
  }
}

Fd open_folder_at(int folder, const std::string& name) {
  return Fd(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
}

}  // namespace belay::archive
