#include "family/family_release.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/kept_files.h"
#include "family/parameters.h"
#include "formats/ports.h"
#include "model/naming.h"
#include "model/overlay.h"

namespace belay::family {

namespace {

const Service* service_before(const App& app) {
  const Release* release = present_of(app);
  return release == nullptr || release->spec.services.empty() ? nullptr : &release->spec.services[0];
}

const Mount* mount_at(const Service& service, const std::string& target) {
  const auto found = std::find_if(service.mounts.begin(), service.mounts.end(),
                                  [&](const Mount& mount) { return mount.target == target; });
  return found == service.mounts.end() ? nullptr : &*found;
}

bool is_same_place(const Mount& a, const Mount* b) {
  return b != nullptr && a.kind == b->kind && a.source == b->source;
}

// Whether some configuration of these names this very source for the mount point.
bool is_named(const std::map<std::string, Configuration>& configurations, const Mount& mount) {
  return std::any_of(configurations.begin(), configurations.end(), [&](const auto& entry) {
    return !entry.second.spec.services.empty() &&
           is_same_place(mount, mount_at(entry.second.spec.services[0], mount.target));
  });
}

// The build whose settings the release before was made with; nullptr: it had none.
const Build* settings_before(const App& app) {
  const Release* present = present_of(app);
  return present == nullptr ? nullptr : settings_of_release(app, *present);
}

bool is_from_image(const Build& build) {
  return build.parameter_file.empty() && build.parameter_text == settings_of_the_image;
}

// What the release before has at the image's mount points, but for what settings named that are others now: the user's
// wish to mount something there ends when he speaks of volumes and no longer says so.
std::vector<Mount> mounts_to_keep(const App& app, const Build& build, const Configuration& configuration) {
  const Service* before = service_before(app);
  if (before == nullptr) return {};
  std::vector<Mount> kept = before->mounts;
  const Build* settings = settings_before(app);
  if (settings != nullptr && (configuration.volumes_overridden || is_from_image(build)))
    std::erase_if(kept, [&](const Mount& mount) { return is_named(settings->configurations, mount); });
  return kept;
}

// An image that somebody else built, as against one of the family's own Dockerfile; the older tools build all they
// have.
bool is_taken_as_it_is(const App& app, const Build& build) {
  const bool is_of_older_tool =
      (app.scheme == NamingScheme::jcl || app.scheme == NamingScheme::dcv) && build.tag == app.name.text() + ":latest";
  return build.dockerfile.empty() && !is_of_older_tool && !is_from_image(build);
}

bool is_same_inside(const PortBinding& a, const PortBinding& b) {
  return a.container_port == b.container_port && a.protocol == b.protocol;
}

bool has_port(const std::vector<PortBinding>& ports, const PortBinding& wanted) {
  return std::any_of(ports.begin(), ports.end(), [&](const PortBinding& port) { return is_same_inside(port, wanted); });
}

std::vector<PortBinding> exposed_by(const ImageConfig& image) {
  std::vector<PortBinding> ports;
  for (const auto& exposed : image.exposed_ports)
    for (auto& port : formats::container_ports(exposed)) ports.push_back(std::move(port));
  return ports;
}

// Of an image that is taken as it is nothing is published that nobody asked for; but what the release before published
// of its own image's ports stays: settings belong to the app.
void keep_published_ports(const App& app, const ImageConfig& image, Service& service) {
  const Service* before = service_before(app);
  if (before == nullptr || !service.network_mode.empty()) return;
  const Build* settings = settings_before(app);
  const auto is_named_before = [&](const PortBinding& port) {
    return settings != nullptr &&
           std::any_of(settings->configurations.begin(), settings->configurations.end(), [&](const auto& entry) {
             return !entry.second.spec.services.empty() && has_port(entry.second.spec.services[0].ports, port);
           });
  };
  const auto exposed = exposed_by(image);
  for (const PortBinding& port : before->ports) {
    const bool is_of_image = port.host_port == port.container_port && port.host_ip.empty() && has_port(exposed, port);
    if (is_of_image && !is_named_before(port) && !has_port(service.ports, port)) service.ports.push_back(port);
  }
}

// What somebody who did not speak of ports should know of them; nothing where it is as it was.
std::vector<std::string> notes_on_ports(const AppName& app, const ImageConfig& image,
                                        const Configuration& configuration, const Service& service,
                                        const Service* before) {
  std::vector<std::string> notes;
  if (!service.network_mode.empty() || service.publish_all_ports || configuration.ports_overridden) return notes;
  const auto given =
      configuration.spec.services.empty() ? std::vector<PortBinding>() : configuration.spec.services[0].ports;
  std::vector<std::string> published, unpublished;
  std::string example;
  for (const PortBinding& port : exposed_by(image)) {
    const auto bound = std::find_if(service.ports.begin(), service.ports.end(),
                                    [&](const PortBinding& each) { return is_same_inside(each, port); });
    const bool was_there = before != nullptr && has_port(before->ports, port);
    const bool is_bound = bound != service.ports.end();
    if (is_bound ? was_there || has_port(given, port) : before != nullptr) continue;
    const std::string protocol = port.protocol == "tcp" ? "" : "/" + port.protocol;
    const auto host_port = is_bound ? bound->host_port.value_or(port.container_port) : port.container_port;
    (is_bound ? published : unpublished).push_back(format("{}{}", host_port, protocol));
    if (example.empty()) example = format("127.0.0.1:{}:{}{}", host_port, port.container_port, protocol);
  }
  if (!published.empty())
    notes.push_back(
        format("publishes {} on every address of this host, because the image exposes {}; "
               "belay set {} ports={} limits that, ports=none ends it",
               join(published, ", "), published.size() == 1 ? "it" : "them", app.text(), example));
  if (!unpublished.empty())
    notes.push_back(format("the image exposes {}, which {} not published; belay set {} ports={} publishes {}",
                           join(unpublished, ", "), unpublished.size() == 1 ? "is" : "are", app.text(), example,
                           unpublished.size() == 1 ? "it" : "the first for this host"));
  return notes;
}

// A slip in a name makes a network that nobody else is on.
void note_new_networks(change::Context& context, const Service& service, const Service* before,
                       std::vector<std::string>& notes, std::stop_token stop) {
  const auto is_in = [](const Service* other, const std::string& name) {
    return other != nullptr && std::any_of(other->networks.begin(), other->networks.end(),
                                           [&](const NetworkLink& link) { return link.network == name; });
  };
  std::optional<std::vector<std::string>> known;
  for (const auto& link : service.networks) {
    if (is_in(before, link.network)) continue;
    if (!known) {
      known.emplace();
      for (const auto& network : context.engine.networks(stop)) known->push_back(network.name);
    }
    if (std::find(known->begin(), known->end(), link.network) != known->end()) continue;
    const std::string near = did_you_mean(link.network, *known);
    notes.push_back(format("there is no network {} yet: it is made, with nobody else on it{}", link.network,
                           near.empty() ? "" : ". " + near));
  }
}

// The configurations by which the next release is made, and whether they were found at the start only.
struct Settings {
  Build build;  // with them
  bool found_at_start = false;
};

// Those of the app, or of a parameter file that is there now; the rest is of the last build.
Settings known_settings(change::Context& context, const App& app, const StartOptions& options) {
  Settings settings{*app.latest_build(), false};
  Build& build = settings.build;
  if (options.settings_from_image) {
    settings.found_at_start = build.parameter_text != settings_of_the_image || !build.parameter_file.empty();
    build.configurations = no_settings(app.name);
    build.by_hand.reset();
    build.parameter_file.clear();
    build.parameter_text = settings_of_the_image;
    return settings;
  }
  // The newest build may be of a release that failed: its image is tried again, its settings are not the app's.
  if (const Build* known = settings_of(app)) {
    settings.found_at_start = !has_same_settings(build, *known);
    take_settings(build, *known);
  } else if (has_settings(build)) {
    settings.found_at_start = true;
    Build none;
    none.configurations = no_settings(app.name);
    take_settings(build, none);
  }
  if (options.parameter_folders.empty()) return settings;
  const Parameters found = find_parameters(app.name, options.parameter_folders, ParameterFiles::dockervisor);
  for (const auto& warning : found.warnings) context.report.warning(warning);
  // An unedited copy of the build's own file: its relative paths still mean the place where it was built.
  if (found.file.empty() || found.text == build.parameter_text) return settings;
  build.configurations = found.configurations;
  build.parameter_file = found.file.string();
  build.parameter_text = found.text;
  if (build.by_hand) lay_by_hand(build.configurations, *build.by_hand);
  settings.found_at_start = true;
  return settings;
}

Settings settings_for(change::Context& context, const App& app, const StartOptions& options) {
  Settings settings = known_settings(context, app, options);
  if (!options.settings) return settings;
  refuse_declared_settings(app);
  add_by_hand(app.name, settings.build.configurations, settings.build.by_hand, *options.settings);
  settings.found_at_start = true;
  return settings;
}

bool loses_a_limit(const Resources& before, const Resources& after) {
  return !limits_that_differ(before, after).empty() ||
         (before.memory_swap && before.memory_swap != after.memory_swap) ||
         (before.kernel_memory && before.kernel_memory != after.kernel_memory) ||
         (before.blkio_weight && before.blkio_weight != after.blkio_weight);
}

// What the next release lacks of what the one before it has.
class Losses {
 public:
  Losses(const Service& before, const Service& after, const Build* settings_before, const Build& build,
         const Configuration& configuration, bool files_decide)
      : before_(before),
        after_(after),
        is_first_file_(!build.parameter_file.empty() && settings_before != nullptr &&
                       settings_before->parameter_file.empty() && !is_from_image(*settings_before)),
        build_(build),
        configuration_(configuration),
        files_decide_(files_decide) {
    find_mounts();
    find_ports();
    const bool loses_variables =
        std::any_of(before.environment.begin(), before.environment.end(), [&](const auto& variable) {
          const auto found = after.environment.find(variable.first);
          return found == after.environment.end() || found->second != variable.second;
        });
    if (loses_variables || loses_a_limit(before.resources, after.resources)) add(!is_wished());
  }

  bool any() const { return any_; }
  bool asks() const { return asks_; }

 private:
  void add(bool asks) {
    any_ = true;
    asks_ = asks_ || asks;
  }

  // Settings that the user gave, and be it an empty file, say what he wants. Not the first file beside what was adopted
  // or imported: he may have meant to add to that.
  bool is_wished() const { return has_settings(build_) && !is_first_file_; }

  void find_mounts() {
    for (const Mount& mount : before_.mounts) {
      if (!mount.keeps_data() || is_same_place(mount, mount_at(after_, mount.target))) continue;
      const bool is_replaced =
          !configuration_.spec.services.empty() && mount_at(configuration_.spec.services[0], mount.target) != nullptr;
      const bool file_decides = files_decide_ && !build_.parameter_file.empty() && !is_first_file_;
      add(!is_replaced && !is_from_image(build_) && !file_decides);
    }
  }

  void find_ports() {
    for (const PortBinding& port : before_.ports) {
      if (std::find(after_.ports.begin(), after_.ports.end(), port) != after_.ports.end()) continue;
      // Of the user's own Dockerfile: he changed it himself.
      const bool is_exposed =
          !build_.dockerfile.empty() && port.host_port == port.container_port && port.host_ip.empty();
      add(!is_wished() && !is_exposed);
    }
  }

  const Service& before_;
  const Service& after_;
  const bool is_first_file_;
  const Build& build_;
  const Configuration& configuration_;
  const bool files_decide_;
  bool any_ = false, asks_ = false;
};

}  // namespace

const Release* present_of(const App& app) {
  const auto number = change::what_runs(app) ? change::what_runs(app) : app.last;
  return number ? app.find(*number) : nullptr;
}

const Build* settings_of(const App& app) {
  const bool any_runs = present_of(app) != nullptr;
  for (auto build = app.builds.rbegin(); build != app.builds.rend(); ++build)
    if (has_settings(*build) && (!any_runs || build->created > app.releases.back().created)) return &*build;
  return settings_before(app);
}

std::map<std::string, Configuration> no_settings(const AppName& app) {
  Configuration configuration;
  configuration.spec.services.emplace_back().name = app.text();
  return {{"default", configuration}};
}

Service family_service(change::Context& context, const App& app, const Build& build, const Configuration& configuration,
                       const ImageConfig& image, std::stop_token stop) {
  Service service = configuration.spec.services.at(0);
  service.name = app.name.text();
  service.image = build.tag;
  const bool is_taken = is_taken_as_it_is(app, build);
  const auto ports =
      configuration.ports_overridden || is_taken ? formats::Ports::as_given : formats::Ports::of_the_image;
  if (is_taken && !configuration.ports_overridden) keep_published_ports(app, image, service);
  std::vector<Volume> volumes;
  if (app.scheme == NamingScheme::jcl) volumes = context.engine.volumes({}, stop);
  formats::complete_from_image(
      service, image, ports,
      change::mount_for(app, service.name, mounts_to_keep(app, build, configuration), std::move(volumes)));
  return service;
}

Image last_image(change::Context& context, const App& app, std::stop_token stop) {
  const Build* build = app.latest_build();
  if (build == nullptr)
    throw NotFound(
        ErrorCode::release_not_found, format("{} was never built", app.name.text()),
        format("Build it first: belay build {0} (or take an image: belay build {0} --image REF).", app.name.text()));
  auto image = context.engine.image(build->image, stop);
  if (!image)
    throw NotFound(ErrorCode::image_gone,
                   format("the image {} of the last build of {} is gone", short_digest(build->image), app.name.text()),
                   format("Build it again: belay build {}", app.name.text()));
  return std::move(*image);
}

NextRelease next_release(change::Context& context, const App& present, const StartOptions& options, const Image& image,
                         std::stop_token stop) {
  // Going back may have bound kept copies; the next release has the host's own paths.
  App app = present;
  for (auto& release : app.releases)
    release.spec = change::with_paths_of_the_host(context.store, app, std::move(release.spec));
  Settings settings = settings_for(context, app, options);
  const Build& build = settings.build;
  const Configuration& configuration = pick(build.configurations, options.configuration);
  NextRelease next;
  next.made.spec = configuration.spec;
  Service& service = next.made.spec.services.at(0);
  service = family_service(context, app, build, configuration, image.config, stop);
  doing(format("the configuration of {}", app.name.text()), [&] { check_spec(next.made.spec); });
  next.made.images[service.name] = image.id;
  if (!image.digests.empty()) next.made.digests[service.name] = image.digests.front();
  next.made.files = settings_files(context, app, next.made.spec, stop);
  next.made.derived =
      change::derived_volumes(app, service, [&](const Mount& mount) { return is_named(build.configurations, mount); });
  refuse_foreign_volumes(context, app, next.made.derived, stop);
  if (settings.found_at_start) {
    next.settings = build;
    next.settings->number = app.latest_build()->number + 1;
    next.settings->created = context.clock.now();
    next.settings->who = context.who;
  }
  const Release* before = present_of(app);
  next.notes = notes_on_ports(app.name, image.config, configuration, service, service_before(app));
  note_new_networks(context, service, service_before(app), next.notes, stop);
  if (before == nullptr || before->spec.services.size() != 1) return next;
  const Losses losses(before->spec.services[0], service, settings_before(app), build, configuration,
                      options.files_decide);
  if (!losses.any()) return next;
  next.before = before->number;
  next.asks = losses.asks();
  for (const auto& change : differences(before->spec, next.made.spec))
    if (change.field != "image") next.lines.push_back(change.text());
  return next;
}

void agree_to_losses(change::Context& context, const AppName& name, const NextRelease& next,
                     const StartOptions& options) {
  if (next.lines.empty()) return;
  if (!next.asks) {
    context.report.note(format("the new release does not have all that {} has:", next.before.text()));
    for (const auto& line : next.lines) context.report.note("  " + line);
    return;
  }
  const std::string what =
      format("the new release of {} would not have all that {} has", name.text(), next.before.text());
  if (!options.confirm)
    throw Conflict(ErrorCode::settings_lost, format("{}: {}", what, join(next.lines, "; ")),
                   "Give -y to accept that, or --settings-from-image to take the image's ports and volumes.");
  if (!options.confirm(what, next.lines))
    throw Error(ErrorCode::declined, "nothing was started", format("belay config {} shows what runs.", name.text()));
}

}  // namespace belay::family
