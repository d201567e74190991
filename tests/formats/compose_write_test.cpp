// Apps of every door as Compose files: what is read from such a file is the same again. What is not is in
// compose_write/leftovers.expected, with the sentence that a user gets for it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "base/text.h"
#include "document/yaml.h"
#include "document/yaml_write.h"
#include "formats/compose/declaration.h"
#include "formats/compose/write.h"
#include "formats/declared_host.h"
#include "formats/docker_run.h"
#include "formats/dockerstra/map.h"
#include "formats/dockervisor.h"
#include "formats/jockler.h"
#include "golden.h"

namespace belay::formats::compose {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Outside file_alone(const std::string& text, const std::string& variables = {}) {
  Outside outside;
  outside.folder = outside.home = "/srv/shop";
  outside.read = [text, variables](const fs::path& path) -> std::optional<std::string> {
    if (path == "/srv/shop/compose.yaml") return text;
    return path == "/srv/shop/.env" ? std::optional(variables) : std::nullopt;
  };
  return outside;
}

Declaration read_again(const WrittenProject& written) {
  return declared_project(load({}, file_alone(written.text, written.variables))).declaration;
}

Export export_of(Spec spec, NamingScheme scheme = NamingScheme::belay) {
  Export what{"shop", {{AppName("shop"), std::move(spec), scheme}}};
  return what;
}

std::string leftover_lines(const std::string& name, const Export& what) {
  std::string text;
  for (const bool apart : {false, true}) {
    Export asked = what;
    asked.variables_apart = apart;
    const WrittenProject written = write_project(asked);
    EXPECT_NO_THROW(read_again(written)) << name << "\n" << written.text;
    std::string lines;
    for (const Leftover& leftover : written.leftovers) lines += format("{}: {}\n", name, leftover.text);
    if (apart) {
      EXPECT_EQ(lines, text) << name << "\n" << written.text << written.variables;
    }
    text = lines;
  }
  return text;
}

// A family's parameters are completed with its name and image.
Spec family_of(Service service) {
  service.name = "shop";
  service.image = "shop:latest";
  Spec spec;
  spec.services.push_back(std::move(service));
  return spec;
}

std::string of_definitions() {
  std::string text;
  for (const fs::path& file : inputs("dockerup", ".json"))
    for (const Definition& definition : parse_dockerup({file.string(), read_file(file), "/srv"}).good) {
      Export what = export_of(definition.declaration.spec, NamingScheme::fixed);
      what.apps[0].declared = definition.declaration;
      text += leftover_lines("definition " + file.stem().string(), what);
    }
  return text;
}

std::string of_families() {
  std::string text;
  const auto add = [&](const fs::path& file, const std::string& kind, auto read) {
    try {
      for (const Service& service : read(read_file(file)))
        text += leftover_lines(format("{} {}", kind, file.stem().string()), export_of(family_of(service)));
    } catch (const ConfigError&) {
      // The file is one that is refused.
    }
  };
  for (const fs::path& file : inputs("jockler", ".json"))
    add(file, "jockler", [](const std::string& input) {
      const JocklerOverride read = parse_jockler(input, "/srv/web/jockler-web");
      Service service;
      service.ports = read.ports.value_or(std::vector<PortBinding>());
      service.mounts = read.mounts.value_or(std::vector<Mount>());
      return std::vector{service};
    });
  for (const fs::path& file : inputs("dockervisor", ".json"))
    add(file, "dockervisor", [](const std::string& input) {
      std::vector<Service> services;
      for (const auto& [name, read] : parse_dockervisor(input, "/srv/web/dcv-web")) services.push_back(read.service);
      return services;
    });
  return text;
}

std::string of_run_lines() {
  std::string text;
  RunLineOptions options;
  options.base_folder = fs::path(TEST_DATA) / "run_line";
  options.variable = [](const std::string&) { return std::nullopt; };
  for (const fs::path& file : inputs("run_line", ".txt")) {
    if (file.stem() == "options_only") continue;
    for (const std::string& line : split(read_file(file), '\n')) {
      if (line.starts_with('#') || line.empty()) continue;
      try {
        Service service = parse_run_line(shell_words(line), options).service;
        service.name = "shop";
        Spec spec;
        spec.services.push_back(service);
        text += leftover_lines(line, export_of(spec, NamingScheme::fixed));
      } catch (const Error&) {
        // The line is one that is refused.
      }
    }
  }
  return text;
}

std::string of_project(const std::string& name, const std::string& file) {
  try {
    const Declaration declared = declared_project(load({}, file_alone(file))).declaration;
    return leftover_lines(name,
                          {declared.name.text(), {{declared.name, declared.spec, NamingScheme::compose, declared}}});
  } catch (const ConfigError&) {
    return {};  // the file is one that is refused, or in the long form of a loaded project
  }
}

std::string of_projects() {
  std::string text;
  for (const fs::path& file : inputs("compose_map", ".yaml"))
    for (const auto& root : document::read_yaml(read_file(file), file.filename().string()))
      text += of_project(format("{} line {}", file.filename().string(), root.where().line), document::yaml_text(root));
  for (const fs::path& file : inputs("compose_stacks", ".yaml"))
    text += of_project(file.filename().string(), read_file(file));
  return text;
}

TEST(WriteProject, WhatIsReadAgainIsTheSame) {
  const fs::path list = fs::path(TEST_DATA) / "compose_write" / "leftovers.txt";
  expect_golden(list, of_definitions() + of_families() + of_run_lines() + of_projects());
}

// Else a container would be made anew for the order of its names.
TEST(WriteProject, NamesThatLinksGiveKeepTheirOrder) {
  const std::string file =
      "name: shop\nservices:\n  db: {image: 'db:1'}\n  web: {image: 'web:1', links: ['db:store']}\n";
  const Declaration declared = declared_project(load({}, file_alone(file))).declaration;
  const WrittenProject written =
      write_project({"shop", {{declared.name, declared.spec, NamingScheme::compose, declared}}});
  EXPECT_EQ(read_again(written).spec.service("db").networks.at(0).aliases,
            declared.spec.service("db").networks.at(0).aliases);
  EXPECT_EQ(declared.spec.service("db").networks.at(0).aliases, (std::vector<std::string>{"db", "store"}));
}

TEST(WriteProject, IsAsExpected) {
  for (const fs::path& file : inputs("compose_stacks", ".yaml")) {
    const Declaration declared = declared_project(load({}, file_alone(read_file(file)))).declaration;
    Export what{declared.name.text(), {{declared.name, declared.spec, NamingScheme::compose, declared}}};
    const fs::path golden = fs::path(TEST_DATA) / "compose_write" / file.filename();
    expect_golden(golden, write_project(what).text);
  }
}

Spec family_with_data() {
  Service service;
  service.environment = {{"PASSWORD", "p$ss\nw'rd"}, {"ODD", "yes"}, {"EMPTY", ""}, {"SPACE", "  x "}, {"N", "0777"}};
  service.mounts.push_back({Mount::Kind::volume, "shop_data", "/data", false, {}});
  service.networks = {{"backend", {}, "", ""}};
  return family_of(service);
}

TEST(WriteProject, VolumesThatAreThereStayWhereTheyAre) {
  Export what = export_of(family_with_data());
  what.volumes = {"shop_data"};
  what.networks = {"backend"};
  const Declaration again = read_again(write_project(what));
  EXPECT_EQ(again.spec.services.at(0).mounts.at(0).source, "shop_data");
  EXPECT_TRUE(again.spec.volumes.at("shop_data").external);
  EXPECT_TRUE(again.spec.networks.at("backend").external);
}

TEST(WriteProject, VolumesThatAreNotThereYetAreMadeUnderTheirNames) {
  const Declaration again = read_again(write_project(export_of(family_with_data())));
  EXPECT_EQ(again.spec.services.at(0).mounts.at(0).source, "shop_data");
  EXPECT_FALSE(again.spec.volumes.at("shop_data").external);
}

TEST(WriteProject, ValuesStandInAFileOfTheirOwnIfAsked) {
  Export what = export_of(family_with_data());
  what.apps[0].spec.services[0].files.push_back({"/etc/shop/key", "top $secret\n"});
  what.variables_apart = true;
  const WrittenProject written = write_project(what);
  EXPECT_THAT(written.text, Not(HasSubstr("w'rd")));
  EXPECT_THAT(written.text, Not(HasSubstr("secret")));
  const Service again = read_again(written).spec.services.at(0);
  EXPECT_EQ(again.environment.at("ODD"), "yes");
  EXPECT_EQ(again.environment, what.apps[0].spec.services[0].environment);
  EXPECT_EQ(again.files, what.apps[0].spec.services[0].files);
  EXPECT_THAT(written.variables, HasSubstr("SHOP_ODD=yes\n"));
}

TEST(WriteProject, SeveralAppsAreOneProject) {
  const auto definition = [](const std::string& name, const std::string& text) {
    const Definition read = parse_dockerup({"/srv/" + name + ".json", text, "/srv"}).good.at(0);
    return ExportedApp{read.declaration.name, read.declaration.spec, NamingScheme::fixed, read.declaration};
  };
  Export what{"Host 1", {}};
  what.apps.push_back(definition("db", R"({"image": "db:1", "settle": 3, "order": "stop-first"})"));
  what.apps.push_back(definition("web", R"({"image": "web:1", "links": {"db": "database"}, "soak": 60})"));
  what.apps.push_back(definition("side", R"({"image": "side:1", "network": "container:web"})"));
  const WrittenProject written = write_project(what);
  const Declaration again = read_again(written);
  EXPECT_EQ(again.name.text(), "host1");
  EXPECT_EQ(again.spec.service("web").container_name, "web");
  EXPECT_EQ(again.spec.service("web").needs.at(0).service, "db");
  EXPECT_EQ(again.spec.service("side").network_mode, "service:web");
  EXPECT_EQ(again.spec.service("db").order, SwapOrder::stop_first);
  EXPECT_EQ(again.spec.service("web").order, SwapOrder::by_rule);
  std::vector<std::string> fields;
  for (const Leftover& leftover : written.leftovers) fields.push_back(leftover.field);
  EXPECT_THAT(fields, testing::ElementsAre("db.settle", "web.soak"));
  EXPECT_THAT(written.text, HasSubstr("#   db.settle"));
  what.apps.push_back(what.apps[0]);
  EXPECT_THROW(write_project(what), Error);
}

TEST(WriteProject, PoliciesOfTheDefinitionGoAlong) {
  const Definition read = parse_dockerup({"/srv/web.json", R"({"image": "web:1", "soak": 60, "on_unhealthy": "stop",
    "heal_budget": 2, "update": {"window": "02:00-04:00", "pattern": "semver ^1", "minimum_age": "1h"}})",
                                          "/srv"})
                              .good.at(0);
  Export what = export_of(read.declaration.spec, NamingScheme::fixed);
  what.apps[0].declared = read.declaration;
  const WrittenProject written = write_project(what);
  EXPECT_THAT(written.leftovers, IsEmpty());
  const Policies again = read_again(written).policies;
  EXPECT_EQ(again.soak, Milliseconds(60'000));
  EXPECT_EQ(again.on_unhealthy, OnUnhealthy::stop);
  EXPECT_EQ(again.heal_budget, 2);
  EXPECT_EQ(again.update.window, "02:00-04:00");
  EXPECT_EQ(again.update.pattern, "semver ^1");
  EXPECT_EQ(again.update.minimum_age, Milliseconds(3'600'000));
}

// A project's own folder may be one in which nothing else is watched: its export, which lies elsewhere, says so.
TEST(WriteProject, WhatIsWatchedGoesAlong) {
  Service web;
  web.name = "web";
  web.image = "web:1";
  for (const std::string path : {"/var/tmp/shop/app.conf", "/srv/app.conf"})
    web.mounts.push_back({Mount::Kind::bind, path, path, true, {}});
  Spec spec;
  spec.services = {web};
  Export what = export_of(spec, NamingScheme::fixed);
  what.apps[0].declared = Declaration(AppName("shop"));
  what.apps[0].declared->spec = spec;
  what.apps[0].declared->watched = {"/srv/app.conf", "/var/tmp/shop/app.conf"};
  const WrittenProject written = write_project(what);
  EXPECT_THAT(written.leftovers, IsEmpty());
  EXPECT_EQ(read_again(written).watched, what.apps[0].declared->watched) << written.text;
  EXPECT_EQ(written.text.find("- /srv/app.conf\n"), std::string::npos) << "a rule says so: " << written.text;
}

TEST(WriteProject, WhatIsDoneByTheClockGoesAlong) {
  const Definition read =
      parse_dockerup({"/srv/clean.json", R"({"image": "web:1", "schedule": "Mon-Fri 04:30", "backup":
    {"schedule": "every 6h", "place": "/srv/backups", "keep": "daily=7", "while": "running", "with_image": true}})",
                      "/srv"})
          .good.at(0);
  Export what = export_of(read.declaration.spec, NamingScheme::fixed);
  what.apps[0].name = read.declaration.name;
  what.apps[0].declared = read.declaration;
  const WrittenProject written = write_project(what);
  EXPECT_THAT(written.leftovers, IsEmpty());
  const Declaration again = read_again(written);
  EXPECT_EQ(again.policies.backup, read.declaration.policies.backup);
  EXPECT_EQ(again.schedules, read.declaration.schedules);
  EXPECT_TRUE(again.spec.services.at(0).scheduled && again.spec.services.at(0).job);
}

}  // namespace
}  // namespace belay::formats::compose
