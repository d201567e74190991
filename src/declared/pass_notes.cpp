#include <algorithm>

#include "base/format.h"
#include "base/lock.h"
#include "base/text.h"
#include "declared/pass.h"
#include "state/store.h"

namespace belay::declared {

void Pass::note_wait(const AppName& name, state::Store& store, Wait::Topic topic, const std::string& text, Time since,
                     std::optional<Time> until) const {
  if (options_.dry_run) return;
  const auto of_app = view_.waits.find(name.text());
  const Wait* known = nullptr;
  if (of_app != view_.waits.end())
    for (const auto& wait : of_app->second)
      if (wait.topic == topic) known = &wait;
  std::optional<Wait> now;
  if (!text.empty()) now = Wait{topic, text, since, until};
  // The same as before began when it began.
  if (now && known != nullptr && known->text == text && topic != Wait::Topic::held) now->since = known->since;
  if (now ? known == nullptr || *known != *now : known != nullptr) store.set_wait(name, topic, now);
}

void Pass::note_trouble(const AppName& name, state::Store& store, const DeclaredApp& result) const {
  if (options_.only_keep_up) return;
  const bool is_broken = result.lacks_files || (result.kind == Outcome::broken && !result.change.failed());
  note_wait(name, store, Wait::Topic::definition, is_broken ? result.reason : "", context_.clock.now());
}

void Pass::note_choices(const Declaration& declared, state::Store& store, const ImageChoices& choices) const {
  const Time now = context_.clock.now();
  bool any_asked = false;
  for (const auto& [service, choice] : choices) {
    // What is to be pulled, or waits, is asked for again until it is here.
    if (choice.asked && choice.period && choice.pull.empty() && choice.waits_for.empty() && !options_.dry_run)
      store.note_asked(choice.reference, now);
    if (!choice.trouble.empty()) {
      note_wait(declared.name, store, Wait::Topic::registry, choice.trouble, now);
      return;
    }
    any_asked = any_asked || choice.asked;
  }
  // Where nobody asked, what was found when somebody did still holds.
  const auto wants_news = [&](const Service& service) { return update_policy(declared, service).pull; };
  const auto& services = declared.spec.services;
  if (!any_asked && std::any_of(services.begin(), services.end(), wants_news)) return;
  note_wait(declared.name, store, Wait::Topic::registry, "", now);
  if (const auto wait = wait_of_all(choices))
    note_wait(declared.name, store, Wait::Topic::update, wait->text, wait->since, wait->until);
  else
    note_wait(declared.name, store, Wait::Topic::update, "", now);
}

void Pass::note_decision(const AppName& name, state::Store& store, const Situation& situation,
                         const Decision& decision) const {
  if (const auto* hold = std::get_if<Hold>(&decision))
    note_wait(name, store, Wait::Topic::held, wait_of(*hold, situation), hold->since.value_or(situation.now),
              hold->until);
  else
    note_wait(name, store, Wait::Topic::held, "", situation.now);
}

void Pass::note_failure(const App& app, state::Store& store, const Release& tried) const {
  note_wait(app.name, store, Wait::Topic::held, wait_after_failure(tried.number), app.wish.since);
}

}  // namespace belay::declared
