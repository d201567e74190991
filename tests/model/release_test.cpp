#include "model/release.h"

#include <gtest/gtest.h>

namespace belay {
namespace {

TEST(Words, OfEveryEnumerationAreReadBack) {
  for (const auto scheme : {NamingScheme::belay, NamingScheme::jcl, NamingScheme::dcv})
    EXPECT_EQ(naming_scheme(to_text(scheme)), scheme);
  for (const auto word : {Verdict::pending, Verdict::passed, Verdict::failed, Verdict::unproven})
    EXPECT_EQ(verdict(to_text(word)), word);
  for (const auto mark : {Autostart::none, Autostart::last, Autostart::stable})
    EXPECT_EQ(autostart(to_text(mark)), mark);
  EXPECT_THROW(naming_scheme("Belay"), Error);
  EXPECT_THROW(verdict(""), Error);
  EXPECT_THROW(autostart("latest"), Error);
}

TEST(App, NeverUsesANumberTwice) {
  App app{AppName("web")};
  EXPECT_EQ(app.next_release().value, 1);
  Release release;
  release.number = {3};
  app.releases.push_back(release);
  EXPECT_EQ(app.next_release().value, 4);
  app.highest_release = 7;
  EXPECT_EQ(app.next_release().value, 8) << "releases that were cleaned up count";
}

TEST(App, FindsItsReleases) {
  App app{AppName("web")};
  try {
    std::ignore = app.release({1});
    FAIL() << "there is none";
  } catch (const NotFound& error) {
    EXPECT_STREQ(error.what(), "web has no release r1");
    EXPECT_NE(error.hint().find("belay build web"), std::string::npos) << error.hint();
  }
  Release release;
  release.number = {2};
  app.releases.push_back(release);
  EXPECT_EQ(app.find({1}), nullptr);
  EXPECT_EQ(app.find({2}), &app.releases[0]);
  EXPECT_EQ(&app.release({2}), &app.releases[0]);
  EXPECT_THROW(std::ignore = app.release({1}), NotFound);
}

TEST(App, KnowsItsQuarantine) {
  App app{AppName("web")};
  app.quarantine = {{"sha256:bad", "web@sha256:01", {}, "it exited", {}}};
  EXPECT_TRUE(app.is_quarantined("sha256:bad"));
  EXPECT_FALSE(app.is_quarantined("sha256:good"));
}

}  // namespace
}  // namespace belay
