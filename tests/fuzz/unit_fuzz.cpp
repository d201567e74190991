// Whatever the files of a unit hold: an error with a place, or a unit whose containers are mapped, whose orders have
// values and whose tests are read. The first empty line parts the environment file from the unit's file, the next one
// that from its update.

#include <cstdint>
#include <cstdlib>

#include "formats/dockerstra/map.h"
#include "formats/dockerstra/order_values.h"
#include "formats/dockerstra/tests.h"

namespace {

using namespace belay;
using namespace belay::formats::dockerstra;

// Errors are what bad input gets; anything else ends the program.
template <class Work>
void tolerating(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal) std::abort();
  }
}

void read_values(const Unit& unit) {
  for (const Order& order : unit.orders)
    tolerating([&] {
      std::ignore = wait_of(order);
      std::ignore = patience_of(order);
      if (order.command == "execute") std::ignore = execution_of(unit, order, "/here");
      if (order.command == "tag" || order.command == "push") std::ignore = reference_of(unit, order);
      if (order.command == "commit") std::ignore = commit_of(unit, order);
      if (order.command == "backup" || order.command == "restore") std::ignore = archive_of(order, "/here");
      if (order.command == "remove") std::ignore = removes_links(order);
      if (order.command == "remove_image") std::ignore = image_removal_of(order);
      if (order.command == "render") std::ignore = render_of(unit, order);
      if (order.command == "tests") std::ignore = test_lines_of(unit, order);
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::map<fs::path, std::string> files;
  for (const char* name : {"/c/environments/a.yaml", "/c/units/git/start.yaml", "/c/units/git/update.yaml"}) {
    const size_t end = rest.find("\n\n");
    files[name] = rest.substr(0, end);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 2);
  }
  Outside outside;
  outside.folder = "/here";
  outside.home = "/root";
  outside.environment = {{"DOCKERSTRA_CONF", "/c"}, {"HOME", "/root"}};
  outside.uid = outside.gid = "0";
  outside.read = [&](const fs::path& path) -> std::optional<std::string> {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  };
  outside.names = [&](const fs::path& folder) -> std::optional<std::vector<std::string>> {
    if (folder == "/c") return std::vector<std::string>{"environments/", "units/"};
    if (folder == "/c/units") return std::vector<std::string>{"git/"};
    std::vector<std::string> names;
    for (const auto& [path, text] : files)
      if (path.parent_path() == folder) names.push_back(path.filename().string());
    return names.empty() ? std::nullopt : std::optional(names);
  };
  for (const char* command : {"start", "purge", "test", "update"})
    tolerating([&] {
      Request request;
      request.address = {"git", command, {}};
      if (request.address.command == "test") request.address.variants = {"full", "check"};
      const Unit unit = read_unit(request, outside);
      std::ignore = to_text(unit);
      read_values(unit);
      tolerating([&] { std::ignore = map_unit(unit, "/here"); });
      if (request.address.command == "test") std::ignore = tests_of(unit, "/here");
      if (request.address.command == "update") std::ignore = update_of(unit);
    });
  return 0;
}
