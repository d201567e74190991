// Which orders of a unit are carried out together, and as what.

#include "cli/unit_orders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "base/format.h"
#include "base/text.h"

namespace belay::cli {
namespace {

using formats::dockerstra::parse_address;
using formats::dockerstra::Unit;

Unit read(const std::string& address, const std::string& orders, const std::string& file = "start") {
  TemporaryFolder folder;
  make_folder(folder.path() / "units/u");
  const std::string containers = "db: {create: {image: i}}\nweb: {create: {image: i}}\ncache: {create: {image: i}}\n";
  write_file_durably(folder.path() / "units/u" / (file + ".yaml"), containers + "---\n" + orders);
  return formats::dockerstra::read_unit({folder.path(), {}, parse_address(address), {}},
                                        formats::dockerstra::this_machine({}));
}

// One line a group.
std::string groups(const Unit& unit) {
  static const std::map<OrderKind, std::string> words{
      {OrderKind::make, "make"},       {OrderKind::create, "create"},       {OrderKind::restart, "restart"},
      {OrderKind::stop, "stop"},       {OrderKind::take_down, "take down"}, {OrderKind::purge, "purge"},
      {OrderKind::remove, "remove"},   {OrderKind::backup, "back up"},      {OrderKind::restore, "restore"},
      {OrderKind::archive, "archive"}, {OrderKind::unpack, "unpack"},       {OrderKind::build, "build"}};
  std::string text;
  for (const OrderGroup& group : groups_of(unit)) {
    text += words.at(group.kind) + ":";
    for (const auto& order : group.orders) text += " " + order.container;
    text += loses_data(group) ? " (loses data)\n" : "\n";
  }
  return text;
}

TEST(OrderGroups, AreOfTheWholeUnitOnlyWhereTheyFollowFromStart) {
  const std::string start = "- db: {command: create}\n- web: {command: start}\n";
  EXPECT_EQ(groups(read("u/stop", start)), "stop: web\n");
  EXPECT_EQ(groups(read("u/restart", start)), "restart: web\n");
  EXPECT_EQ(groups(read("u/cleanup", start)), "take down: web db\n");
  EXPECT_EQ(groups(read("u/purge", start)), "purge: web db (loses data)\n");
  EXPECT_EQ(groups(read("u/backup", start)), "back up: db web\n");
  EXPECT_EQ(groups(read("u/restore", start)), "restore: db web\n");
}

TEST(OrderGroups, OfAFileAreOfTheirContainersAlsoInStart) {
  const std::string orders =
      "- db: {command: start}\n- cache: {command: stop}\n- web: {command: stop}\n- cache: {command: remove}\n"
      "- web: {command: remove, v: true}\n- db: {command: backup, backup_name: now}\n"
      "- db: {command: restore, restore_name: seed}\n";
  const std::string expected =
      "make: db\nstop: cache\nstop: web\nremove: cache\nremove: web (loses data)\narchive: db\nunpack: db\n";
  for (const std::string file : {"start", "own"}) {
    const Unit unit = read("u/" + file, orders, file);
    EXPECT_EQ(groups(unit), expected) << file;
    EXPECT_FALSE(is_whole(unit)) << file;
  }
}

TEST(OrderGroups, WithRestartAreMadeWithTheOthers) {
  EXPECT_EQ(groups(read("u/start", "- db: {command: start}\n- web: {command: start, restart: true}\n")),
            "make: db web\n");
  EXPECT_EQ(groups(read("u/own", "- web: {command: create}\n- web: {command: start, restart: true}\n", "own")),
            "make: web web\n");
  EXPECT_EQ(groups(read("u/own", "- db: {command: start}\n- web: {command: start, restart: true}\n", "own")),
            "make: db\nrestart: web\n")
      << "it says nothing of how the container is to be";
}

TEST(OrderGroups, AreToldByTheOrderThatFailed) {
  const auto made =
      groups_of(read("u/start", "- db: {command: create}\n- web: {command: create}\n- web: {command: start}\n"));
  ASSERT_EQ(made.size(), 1U);
  EXPECT_THAT(orders_text(made.front(), "web"), testing::HasSubstr("start.yaml:7:3: the order start to web"));
  EXPECT_THAT(orders_text(made.front(), "db"), testing::HasSubstr("start.yaml:5:3: the order create to db"));
  for (const std::optional<std::string>& unknown : {std::optional<std::string>(), std::optional<std::string>("other")})
    EXPECT_THAT(orders_text(made.front(), unknown),
                testing::HasSubstr("start.yaml:5:3: the orders create to db, create to web, start to web"));
  const auto stopped = groups_of(read("u/own", "- db: {command: stop}\n", "own"));
  EXPECT_THAT(orders_text(stopped.front()), testing::HasSubstr("own.yaml:5:3: the order stop to db"));
}

}  // namespace
}  // namespace belay::cli
