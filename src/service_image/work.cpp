#include "service_image/work.h"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "archive/tar_reader.h"
#include "archive/tar_writer.h"
#include "archive/tree.h"
#include "backup/nameless_images.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/pipe.h"
#include "base/supervised.h"
#include "base/text.h"
#include "change/temporary.h"
#include "crypto/sha256.h"
#include "engine/direct.h"
#include "service_image/containers.h"
#include "service_image/convention.h"
#include "service_image/hold.h"
#include "service_image/host_user.h"
#include "service_image/launcher.h"
#include "state/store.h"

namespace belay::service_image {

namespace {

// Of a script that failed, for the error's sentence.
constexpr size_t shown_output = 400;
// A script that writes to the disk of the state until there is no room left takes everybody's with it.
constexpr std::uintmax_t least_free = std::uintmax_t{64} << 20;
constexpr int nothing_to_change = 3;

bool is_success(int exit_code) {
  return exit_code == 0 || exit_code == nothing_to_change;
}

// Those that get the folder PATH.
bool exchanges_files(const std::string& script) {
  return script == "backup" || script == "restore";
}

fs::path config_tar(const fs::path& work) {
  return work / "config.tar";
}

Progress log_of(std::string_view text) {
  Progress progress;
  progress.log = std::string(text);
  return progress;
}

// Both streams of a script in a container, as they come; it has no input.
class StreamedOutput final : public Terminal {
 public:
  explicit StreamedOutput(std::function<void(std::string_view)> sink) : sink_(std::move(sink)) {}
  std::string read(std::stop_token) override { return {}; }
  void write(OutputStream, std::string_view bytes) override {
    const std::lock_guard held(mutex_);
    sink_(bytes);
  }
  std::optional<Size> size() override { return {}; }
  std::shared_ptr<void> on_resize(std::function<void(Size)>) override { return {}; }

 private:
  std::mutex mutex_;
  std::function<void(std::string_view)> sink_;
};

std::uintmax_t room_at(const fs::path& place) {
  std::error_code error;
  const auto space = fs::space(place, error);
  return error ? least_free : space.available;
}

// "./a/b" → "config/a/b": for the folder above the one that is filled, because only there its own owner and mode count.
void rename_below(const Source& tar, const std::string& folder, const Sink& sink) {
  archive::TarReader reader(tar);
  archive::TarWriter writer(sink);
  const auto renamed = [&](std::string name) {
    if (name.starts_with("./")) name = name.substr(2);
    return name.empty() || name == "." ? folder : folder + "/" + name;
  };
  archive::TarEntry entry;
  while (reader.next(entry)) {
    entry.name = renamed(entry.name);
    if (entry.kind == archive::TarEntry::Kind::hard_link) entry.target = renamed(entry.target);
    writer.begin(entry);
    for (auto bytes = reader.content(); !bytes.empty(); bytes = reader.content()) writer.write(bytes);
  }
  writer.finish();
}

// The way of a tar from a file.
Source file_source(std::ifstream& file) {
  return [&file](std::span<char> room) {
    file.read(room.data(), static_cast<std::streamsize>(room.size()));
    return static_cast<std::size_t>(file.gcount());
  };
}

archive::ExtractOptions extract_options() {
  archive::ExtractOptions options;
  options.devices = false;
  if (::geteuid() != 0) options.owners = archive::Owners::current_user;
  return options;
}

// What is in the folder, not the folder; a link is removed, never followed.
void clear(const fs::path& folder) {
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
  for (const auto& entry : entries) fs::remove_all(entry);
}

// The folder, from a container that was never started, or has ended.
void copy_out(engine::Engine& engine, const std::string& container, const std::string& folder, const fs::path& into,
              std::stop_token stop) {
  connected([&](const Sink& sink) { engine.read_archive(container, folder + "/.", sink, stop); },
            [&](const Source& source) { archive::extract_tree(source, into, extract_options(), {}, stop); }, stop);
}

}  // namespace

void resume_paused(change::Context& context, const fs::path& list) {
  const auto text = read_file_if_present(list);
  if (!text) return;
  for (const auto& name : split(*text, '\n')) {
    const auto detail = name.empty() ? std::nullopt : context.engine.container(std::string(name), {});
    if (detail && detail->container.state == ContainerState::paused)
      context.engine.unpause_container(std::string(name), {});
  }
  fs::remove(list);
}

Work::Work(change::Context& context, const InstalledService& service, std::optional<Milliseconds> script_time)
    : context_(context),
      service_(service),
      script_time_(script_time),
      folders_(context.store.folder()),
      version_(service.version) {}

Work::~Work() {
  abandon_backup();
}

fs::path Work::files_folder() const {
  return folders_.work(service_.name) / "files";
}

fs::path Work::make_files_folder() {
  const fs::path work = folders_.work(service_.name);
  make_folder(folders_.all, 0755);
  // An engine that is not root enters the folders as somebody else, where it mounts what a script tells it to.
  const mode_t mode = context_.engine.maps_ids({}) ? 0711 : 0700;
  for (const auto& above : {folders_.all / "work", work}) {
    make_folder(above, mode);
    if (::chmod(above.c_str(), mode) != 0) throw system_error(format("making {}", above.string()), errno);
  }
  const fs::path folder = files_folder();
  fs::remove_all(folder);
  make_folder(folder, 0700);
  // The folders above keep others out; containers come in by a mount, as the agreed user.
  const bool is_theirs = ::geteuid() == 0 && ::chown(folder.c_str(), user_id, user_id) == 0;
  if (::chmod(folder.c_str(), is_theirs ? 0770 : 0777) != 0)
    throw system_error(format("making {}", folder.string()), errno);
  return folder;
}

void Work::remove_work_folder() noexcept {
  std::error_code error;
  fs::remove_all(folders_.work(service_.name), error);
  for (const auto& folder : {folders_.all / "work", folders_.all / "backups", folders_.all})
    fs::remove(folder, error);  // where it is empty
}

// The disks that are not full already: on others a script may still make room, or bring back what was there.
std::function<void()> Work::room_watch(bool needs_room, std::stop_token stop) const {
  std::vector<fs::path> places{context_.store.folder()};
  if (engine::may_share_files(context_.engine, stop)) places.emplace_back(context_.engine.data_folder(stop));
  if (!needs_room) std::erase_if(places, [](const fs::path& place) { return room_at(place) < least_free; });
  return [places] {
    for (const auto& place : places)
      if (room_at(place) < least_free)
        throw Error(ErrorCode::no_space, format("the disk of {} is full: the script was ended", place.string()),
                    "Make room there, or move it to a larger disk.");
  };
}

void Work::judge(int exit_code) const {
  if (is_success(exit_code)) return;
  std::string words(trim(said_));
  if (words.size() > shown_output) words = "…" + words.substr(words.size() - shown_output);
  throw Error(ErrorCode::program_failed,
              format("it ended with exit code {}{}", exit_code, words.empty() ? "" : ": " + printable(words)));
}

void Work::touch() {
  if (const auto work = std::exchange(before_touch_, nullptr)) work();
}

void Work::run_script(const plan::RunScript& step, const engine::ProgressSink& progress, std::stop_token stop) {
  touch();
  said_.clear();
  const NamelessNote note(context_, service_);
  const auto tell = [&](std::string_view bytes) {
    said_ += bytes;
    if (said_.size() > 8 * shown_output) said_.erase(0, said_.size() - 4 * shown_output);
    progress(log_of(bytes));
  };
  judge(step.inside ? run_inside(step, tell, stop) : run_on_host(step, tell, stop));
}

int Work::run_on_host(const plan::RunScript& step, const Sink& tell, std::stop_token stop) {
  const ScriptStore store = folders_.scripts();
  const Scripts scripts = store.load(version_.scripts);
  const fs::path folder = store.folder_of(version_.scripts);
  SupervisedRequest request;
  request.command = {(folder / step.script).string()};
  request.command.insert(request.command.end(), step.arguments.begin(), step.arguments.end());
  request.environment = script_variables(service_, version_, context_.engine.info(stop).endpoint, folder);
  request.folder = "/";
  request.deadline = script_time_;
  request.on_output = tell;
  request.watch = room_watch(step.script == "backup", stop);
  return run_supervised(request, std::move(stop));
}

int Work::run_inside(const plan::RunScript& step, const Sink& tell, std::stop_token stop) {
  engine::Engine& engine = context_.engine;
  const Rights rights = manifest_of(folders_.scripts().load(version_.scripts), {}).rights;
  const bool exchanges = exchanges_files(step.script);
  ScriptWords words{step.script, step.arguments, false};
  // In the container the folder has a name of its own.
  if (exchanges && !words.arguments.empty()) words.arguments.back() = exchange_folder;
  engine::ContainerRequest request = script_request(service_, version_, rights, engine.info(stop).endpoint, words);
  request.name = format("dr-{}-script-{}", service_.name, ::getpid());
  request.labels = change::temporary_labels(context_, lock_name(service_.name));
  const Temporary container(engine, request, stop);
  if (exchanges)
    connected([&](const Sink& sink) { archive::write_tree(files_folder(), sink, {}, stop); },
              [&](const Source& source) {
                engine.write_archive(
                    container.name(), "/", [&](const Sink& sink) { rename_below(source, &exchange_folder[1], sink); },
                    stop);
              },
              stop);
  StreamedOutput output(tell);
  const int code = run_to_its_end(context_, container.name(), output,
                                  {script_time_, room_watch(step.script == "backup", stop)}, stop);
  if (step.script == "backup" && is_success(code)) {
    clear(files_folder());
    copy_out(engine, container.name(), exchange_folder, files_folder(), stop);
  }
  return code;
}

void Work::put_launcher(const plan::PutLauncher& step) {
  service_image::put_launcher(step.path, launcher_text_);
}

void Work::remove_launcher(const plan::RemoveLauncher& step) {
  if (launcher_state(step.path, service_.launcher_digest) == LauncherState::ours) fs::remove(step.path);
}

void Work::make_user(const plan::MakeHostUser& /*step*/, std::stop_token stop) {
  const HostUser user = make_host_user(folders_.user_marks(), std::move(stop));
  if (!user.trouble.empty()) context_.report.note(user.trouble);
}

void Work::remove_user(const plan::RemoveHostUser& /*step*/, std::stop_token stop) {
  remove_host_user(folders_.user_marks(), std::move(stop));
}

void Work::begin_backup(backup::Destination& destination, const std::string& name, const backup::Manifest& manifest,
                        const backup::Sealing& sealing, bool replace, std::stop_token stop) {
  manifest_ = &manifest;
  sealing_ = sealing;
  size_ = {};
  try {
    // What a killed backup of this name left may be what fills the disk.
    std::ignore = destination.remove_leftovers([&](const std::string& left) { return left == name; },
                                               context_.clock.now() - std::chrono::hours(24), stop);
  } catch (const NotFound&) {
    // The folder is still to be made.
  }
  upload_ = destination.create(name, {replace, 0}, std::move(stop));
  sealed_ = std::make_unique<backup::Sealed>(sealing_, [this](std::string_view bytes) {
    upload_->write(bytes);
    size_.value += static_cast<std::int64_t>(bytes.size());
  });
  writer_ = std::make_unique<backup::BackupWriter>(manifest, [this](std::string_view bytes) { sealed_->write(bytes); });
}

void Work::abandon_backup() {
  writer_.reset();
  sealed_.reset();
  upload_.reset();
}

void Work::with_reach(const std::function<void(const std::string&)>& work, std::stop_token stop) {
  engine::ContainerRequest request = unstarted(format("dr-{}-reach-{}", service_.name, ::getpid()), version_.image,
                                               change::temporary_labels(context_, lock_name(service_.name)));
  Mount config;
  config.source = config_volume(service_.name);
  config.target = config_folder;
  request.service.mounts.push_back(config);
  Temporary container(context_.engine, request, stop);
  work(container.name());
  container.remove(std::move(stop));
}

// A file that is written to while it is read comes out torn.
void Work::pause_those_with_config(std::stop_token stop) {
  const std::string volume = config_volume(service_.name);
  std::vector<std::string> names;
  for (const auto& container : context_.engine.containers({}, stop))
    if (container.state == ContainerState::running &&
        std::any_of(container.mounts.begin(), container.mounts.end(),
                    [&](const Mount& mount) { return mount.source == volume; }))
      names.push_back(container.name);
  if (names.empty()) return;
  write_file_durably(folders_.paused(service_.name), join(names, "\n"), 0600);
  for (const auto& name : names) {
    try {
      context_.engine.pause_container(name, stop);
    } catch (const NotFound&) {
      // It has ended meanwhile: it writes nothing any more.
    } catch (const Conflict&) {
      // The same.
    } catch (const EngineError& error) {
      writer_->warn(format("{} went on while its configuration was read: {}", name, error.what()));
      context_.report.warning(format(
          "{} cannot be paused, so its configuration may be copied in the middle of a change: {}", name, error.what()));
    }
  }
}

void Work::back_up(const plan::BackUpData& step, const engine::ProgressSink& /*progress*/, std::stop_token stop) {
  archive::TreeEvents events;
  events.holes = archive::Holes::apart;
  events.file = [&](const archive::FileDigest& file) {
    writer_->checksum(file.name, file.size, file.sha256, file.holes_apart);
  };
  events.warning = [&](const std::string& warning) {
    writer_->warn(warning);
    context_.report.warning(warning);
  };
  writer_->begin_item(step.item);
  const Sink sink = [this](std::string_view bytes) { writer_->write(bytes); };
  if (step.item == config_item) {
    with_reach(
        [&](const std::string& container) {
          struct Resuming {
            change::Context& context;
            const fs::path list;
            ~Resuming() {
              try {
                resume_paused(context, list);
              } catch (const std::exception& error) {
                context.report.warning(format("paused containers: {}; the next command lets them go on", error.what()));
              }
            }
          } resuming{context_, folders_.paused(service_.name)};
          pause_those_with_config(stop);
          connected(
              [&](const Sink& into) {
                context_.engine.read_archive(container, format("{}/.", config_folder), into, stop);
              },
              [&](const Source& source) { archive::pass_tree(source, sink, events, stop); }, stop);
        },
        stop);
  } else {
    const fs::path folder = step.item == files_item ? files_folder() : folders_.scripts().folder_of(version_.scripts);
    archive::write_tree(folder, sink, events, stop);
  }
  writer_->end_item();
}

void Work::back_up_images(const plan::BackUpImages& step, const engine::ProgressSink& /*progress*/,
                          std::stop_token stop) {
  writer_->begin_image();
  context_.engine.save_images(
      step.images, [this](std::string_view bytes) { writer_->write_image(bytes); }, std::move(stop));
  writer_->end_image();
}

void Work::finish_backup(const plan::FinishBackup& /*step*/, std::stop_token /*stop*/) {
  end_ = writer_->finish();
  sealed_->finish();
  upload_->commit();
  abandon_backup();
}

Work::Opened Work::open_backup(backup::Destination& destination, const std::string& name, const crypto::AgeKeys& keys,
                               bool with_image, std::stop_token stop) {
  const auto download = destination.open(name, stop);
  backup::Unsealed unsealed([&](std::span<char> room) { return download->read(room); }, keys);
  backup::BackupReader reader([&](std::span<char> room) { return unsealed.read(room); });
  Opened opened;
  opened.manifest = reader.manifest();
  if (!opened.manifest.service)
    throw Error(ErrorCode::bad_backup, format("this is a backup of the app {}, not of a service", opened.manifest.app),
                format("belay restore {} FILE restores it.", opened.manifest.app));
  std::ignore = make_files_folder();
  while (auto* item = reader.next_item()) {
    const std::string id = item->item().id;
    const auto events = item->events();
    const Source source = [&](std::span<char> room) { return item->read(room); };
    if (id == config_item) {
      // It holds the secrets of the service.
      const fs::path tar = config_tar(folders_.work(service_.name));
      fs::remove(tar);
      const Fd made(::open(tar.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
      if (!made) throw system_error(format("writing {}", tar.string()), errno);
      std::ofstream file(tar, std::ios::binary | std::ios::in | std::ios::out);
      archive::pass_tree(
          source, [&](std::string_view bytes) { file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())); },
          events, stop);
      file.close();
      if (!file) throw Error(ErrorCode::no_space, format("writing {}: no room", folders_.work(service_.name).string()));
    } else if (id == files_item) {
      archive::extract_tree(source, files_folder(), extract_options(), events, stop);
    } else if (id == scripts_item) {
      std::string tar;
      archive::pass_tree(
          source,
          [&](std::string_view bytes) {
            if (tar.size() + bytes.size() > largest_scripts)
              throw Error(ErrorCode::bad_service_image, "the scripts of the backup are too large");
            tar += bytes;
          },
          events, stop);
      opened.scripts = scripts_from_archive(tar, ".");
    } else {
      reader.skip_item();
    }
  }
  opened.has_image = reader.has_image();
  if (opened.has_image && with_image) {
    backup::NamelessImages images([&](std::span<char> room) { return reader.read_image(room); });
    context_.engine.load_images(
        [&](const Sink& sink) {
          std::vector<char> room(256 << 10);
          while (const std::size_t got = images.read(room)) sink({room.data(), got});
        },
        [](const Progress&) {}, stop);
  }
  std::ignore = reader.finish();
  for (const auto& warning : reader.warnings()) context_.report.warning(warning);
  return opened;
}

// By hand where this machine reaches the volume; a folder here that is called as one on another machine is somebody
// else's.
void Work::clear_config(const std::string& container, std::stop_token stop) {
  if (::geteuid() == 0 && engine::shares_files(context_.engine, stop))
    for (const auto& volume : context_.engine.volumes({}, stop))
      if (volume.name == config_volume(service_.name))
        if (const auto folder = engine::direct_folder(volume)) return clear(*folder);
  std::set<std::string> names;
  connected(
      [&](const Sink& sink) { context_.engine.read_archive(container, format("{}/.", config_folder), sink, stop); },
      [&](const Source& source) {
        archive::TarReader reader(source);
        archive::TarEntry entry;
        while (reader.next(entry)) {
          const auto parts = split(entry.name, '/');
          if (parts.size() > 1 && parts.front() == "." && !parts[1].empty()) names.insert(parts[1]);
        }
      },
      stop);
  for (const auto& name : names) context_.engine.remove_path(container, format("{}/{}", config_folder, name), stop);
}

void Work::unpack(const plan::UnpackData& /*step*/, const engine::ProgressSink& /*progress*/, std::stop_token stop) {
  touch();
  with_reach(
      [&](const std::string& container) {
        // Behind the container's making: the engine copies the image's own /config into a volume that is empty.
        clear_config(container, stop);
        std::ifstream file(config_tar(folders_.work(service_.name)), std::ios::binary);
        context_.engine.write_archive(
            container, "/", [&](const Sink& sink) { rename_below(file_source(file), &config_folder[1], sink); }, stop);
      },
      stop);
}

}  // namespace belay::service_image
