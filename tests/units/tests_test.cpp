// Tests of units: they run under other names, beside what is in use, and leave nothing, however they end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/tar_writer.h"
#include "base/format.h"
#include "base/lock.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/new_release.h"
#include "change/temporary.h"
#include "formats/dockerstra/map.h"
#include "support/scene/scene.h"
#include "units/production.h"
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
  // The unit itself, in use.
  void bring_up() {
    const Declaration declared = formats::dockerstra::declaration_of(unit("git/start"), "/");
    App app(declared.name);
    app.scheme = declared.scheme;
    ReleaseDraft draft;
    draft.spec = declared.spec;
    for (const Service& service : draft.spec.services)
      draft.images[service.name] = scene_.engine.image(service.image, {})->id;
    auto here = scene_.context();
    EXPECT_EQ(start_draft(here, app, draft, {}, Containers::changed_in_place, "start", {}).kind, Change::Kind::done);
  }
  // Of somebody else, with the name that results are kept under.
  void take_test_data() { scene_.engine.create_volume({"test_data", {{"belay.app", "test"}}, {}}, {}); }

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
  EXPECT_THAT(told, Not(HasSubstr("remove_image")));
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
            "cgit GET cgit:80/: passed\ncgit TCP cgit:80: passed\njob job: passed\n");
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
  EXPECT_THAT(told, HasSubstr("cgit TCP cgit:81: failed"));
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
  write_file_durably(scene_.folder.path() / "conf/environments/host.yaml",
                     "db: {port: 7, password: hunter2}\nargs_of_others: {db-password: hunter2, db_token: [hunter2]}\n"
                     "mirrors: ['https://ada:hunter2@git.example/', plain]\nwords: [DB_PASSWORD=hunter2]\n");
  options_.output = scene_.folder.path() / "kept";
  const std::string told = run("apart");
  EXPECT_THAT(told, HasSubstr("other apart: passed\n"));
  EXPECT_EQ(read_file(scene_.folder.path() / "kept/apart/other/test.log"), "Success at last\n");
  const std::string environment = read_file(scene_.folder.path() / "kept/apart/other/environment.yaml");
  EXPECT_THAT(environment,
              AllOf(HasSubstr("DOCKERSTRA_CONF"), HasSubstr("port: 7"), HasSubstr("plain"), Not(HasSubstr("hunter2"))));
  EXPECT_EQ(fs::status(scene_.folder.path() / "kept/apart/other/environment.yaml").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  const auto volumes = scene_.engine.volumes({}, {});
  ASSERT_EQ(volumes.size(), 1U);
  EXPECT_EQ(volumes.front().name, "test_data");
  EXPECT_EQ(volumes.front().labels.at("belay.tests"), "kept");
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(UnitTest, WhatAContainerTakesFromALaterOneIsMadeBeforeIt) {
  write(
      "view:\n  create: {image: 'cgit:1'}\n  start: {volumes_from: cgit}\ncgit:\n  create: {image: 'cgit:1', volumes: "
      "[/data]}\n",
      "- view: {command: create}\n- cgit: {command: start}\n- view: {command: start}\n");
  EXPECT_THAT(run(""), HasSubstr("view create: passed\ncgit start: passed\nview start: passed\n"));
  write(
      "view:\n  create: {image: 'cgit:1'}\n  start: {volumes_from: data}\ndata:\n  create: {image: 'job:1', volumes: "
      "[/data]}\n",
      "- view: {command: start}\n- data: {command: create}\n");
  EXPECT_THAT(run(""), HasSubstr("view start: passed\ndata create: passed\n"));
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(UnitTest, RetriesCountTriesThatGetNoAnswer) {
  write(
      "cgit:\n  create: {image: 'cgit:1'}\n  daemon:\n    - TCP: {url: 'cgit:81', retries: 0}\n    - TCP: {url: "
      "'cgit:81'}\n",
      "- cgit: {command: start}\n");
  run("check");
  ASSERT_EQ(report_.cases.size(), 3U);
  EXPECT_LT(report_.cases.at(1).time, Milliseconds(1000));
  EXPECT_GE(report_.cases.at(2).time, Milliseconds(1000));
}

TEST_F(UnitTest, AUnitWithoutOrdersHasNothingToTest) {
  write("", "[]\n");
  EXPECT_THROW(run(""), ConfigError);
}

TEST_F(UnitTest, APullThatIsCutOffLeavesNothing) {
  scene_.engine.in_registry("docker.io/library/job:latest", {}, {});
  write("cgit:\n  create: {image: job}\n", "- cgit: {command: start}\n");
  const std::string before = world();
  bool was_cut = true;
  for (int at = 0; was_cut; ++at) {
    ASSERT_LT(at, 100);
    scene_.report.crash_after = at;
    was_cut = false;
    try {
      run("");
    } catch (const engine::MemoryEngine::Crash&) {
      was_cut = true;
    }
    scene_.report.crash_after = {};
    scene_.reopen();
    auto here = scene_.context();
    const FileLock lock = lock_app(here, AppName("git"), {});
    clear_temporary(here, AppName("git"), {});
    EXPECT_EQ(world(), before) << at;
  }
}

TEST_F(UnitTest, WhatIsKeptFollowsNoLinks) {
  const fs::path kept = scene_.folder.path() / "kept", other = scene_.folder.path() / "elsewhere";
  options_.output = kept;
  make_folder(kept / "apart/other");
  write_file_durably(other, "mine");
  fs::create_symlink(other, kept / "apart/other/test.log");
  EXPECT_THAT(run("apart"), HasSubstr("other apart: passed\n"));
  EXPECT_EQ(read_file(other), "mine");
  EXPECT_FALSE(fs::is_symlink(kept / "apart/other/test.log"));
  EXPECT_EQ(read_file(kept / "apart/other/test.log"), "Success at last\n");
  fs::remove_all(kept / "apart");
  fs::remove(other);
  make_folder(other);
  fs::create_directory_symlink(other, kept / "apart");
  EXPECT_THAT(run("apart"), HasSubstr("kept/apart is a link"));
  EXPECT_TRUE(fs::is_empty(other));
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(UnitTest, WhatIsKeptHasNoMoreRightsAndLeavesNoVolumes) {
  write(
      "cgit:\n  create: {image: 'cgit:1', volumes: [/data]}\n  tests:\n    quick: {execute: make, files: [/data/made], "
      "capture_logs: true}\n",
      "- cgit: {command: start}\n");
  options_.output = scene_.folder.path() / "kept";
  options_.on_begin = [&](const TestCase& test) {
    if (test.name != "quick") return;
    const auto containers = scene_.engine.containers({}, {});
    ASSERT_EQ(containers.size(), 1U);
    scene_.engine.write_archive(containers.front().name, "/data",
                                [](const Sink& sink) {
                                  archive::TarWriter writer(sink);
                                  archive::TarEntry entry;
                                  entry.kind = archive::TarEntry::Kind::folder;
                                  entry.permissions = 0700;
                                  entry.name = "made/";
                                  writer.begin(entry);
                                  entry.kind = archive::TarEntry::Kind::file;
                                  entry.permissions = 0600;
                                  entry.name = "made/key";
                                  writer.begin(entry);
                                  writer.finish();
                                },
                                {});
  };
  EXPECT_THAT(run("quick"), HasSubstr("cgit quick: passed"));
  const fs::path made = options_.output / "quick/cgit/data/made";
  EXPECT_EQ(fs::status(made).permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(made / "key").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const auto volumes = scene_.engine.volumes({}, {});
  ASSERT_EQ(volumes.size(), 1U);
  EXPECT_EQ(volumes.front().name, "test_data");
}

TEST_F(UnitTest, NothingIsWrittenIntoAVolumeThatIsNotForIt) {
  take_test_data();
  const std::string before = world();
  const auto refused = [&](const auto& work) {
    try {
      work();
    } catch (const Conflict& conflict) {
      EXPECT_EQ(conflict.code(), ErrorCode::foreign_data);
      EXPECT_THAT(conflict.hint(), HasSubstr("--output"));
      return true;
    }
    return false;
  };
  EXPECT_TRUE(refused([&] { run("apart"); }));
  EXPECT_THAT(report_.cases, IsEmpty()) << "before anything is run";
  EXPECT_FALSE(refused([&] { run("quick"); })) << "it keeps nothing";
  write("import: git/start\n", "- cgit: {command: build}\n", "update");
  EXPECT_TRUE(refused([&] {
    auto here = scene_.context();
    units::UpdateReport report;
    units::run_update(here, update_of(unit("git/update")), {tests("apart")}, options_, report, {});
  }));
  EXPECT_EQ(world(), before);
  options_.output = scene_.folder.path() / "kept";
  const size_t changes = scene_.engine.changes().size();
  EXPECT_THAT(run("apart"), HasSubstr("other apart: passed\n"));
  EXPECT_EQ(read_file(options_.output / "apart/other/test.log"), "Success at last\n");
  const auto all = scene_.engine.changes();
  for (size_t i = changes; i < all.size(); ++i) EXPECT_THAT(all[i], Not(HasSubstr("test_data")));
  EXPECT_EQ(world(), before);
}

TEST_F(UnitTest, AFieldIsThatOfTheContainerOfTheTestHoweverItIsCalled) {
  const std::string seen = (scene_.folder.path() / "seen").string();
  const auto execute = [&](const std::string& name) {
    const std::string composition =
        "db:\n  create: {image: 'cgit:1', name: shop-db}\nidle:\n  create: {image: 'cgit:1', name: shop-idle}\n";
    write(composition, "- db: {command: start}\n");
    write(
        composition,
        format("- db: {{command: start}}\n- host: {{command: execute, run: [sh, -c, \"echo '[[.Name]]({})' >{}\"]}}\n",
               name, seen),
        "update");
    auto here = scene_.context();
    units::UpdateReport report;
    units::run_update(here, update_of(unit("git/update")), {}, options_, report, {});
    return told(report.orders);
  };
  for (const std::string name : {"shop-db", "shop-idle", "mailer"}) scene_.stranger(name, {});
  for (const std::string name : {"db", "shop-db"}) {
    EXPECT_THAT(execute(name), HasSubstr("host execute: passed"));
    EXPECT_THAT(read_file(seen), HasSubstr("belay-test-git")) << name;
    fs::remove(seen);
  }
  for (const std::string name : {"idle", "shop-idle"})
    EXPECT_THAT(execute(name), HasSubstr("host execute: failed: no order of the test makes the container")) << name;
  EXPECT_FALSE(fs::exists(seen));
  EXPECT_THAT(execute("mailer"), HasSubstr("host execute: passed"));
  EXPECT_THAT(read_file(seen), HasSubstr("mailer"));
}

TEST_F(UnitTest, InProductionNobodyTakesTheContainerOfATestForTheApp) {
  scene_.engine.create_network({"front", {}, {}}, {});
  write(R"(cgit:
  create: {image: "cgit:1", volumes: [/data]}
other:
  create:
    image: "job:1"
    labels: {traefik.enable: "true"}
    networking_config: {EndpointsConfig: {front: {Aliases: [shop.example]}}}
  job: {exit_code: 0}
  tests:
    apart: {execute: make, overwrites: {volumes_from: cgit}}
)",
        "- cgit: {command: start}\n- other: {command: start}\n");
  bring_up();
  const UnitTests all = tests("apart");
  bool was_seen = false;
  scene_.report.on_step = [&](const std::string&) {
    for (const auto& each : scene_.engine.containers({}, {})) {
      if (!each.labels.contains(labels::temporary)) continue;
      was_seen = true;
      EXPECT_FALSE(each.labels.contains("traefik.enable"));
      const auto detail = scene_.engine.container(each.name, {});
      ASSERT_EQ(detail->service.networks.size(), 1U);
      EXPECT_EQ(detail->service.networks.front().network, "front");
      EXPECT_THAT(detail->service.networks.front().aliases, IsEmpty());
    }
  };
  auto here = scene_.context();
  const auto cases = units::production_cases(all, options_);
  ASSERT_EQ(cases.size(), 1U);
  TestCase result = cases.front().shown;
  units::run_production_case(here, cases.front(), options_, result, {});
  EXPECT_EQ(result.result, TestCase::Result::passed) << result.reason;
  EXPECT_TRUE(was_seen);
}

TEST_F(UnitTest, InProductionTheVolumesOfAnotherAreNotCoveredByNewOnes) {
  ImageConfig with_volume;
  with_volume.volumes = {"/data"};
  engine::Behaviour ends;
  ends.exits_after = Milliseconds(100);
  scene_.engine.add_image("store:1", with_volume, ends, "store:1");
  bool was_seen = false;
  scene_.report.on_step = [&](const std::string&) {
    EXPECT_THAT(scene_.engine.volumes(std::string(labels::temporary), {}), IsEmpty());
    for (const auto& each : scene_.engine.containers({}, {})) was_seen |= each.labels.contains(labels::temporary);
  };
  for (const std::string from : {"cgit", "cgit:ro", "cgit:rw"}) {
    write(format(R"(cgit:
  create: {{image: "cgit:1", volumes: [/data]}}
other:
  create: {{image: "store:1"}}
  job: {{exit_code: 0}}
  tests:
    apart: {{execute: make, overwrites: {{volumes_from: "{}"}}}}
)",
                 from),
          "- cgit: {command: start}\n- other: {command: start}\n");
    if (from == "cgit") bring_up();
    was_seen = false;
    auto here = scene_.context();
    const UnitTests all = tests("apart");
    const auto cases = units::production_cases(all, options_);
    ASSERT_EQ(cases.size(), 1U);
    TestCase result = cases.front().shown;
    units::run_production_case(here, cases.front(), options_, result, {});
    EXPECT_TRUE(was_seen) << from << ": " << result.reason;
  }
  scene_.report.on_step = {};
}

TEST_F(UnitTest, WhatStartsAtTheEndAloneIsThereToo) {
  write("import: git/start\n", "- other: {command: start}\n", "purge");
  const std::string before = world();
  EXPECT_THAT(run("full"), HasSubstr("other start: passed\n"));
  EXPECT_EQ(world(), before);
}

TEST_F(UnitTest, NothingStaysWhateverIsThrown) {
  const std::string before = world();
  options_.on_begin = [](const TestCase& test) {
    if (test.container == "view") throw std::out_of_range("at");
  };
  EXPECT_THROW(run(""), std::out_of_range);
  EXPECT_EQ(world(), before);
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(UnitTest, AnImageWithoutATagGoesAgain) {
  scene_.engine.in_registry("docker.io/library/job:latest", {}, {});
  write("cgit:\n  create: {image: job}\n", "- cgit: {command: start}\n");
  const std::string before = world();
  EXPECT_THAT(run(""), HasSubstr("cgit start: passed"));
  EXPECT_EQ(world(), before);
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

// In production: at whatever call the power goes off, what is in use stays, and the next run removes the container that
// the test made.
TEST_F(UnitTest, InProductionAPowerCutLeavesWhatIsInUse) {
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  const fs::path folder = scene_.folder.path() / "conf/units/web";
  make_folder(folder);
  write_file_durably(folder / "start.yaml", R"(web-r1:
  create: {image: "cgit:1", volumes: [/data]}
  daemon:
    - TCP: {url: "web-r1:80"}
  tests:
    inside: {execute: make test}
    apart: {execute: make, overwrites: {image: "job:1"}, capture_logs: true}
---
- web-r1: {command: start}
)");
  const UnitTests all =
      formats::dockerstra::tests_of(read_unit({scene_.folder.path() / "conf", {}, parse_address("web/test:apart"), {}},
                                              formats::dockerstra::this_machine({})),
                                    "/");
  const auto run_all = [&] {
    auto here = scene_.context();
    here.defaults.wait_timeout = Milliseconds(2000);
    // Each case takes the lock for itself.
    std::optional<FileLock> lock = lock_app(here, web, {});
    clear_temporary(here, web, {});
    lock.reset();
    std::string results;
    for (const auto& each : units::production_cases(all, options_)) {
      TestCase result = each.shown;
      units::run_production_case(here, each, options_, result, {});
      results += units::to_text(result.result);
    }
    return results;
  };
  std::ignore = run_all();  // the volume with what the tests kept stays
  const std::string before = world();
  int cuts = 0;
  for (bool was_cut = true; was_cut; ++cuts) {
    ASSERT_LT(cuts, 200);
    scene_.engine.crash_after(cuts);
    was_cut = false;
    try {
      std::ignore = run_all();
    } catch (const engine::MemoryEngine::Crash&) {
      was_cut = true;
    }
    scene_.engine.crash_after(std::nullopt);
    scene_.reopen();
    EXPECT_TRUE(scene_.engine.container("web-r1", {})->container.is_up()) << cuts;
    EXPECT_THAT(run_all(), Not(HasSubstr("failed"))) << cuts;
    EXPECT_EQ(world(), before) << cuts;
  }
  EXPECT_GT(cuts, 5);
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
  EXPECT_THAT(units::references_of(update_of(unit("git/update"))), ElementsAre("git:latest"));
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

TEST_F(UnitTest, AnUpdateTestsWhatItMadeHoweverTheNameIsWritten) {
  write_file_durably(scene_.folder.path() / "conf/Dockerfile", "FROM scratch\n");
  const std::string tests_and_image = "  tests:\n    own: {execute: make}\n";
  write("git:\n  build: {path: ., tag: cgit}\n  create: {image: cgit}\n", "- git: {command: build}\n", "update");
  write("cgit:\n  create: {image: 'cgit:latest'}\n" + tests_and_image, "- cgit: {command: start}\n");
  engine::Behaviour good, bad;
  good.commands["make"] = {0, {}};
  bad.commands["make"] = {1, {}};
  scene_.engine.add_image("cgit:latest", {}, good, "old");
  const std::string before = world();
  scene_.engine.next_build({}, bad, "new");
  const auto read = update_of(unit("git/update"));
  auto here = scene_.context();
  units::UpdateReport report;
  units::run_update(here, read, {tests("own")}, options_, report, {});
  EXPECT_THAT(told(report.orders), HasSubstr("git build: passed"));
  EXPECT_THAT(told(report.tests.at(0)), HasSubstr("cgit own: failed"));
  EXPECT_EQ(world(), before);
}

TEST_F(UnitTest, AnUpdateBuildsNothingFromWhatItBuildsItself) {
  make_folder(scene_.folder.path() / "conf/base");
  write_file_durably(scene_.folder.path() / "conf/base/Dockerfile", "FROM scratch\n");
  const std::string composition =
      "base:\n  build: {path: base, tag: 'git-base:latest'}\ncgit:\n  build: {path: ., tag: cgit}\n";
  write(composition, "- base: {command: build}\n- cgit: {command: build}\n", "update");
  for (const char* dockerfile :
       {"FROM scratch AS base\nFROM base\nFROM --platform=linux/amd64 git-base AS other\n", "FROM\tgit-base\n",
        "from \\\n  git-base:latest\n", "ARG BASE=git-base\nFROM ${BASE}\n",
        "FROM scratch\nCOPY --from=git-base /bin /bin\n"}) {
    write_file_durably(scene_.folder.path() / "conf/Dockerfile", dockerfile);
    auto here = scene_.context();
    units::UpdateReport report;
    try {
      units::run_update(here, update_of(unit("git/update")), {}, options_, report, {});
      FAIL() << dockerfile;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr("the image of cgit is built from git-base:latest")) << dockerfile;
    }
  }
}

TEST_F(UnitTest, AnUpdateWhoseNewImageIsGoneTestsNothing) {
  write("cgit:\n  create: {image: 'job:1'}\n", "- cgit: {command: tag, repository: cgit, tag: kept}\n", "update");
  write("cgit:\n  create: {image: 'cgit:1'}\n", "- cgit: {command: start}\n");
  options_.on_end = [&](const TestCase&) {
    for (const auto& image : scene_.engine.images({}, {}))
      for (const auto& tag : image.tags)
        if (tag.find(":candidate-") != std::string::npos) scene_.engine.remove_image(tag, {});
  };
  const auto read = update_of(unit("git/update"));
  auto here = scene_.context();
  units::UpdateReport report;
  EXPECT_THROW(units::run_update(here, read, {tests("")}, options_, report, {}), NotFound);
  EXPECT_THAT(report.tests, IsEmpty());
  EXPECT_THAT(report.moved, IsEmpty());
}

TEST_F(UnitTest, OneUpdateOfAUnitAtATime) {
  write("cgit:\n  create: {image: 'job:1'}\n", "- cgit: {command: tag, repository: cgit, tag: kept}\n", "update");
  const auto read = update_of(unit("git/update"));
  auto here = scene_.context();
  here.wait_for_lock = false;
  bool was_refused = false;
  options_.on_end = [&](const TestCase&) {
    units::UpdateReport second;
    try {
      units::run_update(here, read, {}, {}, second, {});
    } catch (const LockHeld&) {
      was_refused = true;
    }
  };
  units::UpdateReport report;
  units::run_update(here, read, {}, options_, report, {});
  EXPECT_TRUE(was_refused);
  EXPECT_THAT(report.moved, ElementsAre("cgit:kept"));
}

TEST_F(UnitTest, AnUpdateMovesAllNamesOrNone) {
  scene_.engine.tag_image("cgit:1", "cgit:kept", {});
  write("cgit:\n  create: {image: 'job:1'}\n",
        "- cgit: {command: tag, repository: cgit, tag: '1'}\n- cgit: {command: tag, repository: cgit, tag: new}\n"
        "- cgit: {command: tag, repository: cgit, tag: last}\n",
        "update");
  const auto read = update_of(unit("git/update"));
  auto here = scene_.context();
  const std::string first = scene_.engine.image("cgit:1", {})->id, job = scene_.engine.image("job:1", {})->id;
  for (int at = 0; at < 200; ++at) {
    units::UpdateReport report;
    scene_.engine.fail_after(at, EngineError(500, "the disk is full"));
    bool has_thrown = false;
    try {
      units::run_update(here, read, {}, options_, report, {});
    } catch (const Error&) {
      has_thrown = true;
    }
    scene_.engine.fail_after({}, EngineError(500, {}));
    const bool has_moved = scene_.engine.image("cgit:1", {})->id == job;
    EXPECT_EQ(scene_.engine.image("cgit:new", {}).has_value(), has_moved) << at;
    EXPECT_EQ(scene_.engine.image("cgit:last", {}).has_value(), has_moved) << at;
    EXPECT_EQ(report.moved.size(), has_moved ? 3U : 0U) << at;
    if (has_moved) {
      EXPECT_THAT(scene_.store->journal("git", 5).front().text, HasSubstr("cgit:new (before: none)"));
      if (!has_thrown) break;
      scene_.engine.tag_image(first, "cgit:1", {});
      scene_.engine.remove_image("cgit:new", {});
      scene_.engine.remove_image("cgit:last", {});
    }
    ASSERT_LT(at, 199);
  }
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
  const auto others = units::others_with_earlier(here, AppName("git"), {reference}, {});
  ASSERT_EQ(others.size(), 1U);
  EXPECT_EQ(others.front().name, "web/web");
  EXPECT_EQ(others.front().command, "belay build web");
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
