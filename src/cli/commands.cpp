// The command table: the one place where the words, options and summaries of Belay's commands are written down. What a
// command does in detail stands in help/NAME.md. A plain table, no self-registration: static linking would drop that.

#include "cli/commands.h"

#include <array>

#include "cli/command.h"
#include "cli/settings_options.h"

namespace belay::cli {

namespace {

template <size_t... N>
constexpr auto joined(const std::array<Option, N>&... parts) {
  std::array<Option, (N + ...)> all{};
  size_t next = 0;
  const auto append = [&](const auto& part) {
    for (const auto& option : part) all[next++] = option;
  };
  (append(parts), ...);
  return all;
}

constexpr Positional name_of_app{.name = "NAME", .kind = Kind::app};
// An app, or a part of one.
constexpr Positional app_or_part{.name = "NAME", .kind = Kind::app, .shown = "NAME[/SERVICE[/N]]"};
constexpr Positional optional_app_or_part{
    .name = "NAME", .kind = Kind::app, .required = false, .shown = "NAME[/SERVICE[/N]]"};
// Without a word the Compose project of the folder; several words are done one after the other.
constexpr Positional apps_or_parts{
    .name = "NAME", .kind = Kind::app, .required = false, .repeated = true, .shown = "NAME[/SERVICE[/N]]"};
constexpr Positional optional_app{.name = "NAME", .kind = Kind::app, .required = false};
constexpr Positional optional_release{.name = "RELEASE", .kind = Kind::release, .required = false, .shown = "rN"};
constexpr Positional where{.name = "WHERE", .kind = Kind::file, .required = false};

constexpr std::array json{Option{.name = "json", .summary = "print JSON instead of a table"}};
constexpr std::array change{
    Option{.name = "dry-run", .summary = "show what would be done and change nothing"},
    Option{.name = "exit-unchanged", .summary = "exit with 3 when there was nothing to change"}};
constexpr std::array json_of_change{Option{.name = "json", .summary = "print JSON instead of sentences"}};
constexpr std::array lossy{
    Option{.name = "lossy", .summary = "take it over even though some of its settings cannot be kept"}};
constexpr std::array yes{Option{.name = "yes", .letter = 'y', .summary = "do not ask before removing"}};

constexpr std::array image_option{Option{.name = "image",
                                         .value = "REF",
                                         .summary = "use this image (pulled if it is missing) instead of building one",
                                         .kind = Kind::image}};
constexpr std::array dockerfile_options{
    Option{.name = "builder",
           .value = "auto|buildkit|classic",
           .summary = "which of the engine's builders to use (default: auto)",
           .kind = Kind::words,
           .choices = "auto|buildkit|classic"},
    Option{.name = "build-arg", .value = "NAME=VALUE", .summary = "set a build argument", .repeatable = true},
    Option{.name = "target", .value = "STAGE", .summary = "build this stage of the Dockerfile"},
    Option{.name = "secret",
           .value = "SPEC",
           .summary = "pass a secret to the build: id=NAME,src=FILE or id=NAME,env=VARIABLE",
           .repeatable = true},
    Option{.name = "no-cache", .summary = "run every build step again"},
    Option{.name = "pull", .summary = "look for a newer base image"},
    Option{.name = "platform", .value = "OS/ARCH", .summary = "build for this platform"}};
constexpr auto build_options =
    joined(image_option, dockerfile_options,
           std::array{Option{.name = "push",
                             .value = "REF",
                             .summary = "push the built image under this reference",
                             .kind = Kind::image},
                      Option{.name = "config-file",
                             .value = "FILE",
                             .summary = "read ports, volumes and so on from this file instead of the one beside the "
                                        "Dockerfile",
                             .kind = Kind::file},
                      Option{.name = "check",
                             .value = "CHECK",
                             .summary = "what a release must answer before it has proved itself, as in 'GET "
                                        ":8080/health 200 ~ok'; 'none' removes the checks there are",
                             .repeatable = true}});

constexpr std::array start_options{Option{.name = "wait-timeout",
                                          .value = "TIME",
                                          .summary = "how long the release may take to prove itself",
                                          .kind = Kind::duration},
                                   Option{.name = "settle",
                                          .value = "TIME",
                                          .summary = "how long a container without a health check must stay up",
                                          .kind = Kind::duration},
                                   Option{.name = "no-wait", .summary = "do not wait for the release to prove itself"},
                                   Option{.name = "order",
                                          .value = "start-first|stop-first",
                                          .summary = "start the new release first, or stop the old one first",
                                          .kind = Kind::words,
                                          .choices = "start-first|stop-first"}};
constexpr std::array snapshot{Option{
    .name = "snapshot", .summary = "copy the data while nothing runs: belay rollback --with-data brings it back"}};
constexpr std::array from_image{Option{
    .name = "settings-from-image", .summary = "take the ports and volumes of the image instead of the app's settings"}};
constexpr std::array agree{
    Option{.name = "yes", .letter = 'y', .summary = "do not ask if settings would be lost; try again what failed"}};
constexpr std::array attach{Option{.name = "attach", .summary = "connect this terminal to the container"}};

constexpr auto options_of_take_over = joined(lossy, json_of_change, change);
constexpr auto options_of_build = joined(build_options, from_image, settings_options, json_of_change, change);
constexpr auto options_of_deploy =
    joined(build_options, from_image, settings_options, start_options, agree, snapshot, json_of_change, change);
constexpr std::array all_of_host{Option{.name = "all", .summary = "do it for every app of this host"}};
constexpr auto options_of_start =
    joined(all_of_host, from_image, settings_options, start_options, agree, snapshot, attach, json_of_change, change);
constexpr auto options_of_set = joined(start_options, agree, snapshot, json_of_change, change);
constexpr auto options_of_swap = joined(start_options, change);
constexpr auto options_of_start_all = joined(json_of_change, options_of_swap);
constexpr auto options_of_rollback = joined(
    start_options,
    std::array{Option{.name = "with-data", .summary = "also bring back the newest snapshot of the release's data"}},
    json_of_change, change);
constexpr std::array recipients{
    Option{.name = "recipient",
           .value = "KEY",
           .summary = "encrypt for this public key: age1… or ssh-ed25519 …",
           .repeatable = true},
    Option{.name = "recipients-file",
           .value = "FILE",
           .summary = "encrypt for the public keys in this file, one per line",
           .kind = Kind::file,
           .repeatable = true},
    Option{.name = "passphrase", .summary = "encrypt with the passphrase in the variable PASS, else asked for"}};
constexpr std::array passphrase_file{Option{.name = "passphrase-file",
                                            .value = "FILE",
                                            .summary = "take the passphrase from the first line of this file",
                                            .kind = Kind::file}};
constexpr std::array identities{Option{.name = "identity",
                                       .letter = 'i',
                                       .value = "FILE",
                                       .summary = "open an encrypted backup with the private keys in this file",
                                       .kind = Kind::file,
                                       .repeatable = true}};
constexpr std::array keep_rules{
    Option{.name = "keep", .value = "RULES", .summary = "which backups to keep: last=7,daily=7,weekly=4,monthly=6"}};
constexpr std::array timers{
    Option{.name = "install-timer", .summary = "run this backup on a schedule: install a systemd timer"},
    Option{.name = "schedule",
           .value = "CALENDAR",
           .summary = "when, in systemd's syntax: 'Mon..Fri 03:00' (default: daily)"},
    Option{.name = "remove-timer", .summary = "remove the backup timer"},
    Option{.name = "cron", .summary = "print a crontab line for this backup instead"}};
constexpr auto options_of_backups =
    joined(std::array{Option{.name = "scan",
                             .value = "PLACE",
                             .summary = "index the backups in this folder, and drop those that are gone",
                             .kind = Kind::file},
                      Option{.name = "prune", .summary = "remove the app's backups that no rule keeps"}},
           keep_rules, yes, json, std::array{change[0]});
constexpr auto options_of_backup = joined(
    all_of_host,
    std::array{
        Option{.name = "output",
               .letter = 'o',
               .value = "PLACE",
               .summary = "a folder or file, here or elsewhere: sftp://HOST/PATH, rclone:REMOTE:PATH",
               .kind = Kind::file},
        Option{.name = "pause", .summary = "pause the app while its data is read (the default)"},
        Option{.name = "stop", .summary = "stop the app while its data is read"},
        Option{.name = "live", .summary = "let the app run while its data is read"},
        Option{.name = "with-image", .summary = "include the image, so that it can be restored without a registry"},
        Option{.name = "before",
               .value = "COMMAND",
               .summary = "run this in the container before the data is read",
               .repeatable = true},
        Option{
            .name = "after", .value = "COMMAND", .summary = "run this in the container afterwards", .repeatable = true},
        Option{.name = "hook-timeout",
               .value = "TIME",
               .summary = "how long each of these may take (default: 1h)",
               .kind = Kind::duration},
        Option{.name = "gzip", .summary = "compress with gzip instead of zstd"},
        Option{.name = "level", .value = "N", .summary = "how hard to compress", .kind = Kind::number},
        Option{.name = "replace", .summary = "replace a file of the same name"}},
    keep_rules, timers, recipients, passphrase_file, json, std::array{change[0]});
constexpr auto options_of_verify = joined(identities, passphrase_file, json);
constexpr auto options_of_restore =
    joined(std::array{Option{.name = "only",
                             .value = "VOLUME|PATH",
                             .summary = "restore only this volume or bound path",
                             .repeatable = true},
                      Option{.name = "as", .value = "NAME", .summary = "restore it as another app, beside the first"},
                      Option{.name = "into", .value = "FOLDER", .summary = "only unpack the data, into this folder"},
                      Option{.name = "project-directory",
                             .value = "DIR",
                             .summary = "the folder that the files of a Compose project go to"}},
           identities, passphrase_file, start_options, json_of_change, std::array{change[0]});
constexpr auto trial_options = joined(
    std::array{Option{.name = "network", .value = "NAME", .summary = "also join this network", .repeatable = true}},
    std::array{start_options[0], start_options[1]}, json, std::array{change[0]});
constexpr auto options_of_drill = joined(identities, passphrase_file, trial_options);
constexpr auto options_of_try =
    joined(std::array{Option{.name = "service", .value = "NAME", .summary = "the service that the candidate replaces"},
                      Option{.name = "live", .summary = "let the app run while its data is copied"}},
           dockerfile_options, trial_options);
constexpr auto options_of_snapshot =
    joined(std::array{Option{.name = "why", .value = "TEXT", .summary = "what it is for, shown in the list"}},
           json_of_change, std::array{change[0]});
constexpr auto options_of_snapshots =
    joined(std::array{Option{.name = "remove", .value = "sN", .summary = "remove this one with its data"}}, yes, json,
           std::array{change[0]});
constexpr std::array stop_timeout{Option{.name = "timeout",
                                         .letter = 't',
                                         .value = "TIME",
                                         .summary = "how long the container may take to end before it is killed",
                                         .kind = Kind::duration}};
constexpr auto options_of_stop = joined(stop_timeout, all_of_host, json_of_change, change);
constexpr auto options_of_restart = joined(stop_timeout, all_of_host, json_of_change, options_of_swap);
constexpr auto options_of_retry = joined(json_of_change, options_of_swap);
constexpr auto options_of_pause = joined(json_of_change, change);
constexpr auto options_of_kill =
    joined(std::array{Option{.name = "signal",
                             .letter = 's',
                             .value = "SIGNAL",
                             .summary = "the signal to send (default: KILL, which stops)"}},
           json_of_change, change);
constexpr auto options_of_stable =
    joined(std::array{Option{.name = "show", .summary = "only print which release is marked"},
                      Option{.name = "clear", .summary = "remove the mark"},
                      Option{.name = "with-data", .summary = "also take a snapshot of its data"}},
           json_of_change, change);
constexpr std::array names_only{Option{.name = "names", .summary = "print only the names, one per line"}};
constexpr auto options_of_list = joined(names_only, json);
constexpr auto options_of_ls = joined(
    std::array{Option{.name = "all", .letter = 'a', .summary = "no effect: stopped apps are always listed"},
               Option{.name = "watch", .letter = 'w', .summary = "show the list anew every two seconds, until Ctrl-C"}},
    names_only, json);
constexpr std::array options_of_logs{
    Option{.name = "follow", .letter = 'f', .summary = "wait for what is new and print it as it comes"},
    Option{.name = "lines", .letter = 'n', .value = "N|all", .summary = "only the last N lines"},
    Option{.name = "timestamps", .letter = 't', .summary = "put the time before each line"},
    Option{.name = "since",
           .value = "TIME",
           .summary = "only lines since then: 10m, 09:00, yesterday, 2026-01-31",
           .kind = Kind::time},
    Option{.name = "until", .value = "TIME", .summary = "only lines until then", .kind = Kind::time},
    Option{.name = "tail", .value = "N|all", .summary = "the same as --lines"},
    Option{.name = "no-log-prefix", .summary = "print lines of several services without their names"},
    Option{.name = "index", .value = "N", .summary = "which of the service's replicas", .kind = Kind::number},
    Option{.name = "release", .value = "rN", .summary = "of this release, as the last word does"}};
constexpr auto options_of_stats =
    joined(std::array{Option{.name = "no-stream", .summary = "show it once, also on a terminal"}}, json);
constexpr auto options_of_events = joined(
    std::array{
        options_of_logs[0],
        Option{.name = "since",
               .value = "TIME",
               .summary = "only what happened since then: 10m, 09:00, yesterday, 2026-01-31",
               .kind = Kind::time},
        Option{.name = "until", .value = "TIME", .summary = "only what happened until then", .kind = Kind::time}},
    std::array{Option{.name = "json", .summary = "print one JSON object a line"}});
constexpr std::array options_of_shell{
    Option{.name = "user", .letter = 'u', .value = "USER", .summary = "run as this user of the container"},
    Option{.name = "workdir", .letter = 'w', .value = "FOLDER", .summary = "start in this folder of the container"},
    Option{.name = "env", .letter = 'e', .value = "NAME=VALUE", .summary = "set a variable", .repeatable = true},
    Option{.name = "no-tty", .letter = 'T', .summary = "give the command no terminal"},
    Option{.name = "interactive", .letter = 'i', .summary = "no effect: input is always passed on"},
    Option{.name = "tty", .letter = 't', .summary = "no effect: the command gets a terminal if there is one"},
    Option{.name = "index", .value = "N", .summary = "which of the service's replicas", .kind = Kind::number},
    Option{.name = "privileged", .summary = "give the command all rights of the host's root"}};
constexpr std::array options_of_attach{
    Option{.name = "index", .value = "N", .summary = "which of the service's replicas", .kind = Kind::number}};
constexpr auto options_of_exec =
    joined(std::array{Option{.name = "detach", .letter = 'd', .summary = "start the command, and leave it alone"}},
           options_of_shell);
constexpr auto options_of_rm =
    joined(std::array{Option{.name = "stop", .letter = 's', .summary = "stop them first"},
                      Option{.name = "force", .letter = 'f', .summary = "no effect: nothing is asked"},
                      Option{.name = "volumes",
                             .letter = 'v',
                             .summary = "also remove their volumes without a name, with the data in them"}},
           json_of_change, change);
constexpr auto options_of_ps = joined(
    std::array{Option{.name = "all", .letter = 'a', .summary = "no effect: stopped containers are always listed"},
               Option{.name = "services", .summary = "print only the names of the services"},
               Option{.name = "names", .summary = "print only the names of the containers"},
               Option{.name = "status",
                      .value = "STATE",
                      .summary = "only containers that are so: running, exited, paused, …",
                      .kind = Kind::words,
                      .choices = "created|running|paused|restarting|removing|exited|dead",
                      .repeatable = true}},
    json);
constexpr auto options_of_images =
    joined(std::array{Option{.name = "all", .letter = 'a', .summary = "those of every app of this host"},
                      Option{.name = "ids", .summary = "print only the ids, one per line"}},
           json);
constexpr std::array options_of_cp{
    Option{.name = "archive", .letter = 'a', .summary = "keep the owners of files"},
    Option{.name = "index", .value = "N", .summary = "which of the service's replicas", .kind = Kind::number},
    change[0]};
constexpr auto options_of_version =
    joined(std::array{Option{.name = "short", .summary = "print only the number"}}, json);
constexpr auto options_of_port = joined(
    std::array{
        Option{.name = "protocol",
               .value = "tcp|udp|sctp",
               .summary = "of the port (default: tcp)",
               .kind = Kind::words,
               .choices = "tcp|udp|sctp"},
        Option{.name = "index", .value = "N", .summary = "which of the service's replicas", .kind = Kind::number}},
    json);
constexpr auto options_of_history = joined(
    std::array{
        Option{
            .name = "lines", .letter = 'n', .value = "N", .summary = "only the last N entries", .kind = Kind::number},
        Option{.name = "since",
               .value = "TIME",
               .summary = "only what was done since then: 10m, 09:00, yesterday, 2026-01-31",
               .kind = Kind::time},
        Option{.name = "until", .value = "TIME", .summary = "only what was done until then", .kind = Kind::time},
        Option{.name = "follow", .letter = 'f', .summary = "wait for what is new and print it as it comes"},
        Option{.name = "keep", .value = "N", .summary = "remove all but the newest N entries", .kind = Kind::number}},
    json);
constexpr auto options_of_autostart = joined(json, change);
constexpr std::array positionals_of_serve{Positional{.name = "DIR", .kind = Kind::folder, .required = false}};
constexpr std::array options_of_serve{
    Option{.name = "config", .value = "FILE", .summary = "read the settings from this file", .kind = Kind::file},
    Option{.name = "interval",
           .value = "TIME",
           .summary = "the time between two checks of the registries",
           .kind = Kind::duration},
    Option{.name = "metrics", .value = "ADDRESS", .summary = "offer metrics at unix:/PATH or 127.0.0.1:PORT"},
    Option{.name = "self",
           .value = "NAME",
           .summary = "the app that this daemon itself is, if it runs in a container",
           .kind = Kind::app},
    Option{.name = "once", .summary = "make one pass and exit"}};
constexpr auto options_of_notify =
    joined(std::array{Option{.name = "test", .summary = "send a test notice to each place"},
                      Option{.name = "config",
                             .value = "FILE",
                             .summary = "the settings file (default: /etc/dockerup/dockerup.conf, if it is there)",
                             .kind = Kind::file}},
           json);
constexpr auto options_of_cleanup =
    joined(yes,
           std::array{Option{.name = "keep",
                             .value = "N",
                             .summary = "how many good releases stay beside last and stable (default: 1)",
                             .kind = Kind::number}},
           json_of_change, change);
constexpr std::array lose_data{Option{.name = "yes-lose-data",
                                      .value = "NAME",
                                      .summary = "confirm the loss of data without being asked; give the app's name",
                                      .kind = Kind::app}};
constexpr auto options_of_remove =
    joined(yes, std::array{Option{.name = "volumes", .summary = "also remove the app's volumes and all data in them"}},
           lose_data, json_of_change, change);
constexpr std::array declared_options{
    Option{.name = "config",
           .value = "FILE",
           .summary = "the settings file (default: /etc/belay/belay.conf, else /etc/dockerup/dockerup.conf)",
           .kind = Kind::file},
    Option{.name = "aws", .summary = "read definitions from EC2 user-data too"},
    Option{.name = "no-pull", .summary = "do not ask registries for newer images; missing images are still pulled"},
    Option{.name = "thorough", .summary = "inspect every container for manual changes (slower)"},
    Option{.name = "allow-empty",
           .summary = "accept an empty folder of definitions: every app declared there is removed"},
    Option{.name = "take-over",
           .value = "NAME",
           .summary = "hand the existing container or app of this name over to its definition",
           .kind = Kind::app,
           .repeatable = true},
    Option{.name = "verbose", .letter = 'v', .summary = "also show the steps, and unchanged apps"}};
constexpr std::array project_options{
    Option{.name = "file",
           .letter = 'f',
           .value = "FILE",
           .summary = "a Compose file, in place of those that are found; several are merged in this order",
           .kind = Kind::file,
           .repeatable = true},
    Option{
        .name = "project-name", .letter = 'p', .value = "NAME", .summary = "the name of the project, and of the app"},
    Option{.name = "project-directory",
           .value = "DIR",
           .summary = "the folder from which relative paths count",
           .kind = Kind::folder},
    Option{.name = "profile", .value = "NAME", .summary = "switch this profile on", .repeatable = true},
    Option{.name = "env-file",
           .value = "FILE",
           .summary = "take variables from this file instead of .env",
           .kind = Kind::file,
           .repeatable = true}};
constexpr auto options_of_run = joined(
    std::array{
        Option{.name = "rm", .summary = "no effect: the container is always removed; with --detach by the next run"},
        Option{.name = "detach", .letter = 'd', .summary = "print the container's name, and leave it alone"},
        Option{.name = "name", .value = "NAME", .summary = "call the container so"},
        Option{.name = "no-deps", .summary = "do not start what the service needs"},
        Option{.name = "env", .letter = 'e', .value = "NAME=VALUE", .summary = "set a variable", .repeatable = true},
        Option{
            .name = "volume", .letter = 'v', .value = "SOURCE:TARGET", .summary = "mount this too", .repeatable = true},
        Option{
            .name = "publish", .letter = 'p', .value = "HOST:PORT", .summary = "publish this port", .repeatable = true},
        Option{.name = "service-ports", .letter = 'P', .summary = "publish the service's ports"},
        Option{.name = "entrypoint", .value = "COMMAND", .summary = "in place of the service's entrypoint"},
        Option{.name = "user", .letter = 'u', .value = "USER", .summary = "run as this user of the container"},
        Option{.name = "workdir", .letter = 'w', .value = "FOLDER", .summary = "start in this folder of the container"},
        Option{.name = "no-tty", .letter = 'T', .summary = "give the command no terminal"},
        Option{.name = "interactive", .letter = 'i', .summary = "no effect: input is always passed on"},
        Option{.name = "tty", .letter = 't', .summary = "no effect: the command gets a terminal if there is one"}},
    std::array{project_options[0],
               Option{.name = "project-name", .value = "NAME", .summary = "the name of the project, and of the app"},
               project_options[2], project_options[3], project_options[4], change[0]});
constexpr auto options_of_config = joined(
    std::array{
        Option{.name = "diff",
               .value = "rN",
               .summary = "show only what differs from this release",
               .kind = Kind::release},
        Option{.name = "edit", .summary = "open the settings in $EDITOR, show what that changes, ask, and do it"},
        Option{.name = "origins", .summary = "show where each value of a project is set"},
        Option{.name = "services", .summary = "print only the names of the project's services"},
        Option{.name = "volumes", .summary = "print only the names of its volumes"},
        Option{.name = "networks", .summary = "print only the names of its networks"},
        Option{.name = "images", .summary = "print only its images"},
        Option{.name = "profiles", .summary = "print only the names of its profiles"},
        Option{.name = "environment", .summary = "print all variables that its files may use"},
        Option{.name = "show-secrets", .summary = "on a terminal, do not hide what looks like a secret"},
        Option{.name = "output",
               .letter = 'o',
               .value = "FILE",
               .summary = "write the project into this file",
               .kind = Kind::file},
        Option{.name = "variables", .summary = "list the variables that it uses, and where they came from"}},
    project_options, json);
constexpr std::array options_of_export{
    Option{.name = "compose", .summary = "write a Compose file"},
    Option{.name = "output", .letter = 'o', .value = "FILE", .summary = "write it to this file", .kind = Kind::file},
    Option{.name = "env-file",
           .value = "FILE",
           .summary = "write the values of variables to this file, readable for its owner alone",
           .kind = Kind::file},
    Option{.name = "pin", .summary = "name images with their digests"},
    Option{.name = "project-name", .letter = 'p', .value = "NAME", .summary = "the name of the project"},
    Option{.name = "partial", .summary = "end with 0 also where Compose has no word for something"}};
constexpr auto options_of_pull =
    joined(std::array{Option{.name = "include-deps", .summary = "also the images of what these services need"},
                      Option{.name = "ignore-pull-failures", .summary = "go on where one cannot be pulled"},
                      Option{.name = "policy",
                             .value = "always|missing",
                             .summary = "missing: pull only images that are not on this host",
                             .kind = Kind::words,
                             .choices = "always|missing"}},
           project_options, json_of_change, change);
constexpr auto options_of_push =
    joined(std::array{Option{.name = "include-deps", .summary = "also the images of what these services need"},
                      Option{.name = "ignore-push-failures", .summary = "go on where one cannot be pushed"}},
           project_options, json_of_change, change);
constexpr auto options_of_plan = joined(
    std::array{Option{.name = "out",
                      .letter = 'o',
                      .value = "FILE",
                      .summary = "save the plan in this file, for: belay apply FILE",
                      .kind = Kind::file}},
    declared_options, project_options,
    std::array{Option{.name = "detailed-exitcode", .summary = "exit with 2 when there is something to do"}}, json);
constexpr std::array options_of_making{
    Option{.name = "build", .summary = "build the images that the project builds, also where they are there"},
    Option{.name = "no-build", .summary = "build nothing: an image that is missing is an error"},
    Option{.name = "remove-orphans",
           .summary = "also remove what docker compose made for services that the files no longer have"},
    Option{.name = "no-deps", .summary = "do not touch what the named services need"},
    Option{.name = "scale", .value = "SERVICE=N", .summary = "run so many of the service", .repeatable = true},
    Option{.name = "pull",
           .value = "always|missing|never",
           .summary = "when images are pulled, in place of what the files say",
           .kind = Kind::words,
           .choices = "always|missing|never"},
    Option{.name = "config",
           .value = "FILE",
           .summary = "the settings file (default: /etc/belay/belay.conf, else /etc/dockerup/dockerup.conf)",
           .kind = Kind::file},
    Option{.name = "no-pull", .summary = "do not ask registries for newer images; missing images are still pulled"},
    Option{.name = "take-over",
           .value = "NAME",
           .summary = "hand the existing app of this name over to the project",
           .kind = Kind::app,
           .repeatable = true},
    Option{.name = "yes", .letter = 'y', .summary = "no effect: nothing is asked"},
    Option{.name = "verbose", .letter = 'v', .summary = "also list what changes; with --dry-run: the steps"}};
constexpr std::array whether_something_is_to_be_done{
    Option{.name = "detailed-exitcode", .summary = "with --dry-run: exit with 2 when there is something to do"}};
constexpr auto options_of_up = joined(
    options_of_making,
    std::array{
        Option{.name = "detach", .letter = 'd', .summary = "no effect: containers always run in the background"},
        Option{.name = "wait", .summary = "no effect: every service must prove itself"},
        Option{.name = "force-recreate", .summary = "make new containers also where nothing has changed"},
        Option{.name = "no-recreate", .summary = "leave services that have a container as they are; make only others"},
        Option{.name = "always-recreate-deps", .summary = "make new containers of what the named services need"},
        Option{.name = "no-start", .summary = "make what is missing and start nothing, as belay create does"}},
    project_options, start_options, stop_timeout, whether_something_is_to_be_done, json, change);
constexpr auto options_of_create =
    joined(options_of_making, project_options, whether_something_is_to_be_done, json, change);
constexpr auto options_of_down = joined(
    project_options, stop_timeout,
    std::array{Option{.name = "remove-orphans", .summary = "no effect: all containers of the app are removed"},
               Option{.name = "volumes",
                      .letter = 'v',
                      .summary = "remove the app with its volumes and all data in them, as: remove --volumes"},
               Option{.name = "rmi",
                      .value = "local|all",
                      .summary = "also remove images: all, or those that were built and have no name of their own",
                      .kind = Kind::words,
                      .choices = "local|all"}},
    lose_data, json_of_change, change);
constexpr auto options_of_apply = joined(
    declared_options, project_options, start_options,
    std::array{
        Option{.name = "keep",
               .value = "N",
               .summary = "how many old releases of an app stay beside last and stable (default: 3)",
               .kind = Kind::number},
        Option{.name = "workers",
               .value = "N",
               .summary = "how many apps are changed at a time (default: 8)",
               .kind = Kind::number},
        Option{.name = "detailed-exitcode", .summary = "with --dry-run: exit with 2 when there is something to do"}},
    json, change);
constexpr auto options_of_adopt = joined(
    std::array{Option{.name = "scheme",
                      .value = "belay|jcl|dcv|fixed",
                      .summary = "how the app's next containers are named (default: like those that are adopted)",
                      .kind = Kind::words,
                      .choices = "belay|jcl|dcv|fixed"}},
    options_of_take_over);
constexpr auto options_of_forget =
    joined(std::array{Option{.name = "yes", .letter = 'y', .summary = "do not ask"}}, json_of_change, change);
constexpr auto options_of_import =
    joined(std::array{Option{.name = "store",
                             .value = "FOLDER",
                             .summary = "where the tool keeps its store (default: /var/jockler, /var/dockervisor)",
                             .kind = Kind::folder}},
           json_of_change, change);
constexpr std::array options_of_help{Option{.name = "man-pages",
                                            .value = "FOLDER",
                                            .summary = "write all manual pages into this folder",
                                            .kind = Kind::folder}};

constexpr std::array only_name{name_of_app};
constexpr std::array only_optional_target{optional_app_or_part};
constexpr std::array several_targets{apps_or_parts};
constexpr std::array positionals_of_logs{
    optional_app_or_part,
    Positional{.name = "RELEASE", .kind = Kind::release, .required = false, .repeated = true, .shown = "rN|NAME"}};
constexpr std::array only_optional_name{optional_app};
constexpr std::array several_apps{Positional{.name = "NAME", .kind = Kind::app, .required = false, .repeated = true}};
constexpr std::array name_and_where{name_of_app, where};
constexpr std::array name_and_release{name_of_app, optional_release};
constexpr std::array positionals_of_set{name_of_app,
                                        Positional{.name = "KEY=VALUE", .kind = Kind::setting, .repeated = true}};
constexpr std::array positionals_of_unset{name_of_app,
                                          Positional{.name = "KEY", .kind = Kind::setting_key, .repeated = true}};
constexpr std::array optional_name_and_release{optional_app, optional_release};
constexpr std::array positionals_of_drill{name_of_app,
                                          Positional{.name = "FILE", .kind = Kind::saved, .required = false}};
constexpr std::array positionals_of_try{name_of_app,
                                        Positional{.name = "CANDIDATE", .kind = Kind::file, .shown = "IMAGE|WHERE"}};
constexpr std::array positionals_of_start{
    optional_app_or_part,
    Positional{.name = "WHICH", .kind = Kind::which, .required = false, .shown = "new|last|stable|rN|NAME"},
    Positional{.name = "CONFIG", .required = false, .repeated = true, .shown = "CONFIG|NAME"}};
constexpr std::array positionals_of_plan{
    Positional{.name = "WHAT", .kind = Kind::app, .required = false, .shown = "DIR|NAME"}};
constexpr std::array positionals_of_apply{
    Positional{.name = "WHAT", .kind = Kind::file, .required = false, .shown = "DIR|FILE"}};
constexpr std::array positionals_of_up{Positional{
    .name = "PROJECT", .kind = Kind::file, .required = false, .repeated = true, .shown = "[DIR|FILE] [SERVICE]…"}};
constexpr std::array positionals_of_build{
    optional_app,
    Positional{.name = "WHERE", .kind = Kind::file, .required = false, .repeated = true, .shown = "WHERE"}};
constexpr std::array positionals_of_config{
    Positional{.name = "WHAT", .kind = Kind::app, .required = false, .shown = "NAME|DIR|FILE"}, optional_release};
constexpr std::array positionals_of_export{Positional{.name = "WHAT", .kind = Kind::app, .shown = "NAME|DIR"},
                                           optional_release};
constexpr std::array positionals_of_down{
    Positional{.name = "WHAT", .kind = Kind::app, .required = false, .shown = "DIR|FILE|NAME"}};
constexpr std::array positionals_of_shell{app_or_part,
                                          Positional{.name = "COMMAND", .required = false, .repeated = true}};
constexpr std::array positionals_of_attach{app_or_part};
constexpr std::array positionals_of_exec{app_or_part, Positional{.name = "COMMAND", .repeated = true}};
constexpr std::array positionals_of_run{Positional{.name = "SERVICE", .shown = "[APP/]SERVICE"},
                                        Positional{.name = "COMMAND", .required = false, .repeated = true}};
constexpr std::array positionals_of_port{app_or_part,
                                         Positional{.name = "PORT", .required = false, .shown = "PORT[/PROTOCOL]"}};
constexpr std::array positionals_of_cp{Positional{.name = "FROM", .kind = Kind::file, .shown = "FROM"},
                                       Positional{.name = "TO", .kind = Kind::file, .shown = "TO"}};
constexpr std::array positionals_of_autostart{optional_app, Positional{
                                                                .name = "MARK",
                                                                .kind = Kind::words,
                                                                .choices = "last|stable|none",
                                                                .required = false,
                                                            }};
constexpr std::array positionals_of_adopt{
    name_of_app, Positional{.name = "CONTAINER", .kind = Kind::container, .required = false, .repeated = true}};
constexpr std::array positionals_of_import{
    Positional{.name = "SOURCE", .kind = Kind::words, .choices = "run|jockler|dockervisor"},
    Positional{.name = "NAME", .kind = Kind::app, .required = false},
    Positional{.name = "WORD", .required = false, .repeated = true}};
constexpr std::array positionals_of_unit{
    Positional{.name = "VERB", .kind = Kind::words, .choices = "list|help|init|print|run"},
    Positional{.name = "UNIT", .required = false, .shown = "UNIT[/COMMAND]|DIR"},
    Positional{.name = "WORD", .required = false, .repeated = true}};
constexpr auto options_of_unit = joined(
    std::array{
        Option{.name = "conf",
               .letter = 'c',
               .value = "DIR",
               .summary = "the configuration directory (default: $DOCKERSTRA_CONF, else ~/.dockerstra and so on)",
               .kind = Kind::folder},
        Option{.name = "environment",
               .letter = 'e',
               .value = "NAME",
               .summary = "read only this environment file",
               .repeatable = true},
        Option{.name = "units", .summary = "list: the units"},
        Option{.name = "services", .summary = "list: the images"},
        Option{.name = "service", .summary = "help: the name is that of an image folder"},
        Option{.name = "print-unit", .summary = "run: print what the command is, and do nothing"},
        Option{.name = "print-only", .summary = "run: the same"},
        Option{.name = "print-substitutions", .summary = "run: print the variables, and do nothing"},
        Option{.name = "keep-going", .summary = "run: of stop, cleanup and purge, go on after an order that fails"},
        Option{
            .name = "timeout", .value = "TIME", .summary = "run: how long each order may take", .kind = Kind::duration},
        Option{.name = "production", .summary = "run: of a test, use the containers and images in use"},
        Option{.name = "junit",
               .value = "FILE",
               .summary = "run: of a test or an update, write the results there as JUnit XML",
               .kind = Kind::file},
        Option{.name = "output",
               .value = "DIR",
               .summary = "run: of a test or an update, keep the tests' files there too",
               .kind = Kind::folder}},
    lose_data, json, change);
constexpr std::array positionals_of_render{Positional{.name = "TEMPLATE", .kind = Kind::file},
                                           Positional{.name = "FILE", .kind = Kind::file, .required = false}};
constexpr auto options_of_render = joined(
    std::array{
        Option{.name = "tell",
               .value = "NAME[/SERVICE]",
               .summary = "the app whose running containers are told that FILE has changed",
               .kind = Kind::app},
        Option{.name = "check",
               .value = "COMMAND",
               .summary = "run this in them first; if it fails, FILE gets back what it held"},
        Option{.name = "signal", .value = "SIGNAL", .summary = "send them this signal"},
        Option{.name = "restart", .summary = "restart them"},
        Option{.name = "set", .value = "NAME=VALUE", .summary = "a variable for the template", .repeatable = true},
        Option{.name = "follow",
               .letter = 'f',
               .summary = "go on until stopped: again whenever a container starts or ends"}},
    json, change);
constexpr std::array positionals_of_service{
    Positional{.name = "VERB",
               .kind = Kind::words,
               .choices = "install|run|update|destroy|backup|restore|help|check-image|ls|new"},
    Positional{.name = "NAME", .kind = Kind::service, .required = false, .shown = "NAME|IMAGE|DIR"},
    Positional{.name = "WORD", .kind = Kind::service_word, .required = false, .repeated = true}};
constexpr std::array positionals_of_check_image{Positional{.name = "IMAGE", .kind = Kind::image}};
constexpr std::array script_option{
    Option{.name = "script", .value = "NAME", .summary = "print this script of the image and nothing else"}};
constexpr auto options_of_check_image = joined(script_option, json);
constexpr auto options_of_service = joined(
    std::array{
        Option{.name = "yes", .letter = 'y', .summary = "do not ask"},
        Option{.name = "inside", .summary = "install: run the scripts in containers of the image, not on this host"},
        Option{.name = "launchers",
               .value = "DIR",
               .summary = "install, restore: the folder of the service's command (default: /usr/local/bin)",
               .kind = Kind::folder},
        Option{.name = "no-backup", .summary = "update: make no backup before it"},
        Option{.name = "yes-lose-data",
               .value = "NAME",
               .summary = "destroy: confirm the loss of the data without being asked; give the service's name"},
        Option{.name = "force", .summary = "destroy: go on if the service's own script fails"},
        Option{.name = "timeout",
               .value = "TIME",
               .summary = "how long each script may take (default: as long as it likes)",
               .kind = Kind::duration},
        Option{.name = "with-image", .summary = "backup: include the image, so that it needs no registry"},
        Option{.name = "replace", .summary = "backup: replace a file of the same name"},
        Option{.name = "gzip", .summary = "backup: compress with gzip instead of zstd"},
        Option{.name = "level", .value = "N", .summary = "backup: how hard to compress", .kind = Kind::number}},
    recipients, identities, passphrase_file, script_option, names_only, json,
    std::array{change[0], Option{.name = "exit-unchanged",
                                 .summary = "no effect: it always exits with 3 when there was nothing to change"}});
constexpr std::array positionals_of_completion{
    Positional{.name = "SHELL", .kind = Kind::words, .choices = "bash|zsh|fish"}};
constexpr std::array positionals_of_as{Positional{.name = "FACE", .kind = Kind::face},
                                       Positional{.name = "WORD", .required = false, .repeated = true}};
constexpr std::array positionals_of_help{Positional{.name = "COMMAND", .kind = Kind::command, .required = false}};

constexpr std::array positionals_of_restore{
    name_of_app, Positional{.name = "WHAT", .kind = Kind::saved, .required = false, .shown = "FILE|sN"}};
constexpr std::array positionals_of_verify{Positional{.name = "FILE", .kind = Kind::file}};

constexpr std::array table{
    Command{.name = "build",
            .group = Group::change,
            .summary = "Build the app's image and read its settings",
            .positionals = positionals_of_build,
            .options = options_of_build,
            .run = run_build},
    Command{.name = "deploy",
            .group = Group::change,
            .summary = "Build, then start a new release and let it prove itself",
            .positionals = name_and_where,
            .options = options_of_deploy,
            .run = run_deploy},
    Command{.name = "start",
            .group = Group::change,
            .summary = "Start a release of an app in place of the running one",
            .positionals = positionals_of_start,
            .options = options_of_start,
            .run = run_start},
    Command{.name = "set",
            .group = Group::change,
            .summary = "Change settings of an app: variables, ports, limits",
            .positionals = positionals_of_set,
            .options = options_of_set,
            .run = run_set},
    Command{.name = "unset",
            .group = Group::change,
            .summary = "Take settings of an app out",
            .positionals = positionals_of_unset,
            .options = options_of_set,
            .run = run_unset},
    Command{.name = "stop",
            .group = Group::change,
            .summary = "Stop an app and keep it stopped",
            .positionals = several_targets,
            .options = options_of_stop,
            .run = run_stop},
    Command{.name = "restart",
            .group = Group::change,
            .summary = "Restart the running release",
            .positionals = several_targets,
            .options = options_of_restart,
            .run = run_restart},
    Command{.name = "kill",
            .group = Group::change,
            .summary = "Send a signal, or stop at once",
            .positionals = several_targets,
            .options = options_of_kill,
            .run = run_kill},
    Command{.name = "pause",
            .group = Group::change,
            .summary = "Let what runs stand still",
            .positionals = several_targets,
            .options = options_of_pause,
            .run = run_pause},
    Command{.name = "unpause",
            .group = Group::change,
            .summary = "Let what was paused go on",
            .positionals = several_targets,
            .options = options_of_pause,
            .run = run_unpause},
    Command{.name = "rollback",
            .group = Group::change,
            .summary = "Go back to an earlier release exactly as it was",
            .positionals = optional_name_and_release,
            .options = options_of_rollback,
            .run = run_rollback},
    Command{.name = "retry",
            .group = Group::change,
            .summary = "Try a release again that failed to prove itself",
            .positionals = only_name,
            .options = options_of_retry,
            .run = run_retry},
    Command{.name = "stable",
            .group = Group::change,
            .summary = "Mark the release to fall back to",
            .positionals = name_and_release,
            .options = options_of_stable,
            .run = run_stable},
    Command{.name = "apply",
            .group = Group::change,
            .summary = "Make a host match its definitions",
            .positionals = positionals_of_apply,
            .options = options_of_apply,
            .run = run_apply},
    Command{.name = "up",
            .group = Group::change,
            .summary = "Make a Compose project run as its files say",
            .positionals = positionals_of_up,
            .options = options_of_up,
            .run = run_up},
    Command{.name = "create",
            .group = Group::change,
            .summary = "Make the containers of a Compose project that are missing, and start none",
            .positionals = positionals_of_up,
            .options = options_of_create,
            .run = run_create},
    Command{.name = "unit",
            .group = Group::change,
            .summary = "Work with units: groups of containers with commands of their own",
            .positionals = positionals_of_unit,
            .options = options_of_unit,
            .verbatim_from = 1,
            .run = run_unit_command},
    Command{.name = "render",
            .group = Group::change,
            .summary = "Write a file that follows from the running apps, and tell a proxy of it",
            .positionals = positionals_of_render,
            .options = options_of_render,
            .run = run_render},
    Command{.name = "service",
            .group = Group::change,
            .summary = "Install and run services from images that bring their own commands",
            .positionals = positionals_of_service,
            .options = options_of_service,
            .verbatim_from = 1,
            .verbatim_after = "run",
            .run = run_service},
    Command{.name = "check-image",
            .group = Group::look,
            .summary = "Check whether an image can be installed as a service",
            .positionals = positionals_of_check_image,
            .options = options_of_check_image,
            .run = run_check_image},
    Command{.name = "down",
            .group = Group::change,
            .summary = "Stop an app and remove its containers and networks",
            .positionals = positionals_of_down,
            .options = options_of_down,
            .run = run_down},
    Command{.name = "rm",
            .group = Group::change,
            .summary = "Remove the containers of what is stopped",
            .positionals = several_targets,
            .options = options_of_rm,
            .run = run_rm},
    Command{.name = "pull",
            .group = Group::change,
            .summary = "Pull the images of a Compose project",
            .positionals = positionals_of_up,
            .options = options_of_pull,
            .run = run_pull},
    Command{.name = "push",
            .group = Group::change,
            .summary = "Push the images that a Compose project builds",
            .positionals = positionals_of_up,
            .options = options_of_push,
            .run = run_push},
    Command{.name = "cp",
            .group = Group::change,
            .summary = "Copy files out of a container, or into it",
            .positionals = positionals_of_cp,
            .options = options_of_cp,
            .run = run_cp},
    Command{.name = "ls",
            .group = Group::look,
            .summary = "List the apps of this host",
            .positionals = several_apps,
            .options = options_of_ls,
            .run = run_ls},
    Command{.name = "status",
            .group = Group::look,
            .summary = "Show the wanted and the actual state of an app",
            .positionals = several_targets,
            .options = json,
            .run = run_status},
    Command{.name = "ps",
            .group = Group::look,
            .summary = "List the containers of apps",
            .positionals = several_targets,
            .options = options_of_ps,
            .run = run_ps},
    Command{.name = "why",
            .group = Group::look,
            .summary = "Explain why an app is in its present state",
            .positionals = only_optional_name,
            .options = json,
            .run = run_why},
    Command{.name = "plan",
            .group = Group::look,
            .summary = "Show what would bring a declared host, or one app, to its wanted state",
            .positionals = positionals_of_plan,
            .options = options_of_plan,
            .run = run_plan},
    Command{.name = "releases",
            .group = Group::look,
            .summary = "List the releases of an app",
            .positionals = only_optional_name,
            .options = options_of_list,
            .run = run_releases},
    Command{.name = "images",
            .group = Group::look,
            .summary = "List the images of an app",
            .positionals = only_optional_name,
            .options = options_of_images,
            .run = run_images},
    Command{.name = "volumes",
            .group = Group::look,
            .summary = "List the volumes of an app",
            .positionals = only_optional_target,
            .options = json,
            .run = run_volumes},
    Command{.name = "logs",
            .group = Group::look,
            .summary = "Print what an app's container wrote",
            .positionals = positionals_of_logs,
            .options = options_of_logs,
            .run = run_logs},
    Command{.name = "shell",
            .group = Group::look,
            .summary = "Open a shell, or run a command, in the running container",
            .positionals = positionals_of_shell,
            .options = options_of_shell,
            .verbatim_from = 1,
            .run = run_shell},
    Command{.name = "exec",
            .group = Group::look,
            .summary = "Run a command in the running container",
            .positionals = positionals_of_exec,
            .options = options_of_exec,
            .verbatim_from = 1,
            .run = run_exec},
    Command{.name = "attach",
            .group = Group::look,
            .summary = "Connect the terminal to what a container runs",
            .positionals = positionals_of_attach,
            .options = options_of_attach,
            .run = run_attach},
    Command{.name = "run",
            .group = Group::change,
            .summary = "Run a command in a container of its own",
            .positionals = positionals_of_run,
            .options = options_of_run,
            .verbatim_from = 0,
            .run = run_run},
    Command{.name = "top",
            .group = Group::look,
            .summary = "List the processes of containers",
            .positionals = several_targets,
            .options = json,
            .run = run_top},
    Command{.name = "stats",
            .group = Group::look,
            .summary = "Show what containers use: processors, memory, network, disk",
            .positionals = several_targets,
            .options = options_of_stats,
            .run = run_stats},
    Command{.name = "df",
            .group = Group::look,
            .summary = "Show what apps take of the disk, and what a cleanup would free",
            .positionals = several_apps,
            .options = json,
            .run = run_df},
    Command{.name = "events",
            .group = Group::look,
            .summary = "Print what happens to containers",
            .positionals = several_targets,
            .options = options_of_events,
            .run = run_events},
    Command{.name = "wait",
            .group = Group::look,
            .summary = "Wait until containers have ended",
            .positionals = several_targets,
            .options = json,
            .run = run_wait},
    Command{.name = "port",
            .group = Group::look,
            .summary = "Print where a container's port is on the host",
            .positionals = positionals_of_port,
            .options = options_of_port,
            .run = run_port},
    Command{.name = "config",
            .group = Group::look,
            .summary = "Print the settings of a release, or a Compose project as it was understood",
            .positionals = positionals_of_config,
            .options = options_of_config,
            .run = run_config},
    Command{.name = "declare",
            .group = Group::look,
            .summary = "Print an app as a definition for apply",
            .positionals = name_and_release,
            .run = run_declare},
    Command{.name = "export",
            .group = Group::look,
            .summary = "Write a Compose file for an app, or for a folder of definitions",
            .positionals = positionals_of_export,
            .options = options_of_export,
            .run = run_export},
    Command{.name = "history",
            .group = Group::look,
            .summary = "Show what was done, when and by whom",
            .positionals = only_optional_name,
            .options = options_of_history,
            .run = run_history},
    Command{.name = "backup",
            .group = Group::data,
            .summary = "Write an app's data and settings to one file",
            .positionals = only_optional_name,
            .options = options_of_backup,
            .run = run_backup},
    Command{.name = "backups",
            .group = Group::data,
            .summary = "List the backups, or remove old ones by rules",
            .positionals = only_optional_name,
            .options = options_of_backups,
            .run = run_backups},
    Command{.name = "verify",
            .group = Group::data,
            .summary = "Check every byte of a backup",
            .positionals = positionals_of_verify,
            .options = options_of_verify,
            .run = run_verify},
    Command{.name = "restore",
            .group = Group::data,
            .summary = "Bring an app's data back from a backup or a snapshot",
            .positionals = positionals_of_restore,
            .options = options_of_restore,
            .run = run_restore},
    Command{.name = "snapshot",
            .group = Group::data,
            .summary = "Copy an app's data as it is now",
            .positionals = only_name,
            .options = options_of_snapshot,
            .run = run_snapshot},
    Command{.name = "snapshots",
            .group = Group::data,
            .summary = "List the snapshots of an app's data",
            .positionals = only_name,
            .options = options_of_snapshots,
            .run = run_snapshots},
    Command{.name = "drill",
            .group = Group::data,
            .summary = "Prove that a backup can be restored",
            .positionals = positionals_of_drill,
            .options = options_of_drill,
            .run = run_drill},
    Command{.name = "try",
            .group = Group::data,
            .summary = "Try an image with a copy of the data",
            .positionals = positionals_of_try,
            .options = options_of_try,
            .run = run_try},
    Command{.name = "autostart",
            .group = Group::upkeep,
            .summary = "Choose what starts when the host starts",
            .positionals = positionals_of_autostart,
            .options = options_of_autostart,
            .run = run_autostart},
    Command{.name = "start-all",
            .group = Group::upkeep,
            .summary = "Start all apps that are marked for it",
            .options = options_of_start_all,
            .run = run_start_all},
    Command{.name = "serve",
            .group = Group::upkeep,
            .summary = "Keep this host as its definitions say",
            .positionals = positionals_of_serve,
            .options = options_of_serve,
            .run = run_serve},
    Command{.name = "notify",
            .group = Group::upkeep,
            .summary = "Show where notices go, and test it",
            .options = options_of_notify,
            .run = run_notify},
    Command{.name = "cleanup",
            .group = Group::upkeep,
            .summary = "Remove the old containers and images of an app, or of all",
            .positionals = only_optional_name,
            .options = options_of_cleanup,
            .run = run_cleanup},
    Command{.name = "remove",
            .group = Group::upkeep,
            .summary = "Remove an app, but not its volumes unless asked",
            .positionals = only_name,
            .options = options_of_remove,
            .run = run_remove},
    Command{.name = "adopt",
            .group = Group::upkeep,
            .summary = "Take over a container that was made without Belay",
            .positionals = positionals_of_adopt,
            .options = options_of_adopt,
            .run = run_adopt},
    Command{.name = "forget",
            .group = Group::upkeep,
            .summary = "Let an app go: Belay forgets it, its containers run on",
            .positionals = only_name,
            .options = options_of_forget,
            .run = run_forget},
    Command{.name = "import",
            .group = Group::upkeep,
            .summary = "Take over the apps of another tool, or a docker run line",
            .positionals = positionals_of_import,
            .options = options_of_import,
            .verbatim_from = 2,
            .run = run_import},
    Command{.name = "recover",
            .group = Group::upkeep,
            .summary = "Rebuild the state from what the engine holds",
            .options = options_of_take_over,
            .run = run_recover},
    Command{.name = "doctor",
            .group = Group::upkeep,
            .summary = "Check the engine, the state and the apps",
            .options = json,
            .run = run_doctor},
    Command{.name = "completion",
            .group = Group::program,
            .summary = "Print the completion script of a shell",
            .positionals = positionals_of_completion,
            .run = run_completion},
    Command{.name = "as",
            .group = Group::program,
            .summary = "Accept the command line of another tool",
            .positionals = positionals_of_as,
            .verbatim_from = 0,
            .run = run_as},
    Command{.name = "help",
            .group = Group::program,
            .summary = "Show help for the program or a command",
            .positionals = positionals_of_help,
            .options = options_of_help,
            .run = run_help},
    Command{.name = "version",
            .group = Group::program,
            .summary = "Print the version",
            .options = options_of_version,
            .run = run_version},
};

constexpr std::array globals{
    Option{.name = "host",
           .letter = 'H',
           .value = "ENDPOINT",
           .summary = "the engine to talk to: unix:///path, tcp://host:port or ssh://user@host (default: $DOCKER_HOST, "
                      "else the Docker context, else the default socket)"},
    Option{.name = "state-dir",
           .value = "FOLDER",
           .summary = "where Belay keeps its state (default: $BELAY_STATE_DIR)",
           .kind = Kind::folder},
    Option{.name = "no-lock-wait", .summary = "fail at once if another Belay is working on the same app"},
    Option{.name = "quiet", .letter = 'q', .summary = "print results and errors only"},
    Option{.name = "progress",
           .value = "HOW",
           .summary = "show what happens live (auto, on a terminal), in lines (plain) or as JSON (json)",
           .kind = Kind::words,
           .choices = "auto|plain|json"},
    Option{.name = "utc", .summary = "print times in UTC instead of local time (JSON has UTC always)"},
    Option{.name = "no-color", .summary = "print plain text (so does the variable NO_COLOR)"},
    Option{.name = "help", .letter = 'h', .summary = "show the help of the command"},
    Option{.name = "version", .summary = "print the version"},
};

}  // namespace

std::span<const Command> commands() {
  return table;
}

std::span<const Option> global_options() {
  return globals;
}

}  // namespace belay::cli
