#include "change/data_work.h"

#include "base/format.h"

namespace belay::change {

void DataWork::measure(const plan::Plan& plan, std::stop_token stop) {
  std::optional<data::Reserves> here;
  for (const auto& action : plan.actions) {
    const auto* step = std::get_if<plan::CopyData>(&action.step);
    if (step == nullptr) continue;
    try {
      if (!here) here = reserves(stop);
      sizes_[step->from] = data::size_of(here->path(step->from), stop).value;
      // Else the copy would wait for all that others have written.
      if (copies_ == Copies::for_a_change) here->sync(step->from);
    } catch (const Cancelled&) {
      throw;
    } catch (const Error&) {
      // The copy itself tells what is wrong.
    }
  }
}

void DataWork::settle(std::stop_token stop) {
  const data::Reserves here = reserves(std::move(stop));
  const std::lock_guard lock(mutex_);
  for (const auto& reserve : unsettled_) here.sync(reserve);
  unsettled_.clear();
}

void DataWork::copy(const plan::CopyData& step, const engine::ProgressSink& progress, std::stop_token stop) {
  const data::Reserves here = reserves(stop);
  const auto size = sizes_.find(step.from);
  Progress told{step.from.source, "copying", 0, size == sizes_.end() ? 0 : size->second, false, {}};
  data::CopyOptions options;
  options.written = [&](std::int64_t written) {
    told.current = written;
    progress(told);
  };
  options.warning = [&](const std::string& text) { warnings_.warning(text); };
  options.leave_mounts_out = copies_ == Copies::for_a_trial;
  here.copy(step.from, step.into, options, copies_ == Copies::for_a_change ? data::Sync::at_once : data::Sync::later,
            stop);
  if (copies_ == Copies::for_keeping) {
    const std::lock_guard lock(mutex_);
    unsettled_.push_back(step.into);
  }
  told.done = true;
  progress(told);
}

void DataWork::exchange(const plan::ExchangeData& step, std::stop_token stop) {
  reserves(stop).exchange(step.place, step.reserve, step.content);
}

void DataWork::remove(const plan::RemoveData& step, std::stop_token stop) {
  if (step.reserve.kind != DataPlace::Kind::volume) return data::Reserves::remove(step.reserve);
  // The engine removes all that is below, whatever it is.
  if (const auto mount = reserves(stop).mount_in(step.reserve)) throw Error(ErrorCode::mount_in_the_way, *mount);
  engine_.remove_volume(step.reserve.source, stop);
}

}  // namespace belay::change
