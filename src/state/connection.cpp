#include "state/connection.h"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include "base/format.h"
#include "base/lock.h"
#include "state/folder.h"
#include "state/schema.h"
#include "state/store.h"

namespace belay::state {

namespace {

constexpr int busy_timeout = 10'000;  // milliseconds

// On a full disk SQLite can also fail with a bare I/O error, when it is the write-ahead log's index that finds no room.
bool is_full(const fs::path& folder) {
  struct statvfs disk{};
  return ::statvfs(folder.c_str(), &disk) == 0 && disk.f_bavail * disk.f_frsize < 64 * 1024;
}

Error explanation(const SQLite::Exception& failure, const fs::path& folder) {
  const std::string where = folder.string();
  int code = failure.getErrorCode() & 0xff;
  if (code == SQLITE_IOERR && is_full(folder)) code = SQLITE_FULL;
  switch (code) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return Error(format("the state in {} is damaged ({})", where, failure.what()),
                   format("Move {} away, then belay recover rebuilds apps and releases from the engine's labels.",
                          Connection::file_in(folder).string()));
    case SQLITE_FULL:
      return Error(format("the disk that holds the state in {} is full; nothing was changed", where),
                   "Free some disk space (belay cleanup NAME, docker system df) and run the command again.");
    case SQLITE_BUSY:
      return Error(format("another program has kept the state in {} locked for more than 10 s", where),
                   "Run the command again when it is done.");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return Error(format("the state in {} cannot be opened for writing ({})", where, failure.what()),
                   "Run the command as the user who owns it or as a member of its group, or name another folder in "
                   "BELAY_STATE_DIR.");
    default:
      return Error(format("the state in {} cannot be used: {}", where, failure.what()));
  }
}

SQLite::Database opened(const fs::path& folder) {
  try {
    return SQLite::Database(Connection::file_in(folder).string(), SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX,
                            busy_timeout);
  } catch (const SQLite::Exception& failure) {
    throw explanation(failure, folder);
  }
}

}  // namespace

Connection::Connection(const fs::path& folder) : folder_(folder), database_(opened(folder)) {
  try {
    configure();
    if (version() != schema_version) migrate();
  } catch (const SQLite::Exception& failure) {
    throw explained(failure);
  }
}

Error Connection::explained(const SQLite::Exception& failure) const {
  return explanation(failure, folder_);
}

bool Connection::sqlite_is_in_transaction(const SQLite::Database& database) {
  return ::sqlite3_get_autocommit(database.getHandle()) == 0;
}

void Connection::configure() {
  // SQLite opens a file that it may not write for reading instead.
  if (::sqlite3_db_readonly(database_.getHandle(), "main") == 1)
    throw SQLite::Exception(database_.getHandle(), SQLITE_READONLY);
  // FULL: with less, a power cut in WAL mode may take back the last commits. The schema is not trusted to call
  // functions: whoever can write the file must not gain more than that.
  database_.exec(
      "PRAGMA synchronous = FULL;"
      "PRAGMA foreign_keys = ON;"
      "PRAGMA trusted_schema = OFF;");
}

int Connection::version() {
  return database_.execAndGet("PRAGMA user_version").getInt();
}

void Connection::migrate() {
  // One at a time: the switch to WAL does not wait for other connections on its own.
  SystemClock clock;
  make_private_file(folder_ / "migration.lock");
  const FileLock alone = FileLock::take({folder_ / "migration.lock", "belay", true}, clock, {}, {});
  const int found = version();
  if (found > schema_version)
    throw Error(format("the state in {} was written by a newer Belay (schema {}; this one knows {})", folder_.string(),
                       found, schema_version),
                "Install that version of Belay or a newer one; nothing was changed.");
  database_.exec("PRAGMA journal_mode = WAL");
  for (const Migration& migration : migrations()) {
    if (migration.version <= found) continue;
    writing([&] {
      database_.exec(migration.sql);
      database_.exec(format("PRAGMA user_version = {}", migration.version));
    });
  }
}

}  // namespace belay::state
