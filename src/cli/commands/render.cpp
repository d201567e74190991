// render: a file that follows from what runs, such as the configuration of a proxy.

#include "base/format.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "rendering/render_file.h"
#include "rendering/running_apps.h"
#include "report/result_json.h"

namespace belay::cli {

namespace {

using rendering::FileRequest;
using rendering::FileResult;

Node values_of(const Invocation& in) {
  Node values = Node::map();
  for (const auto& word : in.list("set")) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      throw in.usage_error(format("--set: '{}' is not NAME=VALUE", printable(word)));
    const std::string name = word.substr(0, equals);
    if (name == "apps") throw in.usage_error("--set: apps is the list of the running apps");
    values.remove(name);
    values.set(name, Node::text(word.substr(equals + 1)));
  }
  return values;
}

FileRequest request_of(const Invocation& in) {
  FileRequest request;
  request.source = in.argument("TEMPLATE");
  request.values = values_of(in);
  request.dry_run = in.has("dry-run");
  request.restart = in.has("restart");
  if (const auto signal = in.text("signal")) request.signal = *signal;
  if (const auto check = in.text("check")) request.check = shell_words(*check);
  if (request.restart && !request.signal.empty()) throw in.usage_error("--signal and --restart do not go together");
  if (!in.text("tell") && (request.restart || !request.signal.empty() || !request.check.empty()))
    throw in.usage_error("--check, --signal and --restart need --tell NAME");
  const auto file = in.optional_argument("FILE");
  if (!file && (in.text("tell") || in.has("follow") || in.has("exit-unchanged")))
    throw in.usage_error("--tell, --follow and --exit-unchanged need FILE");
  if (file) request.file = plain_absolute(*file);
  return request;
}

void print(Invocation& in, const FileRequest& request, const FileResult& result) {
  if (in.has("json")) {
    print_record(in.console, report::rendered_json(request, result));
    return;
  }
  const std::string file = request.file.string();
  if (!result.has_changed) return in.console.success(format("{}: unchanged", file));
  if (request.dry_run) {
    in.console.line(format("{} would hold:", file));
    for (const auto& line : split(trim(result.text), '\n')) in.console.line("  " + line);
    return;
  }
  in.console.success(result.told.empty() ? format("{} is written", file)
                                         : format("{} is written; {} {} it", file, join(result.told, ", "),
                                                  request.restart ? "restarted with" : "was told of"));
}

}  // namespace

int run_render(Invocation& in) {
  FileRequest request = request_of(in);
  HostRun run(in.session, in.description());
  if (const auto reader = in.text("tell")) request.reader = Named(in, run).of(*reader);
  if (request.file.empty()) {
    request.dry_run = true;
    request.file = "/dev/null";
    const FileResult result = rendering::render_file(run.context(), request, in.stop());
    run.report().close();
    for (const auto& line : split(trim(result.text), '\n')) in.console.line(line);
    return 0;
  }
  if (in.has("follow") && !request.dry_run) {
    rendering::keep_rendered(
        run.context(), request,
        [&](const FileResult& result) {
          run.report().close();
          print(in, request, result);
        },
        [&](const Error& error) {
          run.report().close();
          in.console.error(error);
        },
        in.stop());
    return 0;
  }
  const FileResult result = rendering::render_file(run.context(), request, in.stop());
  run.report().close();
  print(in, request, result);
  return in.has("exit-unchanged") && !result.has_changed ? 3 : 0;
}

}  // namespace belay::cli
