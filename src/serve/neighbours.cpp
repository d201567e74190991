#include "serve/neighbours.h"

#include <algorithm>

#include "base/format.h"
#include "base/identity.h"
#include "base/text.h"
#include "model/labels.h"

namespace belay::serve {

namespace {

constexpr Milliseconds step{100};
// A knock that is older is left over from a daemon that was killed while it knocked.
constexpr Milliseconds longest_knock{60'000};
constexpr std::string_view prefix = "belay.knock.", answer_suffix = ".answer";

bool is_answer(std::string_view volume) {
  return volume.ends_with(answer_suffix);
}

}  // namespace

Neighbours::Neighbours(engine::Engine& engine, Clock& clock, std::string state, Milliseconds patience, std::string who)
    : engine_(engine), clock_(clock), state_(std::move(state)), patience_(patience), who_(std::move(who)) {}

void Neighbours::hear(const std::string& volume, const std::stop_token& stop) {
  if (!volume.starts_with(prefix) || is_answer(volume)) return;
  // Two of one state take turns by its lock.
  if (std::string_view(volume).substr(prefix.size()).starts_with(state_)) return;
  const bool answers = own_.with([&](Own& own) {
    if (own.phase == Phase::asking && volume < own.knock) own.earlier = volume;
    return own.phase == Phase::serving || (own.phase == Phase::asking && volume > own.knock);
  });
  if (!answers) return;
  try {
    // Events that were missed are told later, when the knock may be over.
    const auto knocks = engine_.volumes(labels::knock, stop);
    if (std::none_of(knocks.begin(), knocks.end(), [&](const Volume& knock) { return knock.name == volume; })) return;
    engine_.create_volume({volume + std::string(answer_suffix), {{labels::knock, who_}}}, stop);
  } catch (const Error&) {
    // An engine that is away has taken the knock with it.
  }
}

void Neighbours::ask(const std::stop_token& stop) {
  const std::string knock = format("{}{}.{}", prefix, state_, new_identity());
  own_.with([&](Own& own) { own = {Phase::asking, knock, {}}; });
  std::string other;
  try {
    engine_.create_volume({knock, {{labels::knock, who_}}}, stop);
    for (Milliseconds waited{0}; waited < patience_ && other.empty(); waited += step) {
      if (!clock_.sleep(step, stop)) throw Cancelled();
      other = answer_to(knock, stop);
    }
  } catch (...) {
    own_.with([](Own& own) { own.phase = Phase::silent; });
    remove(knock);
    throw;
  }
  own_.with([&](Own& own) {
    if (other.empty() && !own.earlier.empty()) other = "another belay, which begins at this moment";
    own.phase = other.empty() ? Phase::serving : Phase::silent;
  });
  remove(knock);
  remove(knock + std::string(answer_suffix));
  if (!other.empty())
    throw ServedByAnother(
        format("this engine is served by {}", other),
        "One daemon serves an engine. End the other one; or give both the same state (--state-dir; in "
        "containers the same mount), then they take turns.");
}

// Who answers; empty: nobody so far. Clears away what killed ones left.
std::string Neighbours::answer_to(const std::string& knock, const std::stop_token& stop) {
  std::string who;
  for (const auto& volume : engine_.volumes(labels::knock, stop)) {
    if (volume.name == knock + std::string(answer_suffix)) {
      const auto label = volume.labels.find(labels::knock);
      who = label == volume.labels.end() || label->second.empty() ? "another belay" : printable(label->second);
    } else if (volume.name != knock && volume.created && clock_.now() - *volume.created > longest_knock) {
      remove(volume.name);
    }
  }
  return who;
}

void Neighbours::remove(const std::string& volume) {
  try {
    engine_.remove_volume(volume, {});
  } catch (const Error&) {
    // It is empty, and the next one that knocks clears it away.
  }
}

}  // namespace belay::serve
