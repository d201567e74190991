// Units and lines for backups by the clock, as text; and whether systemd finds fault with them.

#include "safekeeping/backup_timer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/process.h"

namespace belay::safekeeping {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

BackupTimer sample() {
  return {AppName("shop"),
          {"/usr/bin/env", "backup", "shop", "--output=/srv/back ups", "--before=sh -c \"dump > $HOME/100%\""},
          {{"HOME", "/root"}, {"BELAY_STATE_DIR", "/var/lib/be lay"}},
          {"/srv/back ups", "/var/lib/belay"},
          {}};
}

TEST(BackupTimer, RunsTheCommandWordByWord) {
  const std::string unit = service_unit(sample());
  EXPECT_THAT(unit, HasSubstr("ExecStart=\"/usr/bin/env\" \"backup\" \"shop\" \"--output=/srv/back ups\" "
                              "\"--before=sh -c \\\"dump > $$HOME/100%%\\\"\"\n"));
  EXPECT_THAT(unit, HasSubstr("Environment=\"BELAY_STATE_DIR=/var/lib/be lay\"\n"));
  EXPECT_THAT(unit, HasSubstr("ReadWritePaths=\"-/srv/back ups\"\n"));
}

TEST(BackupTimer, IsDailyAtARandomMomentUnlessTold) {
  BackupTimer timer = sample();
  EXPECT_THAT(timer_unit(timer), HasSubstr("OnCalendar=daily\nRandomizedDelaySec=1h\n"));
  EXPECT_THAT(timer_unit(timer), HasSubstr("Persistent=true\n"));
  timer.schedule = "Mon..Fri 03:00";
  EXPECT_THAT(timer_unit(timer), HasSubstr("OnCalendar=Mon..Fri 03:00\n"));
  EXPECT_THAT(timer_unit(timer), Not(HasSubstr("RandomizedDelaySec")));
}

TEST(BackupTimer, PassesTheEyesOfSystemd) {
  if (!find_program("systemd-analyze")) GTEST_SKIP() << "systemd-analyze is not installed";
  const TemporaryFolder folder;
  write_file_durably(folder.path() / "belay-backup-shop.service", service_unit(sample()));
  write_file_durably(folder.path() / "belay-backup-shop.timer", timer_unit(sample()));
  ProcessRequest request;
  request.command = {"systemd-analyze",
                     "verify",
                     "--man=no",
                     "--recursive-errors=no",
                     (folder.path() / "belay-backup-shop.service").string(),
                     (folder.path() / "belay-backup-shop.timer").string()};
  const auto result = run_process(request, {});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.errors, IsEmpty());
}

TEST(BackupTimer, KnowsWhatIsNoSchedule) {
  EXPECT_THROW(check_schedule("", {}), UsageError);
  EXPECT_THROW(check_schedule("daily\nExecStart=/bin/sh", {}), UsageError);
  check_schedule("daily", {});
  if (find_program("systemd-analyze")) {
    EXPECT_THROW(check_schedule("every other tuesday", {}), UsageError);
    check_schedule("Mon..Fri 03:00", {});
  }
}

TEST(BackupTimer, IsALineForCronWithThePercentSignsThatCronWouldEatEscaped) {
  const std::string line = cron_line(sample());
  EXPECT_THAT(line, ::testing::MatchesRegex("[0-9]+ [1-5] \\* \\* \\* root .*"));
  EXPECT_THAT(line, HasSubstr("100\\%"));
  EXPECT_EQ(line.find('\n'), std::string::npos);
  BackupTimer timer = sample();
  timer.schedule = "weekly";
  EXPECT_THAT(cron_line(timer), ::testing::MatchesRegex("[0-9]+ [1-5] \\* \\* 1 root .*"));
  timer.schedule = "Mon..Fri 03:00";
  EXPECT_THROW(cron_line(timer), UsageError);
  for (const auto& [schedule, fields] : {std::pair("03:05", "5 3 * * * root "), {"0 3 * * 1-5", "0 3 * * 1-5 root "}}) {
    timer.schedule = schedule;
    EXPECT_THAT(cron_line(timer), ::testing::StartsWith(fields));
  }
  for (const char* schedule : {"03:05,15:05", "every 6h", "25:00", "0 3 * *", "0 3 * * * root"}) {
    timer.schedule = schedule;
    EXPECT_THROW(cron_line(timer), UsageError) << schedule;
  }
}

class InstalledTimer : public ::testing::Test {
 protected:
  InstalledTimer() { ::setenv("BELAY_UNIT_FOLDER", folder_.path().c_str(), 1); }
  ~InstalledTimer() override { ::unsetenv("BELAY_UNIT_FOLDER"); }
  const TemporaryFolder folder_;
};

TEST_F(InstalledTimer, IsWrittenReplacedAndTakenAway) {
  const auto made = install_timer(sample(), {});
  EXPECT_FALSE(made.active);
  EXPECT_FALSE(made.to_do.empty());
  BackupTimer timer = sample();
  timer.schedule = "weekly";
  install_timer(timer, {});
  EXPECT_THAT(read_file(folder_.path() / "belay-backup-shop.timer"), HasSubstr("OnCalendar=weekly\n"));
  EXPECT_THAT(read_file(folder_.path() / "belay-backup-shop.service"), StartsWith("# Written by belay"));
  EXPECT_EQ(remove_timer(AppName("shop"), {}).files.size(), 2U);
  EXPECT_TRUE(fs::is_empty(folder_.path()));
  EXPECT_THROW(remove_timer(AppName("shop"), {}), NotFound);
}

TEST(TimerWithoutSystemd, IsRefusedBeforeAnythingIsWritten) {
  if (fs::exists("/run/systemd/system")) GTEST_SKIP() << "systemd runs here";
  ::unsetenv("BELAY_UNIT_FOLDER");
  BackupTimer timer = sample();
  timer.app = AppName("no-systemd-here");
  try {
    install_timer(timer, {});
    ADD_FAILURE() << "nothing would make the backup";
  } catch (const Error& error) {
    EXPECT_THAT(error.hint(), HasSubstr("belay backup no-systemd-here --cron"));
  }
  EXPECT_FALSE(fs::exists(unit_folder() / "belay-backup-no-systemd-here.timer"));
}

}  // namespace
}  // namespace belay::safekeeping
