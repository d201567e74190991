#include "change/data_work.h"

#include "base/format.h"

namespace belay::change {

void DataWork::copy(const plan::CopyData& step, const engine::ProgressSink& progress, std::stop_token stop) {
  const data::Reserves here = reserves(stop);
  Progress told{step.from.source, "copying", 0, data::size_of(here.path(step.from), stop).value, false, {}};
  data::CopyOptions options;
  options.written = [&](std::int64_t written) {
    told.current = written;
    progress(told);
  };
  options.warning = [&](const std::string& text) { warnings_.warning(text); };
  options.leave_mounts_out = below_ == Below::left_out;
  here.copy(step.from, step.into, options, stop);
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
