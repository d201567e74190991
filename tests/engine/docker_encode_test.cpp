#include "engine/docker_encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/docker_decode.h"
#include "engine/json.h"

namespace belay::engine {
namespace {

using testing::HasSubstr;
using testing::Not;

ContainerRequest request_for(const Service& service) {
  return {.name = "web-r1", .image = "sha256:1234", .service = service, .labels = {}, .restart = {}};
}
std::string body(const Service& service, ApiMinor api = 41) {
  return create_body(request_for(service), api);
}

TEST(Encoding, SaysNothingThatNobodyAskedFor) {
  EXPECT_EQ(body({}), R"({"Image":"sha256:1234","HostConfig":{"RestartPolicy":{"Name":"no","MaximumRetryCount":0}}})");
}

TEST(Encoding, ClearsAnEntrypointWithOneEmptyWord) {
  Service service;
  service.entrypoint = std::vector<std::string>();
  service.command = {{"echo", "a b"}};
  EXPECT_THAT(body(service), HasSubstr(R"("Cmd":["echo","a b"],"Entrypoint":[""])"));
}

// The word would leave nothing to start; the list leaves the image's command.
TEST(Encoding, ClearsAnEntrypointWithoutACommandByAnEmptyList) {
  Service service;
  service.entrypoint = std::vector<std::string>();
  EXPECT_THAT(body(service), HasSubstr(R"("Entrypoint":[])"));
  service.command = std::vector<std::string>();
  EXPECT_THAT(body(service), HasSubstr(R"("Cmd":[],"Entrypoint":[])"));
  service.entrypoint = {{""}};
  EXPECT_THAT(body(service), HasSubstr(R"("Entrypoint":[""])"));
}

TEST(Encoding, ChoosesTheFormOfEachMount) {
  Service service;
  service.mounts = {{Mount::Kind::volume, "data", "/data", false, ""},
                    {Mount::Kind::bind, "/srv", "/srv", true, "z"},
                    {Mount::Kind::bind, "/with:colon", "/x", false, "rshared"},
                    {Mount::Kind::bind, "/etc/app.conf", "/app.conf", true, ""},
                    {Mount::Kind::volume, "", "/cache", false, ""},
                    {Mount::Kind::volume, "", "/fixed", true, ""},
                    {Mount::Kind::tmpfs, "", "/tmp", true, "size=1m"}};
  const std::string text = body(service, 42);
  EXPECT_THAT(text, HasSubstr(R"("Binds":["data:/data","/srv:/srv:ro,z"])"));
  EXPECT_THAT(text, HasSubstr(R"("Volumes":{"/cache":{}})"));
  EXPECT_THAT(text, HasSubstr(R"("Tmpfs":{"/tmp":"ro,size=1m"})"));
  EXPECT_THAT(text, HasSubstr(R"({"Type":"bind","Source":"/with:colon","Target":"/x",)"
                              R"("BindOptions":{"Propagation":"rshared","CreateMountpoint":true}})"));
  // F7: the engine must not make a folder where a file that is only read is missing.
  EXPECT_THAT(text, HasSubstr(R"({"Type":"bind","Source":"/etc/app.conf","Target":"/app.conf","ReadOnly":true,)"
                              R"("BindOptions":{}})"));
  EXPECT_THAT(text, HasSubstr(R"({"Type":"volume","Target":"/fixed","ReadOnly":true})"));
  EXPECT_THAT(body(service, 41), Not(HasSubstr("CreateMountpoint")));
}

TEST(Encoding, PublishesSeveralBindingsOfOnePort) {
  Service service;
  service.ports = {{80, "tcp", "127.0.0.1", 8080}, {80, "tcp", "10.0.0.1", 8081}, {53, "udp", "", std::nullopt}};
  EXPECT_THAT(body(service),
              HasSubstr(R"("PortBindings":{"53/udp":[{"HostIp":"","HostPort":""}],"80/tcp":)"
                        R"([{"HostIp":"127.0.0.1","HostPort":"8080"},{"HostIp":"10.0.0.1","HostPort":"8081"}]})"));
  EXPECT_THAT(body(service), HasSubstr(R"("ExposedPorts":{"53/udp":{},"80/tcp":{}})"));
}

TEST(Encoding, JoinsTheFirstNetworkAtOnceAndTheOthersLater) {
  Service service;
  service.networks = {{"front", {"web"}, "10.1.0.9", ""}, {"back", {}, "", "fd00::9"}};
  service.links = {"db:database"};
  const std::string text = body(service);
  EXPECT_THAT(text, HasSubstr(R"("NetworkMode":"front")"));
  EXPECT_THAT(text, HasSubstr(R"("NetworkingConfig":{"EndpointsConfig":{"front":{"Aliases":["web"],)"
                              R"("Links":["db:database"],"IPAMConfig":{"IPv4Address":"10.1.0.9"}}}})"));
  EXPECT_THAT(text, Not(HasSubstr("back")));
  ASSERT_EQ(later_networks(service).size(), 1U);
  EXPECT_EQ(connect_body("web-r1", later_networks(service)[0]),
            R"({"Container":"web-r1","EndpointConfig":{"IPAMConfig":{"IPv6Address":"fd00::9"}}})");
}

TEST(Encoding, PutsLinksAndHardwareAddressWhereTheEngineWantsThem) {
  Service service;
  service.links = {"db:database"};
  service.mac_address = "02:00:00:00:00:01";
  EXPECT_THAT(body(service, 41), HasSubstr(R"("MacAddress":"02:00:00:00:00:01","HostConfig":)"));
  EXPECT_THAT(body(service, 41), HasSubstr(R"("Links":["db:database"])"));
  EXPECT_THAT(body(service, 44), HasSubstr(R"("EndpointsConfig":{"bridge":{"MacAddress":"02:00:00:00:00:01"}})"));
}

TEST(Encoding, GivesSwapAsMuchAgainAsMemoryUnlessTold) {
  Resources resources;
  resources.memory = ByteCount{100};
  EXPECT_EQ(resources_body(resources), R"({"Memory":100,"MemorySwap":200})");
  resources.memory_swap = ByteCount{-1};
  EXPECT_EQ(resources_body(resources), R"({"Memory":100,"MemorySwap":-1})");
  EXPECT_EQ(resources_body({}), "{}");
}

TEST(Encoding, WritesTimesInNanoseconds) {
  Service service;
  service.health = HealthCheck{{"CMD", "true"}, Milliseconds(1500), {}, {}, 2};
  EXPECT_THAT(body(service), HasSubstr(R"("Healthcheck":{"Test":["CMD","true"],"Interval":1500000000,"Retries":2})"));
}

TEST(Encoding, PutsTheRequestsLabelsOverTheServices) {
  ContainerRequest request = request_for({});
  request.service.labels = {{"a", "1"}, {"b", "1"}};
  request.labels = {{"b", "2"}};
  request.restart = {"on-failure", 3};
  EXPECT_THAT(create_body(request, 41), HasSubstr(R"("Labels":{"a":"1","b":"2"})"));
  EXPECT_THAT(create_body(request, 41), HasSubstr(R"({"Name":"on-failure","MaximumRetryCount":3})"));
}

// An inspection shows what was asked for under the same names: what is written can be read back without an engine.
TEST(Encoding, IsReadBackAsTheSameService) {
  Service service;
  service.name = "web";
  service.image = "sha256:1234";
  service.environment = {{"A", "1"}};
  service.mounts = {{Mount::Kind::volume, "data", "/data", false, "nocopy"},
                    {Mount::Kind::bind, "/srv", "/srv", true, "z"},
                    {Mount::Kind::volume, "", "/fixed", true, ""},
                    {Mount::Kind::tmpfs, "", "/tmp", true, "size=1m"},
                    {Mount::Kind::volume, "", "/cache", false, ""}};
  service.restart = {"always", 0};
  service.resources.blkio_weight = 300;
  service.resources.cpu_period = 50'000;
  service.resources.cpu_quota = 25'000;
  service.resources.cpuset_mems = "0";
  service.resources.kernel_memory = ByteCount{64 << 20};
  service.privileged = true;
  service.init = false;
  service.oom_kill_disable = true;
  service.memory_swappiness = 0;
  service.userns_mode = "host";
  service.uts_mode = "host";
  service.cgroup_parent = "/group";
  service.cgroupns_mode = "private";
  service.runtime = "other";
  service.isolation = "hyperv";
  service.volume_driver = "flocker";
  service.storage_options = {{"size", "1G"}};
  service.network_mode = "container:other";
  ContainerRequest request = request_for(service);
  request.restart = service.restart;
  const std::string created = create_body(request, 41);
  // An inspection holds the configuration one level deeper, apart from the host's part.
  const auto host = created.find("\"HostConfig\":");
  const std::string text =
      R"({"Name":"/web","Config":)" + created + "," + created.substr(host, created.size() - host - 1) + "}";
  const auto document = JsonDocument::parse(text);
  EXPECT_EQ(decode_inspection(document.root(), nullptr, {}).service, service);
}

TEST(Encoding, AsksForANetworkWithItsWholeDefinition) {
  EXPECT_EQ(network_body({"back"}), R"({"Name":"back","CheckDuplicate":true})");
  NetworkRequest request{"back", {{"belay.app", "web"}}};
  NetworkDefinition& network = request.definition;
  network.driver = "bridge";
  network.options = {{"a", "b"}};
  network.labels = {{"zone", "x"}, {"belay.app", "another"}};
  network.internal = network.attachable = true;
  network.enable_ipv6 = true;
  network.ipam_driver = "default";
  network.pools = {{"10.5.0.0/16", "10.5.0.1", "10.5.1.0/24", {{"printer", "10.5.0.9"}}}, {"fd00::/64", ""}};
  EXPECT_EQ(
      network_body(request),
      R"({"Name":"back","CheckDuplicate":true,"Driver":"bridge","Internal":true,"Attachable":true,)"
      R"("EnableIPv6":true,"Options":{"a":"b"},"Labels":{"belay.app":"web","zone":"x"},"IPAM":{"Driver":"default",)"
      R"("Config":[{"Subnet":"10.5.0.0/16","Gateway":"10.5.0.1","IPRange":"10.5.1.0/24",)"
      R"("AuxiliaryAddresses":{"printer":"10.5.0.9"}},{"Subnet":"fd00::/64"}]}})");
}

TEST(Encoding, RefusesWhatTheEngineIsTooOldFor) {
  Service service;
  service.name = "web";
  service.annotations = {{"a", "b"}};
  EXPECT_THROW(body(service, 42), Error);
  EXPECT_THAT(body(service, 43), HasSubstr(R"("Annotations":{"a":"b"})"));
  service.annotations.clear();
  service.mounts = {{Mount::Kind::image, "assets:3", "/assets", true, ""}};
  EXPECT_THROW(body(service, 47), Error);
  EXPECT_THAT(body(service, 48),
              HasSubstr(R"({"Type":"image","Source":"assets:3","Target":"/assets","ReadOnly":true})"));
  service.mounts = {{Mount::Kind::volume, "data", "/data", false, "", "web"}};
  EXPECT_THROW(body(service, 44), Error);
  EXPECT_THAT(body(service, 45), HasSubstr(R"("VolumeOptions":{"Subpath":"web"})"));
}

TEST(Encoding, MakesNoFolderWhereThePathMustExist) {
  Service service;
  service.mounts = {{Mount::Kind::bind, "/srv/log", "/log", false, ""}};
  service.mounts[0].must_exist = true;
  EXPECT_THAT(body(service, 44), HasSubstr(R"({"Type":"bind","Source":"/srv/log","Target":"/log","BindOptions":{}})"));
  service.mounts[0].recursive = "disabled";
  EXPECT_THAT(body(service, 44), HasSubstr(R"("BindOptions":{"NonRecursive":true})"));
}

}  // namespace
}  // namespace belay::engine
