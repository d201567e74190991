#include "cli/faces.h"

#include <array>

#include "base/format.h"
#include "base/text.h"
#include "cli/faces/families.h"

namespace belay::cli {

namespace {

constexpr std::array table{
    Face{.name = "jockler", .summary = "image families: build, new, last, stable", .run = run_jockler},
    Face{.name = "dockervisor", .summary = "image families with named parameter sets", .run = run_dockervisor},
    Face{.name = "dockerup", .summary = "a host kept as its definitions say", .run = run_dockerup},
    Face{.name = "docker-compose", .summary = "the services of a Compose file", .run = run_docker_compose},
    Face{.name = "docker_start", .summary = "units of several containers", .run = run_docker_start},
    Face{.name = "dr", .summary = "services that bring their own commands", .run = run_dr},
};

}  // namespace

std::span<const Face> faces() {
  return table;
}

const Face* find_face(std::string_view name) {
  for (const auto& face : table)
    if (face.name == name) return &face;
  return nullptr;
}

int run_face(std::string_view name, Session& session, const std::vector<std::string>& arguments) {
  const Face* face = find_face(name);
  if (face == nullptr) {
    std::vector<std::string> known;
    for (const auto& other : table) known.emplace_back(other.name);
    std::string hint = did_you_mean(name, known);
    throw UsageError(format("there is no face '{}'", printable(name)),
                     hint.empty() ? format("Belay knows {}.", join(known, ", ")) : std::move(hint));
  }
  if (face->run == nullptr)
    throw Error(ErrorCode::unsupported, format("this belay does not speak the command line of {} yet", face->name),
                "Run belay help for Belay's own commands.");
  return face->run(session, arguments);
}

}  // namespace belay::cli
