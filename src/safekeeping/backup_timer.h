#pragma once
// Backups by the clock: a systemd service with its timer, or a line for cron.

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backup/place.h"
#include "base/files.h"
#include "model/names.h"

namespace belay::safekeeping {

struct BackupTimer {
  AppName app;
  std::vector<std::string> command;  // with the program's absolute path; no secrets: everybody can read it
  std::map<std::string, std::string> environment;  // that the command needs
  std::vector<fs::path> written;                   // the folders that it writes to
  std::optional<std::string> schedule = {};        // as systemd's OnCalendar; nullopt: daily, at some moment of an hour
};

// What stands in the files "belay-backup-web.service" and "belay-backup-web.timer".
std::string service_unit(const BackupTimer& timer);
std::string timer_unit(const BackupTimer& timer);
// A line for /etc/cron.d. Throws UsageError for a schedule that cron does not have: it knows hourly, daily, weekly and
// monthly.
std::string cron_line(const BackupTimer& timer);

// Throws UsageError for what is no calendar expression, as far as that can be told here: systemd-analyze knows.
void check_schedule(const std::string& schedule, std::stop_token stop);

// Where units are kept: $BELAY_UNIT_FOLDER, else /etc/systemd/system.
fs::path unit_folder();

struct TimerChange {
  std::vector<fs::path> files;     // written, or removed
  bool active = false;             // systemd runs here and has been told
  std::vector<std::string> to_do;  // what the user does otherwise: commands
};
// Replaces an earlier timer of the app. Only where units are kept in the usual folder and systemd runs, it is told.
// Throws Error where systemd does not run and nobody has named a folder: the backup would never be made.
TimerChange install_timer(const BackupTimer& timer, std::stop_token stop);
// Throws NotFound where the app has none.
TimerChange remove_timer(const AppName& app, std::stop_token stop);

}  // namespace belay::safekeeping
