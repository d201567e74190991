#include "model/labels.h"

#include <functional>
#include <gtest/gtest.h>

#include "model/compose_labels.h"

namespace belay {
namespace {

const labels::Owner someone{"web", "db", {12}, NamingScheme::dcv};

TEST(Labels, TellTheOwnerBack) {
  const auto owner = labels::owner(labels::for_container(someone));
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->app, "web");
  EXPECT_EQ(owner->service, "db");
  EXPECT_EQ(owner->release, ReleaseNumber{12});
  EXPECT_EQ(owner->scheme, NamingScheme::dcv);
}

TEST(Labels, OfOthersBesideOursDoNotMatter) {
  auto labels = labels::for_container(someone);
  labels["com.example.release"] = "x";
  EXPECT_TRUE(labels::owner(labels));
}

TEST(Labels, WithOneMissingAreNotOurs) {
  for (const auto& [key, value] : labels::for_container(someone)) {
    auto labels = labels::for_container(someone);
    labels.erase(key);
    EXPECT_FALSE(labels::owner(labels)) << key;
  }
  EXPECT_FALSE(labels::owner({}));
}

TEST(Labels, ThatAreDamagedAreNotOurs) {
  const std::pair<const char*, const char*> damages[] = {
      {labels::app, ""},         {labels::app, "-web"},    {labels::app, "a b"},
      {labels::release, ""},     {labels::release, "0"},   {labels::release, "-1"},
      {labels::release, "r12"},  {labels::release, "1e3"}, {labels::release, "99999999999"},
      {labels::scheme, "BELAY"}, {labels::scheme, ""}};
  for (const auto& [key, value] : damages) {
    auto labels = labels::for_container(someone);
    labels[key] = value;
    EXPECT_FALSE(labels::owner(labels)) << key << "=" << value;
  }
}

TEST(Labels, OfThingsThatAreNoContainersNameTheApp) {
  const AppName web("web");
  EXPECT_EQ(labels::for_volume(web, "/data"), (labels::Labels{{"belay.app", "web"}, {"belay.mount", "/data"}}));
  EXPECT_EQ(labels::for_network(web), (labels::Labels{{"belay.app", "web"}}));
  EXPECT_EQ(labels::for_image(web), (labels::Labels{{"belay.family", "web"}}));
  // A container of such an image inherits its label and must not pass for ours by it.
  EXPECT_FALSE(labels::owner(labels::for_image(web)));
}

// More programs show a container's labels than may see its variables and files, and a short value can be guessed.
TEST(ComposeLabels, TellNothingOfWhatMayBeSecret) {
  Service open;
  open.name = "db";
  open.image = "db:1";
  open.environment["PASSWORD"] = "1234";
  open.files.push_back({"/run/secrets/key", "1234"});
  const auto labels_with = [&](const std::function<void(Service&)>& change) {
    Service service = open;
    change(service);
    Spec spec;
    spec.services = {service};
    return labels::for_compose(AppName("shop"), spec, service, "sha256:1");
  };
  const auto before = labels_with([](Service&) {});
  EXPECT_EQ(before, labels_with([](Service& service) { service.environment["PASSWORD"] = "4321"; }));
  EXPECT_EQ(before, labels_with([](Service& service) { service.files[0].content = "4321"; }));
  EXPECT_NE(before, labels_with([](Service& service) { service.image = "db:2"; }));
  EXPECT_NE(before, labels_with([](Service& service) { service.environment["USER"] = "root"; }));
}

}  // namespace
}  // namespace belay
