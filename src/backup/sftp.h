#pragma once
// A folder of a server that is reached by the system's own ssh: its configuration, keys and agent apply.

#include <memory>
#include <string>
#include <vector>

#include "backup/destination.h"

namespace belay::backup {

class SftpSession;

// Holds one connection, from the first call on; a lost one is made anew by the next call.
class SftpDestination final : public Destination {
 public:
  // `ssh` is the program with the arguments that come first.
  SftpDestination(const Place& place, std::vector<std::string> ssh);
  // As above, with another program that speaks the protocol on its standard input and output: for tests.
  static std::unique_ptr<Destination> through(const Place& place, std::vector<std::string> command);
  ~SftpDestination() override;

 private:
  std::unique_ptr<Upload> create_file(const std::string& name, const UploadOptions& options,
                                      std::stop_token stop) override;
  std::unique_ptr<Download> open_file(const std::string& name, std::stop_token stop) override;
  std::vector<Stored> files(std::stop_token stop) override;
  void remove_file(const std::string& name, std::stop_token stop) override;

  std::shared_ptr<SftpSession> session(const std::stop_token& stop);

  std::vector<std::string> command_;
  std::shared_ptr<SftpSession> session_;
};

}  // namespace belay::backup
