// tests/formats/dockerstra/NAME.txt: "$ UNIT/COMMAND:VARIANT words", one line a reading, then the files of the
// configuration directory, each after a line "@@ path". All lies in /conf. What is expected: the unit as it is printed,
// and what its containers are in Belay's terms; or the mistake.

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "document/yaml.h"
#include "formats/dockerstra/keywords.h"
#include "formats/dockerstra/map.h"
#include "formats/dockerstra/order_values.h"
#include "formats/dockerstra/tests.h"
#include "formats/dockerstra/unit.h"
#include "golden.h"

namespace belay::formats::dockerstra {
namespace {

// A configuration directory in memory.
struct Files {
  std::map<fs::path, std::string> files;

  Outside outside() const {
    Outside outside;
    outside.folder = "/home/ada";
    outside.home = "/home/ada";
    outside.environment = {{"USER", "ada"}};
    outside.uid = "1000";
    outside.gid = "1001";
    outside.read = [this](const fs::path& path) -> std::optional<std::string> {
      const auto found = files.find(path);
      return found == files.end() ? std::nullopt : std::optional(found->second);
    };
    outside.names = [this](const fs::path& folder) -> std::optional<std::vector<std::string>> {
      std::set<std::string> names;
      for (const auto& [path, text] : files) {
        const std::string inner = path.lexically_relative(folder).string();
        if (inner.starts_with("..") || inner == ".") continue;
        const size_t slash = inner.find('/');
        names.insert(slash == std::string::npos ? inner : inner.substr(0, slash + 1));
      }
      if (names.empty()) return std::nullopt;
      return std::vector<std::string>(names.begin(), names.end());
    };
    return outside;
  }
};

struct Case {
  std::vector<std::string> lines;
  Files files;
};

Case read_case(const std::string& text) {
  Case test;
  fs::path file;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with("$ "))
      test.lines.push_back(line.substr(2));
    else if (line.starts_with("@@ "))
      test.files.files[file = (fs::path("/conf") / line.substr(3)).lexically_normal()];
    else if (!file.empty())
      test.files.files[file] += line + "\n";
  }
  for (auto& [path, content] : test.files.files)
    while (content.ends_with("\n\n")) content.pop_back();
  return test;
}

Request request_of(const std::string& line) {
  Request request;
  request.configuration = "/conf";
  std::vector<std::string> words = shell_words(line);
  while (words.size() > 1 && words[0] == "-e") {
    request.environments.push_back(words[1]);
    words.erase(words.begin(), words.begin() + 2);
  }
  request.address = parse_address(words.at(0));
  request.words.assign(words.begin() + 1, words.end());
  return request;
}

std::string build_lines(const ImageBuild& build) {
  std::string text = format("  build: {} from {}\n", build.folder.string(), build.dockerfile.string());
  for (const auto& [name, value] : build.arguments) text += format("  build argument: {}={}\n", name, value);
  if (build.no_cache) text += "  build: without cache\n";
  if (build.pull) text += "  build: looks for a newer base image\n";
  return text;
}

std::string test_lines(const UnitTests& tests) {
  std::string text;
  const auto list = [](const auto& words) { return join(std::vector<std::string>(words.begin(), words.end()), " "); };
  for (const Order& order : tests.opening) text += format("opening: {} {}\n", order.command, order.container);
  for (const Order& order : tests.closing) text += format("closing: {} {}\n", order.command, order.container);
  for (const JobCheck& job : tests.jobs)
    text += format("job {}: exit code {}, log: {}\n", job.container, job.exit_code, list(job.patterns));
  for (const DaemonCheck& each : tests.daemons)
    text += format("daemon {}: asks {}{}: {}\n", each.container, each.asked,
                   each.host.empty() ? "" : " as " + each.host, to_text(each.check));
  if (!tests.looking.empty()) text += format("asked from {}\n", tests.looking);
  for (const OwnTest& test : tests.own) {
    std::vector<std::string> given;
    for (const Mount& mount : test.given) given.push_back(mount.source);
    text += format("test {} of {} in {}{}: {} (given: {}; files: {}{})\n", test.name, test.container, test.place,
                   test.may_run_inside ? " or inside" : "", list(test.command), list(given), list(test.files),
                   test.captures_logs ? "; logs" : "");
  }
  for (const Service& service : map_unit(tests.unit, "/home/ada").spec.services)
    text += format("{}:\n{}", service.name, field_lines(service));
  return text;
}

std::string shown(const std::string& line, const Files& files) {
  std::string text = format("$ {}\n", line);
  try {
    const Unit unit = read_unit(request_of(line), files.outside());
    text += to_text(unit);
    if (unit.is_derived && unit.address.command == "test") text += test_lines(tests_of(unit, "/home/ada"));
    if (unit.address.command == "update") {
      const UnitUpdate update = update_of(unit);
      text += test_lines(update.work);
      for (const TestLine& each : update.tests)
        text += format("then: {} {}\n", each.address.text(), join(each.words, " "));
      return text;
    }
    if (unit.is_derived) return text;
    const Mapped mapped = map_unit(unit, "/home/ada");
    for (const Service& service : mapped.spec.services) {
      text += format("{}:\n{}", service.name, field_lines(service));
      if (const auto build = mapped.builds.find(service.name); build != mapped.builds.end())
        text += build_lines(build->second);
    }
    for (const auto& path : mapped.watched) text += format("watched: {}\n", path.string());
  } catch (const Error& error) {
    text += error_lines(error);
  }
  return text;
}

class DockerstraFiles : public testing::TestWithParam<fs::path> {};

TEST_P(DockerstraFiles, AreReadAsExpected) {
  const Case test = read_case(read_file(GetParam()));
  std::string text;
  for (const auto& line : test.lines) text += shown(line, test.files);
  expect_golden(GetParam(), text);
}

INSTANTIATE_TEST_SUITE_P(Dockerstra, DockerstraFiles, testing::ValuesIn(inputs("dockerstra", ".txt")),
                         [](const auto& each) { return each.param.stem().string(); });

// What is printed is read again as the same unit.
TEST(Dockerstra, PrintsWhatItReads) {
  for (const auto& path : inputs("dockerstra", ".txt")) {
    const Case test = read_case(read_file(path));
    for (const auto& line : test.lines) {
      try {
        const Unit unit = read_unit(request_of(line), test.files.outside());
        Files again;
        again.files["/conf/units/again.yaml"] = to_text(unit);
        Unit other = read_unit({"/conf", {}, parse_address("again"), {}}, again.outside());
        const std::string first = to_text(unit), second = to_text(other);
        EXPECT_EQ(first.substr(first.find('\n')), second.substr(second.find('\n'))) << path << ": " << line;
      } catch (const Error&) {
      }
    }
  }
}

// Each file imports the next one twice.
TEST(Dockerstra, ReadsAFileOnceHoweverManyImportIt) {
  Files files;
  constexpr int depth = 40;
  for (int i = 0; i < depth; ++i)
    files.files[format("/conf/units/u{}.yaml", i)] =
        i + 1 == depth ? "it:\n  create: {image: i}\n---\n- it: {command: start}\n"
                       : format(
                             "import: [u{0}/start, u{0}/start]\nit: {{create: {{labels: [l{1}]}}}}\n---\n"
                             "- it: {{command: start}}\n",
                             i + 1, i);
  Outside outside = files.outside();
  std::map<fs::path, int> reads;
  outside.read = [&, read = outside.read](const fs::path& path) {
    if (++reads[path] > 10) throw std::runtime_error("too often: " + path.string());
    return read(path);
  };
  const Unit unit = read_unit({"/conf", {}, parse_address("u0"), {}}, outside);
  ASSERT_EQ(unit.containers.size(), 1U);
  EXPECT_EQ(image_of_order(unit, unit.orders.at(0)), "i");
  files.files[format("/conf/units/u{}.yaml", depth - 1)] = "import: [u3/start]\n---\n[]\n";
  reads.clear();
  try {
    std::ignore = read_unit({"/conf", {}, parse_address("u0"), {}}, outside);
    ADD_FAILURE() << "a circle";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("in a circle: u0/start → u1/start"), std::string::npos) << error.what();
  }
}

// The table of docs/formats/dockerstra.md says what keywords.cpp says.
// Each in few steps, and before anything is made of it.
TEST(Dockerstra, WhatIsFarTooMuchIsRefused) {
  const std::string unit = "web: {create: {image: one}}\n---\n- web: {command: start}\n";
  const auto list = [](const std::string& name, int count) {
    std::string text = name + ": [";
    for (int i = 0; i < count; ++i) text += "1,";
    return text + "1]\n";
  };
  const auto outcome = [](std::map<fs::path, std::string> files) -> std::string {
    const Files there{std::move(files)};
    try {
      std::ignore = read_unit(request_of("shop"), there.outside());
      return "read";
    } catch (const Error& error) {
      return error.what();
    }
  };
  const fs::path file = "/conf/units/shop.yaml", one = "/conf/environments/1.yaml", two = "/conf/environments/2.yaml";
  EXPECT_EQ(outcome({{file, unit}, {one, list("a", 30'000)}}), "read");
  EXPECT_EQ(outcome({{file, unit}, {one, list("a", 30'000)}, {two, list("b", 30'000)}}),
            "/conf/environments/2.yaml:1:1: the environment files have more than 50000 values");
  EXPECT_EQ(outcome({{file, unit}, {one, list("a", 60'000)}}).substr(0, 27), "/conf/environments/1.yaml:1");
  EXPECT_NE(outcome({{file, list("web", 60'000)}}).find("more than 50000 values"), std::string::npos);
  // An alias is as many values as what it stands for.
  std::string bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 0; i < 9; ++i)
    bomb += format("a{}: &a{} [*a{}, *a{}, *a{}, *a{}, *a{}, *a{}]\n", i + 1, i + 1, i, i, i, i, i, i);
  EXPECT_NE(outcome({{file, bomb}}).find("more than 50000 values"), std::string::npos);
  EXPECT_NE(outcome({{file, "web: " + std::string(100'000, '[')}}).find("deeper than 100"), std::string::npos);
  EXPECT_NE(outcome({{file, "{% for a in range(100000000) %}{% endfor %}" + unit}}).find("too much work"),
            std::string::npos);
}

TEST(Dockerstra, KeywordsAreInTheTableOfTheDocument) {
  const std::vector<std::string> lines =
      split(read_file(fs::path(TEST_DATA) / "../../docs/formats/dockerstra.md"), '\n');
  for (const Keyword& keyword : keywords()) {
    const char* place = keyword.step == Step::build ? "build" : keyword.step == Step::creation ? "creation" : "startup";
    const char* what = keyword.treatment == Treatment::mapped   ? ""
                       : keyword.treatment == Treatment::silent ? "no effect: "
                                                                : "refused: ";
    const std::string row = format("| `{}` | {} | {}{} |", keyword.name, place, what, keyword.text);
    EXPECT_TRUE(std::find(lines.begin(), lines.end(), row) != lines.end()) << row;
  }
  const auto rows = std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("| `") &&
           (line.find("` | build |") != std::string::npos || line.find("` | creation |") != std::string::npos ||
            line.find("` | startup |") != std::string::npos);
  });
  EXPECT_EQ(static_cast<size_t>(rows), keywords().size());
}

// Values for every keyword that has an effect: none is dropped without a word.
const std::map<std::string, std::string>& sample_values() {
  static const std::map<std::string, std::string> values{
      {"command", "[run, it]"},
      {"entrypoint", "/entry one"},
      {"hostname", "h"},
      {"domainname", "d"},
      {"user", "7"},
      {"stdin_open", "true"},
      {"tty", "true"},
      {"ports", "[80, '81/udp', [82, udp]]"},
      {"environment", "{A: 1}"},
      {"volumes", "[/data]"},
      {"network_disabled", "true"},
      {"name", "other"},
      {"cpuset", "'0'"},
      {"working_dir", "/w"},
      {"mac_address", "'92:d0:c6:0a:29:33'"},
      {"labels", "[a, b]"},
      {"volume_driver", "local"},
      {"stop_signal", "HUP"},
      {"host_config", "{privileged: true}"},
      {"networking_config", "{EndpointsConfig: {net1: {Aliases: [x], IPAMConfig: {IPv4Address: 10.0.0.5}}}}"},
      {"binds", "{/srv: {bind: /srv, ro: true}}"},
      {"port_bindings", "{80: 8080, '81/udp': [127.0.0.1, 81], 82: null, 83: [[127.0.0.1], 84]}"},
      {"publish_all_ports", "true"},
      {"links", "{other: alias}"},
      {"privileged", "true"},
      {"dns", "[10.0.0.1]"},
      {"dns_search", "[example.org]"},
      {"dns_opt", "[ndots:1]"},
      {"volumes_from", "other:ro"},
      {"network_mode", "host"},
      {"restart_policy", "{Name: on-failure, MaximumRetryCount: 3}"},
      {"cap_add", "[NET_ADMIN]"},
      {"cap_drop", "[CHOWN]"},
      {"devices", "['/dev/null:/dev/zero2:rw']"},
      {"extra_hosts", "{db: 10.0.0.9}"},
      {"read_only", "true"},
      {"pid_mode", "host"},
      {"ipc_mode", "host"},
      {"userns_mode", "host"},
      {"security_opt", "[no-new-privileges]"},
      {"ulimits", "[{name: nofile, soft: 10, hard: 20}]"},
      {"log_config", "{type: json-file, config: {max-size: 1m}}"},
      {"mem_limit", "64m"},
      {"memswap_limit", "-1"},
      {"mem_reservation", "32m"},
      {"kernel_memory", "64m"},
      {"mem_swappiness", "10"},
      {"cgroup_parent", "/x"},
      {"group_add", "[audio]"},
      {"cpu_quota", "5000"},
      {"cpu_period", "10000"},
      {"cpu_shares", "10"},
      {"cpuset_cpus", "'0'"},
      {"blkio_weight", "300"},
      {"blkio_weight_device", "[{Path: /dev/sda, Weight: 200}]"},
      {"device_read_bps", "[{Path: /dev/sda, Rate: 1m}]"},
      {"device_write_bps", "[{Path: /dev/sda, Rate: 1m}]"},
      {"device_read_iops", "[{Path: /dev/sda, Rate: 10}]"},
      {"device_write_iops", "[{Path: /dev/sda, Rate: 10}]"},
      {"oom_kill_disable", "true"},
      {"oom_score_adj", "5"},
      {"shm_size", "32m"},
      {"sysctls", "{net.core.somaxconn: 5}"},
      {"tmpfs", "{/run: size=1m}"},
      {"pids_limit", "10"},
  };
  return values;
}

Service service_with(const std::string& step, const std::string& keyword, const std::string& value) {
  Files files;
  files.files["/conf/units/u.yaml"] =
      format("it:\n  create: {{image: i{}}}\n  start: {{{}}}\n---\n- it: {{command: start}}\n",
             step == "creation" ? format(", {}: {}", keyword, value) : "",
             step == "startup" ? format("{}: {}", keyword, value) : "");
  return map_unit(read_unit({"/conf", {}, parse_address("u"), {}}, files.outside()), "/").spec.services.at(0);
}

TEST(Dockerstra, EveryKeywordOfAContainerHasItsEffect) {
  const Service plain = service_with("", "", "");
  for (const Keyword& keyword : keywords()) {
    const std::string name(keyword.name);
    if (keyword.step == Step::build || name == "image") continue;
    const char* place = keyword.step == Step::creation ? "creation" : "startup";
    if (keyword.treatment == Treatment::refused) {
      EXPECT_THROW(service_with(place, name, "1"), ConfigError) << name;
    } else if (keyword.treatment == Treatment::silent) {
      EXPECT_EQ(service_with(place, name, "true"), plain) << name;
    } else {
      ASSERT_TRUE(sample_values().contains(name)) << "no value for " << name;
      EXPECT_NE(service_with(place, name, sample_values().at(name)), plain) << name;
      if (keyword.step == Step::startup) {
        EXPECT_EQ(service_with("creation", name, sample_values().at(name)),
                  service_with("startup", name, sample_values().at(name)))
            << name;
      }
    }
  }
}

// ---- what orders say ----

Unit unit_with(const std::string& order) {
  Files files;
  files.files["/conf/units/u.yaml"] =
      format("it:\n  create: {{image: 'registry:5000/team/it:1'}}\n---\n- it: {}\n", order);
  return read_unit({"/conf", {}, parse_address("u"), {}}, files.outside());
}
std::string reference_with(const std::string& order) {
  const Unit unit = unit_with(order);
  return reference_of(unit, unit.orders.at(0));
}
Execution execution_with(const std::string& arguments) {
  const Unit unit = unit_with("{command: execute, " + arguments + "}");
  return execution_of(unit, unit.orders.at(0), "/home/ada");
}

TEST(UnitOrders, AReferenceIsThatOfTheImageButForWhatIsSaid) {
  EXPECT_EQ(reference_with("{command: push}"), "registry:5000/team/it:1");
  EXPECT_EQ(reference_with("{command: tag, tag: v2}"), "registry:5000/team/it:v2");
  EXPECT_EQ(reference_with("{command: tag, repository: other}"), "other:latest");
  EXPECT_EQ(reference_with("{command: commit, repository: 'r:5000/x', tag: 2}"), "r:5000/x:2");
  EXPECT_THROW(reference_with("{command: tag}"), ConfigError);
  EXPECT_THROW(reference_with("{command: tag, repository: 'other:1'}"), ConfigError);
  EXPECT_THROW(reference_with("{command: tag, tag: 'no tag'}"), ConfigError);
}

TEST(UnitOrders, ACommandIsWordsOrALineForTheShell) {
  const std::vector<std::string> words{"make", "all it"}, line{"sh", "-c", "make all > log"};
  EXPECT_EQ(execution_with("run: [make, all it]").command, words);
  EXPECT_EQ(execution_with("run: make 'all it'").command, words);
  EXPECT_EQ(execution_with("run: make all > log, shell: true").command, line);
  EXPECT_EQ(execution_with("run: [make, all, '>', log], shell: true").command, line);
  EXPECT_EQ(execution_with("run: ls").place, Execution::Place::file_system);
  EXPECT_EQ(execution_with("run: ls, type: in_running").place, Execution::Place::in_running);
  EXPECT_EQ(execution_with("run: ls, binds: {'${PWD}': {bind: /w, ro: true}}").binds.at(0).source, "/home/ada");
  EXPECT_THROW(execution_with("shell: true"), ConfigError);
  EXPECT_THROW(execution_with("run: []"), ConfigError);
  EXPECT_THROW(execution_with("run: ls, type: running"), ConfigError);
  EXPECT_THROW(execution_with("run: ls, type: in_running, binds: {/a: /a}"), ConfigError);
}

TEST(UnitOrders, AnArchiveHasItsPlaceAndItsName) {
  const auto archive = [](const std::string& order) { return archive_of(unit_with(order).orders.at(0), "/home/ada"); };
  EXPECT_EQ(archive("{command: backup}").folder, "/home/ada/");
  EXPECT_EQ(archive("{command: backup}").file, "");
  const ArchiveOrder named = archive("{command: backup, backup_dir: /srv, backup_name: it-1, source: /data/}");
  EXPECT_EQ(named.folder, "/srv");
  EXPECT_EQ(named.file, "it-1.tar.gz");
  EXPECT_EQ(named.source, "/data");
  EXPECT_EQ(archive("{command: restore, restore_dir: kept, restore_name: it}").folder, "/home/ada/kept");
  EXPECT_THROW(archive("{command: restore}"), ConfigError);
  EXPECT_THROW(archive("{command: backup, backup_name: a/b}"), ConfigError);
  EXPECT_THROW(archive("{command: backup, source: data}"), ConfigError);
}

TEST(UnitOrders, TimesAreSecondsOrText) {
  const auto wait = [](const std::string& text) {
    return wait_of(unit_with("{command: start, wait: " + text + "}").orders.at(0)).count();
  };
  EXPECT_EQ(wait("2"), 2000);
  EXPECT_EQ(wait("1.5"), 1500);
  EXPECT_EQ(wait("0.0625"), 62);
  EXPECT_EQ(wait("1m30s"), 90'000);
  EXPECT_EQ(wait("null"), 0);
  EXPECT_THROW(wait("soon"), ConfigError);
  EXPECT_EQ(patience_of(unit_with("{command: stop, timeout: 3}").orders.at(0)), Seconds(3));
  EXPECT_EQ(patience_of(unit_with("{command: stop}").orders.at(0)), std::nullopt);
}

TEST(UnitOrders, ConfOfCommitIsLinesOfADockerfile) {
  const auto changes = [](const std::string& conf) {
    const Unit unit = unit_with("{command: commit, changes: ['LABEL last=1'], conf: " + conf + "}");
    return join(commit_of(unit, unit.orders.front()).changes, "\n");
  };
  EXPECT_EQ(changes("{}"), "LABEL last=1");
  EXPECT_EQ(changes("{Cmd: [run, 'a b'], Entrypoint: sh -c, Env: ['A=x $y \\z', 'B='], Labels: {k: 'say \"it\"'}}"),
            "CMD [\"run\",\"a b\"]\nENTRYPOINT [\"sh\",\"-c\"]\nENV A=\"x \\$y \\\\z\"\nENV B=\"\"\n"
            "LABEL \"k\"=\"say \\\"it\\\"\"\nLABEL last=1");
  EXPECT_EQ(changes("{ExposedPorts: {80/tcp: {}}, Volumes: [/a b], WorkingDir: /w, User: 7, OnBuild: "
                    "[RUN it], Tty: null}"),
            "EXPOSE 80/tcp\nVOLUME [\"/a b\"]\nWORKDIR /w\nUSER 7\nONBUILD RUN it\nLABEL last=1");
  EXPECT_THROW(changes("{Hostname: h}"), ConfigError);
  EXPECT_EQ(changes("{StopSignal: SIGINT}"), "STOPSIGNAL SIGINT\nLABEL last=1");
  EXPECT_THROW(changes("{cmd: [a]}"), ConfigError);
  EXPECT_THROW(changes("{User: \"a\\nRUN evil\"}"), ConfigError);
  EXPECT_THROW(changes("{Env: [A]}"), ConfigError);
}

TEST(UnitOrders, RemovalsAndFilesSayHow) {
  const auto read = [](const std::string& order) { return unit_with(order); };
  const Unit links = read("{command: remove, link: true}");
  EXPECT_TRUE(removes_links(links.orders.front()));
  EXPECT_THROW(removes_links(read("{command: remove, link: true, v: true}").orders.front()), ConfigError);
  EXPECT_EQ(patience_of(read("{command: remove, force: true, timeout: 9}").orders.front()), Seconds(0));
  const ImageRemovalOrder image = image_removal_of(read("{command: remove_image, noprune: true}").orders.front());
  EXPECT_TRUE(image.noprune && !image.force);
  const Unit unit = read("{command: render, template: a.in, file: /srv/a, check: nginx -t, signal: HUP}");
  const RenderOrder render = render_of(unit, unit.orders.front());
  EXPECT_EQ(render.source, "/conf/a.in");
  EXPECT_EQ(render.file, "/srv/a");
  EXPECT_EQ(render.check, (std::vector<std::string>{"nginx", "-t"}));
  const Unit both = read("{command: render, template: a.in, file: a, signal: HUP, restart: true}");
  EXPECT_THROW(render_of(both, both.orders.front()), ConfigError);
  const Unit none = read("{command: render, file: a}");
  EXPECT_THROW(render_of(none, none.orders.front()), ConfigError);
}

// One line a case: arguments, words, then what comes of them; the messages are those of Python's argparse.
struct ArgumentCase {
  std::string arguments, words, outcome;
};

class UnitArguments : public testing::TestWithParam<ArgumentCase> {};

TEST_P(UnitArguments, AreReadAsArgparseDoes) {
  std::string outcome;
  try {
    const auto list = document::read_yaml(GetParam().arguments, "start.yaml").at(0);
    outcome = document::write_json(Arguments::parse(list).values(shell_words(GetParam().words)));
  } catch (const Error& error) {
    outcome = error.what() + (error.hint().empty() ? std::string() : " | " + error.hint());
  }
  EXPECT_EQ(outcome, GetParam().outcome) << GetParam().arguments << " with " << GetParam().words;
}

const std::string language =
    "- add_argument: {name: '--language', short: '-l', choices: [python, node], default: python, help: h}\n"
    "- add_argument: {name: command, choices: [initialize, exec], default: initialize, nargs: '?'}\n"
    "- add_argument: {name: args, nargs: argparse.REMAINDER}\n";
const std::string numbers =
    "- add_argument: {name: '--count', type: int, default: '3'}\n- add_argument: {name: '--ratio', type: float}\n"
    "- add_argument: {name: '--size', type: int, choices: [1, 2]}\n- add_argument: {name: '--pair', nargs: 2}\n"
    "- add_argument: {name: '--some', nargs: '+'}\n- add_argument: {name: '--may', nargs: '?', const: c, default: d}\n";
const std::string flags =
    "- add_argument: {name: '-v', action: count, default: 0}\n- add_argument: {name: '--on', action: store_true}\n"
    "- add_argument: {name: '--no-cache', action: store_false, dest: cache}\n"
    "- add_argument: {name: '--add', action: append}\n- add_argument: {name: '--must', required: true}\n";

INSTANTIATE_TEST_SUITE_P(
    Dockerstra, UnitArguments,
    testing::Values(
        ArgumentCase{language, "", R"({"language":"python","command":"initialize","args":[]})"},
        ArgumentCase{language, "-l node exec ls -l", R"({"language":"node","command":"exec","args":["ls","-l"]})"},
        ArgumentCase{language, "-lnode", R"({"language":"node","command":"initialize","args":[]})"},
        ArgumentCase{language, "--lang=node", R"({"language":"node","command":"initialize","args":[]})"},
        ArgumentCase{language, "-l ruby",
                     "argument --language/-l: invalid choice: 'ruby' (choose from 'python', 'node')"},
        ArgumentCase{language, "-l", "argument --language/-l: expected one argument"},
        ArgumentCase{language, "run", "argument command: invalid choice: 'run' (choose from 'initialize', 'exec')"},
        ArgumentCase{language, "--langage node", "unrecognized arguments: --langage | Did you mean '--language'?"},
        ArgumentCase{numbers, "--count 7 --ratio 1.5 --size 2 --pair a b --some x y --may",
                     R"({"count":7,"ratio":1.5,"size":2,"pair":["a","b"],"some":["x","y"],"may":"c"})"},
        ArgumentCase{numbers, "", R"({"count":3,"ratio":null,"size":null,"pair":null,"some":null,"may":"d"})"},
        ArgumentCase{numbers, "--count x", "argument --count: invalid int value: 'x'"},
        ArgumentCase{numbers, "--ratio x", "argument --ratio: invalid float value: 'x'"},
        ArgumentCase{numbers, "--size 3", "argument --size: invalid choice: 3 (choose from 1, 2)"},
        ArgumentCase{numbers, "--pair a", "argument --pair: expected 2 arguments"},
        ArgumentCase{numbers, "--some", "argument --some: expected at least one argument"},
        ArgumentCase{numbers, "x", "unrecognized arguments: x"},
        ArgumentCase{
            language, "--yes-lose-data shop",
            "unrecognized arguments: --yes-lose-data | What stands behind the unit is the unit's own. Options of "
            "belay unit go before it."},
        ArgumentCase{flags, "--must 1 -vv -v --on --no-cache --add a --add b",
                     R"({"v":3,"on":true,"cache":false,"add":["a","b"],"must":"1"})"},
        ArgumentCase{flags, "--must 1", R"({"v":0,"on":false,"cache":true,"add":null,"must":"1"})"},
        ArgumentCase{flags, "", "the following arguments are required: --must"},
        ArgumentCase{flags, "--on=1", "argument --on: ignored explicit argument '1'"},
        ArgumentCase{"- add_argument: {name: a}\n- add_argument: {name: b, nargs: '*'}\n", "",
                     "the following arguments are required: a"},
        ArgumentCase{"- add_argument: {name: a, nargs: '+'}\n- add_argument: {name: b}\n", "1 2 3",
                     R"({"a":["1","2"],"b":"3"})"},
        ArgumentCase{"- add_argument: {name: x, action: stare}\n", "",
                     "start.yaml:1:35: the action 'stare' is not known here | Did you mean 'store'?"},
        ArgumentCase{"- add_argument: {nam: x}\n", "",
                     R"(start.yaml:1:18: unknown key "nam" in add_argument | Did you mean 'name'?)"}));

}  // namespace
}  // namespace belay::formats::dockerstra
