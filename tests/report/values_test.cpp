// What was looked at and what came of changes, as JSON: what does not apply is null, and units stand in the names.

#include <gtest/gtest.h>

#include "document/json.h"
#include "report/change_json.h"
#include "report/look_json.h"
#include "report/notice.h"
#include "report/safekeeping_json.h"
#include "report/service_json.h"
#include "report/settings_json.h"
#include "report/units_json.h"

namespace belay::report {
namespace {

std::string text(const document::Node& node) {
  return document::write_json(node);
}

TEST(Values, AnInstanceWithoutContainerHasNulls) {
  look::InstanceRow row;
  row.service = "web";
  row.state = look::AppState::missing;
  row.should_run = true;
  EXPECT_EQ(text(instance_json(row)),
            R"({"service":"web","number":1,"container":null,"state":"missing","health":null,"status":null,)"
            R"("image_id":null,"ports":[],"should_run":true,"is_up":false})");
  EXPECT_EQ(text(container_json("shop", row)).substr(0, 30), R"({"app":"shop","service":"web",)");
}

TEST(Values, PortsAreAsTheEngineWritesThem) {
  look::InstanceRow row;
  row.ports = {{80, "tcp", "", 8080}, {53, "udp", "127.0.0.1", 53}};
  EXPECT_NE(text(instance_json(row)).find(R"("ports":["8080->80/tcp","127.0.0.1:53->53/udp"])"), std::string::npos)
      << text(instance_json(row));
}

TEST(Values, AnAppCountsWhatIsUpAndTellsOfItsBackup) {
  look::AppSummary row;
  row.name = "shop";
  row.state = look::AppState::partial;
  look::InstanceRow up;
  up.should_run = up.is_up = true;
  look::InstanceRow down;
  down.should_run = true;
  row.instances = {up, down};
  row.waits = {Wait::Topic::held};
  row.backup.place = "/srv/backups";
  row.backup.failed = Time(Seconds(0));
  const std::string json = text(summary_json(row));
  EXPECT_NE(json.find(R"("up":1,"wanted":2)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("waits":["held"])"), std::string::npos) << json;
  EXPECT_NE(
      json.find(R"("backup":{"last_good":null,"failed":"1970-01-01T00:00:00Z","place":"/srv/backups","reason":null,)"),
      std::string::npos)
      << json;
}

TEST(Values, ABackupThatWasNeverCountedHasNoNumbers) {
  BackupRecord record;
  record.id = 7;
  record.app = "shop";
  record.place = "/srv";
  record.name = "shop.belay.tar.zst";
  record.size = {12};
  const std::string json = text(backup_record_json(record));
  EXPECT_NE(json.find(R"("id":"b7","name":"shop","release":null)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("size_bytes":12,"data_size_bytes":null,"files":null)"), std::string::npos) << json;
  record.files = 1;
  EXPECT_NE(text(backup_record_json(record)).find(R"("data_size_bytes":0,"files":1)"), std::string::npos);
}

TEST(Values, AChangeThatWasDoneHasNoReasonAndNoHint) {
  change::Change change;
  change.kind = change::Change::Kind::done;
  change.reason = "left over";
  change.running = ReleaseNumber(2);
  const std::string json = text(change_json(AppName("shop"), change, {Milliseconds(1500), {}}));
  EXPECT_NE(json.find(R"("outcome":"done","release":null,"running":"r2")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("duration_ms":1500,"outage_ms":null,"code":null,"reason":null,"hint":null)"),
            std::string::npos)
      << json;
}

TEST(Values, AChangeThatFailedSaysWhatHelps) {
  change::Change change;
  change.kind = change::Change::Kind::rolled_back;
  change.reason = "it exited with code 3";
  change.release = ReleaseNumber(3);
  change.is_judged = true;
  EXPECT_EQ(hint_for(AppName("shop"), change),
            "belay logs shop r3 shows all it wrote; belay retry shop tries it again.");
  change.hint = "Free the port.";
  EXPECT_EQ(hint_for(AppName("shop"), change), "Free the port.");
  EXPECT_NE(text(change_json(AppName("shop"), change, {})).find(R"("hint":"Free the port.")"), std::string::npos);
}

TEST(Values, AddressesAreSaidOnceAndWithoutThoseTheEngineChooses) {
  plan::Plan plan;
  plan::CreateContainer made;
  made.service.ports = {
      {80, "tcp", "", 8080}, {5432, "tcp", "127.0.0.1", 5433}, {53, "udp", "::1", 53}, {9, "tcp", "", {}}};
  plan.add(made, "new");
  plan.add(made, "a replica");
  EXPECT_EQ(addresses_of(plan), (std::vector<std::string>{"*:8080", "127.0.0.1:5433", "[::1]:53/udp"}));
}

TEST(Values, AnOrderThatWasNotReachedHasNoDuration) {
  formats::dockerstra::Unit unit;
  unit.address.unit = "shop";
  unit.address.command = "start";
  units::OrderRow done, left;
  done.order.container = left.order.container = "db";
  done.order.command = "create";
  left.order.command = "start";
  done.result = units::OrderResult::done;
  done.time = Milliseconds(3);
  const std::string json = text(orders_json(unit, {done, left}));
  EXPECT_NE(json.find(R"("result":"done","duration_ms":3)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("result":"not_run","duration_ms":null)"), std::string::npos) << json;
}

TEST(Values, AnImageThatIsNoServiceHasNoRights) {
  service_image::Examined examined;
  examined.reference = "shop:1";
  examined.image.id = "sha256:1";
  examined.rules = {{.id = "user", .text = "it does not run as root", .required = true, .passed = false, .detail = ""}};
  EXPECT_EQ(text(examined_json(examined)),
            R"({"reference":"shop:1","image_id":"sha256:1","digest":null,"passes":false,"rules":[{"id":"user",)"
            R"("text":"it does not run as root","required":true,"passed":false,"detail":null}],"rights":null,)"
            R"("commands":[]})");
  examined.rules.front().passed = true;
  EXPECT_NE(text(examined_json(examined)).find(R"("rights":{"scripts":"host","ports":[],)"), std::string::npos);
}

TEST(Values, AServiceWithoutLauncherAndDigestHasNulls) {
  InstalledService service;
  service.name = "shop";
  service.version.reference = "shop:1";
  service.version.image = "sha256:1";
  service.version.inside = true;
  EXPECT_EQ(text(service_json(service)), R"({"name":"shop","reference":"shop:1","image_id":"sha256:1","digest":null,)"
                                         R"("scripts":"inside","launcher":null})");
  service_image::Done gone;
  gone.kind = service_image::Done::Kind::done;
  gone.left = {"volume dr-shop-config"};
  EXPECT_EQ(text(service_done_json("shop", gone)),
            R"({"name":"shop","result":"done","service":null,"before":null,"backup":null,"steps":[],"kept":[],)"
            R"("left":["volume dr-shop-config"]})");
  EXPECT_EQ(text(service_help_json(service, {"", "it failed"}, {{"run", ""}})).substr(107),
            R"("help":null,"trouble":"it failed","commands":[{"name":"run","summary":null}]})");
}

TEST(Values, SettingsOfWhatDoesNotRunAreKeptWithoutAChange) {
  family::SettingsChanged changed;
  const auto outcome = [&] { return text(settings_changed_json(AppName("shop"), changed, {})); };
  EXPECT_EQ(outcome(), R"({"name":"shop","outcome":"unchanged","differences":[],"changes":[]})");
  changed.lines = {"env.A: 1 → 2"};
  EXPECT_EQ(outcome(), R"({"name":"shop","outcome":"done","differences":[{"text":"env.A: 1 → 2"}],"changes":[]})");
  changed.dry_run = true;
  EXPECT_NE(outcome().find(R"("outcome":"planned")"), std::string::npos);
  EXPECT_EQ(text(differences_json({{"env.A", "", "2", false}})), R"([{"field":"env.A","before":null,"after":"2"}])");
}

TEST(Values, AValueThatNobodyWroteComesFromNoLine) {
  formats::compose::Origin unwritten, written;
  unwritten.path = {"services", "web", "restart"};
  unwritten.value = written.value = "no";
  written.where = {"compose.yaml", 3, 5};
  written.variables = {{{}, "TAG", ""}};
  EXPECT_EQ(text(origins_json({unwritten, written})),
            R"([{"path":["services","web","restart"],"value":"no","file":null,"line":null,"column":null,)"
            R"("variables":[]},{"path":[],"value":"no","file":"compose.yaml","line":3,"column":5,)"
            R"("variables":[{"name":"TAG","origin":null}]}])");
}

TEST(Values, APlaceThatWasNotTriedIsNeitherReachedNorNot) {
  EXPECT_EQ(text(deliveries_json({{"a", {}, ""}, {"b", true, ""}, {"c", false, "refused"}})),
            R"([{"to":"a","delivered":null,"reason":null},{"to":"b","delivered":true,"reason":null},)"
            R"({"to":"c","delivered":false,"reason":"refused"}])");
}

}  // namespace
}  // namespace belay::report
