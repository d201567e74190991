#include "engine_memory/memory.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "base/format.h"
#include "base/text.h"
#include "engine_memory/memory_tar.h"
#include "engine_memory/memory_universe.h"
#include "model/names.h"

namespace belay::engine {

namespace {

// "key" or "key=value", as the engine's filters read it.
bool matches(const std::optional<std::string>& filter, const labels::Labels& labels) {
  if (!filter) return true;
  const auto equals = filter->find('=');
  const auto found = labels.find(filter->substr(0, equals));
  return found != labels.end() && (equals == std::string::npos || found->second == filter->substr(equals + 1));
}

// Keeps the tags of this repository, as engines do where images are filtered by it; false: there are none.
bool in_repository(Image& image, const std::string& repository) {
  const std::string wanted = ImageRef::parse(full_reference(repository)).repository;
  std::erase_if(image.tags, [&](const std::string& tag) { return ImageRef::parse(tag).repository != wanted; });
  return !image.tags.empty();
}

Progress finished(const std::string& status) {
  Progress progress;
  progress.status = status;
  progress.done = true;
  return progress;
}

// What `write` gives, until it is stopped.
std::string everything(const StreamWriter& write, const std::stop_token& stop) {
  std::string bytes;
  write([&](std::string_view more) {
    if (stop.stop_requested()) throw Cancelled();
    bytes += more;
  });
  return bytes;
}

}  // namespace

template <class Use>
decltype(auto) MemoryEngine::reach(const std::stop_token& stop, Use&& use) {
  if (stop.stop_requested()) throw Cancelled();
  return universe_->with([&](Universe& universe) -> decltype(auto) {
    const bool is_answered = universe.enter(clock_.now());
    const auto failure = universe.failure_of_this_call();
    if (failure && !failure->has_its_effect) throw failure->how;
    if (is_answered && !failure) return use(universe);
    static_cast<void>(use(universe));
    if (failure) throw failure->how;
    throw Crash();
  });
}

MemoryEngine::MemoryEngine(Clock& clock, fs::path data_root)
    : universe_(std::make_unique<Guarded<Universe>>()), clock_(clock) {
  universe_->with([&](Universe& universe) { universe.data_root = std::move(data_root); });
}
MemoryEngine::Beginning MemoryEngine::beginning() const {
  return universe_->with([](const Universe& universe) {
    if (universe.hidden_files) throw std::logic_error("the files of volumes out of reach are not kept");
    Beginning kept;
    kept.world_ = std::make_shared<const Universe>(universe);
    return kept;
  });
}

void MemoryEngine::begin_again(const Beginning& from) {
  universe_->with([&](Universe& universe) { universe = *from.world_; });
}

MemoryEngine::~MemoryEngine() = default;

std::string MemoryEngine::add_image(const std::string& reference, const ImageConfig& config, const Behaviour& behaviour,
                                    const std::string& version) {
  return universe_->with([&](Universe& universe) {
    universe.pass_to(clock_.now());
    const std::string id = image_id(reference, version);
    universe.store_image(id, {config, behaviour});
    universe.tags[full_reference(reference)] = id;
    return id;
  });
}

void MemoryEngine::next_build(const ImageConfig& config, const Behaviour& behaviour, const std::string& version) {
  universe_->with([&](Universe& universe) { universe.next_build = {version, {config, behaviour}}; });
}

void MemoryEngine::next_build_fails(const std::string& message) {
  universe_->with([&](Universe& universe) { universe.next_build_failure = message; });
}

std::string MemoryEngine::in_registry(const std::string& reference, const ImageConfig& config,
                                      const Behaviour& behaviour, const std::string& version) {
  return universe_->with([&](Universe& universe) {
    return universe.offer(reference, {image_id(reference, version), {config, behaviour}});
  });
}

void MemoryEngine::not_in_registry(const std::string& reference) {
  universe_->with([&](Universe& universe) { universe.registry.erase(full_reference(reference)); });
}

void MemoryEngine::registry_lies(const std::string& reference, const std::string& digest) {
  universe_->with([&](Universe& universe) { universe.registry_lies[full_reference(reference)] = digest; });
}

void MemoryEngine::registry_fails(const std::string& registry, std::optional<EngineError> how) {
  universe_->with([&](Universe& universe) {
    universe.registry_failures.erase(registry);
    if (how) universe.registry_failures.emplace(registry, *how);
  });
}

void MemoryEngine::registry_takes(Milliseconds time) {
  universe_->with([&](Universe& universe) { universe.registry_time = time; });
}

int MemoryEngine::registry_questions() const {
  return universe_->with([](const Universe& universe) { return universe.registry_questions; });
}

void MemoryEngine::log_in(const ServerLogin& login) {
  universe_->with([&](Universe& universe) { universe.logins[login.server] = login.login; });
}

void MemoryEngine::restart() {
  universe_->with([&](Universe& universe) {
    universe.pass_to(clock_.now());
    universe.restart_engine();
  });
}

void MemoryEngine::has_unkept(const std::string& name, const UnkeptSetting& setting) {
  universe_->with([&](Universe& universe) { universe.container(name).unkept.push_back(setting); });
}

void MemoryEngine::kill(const std::string& name, int exit_code) {
  universe_->with([&](Universe& universe) {
    universe.pass_to(clock_.now());
    auto& killed = universe.container(name);
    if (killed.state == ContainerState::running) universe.end(name, killed, universe.now, exit_code);
  });
}

std::vector<std::string> MemoryEngine::changes() const {
  return universe_->with([](const Universe& universe) { return universe.changes; });
}

std::optional<std::string> MemoryEngine::own_file(const std::string& container, const std::string& path) const {
  return universe_->with([&](Universe& universe) -> std::optional<std::string> {
    if (!universe.container(container).own_files) return {};
    return read_file_if_present(universe.own_file(container, path.substr(1)));
  });
}

std::vector<std::string> MemoryEngine::lost_volumes() const {
  return universe_->with([](const Universe& universe) {
    std::vector<std::string> lost;
    for (const auto& name : universe.all_volumes)
      if (!universe.volumes.contains(name)) lost.push_back(name);
    return lost;
  });
}

int MemoryEngine::calls() const {
  return universe_->with([](const Universe& universe) { return universe.calls; });
}

void MemoryEngine::crash_after(std::optional<int> n, Cut cut) {
  universe_->with([&](Universe& universe) {
    universe.calls_until_crash = n;
    universe.answer_is_lost = n && cut == Cut::before_the_answer;
  });
}

void MemoryEngine::fail_after(std::optional<int> n, const EngineError& how, Cut cut) {
  universe_->with([&](Universe& universe) {
    universe.failure.reset();
    if (n) universe.failure = {*n, how, cut == Cut::before_the_answer};
  });
}

void MemoryEngine::cannot_start(const std::string& name, std::optional<EngineError> why) {
  universe_->with([&](Universe& universe) {
    universe.cannot_start.erase(name);
    if (why) universe.cannot_start.emplace(name, *why);
  });
}

void MemoryEngine::hangs(const std::string& name, bool does) {
  universe_->with([&](Universe& universe) {
    if (does)
      universe.hanging.insert(name);
    else
      universe.hanging.erase(name);
  });
}

void MemoryEngine::wait_for(const std::string& name, const std::stop_token& stop) {
  if (universe_->with([&](const Universe& universe) { return universe.hanging.contains(name); })) hang(stop);
}

void MemoryEngine::hang(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, stop, [] { return false; });
  throw Cancelled();
}

void MemoryEngine::starts_late(const std::string& name) {
  universe_->with([&](Universe& universe) { universe.late.emplace(name, false); });
}

void MemoryEngine::comes_up(const std::string& name) {
  universe_->with([&](Universe& universe) {
    const auto late = universe.late.find(name);
    const bool has_begun = late != universe.late.end() && late->second;
    universe.late.erase(name);
    if (has_begun) universe.start(name);
  });
}

EngineInfo MemoryEngine::info(std::stop_token stop) {
  return reach(stop, [](Universe&) { return EngineInfo{"memory:", "", "1.0", "1.41", "linux", "amd64", true}; });
}

std::string MemoryEngine::data_folder(std::stop_token stop) {
  return reach(stop, [](Universe& universe) { return universe.data_root.string(); });
}

bool MemoryEngine::maps_ids(std::stop_token stop) {
  return reach(stop, [](Universe&) { return false; });
}

std::vector<Container> MemoryEngine::containers(const ContainerFilter& filter, std::stop_token stop) {
  return reach(stop, [&](Universe& universe) {
    std::vector<Container> found;
    for (const auto& [name, stored] : universe.containers)
      if ((filter.all || stored.is_up()) && matches(filter.label, stored.labels))
        found.push_back(universe.listed(name, stored));
    return found;
  });
}

std::optional<ContainerDetail> MemoryEngine::container(const std::string& name, std::stop_token stop) {
  wait_for(name, stop);
  return reach(stop, [&](Universe& universe) -> std::optional<ContainerDetail> {
    const auto found = universe.containers.find(name);
    if (found == universe.containers.end()) return {};
    return universe.inspected(name, found->second);
  });
}

RegistryWays MemoryEngine::registry_ways(std::stop_token stop) {
  return reach(stop, [](Universe&) { return RegistryWays(); });
}

std::vector<UnkeptSetting> MemoryEngine::unkept_settings(const std::string& name, std::stop_token stop) {
  return reach(stop, [&](Universe& universe) { return universe.container(name).unkept; });
}

Processes MemoryEngine::processes(const std::string& name, std::stop_token stop) {
  return reach(stop, [&](Universe& universe) {
    if (!universe.container(name).is_up())
      throw Conflict(ErrorCode::not_running, "the container " + name + " is not running");
    return Processes{{"PID", "CMD"}, {{"1", "main"}}};
  });
}

std::vector<Image> MemoryEngine::images(const ImageFilter& filter, std::stop_token stop) {
  return reach(stop, [&](Universe& universe) {
    std::vector<Image> found;
    for (const auto& [id, stored] : universe.images) {
      Image image = universe.image(id);
      if (!matches(filter.label, image.config.labels)) continue;
      if (filter.reference && !in_repository(image, *filter.reference)) continue;
      labels::Labels kept = std::move(image.config.labels);
      image.config = {};
      image.config.labels = std::move(kept);
      found.push_back(std::move(image));
    }
    return found;
  });
}

std::optional<Image> MemoryEngine::image(const std::string& reference, std::stop_token stop) {
  return reach(stop, [&](Universe& universe) -> std::optional<Image> {
    const auto id = universe.find_image(reference);
    if (!id) return {};
    return universe.image(*id);
  });
}

std::vector<Volume> MemoryEngine::volumes(const std::optional<std::string>& label, std::stop_token stop) {
  return reach(stop, [&](Universe& universe) {
    std::vector<Volume> found;
    for (const auto& [name, stored] : universe.volumes)
      if (matches(label, stored.labels))
        found.push_back(
            {name, stored.driver, universe.mount_point(name).string(), stored.labels, stored.created, stored.options});
    return found;
  });
}

std::vector<Network> MemoryEngine::networks(std::stop_token stop) {
  return reach(stop, [](Universe& universe) {
    std::vector<Network> found;
    for (const auto& [name, stored] : universe.networks) found.push_back(stored.shown);
    return found;
  });
}

std::map<std::string, ByteCount> MemoryEngine::volume_sizes(std::stop_token stop) {
  return reach(stop, [](Universe& universe) {
    std::map<std::string, ByteCount> sizes;
    for (const auto& [name, stored] : universe.volumes) sizes[name] = universe.volume_size(name);
    return sizes;
  });
}

void MemoryEngine::create_container(const ContainerRequest& request, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.create(request); });
}

void MemoryEngine::start_container(const std::string& name, std::stop_token stop) {
  wait_for(name, stop);
  const bool is_late = universe_->with([&](Universe& universe) {
    const auto late = universe.late.find(name);
    if (late != universe.late.end()) late->second = true;
    return late != universe.late.end();
  });
  if (is_late && stop.stop_requested()) throw Cancelled();
  if (is_late) throw EngineError(ErrorCode::engine_unreachable, 0, "the engine did not answer in time");
  reach(stop, [&](Universe& universe) { universe.start(name); });
}

void MemoryEngine::stop_container(const std::string& name, std::optional<Seconds>, std::stop_token stop) {
  wait_for(name, stop);
  const bool is_behind_its_start = universe_->with([&](const Universe& universe) {
    const auto late = universe.late.find(name);
    return late != universe.late.end() && late->second;
  });
  if (is_behind_its_start) hang(stop);
  reach(stop, [&](Universe& universe) { universe.stop(name); });
}

void MemoryEngine::signal_container(const std::string& name, const std::string& signal, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.signal(name, signal); });
}

void MemoryEngine::pause_container(const std::string& name, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.pause(name); });
}

void MemoryEngine::unpause_container(const std::string& name, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.unpause(name); });
}

void MemoryEngine::rename_container(const std::string& from, const std::string& to, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.rename(from, to); });
}

void MemoryEngine::remove_container(const std::string& name, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.remove(name); });
}

void MemoryEngine::set_restart_policy(const std::string& name, const RestartPolicy& policy, std::stop_token stop) {
  wait_for(name, stop);
  reach(stop, [&](Universe& universe) { universe.set_policy(name, policy); });
}

void MemoryEngine::update_resources(const std::string& name, const Resources& resources, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.update(name, resources); });
}

void MemoryEngine::connect_network(const std::string& name, const NetworkLink& link, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.connect(name, link); });
}

void MemoryEngine::remove_link(const std::string& name, const std::string& alias, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.remove_link(name, alias); });
}

void MemoryEngine::disconnect_network(const std::string& name, const std::string& network, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.disconnect(name, network); });
}

void MemoryEngine::create_volume(const VolumeRequest& request, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.add_volume(request); });
}

void MemoryEngine::remove_volume(const std::string& name, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.remove_volume(name); });
}

void MemoryEngine::create_network(const NetworkRequest& request, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.add_network(request); });
}

void MemoryEngine::remove_network(const std::string& name, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.remove_network(name); });
}

void MemoryEngine::tag_image(const std::string& image, const std::string& reference, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.tag(image, reference); });
}

std::string MemoryEngine::commit_container(const CommitRequest& request, std::stop_token stop) {
  return reach(stop, [&](Universe& universe) { return universe.commit(request); });
}

ImageRemoval MemoryEngine::remove_image(const UnwantedImage& image, std::stop_token stop) {
  return reach(stop, [&](Universe& universe) { return universe.remove_image(image); });
}

void MemoryEngine::reach_registry(const std::string& reference, const std::stop_token& stop) {
  const auto time = universe_->with([](const Universe& universe) { return universe.registry_time; });
  if (time > Milliseconds(0) && !clock_.sleep(time, stop)) throw Cancelled();
  universe_->with([&](const Universe& universe) {
    const auto failure = universe.registry_failures.find(ImageRef::parse(reference).registry());
    if (failure != universe.registry_failures.end()) throw failure->second;
  });
}

RegistryImage MemoryEngine::registry_image(const std::string& reference, std::stop_token stop) {
  reach_registry(reference, stop);
  return reach(stop, [&](Universe& universe) { return universe.registry_image(reference); });
}

std::optional<Login> MemoryEngine::login_for(const std::string& registry, std::stop_token stop) {
  return reach(stop, [&](Universe& universe) -> std::optional<Login> {
    const auto found = universe.logins.find(registry);
    if (found == universe.logins.end()) return {};
    return found->second;
  });
}

void MemoryEngine::pull(const std::string& reference, const ProgressSink& progress, std::stop_token stop) {
  reach_registry(reference, stop);
  reach(stop, [&](Universe& universe) { universe.pull(reference); });
  if (progress) progress(finished("Pulled " + reference));
}

void MemoryEngine::push(const std::string& reference, const ProgressSink& progress, std::stop_token stop) {
  reach_registry(reference, stop);
  reach(stop, [&](Universe& universe) { universe.push(reference); });
  if (progress) progress(finished("Pushed " + reference));
}

std::string MemoryEngine::build(const BuildRequest& request, const ProgressSink& progress, std::stop_token stop) {
  if (request.write_context) request.write_context([](std::string_view) {});
  std::string id = reach(stop, [&](Universe& universe) { return universe.build(request); });
  if (progress) progress(finished("Built " + id));
  return id;
}

void MemoryEngine::save_images(const std::vector<std::string>& references, const Sink& sink, std::stop_token stop) {
  sink(reach(stop, [&](Universe& universe) { return universe.saved(references); }));
}

std::vector<std::string> MemoryEngine::load_images(const StreamWriter& write, const ProgressSink& progress,
                                                   std::stop_token stop) {
  const std::string saved = everything(write, stop);
  auto loaded = reach(stop, [&](Universe& universe) { return universe.load(saved); });
  if (progress)
    for (const auto& name : loaded) progress(finished("Loaded " + name));
  return loaded;
}

void MemoryEngine::read_archive(const std::string& container, const std::string& path, const Sink& sink,
                                std::stop_token stop) {
  const auto source = reach(stop, [&](Universe& universe) { return universe.archive_source(container, path); });
  write_tar(source.path, source.name, [&](std::string_view bytes) {
    if (stop.stop_requested()) throw Cancelled();
    sink(bytes);
  });
}

void MemoryEngine::write_archive(const std::string& container, const std::string& folder, const StreamWriter& write,
                                 std::stop_token stop) {
  const std::string tar = everything(write, stop);
  reach(stop, [&](Universe& universe) { universe.unpack(container, folder, tar); });
}

void MemoryEngine::remove_path(const std::string& container, const std::string& path, std::stop_token stop) {
  reach(stop, [&](Universe& universe) { universe.remove_path(container, path); });
}

void MemoryEngine::logs(const std::string& name, const LogRequest& request, const OutputSink& sink,
                        std::stop_token stop) {
  auto lines = reach(stop, [&](Universe& universe) { return universe.container(name).log; });
  std::erase_if(lines, [&](const Universe::LogLine& line) {
    return (request.since && line.time < *request.since) || (request.until && line.time > *request.until);
  });
  size_t first = 0;
  if (request.tail && std::cmp_less(*request.tail, lines.size()))
    first = lines.size() - static_cast<size_t>(std::max(*request.tail, 0));
  for (size_t at = first; at < lines.size(); ++at)
    sink(OutputStream::out, request.timestamps ? iso_time(lines[at].time) + " " + lines[at].text : lines[at].text);
}

int MemoryEngine::exec(const std::string& name, const ExecRequest& request, Terminal& terminal, std::stop_token stop) {
  wait_for(name, stop);
  reach(stop, [&](Universe& universe) {
    if (universe.container(name).state != ContainerState::running)
      throw Conflict(ErrorCode::not_running, format("container {} is not running", name));
  });
  if (request.detached) return 0;
  const std::string command = request.command.empty() ? "" : request.command.front();
  const auto reply = reach(stop, [&](Universe& universe) { return universe.reply_of_command(name, command); });
  if (reply && reply->fails) throw *reply->fails;
  if (reply) {
    terminal.write(OutputStream::out, reply->body);
    return reply->status;
  }
  if (command == "true") return 0;
  if (command == "false") return 1;
  if (command != "echo") return 127;
  terminal.write(OutputStream::out, join({request.command.begin() + 1, request.command.end()}, " ") + "\n");
  return 0;
}

std::optional<int> MemoryEngine::attach(const std::string& name, Terminal& terminal, std::stop_token stop) {
  struct Process {
    std::string output;
    std::optional<Milliseconds> ends_in;
    std::optional<int> exit_code;
  };
  const bool starts =
      reach(stop, [&](Universe& universe) { return universe.container(name).state == ContainerState::created; });
  if (starts) start_container(name, stop);
  const auto look = [&] {
    return reach(stop, [&](Universe& universe) {
      const auto& stored = universe.container(name);
      if (stored.state == ContainerState::created || stored.state == ContainerState::paused)
        throw Conflict(ErrorCode::not_running, format("container {} is not running", name));
      Process process{stored.behaviour.output, {}, {}};
      if (stored.state != ContainerState::running)
        process.exit_code = stored.exit_code;
      else if (stored.behaviour.exits_after)
        process.ends_in = stored.lives_from() + *stored.behaviour.exits_after - universe.now;
      return process;
    });
  };
  Process process = look();
  if (!process.output.empty()) terminal.write(OutputStream::out, process.output);
  if (process.ends_in) {
    if (!clock_.sleep(*process.ends_in, stop)) throw Cancelled();
    return look().exit_code;
  }
  if (!process.exit_code) {
    // A process that stays up: the session lasts as long as its user's input.
    while (!terminal.read(stop).empty()) continue;
    if (stop.stop_requested()) throw Cancelled();
    return look().exit_code;
  }
  return process.exit_code;
}

void MemoryEngine::events(const std::optional<Time>& since, const EventFilter& filter,
                          const std::function<bool(const Event&)>& sink, std::stop_token stop) {
  auto events = reach(stop, [](Universe& universe) { return universe.events; });
  // Containers live on one after the other, so that their events are recorded out of order.
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.time < b.time; });
  for (const auto& event : events) {
    if ((since && event.time < *since) || !filter.takes(event)) continue;
    if (!sink(event) || stop.stop_requested()) return;
  }
}

}  // namespace belay::engine
