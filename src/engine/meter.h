#pragma once
// What the engine measures: how much its containers use now, and what its disk holds. A port of its own beside Engine:
// nothing that decides or changes anything asks it.

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/bytes.h"
#include "engine/docker.h"

namespace belay::engine {

struct Usage {
  std::int64_t cpu_permille = 0;  // of one processor: 2000 is two of them at work
  ByteCount memory;               // without the cache of files
  std::optional<ByteCount> memory_limit{};
  ByteCount received{}, sent{};  // over all networks, since the start
  ByteCount read{}, written{};   // of block devices, since the start
  std::int64_t processes = 0;
};

struct DiskUse {
  ByteCount images;                               // layers that several share count once
  ByteCount build_cache;                          // what no image shares
  std::map<std::string, ByteCount> containers{};  // what each has written, by name
};

class Meter {
 public:
  virtual ~Meter() = default;
  // Takes a second or two: the engine looks twice. NotFound for an absent container, Conflict for one that does not
  // run. Several threads may call at once.
  virtual Usage usage(const std::string& container, std::stop_token stop) = 0;
  // May be slow: the engine counts.
  virtual DiskUse disk_use(std::stop_token stop) = 0;
};

std::unique_ptr<Meter> docker_meter(const DockerOptions& options);

}  // namespace belay::engine
