#include "document/json.h"

#include <gtest/gtest.h>

namespace belay::document {
namespace {

constexpr JsonOptions with_comments{.comments = true};

std::string error_of(std::string_view text, const JsonOptions& options = {}) {
  try {
    read_json(text, "f.json", options);
  } catch (const ConfigError& error) {
    return error.hint().empty() ? error.what() : std::string(error.what()) + " | " + error.hint();
  }
  return "no error";
}

TEST(Json, KeepsTheOrderAndThePlaceOfEveryValue) {
  const Node node = read_json("{\n  \"b\": 1,\n  \"a\": [true,\n null]\n}", "f.json");
  ASSERT_EQ(node.members().size(), 2U);
  EXPECT_EQ(node.members()[0].key, "b");
  EXPECT_EQ(node.members()[0].key_where.text(), "f.json:2:3");
  EXPECT_EQ(node.find("b")->where().text(), "f.json:2:8");
  EXPECT_EQ(node.find("a")->where().text(), "f.json:3:8");
  EXPECT_EQ(node.find("a")->items()[1].where().text(), "f.json:4:2");
  EXPECT_EQ(node.find("c"), nullptr);
}

TEST(Json, CountsColumnsInBytes) {
  const Node node = read_json("{\"\xc3\xa4\": 1}", "f.json");
  EXPECT_EQ(node.members()[0].value.where().column, 8);
}

TEST(Json, ReadsEveryKindOfValue) {
  const Node node = read_json(R"({"t":"x","n":-1.5e3,"i":42,"yes":true,"no":false,"nil":null,"l":[],"m":{}})", "f");
  EXPECT_EQ(node.find("t")->as_text("t"), "x");
  EXPECT_DOUBLE_EQ(node.find("n")->as_double("n"), -1500);
  EXPECT_EQ(node.find("n")->raw(), "-1.5e3");
  EXPECT_EQ(node.find("i")->as_int("i"), 42);
  EXPECT_TRUE(node.find("yes")->as_bool("yes"));
  EXPECT_FALSE(node.find("no")->as_bool("no"));
  EXPECT_TRUE(node.find("nil")->is_null());
  EXPECT_TRUE(node.find("l")->as_list("l").empty());
  EXPECT_TRUE(node.find("m")->as_map("m").empty());
}

TEST(Json, ReadsEscapesAndSurrogatePairs) {
  EXPECT_EQ(read_json(R"("a\"\\\/\b\f\n\r\t\u00e4\u20AC\ud83d\ude00")", "f").raw(),
            "a\"\\/\b\f\n\r\t\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(read_json(R"("\u0000")", "f").raw(), std::string(1, '\0'));
}

TEST(Json, SkipsAByteOrderMark) {
  EXPECT_EQ(read_json("\xef\xbb\xbf{}", "f").where().column, 1);
  EXPECT_EQ(error_of("\xff\xfe{\0"), "f.json:1:1: the file is written in UTF-16 | Save it as UTF-8.");
}

TEST(Json, AllowsCommentsOnlyWhereAsked) {
  const std::string text = "// first\n{ /* in\nside */ \"a\": 1 } // last";
  EXPECT_EQ(read_json(text, "f", with_comments).find("a")->where().text(), "f:3:14");
  EXPECT_EQ(error_of(text), "f.json:1:1: a comment is not allowed in this file | Remove it: the file is plain JSON.");
  EXPECT_EQ(error_of("{} /* x", with_comments), "f.json:1:4: the comment that begins here is never closed with */");
  EXPECT_EQ(error_of("{} / x", with_comments), "f.json:1:4: a comment begins with // or /*");
  EXPECT_EQ(error_of("/*\xff*/ 1", with_comments), "f.json:1:3: invalid UTF-8 | Save the file as UTF-8.");
  EXPECT_EQ(error_of("// only a comment", with_comments),
            "f.json: the file is empty: a JSON value is expected, at least {}");
}

TEST(Json, SaysThatAnEmptyFileIsEmpty) {
  for (const char* text : {"", " \n\t", "\xef\xbb\xbf"})
    EXPECT_EQ(error_of(text), "f.json: the file is empty: a JSON value is expected, at least {}");
}

struct Broken {
  const char *text, *error;
};

TEST(Json, NamesThePlaceAndTheCauseOfEveryMistake) {
  const Broken cases[] = {
      {"{\"ports\": {} \"x\": 1}", "f.json:1:14: expected ',' or '}' after the value of \"ports\", found '\"'"},
      {"{\"a\": 1",
       "f.json:1:8: expected ',' or '}' after the value of \"a\", found the end of the file | The '{' at "
       "1:1 is never closed."},
      {"{\"a\": 1,}", "f.json:1:8: a comma before '}' is not allowed in JSON | Remove it."},
      {"{\"a\": 1,,}", "f.json:1:9: expected a key in double quotes, found ','"},
      {"{\"a\" 1}", "f.json:1:6: expected ':' after the key \"a\", found '1'"},
      {"{\"a\": }", "f.json:1:7: the key \"a\" has no value"},
      {"{\"a\":", "f.json:1:6: the key \"a\" has no value"},
      {"{", "f.json:1:1: the map that begins here is never closed with '}'"},
      {"{a: 1}", "f.json:1:2: expected a key in double quotes, found 'a'"},
      {"{'a': 1}", "f.json:1:2: expected a key in double quotes, found ''' | JSON knows double quotes only."},
      {"{\"a\": 1,\n \"b\": 2,\n \"a\": 3}",
       "f.json:3:2: the key \"a\" is here for the second time, the first is at 1:2"},
      {"[", "f.json:1:1: the list that begins here is never closed with ']'"},
      {"[1 2]", "f.json:1:4: expected ',' or ']' after element 1 of the list, found '2'"},
      {"[1,]", "f.json:1:3: a comma before ']' is not allowed in JSON | Remove it."},
      {"[,1]", "f.json:1:2: expected a value, found ','"},
      {"{} {}", "f.json:1:4: expected nothing more after the value, found '{'"},
      {"'a'", "f.json:1:1: expected a value, found ''' | JSON knows double quotes only."},
      {"True", "f.json:1:1: 'True' is not a JSON value | Write true."},
      {"None", "f.json:1:1: 'None' is not a JSON value | Write null."},
      {"NaN", "f.json:1:1: 'NaN' is not a JSON value | Text is written in double quotes."},
      {"geheim", "f.json:1:1: a word without quotes is not a JSON value | Text is written in double quotes."},
      {"+1", "f.json:1:1: '+1' is not a JSON value | A number begins with a digit or '-'."},
      {".5", "f.json:1:1: '.5' is not a JSON value | A number begins with a digit or '-'."},
      {"01", "f.json:1:1: a number must not begin with 0 | Text is written in double quotes."},
      {"1.", "f.json:1:1: a number needs a digit after '.', found the end of the file"},
      {"-", "f.json:1:1: a number needs a digit after '-', found the end of the file"},
      {"1e", "f.json:1:1: a number needs a digit after its exponent sign, found the end of the file"},
      {"8080/tcp", "f.json:1:5: a comment is not allowed in this file | Remove it: the file is plain JSON."},
      {"12ab", "f.json:1:1: '12ab' is not a number | Text is written in double quotes."},
      {"\"abc", "f.json:1:1: the text that begins here has no closing quote on its line"},
      {"\"abc\n\"", "f.json:1:1: the text that begins here has no closing quote on its line"},
      {"\"a\tb\"", "f.json:1:3: a control character in a text must be written as \\u0009"},
      {"\"\\q\"", "f.json:1:2: unknown escape: '\\' followed by 'q' | A backslash itself is written as \\\\."},
      {"\"\\",
       "f.json:1:2: unknown escape: '\\' followed by the end of the file | A backslash itself is written as "
       "\\\\."},
      {"\"\\u12g4\"", "f.json:1:2: \\u needs four hexadecimal digits"},
      {"\"\\ud800x\"", "f.json:1:2: the first half of a surrogate pair stands without its second"},
      {"\"\\ud800\\u0041\"", "f.json:1:2: the first half of a surrogate pair stands without its second"},
      {"\"\\udc00\"", "f.json:1:2: the second half of a surrogate pair stands without its first"},
      {"{\"a\": \xff}", "f.json:1:7: expected a value, found a byte that is not UTF-8"},
  };
  for (const Broken& broken : cases) EXPECT_EQ(error_of(broken.text), broken.error) << broken.text;
}

TEST(Json, RefusesEveryFormOfInvalidUtf8) {
  for (const char* bytes : {"\x80", "\xc0\xaf", "\xc1\x81", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                            "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe2\x82"})
    EXPECT_EQ(error_of('"' + std::string(bytes) + '"'), "f.json:1:2: invalid UTF-8 | Save the file as UTF-8.");
  for (const char* bytes : {"\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_EQ(read_json('"' + std::string(bytes) + '"', "f").raw(), bytes);
}

TEST(Json, LimitsTheDepth) {
  const std::string ok = std::string(100, '[') + std::string(100, ']');
  EXPECT_TRUE(read_json(ok, "f").is_list());
  EXPECT_EQ(error_of(std::string(100000, '[')), "f.json:1:101: lists and maps are nested deeper than 100 levels");
  EXPECT_EQ(error_of("{\"a\": [1]}", {.depth_limit = 1}), "f.json:1:7: lists and maps are nested deeper than 1 levels");
}

TEST(Json, EveryPrefixOfADocumentIsRefusedWithAPlace) {
  const std::string text = R"({"a": [1.5e3, "\ud83d\ude00", {"b": null}], "c": true})";
  for (size_t length = 1; length < text.size(); ++length)
    EXPECT_NE(error_of(text.substr(0, length)).find("f.json:1:"), std::string::npos) << length;
}

TEST(Json, WritesWhatItReads) {
  const std::string text = R"({"a":[1.50,-0,1e9,"\"\\\n\u0001",{}],"b":{"c":null,"d":[]},"e":true,"":"ä"})";
  EXPECT_EQ(write_json(read_json(text, "f")), text);
  const std::string spread = write_json(read_json(text, "f"), 2);
  EXPECT_EQ(write_json(read_json(spread, "f")), text);
}

TEST(Json, WritesOneMemberALineWithAnIndent) {
  Node node = Node::map();
  node.set("a", Node::list());
  Node list = Node::list();
  list.add(Node::number(1));
  list.add(Node::boolean(false));
  node.set("b", list);
  EXPECT_EQ(write_json(node, 2), "{\n  \"a\": [],\n  \"b\": [\n    1,\n    false\n  ]\n}");
}

TEST(Json, WritesReadableJsonEvenForBytesThatAreNotUtf8) {
  const std::string text = write_json(Node::text("a\xff\xc3"));
  EXPECT_EQ(read_json(text, "f").raw(), "a\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Node, SetReplacesAKeyInItsPlace) {
  Node node = Node::map();
  node.set("a", Node::number(1));
  node.set("b", Node::number(2));
  node.set("a", Node::text("x"));
  EXPECT_EQ(write_json(node), R"({"a":"x","b":2})");
}

std::string kind_error(const std::string& text, void (*use)(const Node&)) {
  try {
    use(read_json(text, "f"));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Node, NamesWhatIsWrongWithAValueOfAnotherKind) {
  EXPECT_EQ(kind_error("[]", [](const Node& n) { n.as_bool("the flag"); }),
            "f:1:1: the flag must be true or false, not a list");
  EXPECT_EQ(kind_error("\"1\"", [](const Node& n) { n.as_int("the port"); }),
            "f:1:1: the port must be a whole number, not text");
  EXPECT_EQ(kind_error("1.5", [](const Node& n) { n.as_int("the port"); }),
            "f:1:1: the port must be a whole number, not 1.5");
  EXPECT_EQ(kind_error("99999999999999999999", [](const Node& n) { n.as_int("the port"); }),
            "f:1:1: the port is out of range: 99999999999999999999");
  EXPECT_EQ(kind_error("1e999", [](const Node& n) { n.as_double("the share"); }),
            "f:1:1: the share is out of range: 1e999");
  EXPECT_EQ(kind_error("null", [](const Node& n) { n.as_text("the name"); }), "f:1:1: the name must be text, not null");
  EXPECT_EQ(kind_error("{}", [](const Node& n) { n.as_scalar("the name"); }),
            "f:1:1: the name must be a single value, not a map");
  EXPECT_EQ(kind_error("7", [](const Node& n) { n.as_list("\"args\""); }),
            "f:1:1: \"args\" must be a list, not a number");
  EXPECT_EQ(kind_error("true", [](const Node& n) { n.as_map("the file"); }),
            "f:1:1: the file must be a map, not true or false");
}

TEST(Node, GivesScalarsAsTheyWereWritten) {
  EXPECT_EQ(read_json("1.50", "f").as_scalar("x"), "1.50");
  EXPECT_EQ(read_json("true", "f").as_scalar("x"), "true");
}

TEST(Node, RefusesUnknownKeysWithAGuess) {
  const Node node = read_json("{\"ports\": 1,\n \"volume\": 2}", "f");
  try {
    refuse_unknown_keys(node, {"ports", "volumes"}, "the override file");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "f:2:2: unknown key \"volume\" in the override file");
    EXPECT_EQ(error.hint(), "Did you mean 'volumes'?");
  }
  try {
    refuse_unknown_keys(node, {"ports", "zzz"}, "the override file");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.hint(), "Known keys: ports, zzz.");
  }
  EXPECT_NO_THROW(refuse_unknown_keys(node, {"volume", "ports"}, "the override file"));
}

}  // namespace
}  // namespace belay::document
