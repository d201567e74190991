#include "cli/backup_words.h"

#include <algorithm>

#include "base/files.h"
#include "base/format.h"
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
    return safekeeping::where(backup_of_id(context, word));
  }
  if (!name || fs::is_regular_file(word, unknown)) return word;
  if (word == "latest" || word == "last" || word == "newest")
    return safekeeping::newest_good_backup(context, *name).text();
  const BackupFile place = backup_file(word);
  if (!place.name.empty()) return word;
  const bool is_local = place.destination->place().kind == backup::Place::Kind::local;
  if (is_local && !fs::is_directory(word, unknown)) return word;
  const auto newest = newest_in(*place.destination, *name, in.session.stop());
  if (!newest)
    throw NotFound(format("there is no backup of {} in {}", name->text(), place.destination->text()),
                   format("belay backups --scan {} lists what is there.", shell_quoted(word)));
  return format("{}/{}", place.destination->text(), *newest);
}

}  // namespace belay::cli
