#pragma once
// The open folders from a root down to where one works. Each step is one name, opened relative to the folder above and
// never through a link: so nothing leads outside, and a path may be longer than the system takes in one piece.

#include <string>
#include <vector>

#include "base/fd.h"

namespace belay::archive {

// Only the innermost folders are kept open, however deep the chain is.
class FolderChain {
 public:
  explicit FolderChain(Fd root);

  // How many folders below the root.
  std::size_t depth() const { return steps_.size(); }
  const std::string& name(std::size_t level) const { return steps_[level].name; }
  // The innermost folder, for the *at() calls; opened anew where it was closed meanwhile. Throws Error.
  int raw();
  void enter(std::string name, Fd folder);
  // Not above the root.
  void leave();

 private:
  struct Step {
    std::string name;
    Fd folder;
  };
  void reopen();

  Fd root_;
  std::vector<Step> steps_;
};

// Opens a folder of this name; empty where that fails, with errno (ELOOP or ENOTDIR for a link).
Fd open_folder_at(int folder, const std::string& name);

}  // namespace belay::archive
