// Whatever the bytes are: an error with a place, or trees that JSON holds without a change.

#include <cstdint>
#include <cstdlib>

#include "document/json.h"
#include "document/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  using namespace belay;
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    for (const document::Node& node : document::read_yaml(text, "fuzz", {.node_limit = 20'000, .marks = true})) {
      const std::string written = document::write_json(node);
      if (document::write_json(document::read_json(written, "again", {.depth_limit = 200})) != written) std::abort();
    }
  } catch (const ConfigError& error) {
    if (error.where().file != "fuzz") std::abort();
  }
  return 0;
}
