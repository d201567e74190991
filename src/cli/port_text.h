#pragma once
// Published ports, for people.

#include <string>
#include <vector>

#include "base/text.h"
#include "model/spec.h"

namespace belay::cli {

// "*:8080->80/tcp, 127.0.0.1:5433->5432/tcp".
inline std::string text_of_ports(const std::vector<PortBinding>& ports) {
  std::vector<std::string> texts;
  for (const auto& port : ports) texts.push_back(port.text_with_address());
  return join(texts, ", ");
}

}  // namespace belay::cli
