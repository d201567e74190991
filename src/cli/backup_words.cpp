#include "cli/backup_words.h"

#include <algorithm>

#include "base/files.h"
#include "base/format.h"
#include "base/local_time.h"
#include "base/text.h"
#include "cli/data_options.h"
#include "safekeeping/backup.h"
#include "safekeeping/backups.h"

namespace belay::cli {

namespace {

std::optional<std::int64_t> number_of_id(const std::string& word) {
  if (word.size() < 2 || word.front() != 'b') return {};
  return parse_number(std::string_view(word).substr(1));
}

// Names end with the time they were taken: of one app the last one is the newest.
std::optional<std::string> newest_in(backup::Destination& folder, const AppName& name, std::stop_token stop) {
  std::optional<std::string> newest;
  for (const auto& file : folder.list(stop))
    if (safekeeping::is_called_as_backup_of(file.name, name) && (!newest || *newest < file.name)) newest = file.name;
  return newest;
}

// Known to the index and gone: names the newest that is there, where the command takes it by its id.
void expect_there(const Invocation& in, change::Context& context, const BackupRecord& record) {
  if (!safekeeping::is_gone(record)) return;
  std::string hint =
      format("If its disk is not mounted, mount it; else: belay backups --scan {}", shell_quoted(record.place));
  if (AppName::is_valid(record.app))
    for (const auto& other : safekeeping::good_backups(context, AppName(record.app)))
      if (!safekeeping::is_gone(other)) {
        const std::string app = in.command.name == "verify" ? std::string() : record.app + " ";
        hint = format("The newest that is there is of {}: belay {} {}{}", local_time(other.taken), in.command.name, app,
                      safekeeping::backup_id(other));
        break;
      }
  throw NotFound(ErrorCode::file_not_found,
                 format("{} is gone: {}", safekeeping::backup_id(record), safekeeping::where(record)), hint);
}

// The backup of the index that lies in the file.
std::optional<BackupRecord> backup_in(change::Context& context, const BackupFile& file) {
  if (file.name.empty()) return {};
  const std::string place = file.destination->place().text();
  for (auto& record : context.store.backups(""))
    if (record.place == place && record.name == file.name) return std::move(record);
  return {};
}

}  // namespace

bool is_backup_id(const std::string& word) {
  return number_of_id(word).has_value();
}

BackupRecord backup_of_id(change::Context& context, const std::string& id) {
  const auto records = context.store.backups("");
  const auto found = std::find_if(records.begin(), records.end(),
                                  [&](const BackupRecord& record) { return record.id == number_of_id(id); });
  if (found == records.end())
    throw NotFound(format("there is no backup {}", id), "belay backups lists them with their ids.");
  return *found;
}

std::string backup_named(const Invocation& in, change::Context& context, const std::optional<AppName>& name,
                         const std::string& word) {
  std::error_code unknown;
  if (const auto id = number_of_id(word); id && !fs::exists(word, unknown)) {
    const BackupRecord record = backup_of_id(context, word);
    expect_there(in, context, record);
    return safekeeping::where(record);
  }
  if (fs::is_regular_file(word, unknown)) return word;
  if (const auto known = backup_in(context, backup_file(word))) expect_there(in, context, *known);
  if (!name) return word;
  if (word == "latest" || word == "last" || word == "newest")
    return safekeeping::newest_good_backup(context, *name).text();
  return newest_where_folder(in, *name, word);
}

BackupFile backup_file_to_write(const std::string& text) {
  BackupFile file = backup_file(text);
  std::error_code unknown;
  const fs::path path = file.destination->place().path;
  if (!file.name.empty() || text.ends_with('/') || file.destination->place().kind != backup::Place::Kind::local ||
      fs::is_directory(path, unknown) || !path.has_filename() || path.filename() == "..")
    return file;
  backup::Place folder = file.destination->place();
  folder.path = path.parent_path().string();
  return {backup::destination(folder, backup::programs_from_environment()), path.filename().string()};
}

std::string newest_where_folder(const Invocation& in, const AppName& name, const std::string& word) {
  std::error_code unknown;
  const BackupFile place = backup_file(word);
  if (!place.name.empty()) return word;
  const bool is_local = place.destination->place().kind == backup::Place::Kind::local;
  if (is_local && !fs::is_directory(word, unknown)) return word;
  const auto newest = newest_in(*place.destination, name, in.session.stop());
  if (!newest)
    throw NotFound(format("there is no backup of {} in {}", name.text(), place.destination->text()),
                   format("belay backups --scan {} lists what is there.", shell_quoted(word)));
  return format("{}/{}", place.destination->text(), *newest);
}

}  // namespace belay::cli
