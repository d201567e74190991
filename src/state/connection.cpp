#include "state/connection.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

#include "base/format.h"
#include "base/lock.h"
#include "state/folder.h"
#include "state/schema.h"
#include "state/store.h"

namespace belay::state {

namespace {

constexpr int busy_timeout = 10'000;  // milliseconds

// SQLite maps the index of its write-ahead log into memory. On a disk that fills up under that, a look at it would be
// the end of the process (SIGBUS), so nothing is mapped where so little is left.
constexpr std::uint64_t least_room = 256 * 1024;

bool is_full(const fs::path& folder) {
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) != 0) return false;
  // Some of it is kept for root.
  return (::geteuid() == 0 ? disk.f_bfree : disk.f_bavail) * disk.f_frsize < least_room;
}

Unwritable full(const fs::path& folder) {
  return Unwritable(
      format("the disk that holds the state in {} is full", folder.string()),
      "Free some disk space there; docker system df shows what images and containers take. Until then only belay stop "
      "still works.");
}

// Why this process may not write to the file, by the system; 0: as far as the system says it may.
int obstacle_to_writing(const fs::path& file) {
  return ::access(file.c_str(), W_OK) == 0 ? 0 : errno;
}

Unwritable read_only(const fs::path& folder, int error, const std::string& why) {
  return Unwritable(format("the state in {} cannot be opened for writing ({})", folder.string(), why),
                    remedy_for(error));
}

Unwritable read_only(const fs::path& folder, int error) {
  return read_only(folder, error, std::generic_category().message(error));
}

// A file system that is read-only by now may have become so by the very error.
Unwritable not_written(const fs::path& folder, std::string_view what) {
  if (const int error = obstacle_to_writing(folder); error == EROFS) return read_only(folder, error);
  return Unwritable(format("the state in {} cannot be written ({})", folder.string(), what), remedy_for(EIO));
}

// By SQLite's extended code. What cannot be read is no longer there to be looked at.
bool is_of_reading(int code) {
  return code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_CORRUPTFS;
}

Error damage(std::string_view what, const fs::path& folder) {
  return Error(ErrorCode::state_damaged, format("the state in {} is damaged ({})", folder.string(), what),
               format("Move {} away, then belay recover rebuilds apps and releases from the engine's labels.",
                      Connection::file_in(folder).string()));
}

// Onto the disk: of a file its content, of a folder its names.
void sync_file(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool is_synced = file >= 0 && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!is_synced) throw system_error(format("writing {}", path.string()), error);
}

[[noreturn]] void explain(const SQLite::Exception& failure, const fs::path& folder) {
  int code = failure.getErrorCode() & 0xff;
  if (code == SQLITE_IOERR && is_full(folder)) code = SQLITE_FULL;
  switch (code) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:  // no such table or column: every statement is right for the schema
    case SQLITE_MISMATCH:
      throw damage(failure.what(), folder);
    case SQLITE_FULL:
      throw full(folder);
    case SQLITE_BUSY:
      throw Error(ErrorCode::state_busy,
                  format("another program has kept the state in {} locked for more than 10 s", folder.string()),
                  "Run the command again when it is done.");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      if (const int error = obstacle_to_writing(folder); error != 0) throw read_only(folder, error);
      throw read_only(folder, EACCES, ::sqlite3_errstr(code));
    case SQLITE_IOERR:
      if (!is_of_reading(failure.getExtendedErrorCode())) throw not_written(folder, failure.what());
      [[fallthrough]];
    default:
      throw Error(ErrorCode::state_damaged,
                  format("the state in {} cannot be used: {}", folder.string(), failure.what()));
  }
}

SQLite::Database opened(const fs::path& file, const fs::path& folder) {
  try {
    return SQLite::Database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, busy_timeout);
  } catch (const SQLite::Exception& failure) {
    explain(failure, folder);
  }
}

// Maps nothing where there is no room: see least_room.
SQLite::Database opened_for_writing(const fs::path& folder) {
  if (is_full(folder)) throw full(folder);
  const fs::path file = Connection::file_in(folder);
  if (::access(file.c_str(), R_OK) == 0)
    if (const int error = obstacle_to_writing(file); error != 0) throw read_only(folder, error);
  return opened(file, folder);
}

// What a file holds and when it was written last; a file that is not there holds nothing.
struct Content {
  std::string text;
  struct timespec written{};
};
Content content_of(const fs::path& file) {
  constexpr ByteCount largest{1 << 30};
  Content content;
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return content;
  content.text = read_file(file, largest);
  content.written = status.st_mtim;
  return content;
}
bool is_as_before(const fs::path& file, const Content& content) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return content.text.empty();
  return static_cast<size_t>(status.st_size) == content.text.size() &&
         status.st_mtim.tv_sec == content.written.tv_sec && status.st_mtim.tv_nsec == content.written.tv_nsec;
}

fs::path folder_of_its_own() {
  // What is full or read-only is often the disk of everything else as well: in memory, where that can be had.
  const char* base = std::getenv("TMPDIR");
  for (const fs::path& place : {fs::path("/dev/shm"), fs::path(base != nullptr ? base : ""), fs::path("/tmp")}) {
    std::string pattern = place / "belay-XXXXXX";
    if (!place.empty() && ::mkdtemp(pattern.data()) != nullptr) return pattern;
  }
  throw system_error("making a folder for a copy of the state", errno);
}

}  // namespace

// The database and its write-ahead log of one moment: whoever can still write might do so meanwhile.
class Connection::Copy {
 public:
  explicit Copy(const fs::path& folder) : path_(folder_of_its_own()) {
    const fs::path file = Connection::file_in(folder), log = fs::path(file.string() + "-wal");
    Content database, changes;
    for (int attempt = 0; attempt < 20; ++attempt) {
      changes = content_of(log);
      database = content_of(file);
      if (is_as_before(log, changes) && is_as_before(file, database)) break;
    }
    write_file_durably(Connection::file_in(path_), database.text);
    write_file_durably(Connection::file_in(path_).string() + "-wal", changes.text);
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  ~Copy() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  const fs::path path_;
};

Connection::Connection(const fs::path& folder) : folder_(folder), database_(opened_for_writing(folder)) {
  begin();
}

Connection::Connection(const fs::path& folder, const Unwritable& refusal)
    : folder_(folder), copy_(std::make_shared<Copy>(folder)), database_(opened(file_in(copy_->path()), folder)) {
  begin();
  refusal_ = refusal;
}

void Connection::begin() {
  try {
    configure();
    if (version() != schema_version) migrate();
  } catch (const SQLite::Exception& failure) {
    rethrow_explained(failure);
  }
}

void Connection::rethrow_explained(const SQLite::Exception& failure) const {
  explain(failure, folder_);
}

Error Connection::damaged(std::string_view what) const {
  return damage(what, folder_);
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

fs::path Connection::kept_copy_in(const fs::path& folder, int schema) {
  return folder / format("state.db.schema-{}", schema);
}

void Connection::keep_copy(int schema) {
  const fs::path kept = kept_copy_in(folder_, schema), part = kept.string() + ".part";
  std::error_code ignored;
  fs::remove(part, ignored);
  // The file is there before SQLite fills it: with the rights that state.db has, for it holds the same secrets.
  make_private_file(part);
  SQLite::Statement copy(database_, "VACUUM INTO ?");
  copy.bind(1, part.string());
  copy.exec();
  sync_file(part);
  fs::rename(part, kept);
  sync_file(folder_);
}

void Connection::migrate() {
  // One at a time: the switch to WAL does not wait for other connections on its own.
  SystemClock clock;
  const fs::path lock = (copy_ ? copy_->path() : folder_) / "migration.lock";
  make_private_file(lock);
  const FileLock alone = FileLock::take({lock, "belay", true}, clock, {}, {});
  const int found = version();
  if (found > schema_version)
    throw Error(ErrorCode::state_newer,
                format("the state in {} was written by a newer Belay (schema {}; this one knows {})", folder_.string(),
                       found, schema_version),
                "Install that version of Belay or a newer one; nothing was changed.");
  database_.exec("PRAGMA journal_mode = WAL");
  // In a copy in memory there is nothing to lose.
  if (found > 0 && found < schema_version && !copy_) keep_copy(found);
  for (const Migration& migration : migrations()) {
    if (migration.version <= found) continue;
    writing([&] {
      database_.exec(migration.sql);
      database_.exec(format("PRAGMA user_version = {}", migration.version));
    });
  }
}

}  // namespace belay::state
