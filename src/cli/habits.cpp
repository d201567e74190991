#include "cli/habits.h"

#include <array>

namespace belay::cli {

namespace {

constexpr std::array words{
    Habit{"create", false, "belay up creates what is missing and starts it; belay up --dry-run shows what that is."},
    Habit{"scale", false, "belay up --scale SERVICE=N, or deploy.replicas in the Compose file."},
    Habit{"watch", false, "belay serve keeps a host as its definitions say; belay up --build builds and exchanges."},
    Habit{"publish", false, "belay push pushes the images that a project builds."},
    Habit{"commit", false, "A release is made from an image: belay build NAME, or belay try NAME IMAGE."},
    Habit{"rmi", false, "belay cleanup NAME removes the images that no release of an app needs."},
    Habit{"prune", false, "belay cleanup NAME removes what no release of an app needs."},
    Habit{"attach", true, "belay logs NAME -f prints what it writes; belay shell NAME opens a shell in it."},
    Habit{"stats", true,
          "The containers are ordinary ones: docker stats CONTAINER, with the name that belay ps shows."},
    Habit{"inspect", true, "belay config NAME prints the settings of an app, belay status NAME how it is."},
    Habit{"list", true, "belay ls lists the apps, belay ps their containers."},
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
          "belay cleanup NAME removes what no release of an app needs; belay doctor looks at the host."},
    Habit{"stack", false, "belay up makes a project run, belay down takes it down."},
    Habit{"update", false,
          "Settings belong in the Compose file or the definition: belay up and belay apply change what differs."},
    Habit{"rename", false,
          "An app keeps its name; belay export --compose NAME -p NEW writes a project of another name."},
    Habit{"tag", false, "belay stable NAME marks a release; the tags of images are the engine's: docker tag."},
    Habit{"login", false, "The engine's own logins are used, so docker login is enough; then belay pull."},
    Habit{"save", false, "belay backup NAME --with-image writes an app with its images into one file."},
    Habit{"load", false, "belay restore NAME FILE brings back what belay backup wrote, images included."},
    Habit{"info", true, "belay doctor looks at the engine, the state and the apps."},
};

constexpr std::array options{
    HabitOption{"ps", "format", "belay ps --json prints JSON."},
    HabitOption{"ps", "filter", "belay ps --status STATE shows only what is so; belay ps --json is for programs."},
    HabitOption{"images", "format", "belay images --json prints JSON."},
    HabitOption{"run", "build", "belay build SERVICE builds its image first."},
    HabitOption{"run", "use-aliases", "The service's names on the networks stay with the containers that are kept up."},
    HabitOption{"run", "quiet-pull", "belay run -q prints what the command writes, and errors."},
    HabitOption{"run", "remove-orphans", "belay up --remove-orphans removes them."},
    HabitOption{"run", "label", "Labels belong in the Compose file."},
    HabitOption{"up", "no-start", "belay up --dry-run shows what would be made; it is made when it is started."},
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
    HabitOption{"rm", "volumes", "Anonymous volumes count as data; belay down -v removes the app with its data."},
    HabitOption{"stop", "signal", "belay kill NAME -s SIGNAL sends a signal."},
    HabitOption{"restart", "no-deps",
                "What needs it is left alone unless the file asks for its restart (restart: true)."},
};

}  // namespace

std::span<const Habit> habits() {
  return words;
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
