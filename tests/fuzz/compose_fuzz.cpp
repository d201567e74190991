// Whatever the files hold: an error with a place, or a project that reads the same when it is written and read again.
// The first line break of the input that stands twice parts compose.yaml from compose.override.yaml, the next one from
// .env.

#include <cstdint>
#include <cstdlib>

#include "document/json.h"
#include "formats/compose/project.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  using namespace belay;
  using namespace belay::formats::compose;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::map<fs::path, std::string> files;
  for (const char* name : {"/p/compose.yaml", "/p/compose.override.yml", "/p/.env"}) {
    const size_t end = rest.find("\n\n");
    files[name] = rest.substr(0, end);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 2);
  }
  Outside outside;
  outside.folder = "/p";
  outside.home = "/root";
  outside.read = [&](const fs::path& path) -> std::optional<std::string> {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  };
  outside.standard_input = [] { return std::string(); };
  try {
    const Project project = load({}, outside);
    const std::string written = document::write_json(project.root);
    if (document::write_json(document::read_json(written, "again", {.depth_limit = 200})) != written) std::abort();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal) std::abort();
  }
  return 0;
}
