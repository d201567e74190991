#include "model/schedule.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <vector>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay {

namespace {

using std::chrono::days;

constexpr int minutes_of_a_day = 24 * 60;
// Every combination of day, month and weekday that there is comes within 28 years, leap days included but for 2100.
constexpr int farthest_days = 40 * 366;
constexpr std::array<const char*, 7> names_of_days{"sunday",   "monday", "tuesday", "wednesday",
                                                   "thursday", "friday", "saturday"};
constexpr std::array<const char*, 12> names_of_months{"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr const char* forms =
    "Write hourly, daily, weekly, monthly, 04:30, Mon-Fri 04:30, every 6h, or cron's five fields: 30 4 * * 1-5.";

[[noreturn]] void refuse_schedule(const std::string& why) {
  throw Error(ErrorCode::bad_value, why, forms);
}

bool is_a_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<int> number_in(std::string_view text, int lowest, int highest) {
  if (text.empty() || text.size() > 9 || !std::all_of(text.begin(), text.end(), is_a_digit)) return {};
  const auto value = parse_number(text);
  if (!value || *value < lowest || *value > highest) return {};
  return static_cast<int>(*value);
}

std::optional<int> weekday_named(std::string_view text) {
  const std::string wanted = lower(trim(text));
  for (size_t day = 0; day < names_of_days.size(); ++day)
    if (wanted == names_of_days[day] ||
        (wanted.size() == 3 && std::string_view(names_of_days[day]).starts_with(wanted)))
      return static_cast<int>(day);
  return {};
}

std::optional<int> month_named(std::string_view text) {
  const auto found = std::find(names_of_months.begin(), names_of_months.end(), lower(text));
  if (found == names_of_months.end()) return {};
  return static_cast<int>(found - names_of_months.begin()) + 1;
}

// "04:30", in minutes.
std::optional<int> minute_of_day(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 2 || text.size() != colon + 3) return {};
  const auto hour = number_in(text.substr(0, colon), 0, 23), minute = number_in(text.substr(colon + 1), 0, 59);
  if (!hour || !minute) return {};
  return *hour * 60 + *minute;
}

std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of(" \t", at), text.size());
    if (end > at) words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// "Mon-Fri", "Sat,Sun", "Mon..Fri"
std::bitset<7> weekdays_in(std::string_view text) {
  std::bitset<7> chosen;
  for (const auto& part : split(text, ',')) {
    size_t dash = part.find("..");
    size_t width = 2;
    if (dash == std::string::npos) {
      dash = part.find('-');
      width = 1;
    }
    const std::string first_text = part.substr(0, dash);
    const std::string last_text = dash == std::string::npos ? first_text : part.substr(dash + width);
    const auto first = weekday_named(first_text), last = weekday_named(last_text);
    if (!first || !last)
      refuse_schedule(format("'{}' is no day of the week", printable(first ? last_text : first_text)));
    for (int day = *first;; day = (day + 1) % 7) {
      chosen.set(static_cast<size_t>(day));
      if (day == *last) break;
    }
  }
  return chosen;
}

struct CronField {
  const char* name;
  int lowest, highest;
  std::optional<int> (*named)(std::string_view text);
};

// "*", "*/15", "1-5", "0,30", "10-50/20", "mon"
std::vector<int> cron_values(std::string_view text, const CronField& field) {
  std::vector<int> values;
  const auto value_of = [&](std::string_view word) {
    auto value = number_in(word, field.lowest, field.highest);
    if (!value && field.named != nullptr) value = field.named(word);
    if (!value)
      refuse_schedule(format("'{}' is no {} of a cron schedule ({} to {})", printable(word), field.name, field.lowest,
                             field.highest));
    return *value;
  };
  for (const auto& each : split(text, ',')) {
    const std::string_view part = each;
    const size_t slash = part.find('/');
    const std::string_view range = part.substr(0, slash);
    int step = 1;
    if (slash != std::string_view::npos) {
      const auto told = number_in(part.substr(slash + 1), 1, field.highest);
      if (!told) refuse_schedule(format("'{}' has no step after the slash", printable(part)));
      step = *told;
    }
    int first = field.lowest, last = field.highest;
    if (range != "*") {
      const size_t dash = range.find('-');
      first = value_of(range.substr(0, dash));
      last = dash != std::string_view::npos    ? value_of(range.substr(dash + 1))
             : slash == std::string_view::npos ? first
                                               : last;
    }
    if (first > last) refuse_schedule(format("'{}' ends before it begins", printable(part)));
    for (int value = first; value <= last; value += step) values.push_back(value);
  }
  return values;
}

template <size_t size>
std::bitset<size> all_of_them() {
  return std::bitset<size>().set();
}

}  // namespace

// A day of the wall clock.
struct Schedule::WallDay {
  std::chrono::sys_days date;

  static WallDay of(Time time) {
    const std::time_t seconds = std::chrono::floor<Seconds>(time).time_since_epoch().count();
    std::tm local{};
    ::localtime_r(&seconds, &local);
    return {std::chrono::sys_days(std::chrono::year(local.tm_year + 1900) /
                                  std::chrono::month(static_cast<unsigned>(local.tm_mon + 1)) /
                                  std::chrono::day(static_cast<unsigned>(local.tm_mday)))};
  }
  Time at(int minute) const {
    const std::chrono::year_month_day day(date);
    std::tm local{};
    local.tm_year = static_cast<int>(day.year()) - 1900;
    local.tm_mon = static_cast<int>(static_cast<unsigned>(day.month())) - 1;
    local.tm_mday = static_cast<int>(static_cast<unsigned>(day.day()));
    local.tm_hour = minute / 60;
    local.tm_min = minute % 60;
    local.tm_isdst = -1;
    return Time(Seconds(std::mktime(&local)));
  }
};

Schedule Schedule::parse(std::string_view written) {
  const std::string_view text = trim(written);
  if (text.empty()) refuse_schedule("the schedule is empty");
  const std::string word = lower(text);
  const auto in_schedule = [&](auto&& work) { return doing(format("in the schedule '{}'", printable(text)), work); };
  return in_schedule([&]() -> Schedule {
    if (word == "hourly") return cron("0 * * * *");
    if (word == "daily") return cron("0 0 * * *");
    if (word == "weekly") return cron("0 0 * * 1");
    if (word == "monthly") return cron("0 0 1 * *");
    if (word.starts_with("every ")) return every(trim(std::string_view(word).substr(6)));
    if (words_in(text).size() == 5) return cron(text);
    return daily_at(text);
  });
}

// "04:30", "04:30,16:30", "Mon-Fri 04:30"
Schedule Schedule::daily_at(std::string_view text) {
  Schedule schedule;
  schedule.days_of_month_ = all_of_them<32>();
  schedule.months_ = all_of_them<13>();
  schedule.weekdays_ = all_of_them<7>();
  const size_t space = text.find_last_of(" \t");
  const std::string_view times = space == std::string_view::npos ? text : text.substr(space + 1);
  if (times.find(':') == std::string_view::npos) refuse_schedule(format("'{}' is no schedule", printable(text)));
  if (space != std::string_view::npos) {
    std::string named(trim(text.substr(0, space)));
    std::erase_if(named, [](char c) { return c == ' ' || c == '\t'; });
    schedule.weekdays_ = weekdays_in(named);
  }
  for (const auto& part : split(times, ',')) {
    const auto minute = minute_of_day(trim(part));
    if (!minute) refuse_schedule(format("'{}' is no time of the day", printable(part)));
    schedule.times_.set(static_cast<size_t>(*minute));
  }
  return schedule;
}

// "6h", "15m", "2d": from midnight on.
Schedule Schedule::every(std::string_view period) {
  Schedule schedule;
  schedule.days_of_month_ = all_of_them<32>();
  schedule.months_ = all_of_them<13>();
  schedule.weekdays_ = all_of_them<7>();
  size_t digits = 0;
  while (digits < period.size() && is_a_digit(period[digits])) ++digits;
  std::string unit(trim(period.substr(digits)));
  const auto count = digits == 0 ? std::optional(1) : number_in(period.substr(0, digits), 1, 100'000);
  for (const char* long_one : {"minute", "hour", "day"})
    if (unit == long_one || unit == std::string(long_one) + "s") unit = unit.substr(0, 1);
  if (!count || (unit != "m" && unit != "h" && unit != "d" && unit != "min"))
    refuse_schedule(format("'{}' is no period in minutes, hours or days", printable(period)));
  if (unit == "d") {
    if (*count > 366) refuse_schedule("more than a year lies between two times");
    schedule.every_days_ = *count;
    schedule.times_.set(0);
    return schedule;
  }
  const int minutes = unit == "h" ? *count * 60 : *count;
  if (minutes > minutes_of_a_day || minutes_of_a_day % minutes != 0)
    refuse_schedule(format("a day is no multiple of '{}'", printable(period)));
  for (int at = 0; at < minutes_of_a_day; at += minutes) schedule.times_.set(static_cast<size_t>(at));
  return schedule;
}

Schedule Schedule::cron(std::string_view text) {
  const auto fields = words_in(text);
  Schedule schedule;
  const auto minutes = cron_values(fields[0], {"minute", 0, 59, nullptr});
  for (const int hour : cron_values(fields[1], {"hour", 0, 23, nullptr}))
    for (const int minute : minutes) schedule.times_.set(static_cast<size_t>(hour) * 60 + static_cast<size_t>(minute));
  for (const int value : cron_values(fields[2], {"day of the month", 1, 31, nullptr}))
    schedule.days_of_month_.set(static_cast<size_t>(value));
  for (const int value : cron_values(fields[3], {"month", 1, 12, month_named}))
    schedule.months_.set(static_cast<size_t>(value));
  // 7 is Sunday as well.
  for (const int value : cron_values(fields[4], {"weekday", 0, 7, weekday_named}))
    schedule.weekdays_.set(static_cast<size_t>(value % 7));
  schedule.either_day_ = !fields[2].starts_with('*') && !fields[4].starts_with('*');
  if (schedule.next(Time(days(365 * 30))) == Time::max()) refuse_schedule("there is no such day");
  return schedule;
}

bool Schedule::is_on(const WallDay& day) const {
  const std::chrono::year_month_day date(day.date);
  const std::chrono::weekday weekday(day.date);
  if (!months_[static_cast<unsigned>(date.month())]) return false;
  if (day.date.time_since_epoch().count() % every_days_ != 0) return false;
  const bool by_month = days_of_month_[static_cast<unsigned>(date.day())], by_week = weekdays_[weekday.c_encoding()];
  return either_day_ ? by_month || by_week : by_month && by_week;
}

Time Schedule::next(Time time) const {
  // Of a day that was begun late, times of the day before may be left: a change of the clock may lie in between.
  WallDay day{WallDay::of(time).date - days(1)};
  for (int i = 0; i < farthest_days; ++i, day.date += days(1)) {
    if (!is_on(day)) continue;
    Time found = Time::max();
    for (int minute = 0; minute < minutes_of_a_day; ++minute)
      if (times_[static_cast<size_t>(minute)])
        if (const Time at = day.at(minute); at > time) found = std::min(found, at);
    if (found != Time::max()) return found;
  }
  return Time::max();
}

Milliseconds Schedule::period(Time time) const {
  constexpr int looked_at = 8;
  Milliseconds shortest = Milliseconds::max();
  Time at = next(time);
  for (int i = 0; i < looked_at; ++i) {
    const Time then = next(at);
    shortest = std::min(shortest, std::chrono::duration_cast<Milliseconds>(then - at));
    at = then;
  }
  return shortest;
}

Time Schedule::late_from(Time done) const {
  return std::max(next(next(done)), done + 2 * period(done));
}

}  // namespace belay
