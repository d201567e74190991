#pragma once
// Byte streams to another process or machine: unix sockets, TCP, TLS over either. Calls block; every one that can wait
// takes a deadline on the monotonic clock and a stop token, and obeys both within the wait.

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/errors.h"
#include "base/files.h"

namespace belay::net {

// The deadline of a call that may wait for ever (but still ends on stop).
inline constexpr Ticks no_deadline = Ticks::max();
// The deadline `time` from now; no_deadline where `time` is zero.
Ticks deadline_in(Milliseconds time);

// A connection failed while it was in use. `error_number` is errno's value: ETIMEDOUT past a deadline, ECONNRESET or
// EPIPE where the peer went away, EPROTO where it broke the protocol (TLS or HTTP).
class StreamError : public Error {
 public:
  StreamError(int error_number, std::string message, std::string hint = {})
      : Error(ErrorCode::connection_failed, std::move(message), std::move(hint)), error_number_(error_number) {}
  int error_number() const noexcept { return error_number_; }

 private:
  int error_number_;
};

// A connection could not be made: ENOENT (no such socket), EACCES, ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH (also a host
// name that cannot be resolved), ENAMETOOLONG, EPROTO (TLS: the message says what is wrong with whose certificate), …
class ConnectError : public StreamError {
  using StreamError::StreamError;
};

// The peer refused or broke TLS on a connection that was made already: under TLS 1.3 a server tells only after the
// handshake that it does not accept our certificate. EPROTO.
class TlsError : public StreamError {
 public:
  explicit TlsError(std::string message) : StreamError(EPROTO, std::move(message)) {}
};

// One thread may read while another writes; no more than one each. Calls throw StreamError when the connection fails
// or the deadline passes, Cancelled on stop; after either only destruction is left, except that reading goes on after a
// failed write (the peer may have said why). A closed peer never raises SIGPIPE.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // Waits for at least one byte; the number of bytes read, 0 at the end of the peer's stream.
  [[nodiscard]] virtual std::size_t read_some(std::span<char> into, Ticks deadline, std::stop_token stop) = 0;
  virtual void write_all(std::string_view bytes, Ticks deadline, std::stop_token stop) = 0;
  // As write_all, but returns early when there is something to read (or the peer ended its stream): the number of bytes
  // taken. If writing goes on after that, it must be by this call and with the rest. For uploads that the peer may
  // answer before they are complete. Not while another thread reads.
  [[nodiscard]] virtual std::size_t write_until_readable(std::string_view bytes, Ticks deadline,
                                                         std::stop_token stop) = 0;
  // Ends our side of the stream; reading goes on.
  virtual void finish_writing(Ticks deadline, std::stop_token stop) = 0;
  // False when the peer has closed or has sent something that nobody has read. Does not wait. Not while another thread
  // uses the stream.
  virtual bool is_quiet() = 0;
};

std::unique_ptr<Stream> connect_unix(const fs::path& socket, Ticks deadline, const std::stop_token& stop);

// Over the standard input and output of a program, which ends with the stream: ssh to another machine. Throws NotFound
// where there is no such program; that it could not connect shows at the first reading, as ConnectError EHOSTUNREACH.
std::unique_ptr<Stream> connect_by_program(const std::vector<std::string>& command);

struct TcpAddress {
  std::string host;  // name, IPv4 or IPv6 literal; the latter with or without brackets
  std::uint16_t port = 0;
  std::string text() const;  // "host:port", "[::1]:port"
};

// Tries all addresses of the host in the resolver's order; the error is the last one's. Looking up a name is bounded by
// the resolver's own timeouts only: glibc offers nothing that can be stopped.
std::unique_ptr<Stream> connect_tcp(const TcpAddress& address, Ticks deadline, const std::stop_token& stop);

struct TlsOptions {
  fs::path ca_file;                          // PEM; empty: the system's certificate authorities
  std::vector<fs::path> more_authorities{};  // PEM, trusted beside those; one that holds none is passed over
  fs::path certificate_file;                 // PEM, our own with its chain; empty: none is shown
  fs::path key_file;                         // PEM, unencrypted
  // False: encrypted, but anybody may be at the other end.
  bool verify_peer = true;
  // False: every certificate that is signed as it should be will do, whatever name it is for.
  bool verify_name = true;
  // A certificate in ca_file is trusted itself, also where what signed it is not there.
  bool trust_a_leaf = false;
};

class TlsContext;

// TLS 1.2 and up as a client. The files are read and OpenSSL is started at the first connection, once. Thread-safe.
class TlsClient {
 public:
  explicit TlsClient(TlsOptions options);
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient();

  std::unique_ptr<Stream> connect(const TcpAddress& address, Ticks deadline, const std::stop_token& stop);
  // Over a stream that is there already. `host` is the name or address that the peer's certificate must be for.
  std::unique_ptr<Stream> over(std::unique_ptr<Stream> transport, const std::string& host, Ticks deadline,
                               const std::stop_token& stop);

 private:
  std::unique_ptr<TlsContext> context_;
};

}  // namespace belay::net
