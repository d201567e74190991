#include <gtest/gtest.h>

#include "document/json.h"
#include "full_spec.h"

namespace belay {

// Converts to anything: how many of them a struct takes in braces is how many fields it has. Not private to this file,
// where clang would want its conversions to have bodies.
struct Anything {
  template <class T>
  operator T() const;
};

namespace {

template <class T, size_t... Index>
constexpr bool takes(std::index_sequence<Index...>) {
  return requires { T{(static_cast<void>(Index), Anything{})...}; };
}
template <class T, size_t count = 100>
constexpr size_t fields_of() {
  if constexpr (takes<T>(std::make_index_sequence<count>()))
    return count;
  else
    return fields_of<T, count - 1>();
}

template <class T>
class EveryField : public ::testing::Test {};
using Structs = ::testing::Types<PortBinding, Mount, NetworkLink, HealthCheck, RestartPolicy, Ulimit, Device,
                                 DeviceRequest, BlockLimit, ServiceFile, Resources, Service, AddressPool,
                                 NetworkDefinition, VolumeDefinition, Spec>;
TYPED_TEST_SUITE(EveryField, Structs);

TYPED_TEST(EveryField, IsInTheListOfFields) {
  EXPECT_EQ(listed_fields<TypeParam>(), fields_of<TypeParam>()) << "a field is missing in model/fields.h";
}

size_t leaves(const document::Node& node) {
  size_t count = 0;
  for (const auto& member : node.members()) count += 1 + leaves(member.value);
  for (const auto& item : node.items()) count += leaves(item);
  return count;
}

TEST(SpecJson, HasEveryFieldOfAFullSpec) {
  const Spec spec = filled<Spec>();
  const auto node = document::read_json(spec_to_json(spec), "spec");
  EXPECT_EQ(node.members().size(), listed_fields<Spec>());
  const auto& service = node.find("services")->items().at(0);
  EXPECT_EQ(service.members().size(), listed_fields<Service>());
  EXPECT_EQ(service.find("resources")->members().size(), listed_fields<Resources>());
  EXPECT_EQ(service.find("health")->members().size(), listed_fields<HealthCheck>());
  EXPECT_EQ(service.find("mounts")->items().at(1).members().size(), listed_fields<Mount>());
  EXPECT_EQ(leaves(*service.find("ports")), 2 * listed_fields<PortBinding>());
}

TEST(SpecJson, ComesBackAsItWas) {
  const Spec spec = filled<Spec>();
  EXPECT_EQ(spec_from_json(spec_to_json(spec)), spec);
  EXPECT_EQ(spec_from_json(spec_to_json(spec, 2)), spec);
  EXPECT_EQ(spec_from_json(spec_to_json({})), Spec{});
}

TEST(SpecJson, EachFieldComesBackByItself) {
  with_each_field_from(Service{}, filled<Service>(), [](const std::string& name, const Service& service) {
    const Spec spec{{service}, {}, {}, {}, false, {}};
    EXPECT_EQ(spec_from_json(spec_to_json(spec)), spec) << name;
    EXPECT_NE(spec_to_json(spec), spec_to_json({{Service{}}, {}, {}, {}, false, {}})) << name;
  });
}

TEST(SpecJson, LeavesOutWhatHasItsDefault) {
  Service web;
  web.name = "web";
  web.image = "web:1";
  EXPECT_EQ(spec_to_json({{web}, {}, {}, {}, false, {}}), R"({"services":[{"name":"web","image":"web:1"}]})");
}

TEST(SpecJson, TellsEmptyFromAbsent) {
  Spec spec{{Service{}}, {}, {}, {}, false, {}};
  Service& service = spec.services[0];
  service.command = std::vector<std::string>{};
  service.init = false;
  service.stop_timeout = 0;
  service.resources.memory = ByteCount{0};
  service.health = HealthCheck{};
  service.environment = {{"EMPTY", ""}};
  service.devices = {{"/dev/a", "/dev/a", ""}};
  service.ports = {{80, "", "", std::uint16_t{0}}};
  spec.settle = Milliseconds(0);
  EXPECT_EQ(spec_from_json(spec_to_json(spec)), spec);
}

TEST(SpecJson, RefusesKeysThatOnlyANewerBelayKnows) {
  EXPECT_THROW(spec_from_json(R"({"services":[{"name":"web","colour":"red"}]})"), ConfigError);
  EXPECT_THROW(spec_from_json(R"({"servces":[]})"), ConfigError);
  EXPECT_THROW(spec_from_json(R"({"services":[{"mounts":[{"targt":"/x"}]}]})"), ConfigError);
}

TEST(SpecJson, RefusesDamagedValues) {
  for (const char* text :
       {"", "[]", "{", R"({"services":{}})", R"({"order":"sideways"})",
        R"({"services":[{"ports":[{"host_port":70000}]}]})", R"({"services":[{"ports":[{"host_port":-1}]}]})",
        R"({"services":[{"tty":"yes"}]})", R"({"services":[{"stop_timeout":99999999999}]})",
        R"({"services":[{"mounts":[{"kind":"cloud"}]}]})"})
    EXPECT_THROW(spec_from_json(text), ConfigError) << text;
}

}  // namespace
}  // namespace belay
