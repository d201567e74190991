#pragma once
// What the daemon does by the clock: backups and jobs, as the definitions ask for them. What is due when is in the
// state, so that it outlives the daemon: a run that was missed is made up for, once.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "change/context.h"
#include "formats/dockerup_settings.h"
#include "model/declaration.h"
#include "model/errand.h"
#include "serve/daemon_log.h"

namespace belay::serve {

// Makes a backup as a definition says, and removes those that are not kept. Throws Error where it fails.
using BackUp = std::function<void(change::Context& context, const AppName& name, const BackupPolicy& policy,
                                  const formats::Settings& settings, std::stop_token stop)>;

// What every run needs. References must outlive it; the functions are called from several threads.
struct ErrandGround {
  engine::Engine& engine;
  Clock& clock;
  LogLines& log;
  DaemonLog& told;
  std::function<std::unique_ptr<state::Store>()> open_state;
  std::function<formats::Settings()> settings;
  BackUp back_up;
  std::string who, command;
  plan::Defaults defaults{};
};

// Thread-safe; of one errand, one run at a time.
class ErrandRuns {
 public:
  explicit ErrandRuns(ErrandGround ground) : ground_(std::move(ground)) {}

  // Makes the state's errands those of the definitions, and knows them from now on. True where that is news.
  bool know(state::Store& store, const Declarations& declared);
  // Those that should begin: their turn has come, or an earlier daemon was cut off at them. `is_at`: some thread is.
  // One backup at a time: several would only be in each other's way.
  std::vector<Errand> to_begin(const std::function<bool(const Errand&)>& is_at) const;
  // When the next of the others is due.
  std::optional<Time> next(const std::function<bool(const Errand&)>& is_at) const;
  // Does it, and notes what came of it. On stop a backup is given up, a job runs on; both are gone on with later.
  void run(const Errand& errand, const std::stop_token& stop);
  // Apps whose job runs: nothing of them is changed meanwhile.
  std::set<std::string> apps_at_a_job() const;

 private:
  struct Known {
    Errand errand;
    std::optional<BackupPolicy> backup;
    std::optional<Time> not_before{};  // it could not even be begun, or noted: it is not tried again at once
    bool rests(Time now) const;
  };
  struct Result {
    bool is_skipped = false;
    std::string reason{}, log_tail{}, release{};  // reason: why it failed
  };
  Result run_backup(const Errand& errand, change::Context& context, const std::stop_token& stop) const;
  static Result run_a_job(const Errand& errand, bool goes_on, change::Context& context, const std::stop_token& stop);
  void tell(const Errand& before, const Errand& after, const Result& result) const;
  void remember(const Errand& errand);
  // It is not tried again at once.
  void rest(const Errand& errand);

  const ErrandGround ground_;
  Guarded<std::vector<Known>> known_{{}};
};

// One name for one errand: "backup web", "job shop/clean".
std::string name_of(const Errand& errand);

}  // namespace belay::serve
