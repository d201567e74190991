// Whatever the bytes are: an error with a place, or a tree that is written and read back without a change.

#include <cstdint>
#include <cstdlib>

#include "document/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  using namespace belay;
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const document::Node node = document::read_json(text, "fuzz", {.comments = true});
    const std::string written = document::write_json(node);
    if (document::write_json(document::read_json(written, "again")) != written) std::abort();
    if (document::write_json(document::read_json(document::write_json(node, 2), "again")) != written) std::abort();
  } catch (const ConfigError& error) {
    if (error.where().file != "fuzz") std::abort();
  }
  return 0;
}
