#include "data/names.h"

#include <cerrno>
#include <fcntl.h>

#include "base/errors.h"
#include "base/fd.h"

namespace belay::data {

Names::Names(int folder) {
  // A description of its own, whose place in the folder is nobody else's.
  Fd own(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (own) rest_.reset(::fdopendir(own.raw()));
  if (!rest_) throw system_error("reading a folder", errno);
  own.release();
}

const std::string* Names::next() {
  if (at_ == batch_.size() && !read()) return nullptr;
  return &batch_[at_++];
}

// Closes the folder with its last name: a tree may be deeper than files can be open.
bool Names::read() {
  constexpr std::size_t most_names = 1'000;
  batch_.clear();
  at_ = 0;
  while (rest_ && batch_.size() < most_names) {
    errno = 0;
    const dirent* found = ::readdir(rest_.get());
    if (found == nullptr && errno != 0) throw system_error("reading a folder", errno);
    if (found == nullptr) {
      rest_.reset();
      break;
    }
    const std::string_view name = found->d_name;
    if (name != "." && name != "..") batch_.emplace_back(name);
  }
  return !batch_.empty();
}

}  // namespace belay::data
