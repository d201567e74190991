#include "backup/manifest.h"

#include <gtest/gtest.h>

#include "base/format.h"
#include "sample.h"

namespace belay::backup {
namespace {

TEST(Manifest, ComesBackFromItsJson) {
  const Manifest manifest = sample_manifest();
  const std::string json = manifest_to_json(manifest);
  const Manifest back = manifest_from_json(json);
  EXPECT_EQ(manifest_to_json(back), json);
  EXPECT_EQ(back.spec, manifest.spec);
  EXPECT_EQ(back.items, manifest.items);
  EXPECT_EQ(back.health_checks, manifest.health_checks);
  EXPECT_EQ(back.taken, manifest.taken);
  EXPECT_EQ(back.release.value, 7);
  EXPECT_EQ(back.left_out, manifest.left_out);
}

// What an older Belay wrote says nothing of health checks, and of no image that it has none.
TEST(Manifest, OfAnOlderBelayKnowsOfNoHealthChecks) {
  const std::string json = manifest_to_json(sample_manifest());
  const size_t from = json.find("\"health_checks\""), to = json.find("\"with_image\"");
  EXPECT_TRUE(manifest_from_json(json.substr(0, from) + json.substr(to)).health_checks.empty());
}

std::string with(const std::string& from, const std::string& to) {
  std::string json = manifest_to_json(sample_manifest());
  const auto at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return json.replace(at, from.size(), to);
}

TEST(Manifest, OfANewerFormatIsRefusedWithAHint) {
  try {
    manifest_from_json(with("\"belay_backup\": 2", "\"belay_backup\": 4"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "this backup has format 4; this Belay reads up to 3");
    EXPECT_EQ(error.hint(), "A newer Belay wrote it: install that one.");
  }
}

TEST(Manifest, SaysWhatAServiceWasInstalledFrom) {
  Manifest manifest = sample_manifest();
  EXPECT_EQ(manifest_from_json(manifest_to_json(manifest)).service, std::nullopt);
  manifest.version = Manifest::newest_format;
  manifest.service = Manifest::ServiceOrigin{"me/web:1", "sha256:1", "sha256:2", true};
  EXPECT_EQ(manifest_from_json(manifest_to_json(manifest)).service, manifest.service);
}

TEST(Manifest, RefusesIdsThatAreNotHarmless) {
  for (const char* id : {"../../etc", "", ".hidden", "a/b", "a b"})
    EXPECT_THROW(manifest_from_json(with("\"01-jcl_web_data\"", format("\"{}\"", id))), Error) << id;
}

TEST(Manifest, RefusesWhatIsMissingOrOfTheWrongKind) {
  EXPECT_THROW(manifest_from_json(with("\"app\": \"web\"", "\"application\": \"web\"")), Error);
  EXPECT_THROW(manifest_from_json(with("\"app\": \"web\"", "\"app\": \"../web\"")), Error);
  EXPECT_THROW(manifest_from_json(with("\"written\": true", "\"written\": \"yes\"")), Error);
  EXPECT_THROW(manifest_from_json(with("\"kind\": \"volume\"", "\"kind\": \"floppy\"")), Error);
  EXPECT_THROW(manifest_from_json("[]"), Error);
  EXPECT_THROW(manifest_from_json("{}"), Error);
}

// V4: what nobody writes is told at once, not after hours of work on it.
TEST(Manifest, RefusesTooManyItemsAndThoseThatAreThereTwice) {
  Manifest manifest = sample_manifest();
  const Item one = manifest.items[0];
  manifest.items = {one, one};
  EXPECT_THROW(manifest_from_json(manifest_to_json(manifest)), Error);
  manifest.items[1].id = "02-other";
  EXPECT_THROW(manifest_from_json(manifest_to_json(manifest)), Error) << "the same source twice";
  manifest.items[1].source = "other";
  EXPECT_EQ(manifest_from_json(manifest_to_json(manifest)).items.size(), 2U);
  for (int i = 3; i <= 1000; ++i) {
    manifest.items.push_back(one);
    manifest.items.back().id = format("{}-x", i);
    manifest.items.back().source = format("volume{}", i);
  }
  EXPECT_EQ(manifest_from_json(manifest_to_json(manifest)).items.size(), 1000U);
  manifest.items.push_back(one);
  manifest.items.back().id = "1001-x";
  manifest.items.back().source = "one-more";
  EXPECT_THROW(manifest_from_json(manifest_to_json(manifest)), Error);
}

TEST(End, ComesBackFromItsJson) {
  End end;
  end.items = {{"01-a", 3, 4'000'000'000}, {"02-b", 0, 0}};
  end.warnings = {"x grew"};
  const End back = end_from_json(end_to_json(end));
  EXPECT_EQ(back.items, end.items);
  EXPECT_EQ(back.warnings, end.warnings);
  EXPECT_EQ(back.bytes(), 4'000'000'000);
  EXPECT_EQ(back.files(), 3);
}

TEST(FileName, HasAppAndTime) {
  const Time time = parse_time("2026-01-31T09:05:07Z").value();
  EXPECT_EQ(file_name("web", time, false, false), "web-20260131T090507Z.belay.tar.zst");
  EXPECT_EQ(file_name("web", time, true, true), "web-20260131T090507Z.belay.tar.gz.age");
}

}  // namespace
}  // namespace belay::backup
