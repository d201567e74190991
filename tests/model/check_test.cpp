#include <gtest/gtest.h>

#include "model/spec.h"

namespace belay {
namespace {

std::string refusal(const Spec& spec) {
  try {
    check_spec(spec);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Spec one(const std::function<void(Service&)>& change) {
  Spec spec{{Service{}}, {}, {}, {}, false, {}};
  spec.services[0].name = "web";
  change(spec.services[0]);
  return spec;
}
PortBinding port(std::uint16_t inside, std::optional<std::uint16_t> outside, const std::string& ip = "",
                 const std::string& protocol = "tcp") {
  return {inside, protocol, ip, outside};
}
Spec with_ports(const std::vector<PortBinding>& ports) {
  return one([&](Service& s) { s.ports = ports; });
}
Spec with_mounts(const std::vector<Mount>& mounts) {
  return one([&](Service& s) { s.mounts = mounts; });
}

TEST(CheckSpec, AcceptsWhatCanBe) {
  EXPECT_EQ(refusal({}), "");
  EXPECT_EQ(refusal(with_ports({port(80, 80), port(80, 81), port(53, 80, "", "udp"), port(90, {}), port(90, {})})), "");
  EXPECT_EQ(refusal(with_ports({port(80, 80, "127.0.0.1"), port(80, 80, "10.0.0.1")})), "");
  EXPECT_EQ(refusal(with_mounts({{Mount::Kind::volume, "data", "/data", false, ""},
                                 {Mount::Kind::volume, "", "/anonymous", false, ""},
                                 {Mount::Kind::tmpfs, "", "/tmp", false, ""},
                                 {Mount::Kind::bind, "/srv", "/srv", false, ""}})),
            "");
  EXPECT_EQ(refusal(one([](Service& s) { s.network_mode = "host"; })), "");
}

TEST(CheckSpec, RefusesPortsThatCannotBe) {
  EXPECT_EQ(refusal(with_ports({port(0, 80)})), "port 0 cannot be published");
  EXPECT_EQ(refusal(with_ports({port(80, 80, "", "icmp")})), "the protocol 'icmp' of port 80 is not tcp, udp or sctp");
  EXPECT_EQ(refusal(with_ports({port(80, 8080), port(81, 8080)})),
            "the host port 8080 is asked for twice: 8080->80/tcp and 8080->81/tcp");
  EXPECT_EQ(refusal(with_ports({port(80, 8080, "127.0.0.1"), port(81, 8080, "0.0.0.0")})),
            "the host port 8080 is asked for twice: 127.0.0.1:8080->80/tcp and 0.0.0.0:8080->81/tcp");
}

// Else only the engine would say so, for each release anew.
TEST(CheckSpec, RefusesLessMemoryThanAContainerNeeds) {
  const auto of = [](std::int64_t bytes) {
    return refusal(one([&](Service& s) { s.resources.memory = ByteCount{bytes}; }));
  };
  EXPECT_EQ(of(6), "6 B of memory are less than the engine gives a container");
  EXPECT_NE(of((6 << 20) - 1), "");
  EXPECT_EQ(of(6 << 20), "");
  EXPECT_EQ(of(0), "") << "no limit";
}

TEST(CheckSpec, RefusesMountsThatCannotBe) {
  EXPECT_EQ(refusal(with_mounts({{Mount::Kind::volume, "x", "data", false, ""}})),
            "the mount point 'data' is not an absolute path in the container");
  EXPECT_EQ(refusal(with_mounts(
                {{Mount::Kind::volume, "x", "/data", false, ""}, {Mount::Kind::tmpfs, "", "/data", false, ""}})),
            "two mounts go to /data");
  EXPECT_EQ(refusal(with_mounts({{Mount::Kind::bind, "srv", "/data", false, ""}})),
            "the host path 'srv' for /data is not absolute");
}

TEST(CheckSpec, RefusesNetworksThatExcludeEachOther) {
  EXPECT_EQ(refusal(one([](Service& s) {
              s.network_mode = "host";
              s.networks = {{"front", {}, "", ""}};
            })),
            "network mode 'host' excludes joining the network front");
  EXPECT_EQ(refusal(one([](Service& s) {
              s.network_mode = "container:db";
              s.ports = {port(80, 80)};
            })),
            "a container that shares another's network cannot publish ports of its own");
}

TEST(CheckSpec, RefusesServicesThatGetInEachOthersWay) {
  Spec spec = with_ports({port(80, 8080)});
  spec.services.push_back(spec.services[0]);
  EXPECT_EQ(refusal(spec), "two services are called web");
  spec.services[1].name = "db";
  EXPECT_EQ(refusal(spec), "the services web and db both ask for host port 8080");
  spec.services[1].ports[0].host_port = 8081;
  EXPECT_EQ(refusal(spec), "");
}

TEST(PortBinding, ReadsAsInDockerPs) {
  EXPECT_EQ(port(80, 8080).text(), "8080->80/tcp");
  EXPECT_EQ(port(80, 8080, "127.0.0.1").text(), "127.0.0.1:8080->80/tcp");
  EXPECT_EQ(port(80, 8080, "::1").text(), "[::1]:8080->80/tcp");
  EXPECT_EQ(port(53, {}, "", "udp").text(), "53/udp");
  EXPECT_EQ(port(80, {}, "127.0.0.1").text(), "127.0.0.1:*->80/tcp");
}

TEST(Spec, FindsItsServicesByName) {
  const Spec spec = with_ports({});
  EXPECT_EQ(&spec.service("web"), &spec.services[0]);
  EXPECT_THROW(spec.service("db"), NotFound);
}

TEST(CheckSpec, RefusesWhatTheKernelDoesNotTake) {
  const std::string long_word(131'072, 'x');
  EXPECT_EQ(refusal(one([&](Service& s) { s.command = {{std::string(131'071, 'x')}}; })), "");
  EXPECT_EQ(refusal(one([&](Service& s) { s.command = {{"sh", long_word}}; })),
            "word 2 of the command has 131072 bytes: the kernel takes less than 131072");
  EXPECT_NE(refusal(one([&](Service& s) { s.entrypoint = {{long_word}}; })), "");
  EXPECT_NE(refusal(one([&](Service& s) { s.environment["A"] = long_word; })), "");
  EXPECT_NE(refusal(one([&](Service& s) { s.command = std::vector<std::string>(20, std::string(120'000, 'x')); })), "");
}

TEST(CheckSpec, RefusesNulCharacters) {
  const std::string nul("a\0b", 3);
  EXPECT_EQ(refusal(one([&](Service& s) { s.command = {{nul}}; })), "word 1 of the command has a NUL character");
  EXPECT_NE(refusal(one([&](Service& s) { s.entrypoint = {{"sh", nul}}; })), "");
  EXPECT_NE(refusal(one([&](Service& s) { s.labels["a"] = nul; })), "");
  EXPECT_NE(refusal(one([&](Service& s) { s.labels[nul] = "a"; })), "");
  EXPECT_NE(refusal(one([&](Service& s) { s.environment["A"] = nul; })), "");
  EXPECT_NE(refusal(one([&](Service& s) { s.environment[nul] = "a"; })), "");
  EXPECT_NE(refusal(one([&](Service& s) { s.user = nul; })), "");
  EXPECT_NE(refusal(with_mounts({{Mount::Kind::bind, "/srv/" + nul, "/x", false, ""}})), "");
}

// Wherever a text stands.
TEST(CheckSpec, RefusesNulCharactersInEveryField) {
  const std::string nul("a\0b", 3);
  EXPECT_EQ(refusal(one([&](Service& s) { s.extra_hosts = {nul}; })), "extra_hosts has a NUL character");
  EXPECT_EQ(refusal(one([&](Service& s) { s.networks = {{"front", {nul}, "", ""}}; })), "aliases has a NUL character");
  EXPECT_EQ(refusal(one([&](Service& s) { s.log_options["tag"] = nul; })), "log_options has a NUL character");
  EXPECT_EQ(refusal(one([&](Service& s) { s.log_options[nul] = "x"; })), "a name in log_options has a NUL character");
  EXPECT_EQ(refusal(one([&](Service& s) { s.sysctls["kernel.domainname"] = nul; })), "sysctls has a NUL character");
  for (auto field : {&Service::dns, &Service::dns_search, &Service::dns_options, &Service::cap_add, &Service::links,
                     &Service::security_opt, &Service::group_add, &Service::volumes_from})
    EXPECT_NE(refusal(one([&](Service& s) { s.*field = {nul}; })), "");
  for (auto field : {&Service::pid_mode, &Service::runtime, &Service::cgroup_parent, &Service::mac_address,
                     &Service::platform, &Service::container_name})
    EXPECT_NE(refusal(one([&](Service& s) { s.*field = nul; })), "");
  EXPECT_NE(refusal(one([&](Service& s) { s.devices = {{"/dev/null", nul, "rwm"}}; })), "");
  EXPECT_NE(refusal(one([&](Service& s) { s.ulimits = {{nul, 1, 1}}; })), "");
  EXPECT_NE(refusal(one([&](Service& s) { s.restart.name = nul; })), "");
  EXPECT_NE(refusal(one([&](Service& s) { s.files = {{"/" + nul, "x"}}; })), "");
  EXPECT_EQ(refusal(one([&](Service& s) { s.files = {{"/a", nul}}; })), "") << "a file may hold anything";
}

TEST(CheckSpec, RefusesDefinitionsThatCannotBe) {
  const auto network = [](const std::string& name, const NetworkDefinition& definition) {
    Spec spec;
    spec.networks[name] = definition;
    return refusal(spec);
  };
  NetworkDefinition external;
  external.external = true;
  EXPECT_EQ(network("front", external), "");
  external.driver = "overlay";
  EXPECT_EQ(network("front", external), "the network front is external, so nothing else can be said of it");
  EXPECT_EQ(network("host", {}), "host is a network of the engine's own and cannot be defined");
  NetworkDefinition no_subnet;
  no_subnet.pools = {{"", "10.0.0.1"}};
  EXPECT_EQ(network("front", no_subnet), "the network front has addresses without their subnet");
  Spec spec;
  spec.volumes["data"].external = true;
  EXPECT_EQ(refusal(spec), "");
  spec.volumes["data"].options = {{"type", "nfs"}};
  EXPECT_EQ(refusal(spec), "the volume data is external, so nothing else can be said of it");
}

TEST(CheckSpec, RefusesFilesThatCannotBeWritten) {
  const ServiceFile file{"/etc/app.conf", "x"};
  EXPECT_EQ(refusal(one([&](Service& s) { s.files = {file}; })), "");
  EXPECT_NE(refusal(one([&](Service& s) { s.files = {file, file}; })), "");
  EXPECT_NE(refusal(one([&](Service& s) { s.files = {{"relative", "x"}}; })), "");
  EXPECT_NE(refusal(one([&](Service& s) {
              s.files = {file};
              s.read_only = true;
            })),
            "");
}

}  // namespace
}  // namespace belay
