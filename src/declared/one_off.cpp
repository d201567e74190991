#include "declared/one_off.h"

#include <algorithm>

#include "base/format.h"
#include "base/identity.h"
#include "change/carry_out.h"
#include "declared/project_images.h"
#include "model/compose_labels.h"
#include "model/naming.h"
#include "model/no_service.h"
#include "model/one_off_labels.h"

namespace belay::declared {

namespace {

constexpr std::string_view of_service = "service:";

const Service& service_of(const Declaration& project, const std::string& name) {
  const auto& all = project.spec.services;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Service& each) { return each.group_name() == name; });
  if (found == all.end() || !found->prepares.empty()) refuse_service(project.name.text(), name, service_names(all));
  return *found;
}

// What belongs to the containers that are kept up is left out: their ports, their names and addresses on the networks.
Service service_for(const Declaration& project, const OneOff& wanted) {
  Service service = service_of(project, wanted.service);
  const Service& extra = wanted.extra;
  if (!wanted.publishes_ports) service.ports.clear();
  service.ports.insert(service.ports.end(), extra.ports.begin(), extra.ports.end());
  for (const auto& mount : extra.mounts) {
    std::erase_if(service.mounts, [&](const Mount& own) { return own.target == mount.target; });
    service.mounts.push_back(mount);
  }
  for (const auto& [name, value] : extra.environment) service.environment[name] = value;
  if (!extra.user.empty()) service.user = extra.user;
  if (!extra.working_dir.empty()) service.working_dir = extra.working_dir;
  if (extra.entrypoint) {
    service.entrypoint = extra.entrypoint;
    service.command.reset();
  }
  if (!wanted.command.empty()) service.command = wanted.command;
  for (auto& link : service.networks) {
    NetworkLink bare;
    bare.network = link.network;
    link = std::move(bare);
  }
  service.mac_address.clear();
  service.container_name.clear();
  service.health.reset();
  service.tty = wanted.tty;
  service.stdin_open = true;
  return service;
}

// The first container of the service that runs.
std::string label_value(const Container& container, const char* key) {
  const auto found = container.labels.find(key);
  return found == container.labels.end() ? std::string() : found->second;
}

std::string running_container(change::Context& context, const Declaration& project, const std::string& service,
                              const std::string& wanted_by, std::stop_token stop) {
  const std::string label = format("{}={}", labels::compose_project, project.name.text());
  for (const auto& container : context.engine.containers({false, label}, std::move(stop))) {
    if (label_value(container, labels::compose_service) == service &&
        label_value(container, labels::compose_oneoff) != "True")
      return container.name;
  }
  throw Conflict(ErrorCode::not_running, format("{} shares what {} has, which does not run", wanted_by, service),
                 format("belay up {} starts it.", service));
}

// With containers in the place of the services whose namespaces or volumes it shares.
Service resolved(change::Context& context, const Declaration& project, Service service, std::stop_token stop) {
  const std::string own = service.group_name();
  const auto container_of = [&](const std::string& other) {
    return running_container(context, project, project.spec.service(other).group_name(), own, stop);
  };
  for (auto* mode : {&service.network_mode, &service.pid_mode, &service.ipc_mode, &service.uts_mode})
    if (mode->starts_with(of_service)) *mode = "container:" + container_of(mode->substr(of_service.size()));
  for (auto& reference : service.volumes_from) {
    if (!reference.starts_with(of_service)) continue;
    const std::string named = reference.substr(of_service.size());
    const size_t end = named.find(':');
    reference = container_of(named.substr(0, end)) + (end == std::string::npos ? std::string() : named.substr(end));
  }
  return service;
}

constexpr const char* slug_label = "com.docker.compose.slug";

// Identities are made of these digits; what a label says otherwise is no name of a file.
bool is_identity(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

labels::Labels labels_for(const Declaration& project, const Service& service, const std::string& image,
                          const std::string& container, const std::string& slug) {
  labels::Labels all = labels::for_compose(project.name, project.spec, service, image);
  all[labels::one_off] = project.name.text();
  all[labels::one_off_name] = container;
  all[labels::compose_oneoff] = "True";
  all[slug_label] = slug;
  return all;
}

// What the command holds that is at work with the container of this slug.
fs::path lock_of(const change::Context& context, const std::string& slug) {
  return context.store.folder() / "runs" / slug;
}

// Left by a command that was killed, or told to leave it: nobody waits for it any more. Those of another state are
// that state's.
bool is_left(const change::Context& context, const AppName& app, const Container& container) {
  if (labels::app_of_one_off(container.labels, container.name) != app.text()) return false;
  if (container.is_up() || container.labels.contains(labels::one_off_kept)) return false;
  if (const std::string state = label_value(container, labels::state);
      !state.empty() && state != context.store.identity())
    return false;
  const std::string slug = label_value(container, slug_label);
  return !is_identity(slug) || !FileLock::holder_of(lock_of(context, slug));
}

template <class Definition>
Definition definition_of(const std::map<std::string, Definition>& all, const std::string& name) {
  const auto found = all.find(name);
  return found == all.end() ? Definition{} : found->second;
}

// The terminal is the command's.
void carry_out_silently(change::Context& context, const plan::Plan& plan, std::stop_token stop) {
  change::Report silent;
  change::carry_out_whole(context, plan, {&silent, nullptr, false}, std::move(stop));
}

}  // namespace

std::vector<std::string> needs_of(const Declaration& project, const std::string& service) {
  std::vector<std::string> needs;
  for (const Need& need : all_needs(service_of(project, service)))
    if (const Service& other = project.spec.service(need.service); other.prepares.empty())
      needs.push_back(other.group_name());
  return needs;
}

OneOffRun::OneOffRun(change::Context& context, const Declaration& project, const OneOff& wanted, std::stop_token stop)
    : context_(context),
      project_(project),
      stop_(std::move(stop)),
      service_(resolved(context, project, service_for(project, wanted), stop_)),
      slug_(new_identity()),
      name_(wanted.name.empty() ? format("{}-{}-run-{}", project.name.text(), wanted.service, slug_.substr(0, 12))
                                : wanted.name) {}

// What is there already is taken as it is.
void OneOffRun::add_networks_and_volumes(plan::Plan& plan) const {
  std::set<std::string> there;
  for (const auto& network : context_.engine.networks(stop_)) there.insert(network.name);
  for (const auto& link : service_.networks) {
    const NetworkDefinition definition = definition_of(project_.spec.networks, link.network);
    if (there.contains(link.network) || definition.external) continue;
    plan.add(plan::CreateNetwork{link.network, labels::for_network(project_.name, definition), definition},
             "it is missing");
  }
  there.clear();
  for (const auto& volume : context_.engine.volumes({}, stop_)) there.insert(volume.name);
  for (const auto& mount : service_.mounts) {
    if (mount.kind != Mount::Kind::volume || mount.source.empty() || !there.insert(mount.source).second) continue;
    const VolumeDefinition definition = definition_of(project_.spec.volumes, mount.source);
    if (!definition.external)
      plan.add(plan::CreateVolume{mount.source, labels::for_volume(project_.name, mount.target), definition},
               "for " + mount.target);
  }
}

// One that an earlier command, which was killed, has left and that has ended goes first.
plan::Plan OneOffRun::plan_of_preparation() const {
  plan::Plan plan;
  const std::string label = format("{}={}", labels::one_off, project_.name.text());
  for (const auto& container : context_.engine.containers({true, label}, stop_))
    if (is_left(context_, project_.name, container))
      plan.add(plan::RemoveContainer{container.name}, "an earlier command left it");
  for (const auto& action : plan_of_missing_image(context_, project_, service_, service_.image, stop_).actions)
    plan.add(action, {});
  add_networks_and_volumes(plan);
  return plan;
}

plan::Plan OneOffRun::plan() const {
  plan::Plan plan = plan_of_preparation();
  std::vector<size_t> last;
  for (size_t i = 0; i < plan.actions.size(); ++i) last.push_back(i);
  last = {plan.add(plan::CreateContainer{name_,
                                         service_.image,
                                         service_,
                                         labels_for(project_, service_, service_.image, name_, slug_),
                                         {"no", 0},
                                         true},
                   "for one command", last)};
  if (!service_.files.empty())
    last = {plan.add(plan::PutFiles{name_, service_.files}, "its configs and secrets", last)};
  plan.add(plan::StartContainer{name_}, "you asked for it", last);
  return plan;
}

void OneOffRun::prepare() {
  make_folder(lock_of(context_, slug_).parent_path());
  at_work_ = FileLock::take({lock_of(context_, slug_), context_.command, false}, context_.clock, {}, stop_);
  const plan::Plan plan = plan_of_preparation();
  if (!plan.empty()) change::carry_out_whole(context_, plan, {}, stop_);
  for (const auto& volume : context_.engine.volumes({}, stop_)) volumes_before_.insert(volume.name);
}

void OneOffRun::create(bool is_kept) {
  const auto image = context_.engine.image(service_.image, stop_);
  if (!image)
    throw NotFound(ErrorCode::image_not_found,
                   format("the image {} of {} is not there", service_.image, service_.group_name()));
  labels::Labels labels = labels_for(project_, service_, image->id, name_, slug_);
  labels[labels::state] = context_.store.identity();
  if (is_kept) labels[labels::one_off_kept] = "true";
  plan::Plan creation;
  creation.add(plan::CreateContainer{name_, image->id, service_, labels, {"no", 0}, true}, "for one command");
  if (!service_.files.empty()) creation.add(plan::PutFiles{name_, service_.files}, "its configs and secrets", {0});
  carry_out_silently(context_, creation, stop_);
}

template <class Work>
void OneOffRun::removing_unless_done(Work&& work) {
  try {
    prepare();
    try {
      work();
    } catch (...) {
      remove();
      throw;
    }
  } catch (...) {
    let_go();
    throw;
  }
  let_go();
}

void OneOffRun::let_go() {
  std::error_code unknown;
  fs::remove(lock_of(context_, slug_), unknown);
  at_work_.reset();
}

int OneOffRun::run(Terminal& terminal) {
  int code = 0;
  removing_unless_done([&] {
    create(false);
    if (before_the_session) before_the_session();
    code = exit_code(context_.engine.attach(name_, terminal, stop_));
    remove();
  });
  return code;
}

void OneOffRun::start(bool is_kept) {
  removing_unless_done([&] {
    create(is_kept);
    plan::Plan plan;
    plan.add(plan::StartContainer{name_}, "you asked for it");
    carry_out_silently(context_, plan, stop_);
  });
}

// Its output may end before it does.
int OneOffRun::exit_code(std::optional<int> told) const {
  while (!told) {
    const auto detail = context_.engine.container(name_, stop_);
    if (!detail)
      throw NotFound(ErrorCode::container_not_found, format("the container {} is gone before it ended", name_));
    if (!detail->container.is_up()) return detail->exit_code;
    if (!context_.clock.sleep(Milliseconds(100), stop_)) throw Cancelled();
  }
  return *told;
}

// With the volumes that were made for it alone. Not to be stopped.
void OneOffRun::remove() {
  const auto detail = context_.engine.container(name_, {});
  // The name may be a stranger's, which is why the container could not be made.
  if (!detail || label_value(detail->container, slug_label) != slug_) return;
  plan::Plan plan;
  std::vector<size_t> last;
  if (detail->container.is_up()) last = {plan.add(plan::StopContainer{name_, {}}, "its command was ended")};
  last = {plan.add(plan::RemoveContainer{name_}, "it was for one command", last)};
  for (const auto& mount : detail->container.mounts)
    if (mount.kind == Mount::Kind::volume && is_unnamed_volume(mount.source) && !volumes_before_.contains(mount.source))
      plan.add(plan::RemoveVolume{mount.source}, "it was made for that container alone", last);
  carry_out_silently(context_, plan, {});
}

}  // namespace belay::declared
