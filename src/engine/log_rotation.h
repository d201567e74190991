#pragma once
// A log without a limit fills the disk some day. A container whose settings say nothing of its log gets these options,
// where the engine of this machine writes JSON files and its admin set no options of his own. Read back, they are
// nothing that anybody asked for.

#include <map>
#include <string>

namespace belay::engine {

inline const std::map<std::string, std::string>& usual_log_rotation() {
  static const std::map<std::string, std::string> options{{"max-file", "3"}, {"max-size", "10m"}};
  return options;
}

}  // namespace belay::engine
