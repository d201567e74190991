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
  UserTerminal terminal;
  try {
    host::logs(
        run.context(), app_name(in), in.optional_argument("RELEASE").value_or(""), request,
        [&](engine::OutputStream stream, std::string_view bytes) { terminal.write(stream, bytes); }, in.stop());
  } catch (const Cancelled&) {
    // Ctrl-C is how one ends following.
    if (!request.follow) throw;
  }
  return 0;
}

}  // namespace belay::cli
