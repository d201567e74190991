#include <gtest/gtest.h>
#include <map>
#include <set>

#include "base/errors.h"
#include "cli/left_out.h"
#include "cli/parse.h"

namespace belay::cli {
namespace {

using Words = std::vector<std::string>;

// A word that can stand at no other place than this.
std::string word_for(const Positional& place) {
  switch (place.kind) {
    case Kind::release:
    case Kind::which:
      return "r2";
    case Kind::saved:
      return "s3";
    case Kind::setting:
      return "COLOUR=red";
    case Kind::setting_key:
      return "env.COLOUR";
    case Kind::words:
      return choices_of(place.choices).front();
    default:
      return {};
  }
}

// Where the second word of a command says by its form what it is, the app before it may be left out; so for all of the
// table, and nowhere else.
TEST(WhichApp, IsMeantMayBeLeftOutOfEveryCommandInTheSameWay) {
  std::set<std::string_view> without_name;
  for (const auto& command : commands()) {
    const auto& places = command.positionals;
    const bool is_about_app = !places.empty() && places.front().kind == Kind::app;
    EXPECT_EQ(leaves_out_app(command, {}), is_about_app && places.front().required) << command.name;
    EXPECT_FALSE(leaves_out_app(command, {"web"})) << command.name;
    const std::string second = places.size() > 1 ? word_for(places[1]) : std::string();
    if (second.empty()) continue;
    EXPECT_EQ(leaves_out_app(command, {second}), is_about_app) << command.name << " " << second;
    EXPECT_FALSE(leaves_out_app(command, {"web", second})) << command.name << " " << second;
    if (!is_about_app) continue;
    without_name.insert(command.name);
    EXPECT_NO_THROW(parse_command_line(Words{std::string(command.name), second})) << command.name << " " << second;
  }
  EXPECT_EQ(without_name, (std::set<std::string_view>{"autostart", "config", "declare", "drill", "export", "logs",
                                                      "restore", "rollback", "set", "stable", "start", "unset"}));
}

TEST(WhichApp, IsNotGuessedFromWordsThatMayBeNames) {
  const auto leaves_out = [](const char* command, const Words& words) {
    return leaves_out_app(command_named(command), words);
  };
  EXPECT_FALSE(leaves_out("rollback", {"rx"}));
  EXPECT_FALSE(leaves_out("rollback", {"2"}));
  EXPECT_FALSE(leaves_out("restore", {"snap"}));
  EXPECT_FALSE(leaves_out("set", {"COLOUR"}));
  EXPECT_FALSE(leaves_out("shell", {"ls"}));
  EXPECT_FALSE(leaves_out("unset", {"COLOUR"}));
  EXPECT_TRUE(leaves_out("set", {"COLOUR=red", "SIZE=2"}));
  EXPECT_TRUE(leaves_out("unset", {"memory", "volumes./data"}));
  EXPECT_FALSE(leaves_out("unset", {"shop.memory", "memory"}));
  EXPECT_TRUE(leaves_out("start", {"new"}));
  EXPECT_THROW(parse_command_line(Words{"try", "image:1"}), UsageError);
}

}  // namespace
}  // namespace belay::cli
