#include <algorithm>
#include <array>
#include <map>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/tty.h"
#include "look/inside.h"

namespace belay::cli {

namespace {

// "web/2 | ": in a colour of its own for each service, and as wide as the widest so far.
class Prefixes {
 public:
  explicit Prefixes(bool in_color) : in_color_(in_color) {}

  std::string of(const std::string& service) {
    const size_t index = order_.try_emplace(service, order_.size()).first->second;
    width_ = std::max(width_, service.size());
    const std::string text = service + std::string(width_ - service.size(), ' ') + " | ";
    constexpr std::array colors{36, 33, 32, 35, 34, 31};
    return in_color_ ? format("\x1b[{}m{}\x1b[0m", colors.at(index % colors.size()), text) : text;
  }

 private:
  bool in_color_;
  size_t width_ = 0;
  std::map<std::string, size_t> order_;
};

}  // namespace

int run_logs(Invocation& in) {
  LogRequest request;
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
    Prefixes prefixes(in.console.has_color());
    look::logs(
        run.context(), target(in), in.optional_argument("RELEASE").value_or(""), request,
        [&](const std::string& service, OutputStream stream, std::string_view bytes) {
          terminal.write(stream,
                         service.empty() ? std::string(bytes) : prefixes.of(service) + std::string(bytes) + "\n");
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

}  // namespace belay::cli
