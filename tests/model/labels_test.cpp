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

// A hash of a short password gives it away: none of what a service holds is in one.
TEST(ComposeLabels, NothingThatMayBeASecretIsInTheHash) {
  const auto hash_of = [](const std::function<void(Service&)>& change) {
    Spec spec;
    spec.services.emplace_back();
    spec.services.back().name = "web";
    change(spec.services.back());
    return labels::for_compose(AppName("shop"), spec, spec.services.back(), "sha256:1")
        .at("com.docker.compose.config-hash");
  };
  const std::string plain = hash_of([](Service&) {});
  EXPECT_EQ(plain.size(), 64U);
  EXPECT_EQ(hash_of([](Service& service) { service.environment["PASSWORD"] = "hunter2"; }), plain);
  EXPECT_EQ(hash_of([](Service& service) { service.command = {"--token", "hunter2"}; }), plain);
  EXPECT_EQ(hash_of([](Service& service) { service.labels["auth"] = "hunter2"; }), plain);
  EXPECT_NE(hash_of([](Service& service) { service.name = "db"; }), plain);
}

}  // namespace
}  // namespace belay
