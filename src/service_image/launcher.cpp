#include "service_image/launcher.h"

#include <array>
#include <cstdlib>
#include <unistd.h>

#include "base/errors.h"
#include "base/format.h"
#include "base/process.h"
#include "base/text.h"
#include "crypto/sha256.h"

namespace belay::service_image {

namespace {

constexpr ByteCount longest_launcher{64 << 10};

bool is_something(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

}  // namespace

std::string launcher_text(const LauncherRequest& request) {
  std::string line = format("exec {}", shell_quoted(request.program.string()));
  for (const auto& word : request.globals) line += " " + shell_quoted(word);
  return format(
      "#!/bin/sh\n# The service {}, by Belay. A change in this file keeps Belay from ever touching it again.\n"
      "{} service run {} \"$@\"\n",
      request.service, line, shell_quoted(request.service));
}

std::string launcher_digest(const std::string& text) {
  return crypto::sha256(text);
}

std::string_view to_text(LauncherState state) {
  switch (state) {
    case LauncherState::ours:
      return "ours";
    case LauncherState::foreign:
      return "edited";
    case LauncherState::absent:
      break;
  }
  return "missing";
}

LauncherState launcher_state(const fs::path& path, const std::string& digest) {
  std::error_code error;
  const auto status = fs::symlink_status(path, error);
  if (status.type() == fs::file_type::not_found) return LauncherState::absent;
  if (status.type() != fs::file_type::regular) return LauncherState::foreign;
  try {
    return launcher_digest(read_file(path, longest_launcher)) == digest ? LauncherState::ours : LauncherState::foreign;
  } catch (const Error&) {
    return LauncherState::foreign;
  }
}

fs::path usual_launcher_folder() {
  if (const char* folder = std::getenv("BELAY_LAUNCHERS"); folder != nullptr && *folder != '\0') return folder;
  return ::geteuid() == 0 ? fs::path("/usr/local/bin") : home_folder() / ".local/bin";
}

void expect_free_name(const std::string& service, const fs::path& path) {
  const auto refuse = [&](const fs::path& there) {
    throw Conflict(ErrorCode::name_taken, format("'{}' is a command already: {}", service, there.string()),
                   "Choose another name for the service.");
  };
  if (is_something(path)) refuse(path);
  if (const auto there = find_program(service)) refuse(*there);
  for (const auto* folder : {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"})
    if (is_something(fs::path(folder) / service)) refuse(fs::path(folder) / service);
  // What every shell has without a file.
  static constexpr std::array<std::string_view, 24> builtins{
      "alias", "bg",  "cd",    "command", "eval",  "exec", "exit", "export", "fg",    "getopts", "hash",  "jobs",
      "read",  "set", "shift", "source",  "times", "trap", "type", "ulimit", "umask", "unalias", "unset", "wait"};
  for (const auto builtin : builtins)
    if (service == builtin) refuse("a word of the shell");
}

void put_launcher(const fs::path& path, const std::string& text) {
  make_folder(path.parent_path());
  write_file_durably(path, text, 0755);
}

}  // namespace belay::service_image
