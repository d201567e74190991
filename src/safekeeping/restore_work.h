#pragma once
// What the plan of a restore does: unpacks items from a backup that is read once, from its front to its end. Private to
// host.

#include "archive/tree.h"
#include "backup/destination.h"
#include "backup/envelope.h"
#include "backup/reader.h"
#include "change/data_work.h"

namespace belay::safekeeping {

// One thread at a time: the plan's steps are one after the other, in the order of the backup's items.
class RestoreWork final : public change::DataWork {
 public:
  // Opens the backup and reads its manifest. All outlive this.
  RestoreWork(engine::Engine& engine, change::Report& report, backup::Destination& destination, const std::string& file,
              const crypto::AgeKeys& keys, std::stop_token stop);
  ~RestoreWork() override;

  const backup::Manifest& manifest() const { return reader_->manifest(); }

  void unpack(const plan::UnpackData& step, const engine::ProgressSink& progress, std::stop_token stop) override;
  void load_images(const plan::LoadImages& step, const engine::ProgressSink& progress, std::stop_token stop) override;
  void check_backup(const plan::CheckBackup& step, std::stop_token stop) override;

  // After the check.
  const backup::End& end() const { return end_; }

 private:
  void unpack_files(const fs::path& into, bool is_file, const archive::TreeEvents& events, std::stop_token stop);
  void skip_items();
  // How far it is in the file: how much comes out of it only its end tells.
  Progress progress_of(const std::string& what, const std::string& status) const;

  change::Report& report_;
  std::unique_ptr<backup::Download> download_;
  std::int64_t read_ = 0;  // of the file, as it is stored
  std::unique_ptr<backup::Unsealed> unsealed_;
  std::unique_ptr<backup::BackupReader> reader_;
  backup::BackupReader::ItemStream* item_ = nullptr;  // the next one
  backup::End end_;
};

}  // namespace belay::safekeeping
