#pragma once
// What starts with the host, for `autostart`, `start-all` and the faces.

#include "cli/console.h"
#include "host/mark.h"

namespace belay::cli {

void print_autostart(Console& console, const std::vector<host::AutostartStatus>& rows);
// The results of start_all; 1 where any app failed.
int print_started(Console& console, const std::vector<host::Started>& all);

}  // namespace belay::cli
