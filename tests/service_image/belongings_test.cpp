// What is a service's on the engine, and what is not.

#include "service_image/belongings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine_memory/memory.h"
#include "service_image/convention.h"
#include "support/fake_clock.h"

namespace belay::service_image {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class BelongingsOf : public ::testing::Test {
 protected:
  BelongingsOf() { image = engine.add_image("app:1", {}, {}); }

  void container(const std::string& name, const std::string& of_image, const labels::Labels& labels = {},
                 const std::string& volume = {}) {
    engine::ContainerRequest request;
    request.name = name;
    request.image = of_image;
    request.labels = labels;
    if (!volume.empty()) {
      Mount mount;
      mount.source = volume;
      mount.target = "/config";
      request.service.mounts.push_back(mount);
    }
    engine.create_container(request, {});
  }

  belay::testing::FakeClock clock;
  engine::MemoryEngine engine{clock};
  std::string image;
};

TEST_F(BelongingsOf, AreFoundByLabelNameVolumeAndImage) {
  engine.add_image("other:1", {}, {}, "2");
  for (const char* volume : {"dr-web-config", "dr-web-db-config", "plain"}) engine.create_volume({volume, {}, {}}, {});
  engine.create_volume({"labelled", labels_of("web"), {}}, {});
  engine.create_network({"dr-web", {}, {}}, {});
  engine.create_network({"dr-webber", {}, {}}, {});
  container("dr-web-front", "other:1");
  container("anything", "other:1", labels_of("web"));
  container("mounts", "other:1", {}, "dr-web-config");
  container("web", "app:1");
  container("web-2", "other:1");
  container("dr-web-of-an-app", "other:1", {{labels::app, "shop"}});
  container("dr-web-labelled", "other:1", labels_of("elsewhere"));
  container("dr-web-db-front", "other:1");
  const Belongings found = belongings_of(engine, {"web", {image}, {"web-db", "elsewhere"}}, {});
  EXPECT_THAT(found.containers, UnorderedElementsAre("dr-web-front", "anything", "mounts", "web"));
  EXPECT_THAT(found.volumes, UnorderedElementsAre("dr-web-config", "labelled"));
  EXPECT_THAT(found.networks, ElementsAre("dr-web"));
  const Belongings longer = belongings_of(engine, {"web-db", {}, {"web"}}, {});
  EXPECT_THAT(longer.volumes, ElementsAre("dr-web-db-config"));
  EXPECT_THAT(longer.containers, ElementsAre("dr-web-db-front"));
}

TEST_F(BelongingsOf, AreNotWhatAnotherServiceOrAnAppHas) {
  engine.create_volume({"dr-web-config", {}, {}}, {});
  container("db", "app:1", {}, "dr-web-config");
  EXPECT_TRUE(belongings_of(engine, {"web-config", {}, {"web"}}, {}).empty());
  EXPECT_THAT(belongings_of(engine, {"web", {}, {"web-config"}}, {}).containers, ElementsAre("db"));
  // Their images have the same tags.
  engine.tag_image(image, "belay-dr/web:1", {});
  container("front", "belay-dr/web:1");
  EXPECT_THAT(belongings_of(engine, {"Web", {}, {"web"}}, {}).containers, ::testing::IsEmpty());
  EXPECT_THAT(belongings_of(engine, {"web", {}, {}}, {}).containers, UnorderedElementsAre("db", "front"));
  EXPECT_THAT(belongings_of(engine, {"web", {}, {}, {"front", "db"}}, {}).containers, ::testing::IsEmpty());
}

// An image that was made of a service's container hands its label on.
TEST_F(BelongingsOf, AreNotWhatHasItsLabelFromItsImage) {
  ImageConfig config;
  config.labels = labels_of("web");
  engine.add_image("mine:1", config, {}, "3");
  container("precious", "mine:1");
  container("said-again", "mine:1", labels_of("web"));
  container("dr-web-front", "mine:1");
  container("labelled", "app:1", labels_of("web"));
  EXPECT_THAT(belongings_of(engine, {"web", {image}, {}}, {}).containers,
              UnorderedElementsAre("dr-web-front", "labelled"));
}

TEST_F(BelongingsOf, KnowWhatCameSince) {
  engine.create_volume({"dr-web-config", {}, {}}, {});
  container("dr-web-a", "app:1");
  const Owner owner{"web", {image}, {}};
  const Belongings before = belongings_from_json(to_json(belongings_of(engine, owner, {})));
  container("dr-web-b", "app:1");
  engine.create_volume({"dr-web-new", {}, {}}, {});
  const Belongings added = added_since(before, belongings_of(engine, owner, {}));
  EXPECT_THAT(added.containers, ElementsAre("dr-web-b"));
  EXPECT_THAT(added.volumes, ElementsAre("dr-web-new"));
}

}  // namespace
}  // namespace belay::service_image
