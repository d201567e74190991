#include "base/bytes.h"

#include <gtest/gtest.h>

namespace belay {
namespace {

TEST(Bytes, AreWrittenForPeople) {
  const std::pair<std::int64_t, const char*> cases[] = {{0, "0 B"},
                                                        {1023, "1023 B"},
                                                        {1024, "1.0 KiB"},
                                                        {1536, "1.5 KiB"},
                                                        {10 * 1024, "10 KiB"},
                                                        {24 << 20, "24 MiB"},
                                                        {std::int64_t{3} << 40, "3.0 TiB"},
                                                        {std::int64_t{9} << 50, "9.0 PiB"}};
  for (const auto& [size, text] : cases) EXPECT_EQ(byte_text({size}), text) << size;
}

TEST(Bytes, NeverReadAThousandAndTwentyFourOfAUnit) {
  EXPECT_EQ(byte_text({1023 * 1024 + 700}), "1.0 MiB");
  EXPECT_EQ(byte_text({(1 << 20) - 1}), "1.0 MiB");
}

TEST(Bytes, AreReadAsDockerRunTakesThem) {
  const std::pair<const char*, std::int64_t> cases[] = {{"0", 0},
                                                        {"1048576", 1 << 20},
                                                        {"512m", 512 << 20},
                                                        {"2g", std::int64_t{2} << 30},
                                                        {"64KiB", 64 << 10},
                                                        {"64kb", 64 << 10},
                                                        {"1.5g", 3 << 29},
                                                        {"7b", 7},
                                                        {"2 MB", 2 << 20},
                                                        {"1T", std::int64_t{1} << 40},
                                                        {"1p", std::int64_t{1} << 50}};
  for (const auto& [text, size] : cases) {
    const auto read = parse_bytes(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->value, size) << text;
  }
}

TEST(Bytes, RefuseWhatIsNoSize) {
  for (const char* text :
       {"", "m", "-1", "-1m", "1x", "1mm", "1kibi", "nan", "inf", "1e3", "12 m b", "99999999t", "0x10"})
    EXPECT_FALSE(parse_bytes(text)) << text;
}

}  // namespace
}  // namespace belay
