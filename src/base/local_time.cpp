#include "base/local_time.h"

#include <ctime>

#include "base/format.h"
#include "base/text.h"

namespace belay {

namespace {

std::tm broken_down(Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(std::chrono::floor<Seconds>(time)));
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

std::optional<Time> whole(std::tm parts) {
  const std::tm asked = parts;
  parts.tm_isdst = -1;
  const std::time_t seconds = std::mktime(&parts);
  // mktime takes the 31st of April for the 1st of May.
  if (seconds == -1 || parts.tm_mday != asked.tm_mday || parts.tm_mon != asked.tm_mon) return {};
  return Time(Seconds(seconds));
}

// "31" of digits only, within [least, most].
std::optional<int> number_in(std::string_view text, size_t digits, int least, int most) {
  if (text.size() != digits) return {};
  const auto value = parse_number(text);
  if (!value || *value < least || *value > most) return {};
  return static_cast<int>(*value);
}

bool read_date(std::string_view text, std::tm& parts) {
  const auto fields = split(text, '-');
  if (fields.size() != 3) return false;
  const auto year = number_in(fields[0], 4, 1970, 9999);
  const auto month = number_in(fields[1], 2, 1, 12);
  const auto day = number_in(fields[2], 2, 1, 31);
  if (!year || !month || !day) return false;
  parts.tm_year = *year - 1900;
  parts.tm_mon = *month - 1;
  parts.tm_mday = *day;
  return true;
}

bool read_clock(std::string_view text, std::tm& parts) {
  const auto fields = split(text, ':');
  if (fields.size() != 2 && fields.size() != 3) return false;
  const auto hour = number_in(fields[0], 2, 0, 23);
  const auto minute = number_in(fields[1], 2, 0, 59);
  const auto second = fields.size() == 3 ? number_in(fields[2], 2, 0, 59) : std::optional(0);
  if (!hour || !minute || !second) return false;
  parts.tm_hour = *hour;
  parts.tm_min = *minute;
  parts.tm_sec = *second;
  return true;
}

}  // namespace

std::string local_date(Time time) {
  const std::tm parts = broken_down(time);
  return format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

std::string local_clock(Time time) {
  const std::tm parts = broken_down(time);
  return format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string local_time(Time time, Precision precision) {
  const std::string clock = local_clock(time);
  return format("{} {}", local_date(time), precision == Precision::seconds ? clock : clock.substr(0, 5));
}

std::optional<Time> parse_local_time(std::string_view text, Time now) {
  if (text == "now") return now;
  if (const auto time = parse_time(text)) return time;
  std::tm parts = broken_down(now);
  parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
  if (text == "today") return whole(parts);
  if (text == "yesterday") {
    // Noon before midnight: a day may have 23 hours.
    parts.tm_hour = 12;
    const auto noon = whole(parts);
    if (!noon) return {};
    std::tm before = broken_down(*noon - std::chrono::hours(24));
    before.tm_hour = before.tm_min = before.tm_sec = 0;
    return whole(before);
  }
  const size_t gap = text.find_first_of(" T");
  if (gap == std::string_view::npos) {
    if (!read_date(text, parts) && !read_clock(text, parts)) return {};
  } else if (!read_date(text.substr(0, gap), parts) || !read_clock(text.substr(gap + 1), parts)) {
    return {};
  }
  return whole(parts);
}

}  // namespace belay
