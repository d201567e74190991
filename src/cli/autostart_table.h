#pragma once
// What starts with the host, for `autostart`, `start-all` and the faces.

#include "change/mark.h"
#include "cli/change_result.h"
#include "cli/console.h"

namespace belay::cli {

void print_autostart(Console& console, const std::vector<change::AutostartStatus>& rows);
// The results of start_all; 1 where any app failed, 3 where that is asked for and none was changed.
int print_started(Console& console, const std::vector<change::Started>& all, const ChangeWords& words = {});

}  // namespace belay::cli
