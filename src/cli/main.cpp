#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <tuple>

#include "base/clock.h"
#include "cli/program.h"
#include "units/looking.h"

// A stream that the caller closed would be the next file or socket that is opened, and be written to.
static void open_closed_streams() {
  for (const int fd : {0, 1, 2})
    // The lowest number that is free is this one.
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) std::ignore = ::open("/dev/null", O_RDWR);
}

int main(int argc, char** argv) {
  // A peer or pipe that closes early is an error of that write, not the end of the program.
  std::signal(SIGPIPE, SIG_IGN);
  open_closed_streams();
  // In a container that a test asks from.
  if (const auto code = belay::units::answer_as_looking({argv, argv + argc})) return *code;
  belay::SystemClock clock;
  belay::cli::Console console(belay::cli::ConsoleSettings::of_process());
  return belay::cli::run_program({argv, argv + argc}, console, clock);
}
