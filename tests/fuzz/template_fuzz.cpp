// Whatever the bytes are: an error with a place, or a text each of whose places has an origin in the template.

#include <cstdint>
#include <cstdlib>

#include "document/json.h"
#include "template/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  using namespace belay;
  static const document::Node values = document::read_json(
      R"({"a": 1, "b": "text", "c": [1, 2, {"d": null}], "e": {"f": {"g": true}}, "h": 1.5})", "values");
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const templates::Rendered rendered =
        templates::render(text, "fuzz", values, {.limits = {.work = 200'000}, .keeps_dotted = size % 2 == 0});
    int line = 1;
    for (const char c : rendered.text()) {
      if (c != '\n') continue;
      if (const SourcePosition place = rendered.origin(++line, 1); place.line < 1 || place.column < 1) std::abort();
    }
  } catch (const ConfigError& error) {
    if (error.where().file != "fuzz") std::abort();
  }
  return 0;
}
