#pragma once
// The settings file of the declared host, /etc/dockerup/dockerup.conf, and what each setting is without it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "model/notice_form.h"
#include "model/spec.h"

namespace belay::formats {

struct Settings {
  fs::path confdir = "/etc/dockerup/containers.d";  // where the definitions are
  fs::path cache = "/var/cache/dockerup";
  std::string remote;                               // the engine, "unix:///var/run/docker.sock"; empty: the usual one
  Milliseconds interval{60'000};                    // between two looks at the registries
  bool aws = false;                                 // EC2 user-data has definitions too
  std::string metadata = "http://169.254.169.254";  // where EC2 user-data is
  bool pull = true;                                 // ask registries for news at all
  bool exclusive = false;                           // containers that nobody declared are stopped, whoever made them
  std::string registry;                             // the one that username and password are for; empty: Docker Hub
  std::string username, password, email;

  // For `belay serve`.
  Milliseconds soak{60'000};
  std::string metrics;                           // "unix:/run/belay/metrics.sock" or "127.0.0.1:9323"; empty: none
  std::vector<std::string> metrics_names;        // under which metrics may be asked for, beside localhost and addresses
  std::string notify_command;                    // run with each event, as a shell would split it; empty: none
  NoticeForm notify_format = NoticeForm::json;   // what the command reads
  std::string webhook;                           // URL that gets each event; empty: none
  NoticeForm webhook_format = NoticeForm::json;  // what it reads
  fs::path webhook_headers;                      // a file of lines "Name: value" that go with it; empty: none
  // The order of a swap where a definition says none; nullopt: as the command has it.
  std::optional<SwapOrder> order;
  bool server = false;  // of the face dockerup: go on until it is told to stop
  int keep = 3;         // newest releases of an app that clean-up leaves beside last and stable

  // What the options of commands are where they are not given.
  std::optional<Milliseconds> settle, wait_timeout;
  std::string backups;                  // where `belay backup` writes; empty: the usual place
  std::string backup_keep;              // rules as of its --keep; empty: all are kept
  std::vector<std::string> recipients;  // whom backups are encrypted for
  fs::path recipients_file;
};

// The settings of a file; relative folders are relative to its own. Throws ConfigError.
Settings parse_settings(std::string_view text, const fs::path& file);

// One setting, from a command line. Relative folders are relative to `base_folder`. Throws Error; the value of a
// password is never in it.
void set_setting(Settings& settings, const std::string& key, const std::string& value, const fs::path& base_folder);
// Every key that set_setting knows.
std::vector<std::string> setting_keys();

}  // namespace belay::formats
