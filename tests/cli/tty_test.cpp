#include "cli/tty.h"

#include <csignal>
#include <fcntl.h>
#include <future>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/fd.h"
#include "cli/signals.h"

namespace belay::cli {
namespace {

struct PseudoTerminal {
  PseudoTerminal() {
    int ends[2];
    winsize size{.ws_row = 30, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
    if (::openpty(&ends[0], &ends[1], nullptr, nullptr, &size) != 0) throw system_error("opening a terminal", errno);
    master = Fd(ends[0]);
    slave = Fd(ends[1]);
  }
  bool is_raw() const {
    termios settings{};
    ::tcgetattr(slave.raw(), &settings);
    return (settings.c_lflag & (ICANON | ISIG | ECHO)) == 0;
  }
  void resize(unsigned short rows, unsigned short columns) const {
    const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ::ioctl(master.raw(), TIOCSWINSZ, &size);
  }
  UserTerminal terminal() const { return UserTerminal(slave.raw(), slave.raw(), slave.raw()); }
  Fd master, slave;
};

TEST(RawMode, EndsWithItsOwner) {
  const PseudoTerminal pty;
  EXPECT_FALSE(pty.is_raw());
  {
    const RawMode raw(pty.slave.raw());
    EXPECT_TRUE(pty.is_raw());
  }
  EXPECT_FALSE(pty.is_raw());
}

TEST(RawMode, HidesWhatIsTypedWhereOnlyThatIsAskedFor) {
  const PseudoTerminal pty;
  const auto flags = [&] {
    termios settings{};
    ::tcgetattr(pty.slave.raw(), &settings);
    return settings.c_lflag & (ICANON | ISIG | ECHO);
  };
  const auto before = flags();
  {
    const RawMode hidden(pty.slave.raw(), Keys::hidden);
    EXPECT_EQ(flags(), before & ~static_cast<tcflag_t>(ECHO));
  }
  EXPECT_EQ(flags(), before);
}

TEST(RawMode, LeavesWhatIsNoTerminalAlone) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd read(ends[0]), write(ends[1]);
  EXPECT_NO_THROW(RawMode(read.raw()));
}

// Runs `work` in a child that has made the terminal raw; how the child ended, as waitpid tells it.
template <class Work>
int ending_of_raw_child(const PseudoTerminal& pty, Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    const RawMode raw(pty.slave.raw());
    if (!pty.is_raw()) ::_exit(99);
    work();
    ::_exit(98);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(RawMode, EndsWithTheProcessWhateverEndsIt) {
  const PseudoTerminal pty;
  const int by_signal = ending_of_raw_child(pty, [] { ::raise(SIGTERM); });
  EXPECT_TRUE(WIFSIGNALED(by_signal) && WTERMSIG(by_signal) == SIGTERM) << by_signal;
  EXPECT_FALSE(pty.is_raw());
  const int by_exit = ending_of_raw_child(pty, [] { std::exit(7); });
  EXPECT_TRUE(WIFEXITED(by_exit) && WEXITSTATUS(by_exit) == 7) << by_exit;
  EXPECT_FALSE(pty.is_raw());
  const int by_second = ending_of_raw_child(pty, [] {
    const SignalStop signals;
    ::raise(SIGINT);
    ::raise(SIGINT);
  });
  EXPECT_TRUE(WIFEXITED(by_second) && WEXITSTATUS(by_second) == 130) << by_second;
  EXPECT_FALSE(pty.is_raw());
}

TEST(UserTerminal, HandsOnEveryKeyWhenRaw) {
  const PseudoTerminal pty;
  UserTerminal terminal = pty.terminal();
  EXPECT_TRUE(terminal.is_terminal());
  const RawMode raw(pty.slave.raw());
  ASSERT_EQ(::write(pty.master.raw(), "a\x03\r", 3), 3);
  std::string keys;
  while (keys.size() < 3) keys += terminal.read({});
  EXPECT_EQ(keys, "a\x03\r");
  terminal.write(OutputStream::out, "x\ny");
  char shown[8];
  ASSERT_EQ(::read(pty.master.raw(), shown, sizeof shown), 3);
  EXPECT_EQ(std::string(shown, 3), "x\ny");
}

TEST(UserTerminal, StopsReadingOnRequest) {
  const PseudoTerminal pty;
  UserTerminal terminal = pty.terminal();
  std::stop_source stop;
  auto reading = std::async(std::launch::async, [&] { return terminal.read(stop.get_token()); });
  stop.request_stop();
  EXPECT_EQ(reading.get(), "");
}

TEST(UserTerminal, ReadsAPipeToItsEnd) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd read(ends[0]);
  Fd write(ends[1]);
  UserTerminal terminal(read.raw(), read.raw(), read.raw());
  ASSERT_EQ(::write(write.raw(), "words", 5), 5);
  write.close();
  EXPECT_EQ(terminal.read({}), "words");
  EXPECT_EQ(terminal.read({}), "");
  EXPECT_FALSE(terminal.is_terminal());
  EXPECT_EQ(terminal.size(), std::nullopt);
}

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("making a pipe", errno);
    read = Fd(ends[0]);
    write = Fd(ends[1]);
  }
  Fd read, write;
};

// `logs -f web | head -1` never ended.
TEST(UserTerminal, SaysThatNobodyReadsAnyMore) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  UserTerminal terminal(0, pipe.write.raw(), pipe.write.raw());
  terminal.write(OutputStream::out, "one\n");
  pipe.read.close();
  EXPECT_THROW(terminal.write(OutputStream::out, "two\n"), OutputClosed);
  EXPECT_NO_THROW(terminal.write(OutputStream::err, "messages are not what is waited for"));
}

TEST(UserTerminal, GivesUpWhatNobodyTakesOnAStop) {
  const Pipe pipe;
  std::stop_source stop;
  UserTerminal terminal(0, pipe.write.raw(), pipe.write.raw(), stop.get_token());
  auto writing = std::async(std::launch::async, [&] { terminal.write(OutputStream::out, std::string(1 << 20, 'x')); });
  stop.request_stop();
  EXPECT_THROW(writing.get(), Cancelled);
}

TEST(UserTerminal, WritesAllOfALongText) {
  const Pipe pipe;
  UserTerminal terminal(0, pipe.write.raw(), pipe.write.raw());
  auto writing = std::async(std::launch::async, [&] { terminal.write(OutputStream::out, std::string(300'000, 'x')); });
  UserTerminal reader(pipe.read.raw(), 1, 2);
  size_t size = 0;
  while (size < 300'000) size += reader.read({}).size();
  writing.get();
  EXPECT_EQ(size, 300'000U);
}

TEST(ReaderWatch, AsksForAStopAsSoonAsTheReaderIsGone) {
  Pipe pipe;
  std::stop_source gone;
  std::promise<void> told;
  const std::stop_callback tells(gone.get_token(), [&] { told.set_value(); });
  const ReaderWatch watch(pipe.write.raw(), gone);
  EXPECT_FALSE(gone.stop_requested());
  pipe.read.close();
  told.get_future().get();
}

TEST(ReaderWatch, EndsWithItsOwner) {
  const Pipe pipe;
  std::stop_source gone;
  {
    const ReaderWatch watch(pipe.write.raw(), gone);
  }
  EXPECT_FALSE(gone.stop_requested());
}

TEST(UserTerminal, TellsWhenTheWindowChanges) {
  const PseudoTerminal pty;
  UserTerminal terminal = pty.terminal();
  EXPECT_EQ(terminal.size(), (Terminal::Size{30, 100}));
  std::promise<Terminal::Size> told;
  auto watch = terminal.on_resize([&](Terminal::Size size) { told.set_value(size); });
  pty.resize(40, 120);
  ::raise(SIGWINCH);
  EXPECT_EQ(told.get_future().get(), (Terminal::Size{40, 120}));
  watch.reset();
  // The handler is gone: the signal's usual action is to be ignored.
  pty.resize(10, 20);
  ::raise(SIGWINCH);
}

TEST(SignalStop, TurnsTheFirstSignalIntoARequest) {
  SignalStop signals;
  EXPECT_EQ(signals.signal(), 0);
  std::promise<void> stopped;
  const std::stop_callback callback(signals.token(), [&] { stopped.set_value(); });
  ::raise(SIGTERM);
  stopped.get_future().get();
  EXPECT_EQ(signals.signal(), SIGTERM);
}

TEST(SignalStop, EndsTheProcessAtTheSecond) {
  EXPECT_EXIT(
      {
        const SignalStop signals;
        ::raise(SIGINT);
        ::raise(SIGINT);
      },
      ::testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace belay::cli
