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

  void tell(const plan::Event& event) override {
    if (before_it_runs_ && std::holds_alternative<plan::PlanBegun>(event.what)) before_it_runs_();
    const std::lock_guard lock(turn_);
    listener_.tell({app_, event.what});
  }

 private:
  const std::string app_;
  DeclaredListener& listener_;
  std::mutex& turn_;
  const std::function<void()> before_it_runs_;
};

}  // namespace belay::declared
