#include "host/image_choice.h"

#include <algorithm>

#include "base/format.h"
#include "host/apps.h"
#include "plan/update_rules.h"
#include "state/store.h"

namespace belay::host {

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
  const auto running = what_runs(*app);
  const Release* release = running ? app->find(*running) : app->last ? app->find(*app->last) : nullptr;
  return release == nullptr || release->images.empty() ? std::string() : release->images.begin()->second;
}

std::vector<std::string> current_digests(const App* app, const LocalImages& local) {
  std::vector<std::string> digests;
  if (const Image* image = local.by_id(present_image(app)))
    for (const auto& digest : image->digests) digests.push_back(digest_of(digest));
  if (app != nullptr)
    if (const auto running = what_runs(*app))
      if (const Release* release = app->find(*running))
        for (const auto& [service, digest] : release->digests) digests.push_back(digest_of(digest));
  return digests;
}

void ask_registry(Context& context, const Declaration& declared, const App* app, const LocalImages& local,
                  ImageChoice& choice, std::stop_token stop) {
  const ImageRef ref = ImageRef::parse(choice.reference);
  const engine::RegistryImage shown = context.engine.registry_image(choice.reference, stop);
  std::ignore = context.store.first_seen(choice.reference, shown.digest, context.clock.now());
  constexpr int remembered = 50;
  context.store.forget_sightings(choice.reference, remembered);
  std::vector<plan::Candidate> seen;
  for (const auto& sighting : context.store.sightings(choice.reference))
    seen.push_back({choice.reference, sighting.digest, sighting.first_seen});

  plan::UpdateSituation situation;
  situation.app = declared.name.text();
  situation.current = current_digests(app, local);
  // An app that has no digest of its own yet runs what was built or loaded here, or nothing.
  if (app != nullptr)
    for (const auto& entry : app->quarantine) situation.quarantine.push_back(entry);
  situation.candidates = plan::in_order(std::move(seen), shown.digest);
  const plan::Decision decision = plan::decide(declared.policies.update, situation, context.clock.now());
  using Kind = plan::Decision::Kind;
  if (decision.kind == Kind::none) return;
  if (decision.kind != Kind::update) {
    choice.waits_for = decision.sentence;
    choice.quarantined = decision.kind == Kind::quarantined;
    // What is here under the tag may be that very news, pulled by somebody else.
    if (const std::string present = present_image(app); !present.empty()) choice.id = present;
    return;
  }
  choice.digest = ref.repository + "@" + decision.candidate.digest;
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

ImageChoice choose_image(Context& context, const Declaration& declared, const App* app, const LocalImages& local,
                         bool ask, std::stop_token stop) {
  ImageChoice choice;
  choice.reference = ImageRef::parse(declared.spec.services.at(0).image).text();
  if (const Image* here = local.find(choice.reference)) {
    choice.id = here->id;
    if (!here->digests.empty()) choice.digest = here->digests.front();
  } else {
    choice.pull = choice.reference;
  }
  const UpdatePolicy& policy = declared.policies.update;
  const bool is_pinned = !ImageRef::parse(choice.reference).digest.empty();
  if (!ask || !policy.pull || is_pinned) return choice;
  try {
    ask_registry(context, declared, app, local, choice, stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    choice.trouble = error.what();
  }
  return choice;
}

}  // namespace belay::host
