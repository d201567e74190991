#include <algorithm>
#include <map>

#include "base/format.h"
#include "base/local_time.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "look/look.h"
#include "report/look_json.h"

namespace belay::cli {

namespace {

using Outcome = JournalOutcome::Kind;

// The journal has a line for the begin of a change and one for its end.
struct Deed {
  Time time{};  // when it began
  std::optional<Milliseconds> took;
  JournalEntry end;  // or, of what has not ended, its begin
  bool cut_off = false;
};

// `entries` newest first, and so are the deeds.
std::vector<Deed> deeds_of(const std::vector<look::PastEntry>& entries) {
  std::vector<Deed> deeds;
  std::map<std::pair<std::string, std::string>, size_t> open;
  for (auto past = entries.rbegin(); past != entries.rend(); ++past) {
    const JournalEntry* entry = &past->entry;
    const std::pair key(entry->app, entry->verb.text());
    if (entry->outcome.kind() == Outcome::started) {
      open[key] = deeds.size();
      deeds.push_back({entry->time, {}, *entry, past->cut_off});
      continue;
    }
    const auto begin = open.find(key);
    if (begin == open.end()) {
      deeds.push_back({entry->time, {}, *entry, false});
      continue;
    }
    Deed& deed = deeds[begin->second];
    // What was done is told by its begin, what became of it by its end.
    const std::string before = deed.end.text;
    deed.took = entry->time - deed.time;
    deed.end = *entry;
    if (deed.end.text.empty() || (entry->outcome.kind() == Outcome::done && !before.empty())) deed.end.text = before;
    deed.cut_off = false;
    open.erase(begin);
  }
  std::reverse(deeds.begin(), deeds.end());
  return deeds;
}

std::string outcome_of(const Deed& deed) {
  return deed.cut_off ? JournalOutcome("failed").text() : deed.end.outcome.text();
}

std::string what_of(const Deed& deed) {
  if (!deed.cut_off) return deed.end.text;
  return deed.end.text.empty() ? "cut off" : "cut off: " + deed.end.text;
}

Style style_of(const Deed& deed) {
  if (deed.cut_off) return Style::bad;
  const JournalOutcome& outcome = deed.end.outcome;
  if (outcome.kind() == Outcome::done) return Style::good;
  // Nobody knows whether what another version calls otherwise is bad.
  const bool is_open = outcome.kind() == Outcome::started || outcome.kind() == Outcome::other;
  return is_open ? Style::plain : Style::bad;
}

std::string text_of(const Deed& deed) {
  const JournalEntry& entry = deed.end;
  std::string text = local_time(deed.time, Precision::seconds);
  for (const auto& part : {entry.app, entry.verb.text(), entry.release ? entry.release->text() : std::string(),
                           outcome_of(deed), what_of(deed)})
    if (!part.empty()) text += "  " + part;
  return text;
}

// What is new is printed as it comes, each begin and each end.
int follow(Invocation& in, HostRun& run, const std::optional<AppName>& name, std::int64_t last) {
  constexpr int most_at_once = 1'000;
  while (in.clock.sleep(Seconds(1), in.stop()) && !in.console.is_closed()) {
    auto entries = look::history(run.context(), name, most_at_once);
    std::erase_if(entries, [&](const look::PastEntry& past) { return past.entry.id <= last; });
    for (auto past = entries.rbegin(); past != entries.rend(); ++past) {
      in.console.line(text_of({past->entry.time, {}, past->entry, past->cut_off}));
      last = past->entry.id;
    }
    in.console.flush();
  }
  // Ctrl-C is how one ends following.
  return 0;
}

void print_deeds(Console& console, const std::vector<look::PastEntry>& entries, size_t most) {
  auto deeds = deeds_of(entries);
  if (deeds.size() > most) deeds.resize(most);
  Table table({{"TIME", Align::left, false},
               {"APP", Align::left, false},
               {"VERB", Align::left, false},
               {"RELEASE", Align::left, false},
               {"OUTCOME", Align::left, false},
               {"TOOK", Align::right, false},
               {"BY"},
               {"WHAT", Align::left, true, Narrow::below}});
  for (const Deed& deed : deeds) {
    const JournalEntry& entry = deed.end;
    table.add({local_time(deed.time, Precision::seconds),
               entry.app,
               entry.verb.text(),
               entry.release ? entry.release->text() : std::string(),
               {outcome_of(deed), style_of(deed)},
               deed.took ? duration_text(*deed.took) : std::string(),
               entry.who,
               what_of(deed)});
  }
  if (!table.empty()) console.print(table);
}

}  // namespace

int run_history(Invocation& in) {
  HostRun run(in.session, in.description());
  std::optional<AppName> name;
  Named named(in, run);
  const auto asked = in.optional_argument("NAME");
  const bool is_service =
      asked && AppName::is_valid(*asked) && !named.is_app(*asked) && named.app_here() && named.project()->has(*asked);
  if (asked && !is_service)
    name.emplace(*asked);  // also one that is gone
  else if (asked || !in.number("keep"))
    name = named.app_here();
  if (const auto keep = in.number("keep")) {
    if (in.has("lines") || in.has("json")) throw in.usage_error("--keep goes neither with --lines nor with --json");
    const int removed = look::trim_history(run.context(), name, static_cast<int>(std::min(*keep, 1'000'000LL)));
    in.console.success(removed == 1 ? "1 entry removed" : format("{} entries removed", removed));
    return 0;
  }
  if (in.has("follow") && in.has("json")) throw in.usage_error("--follow does not go with --json");
  const auto limit = static_cast<size_t>(std::min(in.number("lines").value_or(50), 1'000'000LL));
  const auto since = in.time("since"), until = in.time("until");
  const bool has_period = since || until;
  // Of a period, all is looked through. A deed has two entries.
  const int most = has_period ? 1'000'000 : static_cast<int>(in.has("json") ? limit : 2 * limit);
  auto entries = look::history(run.context(), name, most);
  if (asked && name && entries.empty() && !named.is_app(*asked))
    throw NotFound(ErrorCode::app_not_found, format("there is no app {}, and none of that name has a history", *asked),
                   "belay ls lists the apps; belay history without a name is that of all.");
  const std::int64_t newest = entries.empty() ? 0 : entries.front().entry.id;
  std::erase_if(entries, [&](const look::PastEntry& past) {
    return (since && past.entry.time < *since) || (until && past.entry.time > *until);
  });
  if (in.has("json")) {
    if (entries.size() > limit && (!has_period || in.has("lines"))) entries.resize(limit);
    print_record(in.console, "entries", list_of(entries, journal_json));
    return 0;
  }
  print_deeds(in.console, entries, has_period && !in.has("lines") ? entries.size() : limit);
  if (!in.has("follow")) return 0;
  in.console.flush();
  return follow(in, run, name, newest);
}

}  // namespace belay::cli
