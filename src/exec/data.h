#pragma once
// What a plan does with data, as a port: the files of the host are not exec's business, nor is what a backup looks
// like.

#include "engine/engine.h"
#include "plan/action.h"

namespace belay::exec {

// Thread-safe as far as a plan does several of its steps at a time. What it is asked for and has not been made for
// throws Error, and so does what cannot be done; Cancelled on stop.
class Data {
 public:
  virtual ~Data() = default;
  virtual void copy(const plan::CopyData& step, const engine::ProgressSink& progress, std::stop_token stop) = 0;
  virtual void unpack(const plan::UnpackData& step, const engine::ProgressSink& progress, std::stop_token stop) = 0;
  virtual void exchange(const plan::ExchangeData& step, std::stop_token stop) = 0;
  virtual void remove(const plan::RemoveData& step, std::stop_token stop) = 0;
  virtual void back_up(const plan::BackUpData& step, const engine::ProgressSink& progress, std::stop_token stop) = 0;
  virtual void back_up_images(const plan::BackUpImages& step, const engine::ProgressSink& progress,
                              std::stop_token stop) = 0;
  virtual void finish_backup(const plan::FinishBackup& step, std::stop_token stop) = 0;
  virtual void load_images(const plan::LoadImages& step, const engine::ProgressSink& progress,
                           std::stop_token stop) = 0;
  virtual void check_backup(const plan::CheckBackup& step, std::stop_token stop) = 0;
};

// Has no data: every step of it is refused.
class NoData : public Data {
 public:
  void copy(const plan::CopyData&, const engine::ProgressSink&, std::stop_token) override { refuse(); }
  void unpack(const plan::UnpackData&, const engine::ProgressSink&, std::stop_token) override { refuse(); }
  void exchange(const plan::ExchangeData&, std::stop_token) override { refuse(); }
  void remove(const plan::RemoveData&, std::stop_token) override { refuse(); }
  void back_up(const plan::BackUpData&, const engine::ProgressSink&, std::stop_token) override { refuse(); }
  void back_up_images(const plan::BackUpImages&, const engine::ProgressSink&, std::stop_token) override { refuse(); }
  void finish_backup(const plan::FinishBackup&, std::stop_token) override { refuse(); }
  void load_images(const plan::LoadImages&, const engine::ProgressSink&, std::stop_token) override { refuse(); }
  void check_backup(const plan::CheckBackup&, std::stop_token) override { refuse(); }

 private:
  [[noreturn]] static void refuse() {
    throw Error(ErrorCode::internal, "internal error: the plan has data steps, but nothing to run them");
  }
};

}  // namespace belay::exec
