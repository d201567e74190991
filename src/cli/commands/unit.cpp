#include "base/format.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/unit_run.h"

namespace belay::cli {

namespace {

formats::dockerstra::Request unit_request(const Invocation& in) {
  formats::dockerstra::Request request;
  if (const auto folder = in.text("conf")) request.configuration = *folder;
  request.environments = in.list("environment");
  return request;
}

void expect_no_more(const Invocation& in) {
  if (const auto more = in.arguments("WORD"); !more.empty())
    throw in.usage_error(format("unexpected argument '{}'", printable(more.front())));
}

int run_orders(Invocation& in) {
  UnitCall call;
  call.request = unit_request(in);
  const auto name = in.optional_argument("UNIT");
  if (!name) throw in.usage_error("UNIT is missing");
  call.request.address = formats::dockerstra::parse_address(*name);
  call.request.words = in.arguments("WORD");
  const bool prints = in.has("print-unit") || in.has("print-only") || in.argument("VERB") == "print";
  if (prints || in.has("print-substitutions")) {
    print_unit(in.session, call.request, in.has("print-substitutions") ? Printed::variables : Printed::unit);
    return 0;
  }
  call.dry_run = in.has("dry-run");
  call.exit_unchanged = in.has("exit-unchanged");
  call.json = in.has("json");
  call.keep_going = in.has("keep-going");
  call.production = in.has("production");
  call.timeout = in.duration("timeout");
  if (const auto file = in.text("junit")) call.junit = *file;
  if (const auto folder = in.text("output")) call.output = fs::absolute(*folder);
  if (const auto agreed = in.text("yes-lose-data")) agree_to_lose(call, *agreed);
  call.command = in.description();
  return run_unit(in.session, call);
}

}  // namespace

int run_unit_command(Invocation& in) {
  const std::string verb = in.argument("VERB");
  const auto name = in.optional_argument("UNIT");
  if (verb == "run" || verb == "print") return run_orders(in);
  expect_no_more(in);
  if (verb == "list") {
    if (name) throw in.usage_error(format("unexpected argument '{}'", printable(*name)));
    list_units(in.session, unit_request(in), in.has("units"), in.has("services"));
  } else if (verb == "help") {
    help_unit(in.session, unit_request(in), name, in.has("service"));
  } else {
    if (!name) throw in.usage_error("the folder is missing");
    init_units(in.session, *name);
  }
  return 0;
}

}  // namespace belay::cli
