#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/tty.h"
#include "host/inside.h"

namespace belay::cli {

int run_logs(Invocation& in) {
  engine::LogRequest request;
  request.follow = in.has("follow");
  request.timestamps = in.has("timestamps");
  if (const auto lines = in.number("lines")) request.tail = static_cast<int>(std::min(*lines, 1'000'000'000LL));
  request.since = in.time("since");
  HostRun run(in.session, in.description());
  std::stop_source ends;
  const std::stop_callback on_stop(in.stop(), [&] { ends.request_stop(); });
  const ReaderWatch reader(1, ends);
  UserTerminal terminal(0, 1, 2, ends.get_token());
  try {
    host::logs(
        run.context(), app_name(in), in.optional_argument("RELEASE").value_or(""), request,
        [&](engine::OutputStream stream, std::string_view bytes) { terminal.write(stream, bytes); }, ends.get_token());
  } catch (const OutputClosed&) {
    return 0;
  } catch (const Cancelled&) {
    // Ctrl-C is how one ends following; and so is an end of whoever reads.
    if (!request.follow && in.stop().stop_requested()) throw;
  }
  return 0;
}

}  // namespace belay::cli
