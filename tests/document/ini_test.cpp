#include "document/ini.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "document/json.h"

namespace belay::document {
namespace {

std::string outcome(std::string_view text) {
  try {
    return write_json(read_ini(text, "f"));
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(Ini, ReadsKeysCommentsAndSections) {
  EXPECT_EQ(outcome(""), "{}");
  EXPECT_EQ(outcome("; a comment\n# another\n\n a = 1 \r\nb=x y ; behind\nc =p#q;r\n"),
            R"({"a":"1","b":"x y","c":"p#q;r"})");
  EXPECT_EQ(outcome("a=\nb= ; nothing\nc==x"), R"({"a":"","b":"","c":"=x"})");
  EXPECT_EQ(outcome("a = \" x ; y \" # z"), R"({"a":" x ; y "})");
  EXPECT_EQ(outcome("a=1\n[ one ]\na=2\n[two] ; b\n[three]\nc=3"),
            R"({"a":"1","one":{"a":"2"},"two":{},"three":{"c":"3"}})");
  EXPECT_EQ(outcome("\xef\xbb\xbf"
                    "a=1"),
            R"({"a":"1"})");
}

TEST(Ini, RefusesWhatIsNoSettingAndSaysWhere) {
  EXPECT_EQ(outcome("a=1\n  interval 60\n"), "f:2:3: this line is not a setting");
  EXPECT_EQ(outcome(" = 5"), "f:1:2: there is no key before the '='");
  EXPECT_EQ(outcome("a=1\nb=2\na=3"), "f:3:1: 'a' is here for the second time, the first is in line 1");
  EXPECT_EQ(outcome("[x]\n[x]"), "f:2:1: 'x' is here for the second time, the first is in line 1");
  EXPECT_EQ(outcome("x=1\n[x]"), "f:2:1: 'x' is here for the second time, the first is in line 1");
  EXPECT_EQ(outcome("[x"), "f:1:1: the section's name has no closing ']'");
  EXPECT_EQ(outcome("[ ]"), "f:1:1: the section has no name");
  EXPECT_EQ(outcome("[x] y"), "f:1:5: there is something after the section's name");
  EXPECT_EQ(outcome("a=\"x"), "f:1:3: the quote that begins here is never closed");
  EXPECT_EQ(outcome("a=\"x\" y"), "f:1:7: there is something after the closing quote");
  EXPECT_EQ(outcome(std::string_view("a=\0b", 4)), "f:1:3: a control character is not allowed here");
}

TEST(Ini, RemembersWhereKeysAndValuesStand) {
  const Node root = read_ini("\n  key =   value\n", "f");
  EXPECT_EQ(root.members().at(0).key_where.text(), "f:2:3");
  EXPECT_EQ(root.members().at(0).value.where().text(), "f:2:11");
}

}  // namespace
}  // namespace belay::document
