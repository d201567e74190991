#pragma once
// Where backups go and come from: folders of plain files, here or elsewhere, streamed without a temporary copy.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "backup/place.h"
#include "base/clock.h"

namespace belay::backup {

struct Stored {
  std::string name;
  std::int64_t size = 0;
  Time modified{};
  bool operator==(const Stored&) const = default;
};

struct UploadOptions {
  bool replace = false;  // a file that has the name already, instead of refusing
  // About how much will come, where it is known; some stores cut their files into pieces that must be large enough.
  std::int64_t expected = 0;
};

// A file that is being written under another name. Destroyed without commit(): it is removed as far as that goes, and
// nothing was ever there under its name.
class Upload {
 public:
  virtual ~Upload() = default;
  virtual void write(std::string_view bytes) = 0;
  // All is written, safe, and has its name. Nothing else may be called afterwards.
  virtual void commit() = 0;
};

class Download {
 public:
  virtual ~Download() = default;
  // As a Source. A file that ends before its size is an Error.
  virtual std::size_t read(std::span<char> room) = 0;
  // nullopt where the store does not tell.
  virtual std::optional<std::int64_t> size() const = 0;
};

// One thread at a time, its uploads and downloads included; they may outlive it. The `stop` that create() and open()
// get is obeyed by all that the upload or download does later. Names are plain: no '/', no '.' in front.
class Destination {
 public:
  virtual ~Destination() = default;

  // Makes the folder where it is missing, in a folder that is there. Throws Conflict where the name is taken, now or at
  // commit(), NotFound where a folder of this machine could not even be made: its disk may not be mounted.
  std::unique_ptr<Upload> create(const std::string& name, const UploadOptions& options, std::stop_token stop);
  // Throws NotFound.
  std::unique_ptr<Download> open(const std::string& name, std::stop_token stop);
  // The files of the folder by name, without hidden ones and uploads that go on or were cut off. Throws NotFound where
  // there is no such folder: that is not the same as none.
  std::vector<Stored> list(std::stop_token stop);
  // Throws NotFound.
  void remove(const std::string& name, std::stop_token stop);
  // Throws NotFound as create() would, and changes nothing. What is on other machines is not asked.
  virtual void check() const {}
  // Removes what killed uploads left of the files that are `ours`, by name. Where the store does not tell whether an
  // upload goes on, only what was begun before `before`: an upload is not older than a day. How many they were.
  int remove_leftovers(const std::function<bool(const std::string& name)>& ours, Time before, std::stop_token stop);
  // For messages; parse_place reads it.
  std::string text() const { return place_.text(); }
  const Place& place() const { return place_; }

 protected:
  enum class Use { unknown, goes_on, left };
  explicit Destination(Place place) : place_(std::move(place)) {}

 private:
  virtual std::unique_ptr<Upload> create_file(const std::string& name, const UploadOptions& options,
                                              std::stop_token stop) = 0;
  virtual std::unique_ptr<Download> open_file(const std::string& name, std::stop_token stop) = 0;
  virtual std::vector<Stored> files(std::stop_token stop) = 0;  // all of them, in any order
  virtual void remove_file(const std::string& name, std::stop_token stop) = 0;
  virtual Use use_of(const std::string& /*part*/) { return Use::unknown; }

  const Place place_;
};

// The programs that reach other machines, each with the arguments that come first.
struct Programs {
  std::vector<std::string> ssh{"ssh"};
  std::vector<std::string> rclone{"rclone"};
};
// $BELAY_SSH and $BELAY_RCLONE where they are set ("ssh -F /etc/belay/ssh_config"), words as in a shell.
Programs programs_from_environment();

// Touches nothing yet: what cannot be reached says so in the first call. Throws NotFound where the program that the
// place needs is not installed.
std::unique_ptr<Destination> destination(const Place& place, const Programs& programs);

}  // namespace belay::backup
