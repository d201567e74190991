#pragma once
// Holding an app still while its data is read, and letting it go on whatever comes of that. Private to host.

#include <functional>

#include "backup/manifest.h"
#include "change/context.h"
#include "model/journal.h"

namespace belay::safekeeping {

// The same wish, once more and without a verdict. Saved before anything is held still, it makes the next command let
// go, whatever ended this one.
App held_still(const change::Context& context, const App& app);

// What is needed to hold the containers of one release still, and to let go again. Looks at all that it is given as
// long as it lives.
class Quiesce {
 public:
  // `held`: of held_still. Where nothing runs there is nothing to hold still: the way is `live` then. Throws NotFound
  // where what is to be stopped could not start again: a path that it is bound to is missing.
  Quiesce(change::Context& context, const App& held, const Release& release, const World& world,
          backup::Consistency way, std::stop_token stop);

  backup::Consistency way() const { return way_; }
  // In the order of the services.
  const std::vector<const Container*>& running() const { return running_; }
  // The steps, to be done one after the other; without `after`.
  std::vector<plan::Action> hold() const;
  std::vector<plan::Action> resume() const;
  // Lets the app go on now, as `now` shows it, whatever was done of all this. Not to be stopped.
  void let_go_on(change::Context& context, const World& now) const;
  // Others that may write to the same data: sentences for people. They are not ours to hold still.
  std::vector<std::string> foreign_writers() const;

 private:
  std::vector<plan::Action> only_what_ran(std::vector<plan::Action> steps) const;

  const App& held_;
  const Release& release_;
  const World& world_;
  backup::Consistency way_;
  const plan::Defaults& defaults_;
  const Time now_;
  std::vector<const Container*> running_;
};

// Does `work`, which holds the app still: saves `held` before it and `app`, as that is then, behind it. Whatever it
// throws, and even if nothing can be written any more: first of all `let_go_on` lets the app go on.
void while_still(change::Context& context, const App& app, const App& held, const std::function<void()>& work,
                 const std::function<void()>& let_go_on);

// The journal's entry of a backup, whatever comes of it.
class BackupEntry {
 public:
  // It is begun. All are looked at as long as it lives.
  BackupEntry(change::Context& context, const App& app, const JournalVerb& verb, const std::string& where,
              ReleaseNumber release);

  // Does `work`; an error goes on after it was entered, a stop as one whose words say that there is no backup.
  void tell(const std::function<void()>& work) const;
  void done() const { write("done", where_); }

 private:
  void write(const JournalOutcome& outcome, const std::string& text) const;

  change::Context& context_;
  const App& app_;
  const JournalVerb verb_;
  const std::string where_;
  const ReleaseNumber release_;
};

// Hears how long the app was held still: from the first step that does that to the end of the last that ends it.
class StillWatch final : public change::Report {
 public:
  StillWatch(change::Report& report, const Clock& clock) : report_(report), clock_(clock) {}

  void tell(const plan::Event& event) override;
  std::optional<Milliseconds> still() const { return still_; }
  // How many steps were begun, whatever came of them: they are one after the other.
  size_t begun() const { return begun_; }

 private:
  void begins(const plan::StepOf& which);
  void ends(const plan::Step& step);

  change::Report& report_;
  const Clock& clock_;
  std::optional<Ticks> held_;
  std::optional<Milliseconds> still_;
  size_t begun_ = 0;
};

}  // namespace belay::safekeeping
