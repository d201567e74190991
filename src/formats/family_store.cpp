#include "formats/family_store.h"

#include <algorithm>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::formats {

namespace {

bool is_container_name(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  return text.size() >= 2 && text.size() <= 255 && std::all_of(text.begin(), text.end(), is_plain);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (const auto& line : split(text, '\n'))
    if (const std::string_view word = trim(line); !word.empty()) lines.emplace_back(word);
  return lines;
}

std::string container_in(const std::string& file, const std::optional<std::string>& text) {
  if (!text) return {};
  const auto lines = lines_of(*text);
  // The tools write an empty file to take a mark away, and Python's word for nothing where there was none to copy.
  if (lines.empty() || (lines.size() == 1 && lines[0] == "None")) return {};
  if (lines.size() > 1)
    throw Error(ErrorCode::bad_value,
                format("the file '{}' names {} containers; it should name one", file, lines.size()));
  if (!is_container_name(lines[0]))
    throw Error(ErrorCode::bad_value,
                format("'{}' in the file '{}' is not the name of a container", printable(lines[0]), file));
  return lines[0];
}

std::string image_id(const std::string& text) {
  std::string_view digits = text;
  if (digits.starts_with("sha256:")) digits.remove_prefix(7);
  const bool is_id = digits.size() >= 6 && digits.size() <= 64 && std::all_of(digits.begin(), digits.end(), [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                     });
  if (!is_id)
    throw Error(ErrorCode::bad_value, format("'{}' in the file 'images' is not the id of an image", printable(text)));
  return std::string(digits);
}

}  // namespace

const std::vector<std::string>& stored_family_files() {
  static const std::vector<std::string> files{"images", "last", "stable", "startup"};
  return files;
}

StoredFamily parse_stored_family(const std::function<std::optional<std::string>(const std::string& file)>& text_of) {
  StoredFamily family;
  family.last = container_in("last", text_of("last"));
  family.stable = container_in("stable", text_of("stable"));
  family.startup = container_in("startup", text_of("startup"));
  if (const auto images = text_of("images"))
    for (const auto& line : lines_of(*images)) family.images.push_back(image_id(line));
  return family;
}

}  // namespace belay::formats
