#include "service_image/convention.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"

namespace belay::service_image {

namespace {

constexpr size_t longest_name = 40;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

AppName checked_name(const std::string& name) {
  const bool fits =
      name.size() >= 2 && name.size() <= longest_name && is_letter_or_digit(name.front()) &&
      std::all_of(name.begin(), name.end(), [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; });
  if (!fits)
    throw UsageError(
        ErrorCode::bad_name, format("'{}' cannot be the name of a service", printable(name)),
        format("Letters, digits, '-' and '_'; it begins with a letter or digit and has 2 to {} characters.",
               longest_name));
  return AppName(name);
}

AppName lock_name(const std::string& service) {
  return AppName("dr-" + service);
}

bool is_command_name(std::string_view name) {
  return !name.empty() && is_letter_or_digit(name.front()) && name != manifest_file &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

std::string config_volume(std::string_view service) {
  return name_stem(service) + "config";
}

std::string name_stem(std::string_view service) {
  return format("dr-{}-", service);
}

std::string pinned_tag(std::string_view service, const std::string& image_id) {
  return format("belay-dr/{}:{}", lower(service), short_digest(image_id));
}

std::map<std::string, std::string> labels_of(std::string_view service) {
  return {{service_label, std::string(service)}};
}

std::string label_words(std::string_view service) {
  return format("{}={}", service_label, service);
}

}  // namespace belay::service_image
