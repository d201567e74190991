#pragma once
// What the daemon says about what it did: log lines, notices and counts; each trouble once, until it changes.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "declared/declared.h"
#include "declared/heal.h"
#include "serve/log_lines.h"
#include "serve/metrics.h"
#include "serve/notices.h"
#include "state/store.h"

namespace belay::serve {

// Thread-safe: looks at several apps go on at once. Each call is told as a whole before the next, so that log and
// notices have one order.
class DaemonLog final : public declared::DeclaredListener {
 public:
  // `self`: the app that this daemon is itself; may be empty. All references must outlive it.
  DaemonLog(LogLines& log, Metrics& metrics, const Clock& clock, std::string self);

  // Where notices go from now on; nullptr: nowhere.
  void tell_to(std::shared_ptr<Notifications> notices);

  void tell(const plan::Event& event) override;
  void ended(const declared::DeclaredApp& app) override;

  // What a check found. An app that is as it is wished may still have other troubles, of which a pass told: they
  // are not over by that.
  void checked(const declared::DeclaredApp& app);
  // Everything that a pass over the whole host found.
  void passed(const declared::DeclaredHost& host);
  // A backup that some command was to make failed.
  void backup_failed(const state::BackupFailure& failure);
  // A part that the daemon stands on ("definitions", "user-data", "engine", …) is in trouble; empty: it is not.
  void subsystem_trouble(const std::string& part, const std::string& trouble, const std::string& hint = {});

  // The daemon's own container is being stopped by the daemon's own plan: its successor has taken over.
  const std::atomic<bool>& is_handing_over() const { return handing_over_; }

  struct Fact {
    LogLevel level = LogLevel::notice;
    std::string event;  // of the notice; empty: none is sent
    std::string app, release, text, reason, log_tail;
    // Its reason holds what a program wrote, which differs from look to look: another reason is no news.
    bool has_volatile_reason = false;
  };
  // Of apps, whatever the definitions say. Whether it was told already is the caller's business.
  void tell_of(const Fact& fact);

 private:
  // What can be in trouble, and be well again: an app, an app's health, a part that the daemon stands on.
  struct Subject {
    enum class Kind { app, health, subsystem };
    Kind kind = Kind::app;
    std::string name;
    auto operator<=>(const Subject&) const = default;
  };
  void begins(const std::string& app, const plan::Step& step);
  void remarks(const std::string& app, const std::string& text);
  // All below are called with the mutex held.
  void tell_ended(const declared::DeclaredApp& app);
  void tell_healing(const std::string& app, const declared::Healing& healing);
  void count_apps();
  void tell_fact(const Fact& fact);
  // Told where it is not what was told of this last.
  void tell_trouble(const Subject& subject, const Fact& fact);
  // Says that it is over, where one was told.
  void trouble_is_over(const Subject& subject, const std::string& app);
  // What it was about is declared no more.
  void trouble_is_gone(const Subject& subject);
  void tell_change(const declared::DeclaredApp& app);
  void count_verdict(const char* verdict);

  LogLines& log_;
  Metrics& metrics_;
  const Clock& clock_;
  const std::string self_, host_;
  std::mutex mutex_;  // guards all below
  std::shared_ptr<Notifications> notices_;
  std::map<Subject, std::string> troubles_;             // what was told last
  std::map<std::string, std::string> held_, left_;      // what was told last, by app
  std::map<std::string, std::set<std::string>> notes_;  // by app
  std::map<std::string, const char*> states_;           // by app, as the gauge calls them
  std::atomic<bool> handing_over_{false};
};

}  // namespace belay::serve
