#pragma once
// The images' archive of a backup on its way to an engine. Belay saves images by their ids, so that its archives name
// none. One that does would make names of this host mean other images, of apps that the backup has nothing to do with.

#include <string>

#include "archive/tar_reader.h"
#include "base/stream.h"

namespace belay::backup {

// One thread at a time.
class NamelessImages {
 public:
  explicit NamelessImages(Source archive);

  // The next bytes of the archive, as they are; 0: its end. Throws Error where it is damaged, and where it names
  // images: always before it gives the end of the list that does, so that no engine gets to it.
  std::size_t read(std::span<char> room);

 private:
  void read_on();
  void begin(const archive::TarEntry& entry);
  void end_list();

  Source archive_;
  std::string held_;  // what was read from the archive and not given yet
  std::size_t given_ = 0;
  std::size_t last_ = 0;  // where what was read last begins
  std::size_t free_ = 0;  // so much of it may be given
  bool is_list_ = false, ended_ = false;
  std::string list_name_, list_;
  archive::TarReader tar_;
};

}  // namespace belay::backup
