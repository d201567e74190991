#pragma once
// What is asked of a running container: its output, a program inside it.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace belay {

struct LogRequest {
  bool follow = false;
  bool timestamps = false;
  std::optional<int> tail;  // lines; nullopt: all
  std::optional<Time> since, until;
};

struct ExecRequest {
  std::vector<std::string> command;
  bool tty = false;
  bool interactive = false;  // input is forwarded
  std::string user, working_dir;
  std::map<std::string, std::string> environment;
  bool privileged = false;
  bool detached = false;  // it is left alone once it is started
};

struct CommitRequest {
  std::string container;
  std::string reference;  // of the image
  std::string message, author;
  std::vector<std::string> changes;  // lines of a Dockerfile: "LABEL stage=test", "CMD [...]"
};

}  // namespace belay
