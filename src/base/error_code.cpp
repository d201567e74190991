#include "base/error_code.h"

namespace belay {

namespace {

using enum ErrorCode;

constexpr ErrorKind kinds[] = {
    {usage, "usage", "The command line asks for something that makes no sense.",
     "Read the usage line that comes with it, or the command's --help.", 2},
    {not_confirmed, "not_confirmed", "The work must be confirmed, and it was not.",
     "Run it in a terminal and agree, or give the option that the hint names.", 2},
    {declined, "declined", "The question was answered with no.", "Nothing was changed."},
    {bad_definition, "bad_definition", "A file that you wrote is wrong; the message begins with file, line and column.",
     "Correct that place. Nothing was changed."},
    {bad_value, "bad_value", "A value cannot be read or is not possible.", "Write it as the message says."},
    {bad_name, "bad_name", "That cannot be the name of what it is to be the name of.", "Choose another name.", 2},
    {unsupported, "unsupported", "This Belay, this engine or this machine cannot do that.",
     "The hint names another way where there is one."},

    {not_found, "not_found", "Something that is named or needed is not there.",
     "Check how it is written; the hint names the command that lists what is there."},
    {app_not_found, "app_not_found", "There is no app of this name.",
     "belay ls lists the apps; belay recover finds those whose state is lost."},
    {release_not_found, "release_not_found", "The app has no such release.", "belay releases NAME lists them."},
    {service_not_found, "service_not_found", "The app has no such service.", "belay config NAME lists its services."},
    {container_not_found, "container_not_found", "There is no such container.", "docker ps -a lists them all."},
    {image_not_found, "image_not_found", "Neither the engine nor the registry has this image.",
     "Check its name and tag; belay list-tags IMAGE asks the registry."},
    {image_gone, "image_gone", "The image of a release or build is no longer on the engine.",
     "Build or pull it again; belay releases NAME shows which releases still have theirs."},
    {file_not_found, "file_not_found", "A file or folder is not there.", "Check the path."},
    {nothing_to_go_back_to, "nothing_to_go_back_to", "There is no earlier good release.",
     "belay releases NAME lists what there is."},
    {not_running, "not_running", "It does not run, and this needs it to.", "belay start NAME starts it."},

    {conflict, "conflict", "Something that is there already is in the way.",
     "Nothing was changed. The message names what it is."},
    {locked, "locked", "Another command works on the app.", "Wait for it, or leave out --no-lock-wait."},
    {port_held, "port_held", "A port of this host is held by something else.",
     "belay ls and ss -ltnp show what holds it. Stop that, or choose another port."},
    {name_taken, "name_taken", "Something else has this name already.", "Rename or remove it, or choose another name."},
    {foreign_container, "foreign_container", "A container is there that is not Belay's or is another app's.",
     "belay adopt NAME takes a container over; or remove it."},
    {foreign_data, "foreign_data", "A volume or folder belongs to another app, or nothing ties it to this one.",
     "Choose another place, or follow the hint."},
    {data_in_use, "data_in_use", "Something else uses the data.", "Stop what uses it, then run the command again."},
    {being_removed, "being_removed", "The app is being removed.", "belay remove NAME finishes that."},
    {declared_elsewhere, "declared_elsewhere", "An app or definition of this name is there, and not from this source.",
     "belay apply --take-over NAME lets the definition have it."},
    {definitions_gone, "definitions_gone", "All definitions are gone, though apps were declared.",
     "Check the folder; belay apply --allow-empty removes those apps."},
    {plan_outdated, "plan_outdated", "What the plan rests on has changed since it was made.",
     "Make the plan again and read it."},
    {served_by_another, "served_by_another", "Another belay serve looks after this engine.",
     "Stop one of the two: an engine has one daemon."},
    {needs_circle, "needs_circle", "Services or apps need each other in a circle.", "Take one of the needs out."},

    {release_failed, "release_failed",
     "A release did not prove itself, or could not be started. What ran before runs again or still.",
     "belay logs NAME rN shows what it wrote, belay retry NAME tries it again."},
    {in_trouble, "in_trouble", "A change failed, and what ran before was started again but did not prove itself.",
     "belay why NAME explains it; belay start NAME last tries what ran before again."},
    {stuck, "stuck", "A change failed, and so did rolling back.",
     "The next command on the app tries again; belay why NAME explains it."},
    {not_proved, "not_proved", "The release has not proved itself, so it cannot be marked stable.",
     "Wait for its verdict, or mark another one."},
    {trial_failed, "trial_failed", "A drill or trial was started beside the app and did not prove itself.",
     "Read its last lines. The app itself was not touched."},
    {image_cannot_run, "image_cannot_run", "What the image or the settings want to run cannot be run.",
     "Correct the command, entry point or image."},
    {container_broken, "container_broken", "The engine can never start this container again.",
     "belay start NAME makes a new one."},
    {restarting, "restarting", "A container ends again and again, and the engine starts it each time.",
     "belay logs NAME shows why it ends."},
    {settings_lost, "settings_lost", "Settings of what is there have no place here and would be lost.",
     "The message names them; the hint says how to agree to that."},

    {engine_unreachable, "engine_unreachable", "There is no connection to the engine.",
     "Is it running? belay doctor looks. What runs goes on without Belay."},
    {engine_refused, "engine_refused", "The engine refused or failed.", "Its own words are in the message."},
    {engine_elsewhere, "engine_elsewhere", "The engine's files cannot be reached from here.",
     "Run the command on the engine's own machine, as root where the hint says so."},
    {build_failed, "build_failed", "An image could not be built.", "The output of the build says why."},
    {registry_failed, "registry_failed", "A registry did not answer, or not as one.", "Try again later."},
    {registry_denied, "registry_denied", "A registry wants a login, or the login may not do this.",
     "docker login REGISTRY, then run the command again."},
    {rate_limited, "rate_limited", "A registry wants fewer requests.", "Wait; a login often raises the limit."},
    {connection_failed, "connection_failed", "A network connection could not be made, or it broke.",
     "Check address, network and proxy, then try again."},

    {bad_archive, "bad_archive", "An archive is damaged, cut off, or holds what is not accepted.",
     "Fetch or make it again."},
    {bad_backup, "bad_backup", "A backup is damaged, incomplete, or not one of Belay's.",
     "belay backups NAME lists others; belay verify FILE checks one."},
    {bad_key, "bad_key", "A key or passphrase cannot be used.", "The message names its file or kind."},
    {wrong_key, "wrong_key", "None of the given keys or passphrases opens this.", "Give the right one."},
    {mount_in_the_way, "mount_in_the_way", "Something is mounted at or below a place of data.",
     "Unmount it, then run the command again."},
    {data_not_exchanged, "data_not_exchanged", "Data cannot be put into its place, or was changed meanwhile.",
     "Nothing was lost: belay why NAME tells where things are."},

    {state_damaged, "state_damaged", "Belay's state on this host cannot be read.",
     "What runs goes on. belay doctor explains it; belay recover rebuilds the state from the engine."},
    {state_newer, "state_newer", "The state was written by a newer Belay.", "Use that one."},
    {state_unsafe, "state_unsafe", "Others could change the state's folder or files.",
     "Correct owner and rights as the hint says."},
    {state_busy, "state_busy", "Another program keeps the state locked.", "End that program."},
    {state_unwritable, "state_unwritable", "The state cannot be written.",
     "Free some space, or run as a user who may write it."},

    {no_space, "no_space", "A disk is full.", "Free some space: belay cleanup NAME, docker system df."},
    {no_memory, "no_memory", "There is not enough memory.", "Free some, then run the command again."},
    {not_allowed, "not_allowed", "The system does not allow it.", "Check owner and rights, or run it as root."},
    {system_failed, "system_failed", "A call to the system failed.", "Its reason is in the message."},
    {timed_out, "timed_out", "Something did not end in its time.", "Try again, or give it more time."},
    {too_large, "too_large", "Something is larger than is accepted here.", "The message names the limit."},
    {program_missing, "program_missing", "A program that is needed is not installed.", "Install it."},
    {program_failed, "program_failed", "A program that Belay ran failed.", "Its own words are in the message."},
    {output_lost, "output_lost", "Results could not be written to standard output.",
     "The work itself was done; look at it with belay ls."},
    {stopped, "stopped", "The user or a deadline stopped the work.",
     "What was begun was taken back or is finished by the next command on the app."},
    {internal, "internal", "A fault of Belay itself.", "Please report it with the command that you gave."},
};

}  // namespace

std::span<const ErrorKind> error_kinds() {
  return kinds;
}

const ErrorKind& error_kind(ErrorCode code) {
  return kinds[static_cast<size_t>(code)];
}

}  // namespace belay
