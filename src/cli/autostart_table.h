#pragma once
// What starts with the host, for `autostart`, `start-all` and the faces.

#include "change/mark.h"
#include "cli/console.h"

namespace belay::cli {

void print_autostart(Console& console, const std::vector<change::AutostartStatus>& rows);
// The results of start_all; 1 where any app failed.
int print_started(Console& console, const std::vector<change::Started>& all, bool json = false);

}  // namespace belay::cli
