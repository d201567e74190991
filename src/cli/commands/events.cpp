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
#include "report/result_json.h"

namespace belay::cli {

namespace {

std::string json_line(const look::Happening& happening) {
  Node node = Node::map();
  node.set("time", Node::text(iso_time(happening.time)));
  node.set("type", Node::text("container"));
  node.set("app", Node::text(happening.app));
  node.set("service", text_or_null(happening.service));
  node.set("container", Node::text(happening.container));
  node.set("action", Node::text(happening.action));
  Node attributes = Node::map();
  for (const auto& [name, value] : happening.attributes) attributes.set(name, Node::text(value));
  node.set("attributes", std::move(attributes));
  return document::write_json(node);
}

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
          terminal.write(OutputStream::out, (in.has("json") ? json_line(happening) : text_line(happening)) + "\n");
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
