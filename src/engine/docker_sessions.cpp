#include <algorithm>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "base/time_limit.h"
#include "engine/captured_output.h"
#include "engine/docker_encode.h"
#include "engine/docker_engine.h"
#include "engine/docker_streams.h"
#include "engine/hang_up.h"
#include "engine/hang_up_inside.h"

namespace belay::engine {

namespace {

// Seconds with three decimals: the engine's form of a point in time within a query.
std::string query_time(Time time) {
  const auto milliseconds = time.time_since_epoch().count();
  return format("{}.{:03}", milliseconds / 1000, milliseconds % 1000);
}

Target resize_target(const std::string& path, Terminal::Size size) {
  Target target(path + "/resize");
  target.with("h", std::to_string(size.rows)).with("w", std::to_string(size.columns));
  return target;
}

// Keeps the window over there as large as the user's, until the returned guard dies.
std::shared_ptr<void> follow_size(DockerConnection& connection, Terminal& terminal, const std::string& path,
                                  std::stop_token stop) {
  const auto resize = [&connection, path, stop](Terminal::Size size) {
    try {
      connection.post(resize_target(path, size), "", stop);
    } catch (const Error&) {
      // A window of the wrong size is no reason to end the session.
    }
  };
  if (const auto size = terminal.size()) resize(*size);
  return terminal.on_resize(resize);
}

template <class Work>
void during_session(const std::string& name, Work&& work) {
  try {
    work();
  } catch (const net::StreamError& error) {
    throw EngineError(ErrorCode::engine_unreachable, 0, format("the session with {} broke: {}", name, error.what()));
  }
}

}  // namespace

void DockerEngine::logs(const std::string& name, const LogRequest& request, const OutputSink& sink,
                        std::stop_token stop) {
  const bool tty = inspect_present(name, stop).root()["Config"]["Tty"].truth();
  Target target("/containers/" + escaped(name) + "/logs");
  target.with("stdout", "1").with("stderr", "1");
  if (request.follow) target.with("follow", "1");
  if (request.timestamps) target.with("timestamps", "1");
  if (request.tail) target.with("tail", std::to_string(*request.tail));
  if (request.since) target.with("since", query_time(*request.since));
  if (request.until) target.with("until", query_time(*request.until));
  FrameReader frames(sink);
  DockerConnection::Streaming how;
  // Who follows a log waits for what is yet to be written.
  if (!request.follow) how.patience = connection_.patience().transfer;
  const auto response = connection_.stream(
      target, how,
      [&](std::string_view bytes) {
        if (tty) {
          sink(OutputStream::out, bytes);
        } else {
          frames.feed(bytes);
        }
        return true;
      },
      stop);
  if (!response.ok()) refuse(response);
}

// The end of the output and the end of the command are told by different parts of the engine: the output may be first.
int DockerEngine::exec_exit_code(const std::string& id, std::stop_token stop) {
  for (Milliseconds pause{5};; pause = std::min(pause * 2, Milliseconds(500))) {
    const auto state = accepted(connection_.get(Target("/exec/" + id + "/json"), stop));
    if (!state.root()["Running"].truth()) return static_cast<int>(state.root()["ExitCode"].number());
    if (!SystemClock().sleep(pause, stop)) throw Cancelled();
  }
}

std::optional<RunningCommand> DockerEngine::running_exec(const std::string& id, std::stop_token stop) {
  for (Milliseconds pause{5}; pause < Seconds(1); pause *= 2) {
    const auto state = accepted(connection_.get(Target("/exec/" + id + "/json"), stop));
    const auto pid = static_cast<pid_t>(state.root()["Pid"].number());
    if (!state.root()["Running"].truth()) {
      // Asked for and not begun yet, it has no exit code.
      if (state.root()["ExitCode"]) return {};
    } else if (pid > 0) {
      return RunningCommand{pid, state.root()["ContainerID"].text()};
    }
    if (!SystemClock().sleep(pause, stop)) return {};
  }
  return {};
}

// With pauses: a shell that has just been interrupted throws away what was typed before it asks again.
void DockerEngine::type_the_end(const std::string& id, net::Stream& stream, std::stop_token stop) {
  constexpr Milliseconds pause{200};
  for (int tries = 0; tries < 5 && running_exec(id, stop); ++tries)
    for (const std::string_view key : {"\x03", "\x04"}) {
      stream.write_all(key, SystemClock().ticks() + Seconds(2), stop);
      if (!SystemClock().sleep(pause, stop)) return;
    }
}

// Its number in there is not told. Where another of the same words runs, none is touched.
void DockerEngine::end_from_inside(const std::string& container, const ExecRequest& request, Ticks asked,
                                   std::stop_token stop) {
  int running = 0, alike = 0;
  for (const auto& id : inspect_present(container, stop).root()["ExecIDs"].texts()) {
    const auto state = accepted(connection_.get(Target("/exec/" + id + "/json"), stop));
    if (!state.root()["Running"].truth()) continue;
    ++running;
    std::vector<std::string> words = state.root()["ProcessConfig"]["arguments"].texts();
    words.insert(words.begin(), state.root()["ProcessConfig"]["entrypoint"].text());
    if (words == request.command) ++alike;
  }
  if (alike != 1) return;
  // Its clock counts whole seconds.
  const auto oldest = std::chrono::ceil<std::chrono::seconds>(SystemClock().ticks() - asked) + Seconds(1);
  ExecRequest ending;
  ending.command = {"sh",
                    "-c",
                    hang_up_inside,
                    "sh",
                    join(request.command, ""),
                    std::to_string(running - 1),
                    std::to_string(oldest.count())};
  ending.user = request.user;
  ending.detached = true;
  CapturedOutput unseen;
  exec(container, ending, unseen, stop);
}

void DockerEngine::end_exec(const std::string& id, const std::string& container, const ExecRequest& request,
                            Ticks asked, net::Stream* terminal) noexcept {
  try {
    // The caller's stop is what led here, mostly.
    const TimeLimit limit(Seconds(10), {});
    const auto command = running_exec(id, limit.token());
    if (!command) return;
    const bool is_reached = hang_up(*command, Seconds(5), [&] {
      const auto now = running_exec(id, limit.token());
      return now && now->pid == command->pid;
    });
    if (is_reached) return;
    if (terminal != nullptr)
      type_the_end(id, *terminal, limit.token());
    else
      end_from_inside(container, request, asked, limit.token());
  } catch (const std::exception&) {
    // What led here is told, also that the engine is away.
    return;
  }
}

int DockerEngine::exec(const std::string& name, const ExecRequest& request, Terminal& terminal, std::stop_token stop) {
  const ApiMinor api = connection_.version(stop).minor;
  const Ticks asked = SystemClock().ticks();
  const auto created =
      connection_.post(container_target(name, "/exec", stop), exec_body(request, terminal.size(), api), stop);
  if (created.status == 409) throw Conflict(ErrorCode::not_running, format("the container {} is not running", name));
  if (created.status == 404) throw NotFound(ErrorCode::container_not_found, format("there is no container {}", name));
  const std::string id = accepted(created).root()["Id"].text();
  JsonWriter start;
  start.object([&] {
    start.member("Detach", request.detached);
    start.member("Tty", request.tty);
  });
  if (request.detached) {
    const auto response = connection_.post(Target("/exec/" + id + "/start"), start.text(), stop);
    if (!says_done(response, {200})) refuse(response);
    return 0;
  }
  net::Upgrade session;
  try {
    session = connection_.upgrade(Target("/exec/" + id + "/start"), start.text(), stop);
    if (!session.stream) refuse(session.response);
    const auto following =
        request.tty ? follow_size(connection_, terminal, "/exec/" + id, stop) : std::shared_ptr<void>();
    // A terminal's input ends when that is lost, and a command on one is told by type_the_end.
    const EndOfInput end = request.tty ? EndOfInput::kept : EndOfInput::passed_on;
    during_session(name, [&] { run_session(*session.stream, terminal, request.tty, request.interactive, stop, end); });
    return exec_exit_code(id, stop);
  } catch (...) {
    end_exec(id, name, request, asked, request.tty ? session.stream.get() : nullptr);
    throw;
  }
}

// How the run that began at `began` ended, where a restart policy has begun another one at `again`: the engine told it.
// Both times are the engine's own. nullopt where it no longer knows.
std::optional<int> DockerEngine::told_exit_code(std::string_view name, Time began, Time again, std::stop_token stop) {
  std::optional<int> code;
  EventFilter ends;
  ends.types = {"container"};
  ends.actions = {"die"};
  ends.until = again + Milliseconds(1);
  const auto take = [&](const Event& event) {
    const auto told = event.attributes.find("exitCode");
    if (event.name != name || told == event.attributes.end()) return true;
    if (const auto number = parse_number(told->second)) code = static_cast<int>(*number);
    return !code;
  };
  events(began, ends, take, std::move(stop));
  return code;
}

std::optional<int> DockerEngine::exit_code_after_session(const std::string& name, Time began, std::stop_token stop) {
  // The engine's detach keys end a session too: then the container runs on, which a short wait shows.
  const Ticks deadline = SystemClock().ticks() + Seconds(1);
  for (;;) {
    const auto found = inspect(name, stop);
    if (!found) return {};
    const auto state = found->root()["State"];
    if (!state["Running"].truth() || state["Restarting"].truth()) return static_cast<int>(state["ExitCode"].number());
    if (const auto again = parse_time(state["StartedAt"].text()); again && *again > began)
      return told_exit_code(found->root()["Name"].text().substr(1), began, *again, stop);
    if (SystemClock().ticks() > deadline) return {};
    if (!SystemClock().sleep(Milliseconds(20), stop)) throw Cancelled();
  }
}

std::optional<int> DockerEngine::attach(const std::string& name, Terminal& terminal, std::stop_token stop) {
  const auto inspection = inspect_present(name, stop);
  const auto config = inspection.root()["Config"];
  // One that has never run is started once the session is there: nothing of its output is lost.
  const bool starts = inspection.root()["State"]["Status"].text() == "created";
  if (!starts && !inspection.root()["State"]["Running"].truth())
    throw Conflict(ErrorCode::not_running, format("the container {} is not running", name));
  const bool tty = config["Tty"].truth();
  const bool interactive = config["OpenStdin"].truth();
  const std::string path = "/containers/" + escaped(name);
  Target target(path + "/attach");
  target.with("stream", "1").with("stdout", "1").with("stderr", "1");
  if (interactive) target.with("stdin", "1");
  const auto session = connection_.upgrade(target, "", stop);
  if (!session.stream) refuse(session.response);
  if (starts) start_container(name, stop);
  const auto started = [](const JsonDocument& found) {
    return parse_time(found.root()["State"]["StartedAt"].text()).value_or(Time{});
  };
  const Time began = starts ? started(inspect_present(name, stop)) : started(inspection);
  const auto following = tty ? follow_size(connection_, terminal, path, stop) : std::shared_ptr<void>();
  during_session(name, [&] { run_session(*session.stream, terminal, tty, interactive, stop); });
  return exit_code_after_session(name, began, stop);
}

void DockerEngine::events(const std::optional<Time>& since, const EventFilter& filter,
                          const std::function<bool(const Event&)>& sink, std::stop_token stop) {
  Target target("/events");
  std::map<std::string, std::vector<std::string>> filters{{"type", filter.types}};
  if (!filter.actions.empty()) filters["event"] = filter.actions;
  target.with("filters", filters_json(filters));
  if (since) target.with("since", query_time(*since));
  if (filter.until) target.with("until", query_time(*filter.until));
  bool wanted = true;
  JsonStream values([&](JsonView value) {
    if (!wanted) return;
    // Asked again here: engines differ in how far they filter actions that carry a detail behind a colon.
    if (const auto event = decode_event(value); event && filter.takes(*event)) wanted = sink(*event);
  });
  const auto response = connection_.stream(
      target, {},
      [&](std::string_view bytes) {
        values.feed(bytes);
        return wanted;
      },
      stop);
  if (!response.ok()) refuse(response);
  if (wanted && !filter.until)
    throw EngineError(ErrorCode::engine_unreachable, 0, "the engine ended its stream of events", "Was it restarted?");
}

}  // namespace belay::engine
