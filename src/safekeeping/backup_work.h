#pragma once
// What the plan of a backup does: reads the items, the images, and brings the file to its end. Private to host.

#include <map>
#include <optional>
#include <stop_token>

#include "archive/tree.h"
#include "backup/destination.h"
#include "backup/envelope.h"
#include "backup/spool.h"
#include "backup/writer.h"
#include "change/data_work.h"

namespace belay::safekeeping {

// Where a container that only reaches data has an item.
std::string reach_path(const std::string& item);

// One thread at a time: the plan's steps are one after the other.
class BackupWork final : public change::DataWork {
 public:
  // `helper`: the container that has the items which only the engine reaches. All outlive this.
  BackupWork(engine::Engine& engine, change::Report& report, const backup::Manifest& manifest, std::string helper,
             const backup::Sealing& sealing, std::vector<archive::LeftOut> left_out);
  ~BackupWork() override;

  // How much there will be to read, for progress; as far as this machine can tell.
  void measure(const plan::Plan& plan, std::stop_token stop);
  // Begins the file. Throws Conflict where its name is taken. `state`: Belay's own folder. Where the manifest's way is
  // to hold the app still, what is read does not wait for the destination until the images come.
  void open(backup::Destination& destination, const std::string& name, bool replace, const fs::path& state,
            std::stop_token stop);
  // Nothing stays of the file. What is on its way to the destination is broken off.
  void abandon();

  void back_up(const plan::BackUpData& step, const engine::ProgressSink& progress, std::stop_token stop) override;
  void back_up_images(const plan::BackUpImages& step, const engine::ProgressSink& progress,
                      std::stop_token stop) override;
  void finish_backup(const plan::FinishBackup& step, std::stop_token stop) override;

  // After the finish.
  const backup::End& end() const { return end_; }
  ByteCount size() const { return size_; }

 private:
  void read_files(const fs::path& path, const archive::TreeEvents& events, std::stop_token stop);
  void read_through_engine(const backup::Item& item, const archive::TreeEvents& events, std::stop_token stop);

  change::Report& report_;
  const backup::Manifest& manifest_;
  const std::string helper_;
  const backup::Sealing& sealing_;
  const std::vector<archive::LeftOut> left_out_;
  std::map<std::string, std::int64_t> sizes_;  // by item
  std::stop_source sending_;
  std::optional<std::stop_callback<std::function<void()>>> stop_sending_;
  // Each passes on to the one before.
  std::unique_ptr<backup::Upload> upload_;
  std::unique_ptr<backup::Sealed> sealed_;
  std::unique_ptr<backup::Spool> spool_;  // null where nothing waits for what is read
  std::unique_ptr<backup::BackupWriter> writer_;
  backup::End end_;
  ByteCount size_;
};

}  // namespace belay::safekeeping
