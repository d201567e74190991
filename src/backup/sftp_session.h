#pragma once
// The SSH file transfer protocol, version 3 (draft-ietf-secsh-filexfer-02), as a client over a program's standard input
// and output: `ssh … -s HOST sftp`, or a server that runs here.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/child.h"

namespace belay::backup {

enum class SftpStatus : std::uint32_t {
  ok = 0,
  end_of_file = 1,
  no_such_file = 2,
  permission_denied = 3,
  failure = 4,
  bad_message = 5,
  no_connection = 6,
  connection_lost = 7,
  unsupported = 8,
};

// What the server says of a request, as data: some answers are expected.
struct SftpResult {
  SftpStatus status = SftpStatus::ok;
  std::string words;  // the server's own
  bool ok() const { return status == SftpStatus::ok; }
  // Throws NotFound for no_such_file, Error for everything else that is not ok.
  void check() const;
};

struct SftpAttributes {
  std::optional<std::int64_t> size;
  std::optional<std::uint32_t> mode;
  Time modified{};
  bool is_folder() const;
  bool is_file() const;
};

struct SftpEntry {
  std::string name;
  SftpAttributes attributes;
};

// One thread at a time. Requests can be sent ahead of their answers: send_…() gives the number by which an answer is
// taken. Every call throws Error, and is_broken() is true from then on, when the connection does not hold.
class SftpSession {
 public:
  using Id = std::uint32_t;
  using Handle = std::string;

  // Starts the program and greets the server.
  SftpSession(const ChildRequest& program, std::stop_token stop);
  SftpSession(const SftpSession&) = delete;
  SftpSession& operator=(const SftpSession&) = delete;
  // Says goodbye, which takes a moment at most.
  ~SftpSession();

  static constexpr std::uint32_t read = 0x01, write = 0x02, create = 0x08, exclusive = 0x20;
  SftpResult open(const std::string& path, std::uint32_t flags, Handle& handle, std::stop_token stop);
  SftpResult close(const Handle& handle, std::stop_token stop);
  SftpResult attributes(const std::string& path, SftpAttributes& attributes, std::stop_token stop);
  SftpResult open_attributes(const Handle& handle, SftpAttributes& attributes, std::stop_token stop);
  SftpResult entries(const std::string& path, std::vector<SftpEntry>& entries, std::stop_token stop);
  SftpResult make_folder(const std::string& path, std::stop_token stop);
  SftpResult remove(const std::string& path, std::stop_token stop);
  // Refuses where `to` is there.
  SftpResult rename(const std::string& from, const std::string& to, std::stop_token stop);
  // In one step where the server has that extension; else what is there is called `aside` until `from` has its name,
  // and gets its own back where that fails. An Error that leaves it so names it.
  SftpResult replace(const std::string& from, const std::string& to, const std::string& aside, std::stop_token stop);
  // Down to the server's disk; ok where the server does not offer it.
  SftpResult sync(const Handle& handle, std::stop_token stop);
  // What is free on the server's disk; nullopt where the server does not tell.
  std::optional<std::int64_t> free_space(const std::string& path, std::stop_token stop);

  // At most this many bytes a request: what every server takes.
  static constexpr std::size_t piece = 32 << 10;
  Id send_write(const Handle& handle, std::int64_t offset, std::string_view bytes, std::stop_token stop);
  Id send_read(const Handle& handle, std::int64_t offset, std::size_t size, std::stop_token stop);
  SftpResult take_result(Id id, std::stop_token stop);
  // ok with bytes, or end_of_file.
  SftpResult take_bytes(Id id, std::string& bytes, std::stop_token stop);
  // Nobody wants these answers any more; nor is the closing of the file waited for.
  void forget(Id id);
  void forget_file(const Handle& handle, std::stop_token stop);

  bool is_broken() const { return broken_; }
  // As Child's: how long one call may wait.
  void set_patience(Milliseconds patience) { child_.set_patience(patience); }

 private:
  class Message;
  class Fields;
  struct Answer {
    std::uint8_t type = 0;
    std::string body;  // behind the number
  };

  void greet(const std::stop_token& stop);
  Id send(Message& message, const std::stop_token& stop);
  void flush(const std::stop_token& stop);
  Answer take(Id id, const std::stop_token& stop);
  std::string packet(const std::stop_token& stop);
  SftpResult result_of(const Answer& answer);
  SftpResult simple(Message& message, const std::stop_token& stop);
  SftpResult take_handle(Message& message, Handle& handle, const std::stop_token& stop);
  SftpResult take_attributes(Message& message, SftpAttributes& attributes, const std::stop_token& stop);
  [[noreturn]] void refuse(const std::string& why);

  Child child_;
  bool broken_ = false;
  Id last_id_ = 0;
  std::set<std::string> extensions_;
  std::string out_, in_;  // what is not yet written, and what is read and not yet taken
  std::set<Id> asked_, forgotten_;
  std::unordered_map<Id, Answer> arrived_;
};

}  // namespace belay::backup
