#include "engine/one_look.h"

#include <gtest/gtest.h>

#include "engine_memory/memory.h"
#include "support/fake_clock.h"

namespace belay::engine {
namespace {

class OneLookTest : public ::testing::Test {
 protected:
  OneLookTest() {
    ImageConfig config;
    config.labels = {{"belay.family", "web"}};
    engine_.add_image("web:1", config, {});
    engine_.tag_image("web:1", "belay/web:r1", {});
    engine_.add_image("other:1", {}, {}, "2");
    for (const std::string name : {"web", "db", "down"}) {
      ContainerRequest request;
      request.name = name;
      request.image = "web:1";
      request.labels = {{"belay.app", name}};
      engine_.create_container(request, {});
      if (name != "down") engine_.start_container(name, {});
      engine_.create_volume({name + "_data", {{"belay.app", name}}}, {});
    }
  }

  testing::FakeClock clock_;
  MemoryEngine engine_{clock_};
  OneLook look_{engine_};
};

template <class Thing, class Name>
std::vector<std::string> names(const std::vector<Thing>& things, Name Thing::* name) {
  std::vector<std::string> all;
  for (const auto& thing : things) all.push_back(thing.*name);
  return all;
}

TEST_F(OneLookTest, FiltersAsTheEngineDoes) {
  for (const ContainerFilter& filter :
       {ContainerFilter{}, ContainerFilter{false, {}}, ContainerFilter{true, "belay.app"},
        ContainerFilter{true, "belay.app=db"}, ContainerFilter{false, "belay.app=down"}, ContainerFilter{true, "no"}})
    EXPECT_EQ(names(look_.containers(filter, {}), &Container::name),
              names(engine_.containers(filter, {}), &Container::name));
  for (const ImageFilter& filter :
       {ImageFilter{}, ImageFilter{"belay.family=web", {}}, ImageFilter{{}, "belay/web"}, ImageFilter{{}, "belay/db"},
        ImageFilter{"belay.family=web", "belay/web"}, ImageFilter{"belay.family=web", "other"}})
    EXPECT_EQ(names(look_.images(filter, {}), &Image::id), names(engine_.images(filter, {}), &Image::id));
  for (const std::optional<std::string>& label :
       {std::optional<std::string>(), std::optional<std::string>("belay.app=web")})
    EXPECT_EQ(names(look_.volumes(label, {}), &Volume::name), names(engine_.volumes(label, {}), &Volume::name));
}

TEST_F(OneLookTest, AsksOnceUntilItForgets) {
  const auto look = [&] {
    const int before = engine_.calls();
    for (const char* app : {"web", "db", "down"}) {
      std::ignore = look_.containers({}, {});
      std::ignore = look_.containers({true, std::string("belay.app=") + app}, {});
      std::ignore = look_.volumes({}, {});
      std::ignore = look_.networks({});
      std::ignore = look_.images({}, {});
      std::ignore = look_.image("web:1", {});
    }
    return engine_.calls() - before;
  };
  EXPECT_EQ(look(), 5);
  EXPECT_EQ(look(), 0);
  engine_.stop_container("web", {}, {});
  EXPECT_EQ(look_.containers({false, {}}, {}).size(), 2U);
  look_.forget();
  EXPECT_EQ(look_.containers({false, {}}, {}).size(), 1U);
}

TEST_F(OneLookTest, ChangesNothing) {
  const auto before = engine_.changes();
  EXPECT_THROW(look_.stop_container("web", {}, {}), std::logic_error);
  EXPECT_THROW(look_.remove_volume("web_data", {}), std::logic_error);
  EXPECT_THROW(look_.pull("web:1", {}, {}), std::logic_error);
  EXPECT_EQ(engine_.changes(), before);
}

}  // namespace
}  // namespace belay::engine
