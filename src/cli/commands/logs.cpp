#include <algorithm>
#include <array>
#include <map>

#include "base/format.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/named.h"
#include "cli/tty.h"
#include "look/inside.h"
#include "look/whose.h"

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

LogRequest log_request(const Invocation& in) {
  LogRequest request;
  request.follow = in.has("follow");
  request.timestamps = in.has("timestamps");
  if (in.has("lines") && in.has("tail")) throw in.usage_error("--lines and --tail say the same: give one of them");
  for (const std::string_view option : {"lines", "tail"}) {
    const auto asked = in.text(option);
    if (!asked || *asked == "all") continue;
    const auto lines = parse_number(*asked);
    if (!lines)
      throw in.usage_error(format("the option --{} takes a number or all, not '{}'", option, printable(*asked)));
    request.tail = static_cast<int>(std::min(*lines, 1'000'000'000LL));
  }
  request.since = in.time("since");
  request.until = in.time("until");
  return request;
}

bool is_release(const std::string& word) {
  return word.size() > 1 && word[0] == 'r' && parse_number(word.substr(1)).has_value();
}

// Of a release whose container is gone by now. False: it has kept nothing, or its container is still there.
bool print_kept_logs(const Invocation& in, HostRun& run, const std::vector<Target>& targets,
                     const std::string& release) {
  if (!is_release(release)) return false;
  bool is_any = false;
  for (const auto& target : targets) {
    const auto kept = look::kept_log(run.context(), target, release, in.session.stop());
    if (!kept) continue;
    is_any = true;
    in.console.note(format("the container of {}/{} of {} is gone; its last lines were:", target.app.text(),
                           kept->service, release));
    for (const auto& line : split(trim(kept->lines), '\n')) in.console.line(line);
  }
  in.console.flush();
  return is_any;
}

}  // namespace

int run_logs(Invocation& in) {
  const LogRequest request = log_request(in);
  auto words = in.arguments("NAME");
  std::string release;
  if (words.size() > 1 && is_release(words.back())) {
    release = words.back();
    words.pop_back();
  }
  if (const auto asked = in.text("release")) {
    if (!release.empty()) throw in.usage_error("--release and the last word say the same: give one of them");
    release = is_release(*asked) || *asked == "last" || *asked == "stable" ? *asked : "r" + *asked;
  }
  HostRun run(in.session, in.description());
  Named named(in, run);
  named.allow_earlier_containers();
  // Outside a project there is no one app: all are read.
  auto targets = words.empty() && !named.project() ? named.every_app() : named.of_all(words, "NAME");
  if (targets.empty()) {
    in.console.note("there are no apps yet");
    return 0;
  }
  for (Target& target : targets) take_index(in, target);
  if (release.empty()) release = named.release_of_container();
  const bool is_kept = print_kept_logs(in, run, targets, release);
  const bool has_prefix = !in.has("no-log-prefix");
  std::stop_source ends;
  const std::stop_callback on_stop(in.stop(), [&] { ends.request_stop(); });
  const ReaderWatch reader(1, ends);
  UserTerminal terminal(0, 1, 2, ends.get_token());
  try {
    Prefixes prefixes(in.console.has_color());
    look::logs(
        run.context(), targets, release, request,
        [&](const std::string& service, OutputStream stream, std::string_view bytes) {
          terminal.write(stream, service.empty()
                                     ? std::string(bytes)
                                     : (has_prefix ? prefixes.of(service) : "") + std::string(bytes) + "\n");
        },
        ends.get_token());
  } catch (const NotFound& error) {
    if (!is_kept || error.code() != ErrorCode::container_not_found) throw;
  } catch (const OutputClosed&) {
    return 0;
  } catch (const Cancelled&) {
    // Ctrl-C is how one ends following; and so is an end of whoever reads.
    if (!request.follow && in.stop().stop_requested()) throw;
  }
  return 0;
}

}  // namespace belay::cli
