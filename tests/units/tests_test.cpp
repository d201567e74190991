// Tests of units: they run under other names, beside what is in use, and leave nothing, however they end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "base/text.h"
#include "support/scene/scene.h"
#include "units/test_run.h"
#include "units/update.h"

namespace belay::scene {
namespace {

using formats::dockerstra::parse_address;
using formats::dockerstra::read_unit;
using formats::dockerstra::UnitTests;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using units::TestCase;
using units::TestReport;

class UnitTest : public ::testing::Test {
 protected:
  UnitTest() {
    ImageConfig config;
    config.exposed_ports = {"80/tcp"};
    config.volumes = {"/cache"};
    config.working_dir = "/src";
    engine::Behaviour server;
    server.ports[80] = {200, "My personal git repositories"};
    server.commands["make"] = {0, "all is well\n"};
    server.commands["break"] = {2, "1 test failed\n"};
    scene_.engine.add_image("cgit:1", config, server, "1");
    engine::Behaviour job;
    job.exits_after = Milliseconds(300);
    job.output = "Success at last\n";
    scene_.engine.add_image("job:1", {}, job, "1");
    job.exit_code = 3;
    job.exits_after = Milliseconds(100);
    scene_.engine.add_image("broken:1", {}, job, "1");
    write(R"(cgit:
  create: {image: "cgit:1", volumes: [/data]}
  start: {port_bindings: {80: 8080}}
  daemon:
    - GET: {url: "http://{{.Network.IPAddress}}(cgit):80", status: 200, re.match: "git rep"}
    - TCP: {url: "cgit:80"}
  tests:
    quick: {execute: make test}
    broken: {execute: break it}
view:
  create: {image: "cgit:1"}
  start: {volumes_from: cgit, links: {cgit: git}}
job:
  create: {image: "job:1"}
  job: {exit_code: 0, logs: [{re.match: Success}]}
other:
  create: {image: "job:1"}
  tests:
    apart: {execute: make, overwrites: {volumes_from: cgit}, capture_logs: true}
)",
          "- cgit: {command: start}\n- view: {command: start}\n- job: {command: start}\n");
  }

  void write(const std::string& composition, const std::string& orders, const std::string& command = "start") {
    make_folder(scene_.folder.path() / "conf/units/git");
    write_file_durably(scene_.folder.path() / "conf/units/git" / (command + ".yaml"), composition + "---\n" + orders);
  }
  formats::dockerstra::Unit unit(const std::string& address) const {
    return read_unit({scene_.folder.path() / "conf", {}, parse_address(address), {}},
                     formats::dockerstra::this_machine({}));
  }
  UnitTests tests(const std::string& variants) const {
    return tests_of(unit("git/test" + (variants.empty() ? variants : ":" + variants)), "/");
  }
  // One line a case.
  std::string run(const std::string& variants, std::stop_token stop = {}) {
    auto here = scene_.context();
    here.defaults.wait_timeout = Milliseconds(2000);
    report_ = {};
    std::vector<units::Candidate> none;
    units::run_tests(here, tests(variants), options_, report_, none, stop);
    return told(report_);
  }
  static std::string told(const TestReport& report) {
    std::string text;
    for (const TestCase& each : report.cases)
      text += format("{} {}: {}{}\n", each.container, each.name, units::to_text(each.result),
                     each.reason.empty() ? "" : ": " + each.reason);
    return text;
  }
  // All that is on the engine.
  std::string world() {
    std::string text;
    for (const auto& each : scene_.engine.containers({}, {}))
      text += format("container {} {}\n", each.name, to_text(each.state));
    for (const auto& each : scene_.engine.volumes({}, {})) text += format("volume {}\n", each.name);
    for (const auto& each : scene_.engine.networks({})) text += format("network {}\n", each.name);
    for (const auto& each : scene_.engine.images({}, {})) text += format("image {}\n", join(each.tags, " "));
    return text;
  }

  Scene scene_;
  units::TestOptions options_;
  TestReport report_;
};

TEST_F(UnitTest, EachOrderIsACaseAndNothingStays) {
  scene_.stranger("cgit", 8080);
  const std::string before = world();
  EXPECT_EQ(run(""),
            "cgit start: passed\nview start: passed\njob start: passed\n"
            "job stop: passed\nview stop: passed\ncgit stop: passed\n");
  EXPECT_EQ(world(), before);
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(UnitTest, TheFullVariantRemovesWhatItMade) {
  const std::string before = world();
  const std::string told = run("full");
  EXPECT_THAT(told, HasSubstr("cgit remove: passed\n"));
  EXPECT_THAT(told, HasSubstr("cgit remove_image: skipped: the image was not made for the test"));
  EXPECT_THAT(scene_.engine.changes(), Contains(HasSubstr("volume -belay-test-git-")));
  EXPECT_EQ(world(), before);
}

TEST_F(UnitTest, NamesVolumesNetworksAndPortsAreOthers) {
  bool was_seen = false;
  options_.on_end = [&](const TestCase& test) {
    if (test.container != "view" || test.name != "start") return;
    was_seen = true;
    for (const auto& each : scene_.engine.containers({}, {})) {
      EXPECT_THAT(each.name, HasSubstr("belay-test-git-"));
      for (const auto& mount : each.mounts) EXPECT_THAT(mount.source, HasSubstr("belay-test-git-"));
      EXPECT_THAT(each.networks, Each(HasSubstr("belay-test-git-")));
      for (const auto& port : each.ports) EXPECT_NE(port.host_port, 8080);
    }
  };
  run("");
  EXPECT_TRUE(was_seen);
}

TEST_F(UnitTest, DaemonsAndJobsAreChecked) {
  EXPECT_EQ(run("check"),
            "cgit start: passed\nview start: passed\njob start: passed\n"
            "cgit GET :80/: passed\ncgit TCP :80: passed\njob job: passed\n");
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(UnitTest, AWrongAnswerFailsAndTheRestGoesOn) {
  write(
      "cgit:\n  create: {image: 'cgit:1'}\n  daemon:\n"
      "    - GET: {url: 'http://cgit', re.match: svn, retries: 1}\n    - GET: {url: 'http://cgit', status: 404, "
      "retries: 0}\n"
      "    - TCP: {url: 'cgit:81'}\n    - HEAD: {url: 'http://cgit'}\n"
      "job:\n  create: {image: 'broken:1'}\n  job: {exit_code: 3, logs: [{re.match: Nothing}]}\n",
      "- cgit: {command: start}\n- job: {command: start}\n");
  const std::string told = run("check");
  EXPECT_THAT(told, HasSubstr("nothing in it fits 'svn'"));
  EXPECT_THAT(told, HasSubstr("answered 200, expected 404"));
  EXPECT_THAT(told, HasSubstr("cgit TCP :81: failed"));
  EXPECT_THAT(told, HasSubstr("cgit HEAD http://cgit:80/: passed"));
  EXPECT_THAT(told, HasSubstr("job start: passed\n"));
  EXPECT_THAT(told, HasSubstr("job job: failed: nothing in its log fits 'Nothing'"));
  EXPECT_TRUE(report_.has_failed());
}

TEST_F(UnitTest, WhatDoesNotComeUpEndsTheRest) {
  write("cgit:\n  create: {image: 'broken:1'}\nview:\n  create: {image: 'cgit:1'}\n",
        "- cgit: {command: start}\n- view: {command: start}\n");
  EXPECT_EQ(run(""),
            "cgit start: failed: it exited with code 3\nview start: not_run\nview stop: not_run\ncgit stop: not_run\n");
  EXPECT_THAT(report_.cases.front().log_tail, HasSubstr("Success at last"));
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(UnitTest, ATestOfItsOwnRunsInsideOrApart) {
  EXPECT_THAT(run("quick:broken"), AllOf(HasSubstr("cgit quick: passed\n"),
                                         HasSubstr("cgit broken: failed: the command ended with exit code 2\n")));
  EXPECT_THAT(report_.cases.back().log_tail, HasSubstr("1 test failed"));
  make_folder(scene_.folder.path() / "conf/environments");
  write_file_durably(scene_.folder.path() / "conf/environments/host.yaml", "db: {port: 7, password: hunter2}\n");
  options_.output = scene_.folder.path() / "kept";
  const std::string told = run("apart");
  EXPECT_THAT(told, HasSubstr("other apart: passed\n"));
  EXPECT_EQ(read_file(scene_.folder.path() / "kept/apart/other/test.log"), "Success at last\n");
  const std::string environment = read_file(scene_.folder.path() / "kept/apart/other/environment.yaml");
  EXPECT_THAT(environment, AllOf(HasSubstr("DOCKERSTRA_CONF"), HasSubstr("port: 7"), Not(HasSubstr("hunter2"))));
  const auto volumes = scene_.engine.volumes({}, {});
  ASSERT_EQ(volumes.size(), 1U);
  EXPECT_EQ(volumes.front().name, "test_data");
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(UnitTest, AStopLeavesNothingAndSaysWhatWasRun) {
  std::stop_source stopping;
  options_.on_begin = [&](const TestCase& test) {
    if (test.container == "view") stopping.request_stop();
  };
  EXPECT_THROW(run("check", stopping.get_token()), Cancelled);
  EXPECT_EQ(report_.cases.at(0).result, TestCase::Result::passed);
  EXPECT_EQ(report_.cases.at(1).result, TestCase::Result::failed);
  EXPECT_EQ(report_.cases.at(2).result, TestCase::Result::not_run);
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_THAT(world(), Not(HasSubstr("belay-test")));
}

TEST_F(UnitTest, WhatAPowerCutLeavesGoesWithTheNextRun) {
  const std::string before = world();
  for (int at = 0; at < 60; at += 7) {
    scene_.report.crash_after = at;
    bool was_cut = false;
    try {
      run("check");
    } catch (const engine::MemoryEngine::Crash&) {
      was_cut = true;
    }
    scene_.report.crash_after = {};
    scene_.reopen();
    EXPECT_THAT(run(""), Not(HasSubstr("failed"))) << at;
    EXPECT_EQ(world(), before) << at;
    if (!was_cut) break;
  }
}

TEST_F(UnitTest, AnUpdateMovesTheNameOnlyWhenItsTestsPass) {
  write_file_durably(scene_.folder.path() / "conf/Dockerfile", "FROM scratch\n");
  const std::string composition = "cgit:\n  build: {path: ., tag: 'git:latest'}\n  tests:\n    own: {execute: make}\n";
  write(composition, "- cgit: {command: start}\n");
  write(composition, "- cgit: {command: build}\n- host: {command: tests, tests: ['test:own']}\n", "update");
  const auto update = [&](const std::string& version, int code) {
    engine::Behaviour behaviour;
    behaviour.commands["make"] = {code, {}};
    scene_.engine.next_build({}, behaviour, version);
    const auto read = update_of(unit("git/update"));
    auto here = scene_.context();
    units::UpdateReport report;
    units::run_update(here, read, {tests("own")}, options_, report, {});
    return told(report.orders) + told(report.tests.at(0)) + join(report.moved, " ");
  };
  EXPECT_EQ(update("1", 0), "cgit build: passed\ncgit start: passed\ncgit own: passed\ngit:latest");
  const std::string first = scene_.engine.image("git:latest", {})->id;
  EXPECT_THAT(update("2", 1), HasSubstr("cgit own: failed: the command ended with exit code 1"));
  EXPECT_EQ(scene_.engine.image("git:latest", {})->id, first);
  EXPECT_THAT(world(), Not(HasSubstr("candidate")));
  EXPECT_THAT(update("3", 0), HasSubstr("git:latest"));
  EXPECT_NE(scene_.engine.image("git:latest", {})->id, first);
  EXPECT_THAT(world(), Not(HasSubstr("candidate")));
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(UnitTest, AnUpdateCanMakeItsImageOutOfAContainer) {
  write("cgit:\n  create: {image: 'job:1'}\n",
        "- cgit: {command: start, attach: true}\n- cgit: {command: commit, repository: cgit, tag: new}\n"
        "- cgit: {command: tag, repository: cgit, tag: kept}\n- cgit: {command: remove}\n"
        "- host: {command: execute, run: ['true']}\n",
        "update");
  const std::string before = world();
  auto here = scene_.context();
  const auto read = update_of(unit("git/update"));
  units::UpdateReport report;
  units::run_update(here, read, {}, options_, report, {});
  EXPECT_EQ(told(report.orders),
            "cgit start: passed\ncgit commit: passed\ncgit tag: passed\ncgit remove: passed\nhost execute: passed\n");
  EXPECT_THAT(report.moved, ElementsAre("cgit:new", "cgit:kept"));
  EXPECT_EQ(scene_.engine.image("cgit:kept", {})->id, scene_.engine.image("job:1", {})->id);
  EXPECT_NE(scene_.engine.image("cgit:new", {})->id, scene_.engine.image("job:1", {})->id);
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_THAT(world(), Not(HasSubstr("candidate")));
}

TEST_F(UnitTest, AnUpgradeKnowsWhatRunsAndWhoElseIsBehind) {
  scene_.run("deploy 1");
  const App app = scene_.app();
  const std::string reference = app.releases.back().spec.services.front().image;
  Declaration unit{web};
  unit.spec = app.releases.back().spec;
  unit.spec.services.front().container_name = app.releases.back().containers.at("web");
  auto here = scene_.context();
  EXPECT_THAT(units::running_services(here, unit, {}), ElementsAre("web"));
  EXPECT_THAT(units::others_with_earlier(here, AppName("git"), {reference}, {}), IsEmpty());
  scene_.engine.tag_image("cgit:1", reference, {});
  EXPECT_THAT(units::others_with_earlier(here, AppName("git"), {reference}, {}), ElementsAre("web/web"));
  EXPECT_THAT(units::others_with_earlier(here, web, {reference}, {}), IsEmpty());
  scene_.run("stop");
  EXPECT_THAT(units::running_services(here, unit, {}), IsEmpty());
  EXPECT_THAT(units::others_with_earlier(here, AppName("git"), {reference}, {}), IsEmpty());
}

TEST(UnitTestReport, IsXmlWhateverTheTextsHold) {
  TestReport report;
  report.time = Milliseconds(1234);
  TestCase passed{"cgit", "start", {}};
  passed.result = TestCase::Result::passed;
  passed.time = Milliseconds(50);
  TestCase failed{"cgit", "GET \"x\"", {}};
  failed.result = TestCase::Result::failed;
  failed.reason = "a < b & c";
  failed.log_tail = "line\x1b[0m\n\xff";
  report.cases = {passed, failed, {"cgit", "stop", {}}};
  EXPECT_EQ(units::junit_xml({{"git/test", &report}}),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
            "  <testsuite name=\"git/test\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"1.234\" "
            "timestamp=\"1970-01-01T00:00:00Z\">\n"
            "    <testcase classname=\"git.cgit\" name=\"start\" time=\"0.050\"/>\n"
            "    <testcase classname=\"git.cgit\" name=\"GET &quot;x&quot;\" time=\"0.000\">\n"
            "      <failure message=\"a &lt; b &amp; c\">line\xef\xbf\xbd[0m\n\xef\xbf\xbd</failure>\n    </testcase>\n"
            "    <testcase classname=\"git.cgit\" name=\"stop\" time=\"0.000\">\n"
            "      <skipped message=\"not run: what comes before it failed\"/>\n    </testcase>\n"
            "  </testsuite>\n</testsuites>\n");
}

}  // namespace
}  // namespace belay::scene
