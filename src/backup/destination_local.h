#pragma once
// A folder of this machine.

#include "backup/destination.h"

namespace belay::backup {

class LocalDestination final : public Destination {
 public:
  explicit LocalDestination(const Place& place) : Destination(place) {}

  void check() const override;

 private:
  std::unique_ptr<Upload> create_file(const std::string& name, const UploadOptions& options,
                                      std::stop_token stop) override;
  std::unique_ptr<Download> open_file(const std::string& name, std::stop_token stop) override;
  std::vector<Stored> files(std::stop_token stop) override;
  void remove_file(const std::string& name, std::stop_token stop) override;
  Use use_of(const std::string& part) override;
};

}  // namespace belay::backup
