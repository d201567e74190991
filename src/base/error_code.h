#pragma once
// The kinds of failure. A kind has one name, which programs see with --json ("port_held") and which stays; what it
// means and what to do is in the table of error_code.cpp, from which docs/errors.md is written.

#include <span>
#include <string_view>

namespace belay {

enum class ErrorCode : unsigned char {
  // The command line, files of the user's, values.
  usage,
  not_confirmed,
  declined,
  bad_definition,
  bad_value,
  bad_name,
  unsupported,
  needs_swarm,
  windows_only,
  foreign_program,
  model_runner,
  engine_socket,
  external_object,
  no_way_back,
  needs_buildx,
  // What is named is not there.
  not_found,
  app_not_found,
  release_not_found,
  service_not_found,
  network_not_found,
  volume_not_found,
  container_not_found,
  image_not_found,
  image_gone,
  file_not_found,
  nothing_to_go_back_to,
  not_running,
  // What is there is in the way.
  conflict,
  locked,
  port_held,
  name_taken,
  foreign_container,
  foreign_data,
  data_in_use,
  other_definition,
  network_in_use,
  being_removed,
  declared_elsewhere,
  definitions_gone,
  plan_outdated,
  served_by_another,
  needs_circle,
  // A change.
  release_failed,
  in_trouble,
  stuck,
  not_proved,
  trial_failed,
  check_impossible,
  image_cannot_run,
  container_broken,
  restarting,
  settings_lost,
  // The engine and registries.
  engine_unreachable,
  engine_refused,
  engine_elsewhere,
  build_failed,
  registry_failed,
  registry_denied,
  rate_limited,
  connection_failed,
  // Archives, backups, data.
  bad_archive,
  bad_service_image,
  bad_backup,
  bad_key,
  wrong_key,
  mount_in_the_way,
  data_not_exchanged,
  // The state.
  state_damaged,
  state_newer,
  state_unsafe,
  state_busy,
  state_unwritable,
  // The machine.
  no_space,
  no_memory,
  not_allowed,
  system_failed,
  timed_out,
  too_large,
  program_missing,
  program_failed,
  output_lost,
  stopped,
  internal,
};

struct ErrorKind {
  ErrorCode code;
  std::string_view name;
  std::string_view meaning;     // a sentence
  std::string_view what_to_do;  // one or two
  int exit_code = 1;            // where the program ends with it; of `stopped` without a signal
};

// All of them, in the order of the enumeration.
std::span<const ErrorKind> error_kinds();
const ErrorKind& error_kind(ErrorCode code);
inline std::string_view error_name(ErrorCode code) {
  return error_kind(code).name;
}

}  // namespace belay
