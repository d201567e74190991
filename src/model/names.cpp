#include "model/names.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"

namespace belay {

namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_lower_or_digit(char c) {
  return is_letter_or_digit(c) && !(c >= 'A' && c <= 'Z');
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "host", "host:5000", "[::1]:5000".
bool is_host(std::string_view text) {
  std::string_view port;
  if (const size_t colon = text.rfind(':'); colon != std::string_view::npos && !text.ends_with(']')) {
    port = text.substr(colon + 1);
    if (!is_digits(port)) return false;
    text = text.substr(0, colon);
  }
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
    return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEF:") == std::string_view::npos;
  }
  return !text.empty() && is_letter_or_digit(text.front()) && is_letter_or_digit(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-'; });
}

// Between letters and digits the registries know one '.', one or two '_', or any number of '-'.
bool is_separator(std::string_view text) {
  return text == "." || text == "_" || text == "__" || text.find_first_not_of('-') == std::string_view::npos;
}

}  // namespace

bool AppName::is_valid(std::string_view name) {
  if (name.size() < 2 || name.size() > 63 || !is_letter_or_digit(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

AppName::AppName(std::string name) : name_(std::move(name)) {
  if (!is_valid(name_))
    throw UsageError(
        ErrorCode::bad_name, format("'{}' cannot be the name of an app", printable(name_.substr(0, 80))),
        "A name has 2 to 63 letters (a-z, A-Z), digits, '-', '_' or '.', and begins with a letter or digit.");
}

std::string ReleaseNumber::text() const {
  return format("r{}", value);
}

bool ReleaseNumber::is_valid(std::string_view text) {
  return text.size() > 1 && text.size() <= 8 && text[0] == 'r' && text[1] != '0' && parse_number(text.substr(1));
}

ReleaseNumber ReleaseNumber::parse(std::string_view text) {
  if (!is_valid(text))
    throw UsageError(format("'{}' is not a release", printable(text)),
                     "Releases are called r1, r2, …; belay releases NAME lists them.");
  return {static_cast<int>(*parse_number(text.substr(1)))};
}

std::string Target::text() const {
  if (service.empty()) return app.text();
  return number == 0 ? format("{}/{}", app.text(), service) : format("{}/{}/{}", app.text(), service, number);
}

Target Target::parse(std::string_view text) {
  const auto parts = split(text, '/');
  Target target{AppName(std::string(parts[0]))};
  const long long number = parts.size() == 3 ? parse_number(parts[2]).value_or(0) : 0;
  const bool is_right = parts.size() <= 3 && (parts.size() < 2 || !parts[1].empty()) &&
                        (parts.size() < 3 || (number >= 1 && number <= 10'000));
  if (!is_right)
    throw UsageError(format("'{}' is no app, service or replica", printable(text)),
                     "Write APP, APP/SERVICE or APP/SERVICE/N.");
  if (parts.size() > 1) target.service = parts[1];
  target.number = static_cast<int>(number);
  return target;
}

ImageRef ImageRef::parse(std::string_view text) {
  const auto refuse = [&](std::string_view why) -> void {
    throw UsageError(ErrorCode::bad_name, format("'{}' is not an image reference: {}", printable(text), why),
                     "References look like web, web:1.2 or registry.example/team/web:1.2.");
  };
  ImageRef ref;
  std::string_view rest = text;
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    ref.digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (!ref.digest.starts_with("sha256:") || ref.digest.size() != 71 ||
        ref.digest.find_first_not_of("0123456789abcdef", 7) != std::string::npos)
      refuse("its digest is not sha256: and 64 hexadecimal digits");
  }
  const size_t slash = rest.rfind('/');
  if (const size_t colon = rest.rfind(':');
      colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    ref.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (ref.tag.empty() || ref.tag.size() > 128) refuse("its tag has no or too many characters");
    for (const char c : ref.tag)
      if (!is_letter_or_digit(c) && c != '_' && c != '.' && c != '-')
        refuse("its tag has a character that is not allowed");
    if (ref.tag[0] == '.' || ref.tag[0] == '-') refuse("its tag begins with '.' or '-'");
  }
  ref.repository = rest;
  if (ref.repository.empty()) refuse("it has no repository");
  const size_t first_slash = rest.find('/');
  const std::string_view host =
      first_slash == std::string_view::npos ? std::string_view() : rest.substr(0, first_slash);
  const bool has_host =
      host.find('.') != std::string_view::npos || host.find(':') != std::string_view::npos || host == "localhost";
  std::string_view path = has_host ? rest.substr(first_slash + 1) : rest;
  if (has_host && !is_host(host)) refuse("its registry is not a host name");
  if (ref.repository.size() > 255) refuse("its repository is longer than 255 characters");
  for (const auto& part : split(path, '/')) {
    if (part.empty()) refuse("two slashes stand together");
    for (const char c : part)
      if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '.' && c != '-')
        refuse(c >= 'A' && c <= 'Z' ? "repositories are lower case"
                                    : "its repository has a character that is not allowed");
    if (!is_letter_or_digit(part.front()) || !is_letter_or_digit(part.back()))
      refuse("each part begins and ends with a letter or digit");
    for (size_t i = 0; i < part.size(); ++i) {
      size_t end = i;
      while (end < part.size() && !is_lower_or_digit(part[end])) ++end;
      if (end > i && !is_separator(std::string_view(part).substr(i, end - i)))
        refuse("letters and digits are parted by one '.', by '_' or '__', or by '-'");
      i = end;
    }
  }
  if (ref.tag.empty() && ref.digest.empty()) ref.tag = "latest";
  return ref;
}

std::string ImageRef::text() const {
  std::string result = repository;
  if (!tag.empty()) result += ":" + tag;
  if (!digest.empty()) result += "@" + digest;
  return result;
}

std::string ImageRef::registry() const {
  const size_t slash = repository.find('/');
  if (slash == std::string::npos) return "docker.io";
  const std::string host = repository.substr(0, slash);
  return host.find('.') != std::string::npos || host.find(':') != std::string::npos || host == "localhost"
             ? host
             : "docker.io";
}

std::string short_digest(std::string_view digest) {
  if (const size_t colon = digest.find(':'); colon != std::string_view::npos) digest.remove_prefix(colon + 1);
  return std::string(digest.substr(0, 12));
}

}  // namespace belay
