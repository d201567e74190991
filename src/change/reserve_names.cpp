#include "change/reserve_names.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "model/labels.h"
#include "state/store.h"

namespace belay::change {

namespace {

constexpr std::string_view snapshot_tag = ".belay-s";

// Of a name that begins with `stem`: "web_data.belay-s3" → 3, also for what is being filled (".site.belay-s3.partial").
int number_after(const std::string& stem, const std::string& name) {
  if (!name.starts_with(stem)) return 0;
  const std::string rest = name.substr(stem.size());
  const auto end = rest.find_first_not_of("0123456789");
  if (end != std::string::npos && rest[end] != '.') return 0;
  const auto number = parse_number(rest.substr(0, end));
  // A longer one is none that was ever given.
  return number && *number < 1'000'000 ? static_cast<int>(*number) : 0;
}

int highest_number_beside(const DataPlace& place, const std::vector<Volume>& volumes) {
  int highest = 0;
  if (place.kind == DataPlace::Kind::volume) {
    const std::string stem = place.source + std::string(snapshot_tag);
    for (const auto& volume : volumes) highest = std::max(highest, number_after(stem, volume.name));
    return highest;
  }
  const fs::path path = place.source;
  const std::string stem = "." + path.filename().string() + std::string(snapshot_tag);
  // Where nothing can be seen nothing can be filled either.
  std::error_code error;
  for (fs::directory_iterator entry(path.parent_path(), error), end; !error && entry != end; entry.increment(error))
    highest = std::max(highest, number_after(stem, entry->path().filename().string()));
  return highest;
}

}  // namespace

bool is_called_as_a_reserve(const std::string& name) {
  const auto at = name.rfind(snapshot_tag);
  return at != std::string::npos && parse_number(std::string_view(name).substr(at + snapshot_tag.size())).has_value();
}

int next_snapshot_number(Context& context, const App& app, const std::vector<DataPlace>& places,
                         const std::vector<Volume>& volumes) {
  int highest = app.highest_snapshot;
  for (const auto& place : places) highest = std::max(highest, highest_number_beside(place, volumes));
  const auto is_asked = [&](const Snapshot::Item& item) {
    return std::find(places.begin(), places.end(), item.place) != places.end();
  };
  for (const auto& other : context.store.apps())
    for (const auto& snapshot : other.snapshots)
      if (std::any_of(snapshot.items.begin(), snapshot.items.end(), is_asked))
        highest = std::max(highest, snapshot.number);
  return highest + 1;
}

void refuse_taken_number(const AppName& app, const Snapshot& snapshot, const std::vector<App>& apps) {
  const auto has_the_place = [&](const Snapshot::Item& other) {
    return std::any_of(snapshot.items.begin(), snapshot.items.end(),
                       [&](const Snapshot::Item& item) { return item.place == other.place; });
  };
  for (const auto& other : apps)
    for (const auto& kept : other.snapshots)
      if (other.name != app && kept.number == snapshot.number &&
          std::any_of(kept.items.begin(), kept.items.end(), has_the_place))
        throw NumberTaken(format("{} has a snapshot {} of the same data", other.name.text(), kept.text()));
}

void renumber(Context& context, const App& app, Snapshot& snapshot, const std::vector<Volume>& volumes) {
  std::vector<DataPlace> places;
  for (const auto& item : snapshot.items) places.push_back(item.place);
  snapshot.number = next_snapshot_number(context, app, places, volumes);
  for (auto& item : snapshot.items) item.kept = reserve_of(item.place, snapshot.text());
}

std::set<DataPlace> reserves_of_others(Context& context, const AppName& app, const std::vector<DataPlace>& reserves,
                                       std::stop_token stop) {
  const auto is_asked = [&](const DataPlace& place) {
    return std::find(reserves.begin(), reserves.end(), place) != reserves.end();
  };
  std::set<DataPlace> others;
  for (const auto& other : context.store.apps()) {
    if (other.name == app) continue;
    for (const auto& snapshot : other.snapshots)
      for (const auto& item : snapshot.items)
        if (is_asked(item.kept)) others.insert(item.kept);
  }
  const bool asks_for_volumes = std::any_of(reserves.begin(), reserves.end(), [](const DataPlace& reserve) {
    return reserve.kind == DataPlace::Kind::volume;
  });
  if (!asks_for_volumes) return others;
  for (const auto& volume : context.engine.volumes({}, std::move(stop))) {
    const DataPlace reserve{DataPlace::Kind::volume, volume.name};
    const auto owner = volume.labels.find(labels::app);
    if (owner != volume.labels.end() && owner->second != app.text() && is_asked(reserve)) others.insert(reserve);
  }
  return others;
}

}  // namespace belay::change
