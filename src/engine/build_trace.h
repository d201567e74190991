#pragma once
// What BuildKit tells while it builds: messages in protocol buffers' wire format, of which we read the few fields that
// a reader of the progress wants.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace belay::engine {

// One step of the build; sent again whenever something about it changed.
struct BuildVertex {
  std::string digest, name, error;
  bool started = false, completed = false, cached = false;
};
// Progress of a part of a step, such as a layer that is fetched.
struct BuildStatus {
  std::string id, vertex;
  std::int64_t current = 0, total = 0;
  bool completed = false;
};
struct BuildLog {
  std::string vertex, text;
};
struct BuildTrace {
  std::vector<BuildVertex> vertices;
  std::vector<BuildStatus> statuses;
  std::vector<BuildLog> logs;
};

// Unknown fields are passed over; a message that breaks off gives what came before.
BuildTrace decode_build_trace(std::string_view message);

}  // namespace belay::engine
