#include "plan/verdict_terms.h"

#include <algorithm>

namespace belay::plan {

namespace {

// The service's own check replaces the image's, field by field.
std::optional<HealthCheck> check_of(const Service& service, const Image* image) {
  if (image == nullptr || !image->config.health) return service.health;
  HealthCheck merged = *image->config.health;
  if (const auto& own = service.health) {
    if (!own->test.empty()) merged.test = own->test;
    if (own->interval) merged.interval = own->interval;
    if (own->timeout) merged.timeout = own->timeout;
    if (own->start_period) merged.start_period = own->start_period;
    if (own->retries) merged.retries = own->retries;
  }
  return merged;
}

// How long the engine itself may take to call a container unhealthy: its defaults are 30 s, 30 s and 3 retries.
Milliseconds patience(const HealthCheck& check) {
  const Milliseconds usual(30'000);
  const Milliseconds round = check.interval.value_or(usual) + check.timeout.value_or(usual);
  return check.start_period.value_or(Milliseconds(0)) + round * (check.retries.value_or(3) + 1);
}

// A migration that is ended half-way is worse than one that is waited for.
constexpr Milliseconds job_patience{3'600'000};

// Each as often as it may answer wrongly.
Milliseconds patience(const std::vector<Check>& checks) {
  Milliseconds longest(0);
  for (const auto& check : checks)
    if (check.retries)
      longest = std::max(
          longest, (check.timeout.value_or(Check::usual_timeout) + check.interval.value_or(Check::usual_interval)) *
                       (*check.retries + 1));
  return longest;
}

}  // namespace

AwaitVerdict verdict_terms(const std::string& container, const Service& service, const Image* image,
                           const Patience& asked, const Defaults& defaults) {
  const auto check = check_of(service, image);
  const bool is_told = check && !check->test.empty();
  const bool checked = is_told && check->test[0] != "NONE";
  const bool is_for_the_image_to_say = !is_told && (image == nullptr || image->unseen);
  const Milliseconds shortest = service.job ? std::max(defaults.wait_timeout, job_patience) : defaults.wait_timeout;
  const Milliseconds enough =
      checked || is_for_the_image_to_say ? std::max(shortest, patience(check.value_or(HealthCheck()))) : shortest;
  return {container,
          checked,
          asked.settle.value_or(defaults.settle),
          asked.wait_timeout.value_or(std::max(enough, patience(service.checks))),
          service.job ? AwaitVerdict::Proof::completed : AwaitVerdict::Proof::runs,
          service.checks,
          is_for_the_image_to_say};
}

}  // namespace belay::plan
