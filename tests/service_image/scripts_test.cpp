// What is taken out of an image, and what is not.

#include "service_image/scripts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "archive/tar_writer.h"
#include "base/errors.h"

namespace belay::service_image {
namespace {

using archive::TarEntry;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Entry {
  TarEntry::Kind kind = TarEntry::Kind::file;
  std::string name;
  std::string text{};  // content, or where a link leads
  mode_t mode = 0755;
};

std::string tar_of(const std::vector<Entry>& entries) {
  std::string bytes;
  archive::TarWriter writer([&](std::string_view more) { bytes += more; });
  for (const auto& each : entries) {
    TarEntry entry;
    entry.kind = each.kind;
    entry.name = each.name;
    entry.permissions = each.mode;
    if (each.kind == TarEntry::Kind::file)
      entry.size = static_cast<std::int64_t>(each.text.size());
    else
      entry.target = each.text;
    writer.begin(entry);
    if (each.kind == TarEntry::Kind::file) writer.write(each.text);
  }
  writer.finish();
  return bytes;
}

const Entry top{TarEntry::Kind::folder, "dr/"};

std::string refusal(const std::vector<Entry>& entries) {
  std::vector<Entry> all{top};
  all.insert(all.end(), entries.begin(), entries.end());
  try {
    std::ignore = scripts_from_archive(tar_of(all));
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_service_image);
    return error.what();
  }
}

TEST(Scripts, AreFilesFoldersAndLinksThatStayWithin) {
  const Scripts scripts = scripts_from_archive(tar_of({top,
                                                       {TarEntry::Kind::file, "dr/install", "#!/bin/sh\n"},
                                                       {TarEntry::Kind::folder, "dr/lib/"},
                                                       {TarEntry::Kind::file, "dr/lib/common", "x", 0644},
                                                       {TarEntry::Kind::symlink, "dr/again", "install"},
                                                       {TarEntry::Kind::symlink, "dr/common", "lib/common"},
                                                       {TarEntry::Kind::hard_link, "dr/twice", "dr/install"}}));
  EXPECT_THAT(scripts.commands(), ElementsAre("again", "install", "twice"));
  EXPECT_EQ(scripts.find("common")->content, "x");
  EXPECT_EQ(scripts.find("lib"), nullptr);
  EXPECT_EQ(scripts.find("absent"), nullptr);
}

TEST(Scripts, AreRefusedWhereTheyLeadOutOrAreNoFiles) {
  using Kind = TarEntry::Kind;
  EXPECT_THAT(refusal({{Kind::symlink, "dr/out", "../etc/passwd"}}), HasSubstr("/dr/out is a link to"));
  EXPECT_THAT(refusal({{Kind::symlink, "dr/out", "/etc/passwd"}}), HasSubstr("is a link to"));
  EXPECT_THAT(refusal({{Kind::symlink, "dr/a", "b"}, {Kind::symlink, "dr/b", "a/../.."}}), HasSubstr("is a link to"));
  EXPECT_THAT(refusal({{Kind::hard_link, "dr/shadow", "etc/shadow"}}), HasSubstr("is not in /dr"));
  EXPECT_THAT(refusal({{Kind::character_device, "dr/null"}}), HasSubstr("is a device or a pipe"));
  EXPECT_THAT(refusal({{Kind::fifo, "dr/pipe"}}), HasSubstr("is a device or a pipe"));
  EXPECT_THAT(refusal({{Kind::file, "dr/root", "x", 04755}}), HasSubstr("another user's rights"));
  EXPECT_THAT(refusal({{Kind::file, "dr/a\nb", "x"}}), HasSubstr("a name with characters"));
  EXPECT_THAT(refusal({{Kind::file, "dr/../x", "x"}}), HasSubstr("a name with characters"));
  EXPECT_THAT(refusal({{Kind::file, "etc/x", "x"}}), HasSubstr("is not in /dr"));
  EXPECT_THAT(refusal({{Kind::symlink, "dr/l", "lib"}, {Kind::file, "dr/l/x", "x"}}), HasSubstr("is no folder"));
  EXPECT_THAT(refusal({{Kind::file, "dr/big", std::string(largest_file + 1, 'x')}}), HasSubstr("larger than 16 MiB"));
  EXPECT_THAT(refusal({{Kind::file, "dr/a", "x"}, {Kind::file, "dr/a", "y"}}), HasSubstr("is there twice"));
}

TEST(Scripts, AreRefusedWhereTheFolderIsNone) {
  for (const auto kind : {TarEntry::Kind::file, TarEntry::Kind::symlink})
    EXPECT_THROW(scripts_from_archive(tar_of({{kind, "dr", "x"}})), Error);
}

TEST(Scripts, LinksThatGoRoundLeadNowhere) {
  const Scripts scripts = scripts_from_archive(
      tar_of({top, {TarEntry::Kind::symlink, "dr/a", "b"}, {TarEntry::Kind::symlink, "dr/b", "a"}}));
  EXPECT_EQ(scripts.find("a"), nullptr);
  EXPECT_TRUE(scripts.commands().empty());
}

TEST(Scripts, HaveADigestOfAllThatCounts) {
  const auto digest = [](const Entry& entry) { return scripts_from_archive(tar_of({top, entry})).digest(); };
  const std::string first = digest({TarEntry::Kind::file, "dr/a", "x"});
  EXPECT_EQ(digest({TarEntry::Kind::file, "dr/a", "x", 0700}), first);
  EXPECT_NE(digest({TarEntry::Kind::file, "dr/a", "y"}), first);
  EXPECT_NE(digest({TarEntry::Kind::file, "dr/b", "x"}), first);
  EXPECT_NE(digest({TarEntry::Kind::file, "dr/a", "x", 0644}), first);
  EXPECT_NE(digest({TarEntry::Kind::symlink, "dr/a", "x"}), first);
}

TEST(Scripts, DifferByPath) {
  const auto of = [](const std::string& text, const std::string& name) {
    return scripts_from_archive(
        tar_of({top, {TarEntry::Kind::file, "dr/a", text}, {TarEntry::Kind::file, "dr/" + name, "x"}}));
  };
  const ScriptChanges found = changes(of("1", "old"), of("2", "new"));
  EXPECT_THAT(found.added, ElementsAre("new"));
  EXPECT_THAT(found.removed, ElementsAre("old"));
  EXPECT_THAT(found.changed, ElementsAre("a"));
}

class Store : public ::testing::Test {
 protected:
  Scripts scripts = scripts_from_archive(tar_of({top,
                                                 {TarEntry::Kind::file, "dr/install", "#!/bin/sh\n", 0777},
                                                 {TarEntry::Kind::folder, "dr/lib/"},
                                                 {TarEntry::Kind::file, "dr/lib/x", "x", 0666},
                                                 {TarEntry::Kind::symlink, "dr/again", "install"}}));
  TemporaryFolder folder;
  ScriptStore store{folder.path() / "scripts"};
};

TEST_F(Store, KeepsThemAsTheyAreAndWritableByTheirOwnerAlone) {
  store.keep(scripts);
  store.keep(scripts);
  EXPECT_EQ(store.load(scripts.digest()), scripts);
  struct stat status{};
  ASSERT_EQ(::stat((store.folder_of(scripts.digest()) / "install").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0755u);
  ASSERT_EQ(::stat((store.folder_of(scripts.digest()) / "lib/x").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0644u);
}

TEST_F(Store, DoesNotGiveWhatSomebodyChanged) {
  store.keep(scripts);
  const fs::path file = store.folder_of(scripts.digest()) / "install";
  write_file_durably(file, "#!/bin/sh\nrm -rf /\n", 0755);
  EXPECT_THROW(store.load(scripts.digest()), Error);
  write_file_durably(file, "#!/bin/sh\n", 0755);
  EXPECT_NO_THROW(store.load(scripts.digest()));
  ASSERT_EQ(::chmod(file.c_str(), 0775), 0);
  EXPECT_THROW(store.load(scripts.digest()), Error);
}

TEST_F(Store, ForgetsWhatNobodyNeeds) {
  store.keep(scripts);
  store.keep_only({});
  EXPECT_THROW(store.load(scripts.digest()), NotFound);
}

}  // namespace
}  // namespace belay::service_image
