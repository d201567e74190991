#include "cli/unit_tests.h"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include "base/format.h"
#include "base/plural.h"
#include "base/text.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/unit_production.h"
#include "formats/dockerstra/tests.h"
#include "report/units_json.h"
#include "units/update.h"

namespace belay::cli {

namespace {

namespace dockerstra = formats::dockerstra;
using dockerstra::Unit;
using dockerstra::UnitTests;
using units::TestCase;
using units::TestReport;

struct Tested {
  dockerstra::Address address;
  const TestReport* report;
};

std::string name_of(const TestCase& test) {
  return format("{}: {}", test.container, test.name);
}

units::TestOptions options_for(Session& session, const UnitCall& call) {
  units::TestOptions options;
  options.timeout = call.timeout;
  options.output = call.output;
  options.folder = fs::current_path();
  // Where events are objects there are no lines between them.
  if (session.console.settings().json_events) return options;
  options.on_end = [&console = session.console](const TestCase& test) {
    const Style style = test.result == TestCase::Result::passed   ? Style::good
                        : test.result == TestCase::Result::failed ? Style::bad
                                                                  : Style::dim;
    const std::string more = test.reason.empty() ? format(" ({})", duration_text(test.time)) : ": " + test.reason;
    console.diagnostic(style, units::to_text(test.result), format("  {}{}", name_of(test), more));
  };
  return options;
}

void print_cases(Console& console, const TestReport& report, bool dry_run) {
  Table table({{"CONTAINER"}, {"CASE"}, {"RESULT"}, {"TIME", Align::right}});
  for (const TestCase& each : report.cases) {
    const bool has_run = each.result != TestCase::Result::not_run;
    const Style style = each.result == TestCase::Result::passed   ? Style::good
                        : each.result == TestCase::Result::failed ? Style::bad
                                                                  : Style::dim;
    table.add({each.container,
               each.name,
               {has_run   ? std::string(units::to_text(each.result))
                : dry_run ? "planned"
                          : "not run",
                style},
               has_run ? duration_text(each.time) : "–"});
  }
  console.print(table);
  for (const TestCase& each : report.cases) {
    if (each.result != TestCase::Result::failed || each.log_tail.empty()) continue;
    console.diagnostic(format("last lines of {}:", name_of(each)));
    for (const auto& line : split(trim(each.log_tail), '\n')) console.diagnostic("  " + line);
  }
}

// Before anything is run: what came of an hour's tests should not be lost for a folder that is not there.
void check_junit(const UnitCall& call) {
  if (!call.junit || call.dry_run) return;
  const fs::path folder = call.junit->has_parent_path() ? call.junit->parent_path() : ".";
  const std::string what = format("--junit {}", printable(call.junit->string()));
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw NotFound(ErrorCode::file_not_found, format("{}: there is no folder {}", what, printable(folder.string())));
  if (fs::is_directory(*call.junit, error)) throw UsageError(format("{}: that is a folder", what), "Say a file.");
  if (::access(folder.c_str(), W_OK | X_OK) != 0) throw system_error(what, errno);
}

// The same for the folder of kept files; it is made where it is missing.
void check_output(const UnitCall& call) {
  if (call.output.empty() || call.dry_run) return;
  const std::string what = format("--output {}", printable(call.output.string()));
  fs::path folder = call.output;
  std::error_code error;
  while (!fs::exists(fs::symlink_status(folder, error)) && folder.has_relative_path()) folder = folder.parent_path();
  if (!fs::is_directory(folder, error))
    throw UsageError(format("{}: {} is no folder", what, printable(folder.string())), "Say a folder.");
  if (::access(folder.c_str(), W_OK | X_OK) != 0) throw system_error(what, errno);
}

void write_junit(const UnitCall& call, const std::vector<Tested>& all) {
  if (!call.junit || call.dry_run) return;
  std::vector<units::TestSuite> suites;
  for (const Tested& each : all) suites.push_back({each.address.text(), each.report});
  doing("writing the report of the tests", [&] { write_file_durably(*call.junit, units::junit_xml(suites)); });
}

// Beside what ends the run, which matters more.
void try_to_write_junit(Session& session, const UnitCall& call, const std::vector<Tested>& all) {
  try {
    write_junit(call, all);
  } catch (const Error& trouble) {
    session.console.warning(trouble.what());
  }
}

// What came of the first, and of the tests that follow it: for people or for programs.
void print_all(Session& session, const UnitCall& call, const std::vector<Tested>& all,
               const std::vector<std::string>& moved) {
  if (!call.json) {
    for (const Tested& each : all) {
      if (all.size() > 1) session.console.line(each.address.text() + ":");
      print_cases(session.console, *each.report, call.dry_run);
    }
    return;
  }
  Node node = tests_json(all.front().address, *all.front().report, call.dry_run);
  Node tests = Node::list();
  bool has_failed = false;
  for (size_t i = 1; i < all.size(); ++i) {
    tests.add(tests_json(all[i].address, *all[i].report, call.dry_run));
    has_failed = has_failed || all[i].report->has_failed();
  }
  if (has_failed) node.set("passed", Node::boolean(false));
  node.set("tests", std::move(tests));
  node.set("images", texts(moved));
  print_record(session.console, node);
}

int failed(Session& session, const dockerstra::Address& address, const TestReport& report, const std::string& hint) {
  const auto count = std::count_if(report.cases.begin(), report.cases.end(),
                                   [](const TestCase& each) { return each.result == TestCase::Result::failed; });
  session.console.error(Error(ErrorCode::trial_failed,
                              format("{} of {} of {} failed", count,
                                     counted(static_cast<std::int64_t>(report.cases.size()), "case"), address.text()),
                              hint));
  return 1;
}

UnitTests read_tests(const UnitCall& call, const dockerstra::TestLine& line) {
  dockerstra::Request request = call.request;
  request.address = line.address;
  request.words = line.words;
  const Unit unit = doing(line.where.text(), [&] { return dockerstra::read_unit(request, unit_outside()); });
  if (!is_test(unit))
    throw ConfigError(line.where, format("{} is a file of its own, {}", unit.address.text(), unit.file.string()),
                      "Only tests that follow from start run under other names.");
  return dockerstra::tests_of(unit, fs::current_path());
}

int failed_update(Session& session, const Unit& unit, const std::vector<UnitTests>& tests,
                  const units::UpdateReport& report) {
  if (report.orders.has_failed()) return failed(session, unit.address, report.orders, "Every image kept its name.");
  for (size_t i = 0; i < report.tests.size(); ++i)
    if (report.tests[i].has_failed())
      return failed(session, tests[i].unit.address, report.tests[i], "Every image kept its name.");
  return 0;
}

constexpr const char* untouched = "What is in use was not touched.";

}  // namespace

bool is_test(const Unit& unit) {
  return unit.is_derived && unit.address.command == "test";
}

bool is_update(const Unit& unit) {
  return unit.address.command == "update";
}

int run_unit_tests(Session& session, const UnitCall& call, const Unit& unit) {
  const UnitTests tests = dockerstra::tests_of(unit, fs::current_path());
  const units::TestOptions options = options_for(session, call);
  check_junit(call);
  check_output(call);
  std::optional<ProductionRun> production;
  if (call.production) production.emplace(session, call, tests, options);
  HostRun run(session, call.command);
  TestReport report;
  const std::vector<Tested> all{{unit.address, &report}};
  const auto print = [&] {
    run.report().close();
    print_all(session, call, all, {});
  };
  if (call.dry_run) {
    report.cases = production ? production->cases() : units::test_cases(run.context(), tests, options);
    print();
    return 0;
  }
  units::check_place_of_kept(run.context(), tests, options, session.stop());
  std::vector<units::Candidate> none;
  try {
    if (production)
      production->run(report, session.stop());
    else
      units::run_tests(run.context(), tests, options, report, none, session.stop());
  } catch (...) {
    // Without cases it has not begun.
    if (!report.cases.empty()) {
      print();
      try_to_write_junit(session, call, all);
    }
    throw;
  }
  print();
  const int code = report.has_failed() ? failed(session, unit.address, report, production ? "" : untouched) : 0;
  write_junit(call, all);
  return code;
}

int run_unit_update(Session& session, const UnitCall& call, const Unit& unit) {
  const dockerstra::UnitUpdate update = dockerstra::update_of(unit);
  if (update.tests.empty())
    session.console.warning(
        format("{} has no order tests: the names move as soon as its orders have passed", unit.address.text()));
  std::vector<UnitTests> tests;
  for (const auto& line : update.tests) tests.push_back(read_tests(call, line));
  const units::TestOptions options = options_for(session, call);
  check_junit(call);
  check_output(call);
  HostRun run(session, call.command);
  units::UpdateReport report;
  const auto tested = [&] {
    std::vector<Tested> all{{unit.address, &report.orders}};
    for (size_t i = 0; i < report.tests.size(); ++i) all.push_back({tests[i].unit.address, &report.tests[i]});
    return all;
  };
  const auto print = [&] {
    run.report().close();
    print_all(session, call, tested(), report.moved);
  };
  const auto tell_moved = [&] {
    for (const auto& reference : report.moved) session.console.success(format("{} is the new image", reference));
  };
  if (call.dry_run) {
    units::TestOptions own = options;
    own.is_update = true;
    report.orders.cases = units::test_cases(run.context(), update.work, own);
    // What the update makes is not built again.
    units::TestOptions with_new = options;
    for (const auto& reference : units::references_of(update)) with_new.images[reference] = reference;
    for (const UnitTests& test : tests)
      report.tests.push_back({units::test_cases(run.context(), test, with_new), {}, {}});
    print();
    return 0;
  }
  try {
    units::run_update(run.context(), update, tests, options, report, session.stop());
  } catch (...) {
    if (!report.orders.cases.empty()) {
      print();
      tell_moved();
      try_to_write_junit(session, call, tested());
    }
    throw;
  }
  print();
  tell_moved();
  const int code = failed_update(session, unit, tests, report);
  write_junit(call, tested());
  return code;
}

OrderOutcome run_listed_tests(Session& session, const UnitCall& call, const Unit& unit, const dockerstra::Order& order,
                              const std::stop_token& stop) {
  std::vector<UnitTests> tests;
  for (const auto& line : dockerstra::test_lines_of(unit, order)) tests.push_back(read_tests(call, line));
  const units::TestOptions options = options_for(session, call);
  HostRun run(session, call.command);
  for (const UnitTests& test : tests) {
    if (call.dry_run) {
      if (!call.json) session.console.line(format("run the tests {}", test.unit.address.text()));
      continue;
    }
    TestReport report;
    std::vector<units::Candidate> none;
    units::run_tests(run.context(), test, options, report, none, stop);
    run.report().close();
    if (!call.json) print_cases(session.console, report, false);
    if (report.has_failed())
      throw Error(ErrorCode::trial_failed, format("{} failed", test.unit.address.text()), untouched);
  }
  return {false, !call.dry_run};
}

}  // namespace belay::cli
