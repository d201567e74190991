#pragma once
// What the daemon says about what it did: log lines, notices and counts; each trouble once, until it changes.

#include <atomic>
#include <map>
#include <set>
#include <string>

#include "host/declared.h"
#include "host/heal.h"
#include "serve/log_lines.h"
#include "serve/metrics.h"
#include "serve/notices.h"

namespace belay::serve {

// Not thread-safe, but for planned, step and note, which come from a pass's threads one at a time while the loop waits
// for the pass.
class News final : public host::DeclaredListener {
 public:
  // `self`: the app that this daemon is itself; may be empty. All references must outlive it.
  News(LogLines& log, Metrics& metrics, const Clock& clock, std::string self);

  // Where notices go; nullptr: nowhere.
  void tell_to(Notices* notices) { notices_ = notices; }

  void planned(const std::string& app, const plan::Plan& plan) override;
  void step(const std::string& app, const std::string& text) override;
  void note(const std::string& app, const std::string& text) override;
  void ended(const host::DeclaredApp& app) override;

  void healed(const host::Healing& healing);
  // Everything that a pass found; counts the apps by their state.
  void passed(const host::DeclaredHost& host);
  // A part of the daemon's ground ("definitions", "user-data", "engine", …) is in trouble; empty: it is not.
  void ground(const std::string& part, const std::string& trouble, const std::string& hint = {});

  // The daemon's own container is being stopped by the daemon's own plan: its successor has taken over.
  const std::atomic<bool>& is_handing_over() const { return handing_over_; }

 private:
  struct Fact {
    LogLevel level = LogLevel::notice;
    std::string event;  // of the notice; empty: none is sent
    std::string app, release, text, reason, log_tail;
  };
  void tell(const Fact& fact);
  // Told where it is not what was told of this last.
  void tell_trouble(const std::string& key, const Fact& fact);
  // Says that it is over, where one was told.
  void trouble_is_over(const std::string& key, const std::string& app);
  void tell_change(const host::DeclaredApp& app);
  void count_verdict(const char* verdict);

  LogLines& log_;
  Metrics& metrics_;
  const Clock& clock_;
  const std::string self_, host_;
  Notices* notices_ = nullptr;
  std::map<std::string, std::string> troubles_, held_;  // what was told last
  std::map<std::string, std::set<std::string>> notes_;  // by app
  std::atomic<bool> handing_over_{false};
};

}  // namespace belay::serve
