#include "formats/run_values.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "formats/mounts.h"
#include "formats/ports.h"

namespace belay::formats {

namespace {

bool consists_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

std::int64_t ulimit_value(std::string_view text) {
  return whole_number(text, -1, std::numeric_limits<std::int64_t>::max());
}

}  // namespace

std::int64_t whole_number(std::string_view text, std::int64_t lowest, std::int64_t highest) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || stop != end || (error != std::errc() && error != std::errc::result_out_of_range))
    throw Error(ErrorCode::bad_value, format("'{}' is not a whole number", printable(text)));
  if (error == std::errc() && value >= lowest && value <= highest) return value;
  if (highest == std::numeric_limits<std::int64_t>::max())
    throw Error(ErrorCode::bad_value, format("{} is out of range: {} or more", printable(text), lowest));
  throw Error(ErrorCode::bad_value, format("{} is out of range: {} to {}", printable(text), lowest, highest));
}

ByteCount size_in_bytes(std::string_view text) {
  const auto size = parse_bytes(text);
  if (!size)
    throw Error(ErrorCode::bad_value, format("'{}' is not a size", printable(text)), "Sizes look like 512m or 2g.");
  return *size;
}

Milliseconds duration(std::string_view text) {
  const auto time = parse_duration(text);
  if (!time)
    throw Error(ErrorCode::bad_value, format("'{}' is not a duration", printable(text)),
                "Durations look like 30s, 1m30s, 24h or 500ms.");
  return *time;
}

std::int64_t nano_cpus(std::string_view text) {
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  if ((whole.empty() && fraction.empty()) || !consists_of(whole, "0123456789") || !consists_of(fraction, "0123456789"))
    throw Error(ErrorCode::bad_value, format("'{}' is not a number of CPUs", printable(text)),
                "Write it like 2 or 1.5.");
  if (fraction.size() > 9)
    throw Error(ErrorCode::bad_value, format("'{}' has more than nine digits after the point", printable(text)));
  if (whole.size() > 6)
    throw Error(ErrorCode::bad_value, format("'{}' CPUs are more than any host has", printable(text)));
  std::string digits = std::string(whole) + std::string(fraction);
  digits.append(9 - fraction.size(), '0');
  return *parse_number(digits);
}

std::string cpu_set(std::string_view text) {
  if (text.empty() || !consists_of(text, "0123456789,-"))
    throw Error(ErrorCode::bad_value, format("'{}' is not a set of CPUs or memory nodes", printable(text)),
                "Write it like 0-3 or 0,2.");
  return std::string(text);
}

Ulimit parse_ulimit(std::string_view text) {
  static const std::vector<std::string> names{"as",      "core",     "cpu",        "data",   "fsize", "locks",
                                              "memlock", "msgqueue", "nice",       "nofile", "nproc", "rss",
                                              "rtprio",  "rttime",   "sigpending", "stack"};
  const auto [name, limits] = key_and_value(text);
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw Error(ErrorCode::bad_value, format("unknown limit '{}'", printable(name)), did_you_mean(name, names));
  const size_t colon = limits.find(':');
  Ulimit limit;
  limit.name = name;
  limit.soft = ulimit_value(std::string_view(limits).substr(0, colon));
  limit.hard = colon == std::string::npos ? limit.soft : ulimit_value(std::string_view(limits).substr(colon + 1));
  if (limit.hard != -1 && (limit.soft == -1 || limit.soft > limit.hard))
    throw Error(ErrorCode::bad_value, format("the soft limit of {} is above its hard limit", name));
  return limit;
}

Device parse_device(std::string_view text) {
  const auto is_permissions = [](std::string_view word) { return !word.empty() && consists_of(word, "rwm"); };
  const std::vector<std::string> parts = split(text, ':');
  if (!text.starts_with('/')) {
    const bool qualified = text.find('=') != std::string_view::npos;
    throw Error(ErrorCode::bad_value, format("'{}' is not the path of a device", printable(text)),
                qualified ? "Belay does not keep devices of the container device interface." : "");
  }
  if (parts.size() > 3) throw Error(ErrorCode::bad_value, format("'{}' has more than three parts", printable(text)));
  Device device;
  device.host_path = device.container_path = parts[0];
  if (parts.size() == 2 && is_permissions(parts[1])) {
    device.permissions = parts[1];
  } else if (parts.size() >= 2) {
    device.container_path = parts[1];
  }
  if (!device.container_path.starts_with('/'))
    throw Error(ErrorCode::bad_value,
                format("'{}' is neither a path in the container nor permissions (r, w, m)", printable(parts[1])));
  if (parts.size() < 3) return device;
  if (!is_permissions(parts[2]))
    throw Error(ErrorCode::bad_value, format("'{}' are not permissions (r, w, m)", printable(parts[2])));
  device.permissions = parts[2];
  return device;
}

std::string device_rule(std::string_view text) {
  const std::vector<std::string> parts = split(text, ' ');
  const auto is_number = [](const std::string& word) { return word == "*" || parse_number(word); };
  const std::vector<std::string> numbers = parts.size() == 3 ? split(parts[1], ':') : std::vector<std::string>();
  if (numbers.size() != 2 || !is_number(numbers[0]) || !is_number(numbers[1]) || parts[0].size() != 1 ||
      !consists_of(parts[0], "abc") || parts[2].empty() || parts[2].size() > 3 || !consists_of(parts[2], "rwm"))
    throw Error(ErrorCode::bad_value, format("'{}' is not a rule for devices", printable(text)),
                "Rules look like 'c 1:3 mr': kind, numbers, permissions.");
  return std::string(text);
}

RestartPolicy parse_restart(std::string_view text) {
  const size_t colon = text.find(':');
  RestartPolicy policy;
  policy.name = text.substr(0, colon);
  static const std::vector<std::string> names{"no", "always", "unless-stopped", "on-failure"};
  if (std::find(names.begin(), names.end(), policy.name) == names.end())
    throw Error(ErrorCode::bad_value, format("unknown restart policy '{}'", printable(policy.name)),
                format("Known: {}.", join(names, ", ")));
  if (colon == std::string_view::npos) return policy;
  if (policy.name != "on-failure")
    throw Error(ErrorCode::bad_value, format("the restart policy '{}' takes no number of tries", policy.name),
                "Only on-failure:N does.");
  policy.maximum_retries = static_cast<int>(whole_number(text.substr(colon + 1), 0, 1'000'000));
  return policy;
}

std::string extra_host(std::string_view text) {
  const size_t end = text.find_first_of(":=");
  if (end == std::string_view::npos || end == 0)
    throw Error(ErrorCode::bad_value, format("'{}' is not a host and its address", printable(text)),
                "Write it like db:10.0.0.5.");
  std::string_view address = text.substr(end + 1);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (address != "host-gateway" && !is_ip_address(address))
    throw Error(ErrorCode::bad_value, format("'{}' is not an IP address", printable(address)));
  return format("{}:{}", text.substr(0, end), address);
}

std::string container_link(std::string_view text) {
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() > 2 || parts[0].empty() || parts.back().empty())
    throw Error(ErrorCode::bad_value, format("'{}' is not a link", printable(text)), "Write it like CONTAINER:ALIAS.");
  return format("{}:{}", parts.front(), parts.back());
}

std::string volumes_from(std::string_view text) {
  const std::vector<std::string> parts = split(text, ':');
  const bool with_mode =
      parts.size() == 2 && (parts[1] == "ro" || parts[1] == "rw" || parts[1] == "z" || parts[1] == "Z");
  if (parts[0].empty() || parts.size() > 2 || (parts.size() == 2 && !with_mode))
    throw Error(ErrorCode::bad_value, format("'{}' is not a container to take volumes from", printable(text)),
                "Write it like CONTAINER or CONTAINER:ro.");
  return std::string(text);
}

std::string mac_address(std::string_view text) {
  const std::vector<std::string> parts = split(text, text.find('-') == std::string_view::npos ? ':' : '-');
  bool valid = parts.size() == 6;
  for (const std::string& part : parts)
    valid = valid && part.size() == 2 && consists_of(part, "0123456789abcdefABCDEF");
  if (!valid)
    throw Error(ErrorCode::bad_value, format("'{}' is not a MAC address", printable(text)),
                "They look like 92:d0:c6:0a:29:33.");
  return lower(join(parts, ":"));
}

std::optional<fs::path> seccomp_profile(std::string_view text, const fs::path& base_folder) {
  constexpr std::string_view key = "seccomp";
  if (!text.starts_with(key) || text.size() <= key.size() + 1 || (text[key.size()] != '=' && text[key.size()] != ':'))
    return {};
  const std::string_view value = text.substr(key.size() + 1);
  if (value == "unconfined" || value == "builtin") return {};
  fs::path file(value);
  if (file.is_relative()) file = fs::absolute(base_folder.empty() ? fs::current_path() : base_folder) / file;
  return file;
}

std::string security_option(std::string_view text, const fs::path& base_folder) {
  // The colon is the old form of the equals sign.
  const size_t end = text.find('=') != std::string_view::npos ? text.find('=') : text.find(':');
  const std::string key(text.substr(0, end));
  if (end == std::string_view::npos) {
    if (key == "no-new-privileges") return key;
    throw Error(ErrorCode::bad_value, format("'{}' is not a security option", printable(text)),
                "They look like label=disable.");
  }
  const std::string_view value = text.substr(end + 1);
  if (key == "systempaths" && value != "unconfined")
    throw Error(ErrorCode::bad_value,
                format("systempaths is unconfined or not there at all, not '{}'", printable(value)));
  const auto file = seccomp_profile(text, base_folder);
  if (!file) return format("{}={}", key, value);
  // The engine wants the profile itself: only its client can see the file.
  return "seccomp=" + document::write_json(document::read_json(read_file(*file), file->string()));
}

std::pair<std::string, std::string> key_and_value(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    throw Error(ErrorCode::bad_value, format("'{}' is not of the form KEY=VALUE", printable(text.substr(0, equals))));
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

}  // namespace belay::formats
