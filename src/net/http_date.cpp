#include "net/http_date.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.h"

namespace belay::net {

namespace {

std::optional<int> number_between(std::string_view text, int least, int most) {
  const auto number = parse_number(text);
  if (!number || *number < least || *number > most) return {};
  return static_cast<int>(*number);
}

std::optional<int> month_of(std::string_view text) {
  static constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::find(months.begin(), months.end(), text);
  if (found == months.end()) return {};
  return static_cast<int>(found - months.begin()) + 1;
}

// Of two digits: within fifty years of today's century, as the RFC has it.
std::optional<int> year_of(std::string_view text) {
  const auto year = number_between(text, 0, 9999);
  if (!year || text.size() != 2) return year;
  return *year + (*year < 70 ? 2000 : 1900);
}

std::optional<Time> time_from(std::string_view day, std::string_view month, std::string_view year,
                              std::string_view time) {
  const auto clock = split(time, ':');
  if (clock.size() != 3) return {};
  const auto d = number_between(day, 1, 31), m = month_of(month), y = year_of(year);
  const auto hour = number_between(clock[0], 0, 23), minute = number_between(clock[1], 0, 59),
             second = number_between(clock[2], 0, 60);
  if (!d || !m || !y || !hour || !minute || !second) return {};
  const std::chrono::year_month_day date{std::chrono::year(*y), std::chrono::month(static_cast<unsigned>(*m)),
                                         std::chrono::day(static_cast<unsigned>(*d))};
  if (!date.ok()) return {};
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         Seconds(*second);
}

}  // namespace

std::optional<Time> parse_http_date(std::string_view text) {
  std::vector<std::string> words;
  for (auto& word : split(trim(text), ' '))
    if (!word.empty()) words.push_back(std::move(word));
  if (words.size() == 6 && words[5] == "GMT") return time_from(words[1], words[2], words[3], words[4]);
  if (words.size() == 4 && words[3] == "GMT") {  // Sunday, 06-Nov-94 08:49:37 GMT
    const auto date = split(words[1], '-');
    return date.size() == 3 ? time_from(date[0], date[1], date[2], words[2]) : std::nullopt;
  }
  if (words.size() == 5) return time_from(words[2], words[1], words[4], words[3]);  // Sun Nov  6 08:49:37 1994
  return {};
}

}  // namespace belay::net
