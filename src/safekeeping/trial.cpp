#include "safekeeping/trial.h"

#include <algorithm>
#include <set>

#include "backup/verify.h"
#include "base/format.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/change.h"
#include "change/claims.h"
#include "change/places.h"
#include "change/temporary.h"
#include "engine/direct.h"
#include "family/build_plan.h"
#include "safekeeping/quiesce.h"
#include "safekeeping/rehearsal.h"
#include "safekeeping/restore_work.h"
#include "state/store.h"

namespace belay::safekeeping {

namespace {

// What speaks against the release ends up in the trial; everything else is thrown.
void prove(Rehearsal& rehearsal, const plan::Plan& proof, Trial& trial, std::stop_token stop) {
  const Judgement judgement = rehearsal.prove(proof, std::move(stop));
  trial.reason = judgement.reason;
  trial.service = judgement.service;
  trial.log_tail = judgement.log_tail;
}

// ---- drill ----

// What each service's image is called here, now or once the plan is run; the steps that bring those that are missing.
// True: they are in the backup.
bool find_images(change::Context& context, const backup::Manifest& manifest, Rehearsal& rehearsal,
                 std::map<std::string, std::string>& references, std::stop_token stop) {
  bool to_load = false;
  for (const auto& [service, id] : manifest.images) {
    const auto digest = manifest.digests.find(service);
    const bool has_digest = digest != manifest.digests.end();
    if (context.engine.image(id, stop)) {
      references[service] = id;
    } else if (has_digest && context.engine.image(digest->second, stop)) {
      references[service] = digest->second;
    } else if (manifest.with_image) {
      references[service] = id;
      to_load = true;
    } else if (has_digest) {
      references[service] = digest->second;
      rehearsal.pull(digest->second);
    } else {
      throw NotFound(ErrorCode::image_gone,
                     format("the image of {} is not on this host, and the backup has none", service),
                     "Backups made with --with-image can be tried anywhere.");
    }
  }
  for (const auto& service : manifest.spec.services)
    if (!references.contains(service.name))
      throw Error(ErrorCode::bad_backup,
                  format("the backup does not say which image the service {} has", service.name));
  return to_load;
}

// Network, images, data: all that is there before the release starts.
void plan_drill(change::Context& context, const backup::Manifest& manifest, const std::string& where,
                Rehearsal& rehearsal, std::map<std::string, std::string>& references, std::stop_token stop) {
  rehearsal.make_network();
  const bool to_load = find_images(context, manifest, rehearsal, references, stop);
  std::vector<DataPlace> rooms;
  for (const auto& item : manifest.items)
    rooms.push_back(
        rehearsal.make_room(static_cast<DataPlace::Kind>(item.kind), item.source, "for a copy of " + item.source));
  for (size_t i = 0; i < rooms.size(); ++i)
    rehearsal.then(plan::UnpackData{manifest.items[i].id, rooms[i], rooms[i]}, join(manifest.items[i].targets, ", "));
  if (to_load) rehearsal.then(plan::LoadImages{where}, "the image is not on this host");
  std::set<std::string> tagged;
  for (const auto& [service, image] : manifest.images)
    if (to_load && !context.engine.image(references.at(service), stop) && tagged.insert(image).second)
      rehearsal.then(plan::TagImage{image, rehearsal.next_tag()}, "it goes again with the rest");
  rehearsal.then(plan::CheckBackup{where}, "every byte of it");
}

std::optional<BackupRecord> record_of(change::Context& context, const backup::Destination& destination,
                                      const std::string& file) {
  for (auto& record : context.store.backups(""))
    if (record.place == destination.place().text() && record.name == file) return std::move(record);
  return {};
}

JournalOutcome ended(const Trial& trial) {
  return trial.passed() ? JournalOutcome("done") : JournalOutcome("failed");
}

void remember_damage(change::Context& context, std::optional<BackupRecord> record, const std::string& damage) {
  if (!record) return;
  record->trouble = damage;
  context.store.save(*record);
}

// Every byte was read and right, whether the app came up with it or not: that may be for want of a network.
void remember_drill(change::Context& context, std::optional<BackupRecord> record, const Trial& trial) {
  if (!record) return;
  record->trouble.clear();
  record->verified = context.clock.now();
  record->drill_failure = trial.passed() ? "" : trial.reason;
  if (trial.passed()) record->drilled = record->verified;
  context.store.save(*record);
}

// ---- try ----

const Release& release_to_try(const App& app) {
  const auto number = change::what_runs(app) ? change::what_runs(app) : app.last;
  if (const Release* release = number ? app.find(*number) : nullptr) return *release;
  throw NotFound(ErrorCode::release_not_found,
                 format("{} has never run: there are no settings and no data to try anything with", app.name.text()),
                 change::first_start_hint(app));
}

std::string service_to_try(const Spec& spec, const std::string& asked) {
  std::vector<std::string> known;
  for (const auto& service : spec.services) known.push_back(service.name);
  if (asked.empty() && known.size() == 1) return known.front();
  if (asked.empty())
    throw UsageError("the app has several services: name the one that the candidate replaces with --service",
                     "They are: " + join(known, ", "));
  if (std::find(known.begin(), known.end(), asked) != known.end()) return asked;
  throw NotFound(ErrorCode::service_not_found, format("the app has no service {}", printable(asked)),
                 did_you_mean(asked, known));
}

// The candidate's image: the steps that bring it. Returns what it is called.
std::string plan_candidate(change::Context& context, const AppName& name, const TryOptions& options,
                           Rehearsal& rehearsal, std::stop_token stop) {
  if (options.image.empty()) {
    const std::string tag = rehearsal.next_tag();
    const plan::Plan building = plan_build(context, name, options.build, tag, stop);
    for (const auto& action : building.actions) rehearsal.then(action.step, action.reason);
    auto& notes = rehearsal.plan().notes;
    notes.insert(notes.end(), building.notes.begin(), building.notes.end());
    return tag;
  }
  const std::string reference =
      options.image.starts_with("sha256:") ? options.image : ImageRef::parse(options.image).text();
  if (!context.engine.image(reference, stop)) rehearsal.pull(reference);
  return reference;
}

// Copies of all that is written to, taken while nothing writes.
void plan_copies(const Release& release, const World& world, const Quiesce& quiesced, Rehearsal& rehearsal) {
  std::vector<std::pair<DataPlace, DataPlace>> copies;
  for (const auto& use : change::places_of(release.spec).uses) {
    if (!use.written) {
      rehearsal.share(use.place.source);
      continue;
    }
    // What is not there yet is empty here too.
    if (use.place.kind == DataPlace::Kind::volume && world.find_volume(use.place.source) == nullptr) continue;
    copies.emplace_back(use.place,
                        rehearsal.make_room(use.place.kind, use.place.source, "for a copy of " + use.place.source));
  }
  if (copies.empty()) return;
  for (const auto& action : quiesced.hold()) rehearsal.then(action);
  for (const auto& [place, room] : copies) rehearsal.then(plan::CopyData{place, room}, "production keeps its own");
  for (const auto& action : quiesced.resume()) rehearsal.then(action);
  for (const auto& other : quiesced.foreign_writers()) rehearsal.plan().notes.push_back(other);
}

bool copies_data(const plan::Plan& plan) {
  return std::any_of(plan.actions.begin(), plan.actions.end(),
                     [](const auto& action) { return std::holds_alternative<plan::CopyData>(action.step); });
}

}  // namespace

Drilled drill(change::Context& context, const AppName& name, backup::Destination& destination, const std::string& file,
              const crypto::AgeKeys& keys, const TrialOptions& options, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  Drilled drilled;
  drilled.where = backup::FilePlace{destination.place(), file}.text();
  return doing(format("trying the backup {} of {}", file, name.text()), [&] {
    RestoreWork work(context.engine, context.report, destination, file, keys, stop);
    drilled.manifest = work.manifest();
    if (drilled.manifest.app != name.text())
      throw Error(ErrorCode::conflict, format("this is a backup of {}, not of {}", drilled.manifest.app, name.text()),
                  format("belay drill {} {} tries it.", drilled.manifest.app, shell_quoted(drilled.where)));
    auto known = context.store.app(name);
    if (!options.dry_run) {
      if (known) finish_unfinished(context, *known, stop);
      clear_temporary(context, name, stop);
    }
    const App app = known ? std::move(*known) : App(name);
    Rehearsal rehearsal(context, name,
                        {.purpose = "drill",
                         .networks = options.networks,
                         .settle = options.settle,
                         .wait_timeout = options.wait_timeout});
    rehearsal.check_networks(stop);
    std::map<std::string, std::string> references;
    plan_drill(context, drilled.manifest, drilled.where, rehearsal, references, stop);
    for (const auto& item : drilled.manifest.items)
      if (item.kind == backup::Item::Kind::volume)
        if (const auto why = change::no_way_back(
                {item.source, item.driver.empty() ? "local" : item.driver, "/", {}, {}, item.options}))
          rehearsal.plan().notes.push_back(*why);
    if (!drilled.manifest.items.empty() && !engine::shares_files(context.engine, options.dry_run, stop))
      throw Error(ErrorCode::engine_elsewhere,
                  "the engine's files are not this machine's: data cannot be unpacked from here",
                  "Run belay drill on the engine's own machine, as root.");
    const Release* release = app.find(drilled.manifest.release);
    const std::map<std::string, std::string> known_as =
        release != nullptr ? release->containers : std::map<std::string, std::string>();
    const auto proof = [&] { return rehearsal.proof(drilled.manifest.spec, known_as, references, stop); };
    drilled.trial.plan = rehearsal.preview(proof());
    if (known)
      drilled.obstacles = change::restore_refusals(context, name, drilled.manifest.spec,
                                                   change::observe(context.engine, app, stop), stop);
    if (options.dry_run) return drilled;

    const auto record = record_of(context, destination, file);
    const auto journal = [&](const JournalOutcome& outcome, const std::string& text) {
      write_journal(context, app, "drill", outcome, text, drilled.manifest.release);
    };
    journal("started", drilled.where);
    rehearsal.announce();
    try {
      rehearsal.leaving_nothing("drill", [&] {
        rehearsal.prepare(&work, context.report, stop);
        prove(rehearsal, proof(), drilled.trial, stop);
      });
    } catch (const Cancelled& cancelled) {
      journal("failed", cancelled.what());
      throw;
    } catch (const Error& error) {
      journal("failed", error.what());
      // Anything else is the host's fault, or the place's, not the backup's.
      if (rehearsal.failed_reading() && backup::tells_of_damage(error)) remember_damage(context, record, error.what());
      throw;
    }
    drilled.end = work.end();
    drilled.trial.done = true;
    remember_drill(context, record, drilled.trial);
    journal(ended(drilled.trial), drilled.trial.passed() ? drilled.where : drilled.trial.reason);
    return drilled;
  });
}

Tried try_candidate(change::Context& context, const AppName& name, const TryOptions& options, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  const bool dry_run = options.trial.dry_run;
  Tried tried;
  tried.candidate = options.image.empty() ? "what is built from " + options.build.where : options.image;
  return doing(format("trying a candidate for {}", name.text()), [&] {
    if (!dry_run) {
      finish_unfinished(context, app, stop);
      clear_temporary(context, name, stop);
    }
    const Release release = release_to_try(app);
    tried.release = release.number;
    const std::string service = service_to_try(release.spec, options.service);
    Rehearsal rehearsal(context, name,
                        {.purpose = "try",
                         .networks = options.trial.networks,
                         .settle = options.trial.settle,
                         .wait_timeout = options.trial.wait_timeout});
    rehearsal.check_networks(stop);
    const App held = held_still(context, app);
    const World world = change::observe(context.engine, held, stop);
    const Quiesce quiesced(context, held, release, world, options.consistency, stop);

    auto references = release.images;
    references[service] = plan_candidate(context, name, options, rehearsal, stop);
    for (const auto& [other, image] : release.images) {
      if (other == service || context.engine.image(image, stop)) continue;
      const auto digest = release.digests.find(other);
      if (digest == release.digests.end())
        throw NotFound(ErrorCode::image_gone, format("the image of {} is gone", other),
                       format("belay build {} builds it.", name.text()));
      rehearsal.pull(references[other] = digest->second);
    }
    rehearsal.make_network();
    plan_copies(release, world, quiesced, rehearsal);
    const bool copies = copies_data(rehearsal.plan());
    if (copies && !engine::shares_files(context.engine, dry_run, stop))
      throw Error(ErrorCode::engine_elsewhere,
                  "the engine's files are not this machine's: the data cannot be copied from here",
                  "Run belay try on the engine's own machine, as root.");
    const auto proof = [&] { return rehearsal.proof(release.spec, release.containers, references, stop); };
    tried.trial.plan = rehearsal.preview(proof());
    if (dry_run) return tried;

    const bool holds_still = copies && quiesced.way() != backup::Consistency::live;
    const auto journal = [&](const JournalOutcome& outcome, const std::string& text) {
      write_journal(context, app, "try", outcome, text, release.number);
    };
    journal("started", tried.candidate);
    rehearsal.announce();
    StillWatch watch(context.report, context.clock);
    change::DataWork work(context.engine, context.report, change::Copies::for_a_trial);
    work.measure(rehearsal.plan(), stop);
    try {
      rehearsal.leaving_nothing("trial", [&] {
        const auto prepare = [&] { rehearsal.prepare(&work, watch, stop); };
        if (holds_still)
          while_still(context, app, held, prepare,
                      [&] { quiesced.let_go_on(context, change::observe(context.engine, held, {})); });
        else
          prepare();
        if (const auto image = context.engine.image(references.at(service), stop)) tried.image = image->id;
        prove(rehearsal, proof(), tried.trial, stop);
      });
    } catch (const Error& error) {
      journal("failed", error.what());
      throw;
    }
    tried.still = watch.still();
    tried.trial.done = true;
    journal(ended(tried.trial), tried.trial.passed() ? tried.candidate : tried.trial.reason);
    return tried;
  });
}

}  // namespace belay::safekeeping
