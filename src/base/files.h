#pragma once
// Files as whole values. Every error names the path.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace belay {

namespace fs = std::filesystem;

// The whole file. Throws NotFound when it is not there, Error when it is unreadable, not a regular file or larger than
// `limit`.
std::string read_file(const fs::path& path, ByteCount limit = ByteCount{64 << 20});
// nullopt when it is not there; otherwise as read_file.
std::optional<std::string> read_file_if_present(const fs::path& path, ByteCount limit = ByteCount{64 << 20});
// Replaces the file in one step that survives a power cut: temporary file, fsync, rename, fsync of the folder.
void write_file_durably(const fs::path& path, std::string_view content, int mode = 0644);
// The folder and its parents; `mode` is for those that are made.
void make_folder(const fs::path& path, int mode = 0755);
// $HOME, else the home of the effective user.
fs::path home_folder();
// Absolute, without "." and "..", and without a slash at the end, so that two ways to write one path are equal as text.
// Links are not followed.
fs::path plain_absolute(const fs::path& path);

// A folder under $TMPDIR that is removed with all it holds at the end of its owner's life.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace belay
