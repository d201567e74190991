// Templates: what they make, and what is said about those that are wrong. The expected texts of cases/ are those that
// Jinja 3.1 makes of the same files.

#include "template/template.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/format.h"
#include "document/yaml.h"

namespace belay::templates {
namespace {

document::Node values() {
  const fs::path file = fs::path(TEST_DATA) / "values.yaml";
  return document::read_yaml(read_file(file), "values.yaml").at(0);
}

std::string made(std::string_view text, const Options& options = {}) {
  return render(text, "t", values(), options).text();
}

// What is wrong, and its hint after a "|".
std::string trouble(std::string_view text, const Options& options = {}) {
  try {
    return "made: " + made(text, options);
  } catch (const ConfigError& error) {
    return error.what() + (error.hint().empty() ? std::string() : " | " + error.hint());
  }
}

class Cases : public testing::TestWithParam<std::string> {};

TEST_P(Cases, MakeWhatJinjaMakes) {
  const fs::path input = fs::path(TEST_DATA) / "cases" / (GetParam() + ".txt");
  const fs::path expected = fs::path(input).replace_extension(".expected");
  const std::string text = made(read_file(input));
  if (std::getenv("ACCEPT") != nullptr) write_file_durably(expected, text);
  EXPECT_EQ(read_file_if_present(expected).value_or("(no such file: run with ACCEPT=1)"), text);
}

INSTANTIATE_TEST_SUITE_P(Templates, Cases, testing::Values("expressions", "filters", "layout", "statements"));

TEST(Templates, WriteJsonWithoutEscapesForHtml) {
  EXPECT_EQ(made("{{ env | tojson }} {{ \"it's <b>\" | tojson }}"), R"({"LOG_LEVEL":"info","WORKERS":4} "it's <b>")");
  EXPECT_EQ(made("{{ [1] | tojson(indent=2) }}"), "[\n  1\n]");
}

TEST(Templates, LeaveTheOtherLanguageOfUnitFilesAlone) {
  EXPECT_EQ(made("a {{.Network.IPAddress}}(cgit) {{ name }}", {.keeps_dotted = true}),
            "a {{.Network.IPAddress}}(cgit) shop");
  EXPECT_EQ(trouble("a {{.Network.IPAddress}}(cgit)"), "t:1:5: a value was expected, not '.'");
}

struct Wrong {
  std::string text, trouble;
};

class Mistakes : public testing::TestWithParam<Wrong> {};

TEST_P(Mistakes, AreSaidWithTheirPlace) {
  EXPECT_EQ(trouble(GetParam().text), GetParam().trouble);
}

INSTANTIATE_TEST_SUITE_P(
    Templates, Mistakes,
    testing::Values(
        Wrong{"x\n  {{ prot }}", "t:2:6: 'prot' is not defined | Did you mean 'port'?"},
        Wrong{"{{ env.LOG_LEVL }}", "t:1:7: 'LOG_LEVL' is not defined | Did you mean 'LOG_LEVEL'?"},
        Wrong{"{{ nosuch.a | default(1) }}", "t:1:4: 'nosuch' is not defined"},
        Wrong{"{% if nosuch %}{% endif %}", "t:1:7: 'nosuch' is not defined"},
        Wrong{"{{ name.first }}", "t:1:8: text has no 'first'"},
        Wrong{"{{ hosts[9] }}", "t:1:9: there is no element 9 of 3"},
        Wrong{"{{ [] | first }}", "t:1:9: there is no first element: it is empty"},
        Wrong{"a {{ name", "t:1:3: '{{' is never closed | It ends with '}}'."},
        Wrong{"a {% if on", "t:1:3: '{%' is never closed | It ends with '%}'."},
        Wrong{"a {# b", "t:1:3: the comment is never closed | A comment ends with '#}'."},
        Wrong{"{{ 'a }}", "t:1:4: the quote is never closed"},
        Wrong{"a\n{% if on %}b", "t:2:4: 'if' is never closed | It ends with '{% endif %}'."},
        Wrong{"{% for a in hosts %}", "t:1:4: 'for' is never closed | It ends with '{% endfor %}'."},
        Wrong{"{% raw %}", "t:1:1: 'raw' is never closed | It ends with '{% endraw %}'."},
        Wrong{"{% endif %}", "t:1:4: 'endif' closes or continues nothing that is open"},
        Wrong{"{% fro a in b %}", "t:1:4: the statement 'fro' is not known here | Did you mean 'for'?"},
        Wrong{"{% macro m() %}",
              "t:1:4: the statement 'macro' is not known here | Known statements: if, for, set, raw."},
        Wrong{"{% %}", "t:1:4: the statement is empty"}, Wrong{"{{ }}", "t:1:4: a value is missing here"},
        Wrong{"{{ 1 2 }}", "t:1:6: the end was expected, not '2'"},
        Wrong{"{{ (1 }}", "t:1:7: ',' or ')' is missing here"},
        Wrong{"{{ name | uper }}", "t:1:11: the filter 'uper' is not known here | Did you mean 'upper'?"},
        Wrong{"{{ name | replace('a') }}", "t:1:11: 'replace' takes what is replaced, and by what"},
        Wrong{"{{ name | indent(widht=3) }}", "t:1:11: 'indent' has no argument 'widht' | Did you mean 'width'?"},
        Wrong{"{{ name | lower(1) }}", "t:1:11: 'lower' takes at most 0 arguments, not 1"},
        Wrong{"{{ name is strin }}", "t:1:12: the test 'strin' is not known here | Did you mean 'string'?"},
        Wrong{"{{ cycler(1) }}", "t:1:4: the function 'cycler' is not known here | Known functions: range."},
        Wrong{"{{ name.title() }}",
              "t:1:8: text has no method 'title' here | Known ones: endswith, lower, replace, split, startswith, "
              "strip, upper."},
        Wrong{"{{ 'a' + 1 }}",
              "t:1:8: '+' does not go with text and a number | '~' joins values of all kinds as text."},
        Wrong{"{{ 1 < 'a' }}", "t:1:6: '<' does not go with a number and text"},
        Wrong{"{{ 1 / 0 }}", "t:1:6: a division by zero"},
        Wrong{"{{ 9223372036854775807 + 1 }}", "t:1:24: the number is too large"},
        Wrong{"{{ 1 < 2 < 3 }}", "t:1:10: two comparisons in a row | Join them with 'and'."},
        Wrong{"{{ hosts[1:2] }}", "t:1:11: parts of lists by [a:b] are not known here | Use a loop with 'if'."},
        Wrong{"{{ 2 ** 3 }}", "t:1:6: '**' is not known here | Write the number, or multiply."},
        Wrong{"{{ name ? 1 }}", "t:1:9: '?' has no place in an expression"},
        Wrong{"{% for a, b in hosts %}{% endfor %}", "t:1:4: there are 2 names, and 3 values for them"},
        Wrong{"{% for a in port %}{% endfor %}", "t:1:13: a number has no elements"},
        Wrong{"{{ 'x' if off }}", "t:1:8: the condition is false, and there is no 'else' | Write 'A if B else C'."},
        Wrong{"{% set a.b = 1 %}", "t:1:9: only whole names get values, no parts of others"}));

// A template that would never end, or fill the memory, is refused soon.
TEST(Templates, AreBoundInTimeAndSize) {
  std::string terms = "{{ 1", blocks, lists = "{{ ", grown;
  for (int i = 0; i < 5000; ++i) terms += " + 1";
  for (int i = 0; i < 200; ++i) blocks += "{% if on %}";
  for (int i = 0; i < 5000; ++i) lists += "[";
  for (int i = 0; i < 20'000; ++i) grown += "{% set x = [x | default(1)] %}";
  const std::vector<std::string> endless{
      "{% for a in range(99999999) %}{% endfor %}",
      "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% "
      "endfor %}",
      "{% set x = 'aaaaaaaaaaaaaaaa' %}{% for a in range(99) %}{% set y = x * 99999999 %}{% endfor %}",
      "{{ 'a' * 9223372036854775807 }}",
      "{% set x = 'a' * 100000 %}{% for a in range(99999) %}{{ x }}{% endfor %}",
      "{% set x = 'a' * 100000 %}{% for a in range(99999) %}{% if 'b' in x %}{% endif %}{% endfor %}",
      "{% set x = 'a' * 100000 %}{{ x | replace('a', x) }}",
      "{% set x = range(20000) %}{% for a in x %}{% if a in x %}{% endif %}{% endfor %}",
      "{% set x = range(20000) | list %}{% for a in x %}{% set y = x + x %}{% endfor %}",
      "{{ ('\n' * 100000) | indent(1000, true, true) }}",
      "{{ range(30000) | unique }}",
      "{{ range(60000) | tojson(indent=40) }}",
      terms + " }}",
      blocks,
      lists,
      grown,
      std::string(3 << 20, 'x'),
      "{{ " + std::string(900'000, '-') + "1 }}",
      "{{ " + std::string(300'000, '(') + " }}",
  };
  for (const auto& text : endless) {
    const std::clock_t begin = std::clock();
    EXPECT_THROW(made(text), ConfigError) << text.substr(0, 90);
    // A tenth of it without sanitizers and with optimisation.
    EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 4.0) << text.substr(0, 90);
  }
}

// With a search that begins anew at each place, each of these would take ten thousand million steps.
TEST(Templates, SearchTextOnce) {
  const std::string given = "{% set x = 'a' * 200000 %}{% set y = 'a' * 100000 ~ 'b' %}";
  EXPECT_EQ(made(given + "{{ x | trim(y) }}"), "");
  EXPECT_EQ(made(given + "{{ x | trim('b' * 100000 ~ 'c') | length }}"), "200000");
  EXPECT_EQ(made(given + "{{ x | replace(y, '') | length }}"), "200000");
  EXPECT_EQ(made(given + "{{ x.split(y) | length }}"), "1");
  EXPECT_EQ(made(given + "{{ y in x }} {{ y in x ~ y }}"), "False True");
}

TEST(Templates, FindWhatOverlapsItself) {
  EXPECT_EQ(made("{{ 'aabaabaac' | replace('aabaac', 'X') }} {{ 'aaaaa' | replace('aa', 'b') }}"), "aabX bba");
  EXPECT_EQ(made("{{ 'aaXaXXaX'.split('aX') | join(',') }} {{ '' in 'a' }} {{ 'ab' in 'aab' }} {{ 'abb' in 'ab' }}"),
            "a,,X, True True False");
  EXPECT_EQ(made("{{ '  a b ' | trim }}|{{ 'xaxbx' | trim('x') }}|{{ '' | trim }}|{{ 'ää' | trim('ä') }}"),
            "a b|axb||");
}

TEST(Templates, KnowWhereEachPieceOfTheirTextCameFrom) {
  const Rendered rendered =
      render("a: {{ name }}\n{% for host in hosts %}\n{{ host }}: [\n{%- endfor %}", "t", values());
  EXPECT_EQ(rendered.text(), "a: shop\n\nweb: [\ndb: [\nCache: [");
  EXPECT_EQ(rendered.origin(1, 1).text(), "t:1:1");
  EXPECT_EQ(rendered.origin(1, 6).text(), "t:1:7");   // within the value
  EXPECT_EQ(rendered.origin(4, 1).text(), "t:3:4");   // the value of host
  EXPECT_EQ(rendered.origin(4, 5).text(), "t:3:13");  // the bracket
}

TEST(Templates, GiveWhatReadsThemTheirOwnPlaces) {
  const Rendered rendered = render("{% if on %}\na: 1\n{% endif %}b: {{ name }}\n", "t", values());
  auto documents = rendered.reading([&] { return document::read_yaml(rendered.text(), "t"); });
  ASSERT_EQ(documents.size(), 1u);
  rendered.put_origins(documents[0]);
  EXPECT_EQ(documents[0].members()[1].key_where.text(), "t:3:12");
  EXPECT_EQ(documents[0].find("b")->where().text(), "t:3:18");
  const Rendered wrong = render("{% if on %}\n{% endif %}\na: [", "t", values());
  try {
    wrong.reading([&] { return document::read_yaml(wrong.text(), "t"); });
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.where().line, 3);
    EXPECT_TRUE(std::string(error.what()).starts_with("t:3:")) << error.what();
  }
}

}  // namespace
}  // namespace belay::templates
