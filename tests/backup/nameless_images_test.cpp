#include "backup/nameless_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/tar_writer.h"
#include "base/errors.h"
#include "base/format.h"
#include "sample.h"

namespace belay::backup {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using archive::TarEntry;

struct File {
  std::string name, content;
  TarEntry::Kind kind = TarEntry::Kind::file;
};

std::string tar_of(const std::vector<File>& files) {
  std::string bytes;
  archive::TarWriter tar([&](std::string_view more) { bytes += more; });
  for (const auto& file : files) {
    TarEntry entry;
    entry.kind = file.kind;
    entry.name = file.name;
    if (file.kind == TarEntry::Kind::file)
      entry.size = static_cast<std::int64_t>(file.content.size());
    else
      entry.target = file.content;
    tar.begin(entry);
    if (file.kind == TarEntry::Kind::file) tar.write(file.content);
  }
  tar.finish();
  return bytes;
}

// What an engine got of the archive, and why it got no more.
struct Passed {
  std::string bytes, trouble;
};

Passed pass(const std::string& archive, std::size_t chunk = 100'000, std::size_t room_size = 1000) {
  Passed passed;
  NamelessImages images(source_of(archive, chunk));
  std::vector<char> room(room_size);
  try {
    while (const std::size_t got = images.read(room)) passed.bytes.append(room.data(), got);
  } catch (const Error& error) {
    passed.trouble = error.what();
  }
  return passed;
}

std::string noise(std::size_t size) {
  std::string text;
  while (text.size() < size) text += format("{} bottles\n", text.size());
  return text;
}

constexpr const char* by_id = R"([{"Config":"aa.json","RepoTags":null,"Layers":["aa/layer.tar"]}])";
constexpr const char* index_by_id =
    R"({"schemaVersion":2,"manifests":[{"digest":"sha256:aa","size":1,"annotations":{"made.by":"me"}}]})";
constexpr const char* by_name = R"([{"Config":"aa.json","RepoTags":["cache:1"],"Layers":["aa/layer.tar"]}])";

TEST(NamelessImages, PassesOnWhatWasSavedByIds) {
  for (const std::size_t layer : {0U, 1U, 511U, 512U, 100'000U, 700'000U})
    for (const std::size_t chunk : {1U, 511U, 512U, 100'000U}) {
      if (chunk == 1 && layer > 1000) continue;
      const std::string archive = tar_of({{"aa/layer.tar", noise(layer)},
                                          {"index.json", index_by_id},
                                          {"manifest.json", by_id},
                                          {"aa.json", noise(layer)},
                                          {"bb/manifest.json", "[]"},
                                          {"repositories", "{}"}});
      for (const std::size_t room : {1U, 1000U, 1'000'000U}) {
        if (room == 1 && layer > 1000) continue;
        const Passed passed = pass(archive, chunk, room);
        EXPECT_EQ(passed.trouble, "");
        EXPECT_TRUE(passed.bytes == archive) << layer << " " << chunk << " " << room;
      }
    }
}

// Each way in which an engine would learn of a name: it never gets the list to its end.
TEST(NamelessImages, StopsBeforeAListThatNamesImages) {
  const std::vector<File> lists{
      {"manifest.json", by_name},
      {"./manifest.json", by_name},
      {"/manifest.json", by_name},
      {"a/../manifest.json", by_name},
      {"link/manifest.json", by_name},
      {"manifest.json", R"([{"Config":"a","RepoTags":null},{"Config":"b","repotags":["cache:1"]}])"},
      {"manifest.json", "[{\"Config\":\"a\",\"RepoTag\xc5\xbf\":[\"cache:1\"]}]"},
      {"manifest.json", R"([{"Config":"a","RepoTags":"cache:1"}])"},
      {"index.json", R"({"manifests":[{"annotations":{"io.containerd.image.name":"docker.io/library/cache:1"}}]})"},
      {"index.json", R"({"manifests":[{"annotations":{"org.opencontainers.image.ref.name":"1"}}]})"},
      {"repositories", R"({"cache":{"1":"aa"}})"},
  };
  for (const auto& list : lists)
    for (const std::size_t layer : {0U, 300'000U})
      for (const std::size_t chunk : {511U, 100'000U}) {
        const Passed passed =
            pass(tar_of({{"aa/layer.tar", noise(layer)}, list, {"bb/layer.tar", noise(layer)}}), chunk);
        EXPECT_THAT(passed.trouble, HasSubstr("have names of their own (")) << list.name << list.content;
        EXPECT_THAT(passed.bytes, Not(HasSubstr(list.content))) << list.name;
      }
  // The second of two counts for the engine.
  EXPECT_THAT(pass(tar_of({{"manifest.json", by_id}, {"manifest.json", by_name}})).trouble, HasSubstr("(cache:1)"));
  std::string large = "[";
  for (int i = 0; i < 50'000; ++i) large += R"({"Config":"aa.json","RepoTags":null},)";
  const std::string named = large + R"({"RepoTags":["cache:1"]}])";
  const Passed passed = pass(tar_of({{"manifest.json", named}}));
  EXPECT_THAT(passed.trouble, HasSubstr("(cache:1)"));
  EXPECT_LE(passed.bytes.size(), 1024U);
}

TEST(NamelessImages, StopsAtWhatIsNoPlainListOrNoTar) {
  EXPECT_THAT(pass(tar_of({{"manifest.json", "other.json", TarEntry::Kind::symlink}})).trouble,
              HasSubstr("manifest.json is no plain file"));
  EXPECT_THAT(pass(tar_of({{"other", "{}"}, {"index.json", "other", TarEntry::Kind::hard_link}})).trouble,
              HasSubstr("index.json is no plain file"));
  EXPECT_NE(pass(tar_of({{"manifest.json", "[{"}})).trouble, "");
  EXPECT_NE(pass("\x1f\x8b" + noise(3000)).trouble, "") << "engines take compressed archives as well";
  EXPECT_NE(pass("").trouble, "");
}

}  // namespace
}  // namespace belay::backup
