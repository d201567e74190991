#pragma once
// Snapshots and wished exchanges of data as JSON texts in columns. Private to state.

#include <string>
#include <vector>

#include "model/data.h"

namespace belay::state {

// Empty for none. The readers throw Error for what this Belay does not know.
std::string to_column(const std::vector<DataExchange>& exchanges);
std::vector<DataExchange> exchanges_from(const std::string& column);
std::string to_column(const std::vector<Snapshot>& snapshots);
std::vector<Snapshot> snapshots_from(const std::string& column);

}  // namespace belay::state
