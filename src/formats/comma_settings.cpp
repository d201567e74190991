#include "formats/comma_settings.h"

#include "base/errors.h"
#include "base/text.h"

namespace belay::formats {

namespace {

std::vector<std::string> fields(std::string_view text) {
  std::vector<std::string> result(1);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"') {
      result.back() += '"';
      ++i;
    } else if (c == '"' && (quoted || result.back().empty())) {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      result.emplace_back();
    } else {
      result.back() += c;
    }
  }
  if (quoted) throw Error(ErrorCode::bad_value, "a double quote is never closed");
  return result;
}

}  // namespace

std::vector<CommaSetting> comma_settings(std::string_view text) {
  std::vector<CommaSetting> settings;
  for (const std::string& field : fields(text)) {
    const size_t equals = field.find('=');
    CommaSetting setting{lower(trim(std::string_view(field).substr(0, equals))), {}};
    if (setting.key.empty()) throw Error(ErrorCode::bad_value, "a setting between two commas has no name");
    if (equals != std::string::npos) setting.value = field.substr(equals + 1);
    settings.push_back(std::move(setting));
  }
  return settings;
}

}  // namespace belay::formats
