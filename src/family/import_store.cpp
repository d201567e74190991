#include "family/import_store.h"

#include <algorithm>
#include <cstdlib>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/kept_files.h"
#include "change/one_owner.h"
#include "change/start.h"
#include "family/adopting.h"
#include "state/store.h"

namespace belay::family {

namespace {

NamingScheme scheme_of(StoreKind kind) {
  return kind == StoreKind::jockler ? NamingScheme::jcl : NamingScheme::dcv;
}

std::string tool_name(StoreKind kind) {
  return kind == StoreKind::jockler ? "jockler" : "dockervisor";
}

bool is_family(const fs::path& folder, const std::string& name) {
  std::error_code unknown;
  const auto& files = formats::stored_family_files();
  return fs::exists(folder / ("jockler-" + name), unknown) || fs::exists(folder / ("dcv-" + name), unknown) ||
         std::any_of(files.begin(), files.end(),
                     [&](const std::string& file) { return fs::exists(folder / file, unknown); });
}

std::vector<std::string> families_in(const fs::path& store) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(store, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code unknown;
    const std::string name = entry->path().filename().string();
    if (entry->is_directory(unknown) && is_family(entry->path(), name)) names.push_back(name);
  }
  if (error)
    throw Error(ErrorCode::system_failed, format("{} cannot be read: {}", store.string(), error.message()),
                "It belongs to root and the group docker.");
  std::sort(names.begin(), names.end());
  return names;
}

// Those of nobody that bear a name the tool gives, and those that the store itself names.
std::vector<std::string> containers_of(change::Context& context, const AppName& name, const FamilyOfStore& family,
                                       std::stop_token stop) {
  const auto all = context.engine.containers({}, stop);
  std::vector<std::string> found;
  for (const auto& container : foreign_containers(all, name))
    if (foreign_scheme(container, name) == family.scheme) found.push_back(container);
  for (const auto& marked : {family.marks.last, family.marks.stable, family.marks.startup})
    if (std::any_of(all.begin(), all.end(), [&](const Container& each) { return each.name == marked; }) &&
        std::find(found.begin(), found.end(), marked) == found.end())
      found.push_back(marked);
  std::erase_if(found, [&](const std::string& container) { return owner_of(context, container, stop).has_value(); });
  return found;
}

std::string container_of_mark(const App& app, const std::optional<ReleaseNumber>& mark) {
  const Release* release = mark ? app.find(*mark) : nullptr;
  return release == nullptr || release->containers.empty() ? std::string() : release->containers.begin()->second;
}

void import_family(change::Context& context, const AppName& name, const FamilyOfStore& family, bool dry_run,
                   ImportedFamily& result, std::stop_token stop) {
  const FileLock lock = lock_app_as_found(context, name, stop);
  const auto known = context.store.app(name);
  App app = known ? *known : App(name);
  result.is_known = known.has_value();
  if (!known) {
    app.scheme = family.scheme;
    app.created = context.clock.now();
  }
  if (app.wish.is<goal::Removed>())
    throw Conflict(ErrorCode::being_removed, format("{} is being removed", name.text()),
                   format("belay remove {} finishes it.", name.text()));
  if (known && !dry_run) finish_unfinished(context, app, stop);
  TakenIn taken = adopt_containers(context, app, containers_of(context, name, family, stop), &family, stop);
  if (app.releases.empty() && app.builds.empty())
    throw NotFound(format("the engine has neither a container nor an image of {}", name.text()),
                   family.settings_file.empty()
                       ? format("Build it: belay build {}", name.text())
                       : format("Build it with the settings that are there: belay build {} --config-file {}",
                                name.text(), family.settings_file.string()));
  for (const auto& note : taken.notes) context.report.note(note);
  result.containers = std::move(taken.containers);
  result.warnings = std::move(taken.warnings);
  for (const auto& lost : taken.lost) result.warnings.push_back("the next release is without it: " + lost);
  result.changed = taken.changed;
  result.last = app.last;
  result.stable = app.stable;
  result.last_container = container_of_mark(app, app.last);
  result.stable_container = container_of_mark(app, app.stable);
  result.autostart = app.autostart;
  if (!taken.changed) return;
  result.plan = pins(context, app, stop);
  if (dry_run) return;
  run_pins(context, result.plan, stop);
  learn_settings_files(context, app, change::Learnt::adopted, stop);
  context.store.save(app, change::to_own_alone(app));
  write_journal(context, app, "import", "done",
                result.containers.empty() ? family.folder.string() : join(result.containers, ", "));
}

ImportedFamily imported(change::Context& context, const std::string& text, const fs::path& store, StoreKind kind,
                        bool dry_run, std::stop_token stop) {
  ImportedFamily result;
  result.name = text;
  try {
    const AppName name(text);
    const auto family = family_of_store(store, scheme_of(kind), name);
    if (!family)
      throw NotFound(format("{} has nothing of {}", (store / text).string(), text), "It is a folder without a mark.");
    result.settings_file = family->settings_file.string();
    import_family(context, name, *family, dry_run, result, stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    result.error = error;
  }
  return result;
}

}  // namespace

fs::path store_folder(StoreKind kind) {
  const char* chosen = std::getenv(kind == StoreKind::jockler ? "BELAY_JOCKLER_STORE" : "BELAY_DOCKERVISOR_STORE");
  if (chosen != nullptr && *chosen != '\0') return chosen;
  return fs::path("/var") / tool_name(kind);
}

std::vector<ImportedFamily> import_store(change::Context& context, StoreKind kind, const ImportOptions& options,
                                         std::stop_token stop) {
  const fs::path store = options.folder.empty() ? store_folder(kind) : options.folder;
  std::error_code unknown;
  if (!fs::is_directory(store, unknown))
    throw NotFound(format("there is no store of {} at {}", tool_name(kind), store.string()),
                   format("Name it: belay import {} --store FOLDER", tool_name(kind)));
  std::vector<std::string> names = families_in(store);
  if (options.only) {
    if (std::find(names.begin(), names.end(), options.only->text()) == names.end())
      throw NotFound(format("{} has no family {}", store.string(), options.only->text()),
                     names.empty() ? format("It has none at all; adopt containers by name: belay adopt {} CONTAINER",
                                            options.only->text())
                                   : format("It has {}.", join(names, ", ")));
    names = {options.only->text()};
  }
  std::vector<ImportedFamily> families;
  for (const auto& name : names) families.push_back(imported(context, name, store, kind, options.dry_run, stop));
  return families;
}

}  // namespace belay::family
