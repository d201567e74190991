#include <gtest/gtest.h>

#include "full_spec.h"
#include "model/world.h"

namespace belay {
namespace {

Spec spec_of(const Service& service) {
  return {{service}, SwapOrder::by_rule, {}, {}, false, {}};
}

std::string text_of(const std::vector<FieldChange>& changes) {
  std::string text;
  for (const auto& change : changes) text += change.text() + (change.in_place ? " (in place)\n" : "\n");
  return text;
}

std::string changed(const Service& before, const Service& after) {
  return text_of(differences(spec_of(before), spec_of(after)));
}

Service web() {
  Service service;
  service.name = service.image = "web";
  return service;
}

TEST(Differences, ReadAsSentences) {
  Service before = web();
  before.environment = {{"LOG_LEVEL", "info"}, {"OLD", "1"}};
  before.ports = {{80, "tcp", "", std::uint16_t{8080}}};
  before.mounts = {{Mount::Kind::bind, "/etc/web", "/config", true, "z"}};
  before.resources.memory = ByteCount{64 << 20};
  Service after = before;
  after.environment = {{"LOG_LEVEL", "debug"}, {"NEW", "2"}};
  after.ports[0].host_port = 8081;
  after.mounts.push_back({Mount::Kind::tmpfs, "", "/tmp", false, "size=64m"});
  after.resources.memory = ByteCount{128 << 20};
  after.restart = {"on-failure", 3};
  after.health = HealthCheck{{"CMD-SHELL", "curl -f x || exit 1"}, Seconds(5), {}, {}, 2};
  after.privileged = true;
  EXPECT_EQ(changed(before, after),
            "env.LOG_LEVEL: info → debug\n"
            "env.NEW: + 2\n"
            "env.OLD: - 1\n"
            "health: + CMD-SHELL 'curl -f x || exit 1' every 5 s 2 retries\n"
            "memory: 64 MiB → 128 MiB (in place)\n"
            "mounts: /etc/web:/config:ro,z → /etc/web:/config:ro,z, (memory):/tmp:size=64m\n"
            "ports: 8080->80/tcp → 8081->80/tcp\n"
            "privileged: + yes\n"
            "restart: + on-failure:3 (in place)\n");
}

TEST(Differences, OfTheSameSpecAreNone) {
  EXPECT_EQ(text_of(differences(filled<Spec>(), filled<Spec>())), "");
}

TEST(Differences, NoFieldIsForgotten) {
  with_each_field_from(Service{}, filled<Service>(), [](const std::string& name, const Service& service) {
    if (name == "name") return;
    EXPECT_NE(changed(Service{}, service).find(": + "), std::string::npos) << name;
    EXPECT_NE(changed(service, Service{}).find(": - "), std::string::npos) << name;
  });
  with_each_field_from(Spec{}, filled<Spec>(), [](const std::string& name, const Spec& spec) {
    EXPECT_NE(text_of(differences({}, spec)), "") << name;
  });
}

// A list of one such thing, where only one of its fields changes.
template <class Part>
void expect_each_part_shows(std::vector<Part> Service::* list) {
  with_each_field_from(filled<Part>(), Part{}, [&](const std::string& name, const Part& part) {
    // A bind's source is a path and a volume's is not: the source tells the kinds apart.
    if (std::is_same_v<Part, Mount> && name == "kind") return;
    Service before = web(), after = web();
    (before.*list) = {filled<Part>()};
    (after.*list) = {part};
    EXPECT_NE(changed(before, after), "") << name;
  });
}

TEST(Differences, NoPartOfAFieldIsForgotten) {
  expect_each_part_shows(&Service::ports);
  expect_each_part_shows(&Service::mounts);
  expect_each_part_shows(&Service::networks);
  expect_each_part_shows(&Service::devices);
  expect_each_part_shows(&Service::ulimits);
  expect_each_part_shows(&Service::device_requests);
  expect_each_part_shows(&Service::block_limits);
  expect_each_part_shows(&Service::files);
  with_each_field_from(filled<HealthCheck>(), HealthCheck{}, [](const std::string& name, const HealthCheck& check) {
    Service before = web(), after = web();
    before.health = filled<HealthCheck>();
    after.health = check;
    EXPECT_NE(changed(before, after), "") << name;
  });
}

TEST(Differences, NoPartOfADefinitionIsForgotten) {
  with_each_field_from(filled<NetworkDefinition>(), NetworkDefinition{},
                       [](const std::string& name, const NetworkDefinition& network) {
                         EXPECT_NE(text_of(differences(filled<NetworkDefinition>(), network)), "") << name;
                         EXPECT_NE(text_of(differences(NetworkDefinition{}, filled<NetworkDefinition>())), "");
                       });
  with_each_field_from(filled<VolumeDefinition>(), VolumeDefinition{},
                       [](const std::string& name, const VolumeDefinition& volume) {
                         EXPECT_NE(text_of(differences(filled<VolumeDefinition>(), volume)), "") << name;
                       });
}

TEST(Differences, OfDefinitionsAreShownWithoutSecrets) {
  Spec before, after;
  before.networks["back"].driver = "bridge";
  after.networks["back"].driver = "macvlan";
  after.networks["back"].pools = {{"10.5.0.0/16", "10.5.0.1", "10.5.1.0/24", {{"printer", "10.5.0.9"}}}};
  after.volumes["data"].options = {{"o", "username=me,password=geheim"}};
  after.volumes["plain"] = {};
  EXPECT_EQ(text_of(differences(before, after)),
            "networks.back.driver: bridge → macvlan\n"
            "networks.back.pools: + 10.5.0.0/16 by 10.5.0.1 from 10.5.1.0/24 without 10.5.0.9 of printer\n"
            "volumes.data.options.o: + (hidden)\n"
            "volumes.plain: + defined\n");
  EXPECT_EQ(without_secrets(after).volumes["data"].options.at("o"), "(hidden)");
}

TEST(Differences, OfANetworkThatIsThereAreThoseThatTheDefinitionSpeaksOf) {
  NetworkDefinition wanted;
  wanted.options = {{"mtu", "1400"}};
  wanted.pools = {{"10.5.0.0/16", ""}};
  Network shown{"back", "bridge", {}};
  shown.options = {{"mtu", "1400"}, {"com.docker.network.bridge.name", "br-1"}};
  shown.ipam_driver = "default";
  shown.pools = {{"10.5.0.0/16", "10.5.0.1"}};
  EXPECT_EQ(text_of(differences(shown, wanted)), "");
  wanted.pools[0].gateway = "10.5.0.9";
  EXPECT_EQ(text_of(differences(shown, wanted)), "pools: 10.5.0.0/16 by 10.5.0.1 → 10.5.0.0/16 by 10.5.0.9\n");
  // Made with an option that the definition does not have any more.
  NetworkDefinition asked;
  asked.options = {{"mtu", "1400"}};
  shown.labels = labels::for_network(AppName("web"), asked);
  EXPECT_EQ(text_of(differences(shown, NetworkDefinition{})), "options.mtu: - 1400\n");
}

TEST(Differences, TellEmptyFromAbsent) {
  Service before = web(), after = web();
  before.environment = {{"GONE", ""}};
  after.environment = {{"MADE", ""}};
  after.command = std::vector<std::string>{};
  after.init = false;
  EXPECT_EQ(changed(before, after),
            "command: + (empty)\n"
            "env.GONE: - (empty)\n"
            "env.MADE: + (empty)\n"
            "init: + no\n");
}

TEST(Differences, ListsAreNotMistakenForEachOther) {
  Service before = web(), after = web();
  before.command = {"a, b"};
  after.command = {"a", "b"};
  EXPECT_EQ(changed(before, after), "command: 'a, b' → a, b\n");
  before.command = {"a", ""};
  after.command = {"a"};
  EXPECT_EQ(changed(before, after), "command: a, '' → a\n");
  before = after = web();
  before.health = HealthCheck{{"CMD", "a b"}, {}, {}, {}, {}};
  after.health = HealthCheck{{"CMD", "a", "b"}, {}, {}, {}, {}};
  EXPECT_NE(changed(before, after), "");
}

TEST(Differences, NeverShowASecret) {
  Service before = web(), after = web();
  before.environment = {{"DB_PASSWORD", "old-s3cret"}, {"OLD_TOKEN", "gone-s3cret"}};
  after.environment = {{"DB_PASSWORD", "new-s3cret"}, {"API_KEY", "fresh-s3cret"}};
  EXPECT_EQ(changed(before, after),
            "env.API_KEY: + (hidden)\n"
            "env.DB_PASSWORD: (hidden) → (hidden)\n"
            "env.OLD_TOKEN: - (hidden)\n");
  // A password in an address, and an option of a log driver.
  before = after = web();
  before.environment = {{"DATABASE_URL", "postgres://db"}};
  after.environment = {{"DATABASE_URL", "postgres://shop:s3cret@db"}};
  after.log_options = {{"splunk-token", "s3cret"}, {"max-size", "10m"}};
  EXPECT_EQ(changed(before, after),
            "env.DATABASE_URL: postgres://db → (hidden)\n"
            "log_options.max-size: + 10m\n"
            "log_options.splunk-token: + (hidden)\n");
  const Spec shown = without_secrets(spec_of(after));
  EXPECT_EQ(spec_to_json(shown).find("s3cret"), std::string::npos);
}

TEST(Differences, OfSeveralServicesNameTheService) {
  Spec before{{web()}, {}, {}, {}, false, {}};
  Spec after = before;
  after.services[0].user = "1000";
  after.services.push_back({});
  after.services[1].name = "db";
  after.services[1].image = "db:1";
  EXPECT_EQ(text_of(differences(before, after)), "db.image: + db:1\nweb.user: + 1000\n");
}

TEST(Differences, KnowTheAppsOwnSettings) {
  Spec before, after;
  before.order = SwapOrder::stop_first;
  after.order = SwapOrder::start_first;
  after.settle = Milliseconds(2500);
  EXPECT_EQ(text_of(differences(before, after)),
            "order: stop first → start first (in place)\nsettle: + 2.5 s (in place)\n");
}

TEST(Differences, TellWhatTheEngineCanChangeInPlace) {
  Service after = web();
  after.networks = {{"front", {"www"}, "10.0.0.2", ""}};
  after.resources.nano_cpus = 5;
  after.hostname = "x";
  EXPECT_EQ(changed(web(), after),
            "hostname: + x\nnano_cpus: + 5 (in place)\nnetworks: + front as www at 10.0.0.2 (in place)\n");
}

bool in_place(const Service& before, const Service& after) {
  return can_change_in_place(spec_of(before), spec_of(after));
}

TEST(ChangesInPlace, AreLimitsPoliciesAndNetworksAlone) {
  Service before = web(), after = web();
  EXPECT_FALSE(in_place(before, after));
  before.resources.memory = ByteCount{1 << 19};
  after.resources.memory = ByteCount{1 << 20};
  after.restart.name = "always";
  EXPECT_TRUE(in_place(before, after));
  after.hostname = "other";
  EXPECT_FALSE(in_place(before, after));
}

TEST(ChangesInPlace, NeitherSetALimitForTheFirstTimeNorLiftIt) {
  Service before = web(), after = web();
  before.resources.memory = ByteCount{1 << 20};
  before.resources.cpuset_cpus = "0";
  after.resources.memory = ByteCount{1 << 21};
  EXPECT_FALSE(in_place(before, after));
  EXPECT_FALSE(in_place(after, before));
  after.resources.cpuset_cpus = "0-1";
  EXPECT_TRUE(in_place(before, after));
}

TEST(ChangesInPlace, JoinAndLeaveNetworksButKeepThoseThatStay) {
  Service before = web(), after = web();
  before.networks = {{"front", {"www"}, "", ""}};
  after.networks = {{"front", {"www"}, "", ""}, {"back", {}, "", ""}};
  EXPECT_TRUE(in_place(before, after));
  EXPECT_TRUE(in_place(after, before));
  after.networks = {{"back", {}, "", ""}};
  EXPECT_TRUE(in_place(before, after));
  after.networks = {{"front", {"other"}, "", ""}};
  EXPECT_FALSE(in_place(before, after));
  after.networks = {};
  EXPECT_FALSE(in_place(before, after));
  EXPECT_FALSE(in_place(after, before));
}

}  // namespace
}  // namespace belay
