#include "cli/release_words.h"

#include "base/format.h"
#include "base/text.h"
#include "look/look.h"

namespace belay::cli {

std::optional<ReleaseNumber> release_number(const std::string& word) {
  const std::string text = parse_number(word) ? "r" + word : word;
  return ReleaseNumber::is_valid(text) ? std::optional(ReleaseNumber::parse(text)) : std::nullopt;
}

ReleaseNumber release_named(change::Context& context, const AppName& name, const std::string& word) {
  if (const auto number = release_number(word)) return *number;
  const auto app = context.store.app(name);
  if (app && (word == "stable" || word == "last")) {
    if (const auto marked = word == "stable" ? app->stable : app->last) return *marked;
    throw NotFound(format("no release of {} is marked {}", name.text(), word),
                   format("belay releases {0} lists them; belay stable {0} marks the one that runs.", name.text()));
  }
  const auto known = look::release_names(context, name);
  throw UsageError(format("'{}' is not a release of {}", printable(word), name.text()),
                   known.empty() ? format("{} has no releases yet.", name.text())
                                 : format("{} has {}.", name.text(), join(known, ", ")));
}

}  // namespace belay::cli
