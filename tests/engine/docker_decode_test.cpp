#include "engine/docker_decode.h"

#include <gtest/gtest.h>

#include "base/format.h"

namespace belay::engine {
namespace {

ImageConfig an_image() {
  ImageConfig image;
  image.environment = {{"PATH", "/bin"}, {"MODE", "fast"}};
  image.command = {"serve"};
  image.entrypoint = {"/entry"};
  image.labels = {{"vendor", "v"}, {"tier", "1"}};
  image.exposed_ports = {"80/tcp"};
  image.volumes = {"/image"};
  image.user = "www";
  image.working_dir = "/srv";
  image.stop_signal = "SIGQUIT";
  image.health = HealthCheck{{"CMD", "probe"}, Seconds(30), {}, {}, 3};
  return image;
}

Service read(const std::string& text, const ImageConfig& image = an_image(), const EngineDefaults& defaults = {}) {
  const auto document = JsonDocument::parse(text);
  return decode_inspection(document.root(), &image, defaults).service;
}

Container listed(const std::string& text) {
  const auto document = JsonDocument::parse(text);
  return decode_list_entry(document.root());
}

TEST(Decoding, ReadsAListEntry) {
  const Container container = listed(R"json({"Id":"f00","Names":["/other/alias","/web"],"Image":"web:1",
    "ImageID":"sha256:1","Created":1700000000,"State":"running","Status":"Up 3 minutes (unhealthy)",
    "Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
             {"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
             {"PrivatePort":81,"Type":"tcp"},
             {"IP":"127.0.0.1","PrivatePort":53,"PublicPort":5353,"Type":"udp"}],
    "Labels":{"belay.app":"web"},"HostConfig":{"NetworkMode":"front"},
    "NetworkSettings":{"Networks":{"front":{}}},
    "Mounts":[{"Type":"volume","Name":"data","Source":"/var/lib/x","Destination":"/data","Mode":"z","RW":true},
              {"Type":"bind","Source":"/srv","Destination":"/a","Mode":"ro","RW":false}],"New":[1,{"x":null}]})json");
  EXPECT_EQ(container.name, "web");
  EXPECT_EQ(container.created, "1700000000");
  EXPECT_EQ(container.health, Health::unhealthy);
  EXPECT_EQ(container.ports, (std::vector<PortBinding>{{53, "udp", "127.0.0.1", 5353}, {80, "tcp", "", 8080}}));
  EXPECT_EQ(container.mounts, (std::vector<Mount>{{Mount::Kind::bind, "/srv", "/a", true, ""},
                                                  {Mount::Kind::volume, "data", "/data", false, "z"}}));
  EXPECT_EQ(container.networks, std::vector<std::string>{"front"});
}

TEST(Decoding, SurvivesNullsAndAbsentParts) {
  const Container container = listed(R"({"Names":null,"Ports":null,"Labels":null,"Mounts":null,"State":"strange"})");
  EXPECT_EQ(container.name, "");
  EXPECT_TRUE(container.ports.empty());
  EXPECT_EQ(read("{}", {}).restart.name, "no");
}

TEST(Decoding, TurnsTheWordsOfAListIntoFacts) {
  const auto with = [](const std::string& state, const std::string& status) {
    return listed(format(R"({{"Names":["/web"],"State":"{}","Status":"{}"}})", state, status));
  };
  EXPECT_EQ(with("exited", "Exited (0) 5 minutes ago").exit_code, 0);
  EXPECT_EQ(with("exited", "Exited (137) 2 seconds ago").exit_code, 137);
  EXPECT_EQ(with("exited", "Ended").exit_code, std::nullopt);
  EXPECT_EQ(with("running", "Up 3 minutes (healthy)").exit_code, std::nullopt);
  EXPECT_EQ(with("running", "Up 12 seconds (health: starting)").up_for, Seconds(12));
  EXPECT_EQ(with("running", "Up 12 seconds (health: starting)").health, Health::starting);
  EXPECT_EQ(with("running", "Up Less than a second").up_for, Seconds(0));
  EXPECT_EQ(with("running", "Up About a minute").up_for, Seconds(60));
  EXPECT_EQ(with("paused", "Up 25 minutes (Paused)").up_for, Seconds(1500));
  EXPECT_EQ(with("running", "Up About an hour (unhealthy)").up_for, Seconds(3600));
  EXPECT_EQ(with("running", "Up 3 weeks").up_for, std::chrono::hours(504));
  EXPECT_EQ(with("running", "Up for a while").up_for, std::nullopt);
  EXPECT_EQ(with("exited", "Exited (1) 3 seconds ago").up_for, std::nullopt);
}

TEST(Decoding, FoldsOnlyTheSamePort) {
  std::vector<PortBinding> ports;
  add_published_port(ports, {80, "tcp", "0.0.0.0", 8080});
  add_published_port(ports, {80, "tcp", "::", 8080});
  add_published_port(ports, {80, "tcp", "::1", 8080});
  add_published_port(ports, {80, "tcp", "::", 8081});
  EXPECT_EQ(ports, (std::vector<PortBinding>{{80, "tcp", "", 8080}, {80, "tcp", "::1", 8080}, {80, "tcp", "", 8081}}));
}

TEST(Decoding, SubtractsWhatTheImageAndTheEngineFillIn) {
  const Service service = read(R"({"Id":"0123456789abcdef","Name":"/web","Config":{
    "Hostname":"0123456789ab","Env":["PATH=/bin","MODE=fast"],"Cmd":["serve"],"Entrypoint":["/entry"],
    "Labels":{"vendor":"v","tier":"1","belay.app":"web","belay.service":"front","belay.release":"3",
              "belay.scheme":"belay"},
    "ExposedPorts":{"80/tcp":{},"443/tcp":{}},"Volumes":{"/image":{},"/own":{}},"User":"www","WorkingDir":"/srv",
    "StopSignal":"SIGQUIT","Healthcheck":{"Test":["CMD","probe"],"Interval":30000000000,"Retries":3},"Image":"web:1"},
    "HostConfig":{"NetworkMode":"default","IpcMode":"private","CgroupnsMode":"host","Runtime":"runc","ShmSize":67108864,
      "Memory":1000,"MemorySwap":2000,"MemorySwappiness":-1,"OomKillDisable":false,"PidsLimit":null,
      "LogConfig":{"Type":"json-file","Config":{}},"RestartPolicy":{"Name":"","MaximumRetryCount":0},
      "PortBindings":{"443/tcp":[{"HostIp":"","HostPort":""}]}},
    "NetworkSettings":{"Networks":{"bridge":{"Aliases":null}}}})");
  Service expected;
  expected.name = "front";
  expected.image = "web:1";
  expected.ports = {{443, "tcp", "", std::nullopt}};
  expected.mounts = {{Mount::Kind::volume, "", "/own", false, ""}};
  expected.restart.name = "no";
  expected.resources.memory = ByteCount{1000};
  EXPECT_EQ(service, expected);
}

TEST(Decoding, KeepsWhatDiffersFromTheImage) {
  const Service service = read(R"({"Config":{"Env":["PATH=/bin","MODE=slow","NEW=a=b"],"Cmd":["serve","-v"],
    "Entrypoint":["/entry"],"Labels":{"vendor":"v","tier":"2"},"User":"0",
    "Healthcheck":{"Test":["CMD","probe"],"Interval":5000000000,"Retries":3}}})");
  EXPECT_EQ(service.environment, (std::map<std::string, std::string>{{"MODE", "slow"}, {"NEW", "a=b"}}));
  EXPECT_EQ(service.command, (std::vector<std::string>{"serve", "-v"}));
  EXPECT_FALSE(service.entrypoint);
  EXPECT_EQ(service.labels, (std::map<std::string, std::string>{{"tier", "2"}}));
  EXPECT_EQ(service.user, "0");
  EXPECT_EQ(service.health, (HealthCheck{{}, Seconds(5), {}, {}, {}}));
}

TEST(Decoding, KeepsACommandUnderAnEntrypointOfItsOwn) {
  const Service own = read(R"({"Config":{"Cmd":["serve"],"Entrypoint":["/mine"]}})");
  EXPECT_EQ(own.command, std::vector<std::string>{"serve"}) << "it would not be inherited";
  EXPECT_EQ(own.entrypoint, std::vector<std::string>{"/mine"});
  const Service cleared = read(R"({"Config":{"Cmd":["sh"],"Entrypoint":null}})");
  EXPECT_EQ(cleared.entrypoint, std::vector<std::string>());
  EXPECT_EQ(cleared.command, std::vector<std::string>{"sh"});
}

TEST(Decoding, KeepsAllWhereTheImageIsGone) {
  const auto document = JsonDocument::parse(R"({"Config":{"Env":["PATH=/bin"],"Cmd":["serve"]}})");
  const Service service = decode_inspection(document.root(), nullptr, {}).service;
  EXPECT_EQ(service.environment.size(), 1U);
  EXPECT_EQ(service.command, std::vector<std::string>{"serve"});
}

TEST(Decoding, ReadsNetworksWithoutTheEnginesOwnAlias) {
  const Service service = read(R"({"Id":"0123456789abcdef","Config":{},"HostConfig":{"NetworkMode":"front"},
    "NetworkSettings":{"Networks":{
      "back":{"Aliases":["0123456789ab"],"IPAMConfig":{}},
      "front":{"Aliases":["web","0123456789ab"],"IPAMConfig":{"IPv4Address":"10.1.0.9"},"Links":["db:database"],
               "IPAddress":"10.1.0.9"}}}})");
  EXPECT_EQ(service.networks, (std::vector<NetworkLink>{{"front", {"web"}, "10.1.0.9", ""}, {"back", {}, "", ""}}));
  EXPECT_EQ(service.links, std::vector<std::string>{"db:database"});
}

TEST(Decoding, FindsTheFirstNetworkByItsId) {
  const Service service = read(R"({"Config":{},"HostConfig":{"NetworkMode":"cafe01"},
    "NetworkSettings":{"Networks":{"front":{"NetworkID":"cafe01"}}}})");
  EXPECT_EQ(service.networks, (std::vector<NetworkLink>{{"front", {}, "", ""}}));
}

TEST(Decoding, ReadsLinksOfTheDefaultNetwork) {
  EXPECT_EQ(read(R"({"Config":{},"HostConfig":{"Links":["/db:/web/database"]}})").links,
            std::vector<std::string>{"db:database"});
}

TEST(Decoding, TakesNoNamesFromAHostOrAContainerItSharesANetworkWith) {
  const EngineDefaults defaults{
      .host_name = "box", .log_driver = "journald", .runtime = "runc", .cgroupns_mode = "private"};
  const std::string text = R"({{"Config":{{"Hostname":"{}","Domainname":"{}"}},"HostConfig":{{"NetworkMode":"{}",
    "LogConfig":{{"Type":"journald"}},"CgroupnsMode":"private"}}}})";
  const auto of = [&](const char* host, const char* domain, const char* mode) {
    return read(fmt::format(fmt::runtime(text), host, domain, mode), an_image(), defaults);
  };
  EXPECT_EQ(of("box", "", "host").hostname, "");
  EXPECT_EQ(of("mine", "", "host").hostname, "mine");
  EXPECT_EQ(of("theirs", "example", "container:x").hostname, "");
  EXPECT_EQ(of("box", "", "host").log_driver, "");
  EXPECT_EQ(of("box", "", "host").cgroupns_mode, "");
}

// What create_container adds where nobody said anything of the log.
TEST(Decoding, TakesTheUsualRotationOfALogForNothingThatWasAskedFor) {
  const auto of = [](const std::string& driver, const std::string& options, const std::string& usual) {
    EngineDefaults defaults;
    defaults.log_driver = usual;
    return read(
        format(R"({{"Config":{{}},"HostConfig":{{"LogConfig":{{"Type":"{}","Config":{{{}}}}}}}}})", driver, options),
        an_image(), defaults);
  };
  const std::string rotation = R"("max-size":"10m","max-file":"3")";
  EXPECT_EQ(of("json-file", rotation, "json-file").log_driver, "");
  EXPECT_TRUE(of("json-file", rotation, "json-file").log_options.empty());
  EXPECT_EQ(of("json-file", rotation, "journald").log_options.size(), 2u) << "there it was asked for";
  EXPECT_EQ(of("json-file", R"("max-size":"10m")", "json-file").log_options.size(), 1u);
}

TEST(Decoding, CallsUnhealthyOnlyWhatFailedItsProbes) {
  const auto health = [](const std::string& failures, const std::string& retries) {
    const auto document =
        JsonDocument::parse(R"({"Name":"/web","State":{"Status":"running","Health":{)" + failures +
                            R"("Status":"unhealthy"}},"Config":{"Healthcheck":{"Test":["CMD","x"])" + retries + "}}}");
    return decode_inspection(document.root(), nullptr, {}).container.health;
  };
  EXPECT_EQ(health(R"("FailingStreak":3,)", ""), Health::unhealthy);
  EXPECT_EQ(health(R"("FailingStreak":0,)", ""), Health::starting) << "it was paused until now";
  EXPECT_EQ(health(R"("FailingStreak":2,)", ""), Health::starting);
  EXPECT_EQ(health(R"("FailingStreak":1,)", R"(,"Retries":1)"), Health::unhealthy);
  EXPECT_EQ(health(R"("FailingStreak":4,)", R"(,"Retries":5)"), Health::starting);
  EXPECT_EQ(health("", ""), Health::unhealthy) << "of an engine that does not count";
}

TEST(Decoding, ReadsTheStateOfAContainer) {
  const auto document =
      JsonDocument::parse(R"({"Name":"/web","Created":"2023-11-14T22:13:20.123456789Z","RestartCount":2,
    "State":{"Status":"exited","ExitCode":137,"OOMKilled":true,"Error":"no","StartedAt":"2023-11-14T22:13:21Z",
      "FinishedAt":"0001-01-01T00:00:00Z","Health":{"Status":"unhealthy","Log":[{"Output":"a"},{"Output":"refused\n"}]}},
    "Config":{"Tty":true,"Healthcheck":{"Test":["NONE"]}},
    "NetworkSettings":{"Networks":{"front":{"IPAddress":"10.1.0.9"},"back":{"IPAddress":""}},
                       "Ports":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8080"}],
                                "81/tcp":null}}})");
  const auto detail = decode_inspection(document.root(), nullptr, {});
  EXPECT_EQ(detail.container.created, "1700000000") << "as a list tells it";
  EXPECT_EQ(detail.container.state, ContainerState::exited);
  EXPECT_EQ(detail.container.health, Health::none) << "what is not up has no health";
  EXPECT_EQ(detail.container.ports, (std::vector<PortBinding>{{80, "tcp", "", 8080}}));
  EXPECT_EQ(detail.exit_code, 137);
  EXPECT_TRUE(detail.oom_killed);
  EXPECT_EQ(detail.restart_count, 2);
  EXPECT_EQ(detail.health_output, "refused");
  EXPECT_TRUE(detail.started);
  EXPECT_FALSE(detail.finished);
  EXPECT_FALSE(detail.has_health_check);
  EXPECT_TRUE(detail.tty);
  EXPECT_EQ(detail.network_addresses, (std::map<std::string, std::string>{{"front", "10.1.0.9"}}));
}

TEST(Decoding, SpreadsPortRanges) {
  EXPECT_EQ(spread_ports("8000-8002/udp"), (std::vector<std::string>{"8000/udp", "8001/udp", "8002/udp"}));
  EXPECT_EQ(spread_ports("80"), std::vector<std::string>{"80/tcp"});
  EXPECT_TRUE(spread_ports("x/tcp").empty());
  EXPECT_TRUE(spread_ports("1-99999/tcp").empty());
}

TEST(Decoding, ReadsImages) {
  const auto document = JsonDocument::parse(R"({"Id":"sha256:1","RepoTags":["web:1","<none>:<none>"],
    "RepoDigests":["<none>@<none>"],"Created":"2023-11-14T22:13:20Z","Size":12,"Config":{
    "ExposedPorts":{"8000-8001/tcp":{}},"Volumes":{"/b":{},"/a":{}},"Env":["A=b"],"Cmd":null}})");
  const Image image = decode_image(document.root());
  EXPECT_EQ(image.tags, std::vector<std::string>{"web:1"});
  EXPECT_TRUE(image.digests.empty());
  EXPECT_EQ(image.config.exposed_ports, (std::vector<std::string>{"8000/tcp", "8001/tcp"}));
  EXPECT_EQ(image.config.volumes, (std::vector<std::string>{"/a", "/b"}));
  EXPECT_TRUE(image.config.command.empty());
  EXPECT_FALSE(image.config.health);
}

TEST(Decoding, ReadsEventsButNotThoseOfProbes) {
  const auto read_event = [](const std::string& text) {
    const auto document = JsonDocument::parse(text);
    return decode_event(document.root());
  };
  const auto died = read_event(R"({"Type":"container","Action":"die","time":1700000000,"timeNano":1700000000123456789,
    "Actor":{"ID":"f00","Attributes":{"name":"web-r1","exitCode":"3"}}})");
  ASSERT_TRUE(died);
  EXPECT_EQ(died->name, "web-r1");
  EXPECT_EQ(died->time.time_since_epoch().count(), 1700000000123);
  EXPECT_EQ(read_event(R"({"Type":"volume","Action":"create","time":1,"Actor":{"ID":"data"}})")->name, "data");
  EXPECT_FALSE(read_event(R"({"Type":"container","Action":"exec_start: sh","Actor":{"ID":"f00"}})"));
}

}  // namespace
}  // namespace belay::engine
