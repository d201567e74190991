#pragma once
// What the plans of services do on this host: scripts, launchers, the user; and the bytes of backups. Private to
// service_image.

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "backup/destination.h"
#include "backup/envelope.h"
#include "backup/manifest.h"
#include "backup/reader.h"
#include "backup/writer.h"
#include "change/context.h"
#include "exec/data.h"
#include "exec/host_work.h"
#include "model/installed_service.h"
#include "service_image/rights.h"
#include "service_image/scripts.h"

namespace belay::service_image {

// Where the state keeps what belongs to services.
struct Folders {
  explicit Folders(const fs::path& state) : all(state / "services") {}
  fs::path all;
  ScriptStore scripts() const { return ScriptStore(all / "scripts"); }
  // What a command on the service has in hand; nothing of it outlives the command.
  fs::path work(const std::string& service) const { return all / "work" / service; }
  // The backup that an update goes back to, and that the last update leaves.
  fs::path kept_backup(const std::string& service) const {
    return all / "backups" / (service + "-before.belay.tar.zst");
  }
  // The one that a restore goes back to: gone when the restore has ended. Never that of the update, which is a file
  // that a restore may well be asked for.
  fs::path restore_backup(const std::string& service) const {
    return all / "backups" / (service + "-before-restore.belay.tar.zst");
  }
  // The containers that stand still while the config volume is read.
  fs::path paused(const std::string& service) const { return work(service) / "paused"; }
  fs::path user_marks() const { return all; }
};

// Lets go on what the file lists, then removes the file. Never stopped; what is no longer there is passed over.
void resume_paused(change::Context& context, const fs::path& list);

// The variables that every script gets. Those of Belay's caller which tell where the engine is and how it is reached
// are among them.
std::map<std::string, std::string> script_variables(const InstalledService& service, const ServiceVersion& version,
                                                    const std::string& engine_endpoint, const fs::path& scripts);
// Those of the caller that reach a command run by hand: all but Belay's own, those that steer the loader, the shell and
// interpreters; where the manifest names variables, just those.
std::map<std::string, std::string> callers_variables(const ServiceManifest& manifest, bool inside);

class Work final : public exec::NoData, public exec::HostWork {
 public:
  Work(change::Context& context, const InstalledService& service, std::optional<Milliseconds> script_time);
  const std::optional<Milliseconds>& script_time() const { return script_time_; }
  ~Work() override;

  // Whose scripts run from now on.
  void use(const ServiceVersion& version) { version_ = version; }
  // Called once, before the first script or before data is replaced.
  void before_touch(std::function<void()> work) { before_touch_ = std::move(work); }
  // The content of the launcher to be put.
  void launcher(std::string text) { launcher_text_ = std::move(text); }
  // The folder that the scripts `backup` and `restore` get as PATH: made anew, empty, writable for the containers.
  fs::path make_files_folder();
  fs::path files_folder() const;
  void remove_work_folder() noexcept;

  // Backups: `manifest` outlives the plan.
  void begin_backup(backup::Destination& destination, const std::string& name, const backup::Manifest& manifest,
                    const backup::Sealing& sealing, bool replace, std::stop_token stop);
  void abandon_backup();
  const backup::End& end() const { return end_; }
  ByteCount size() const { return size_; }

  // A backup that was read and checked to its end: its config volume and files are in the work folder.
  struct Opened {
    backup::Manifest manifest;
    Scripts scripts;
    bool has_image = false;
  };
  // `with_image`: the engine loads the image of the backup, where it has one.
  Opened open_backup(backup::Destination& destination, const std::string& name, const crypto::AgeKeys& keys,
                     bool with_image, std::stop_token stop);

  void run_script(const plan::RunScript& step, const engine::ProgressSink& progress, std::stop_token stop) override;
  void put_launcher(const plan::PutLauncher& step) override;
  void remove_launcher(const plan::RemoveLauncher& step) override;
  void make_user(const plan::MakeHostUser& step, std::stop_token stop) override;
  void remove_user(const plan::RemoveHostUser& step, std::stop_token stop) override;
  void back_up(const plan::BackUpData& step, const engine::ProgressSink& progress, std::stop_token stop) override;
  void back_up_images(const plan::BackUpImages& step, const engine::ProgressSink& progress,
                      std::stop_token stop) override;
  void finish_backup(const plan::FinishBackup& step, std::stop_token stop) override;
  // Fills the config volume from the backup that was opened.
  void unpack(const plan::UnpackData& step, const engine::ProgressSink& progress, std::stop_token stop) override;

 private:
  // Their exit codes; `tell` gets what they write.
  int run_on_host(const plan::RunScript& step, const Sink& tell, std::stop_token stop);
  int run_inside(const plan::RunScript& step, const Sink& tell, std::stop_token stop);
  void touch();
  void pause_those_with_config(std::stop_token stop);
  void judge(int exit_code) const;
  // What throws when a script has filled the disk of the state, or that of the engine. `needs_room`: also when it was
  // full before.
  std::function<void()> room_watch(bool needs_room, std::stop_token stop) const;
  // Of the config volume, through a container that has it.
  void clear_config(const std::string& container, std::stop_token stop);
  // A container that only reaches the config volume; gone when `work` returns.
  void with_reach(const std::function<void(const std::string& container)>& work, std::stop_token stop);

  change::Context& context_;
  const InstalledService& service_;
  const std::optional<Milliseconds> script_time_;
  const Folders folders_;
  ServiceVersion version_;
  std::string launcher_text_;
  std::function<void()> before_touch_;
  std::string said_;  // the last of what the running script wrote
  const backup::Manifest* manifest_ = nullptr;
  backup::Sealing sealing_;
  std::unique_ptr<backup::Upload> upload_;
  std::unique_ptr<backup::Sealed> sealed_;
  std::unique_ptr<backup::BackupWriter> writer_;
  backup::End end_;
  ByteCount size_;
};

inline constexpr const char* config_item = "01-config";
inline constexpr const char* files_item = "02-files";
inline constexpr const char* scripts_item = "03-scripts";

}  // namespace belay::service_image
