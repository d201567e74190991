#include "cli/backup_schedule.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/context.h"
#include "cli/data_options.h"
#include "cli/host_run.h"
#include "model/keep.h"
#include "safekeeping/backup_timer.h"

namespace belay::cli {

namespace {

// Of how the backup is made, not of the backup.
constexpr std::array not_passed_on{"install-timer", "remove-timer", "schedule", "cron", "json", "dry-run", "output"};
// What decides which engine, state and places a command works with.
constexpr std::array passed_variables{
    "HOME",          "BELAY_STATE_DIR",   "BELAY_SSH",        "BELAY_RCLONE",  "DOCKER_HOST",        "DOCKER_CONTEXT",
    "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "RCLONE_CONFIG", "BELAY_WAIT_TIMEOUT", "BELAY_CONFIG"};

// The options as they were given; files by their absolute paths, for the command will run elsewhere.
std::vector<std::string> same_options(const Invocation& in) {
  std::vector<std::string> words;
  for (const auto& option : in.command.options) {
    if (std::find(not_passed_on.begin(), not_passed_on.end(), option.name) != not_passed_on.end()) continue;
    if (option.is_flag()) {
      if (in.has(option.name)) words.push_back(format("--{}", option.name));
      continue;
    }
    for (const auto& value : in.list(option.name))
      words.push_back(format("--{}={}", option.name, option.kind == Kind::file ? fs::absolute(value).string() : value));
  }
  return words;
}

safekeeping::BackupTimer timer_of(const Invocation& in, const AppName& name) {
  if (in.has("passphrase"))
    throw UsageError("a timer cannot know the passphrase in PASS",
                     "Put it into a file that only root can read: --passphrase-file FILE.");
  const BackupFile file = backup_file(in.text_or("output", usual_place()));
  if (!file.name.empty() && !in.has("replace"))
    throw in.usage_error(format("{} is one file, and each backup needs one of its own: name a folder", file.name));
  const backup::Place& place = file.destination->place();
  const std::string output = file.name.empty() ? place.text() : backup::FilePlace{place, file.name}.text();

  safekeeping::BackupTimer timer{name, {fs::read_symlink("/proc/self/exe").string()}, {}, {}, in.text("schedule")};
  if (in.globals.host) timer.command.push_back("--host=" + *in.globals.host);
  if (in.globals.state_dir) timer.command.push_back("--state-dir=" + fs::absolute(*in.globals.state_dir).string());
  for (const auto& word : {std::string("backup"), name.text(), "--output=" + output}) timer.command.push_back(word);
  for (auto& word : same_options(in)) timer.command.push_back(std::move(word));
  for (const char* variable : passed_variables)
    if (const char* value = std::getenv(variable); value != nullptr && *value != '\0')
      timer.environment[variable] = value;

  timer.written.push_back(in.globals.state_dir ? fs::absolute(*in.globals.state_dir) : change::usual_state_folder());
  if (place.kind == backup::Place::Kind::local) {
    make_folder(place.path, 0700);
    timer.written.emplace_back(place.path);
  }
  // It keeps its tokens fresh there.
  if (place.kind == backup::Place::Kind::rclone)
    for (const char* folder : {".config/rclone", ".cache/rclone"}) timer.written.push_back(home_folder() / folder);
  return timer;
}

void print_to_do(Console& console, const safekeeping::TimerChange& change) {
  for (const auto& command : change.to_do) console.note("systemd was not reloaded; as root: " + command);
}

}  // namespace

std::optional<int> schedule_backup(Invocation& in, const AppName& name) {
  const int asked = in.has("install-timer") + in.has("remove-timer") + in.has("cron");
  if (asked > 1) throw in.usage_error("--install-timer, --remove-timer and --cron exclude each other");
  if (in.text("schedule") && !in.has("install-timer") && !in.has("cron"))
    throw UsageError(
        "backup: --schedule goes with --install-timer or --cron",
        format(
            "belay backup {0} --install-timer --schedule {1} makes a timer of systemd. In a definition it is the key "
            "\"backup\": {{\"schedule\": \"{1}\"}}, in a Compose file x-belay.backup, which belay serve keeps.",
            name.text(), printable(*in.text("schedule"))));
  if (asked == 0) return {};
  if (in.has("remove-timer") && in.has("dry-run")) throw in.usage_error("--remove-timer does not go with --dry-run");
  if (in.has("remove-timer")) {
    const auto change = safekeeping::remove_timer(name, in.stop());
    for (const auto& file : change.files) in.console.success("removed " + file.string());
    print_to_do(in.console, change);
    return 0;
  }
  HostRun run(in.session, in.description());
  std::ignore = change::known_app(run.context(), name, in.stop());
  // What would fail every night fails now.
  std::ignore = sealing_options(in);
  if (const auto keep = in.text("keep")) std::ignore = parse_keep(*keep);
  const safekeeping::BackupTimer timer = timer_of(in, name);
  if (in.has("cron")) {
    in.console.line(safekeeping::cron_line(timer));
    return 0;
  }
  if (timer.schedule) safekeeping::check_schedule(*timer.schedule, in.stop());
  if (in.has("dry-run")) {
    in.console.print(safekeeping::service_unit(timer) + "\n" + safekeeping::timer_unit(timer));
    return 0;
  }
  const auto change = safekeeping::install_timer(timer, in.stop());
  for (const auto& file : change.files) in.console.success("wrote " + file.string());
  print_to_do(in.console, change);
  if (!change.active)
    in.console.note(format("without systemd, cron does it: belay backup {} --cron prints the line", name.text()));
  return 0;
}

}  // namespace belay::cli
