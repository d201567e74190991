#include "cli/habits.h"

#include <array>

namespace belay::cli {

namespace {

constexpr std::array words{
    Habit{"rm", false,
          "Belay keeps no stopped containers of a Compose project. belay down NAME removes the containers of an app, "
          "belay cleanup NAME those of earlier releases, belay remove NAME the app itself."},
    Habit{"create", false, "belay up creates what is missing and starts it; belay up --dry-run shows what that is."},
    Habit{"scale", false, "belay up --scale SERVICE=N, or deploy.replicas in the Compose file."},
    Habit{"watch", false, "belay serve keeps a host as its definitions say; belay up --build builds and exchanges."},
    Habit{"publish", false, "belay push pushes the images that a project builds."},
    Habit{"commit", false, "A release is made from an image: belay build NAME, or belay try NAME IMAGE."},
    Habit{"rmi", false, "belay cleanup NAME removes the images that no release of an app needs."},
    Habit{"prune", false, "belay cleanup NAME removes what no release of an app needs."},
    Habit{"attach", true, "belay logs NAME -f prints what it writes; belay shell NAME opens a shell in it."},
    Habit{"events", true, "belay history shows what was done; docker events what the engine tells."},
    Habit{"stats", true,
          "The containers are ordinary ones: docker stats CONTAINER, with the name that belay ps shows."},
    Habit{"inspect", true, "belay config NAME prints the settings of an app, belay status NAME how it is."},
    Habit{"wait", true,
          "Belay waits by itself until a release has proved itself; belay status NAME shows what came of it."},
    Habit{"list", true, "belay ls lists the apps, belay ps their containers."},
    Habit{"convert", true, "belay config prints the resolved project."},
    Habit{"info", true, "belay doctor looks at the engine, the state and the apps."},
};

constexpr std::array options{
    HabitOption{"ps", "format", "belay ps --json prints JSON."},
    HabitOption{"ps", "filter", "belay ps --status STATE shows only what is so; belay ps --json is for programs."},
    HabitOption{"images", "format", "belay images --json prints JSON."},
    HabitOption{"exec", "detach",
                "Belay stays with the command: docker exec -d CONTAINER COMMAND, with the name that belay ps shows."},
    HabitOption{"run", "build", "belay build SERVICE builds its image first."},
    HabitOption{"run", "use-aliases", "The service's names on the networks stay with the containers that are kept up."},
    HabitOption{"run", "quiet-pull", "belay run -q prints what the command writes, and errors."},
    HabitOption{"run", "remove-orphans", "belay up --remove-orphans removes them."},
    HabitOption{"run", "label", "Labels belong in the Compose file."},
    HabitOption{"up", "no-recreate", "belay start NAME starts what is stopped and exchanges nothing."},
    HabitOption{"up", "always-recreate-deps", "Only what the engine ties to a container is made anew with it."},
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
    HabitOption{"up", "menu", "There is none: the containers run on by themselves."},
    HabitOption{"up", "quiet-pull", "belay up -q prints results and errors only."},
    HabitOption{"down", "rmi",
                "Images stay, as the way back needs them; belay cleanup NAME removes those that no release needs."},
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
