#pragma once
// The names in an open folder, a batch at a time: memory stays flat in a folder of a million files.

#include <dirent.h>
#include <memory>
#include <string>
#include <vector>

namespace belay::data {

class Names {
 public:
  // Of the folder behind this descriptor, which stays the caller's. Throws Error.
  explicit Names(int folder);

  // The next one, "." and ".." left out; nullptr at the end. Throws Error.
  const std::string* next();

 private:
  bool read();

  std::unique_ptr<DIR, int (*)(DIR*)> rest_{nullptr, ::closedir};
  std::vector<std::string> batch_;
  std::size_t at_ = 0;
};

}  // namespace belay::data
