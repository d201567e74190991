#include "cli/habits.h"

#include <array>

namespace belay::cli {

namespace {

constexpr std::array words{
    Habit{"scale", false, "belay up --scale SERVICE=N, or deploy.replicas in the Compose file."},
    Habit{"watch", false, "belay serve keeps a host as its definitions say; belay up --build builds and exchanges."},
    Habit{"publish", false, "belay push pushes the images that a project builds."},
    Habit{"commit", false, "A release is made from an image: belay build NAME, or belay try NAME IMAGE."},
    Habit{"rmi", false, "belay cleanup NAME removes the images that no release of an app needs."},
    Habit{"prune", false, "belay cleanup NAME removes earlier releases with their images, but one to go back to."},
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
          "belay cleanup NAME removes earlier releases with their images, but one to go back to; belay doctor "
          "looks at the host."},
    Habit{"stack", false, "belay up makes a project run, belay down takes it down."},
    Habit{"rename", false,
          "An app keeps its name; belay export --compose NAME -p NEW writes a project of another name."},
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
          "Settings belong in the Compose file or the definition: belay up and belay apply change what differs."},
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
    Habit{"load", false, "belay restore NAME FILE brings back what belay backup wrote, images included."},
};

constexpr std::array synonyms{
    Alias{"list", "ls"},     Alias{"apps", "ls"},         Alias{"inspect", "config"}, Alias{"stat", "status"},
    Alias{"info", "doctor"}, Alias{"describe", "status"}, Alias{"show", "status"},    Alias{"check", "doctor"},
    Alias{"log", "logs"},    Alias{"journal", "history"},
};

constexpr std::array options{
    HabitOption{"", "verbose", "Where a command has more to tell, -v goes behind it, as in: belay plan -v."},
    HabitOption{
        "", "debug",
        "belay doctor looks at the engine, the state and the apps; --progress plain shows each step in a line."},
    HabitOption{"", "context", "-H ENDPOINT names an engine; DOCKER_CONTEXT chooses one of docker's contexts."},
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
    HabitOption{"up", "watch", "belay up --build builds and exchanges what has changed."},
    HabitOption{"up", "menu", "There is no menu: the containers run in the background."},
    HabitOption{"up", "quiet-pull", "belay up -q prints results and errors only."},
    HabitOption{"stop", "signal", "belay kill NAME -s SIGNAL sends a signal."},
    HabitOption{"restart", "no-deps",
                "What needs it is left alone unless the file asks for its restart (restart: true)."},
};

constexpr std::array values{
    HabitValue{"autostart", 1, "on", "last"},
    HabitValue{"autostart", 1, "off", "none"},
    HabitValue{"autostart", 1, "enable", "last"},
    HabitValue{"autostart", 1, "disable", "none"},
};

}  // namespace

std::span<const HabitValue> habit_values() {
  return values;
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
  for (const auto& habit : options)
    if (habit.command == command && habit.option == option) return habit.answer;
  return {};
}

}  // namespace belay::cli
