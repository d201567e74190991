#pragma once
// What a plan does on this host itself, beside the engine and data: the scripts and commands of services.

#include "engine/engine.h"
#include "plan/action.h"

namespace belay::exec {

// What cannot be done throws Error; Cancelled on stop.
class HostWork {
 public:
  virtual ~HostWork() = default;
  virtual void run_script(const plan::RunScript& step, const engine::ProgressSink& progress, std::stop_token stop) = 0;
  virtual void put_launcher(const plan::PutLauncher& step) = 0;
  virtual void remove_launcher(const plan::RemoveLauncher& step) = 0;
  virtual void make_user(const plan::MakeHostUser& step, std::stop_token stop) = 0;
  virtual void remove_user(const plan::RemoveHostUser& step, std::stop_token stop) = 0;
};

// Every step of it is refused.
class NoHostWork final : public HostWork {
 public:
  void run_script(const plan::RunScript&, const engine::ProgressSink&, std::stop_token) override { refuse(); }
  void put_launcher(const plan::PutLauncher&) override { refuse(); }
  void remove_launcher(const plan::RemoveLauncher&) override { refuse(); }
  void make_user(const plan::MakeHostUser&, std::stop_token) override { refuse(); }
  void remove_user(const plan::RemoveHostUser&, std::stop_token) override { refuse(); }

 private:
  [[noreturn]] static void refuse() {
    throw Error(ErrorCode::internal, "internal error: the plan has steps of a service, but nothing to run them");
  }
};

}  // namespace belay::exec
