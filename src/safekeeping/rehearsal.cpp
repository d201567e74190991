#include "safekeeping/rehearsal.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "change/temporary.h"
#include "plan/verdict_terms.h"

namespace belay::safekeeping {

namespace {

// Harmless as a part of names on the engine.
std::string stem_of(const std::string& source) {
  std::string stem = fs::path(source).filename().string().substr(0, 40);
  for (char& c : stem)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-')) c = '_';
  return stem;
}

bool reads_backup(const plan::Step& step) {
  return std::holds_alternative<plan::UnpackData>(step) || std::holds_alternative<plan::LoadImages>(step) ||
         std::holds_alternative<plan::CheckBackup>(step);
}

void append(plan::Plan& plan, std::vector<size_t>& last, plan::Step step, const std::string& reason) {
  last = {plan.add(std::move(step), reason, last)};
}

}  // namespace

Rehearsal::Rehearsal(change::Context& context, const AppName& app, const RehearsalOptions& options)
    : context_(context), app_(app), options_(options) {
  site_.name = change::temporary_name(app, options.purpose);
  site_.networks = options.networks;
  site_.publishes = options.is_open;
}

void Rehearsal::check_networks(std::stop_token stop) const {
  if (options_.networks.empty()) return;
  std::vector<std::string> known;
  for (const auto& network : context_.engine.networks(std::move(stop))) known.push_back(network.name);
  for (const auto& wanted : options_.networks)
    if (std::find(known.begin(), known.end(), wanted) == known.end())
      throw NotFound(format("there is no network {}", printable(wanted)), did_you_mean(wanted, known));
}

void Rehearsal::then(const plan::Action& action) {
  last_ = {plan_.add(action, last_)};
}

size_t Rehearsal::then(plan::Step step, const std::string& reason) {
  last_ = {plan_.add(std::move(step), reason, last_)};
  return last_.front();
}

void Rehearsal::make_network() {
  then(plan::CreateNetwork{site_.name, change::temporary_labels(context_, app_), {.internal = !options_.is_open}},
       options_.is_open ? "nobody else is in it" : "nothing leads in or out of it");
}

DataPlace Rehearsal::make_room(DataPlace::Kind kind, const std::string& source, const std::string& reason) {
  DataPlace room;
  const std::string name = format("{:02}-{}", site_.data.size() + 1, stem_of(source));
  if (kind == DataPlace::Kind::file) {
    room = {kind, (change::temporary_folder(context_, app_) / ("." + name + ".belay-" + options_.purpose)).string()};
  } else {
    room = {DataPlace::Kind::volume, site_.name + "-" + name};
    then(plan::CreateVolume{room.source, change::temporary_labels(context_, app_)}, reason);
  }
  site_.data[kind == DataPlace::Kind::volume ? source : plain_path(source)] = room;
  return room;
}

std::string Rehearsal::next_tag() {
  return change::temporary_tag(context_, app_, options_.purpose, ++tags_);
}

std::string Rehearsal::candidate_tag(size_t number) const {
  return change::temporary_tag(context_, app_, "candidate", number);
}

void Rehearsal::pull(const std::string& reference) {
  const auto is_same = [&](const std::string& other) {
    return change::listed_reference(other) == change::listed_reference(reference);
  };
  if (std::any_of(pulled_.begin(), pulled_.end(), is_same)) return;
  pulled_.push_back(reference);
  then(plan::PullImage{reference}, "it is not on this host");
  then(plan::TagImage{reference, next_tag()}, "it goes again with the rest");
}

Cast Rehearsal::cast(const Spec& spec, const std::map<std::string, std::string>& known_as,
                     const std::map<std::string, std::string>& references, std::stop_token stop) const {
  Cast cast;
  cast.references = references;
  for (const auto& [service, reference] : references)
    if (auto image = context_.engine.image(reference, stop)) cast.images[service] = std::move(*image);
  cast.other = under_pseudonym(spec, known_as, cast.images, site_);
  return cast;
}

void Rehearsal::add_volumes(const Cast& cast, plan::Plan& plan, std::vector<size_t>& last) const {
  for (const auto& volume : cast.other.volumes)
    append(plan, last, plan::CreateVolume{volume, change::temporary_labels(context_, app_)},
           "empty, as the image wants one there");
}

void Rehearsal::add_creation(const Cast& cast, const std::string& name, plan::Plan& plan,
                             std::vector<size_t>& last) const {
  const Service& service = cast.other.spec.service(name);
  const auto image = cast.images.find(name);
  const std::string& id = image != cast.images.end() ? image->second.id : cast.references.at(name);
  append(plan, last,
         plan::CreateContainer{
             cast.other.containers.at(name), id, service, change::temporary_labels(context_, app_), {"no", 0}},
         options_.is_open ? "under another name" : "under another name, without ports");
}

void Rehearsal::add_start(const Cast& cast, const Spec& spec, const std::string& name, plan::Plan& plan,
                          std::vector<size_t>& last) const {
  const auto settle = options_.settle ? options_.settle : spec.settle;
  const auto timeout = options_.wait_timeout ? options_.wait_timeout : spec.wait_timeout;
  const Service& service = cast.other.spec.service(name);
  const auto image = cast.images.find(name);
  const std::string& container = cast.other.containers.at(name);
  if (!service.files.empty()) append(plan, last, plan::PutFiles{container, service.files}, "its configs and secrets");
  append(plan, last, plan::StartContainer{container}, "");
  if (!service.post_start.empty())
    plan.notes.push_back(
        format("the hooks of {} are not run: what they do may reach further than the copy", service.name));
  append(plan, last,
         plan::verdict_terms(container, service, image == cast.images.end() ? nullptr : &image->second,
                             {settle, timeout}, context_.defaults),
         "the verdict");
  if (image == cast.images.end())
    plan.notes.push_back(format("what {} has to prove is known once its image is here", service.name));
}

plan::Plan Rehearsal::proof(const Spec& spec, const std::map<std::string, std::string>& known_as,
                            const std::map<std::string, std::string>& references, std::stop_token stop) {
  const Cast all = cast(spec, known_as, references, std::move(stop));
  plan::Plan plan;
  std::vector<size_t> last;
  add_volumes(all, plan, last);
  const auto order = in_order_of_needs(all.other.spec);
  for (const size_t index : order) add_creation(all, all.other.spec.services[index].name, plan, last);
  for (const size_t index : order) {
    const Service& service = all.other.spec.services[index];
    if (service.scheduled)
      plan.notes.push_back(format("the job {} is not run: the clock starts it", service.name));
    else
      add_start(all, spec, service.name, plan, last);
  }
  plan.notes.insert(plan.notes.end(), all.other.notes.begin(), all.other.notes.end());
  containers_ = all.other.containers;
  return plan;
}

plan::Plan Rehearsal::preview(const plan::Plan& proof) const {
  plan::Plan whole = plan_;
  std::vector<size_t> last = last_;
  for (const auto& action : proof.actions) last = {whole.add(action, last)};
  whole.notes.insert(whole.notes.end(), proof.notes.begin(), proof.notes.end());
  const auto made = whole.actions;
  const std::string reason = "it was only for this";
  for (const auto& action : made)
    if (const auto* create = std::get_if<plan::CreateContainer>(&action.step)) {
      last = {whole.add(plan::StopContainer{create->name, Seconds(0)}, reason, last)};
      last = {whole.add(plan::RemoveContainer{create->name}, reason, last)};
    }
  for (const auto& action : made)
    if (const auto* volume = std::get_if<plan::CreateVolume>(&action.step))
      whole.add(plan::RemoveVolume{volume->name}, "only a copy; " + reason, last);
  for (const auto& action : made) {
    if (const auto* network = std::get_if<plan::CreateNetwork>(&action.step))
      whole.add(plan::RemoveNetwork{network->name}, reason, last);
    else if (const auto* tag = std::get_if<plan::TagImage>(&action.step))
      whole.add(plan::UntagImage{tag->reference}, reason, last);
    else if (const auto* build = std::get_if<plan::BuildImage>(&action.step))
      whole.add(plan::UntagImage{build->tags.front()}, reason, last);
  }
  for (const auto& [source, room] : site_.data)
    if (room.kind == DataPlace::Kind::file) whole.add(plan::RemoveData{room}, "only a copy; " + reason, last);
  return whole;
}

void Rehearsal::announce() {
  change::announce_temporary(context_, app_, pulled_);
}

void Rehearsal::prepare(exec::Data* data, change::Report& report, std::stop_token stop) {
  for (const auto& note : plan_.notes) context_.report.note(note);
  const auto outcome = change::carry_out(context_, plan_, {&report, data}, std::move(stop));
  if (!outcome.error) return;
  if (outcome.failed_action) failed_reading_ = reads_backup(plan_.actions.at(*outcome.failed_action).step);
  throw *outcome.error;
}

Judgement Rehearsal::prove(const plan::Plan& proof, std::stop_token stop) {
  for (const auto& note : proof.notes) context_.report.note(note);
  const auto outcome = change::carry_out(context_, proof, {}, std::move(stop));
  Judgement judgement;
  std::string container;
  if (outcome.verdict) {
    container = outcome.verdict->container;
    judgement.reason = outcome.verdict->reason;
    judgement.log_tail = outcome.verdict->log_tail;
  } else if (outcome.error) {
    const auto* start = std::get_if<plan::StartContainer>(&proof.actions.at(outcome.failed_action.value()).step);
    if (start == nullptr || !outcome.release_is_at_fault) throw *outcome.error;
    container = start->name;
    judgement.reason = outcome.error->what();
  }
  for (const auto& [service, name] : containers_)
    if (name == container) judgement.service = service;
  return judgement;
}

void Rehearsal::leaving_nothing(const std::string& what, const std::function<void()>& work) {
  try {
    work();
  } catch (const Cancelled&) {
    context_.report.note("stopping: what was made for this is removed");
    if (!discarded(what)) throw;
    throw Cancelled(format("stopped on request; nothing of the {} is left", what));
  } catch (const std::exception&) {
    std::ignore = discarded(what);
    throw;
  }
  doing(format("removing what was made for the {}", what), [&] { change::discard_temporary(context_, app_); });
}

// Beside an error that matters more.
bool Rehearsal::discarded(const std::string& what) {
  try {
    change::discard_temporary(context_, app_);
    return true;
  } catch (const std::exception& trouble) {
    context_.report.warning(
        format("what is left of the {} goes with the next command on {}: {}", what, app_.text(), trouble.what()));
    return false;
  }
}

}  // namespace belay::safekeeping
