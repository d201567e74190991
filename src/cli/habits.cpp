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
    Habit{"pm2", true,
          "belay ls lists the apps, belay logs NAME prints what one writes; belay help lists the commands."},
    Habit{"git", true,
          "belay releases NAME lists the releases of an app, belay history NAME what was done, belay config NAME "
          "--diff rN what differs."},
    Habit{"apt", false,
          "belay deploy NAME --image REF makes an app of an image; Belay itself is a package: apt upgrade."},
    Habit{"get", true, "belay ls lists the apps, belay ps their containers, belay status NAME shows how an app is."},
    Habit{"rollout", false,
          "belay status NAME shows how an app is, belay rollback NAME goes back, belay restart NAME restarts it."},
    Habit{"builder", false, "belay build NAME builds an image; the build cache is the engine's: docker builder prune."},
    Habit{"buildx", false, "belay build NAME --builder buildkit builds an image with BuildKit."},
    Habit{"autoscale", false, "belay up --scale SERVICE=N, or deploy.replicas in the Compose file."},
    Habit{
        "install", false,
        "belay deploy NAME --image REF makes an app of an image, belay up of a Compose file, belay service install of "
        "a service image."},
    Habit{"purge", false, "belay remove NAME --volumes removes an app with all its data, and asks for its name."},
    Habit{"autoremove", false,
          "belay cleanup removes earlier releases of all apps with their images, but one to go back to; belay cleanup "
          "NAME those of one app."},
    Habit{"clean", false,
          "belay cleanup removes earlier releases of all apps with their images, but one to go back to; belay cleanup "
          "NAME those of one app."},
    Habit{"outdated", true, "belay plan shows the newer versions that definitions and Compose files ask for."},
    Habit{"du", true, "belay df shows what each app takes of the disk."},
    Habit{"flush", false, "Logs are rotated by the engine; belay logs NAME --since 10m prints only the newest lines."},
    Habit{"startup", false,
          "Apps come back after a boot by themselves; belay autostart NAME last says which release, belay serve keeps "
          "what is declared."},
    Habit{"monit", true, "belay ls --watch shows the apps as they change, belay stats what they use."},
    Habit{"expose", false, "belay set NAME ports=8080:80 publishes a port; belay port NAME shows those that are."},
    Habit{"port-forward", false,
          "belay set NAME ports=8080:80 publishes a port; belay port NAME shows those that are."},
    Habit{"forward", false, "belay set NAME ports=8080:80 publishes a port; belay port NAME shows those that are."},
    Habit{"migrate", false,
          "belay backup NAME writes an app into one file, and belay restore NAME FILE brings it to another host."},
    Habit{"move", false,
          "belay backup NAME writes an app into one file, and belay restore NAME FILE brings it to another host."},
    Habit{"validate", true, "belay config -q checks a Compose file, belay plan DIR definitions."},
    Habit{"lint", true, "belay config -q checks a Compose file, belay plan DIR definitions."},
    Habit{"test", false,
          "belay try NAME IMAGE tries an image beside the app, belay drill NAME a backup; belay notify --test the "
          "notices."},
    Habit{"dry-run", true,
          "belay plan shows what would change; --dry-run goes behind each command that changes something."},
    Habit{"preview", true,
          "belay plan shows what would change; --dry-run goes behind each command that changes something."},
    Habit{"branch", true, "belay releases NAME lists the releases of an app."},
    Habit{"clone", false,
          "git clone fetches the folder, belay deploy NAME beside its Dockerfile or belay up makes an app."},
    Habit{"errors", true, "belay why NAME says what is wrong with an app, belay why of all apps."},
    Habit{"problems", true, "belay why NAME says what is wrong with an app, belay why of all apps."},
    Habit{"uptime", true, "belay ls shows how long each app is up."},
    Habit{"jobs", true, "belay status NAME shows the jobs and backups of an app and when their turn comes."},
    Habit{"services", true,
          "belay ps lists the containers by app and service, belay config --services those of a file."},
    Habit{"networks", true,
          "belay config --networks prints the networks of a project, belay config NAME those of an app."},
    Habit{"ui", true, "belay ls --watch shows the apps as they change, belay stats what they use."},
};

// What goes behind "docker" or stands alone: the second word alone would mean something else here.
constexpr std::array two_words{
    Phrase{"container", "ls", true, "belay ps lists the containers."},
    Phrase{"container", "list", true, "belay ps lists the containers."},
    Phrase{"image", "ls", true, "belay images lists the images of all apps."},
    Phrase{"image", "list", true, "belay images lists the images of all apps."},
    Phrase{"image", "inspect", true, "belay images NAME lists the images of an app."},
    Phrase{"image", "history", true, "belay images NAME lists the images of an app."},
    Phrase{"image", "rm", false, "belay cleanup NAME removes the images that no release of an app needs."},
    Phrase{"image", "remove", false, "belay cleanup NAME removes the images that no release of an app needs."},
    Phrase{"image", "pull", false,
           "belay pull fetches the images of a project, belay deploy NAME --image REF makes an app of one."},
    Phrase{"volume", "rm", false, "Volumes hold data: belay remove NAME --volumes removes an app with its volumes."},
    Phrase{"volume", "prune", false, "Volumes hold data: belay remove NAME --volumes removes an app with its volumes."},
    Phrase{"volume", "create", false,
           "A volume is made with its app: belay deploy NAME -v VOLUME:FOLDER, or volumes in a Compose file."},
    Phrase{"network", "create", false,
           "A network is made with its app: belay deploy NAME --network NETWORK, or networks in a Compose file."},
    Phrase{"network", "connect", false, "belay set with network=NETWORK moves an app into another network."},
    Phrase{"network", "rm", false, "belay down removes a project with its networks."},
    Phrase{"network", "prune", false, "belay down removes a project with its networks."},
    Phrase{"system", "prune", false,
           "belay cleanup removes earlier releases with their images, but one to go back to; belay df shows what takes "
           "room, belay doctor looks at the host."},
    Phrase{"builder", "prune", false,
           "The build cache is the engine's: docker builder prune; belay df shows what the images take."},
    Phrase{"buildx", "prune", false,
           "The build cache is the engine's: docker builder prune; belay df shows what the images take."},
    Phrase{"rollout", "history", true, "belay releases NAME lists the releases of an app."},
    Phrase{"git", "diff", true, "belay config NAME --diff rN shows what differs between releases."},
    Phrase{"apt", "list", true, "belay ls lists the apps."},
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
    HabitWord{"config", "view", "belay config NAME prints the settings of an app."},
    HabitWord{"config", "get-contexts", "belay doctor tells which engine is used; -H ENDPOINT names another one."},
    HabitWord{"config", "use-context", "belay doctor tells which engine is used; -H ENDPOINT names another one."},
    HabitWord{"config", "unset", "belay unset NAME KEY takes a setting of an app away."},
    HabitWord{"import", "compose", "A Compose file is taken as it is: belay up beside it, belay up -f FILE elsewhere."},
    HabitWord{"import", "docker-compose",
              "A Compose file is taken as it is: belay up beside it, belay up -f FILE elsewhere."},
    HabitWord{"import", "*.yml", "A Compose file is taken as it is: belay up beside it, belay up -f FILE elsewhere."},
    HabitWord{"import", "*.yaml", "A Compose file is taken as it is: belay up beside it, belay up -f FILE elsewhere."},
    HabitWord{"import", "docker", "belay import run NAME -- docker run … makes an app of a line of docker run."},
    HabitWord{"import", "container", "belay adopt NAME CONTAINER takes over a container as it is."},
    HabitWord{"unit", "status", "belay status NAME shows how an app is; belay unit list lists the units."},
    HabitWord{"unit", "start", "belay unit run NAME runs a unit; belay start NAME starts an app."},
    HabitWord{"unit", "stop", "belay stop NAME stops the app that a unit made."},
    HabitWord{"unit", "show", "belay unit print NAME prints a unit; belay status NAME shows how an app is."},
    HabitWord{"completion", "tcsh",
              "It has none: bash, zsh and fish are known; belay completion bash prints the script."},
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
    Alias{"pods", "ps"},     Alias{"containers", "ps"},   Alias{"projects", "ls"},
};

constexpr std::array options{
    HabitOption{"down", "y", "It asks only with -v, for the data: --yes-lose-data NAME agrees to its loss."},
    HabitOption{"", "verbose", "Where a command has more to tell, -v goes behind it, as in: belay plan -v."},
    HabitOption{
        "", "debug",
        "belay doctor looks at the engine, the state and the apps; --progress plain shows each step in a line."},
    HabitOption{"", "context", "-H ENDPOINT names an engine; DOCKER_CONTEXT chooses one of docker's contexts."},
    HabitOption{"", "f", "-f FILE goes behind the command: belay config -f FILE."},
    HabitOption{"", "file", "-f FILE goes behind the command: belay config -f FILE."},
    HabitOption{"", "p", "-p PROJECT goes behind the command, as in: belay config -p PROJECT."},
    HabitOption{"", "project-name", "-p PROJECT goes behind the command, as in: belay config -p PROJECT."},
    HabitOption{"", "profile", "--profile goes behind the command, as in: belay config --profile PROFILE."},
    HabitOption{"", "project-directory",
                "--project-directory goes behind the command, as in: belay config --project-directory DIR."},
    HabitOption{"", "env-file", "--env-file goes behind the command, as in: belay config --env-file FILE."},
    HabitOption{"wait", "timeout", "The program timeout ends it: timeout 60 belay wait NAME."},
    HabitOption{"status", "w", "belay ls --watch shows how the apps are, again and again."},
    HabitOption{"status", "watch", "belay ls --watch shows how the apps are, again and again."},
    HabitOption{"status", "all", "belay status without a name shows all apps."},
    HabitOption{"status", "a", "belay status without a name shows all apps."},
    HabitOption{"status", "n", "belay logs NAME -n 20 prints the last lines of an app."},
    HabitOption{"ls", "filter", "belay ls NAME… lists only these apps; belay ls --json is for programs."},
    HabitOption{"ls", "installed", "belay ls lists all apps anyway."},
    HabitOption{"ls", "upgradable", "belay plan shows the newer versions that definitions and Compose files ask for."},
    HabitOption{"ps", "no-trunc", "Nothing is cut where it is no terminal; belay ps --json is for programs."},
    HabitOption{"ps", "n", "belay ps NAME lists only the containers of an app."},
    HabitOption{"ps", "last", "belay ps NAME lists only the containers of an app."},
    HabitOption{"ps", "l", "belay ps NAME lists only the containers of an app."},
    HabitOption{"ps", "latest", "belay ps NAME lists only the containers of an app."},
    HabitOption{"events", "filter", "belay events NAME prints only what happens to an app."},
    HabitOption{"logs", "e", "belay logs NAME -n 20 prints the last lines."},
    HabitOption{"logs", "x", "belay logs NAME -n 20 prints the last lines; belay why NAME says what is wrong."},
    HabitOption{"logs", "b", "belay logs NAME --since 1d prints what was written since then."},
    HabitOption{"logs", "p", "belay logs NAME --release rN prints what an earlier release wrote."},
    HabitOption{"logs", "previous", "belay logs NAME --release rN prints what an earlier release wrote."},
    HabitOption{"logs", "l", "belay logs NAME prints the logs of an app, belay logs those of all."},
    HabitOption{"logs", "grep", "Let a pipe search: belay logs NAME | grep WORD."},
    HabitOption{"logs", "g", "Let a pipe search: belay logs NAME | grep WORD."},
    HabitOption{"history", "oneline", "There is a line for each change anyway: leave it out."},
    HabitOption{"ls", "check", "belay doctor ends with 1 where something is wrong, belay why says what."},
    HabitOption{"doctor", "fix",
                "belay doctor names the command that mends; belay apply and belay up do what is declared."},
    HabitOption{"backups", "schedules",
                "belay why NAME tells when the next backup is due and how the last one went; belay ls marks those that "
                "are late."},
    HabitOption{"kill", "9", "-s SIGNAL names the signal: belay kill NAME -s KILL."},
    HabitOption{"kill", "1", "-s SIGNAL names the signal: belay kill NAME -s HUP."},
    HabitOption{"kill", "T", "-s SIGNAL names the signal: belay kill NAME -s TERM."},
    HabitOption{"build", "t", "The name of the app stands first, and then the folder: belay build NAME DIR."},
    HabitOption{"deploy", "tag",
                "An image of your own: belay deploy NAME --image REF; a mark on a release: belay stable NAME."},
    HabitOption{"build", "tag",
                "Images are called after their app; --push REF pushes the image under a name of its own."},
    HabitOption{"start", "timeout", "--wait-timeout TIME says how long the release may take to prove itself."},
    HabitOption{"backup", "to", "-o PLACE says where the backup goes."},
    HabitOption{"rollback", "to", "The release stands behind the name: belay rollback NAME rN."},
    HabitOption{"rollback", "to-revision", "The release stands behind the name: belay rollback NAME rN."},
    HabitOption{"rollback", "release", "The release stands behind the name: belay rollback NAME rN."},
    HabitOption{"rollback", "r", "The release stands behind the name: belay rollback NAME rN."},
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
    HabitOption{"*", "now", "It is done at once anyway: leave it out."},
    HabitOption{"*", "n", "--dry-run shows what would be done, and changes nothing."},
    HabitOption{"*", "gpus", "An app gets graphics cards by a Compose file (gpus: all): belay up."},
    HabitOption{"*", "list", "belay ls lists the apps, belay backups and belay snapshots NAME what is kept of them."},
};

constexpr std::array<std::string_view, 16> programs{
    "docker",    "docker-compose", "podman", "podman-compose", "nerdctl", "systemctl", "kubectl", "pm2",
    "container", "image",          "system", "compose",        "builder", "buildx",    "rollout", "apt"};

// What kubectl puts before a name.
constexpr std::array<std::string_view, 6> kinds{"deployment", "deploy", "pod", "svc", "statefulset", "app"};

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
  for (const auto& habit : second_words) {
    if (habit.command != command) continue;
    if (habit.word.starts_with('*') ? word.ends_with(habit.word.substr(1)) : word == habit.word) return habit.answer;
  }
  return {};
}

std::span<const Phrase> phrases() {
  return two_words;
}

const Phrase* find_phrase(std::span<const std::string> typed) {
  if (typed.size() < 2) return nullptr;
  const auto found = std::find_if(two_words.begin(), two_words.end(), [&](const Phrase& phrase) {
    return phrase.first == typed[0] && phrase.second == typed[1];
  });
  return found == two_words.end() ? nullptr : &*found;
}

std::string_view without_kind(std::string_view word) {
  const size_t slash = word.find('/');
  // An app may well be called app: app/web is a service of it.
  const bool is_kind = slash != std::string_view::npos && word.substr(0, slash) != "app" &&
                       std::find(kinds.begin(), kinds.end(), word.substr(0, slash)) != kinds.end();
  return is_kind ? word.substr(slash + 1) : word;
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
constexpr std::array<std::string_view, 20> before_a_name{
    "-u",    "--unit", "--name",        "-f",    "--force", "-d",    "-i", "--detach", "-t",   "-it",
    "--tty", "-a",     "--interactive", "--all", "--rm",    "--now", "-9", "-p",       "-xeu", "-e"};

bool is_name(std::span<const std::string> typed, size_t index) {
  const std::string word(without_kind(typed[index]));
  if (!AppName::is_valid(word) || find_command(without_alias(word)) != nullptr || find_habit(word) != nullptr)
    return false;
  const bool is_kind = std::find(kinds.begin(), kinds.end(), word) != kinds.end();
  if (is_kind && index + 1 < typed.size() && AppName::is_valid(typed[index + 1])) return false;
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
    if (is_word) text.replace(at, blank.size(), without_kind(typed[name]));
  }
  return text;
}

bool is_other_program(std::string_view word) {
  return std::find(programs.begin(), programs.end(), word) != programs.end();
}

}  // namespace belay::cli
