#include "model/naming.h"

#include <gtest/gtest.h>
#include <set>

#include "support/fake_clock.h"

namespace belay {
namespace {

const Time now = testing::FakeClock().now();

App app(const std::string& name, NamingScheme scheme) {
  App made{AppName(name)};
  made.scheme = scheme;
  return made;
}
Service named(const std::string& name) {
  Service service;
  service.name = name;
  return service;
}
bool is_free(const std::string&) {
  return false;
}

TEST(Naming, FollowsTheTableOfSchemes) {
  EXPECT_EQ(container_name(app("web", NamingScheme::belay), named("web"), {12}, now, is_free), "web-r12");
  EXPECT_EQ(container_name(app("web", NamingScheme::jcl), named("web"), {12}, now, is_free), "jcl_web_20260131090507");
  EXPECT_EQ(container_name(app("web", NamingScheme::dcv), named("web"), {12}, now, is_free), "dcv_web");
  EXPECT_EQ(container_name(app("web", NamingScheme::fixed), named("web-2"), {12}, now, is_free), "web-2");
  EXPECT_EQ(displaced_name(app("web", NamingScheme::fixed), named("web-2"), {4}, now, is_free), "web-2-r4");
  EXPECT_EQ(displaced_name(app("web", NamingScheme::dcv), named("web"), {4}, now, is_free),
            "dcv_web_save_20260131090507");
  Service replica = named("web#2");
  replica.group = "web";
  replica.number = 2;
  EXPECT_EQ(container_name(app("shop", NamingScheme::compose), replica, {12}, now, is_free), "shop-web-2");
  EXPECT_EQ(displaced_name(app("shop", NamingScheme::compose), replica, {11}, now, is_free), "shop-web-2-r11");
  replica.container_name = "front";
  EXPECT_EQ(container_name(app("shop", NamingScheme::compose), replica, {12}, now, is_free), "front");
  EXPECT_EQ(container_name(app("shop", NamingScheme::fixed), replica, {12}, now, is_free), "front");
  EXPECT_EQ(stable_name(app("web", NamingScheme::dcv), "web"), "dcv_web_stable");
}

TEST(Naming, NamesTheServiceWhereAnAppHasSeveral) {
  EXPECT_EQ(container_name(app("web", NamingScheme::belay), named("db"), {1}, now, is_free), "web_db-r1");
  EXPECT_EQ(container_name(app("web", NamingScheme::jcl), named("db"), {1}, now, is_free), "jcl_web_db_20260131090507");
  EXPECT_EQ(container_name(app("web", NamingScheme::dcv), named("db"), {1}, now, is_free), "dcv_web_db");
}

TEST(Naming, TwoInOneSecondDoNotCollide) {
  std::set<std::string> names;
  const auto taken = [&](const std::string& name) { return names.contains(name); };
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(names.insert(container_name(app("web", NamingScheme::jcl), named("web"), {i + 1}, now, taken)).second);
    EXPECT_TRUE(names.insert(displaced_name(app("web", NamingScheme::dcv), named("web"), {4}, now, taken)).second);
    EXPECT_TRUE(names.insert(container_name(app("web", NamingScheme::belay), named("web"), {1}, now, taken)).second);
  }
  EXPECT_TRUE(names.contains("jcl_web_20260131090507_2"));
  EXPECT_TRUE(names.contains("dcv_web_save_20260131090507_5"));
}

TEST(Naming, VolumesAreCalledAfterTheirMountPoint) {
  const AppName web("web");
  EXPECT_EQ(volume_name(NamingScheme::belay, web, "/var/www"), "web_var_www");
  EXPECT_EQ(volume_name(NamingScheme::dcv, web, "/var/www"), "web_var_www");
  EXPECT_EQ(volume_name(NamingScheme::jcl, web, "/var/www"), "jcl_web_var_www");
  EXPECT_EQ(volume_name(NamingScheme::belay, web, "/var/www/"), "web_var_www");
  EXPECT_EQ(volume_name(NamingScheme::belay, web, "/"), "web_root");
  EXPECT_EQ(volume_name(NamingScheme::belay, web, "/a b/ü/.x-y"), "web_a_b_.x-y");
}

TEST(Naming, VolumesOfTheSchemeJclAreThoseOfJockler) {
  const AppName web("web");
  const auto jcl = [&](const char* path) { return volume_name(NamingScheme::jcl, web, path); };
  EXPECT_EQ(jcl("/var/lib/my-app.d/data"), "jcl_web_var_lib_my_app_d_data");
  EXPECT_EQ(jcl("/data/"), "jcl_web_data_");
  EXPECT_EQ(jcl("/a--b/.c"), "jcl_web_a_b_c");
  EXPECT_EQ(jcl("/a__b/_c"), "jcl_web_a__b__c");
  EXPECT_EQ(jcl("/ü x"), "jcl_web_x");
  EXPECT_EQ(earlier_volume_name(NamingScheme::jcl, web, "/var/lib/my-app.d/data/"), "jcl_web_var_lib_my-app.d_data");
  EXPECT_EQ(earlier_volume_name(NamingScheme::belay, web, "/var/www"), "web_var_www");
}

TEST(Naming, APinIsAReferenceForEveryAppName) {
  for (const char* name : {"web", "Web", "a-", "a.", "a_", "a..b", "a__-..b", "WEB.EXAMPLE", "9-", "a-._-._b--"})
    for (const char* service : {"web", "my service", "", "ü"}) {
      const std::string pin = pin_tag(AppName(name), service, {12});
      EXPECT_NO_THROW(EXPECT_EQ(ImageRef::parse(pin).tag, "r12")) << pin;
      EXPECT_TRUE(pin.starts_with("belay/")) << pin;
    }
  EXPECT_EQ(pin_tag(AppName("web"), "web", {12}), "belay/web:r12");
}

TEST(Naming, NoTwoAppsShareAPin) {
  std::set<std::string> pins;
  for (const char* name : {"web-1", "web_1", "web.1", "Web-1", "web--1", "web-1-"})
    for (const char* service : {"db", "web-1"}) EXPECT_TRUE(pins.insert(pin_tag(AppName(name), service, {1})).second);
}

}  // namespace
}  // namespace belay
