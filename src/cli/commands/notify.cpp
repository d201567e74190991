// notify: where notices go, and whether they arrive.

#include <unistd.h>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/declared_run.h"
#include "cli/json_output.h"
#include "serve/daemon.h"

namespace belay::cli {

namespace {

report::Notice test_notice(Time now) {
  report::Notice notice;
  notice.time = now;
  notice.kind = "test";
  notice.text = "this is a test: notices of Belay arrive here";
  std::string host(256, '\0');
  if (::gethostname(host.data(), host.size() - 1) == 0) notice.host = host.substr(0, host.find('\0'));
  return notice;
}

std::vector<report::Delivery> deliveries(Invocation& in, const formats::Settings& settings) {
  std::vector<Delivery> all;
  const report::Notice notice = test_notice(in.clock.now());
  for (const auto& sink : serve::usual_notice_sinks(in.clock)(settings)) {
    auto& each = all.emplace_back(report::Delivery{sink->name(), {}, {}});
    if (!in.has("test")) continue;
    try {
      sink->deliver(notice, in.stop());
      each.delivered = true;
    } catch (const Cancelled&) {
      throw;
    } catch (const std::exception& error) {
      each.delivered = false;
      each.reason = error.what();
    }
  }
  return all;
}

}  // namespace

int run_notify(Invocation& in) {
  const auto file = in.text("config");
  const formats::Settings settings = read_settings(file ? std::optional(fs::absolute(*file)) : std::nullopt);
  const auto all = deliveries(in, settings);
  bool has_failed = false;
  for (const auto& each : all) {
    const bool failed = each.delivered == false;
    has_failed = has_failed || failed;
    if (in.has("json")) continue;
    if (failed)
      in.console.error(Error(ErrorCode::connection_failed, format("{}: {}", each.to, each.reason)));
    else if (each.delivered)
      in.console.success(format("{}: delivered", each.to));
    else
      in.console.line(each.to);
  }
  if (in.has("json")) print_record(in.console, "notices", report::deliveries_json(all));
  if (!all.empty()) return has_failed ? 1 : 0;
  std::string where = file.value_or(usual_settings_file().string());
  if (where.empty()) where = "/etc/belay/belay.conf";
  if (in.has("test"))
    throw NotFound(format("nobody is told: {} names no place for notices", where),
                   "Set webhook or notify_command there: belay notify --help.");
  if (!in.has("json")) in.console.note(format("nobody is told: {} names no place for notices", where));
  return 0;
}

}  // namespace belay::cli
