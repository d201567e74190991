#pragma once
// What came of the tests of a unit, case by case.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/errors.h"

namespace belay::units {

struct TestCase {
  enum class Result {
    not_run,  // yet, or because what it needs failed
    passed,
    failed,
    skipped,  // it cannot be done under a pseudonym
  };
  std::string container;  // of the composition; "host"
  std::string name;       // "start", "GET http://cgit:80/", "pytests"
  SourcePosition where;
  Result result = Result::not_run;
  std::string reason{};    // why it failed, or was skipped; for people
  std::string log_tail{};  // of its container, or of its command
  Milliseconds time{0};
};

struct TestReport {
  std::vector<TestCase> cases;
  Time began{};
  Milliseconds time{0};
  bool has_failed() const;  // a case did, or was not run
};

// One word that stays: "passed", "failed", "skipped", "not_run".
std::string_view to_text(TestCase::Result result);
// A report, and what it is called: "cgit/test:check".
struct TestSuite {
  std::string name;
  const TestReport* report = nullptr;
};
// As test suites in the form of JUnit, which build servers read. Whatever bytes the texts have, it is XML.
std::string junit_xml(const std::vector<TestSuite>& suites);

}  // namespace belay::units
