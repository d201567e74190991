#pragma once
// What a use case says while it works on one app of a pass. Private to declared.

#include <functional>
#include <mutex>
#include <string>

#include "change/context.h"
#include "declared/declared.h"

namespace belay::declared {

// A use case's words, under the app's name.
class AppReport final : public change::Report {
 public:
  // `before_it_runs`: called with each plan, when what it is for has been saved and nothing has been done yet.
  AppReport(std::string app, DeclaredListener& listener, std::mutex& turn, std::function<void()> before_it_runs = {})
      : app_(std::move(app)), listener_(listener), turn_(turn), before_it_runs_(std::move(before_it_runs)) {}

  void running(const plan::Plan& plan) override {
    if (before_it_runs_) before_it_runs_();
    const std::lock_guard lock(turn_);
    listener_.planned(app_, plan);
  }
  void note(const std::string& text) override { say(text); }
  void warning(const std::string& text) override { say(text); }
  void started(const plan::Plan& plan, size_t action) override {
    const std::lock_guard lock(turn_);
    listener_.step(app_, plan.actions.at(action).step);
  }
  void progress(const plan::Plan& /*plan*/, size_t /*action*/, const Progress& /*progress*/) override {
    const std::lock_guard lock(turn_);
    listener_.goes_on(app_);
  }

 private:
  void say(const std::string& text) {
    const std::lock_guard lock(turn_);
    listener_.note(app_, text);
  }

  const std::string app_;
  DeclaredListener& listener_;
  std::mutex& turn_;
  const std::function<void()> before_it_runs_;
};

}  // namespace belay::declared
