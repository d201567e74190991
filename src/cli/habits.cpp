#include "cli/habits.h"

#include <algorithm>
#include <array>

#include "cli/command.h"
#include "model/names.h"

namespace belay::cli {

namespace {

constexpr std::array words{
    Habit{"scale", false, "belay up --scale SERVICE=N, or deploy.replicas in the Compose file."},
    Habit{"watch", false, "belay serve keeps a host as its definitions say; belay up --build builds and exchanges."},
    Habit{"publish", false, "belay push pushes the images that a project builds."},
    Habit{"commit", false, "A release is made from an image: belay build NAME, or belay try NAME IMAGE."},
    Habit{"rmi", false, "belay cleanup NAME removes the images that no release of an app needs."},
    Habit{"prune", false,
          "belay cleanup removes earlier releases of all apps with their images, but one to go back to; belay cleanup "
          "NAME those of one app."},
    Habit{"convert", true, "belay config prints the resolved project."},
    Habit{"compose", false,
          "belay up and the other commands take a Compose project as it is; belay as docker-compose takes the whole "
          "command line of docker compose."},
    Habit{"container", true, "belay ps lists the containers, belay status NAME shows how an app is."},
    Habit{"image", true, "belay images NAME lists the images of an app."},
    Habit{"volume", true, "belay volumes NAME lists the volumes of an app."},
    Habit{"network", true,
          "belay config --networks prints the networks of a project, belay config NAME those of an app."},
    Habit{"diff", true,
          "belay config NAME --diff rN shows what differs between releases, belay plan what would change."},
    Habit{"system", false,
          "belay cleanup removes earlier releases with their images, but one to go back to; belay df shows what takes "
          "room, belay doctor looks at the host."},
    Habit{"stack", false, "belay up makes a project run, belay down takes it down."},
    Habit{"rename", false,
          "An app keeps its name; belay export --compose NAME -p NEW writes a project of another name."},
    Habit{"mv", false, "An app keeps its name; belay export --compose NAME -p NEW writes a project of another name."},
    Habit{"tag", false, "belay stable NAME marks a release; the tags of images are the engine's: docker tag."},
    Habit{"login", false, "The engine's own logins are used, so docker login is enough; then belay pull."},
    Habit{"update", false,
          "For an app: belay deploy NAME, with --pull for a newer base image, or --image REF. For a Compose project: "
          "belay up --pull always. For definitions: belay apply."},
    Habit{"upgrade", false,
          "For an app: belay deploy NAME, with --pull for a newer base image, or --image REF. For a Compose project: "
          "belay up --pull always. For definitions: belay apply."},
    Habit{"redeploy", false, "belay deploy NAME builds and starts a new release; belay restart NAME restarts it."},
    Habit{"reload", false, "belay kill NAME -s HUP sends a signal; belay restart NAME restarts the release."},
    Habit{"enable", false, "belay autostart NAME last starts the app when the host starts."},
    Habit{"disable", false, "belay autostart NAME none no longer starts the app when the host starts."},
    Habit{"undo", false, "belay rollback NAME goes back to the release before."},
    Habit{"revert", false, "belay rollback NAME goes back to the release before."},
    Habit{"delete", false,
          "belay remove NAME removes an app, but not its volumes; belay down keeps what Belay knows of it."},
    Habit{"destroy", false, "belay remove NAME --volumes removes an app with all its data, and asks for its name."},
    Habit{"new", false, "belay deploy NAME beside a Dockerfile, or belay up beside a Compose file, makes an app."},
    Habit{"add", false, "belay deploy NAME beside a Dockerfile, or belay up beside a Compose file, makes an app."},
    Habit{"init", false,
          "belay deploy NAME beside a Dockerfile, or belay up beside a Compose file: nothing is prepared before."},
    Habit{"rebuild", false, "belay build NAME builds the image, belay deploy NAME also starts it as a new release."},
    Habit{"env", true, "belay config NAME prints the settings of an app, with the names of its variables."},
    Habit{"edit", false,
          "belay config NAME --edit opens the settings of an app, wherever they stand, and then applies them."},
    Habit{"open", true, "belay port NAME prints the addresses of an app, belay ls those of all apps."},
    Habit{"url", true, "belay port NAME prints the addresses of an app, belay ls those of all apps."},
    Habit{"ports", true, "belay port NAME prints the addresses of an app, belay ls those of all apps."},
    Habit{"search", true, "belay images NAME lists the images of an app; registries are searched with docker search."},
    Habit{"man", true, "belay help COMMAND shows the page of a command."},
    Habit{"logout", false,
          "The engine's own logins are used: docker logout ends one, then belay pull asks without it."},
    Habit{"secret", true, "belay config NAME prints the settings of an app, its secrets hidden."},
    Habit{"node", true, "Belay looks after one host; -H ENDPOINT names the engine of another."},
    Habit{"context", true,
          "Belay uses the context that docker context use has chosen; belay doctor tells which engine it is."},
    Habit{"save", false, "belay backup NAME --with-image writes an app with its images into one file."},
    Habit{"docker", true,
          "Most words of docker are words of Belay too: belay ps, belay logs NAME; belay help lists all."},
    Habit{"podman", true,
          "Most words of podman are words of Belay too: belay ps, belay logs NAME; belay help lists all."},
    Habit{"docker-compose", false,
          "belay up and the other commands take a Compose project as it is; belay as docker-compose takes the whole "
          "command line of docker compose."},
    Habit{"systemctl", true,
          "belay status NAME shows how an app is, belay ls all apps; belay help lists the commands."},
    Habit{"kubectl", true, "belay ls lists the apps, belay ps their containers; belay help lists the commands."},
    Habit{"journalctl", true, "belay logs NAME prints what an app wrote, belay history what was done."},
    Habit{"is-active", true, "belay status NAME shows how an app is, belay ls all apps."},
    Habit{"is-failed", true, "belay why NAME says what is wrong with an app, belay ls shows all apps."},
    Habit{"is-enabled", true, "belay status NAME shows whether an app is started when the host starts (autostart)."},
    Habit{"list-units", true, "belay ls lists the apps."},
    Habit{"list-timers", true, "belay status NAME shows the jobs and backups of an app and when their turn comes."},
    Habit{"daemon-reload", false, "belay apply reads the definitions anew, and belay up a Compose file."},
    Habit{"reset-failed", false, "belay retry NAME tries once more what failed."},
    Habit{"try-restart", false, "belay restart NAME restarts an app that runs."},
    Habit{"mask", false,
          "belay stop NAME stops an app, belay autostart NAME none leaves it down when the host starts."},
    Habit{"cat", true, "belay config NAME prints the settings of an app."},
    Habit{"checkout", false, "belay rollback NAME rN goes back to a release, belay start NAME rN starts any of them."},
    Habit{"switch", false, "belay rollback NAME rN goes back to a release, belay start NAME rN starts any of them."},
    Habit{"reset", false, "belay rollback NAME goes back to the release before, belay restore NAME brings data back."},
    Habit{"fetch", false, "belay pull fetches the images of a project, belay deploy NAME --pull those of an app."},
    Habit{"versions", true, "belay releases NAME lists the releases of an app."},
    Habit{"revisions", true, "belay releases NAME lists the releases of an app."},
    Habit{"health", true, "belay status NAME shows the health of an app, belay doctor that of the host."},
    Habit{"dashboard", true, "belay ls --watch shows the apps as they change, belay stats what they use."},
    Habit{"monitor", true, "belay ls --watch shows the apps as they change, belay stats what they use."},
    Habit{"secrets", true, "belay config NAME prints the settings of an app, its secrets hidden."},
    Habit{"ssh", true, "belay shell NAME opens a shell in the container."},
    Habit{"sh", true, "belay shell NAME opens a shell in the container."},
    Habit{"bash", true, "belay shell NAME opens a shell in the container."},
    Habit{"console", true, "belay shell NAME opens a shell in the container."},
    Habit{"enter", true, "belay shell NAME opens a shell in the container."},
    Habit{"tail", true, "belay logs NAME -f prints what an app writes as it comes."},
    Habit{"follow", true, "belay logs NAME -f prints what an app writes as it comes."},
    Habit{"ip", true, "belay port NAME prints the addresses of an app, belay ls those of all apps."},
    Habit{"uninstall", false, "belay remove NAME removes an app, but not its volumes; Belay itself: apt remove belay."},
    Habit{
        "timer", false,
        "belay backup NAME --install-timer --schedule 03:00 makes a timer of systemd, --remove-timer removes it; belay "
        "status NAME shows the jobs and backups of an app and when their turn comes."},
    Habit{"timers", true, "belay status NAME shows the jobs and backups of an app and when their turn comes."},
    Habit{"cron", false,
          "belay backup NAME --cron prints a line for cron; a job of a definition has a schedule, which belay serve "
          "keeps."},
    Habit{
        "schedule", false,
        "belay backup NAME --install-timer --schedule 03:00 makes a timer of systemd; a job or backup of a definition "
        "has a schedule, which belay serve keeps."},
    Habit{"metrics", true, "belay help serve tells of --metrics ADDRESS; belay stats shows what containers use."},
    Habit{"definitions", true,
          "belay help apply tells where definitions are, belay declare NAME prints an app as one; all keys are in: man "
          "belay-definitions."},
    Habit{"settings", true,
          "belay config NAME prints the settings of an app; those of the host are in /etc/belay/belay.conf, and man "
          "belay-definitions lists them."},
    Habit{"checks", true,
          "belay status NAME shows the checks of an app; how they are written is in: man belay-checks."},
    Habit{"unadopt", false, "belay forget NAME lets an app go again, without touching its containers."},
    Habit{"disown", false, "belay forget NAME lets an app go again, without touching its containers."},
    Habit{"load", false, "belay restore NAME FILE brings back what belay backup wrote, images included."},
};

// A second word of other tools, in the place of an app's name.
constexpr std::array second_words{
    HabitWord{"backup", "list", "belay backups lists the backups, belay backups NAME those of one app."},
    HabitWord{"backup", "ls", "belay backups lists the backups, belay backups NAME those of one app."},
    HabitWord{"backup", "restore", "belay restore NAME brings the newest backup back; belay backups lists them."},
    HabitWord{"backup", "verify", "belay verify NAME checks the newest backup of an app; belay backups lists them."},
    HabitWord{"backup", "prune", "belay backups NAME --prune removes the backups that no rule keeps."},
    HabitWord{"backups", "list", "belay backups lists the backups, belay backups NAME those of one app."},
    HabitWord{"backups", "ls", "belay backups lists the backups, belay backups NAME those of one app."},
    HabitWord{"backups", "prune", "belay backups NAME --prune removes the backups that no rule keeps."},
    HabitWord{"snapshot", "list", "belay snapshots NAME lists the snapshots of an app."},
    HabitWord{"snapshot", "ls", "belay snapshots NAME lists the snapshots of an app."},
    HabitWord{"snapshot", "create", "belay snapshot NAME takes one; belay snapshots NAME lists them."},
    HabitWord{"snapshot", "restore", "belay restore NAME sN brings a snapshot back; belay snapshots NAME lists them."},
    HabitWord{"snapshot", "rm", "belay snapshots NAME --remove sN removes one; without --remove they are listed."},
    HabitWord{"snapshots", "list", "belay snapshots NAME lists the snapshots of an app."},
    HabitWord{"snapshots", "ls", "belay snapshots NAME lists the snapshots of an app."},
    HabitWord{"restore", "list", "belay backups lists the backups, belay snapshots NAME what is kept beside an app."},
    HabitWord{"drill", "list", "belay backups lists the backups and when each was drilled."},
    HabitWord{"releases", "list", "belay releases NAME lists the releases of an app; belay ls lists the apps."},
    HabitWord{"releases", "ls", "belay releases NAME lists the releases of an app; belay ls lists the apps."},
    HabitWord{"images", "ls", "belay images lists the images of all apps, belay images NAME those of one."},
    HabitWord{"images", "list", "belay images lists the images of all apps, belay images NAME those of one."},
    HabitWord{"volumes", "ls", "belay volumes NAME lists the volumes of an app; belay df shows what all take."},
    HabitWord{"volumes", "list", "belay volumes NAME lists the volumes of an app; belay df shows what all take."},
    HabitWord{"volumes", "prune", "Volumes hold data: belay remove NAME --volumes removes an app with its volumes."},
    HabitWord{"history", "list", "belay history shows what was done, belay history NAME of one app."},
    HabitWord{"stable", "list", "belay ls shows the stable release of each app, belay releases NAME those of one."},
    HabitWord{"config", "show", "belay config NAME prints the settings of an app."},
    HabitWord{"config", "get", "belay config NAME prints the settings of an app."},
    HabitWord{"config", "set", "belay set NAME KEY=VALUE changes a setting of an app."},
    HabitWord{"config", "edit", "belay config NAME --edit opens the settings of an app."},
    HabitWord{"autostart", "list", "belay autostart lists what starts with the host."},
    HabitWord{"autostart", "enable", "belay autostart NAME last starts an app when the host starts."},
    HabitWord{"autostart", "disable", "belay autostart NAME none leaves an app down when the host starts."},
    HabitWord{"cleanup", "all", "belay cleanup without a name does it for all apps."},
    HabitWord{"status", "all", "belay status without a name shows all apps."},
};

constexpr std::array synonyms{
    Alias{"list", "ls"},     Alias{"apps", "ls"},         Alias{"inspect", "config"}, Alias{"stat", "status"},
    Alias{"info", "doctor"}, Alias{"describe", "status"}, Alias{"show", "status"},    Alias{"check", "doctor"},
    Alias{"log", "logs"},    Alias{"journal", "history"}, Alias{"disk", "df"},        Alias{"size", "df"},
};

constexpr std::array options{
    HabitOption{"down", "y", "It asks only with -v, for the data: --yes-lose-data NAME agrees to its loss."},
    HabitOption{"", "verbose", "Where a command has more to tell, -v goes behind it, as in: belay plan -v."},
    HabitOption{
        "", "debug",
        "belay doctor looks at the engine, the state and the apps; --progress plain shows each step in a line."},
    HabitOption{"", "context", "-H ENDPOINT names an engine; DOCKER_CONTEXT chooses one of docker's contexts."},
    HabitOption{"status", "w", "belay ls --watch shows how the apps are, again and again."},
    HabitOption{"status", "watch", "belay ls --watch shows how the apps are, again and again."},
    HabitOption{"ls", "filter", "belay ls NAME… lists only these apps; belay ls --json is for programs."},
    HabitOption{"deploy", "tag",
                "An image of your own: belay deploy NAME --image REF; a mark on a release: belay stable NAME."},
    HabitOption{"build", "tag",
                "Images are called after their app; --push REF pushes the image under a name of its own."},
    HabitOption{"start", "timeout", "--wait-timeout TIME says how long the release may take to prove itself."},
    HabitOption{"backup", "to", "-o PLACE says where the backup goes."},
    HabitOption{"rollback", "to", "The release stands behind the name: belay rollback NAME rN."},
    HabitOption{"remove", "force", "-y does not ask; belay kill NAME stops at once."},
    HabitOption{"logs", "details", "belay config NAME prints the settings of the release, labels included."},
    HabitOption{"ps", "filter", "belay ps --status STATE shows only what is so; belay ps --json is for programs."},
    HabitOption{"run", "build", "belay build SERVICE builds its image first."},
    HabitOption{"run", "use-aliases", "The service's names on the networks stay with the containers that are kept up."},
    HabitOption{"run", "quiet-pull", "belay run -q prints what the command writes, and errors."},
    HabitOption{"run", "remove-orphans", "belay up --remove-orphans removes them."},
    HabitOption{"run", "label", "Labels belong in the Compose file."},
    HabitOption{"up", "renew-anon-volumes", "Anonymous volumes count as data and are carried over."},
    HabitOption{"up", "abort-on-container-exit",
                "The containers run on by themselves; belay logs NAME -f follows them."},
    HabitOption{"up", "abort-on-container-failure",
                "The containers run on by themselves; belay logs NAME -f follows them."},
    HabitOption{"up", "exit-code-from", "belay run SERVICE COMMAND passes the exit code on."},
    HabitOption{"up", "attach", "The containers run on by themselves; belay logs NAME -f follows them."},
    HabitOption{"up", "no-attach", "The containers run on by themselves; belay logs NAME -f follows them."},
    HabitOption{"up", "w", "belay up waits anyway, as with --wait; belay up --build exchanges what has changed."},
    HabitOption{"up", "watch", "belay up --build builds and exchanges what has changed."},
    HabitOption{"up", "menu", "There is no menu: the containers run in the background."},
    HabitOption{"up", "quiet-pull", "belay up -q prints results and errors only."},
    HabitOption{"stop", "signal", "belay kill NAME -s SIGNAL sends a signal."},
    HabitOption{"restart", "no-deps",
                "What needs it is left alone unless the file asks for its restart (restart: true)."},
    HabitOption{"*", "d", "Containers run in the background anyway: leave it out."},
    HabitOption{"*", "detach", "Containers run in the background anyway: leave it out."},
    HabitOption{"*", "name", "The name of an app is a word of its own: belay deploy NAME, belay run SERVICE."},
    HabitOption{"*", "rm",
                "belay run --rm removes the container of one command; that of an app stays for the way back."},
    HabitOption{"*", "i", "belay shell NAME opens a shell in the container, belay exec NAME COMMAND runs a command."},
    HabitOption{"*", "interactive",
                "belay shell NAME opens a shell in the container, belay exec NAME COMMAND runs a command."},
    HabitOption{"*", "it", "belay shell NAME opens a shell in the container, belay exec NAME COMMAND runs a command."},
    HabitOption{"*", "tty", "belay shell NAME opens a shell in the container, belay exec NAME COMMAND runs a command."},
    HabitOption{"*", "f", "-y answers questions with yes; belay kill NAME stops at once."},
    HabitOption{"*", "force", "-y answers questions with yes; belay kill NAME stops at once."},
    HabitOption{"*", "u", "The name of an app is a word of its own: belay logs NAME, belay status NAME."},
    HabitOption{"*", "unit", "The name of an app is a word of its own: belay logs NAME, belay status NAME."},
    HabitOption{"*", "gpus", "An app gets graphics cards by a Compose file (gpus: all): belay up."},
    HabitOption{"*", "list", "belay ls lists the apps, belay backups and belay snapshots NAME what is kept of them."},
};

constexpr std::array<std::string_view, 7> programs{"docker",  "docker-compose", "podman", "podman-compose",
                                                   "nerdctl", "systemctl",      "kubectl"};

constexpr std::array values{
    HabitValue{"autostart", 1, "on", "last"},     HabitValue{"autostart", 1, "off", "none"},
    HabitValue{"autostart", 1, "enable", "last"}, HabitValue{"autostart", 1, "disable", "none"},
    HabitValue{"unit", 0, "ls", "list"},
};

}  // namespace

std::span<const HabitValue> habit_values() {
  return values;
}

std::span<const HabitWord> habit_words() {
  return second_words;
}

std::string_view answer_to_word(std::string_view command, std::string_view word) {
  for (const auto& habit : second_words)
    if (habit.command == command && habit.word == word) return habit.answer;
  return {};
}

std::span<const Habit> habits() {
  return words;
}

std::span<const Alias> aliases() {
  return synonyms;
}

std::string_view without_alias(std::string_view word) {
  for (const auto& alias : synonyms)
    if (alias.word == word) return alias.command;
  return word;
}

const Habit* find_habit(std::string_view word) {
  for (const auto& habit : words)
    if (habit.word == word) return &habit;
  return nullptr;
}

std::span<const HabitOption> habit_options() {
  return options;
}

std::string_view answer_to_option(std::string_view command, std::string_view option) {
  for (const auto& wanted : {command, std::string_view("*")})
    for (const auto& habit : options)
      if (habit.command == wanted && habit.option == option) return habit.answer;
  return {};
}

namespace {

// Options of other tools that are followed by the name: as their value, or because they have none.
constexpr std::array<std::string_view, 15> before_a_name{"-u", "--unit",   "--name", "-f",  "--force", "-d",
                                                         "-i", "--detach", "-t",     "-it", "--tty",   "--interactive",
                                                         "-a", "--all",    "--rm"};

bool is_name(std::span<const std::string> typed, size_t index) {
  const std::string& word = typed[index];
  if (!AppName::is_valid(word) || find_command(without_alias(word)) != nullptr || find_habit(word) != nullptr)
    return false;
  const bool may_be_value = index > 0 && typed[index - 1].starts_with('-');
  return !may_be_value ||
         std::find(before_a_name.begin(), before_a_name.end(), typed[index - 1]) != before_a_name.end();
}

}  // namespace

std::string with_name(std::string_view answer, std::span<const std::string> typed) {
  constexpr std::string_view blank = "NAME";
  std::string text(answer);
  size_t name = 0;
  while (name < typed.size() && !is_name(typed, name)) ++name;
  if (name == typed.size()) return text;
  for (size_t at = text.find(blank); at != std::string::npos; at = text.find(blank, at + 1)) {
    const size_t end = at + blank.size();
    const bool is_word = at > 0 && text[at - 1] == ' ' &&
                         (end == text.size() || std::string_view(" ,;.:").find(text[end]) != std::string_view::npos);
    if (is_word) text.replace(at, blank.size(), typed[name]);
  }
  return text;
}

bool is_other_program(std::string_view word) {
  return std::find(programs.begin(), programs.end(), word) != programs.end();
}

}  // namespace belay::cli
