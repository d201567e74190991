#include "declared/image_choice.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/quarantine.h"
#include "change/temporary.h"
#include "declared/project_images.h"
#include "registry/registry.h"
#include "state/store.h"
#include "updates/tag_pattern.h"
#include "updates/update_rules.h"

namespace belay::declared {

namespace {

std::string digest_of(const std::string& repository_digest) {
  const size_t at = repository_digest.find('@');
  return at == std::string::npos ? std::string() : repository_digest.substr(at + 1);
}

// One service of a declared app, as it is and as it is declared.
struct Subject {
  const Declaration& declared;
  const Service& service;
  const App* app;  // nullptr: there is none yet

  // What runs, as the wish has it.
  const Release* running() const {
    const auto number = app == nullptr ? std::nullopt : change::what_runs(*app);
    return number ? app->find(*number) : nullptr;
  }
  // The reference that what runs was made from; empty: it does not run.
  std::string present_reference() const {
    if (const Release* release = running())
      for (const auto& each : release->spec.services)
        if (each.name == service.name) return each.image;
    return {};
  }
  // What runs, or ran last.
  const Release* present() const {
    const Release* release = running();
    return release == nullptr && app != nullptr && app->last ? app->find(*app->last) : release;
  }
  // The reference that it was made from.
  bool was_made_from(const std::string& reference) const {
    const Release* release = present();
    return release != nullptr &&
           std::any_of(release->spec.services.begin(), release->spec.services.end(),
                       [&](const Service& each) { return each.name == service.name && each.image == reference; });
  }
  std::string present_image() const {
    const Release* release = present();
    if (release == nullptr) return {};
    const auto image = release->images.find(service.name);
    return image == release->images.end() ? std::string() : image->second;
  }
};

std::vector<std::string> current_digests(const Subject& subject, const LocalImages& local) {
  std::vector<std::string> digests;
  if (const Image* image = local.by_id(subject.present_image()))
    for (const auto& digest : image->digests) digests.push_back(digest_of(digest));
  if (const Release* release = subject.running())
    if (const auto digest = release->digests.find(subject.service.name); digest != release->digests.end())
      digests.push_back(digest_of(digest->second));
  return digests;
}

// Nobody is asked who wants to be left alone, nor a second time what the last one waited for in vain: others have apps
// there too. What is asked in another way, and a pull, may still come through: the engine may know a proxy.
template <class Ask>
auto asking(const std::string& registry, std::string_view what, RegistryBackoff& rest, const Clock& clock, Ask&& ask) {
  const std::string question = format("{} of {}", what, registry);
  constexpr Milliseconds too_long{10'000}, short_rest{60'000};
  rest.check(registry, clock.ticks());
  rest.check(question, clock.ticks());
  const Ticks begin = clock.ticks();
  try {
    return ask();
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& failure) {
    if (clock.ticks() - begin >= too_long) rest.back_off(question, short_rest, failure.what(), clock.ticks());
    if (const auto* refusal = dynamic_cast<const registry::RegistryError*>(&failure))
      rest.note_status(registry, refusal->status(), failure.what(), clock.ticks(), refusal->retry_after());
    else if (const auto* refused = dynamic_cast<const EngineError*>(&failure))
      rest.note_status(registry, refused->status(), failure.what(), clock.ticks());
    throw;
  }
}

// What the registry shows under the reference, and what it showed before, best first.
std::vector<updates::Candidate> candidates_of(change::Context& context, const std::string& reference,
                                              RegistryBackoff& rest, std::stop_token stop) {
  rest.check(reference, context.clock.ticks());
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
std::string present_tag(const Subject& subject, const ImageRef& declared, const std::string& pattern) {
  const std::string present = subject.present_reference();
  if (present.empty()) return declared.tag;
  const ImageRef runs = ImageRef::parse(present);
  const bool goes_on = runs.repository == declared.repository && updates::same_line(pattern, runs.tag, declared.tag);
  return goes_on ? runs.tag : declared.tag;
}

// The references worth a look, best first: the newest tags that fit, at most a few, or the one that is written.
std::vector<std::string> references_of(change::Context& context, const Subject& subject, const ListTags& list_tags,
                                       RegistryBackoff& rest, std::stop_token stop) {
  const ImageRef written = ImageRef::parse(subject.service.image);
  const std::string& wanted = update_policy(subject.declared, subject.service).pattern;
  if (wanted.empty()) return {written.text()};
  const std::string present = present_tag(subject, written, wanted);
  constexpr size_t few = 3;
  std::vector<std::string> references;
  const auto pattern = updates::TagPattern::parse(wanted);
  const auto tags = asking(written.registry(), "tags", rest, context.clock, [&] { return list_tags(written, stop); });
  const auto choice = pattern.choose(tags, present);
  for (const auto& tag : choice.tags) {
    if (references.size() == few) break;
    references.push_back(ImageRef{written.repository, tag, {}}.text());
  }
  const std::string flavour = choice.flavour.empty() ? "" : format(" in the flavour {}", choice.flavour);
  if (references.empty()) context.report.note(format("no tag of {}{} fits {}", written.repository, flavour, wanted));
  if (!choice.left_out.empty()) context.report.note(format("{}: {}", written.repository, choice.left_out));
  const std::string kept = ImageRef{written.repository, present, {}}.text();
  if (std::find(references.begin(), references.end(), kept) == references.end()) references.push_back(kept);
  return references;
}

// "db: " where the app has other services as well.
std::string service_in_front(const Subject& subject) {
  const auto& services = subject.declared.spec.services;
  const std::string& name = subject.service.group_name();
  const bool is_alone =
      std::all_of(services.begin(), services.end(), [&](const Service& each) { return each.group_name() == name; });
  return is_alone ? std::string() : name + ": ";
}

void ask_registry(change::Context& context, const Subject& subject, const LocalImages& local, ImageChoice& choice,
                  const ListTags& list_tags, RegistryBackoff& rest, std::stop_token stop) {
  const Declaration& declared = subject.declared;
  updates::UpdateSituation situation;
  situation.app = declared.name.text();
  situation.current = current_digests(subject, local);
  // An app that has no digest of its own yet runs what was built or loaded here, or nothing.
  if (subject.app != nullptr)
    for (const auto& entry : subject.app->quarantine)
      if (change::is_about(*subject.app, entry, subject.service.group_name())) situation.quarantine.push_back(entry);
  for (const auto& reference : references_of(context, subject, list_tags, rest, stop))
    for (auto& candidate : candidates_of(context, reference, rest, stop))
      situation.candidates.push_back(std::move(candidate));
  const updates::Decision decision =
      updates::decide(update_policy(declared, subject.service), situation, context.clock.now());
  using Kind = updates::Decision::Kind;
  if (decision.kind == Kind::none) return;
  if (decision.kind != Kind::update) {
    const std::string whose = service_in_front(subject);
    choice.waits_for = whose + decision.sentence;
    choice.wait = Wait{Wait::Topic::update, whose + decision.waits, decision.candidate.first_seen, {}};
    if (decision.kind != Kind::quarantined) choice.wait->until = decision.until;
    choice.quarantined = decision.kind == Kind::quarantined;
    // What is here under the tag may be that very news, pulled by somebody else.
    if (const std::string present = subject.present_image(); !present.empty()) choice.id = present;
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

Pull pull_of(const Declaration& declared, const Service& service) {
  const auto found = declared.pulls.find(service.group_name());
  return found == declared.pulls.end() ? Pull::by_policy : found->second;
}

// What is here; where nothing is, how it is made.
ImageChoice local_choice(const Subject& subject, const LocalImages& local) {
  ImageChoice choice;
  ImageRef written = ImageRef::parse(subject.service.image);
  // Where a pattern chooses, what was chosen stays until something newer is taken.
  const std::string& pattern = update_policy(subject.declared, subject.service).pattern;
  if (!pattern.empty()) written.tag = present_tag(subject, written, pattern);
  choice.reference = written.text();
  const auto build = subject.declared.builds.find(subject.service.group_name());
  if (const Image* here = local.find(choice.reference)) {
    choice.id = here->id;
    if (!here->digests.empty()) choice.digest = here->digests.front();
  } else if (const Image* runs = local.by_id(subject.present_image());
             runs != nullptr && subject.was_made_from(choice.reference)) {
    // Somebody took the tag away; the image that it named is what runs, or ran until it was stopped.
    choice.id = runs->id;
    if (!runs->digests.empty()) choice.digest = runs->digests.front();
  } else if (build != subject.declared.builds.end() &&
             !may_be_pulled(subject.declared, subject.service, build->second)) {
    choice.build = build->second;
  } else {
    choice.pull = choice.reference;
  }
  if (pull_of(subject.declared, subject.service) != Pull::build || build == subject.declared.builds.end())
    return choice;
  choice.id.clear();
  choice.pull.clear();
  choice.build = build->second;
  return choice;
}

ImageChoice choose_image(change::Context& context, const Subject& subject, const LocalImages& local, bool ask,
                         const ListTags& list_tags, RegistryBackoff& rest, std::stop_token stop) {
  ImageChoice choice = local_choice(subject, local);
  const Pull pull = pull_of(subject.declared, subject.service);
  if (pull == Pull::never && !choice.pull.empty())
    throw NotFound(ErrorCode::image_not_found,
                   format("the image {} of {} is not on this host, and its pull policy is never", choice.reference,
                          subject.service.name),
                   format("Fetch it: docker pull {}", choice.reference));
  const auto period = subject.declared.pull_periods.find(subject.service.group_name());
  if (period != subject.declared.pull_periods.end() && pull == Pull::always) {
    choice.period = period->second;
    const auto last = context.store.last_asked(choice.reference);
    const Time now = context.clock.now();
    // One that is dated by a clock which was ahead says nothing about today.
    if (last && *last <= now && now < *last + *choice.period && choice.pull.empty()) return choice;
  }
  const bool wants_news =
      pull == Pull::always || (pull == Pull::by_policy && update_policy(subject.declared, subject.service).pull);
  const bool is_pinned = !ImageRef::parse(choice.reference).digest.empty();
  if (!ask || !wants_news || is_pinned || choice.build) return choice;
  try {
    ask_registry(context, subject, local, choice, list_tags, rest, stop);
    choice.asked = true;
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    choice.trouble = error.what();
  }
  return choice;
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
  for (const auto& name : {reference, change::listed_reference(reference)})
    if (const auto found = by_name_.find(name); found != by_name_.end()) return &images_[found->second];
  return nullptr;
}

const Image* LocalImages::by_id(const std::string& id) const {
  return id.starts_with("sha256:") ? find(id) : nullptr;
}

// What runs stays.
ImageChoice present_choice(const Subject& subject) {
  ImageChoice choice;
  choice.reference = subject.service.image;
  choice.id = subject.present_image();
  if (const Release* release = subject.running())
    if (const auto digest = release->digests.find(subject.service.name); digest != release->digests.end())
      choice.digest = digest->second;
  return choice;
}

std::vector<ImageChoice> to_be_made(const ImageChoices& choices) {
  std::vector<ImageChoice> made;
  for (const auto& [service, choice] : choices)
    if (choice.is_to_be_made() && std::none_of(made.begin(), made.end(), [&](const ImageChoice& other) {
          return other.reference == choice.reference && other.pull == choice.pull;
        }))
      made.push_back(choice);
  return made;
}

std::optional<Wait> wait_of_all(const ImageChoices& choices) {
  std::vector<std::string> texts;
  std::optional<Wait> all;
  for (const auto& [service, choice] : choices) {
    if (!choice.wait || std::find(texts.begin(), texts.end(), choice.wait->text) != texts.end()) continue;
    texts.push_back(choice.wait->text);
    if (!all) all = choice.wait;
    all->since = std::min(all->since, choice.wait->since);
    if (choice.wait->until) all->until = std::min(all->until.value_or(*choice.wait->until), *choice.wait->until);
  }
  if (all) all->text = join(texts, "; ");
  return all;
}

ImageChoices choose_images(change::Context& context, const Declaration& declared, const App* app,
                           const LocalImages& local, bool ask, const ListTags& list_tags, RegistryBackoff& rest,
                           std::stop_token stop) {
  ImageChoices choices;
  std::map<std::string, ImageChoice> of_group;
  for (const auto& service : declared.spec.services) {
    const std::string& group = service.group_name();
    if (!declared.only.empty() && !declared.only.contains(group)) {
      choices.emplace(service.name, present_choice({declared, service, app}));
      continue;
    }
    if (!of_group.contains(group))
      of_group.emplace(group, choose_image(context, {declared, service, app}, local, ask, list_tags, rest, stop));
    choices.emplace(service.name, of_group.at(group));
  }
  return choices;
}

}  // namespace belay::declared
