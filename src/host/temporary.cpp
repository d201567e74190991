#include "host/temporary.h"

#include <unistd.h>

#include "base/format.h"

namespace belay::host {

std::string temporary_name(const AppName& app, const std::string& purpose) {
  return format("belay-{}-{}-{}", purpose, app.text(), ::getpid());
}

void clear_temporary(Context& context, const AppName& app, std::stop_token stop) {
  const std::string label = format("{}={}", labels::temporary, app.text());
  plan::Plan plan;
  std::vector<size_t> containers;
  for (const auto& container : context.engine.containers({true, label}, stop)) {
    const std::string reason = "an earlier command left it behind";
    std::vector<size_t> last;
    if (container.is_up()) last = {plan.add(plan::StopContainer{container.name, Seconds(0)}, reason)};
    containers.push_back(plan.add(plan::RemoveContainer{container.name}, reason, last));
  }
  for (const auto& volume : context.engine.volumes(label, stop))
    plan.add(plan::RemoveVolume{volume.name}, "a copy that an earlier command left behind", containers);
  for (const auto& network : context.engine.networks(stop))
    if (const auto found = network.labels.find(labels::temporary);
        found != network.labels.end() && found->second == app.text())
      plan.add(plan::RemoveNetwork{network.name}, "an earlier command left it behind", containers);
  if (plan.empty()) return;
  const auto outcome = exec::run(plan, context.engine, context.clock, context.report, context.run, stop);
  if (outcome.error) throw *outcome.error;
}

}  // namespace belay::host
