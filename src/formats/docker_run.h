#pragma once
// The options of `docker run`, of Docker 20.10 to 28, turned into a service. Every option either has its place in the
// specification or is refused by name with the reason; nothing is dropped without a word.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "model/spec.h"

namespace belay::formats {

struct RunLineOptions {
  enum class Form {
    whole,    // [docker run] OPTIONS IMAGE [COMMAND…]
    options,  // OPTIONS only: a positional argument is an error
  };
  Form form = Form::whole;
  // What relative host paths and files are relative to; empty: the current folder.
  fs::path base_folder;
  // Where `-e KEY` takes its value from; empty: our own environment.
  std::function<std::optional<std::string>(const std::string&)> variable;
};

struct RunLine {
  Service service;                    // name is empty; image too where only options were read
  std::string name;                   // --name, or empty
  std::vector<std::string> warnings;  // options that mean nothing for a container that Belay keeps
};

// A line that cannot be read. `argument` is the index of the offending one, where there is one: formats that hold a
// line in a file find the place with it.
class RunLineError : public UsageError {
 public:
  RunLineError(std::optional<size_t> argument, std::string message, std::string hint = {})
      : UsageError(std::move(message), std::move(hint)), argument_(argument) {}
  std::optional<size_t> argument() const { return argument_; }

 private:
  std::optional<size_t> argument_;
};

// Throws RunLineError, or ConfigError for a mistake inside a file that the line names.
RunLine parse_run_line(const std::vector<std::string>& arguments, const RunLineOptions& options = {});

}  // namespace belay::formats
