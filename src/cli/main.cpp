#include <clocale>
#include <csignal>

#include "base/clock.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  // libarchive stops at the first name that is not ASCII without it.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  // A peer or pipe that closes early is an error of that write, not the end of the program.
  std::signal(SIGPIPE, SIG_IGN);
  belay::SystemClock clock;
  belay::cli::Console console(belay::cli::ConsoleSettings::of_process());
  return belay::cli::run_program({argv, argv + argc}, console, clock);
}
