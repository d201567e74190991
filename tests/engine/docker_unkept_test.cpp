// What `docker run` can set and Belay has no place for is found by name: held against inspections of real engines. The
// files NAME-kept.json and NAME-unkept.json are containers made with all the options at once that a spec keeps, and all
// that it does not.

#include "engine/docker_unkept.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"

namespace belay::engine {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct RecordedEngine {
  std::string version;
  ApiMinor api;
};

JsonDocument recorded(const std::string& version, const std::string& what) {
  return JsonDocument::parse(read_file(fs::path(TEST_DATA) / "inspections" / (version + "-" + what + ".json")));
}

std::vector<std::string> unkept(const RecordedEngine& engine, const std::string& what, bool with_image = true) {
  const auto inspection = recorded(engine.version, what);
  const auto image = recorded(engine.version, "image");
  std::vector<std::string> names;
  for (const auto& setting : unkept_settings(inspection.root(), with_image ? image.root() : JsonView(), {}, engine.api))
    names.push_back(setting.text());
  return names;
}

// One inspection written by hand.
std::vector<std::string> unkept_in(const std::string& config, const std::string& host,
                                   const std::string& networks = "{}") {
  const auto inspection =
      JsonDocument::parse(R"({"Id":"0123456789abcdef","Name":"/web","Config":)" + config + R"(,"HostConfig":)" + host +
                          R"(,"NetworkSettings":{"Networks":)" + networks + "}}");
  const auto image = JsonDocument::parse(R"({"Id":"sha256:1","Config":{"Env":["PATH=/bin"],"Volumes":{"/own":{}},
    "Cmd":["serve"],"Healthcheck":{"Test":["CMD","probe"],"StartInterval":1000}}})");
  std::vector<std::string> names;
  for (const auto& setting : unkept_settings(inspection.root(), image.root(), {}, 51)) names.push_back(setting.text());
  return names;
}
const std::string plain_config = R"({"Env":["PATH=/bin"],"Cmd":["serve"],"Volumes":{"/own":{}}})";

class Recorded : public testing::TestWithParam<RecordedEngine> {};
INSTANTIATE_TEST_SUITE_P(Engines, Recorded,
                         testing::Values(RecordedEngine{"20.10", 41}, RecordedEngine{"26.1", 45},
                                         RecordedEngine{"28.5", 51}),
                         [](const auto& each) { return "Docker" + each.param.version.substr(0, 2); });

TEST_P(Recorded, APlainContainerHasNothingThatWouldBeLost) {
  EXPECT_THAT(unkept(GetParam(), "plain"), IsEmpty());
  EXPECT_THAT(unkept(GetParam(), "plain", false), IsEmpty()) << "nor where its image is gone";
}

TEST_P(Recorded, EveryOptionWithAPlaceIsKept) {
  EXPECT_THAT(unkept(GetParam(), "kept"), IsEmpty());
}

TEST_P(Recorded, EveryOptionWithoutAPlaceIsNamed) {
  std::vector<std::string> expected{
      "AutoRemove (--rm)",
      "ContainerIDFile (--cidfile)",
      "Mounts[2].VolumeOptions.DriverConfig.Name (--mount …,volume-driver=…)",
      "Mounts[2].VolumeOptions.DriverConfig.Options.device (--mount …,volume-opt=…)",
      "Mounts[2].VolumeOptions.DriverConfig.Options.type (--mount …,volume-opt=…)",
      "PortBindings.80/tcp (--publish of a range of host ports for one port)",
  };
  EXPECT_THAT(unkept(GetParam(), "unkept"), testing::UnorderedElementsAreArray(expected));
}

TEST(Unkept, KeysOfEnginesToComeCountUnlessTheySayNothing) {
  EXPECT_THAT(unkept_in(plain_config, R"({"Teleport":true,"Shields":[],"Warp":{"Speed":0}})"), ElementsAre("Teleport"));
  EXPECT_THAT(unkept_in(R"({"Env":["PATH=/bin"],"Cmd":["serve"],"Aura":"red"})", "{}"), ElementsAre("Aura"));
  EXPECT_THAT(unkept_in(plain_config, R"({"NetworkMode":"front"})", R"({"front":{"Tunnel":{"Id":7}}})"),
              ElementsAre("Networks.front.Tunnel"));
  EXPECT_THAT(
      unkept_in(plain_config, R"({"Mounts":[{"Type":"bind","Source":"/a","Target":"/b","BindOptions":{"New":1}}]})"),
      ElementsAre("Mounts[0].BindOptions.New"));
}

TEST(Unkept, RightsToGraphicsCardsAreKept) {
  EXPECT_THAT(unkept_in(plain_config, R"({"DeviceRequests":[{"Driver":"","Count":-1,"Capabilities":[["gpu"]]}]})"),
              IsEmpty());
  EXPECT_THAT(unkept_in(plain_config, R"({"DeviceRequests":[{"Capabilities":[["gpu"],["tpu"]]}]})"),
              ElementsAre("DeviceRequests[0].Capabilities[1] (--gpus)"));
}

TEST(Unkept, MountsThatAreNeitherVolumeNorFolderAreNotTakenForVolumes) {
  for (const std::string type : {"npipe", "cluster", "teleport"}) {
    const std::string host = R"({"Mounts":[{"Type":")" + type + R"(","Source":"db:1","Target":"/img"}]})";
    EXPECT_THAT(unkept_in(plain_config, host), ElementsAre("Mounts[0] (--mount type=" + type + ")")) << type;
    const auto inspection = JsonDocument::parse(R"({"Config":{},"HostConfig":)" + host + R"(,"Mounts":[{"Type":")" +
                                                type + R"(","Name":"db:1","Destination":"/img"}]})");
    const auto detail = decode_inspection(inspection.root(), nullptr, {});
    EXPECT_THAT(detail.service.mounts, IsEmpty()) << type;
    EXPECT_THAT(detail.container.mounts, IsEmpty()) << type;
  }
}

TEST(Unkept, OpenSystemPathsAreKept) {
  const std::string open = R"({"MaskedPaths":[],"ReadonlyPaths":[]})";
  EXPECT_THAT(unkept_in(plain_config, open), IsEmpty());
  const auto inspection = JsonDocument::parse(R"({"Config":{},"HostConfig":)" + open + "}");
  const auto service = decode_inspection(inspection.root(), nullptr, {}).service;
  EXPECT_THAT(service.security_opt, ElementsAre("systempaths=unconfined"));
  const std::string body =
      create_body({.name = "web", .image = "i", .service = service, .labels = {}, .restart = {}}, 41);
  EXPECT_THAT(body, testing::HasSubstr(R"("MaskedPaths":[],"ReadonlyPaths":[])"));
  EXPECT_THAT(body, testing::Not(testing::HasSubstr("SecurityOpt")));
  EXPECT_THAT(unkept_in(plain_config, R"({"MaskedPaths":[],"ReadonlyPaths":null})"), ElementsAre("MaskedPaths"));
  EXPECT_THAT(unkept_in(plain_config, R"({"MaskedPaths":["/proc/kcore"]})"), ElementsAre("MaskedPaths"));
}

TEST(Unkept, VariablesThatWereTakenOutStayOut) {
  EXPECT_THAT(unkept_in(R"({"Env":[],"Cmd":["serve"]})", "{}"), IsEmpty());
  EXPECT_THAT(unkept_in(R"({"Env":["PATH"],"Cmd":["serve"]})", "{}"), IsEmpty());
}

TEST(Unkept, TheImagesOwnSettingsAreItsOwn) {
  EXPECT_THAT(
      unkept_in(R"({"Env":["PATH=/bin"],"Cmd":["serve"],"Healthcheck":{"Test":["CMD","probe"],"StartInterval":1000},
                            "OnBuild":["x"],"Shell":["y"]})",
                "{}"),
      IsEmpty());
}

TEST(Unkept, ModesOfAMountThatNobodyKnowsAreKeptInTheShortForm) {
  EXPECT_THAT(
      unkept_in(plain_config, R"({"Binds":["/a:/b:ro,z,delegated","v:/c:nocopy"],"Tmpfs":{"/t":"size=1m,mode=700"}})"),
      IsEmpty());
}

}  // namespace
}  // namespace belay::engine
