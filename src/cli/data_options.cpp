#include "cli/data_options.h"

#include <cstdlib>
#include <unistd.h>

#include "base/bytes.h"
#include "base/files.h"
#include "base/format.h"
#include "base/local_time.h"
#include "base/plural.h"
#include "base/text.h"
#include "change/context.h"
#include "cli/descriptor.h"
#include "cli/settings_file.h"
#include "cli/tty.h"

namespace belay::cli {

namespace {

// The first line: a file's last line end is nobody's secret.
std::string first_line(const std::string& file) {
  const std::string text = read_file(file, {64 << 10});
  std::string line = text.substr(0, text.find('\n'));
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty()) throw Error(ErrorCode::bad_key, format("the passphrase in {} is empty", file));
  return line;
}

// A line that the terminal does not show.
std::string asked_in_secret(const Invocation& in, std::string_view question) {
  const RawMode hidden(0, Keys::hidden);
  in.console.diagnostic(question);
  return read_line(0, in.session.stop()).value_or("");
}

enum class PassphraseFor { new_file, file_that_is_there };

crypto::Passphrase passphrase_of(const Invocation& in, const std::optional<std::string>& file, PassphraseFor use) {
  if (file) return crypto::Passphrase(first_line(*file));
  const char* words = std::getenv("PASS");
  if (words != nullptr && *words != '\0') return crypto::Passphrase(words);
  const UsageError none("there is no passphrase", "Set the variable PASS, or name a file: --passphrase-file FILE.");
  if (!in.console.is_in_terminal()) throw none;
  std::string typed = asked_in_secret(in, "Passphrase of the backup (it is not shown):");
  if (typed.empty()) throw none;
  if (use == PassphraseFor::new_file && asked_in_secret(in, "The same once more:") != typed)
    throw UsageError("the two passphrases differ", "Nothing was written.");
  return crypto::Passphrase(std::move(typed));
}

void add_recipients_of_file(const std::string& file, backup::Sealing& sealing) {
  for (auto& recipient : crypto::read_recipients(read_file(file), file))
    sealing.recipients.push_back(std::move(recipient));
}

}  // namespace

void add_recipients_of(const formats::Settings& settings, backup::Sealing& sealing) {
  for (const auto& key : settings.recipients)
    sealing.recipients.push_back(doing("the setting recipients", [&] { return crypto::parse_recipient(key); }));
  if (!settings.recipients_file.empty()) add_recipients_of_file(settings.recipients_file, sealing);
}

namespace {

// Empty: nobody chose one.
std::string chosen_place(const formats::Settings& settings) {
  const char* place = std::getenv("BELAY_BACKUPS");
  return place != nullptr && *place != '\0' ? place : settings.backups;
}

}  // namespace

std::string usual_place() {
  return usual_place(read_settings({}));
}

std::string usual_place(const formats::Settings& settings) {
  if (std::string chosen = chosen_place(settings); !chosen.empty()) return chosen;
  return ::geteuid() == 0 ? "/var/backups/belay" : (change::usual_state_folder() / "backups").string();
}

backup::Sealing sealing_options(const Invocation& in) {
  backup::Sealing sealing;
  if (in.has("gzip")) sealing.compression = archive::Compression::gzip;
  if (const auto level = in.number("level")) sealing.options.level = static_cast<int>(std::min(*level, 1000LL));
  for (const auto& key : in.list("recipient")) sealing.recipients.push_back(crypto::parse_recipient(key));
  for (const auto& file : in.list("recipients-file")) add_recipients_of_file(file, sealing);
  if (in.has("passphrase") || in.has("passphrase-file")) {
    if (!sealing.recipients.empty()) throw in.usage_error("a backup is for recipients or has a passphrase, not both");
    sealing.passphrase = passphrase_of(in, in.text("passphrase-file"), PassphraseFor::new_file);
  }
  if (sealing.recipients.empty() && !sealing.passphrase) add_recipients_of(read_settings({}), sealing);
  return sealing;
}

crypto::AgeKeys key_options(const Invocation& in) {
  crypto::AgeKeys keys;
  for (const auto& file : in.list("identity"))
    for (auto& identity : crypto::read_identities(read_file(file), file))
      keys.identities.push_back(std::move(identity));
  keys.passphrase = [&in, file = in.text("passphrase-file")] {
    return passphrase_of(in, file, PassphraseFor::file_that_is_there);
  };
  return keys;
}

BackupFile backup_file(const std::string& text) {
  backup::Place place = backup::parse_place(text);
  // The index of backups is read from everywhere: it needs absolute paths.
  if (place.kind == backup::Place::Kind::local) {
    fs::path path = plain_absolute(place.path);
    // "/srv/backups/" is the same folder.
    if (!path.has_filename()) path = path.parent_path();
    place.path = path.string();
  }
  const auto programs = backup::programs_from_environment();
  if (const auto file = backup::as_file(place)) return {backup::destination(file->folder, programs), file->name};
  return {backup::destination(place, programs), {}};
}

BackupFile usual_backup_file(const formats::Settings& settings) {
  const std::string place = usual_place(settings);
  if (chosen_place(settings).empty()) make_folder(fs::path(place).parent_path());
  return backup_file(place);
}

BackupFile existing_backup(const Invocation& in, const std::string& text) {
  const backup::Place place = backup::parse_place(text);
  std::error_code error;
  if (place.kind == backup::Place::Kind::local && !fs::exists(place.path, error) && !error)
    throw NotFound(ErrorCode::file_not_found, format("{} is not there", printable(text)),
                   "belay backups lists those that are known, belay backups --scan PLACE those in a place.");
  BackupFile file = backup_file(text);
  if (!file.name.empty()) return file;
  throw in.usage_error(format("{} is a folder: name one of the backups in it", printable(text)));
}

std::string text_of(const backup::Manifest& manifest, const backup::End& end) {
  return format("{} of {}, taken {}: {}, {}", manifest.release.text(), manifest.app, local_time(manifest.taken),
                counted(end.files(), "file"), byte_text({end.bytes()}));
}

}  // namespace belay::cli
