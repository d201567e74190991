#pragma once
// Reads a tar of any common kind: ustar, pax, GNU (long names, large numbers), and their sparse files. All of it is
// taken for hostile: whatever the bytes are, it is an entry or an Error, with memory that does not grow.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "archive/tar_entry.h"
#include "base/stream.h"

namespace belay::archive {

// One thread at a time. Names and targets are given as they are: whoever writes files checks them.
class TarReader {
 public:
  using Warning = std::function<void(const std::string&)>;
  explicit TarReader(Source source, Warning warning = {});

  // Reads on to the next entry, over the rest of the content of this one; false at the end of the tar, which is then
  // read to the end of its source. Throws Error where the tar is damaged, cut off, or of a kind we do not know.
  bool next(TarEntry& entry);
  // The next bytes of the entry's content, of a sparse file only its data; empty at its end. Valid until the next call.
  std::string_view content();

 private:
  using Records = std::map<std::string, std::string, std::less<>>;
  struct Sparse;

  std::string_view ahead(std::size_t count);
  bool fill();
  std::string_view block();
  std::string text_of(std::int64_t size, std::string_view what);
  void end_content();
  void read_to_end();
  void read_records(std::int64_t size, Records& records, Sparse& sparse);
  void read_entry(std::string_view header, const Records& records, std::string long_name, std::string long_target,
                  Sparse& sparse, TarEntry& entry);
  void apply_attributes(const Records& records, TarEntry& entry);
  void read_old_sparse(std::string_view header, Sparse& sparse);
  void read_map(Sparse& sparse);
  void apply_sparse(const Records& records, Sparse& sparse, TarEntry& entry);

  Source source_;
  Warning warning_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::int64_t missing_ = 0;  // content of the current entry that was not given yet
  std::size_t padding_ = 0;
  bool ended_ = false;
  Records global_;
};

}  // namespace belay::archive
