#include "updates/update_rules.h"

#include <algorithm>
#include <cstdint>

#include "base/format.h"
#include "model/names.h"
#include "updates/window.h"

namespace belay::updates {

namespace {

// "1.3@cd34ef567890"
std::string label(const Candidate& candidate) {
  const std::string tag = ImageRef::parse(candidate.reference).tag;
  return format("{}{}{}", tag, tag.empty() ? "" : "@", short_digest(candidate.digest));
}

// Nobody wants to know the seconds of a day.
std::string rough(Milliseconds time) {
  if (time >= std::chrono::minutes(1))
    time = std::chrono::floor<std::chrono::minutes>(time);
  else if (time >= Seconds(1))
    time = std::chrono::floor<Seconds>(time);
  return duration_text(std::max(time, Milliseconds(0)));
}

bool contains(const std::vector<std::string>& digests, const std::string& digest) {
  return std::find(digests.begin(), digests.end(), digest) != digests.end();
}

bool is_current(const UpdateSituation& situation, const Candidate& candidate) {
  // Repository digests come as "web@sha256:…" as well.
  const auto runs = [&](const std::string& digest) {
    return !digest.empty() && std::any_of(situation.current.begin(), situation.current.end(), [&](const auto& known) {
      return known == digest || known.ends_with("@" + digest);
    });
  };
  return runs(candidate.digest) || std::any_of(candidate.also.begin(), candidate.also.end(), runs);
}

const Quarantine* quarantine_of(const UpdateSituation& situation, const Candidate& candidate) {
  for (const auto& each : situation.quarantine)
    if (!each.digest.empty() && (each.digest == candidate.digest || each.digest.ends_with("@" + candidate.digest) ||
                                 contains(candidate.also, each.digest)))
      return &each;
  return nullptr;
}

Decision waiting_for_age(const UpdatePolicy& policy, const UpdateSituation& situation, const Candidate& young,
                         Time now) {
  Decision decision;
  decision.kind = Decision::Kind::wait_age;
  decision.candidate = young;
  const Time ripe = young.first_seen + policy.minimum_age;
  decision.until = next_turn(policy, situation.app, ripe);
  decision.waits = format("{} is new and waits until it is {} old", label(young), rough(policy.minimum_age));
  decision.sentence = format("{} was first seen {} ago; waits until that is {} ({})", label(young),
                             rough(now - young.first_seen), rough(policy.minimum_age), local_time_text(ripe, now));
  if (decision.until - ripe >= std::chrono::minutes(1))
    decision.sentence += format(", then for its turn ({})", local_time_text(decision.until, now));
  return decision;
}

Decision blocked(const Candidate& candidate, const Quarantine& quarantine) {
  Decision decision;
  decision.kind = Decision::Kind::quarantined;
  decision.candidate = candidate;
  decision.reason = quarantine.reason;
  decision.waits = decision.sentence = format("{} failed here before and is not tried again: {}", label(candidate),
                                              quarantine.reason.empty() ? "no reason was kept" : quarantine.reason);
  return decision;
}

Decision ripe(const UpdatePolicy& policy, const UpdateSituation& situation, const Candidate& candidate, Time now) {
  Decision decision;
  decision.candidate = candidate;
  const Time ready = candidate.first_seen + policy.minimum_age;
  // Without a window the turn is counted from the moment of ripeness, which every app on every host has in common.
  decision.until = Window::parse(policy.window).is_always() ? std::max(now, next_turn(policy, situation.app, ready))
                                                            : next_turn(policy, situation.app, now);
  // The first candidate of its reference is what the registry shows.
  const auto shown = std::find_if(situation.candidates.begin(), situation.candidates.end(),
                                  [&](const Candidate& each) { return each.reference == candidate.reference; });
  decision.tag_moved_on = shown->digest != candidate.digest;
  const char* moved = decision.tag_moved_on ? " (the tag has moved on to something younger)" : "";
  if (decision.until > now) {
    decision.kind = Decision::Kind::wait_window;
    decision.waits = format("{} is new{} and waits for its {}", label(candidate), moved,
                            policy.window.empty() ? "turn" : format("window '{}'", policy.window));
    decision.sentence = format("{} is new{}; waits for its {} ({})", label(candidate), moved,
                               policy.window.empty() ? "turn" : format("window '{}'", policy.window),
                               local_time_text(decision.until, now));
  } else {
    decision.kind = Decision::Kind::update;
    decision.sentence = format("{} is new{} and may be deployed now", label(candidate), moved);
  }
  return decision;
}

}  // namespace

std::string Candidate::pinned() const {
  return ImageRef::parse(reference).repository + "@" + digest;
}

std::vector<Candidate> in_order(std::vector<Candidate> seen, const std::string& shown_digest) {
  std::sort(seen.begin(), seen.end(), [&](const Candidate& a, const Candidate& b) {
    const bool a_shown = a.digest == shown_digest, b_shown = b.digest == shown_digest;
    if (a_shown != b_shown) return a_shown;
    return a.first_seen != b.first_seen ? a.first_seen > b.first_seen : a.digest < b.digest;
  });
  return seen;
}

Milliseconds own_jitter(const std::string& app, Milliseconds jitter) {
  if (jitter <= Milliseconds(0)) return Milliseconds(0);
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : app) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  // Names that differ in their last letter would else lie close together.
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdu;
  hash ^= hash >> 33;
  return Milliseconds(static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(jitter.count())));
}

Time next_turn(const UpdatePolicy& policy, const std::string& app, Time from) {
  const Window window = Window::parse(policy.window);
  if (window.is_always()) return from + own_jitter(app, policy.jitter);
  const Time open = window.next_opening(from);
  const Time opened = window.opened(open);
  // A spread wider than the window would keep some apps out of it for ever.
  const Milliseconds spread = std::min<Milliseconds>(policy.jitter, window.closing(opened) - opened);
  return std::max(open, opened + own_jitter(app, spread));
}

Decision decide(const UpdatePolicy& policy, const UpdateSituation& situation, Time now) {
  Decision nothing;
  if (!policy.pull) {
    nothing.sentence = "no news are asked for";
    return nothing;
  }
  const Candidate* young = nullptr;
  const Candidate* bad = nullptr;
  for (const auto& candidate : situation.candidates) {
    if (is_current(situation, candidate)) {
      nothing.sentence = format("{} is the newest", label(candidate));
      break;
    }
    if (quarantine_of(situation, candidate) != nullptr) {
      if (bad == nullptr) bad = &candidate;
    } else if (candidate.first_seen + policy.minimum_age > now) {
      if (young == nullptr) young = &candidate;
    } else {
      return ripe(policy, situation, candidate, now);
    }
  }
  // What will happen next is more than what will not happen.
  if (young != nullptr) return waiting_for_age(policy, situation, *young, now);
  if (bad != nullptr) return blocked(*bad, *quarantine_of(situation, *bad));
  if (nothing.sentence.empty()) nothing.sentence = "the registry has shown nothing yet";
  return nothing;
}

}  // namespace belay::updates
