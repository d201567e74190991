#pragma once
// What plans do with data on this host: copies, exchanges, removals. Backups and restores add theirs. Private to host.

#include <map>
#include <mutex>
#include <vector>

#include "change/context.h"
#include "data/reserve.h"
#include "exec/data.h"

namespace belay::change {

// What copies are for.
enum class Copies {
  for_a_change,  // the app goes on with other data or another release when it is made: it is on the disk by then
  for_keeping,   // the app goes on as it was: it is on the disk after `settle`
  for_a_trial,   // it goes again: nobody misses it after a power cut, nor what is mounted below the data
};

class DataWork : public exec::NoData {
 public:
  DataWork(engine::Engine& engine, Report& report, Copies copies = Copies::for_a_change)
      : engine_(engine), warnings_(report), copies_(copies) {}

  // What the copies of the plan need and takes time, before anything stands still for them: how much there is to copy,
  // and to the disk what has to be there anyway.
  void measure(const plan::Plan& plan, std::stop_token stop);
  // All copies to the disk.
  void settle(std::stop_token stop);

  void copy(const plan::CopyData& step, const engine::ProgressSink& progress, std::stop_token stop) override;
  void exchange(const plan::ExchangeData& step, std::stop_token stop) override;
  void remove(const plan::RemoveData& step, std::stop_token stop) override;

 protected:
  engine::Engine& engine() { return engine_; }
  data::Reserves reserves(std::stop_token stop) { return data::Reserves(engine_.volumes({}, stop)); }

 private:
  engine::Engine& engine_;
  Report& warnings_;
  const Copies copies_;
  std::map<DataPlace, std::int64_t> sizes_;  // constant after `measure`
  std::mutex mutex_;
  std::vector<DataPlace> unsettled_;  // guarded by mutex_
};

}  // namespace belay::change
