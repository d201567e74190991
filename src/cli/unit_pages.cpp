// What belay unit prints: lists, help, resolved units; and the example that it makes.

#include <unistd.h>

#include "base/format.h"
#include "base/text.h"
#include "cli/unit_run.h"

namespace belay::cli {

namespace {

namespace dockerstra = formats::dockerstra;

struct ExampleFile {
  const char* path;
  const char* text;
};

constexpr ExampleFile example[] = {
    // NOLINT(cppcoreguidelines-avoid-c-arrays)
    {"environments/default.yaml",
     "# Variables of all units; files of this folder are read in the order of their names.\nhello_port: 8080\n"},
    {"services/hello/Dockerfile",
     "FROM busybox\nCOPY index.html /www/index.html\nEXPOSE 80\nCMD [\"httpd\", \"-f\", \"-p\", \"80\", \"-h\", "
     "\"/www\"]\n"},
    {"services/hello/index.html", "Hello from a unit.\n"},
    {"services/hello/README.md", "A web server that says hello.\n"},
    {"units/hello/start.yaml",
     "# A unit of one container. First what its containers are, then the orders, then its own arguments.\n"
     "hello:\n"
     "  build:\n"
     "    path: services/hello\n"
     "    tag: hello\n"
     "  creation:\n"
     "    environment: {GREETING: \"{{ args.greeting }}\"}\n"
     "  startup:\n"
     "    port_bindings: {80: {{ hello_port }}}\n"
     "---\n"
     "- hello: {command: start}\n"
     "---\n"
     "- add_argument: {name: --greeting, short: -g, default: hello, help: what it says}\n"},
    {"units/hello/README.md", "Says hello on the port that environments/default.yaml names.\n"},
};

void print_text(Session& session, std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  session.console.line(text);
}

bool is_named(const std::string& folder, const std::string& name) {
  return folder == name || folder.substr(folder.find('/') + 1) == name;
}

void help_service(Session& session, const fs::path& configuration, const std::string& name) {
  const auto outside = unit_outside();
  std::vector<std::string> known;
  for (const auto& folder : dockerstra::image_folders(configuration, outside)) {
    known.push_back(folder.name);
    if (!is_named(folder.name, name)) continue;
    const auto text = dockerstra::readme(configuration / folder.name, outside);
    print_text(session, text.value_or(format("{} has no readme.", folder.name)));
    return;
  }
  std::string hint = did_you_mean(name, known);
  throw NotFound(ErrorCode::not_found, format("there is no service '{}'", printable(name)),
                 hint.empty() ? "belay unit list --services shows them." : hint);
}

}  // namespace

dockerstra::Outside unit_outside() {
  std::map<std::string, std::string> variables;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (const size_t equals = text.find('='); equals != std::string::npos)
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return dockerstra::this_machine(std::move(variables));
}

void print_unit(Session& session, const dockerstra::Request& request, Printed what) {
  dockerstra::Unit unit = dockerstra::read_unit(request, unit_outside());
  if (what == Printed::unit) return print_text(session, dockerstra::to_text(unit));
  // What the process has set may be secret, and is known to those who can ask for it.
  unit.values.remove("osenv");
  for (auto& member : unit.values.members())
    if (names_a_secret(member.key)) member.value = document::Node::text("(hidden)");
  print_text(session, dockerstra::to_yaml(unit.values));
}

void list_units(Session& session, const dockerstra::Request& request, bool units, bool services) {
  const auto outside = unit_outside();
  const fs::path configuration = dockerstra::find_configuration(request.configuration, outside);
  std::string last;
  if (units || !services)
    for (const auto& file : dockerstra::unit_files(configuration, outside)) {
      if (file.unit == last) continue;
      last = file.unit;
      for (const auto& command : dockerstra::commands_of(configuration, file.unit, outside))
        session.console.line(format("{}/{}", file.unit, command.name));
    }
  if (services)
    for (const auto& folder : dockerstra::image_folders(configuration, outside)) session.console.line(folder.name);
}

void help_unit(Session& session, const dockerstra::Request& request, const std::optional<std::string>& name,
               bool is_service) {
  if (!name) return list_units(session, request, !is_service, is_service);
  const auto outside = unit_outside();
  const fs::path configuration = dockerstra::find_configuration(request.configuration, outside);
  if (is_service) return help_service(session, configuration, *name);
  const auto address = dockerstra::parse_address(*name);
  const auto commands = dockerstra::commands_of(configuration, address.unit, outside);
  if (const auto text = dockerstra::readme(configuration / "units" / address.unit, outside)) {
    print_text(session, *text);
    session.console.line("");
  }
  std::vector<std::string> words;
  for (const auto& command : commands) words.push_back(command.name);
  session.console.line(format("Commands of {}: {}", address.unit, join(words, ", ")));
  const auto arguments = dockerstra::arguments_of(configuration, address, request.environments, outside);
  if (arguments.all().empty()) return;
  session.console.line(format("\nusage: {} {}\n", address.name(), arguments.usage()));
  print_text(session, arguments.help());
}

void init_units(Session& session, const fs::path& folder) {
  const fs::path place = plain_absolute(folder);
  const auto outside = unit_outside();
  if (const auto names = outside.names(place); names && !names->empty())
    throw Conflict(ErrorCode::conflict, format("{} is not empty", place.string()),
                   "Name a folder that is not there yet.");
  for (const ExampleFile& file : example) {
    make_folder((place / file.path).parent_path());
    write_file_durably(place / file.path, file.text);
  }
  session.console.success(format("{} is a configuration directory with the unit hello", place.string()));
  session.console.note(format("Start it: belay unit run -c {} hello", place.string()));
}

}  // namespace belay::cli
