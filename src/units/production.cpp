#include "units/production.h"

#include <algorithm>

#include "base/format.h"
#include "change/apps.h"
#include "change/start.h"
#include "change/temporary.h"
#include "engine/captured_output.h"
#include "formats/dockerstra/map.h"
#include "formats/dockerstra/order_values.h"
#include "units/execute.h"
#include "units/test_parts.h"

namespace belay::units {

using formats::dockerstra::UnitTests;

namespace {

using formats::dockerstra::DaemonCheck;
using formats::dockerstra::JobCheck;
using formats::dockerstra::Order;
using formats::dockerstra::OwnTest;

// Of a container of the composition. Throws Failed where it is not there, or not the unit's.
std::string name_in_use(change::Context& context, const UnitTests& tests, const std::string& container,
                        const std::stop_token& stop) {
  Order order;
  order.container = container;
  const std::string name = formats::dockerstra::container_of_order(tests.unit, order);
  const auto owner = change::owner_of(context, name, stop);
  if (!owner || owner->app.text() != tests.unit.address.unit)
    throw Failed{format("there is no container {} of the unit", name)};
  return name;
}

void ask_in_use(change::Context& context, const UnitTests& tests, const DaemonCheck& each, std::string& look,
                std::string& last_answer, const std::stop_token& stop) {
  look = name_in_use(context, tests, each.asked, stop);
  const Ask ask = [&](Milliseconds most) { return exec::ask(each.check, look, context.engine, most, stop); };
  ask_until_right(context, each.check, look, context.defaults.wait_timeout, ask, last_answer, stop);
}

// The service of the test's own container among those in use: with the data of the unit's container, not beside it.
Service service_in_use(change::Context& context, const UnitTests& tests, const OwnTest& test,
                       const Declaration& declared, const std::stop_token& stop) {
  Service service = declared.spec.service(test.place);
  const auto name_of = [&](const std::string& other) {
    return name_in_use(context, tests, other.substr(0, other.find(':')), stop) +
           (other.find(':') == std::string::npos ? "" : other.substr(other.find(':')));
  };
  constexpr std::string_view of_service = "service:";
  for (auto& from : service.volumes_from)
    if (from.starts_with(of_service)) from = name_of(from.substr(of_service.size()));
  for (auto* mode : {&service.network_mode, &service.pid_mode, &service.ipc_mode, &service.uts_mode})
    if (mode->starts_with(of_service)) *mode = "container:" + name_of(mode->substr(of_service.size()));
  // A volume that only follows from the test's name is the container's own of the same mount point, else the engine
  // would make one that stays.
  const std::string own = name_in_use(context, tests, test.container, stop);
  const ContainerDetail detail = detail_of(context, own, stop);
  // It is where the unit's container is, unless it says otherwise; nobody there takes it for that.
  if (service.networks.empty() && service.network_mode.empty())
    for (const NetworkLink& link : detail.service.networks) service.networks.push_back({link.network, {}, "", ""});
  std::vector<Mount> mounts;
  for (Mount& mount : service.mounts) {
    if (mount.kind == Mount::Kind::volume && !declared.named_volumes.contains(mount.source)) {
      const auto& theirs = detail.container.mounts;
      const auto same =
          std::find_if(theirs.begin(), theirs.end(), [&](const Mount& each) { return each.target == mount.target; });
      if (same == theirs.end()) continue;
      mount.source = same->source;
      mount.kind = same->kind;
    }
    mounts.push_back(std::move(mount));
  }
  service.mounts = std::move(mounts);
  // Nobody in those networks takes it for the app: neither who reads labels nor who looks for names.
  service.labels.clear();
  for (NetworkLink& link : service.networks) {
    link.aliases.clear();
    link.ipv4.clear();
    link.ipv6.clear();
    link.link_local_ips.clear();
    link.mac_address.clear();
  }
  service.mac_address.clear();
  service.entrypoint = std::vector<std::string>{test.command.front()};
  service.command = std::vector<std::string>(test.command.begin() + 1, test.command.end());
  service.health.reset();
  service.checks.clear();
  service.ports.clear();
  service.publish_all_ports = false;
  service.container_name.clear();
  return service;
}

void run_own_in_use(change::Context& context, const UnitTests& tests, const OwnTest& test, const TestOptions& options,
                    std::string& look, const std::stop_token& stop) {
  const Declaration declared = formats::dockerstra::declaration_of(tests.unit, options.folder);
  engine::CapturedOutput output(most_kept);
  look = name_in_use(context, tests, test.container, stop);
  const ContainerDetail detail = detail_of(context, look, stop);
  Service service = service_in_use(context, tests, test, declared, stop);
  const auto keep = [&](const std::string& container) {
    if (test.files.empty() && !test.captures_logs) return;
    if (service.working_dir.empty())
      if (const auto image = context.engine.image(detail.container.image_id, stop))
        service.working_dir = image->config.working_dir;
    keep_of(context, tests, test, service, container, change::temporary_name(declared.name, "test") + "-data",
            output.text(), options.output, stop);
  };
  int code = 0;
  if (test.may_run_inside && detail.container.state == ContainerState::running) {
    ExecRequest request;
    request.command = test.command;
    code = context.engine.exec(look, request, output, stop);
    keep(look);
  } else {
    const auto other = context.engine.image(service.image, stop);
    const bool is_own_image = service.image == declared.spec.service(test.container).image || !other;
    code = run_passing(context, declared.name, is_own_image ? detail.container.image_id : other->id, service, output,
                       keep, stop);
  }
  if (code != 0) throw Failed{format("the command ended with exit code {}", code), output.text()};
}

}  // namespace

std::vector<ProductionCase> production_cases(const UnitTests& tests, const TestOptions& options) {
  std::vector<ProductionCase> cases;
  if (tests.checks) {
    for (const DaemonCheck& each : tests.daemons)
      cases.push_back({{each.container, short_question(each), each.where},
                       [&tests, &each](auto& context, auto& look, auto& last_answer, const auto& stop) {
                         ask_in_use(context, tests, each, look, last_answer, stop);
                       }});
    for (const JobCheck& job : tests.jobs)
      cases.push_back(
          {{job.container, "job", job.where}, [&tests, &job](auto& context, auto& look, auto&, const auto& stop) {
             look = name_in_use(context, tests, job.container, stop);
             check_job(context, job, look, stop);
           }});
  }
  for (const OwnTest& test : tests.own)
    cases.push_back({{test.container, test.name, test.where},
                     [&tests, &test, &options](auto& context, auto& look, auto&, const auto& stop) {
                       run_own_in_use(context, tests, test, options, look, stop);
                     }});
  return cases;
}

void run_production_case(change::Context& context, const ProductionCase& each, const TestOptions& options,
                         TestCase& result, const std::stop_token& stop) {
  std::string look, last_answer;
  run_case(
      context, options, [&](const std::stop_token& limit) { each.work(context, look, last_answer, limit); }, result,
      look, last_answer, stop);
}

}  // namespace belay::units
