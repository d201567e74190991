#pragma once
// Services that are installed from images which bring their own commands (docs/formats/dr.md): each use case leaves the
// service as it was where it fails, and the next one finishes, or takes back, what a crash cut off.

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backup/destination.h"
#include "backup/envelope.h"
#include "backup/manifest.h"
#include "change/context.h"
#include "model/installed_service.h"
#include "plan/action.h"
#include "service_image/belongings.h"
#include "service_image/check.h"
#include "service_image/launcher.h"

namespace belay::service_image {

// Shows the lines and asks; false: it is not done. Empty: nobody is asked, and it is done.
using Ask = std::function<bool(const std::vector<std::string>& lines, const std::string& question)>;

struct Done {
  enum class Kind { unchanged, planned, done };
  Kind kind = Kind::unchanged;
  plan::Plan plan;
  std::optional<InstalledService> service;  // as it is now; nullopt: there is none
  std::string before;                       // of an update or a restore: the digest, or the image, that it had
  std::string kept_backup;                  // of an update: the file to go back to by hand
  std::vector<std::string> kept;            // what was left alone, and why
  std::vector<std::string> left;            // of a destroy: what the scan found all the same; empty: the proof
};
std::string_view to_text(Done::Kind kind);

// "sha256:…" of the registry, else the image's id.
std::string identity_of(const ServiceVersion& version);

struct CommonOptions {
  bool dry_run = false;
  std::optional<Milliseconds> script_time = {};  // how long each script may take
  Ask ask = {};
};

struct InstallOptions : CommonOptions {
  std::string reference, name;
  bool inside = false;                 // its scripts run in containers, whatever the image says
  fs::path launchers;                  // the folder of its command
  std::vector<std::string> globals{};  // what its command gives to belay
};
Done install(change::Context& context, const InstallOptions& options, std::stop_token stop);

struct UpdateOptions : CommonOptions {
  bool backup = true;  // of the data, before anything changes
};
Done update(change::Context& context, const std::string& name, const UpdateOptions& options, std::stop_token stop);

struct DestroyOptions : CommonOptions {
  bool despite_script = false;  // its own script may fail
};
Done destroy(change::Context& context, const std::string& name, const DestroyOptions& options, std::stop_token stop);

struct BackupOptions : CommonOptions {
  bool with_image = false;
  bool replace = false;   // a file of that name
  std::string file = {};  // its name; empty: by the service and the time
  backup::Sealing sealing = {};
};
struct BackedUp {
  plan::Plan plan;
  bool done = false;
  std::string where;
  backup::Manifest manifest;
  backup::End end;
  ByteCount size;
};
BackedUp back_up(change::Context& context, const std::string& name, backup::Destination& destination,
                 const BackupOptions& options, std::stop_token stop);

struct RestoreOptions : CommonOptions {
  // For a service that is not there yet.
  fs::path launchers;
  std::vector<std::string> globals{};
};
Done restore(change::Context& context, const std::string& name, backup::Destination& destination,
             const std::string& file, const crypto::AgeKeys& keys, const RestoreOptions& options, std::stop_token stop);

// Throws NotFound with "did you mean".
InstalledService known_service(change::Context& context, const std::string& name);

struct RunOptions {
  std::string command;
  std::vector<std::string> arguments;
  std::optional<Milliseconds> script_time = {};
  bool tty = false;
};
// One of the service's commands, with the caller's streams; its exit code. `terminal`: for one that runs in a
// container. Throws NotFound for a command that it does not have.
int run_command(change::Context& context, const std::string& name, const RunOptions& options, Terminal& terminal,
                std::stop_token stop);

struct CommandLine {
  std::string name, summary;  // summary: empty where nobody says
};
// What a service can be asked for: its commands, and what its manifest says of them.
std::vector<CommandLine> commands_of(change::Context& context, const InstalledService& service);
// What the service's own help script says; a reason in place of it where that fails.
struct HelpText {
  std::string text, trouble;
};
HelpText help_of(change::Context& context, const InstalledService& service, std::stop_token stop);

std::vector<std::string> service_names(change::Context& context);
// What is told of a service in a list.
struct ServiceRow {
  InstalledService service;
  Belongings belongings;
  LauncherState launcher = LauncherState::absent;
};
std::vector<ServiceRow> list(change::Context& context, std::stop_token stop);

// Looks into an image, pulled where it is not here and then removed again.
Examined check_image(change::Context& context, const std::string& reference, std::stop_token stop);

// Writes a minimal image that follows every rule: Dockerfile, scripts, README. The folder is new or empty.
void write_starter(const fs::path& folder);

}  // namespace belay::service_image
