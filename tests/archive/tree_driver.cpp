// Trees through the whole pipe, as a program: for measuring beside `tar | zstd`, and for trying things by hand.
//   tree_driver write PATH [zstd|gzip|none] >FILE     tree_driver extract FOLDER <FILE     tree_driver list <FILE

#include <cerrno>
#include <cstdio>
#include <iostream>
#include <unistd.h>

#include "archive/compress.h"
#include "archive/tree.h"
#include "base/errors.h"
#include "base/format.h"

namespace {

using namespace belay;
using namespace belay::archive;

void put(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(1, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("writing", errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::size_t get(std::span<char> room) {
  const ssize_t count = ::read(0, room.data(), room.size());
  if (count < 0) throw system_error("reading", errno);
  return static_cast<std::size_t>(count);
}

int run(const std::string& verb, const std::string& path, const std::string& kind) {
  std::size_t digests = 0;
  TreeEvents events;
  events.file = [&](const FileDigest&) { ++digests; };
  events.warning = [](const std::string& text) { std::cerr << "warning: " << text << '\n'; };
  TreeTotals totals;
  if (verb == "write") {
    Compressor compressor(kind == "gzip"   ? Compression::gzip
                          : kind == "none" ? Compression::none
                                           : Compression::zstd,
                          {}, put);
    totals = write_tree(path, [&](std::string_view bytes) { compressor.write(bytes); }, events, {});
    compressor.finish();
  } else {
    Decompressor decompressor(get);
    const Source tar = [&](std::span<char> room) { return decompressor.read(room); };
    if (verb == "list") {
      events.file = [&](const FileDigest& file) { std::cout << file.sha256 << "  " << file.name << '\n'; };
      totals = list_tree(tar, {}, events, {});
    } else {
      ExtractOptions options;
      options.devices = true;
      totals = extract_tree(tar, path, options, events, {});
    }
  }
  std::cerr << format("{} entries, {} files, {} bytes\n", totals.entries, totals.files, totals.bytes);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) return 2;
  try {
    return run(words[1], count > 2 ? words[2] : ".", count > 3 ? words[3] : "zstd");
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
