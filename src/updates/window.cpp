#include "updates/window.h"

#include <array>
#include <ctime>
#include <optional>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::updates {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr int day_minutes = 24 * 60;
constexpr std::array<const char*, 7> day_names{"sunday",   "monday", "tuesday", "wednesday",
                                               "thursday", "friday", "saturday"};
constexpr std::array<const char*, 7> short_days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

// Whole days since 1970 and minutes of the day, by the host's wall clock.
struct WallTime {
  int day = 0;
  int minute = 0;
  unsigned weekday() const { return static_cast<unsigned>(((day + 4) % 7 + 7) % 7); }  // 1970 began on a Thursday
};

// The wall clock, asked of the time zone once a quarter of an hour: zones change their offset at no other moments, and
// a search that goes minute by minute would else spend its time there.
class WallClock {
 public:
  WallTime at(Time time) {
    const auto quarter = std::chrono::floor<std::chrono::duration<int, std::ratio<900>>>(time.time_since_epoch());
    if (quarter.count() != quarter_ || !known_) {
      const std::time_t seconds = std::chrono::floor<Seconds>(time).time_since_epoch().count();
      std::tm local{};
      ::localtime_r(&seconds, &local);
      offset_ = Seconds(local.tm_gmtoff);
      quarter_ = quarter.count();
      known_ = true;
    }
    const auto wall = std::chrono::floor<minutes>(time + offset_);
    const auto day = std::chrono::floor<days>(wall);
    return {static_cast<int>(day.time_since_epoch().count()), static_cast<int>((wall - day).count())};
  }

 private:
  bool known_ = false;
  int quarter_ = 0;
  Seconds offset_{0};
};

unsigned parse_day(std::string_view text) {
  const std::string wanted = lower(trim(text));
  for (unsigned day = 0; day < day_names.size(); ++day)
    if (wanted == day_names[day] || (wanted.size() == 3 && std::string_view(day_names[day]).starts_with(wanted)))
      return day;
  throw Error(ErrorCode::bad_value,
              format("'{}' is no day; days are Mon, Tue, Wed, Thu, Fri, Sat and Sun", printable(trim(text))));
}

// "Sat,Sun", "Fri-Mon"
unsigned parse_days(std::string_view text) {
  unsigned chosen = 0;
  for (const auto& part : split(text, ',')) {
    const size_t dash = part.find('-');
    const unsigned first = parse_day(std::string_view(part).substr(0, dash));
    const unsigned last = dash == std::string::npos ? first : parse_day(std::string_view(part).substr(dash + 1));
    for (unsigned day = first;; day = (day + 1) % 7) {
      chosen |= 1U << day;
      if (day == last) break;
    }
  }
  return chosen;
}

int parse_time_of_day(std::string_view text) {
  text = trim(text);
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && colon >= 1 && colon <= 2 && text.size() == colon + 3) {
    const auto hour = parse_number(text.substr(0, colon));
    const auto minute = parse_number(text.substr(colon + 1));
    if (hour && minute && *minute < 60 && *hour * 60 + *minute <= day_minutes)
      return static_cast<int>(*hour * 60 + *minute);
  }
  throw Error(ErrorCode::bad_value,
              format("'{}' is no time of the day; times are written like 02:30, up to 24:00", printable(text)));
}

bool begins_with_digit(std::string_view text) {
  return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

Time floor_minute(Time time) {
  return std::chrono::floor<minutes>(time);
}

}  // namespace

Window::Opening Window::parse_opening(std::string_view text) {
  // "Mon - Fri 02:00 - 05:00": the times begin at the first digit.
  size_t at = 0;
  while (at < text.size() && !begins_with_digit(text.substr(at))) ++at;
  const std::string_view day_part = trim(text.substr(0, at));
  const std::string_view times = trim(text.substr(at));
  Opening opening;
  opening.days = day_part.empty() ? 0x7fU : parse_days(day_part);
  opening.end = day_minutes;
  if (times.empty()) return opening;
  const size_t dash = times.find('-');
  if (dash == std::string_view::npos)
    throw Error(ErrorCode::bad_value, format("'{}' has no end; write it like 02:00-05:00", printable(times)));
  opening.begin = parse_time_of_day(times.substr(0, dash));
  opening.end = parse_time_of_day(times.substr(dash + 1));
  if (opening.begin == opening.end || opening.begin == day_minutes)
    throw Error(ErrorCode::bad_value,
                format("'{}' is never open; leave the times out for the whole day", printable(times)));
  if (opening.end < opening.begin) opening.end += day_minutes;
  return opening;
}

Window Window::parse(std::string_view text) {
  Window window;
  if (trim(text).empty()) return window;
  for (const auto& part : split(text, ';')) {
    if (trim(part).empty())
      throw Error(ErrorCode::bad_value, format("the window '{}' has an empty part", printable(text)));
    window.openings_.push_back(
        doing(format("in the window '{}'", printable(trim(text))), [&] { return parse_opening(trim(part)); }));
  }
  return window;
}

namespace {

// `Openings` is Window's own list: its type stays private.
template <class Openings>
bool is_open(const Openings& openings, const WallTime& wall) {
  const auto begins_on = [](unsigned chosen, unsigned weekday) { return (chosen >> weekday & 1U) != 0; };
  for (const auto& opening : openings) {
    if (begins_on(opening.days, wall.weekday()) && wall.minute >= opening.begin && wall.minute < opening.end)
      return true;
    if (begins_on(opening.days, (wall.weekday() + 6) % 7) && wall.minute + day_minutes < opening.end) return true;
  }
  return openings.empty();
}

}  // namespace

bool Window::contains(Time now) const {
  return is_open(openings_, WallClock().at(now));
}

Time Window::next_opening(Time now) const {
  WallClock clock;
  if (is_open(openings_, clock.at(now))) return now;
  Time at = floor_minute(now) + minutes(1);
  // A weekly opening can fall victim to one change of the clock, not to two in a row.
  const Time limit = at + days(15);
  while (at < limit && !is_open(openings_, clock.at(at))) at += minutes(1);
  return at;
}

Time Window::opened(Time now) const {
  WallClock clock;
  Time at = floor_minute(now);
  const Time limit = at - days(1);
  while (at > limit && is_open(openings_, clock.at(at - minutes(1)))) at -= minutes(1);
  return at;
}

Time Window::closing(Time now) const {
  WallClock clock;
  Time at = floor_minute(now) + minutes(1);
  const Time limit = at + days(1);
  while (at < limit && is_open(openings_, clock.at(at))) at += minutes(1);
  return at;
}

void check_window(std::string_view text) {
  static_cast<void>(Window::parse(text));
}

std::string local_time_text(Time time, Time now) {
  WallClock clock;
  const WallTime wall = clock.at(time);
  const std::string of_day = format("{:02}:{:02}", wall.minute / 60, wall.minute % 60);
  const int ahead = wall.day - clock.at(now).day;
  if (ahead == 0) return of_day;
  if (ahead > 0 && ahead < 7) return format("{} {}", short_days[wall.weekday()], of_day);
  const std::chrono::year_month_day date{std::chrono::sys_days(days(wall.day))};
  return format("{}-{:02}-{:02} {}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), of_day);
}

}  // namespace belay::updates
