#include "safekeeping/plain_backup.h"

#include <algorithm>
#include <map>

#include "archive/compress.h"
#include "archive/tar_reader.h"
#include "archive/tar_writer.h"
#include "archive/tree.h"
#include "backup/destination.h"
#include "backup/spool.h"
#include "base/format.h"
#include "base/pipe.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/claims.h"
#include "change/data_work.h"
#include "change/places.h"
#include "change/temporary.h"
#include "engine/direct.h"
#include "safekeeping/plain_part.h"
#include "safekeeping/quiesce.h"
#include "state/store.h"

namespace belay::safekeeping {

namespace {

struct Tree {
  DataPlace place;
  std::string name;          // in the archive
  std::string reached = {};  // where the engine's archives find it, in the helper; empty: its files are read here
};

// "./a" of a tree called "var/www" → "var/www/a".
std::string below(const std::string& tree, std::string_view name) {
  while (name.starts_with("./") || name.starts_with("/")) name.remove_prefix(name.starts_with("/") ? 1 : 2);
  return format("{}/{}", tree, name == "." ? std::string_view() : name);
}

// What the plan of a plain backup does. One thread at a time: the plan's steps are one after the other.
class PlainBackupWork final : public change::DataWork {
 public:
  // `helper`: the container that the engine reaches data through; empty where none is needed.
  PlainBackupWork(engine::Engine& engine, change::Report& report, std::vector<Tree> trees, std::string helper,
                  archive::LeftOut left_out)
      : change::DataWork(engine, report),
        report_(report),
        trees_(std::move(trees)),
        helper_(std::move(helper)),
        left_out_({std::move(left_out)}) {}

  // `held`: an app stands still while its data is read. `state`: Belay's own folder.
  void open(backup::Destination& folder, const std::string& name, bool held, const fs::path& state,
            std::stop_token stop) {
    upload_ = folder.create(name, {}, stop);
    gzip_ = std::make_unique<archive::Compressor>(archive::Compression::gzip, archive::CompressOptions{},
                                                  [this](std::string_view bytes) {
                                                    upload_->write(bytes);
                                                    size_.value += static_cast<std::int64_t>(bytes.size());
                                                  });
    Sink next = [this](std::string_view bytes) { gzip_->write(bytes); };
    archive::ZeroSink zeros = [this](std::int64_t count) { gzip_->write_zeros(count); };
    if (held) {
      spool_ = std::make_unique<backup::Spool>(backup::spill_place(folder.place(), state, false), std::move(next),
                                               std::move(zeros));
      spool_->spill(true);
      next = [this](std::string_view bytes) { spool_->write(bytes); };
      zeros = [this](std::int64_t count) { spool_->write_zeros(count); };
    }
    tar_ = std::make_unique<archive::TarWriter>(std::move(next), BufferProvider(), std::move(zeros));
  }
  // How much there is to read, before anything is paused for it.
  void measure(std::stop_token stop) {
    const data::Reserves here = reserves(stop);
    for (const auto& tree : trees_)
      if (tree.reached.empty()) sizes_[tree.name] = data::size_of(here.path(tree.place), stop).value;
  }
  // Nothing stays of the file.
  void abandon() {
    tar_.reset();
    spool_.reset();
    gzip_.reset();
    upload_.reset();
  }

  void back_up(const plan::BackUpData& step, const engine::ProgressSink& progress, std::stop_token stop) override {
    const auto tree =
        std::find_if(trees_.begin(), trees_.end(), [&](const Tree& each) { return each.name == step.item; });
    if (tree != trees_.end() && !tree->reached.empty())
      read_through_engine(*tree, progress, stop);
    else
      read_files(step, progress, stop);
  }
  void finish_backup(const plan::FinishBackup& /*step*/, std::stop_token /*stop*/) override {
    tar_->finish();
    if (spool_) spool_->finish();
    gzip_->finish();
    upload_->commit();
    abandon();
  }

  ByteCount size() const { return size_; }
  std::int64_t files() const { return files_; }
  std::int64_t bytes() const { return bytes_; }

 private:
  // The engine's archive of it, each entry under its name in ours.
  void read_through_engine(const Tree& tree, const engine::ProgressSink& progress, std::stop_token stop) {
    Progress told{tree.place.source, "reading", 0, 0, false, {}};
    const bool is_file = tree.place.kind == DataPlace::Kind::file;
    const std::string path = is_file ? tree.reached : tree.reached + "/.";
    const auto copy = [&](const Source& source) {
      archive::TarReader reader(source, [&](const std::string& warning) { report_.warning(warning); });
      archive::TarEntry entry;
      while (reader.next(entry)) {
        entry.name = is_file ? tree.name : below(tree.name, entry.name);
        if (entry.kind == archive::TarEntry::Kind::hard_link) entry.target = below(tree.name, entry.target);
        tar_->begin(entry);
        for (std::string_view bytes = reader.content(); !bytes.empty(); bytes = reader.content()) {
          tar_->write(bytes);
          told.current += static_cast<std::int64_t>(bytes.size());
          progress(told);
        }
        if (entry.kind != archive::TarEntry::Kind::file) continue;
        ++files_;
        bytes_ += entry.size;
      }
    };
    connected([&](const Sink& sink) { engine().read_archive(helper_, path, sink, stop); }, copy, stop);
    told.done = true;
    progress(told);
  }

  void read_files(const plan::BackUpData& step, const engine::ProgressSink& progress, std::stop_token stop) {
    const fs::path path = reserves(stop).path(step.place);
    Progress told{step.place.source, "reading", 0, sizes_[step.item], false, {}};
    archive::TreeEvents events;
    events.warning = [&](const std::string& warning) { report_.warning(format("{}: {}", step.place.source, warning)); };
    events.progress = [&](std::int64_t bytes) {
      told.current += bytes;
      progress(told);
    };
    const auto totals =
        archive::write_tree({path, step.item, archive::FileForm::whole}, *tar_, events, stop, left_out_);
    files_ += totals.files;
    bytes_ += totals.bytes;
    told.done = true;
    progress(told);
  }

  change::Report& report_;
  const std::vector<Tree> trees_;
  const std::string helper_;
  const std::vector<archive::LeftOut> left_out_;
  std::map<std::string, std::int64_t> sizes_;  // by the tree's name
  std::unique_ptr<backup::Upload> upload_;
  std::unique_ptr<archive::Compressor> gzip_;
  std::unique_ptr<backup::Spool> spool_;  // null where nothing waits for what is read
  std::unique_ptr<archive::TarWriter> tar_;
  ByteCount size_;
  std::int64_t files_ = 0, bytes_ = 0;
};

// Each place once, under the first mount point that has it.
// `files_are_here`: this machine reads the files of the engine's volumes.
std::vector<Tree> trees_of(const App& app, const change::Places& places, const World& world, bool files_are_here) {
  const auto use_belay = [&] { return format("belay backup {} can do it.", app.name.text()); };
  std::vector<Tree> trees;
  for (const auto& use : places.uses) {
    bool is_read_here = files_are_here;
    if (use.place.kind == DataPlace::Kind::volume) {
      const Volume* volume = world.find_volume(use.place.source);
      if (volume == nullptr) throw NotFound(format("the volume {} is not there", use.place.source));
      is_read_here = is_read_here && (engine::direct_folder(*volume) || engine::bound_folder(*volume));
    }
    const std::string name = fs::path(use.targets.front()).lexically_normal().relative_path().string();
    Tree tree{use.place, name.ends_with('/') ? name.substr(0, name.size() - 1) : name};
    if (!is_read_here) tree.reached = format("/belay/{}", trees.size());
    if (std::any_of(trees.begin(), trees.end(), [&](const Tree& other) { return other.name == tree.name; }))
      throw Error(ErrorCode::bad_archive,
                  format("two services have different data at /{}: one archive cannot hold both", tree.name),
                  use_belay());
    trees.push_back(tree);
  }
  if (trees.empty()) throw NotFound(format("{} has no data: there is nothing to back up", app.name.text()));
  return trees;
}

// A container that is never started, with all that only the engine reaches.
plan::CreateContainer helper_for(const Release& release, const std::vector<Tree>& trees,
                                 const change::Temporary& helper) {
  Service reach;
  reach.name = "reach";
  reach.command = {"true"};
  for (const auto& tree : trees)
    if (!tree.reached.empty())
      reach.mounts.push_back({tree.place.kind == DataPlace::Kind::volume ? Mount::Kind::volume : Mount::Kind::bind,
                              tree.place.source,
                              tree.reached,
                              true,
                              {}});
  return {helper.name, release.images.begin()->second, reach, helper.labels, {"no", 0}};
}

plan::Plan plan_of(const std::vector<Tree>& trees, const change::Places& places, const Quiesce& quiesced,
                   const std::string& file, const std::optional<plan::CreateContainer>& helper) {
  plan::Plan plan;
  std::vector<size_t> last;
  const auto then = [&](plan::Step step, const std::string& reason) {
    last = {plan.add(std::move(step), reason, last)};
  };
  if (helper) then(*helper, "the engine reaches the data through it; it is never started");
  for (const auto& action : quiesced.hold()) last = {plan.add(action, last)};
  for (const auto& tree : trees) then(plan::BackUpData{tree.name, tree.place}, "/" + tree.name);
  for (const auto& action : quiesced.resume()) last = {plan.add(action, last)};
  if (helper) then(plan::RemoveContainer{helper->name}, "it was only there to reach the data");
  then(plan::FinishBackup{file}, "");
  for (const auto& why : places.left_out) plan.notes.push_back("not in the archive: " + why);
  for (const auto& other : quiesced.foreign_writers()) plan.notes.push_back(other);
  return plan;
}

// "20260201120000", as in containers' names.
std::string digits_of(Time time) {
  std::string digits = iso_time(std::chrono::floor<std::chrono::seconds>(time));
  std::erase_if(digits, [](char c) { return c < '0' || c > '9'; });
  return digits;
}

}  // namespace

PlainBackedUp back_up_plain(change::Context& context, const AppName& name, const fs::path& folder, bool dry_run,
                            std::stop_token stop) {
  return back_up_plain(context, name, folder, PlainBackupOptions{{}, {}, dry_run}, std::move(stop));
}

PlainBackedUp back_up_plain(change::Context& context, const AppName& name, const fs::path& folder,
                            const PlainBackupOptions& options, std::stop_token stop) {
  const bool dry_run = options.dry_run;
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  if (!dry_run) finish_unfinished(context, app, stop);
  return doing(format("backing {} up", name.text()), [&] {
    const Release& release = change::release_of_data(app);
    const bool files_are_here = engine::shares_files(context.engine, dry_run, stop);
    const App held = held_still(context, app);
    const World world = change::observe(context.engine, held, stop);
    const Spec spec = spec_of_part(name, release.spec, options.part);
    const change::Places places = change::places_of(spec);
    const auto trees = trees_of(app, places, world, files_are_here);
    std::vector<DataPlace> read;
    for (const auto& tree : trees) read.push_back(tree.place);
    if (const auto place = change::place_around(fs::absolute(folder), read, world.volumes))
      throw Conflict(
          format("the folder for the archive, {}, lies in {}, which is backed up", folder.string(), text_of(*place)),
          "Run it in another folder.");
    std::optional<plan::CreateContainer> helper;
    if (std::any_of(trees.begin(), trees.end(), [](const Tree& tree) { return !tree.reached.empty(); })) {
      if (!dry_run) clear_temporary(context, name, stop);
      helper = helper_for(release, trees, change::temporary(context, name, "reach"));
    }
    const Quiesce quiesced(context, held, release, world, backup::Consistency::pause, stop);

    PlainBackedUp result;
    const auto container = release.containers.find(spec.services.front().name);
    const std::string file =
        !options.file.empty()
            ? options.file
            : format("{}-{}.tar.gz", container == release.containers.end() ? name.text() : container->second,
                     digits_of(context.clock.now()));
    result.file = folder / file;
    result.plan = plan_of(trees, places, quiesced, result.file.string(), helper);
    if (dry_run) return result;

    backup::Place place;
    place.path = folder.string();
    const auto destination = backup::destination(place, {});
    PlainBackupWork work(context.engine, context.report, trees, helper ? helper->name : "",
                         {context.store.folder(), "it is Belay's own state"});
    work.measure(stop);
    work.open(*destination, file, quiesced.way() != backup::Consistency::live, context.store.folder(), stop);
    const BackupEntry entry(context, app, "volumes backup", result.file.string(), release.number);
    StillWatch watch(context.report, context.clock);
    entry.tell([&] {
      while_still(
          context, app, held, [&] { change::carry_out_whole(context, result.plan, {&watch, &work}, stop); },
          [&] {
            work.abandon();
            quiesced.let_go_on(context, change::observe(context.engine, held, {}));
            if (helper) discard_temporary(context, name);
          });
    });
    entry.done();
    result.done = true;
    result.size = work.size();
    result.files = work.files();
    result.bytes = work.bytes();
    result.still = watch.still();
    return result;
  });
}

}  // namespace belay::safekeeping
