#pragma once
// A remote of rclone: object stores and whatever else it reaches, by its own configuration.

#include <string>
#include <vector>

#include "backup/destination.h"

namespace belay::backup {

// Each call runs rclone. An object store has no name to take in one step: two uploads of one name at the same moment,
// and the later one stays.
class RcloneDestination final : public Destination {
 public:
  // `rclone` is the program with the arguments that come first.
  RcloneDestination(const Place& place, std::vector<std::string> rclone)
      : Destination(place), rclone_(std::move(rclone)) {}

 private:
  std::unique_ptr<Upload> create_file(const std::string& name, const UploadOptions& options,
                                      std::stop_token stop) override;
  std::unique_ptr<Download> open_file(const std::string& name, std::stop_token stop) override;
  std::vector<Stored> files(std::stop_token stop) override;
  void remove_file(const std::string& name, std::stop_token stop) override;

  const std::vector<std::string> rclone_;
};

}  // namespace belay::backup
