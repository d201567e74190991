#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "service_image/convention.h"
#include "service_image/hold.h"
#include "service_image/host_user.h"
#include "state/store.h"

namespace belay::service_image {

namespace {

using Unfinished = InstalledService::Unfinished;

bool is_same_image(change::Context& context, const InstalledService& service, const std::string& reference,
                   std::stop_token stop) {
  if (const auto image = context.engine.image(reference, std::move(stop))) return image->id == service.version.image;
  return ImageRef::parse(reference) == ImageRef::parse(service.version.reference);
}

Done preview(const InstalledService& service, bool is_here, bool has_user) {
  Chain chain;
  if (!is_here) {
    chain.then(plan::PullImage{service.version.reference}, "the image of the service");
    chain.note(
        "what the image holds is not known before it is here: it is checked, and you are asked, before anything "
        "else is done");
  }
  Chain rest = install_chain(service, has_user);
  for (const auto& action : rest.plan().actions) chain.then(action.step, action.reason);
  return {Done::Kind::planned, chain.plan(), {}, {}, {}, {}, {}};
}

}  // namespace

std::vector<std::string> install_lines(const std::string& reference, const ServiceVersion& version,
                                       const ServiceManifest& manifest, const Scripts& scripts) {
  std::vector<std::string> lines{format("image {} ({})", printable(reference), identity_of(version))};
  Rights rights = manifest.rights;
  rights.inside = version.inside;
  for (const auto& sentence : sentences(rights, scripts.commands().size())) lines.push_back("- " + sentence);
  lines.push_back(format("its commands: {}", join(scripts.commands(), ", ")));
  return lines;
}

void expect_free(change::Context& context, const std::string& name, const std::string& image, const fs::path& launcher,
                 std::stop_token stop) {
  expect_free_name(name, launcher);
  if (name.ends_with("-config"))
    throw UsageError(ErrorCode::bad_name, format("'{}' cannot be the name of a service", name),
                     "What ends with -config is the volume of another service's configuration.");
  for (const auto& other : context.store.services())
    if (other.name != name && lower(other.name) == lower(name))
      throw Conflict(ErrorCode::name_taken,
                     format("there is a service {}: another name must differ in more than case", other.name),
                     "Choose another name for the service.");
  InstalledService service;
  service.name = name;
  service.version.image = image;
  const Belongings there = belongings_of(context.engine, owner_in(context, service), std::move(stop));
  if (there.empty()) return;
  throw Conflict(ErrorCode::name_taken,
                 format("the name {} is taken on the engine: {}", name, join(there.text(), ", ")),
                 "Remove it if nothing needs it, or choose another name for the service.");
}

std::string before_install(change::Context& context, std::stop_token stop) {
  Belongings all = everything(context.engine, std::move(stop));
  all.is_before_install = true;
  return to_json(all);
}

Chain place_chain(const InstalledService& service, bool has_user) {
  Chain chain;
  if (!has_user) chain.then(plan::MakeHostUser{user_name}, "the service's containers run as it");
  chain.then(plan::TagImage{service.version.image, pinned_tag(service)},
             "the service's image stays the same until an "
             "update");
  chain.then(plan::CreateVolume{config_volume(service.name), labels_of(service.name), {}}, "its configuration");
  chain.then(plan::PutLauncher{service.launcher}, "its commands can be typed");
  return chain;
}

Chain install_chain(const InstalledService& service, bool has_user) {
  Chain chain = place_chain(service, has_user);
  chain.then(script_step(service, service.version, "install"), "the service's own part");
  return chain;
}

Done install(change::Context& context, const InstallOptions& options, std::stop_token stop) {
  const std::string name = checked_name(options.name).text();
  std::ignore = ImageRef::parse(options.reference);
  const Held held = hold(context, name, stop);
  if (const auto there = context.store.service(name)) {
    if (is_same_image(context, *there, options.reference, stop))
      return {Done::Kind::unchanged, {}, there, {}, {}, {}, {}};
    throw Conflict(ErrorCode::name_taken,
                   format("there is a service {} already, of {}", name, printable(there->version.reference)),
                   format("belay service update {} takes a newer image; another name installs it beside.", name));
  }
  const fs::path launcher = options.launchers / name;
  expect_free(context, name, {}, launcher, stop);

  const Folders folders(context.store.folder());
  InstalledService service;
  service.name = name;
  service.version.reference = options.reference;
  service.version.inside = options.inside;
  service.launcher = launcher.string();
  const bool has_user = host_user(folders.user_marks()).exists;
  const auto here = context.engine.image(options.reference, stop);
  if (options.dry_run && !here) return preview(service, false, has_user);
  if (!here) doing(format("installing {}", name), [&] { pull(context, options.reference, stop); });
  service.version.fetched = !here.has_value();
  bool is_saved = false;
  try {
    const Examined examined = examine(context.engine, options.reference, stop);
    examined.expect_to_pass();
    const Scripts& scripts = *examined.scripts;
    service.version.image = examined.image.id;
    expect_free(context, name, service.version.image, launcher, stop);
    service.version.digest = examined.digest;
    service.version.scripts = scripts.digest();
    service.version.inside = options.inside || examined.manifest.rights.inside;
    if (options.dry_run) return preview(service, true, has_user);
    agree(options.ask, install_lines(options.reference, service.version, examined.manifest, scripts),
          format("Install it as {}?", name), name);
    const std::string text = launcher_text({name, fs::read_symlink("/proc/self/exe"), options.globals});
    service.launcher_digest = launcher_digest(text);
    service.installed = service.updated = context.clock.now();
    service.unfinished = Unfinished::install;
    service.before_world = before_install(context, stop);
    {
      const FileLock lock = hold_scripts(context, stop);
      folders.scripts().keep(scripts);
      context.store.save(service);
    }
    is_saved = true;
    Work work(context, service, options.script_time);
    work.launcher(text);
    const Chain chain = install_chain(service, has_user);
    doing(format("installing {}", name), [&] { carry_out(context, work, chain.plan(), stop); });
    service.unfinished = Unfinished::nothing;
    service.before_world.clear();
    context.store.save(service);
    note_in_journal(context, name, "service install", "done", options.reference);
    return {Done::Kind::done, chain.plan(), service, {}, {}, {}, {}};
  } catch (Error& error) {
    if (is_saved) {
      note_in_journal(context, name, "service install", "failed", error.what());
      take_back_install(context, service, options.script_time);
      if (!context.store.service(name)) error.offer_hint("The install is taken back.");
    } else if (service.version.fetched) {
      if (const auto image = context.engine.image(options.reference, {}))
        discard_image(context, options.reference, image->id);
    }
    throw;
  }
}

}  // namespace belay::service_image
