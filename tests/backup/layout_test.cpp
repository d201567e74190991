#include <gtest/gtest.h>

#include "archive/tree.h"
#include "backup/reader.h"
#include "backup/verify.h"
#include "backup/writer.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/format.h"
#include "base/process.h"
#include "sample.h"

namespace belay::backup {
namespace {

// Larger than a part, and not a multiple of anything.
const std::string& large() {
  static const std::string bytes = [] {
    std::string text;
    while (text.size() < 2 * part_size + 12345) text += format("{} bottles\n", text.size());
    return text;
  }();
  return bytes;
}

std::vector<SampleItem> two_items() {
  return {{large(), {{"./one", "1"}, {"./t\\w\no", "22"}}}, {"small", {{"./app.conf", "x=1\n"}}}};
}

struct Read {
  std::vector<std::string> tars;
  std::string image;
  End end;
};

// Reads all there is, telling of the files as if they had just been unpacked.
Read read_backup(std::string_view bytes, const std::vector<SampleItem>& as) {
  Read result;
  BackupReader reader(source_of(bytes, 100'000));
  for (const auto& sample : as) {
    auto* item = reader.next_item();
    if (item == nullptr) break;
    result.tars.push_back(all_of([&](std::span<char> room) { return item->read(room); }));
    for (const auto& [name, content] : sample.files)
      item->computed(name, static_cast<std::int64_t>(content.size()), crypto::sha256(content));
  }
  EXPECT_EQ(reader.next_item(), nullptr);
  result.image = all_of([&](std::span<char> room) { return reader.read_image(room); });
  result.end = reader.finish();
  return result;
}

std::string trouble(std::string_view bytes, const std::vector<SampleItem>& as) {
  try {
    read_backup(bytes, as);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Layout, GivesBackWhatWasWritten) {
  const auto items = two_items();
  const Read back = read_backup(sample_backup(sample_manifest(), items, large() + "image"), items);
  ASSERT_EQ(back.tars.size(), 2u);
  EXPECT_EQ(back.tars[0], large());
  EXPECT_EQ(back.tars[1], "small");
  EXPECT_EQ(back.image, large() + "image");
  EXPECT_EQ(back.end.files(), 3);
  EXPECT_EQ(back.end.warnings, std::vector<std::string>{"log.txt grew while it was read"});
}

TEST(Layout, SplitsItemsSoThatMemoryStaysFlatAndTarPutsThemTogether) {
  const TemporaryFolder folder;
  const auto items = two_items();
  write_file_durably(folder.path() / "b.tar", sample_backup(sample_manifest(), items));
  const auto tar = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"tar", "-f", (folder.path() / "b.tar").string()});
    const ProcessResult result = run_process({words, "", {}, {}, Milliseconds(60'000)}, {});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return result.output;
  };
  EXPECT_EQ(tar({"-t"}),
            "belay-backup.json\ndata/01-jcl_web_data.tar.000001\ndata/01-jcl_web_data.tar.000002\n"
            "data/01-jcl_web_data.tar.000003\ndata/01-jcl_web_data.sha256.000001\ndata/02-app.conf.tar.000001\n"
            "data/02-app.conf.sha256.000001\nbelay-end.json\n");
  EXPECT_EQ(tar({"-xO", "--wildcards", "data/01-jcl_web_data.tar.*"}), large());
  EXPECT_EQ(tar({"-xO", "--wildcards", "data/01-jcl_web_data.sha256.*"}),
            crypto::sha256("1") + "  ./one\n\\" + crypto::sha256("22") + "  ./t\\\\w\\no\n");
}

TEST(Layout, AnyPrefixOfABackupIsCutOff) {
  std::vector<SampleItem> items{{"the tar", {{"./a", "1"}}}, {"another", {}}};
  const std::string whole = sample_backup(sample_manifest(), items, "image");
  ASSERT_EQ(trouble(whole, items), "");
  for (size_t length = 0; length < whole.size(); length += length % 512 == 0 ? 1 : 511)
    EXPECT_NE(trouble(std::string_view(whole).substr(0, length), items), "") << length;
}

TEST(Layout, NoticesAFileThatIsNotWhatItsChecksumSays) {
  auto items = two_items();
  const std::string bytes = sample_backup(sample_manifest(), items);
  auto other = items;
  other[0].files[0].second = "2";
  EXPECT_NE(trouble(bytes, other).find("the checksum of a file is wrong"), std::string::npos);
  other = items;
  other[0].files.pop_back();
  EXPECT_NE(trouble(bytes, other).find("a file is missing"), std::string::npos);
  other = items;
  other[1].files.emplace_back("./more", "x");
  EXPECT_NE(trouble(bytes, other).find("a file has no checksum"), std::string::npos);
}

TEST(Layout, NoticesPartsThatAreMissingOrInAnotherOrder) {
  const auto items = two_items();
  const std::string bytes = sample_backup(sample_manifest(), items);
  const auto at = [&](const std::string& name) {
    const auto found = bytes.find(name);
    EXPECT_NE(found, std::string::npos);
    return found;
  };
  const auto second = at("data/01-jcl_web_data.tar.000002"), third = at("data/01-jcl_web_data.tar.000003");
  std::string without = bytes;
  without.erase(second, third - second);
  EXPECT_NE(trouble(without, items), "");
  const auto conf = at("data/02-app.conf.tar.000001"), end = at("belay-end.json");
  std::string without_item = bytes;
  without_item.erase(conf, end - conf);
  EXPECT_NE(trouble(without_item, items), "");
}

TEST(Layout, SkipsWhatIsNotWanted) {
  const auto items = two_items();
  const std::string bytes = sample_backup(sample_manifest(), items, "image");
  BackupReader reader(source_of(bytes, 100'000));
  reader.next_item();
  reader.skip_item();
  auto* second = reader.next_item();
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->item().id, "02-app.conf");
  EXPECT_EQ(all_of([&](std::span<char> room) { return second->read(room); }), "small");
  second->computed("./app.conf", 4, crypto::sha256("x=1\n"));
  EXPECT_EQ(reader.finish().files(), 3);
}

TEST(Layout, SaysThatSomethingElseIsNoBackup) {
  for (const auto& foreign : {std::string(), std::string("a note"), std::string(2000, 'x'), std::string(2000, '\0')})
    EXPECT_EQ(trouble(foreign, {}), "this is not a backup of Belay") << foreign.size();
  std::string other;
  PlainTarWriter tar([&](std::string_view more) { other += more; }, Time{});
  tar.add("etc/passwd", "root");
  tar.finish();
  EXPECT_EQ(trouble(other, {}), "this is not a backup of Belay");
}

TEST(Layout, AllowsTheZerosThatTarFillsItsRecordsWithAndNothingElseBehindTheEnd) {
  const auto items = two_items();
  std::string bytes = sample_backup(sample_manifest(), items);
  EXPECT_EQ(trouble(bytes + std::string(9000, '\0'), items), "");
  EXPECT_NE(trouble(bytes + std::string(9000, '\0') + "x", items), "");
}

TEST(Layout, AnUnfinishedWriterLeavesNoWholeBackup) {
  std::string bytes;
  {
    BackupWriter writer(sample_manifest(), [&](std::string_view more) { bytes += more; });
    writer.begin_item("01-jcl_web_data");
    writer.write("half");
  }
  EXPECT_NE(trouble(bytes, two_items()), "");
}

// F9: files with holes, as backups of both formats have them.
class Holes : public ::testing::Test {
 protected:
  Holes() {
    write_file_durably(folder_.path() / "sparse", "begin");
    write_file_durably(folder_.path() / "whole", "text");
  }
  void make_hole(std::int64_t size) { fs::resize_file(folder_.path() / "sparse", static_cast<std::uintmax_t>(size)); }
  std::string backup_of(int version) {
    Manifest manifest = sample_manifest();
    manifest.version = version;
    manifest.items = {{"01-data", Item::Kind::folder, "/srv/data", {"/data"}, true, Item::Way::direct, "", {}, {}}};
    std::string bytes;
    BackupWriter writer(manifest, [&](std::string_view more) { bytes += more; });
    archive::TreeEvents events;
    if (version > 1) events.holes = archive::Holes::apart;
    events.file = [&](const archive::FileDigest& file) {
      writer.checksum(file.name, file.size, file.sha256, file.holes_apart);
    };
    writer.begin_item("01-data");
    archive::write_tree(folder_.path(), [&](std::string_view more) { writer.write(more); }, events, {});
    writer.end_item();
    writer.finish();
    return bytes;
  }
  static Verified check(const std::string& bytes) { return verify(source_of(bytes, 100'000), {}, {}, {}); }

  TemporaryFolder folder_;
};

TEST_F(Holes, CostNothingWhereTheyAreApart) {
  // A terabyte of zeros would take half an hour.
  make_hole(std::int64_t{1} << 40);
  const std::string bytes = backup_of(2);
  EXPECT_NE(bytes.find("# holes "), std::string::npos);
  const Verified verified = check(bytes);
  EXPECT_EQ(verified.end.files(), 2);
  EXPECT_EQ(verified.end.bytes(), (std::int64_t{1} << 40) + 4);
  EXPECT_TRUE(std::none_of(verified.end.warnings.begin(), verified.end.warnings.end(),
                           [](const std::string& each) { return each.find("not checked") != std::string::npos; }));
  // What is between the holes is checked, and so are they.
  std::string damaged = bytes;
  damaged[damaged.find("begin")] = 'B';
  EXPECT_THROW(check(damaged), Error);
}

TEST_F(Holes, OfTheFirstFormatAreStillRead) {
  make_hole(40 << 20);
  const std::string bytes = backup_of(1);
  EXPECT_EQ(bytes.find("# holes "), std::string::npos);
  EXPECT_EQ(check(bytes).end.files(), 2);
  std::string damaged = bytes;
  damaged[damaged.find("begin")] = 'B';
  EXPECT_THROW(check(damaged), Error);
}

TEST_F(Holes, OfTheFirstFormatHoldNobodyUpForHours) {
  make_hole(5);
  std::string bytes = backup_of(1);
  make_hole(std::int64_t{1} << 40);
  // As a newer one, but for the format it says: nobody can have hashed a terabyte for it.
  bytes = backup_of(2);
  const auto at = bytes.find("\"belay_backup\": 2");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 17, "\"belay_backup\": 1");
  const auto holes = bytes.find("# holes ");
  ASSERT_NE(holes, std::string::npos);
  EXPECT_THROW(check(bytes), Error) << "such lines are none of the first format's";
}

// One item that is a file, and a tar with two.
TEST(Layout, AFileItemHoldsOneFile) {
  const TemporaryFolder folder;
  write_file_durably(folder.path() / "one", "1");
  Manifest manifest = sample_manifest();
  manifest.items = {{"01-file", Item::Kind::file, "/srv/one", {"/one"}, true, Item::Way::direct, "", {}, {}}};
  for (const bool is_folder : {false, true}) {
    std::string bytes;
    BackupWriter writer(manifest, [&](std::string_view more) { bytes += more; });
    archive::TreeEvents events;
    events.file = [&](const archive::FileDigest& file) { writer.checksum(file.name, file.size, file.sha256); };
    writer.begin_item("01-file");
    archive::write_tree(is_folder ? folder.path() : folder.path() / "one",
                        [&](std::string_view more) { writer.write(more); }, events, {});
    writer.end_item();
    writer.finish();
    if (is_folder)
      EXPECT_THROW(verify(source_of(bytes, 100'000), {}, {}, {}), Error);
    else
      EXPECT_EQ(verify(source_of(bytes, 100'000), {}, {}, {}).end.files(), 1);
  }
}

}  // namespace
}  // namespace belay::backup
