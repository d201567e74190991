#include "document/yaml.h"

#include <gtest/gtest.h>

#include "base/format.h"
#include "document/json.h"

namespace belay::document {
namespace {

// The documents as JSON, one a line; of an error "LINE:COLUMN message | hint".
std::string outcome(std::string_view text, const YamlOptions& options = {.marks = true}) {
  try {
    std::string result;
    for (const Node& node : read_yaml(text, "f", options)) result += (result.empty() ? "" : "\n") + write_json(node);
    return result;
  } catch (const ConfigError& error) {
    const std::string what = error.what();
    return what.substr(2) + (error.hint().empty() ? "" : " | " + error.hint());
  }
}

std::string error_at(std::string_view text) {
  const std::string what = outcome(text);
  return what.substr(0, what.find(": "));
}

TEST(Yaml, PlainScalarsAreWhatComposeTakesThemFor) {
  const std::vector<std::pair<std::string_view, std::string_view>> table{
      {"true", "true"},
      {"True", "true"},
      {"FALSE", "false"},
      {"tRue", "\"tRue\""},
      {"yes", "\"yes\""},
      {"on", "\"on\""},
      {"n", "\"n\""},
      {"", "null"},
      {"~", "null"},
      {"Null", "null"},
      {"nUll", "\"nUll\""},
      {"0", "0"},
      {"-0", "0"},
      {"+5", "5"},
      {"-17", "-17"},
      {"1_000", "1000"},
      {"0x1F", "31"},
      {"0b101", "5"},
      {"0o440", "288"},
      {"0440", "288"},
      {"-010", "-8"},
      {"08080", "8080"},
      {"0x", "\"0x\""},
      {"9223372036854775807", "9223372036854775807"},
      {"18446744073709551615", "18446744073709551615"},
      {"18446744073709551616", "1.8446744073709552e+19"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"-9223372036854775809", "-9.223372036854776e+18"},
      {"1.10", "1.1"},
      {"1.0", "1"},
      {".5", "0.5"},
      {"5.", "5"},
      {"+.5", "0.5"},
      {"1e3", "1000"},
      {"1e6", "1e+06"},
      {"1234567.0", "1.234567e+06"},
      {"0.00001", "1e-05"},
      {"-1.5E-3", "-0.0015"},
      {"1e", "\"1e\""},
      {"1e999", "\"1e999\""},
      {"1e-999", "0"},
      {"._5", "\"._5\""},
      {".", "\".\""},
      {"--", "\"--\""},
      {"+", "\"+\""},
      {"-.inf", "\"-Inf\""},
      {".Inf", "\"+Inf\""},
      {".nan", "\"NaN\""},
      {"22:22", "\"22:22\""},
      {"1:30:00", "\"1:30:00\""},
      {"2026-01-31", "\"2026-01-31\""},
      {"3.8.1", "\"3.8.1\""},
      {"0x1G", "\"0x1G\""},
      {"=", "\"=\""},
      {"<<", "\"<<\""},
      {"'5'", "\"5\""},
      {"\"true\"", "\"true\""},
      {"''", "\"\""},
      {"!!str 5", "\"5\""},
      {"! 5", "\"5\""},
      {"!!int 0x10", "16"},
      {"!!float 1.50", "1.5"},
      {"!!binary aGFsbG8=", "\"hallo\""},
      {"!!null ''", "null"}};
  for (const auto& [written, wanted] : table)
    EXPECT_EQ(outcome(format("a: {}\n", written)), format("{{\"a\":{}}}", wanted)) << written;
}

TEST(Yaml, ANumberKeepsWhatWasWritten) {
  const Node node = read_yaml("[1.10, 0777, 5, '1.10']", "f").at(0);
  EXPECT_EQ(node.items()[0].written(), "1.10");
  EXPECT_EQ(node.items()[1].raw(), "511");
  EXPECT_EQ(node.items()[1].written(), "0777");
  EXPECT_EQ(node.items()[2].written(), "5");
  EXPECT_EQ(node.items()[3].raw(), "1.10");
}

TEST(Yaml, TextsAreFoldedAndKeptAsTheFormSays) {
  EXPECT_EQ(outcome("a: |\n  one\n  two\nb: >-\n  one\n  two\nc: \"x\\ty\"\nd: 'it''s'\ne: one\n  two\n"),
            R"({"a":"one\ntwo\n","b":"one two","c":"x\ty","d":"it's","e":"one two"})");
}

TEST(Yaml, GivesOneNodeADocument) {
  EXPECT_EQ(outcome("a: 1\n---\nb: 2\n...\n--- c\n"), "{\"a\":1}\n{\"b\":2}\n\"c\"");
  EXPECT_EQ(outcome(""), "");
  EXPECT_EQ(outcome("# nothing\n"), "");
  EXPECT_EQ(outcome("---\n"), "null");
  EXPECT_EQ(outcome("a: &x 1\n---\nb: *x\n"), "3:4: the alias *x has no anchor &x before it in this document");
}

TEST(Yaml, EveryValueKnowsItsPlace) {
  const Node node = read_yaml(
                        "\xef\xbb\xbf"
                        "a: \xc3\xa4\xc3\xb6 # x\r\nbb:\r\n  - [1, {\xc3\xbc: 2}]\n",
                        "f")
                        .at(0);
  const auto place = [](const SourcePosition& where) { return format("{}:{}", where.line, where.column); };
  EXPECT_EQ(place(node.where()), "1:1");
  EXPECT_EQ(place(node.members()[1].key_where), "2:1");
  const Node& inner = node.find("bb")->items()[0];
  EXPECT_EQ(place(inner.where()), "3:5");
  EXPECT_EQ(place(inner.items()[1].members()[0].value.where()), "3:14");
}

TEST(Yaml, AliasesAreCopiesThatKeepTheirPlace) {
  const Node node = read_yaml("a: &x {k: 1}\nb: *x\nc: [*x, &x 2, *x]\n", "f").at(0);
  EXPECT_EQ(write_json(node), R"({"a":{"k":1},"b":{"k":1},"c":[{"k":1},2,2]})");
  EXPECT_EQ(node.find("b")->where().line, 1);
  EXPECT_EQ(outcome("a: &x [*x]\n"), "1:8: the alias *x stands inside what it names, which begins at 1:4");
  EXPECT_EQ(outcome("&k key: 1\nb: {*k : 2}\n"), R"({"key":1,"b":{"key":2}})");
}

TEST(Yaml, MergeKeysGiveWhatTheMapDoesNotHave) {
  EXPECT_EQ(outcome("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 0\nw:\n  b: 9\n  <<: *y\n"),
            R"({"x":{"a":1,"b":2},"y":{"b":3,"c":4},"z":{"a":0,"b":2,"c":4},"w":{"b":9,"c":4}})");
  EXPECT_EQ(outcome("a: {<<: {b: {c: 1}}, b: 2}"), R"({"a":{"b":2}})");
  EXPECT_EQ(outcome("a: {'<<': 1}"), R"({"a":{"<<":1}})");
  EXPECT_EQ(outcome("a: {<<: 1}"),
            "1:9: << takes a map or a list of maps, not a number | Write <<: *NAME, where &NAME stands at a map.");
  EXPECT_EQ(outcome("a: {<<: [{b: 1}, 2]}"), "1:18: << takes maps, not a number");
  EXPECT_EQ(outcome("a:\n  <<: {b: 1}\n  <<: {c: 1}\n").substr(0, 5), "3:3: ");
}

TEST(Yaml, KeysAreTextAndStandOnce) {
  EXPECT_EQ(outcome("a: 1\nb: 2\na: 3\n"), "3:1: the key \"a\" is here for the second time, the first is at 1:1");
  EXPECT_EQ(outcome("80: 1\n"), "1:1: a key must be text, not a number | Put it in quotes: \"80\".");
  EXPECT_EQ(outcome("true: 1\n"), "1:1: a key must be text, not true or false | Put it in quotes: \"true\".");
  EXPECT_EQ(outcome("? [a]\n: 1\n"), "1:3: a key must be text, not a list or a map");
  EXPECT_EQ(outcome("~: 1\n"), "1:1: a key must be text, not null | An empty key is written as \"\".");
  EXPECT_EQ(outcome("on: 1\n'80': 2\n"), R"({"on":1,"80":2})");
}

TEST(Yaml, TheTagsOfComposeAreMarks) {
  const Node node =
      read_yaml("a: !reset null\nb: !override [1]\nc: !reset {d: !override 5}\nd: 1\n", "f", {.marks = true}).at(0);
  EXPECT_EQ(node.find("a")->mark(), Node::Mark::reset);
  EXPECT_EQ(node.find("b")->mark(), Node::Mark::replace);
  EXPECT_EQ(node.find("c")->find("d")->mark(), Node::Mark::replace);
  EXPECT_EQ(node.find("c")->find("d")->raw(), "5");
  EXPECT_EQ(node.find("d")->mark(), Node::Mark::none);
  EXPECT_EQ(outcome("a: !overide 1"), "1:4: the tag !overide is not known here | Did you mean '!override'?");
  EXPECT_EQ(outcome("a: !reset 1", {}), "1:4: the tag !reset is not known here");
  EXPECT_EQ(outcome("a: !!set {b}"), "1:4: the tag !!set is not known here");
  EXPECT_EQ(outcome("a: !!int x"), "1:4: the value does not fit its tag !!int");
}

TEST(Yaml, WhatIsNotYamlIsRefusedWithItsPlace) {
  EXPECT_EQ(error_at("a:\n\t- 1\n"), "2:1");
  EXPECT_NE(outcome("a:\n\tb: 1\n").find("Indent with spaces"), std::string::npos);
  EXPECT_EQ(error_at("a: b: c\n"), "1:5");
  EXPECT_EQ(error_at("a: [1, 2\nb: 3\n"), "2:2");
  EXPECT_EQ(error_at("a: \"x\n"), "2:1");
  EXPECT_NE(outcome("a: @x\n").find("Put the text in quotes"), std::string::npos);
  EXPECT_EQ(error_at("\xc3\xa4: 1\nb: \xff\n"), "2:4");
  EXPECT_EQ(error_at("a: 1\nb: \x01\n"), "2:4");
}

TEST(Yaml, ReadsUtf16) {
  using namespace std::string_view_literals;
  EXPECT_EQ(outcome("\xff\xfe"
                    "a\0:\0 \0\xe4\0\n\0"sv),
            "{\"a\":\"\xc3\xa4\"}");
  EXPECT_EQ(outcome("\xfe\xff\0a\0:\0 \xd8\x3d\xde\0"sv), "{\"a\":\"\xf0\x9f\x98\x80\"}");
  EXPECT_NE(outcome("\xfe\xff\0a\0:\0 \xd8\x3d"sv).find("not valid UTF-16"), std::string::npos);
  EXPECT_NE(outcome("\xfe\xff\0a\0"sv).find("middle of a character"), std::string::npos);
}

TEST(Yaml, BombsAreRefused) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'j'; ++c) {
    const char before = static_cast<char>(c - 1);
    bomb += format("{}: &{} [*{}, *{}, *{}, *{}, *{}, *{}, *{}, *{}, *{}]\n", c, c, before, before, before, before,
                   before, before, before, before, before);
  }
  EXPECT_NE(outcome(bomb).find("make copies of more than 100000 values"), std::string::npos);
  EXPECT_NE(outcome(std::string(200, '[')).find("deeper than 100 levels"), std::string::npos);
  std::string deep = "a: &a0 [1]\n";
  for (int i = 0; i < 120; ++i) deep += format("k{}: &a{} [*a{}]\n", i, i + 1, i);
  EXPECT_NE(outcome(deep).find("deeper than 100 levels"), std::string::npos);
  EXPECT_NE(outcome("[1, 2, 3]", {.node_limit = 3}).find("more than 3 values"), std::string::npos);
  EXPECT_NE(outcome("a: 12345", {.size_limit = ByteCount{4}}).find("larger than 4 B"), std::string::npos);
}

TEST(Yaml, TakesNumbersAsKeysWhereThatIsAskedFor) {
  const auto documents = read_yaml("{80: a, 0x1f: b, 1.10: c}", "t", {.number_keys = true});
  EXPECT_EQ(write_json(documents.at(0)), R"({"80":"a","0x1f":"b","1.10":"c"})");
  EXPECT_THROW(read_yaml("{80: a, '80': b}", "t", {.number_keys = true}), ConfigError);
  EXPECT_THROW(read_yaml("{80: a}", "t"), ConfigError);
}

}  // namespace
}  // namespace belay::document
