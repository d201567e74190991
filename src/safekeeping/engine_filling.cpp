#include "safekeeping/engine_filling.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "archive/tar_reader.h"
#include "archive/tar_writer.h"
#include "archive/tree.h"
#include "base/format.h"
#include "base/pipe.h"
#include "base/text.h"
#include "change/carry_out.h"
#include "change/temporary.h"
#include "crypto/sha256.h"
#include "model/labels.h"

namespace belay::safekeeping {

namespace {

constexpr const char* reach_folder = "/belay";

// All that a tar has, whatever the order of its entries; of the names of one file any may come first.
struct TarSum {
  std::uint64_t entries = 0, names = 0, contents = 0;
  bool operator==(const TarSum&) const = default;
};

std::uint64_t beginning_of(const std::string& digest) {
  std::uint64_t value = 0;
  std::from_chars(digest.data(), digest.data() + 16, value, 16);
  return value;
}

std::string kind_of(const archive::TarEntry& entry) {
  using Kind = archive::TarEntry::Kind;
  if (entry.kind == Kind::symlink) return "link to " + entry.target;
  const bool is_file = entry.kind == Kind::file || entry.kind == Kind::hard_link;
  return is_file ? "file" : std::to_string(static_cast<int>(entry.kind));
}

// A file system of its own begins with that.
bool is_lost_and_found(const std::string& name) {
  return name == "lost+found" || name.starts_with("lost+found/");
}

// `top`: what all names begin with.
TarSum sum_of(const Source& tar, const std::string& top) {
  TarSum sum;
  archive::TarReader reader(tar);
  archive::TarEntry entry;
  crypto::Sha256 digest;
  while (reader.next(entry)) {
    std::string name = entry.name;
    if (name.starts_with(top + "/")) name.erase(0, top.size() + 1);
    if (name.ends_with('/')) name.pop_back();
    if (name.empty() || name == top || is_lost_and_found(name)) continue;
    ++sum.entries;
    digest.add(name + '\0' + kind_of(entry));
    sum.names += beginning_of(digest.finish());
    if (entry.kind != archive::TarEntry::Kind::file) continue;
    for (std::string_view bytes = reader.content(); !bytes.empty(); bytes = reader.content()) digest.add(bytes);
    sum.contents += beginning_of(digest.finish());
  }
  return sum;
}

// The steps of a restore, and copies that the engine writes where only it can.
class FillingWork final : public change::DataWork {
 public:
  FillingWork(engine::Engine& engine, change::Report& report, RestoreWork& work, const EngineFilling& filling,
              std::string helper)
      : change::DataWork(engine, report), work_(work), filling_(filling), helper_(std::move(helper)) {}

  void unpack(const plan::UnpackData& step, const engine::ProgressSink& progress, std::stop_token stop) override {
    work_.unpack(step, progress, std::move(stop));
  }
  void load_images(const plan::LoadImages& step, const engine::ProgressSink& progress, std::stop_token stop) override {
    work_.load_images(step, progress, std::move(stop));
  }
  void check_backup(const plan::CheckBackup& step, std::stop_token stop) override {
    work_.check_backup(step, std::move(stop));
  }

  void copy(const plan::CopyData& step, const engine::ProgressSink& progress, std::stop_token stop) override {
    const fs::path from = reserves(stop).path(step.from);
    const std::string name = name_of(step.into);
    const TarSum wanted = sum_of_files(from, stop), there = sum_of_volume(name, stop);
    if (there == wanted) return;
    if (there != TarSum{})
      throw Conflict(ErrorCode::foreign_data,
                     format("{} holds something already that is not what the backup has", text_of(step.into)),
                     "Empty it first, or restore into a plain volume (--as NAME).");
    Progress told{step.into.source, "writing", 0, 0, false, {}};
    archive::TreeEvents events;
    events.progress = [&](std::int64_t bytes) {
      told.current += bytes;
      progress(told);
    };
    // Into the folder above: only so the volume's own folder gets its owner and mode as well.
    engine().write_archive(
        helper_, reach_folder,
        [&](const Sink& sink) {
          archive::TarWriter tar(sink);
          archive::write_tree({from, name, archive::FileForm::whole}, tar, events, stop);
          tar.finish();
        },
        stop);
    if (sum_of_volume(name, stop) != wanted)
      throw Error(ErrorCode::data_not_exchanged,
                  format("{} does not hold what was written into it: its driver does not keep it", text_of(step.into)),
                  "Restore into a plain volume (--as NAME), or only unpack the backup (--into FOLDER).");
    told.done = true;
    progress(told);
  }

 private:
  std::string name_of(const DataPlace& volume) const {
    const auto target = std::find_if(filling_.targets.begin(), filling_.targets.end(),
                                     [&](const Target& each) { return each.place == volume; });
    return std::to_string(target - filling_.targets.begin());
  }

  static TarSum sum_of_files(const fs::path& folder, std::stop_token stop) {
    TarSum sum;
    connected(
        [&](const Sink& sink) {
          archive::TarWriter tar(sink);
          archive::write_tree({folder, "files", archive::FileForm::whole}, tar, {}, stop);
          tar.finish();
        },
        [&](const Source& tar) { sum = sum_of(tar, "files"); }, stop);
    return sum;
  }

  TarSum sum_of_volume(const std::string& name, std::stop_token stop) {
    TarSum sum;
    connected(
        [&](const Sink& sink) { engine().read_archive(helper_, format("{}/{}/.", reach_folder, name), sink, stop); },
        [&](const Source& tar) { sum = sum_of(tar, "."); }, stop);
    return sum;
  }

  RestoreWork& work_;
  const EngineFilling& filling_;
  const std::string helper_;
};

DataPlace room_for(const std::string& helper, std::size_t number) {
  return {DataPlace::Kind::volume, format("{}-{}", helper, number)};
}

// What was made for nothing. Drivers other than the engine's own may remove the data with the volume.
void drop_made(change::Context& context, const AppName& name, const EngineFilling& filling) {
  try {
    discard_temporary(context, name);
    const auto there = context.engine.volumes({}, {});
    plan::Plan plan;
    for (const auto& volume : filling.volumes)
      if (std::any_of(there.begin(), there.end(), [&](const Volume& each) { return each.name == volume.name; })) {
        if (volume.definition.driver.empty() || volume.definition.driver == "local")
          plan.add(plan::RemoveVolume{volume.name}, "it was made for this");
        else
          context.report.warning(format("the volume {} stays", volume.name));
      }
    change::carry_out_whole(context, plan, {.is_told = false}, {});
  } catch (const Error& error) {
    context.report.warning(error.what());
  }
}

}  // namespace

plan::Plan plan_of_filling(const EngineFilling& filling, const change::Temporary& helper, const std::string& where) {
  plan::Plan plan;
  std::vector<std::size_t> last;
  const auto then = [&](plan::Step step, const std::string& reason) {
    last = {plan.add(std::move(step), reason, last)};
  };
  for (const auto& volume : filling.volumes) then(volume, "as it was, with its driver and options");
  Service reach;
  reach.name = "reach";
  reach.command = {"true"};
  for (std::size_t i = 0; i < filling.targets.size(); ++i) {
    const auto& [item, place] = filling.targets[i];
    const DataPlace room = room_for(helper.name, i);
    then(plan::CreateVolume{room.source, helper.labels}, "for a copy of " + place.source);
    then(plan::UnpackData{item.id, place, room}, "beside, to be checked first");
    reach.mounts.push_back({Mount::Kind::volume, place.source, format("{}/{}", reach_folder, i), false, {}});
  }
  const auto bring = [&](bool as_tags) {
    for (const auto& step : filling.images)
      if (std::holds_alternative<plan::TagImage>(step) == as_tags) then(step, "the image is not on this host");
  };
  bring(false);
  then(plan::CheckBackup{where}, "before anything is written");
  bring(true);  // names, once the backup has turned out to be whole
  then(plan::CreateContainer{helper.name, filling.image, reach, helper.labels, {"no", 0}},
       "the engine reaches the volumes through it; it is never started");
  for (std::size_t i = 0; i < filling.targets.size(); ++i)
    then(plan::CopyData{room_for(helper.name, i), filling.targets[i].place}, "through the engine");
  then(plan::RemoveContainer{helper.name}, "it was only there to reach the volumes");
  for (std::size_t i = 0; i < filling.targets.size(); ++i)
    then(plan::RemoveVolume{room_for(helper.name, i).source}, "only a copy");
  return plan;
}

void fill_through_engine(change::Context& context, const AppName& name, const EngineFilling& filling, RestoreWork& work,
                         const std::string& where, std::stop_token stop) {
  clear_temporary(context, name, stop);
  const change::Temporary helper = change::temporary(context, name, "reach");
  FillingWork filling_work(context.engine, context.report, work, filling, helper.name);
  try {
    change::carry_out_whole(context, plan_of_filling(filling, helper, where), {nullptr, &filling_work}, stop);
  } catch (const Error&) {
    drop_made(context, name, filling);
    throw;
  }
}

}  // namespace belay::safekeeping
