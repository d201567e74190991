#include "safekeeping/restore_work.h"

#include <cerrno>
#include <cstdio>
#include <sys/stat.h>

#include "backup/nameless_images.h"
#include "base/format.h"

namespace belay::safekeeping {

RestoreWork::RestoreWork(engine::Engine& engine, change::Report& report, backup::Destination& destination,
                         const std::string& file, const crypto::AgeKeys& keys, std::stop_token stop)
    : change::DataWork(engine, report), report_(report), download_(destination.open(file, stop)) {
  const auto read = [this](std::span<char> room) {
    const std::size_t got = download_->read(room);
    read_ += static_cast<std::int64_t>(got);
    return got;
  };
  unsealed_ = std::make_unique<backup::Unsealed>(read, keys);
  reader_ = std::make_unique<backup::BackupReader>([this](std::span<char> room) { return unsealed_->read(room); });
  if (const auto& manifest = reader_->manifest(); manifest.service)
    throw Error(ErrorCode::bad_backup,
                format("this is a backup of the service {}, which brings its own commands", manifest.app),
                format("belay service restore {} FILE restores it.", manifest.app));
  item_ = reader_->next_item();
}

RestoreWork::~RestoreWork() = default;

void RestoreWork::unpack(const plan::UnpackData& step, const engine::ProgressSink& progress, std::stop_token stop) {
  while (item_ != nullptr && item_->item().id != step.item) {
    reader_->skip_item();
    item_ = reader_->next_item();
  }
  if (item_ == nullptr) throw Error(ErrorCode::bad_backup, format("the backup has no more item {}", step.item));
  const std::string source = item_->item().source;
  archive::TreeEvents events = item_->events();
  events.warning = [&](const std::string& warning) { report_.warning(format("{}: {}", source, warning)); };
  events.progress = [&](std::int64_t) { progress(progress_of(source, "unpacking")); };
  // Going on to the next item compares all checksums of this one: only then it counts as whole.
  reserves(stop).fill(step.into, [&](const fs::path& into) {
    unpack_files(into, step.into.kind == DataPlace::Kind::file, events, stop);
    item_ = reader_->next_item();
  });
  Progress told = progress_of(source, "unpacking");
  told.done = true;
  progress(told);
}

Progress RestoreWork::progress_of(const std::string& what, const std::string& status) const {
  return {what, status, read_, download_->size().value_or(0), false, {}};
}

void RestoreWork::unpack_files(const fs::path& into, bool is_file, const archive::TreeEvents& events,
                               std::stop_token stop) {
  const auto read = [this](std::span<char> room) { return item_->read(room); };
  archive::ExtractOptions options;
  options.devices = true;
  if (!is_file) {
    archive::extract_tree(read, into, options, events, stop);
    return;
  }
  // The archive of a single file has it under its own name.
  const fs::path folder = into.string() + ".d";
  if (::mkdir(folder.c_str(), 0700) != 0) throw system_error(format("making {}", folder.string()), errno);
  archive::extract_tree(read, folder, options, events, stop);
  std::error_code error;
  const fs::directory_iterator first(folder, error);
  if (error || first == fs::directory_iterator() || !fs::is_regular_file(first->symlink_status(error)))
    throw Error(ErrorCode::bad_backup, "the backup is damaged: an item that should be a file is not one");
  if (::rename(first->path().c_str(), into.c_str()) != 0)
    throw system_error(format("renaming {} to {}", first->path().string(), into.string()), errno);
}

// Behind the last item that is wanted others may follow.
void RestoreWork::skip_items() {
  while (item_ != nullptr) {
    reader_->skip_item();
    item_ = reader_->next_item();
  }
}

void RestoreWork::load_images(const plan::LoadImages& /*step*/, const engine::ProgressSink& progress,
                              std::stop_token stop) {
  skip_items();
  backup::NamelessImages images([this](std::span<char> room) { return reader_->read_image(room); });
  engine().load_images(
      [&](const Sink& sink) {
        std::vector<char> room(256 << 10);
        while (const std::size_t got = images.read(room)) {
          sink({room.data(), got});
          progress(progress_of("image", "loading"));
        }
      },
      [](const Progress&) {}, stop);
}

void RestoreWork::check_backup(const plan::CheckBackup& /*step*/, std::stop_token /*stop*/) {
  skip_items();
  end_ = reader_->finish();
  for (const auto& warning : reader_->warnings()) report_.warning(warning);
}

}  // namespace belay::safekeeping
