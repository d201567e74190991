#include <gtest/gtest.h>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "formats/declared_host.h"
#include "formats/dockerup_settings.h"
#include "golden.h"

namespace belay::formats {
namespace {

std::string broken_lines(const BrokenDefinition& broken) {
  return format("broken {} ({})\n", broken.origin, broken.name.empty() ? "no name" : broken.name) +
         error_lines(broken.error);
}

// What a spec says beyond its services.
std::string swap_lines(const Spec& spec) {
  Spec without_services = spec;
  without_services.services.clear();
  std::string text;
  const document::Node node = document::read_json(spec_to_json(without_services), "spec");
  for (const auto& member : node.members())
    if (member.key != "services" && member.key != "format")
      text += format("  {}: {}\n", member.key, document::write_json(member.value));
  return text;
}

std::string_view name_of(OnUnhealthy what) {
  switch (what) {
    case OnUnhealthy::restart:
      return "restart";
    case OnUnhealthy::rollback:
      return "rollback";
    case OnUnhealthy::stop:
      return "stop";
    case OnUnhealthy::notify:
      return "notify";
  }
  return "?";
}

// Only what is not as without any word.
std::string policy_lines(const Policies& policies) {
  std::string text;
  const UpdatePolicy& update = policies.update;
  if (!update.pull) text += "  (pull): false\n";
  if (!update.pattern.empty()) text += format("  (pattern): {}\n", update.pattern);
  if (!update.window.empty()) text += format("  (window): {}\n", update.window);
  if (update.jitter.count() != 0) text += format("  (jitter): {} ms\n", update.jitter.count());
  if (update.minimum_age.count() != 0) text += format("  (minimum age): {} ms\n", update.minimum_age.count());
  if (policies.on_unhealthy != OnUnhealthy::restart)
    text += format("  (on unhealthy): {}\n", name_of(policies.on_unhealthy));
  if (policies.on_drift == OnDrift::report) text += "  (on drift): report\n";
  if (policies.heal_budget != 5) text += format("  (heal budget): {}\n", policies.heal_budget);
  if (policies.soak) text += format("  (soak): {} ms\n", policies.soak->count());
  if (policies.backup)
    text += format("  (backup): {}, to {}, keep {}, while {}{}\n", policies.backup->schedule,
                   policies.backup->place.empty() ? "the usual place" : policies.backup->place,
                   policies.backup->keep.empty() ? "as usual" : policies.backup->keep,
                   static_cast<int>(policies.backup->data_is_read), policies.backup->with_image ? ", with image" : "");
  return text;
}

std::string declaration_text(const Declaration& app) {
  std::string text = format("{} ({}, {}:{})\n", app.name.text(), app.origin, app.place.line, app.place.column);
  for (const Service& service : app.spec.services) text += field_lines(service);
  text += swap_lines(app.spec) + policy_lines(app.policies);
  for (const auto& [service, schedule] : app.schedules) text += format("  (schedule of {}): {}\n", service, schedule);
  if (!app.needs.empty()) text += format("  (needs): {}\n", join(app.needs, ", "));
  for (const fs::path& path : app.watched) text += format("  (watched): {}\n", path.string());
  return text;
}

std::string outcome(const DefinitionText& source) {
  const Definitions definitions = parse_dockerup(source);
  std::string text;
  for (const Definition& definition : definitions.good) text += declaration_text(definition.declaration);
  for (const BrokenDefinition& broken : definitions.broken) text += broken_lines(broken);
  return text.empty() ? "(nothing)\n" : text;
}

TEST(Dockerup, ReadsEveryFormAsTheGoldenFilesSay) {
  for (const fs::path& file : inputs("dockerup", ".json")) {
    const std::string name = file.filename().string();
    // Those that begin so are user-data, which has no folder.
    const bool user_data = name.starts_with("user_data");
    const std::string origin = user_data ? "user-data" : "/etc/dockerup/containers.d/" + name;
    expect_golden(file, outcome({origin, read_file(file), user_data ? fs::path() : "/etc/dockerup/containers.d"}));
  }
}

// The sources of a host in one file: "=== ORIGIN" lines, each followed by a definition.
std::vector<DefinitionText> sources(const std::string& text) {
  std::vector<DefinitionText> found;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with("=== ")) {
      found.push_back({line.substr(4), "", "/etc/dockerup/containers.d"});
    } else {
      found.back().text += line + "\n";
    }
  }
  return found;
}

TEST(DeclaredHost, CombinesDefinitionsAsTheGoldenFilesSay) {
  for (const fs::path& file : inputs("declared_host", ".txt")) {
    const Declarations declarations = declared_host(sources(read_file(file)));
    std::string text;
    for (const Declaration& app : declarations.apps) {
      text += app.name.text() + "\n";
      for (const fs::path& path : app.watched) text += format("  (watched): {}\n", path.string());
    }
    for (const BrokenDefinition& broken : declarations.broken) text += broken_lines(broken);
    expect_golden(file, text);
  }
}

// Whatever is cut off, there is one error with a place, and nothing is half read.
TEST(Dockerup, RefusesEveryBeginningOfAFile) {
  const std::string whole = read_file(fs::path(TEST_DATA) / "dockerup" / "everything.json");
  const std::size_t end = whole.rfind('}');
  for (std::size_t length = 0; length < end; ++length) {
    const Definitions definitions = parse_dockerup({"/x/web.json", whole.substr(0, length), "/x"});
    EXPECT_TRUE(definitions.good.empty()) << length;
    ASSERT_EQ(definitions.broken.size(), 1U) << length;
    EXPECT_EQ(definitions.broken[0].error.where().file, "/x/web.json") << length;
  }
}

TEST(Dockerup, DerivesAValidNameFromAnyFileName) {
  const auto derived = [](const std::string& file) {
    return parse_dockerup({"/x/" + file, R"({"image": "busybox"})", "/x"}).good.at(0).declaration.name.text();
  };
  EXPECT_EQ(derived("web.json"), "web");
  EXPECT_EQ(derived("my web  app.json"), "my-web-app");
  EXPECT_EQ(derived("web.v2.json"), "web.v2");
  EXPECT_EQ(derived("-_.web-.json"), "web");
  EXPECT_EQ(derived("a.json"), "container-a");
  EXPECT_EQ(derived("käse.json"), "k-se");
  EXPECT_EQ(derived("日本.json"), "container");
  EXPECT_EQ(derived(std::string(200, 'x') + ".json"), std::string(63, 'x'));
}

// The first block of this language in the page for users.
std::string example(const std::string& language) {
  const std::string page = read_file(fs::path(TEST_DATA).parent_path().parent_path() / "docs" / "dockerup.md");
  const std::string opening = format("\n```{}\n", language);
  const std::size_t start = page.find(opening);
  EXPECT_NE(start, std::string::npos);
  return page.substr(start + opening.size(), page.find("\n```\n", start + 1) - start - opening.size() + 1);
}

TEST(Dockerup, ReadsTheExampleOfItsPage) {
  const Definitions definitions = parse_dockerup({"/srv/host/shop.json", example("json"), "/srv/host"});
  for (const BrokenDefinition& broken : definitions.broken) ADD_FAILURE() << broken_lines(broken);
  ASSERT_EQ(definitions.good.size(), 1U);
  const Declaration& shop = definitions.good[0].declaration;
  EXPECT_EQ(shop.needs, (std::vector<std::string>{"shop-assets", "shop-db"}));
  EXPECT_EQ(shop.watched, std::vector<fs::path>{"/srv/host/shop.conf"});
  EXPECT_EQ(shop.spec.services.at(0).mounts.at(3).source, "shop_uploads");
}

TEST(DockerupSettings, AreReadFromTheExampleOfTheirPage) {
  const Settings settings = parse_settings(example("ini"), "/etc/dockerup/dockerup.conf");
  const Settings otherwise;
  EXPECT_EQ(settings.confdir, otherwise.confdir);
  EXPECT_EQ(settings.cache, otherwise.cache);
  EXPECT_EQ(settings.interval, otherwise.interval);
  EXPECT_EQ(settings.soak, otherwise.soak);
  EXPECT_EQ(settings.keep, otherwise.keep);
  EXPECT_EQ(settings.metadata, otherwise.metadata);
  EXPECT_EQ(settings.password, "correct; horse # battery");
}

TEST(DeclaredHost, IsFastForAThousandAppsInAChain) {
  std::vector<DefinitionText> chain;
  for (int i = 0; i < 1000; ++i)
    chain.push_back({format("/x/{}.json", i),
                     format(R"({{"name": "app{}", "image": "busybox", "links": {{"app{}": "up"}}}})", i, i + 1), "/x"});
  const Declarations declarations = declared_host(chain);
  ASSERT_EQ(declarations.apps.size(), 1000U);
  EXPECT_EQ(declarations.apps.front().name.text(), "app999");
  EXPECT_EQ(declarations.apps.back().name.text(), "app0");
}

}  // namespace
}  // namespace belay::formats
