#include "document/yaml_write.h"

#include <gtest/gtest.h>

#include "document/json.h"
#include "document/yaml.h"

namespace belay::document {
namespace {

Node read_one(const std::string& text) {
  return read_yaml(text, "written").at(0);
}

TEST(YamlText, IsBlocksWithTwoSpacesALevel) {
  const Node value = read_one(R"({a: {b: [x, {c: 1, d: [y]}, []], e: {}}, f: null, g: true})");
  EXPECT_EQ(yaml_text(value),
            "a:\n"
            "  b:\n"
            "    - x\n"
            "    - c: 1\n"
            "      d:\n"
            "        - \"y\"\n"
            "    - []\n"
            "  e: {}\n"
            "f: null\n"
            "g: true\n");
}

TEST(YamlText, ReadsAgainAsWhatItWas) {
  for (const char* text : {"",     " ",    "a",     "yes",        "on",           "null",    "~",           "1",
                           "1.10", "0x1f", "22:22", "2026-01-31", "a: b",         "a #b",    "#a",          "- a",
                           "[a]",  "{a",   "*a",    "&a",         "!a",           "|",       ">",           "%a",
                           "@a",   "`a",   "'a'",   "\"a\"",      "a\nb\n",       "\ttab",   "back\\slash", "trailing ",
                           "key:", "é",    "\x01",  "$$a",        "/srv/x:/y:ro", "8080:80", "-1",          ".5",
                           ".inf", "=",    "<<"}) {
    Node map = Node::map();
    map.set("value", Node::text(text));
    map.set(*text == '\0' ? "empty" : text, Node::text("key"));
    Node list = Node::list();
    list.add(Node::text(text));
    list.add(map);
    EXPECT_EQ(write_json(read_one(yaml_text(list))), write_json(list)) << text << "\n" << yaml_text(list);
  }
}

// YAML takes some characters beyond ASCII for line breaks or for no text at all.
TEST(YamlText, WritesOddCharactersSoThatTheyStay) {
  for (const std::string text :
       {"a\u0085b", "a\u2028b", "a\u2029b", "\ufeffa", "a\u0080b", "a\r\nb", "  a\n\n b", "ü→"}) {
    Node map = Node::map();
    map.set(text, Node::text(text));
    EXPECT_EQ(read_one(yaml_text(map)).members().at(0).key, text) << yaml_text(map);
    EXPECT_EQ(read_one(yaml_text(map)).members().at(0).value.raw(), text) << yaml_text(map);
  }
}

TEST(YamlText, SaysBehindEachScalarWhereItCameFrom) {
  const Node value = read_one("a:\n  b: x\n  c: [y1, z1]\n");
  EXPECT_EQ(yaml_text(value, [](const Node& each) { return "line " + std::to_string(each.where().line); }),
            "a:\n  b: x  # line 2\n  c:\n    - y1  # line 3\n    - z1  # line 3\n");
}

}  // namespace
}  // namespace belay::document
