#include "backup/sftp.h"

#include <algorithm>
#include <deque>

#include "backup/part_name.h"
#include "backup/sftp_session.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::backup {

namespace {

// Requests that are on their way at once, so that a long line is filled: 2 MiB, as much as ssh itself lets be on its
// way.
constexpr std::size_t requests_ahead = 64;
// What taking back a broken upload may wait for.
constexpr Milliseconds patience_at_the_end{10'000};

std::vector<std::string> ssh_command(const Place& place, std::vector<std::string> ssh) {
  // Nobody is there to answer a question. A dead line is noticed: while it is waited for, an app may be held still.
  // What the user's configuration may switch on for the same host has nothing to do with files.
  for (const char* option :
       {"BatchMode=yes", "ServerAliveInterval=20", "ServerAliveCountMax=3", "ClearAllForwardings=yes", "ForwardX11=no",
        "ForwardAgent=no", "PermitLocalCommand=no", "RemoteCommand=none", "RequestTTY=no"}) {
    ssh.emplace_back("-o");
    ssh.emplace_back(option);
  }
  if (!place.user.empty()) ssh.insert(ssh.end(), {"-l", place.user});
  if (place.port != 0) ssh.insert(ssh.end(), {"-p", std::to_string(place.port)});
  ssh.insert(ssh.end(), {"-s", "--", place.host, "sftp"});
  return ssh;
}

std::string ssh_by_hand(const Place& place) {
  return format("ssh {}{}{}", place.port != 0 ? format("-p {} ", place.port) : "",
                place.user.empty() ? "" : place.user + "@", place.host);
}

// What to do about what ssh said.
std::string hint_for(std::string_view words, const Place& place) {
  const auto says = [&](std::string_view part) { return words.find(part) != std::string_view::npos; };
  if (says("has changed and you have requested"))
    return format("If the server was set up anew: ssh-keygen -R '{}', then {} once.",
                  place.port != 0 ? format("[{}]:{}", place.host, place.port) : place.host, ssh_by_hand(place));
  if (says("Host key verification failed") || says("host key is known"))
    return format("Accept the server's key once, as the account that Belay runs as: {}", ssh_by_hand(place));
  if (says("Permission denied") || says("Too many authentication failures"))
    return format("Let the server accept a key without a question (ssh-copy-id), then try: ssh -o BatchMode=yes {}",
                  ssh_by_hand(place).substr(4));
  if (says("subsystem request failed"))
    return "The server's sshd_config needs a line like: Subsystem sftp internal-sftp";
  if (says("ssh: ") || says("kex_exchange") || says("onnection")) return format("Try: {}", ssh_by_hand(place));
  return {};
}

std::string joined(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

bool exists(SftpSession& session, const std::string& path, const std::stop_token& stop) {
  SftpAttributes attributes;
  return session.attributes(path, attributes, stop).ok();
}

// False where there is nothing.
bool is_folder(SftpSession& session, const std::string& path, const std::stop_token& stop) {
  SftpAttributes there;
  const SftpResult found = session.attributes(path, there, stop);
  if (found.ok() && there.is_folder()) return true;
  if (found.ok()) throw Error(ErrorCode::conflict, format("{} on the server is not a folder", path));
  if (found.status != SftpStatus::no_such_file) found.check();
  return false;
}

// As in a folder of this machine: one whose parent is missing too is on a disk that is not there.
void make_folder_for_backups(SftpSession& session, const Place& place, const std::stop_token& stop) {
  std::string path = place.path;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path.empty() || path == "/" || is_folder(session, path, stop)) return;
  const auto slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0 && !is_folder(session, path.substr(0, slash), stop))
    throw NotFound(
        ErrorCode::file_not_found,
        format("the folder {} does not exist on the server, nor does the one above it", path),
        format("If it is on a disk of its own, mount that there; else make it: mkdir -p {}", shell_quoted(path)));
  const SftpResult made = session.make_folder(path, stop);
  // Another may have made it meanwhile.
  if (!made.ok() && !exists(session, path, stop))
    doing(format("making the folder {} on the server", path), [&] { made.check(); });
}

class SftpUpload final : public Upload {
 public:
  SftpUpload(std::shared_ptr<SftpSession> session, const Place& folder, const std::string& name, bool replace,
             std::stop_token stop)
      : session_(std::move(session)),
        what_(format("writing {}", FilePlace{folder, name}.text())),
        folder_(folder.path),
        path_(joined(folder.path, name)),
        part_(joined(folder.path, part_name(name))),
        aside_(joined(folder.path, aside_name(name))),
        replace_(replace),
        stop_(std::move(stop)) {
    doing(what_, [&] {
      make_folder_for_backups(*session_, folder, stop_);
      if (!replace_) refuse_taken();
      check(session_->open(part_, SftpSession::write | SftpSession::create | SftpSession::exclusive, handle_, stop_));
    });
    piece_.reserve(SftpSession::piece);
  }

  ~SftpUpload() override {
    if (done_ || session_->is_broken()) return;
    try {
      // Also after a stop: this is what remains to be done then.
      session_->set_patience(patience_at_the_end);
      for (const auto id : ahead_) session_->forget(id);
      if (!handle_.empty()) session_->forget_file(handle_, {});
      session_->remove(part_, {});
      session_->set_patience({});
    } catch (const Error&) {
      // Its name says that it is none, and remove_leftovers() will find it.
    }
  }

  void write(std::string_view bytes) override {
    doing(what_, [&] {
      while (!bytes.empty()) {
        const auto part = bytes.substr(0, SftpSession::piece - piece_.size());
        piece_ += part;
        bytes.remove_prefix(part.size());
        if (piece_.size() == SftpSession::piece) send_piece();
      }
    });
  }

  void commit() override {
    doing(what_, [&] {
      if (!piece_.empty()) send_piece();
      while (!ahead_.empty()) take_oldest();
      check(session_->sync(handle_, stop_));
      SftpAttributes there;
      check(session_->open_attributes(handle_, there, stop_));
      if (there.size && *there.size != offset_)
        throw Error(ErrorCode::connection_failed,
                    format("the server has {} of the {} bytes that it took", *there.size, offset_));
      const std::string handle = std::exchange(handle_, {});
      check(session_->close(handle, stop_));
      if (replace_) {
        check(session_->replace(part_, path_, aside_, stop_));
      } else if (const SftpResult renamed = session_->rename(part_, path_, stop_); !renamed.ok()) {
        refuse_taken();
        check(renamed);
      }
      done_ = true;
    });
  }

 private:
  void send_piece() {
    if (ahead_.size() >= requests_ahead) take_oldest();
    ahead_.push_back(session_->send_write(handle_, offset_, piece_, stop_));
    offset_ += static_cast<std::int64_t>(piece_.size());
    piece_.clear();
  }

  void take_oldest() {
    const SftpResult result = session_->take_result(ahead_.front(), stop_);
    ahead_.pop_front();
    check(result);
  }

  void refuse_taken() {
    if (exists(*session_, path_, stop_)) throw name_is_taken("a file of this name");
  }

  // A full disk is only "failure" in this version of the protocol.
  void check(const SftpResult& result) {
    if (result.status == SftpStatus::failure) {
      constexpr std::int64_t next_to_nothing = std::int64_t{1} << 20;
      const auto left = session_->free_space(folder_.empty() ? "." : folder_, stop_);
      if (left && *left < next_to_nothing)
        throw Error(ErrorCode::no_space, "no space is left on the server's disk",
                    "Remove what is not needed there, or keep fewer backups.");
    }
    result.check();
  }

  const std::shared_ptr<SftpSession> session_;
  const std::string what_, folder_, path_, part_, aside_;
  const bool replace_;
  const std::stop_token stop_;
  SftpSession::Handle handle_;
  std::string piece_;
  std::int64_t offset_ = 0;
  std::deque<SftpSession::Id> ahead_;
  bool done_ = false;
};

class SftpDownload final : public Download {
 public:
  SftpDownload(std::shared_ptr<SftpSession> session, const Place& folder, const std::string& name, std::stop_token stop)
      : session_(std::move(session)),
        what_(format("reading {}", FilePlace{folder, name}.text())),
        stop_(std::move(stop)) {
    doing(what_, [&] {
      session_->open(joined(folder.path, name), SftpSession::read, handle_, stop_).check();
      SftpAttributes there;
      session_->open_attributes(handle_, there, stop_).check();
      size_ = there.size;
    });
  }

  ~SftpDownload() override {
    if (handle_.empty() || session_->is_broken()) return;
    try {
      session_->set_patience(patience_at_the_end);
      for (const auto& request : ahead_) session_->forget(request.id);
      session_->forget_file(handle_, {});
      session_->set_patience({});
    } catch (const Error&) {
      // The server closes it with the connection.
    }
  }

  std::size_t read(std::span<char> room) override {
    if (taken_ == bytes_.size()) doing(what_, [&] { next_bytes(); });
    const std::size_t given = std::min(room.size(), bytes_.size() - taken_);
    std::copy_n(bytes_.data() + taken_, given, room.data());
    taken_ += given;
    return given;
  }

  std::optional<std::int64_t> size() const override { return size_; }

 private:
  struct Request {
    SftpSession::Id id = 0;
    std::int64_t offset = 0;
    std::size_t size = 0;
  };

  void next_bytes() {
    bytes_.clear();
    taken_ = 0;
    if (at_end_) return;
    // Past the size one request is enough: it brings the end, unless the file grew.
    while (ahead_.empty() || (ahead_.size() < requests_ahead && (!size_ || offset_ <= *size_))) {
      ahead_.push_back(ask(offset_, SftpSession::piece));
      offset_ += SftpSession::piece;
    }
    const Request request = ahead_.front();
    const SftpResult result = session_->take_bytes(request.id, bytes_, stop_);
    ahead_.pop_front();
    if (result.status == SftpStatus::end_of_file) {
      at_end_ = true;
      if (size_ && request.offset < *size_)
        throw Error(ErrorCode::connection_failed,
                    format("it ends after {} of {} bytes; something cut it off meanwhile", request.offset, *size_));
      return;
    }
    result.check();
    if (bytes_.empty() || bytes_.size() > request.size)
      throw Error(ErrorCode::connection_failed, "the server gives another number of bytes than asked");
    // A server may give less than it was asked for: the rest comes next.
    if (bytes_.size() < request.size)
      ahead_.push_front(ask(request.offset + static_cast<std::int64_t>(bytes_.size()), request.size - bytes_.size()));
  }

  Request ask(std::int64_t offset, std::size_t size) {
    return {session_->send_read(handle_, offset, size, stop_), offset, size};
  }

  const std::shared_ptr<SftpSession> session_;
  const std::string what_;
  const std::stop_token stop_;
  SftpSession::Handle handle_;
  std::optional<std::int64_t> size_;
  std::int64_t offset_ = 0;
  std::deque<Request> ahead_;
  std::string bytes_;
  std::size_t taken_ = 0;
  bool at_end_ = false;
};

}  // namespace

SftpDestination::SftpDestination(const Place& place, std::vector<std::string> ssh)
    : Destination(place), command_(ssh_command(place, std::move(ssh))) {}

std::unique_ptr<Destination> SftpDestination::through(const Place& place, std::vector<std::string> command) {
  auto made = std::make_unique<SftpDestination>(place, std::vector<std::string>{});
  made->command_ = std::move(command);
  return made;
}

SftpDestination::~SftpDestination() = default;

std::shared_ptr<SftpSession> SftpDestination::session(const std::stop_token& stop) {
  if (session_ && !session_->is_broken()) return session_;
  session_.reset();
  ChildRequest program;
  program.command = command_;
  try {
    session_ = std::make_shared<SftpSession>(program, stop);
  } catch (const Cancelled&) {
    throw;
  } catch (Error& error) {
    error.offer_hint(hint_for(error.what(), place()));
    error.add_context(format("reaching {}", text()));
    throw;
  }
  return session_;
}

std::unique_ptr<Upload> SftpDestination::create_file(const std::string& name, const UploadOptions& options,
                                                     std::stop_token stop) {
  return std::make_unique<SftpUpload>(session(stop), place(), name, options.replace, stop);
}

std::unique_ptr<Download> SftpDestination::open_file(const std::string& name, std::stop_token stop) {
  return std::make_unique<SftpDownload>(session(stop), place(), name, stop);
}

std::vector<Stored> SftpDestination::files(std::stop_token stop) {
  const auto connection = session(stop);
  return doing(format("listing {}", text()), [&] {
    std::vector<SftpEntry> entries;
    connection->entries(place().path.empty() ? "." : place().path, entries, stop).check();
    std::vector<Stored> found;
    for (auto& [name, attributes] : entries) {
      if (name.find('/') != std::string::npos) continue;
      // A link, or a server that is short of words.
      const bool told = attributes.is_file() && attributes.size;
      if (!told &&
          (attributes.is_folder() || !connection->attributes(joined(place().path, name), attributes, stop).ok() ||
           !attributes.is_file()))
        continue;
      found.push_back({std::move(name), attributes.size.value_or(0), attributes.modified});
    }
    return found;
  });
}

void SftpDestination::remove_file(const std::string& name, std::stop_token stop) {
  const auto connection = session(stop);
  doing(format("removing {}", FilePlace{place(), name}.text()),
        [&] { connection->remove(joined(place().path, name), stop).check(); });
}

}  // namespace belay::backup
