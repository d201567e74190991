#include "cli/faces/compose_words.h"

#include <algorithm>
#include <array>

namespace belay::cli {

namespace {

using Leads = ComposeOption::Leads;

// The option of the same name that Belay's command has.
constexpr ComposeOption same(std::string_view name, char letter = 0, std::string_view value = {},
                             bool repeatable = false) {
  return {{.name = name, .letter = letter, .value = value, .repeatable = repeatable}, Leads::to_option, name};
}
// One that has another name here.
constexpr ComposeOption as(std::string_view belay, std::string_view name, char letter = 0, std::string_view value = {},
                           bool repeatable = false) {
  return {{.name = name, .letter = letter, .value = value, .repeatable = repeatable}, Leads::to_option, belay};
}
constexpr ComposeOption idle(std::string_view name, char letter = 0, std::string_view value = {}) {
  return {{.name = name, .letter = letter, .value = value, .repeatable = true}, Leads::nowhere, {}};
}
constexpr ComposeOption own(std::string_view means, std::string_view name, char letter = 0, std::string_view value = {},
                            bool repeatable = false) {
  return {{.name = name, .letter = letter, .value = value, .repeatable = repeatable}, Leads::to_face, means};
}
constexpr ComposeOption refused(std::string_view hint, std::string_view name, char letter = 0,
                                std::string_view value = {}) {
  return {{.name = name, .letter = letter, .value = value, .repeatable = true}, Leads::to_refusal, hint};
}

constexpr std::string_view follows = "The containers run on by themselves; belay logs NAME -f follows them.";
constexpr std::string_view in_the_file = "It belongs in the Compose file.";
constexpr std::string_view own_builder = "Builds go to the engine's own builder.";
constexpr std::string_view as_written = "belay config --origins shows where each value came from.";
constexpr std::string_view json_or_text = "json prints JSON, as belay does with --json; templates are refused";

constexpr std::array of_build{
    same("build-arg", 0, "NAME=VALUE", true),
    same("no-cache"),
    same("pull"),
    as("quiet", "quiet", 'q'),
    idle("force-rm"),
    idle("no-rm"),
    idle("compress"),
    idle("parallel"),
    idle("progress", 0, "KIND"),
    refused("docker-compose push pushes what was built.", "push"),
    refused("belay build names what it builds; a service's needs are named as well.", "with-dependencies"),
    refused(own_builder, "builder", 0, "NAME"),
    refused(own_builder, "check"),
    refused(own_builder, "print"),
    refused(own_builder, "provenance", 0, "VALUE"),
    refused(own_builder, "sbom", 0, "VALUE"),
    refused(own_builder, "memory", 'm', "BYTES"),
    refused(in_the_file, "ssh", 0, "KEY"),
};
constexpr std::array of_config{
    same("services"),
    same("volumes"),
    same("networks"),
    same("images"),
    same("profiles"),
    same("environment"),
    same("variables"),
    same("output", 'o', "FILE"),
    as("quiet", "quiet", 'q'),
    own("yaml (default) or json", "format", 0, "yaml|json"),
    idle("no-consistency"),
    idle("no-normalize"),
    refused("The value of config-hash is Belay's own: docker inspect CONTAINER shows it among the labels.", "hash", 0,
            "SERVICE"),
    refused("belay config --images prints the images.", "resolve-image-digests"),
    refused("belay config --images prints the images.", "lock-image-digests"),
    refused(as_written, "no-interpolate"),
    refused(as_written, "no-path-resolution"),
    refused(as_written, "no-env-resolution"),
    refused("Models are not supported.", "models"),
};
constexpr std::array of_cp{
    same("archive", 'a'),
    same("index", 0, "N"),
    refused("belay exec SERVICE cat FILE prints what a link leads to.", "follow-link", 'L'),
    refused("Its own containers are removed with their command; name a service that is up.", "all"),
};
constexpr std::array of_create{
    same("build"),
    same("no-build"),
    same("pull", 0, "always|missing|never"),
    same("remove-orphans"),
    same("scale", 0, "SERVICE=N", true),
    idle("no-recreate"),
    idle("quiet-build"),
    idle("quiet-pull"),
    idle("yes", 'y'),
    refused("docker-compose up --force-recreate makes new containers, and starts them.", "force-recreate"),
};
constexpr std::array of_attach{
    same("index", 0, "N"),
    refused("Ctrl-C leaves the container alone, and it runs on.", "detach-keys", 0, "KEYS"),
    refused("docker-compose logs -f SERVICE prints what it writes.", "no-stdin"),
    refused("Ctrl-C leaves the container alone; docker-compose kill -s SIGNAL sends it one.", "sig-proxy"),
};
constexpr std::array of_down{
    same("remove-orphans"),
    same("timeout", 't', "SECONDS"),
    same("volumes", 'v'),
    same("rmi", 0, "local|all"),
};
constexpr std::array of_events{
    same("json"),
    same("since", 0, "TIME"),
    same("until", 0, "TIME"),
};
constexpr std::array of_exec{
    same("detach", 'd'),       same("env", 'e', "NAME=VALUE", true),
    same("index", 0, "N"),     same("interactive", 'i'),
    same("no-tty", 'T'),       as("no-tty", "no-TTY"),
    same("privileged"),        same("tty", 't'),
    same("user", 'u', "USER"), same("workdir", 'w', "FOLDER"),
};
constexpr std::array of_images{
    as("ids", "quiet", 'q'),
    own(json_or_text, "format", 0, "table|json"),
};
constexpr std::array of_kill{
    same("signal", 's', "SIGNAL"),
    refused("belay up --remove-orphans removes them.", "remove-orphans"),
};
constexpr std::array of_logs{
    same("follow", 'f'),        same("no-log-prefix"),   same("since", 0, "TIME"),   same("until", 0, "TIME"),
    same("tail", 'n', "N|all"), same("timestamps", 't'), as("no-color", "no-color"), same("index", 0, "N"),
};
constexpr std::array of_ls{
    as("names", "quiet", 'q'),
    idle("all", 'a'),
    own(json_or_text, "format", 0, "table|json"),
    refused("belay ls shows the state of each app; belay ls --json is for programs.", "filter", 0, "FILTER"),
};
constexpr std::array of_port{
    same("protocol", 0, "tcp|udp"),
    same("index", 0, "N"),
};
constexpr std::array of_ps{
    same("all", 'a'),
    same("services"),
    same("status", 0, "STATE", true),
    as("names", "quiet", 'q'),
    own("status=STATE is the same as --status STATE", "filter", 0, "FILTER", true),
    own(json_or_text, "format", 0, "table|json"),
    idle("no-trunc"),
    idle("orphans", 0, "YES"),
};
constexpr std::array of_pull{
    same("ignore-pull-failures"), same("include-deps"), as("quiet", "quiet", 'q'), same("policy", 0, "always|missing"),
    idle("ignore-buildable"),     idle("no-parallel"),  idle("parallel"),
};
constexpr std::array of_push{
    same("ignore-push-failures"),
    same("include-deps"),
    as("quiet", "quiet", 'q'),
};
constexpr std::array of_restart{
    same("timeout", 't', "SECONDS"),
    refused("What needs it is left alone unless the file asks for its restart (restart: true).", "no-deps"),
};
constexpr std::array of_rm{
    same("stop", 's'),
    same("force", 'f'),
    idle("all", 'a'),
    same("volumes", 'v'),
};
constexpr std::array of_run{
    same("detach", 'd'),
    same("entrypoint", 0, "COMMAND"),
    same("env", 'e', "NAME=VALUE", true),
    same("interactive", 'i'),
    same("name", 0, "NAME"),
    same("no-deps"),
    same("no-tty", 'T'),
    as("no-tty", "no-TTY"),
    same("publish", 'p', "HOST:PORT", true),
    same("rm"),
    same("service-ports", 'P'),
    same("tty", 't'),
    same("user", 'u', "USER"),
    same("volume", 'v', "SOURCE:TARGET", true),
    same("workdir", 'w', "FOLDER"),
    as("quiet", "quiet", 'q'),
    own("builds the image of the service first", "build"),
    own("always pulls the image of the service first", "pull", 0, "always|missing|never"),
    idle("quiet-build"),
    idle("quiet-pull"),
    refused(in_the_file, "cap-add", 0, "NAME"),
    refused(in_the_file, "cap-drop", 0, "NAME"),
    refused(in_the_file, "label", 'l', "LABEL"),
    refused("-e NAME=VALUE sets a variable; an env_file belongs in the Compose file.", "env-from-file", 0, "FILE"),
    refused("belay up --remove-orphans removes them.", "remove-orphans"),
    refused("The service's names on the networks stay with the containers that are kept up.", "use-aliases"),
};
constexpr std::array of_scale{same("no-deps")};
constexpr std::array of_start{
    idle("wait"),
    as("wait-timeout", "wait-timeout", 0, "SECONDS"),
};
constexpr std::array of_stop{same("timeout", 't', "SECONDS")};
constexpr std::array of_up{
    same("build"),
    same("no-build"),
    same("no-deps"),
    same("pull", 0, "always|missing|never"),
    same("remove-orphans"),
    same("scale", 0, "SERVICE=N", true),
    same("timeout", 't', "SECONDS"),
    same("wait"),
    same("wait-timeout", 0, "SECONDS"),
    same("force-recreate"),
    own("the containers run on, and nothing is followed", "detach", 'd'),
    own("follows the logs of this service only", "attach", 0, "SERVICE", true),
    own("of the logs that are followed", "no-log-prefix"),
    own("of the logs that are followed", "timestamps"),
    as("no-color", "no-color"),
    idle("attach-dependencies"),
    idle("menu"),
    idle("quiet-build"),
    idle("quiet-pull"),
    idle("yes", 'y'),
    same("no-recreate"),
    same("always-recreate-deps"),
    same("no-start"),
    refused("Anonymous volumes count as data and are carried over.", "renew-anon-volumes", 'V'),
    refused(follows, "abort-on-container-exit"),
    refused(follows, "abort-on-container-failure"),
    refused("belay run SERVICE COMMAND passes the exit code on.", "exit-code-from", 0, "SERVICE"),
    refused("--attach SERVICE names those that are followed.", "no-attach", 0, "SERVICE"),
    refused("belay up --build builds and exchanges what has changed.", "watch", 'w'),
};
constexpr std::array of_wait{refused("docker-compose down does that, once they have ended.", "down-project")};
constexpr std::array of_stats{
    same("no-stream"),
    own(json_or_text, "format", 0, "table|json"),
    idle("all", 'a'),
    idle("no-trunc"),
};
constexpr std::array of_version{
    same("short"),
    own(json_or_text, "format", 'f', "pretty|json"),
};
constexpr std::array of_volumes{
    own(json_or_text, "format", 0, "table|json"),
    refused("belay config --volumes prints only the names.", "quiet", 'q'),
};

constexpr std::string_view any_service = "[SERVICE…]";
constexpr std::array table{
    ComposeWord{"up", "up", any_service, of_up, false,
                "Without -d it stays: once all has proved itself it follows the logs, and Ctrl-C stops the services."},
    ComposeWord{"down", "down", "", of_down, false, "With -v the project's name is asked for, because its data goes."},
    ComposeWord{"ps", "ps", any_service, of_ps, false,
                "What does not run is listed as well; -q prints names, not ids."},
    ComposeWord{"logs", "logs", any_service, of_logs, false,
                "The lines of one service alone have no name before them."},
    ComposeWord{"exec", "exec", "SERVICE COMMAND [WORD…]", of_exec, true},
    ComposeWord{"run", "run", "SERVICE [COMMAND…]", of_run, true, "The container is removed afterwards, but for -d."},
    ComposeWord{"pull", "pull", any_service, of_pull},
    ComposeWord{"build", "build", any_service, of_build},
    ComposeWord{"push", "push", any_service, of_push},
    ComposeWord{"config", "config", "[SERVICE]", of_config},
    ComposeWord{"convert", "config", "[SERVICE]", of_config},
    ComposeWord{"images", "images", "", of_images},
    ComposeWord{"top", "top", any_service},
    ComposeWord{"stats", "stats", any_service, of_stats},
    ComposeWord{"restart", "restart", any_service, of_restart},
    ComposeWord{"start", "start", any_service, of_start},
    ComposeWord{"stop", "stop", any_service, of_stop, false, "What was stopped stays so until start or up."},
    ComposeWord{"kill", "kill", any_service, of_kill},
    ComposeWord{"pause", "pause", any_service},
    ComposeWord{"unpause", "unpause", any_service},
    ComposeWord{"cp", "cp", "SERVICE:PATH FILE|- | FILE|- SERVICE:PATH", of_cp},
    ComposeWord{"port", "port", "SERVICE [PORT]", of_port},
    ComposeWord{"scale", "up", "SERVICE=N…", of_scale, false, "It counts until the next up without it."},
    ComposeWord{"volumes", "volumes", "[SERVICE]", of_volumes},
    ComposeWord{"ls", "ls", "", of_ls, false, "Apps of every kind are listed."},
    ComposeWord{"version", "version", "", of_version, false, "It is Belay's version."},
    ComposeWord{"rm", "rm", any_service, of_rm, false, "What should be up stays, and so do volumes with a name."},
    ComposeWord{"events", "events", any_service, of_events, false, "It goes on until Ctrl-C, or until --until."},
    ComposeWord{"wait", "wait", "SERVICE…", of_wait, false, "The exit code is that of the one that ended last."},
    ComposeWord{"create", "create", any_service, of_create, false,
                "What is missing is made and not started; what there is stays as it is."},
    ComposeWord{"attach", "attach", "SERVICE", of_attach, false, "Ctrl-C ends it, and the container runs on."},
    ComposeWord{"watch", "", ""},
    ComposeWord{"commit", "", ""},
    ComposeWord{"publish", "", ""},
};

constexpr std::array globals{
    own("a Compose file", "file", 'f', "FILE", true),
    own("the name of the project", "project-name", 'p', "NAME"),
    own("the folder from which relative paths count", "project-directory", 0, "DIR"),
    own("switches this profile on", "profile", 0, "NAME", true),
    own("takes variables from this file instead of .env", "env-file", 0, "FILE", true),
    own("the engine", "host", 'H', "ENDPOINT"),
    own("shows what would be done", "dry-run"),
    own("never prints plain text", "ansi", 0, "never|always|auto"),
    own("prints plain text", "no-ansi"),
    own("how progress is shown", "progress", 0, "auto|tty|plain|json|quiet"),
    own("this page", "help", 'h'),
    own("prints the version", "version", 'v'),
    idle("parallel", 0, "N"),
    idle("log-level", 0, "LEVEL"),
    idle("compatibility"),
    idle("all-resources"),
    idle("verbose"),
    refused("The variable DOCKER_CONTEXT names a context, -H the engine itself.", "context", 'c', "NAME"),
    refused("--project-directory DIR is its name now.", "workdir", 0, "DIR"),
};

}  // namespace

std::span<const ComposeWord> compose_words() {
  return table;
}

const ComposeWord* find_compose_word(std::string_view word) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const ComposeWord& w) { return w.word == word; });
  return found == table.end() ? nullptr : &*found;
}

std::span<const ComposeOption> compose_globals() {
  return globals;
}

}  // namespace belay::cli
