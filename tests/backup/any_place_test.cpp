// Against a place that somebody names: BELAY_TEST_PLACE (tests/real/backups_remote_test.sh does), an empty folder of
// its own.

#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>

#include "backup/destination.h"
#include "base/errors.h"
#include "crypto/sha256.h"

namespace belay::backup {
namespace {

class AnyPlace : public testing::Test {
 protected:
  void SetUp() override {
    const char* place = std::getenv("BELAY_TEST_PLACE");
    if (place == nullptr) GTEST_SKIP() << "BELAY_TEST_PLACE names no place";
    where_ = destination(parse_place(place), programs_from_environment());
  }

  // Numbered pieces: none is like another.
  static std::string piece(std::size_t number) {
    std::string bytes(std::size_t{1} << 20, '\0');
    for (std::size_t i = 0; i + sizeof number <= bytes.size(); i += sizeof number) {
      const std::size_t mixed = (number << 20 | i) * 0x9e3779b97f4a7c15;
      std::memcpy(bytes.data() + i, &mixed, sizeof mixed);
    }
    return bytes;
  }

  std::unique_ptr<Destination> where_;
};

TEST_F(AnyPlace, KeepsALargeBackup) {
  constexpr std::size_t pieces = 72;
  crypto::Sha256 sent, got;
  const auto upload = where_->create("large.tar", {}, {});
  for (std::size_t i = 0; i < pieces; ++i) {
    upload->write(piece(i));
    sent.add(piece(i));
  }
  upload->commit();
  const auto files = where_->list({});
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].name, "large.tar");
  EXPECT_EQ(files[0].size, std::int64_t{pieces} << 20);

  const auto download = where_->open("large.tar", {});
  std::string room(1 << 20, '\0');
  while (const std::size_t count = download->read(room)) got.add(std::string_view(room).substr(0, count));
  EXPECT_EQ(got.finish(), sent.finish());

  EXPECT_THROW(where_->create("large.tar", {}, {}), Conflict);
  where_->remove("large.tar", {});
  EXPECT_TRUE(where_->list({}).empty());
  EXPECT_THROW(where_->open("large.tar", {}), NotFound);
}

TEST_F(AnyPlace, ShowsNothingOfABrokenUpload) {
  // Something must be there: a store without folders has no empty ones.
  const auto whole = where_->create("whole.tar", {}, {});
  whole->write("x");
  whole->commit();
  {
    const auto upload = where_->create("broken.tar", {}, {});
    for (std::size_t i = 0; i < 40; ++i) upload->write(piece(i));
  }
  const auto files = where_->list({});
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].name, "whole.tar");
  EXPECT_EQ(where_->remove_leftovers([](const auto&) { return true; }, Time::max(), {}), 0);
  where_->remove("whole.tar", {});
}

}  // namespace
}  // namespace belay::backup
