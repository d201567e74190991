// docs/errors.md is written from the table of error codes: ACCEPT=1 writes it anew.

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <set>

#include "base/error_code.h"
#include "base/files.h"
#include "base/format.h"
#include "base/text.h"
#include "docs/pages.h"

namespace belay::docs {
namespace {

constexpr const char* head = R"(# Errors

Every error has a code. The codes stay, the sentences may change: programs go by the code. With `--json` a command
that fails prints it on standard error (see [What `--json` prints](json.md)):

```json
{"schema":1,"error":{"code":"app_not_found","message":"there is no app wbe","hint":"Did you mean 'web'?","place":null}}
```

This page is written from the table in `src/base/error_code.cpp`; a test compares the two.

| code | meaning | what to do | exit code |
|---|---|---|---|
)";

std::string exit_text(const ErrorKind& kind) {
  return kind.code == ErrorCode::stopped ? "128 + signal" : format("{}", kind.exit_code);
}

std::string written() {
  std::string text = head;
  for (const auto& kind : error_kinds())
    text += format("| `{}` | {} | {} | {} |\n", kind.name, kind.meaning, kind.what_to_do, exit_text(kind));
  return text;
}

TEST(Errors, ThePageIsWhatTheTableSays) {
  const fs::path page = in_repository("docs/errors.md");
  if (std::getenv("ACCEPT") != nullptr) std::ofstream(page) << written();
  EXPECT_EQ(read_file_if_present(page).value_or(""), written()) << "ACCEPT=1 writes it anew";
}

TEST(Errors, EachCodeHasOneRowInItsPlaceAndANameOfItsOwn) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < error_kinds().size(); ++i) {
    const auto& kind = error_kinds()[i];
    EXPECT_EQ(static_cast<size_t>(kind.code), i) << kind.name;
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_TRUE(kind.meaning.ends_with('.') && kind.what_to_do.ends_with('.')) << kind.name;
  }
  EXPECT_EQ(error_kinds().back().code, ErrorCode::internal) << "the last of the enumeration";
}

// A code that nothing raises would promise what does not happen.
TEST(Errors, EachCodeIsRaisedSomewhere) {
  std::set<std::string> raised;
  const std::regex mention("ErrorCode::([a-z_]+)");
  for (const auto& path : files_below("src", {".cpp", ".h"}))
    for (const auto& line : lines_of(path))
      for (std::sregex_iterator found(line.begin(), line.end(), mention), end; found != end; ++found)
        raised.insert((*found)[1]);
  for (const auto& kind : error_kinds()) EXPECT_TRUE(raised.contains(std::string(kind.name))) << kind.name;
}

}  // namespace
}  // namespace belay::docs
