#include "safekeeping/backup_work.h"

#include "base/format.h"
#include "base/pipe.h"
#include "data/place.h"

namespace belay::safekeeping {

std::string reach_path(const std::string& item) {
  return "/belay/" + item;
}

BackupWork::BackupWork(engine::Engine& engine, change::Report& report, const backup::Manifest& manifest,
                       std::string helper, const backup::Sealing& sealing, std::vector<archive::LeftOut> left_out)
    : change::DataWork(engine, report),
      report_(report),
      manifest_(manifest),
      helper_(std::move(helper)),
      sealing_(sealing),
      left_out_(std::move(left_out)) {}

BackupWork::~BackupWork() = default;

void BackupWork::measure(const plan::Plan& plan, std::stop_token stop) {
  const data::Reserves here = reserves(stop);
  for (const auto& action : plan.actions)
    if (const auto* step = std::get_if<plan::BackUpData>(&action.step);
        step != nullptr && manifest_.item(step->item).way == backup::Item::Way::direct)
      sizes_[step->item] = data::size_of(here.path(step->place), stop).value;
}

void BackupWork::open(backup::Destination& destination, const std::string& name, bool replace, const fs::path& state,
                      std::stop_token stop) {
  std::int64_t expected = 0;
  for (const auto& [item, size] : sizes_) expected += size;
  stop_sending_.emplace(std::move(stop), [this] { sending_.request_stop(); });
  upload_ = destination.create(name, {replace, expected}, sending_.get_token());
  sealed_ = std::make_unique<backup::Sealed>(sealing_, [this](std::string_view bytes) {
    upload_->write(bytes);
    size_.value += static_cast<std::int64_t>(bytes.size());
  });
  Sink next = [this](std::string_view bytes) { sealed_->write(bytes); };
  if (manifest_.consistency != backup::Consistency::live) {
    spool_ = std::make_unique<backup::Spool>(backup::spill_place(destination.place(), state, sealing_.encrypts()),
                                             std::move(next));
    spool_->spill(true);
    next = [this](std::string_view bytes) { spool_->write(bytes); };
  }
  writer_ = std::make_unique<backup::BackupWriter>(manifest_, std::move(next));
}

void BackupWork::abandon() {
  sending_.request_stop();
  writer_.reset();
  spool_.reset();
  sealed_.reset();
  upload_.reset();
}

void BackupWork::back_up(const plan::BackUpData& step, const engine::ProgressSink& progress, std::stop_token stop) {
  const backup::Item& item = manifest_.item(step.item);
  Progress told{item.source, "reading", 0, 0, false, {}};
  if (const auto size = sizes_.find(item.id); size != sizes_.end()) told.total = size->second;
  archive::TreeEvents events;
  // The app stands still: what its holes are as zeros is nothing to wait for.
  events.holes = archive::Holes::apart;
  events.file = [&](const archive::FileDigest& file) {
    writer_->checksum(file.name, file.size, file.sha256, file.holes_apart);
  };
  events.warning = [&](const std::string& warning) {
    const std::string text = format("{}: {}", item.source, warning);
    writer_->warn(text);
    report_.warning(text);
  };
  events.progress = [&](std::int64_t bytes) {
    told.current += bytes;
    progress(told);
  };
  writer_->begin_item(item.id);
  if (item.way == backup::Item::Way::direct)
    read_files(reserves(stop).path(step.place), events, stop);
  else
    read_through_engine(item, events, stop);
  writer_->end_item();
  told.done = true;
  progress(told);
}

void BackupWork::read_files(const fs::path& path, const archive::TreeEvents& events, std::stop_token stop) {
  archive::write_tree(
      path, [this](std::string_view bytes) { writer_->write(bytes); }, events, stop,
      [this](std::size_t wanted) { return writer_->room(wanted); }, left_out_);
}

void BackupWork::read_through_engine(const backup::Item& item, const archive::TreeEvents& events,
                                     std::stop_token stop) {
  // "/.": the names begin with "./" then, as they do in what is read directly.
  const bool is_file = item.kind == backup::Item::Kind::file;
  const std::string path = reach_path(item.id) + (is_file ? "" : "/.");
  connected([&](const Sink& sink) { engine().read_archive(helper_, path, sink, stop); },
            [&](const Source& source) {
              archive::pass_tree(source, [this](std::string_view bytes) { writer_->write(bytes); }, events, stop);
            },
            stop);
}

void BackupWork::back_up_images(const plan::BackUpImages& step, const engine::ProgressSink& progress,
                                std::stop_token stop) {
  Progress told{"image", "saving", 0, 0, false, {}};
  // The app goes on: no other disk has to hold the images for a while.
  if (spool_) spool_->spill(false);
  writer_->begin_image();
  engine().save_images(
      step.images,
      [&](std::string_view bytes) {
        writer_->write_image(bytes);
        told.current += static_cast<std::int64_t>(bytes.size());
        progress(told);
      },
      stop);
  writer_->end_image();
  told.done = true;
  progress(told);
}

void BackupWork::finish_backup(const plan::FinishBackup& /*step*/, std::stop_token /*stop*/) {
  end_ = writer_->finish();
  if (spool_) spool_->finish();
  sealed_->finish();
  upload_->commit();
  abandon();
}

}  // namespace belay::safekeeping
