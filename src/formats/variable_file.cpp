#include "formats/variable_file.h"

#include <algorithm>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::formats {

Variable parse_variable(std::string_view text) {
  const size_t equals = text.find('=');
  Variable variable{std::string(text.substr(0, equals)), {}};
  if (equals != std::string_view::npos) variable.value = text.substr(equals + 1);
  if (variable.name.empty()) throw Error(ErrorCode::bad_value, "the variable has no name");
  if (const auto space = std::find_if(variable.name.begin(), variable.name.end(), is_space);
      space != variable.name.end())
    // What follows is not repeated: where the '=' was forgotten it is the value.
    throw Error(ErrorCode::bad_value,
                format("the name '{}…' holds white space", printable(std::string(variable.name.begin(), space))),
                "There is no space around '=', and none before the name.");
  if (text.find('\0') != std::string_view::npos)
    throw Error(ErrorCode::bad_value, format("the variable {} holds a NUL character", printable(variable.name)));
  return variable;
}

std::vector<Variable> parse_variables(std::string_view text, const std::string& file) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<Variable> variables;
  int number = 0;
  for (const std::string& whole : split(text, '\n')) {
    ++number;
    std::string_view line = whole;
    if (line.ends_with('\r')) line.remove_suffix(1);
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    if (line.empty() || line.front() == '#') continue;
    try {
      variables.push_back(parse_variable(line));
    } catch (const Error& error) {
      throw ConfigError({file, number, 1}, error.what(), error.hint());
    }
  }
  return variables;
}

std::vector<Variable> read_variables(const fs::path& file) {
  return parse_variables(read_file(file), file.string());
}

}  // namespace belay::formats
