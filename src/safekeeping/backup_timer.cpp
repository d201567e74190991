#include "safekeeping/backup_timer.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/errors.h"
#include "base/format.h"
#include "base/process.h"
#include "base/text.h"
#include "model/schedule.h"

namespace belay::safekeeping {

namespace {

constexpr const char* usual_folder = "/etc/systemd/system";

std::string unit_name(const AppName& app, std::string_view kind) {
  return format("belay-backup-{}.{}", app.text(), kind);
}

// A word of a line that systemd reads: nothing in it is expanded or split.
std::string unit_word(const std::string& word) {
  std::string quoted = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '%' || c == '$') quoted += c;
    if (c == '\n')
      quoted += "\\n";
    else
      quoted += c;
  }
  return quoted + "\"";
}

// The same where variables are not expanded: everywhere but in commands.
std::string setting_word(const std::string& word) {
  std::string quoted = unit_word(word);
  for (size_t at = quoted.find("$$"); at != std::string::npos; at = quoted.find("$$", at + 1)) quoted.erase(at, 1);
  return quoted;
}

bool systemd_runs() {
  std::error_code error;
  return fs::exists("/run/systemd/system", error) && unit_folder() == usual_folder;
}

void systemctl(std::vector<std::string> words, std::stop_token stop) {
  words.insert(words.begin(), "systemctl");
  const std::string line = join(words, " ");
  ProcessRequest request;
  request.command = std::move(words);
  const auto result = run_process(request, stop);
  if (result.exit_code != 0)
    throw Error(ErrorCode::program_failed, format("{}: {}", line, printable(trim(result.errors))));
}

// Something between 0 and `below` that is the same for the same app on every host, and another for others.
unsigned spread(const AppName& app, unsigned below) {
  unsigned value = 2166136261u;
  for (const char c : app.text()) value = (value ^ static_cast<unsigned char>(c)) * 16777619u;
  return (value >> 8) % below;
}

}  // namespace

fs::path unit_folder() {
  const char* folder = std::getenv("BELAY_UNIT_FOLDER");
  return folder != nullptr && *folder != '\0' ? folder : usual_folder;
}

std::string service_unit(const BackupTimer& timer) {
  std::vector<std::string> words;
  for (const auto& word : timer.command) words.push_back(unit_word(word));
  std::string text = format(
      "# Written by belay backup --install-timer; belay backup {0} --remove-timer takes it away.\n"
      "[Unit]\n"
      "Description=Back up {0}\n"
      "Documentation=man:belay-backup(1)\n"
      "Wants=docker.service network-online.target\n"
      "After=docker.service network-online.target\n"
      "\n"
      "[Service]\n"
      "Type=oneshot\n"
      "ExecStart={1}\n",
      timer.app.text(), join(words, " "));
  for (const auto& [name, value] : timer.environment)
    text += format("Environment={}\n", setting_word(name + "=" + value));
  text +=
      "# An app that is held still is let go on after Ctrl-C: that takes a moment.\n"
      "KillSignal=SIGINT\n"
      "TimeoutStopSec=2min\n"
      "Nice=10\n"
      "IOSchedulingClass=best-effort\n"
      "IOSchedulingPriority=7\n"
      "UMask=0077\n"
      "\n"
      "# It reads all files with all their attributes, writes the backup and Belay's state, and finishes or takes back "
      "an\n"
      "# exchange of data that was interrupted: volumes, and bound folders wherever they are.\n"
      "ProtectSystem=yes\n";
  for (const auto& folder : timer.written) text += format("ReadWritePaths={}\n", setting_word("-" + folder.string()));
  text += format("RuntimeDirectory=belay-backup-{0}\nEnvironment=TMPDIR=%t/belay-backup-{0}\n", timer.app.text());
  text +=
      "PrivateDevices=yes\n"
      "ProtectClock=yes\n"
      "ProtectControlGroups=yes\n"
      "ProtectHostname=yes\n"
      "ProtectKernelLogs=yes\n"
      "ProtectKernelModules=yes\n"
      "ProtectKernelTunables=yes\n"
      "RestrictNamespaces=yes\n"
      "RestrictRealtime=yes\n"
      "LockPersonality=yes\n"
      "MemoryDenyWriteExecute=yes\n"
      "NoNewPrivileges=yes\n"
      "RemoveIPC=yes\n"
      "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n"
      "SystemCallArchitectures=native\n"
      "SystemCallFilter=@system-service\n"
      "SystemCallErrorNumber=EPERM\n"
      "# CAP_SYS_ADMIN: without it the attributes trusted.* are not even shown.\n"
      "CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_CHOWN CAP_FOWNER CAP_FSETID CAP_SETFCAP "
      "CAP_SYS_ADMIN\n";
  return text;
}

std::string timer_unit(const BackupTimer& timer) {
  std::string text = format(
      "[Unit]\n"
      "Description=Timer for the backup of {}\n"
      "Documentation=man:belay-backup(1)\n"
      "\n"
      "[Timer]\n"
      "OnCalendar={}\n",
      timer.app.text(), timer.schedule.value_or("daily"));
  // Many hosts with one destination should not all begin at midnight.
  if (!timer.schedule) text += "RandomizedDelaySec=1h\n";
  return text +
         "# What was missed while the machine was off is made up for.\n"
         "Persistent=true\n"
         "\n"
         "[Install]\n"
         "WantedBy=timers.target\n";
}

// "03:00", "daily" or cron's own "0 3 * * *" → its five fields. Where the schedule leaves the time open, each app has
// its own.
std::string cron_fields(const BackupTimer& timer) {
  struct Word {
    std::string_view schedule, fields;
  };
  constexpr std::array words{Word{"hourly", "* * * *"}, Word{"daily", "{} * * *"}, Word{"weekly", "{} * * 1"},
                             Word{"monthly", "{} 1 * *"}};
  const std::string schedule = timer.schedule.value_or("daily");
  if (const auto* word =
          std::find_if(words.begin(), words.end(), [&](const Word& w) { return w.schedule == schedule; });
      word != words.end()) {
    std::string fields(word->fields);
    if (const size_t hour = fields.find("{}"); hour != std::string::npos)
      fields.replace(hour, 2, std::to_string(1 + spread(timer.app, 5)));
    return format("{} {}", spread(timer.app, 60), fields);
  }
  const auto refuse = [&] {
    throw UsageError(format("cron does not know the schedule '{}'", printable(schedule)),
                     "It knows hourly, daily, weekly and monthly here, a time as 03:00, and its own five fields as '0 "
                     "3 * * *'. A timer "
                     "of systemd takes other times too: --install-timer.");
  };
  try {
    Schedule::parse(schedule);
  } catch (const Error&) {
    refuse();
  }
  if (const size_t colon = schedule.find(':'); colon != std::string::npos) {
    const auto hour = parse_number(schedule.substr(0, colon)), minute = parse_number(schedule.substr(colon + 1));
    if (!hour || !minute) refuse();
    return format("{} {} * * *", *minute, *hour);
  }
  if (shell_words(schedule).size() != 5) refuse();
  return schedule;
}

std::string cron_line(const BackupTimer& timer) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : timer.environment) parts.push_back(name + "=" + shell_quoted(value));
  for (const auto& each : timer.command) parts.push_back(shell_quoted(each));
  std::string command;
  for (const char c : join(parts, " ")) {
    if (c == '\n') throw UsageError("a command with a line end in it does not fit into a line of cron");
    // An end of the line to cron.
    if (c == '%') command += '\\';
    command += c;
  }
  return format("{} root {}", cron_fields(timer), command);
}

void check_schedule(const std::string& schedule, std::stop_token stop) {
  const auto wrong = [&](const std::string& why) {
    return UsageError(format("'{}' is not a schedule{}{}", printable(schedule), why.empty() ? "" : ": ", why),
                      "It is a calendar expression of systemd: daily, 'Mon..Fri 03:00', '*-*-* 00/6:00'.");
  };
  if (trim(schedule).empty() || std::any_of(schedule.begin(), schedule.end(), [](char c) { return c < ' '; }))
    throw wrong("");
  if (!find_program("systemd-analyze")) return;
  ProcessRequest request;
  request.command = {"systemd-analyze", "calendar", "--", schedule};
  request.environment = {{"LC_ALL", "C"}};
  const auto result = run_process(request, stop);
  if (result.exit_code != 0) throw wrong(printable(trim(result.errors)));
}

TimerChange install_timer(const BackupTimer& timer, std::stop_token stop) {
  const fs::path folder = unit_folder();
  const std::string unit = unit_name(timer.app, "timer");
  TimerChange change;
  change.files = {folder / unit_name(timer.app, "service"), folder / unit};
  if (!fs::is_directory(folder))
    throw NotFound(ErrorCode::file_not_found,
                   format("there is no folder {}: systemd is not on this machine", folder.string()),
                   format("For cron: belay backup {} --cron", timer.app.text()));
  if (std::getenv("BELAY_UNIT_FOLDER") == nullptr && !systemd_runs())
    throw Error(ErrorCode::unsupported, "systemd does not run on this machine, so no timer would begin the backup",
                format("For cron: belay backup {} --cron. To write the units all the same, name their folder: "
                       "BELAY_UNIT_FOLDER={}",
                       timer.app.text(), folder.string()));
  write_file_durably(change.files[0], service_unit(timer));
  write_file_durably(change.files[1], timer_unit(timer));
  if (systemd_runs()) {
    systemctl({"daemon-reload"}, stop);
    systemctl({"enable", "--now", unit}, stop);
    change.active = true;
  } else {
    change.to_do = {"systemctl daemon-reload", "systemctl enable --now " + unit};
  }
  return change;
}

TimerChange remove_timer(const AppName& app, std::stop_token stop) {
  const fs::path folder = unit_folder();
  const std::string unit = unit_name(app, "timer");
  TimerChange change;
  for (const auto& file : {folder / unit, folder / unit_name(app, "service")})
    if (fs::exists(file)) change.files.push_back(file);
  if (change.files.empty())
    throw NotFound(format("{} has no timer in {}", app.text(), folder.string()),
                   format("Make one with: belay backup {} --install-timer", app.text()));
  change.active = systemd_runs();
  if (change.active && fs::exists(folder / unit)) systemctl({"disable", "--now", unit}, stop);
  for (const auto& file : change.files) fs::remove(file);
  if (change.active)
    systemctl({"daemon-reload"}, stop);
  else
    change.to_do = {"systemctl disable --now " + unit, "systemctl daemon-reload"};
  return change;
}

}  // namespace belay::safekeeping
