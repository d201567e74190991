#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "certificates.h"
#include "net/http.h"
#include "net/stream.h"
#include "server.h"

namespace belay::net {
namespace {

using test::answer;
using test::Authority;
using test::Connection;
using test::Server;
using testing::HasSubstr;

constexpr Milliseconds generous{20'000};

class Tls : public testing::Test {
 protected:
  void start(const std::string& alternative_names, Server::Serve serve, const Authority* clients = nullptr) {
    context_ = test::server_context(authority_.issue("server", alternative_names), clients);
    server_ = std::make_unique<Server>(Server::Family::ipv4, std::move(serve), context_.get());
  }
  std::unique_ptr<Stream> connect(const TlsOptions& options, const std::string& host = "127.0.0.1") {
    TlsClient client(options);
    return client.connect({host, server_->port()}, deadline_in(generous), {});
  }
  std::string connect_failure(const TlsOptions& options, const std::string& host = "127.0.0.1") {
    try {
      connect(options, host);
    } catch (const ConnectError& error) {
      EXPECT_EQ(error.error_number(), EPROTO);
      return error.what();
    }
    return "connected";
  }
  void TearDown() override { done_.open(); }
  TlsOptions trusting() const { return {authority_.file(), {}, {}, {}, true}; }

  Authority authority_;
  test::ServerContext context_{nullptr, SSL_CTX_free};
  test::Gate done_;
  std::unique_ptr<Server> server_;
};

std::string read_to_end(Stream& stream) {
  std::string all;
  char buffer[5000];
  while (const auto count = stream.read_some(buffer, deadline_in(generous), {})) all.append(buffer, count);
  return all;
}

void echo(Connection& connection) {
  connection.write("all of " + connection.read_all());
  connection.finish_writing();
}

TEST_F(Tls, ReadsOnAfterItsOwnSideIsFinished) {
  start("IP:127.0.0.1", echo);
  const auto stream = connect(trusting());
  stream->write_all("it", deadline_in(generous), {});
  stream->finish_writing(deadline_in(generous), {});
  EXPECT_EQ(read_to_end(*stream), "all of it");
}

TEST_F(Tls, AcceptsTheHostsNameInTheCertificate) {
  start("DNS:localhost", echo);
  const auto stream = connect(trusting(), "localhost");
  stream->finish_writing(deadline_in(generous), {});
  EXPECT_EQ(read_to_end(*stream), "all of ");
}

TEST_F(Tls, RefusesACertificateForAnotherNameOrAddress) {
  start("DNS:other.example,IP:127.0.0.2", echo);
  EXPECT_THAT(connect_failure(trusting(), "localhost"), HasSubstr("hostname mismatch"));
  EXPECT_THAT(connect_failure(trusting(), "127.0.0.1"), HasSubstr("IP address mismatch"));
}

TEST_F(Tls, RefusesACertificateOfAnUnknownAuthority) {
  start("IP:127.0.0.1", echo);
  const Authority other;
  EXPECT_THAT(connect_failure({other.file(), {}, {}, {}, true}), HasSubstr("cannot be trusted: "));
  EXPECT_THAT(connect_failure({{}, {}, {}, {}, true}), HasSubstr("cannot be trusted: "));
}

TEST_F(Tls, TakesAnybodyWhereVerificationIsOff) {
  start("DNS:other.example", echo);
  const auto stream = connect({{}, {}, {}, {}, false});
  stream->finish_writing(deadline_in(generous), {});
  EXPECT_EQ(read_to_end(*stream), "all of ");
}

TEST_F(Tls, TakesAnyNameOfAnAuthorityWhereTheNameDoesNotMatter) {
  start("DNS:other.example", echo);
  TlsOptions any_name = trusting();
  any_name.verify_name = false;
  const auto stream = connect(any_name);
  stream->finish_writing(deadline_in(generous), {});
  EXPECT_EQ(read_to_end(*stream), "all of ");
  const Authority other;
  any_name.ca_file = other.file();
  EXPECT_THAT(connect_failure(any_name), HasSubstr("cannot be trusted: "));
}

TEST_F(Tls, TakesTheServersOwnCertificateWithoutItsAuthority) {
  const test::Identity own = authority_.issue("server", "IP:127.0.0.1");
  context_ = test::server_context(own);
  server_ = std::make_unique<Server>(Server::Family::ipv4, echo, context_.get());
  TlsOptions options;
  options.ca_file = own.certificate_file;
  EXPECT_THAT(connect_failure(options), HasSubstr("cannot be trusted: "));
  options.trust_a_leaf = true;
  const auto stream = connect(options);
  stream->finish_writing(deadline_in(generous), {});
  EXPECT_EQ(read_to_end(*stream), "all of ");
}

TEST_F(Tls, ShowsItsCertificateToAServerThatDemandsOne) {
  start("IP:127.0.0.1", echo, &authority_);
  const auto identity = authority_.issue("client", "");
  const auto stream = connect({authority_.file(), {}, identity.certificate_file, identity.key_file, true});
  stream->finish_writing(deadline_in(generous), {});
  EXPECT_EQ(read_to_end(*stream), "all of ");
}

// TLS 1.3 lets the client finish its handshake before the server has looked for the certificate.
TEST_F(Tls, SaysThatTheServerDemandsACertificate) {
  start("IP:127.0.0.1", echo, &authority_);
  const auto stream = connect(trusting());
  try {
    read_to_end(*stream);
    ADD_FAILURE();
  } catch (const TlsError& error) {
    EXPECT_EQ(error.error_number(), EPROTO);
    EXPECT_THAT(error.what(), HasSubstr("wants a client certificate, and there is none"));
  }
}

TEST_F(Tls, RefusesAVersionBelow12) {
  start("IP:127.0.0.1", echo);
  SSL_CTX_set_max_proto_version(context_.get(), TLS1_1_VERSION);
  SSL_CTX_set_security_level(context_.get(), 0);
  EXPECT_THAT(connect_failure(trusting()), HasSubstr("starting TLS"));
}

TEST_F(Tls, SpeaksVersion12) {
  start("IP:127.0.0.1", echo);
  SSL_CTX_set_max_proto_version(context_.get(), TLS1_2_VERSION);
  const auto stream = connect(trusting());
  stream->write_all("it", deadline_in(generous), {});
  stream->finish_writing(deadline_in(generous), {});
  EXPECT_EQ(read_to_end(*stream), "all of it");
}

TEST_F(Tls, NamesAFileThatCannotBeRead) {
  start("IP:127.0.0.1", echo);
  const auto identity = authority_.issue("client", "");
  const auto& own = authority_.file();
  EXPECT_EQ(connect_failure({"/absent/ca.pem", {}, {}, {}, true}),
            "reading the certificate authorities /absent/ca.pem: No such file or directory");
  EXPECT_EQ(connect_failure({own, {}, "/absent/cert.pem", identity.key_file, true}),
            "reading the certificate /absent/cert.pem: No such file or directory");
  EXPECT_EQ(connect_failure({own, {}, identity.certificate_file, "/absent/key.pem", true}),
            "reading the key /absent/key.pem: No such file or directory");
}

TEST_F(Tls, SaysWhatIsWrongWithAFile) {
  start("IP:127.0.0.1", echo);
  const auto one = authority_.issue("one", "");
  const auto other = authority_.issue("other", "");
  const TemporaryFolder folder;
  const fs::path text = folder.path() / "text";
  write_file_durably(text, "this is no certificate\n");
  const std::string none = ": there is none in it in PEM form";
  EXPECT_EQ(connect_failure({text, {}, {}, {}, true}), "reading the certificate authorities " + text.string() + none);
  EXPECT_EQ(connect_failure({authority_.file(), {}, text, one.key_file, true}),
            "reading the certificate " + text.string() + none);
  EXPECT_EQ(connect_failure({authority_.file(), {}, one.certificate_file, text, true}),
            "reading the key " + text.string() + none);
  EXPECT_EQ(connect_failure({authority_.file(), {}, one.certificate_file, one.certificate_file, true}),
            "reading the key " + one.certificate_file.string() + none);
  EXPECT_EQ(connect_failure({authority_.file(), {}, one.certificate_file, other.key_file, true}),
            "reading the key " + other.key_file.string() + ": it does not belong to the certificate");
}

TEST_F(Tls, DoesNotTakeACutConnectionForAnEnd) {
  start("IP:127.0.0.1", [](Connection& connection) { connection.write("half"); });
  const auto stream = connect(trusting());
  EXPECT_THROW(read_to_end(*stream), StreamError);
}

TEST_F(Tls, SaysWhenTheServerSpeaksNoTls) {
  Server plain(Server::Family::ipv4, [](Connection& connection) {
    connection.read_exactly(1);
    connection.write("HTTP/1.0 400 Bad Request\r\n\r\n");
  });
  TlsClient client(trusting());
  try {
    client.connect({"127.0.0.1", plain.port()}, deadline_in(generous), {});
    ADD_FAILURE();
  } catch (const ConnectError& error) {
    EXPECT_THAT(error.what(), HasSubstr("wrong version number"));
  }
}

TEST_F(Tls, EndsAHandshakeAtItsDeadline) {
  Server silent(Server::Family::ipv4, [](Connection& connection) { connection.read_all(); });
  TlsClient client(trusting());
  try {
    client.connect({"127.0.0.1", silent.port()}, deadline_in(Milliseconds(50)), {});
    ADD_FAILURE();
  } catch (const ConnectError& error) {
    EXPECT_EQ(error.error_number(), ETIMEDOUT);
  }
}

TEST_F(Tls, StopsAReadThatWaits) {
  start("IP:127.0.0.1", [](Connection& connection) { connection.read_all(); });
  const auto stream = connect(trusting());
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  char byte = 0;
  EXPECT_THROW((void)stream->read_some({&byte, 1}, no_deadline, stop.get_token()), Cancelled);
}

TEST_F(Tls, ReadsAndWritesFromTwoThreads) {
  start("IP:127.0.0.1", [](Connection& connection) {
    while (true) {
      const auto piece = connection.read_until("\n");
      if (piece.empty()) break;
      connection.write(piece);
    }
    connection.finish_writing();
  });
  const auto stream = connect(trusting());
  std::string sent;
  for (int i = 0; i < 5000; ++i) sent += "line " + std::to_string(i) + "\n";
  std::jthread writer([&] {
    stream->write_all(sent, deadline_in(generous), {});
    stream->finish_writing(deadline_in(generous), {});
  });
  EXPECT_TRUE(read_to_end(*stream) == sent);
}

class TlsHttp : public Tls {
 protected:
  void SetUp() override {
    tls_ = std::make_unique<TlsClient>(trusting());
    client_ = std::make_unique<HttpClient>(
        [this](std::stop_token stop) {
          return tls_->connect({"127.0.0.1", server_->port()}, deadline_in(generous), stop);
        },
        "engine");
  }
  Request post(Producer producer) {
    Request request;
    request.method = "POST";
    request.body = std::move(producer);
    request.patience = generous;
    return request;
  }

  std::unique_ptr<TlsClient> tls_;
  std::unique_ptr<HttpClient> client_;
};

// The session tickets that wait on the connection are no reason to give it up.
TEST_F(TlsHttp, UsesAConnectionAgain) {
  start("IP:127.0.0.1", [](Connection& connection) {
    while (!connection.read_head().empty()) connection.write(answer("x"));
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client_->exchange({}, {}).body, "x");
  EXPECT_EQ(server_->connections(), 1);
}

// A transport whose peer is always faster than we are: each write returns only when the reply has come.
class SlowToReturn final : public Stream {
 public:
  explicit SlowToReturn(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}
  std::size_t read_some(std::span<char> into, Ticks deadline, std::stop_token stop) override {
    return stream_->read_some(into, deadline, stop);
  }
  void write_all(std::string_view bytes, Ticks deadline, std::stop_token stop) override {
    stream_->write_all(bytes, deadline, stop);
  }
  std::size_t write_until_readable(std::string_view bytes, Ticks deadline, std::stop_token stop) override {
    const auto taken = stream_->write_until_readable(bytes, deadline, stop);
    while (taken == bytes.size() && stream_->is_quiet() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    return taken;
  }
  void finish_writing(Ticks deadline, std::stop_token stop) override { stream_->finish_writing(deadline, stop); }
  bool is_quiet() override { return stream_->is_quiet(); }

 private:
  std::unique_ptr<Stream> stream_;
};

TEST_F(TlsHttp, DoesNotTakeAFastAnswerForAnEarlyOne) {
  start("IP:127.0.0.1", [](Connection& connection) {
    while (!connection.read_head().empty()) connection.write(answer("x"));
  });
  HttpClient client(
      [this](std::stop_token stop) {
        auto transport = connect_tcp({"127.0.0.1", server_->port()}, deadline_in(generous), stop);
        return tls_->over(std::make_unique<SlowToReturn>(std::move(transport)), "127.0.0.1", deadline_in(generous),
                          stop);
      },
      "engine");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.exchange({}, {}).body, "x");
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(TlsHttp, UploadsMuchWhole) {
  std::string received;
  start("IP:127.0.0.1", [&](Connection& connection) {
    connection.read_head();
    while (true) {
      const auto size = std::stoul("0" + connection.read_until("\r\n"), nullptr, 16);
      received += connection.read_exactly(size);
      connection.read_exactly(2);
      if (size == 0) break;
    }
    connection.write(answer("taken"));
  });
  std::string sent;
  const auto response = client_->exchange(post([&](const UploadSink& sink) {
                                            for (int i = 0; i < 300; ++i) {
                                              const std::string piece(10'007, static_cast<char>('a' + i % 26));
                                              sent += piece;
                                              sink(piece);
                                            }
                                          }),
                                          {});
  EXPECT_EQ(response.body, "taken");
  EXPECT_TRUE(received == sent);
}

TEST_F(TlsHttp, StopsAnUploadThatTheServerRefusesEarly) {
  start("IP:127.0.0.1", [&](Connection& connection) {
    connection.read_head();
    connection.write(answer("no", "400 Bad Request"));
    done_.wait();
  });
  const std::string piece(100'000, 'x');
  const auto response = client_->exchange(post([&](const UploadSink& sink) {
                                            while (sink(piece)) {
                                            }
                                          }),
                                          {});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, "no");
}

TEST_F(TlsHttp, UpgradesToAStreamWithHalfClose) {
  start("IP:127.0.0.1", [](Connection& connection) {
    connection.read_head();
    connection.write("HTTP/1.1 101 UPGRADED\r\n\r\nearly ");
    echo(connection);
  });
  Request request;
  request.method = "POST";
  auto upgrade = client_->upgrade(request, {});
  ASSERT_TRUE(upgrade.stream);
  upgrade.stream->write_all("it", deadline_in(generous), {});
  upgrade.stream->finish_writing(deadline_in(generous), {});
  EXPECT_EQ(read_to_end(*upgrade.stream), "early all of it");
}

}  // namespace
}  // namespace belay::net
