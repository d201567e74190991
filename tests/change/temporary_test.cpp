// What lives as long as one command is found again by the next of the same state, and by no other.

#include "change/temporary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/lock.h"
#include "change/apps.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::UnorderedElementsAre;

class TemporaryThings : public ::testing::Test {
 protected:
  TemporaryThings() {
    scene_.engine.add_image("web:1", {}, {}, "web:1");
    // As long as there is a folder for it, images are looked for too.
    announce_temporary(context_, app_, {});
  }
  // A container with a volume and a network of its own, all called so.
  void make(const std::string& name, const labels::Labels& labels) {
    VolumeRequest volume;
    volume.name = name;
    volume.labels = labels;
    scene_.engine.create_volume(volume, {});
    NetworkRequest network;
    network.name = name;
    network.labels = labels;
    scene_.engine.create_network(network, {});
    engine::ContainerRequest request;
    request.name = name;
    request.image = "web:1";
    request.labels = labels;
    scene_.engine.create_container(request, {});
    scene_.engine.start_container(name, {});
  }
  std::vector<std::string> containers() {
    std::vector<std::string> names;
    for (const auto& each : scene_.engine.containers({true, std::string(labels::temporary)}, {}))
      names.push_back(each.name);
    return names;
  }
  std::vector<std::string> volumes() {
    std::vector<std::string> names;
    for (const auto& each : scene_.engine.volumes(std::string(labels::temporary), {})) names.push_back(each.name);
    return names;
  }
  std::vector<std::string> networks() {
    std::vector<std::string> names;
    for (const auto& each : scene_.engine.networks({}))
      if (each.labels.contains(labels::temporary)) names.push_back(each.name);
    return names;
  }
  std::vector<std::string> tags() { return scene_.engine.image("web:1", {})->tags; }
  void clear() {
    const FileLock lock = lock_app_as_found(context_, app_, {});
    clear_temporary(context_, app_, {});
  }

  Scene scene_;
  Context context_ = scene_.context("belay try web");
  const AppName app_{"web"};
};

TEST_F(TemporaryThings, OfAnotherStateAreNotTouched) {
  make("belay-try-web-1f0c9a2e", temporary_labels(context_, app_));
  make("theirs", labels::for_temporary(app_, "00000000000000000000000000000000"));
  make("belay-drill-web-4711-db", labels::for_temporary(app_, ""));
  make("of-another-app", temporary_labels(context_, AppName("shop")));
  clear();
  EXPECT_THAT(containers(), UnorderedElementsAre("theirs", "of-another-app"));
  EXPECT_THAT(volumes(), UnorderedElementsAre("theirs", "of-another-app"));
  EXPECT_THAT(networks(), UnorderedElementsAre("theirs", "of-another-app"));
}

// `docker commit` gives the labels of a container to the image, and that to every container made from it.
TEST_F(TemporaryThings, AContainerThatInheritsTheLabelsStays) {
  make("mine", temporary_labels(context_, app_));
  make("belay-web-1", temporary_labels(context_, app_));
  clear();
  EXPECT_THAT(containers(), UnorderedElementsAre("mine", "belay-web-1"));
}

TEST_F(TemporaryThings, TagsOfAnotherStateStay) {
  const std::string ours = temporary_tag(context_, app_, "try", 1);
  for (const std::string& tag : {ours, std::string("belay/web:try-s000000-1f0c9a2e-1"),
                                 std::string("belay/web:test-4711-1"), std::string("belay/web:tryout")})
    scene_.engine.tag_image("web:1", tag, {});
  clear();
  EXPECT_THAT(tags(), UnorderedElementsAre("web:1", "belay/web:try-s000000-1f0c9a2e-1", "belay/web:tryout"));
}

TEST_F(TemporaryThings, ATagIsOfItsPurposeOnly) {
  const std::string tag = temporary_tag(context_, app_, "candidate", 3);
  EXPECT_TRUE(is_temporary_tag(context_, app_, "candidate", tag));
  EXPECT_FALSE(is_temporary_tag(context_, app_, "try", tag));
  EXPECT_FALSE(is_temporary_tag(context_, AppName("shop"), "candidate", tag));
}

}  // namespace
}  // namespace belay::scene
