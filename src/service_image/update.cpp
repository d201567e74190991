#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "service_image/convention.h"
#include "service_image/hold.h"
#include "service_image/host_user.h"
#include "service_image/version_change.h"
#include "state/store.h"

namespace belay::service_image {

namespace {

using Unfinished = InstalledService::Unfinished;

// An image without a repository's digest was built or loaded here: no registry knows it.
bool is_local(const std::optional<Image>& image) {
  return image && image->digests.empty();
}

std::vector<std::string> difference_lines(const ServiceVersion& from, const ServiceVersion& to,
                                          const Scripts& old_scripts, const Scripts& scripts,
                                          const std::vector<std::string>& more_rights) {
  std::vector<std::string> lines{format("image {}", printable(to.reference)), format("  {}", identity_of(from)),
                                 format("  → {}", identity_of(to))};
  const ScriptChanges changed = changes(old_scripts, scripts);
  const auto add = [&](std::string_view what, const std::vector<std::string>& files) {
    if (!files.empty()) lines.push_back(format("- scripts {}: {}", what, printable(join(files, ", "))));
  };
  add("added", changed.added);
  add("changed", changed.changed);
  add("removed", changed.removed);
  for (const auto& right : more_rights) lines.push_back("- now also " + right);
  return lines;
}

Scripts scripts_or_none(const ScriptStore& store, const std::string& digest) {
  try {
    return store.load(digest);
  } catch (const Error&) {
    // They were damaged: all scripts count as new.
    return {};
  }
}

Chain update_chain(const InstalledService& service, const ServiceVersion& to, const Scripts& scripts, bool has_user) {
  Chain chain;
  if (!has_user) chain.then(plan::MakeHostUser{user_name}, "the service's containers run as it");
  chain.then(plan::TagImage{to.image, pinned_tag(service.name, to.image)}, "the service's image from now on");
  const auto commands = scripts.commands();
  const bool has_update = std::find(commands.begin(), commands.end(), "update") != commands.end();
  chain.then(script_step(service, to, has_update ? "update" : "install"), "the new version's own part");
  return chain;
}

}  // namespace

Done update(change::Context& context, const std::string& name, const UpdateOptions& options, std::stop_token stop) {
  const Held held = hold(context, checked_name(name).text(), stop);
  InstalledService service = known_service(context, name);
  const ServiceVersion from = service.version;
  const Folders folders(context.store.folder());
  const auto before_pull = context.engine.image(from.reference, stop);
  const bool pulls = !is_local(before_pull);
  if (options.dry_run && pulls) {
    Chain chain;
    chain.then(plan::PullImage{from.reference}, "whether there is a newer one");
    chain.note("what else is done depends on what is pulled: nothing where the digest is the same");
    return {Done::Kind::planned, chain.plan(), service, identity_of(from), {}, {}, {}};
  }
  if (pulls) doing(format("updating {}", name), [&] { pull(context, from.reference, stop); });
  const auto now = context.engine.image(from.reference, stop);
  if (!now) throw NotFound(ErrorCode::image_not_found, format("the image {} is gone", printable(from.reference)));
  const bool scripts_are_whole = !scripts_or_none(folders.scripts(), from.scripts).files.empty();
  if (now->id == from.image && scripts_are_whole)
    return {Done::Kind::unchanged, {}, service, identity_of(from), {}, {}, {}};

  ServiceVersion to = from;
  Scripts scripts;
  std::vector<std::string> more_rights;
  const Scripts old_scripts = scripts_or_none(folders.scripts(), from.scripts);
  const auto discard_new = [&] {
    // It was here before: somebody else's.
    if (before_pull && before_pull->id == now->id) return;
    // The tag goes back to the image that it meant.
    if (before_pull && context.engine.image(before_pull->id, {}))
      context.engine.tag_image(before_pull->id, from.reference, {});
    discard_image(context, before_pull ? "" : from.reference, now->id);
  };
  try {
    const Examined examined = examine(context.engine, from.reference, stop);
    examined.expect_to_pass();
    scripts = *examined.scripts;
    to.image = examined.image.id;
    to.digest = examined.digest;
    to.scripts = scripts.digest();
    to.inside = from.inside && !manifest_of(old_scripts, {}).rights.inside ? true : examined.manifest.rights.inside;
    // What was here before is somebody's, unless Belay brought it for this service.
    const bool was_here = before_pull && before_pull->id == now->id;
    to.fetched = was_here ? from.fetched && now->id == from.image : from.fetched || (pulls && !before_pull);
    Rights had = manifest_of(old_scripts, {}).rights, gets = examined.manifest.rights;
    had.inside = from.inside;
    gets.inside = to.inside;
    more_rights = grown(had, gets);
    const bool grew = !more_rights.empty() || !changes(old_scripts, scripts).added.empty();
    const auto lines = difference_lines(from, to, old_scripts, scripts, more_rights);
    if (options.dry_run) {
      Chain chain = update_chain(service, to, scripts, true);
      plan::Plan plan =
          options.backup ? backup_plan(service, "files", folders.kept_backup(name).string(), false) : plan::Plan{};
      Chain whole;
      for (const auto& action : plan.actions) whole.then(action.step, action.reason);
      for (const auto& action : chain.plan().actions) whole.then(action.step, action.reason);
      for (const auto& line : lines) whole.note(line);
      return {Done::Kind::planned, whole.plan(), service, identity_of(from), {}, {}, {}};
    }
    if (grew)
      agree(options.ask, lines, format("Update {}?", name), name);
    else
      for (const auto& line : lines) context.report.note(line);
  } catch (const Error&) {
    if (!options.dry_run) discard_new();
    throw;
  }

  Done done{Done::Kind::done, {}, {}, identity_of(from), {}, {}, {}};
  Work work(context, service, options.script_time);
  std::string kept;
  try {
    if (options.backup) {
      kept = folders.kept_backup(name).string();
      doing(format("updating {}: the backup before it", name),
            [&] { keep_backup(context, work, service, kept, stop); });
    }
    const FileLock lock = hold_scripts(context, stop);
    folders.scripts().keep(scripts);
    begin_change(context, service, to, kept, Unfinished::update, stop);
  } catch (Error& error) {
    work.remove_work_folder();
    discard_new();
    error.offer_hint("With --no-backup the service is updated without one.");
    throw;
  }
  const Chain chain = update_chain(service, to, scripts, host_user(folders.user_marks()).exists);
  done.plan = chain.plan();
  try {
    const auto is_back = [&] {
      discard_new();
      std::error_code error;
      if (!kept.empty()) fs::remove(kept, error);
      fs::remove(folders.all / "backups", error);  // where it is empty
    };
    doing(format("updating {}", name), [&] {
      carry_out_or_go_back(context, service, work, chain.plan(),
                           format("The service is as it was before: {}.", identity_of(from)), is_back, stop);
    });
  } catch (const Error& error) {
    note_in_journal(context, name, "service update", "failed", error.what());
    throw;
  }
  end_change(context, service);
  note_in_journal(context, name, "service update", "done", format("{} → {}", identity_of(from), identity_of(to)));
  clear_up(context, service);
  done.service = service;
  done.kept_backup = kept;
  return done;
}

}  // namespace belay::service_image
