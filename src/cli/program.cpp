#include "cli/program.h"

#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "base/format.h"
#include "base/text.h"
#include "cli/faces.h"
#include "cli/habits.h"
#include "cli/help.h"
#include "cli/left_out.h"
#include "cli/which_app.h"

namespace belay::cli {

namespace {

constexpr int failed = 1;

// Before anything is known of the line: what speaks against it is told in the form that it asks for.
bool seems_to_ask_for_json(std::span<const std::string> arguments) {
  for (const auto& argument : arguments) {
    if (argument == "--") return false;
    if (argument == "--json") return true;
  }
  return false;
}

// "backup list": no app is called so, and another command does what was meant.
void tell_of_habit(const Invocation& in, const NotFound& error) {
  const bool is_of_name = error.code() == ErrorCode::app_not_found || error.code() == ErrorCode::service_not_found;
  if (!is_of_name || !in.has_words()) return;
  const auto& words = in.words();
  const std::string_view answer = answer_to_word(in.command.name, words.front());
  if (!answer.empty()) throw NotFound(error.code(), error.what(), with_name(answer, std::span(words).subspan(1)));
}

int run_selected(Session& session, const std::vector<std::string>& argv) {
  const std::string called = argv.empty() ? "belay" : std::filesystem::path(argv.front()).filename().string();
  const std::vector<std::string> arguments(argv.empty() ? argv.end() : argv.begin() + 1, argv.end());
  if (find_face(called) != nullptr) return run_face(called, session, arguments);
  return run_command_line(session, arguments);
}

}  // namespace

int run_command_line(Session& session, std::span<const std::string> arguments) {
  session.console.give_errors_as_json(seems_to_ask_for_json(arguments));
  CommandLine line = [&] {
    try {
      return parse_command_line(arguments, session.globals);
    } catch (const UsageError& error) {
      lead_from_what_it_is(session, arguments, error);
      throw;
    }
  }();
  session.globals = line.globals;
  if (line.globals.quiet) session.console.be_quiet();
  if (!line.globals.color) session.console.be_plain();
  if (line.globals.progress == "plain") session.console.be_still();
  if (line.globals.progress == "json") session.console.give_events_as_json();
  if (line.globals.utc) ::setenv("TZ", "UTC0", 1);
  ::tzset();
  if (line.globals.version) line.command = find_command("version");
  if (line.command == nullptr || (line.globals.help && !line.globals.version)) {
    show_page(session.console, line.command == nullptr ? page_of_program() : page_of(*line.command));
    return 0;
  }
  if (line.command->run == nullptr)
    throw Error(ErrorCode::unsupported, format("this belay was built without the command '{}'", line.command->name));
  Invocation invocation(session, std::move(line));
  const bool knows_json = invocation.command.find_option("json") != nullptr;
  session.console.give_errors_as_json(knows_json && invocation.has("json"));
  if (leaves_out_app(invocation.command, invocation.words())) name_the_app(invocation);
  if (const auto& places = invocation.command.positionals;
      invocation.has_words() && places.front().kind == Kind::app && AppName::is_valid(invocation.words().front()))
    session.console.speak_of(invocation.words().front());
  try {
    return invocation.command.run(invocation);
  } catch (const NotFound& error) {
    tell_of_habit(invocation, error);
    throw;
  }
}

int run_program(const std::vector<std::string>& argv, Console& console, Clock& clock, Doors doors) {
  Session session(console, clock, std::move(doors));
  try {
    const int code = run_selected(session, argv);
    console.finish();
    return code;
  } catch (const Cancelled& error) {
    console.error(error);
    return session.stop_signal() != 0 ? 128 + session.stop_signal() : failed;
  } catch (const Error& error) {
    console.error(error);
    return error_kind(error.code()).exit_code;
  } catch (const std::bad_alloc&) {
    console.error(Error(ErrorCode::no_memory, "there is not enough memory"));
    return failed;
  } catch (const std::exception& error) {
    console.error(Error(ErrorCode::internal, format("something went wrong inside Belay: {}", error.what()),
                        "This is a fault of the program; please report it with the command you gave."));
    return failed;
  }
}

}  // namespace belay::cli
