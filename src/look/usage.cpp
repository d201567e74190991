#include "look/usage.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <set>
#include <thread>

#include "look/look.h"
#include "safekeeping/backups.h"

namespace belay::look {

namespace {

// A measurement takes a second or two, most of which is waiting.
constexpr size_t at_a_time = 16;

std::vector<UsageRow> rows_to_measure(change::Context& context, const std::vector<Target>& targets,
                                      std::stop_token stop) {
  std::set<std::string> running;
  for (const auto& container : context.engine.containers({.all = false, .label = {}}, stop))
    running.insert(container.name);
  std::vector<UsageRow> rows;
  for (const auto& target : targets) {
    try {
      for (const auto& found : containers_of(context, target, {}, stop))
        if (running.erase(found.container) > 0) rows.push_back({target.app.text(), found.service, found.container, {}});
    } catch (const NotFound& error) {
      // It has never run, or its containers are gone: nothing uses anything.
      if (error.code() != ErrorCode::release_not_found && error.code() != ErrorCode::container_not_found) throw;
    }
  }
  return rows;
}

ByteCount sum_of_volumes(change::Context& context, const AppName& name, const std::map<std::string, ByteCount>& sizes,
                         std::stop_token stop) {
  std::set<std::string> volumes;
  for (const auto& row : current_volumes(context, {name}, stop))
    if (row.kind == Mount::Kind::volume) volumes.insert(row.volume);
  ByteCount sum;
  for (const auto& volume : volumes)
    if (const auto size = sizes.find(volume); size != sizes.end()) sum.value += size->second.value;
  return sum;
}

// Also of those that were adopted, which bear no labels.
ByteCount sum_of_containers(const std::string& name, const std::vector<Container>& all,
                            const std::vector<AppSummary>& apps, const engine::DiskUse& disk) {
  std::set<std::string> containers;
  for (const auto& container : all)
    if (const auto owner = labels::owner(container.labels); owner && owner->app == name)
      containers.insert(container.name);
  for (const auto& app : apps)
    if (app.name == name)
      for (const auto& instance : app.instances) containers.insert(instance.container);
  ByteCount sum;
  for (const auto& container : containers)
    if (const auto size = disk.containers.find(container); size != disk.containers.end())
      sum.value += size->second.value;
  return sum;
}

std::optional<ByteCount> freed_by_cleanup(change::Context& context, const AppName& name, std::stop_token stop) {
  try {
    return freed_by(context, name, change::plan_cleanup(context, name, change::usual_way_back, stop), stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::vector<UsageRow> usage(change::Context& context, engine::Meter& meter, const std::vector<Target>& targets,
                            std::stop_token stop) {
  auto rows = rows_to_measure(context, targets, stop);
  std::vector<char> is_measured(rows.size(), 0);
  std::vector<std::exception_ptr> failures(rows.size());
  std::atomic<size_t> next = 0;
  const auto measure = [&] {
    for (size_t i = next++; i < rows.size(); i = next++) {
      try {
        rows[i].usage = meter.usage(rows[i].container, stop);
        is_measured[i] = 1;
      } catch (const Conflict&) {
        // It has ended meanwhile.
        continue;
      } catch (const NotFound&) {
        continue;
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < std::min(at_a_time, rows.size()); ++i) threads.emplace_back(measure);
  }
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
  std::vector<UsageRow> measured;
  for (size_t i = 0; i < rows.size(); ++i)
    if (is_measured[i] != 0) measured.push_back(std::move(rows[i]));
  return measured;
}

ByteCount freed_by(change::Context& context, const AppName& name, const plan::Plan& plan, std::stop_token stop) {
  ByteCount sum;
  const auto rows = images(context, name, stop);
  for (const auto& action : plan.actions)
    if (const auto* removal = std::get_if<plan::RemoveImage>(&action.step))
      for (const auto& row : rows)
        if (row.id == removal->image) sum.value += row.size.value;
  return sum;
}

Space space(change::Context& context, engine::Meter& meter, const std::vector<AppName>& apps, std::stop_token stop) {
  Space space;
  space.engine = meter.disk_use(stop);
  const auto sizes = context.engine.volume_sizes(stop);
  const auto containers = context.engine.containers({}, stop);
  const auto summaries = list(context, stop);
  for (const auto& name : apps) {
    SpaceRow row{name.text(), {}, {}, {}, {}, {}};
    for (const auto& image : images(context, name, stop)) row.images.value += image.size.value;
    row.containers = sum_of_containers(name.text(), containers, summaries, space.engine);
    row.volumes = sum_of_volumes(context, name, sizes, stop);
    for (const auto& backup : safekeeping::backups(context, name, stop)) row.backups.value += backup.size.value;
    row.frees = freed_by_cleanup(context, name, stop);
    space.apps.push_back(std::move(row));
  }
  return space;
}

}  // namespace belay::look
