#pragma once
// A folder for backups that fails when it should.

#include <functional>

#include "backup/destination.h"

namespace belay::safekeeping {

class FaultyDestination final : public backup::Destination {
 public:
  explicit FaultyDestination(std::unique_ptr<backup::Destination> inner)
      : Destination(inner->place()), inner_(std::move(inner)) {}

  // The first is called by the thread that sends.
  std::function<void()> on_write = [] {}, on_commit = [] {};
  // Of the last upload.
  std::stop_token upload_stop() const { return upload_stop_; }

 private:
  class Failing final : public backup::Upload {
   public:
    Failing(FaultyDestination& owner, std::unique_ptr<backup::Upload> inner)
        : owner_(owner), inner_(std::move(inner)) {}
    void write(std::string_view bytes) override {
      owner_.on_write();
      inner_->write(bytes);
    }
    void commit() override {
      owner_.on_commit();
      inner_->commit();
    }

   private:
    FaultyDestination& owner_;
    std::unique_ptr<backup::Upload> inner_;
  };

  std::unique_ptr<backup::Upload> create_file(const std::string& name, const backup::UploadOptions& options,
                                              std::stop_token stop) override {
    upload_stop_ = stop;
    return std::make_unique<Failing>(*this, inner_->create(name, options, std::move(stop)));
  }
  std::unique_ptr<backup::Download> open_file(const std::string& name, std::stop_token stop) override {
    return inner_->open(name, std::move(stop));
  }
  std::vector<backup::Stored> files(std::stop_token stop) override { return inner_->list(std::move(stop)); }
  void remove_file(const std::string& name, std::stop_token stop) override { inner_->remove(name, std::move(stop)); }

  std::unique_ptr<backup::Destination> inner_;
  std::stop_token upload_stop_;
};

}  // namespace belay::safekeeping
