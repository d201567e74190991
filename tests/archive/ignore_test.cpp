#include "archive/ignore.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace belay::archive {
namespace {

struct PatternCase {
  std::string pattern, path;
  bool matches;
};

TEST(PathPattern, FollowsTheRulesOfFilepathMatchWithDoubleStars) {
  const std::vector<PatternCase> cases = {
      {"a", "a", true},
      {"a", "ab", false},
      {"a", "b/a", false},
      {"*", "anything", true},
      {"*", "a/b", false},
      {"*.md", "README.md", true},
      {"*.md", ".md", true},
      {"*.md", "docs/README.md", false},
      {"*/*.md", "docs/README.md", true},
      {"*/temp*", "somedir/temporary.txt", true},
      {"*/temp*", "temporary.txt", false},
      {"*/*/temp*", "somedir/subdir/temporary.txt", true},
      {"temp?", "tempa", true},
      {"temp?", "temp", false},
      {"temp?", "temp/", false},
      {"temp?", "tempé", true},
      {"a*b*c", "axxbyyc", true},
      {"a*b*c", "axxb/yyc", false},
      {"[a-c]x", "bx", true},
      {"[a-c]x", "dx", false},
      {"[^a-c]x", "dx", true},
      {"[^a-c]x", "/x", false},
      {"[!a]x", "!x", true},
      {"[ä-ü]x", "öx", true},
      {"[\\]]", "]", true},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"a.b", "axb", false},
      {"a+(b)", "a+(b)", true},
      {"**", "a", true},
      {"**", "a/b/c", true},
      {"**/a", "a", true},
      {"**/a", "x/a", true},
      {"**/a", "x/y/a", true},
      {"**/a", "xa", false},
      {"**/*.go", "main.go", true},
      {"**/*.go", "cmd/tool/main.go", true},
      {"**/*.go", "cmd/tool/main.c", false},
      {"a/**", "a", false},
      {"a/**", "a/b/c", true},
      {"a/**/b", "a/b", true},
      {"a/**/b", "a/x/y/b", true},
      {"a/**/b", "a/xb", false},
      {"**/x/**", "x/1", true},
      {"**/x/**", "a/b/x/c/d", true},
      {"**/x/**", "a/b/x", false},
      {"a**b", "ab", true},
      {"a**b", "ax/b", true},
      {"a**b", "axb", false},
      {"\xff?", "\xff\xfe", true},
  };
  for (const auto& c : cases)
    EXPECT_EQ(PathPattern(c.pattern).matches(c.path), c.matches) << c.pattern << " on " << c.path;
}

TEST(PathPattern, TakesBoundedTimeOnStarsWithoutEnd) {
  std::string pattern, path;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  for (int i = 0; i < 200; ++i) path += "a";
  EXPECT_FALSE(PathPattern(pattern + "b").matches(path));
  EXPECT_TRUE(PathPattern(pattern).matches(path));
}

TEST(PathPattern, RefusesWhatGoRefuses) {
  for (const std::string pattern : {"[", "[a", "[]", "[]a]", "[-a]", "[a-]", "[a", "[\\", "a\\"})
    EXPECT_THROW(PathPattern{pattern}, Error) << pattern;
}

TEST(PathPattern, TellsWhetherSomethingBelowAFolderCouldMatch) {
  const std::vector<PatternCase> cases = {
      {"a/b/c", "a", true},     {"a/b/c", "a/b", true},   {"a/b/c", "a/b/c", false}, {"a/b/c", "x", false},
      {"*.md", "docs", false},  {"*/*.md", "docs", true}, {"**/*.md", "a/b", true},  {"a/**", "a/b", true},
      {"a*/c", "abc", true},    {"a*/c", "bcd", false},   {"a**/c", "abc", true},    {"a", "a", false},
      {"docs/*", "docs", true}, {"docs/*", "doc", false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(PathPattern(c.pattern).could_match_below(c.path), c.matches) << c.pattern << " below " << c.path;
}

struct RulesCase {
  std::string text;
  std::vector<std::string> excluded, included;
};

TEST(IgnoreRules, ReadLinesAsDockerDoes) {
  const std::vector<RulesCase> cases = {
      // The manual's own examples.
      {"# comment\n*/temp*\n*/*/temp*\ntemp?\n",
       {"somedir/temporary.txt", "somedir/temp", "somedir/subdir/temporary.txt", "tempa", "tempb/inside"},
       {"temp", "temporary.txt", "a/b/c/temp"}},
      {"*.md\n!README.md\n", {"a.md"}, {"README.md", "docs/a.md"}},
      {"*.md\n!README*.md\nREADME-secret.md\n", {"README-secret.md", "x.md"}, {"README-public.md"}},
      {"*.md\nREADME-secret.md\n!README*.md\n", {"x.md"}, {"README-secret.md", "README.md"}},
      // The last line that matches decides.
      {"!a\na\n", {"a"}, {}},
      {"a\n!a\n", {}, {"a"}},
      // A folder's line holds for all below it, and so does an exception.
      {"node_modules\n", {"node_modules", "node_modules/x/y.js"}, {"sub/node_modules"}},
      {"**/node_modules\n", {"node_modules/x", "sub/node_modules/x"}, {"node_modules2"}},
      {"*\n!src\n", {"a", "b/c"}, {"src", "src/main.c", "src/a/b.c"}},
      {"*\n!src\nsrc/secret\n", {"src/secret", "src/secret/key"}, {"src/main.c"}},
      {"*\n!**/*.go\n", {"a.c", "cmd/a.c"}, {"a.go", "cmd/a.go", "cmd/tool/a.go"}},
      {"a/b\n!a\n", {}, {"a/b", "a/b/c"}},
      // Slashes, dots and spaces around.
      {"/foo\n", {"foo", "foo/x"}, {"sub/foo"}},
      {"foo/\n", {"foo", "foo/x"}, {}},
      {"./foo//bar/../baz\n", {"foo/baz"}, {"foo/bar"}},
      {"  foo  \n\t\n", {"foo"}, {"  foo  "}},
      {"*\n! keep \n!/also\n", {"x"}, {"keep", "also"}},
      {"foo\r\nbar\r\n", {"foo", "bar"}, {}},
      {"foo", {"foo"}, {}},
      {"\xef\xbb\xbf"
       "foo\n",
       {"foo"},
       {}},
      {" #foo\n#bar\n", {"#foo"}, {"#bar", "bar"}},
      {"../x\n/\n.\n", {}, {"x", "a/b"}},
      {"", {}, {"a"}},
  };
  for (const auto& c : cases) {
    const IgnoreRules rules = IgnoreRules::parse(c.text, ".dockerignore");
    for (const auto& path : c.excluded) EXPECT_TRUE(rules.excludes(path)) << path << " with\n" << c.text;
    for (const auto& path : c.included) EXPECT_FALSE(rules.excludes(path)) << path << " with\n" << c.text;
  }
}

TEST(IgnoreRules, NameTheLineOfABadPattern) {
  for (const std::string text : {"a\n\n[b\n", "a\nb\n!\n", "# x\n\n! \n"}) {
    try {
      IgnoreRules::parse(text, "web/.dockerignore");
      ADD_FAILURE() << text;
    } catch (const ConfigError& error) {
      EXPECT_EQ(error.where(), (SourcePosition{"web/.dockerignore", 3, 1})) << error.what();
    }
  }
}

TEST(IgnoreRules, AlwaysIncludeTakesTheNameLiterally) {
  IgnoreRules rules = IgnoreRules::parse("*\n", ".dockerignore");
  rules.always_include("docker[1]/Dockerfile*");
  EXPECT_FALSE(rules.excludes("docker[1]/Dockerfile*"));
  EXPECT_TRUE(rules.excludes("docker1/Dockerfile"));
  EXPECT_TRUE(rules.may_include_below("docker[1]"));
  EXPECT_FALSE(rules.may_include_below("docker1"));
}

}  // namespace
}  // namespace belay::archive
