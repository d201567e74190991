#pragma once
// The options of `docker run` that deploy, build and start take: they become settings of the app.

#include <array>

#include "cli/command.h"
#include "formats/setting_keys.h"

namespace belay::cli {

class Console;

inline constexpr std::array settings_options{
    Option{.name = "env", .letter = 'e', .value = "NAME=VALUE", .summary = "set a variable", .repeatable = true},
    Option{.name = "env-file",
           .value = "FILE",
           .summary = "set the variables in this file",
           .kind = Kind::file,
           .repeatable = true},
    Option{.name = "publish",
           .letter = 'p',
           .value = "HOST:PORT",
           .summary = "publish a port: 8080:80, 127.0.0.1:8080:80; 'none' publishes nothing",
           .repeatable = true},
    Option{.name = "volume",
           .letter = 'v',
           .value = "SOURCE:TARGET",
           .summary = "mount a volume or a path of the host",
           .repeatable = true},
    Option{.name = "mount", .value = "SPEC", .summary = "the same, as type=…,source=…,target=…", .repeatable = true},
    Option{.name = "tmpfs", .value = "PATH", .summary = "mount a file system in memory", .repeatable = true},
    Option{.name = "network", .value = "NAME", .summary = "join this network", .repeatable = true},
    Option{.name = "network-alias", .value = "NAME", .summary = "a further name on that network", .repeatable = true},
    Option{.name = "hostname", .value = "NAME", .summary = "the container's own name for itself"},
    Option{.name = "add-host", .value = "NAME:IP", .summary = "an entry in /etc/hosts", .repeatable = true},
    Option{.name = "dns", .value = "IP", .summary = "ask this name server", .repeatable = true},
    Option{.name = "memory", .letter = 'm', .value = "SIZE", .summary = "limit the memory: 512m, 2g"},
    Option{.name = "cpus", .value = "N", .summary = "limit the processors: 1.5"},
    Option{.name = "pids-limit", .value = "N", .summary = "limit the number of processes"},
    Option{.name = "shm-size", .value = "SIZE", .summary = "the size of /dev/shm"},
    Option{.name = "ulimit", .value = "NAME=N", .summary = "a limit of its processes: nofile=4096", .repeatable = true},
    Option{
        .name = "restart", .value = "POLICY", .summary = "no, always, unless-stopped (the default) or on-failure[:N]"},
    Option{.name = "label", .letter = 'l', .value = "NAME=VALUE", .summary = "add a label", .repeatable = true},
    Option{.name = "user", .letter = 'u', .value = "USER", .summary = "run as this user of the container"},
    Option{.name = "workdir", .letter = 'w', .value = "FOLDER", .summary = "start in this folder of the container"},
    Option{.name = "entrypoint", .value = "COMMAND", .summary = "in place of the image's entrypoint"},
    Option{.name = "init", .summary = "run an init that collects ended processes"},
    Option{.name = "read-only", .summary = "mount the container's own file system read-only"},
    Option{.name = "privileged", .summary = "give it all rights on the host"},
    Option{.name = "cap-add", .value = "NAME", .summary = "give it this capability", .repeatable = true},
    Option{.name = "cap-drop", .value = "NAME", .summary = "take this capability from it", .repeatable = true},
    Option{.name = "device", .value = "PATH", .summary = "give it this device of the host", .repeatable = true},
    Option{.name = "log-driver", .value = "NAME", .summary = "where its output goes"},
    Option{.name = "log-opt", .value = "NAME=VALUE", .summary = "a setting of the log driver", .repeatable = true},
    Option{.name = "raw",
           .value = "OPTIONS",
           .summary = "further options of docker run, as one word",
           .repeatable = true}};

// What they say; nullopt: none of them is given. Warnings are printed. Throws UsageError.
std::optional<Configuration> given_settings(const Invocation& in);

}  // namespace belay::cli
