#include "base/clock.h"

#include <array>
#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "base/format.h"

namespace belay {

Time SystemClock::now() const {
  return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

Ticks SystemClock::ticks() const {
  return std::chrono::steady_clock::now();
}

bool SystemClock::sleep(Milliseconds time, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

namespace {

struct Calendar {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<Milliseconds> time;
};

Calendar calendar(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss<Milliseconds>(time - day)};
}

// Reads exactly `digits` decimal digits from the front of `text`.
std::optional<int> take_digits(std::string_view& text, size_t digits) {
  if (text.size() < digits) return {};
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits || text[0] == '-') return {};
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text[0] != expected) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string iso_time(Time time) {
  const auto [date, clock] = calendar(time);
  std::string text = format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                            static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                            clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0) text += format(".{:03}", clock.subseconds().count());
  return text + "Z";
}

std::string compact_time(Time time) {
  const auto [date, clock] = calendar(time);
  return format("{:04}{:02}{:02}{:02}{:02}{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                clock.seconds().count());
}

std::optional<Time> parse_time(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return {};
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return {};
  const auto day = take_digits(text, 2);
  if (!day || !(take(text, 'T') || take(text, ' '))) return {};
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return {};
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return {};
  const auto second = take_digits(text, 2);
  if (!second) return {};
  int thousandths = 0;
  if (take(text, '.')) {
    if (text.empty() || text[0] < '0' || text[0] > '9') return {};
    int scale = 100;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
      thousandths += (text[0] - '0') * scale;
      scale /= 10;
      text.remove_prefix(1);
    }
  }
  std::chrono::minutes offset{0};
  if (!take(text, 'Z')) {
    const bool east = !text.empty() && text[0] == '+';
    if (!take(text, '+') && !take(text, '-')) return {};
    const auto hours = take_digits(text, 2);
    if (!hours || !take(text, ':')) return {};
    const auto minutes = take_digits(text, 2);
    if (!minutes || *hours > 23 || *minutes > 59) return {};
    offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    if (!east) offset = -offset;
  }
  if (!text.empty()) return {};
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return {};
  return Time(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
              std::chrono::minutes(*minute) + Seconds(*second) + Milliseconds(thousandths) - offset);
}

std::string ago(Time then, Time now) {
  const auto seconds = std::chrono::duration_cast<Seconds>(now - then).count();
  if (seconds < 5) return "just now";
  const auto counted = [](long long count, const char* unit) {
    return format("{} {}{} ago", count, unit, count == 1 ? "" : "s");
  };
  if (seconds < 60) return counted(seconds, "second");
  if (seconds < 3600) return counted(seconds / 60, "minute");
  if (seconds < 86400 * 2) return counted(seconds / 3600, "hour");
  if (seconds < 86400 * 60) return counted(seconds / 86400, "day");
  return counted(seconds / (86400 * 30), "month");
}

std::string duration_text(Milliseconds time) {
  const auto count = time.count();
  if (count < 1000) return format("{} ms", count);
  if (count < 10'000) {
    const auto tenths = count / 100;
    return tenths % 10 == 0 ? format("{} s", tenths / 10) : format("{}.{} s", tenths / 10, tenths % 10);
  }
  const auto seconds = count / 1000;
  if (seconds < 60) return format("{} s", seconds);
  if (seconds < 3600) {
    return seconds % 60 == 0 ? format("{} min", seconds / 60) : format("{} min {} s", seconds / 60, seconds % 60);
  }
  return seconds % 3600 < 60 ? format("{} h", seconds / 3600)
                             : format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    long long milliseconds;
  };
  static constexpr std::array<Unit, 5> units{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  if (text.empty()) return {};
  long long total = 0;
  bool bare = false, with_unit = false;
  while (!text.empty()) {
    long long count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    // The sum is bounded too: "1000000000d" a hundred times would overflow it.
    constexpr long long longest = 1'000'000'000'000'000'000;
    if (error != std::errc() || count < 0 || count > 1'000'000'000 || total > longest || bare) return {};
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    size_t letters = 0;
    while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
    const auto name = text.substr(0, letters);
    text.remove_prefix(letters);
    if (name.empty()) {
      // "1h30" is left alone: it could mean minutes as well as seconds.
      if (with_unit) return {};
      bare = true;
      total += count * 1000;
      continue;
    }
    with_unit = true;
    bool known = false;
    for (const auto& unit : units) {
      if (unit.name != name) continue;
      total += count * unit.milliseconds;
      known = true;
    }
    if (!known) return {};
  }
  return Milliseconds(total);
}

}  // namespace belay
