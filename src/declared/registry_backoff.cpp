#include "declared/registry_backoff.h"

#include "base/format.h"
#include "base/text.h"

namespace belay::declared {

void RegistryBackoff::check(const std::string& whom, Ticks now) const {
  rests_.with([&](const auto& rests) {
    const auto found = rests.find(whom);
    if (found != rests.end() && now < found->second.until) throw Error(found->second.code, found->second.reason);
  });
}

void RegistryBackoff::back_off(const std::string& whom, Milliseconds time, const std::string& why, Ticks now,
                               ErrorCode code) {
  rests_.with([&](auto& rests) {
    std::erase_if(rests, [&](const auto& rest) { return rest.second.until <= now; });
    rests.insert_or_assign(whom,
                           Rest{now + time, code, format("{}; it is left alone for {}", why, duration_text(time))});
  });
}

void RegistryBackoff::note_status(const std::string& registry, int status, const std::string& why, Ticks now,
                                  std::optional<Milliseconds> retry_after) {
  if (status == 429 || (status == 503 && retry_after))
    back_off(registry, retry_after.value_or(usual_rest), why, now, ErrorCode::rate_limited);
}

}  // namespace belay::declared
