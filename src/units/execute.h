#pragma once
// The order `execute`: a command in a unit's container, in one that is made for it alone, or on the host.

#include <functional>
#include <string>

#include "base/terminal.h"
#include "change/context.h"
#include "formats/dockerstra/order_values.h"
#include "model/declaration.h"

namespace belay::units {

struct Command {
  formats::dockerstra::Execution execution;
  std::string service;    // whose container it is; empty: the host
  std::string container;  // what that is called on the engine
};

// What would be done: "run in a container with the volumes of shop-db: make check".
std::string command_text(const Command& command);

// Runs it, and passes on what it writes; its exit code. `unit`: all of its containers. `before_the_session` is called
// when everything is ready: the terminal is the command's from there on. Nothing is left of a container that was made
// for it, whatever happens. What runs in a container that was there goes on there after a stop: the engine ends no
// command alone.
int execute(change::Context& context, const Declaration& unit, const Command& command, Terminal& terminal,
            const std::function<void()>& before_the_session, std::stop_token stop);

// The service in a container that lives as long as its command, beside those of the unit; its exit code. `at_the_end`
// sees the container once the command has ended. Nothing is left of it, whatever happens.
int run_passing(change::Context& context, const AppName& unit, const std::string& image, const Service& service,
                Terminal& terminal, const std::function<void(const std::string& container)>& at_the_end,
                std::stop_token stop);

// Removes what commands and tests of the unit made for themselves and left when they were killed. Asks the engine
// nothing where there is nothing of that.
void clear_killed(change::Context& context, const AppName& unit, std::stop_token stop);

}  // namespace belay::units
