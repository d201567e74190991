#include "units/test_case.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"

namespace belay::units {

namespace {

// What XML cannot hold is replaced.
std::string xml_text(std::string_view text) {
  constexpr std::string_view unknown = "\xef\xbf\xbd";
  std::string result;
  while (!text.empty()) {
    const auto character = first_character(text);
    const size_t bytes = character ? character->bytes : 1;
    const char32_t code = character ? character->code : 0;
    const bool is_valid = code >= 0x20 ? code < 0xd800 || (code > 0xdfff && code != 0xfffe && code != 0xffff)
                                       : code == '\n' || code == '\t';
    if (!is_valid)
      result += unknown;
    else if (code == '&')
      result += "&amp;";
    else if (code == '<')
      result += "&lt;";
    else if (code == '>')
      result += "&gt;";
    else if (code == '"')
      result += "&quot;";
    else
      result += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  return result;
}

std::string seconds(Milliseconds time) {
  return format("{}.{:03}", time.count() / 1000, time.count() % 1000);
}

std::string case_xml(const std::string& unit, const TestCase& test) {
  const std::string head = format("    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
                                  xml_text(unit + "." + test.container), xml_text(test.name), seconds(test.time));
  switch (test.result) {
    case TestCase::Result::passed:
      break;
    case TestCase::Result::failed:
      return format("{}>\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n", head, xml_text(test.reason),
                    xml_text(test.log_tail));
    case TestCase::Result::skipped:
    case TestCase::Result::not_run:
      return format("{}>\n      <skipped message=\"{}\"/>\n    </testcase>\n", head,
                    xml_text(test.reason.empty() ? "not run: what comes before it failed" : test.reason));
  }
  return head + "/>\n";
}

std::string suite_xml(const std::string& name, const TestReport& report) {
  const auto count = [&](TestCase::Result result) {
    return std::count_if(report.cases.begin(), report.cases.end(),
                         [&](const TestCase& each) { return each.result == result; });
  };
  std::string text = format(
      "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{}\" "
      "timestamp=\"{}\">\n",
      xml_text(name), report.cases.size(), count(TestCase::Result::failed),
      count(TestCase::Result::skipped) + count(TestCase::Result::not_run), seconds(report.time),
      iso_time(std::chrono::floor<Seconds>(report.began)));
  for (const TestCase& each : report.cases) text += case_xml(name.substr(0, name.find('/')), each);
  return text + "  </testsuite>\n";
}

}  // namespace

bool TestReport::has_failed() const {
  return std::any_of(cases.begin(), cases.end(), [](const TestCase& each) {
    return each.result == TestCase::Result::failed || each.result == TestCase::Result::not_run;
  });
}

std::string_view to_text(TestCase::Result result) {
  switch (result) {
    case TestCase::Result::not_run:
      return "not_run";
    case TestCase::Result::passed:
      return "passed";
    case TestCase::Result::failed:
      return "failed";
    case TestCase::Result::skipped:
      return "skipped";
  }
  return "";
}

std::string junit_xml(const std::vector<TestSuite>& suites) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const TestSuite& suite : suites) text += suite_xml(suite.name, *suite.report);
  return text + "</testsuites>\n";
}

}  // namespace belay::units
