// The index of backups: what is listed, found in folders, and let go by rules.

#include "safekeeping/backups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backup/envelope.h"
#include "backup/writer.h"
#include "base/format.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Time day(int number) {
  return std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + std::chrono::days(number - 1) + std::chrono::hours(3);
}

std::unique_ptr<backup::Destination> open_local(const backup::Place& place) {
  return backup::destination(place, {});
}

class Backups : public ::testing::Test {
 protected:
  Backups() { make_folder(folder_); }

  // A record of a backup taken on that day of January, with its file, unless that is not wanted.
  void have(int number, const std::string& trouble = "", bool with_file = true) {
    have_in(folder_, number, trouble, with_file);
  }
  void have_in(const fs::path& folder, int number, const std::string& trouble = "", bool with_file = true) {
    BackupRecord record;
    record.app = "web";
    record.release = ReleaseNumber{1};
    record.place = folder.string();
    record.name = backup::file_name("web", day(number), false, false);
    record.taken = day(number);
    record.size = {5};
    record.trouble = trouble;
    scene_.store->save(record);
    if (with_file) write_file_durably(folder / record.name, "12345");
  }
  Pruning prune(const std::string& keep, bool answer = true, bool dry_run = false) {
    Context context = scene_.context();
    PruneOptions options;
    options.dry_run = dry_run;
    if (!keep.empty()) options.keep = parse_keep(keep);
    return prune_backups(context, web, open_local, options,
                         [&](const Pruning& pruning) {
                           asked_.push_back(days(pruning.remove));
                           return answer;
                         },
                         {});
  }
  // The days of January, in the order given.
  static std::vector<int> days(const std::vector<BackupRecord>& records) {
    std::vector<int> numbers;
    for (const auto& record : records)
      numbers.push_back(static_cast<int>(std::chrono::floor<std::chrono::days>(record.taken - day(1)).count()) + 1);
    return numbers;
  }
  std::vector<int> listed() {
    Context context = scene_.context();
    return days(backups(context, web, {}));
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& file : open_local(backup::parse_place(folder_.string()))->list({})) names.push_back(file.name);
    return names;
  }
  // A backup of another app as another host would have made it.
  std::string foreign_backup() {
    backup::Manifest manifest;
    manifest.app = "shop";
    manifest.release = ReleaseNumber{7};
    manifest.taken = day(9);
    const std::string name = backup::file_name("shop", day(9), false, false);
    std::string bytes;
    backup::Sealed sealed({}, [&](std::string_view more) { bytes += more; });
    backup::BackupWriter writer(manifest, [&](std::string_view more) { sealed.write(more); });
    writer.finish();
    sealed.finish();
    write_file_durably(folder_ / name, bytes);
    return name;
  }
  Scanned scan() {
    Context context = scene_.context();
    return scan_backups(context, *open_local(backup::parse_place(folder_.string())), {});
  }

  Scene scene_;
  fs::path folder_ = scene_.folder.path() / "backups";
  std::vector<std::vector<int>> asked_;
};

TEST_F(Backups, AreListedNewestFirst) {
  have(2);
  have(9);
  have(4);
  EXPECT_THAT(listed(), ElementsAre(9, 4, 2));
}

TEST_F(Backups, OfAnAppThatNobodyKnowsAreAnError) {
  EXPECT_THROW(listed(), NotFound);
}

TEST_F(Backups, GoByTheRulesAfterOneQuestion) {
  for (const int number : {1, 2, 3, 4}) have(number);
  const auto pruned = prune("last=2");
  EXPECT_TRUE(pruned.done);
  EXPECT_THAT(asked_, ElementsAre(ElementsAre(1, 2)));
  EXPECT_THAT(days(pruned.stay), ElementsAre(3, 4));
  EXPECT_THAT(listed(), ElementsAre(4, 3));
  EXPECT_EQ(files().size(), 2U);
}

TEST_F(Backups, StayWhereTheUserSaysNo) {
  have(1);
  have(2);
  const auto pruned = prune("last=1", false);
  EXPECT_TRUE(pruned.declined);
  EXPECT_THAT(listed(), ElementsAre(2, 1));
  EXPECT_EQ(files().size(), 2U);
}

TEST_F(Backups, StayInADryRunWhichShowsWhatWouldGo) {
  have(1);
  have(2);
  have(3, "", false);
  const auto pruned = prune("last=1", true, true);
  EXPECT_THAT(days(pruned.remove), ElementsAre(1));
  EXPECT_THAT(days(pruned.vanished), ElementsAre(3));
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_THAT(listed(), ElementsAre(3, 2, 1));
}

TEST_F(Backups, TheNewestGoodOneStaysWhateverCameAfterIt) {
  have(1);
  have(2);
  have(3, "damaged");
  have(4, "damaged");
  prune("last=1");
  EXPECT_THAT(listed(), ElementsAre(4, 3, 2));
}

TEST_F(Backups, OneWhoseFileHasAnotherSizeNowDoesNotCountAsGood) {
  have(1);
  have(2);
  write_file_durably(folder_ / backup::file_name("web", day(2), false, false), "12");
  const auto pruned = prune("last=1");
  EXPECT_THAT(pruned.notes, ElementsAre(HasSubstr("instead of")));
  EXPECT_THAT(listed(), ElementsAre(2, 1));
}

// A folder whose store does not tell how large its files are.
class WithoutSizes final : public backup::Destination {
 public:
  explicit WithoutSizes(std::unique_ptr<backup::Destination> inner)
      : Destination(inner->place()), inner_(std::move(inner)) {}

 private:
  std::unique_ptr<backup::Upload> create_file(const std::string& name, const backup::UploadOptions& options,
                                              std::stop_token stop) override {
    return inner_->create(name, options, std::move(stop));
  }
  std::unique_ptr<backup::Download> open_file(const std::string& name, std::stop_token stop) override {
    return inner_->open(name, std::move(stop));
  }
  std::vector<backup::Stored> files(std::stop_token stop) override {
    auto all = inner_->list(std::move(stop));
    for (auto& file : all) file.size = -1;
    return all;
  }
  void remove_file(const std::string& name, std::stop_token stop) override { inner_->remove(name, std::move(stop)); }

  std::unique_ptr<backup::Destination> inner_;
};

TEST_F(Backups, AreGoodWhereTheStoreTellsNoSizes) {
  have(1);
  have(2);
  have(3);
  foreign_backup();
  const auto open = [](const backup::Place& place) -> std::unique_ptr<backup::Destination> {
    return std::make_unique<WithoutSizes>(open_local(place));
  };
  Context context = scene_.context();
  PruneOptions options;
  options.keep = parse_keep("last=1");
  const auto pruned = prune_backups(context, web, open, options, [](const Pruning&) { return true; }, {});
  EXPECT_THAT(pruned.notes, IsEmpty());
  EXPECT_THAT(listed(), ElementsAre(3));
  const auto scanned = scan_backups(context, *open(backup::parse_place(folder_.string())), {});
  ASSERT_EQ(scanned.added.size(), 1U);
  EXPECT_EQ(scanned.added[0].size.value, 0) << "not known";
}

TEST_F(Backups, ThatVanishedByThemselvesAreForgottenWithoutAQuestion) {
  have(1);
  have(2, "", false);
  const auto pruned = prune("last=1");
  EXPECT_THAT(days(pruned.vanished), ElementsAre(2));
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_THAT(listed(), ElementsAre(1));
}

TEST_F(Backups, InAPlaceThatIsNotThereAllStay) {
  have(1);
  have(2);
  have_in(scene_.folder.path() / "unmounted", 3, "", false);
  const auto pruned = prune("last=1");
  EXPECT_THAT(pruned.notes, ElementsAre(HasSubstr("unmounted")));
  EXPECT_THAT(listed(), ElementsAre(3, 2));
}

// The empty folder that a disk is mounted on, with what a backup wrote there meanwhile.
TEST_F(Backups, OfADiskThatIsNotMountedStayKnown) {
  have(1, "", false);
  have(2, "", false);
  have(3);
  const auto pruned = prune("last=1");
  EXPECT_THAT(pruned.vanished, IsEmpty());
  EXPECT_THAT(pruned.notes, ElementsAre(HasSubstr("may not be mounted")));
  EXPECT_THAT(listed(), ElementsAre(3, 2, 1));
  EXPECT_THAT(days(scan().vanished), ElementsAre(1, 2)) << "who asks for it is obeyed";
}

TEST_F(Backups, ArePrunedInEachPlaceByItself) {
  const fs::path other = scene_.folder.path() / "other";
  make_folder(other);
  have(1);
  have(2);
  have_in(other, 3);
  have_in(other, 4);
  prune("last=1");
  EXPECT_THAT(listed(), ElementsAre(4, 2));
}

TEST_F(Backups, AreKeptAsTheAppsLabelSays) {
  scene_.write("Dockerfile", "FROM scratch\n");
  scene_.run("deploy 1");
  App app = scene_.app();
  app.releases.back().spec.services[0].labels["belay.backup.keep"] = "last=3";
  scene_.store->save(app);
  for (const int number : {1, 2, 3, 4}) have(number);
  EXPECT_EQ(prune("").keep.last, 3);
  EXPECT_THAT(listed(), ElementsAre(4, 3, 2));
}

TEST_F(Backups, WithoutAnyRuleNoneGoes) {
  have(1);
  have(2);
  EXPECT_THROW(prune(""), UsageError);
  EXPECT_THAT(listed(), ElementsAre(2, 1));
}

TEST_F(Backups, OfAnotherHostAreFoundByTheirManifests) {
  const std::string name = foreign_backup();
  const auto scanned = scan();
  ASSERT_EQ(scanned.added.size(), 1U);
  const auto records = scene_.store->backups("shop");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].name, name);
  EXPECT_EQ(records[0].place, folder_.string());
  EXPECT_EQ(records[0].release, ReleaseNumber{7});
  EXPECT_EQ(records[0].taken, day(9));
  EXPECT_EQ(records[0].size.value, static_cast<std::int64_t>(fs::file_size(folder_ / name)));
  EXPECT_EQ(scan().known, 1);
  EXPECT_EQ(scene_.store->backups("shop").size(), 1U);
}

TEST_F(Backups, ThatAreEncryptedAreFoundByTheirNames) {
  write_file_durably(folder_ / "my-shop-20260109T030000Z.belay.tar.zst.age", "secret");
  ASSERT_EQ(scan().added.size(), 1U);
  const auto records = scene_.store->backups("my-shop");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].taken, day(9));
  EXPECT_TRUE(records[0].encrypted);
  EXPECT_FALSE(records[0].release);
}

TEST_F(Backups, ThatCannotBeReadAreNamedAndOtherFilesAreNot) {
  write_file_durably(folder_ / "shop-20260109T030000Z.belay.tar.zst", "nonsense");
  write_file_durably(folder_ / "photos.tar.gz", "nonsense");
  write_file_durably(folder_ / "notes.txt", "nonsense");
  const auto scanned = scan();
  EXPECT_THAT(scanned.added, IsEmpty());
  EXPECT_THAT(scanned.notes, ElementsAre(HasSubstr("shop-20260109T030000Z.belay.tar.zst")));
}

TEST_F(Backups, ThatAreGoneFromAScannedFolderAreForgotten) {
  have(1);
  have(2, "", false);
  EXPECT_THAT(days(scan().vanished), ElementsAre(2));
  EXPECT_THAT(listed(), ElementsAre(1));
}

}  // namespace
}  // namespace belay::scene
