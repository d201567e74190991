#pragma once
// What plans do with data on this host: copies, exchanges, removals. Backups and restores add theirs. Private to host.

#include "change/context.h"
#include "data/reserve.h"
#include "exec/data.h"

namespace belay::change {

class DataWork : public exec::NoData {
 public:
  // What is mounted below data that is copied: an exchange would move it, a copy for a trial can do without.
  enum class Below { refused, left_out };
  DataWork(engine::Engine& engine, Report& report, Below below = Below::refused)
      : engine_(engine), warnings_(report), below_(below) {}

  void copy(const plan::CopyData& step, const engine::ProgressSink& progress, std::stop_token stop) override;
  void exchange(const plan::ExchangeData& step, std::stop_token stop) override;
  void remove(const plan::RemoveData& step, std::stop_token stop) override;

 protected:
  engine::Engine& engine() { return engine_; }
  data::Reserves reserves(std::stop_token stop) { return data::Reserves(engine_.volumes({}, stop)); }

 private:
  engine::Engine& engine_;
  Report& warnings_;
  const Below below_;
};

}  // namespace belay::change
