#pragma once
// Published ports, for people and as the JSON contract has them.

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

// ["8080->80/tcp", "127.0.0.1:5433->5432/tcp"].
inline std::vector<std::string> port_words(const std::vector<PortBinding>& ports) {
  std::vector<std::string> words;
  for (const auto& port : ports) words.push_back(port.text());
  return words;
}

}  // namespace belay::cli
