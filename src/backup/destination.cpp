#include "backup/destination.h"

#include <algorithm>
#include <cstdlib>
#include <random>

#include "backup/destination_local.h"
#include "backup/part_name.h"
#include "backup/rclone.h"
#include "backup/sftp.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/process.h"
#include "base/text.h"

namespace belay::backup {

namespace {

constexpr std::size_t part_digits = 8;
constexpr std::string_view part_ending = ".part";

// With what part_name() adds it stays below the 255 bytes that file systems allow.
constexpr std::size_t longest_name = 200;

bool is_plain(std::string_view name) {
  return !name.empty() && name.size() <= longest_name && name.front() != '.' && std::ranges::none_of(name, [](char c) {
    return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

void check_name(const std::string& name) {
  if (!is_plain(name))
    throw UsageError(format("'{}' cannot be the name of a backup's file", printable(name)),
                     format("A name has at most {} bytes, no '/' and no '.' in front.", longest_name));
}

std::vector<std::string> words_of(const char* variable, std::vector<std::string> otherwise) {
  const char* value = std::getenv(variable);
  if (value == nullptr || trim(value).empty()) return otherwise;
  return doing(format("reading ${}", variable), [&] { return shell_words(value); });
}

// Said now, not after the app was stopped for its backup.
void need(const std::string& program, const std::string& what_for, const std::string& package) {
  if (find_program(program)) return;
  throw NotFound(ErrorCode::program_missing,
                 format("{} needs the program {}, which is not installed", what_for, program),
                 format("Install it: apt install {}", package));
}

}  // namespace

std::string part_name(std::string_view name) {
  std::random_device random;
  return format(".{}.{:08x}{}", name, random(), part_ending);
}

std::string aside_name(std::string_view name) {
  std::random_device random;
  return format("{}.old-{:08x}", name, random());
}

bool is_part_name(std::string_view name) {
  if (!name.starts_with('.') || !name.ends_with(part_ending)) return false;
  name.remove_suffix(part_ending.size());
  if (name.size() < part_digits + 3) return false;
  const std::string_view digits = name.substr(name.size() - part_digits);
  return name[name.size() - part_digits - 1] == '.' &&
         digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Conflict name_is_taken(std::string_view what) {
  return Conflict(ErrorCode::name_taken, format("{} exists already", what),
                  "Give it another name; --replace writes over it.");
}

std::string name_of_part(std::string_view part) {
  // The two dots, and what is between and behind them.
  const std::size_t around = part_digits + part_ending.size() + 2;
  return std::string(part.substr(1, part.size() - around));
}

std::unique_ptr<Upload> Destination::create(const std::string& name, const UploadOptions& options,
                                            std::stop_token stop) {
  check_name(name);
  return create_file(name, options, std::move(stop));
}

std::unique_ptr<Download> Destination::open(const std::string& name, std::stop_token stop) {
  check_name(name);
  return open_file(name, std::move(stop));
}

std::vector<Stored> Destination::list(std::stop_token stop) {
  auto found = files(std::move(stop));
  std::erase_if(found, [](const Stored& file) { return !is_plain(file.name); });
  std::ranges::sort(found, {}, &Stored::name);
  return found;
}

void Destination::remove(const std::string& name, std::stop_token stop) {
  check_name(name);
  remove_file(name, std::move(stop));
}

int Destination::remove_leftovers(const std::function<bool(const std::string& name)>& ours, Time before,
                                  std::stop_token stop) {
  int removed = 0;
  for (const auto& file : files(stop)) {
    if (!is_part_name(file.name) || !ours(name_of_part(file.name))) continue;
    const Use use = use_of(file.name);
    if (use == Use::goes_on || (use == Use::unknown && file.modified >= before)) continue;
    try {
      remove_file(file.name, stop);
      ++removed;
    } catch (const NotFound&) {
      // Another one tidied up as well.
    }
  }
  return removed;
}

Programs programs_from_environment() {
  Programs programs;
  programs.ssh = words_of("BELAY_SSH", std::move(programs.ssh));
  programs.rclone = words_of("BELAY_RCLONE", std::move(programs.rclone));
  return programs;
}

std::unique_ptr<Destination> destination(const Place& place, const Programs& programs) {
  switch (place.kind) {
    case Place::Kind::local:
      break;
    case Place::Kind::sftp:
      need(programs.ssh.at(0), place.text(), "openssh-client");
      return std::make_unique<SftpDestination>(place, programs.ssh);
    case Place::Kind::rclone:
      need(programs.rclone.at(0), place.text(), "rclone");
      return std::make_unique<RcloneDestination>(place, programs.rclone);
  }
  return std::make_unique<LocalDestination>(place);
}

}  // namespace belay::backup
