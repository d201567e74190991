#include "declared/image_choice.h"

#include <algorithm>

#include "base/format.h"
#include "change/apps.h"
#include "registry/registry.h"
#include "state/store.h"
#include "updates/tag_pattern.h"
#include "updates/update_rules.h"

namespace belay::declared {

namespace {

// "docker.io/library/web:1" and "web" mean the image that a list calls "web:1" and "web:latest".
std::string familiar(const std::string& reference) {
  std::string text = ImageRef::parse(reference).text();
  for (const std::string_view prefix : {"docker.io/library/", "docker.io/"})
    if (text.starts_with(prefix)) return text.substr(prefix.size());
  return text;
}

std::string digest_of(const std::string& repository_digest) {
  const size_t at = repository_digest.find('@');
  return at == std::string::npos ? std::string() : repository_digest.substr(at + 1);
}

// The image that runs, or ran last, as the wish has it.
std::string present_image(const App* app) {
  if (app == nullptr) return {};
  const auto running = change::what_runs(*app);
  const Release* release = running ? app->find(*running) : app->last ? app->find(*app->last) : nullptr;
  return release == nullptr || release->images.empty() ? std::string() : release->images.begin()->second;
}

// Whether what runs was made from this reference.
bool is_of(const App* app, const std::string& reference) {
  const auto running = app == nullptr ? std::nullopt : change::what_runs(*app);
  const Release* release = running ? app->find(*running) : nullptr;
  return release != nullptr && !release->spec.services.empty() && release->spec.services[0].image == reference;
}

std::vector<std::string> current_digests(const App* app, const LocalImages& local) {
  std::vector<std::string> digests;
  if (const Image* image = local.by_id(present_image(app)))
    for (const auto& digest : image->digests) digests.push_back(digest_of(digest));
  if (app != nullptr)
    if (const auto running = change::what_runs(*app))
      if (const Release* release = app->find(*running))
        for (const auto& [service, digest] : release->digests) digests.push_back(digest_of(digest));
  return digests;
}

// Nobody is asked who wants to be left alone, nor a second time what the last one waited for in vain: others have apps
// there too. What is asked in another way, and a pull, may still come through: the engine may know a proxy.
template <class Ask>
auto asking(const std::string& registry, std::string_view what, RegistryRest& rest, const Clock& clock, Ask&& ask) {
  const std::string question = format("{} of {}", what, registry);
  constexpr Milliseconds too_long{10'000}, short_rest{60'000};
  rest.check(registry, clock.now());
  rest.check(question, clock.now());
  const Ticks begin = clock.ticks();
  try {
    return ask();
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& failure) {
    if (clock.ticks() - begin >= too_long) rest.leave_alone(question, short_rest, failure.what(), clock.now());
    if (const auto* refusal = dynamic_cast<const registry::RegistryError*>(&failure))
      rest.hear(registry, refusal->status(), failure.what(), clock.now(), refusal->retry_after());
    else if (const auto* refused = dynamic_cast<const EngineError*>(&failure))
      rest.hear(registry, refused->status(), failure.what(), clock.now());
    throw;
  }
}

// What the registry shows under the reference, and what it showed before, best first.
std::vector<updates::Candidate> candidates_of(change::Context& context, const std::string& reference,
                                              RegistryRest& rest, std::stop_token stop) {
  rest.check(reference, context.clock.now());
  const engine::RegistryImage shown = asking(ImageRef::parse(reference).registry(), "digests", rest, context.clock,
                                             [&] { return context.engine.registry_image(reference, stop); });
  std::ignore = context.store.first_seen(reference, shown.digest, context.clock.now());
  constexpr int remembered = 50;
  context.store.forget_sightings(reference, remembered);
  std::vector<updates::Candidate> seen;
  for (const auto& sighting : context.store.sightings(reference))
    seen.push_back({reference, sighting.digest, sighting.first_seen});
  return updates::in_order(std::move(seen), shown.digest);
}

// The tag that the app follows now: what it runs, else what its definition says. Where the definition now names another
// flavour, it is that one that is followed.
std::string present_tag(const App* app, const ImageRef& declared, const std::string& pattern) {
  const auto running = app == nullptr ? std::nullopt : change::what_runs(*app);
  const Release* release = running ? app->find(*running) : nullptr;
  if (release == nullptr || release->spec.services.empty()) return declared.tag;
  const ImageRef runs = ImageRef::parse(release->spec.services[0].image);
  const bool goes_on = runs.repository == declared.repository && updates::same_line(pattern, runs.tag, declared.tag);
  return goes_on ? runs.tag : declared.tag;
}

// The references worth a look, best first: the newest tags that fit, at most a few, or the one that is written.
std::vector<std::string> references_of(change::Context& context, const Declaration& declared, const App* app,
                                       const ListTags& list_tags, RegistryRest& rest, std::stop_token stop) {
  const ImageRef written = ImageRef::parse(declared.spec.services.at(0).image);
  if (declared.policies.update.pattern.empty()) return {written.text()};
  const std::string present = present_tag(app, written, declared.policies.update.pattern);
  constexpr size_t few = 3;
  std::vector<std::string> references;
  const auto pattern = updates::TagPattern::parse(declared.policies.update.pattern);
  const auto tags = asking(written.registry(), "tags", rest, context.clock, [&] { return list_tags(written, stop); });
  const auto choice = pattern.choose(tags, present);
  for (const auto& tag : choice.tags) {
    if (references.size() == few) break;
    references.push_back(ImageRef{written.repository, tag, {}}.text());
  }
  const std::string flavour = choice.flavour.empty() ? "" : format(" in the flavour {}", choice.flavour);
  if (references.empty())
    context.report.note(
        format("no tag of {}{} fits {}", written.repository, flavour, declared.policies.update.pattern));
  if (!choice.left_out.empty()) context.report.note(format("{}: {}", written.repository, choice.left_out));
  const std::string kept = ImageRef{written.repository, present, {}}.text();
  if (std::find(references.begin(), references.end(), kept) == references.end()) references.push_back(kept);
  return references;
}

void ask_registry(change::Context& context, const Declaration& declared, const App* app, const LocalImages& local,
                  ImageChoice& choice, const ListTags& list_tags, RegistryRest& rest, std::stop_token stop) {
  updates::UpdateSituation situation;
  situation.app = declared.name.text();
  situation.current = current_digests(app, local);
  // An app that has no digest of its own yet runs what was built or loaded here, or nothing.
  if (app != nullptr)
    for (const auto& entry : app->quarantine) situation.quarantine.push_back(entry);
  for (const auto& reference : references_of(context, declared, app, list_tags, rest, stop))
    for (auto& candidate : candidates_of(context, reference, rest, stop))
      situation.candidates.push_back(std::move(candidate));
  const updates::Decision decision = updates::decide(declared.policies.update, situation, context.clock.now());
  using Kind = updates::Decision::Kind;
  if (decision.kind == Kind::none) return;
  if (decision.kind != Kind::update) {
    choice.waits_for = decision.sentence;
    choice.wait = Wait{Wait::Topic::update, decision.waits, decision.candidate.first_seen, {}};
    if (decision.kind != Kind::quarantined) choice.wait->until = decision.until;
    choice.quarantined = decision.kind == Kind::quarantined;
    // What is here under the tag may be that very news, pulled by somebody else.
    if (const std::string present = present_image(app); !present.empty()) choice.id = present;
    return;
  }
  choice.reference = decision.candidate.reference;
  choice.digest = ImageRef::parse(choice.reference).repository + "@" + decision.candidate.digest;
  const Image* here = local.find(choice.reference);
  const bool is_here =
      here != nullptr && std::any_of(here->digests.begin(), here->digests.end(),
                                     [&](const auto& text) { return digest_of(text) == decision.candidate.digest; });
  if (is_here) {
    choice.id = here->id;
    return;
  }
  choice.pull = decision.tag_moved_on ? decision.candidate.pinned() : choice.reference;
  choice.id.clear();
}

}  // namespace

LocalImages::LocalImages(std::vector<Image> images) : images_(std::move(images)) {
  for (size_t i = 0; i < images_.size(); ++i) {
    by_name_.emplace(images_[i].id, i);
    for (const auto* names : {&images_[i].tags, &images_[i].digests})
      for (const auto& name : *names) by_name_.emplace(name, i);
  }
}

const Image* LocalImages::find(const std::string& reference) const {
  for (const auto& name : {reference, familiar(reference)})
    if (const auto found = by_name_.find(name); found != by_name_.end()) return &images_[found->second];
  return nullptr;
}

const Image* LocalImages::by_id(const std::string& id) const {
  return id.starts_with("sha256:") ? find(id) : nullptr;
}

ImageChoice choose_image(change::Context& context, const Declaration& declared, const App* app,
                         const LocalImages& local, bool ask, const ListTags& list_tags, RegistryRest& rest,
                         std::stop_token stop) {
  ImageChoice choice;
  ImageRef written = ImageRef::parse(declared.spec.services.at(0).image);
  // Where a pattern chooses, what was chosen stays until something newer is taken.
  if (!declared.policies.update.pattern.empty())
    written.tag = present_tag(app, written, declared.policies.update.pattern);
  choice.reference = written.text();
  if (const Image* here = local.find(choice.reference)) {
    choice.id = here->id;
    if (!here->digests.empty()) choice.digest = here->digests.front();
  } else if (const Image* runs = local.by_id(present_image(app)); runs != nullptr && is_of(app, choice.reference)) {
    // Somebody took the tag away; the image that it named is what runs.
    choice.id = runs->id;
    if (!runs->digests.empty()) choice.digest = runs->digests.front();
  } else {
    choice.pull = choice.reference;
  }
  const UpdatePolicy& policy = declared.policies.update;
  const bool is_pinned = !ImageRef::parse(choice.reference).digest.empty();
  if (!ask || !policy.pull || is_pinned) return choice;
  try {
    ask_registry(context, declared, app, local, choice, list_tags, rest, stop);
    choice.asked = true;
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    choice.trouble = error.what();
  }
  return choice;
}

}  // namespace belay::declared
