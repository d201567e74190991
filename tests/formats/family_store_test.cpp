#include "formats/family_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::formats {
namespace {

using Files = std::map<std::string, std::string>;

std::string read(const Files& files) {
  try {
    const StoredFamily family = parse_stored_family([&](const std::string& file) -> std::optional<std::string> {
      const auto found = files.find(file);
      return found == files.end() ? std::nullopt : std::optional(found->second);
    });
    return format("last {}, stable {}, startup {}, images {}", family.last, family.stable, family.startup,
                  join(family.images, " "));
  } catch (const Error& error) {
    return error.what();
  }
}

// As jockler and dockervisor write them: without a line end, an empty file where a mark was taken away.
TEST(FamilyStore, ReadsWhatTheToolsWrite) {
  EXPECT_EQ(read({{"last", "jcl_web_20240202000000"},
                  {"stable", "jcl_web_20240101000000"},
                  {"startup", "jcl_web_20240101000000"},
                  {"images", "0123456789ab\nba9876543210"}}),
            "last jcl_web_20240202000000, stable jcl_web_20240101000000, startup jcl_web_20240101000000, images "
            "0123456789ab ba9876543210");
  EXPECT_EQ(read({{"last", "dcv_wiki_20240202000000\n"}, {"startup", ""}, {"images", "\n0123456789ab\r\n\n"}}),
            "last dcv_wiki_20240202000000, stable , startup , images 0123456789ab");
  EXPECT_EQ(read({{"stable", "None"}, {"images", "sha256:0123456789ab"}}),
            "last , stable , startup , images 0123456789ab");
  EXPECT_EQ(read({}), "last , stable , startup , images ");
}

TEST(FamilyStore, RefusesWhatTheToolsNeverWrite) {
  EXPECT_EQ(read({{"last", "one two"}}), "'one two' in the file 'last' is not the name of a container");
  EXPECT_EQ(read({{"stable", "one\ntwo"}}), "the file 'stable' names 2 containers; it should name one");
  EXPECT_EQ(read({{"startup", "../../etc"}}), "'../../etc' in the file 'startup' is not the name of a container");
  EXPECT_EQ(read({{"last", std::string(300, 'a')}}).substr(0, 4), "'aaa");
  EXPECT_EQ(read({{"last", std::string("a\x1b[31mb")}}).find('\x1b'), std::string::npos);
  EXPECT_EQ(read({{"images", "web:latest"}}), "'web:latest' in the file 'images' is not the id of an image");
}

}  // namespace
}  // namespace belay::formats
