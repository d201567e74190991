#include "serve/systemd.h"

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/files.h"
#include "base/format.h"
#include "support/fake_clock.h"

namespace belay::serve {
namespace {

// What systemd would hear.
class Ear {
 public:
  // `name` as in $NOTIFY_SOCKET.
  explicit Ear(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_.raw(), reinterpret_cast<sockaddr*>(&address), size), 0);
  }
  // Datagrams between unix sockets are there when the sender's call has returned.
  std::string next() {
    char buffer[4096];
    const auto count = ::recv(socket_.raw(), buffer, sizeof buffer, 0);
    return count < 0 ? "(nothing)" : std::string(buffer, static_cast<size_t>(count));
  }
  std::string next_when_it_comes() {
    ::fcntl(socket_.raw(), F_SETFL, 0);
    const timeval limit{60, 0};
    ::setsockopt(socket_.raw(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return next();
  }

 private:
  Fd socket_;
};

class Environment {
 public:
  ~Environment() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }
  void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
};

TEST(ServiceNotifier, SpeaksThroughAPath) {
  const TemporaryFolder folder;
  const auto path = (folder.path() / "notify").string();
  Ear systemd(path);
  testing::FakeClock clock;
  ServiceNotifier notifier(path, {});
  EXPECT_TRUE(notifier.ready());
  EXPECT_EQ(systemd.next(), "READY=1");
  EXPECT_TRUE(notifier.reloading(clock));
  EXPECT_EQ(systemd.next(), "RELOADING=1\nMONOTONIC_USEC=3600000000");
  EXPECT_TRUE(notifier.status("3 apps run\nREADY=0"));
  EXPECT_EQ(systemd.next(), "STATUS=3 apps run READY=0");
  EXPECT_TRUE(notifier.stopping());
  EXPECT_EQ(systemd.next(), "STOPPING=1");
}

TEST(ServiceNotifier, SpeaksThroughAnAbstractSocket) {
  const auto name = format("@belay/notify/{}", ::getpid());
  Ear systemd(name);
  ServiceNotifier notifier(name, {});
  EXPECT_TRUE(notifier.ready());
  EXPECT_EQ(systemd.next(), "READY=1");
}

TEST(ServiceNotifier, IsSilentWhereNobodyListens) {
  EXPECT_FALSE(ServiceNotifier("", {}).ready());
  const TemporaryFolder folder;
  EXPECT_FALSE(ServiceNotifier((folder.path() / "none").string(), {}).ready());
  EXPECT_FALSE(ServiceNotifier("/" + std::string(200, 'x'), {}).ready());
}

TEST(ServiceNotifier, TakesItsSettingsOutOfTheEnvironment) {
  Environment environment;
  const auto name = format("@belay/taken/{}", ::getpid());
  Ear systemd(name);
  environment.set("NOTIFY_SOCKET", name);
  environment.set("WATCHDOG_USEC", "30000000");
  environment.set("WATCHDOG_PID", std::to_string(::getpid()));
  auto notifier = ServiceNotifier::from_environment();
  EXPECT_TRUE(notifier.ready());
  EXPECT_EQ(notifier.watchdog(), Milliseconds(30'000));
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
  EXPECT_EQ(std::getenv("WATCHDOG_USEC"), nullptr);
  EXPECT_EQ(std::getenv("WATCHDOG_PID"), nullptr);
}

TEST(ServiceNotifier, LeavesAWatchdogAloneThatIsMeantForAnother) {
  Environment environment;
  environment.set("NOTIFY_SOCKET", "@belay/any");
  environment.set("WATCHDOG_USEC", "30000000");
  environment.set("WATCHDOG_PID", "1");
  EXPECT_EQ(ServiceNotifier::from_environment().watchdog(), std::nullopt);
  environment.set("NOTIFY_SOCKET", "@belay/any");
  environment.set("WATCHDOG_USEC", "soon");
  EXPECT_EQ(ServiceNotifier::from_environment().watchdog(), std::nullopt);
  EXPECT_EQ(ServiceNotifier::from_environment().watchdog(), std::nullopt) << "nothing is set";
}

class WatchdogTest : public ::testing::Test {
 protected:
  const std::string name_ = format("@belay/watchdog/{}", ::getpid());
  Ear systemd_{name_};
  testing::FakeClock clock_;
  // Without a period there is no thread: the test takes the steps.
  ServiceNotifier notifier_{name_, {}};
  Watchdog watchdog_{notifier_, clock_};
};

TEST_F(WatchdogTest, PingsOnlyAfterProgress) {
  EXPECT_TRUE(watchdog_.step()) << "the loop is about to begin";
  EXPECT_EQ(systemd_.next(), "WATCHDOG=1");
  EXPECT_FALSE(watchdog_.step());
  EXPECT_EQ(systemd_.next(), "(nothing)");
  watchdog_.progress();
  EXPECT_TRUE(watchdog_.step());
  EXPECT_EQ(systemd_.next(), "WATCHDOG=1");
}

TEST_F(WatchdogTest, PingsWhileTheLoopWaitsRightly) {
  watchdog_.step();
  {
    const auto waiting = watchdog_.waiting({});
    for (int at = 0; at < 5; ++at) {
      clock_.advance(std::chrono::hours(1));
      EXPECT_TRUE(watchdog_.step());
    }
  }
  EXPECT_TRUE(watchdog_.step()) << "the end of a wait is progress";
  EXPECT_FALSE(watchdog_.step());
}

TEST_F(WatchdogTest, PingsWhileSomebodyTakesHisTimeToAnswer) {
  bool asks = true;
  Watchdog watchdog(notifier_, clock_, [&] { return asks; });
  for (int at = 0; at < 5; ++at) EXPECT_TRUE(watchdog.step());
  asks = false;
  EXPECT_FALSE(watchdog.step());
}

TEST_F(WatchdogTest, TakesAWaitThatShouldBeOverForAHang) {
  watchdog_.step();
  const auto waiting = watchdog_.waiting(clock_.now() + std::chrono::minutes(10));
  clock_.advance(std::chrono::minutes(11));
  EXPECT_TRUE(watchdog_.step()) << "late, but a clock that was set would explain it";
  clock_.advance(std::chrono::minutes(1));
  EXPECT_FALSE(watchdog_.step());
}

TEST_F(WatchdogTest, PingsInAThreadOfItsOwnWhereSystemdAsks) {
  SystemClock real;
  ServiceNotifier asked(name_, Milliseconds(20));
  Watchdog watchdog(asked, real);
  const auto waiting = watchdog.waiting({});
  for (int at = 0; at < 3; ++at) EXPECT_EQ(systemd_.next_when_it_comes(), "WATCHDOG=1");
}

}  // namespace
}  // namespace belay::serve
