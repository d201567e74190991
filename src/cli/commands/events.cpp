// events and wait: what happens to containers, as the engine tells it.

#include "base/format.h"
#include "base/local_time.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/tty.h"
#include "document/json.h"
#include "look/happenings.h"
#include "report/look_json.h"
#include "report/result_json.h"

namespace belay::cli {

namespace {

std::string text_line(const look::Happening& happening) {
  std::vector<std::string> details;
  for (const auto& [name, value] : happening.attributes) details.push_back(format("{}={}", name, value));
  return format("{} {} {}{}", local_time(happening.time, Precision::seconds), happening.container, happening.action,
                details.empty() ? "" : format(" ({})", join(details, ", ")));
}

}  // namespace

int run_events(Invocation& in) {
  HostRun run(in.session, in.description());
  Named named(in, run);
  const auto words = in.arguments("NAME");
  std::vector<Target> targets;
  if (!words.empty() || in.session.project)
    targets = named.of_all(words, "NAME");
  else if (const auto app = named.app_here())
    targets = {*app};
  look::HappeningRequest request;
  request.since = in.time("since");
  request.until = in.time("until");
  request.follow = in.has("follow");
  std::stop_source ends;
  const std::stop_callback on_stop(in.stop(), [&] { ends.request_stop(); });
  const ReaderWatch reader(1, ends);
  UserTerminal terminal(0, 1, 2, ends.get_token());
  try {
    look::happenings(
        run.context(), targets, request,
        [&](const look::Happening& happening) {
          terminal.write(
              OutputStream::out,
              (in.has("json") ? document::write_json(happening_json(happening)) : text_line(happening)) + "\n");
          return true;
        },
        ends.get_token());
  } catch (const OutputClosed&) {
    return 0;
  } catch (const Cancelled&) {
    // Ctrl-C is how one ends following; and so is an end of whoever reads.
    if (!request.follow && in.stop().stop_requested()) throw;
  }
  return 0;
}

// The exit code is that of the container that ended last, as `docker compose wait` has it.
int run_wait(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto targets = Named(in, run).of_all(in.arguments("NAME"), "NAME");
  const auto ended = look::wait_for_ends(
      run.context(), targets,
      [&](const look::Ending& end) {
        if (!in.has("json")) in.console.line(format("{} ended with {}", end.container, end.exit_code));
      },
      in.stop());
  if (in.has("json")) print_record(in.console, "containers", endings_json(ended));
  return ended.back().exit_code;
}

}  // namespace belay::cli
