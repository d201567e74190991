#pragma once
// Trees copied and removed by descriptors: never through a link, never onto another mount, however deep they are.

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "data/spot.h"

namespace belay::data {

struct CopyOptions {
  std::function<void(std::int64_t)> written{};        // bytes written so far; shared blocks and holes are none
  std::function<void(const std::string&)> warning{};  // one sentence, names the file
  bool leave_mounts_out = false;                      // with a warning; otherwise a mount below is an error
};

// Copies the folder or file `from` to the name `to`, where nothing is: owners, modes, times, links, extended
// attributes, ACLs, devices, fifos and holes are kept, blocks shared where the file system can. Left out with a
// warning: sockets, and what vanishes meanwhile. Throws Error naming the file, also for a mount below; Cancelled on
// stop; what was copied until then stays.
void copy_tree(const Spot& from, const Spot& to, const CopyOptions& options, std::stop_token stop);

// Removes what is under the name with all it holds; nothing there is fine. Throws Error at the first thing that cannot
// be removed, and at a mount below: nothing on it is touched.
void remove_tree(const Spot& spot);

// The sizes of the regular files below, holes included; what other mounts hold counts as nothing. Throws Error for a
// folder that cannot be read, Cancelled.
std::int64_t size_of_tree(const Spot& spot, std::stop_token stop);

}  // namespace belay::data
