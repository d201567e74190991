#include "formats/check_values.h"

#include <gtest/gtest.h>

#include "document/json.h"
#include "formats/dockervisor.h"
#include "formats/jockler.h"

namespace belay::formats {
namespace {

std::vector<Check> checks(const std::string& json) {
  return check_values(document::read_json(json, "web.json"), "/srv/web");
}

std::string texts(const std::string& json) {
  std::string text;
  for (const auto& check : checks(json)) text += to_text(check) + "\n";
  return text;
}

std::string refusal(const std::string& json) {
  try {
    checks(json);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "(taken)";
}

TEST(CheckValues, AreALineOrAMapOrAListOfThem) {
  EXPECT_EQ(texts(R"("GET :8080/health 200 ~ok")"), "GET :8080/health 200 ~ok\n");
  EXPECT_EQ(texts(R"({"GET": ":8080/health", "status": 200, "match": "ok"})"), "GET :8080/health 200 ~ok\n");
  EXPECT_EQ(texts(R"([{"TCP": 5432}, {"exec": "pg_isready -U shop", "exit": 0}, "TCP :80"])"),
            "TCP :5432\nexec pg_isready -U shop\nTCP :80\n");
  EXPECT_EQ(texts(R"({"HEAD": "https://shop.example:8443/", "status": [200, "3xx"], "cert": "own.pem", "timeout": 3,
                     "interval": "500ms", "retries": 2, "headers": {"X": 1}})"),
            "HEAD https://shop.example:8443/ 200,3xx header=X cert=/srv/web/own.pem timeout=3s interval=500ms "
            "retries=2\n");
  EXPECT_EQ(texts("[]"), "");
  EXPECT_EQ(checks(R"("GET https://:1/ cert=own.pem")").at(0).certificate, "/srv/web/own.pem");
}

TEST(CheckValues, AreWrittenAsTheyAreRead) {
  const auto known = checks(
      R"([{"GET": "https://a:1/b?c", "status": ["200"], "match": "x", "headers": {"A": "b"}, "cert": "/c", "timeout": 3,
           "interval": "500ms", "retries": 2}, {"TCP": 5432}, {"exec": ["a", "b c"], "exit": 3, "match": "d"}])");
  document::Node list = document::Node::list();
  for (const auto& check : known) list.add(check_node(check));
  EXPECT_EQ(check_values(list, "/"), known);
}

TEST(CheckValues, SayWhereTheMistakeIs) {
  EXPECT_EQ(refusal(R"({"GET": ":80/", "statsu": 200})"), "web.json:1:17: unknown key \"statsu\" in the check");
  EXPECT_EQ(refusal(R"({"status": 200})"), "web.json:1:1: the check asks nothing");
  EXPECT_EQ(refusal(R"({"GET": ":80/", "TCP": 80})"), "web.json:1:17: one check asks both GET and TCP");
  EXPECT_EQ(refusal(R"({"TCP": 80, "status": 200})"), "web.json:1:23: \"status\" says nothing to a check with TCP");
  EXPECT_EQ(refusal(R"(["TCP :80", "GET /"])"), "web.json:1:13: '/' names no port");
  EXPECT_EQ(refusal(R"({"GET": "/"})"), "web.json:1:9: '/' names no port");
  EXPECT_EQ(refusal(R"({"GET": ":80/", "match": "(a"})"), "web.json:1:1: '(a' is no regular expression: missing ): (a");
}

TEST(CheckValues, StandInTheFilesOfFamilies) {
  const auto jockler = parse_jockler(R"({"check": "GET :80/ 200"})", "/srv/jockler-web");
  ASSERT_TRUE(jockler.checks);
  EXPECT_EQ(to_text(jockler.checks->at(0)), "GET :80/ 200");
  EXPECT_FALSE(parse_jockler("{}", "/srv/jockler-web").checks);
  const auto dockervisor = parse_dockervisor(R"({"default": {"check": "TCP :80"}, "other": {}})", "/srv/dcv-web");
  EXPECT_EQ(to_text(dockervisor.at("default").service.checks.at(0)), "TCP :80");
  EXPECT_TRUE(dockervisor.at("default").checks_given);
  EXPECT_FALSE(dockervisor.at("other").checks_given);
  EXPECT_TRUE(speaks_of_checks(R"({"other": {}, "default": {"check": "TCP :80"}})"));
  EXPECT_TRUE(speaks_of_checks(R"({"check": []})"));
  EXPECT_FALSE(speaks_of_checks(R"({"ports": {"80": "80"}})"));
}

}  // namespace
}  // namespace belay::formats
