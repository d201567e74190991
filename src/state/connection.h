#pragma once
// One connection to the state's SQLite file: opened with the settings that durability needs, migrated, and with every
// failure of SQLite turned into a sentence for the user. Private to state.

#include <SQLiteCpp/SQLiteCpp.h>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/errors.h"
#include "base/files.h"
#include "model/names.h"
#include "state/store.h"

namespace belay::state {

// A statement with its values bound, lent by the connection: parsing it again each time takes longer than most of them.
class Query {
 public:
  using Idle = std::map<std::string, std::vector<SQLite::Statement>, std::less<>>;  // SQL → those that nobody uses

  // `bind_values` gets it once.
  template <class Bind>
  Query(SQLite::Database& database, Idle& idle, std::string_view sql, Bind&& bind_values) : idle_(idle), sql_(sql) {
    const auto known = idle.find(sql);
    if (known == idle.end() || known->second.empty()) {
      statement_.emplace(database, sql_);
    } else {
      statement_.emplace(std::move(known->second.back()));
      known->second.pop_back();
    }
    bind_values(*this);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  // What it has read is let go of, and it can be lent again.
  ~Query() {
    if (statement_->tryReset() == 0) idle_[sql_].push_back(std::move(*statement_));
  }

  bool executeStep() { return statement_->executeStep(); }
  void exec() { statement_->exec(); }
  SQLite::Column getColumn(int index) { return statement_->getColumn(index); }
  bool isColumnNull(int index) const { return statement_->isColumnNull(index); }
  template <class Value>
  void bind(int index, const Value& value) {
    statement_->bind(index, value);
  }
  void bind_null(int index) { statement_->bind(index); }

 private:
  Idle& idle_;
  const std::string sql_;
  std::optional<SQLite::Statement> statement_;
};

class Connection {
 public:
  // The file must be there. Throws Error as Store::open says, Unwritable where it cannot be written.
  explicit Connection(const fs::path& folder);
  // For looking only: reads a copy of the file. Whoever wants to write gets `refusal`.
  Connection(const fs::path& folder, const Unwritable& refusal);

  static fs::path file_in(const fs::path& folder) { return folder / "state.db"; }
  // What keep_copy leaves of a schema.
  static fs::path kept_copy_in(const fs::path& folder, int schema);
  const fs::path& folder() const { return folder_; }
  // The error of a state whose tables do not hold what they must: `what`.
  Error damaged(std::string_view what) const;

  // Runs `work` in a transaction that sees one moment of the state.
  template <class Work>
  auto reading(Work&& work) {
    return within("BEGIN", std::forward<Work>(work));
  }
  // Runs `work` in a transaction that is the only writer; durable when this returns, undone when `work` throws.
  template <class Work>
  auto writing(Work&& work) {
    if (refusal_) throw *refusal_;
    return within("BEGIN IMMEDIATE", std::forward<Work>(work));
  }

  // The values are bound in order. Inside of reading() or writing() only.
  template <class... Values>
  [[nodiscard]] Query query(const char* sql, const Values&... values) {
    return Query(database_, idle_, sql, [&](Query& query) {
      int index = 0;
      (bind(query, ++index, values), ...);
    });
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
      rethrow_explained(failure);
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

  static void bind(Query& query, int index, const std::string& value) { query.bind(index, value); }
  static void bind(Query& query, int index, std::string_view value) { query.bind(index, std::string(value)); }
  static void bind(Query& query, int index, std::int64_t value) { query.bind(index, value); }
  static void bind(Query& query, int index, Time value) {
    query.bind(index, std::int64_t{value.time_since_epoch().count()});
  }
  static void bind(Query& query, int index, Milliseconds value) { query.bind(index, std::int64_t{value.count()}); }
  static void bind(Query& query, int index, ReleaseNumber value) { query.bind(index, value.value); }
  template <class T>
  static void bind(Query& query, int index, const std::optional<T>& value) {
    if (value) {
      bind(query, index, *value);
    } else {
      query.bind_null(index);
    }
  }

  [[noreturn]] void rethrow_explained(const SQLite::Exception& failure) const;
  void begin();
  void configure();
  void migrate();
  // Leaves the database of an older schema as a file beside it, so that the Belay that wrote it can be gone back to.
  void keep_copy(int schema);
  int version();

  const fs::path folder_;
  // Looked into instead of folder_, and gone with the connection.
  class Copy;
  std::shared_ptr<const Copy> copy_;
  std::optional<Unwritable> refusal_;
  SQLite::Database database_;
  Query::Idle idle_;
};

}  // namespace belay::state
