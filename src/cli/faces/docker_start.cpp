// The face docker_start: the command lines of its document on the use cases of units.

#include <array>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "cli/faces/families.h"
#include "cli/help.h"
#include "cli/unit_run.h"

namespace belay::cli {

namespace {

constexpr std::array face_options{
    Option{.name = "conf", .letter = 'c', .value = "DIR"},
    Option{.name = "environment", .letter = 'e', .value = "NAME", .repeatable = true},
    Option{.name = "host", .letter = 'H', .value = "ENDPOINT"},
    Option{.name = "verbose", .letter = 'v'},
    Option{.name = "debug", .letter = 'd'},
    Option{.name = "help", .letter = 'h'},
    Option{.name = "print-unit"},
    Option{.name = "print-only"},
    Option{.name = "print-substitutions"},
    Option{.name = "units"},
    Option{.name = "services"},
    Option{.name = "yes-lose-data", .value = "UNIT"},
    Option{.name = "junit", .value = "FILE"},
    Option{.name = "output", .value = "DIR"},
    Option{.name = "production"},
    Option{.name = "unit"},
    Option{.name = "service"},
};

struct FaceCall {
  std::vector<std::string> words;
  formats::dockerstra::Request request;
  std::optional<std::string> agreed;  // --yes-lose-data
  std::optional<std::string> junit, output;
  std::set<std::string> flags;
  bool has(const char* flag) const { return flags.contains(flag); }
};

FaceCall read_face(Session& session, const std::vector<std::string>& arguments) {
  std::vector<const Option*> known;
  for (const Option& option : face_options) known.push_back(&option);
  // What follows UNIT/COMMAND belongs to the unit.
  Words words = read_words("docker_start", arguments, known, 1);
  FaceCall call;
  call.words = std::move(words.positionals);
  for (auto& [option, value] : words.options) {
    if (option->name == "conf")
      call.request.configuration = value;
    else if (option->name == "environment")
      call.request.environments.push_back(value);
    else if (option->name == "yes-lose-data")
      call.agreed = value;
    else if (option->name == "junit")
      call.junit = value;
    else if (option->name == "output")
      call.output = value;
    else if (option->name == "host")
      session.globals.host = value;
    else
      call.flags.emplace(option->name);
  }
  return call;
}

[[noreturn]] void refuse_words(const std::string& message) {
  throw UsageError(message, "docker_start run UNIT/COMMAND, list, help or init DIR; docker_start --help shows more.");
}

int run_words(Session& session, FaceCall& face) {
  if (face.words.size() < 2) refuse_words("UNIT/COMMAND is missing");
  face.request.address = formats::dockerstra::parse_address(face.words[1]);
  face.request.words.assign(face.words.begin() + 2, face.words.end());
  if (face.has("print-substitutions") || face.has("print-unit") || face.has("print-only")) {
    print_unit(session, face.request, face.has("print-substitutions") ? Printed::variables : Printed::unit);
    return 0;
  }
  UnitCall call;
  call.production = face.has("production");
  if (face.junit) call.junit = *face.junit;
  if (face.output) call.output = fs::absolute(*face.output);
  call.request = face.request;
  call.command = format("docker_start run {}", face.request.address.text());
  if (face.agreed) agree_to_lose(call, *face.agreed);
  return run_unit(session, call);
}

}  // namespace

int run_docker_start(Session& session, const std::vector<std::string>& arguments) {
  FaceCall face = read_face(session, arguments);
  if (face.has("help") || face.words.empty()) {
    show_markdown(session.console, std::string(help_page("docker_start")));
    return 0;
  }
  const std::string& verb = face.words.front();
  if (verb == "run") return run_words(session, face);
  if (face.words.size() > 2) refuse_words(format("unexpected argument '{}'", printable(face.words[2])));
  const auto name = face.words.size() > 1 ? std::optional(face.words[1]) : std::nullopt;
  if (verb == "list") {
    list_units(session, face.request, face.has("units"), face.has("services"));
  } else if (verb == "help") {
    help_unit(session, face.request, name, face.has("service"));
  } else if (verb == "init") {
    if (!name) refuse_words("the folder is missing");
    init_units(session, *name);
  } else {
    std::string hint = did_you_mean(verb, {"run", "list", "help", "init"});
    throw UsageError(format("docker_start has no command '{}'", printable(verb)),
                     hint.empty() ? "It has run, list, help and init." : hint);
  }
  return 0;
}

}  // namespace belay::cli
