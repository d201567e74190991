#pragma once
// Folders as tar streams and back, with all that Linux keeps of a file: owners, permissions, times, links, devices,
// extended attributes, ACLs, holes. Memory does not grow with the number or the size of the files.

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "archive/tar_entry.h"
#include "base/files.h"
#include "base/stream.h"

namespace belay::archive {

class TarWriter;

// What the digest of a file with holes is of.
enum class Holes {
  as_zeros,  // its content as a reader sees it: takes as long as reading so many zeros
  apart,  // of each piece of data its offset, its length and its bytes, then the size; numbers in 8 bytes, the highest
          // first: takes as long as its data
};

// A regular file whose content has ended in the stream.
struct FileDigest {
  std::string name;          // as in the tar: "./www/index.html", bytes as they are
  std::int64_t size = 0;     // holes included
  std::string sha256;        // of the content as it is in the stream; empty: it has more zeros than were to be hashed
  bool holes_apart = false;  // Holes::apart, and the file has some
};

// What is told on the way, by the thread that runs the work. What they throw ends it. Each may be empty; the digests
// are only computed where somebody asks for them.
struct TreeEvents {
  std::function<void(const TarEntry&)> entry = {};        // before its content
  std::function<void(const FileDigest&)> file = {};       // behind its content; not for a further name of a file
  std::function<void(const std::string&)> warning = {};   // one sentence, names the file
  std::function<void(std::int64_t bytes)> progress = {};  // content done since the last call, holes included
  Holes holes = Holes::as_zeros;
  // Asked before so many zeros of a hole go into a digest; false: that file gets none.
  std::function<bool(std::int64_t)> hashes_zeros = {};
};

struct TreeTotals {
  std::int64_t entries = 0;  // of every kind
  std::int64_t files = 0;    // regular files, each once however many names it has
  std::int64_t bytes = 0;    // their content, holes included
};

// A folder below a tree that goes into the tar empty, with a warning that says why.
struct LeftOut {
  fs::path folder;
  std::string why;
};

// Writes a pax tar of `path`: of a folder, "./" and all below it, named "./…"; of a single file just "./NAME". Links
// are never followed, but `path` itself may be one. Warned of and left out: sockets, what vanished, what other mounts
// hold. Warned of: a file that changed its size meanwhile; it is cut, or filled up with zeros, to the size announced.
// A folder's names come sorted, in batches of ten thousand.
// Throws Error naming a file that cannot be read, NotFound when `path` is not there, Cancelled on stop; the tar is then
// cut off.
TreeTotals write_tree(const fs::path& path, const Sink& tar, const TreeEvents& events, std::stop_token stop,
                      const BufferProvider& buffers = {}, const std::vector<LeftOut>& left_out = {});

// Whether files with holes are written as sparse entries, which only some programs understand, or in full.
enum class FileForm { sparse, whole };

// A folder or file, and what it is called in the tar: "var/www", without a slash at either end, "." or "..".
struct NamedTree {
  fs::path path;
  std::string name;
  FileForm form = FileForm::sparse;
};
// Adds a tree to a tar that the caller begins and finishes: "var/www/" and "var/www/…"; the folders on the way there
// are only implied. Everything else as the other.
TreeTotals write_tree(const NamedTree& tree, TarWriter& tar, const TreeEvents& events, std::stop_token stop,
                      const std::vector<LeftOut>& left_out = {});

enum class Owners {
  keep,          // the numbers in the tar; takes root
  current_user,  // all belongs to us; setuid and setgid are dropped
};

struct ExtractLimits {
  std::int64_t bytes = INT64_MAX;    // written to the disk
  std::int64_t content = INT64_MAX;  // the same, holes included
  std::int64_t entries = INT64_MAX;
  // What is left free on the file system.
  std::int64_t free_space = 64 << 20;
  // Whether names may begin with '/', as in what `tar -P` writes; they count from the tar's root like all others.
  bool absolute_names = false;
};

struct ExtractOptions {
  // Paths in the tar ("./www" or "www"): they and all below them. Empty: everything.
  std::vector<std::string> only = {};
  // A folder in the tar ("var/www"): it is what is unpacked, and all else is passed by. Hard links to what is elsewhere
  // are errors. Empty: the tar's root.
  std::string below = {};
  // Paths in the tar that are passed by with all below them.
  std::vector<std::string> without = {};
  Owners owners = Owners::keep;
  // Whether device nodes are made; without, one in the tar is an error.
  bool devices = false;
  // Whether a file may come twice, as where a mount point lies in another one and both were named to tar: the later one
  // counts then, as tar itself has it. Without, that is an error. What is no file, or no longer one, is an error
  // always.
  bool doubles = false;
  ExtractLimits limits = {};
};

// Unpacks a tar of any common kind (pax, GNU, ustar; sparse files too) into a folder that exists and is empty. Nothing
// is ever written, linked or changed outside of it, whatever the tar holds; `..`, absolute names, files below links,
// hard links to what the tar did not bring, and two entries of one name are errors that name the entry.
// Warned of: attributes the file system does not take. Throws Error naming the file, Cancelled on stop; what was
// unpacked until then stays.
TreeTotals extract_tree(const Source& tar, const fs::path& folder, const ExtractOptions& options,
                        const TreeEvents& events, std::stop_token stop);

// Reads a tar to its end with the same checks of its form and writes nothing. Throws as extract_tree.
TreeTotals list_tree(const Source& tar, const ExtractLimits& limits, const TreeEvents& events, std::stop_token stop);
// Passes a tar on as it is, byte by byte to the end of the stream, and lists it on the way.
void pass_tree(const Source& tar, const Sink& sink, const TreeEvents& events, std::stop_token stop);

}  // namespace belay::archive
