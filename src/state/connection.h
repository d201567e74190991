#pragma once
// One connection to the state's SQLite file: opened with the settings that durability needs, migrated, and with every
// failure of SQLite turned into a sentence for the user. Private to state.

#include <SQLiteCpp/SQLiteCpp.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/clock.h"
#include "base/files.h"
#include "model/names.h"

namespace belay::state {

class Connection {
 public:
  // The file must be there. Throws Error as Store::open says.
  explicit Connection(const fs::path& folder);

  static fs::path file_in(const fs::path& folder) { return folder / "state.db"; }
  const fs::path& folder() const { return folder_; }

  // Runs `work` in a transaction that sees one moment of the state.
  template <class Work>
  auto reading(Work&& work) {
    return within("BEGIN", std::forward<Work>(work));
  }
  // Runs `work` in a transaction that is the only writer; durable when this returns, undone when `work` throws.
  template <class Work>
  auto writing(Work&& work) {
    return within("BEGIN IMMEDIATE", std::forward<Work>(work));
  }

  // A statement with its values bound, in order. Inside of reading() or writing() only.
  template <class... Values>
  SQLite::Statement query(const char* sql, const Values&... values) {
    SQLite::Statement statement(database_, sql);
    int index = 0;
    (bind(statement, ++index, values), ...);
    return statement;
  }
  template <class... Values>
  void execute(const char* sql, const Values&... values) {
    query(sql, values...).exec();
  }

 private:
  template <class Work>
  auto within(const char* begin, Work&& work) {
    try {
      database_.exec(begin);
      const Rollback rollback{database_};
      if constexpr (std::is_void_v<decltype(work())>) {
        work();
        database_.exec("COMMIT");
      } else {
        auto result = work();
        database_.exec("COMMIT");
        return result;
      }
    } catch (const SQLite::Exception& failure) {
      throw explained(failure);
    }
  }

  // Ends a transaction that did not come to its COMMIT, also where the COMMIT itself failed.
  struct Rollback {
    SQLite::Database& database;
    ~Rollback() {
      if (sqlite_is_in_transaction(database)) static_cast<void>(database.tryExec("ROLLBACK"));
    }
  };
  static bool sqlite_is_in_transaction(const SQLite::Database& database);

  static void bind(SQLite::Statement& statement, int index, const std::string& value) { statement.bind(index, value); }
  static void bind(SQLite::Statement& statement, int index, std::string_view value) {
    statement.bind(index, std::string(value));
  }
  static void bind(SQLite::Statement& statement, int index, std::int64_t value) { statement.bind(index, value); }
  static void bind(SQLite::Statement& statement, int index, Time value) {
    statement.bind(index, std::int64_t{value.time_since_epoch().count()});
  }
  static void bind(SQLite::Statement& statement, int index, Milliseconds value) {
    statement.bind(index, std::int64_t{value.count()});
  }
  static void bind(SQLite::Statement& statement, int index, ReleaseNumber value) { statement.bind(index, value.value); }
  template <class T>
  static void bind(SQLite::Statement& statement, int index, const std::optional<T>& value) {
    if (value) {
      bind(statement, index, *value);
    } else {
      statement.bind(index);
    }
  }

  Error explained(const SQLite::Exception& failure) const;
  void configure();
  void migrate();
  int version();

  const fs::path folder_;
  SQLite::Database database_;
};

}  // namespace belay::state
