#include "model/keep.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay {

namespace {

using std::chrono::days;

struct Rule {
  std::string_view name;
  int Keep::* count;
};
constexpr Rule rules[] = {{"last", &Keep::last},       {"daily", &Keep::daily},   {"weekly", &Keep::weekly},
                          {"monthly", &Keep::monthly}, {"yearly", &Keep::yearly}, {"days", &Keep::days}};

constexpr const char* example = "For example: last=7,daily=7,weekly=4,monthly=6";

bool keeps_nothing(const Keep& keep) {
  return std::ranges::all_of(rules, [&](const Rule& rule) { return keep.*rule.count <= 0; });
}

// What two backups of the same day, week, … have in common, as a number that grows with time.
using Period = std::int64_t (*)(Time);

std::int64_t day(Time time) {
  return std::chrono::floor<days>(time).time_since_epoch().count();
}

std::int64_t week(Time time) {
  // 1970-01-01 was a Thursday, the fourth day of its week.
  constexpr std::int64_t days_before = 3;
  const std::int64_t since_monday = day(time) + days_before;
  return (since_monday >= 0 ? since_monday : since_monday - 6) / 7;
}

std::int64_t year(Time time) {
  return static_cast<int>(std::chrono::year_month_day(std::chrono::floor<days>(time)).year());
}

std::int64_t month(Time time) {
  return year(time) * 12 + static_cast<unsigned>(std::chrono::year_month_day(std::chrono::floor<days>(time)).month());
}

// Marks the newest one of each of the first `count` periods; `newest_first` are indices of `candidates`.
void keep_newest_of_each(Period period, int count, const std::vector<BackupCandidate>& candidates,
                         const std::vector<std::size_t>& newest_first, std::vector<bool>& kept) {
  std::optional<std::int64_t> at;
  for (const std::size_t i : newest_first) {
    const std::int64_t here = period(candidates[i].taken);
    if (at == here) continue;
    if (count-- <= 0) return;
    at = here;
    kept[i] = true;
  }
}

}  // namespace

Keep parse_keep(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return UsageError(format("'{}' does not say which backups to keep: {}", printable(text), why), example);
  };
  std::vector<std::string> known;
  for (const Rule& rule : rules) known.emplace_back(rule.name);
  Keep keep;
  // "7" alone: the newest seven.
  if (parse_number(trim(text))) return parse_keep(format("last={}", trim(text)));
  std::set<std::string> seen;
  for (const auto& part : split(text, ',')) {
    const std::string_view word = trim(part);
    const auto equals = word.find('=');
    const std::string name(trim(word.substr(0, equals)));
    if (word.empty()) throw wrong(trim(text).empty() ? "it is empty" : "there is nothing between two commas");
    const auto* rule = std::ranges::find(rules, name, &Rule::name);
    if (rule == std::end(rules)) {
      const std::string meant = did_you_mean(name, known);
      throw wrong(format("there is no rule '{}'{}", printable(name),
                         meant.empty() ? format("; there are {}", join(known, ", ")) : ". " + meant));
    }
    if (!seen.insert(name).second) throw wrong(format("'{}' is there twice", name));
    if (equals == std::string_view::npos) throw wrong(format("'{}' needs a number, as in {}=7", name, name));
    const auto count = parse_number(trim(word.substr(equals + 1)));
    constexpr int most = 100'000;
    if (!count || *count > most)
      throw wrong(
          format("'{}' needs a number from 0 to {}, not '{}'", name, most, printable(trim(word.substr(equals + 1)))));
    keep.*rule->count = static_cast<int>(*count);
  }
  if (keeps_nothing(keep)) throw wrong("it would keep nothing");
  return keep;
}

std::string to_text(const Keep& keep) {
  std::vector<std::string> parts;
  for (const Rule& rule : rules)
    if (keep.*rule.count > 0) parts.push_back(format("{}={}", rule.name, keep.*rule.count));
  return join(parts, ",");
}

std::vector<std::size_t> backups_to_remove(const Keep& keep, const std::vector<BackupCandidate>& candidates, Time now) {
  if (keeps_nothing(keep)) throw Error(ErrorCode::bad_value, "these rules would remove every backup", example);

  std::vector<std::size_t> newest_first;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (candidates[i].taken <= now) newest_first.push_back(i);
  std::ranges::stable_sort(newest_first,
                           [&](std::size_t a, std::size_t b) { return candidates[a].taken > candidates[b].taken; });
  const auto newest_good = std::ranges::find_if(newest_first, [&](std::size_t i) { return candidates[i].good; });
  if (newest_good == newest_first.end()) return {};

  std::vector<bool> kept(candidates.size());
  kept[*newest_good] = true;
  // One that came after the last good one is all there is of its time, whatever it is worth.
  for (auto i = newest_first.begin(); i != newest_good; ++i) kept[*i] = true;

  std::vector<std::size_t> counted;
  for (const std::size_t i : newest_first) {
    if (candidates[i].protected_) kept[i] = true;
    if (candidates[i].good && !candidates[i].protected_) counted.push_back(i);
  }
  for (std::size_t i = 0; i < counted.size() && i < static_cast<std::size_t>(std::max(keep.last, 0)); ++i)
    kept[counted[i]] = true;
  keep_newest_of_each(day, keep.daily, candidates, counted, kept);
  keep_newest_of_each(week, keep.weekly, candidates, counted, kept);
  keep_newest_of_each(month, keep.monthly, candidates, counted, kept);
  keep_newest_of_each(year, keep.yearly, candidates, counted, kept);
  for (const std::size_t i : counted)
    if (keep.days > 0 && candidates[*newest_good].taken - candidates[i].taken <= days(keep.days)) kept[i] = true;

  std::vector<std::size_t> removed;
  for (const std::size_t i : newest_first)
    if (!kept[i]) removed.push_back(i);
  std::ranges::reverse(removed);
  return removed;
}

}  // namespace belay
