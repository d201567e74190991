// What commands did, as JSON.

#include <gtest/gtest.h>

#include "document/json.h"
#include "report/result_json.h"

namespace belay::report {
namespace {

std::string text(const document::Node& node) {
  return document::write_json(node);
}

TEST(Results, OfARemovalSayWhetherItWasDoneOrDeclined) {
  change::Removed removed;
  removed.plan.add(plan::RemoveContainer{"web-r1"}, "r2 runs");
  removed.kept = {"the volume web_data"};
  const std::string steps =
      R"("actions":[{"kind":"remove","step":"remove container web-r1","reason":"r2 runs","after":[]}],"notes":[]})";
  EXPECT_EQ(text(removal_json("web", removed, true, ByteCount{7})),
            R"({"name":"web","outcome":"planned","frees_bytes":7,"kept":[{"text":"the volume web_data"}],)" + steps);
  removed.declined = true;
  EXPECT_EQ(
      text(removal_json("web", removed, false)),
      R"({"name":"web","outcome":"declined","frees_bytes":null,"kept":[{"text":"the volume web_data"}],)" + steps);
}

TEST(Results, OfAFamilyThatWasNotImportedSayWhy) {
  family::ImportedFamily imported;
  imported.name = "blog";
  imported.error = Conflict(ErrorCode::settings_lost, "it has settings that Belay has no place for");
  EXPECT_EQ(text(imported_json(imported, true)),
            R"({"name":"blog","outcome":"failed","containers":[],"last":null,"stable":null,"autostart":"none",)"
            R"("settings_file":null,"warnings":[],"code":"settings_lost",)"
            R"("reason":"it has settings that Belay has no place for","actions":[],"notes":[]})");
}

TEST(Results, OfWhatWasThereAlreadyAreUnchangedAlsoInAPreview) {
  family::Adopted adopted;
  adopted.app = "blog";
  adopted.dry_run = adopted.was_there = true;
  adopted.containers = {"blog"};
  adopted.last = ReleaseNumber{1};
  EXPECT_EQ(text(adopted_json(adopted)),
            R"({"name":"blog","outcome":"unchanged","containers":["blog"],"last":"r1","stable":null,)"
            R"("autostart":"none","lost":[],"warnings":[],"actions":[],"notes":[]})");
}

TEST(Results, OfAMarkWithASnapshotHaveTheStepsOfBoth) {
  change::Marked marked;
  marked.release = ReleaseNumber{2};
  marked.container = "web-r2";
  marked.changed = true;
  marked.plan.add(plan::RemoveContainer{"web-r1"}, "first");
  safekeeping::TakenSnapshot taken;
  taken.plan.add(plan::RemoveContainer{"a"}, "second");
  taken.plan.add(plan::RemoveContainer{"b"}, "third", {0});
  EXPECT_EQ(text(marked_json(AppName("web"), marked, taken, true)),
            R"({"name":"web","outcome":"planned","release":"r2","container":"web-r2","snapshot":null,"actions":[)"
            R"({"kind":"remove","step":"remove container web-r1","reason":"first","after":[]},)"
            R"({"kind":"remove","step":"remove container a","reason":"second","after":[]},)"
            R"({"kind":"remove","step":"remove container b","reason":"third","after":[2]}],"notes":[]})");
}

TEST(Results, OfPortsLeaveTheAddressOutWherePublishedEverywhere) {
  EXPECT_EQ(
      text(ports_json(
          {{80, "tcp", "", std::uint16_t{8080}}, {53, "udp", "127.0.0.1", std::uint16_t{53}}, {9, "tcp", "", {}}})),
      R"([{"container_port":80,"protocol":"tcp","host_ip":null,"host_port":8080},)"
      R"({"container_port":53,"protocol":"udp","host_ip":"127.0.0.1","host_port":53}])");
}

}  // namespace
}  // namespace belay::report
