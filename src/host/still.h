#pragma once
// Holding an app still while its data is read, and letting it go on whatever comes of that. Private to host.

#include "backup/manifest.h"
#include "host/context.h"

namespace belay::host {

// The same wish, once more and without a verdict. Saved before anything is held still, it makes the next command let
// go, whatever ended this one.
App held_still(const Context& context, const App& app);

// What is needed to hold the containers of one release still, and to let go again. Looks at all that it is given as
// long as it lives.
class Stillness {
 public:
  // `held`: of held_still. Where nothing runs there is nothing to hold still: the way is `live` then.
  Stillness(const App& held, const Release& release, const World& world, backup::Consistency way,
            const plan::Defaults& defaults, Time now);

  backup::Consistency way() const { return way_; }
  // In the order of the services.
  const std::vector<const Container*>& running() const { return running_; }
  // The steps, to be done one after the other; without `after`.
  std::vector<plan::Action> hold() const;
  std::vector<plan::Action> let_go() const;
  // Others that may write to the same data: sentences for people. They are not ours to hold still.
  std::vector<std::string> strangers() const;

 private:
  const App& held_;
  const Release& release_;
  const World& world_;
  backup::Consistency way_;
  const plan::Defaults& defaults_;
  const Time now_;
  std::vector<const Container*> running_;
};

// What lets the app go on now, whatever was done of all this; empty: nothing has to be.
plan::Plan plan_letting_go(Context& context, const App& held, const World& world);

// Hears how long the app was held still: from the first step that does that to the end of the last that ends it.
class StillWatch final : public exec::Listener {
 public:
  StillWatch(Report& report, const Clock& clock) : report_(report), clock_(clock) {}

  void started(const plan::Plan& plan, size_t action) override;
  void progress(const plan::Plan& plan, size_t action, const engine::Progress& progress) override;
  void done(const plan::Plan& plan, size_t action) override;
  void failed(const plan::Plan& plan, size_t action, const std::string& why) override;
  std::optional<Milliseconds> still() const { return still_; }

 private:
  Report& report_;
  const Clock& clock_;
  std::optional<Ticks> held_;
  std::optional<Milliseconds> still_;
};

}  // namespace belay::host
