#include "backup/sftp_session.h"

#include <limits>
#include <sys/stat.h>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::backup {

namespace {

// The numbers of the draft.
enum Type : std::uint8_t {
  init = 1,
  version = 2,
  open_file = 3,
  close_file = 4,
  read_file = 5,
  write_file = 6,
  fstat_file = 8,
  open_folder = 11,
  read_folder = 12,
  remove_file = 13,
  make_directory = 14,
  stat_file = 17,
  rename_file = 18,
  status = 101,
  handle_of = 102,
  data = 103,
  names = 104,
  attributes_of = 105,
  extended = 200,
  extended_reply = 201,
};

constexpr std::uint32_t protocol = 3;
constexpr std::uint32_t has_size = 1, has_owner = 2, has_mode = 4, has_times = 8, has_more = 0x80000000;

// No server sends longer packets; a longer one is text from somewhere else.
constexpr std::uint32_t longest_packet = 512 << 10;
constexpr std::size_t flush_size = 64 << 10;

constexpr const char* posix_rename = "posix-rename@openssh.com";
constexpr const char* fsync = "fsync@openssh.com";
constexpr const char* statvfs = "statvfs@openssh.com";

void put(std::string& bytes, std::uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) bytes += static_cast<char>((value >> shift) & 0xff);
}

std::uint64_t number_at(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::string sentence(const SftpResult& result) {
  switch (result.status) {
    case SftpStatus::ok:
      return "it worked";
    case SftpStatus::end_of_file:
      return "the server says that the file is at its end";
    case SftpStatus::no_such_file:
      return "the server has no such file or folder";
    case SftpStatus::permission_denied:
      return "the server does not permit it";
    case SftpStatus::unsupported:
      return "the server does not know how to";
    case SftpStatus::no_connection:
    case SftpStatus::connection_lost:
      return "the server lost its own connection";
    case SftpStatus::failure:
    case SftpStatus::bad_message:
      break;
  }
  const auto words = trim(result.words);
  if (words.empty() || lower(words) == "failure") return "the server failed and does not say why";
  return format("the server says: {}", printable(words));
}

}  // namespace

void SftpResult::check() const {
  if (ok()) return;
  if (status == SftpStatus::no_such_file) throw NotFound(sentence(*this));
  throw Error(ErrorCode::connection_failed, sentence(*this));
}

bool SftpAttributes::is_folder() const {
  return mode && S_ISDIR(*mode);
}

bool SftpAttributes::is_file() const {
  return mode && S_ISREG(*mode);
}

// A request; its number comes in when it is sent.
class SftpSession::Message {
 public:
  explicit Message(Type type) : type_(type) {}
  Message& number(std::uint32_t value) {
    put(body_, value, 4);
    return *this;
  }
  Message& long_number(std::int64_t value) {
    put(body_, static_cast<std::uint64_t>(value), 8);
    return *this;
  }
  Message& text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    body_ += value;
    return *this;
  }
  // Attributes with a mode alone.
  Message& mode(std::uint32_t value) { return number(has_mode).number(value); }

  Type type() const { return type_; }
  const std::string& body() const { return body_; }

 private:
  Type type_;
  std::string body_;
};

// An answer's values, one after the other.
class SftpSession::Fields {
 public:
  Fields(SftpSession& session, std::string_view body) : session_(session), rest_(body) {}

  std::uint32_t number() { return static_cast<std::uint32_t>(number_at(next(4))); }
  std::int64_t long_number() {
    const std::uint64_t value = number_at(next(8));
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      session_.refuse("a number is too large");
    return static_cast<std::int64_t>(value);
  }
  std::string_view text() { return next(number()); }
  bool at_end() const { return rest_.empty(); }

  SftpAttributes attributes() {
    SftpAttributes found;
    const std::uint32_t flags = number();
    if (flags & has_size) found.size = long_number();
    if (flags & has_owner) next(8);
    if (flags & has_mode) found.mode = number();
    if (flags & has_times) {
      next(4);
      found.modified = Time(std::chrono::seconds(number()));
    }
    if (flags & has_more)
      for (std::uint32_t more = number(); more > 0; --more) {
        text();
        text();
      }
    return found;
  }

 private:
  std::string_view next(std::size_t size) {
    if (size > rest_.size()) session_.refuse("an answer is cut off");
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  SftpSession& session_;
  std::string_view rest_;
};

SftpSession::SftpSession(const ChildRequest& program, std::stop_token stop) : child_(program) {
  greet(stop);
}

SftpSession::~SftpSession() {
  if (broken_) return;
  try {
    child_.set_patience(Milliseconds(2'000));
    flush({});
    child_.wait({});
  } catch (const Error&) {
    // Then it is ended as every child is.
  }
}

void SftpSession::refuse(const std::string& why) {
  broken_ = true;
  throw Error(ErrorCode::connection_failed, format("the server does not keep to the SFTP protocol: {}", why));
}

void SftpSession::greet(const std::stop_token& stop) {
  put(out_, 5, 4);
  put(out_, init, 1);
  put(out_, protocol, 4);
  flush(stop);
  const std::string greeting = packet(stop);
  if (greeting.empty() || static_cast<std::uint8_t>(greeting[0]) != version) refuse("it greets with something else");
  Fields fields(*this, std::string_view(greeting).substr(1));
  if (fields.number() < protocol) refuse(format("it does not know version {}", protocol));
  while (!fields.at_end()) {
    extensions_.emplace(fields.text());
    fields.text();
  }
}

SftpSession::Id SftpSession::send(Message& message, const std::stop_token& stop) {
  // Before a number is given away: what is refused here was never asked.
  if (out_.size() >= flush_size) flush(stop);
  const Id id = ++last_id_;
  put(out_, message.body().size() + 5, 4);
  put(out_, message.type(), 1);
  put(out_, id, 4);
  out_ += message.body();
  asked_.insert(id);
  return id;
}

void SftpSession::flush(const std::stop_token& stop) {
  std::size_t written = 0;
  // Whatever comes in between: half a packet is never left out, and never sent twice.
  struct Forget {
    std::string& bytes;
    const std::size_t& written;
    ~Forget() { bytes.erase(0, written); }
  } const forget{out_, written};
  try {
    while (written < out_.size()) written += child_.write_some(std::string_view(out_).substr(written), stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error&) {
    broken_ = true;
    throw;
  }
}

std::string SftpSession::packet(const std::stop_token& stop) {
  constexpr std::size_t head = 4;
  for (;;) {
    if (in_.size() >= head) {
      const std::size_t size = number_at(std::string_view(in_).substr(0, head));
      if (size == 0 || size > longest_packet) {
        const std::string start = printable(trim(std::string_view(in_).substr(0, in_.find('\n'))));
        refuse(format("it sends '{}'", start.substr(0, 80)));
      }
      if (in_.size() >= head + size) {
        std::string whole = in_.substr(head, size);
        in_.erase(0, head + size);
        return whole;
      }
    }
    char room[64 << 10];
    std::size_t got = 0;
    try {
      got = child_.read(room, stop);
      if (got == 0) throw child_.failure();
    } catch (const Cancelled&) {
      throw;
    } catch (const Error&) {
      broken_ = true;
      throw;
    }
    in_.append(room, got);
  }
}

SftpSession::Answer SftpSession::take(Id id, const std::stop_token& stop) {
  flush(stop);
  for (;;) {
    if (const auto found = arrived_.find(id); found != arrived_.end()) {
      Answer answer = std::move(found->second);
      arrived_.erase(found);
      return answer;
    }
    const std::string whole = packet(stop);
    if (whole.size() < 5) refuse("an answer is cut off");
    const Id whose = static_cast<Id>(number_at(std::string_view(whole).substr(1, 4)));
    if (asked_.erase(whose) == 0) refuse("it answers what was not asked");
    if (forgotten_.erase(whose) > 0) continue;
    arrived_[whose] = {static_cast<std::uint8_t>(whole[0]), whole.substr(5)};
  }
}

void SftpSession::forget(Id id) {
  if (arrived_.erase(id) == 0 && asked_.contains(id)) forgotten_.insert(id);
}

SftpResult SftpSession::result_of(const Answer& answer) {
  if (answer.type != status) refuse("an answer is of the wrong kind");
  Fields fields(*this, answer.body);
  SftpResult result;
  result.status = static_cast<SftpStatus>(fields.number());
  if (!fields.at_end()) result.words = fields.text();
  return result;
}

SftpResult SftpSession::simple(Message& message, const std::stop_token& stop) {
  return result_of(take(send(message, stop), stop));
}

SftpResult SftpSession::take_result(Id id, std::stop_token stop) {
  return result_of(take(id, stop));
}

SftpResult SftpSession::take_handle(Message& message, Handle& handle, const std::stop_token& stop) {
  const Answer answer = take(send(message, stop), stop);
  if (answer.type != handle_of) {
    const SftpResult result = result_of(answer);
    if (result.ok()) refuse("an answer is of the wrong kind");
    return result;
  }
  handle = Fields(*this, answer.body).text();
  return {};
}

SftpResult SftpSession::take_attributes(Message& message, SftpAttributes& attributes, const std::stop_token& stop) {
  const Answer answer = take(send(message, stop), stop);
  if (answer.type != attributes_of) {
    const SftpResult result = result_of(answer);
    if (result.ok()) refuse("an answer is of the wrong kind");
    return result;
  }
  attributes = Fields(*this, answer.body).attributes();
  return {};
}

SftpResult SftpSession::open(const std::string& path, std::uint32_t flags, Handle& handle, std::stop_token stop) {
  // Nobody else may read it: a backup holds secrets.
  return take_handle(Message(open_file).text(path).number(flags).mode(0600), handle, stop);
}

SftpResult SftpSession::close(const Handle& handle, std::stop_token stop) {
  return simple(Message(close_file).text(handle), stop);
}

SftpResult SftpSession::attributes(const std::string& path, SftpAttributes& attributes, std::stop_token stop) {
  return take_attributes(Message(stat_file).text(path), attributes, stop);
}

SftpResult SftpSession::open_attributes(const Handle& handle, SftpAttributes& attributes, std::stop_token stop) {
  return take_attributes(Message(fstat_file).text(handle), attributes, stop);
}

SftpResult SftpSession::entries(const std::string& path, std::vector<SftpEntry>& entries, std::stop_token stop) {
  Handle handle;
  SftpResult result = take_handle(Message(open_folder).text(path), handle, stop);
  if (!result.ok()) return result;
  for (;;) {
    const Answer answer = take(send(Message(read_folder).text(handle), stop), stop);
    if (answer.type != names) {
      result = result_of(answer);
      break;
    }
    Fields fields(*this, answer.body);
    for (std::uint32_t left = fields.number(); left > 0; --left) {
      SftpEntry entry;
      entry.name = fields.text();
      fields.text();  // a line as `ls -l` prints it
      entry.attributes = fields.attributes();
      entries.push_back(std::move(entry));
    }
  }
  forget_file(handle, stop);
  if (result.ok()) refuse("a folder has no end");
  return result.status == SftpStatus::end_of_file ? SftpResult{} : result;
}

SftpResult SftpSession::make_folder(const std::string& path, std::stop_token stop) {
  return simple(Message(make_directory).text(path).mode(0700), stop);
}

SftpResult SftpSession::remove(const std::string& path, std::stop_token stop) {
  return simple(Message(remove_file).text(path), stop);
}

SftpResult SftpSession::rename(const std::string& from, const std::string& to, std::stop_token stop) {
  return simple(Message(rename_file).text(from).text(to), stop);
}

SftpResult SftpSession::replace(const std::string& from, const std::string& to, const std::string& aside,
                                std::stop_token stop) {
  if (extensions_.contains(posix_rename)) return simple(Message(extended).text(posix_rename).text(from).text(to), stop);
  if (stop.stop_requested()) throw Cancelled();
  // From here on a stop waits until one of the files has the name.
  const SftpResult set_aside = rename(to, aside, {});
  if (set_aside.status == SftpStatus::no_such_file) return rename(from, to, stop);
  if (!set_aside.ok()) return set_aside;
  try {
    const SftpResult renamed = rename(from, to, {});
    if (renamed.ok())
      std::ignore = remove(aside, stop);
    else
      rename(aside, to, {}).check();
    return renamed;
  } catch (Error& error) {
    error.offer_hint(format("What was there before may be called {} now.", aside));
    throw;
  }
}

SftpResult SftpSession::sync(const Handle& handle, std::stop_token stop) {
  if (!extensions_.contains(fsync)) return {};
  return simple(Message(extended).text(fsync).text(handle), stop);
}

std::optional<std::int64_t> SftpSession::free_space(const std::string& path, std::stop_token stop) {
  if (!extensions_.contains(statvfs)) return {};
  const Answer answer = take(send(Message(extended).text(statvfs).text(path), stop), stop);
  if (answer.type != extended_reply) return {};
  Fields fields(*this, answer.body);
  fields.long_number();  // the size of a block for reading
  const std::int64_t unit = fields.long_number();
  fields.long_number();  // blocks in all
  fields.long_number();  // free ones
  const std::int64_t blocks = fields.long_number();
  std::int64_t bytes = 0;
  return __builtin_mul_overflow(unit, blocks, &bytes) ? std::numeric_limits<std::int64_t>::max() : bytes;
}

SftpSession::Id SftpSession::send_write(const Handle& handle, std::int64_t offset, std::string_view bytes,
                                        std::stop_token stop) {
  return send(Message(write_file).text(handle).long_number(offset).text(bytes), stop);
}

SftpSession::Id SftpSession::send_read(const Handle& handle, std::int64_t offset, std::size_t size,
                                       std::stop_token stop) {
  return send(Message(read_file).text(handle).long_number(offset).number(static_cast<std::uint32_t>(size)), stop);
}

SftpResult SftpSession::take_bytes(Id id, std::string& bytes, std::stop_token stop) {
  const Answer answer = take(id, stop);
  if (answer.type != data) {
    const SftpResult result = result_of(answer);
    if (result.ok()) refuse("an answer is of the wrong kind");
    return result;
  }
  bytes = Fields(*this, answer.body).text();
  return {};
}

void SftpSession::forget_file(const Handle& handle, std::stop_token stop) {
  forget(send(Message(close_file).text(handle), stop));
}

}  // namespace belay::backup
