#pragma once
// The object graph of one command that works on the host: engine, state, and the display of what happens.

#include <memory>
#include <string>

#include "change/change.h"
#include "change/context.h"
#include "cli/change_result.h"
#include "cli/invocation.h"
#include "cli/progress.h"

namespace belay::cli {

// Shows actions and their progress while a use case runs.
class ProgressReport final : public change::Report {
 public:
  ProgressReport(Console& console, Clock& clock) : console_(console), clock_(clock) {}

  void tell(const plan::Event& event) override;
  // How long all took so far, and how long nothing ran: from the first stop to the end of the last start after it.
  Took took() const;
  // What follows is measured by itself.
  void begin_anew() { begun_ = first_stop_ = last_start_ = {}; }
  // Takes the live area off the screen before results are printed.
  void close() { display_.reset(); }

 private:
  struct Shown;

  std::string id_of(size_t action) const;
  Progress& display();

  Console& console_;
  Clock& clock_;
  std::optional<Time> begun_, first_stop_, last_start_;
  int plans_ = 0;  // several plans run in one command; their lines must not mix
  std::unique_ptr<Progress> display_;
};

// Which engine, where the command line does not say it, and a login that goes before those of config.json.
struct EngineChoice {
  std::string host;  // empty: the usual one
  std::optional<change::RegistryLogin> login;
};
// Of the command line and this choice.
change::InstallationOptions ground_options(Session& session, const EngineChoice& engine);

class HostRun {
 public:
  // `command`: as it was typed, for the journal and for whoever waits.
  HostRun(Session& session, std::string command, const EngineChoice& engine = {});

  change::Installation& installation() { return *installation_; }
  // Opens the state at the first call.
  change::Context& context();
  ProgressReport& report() { return report_; }
  const ProgressReport& report() const { return report_; }

 private:
  Session& session_;
  std::string command_;
  std::unique_ptr<change::Installation> installation_;
  ProgressReport report_;
  std::unique_ptr<change::Context> context_;
};

// The options that every swap takes: --wait-timeout, --settle, --no-wait, --order, --dry-run.
change::ChangeOptions change_options(const Invocation& in);
// How the result of a change is told: --exit-unchanged, --json, and what the run has measured.
ChangeWords change_words(const Invocation& in, const HostRun& run);
// The app's name as the first word.
AppName app_name(const Invocation& in);
// The same where an image or a folder may have been typed in its place: "deploy nginx:1.27", "build .".
AppName app_name_before_path(const Invocation& in);
// The same for commands that also take a part of an app: APP/SERVICE, APP/SERVICE/N.
Target target(const Invocation& in);

}  // namespace belay::cli
