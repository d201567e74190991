#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <mutex>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "base/format.h"
#include "net/stream.h"
#include "net/wait.h"

namespace belay::net {

namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSession {
  void operator()(SSL* session) const { SSL_free(session); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;
using Session = std::unique_ptr<SSL, FreeSession>;

// The most plaintext that one record carries.
constexpr std::size_t record_size = 16 << 10;

// What OpenSSL says about the thread's last failure; empties its queue.
std::string openssl_reason() {
  const auto code = ERR_peek_last_error();
  const char* text = ERR_reason_error_string(code);
  ERR_clear_error();
  return text != nullptr ? text : "unknown TLS failure";
}

// OpenSSL would ask for the password on the terminal, in the middle of any command.
int no_password(char*, int, int, void*) {
  return -1;
}

// Throws ConnectError with what a user can do something about; OpenSSL's words are for what is left.
[[noreturn]] void refuse_file(const char* what, const fs::path& file) {
  // The oldest of the queue is the cause, what came after it only says where it passed.
  const auto code = ERR_peek_error();
  const auto reason = openssl_reason();
  std::string message = format("reading the {} {}: ", what, file.native());
  if (::access(file.c_str(), R_OK) != 0) {
    message += std::generic_category().message(errno);
  } else if (ERR_GET_LIB(code) == ERR_LIB_X509 && ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH) {
    message += "it does not belong to the certificate";
  } else if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_BAD_PASSWORD_READ) {
    message += "it is protected by a password, and Belay asks for none";
  } else if (ERR_GET_LIB(code) == ERR_LIB_PEM || ERR_GET_LIB(code) == ERR_LIB_X509 ||
             ERR_GET_LIB(code) == ERR_LIB_OSSL_DECODER) {
    message += "there is none in it in PEM form";
  } else {
    message += reason;
  }
  throw ConnectError(EPROTO, message);
}

void require(int result, const char* what, const fs::path& file) {
  if (result != 1) refuse_file(what, file);
}

Context new_context(const TlsOptions& options) {
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) throw ConnectError(EPROTO, format("starting TLS: {}", openssl_reason()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(context.get(), no_password);
  if (options.verify_peer) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (options.ca_file.empty())
      SSL_CTX_set_default_verify_paths(context.get());
    else
      require(SSL_CTX_load_verify_file(context.get(), options.ca_file.c_str()), "certificate authorities",
              options.ca_file);
    if (options.trust_a_leaf) X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
    for (const auto& file : options.more_authorities) {
      if (SSL_CTX_load_verify_file(context.get(), file.c_str()) == 1) continue;
      if (::access(file.c_str(), R_OK) != 0) refuse_file("certificate authorities", file);
      ERR_clear_error();
    }
  }
  if (!options.certificate_file.empty())
    require(SSL_CTX_use_certificate_chain_file(context.get(), options.certificate_file.c_str()), "certificate",
            options.certificate_file);
  if (!options.key_file.empty())
    require(SSL_CTX_use_PrivateKey_file(context.get(), options.key_file.c_str(), SSL_FILETYPE_PEM), "key",
            options.key_file);
  return context;
}

// Says who must be at the other end, and names them to a server of many hosts.
void name_peer(SSL* session, const std::string& host) {
  std::array<unsigned char, 16> address{};
  const bool is_address =
      inet_pton(AF_INET, host.c_str(), address.data()) == 1 || inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
  auto* wanted = SSL_get0_param(session);
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool named =
      is_address ? X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1
                 : SSL_set1_host(session, host.c_str()) == 1 && SSL_set_tlsext_host_name(session, host.c_str()) == 1;
  // Without this name any valid certificate of anybody would pass.
  if (!named) throw ConnectError(EPROTO, format("'{}' cannot be the name of a TLS server", host));
}

// OpenSSL works on two memory buffers; the bytes between these and the transport are moved here, so that every wait is
// the transport's. OpenSSL's part never waits, and is done under one lock by the reading and the writing thread.
class TlsStream final : public Stream {
 public:
  // `host`: nullptr where any name will do.
  TlsStream(std::unique_ptr<Stream> transport, SSL_CTX* context, const std::string* host)
      : transport_(std::move(transport)), session_(SSL_new(context)), incoming_(record_size + 1024) {
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    if (!session_ || in == nullptr || out == nullptr) {
      BIO_free(in);
      BIO_free(out);
      throw ConnectError(ENOMEM, "starting TLS: out of memory");
    }
    SSL_set_bio(session_.get(), in, out);
    if (host != nullptr) name_peer(session_.get(), *host);
    SSL_set_connect_state(session_.get());
  }

  void shake_hands(const std::string& host, Ticks deadline, const std::stop_token& stop) {
    while (true) {
      ERR_clear_error();
      const int result = SSL_do_handshake(session_.get());
      const int error = SSL_get_error(session_.get(), result);
      if (result != 1 && error != SSL_ERROR_WANT_READ) {
        const auto reason = handshake_failure(host);
        // The alert tells the server's log why we leave; a server that is gone needs none.
        try {
          flush(deadline, stop);
        } catch (const StreamError&) {
          outgoing_.clear();
        }
        throw ConnectError(EPROTO, reason);
      }
      flush(deadline, stop);
      if (result == 1) return;
      if (!take_in(deadline, stop))
        throw ConnectError(EPROTO, format("{} closed the connection instead of starting TLS", host));
    }
  }

  std::size_t read_some(std::span<char> into, Ticks deadline, std::stop_token stop) override {
    while (true) {
      obey(stop);
      std::size_t count = 0;
      switch (receive(into, count, SSL_read_ex)) {
        case Received::bytes:
          return count;
        case Received::end:
          return 0;
        case Received::failure:
          throw TlsError(failure_);
        case Received::nothing:
          break;
      }
      // Anything may have been cut away: only the peer's closing alert is an end that cannot be forged.
      if (!take_in(deadline, stop)) throw StreamError(ECONNRESET, "the connection was cut off");
    }
  }

  void write_all(std::string_view bytes, Ticks deadline, std::stop_token stop) override {
    std::lock_guard sending(sending_);
    while (!bytes.empty()) {
      const auto piece = bytes.substr(0, record_size);
      encrypt(piece);
      bytes.remove_prefix(piece.size());
      send_outgoing(deadline, stop);
    }
  }

  std::size_t write_until_readable(std::string_view bytes, Ticks deadline, std::stop_token stop) override {
    std::lock_guard sending(sending_);
    std::size_t taken = 0;
    while (true) {
      if (outgoing_.empty()) {
        // Counted before the look at what has come: the answer to the last byte may be there already, and must not make
        // that byte look unsent.
        taken += std::exchange(encrypted_, 0);
        if (taken >= bytes.size()) return taken;
      }
      if (is_readable(deadline, stop)) return taken;
      if (outgoing_.empty()) {
        encrypted_ = std::min(record_size, bytes.size() - taken);
        encrypt(bytes.substr(taken, encrypted_));
      }
      outgoing_.erase(0, transport_->write_until_readable(outgoing_, deadline, stop));
    }
  }

  // The closing alert, which is all of a half-close that TLS has; the transport stays open.
  void finish_writing(Ticks deadline, std::stop_token stop) override {
    std::lock_guard sending(sending_);
    {
      std::lock_guard held(openssl_);
      ERR_clear_error();
      SSL_shutdown(session_.get());
      collect_outgoing();
    }
    send_outgoing(deadline, stop);
  }

  bool is_quiet() override { return !is_readable(no_deadline, {}); }

 private:
  enum class Received { bytes, nothing, end, failure };

  Received receive(std::span<char> into, std::size_t& count, int (*read)(SSL*, void*, std::size_t, std::size_t*)) {
    std::lock_guard held(openssl_);
    if (!failure_.empty()) return Received::failure;
    ERR_clear_error();
    if (read(session_.get(), into.data(), into.size(), &count) == 1) return Received::bytes;
    switch (SSL_get_error(session_.get(), 0)) {
      case SSL_ERROR_ZERO_RETURN:
        return Received::end;
      case SSL_ERROR_WANT_READ:
        return Received::nothing;
      default:
        // Under TLS 1.3 the server's opinion of our certificate comes with the first bytes read.
        failure_ = format("the TLS connection failed: {}", refusal_reason());
        return Received::failure;
    }
  }

  // Moves what the transport has to OpenSSL; false at its end.
  bool take_in(Ticks deadline, const std::stop_token& stop) {
    const auto count = transport_->read_some(incoming_, deadline, stop);
    std::lock_guard held(openssl_);
    BIO_write(SSL_get_rbio(session_.get()), incoming_.data(), static_cast<int>(count));
    return count > 0;
  }

  // True when read_some would not wait. Bytes on the transport alone do not tell: they may be session tickets.
  bool is_readable(Ticks deadline, const std::stop_token& stop) {
    char byte = 0;
    std::size_t count = 0;
    while (receive({&byte, 1}, count, SSL_peek_ex) == Received::nothing) {
      if (transport_->is_quiet()) return false;
      // The transport's end or failure is found again, and reported, by read_some.
      try {
        if (!take_in(deadline, stop)) return true;
      } catch (const StreamError&) {
        return true;
      }
    }
    return true;
  }

  // `sending_` is held for these.
  void encrypt(std::string_view piece) {
    std::lock_guard held(openssl_);
    ERR_clear_error();
    std::size_t written = 0;
    if (SSL_write_ex(session_.get(), piece.data(), piece.size(), &written) != 1)
      throw StreamError(EPIPE, format("the TLS connection failed: {}", openssl_reason()));
    collect_outgoing();
  }
  void send_outgoing(Ticks deadline, const std::stop_token& stop) {
    transport_->write_all(outgoing_, deadline, stop);
    outgoing_.clear();
  }
  void collect_outgoing() {
    char* data = nullptr;
    BIO* out = SSL_get_wbio(session_.get());
    const auto size = BIO_get_mem_data(out, &data);
    if (size > 0) outgoing_.append(data, static_cast<std::size_t>(size));
    BIO_reset(out);
  }

  void flush(Ticks deadline, const std::stop_token& stop) {
    collect_outgoing();
    send_outgoing(deadline, stop);
  }

  // As openssl_reason, but clear about a certificate that was not shown: servers only call it bad, or required.
  std::string refusal_reason() const {
    const auto code = ERR_peek_last_error();
    const auto reason = openssl_reason();
    const bool is_about_ours =
        ERR_GET_LIB(code) == ERR_LIB_SSL && (ERR_GET_REASON(code) == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED ||
                                             ERR_GET_REASON(code) == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE);
    return is_about_ours && SSL_get_certificate(session_.get()) == nullptr
               ? "the server wants a client certificate, and there is none"
               : reason;
  }

  std::string handshake_failure(const std::string& host) const {
    const long verdict = SSL_get_verify_result(session_.get());
    const auto reason = refusal_reason();
    if (verdict == X509_V_OK) return format("starting TLS with {}: {}", host, reason);
    return format("the certificate of {} cannot be trusted: {}", host, X509_verify_cert_error_string(verdict));
  }

  const std::unique_ptr<Stream> transport_;
  std::mutex sending_;         // taken before openssl_; keeps records in their order on the transport
  std::string outgoing_;       // guarded by sending_: encrypted, not sent yet
  std::size_t encrypted_ = 0;  // guarded by sending_: bytes of write_until_readable's caller that outgoing_ holds
  std::mutex openssl_;
  const Session session_;       // guarded by openssl_
  std::string failure_;         // guarded by openssl_, set once
  std::vector<char> incoming_;  // the reading thread's
};

}  // namespace

class TlsContext {
 public:
  explicit TlsContext(TlsOptions options) : options_(std::move(options)) {}

  bool wants_the_name() const { return options_.verify_name; }

  SSL_CTX* context() {
    std::lock_guard held(mutex_);
    if (!context_) context_ = new_context(options_);
    return context_.get();
  }

 private:
  const TlsOptions options_;
  std::mutex mutex_;
  Context context_;  // guarded by mutex_ until it is set, constant then
};

TlsClient::TlsClient(TlsOptions options) : context_(std::make_unique<TlsContext>(std::move(options))) {}

TlsClient::~TlsClient() = default;

std::unique_ptr<Stream> TlsClient::connect(const TcpAddress& address, Ticks deadline, const std::stop_token& stop) {
  return over(connect_tcp(address, deadline, stop), address.host, deadline, stop);
}

std::unique_ptr<Stream> TlsClient::over(std::unique_ptr<Stream> transport, const std::string& host, Ticks deadline,
                                        const std::stop_token& stop) {
  const bool in_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const auto name = in_brackets ? host.substr(1, host.size() - 2) : host;
  auto stream = std::make_unique<TlsStream>(std::move(transport), context_->context(),
                                            context_->wants_the_name() ? &name : nullptr);
  try {
    stream->shake_hands(name, deadline, stop);
  } catch (const ConnectError&) {
    throw;
  } catch (const StreamError& error) {
    throw ConnectError(error.error_number(), format("starting TLS with {}: {}", name, error.what()));
  }
  return stream;
}

}  // namespace belay::net
