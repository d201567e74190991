#include "net/stream.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <tuple>
#include <unistd.h>

#include "base/fd.h"
#include "base/files.h"
#include "server.h"

namespace belay::net {
namespace {

using test::Connection;
using test::Server;
using testing::HasSubstr;

// Long enough never to pass on a busy machine.
Ticks generous() {
  return deadline_in(Milliseconds(20'000));
}

std::string read_to_end(Stream& stream) {
  std::string all;
  char buffer[1000];
  while (const auto count = stream.read_some(buffer, generous(), {})) all.append(buffer, count);
  return all;
}

int error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const ConnectError& error) {
    return error.error_number();
  }
  return 0;
}

sockaddr_un unix_address(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

TEST(Stream, CarriesBytesBothWaysOverAUnixSocket) {
  Server server([](Connection& connection) { connection.write("got " + connection.read_until("\n")); });
  const auto stream = connect_unix(server.socket(), generous(), {});
  stream->write_all("hello\n", generous(), {});
  EXPECT_EQ(read_to_end(*stream), "got hello\n");
}

TEST(Stream, GoesOnReadingAfterItsOwnSideIsFinished) {
  Server server([](Connection& connection) { connection.write("all of " + connection.read_all()); });
  const auto stream = connect_unix(server.socket(), generous(), {});
  stream->write_all("it", generous(), {});
  stream->finish_writing(generous(), {});
  EXPECT_EQ(read_to_end(*stream), "all of it");
}

TEST(Stream, ReachesHostNamesAndAddressesOverTcp) {
  Server server(Server::Family::ipv4, [](Connection& connection) { connection.write("four"); });
  EXPECT_EQ(read_to_end(*connect_tcp({"127.0.0.1", server.port()}, generous(), {})), "four");
  EXPECT_EQ(read_to_end(*connect_tcp({"localhost", server.port()}, generous(), {})), "four");
}

TEST(Stream, ReachesIpv6LiteralsWithAndWithoutBrackets) {
  std::unique_ptr<Server> server;
  try {
    server = std::make_unique<Server>(Server::Family::ipv6, [](Connection& connection) { connection.write("six"); });
  } catch (const std::runtime_error&) {
    GTEST_SKIP() << "no IPv6 here";
  }
  EXPECT_EQ(read_to_end(*connect_tcp({"::1", server->port()}, generous(), {})), "six");
  EXPECT_EQ(read_to_end(*connect_tcp({"[::1]", server->port()}, generous(), {})), "six");
}

TEST(Stream, GoesThroughAProgram) {
  const auto stream = connect_by_program({"sh", "-c", "echo hello; cat"});
  stream->write_all("and back", generous(), {});
  stream->finish_writing(generous(), {});
  EXPECT_EQ(read_to_end(*stream), "hello\nand back");
}

TEST(Stream, TellsWhatAProgramSaidThatMadeNoConnection) {
  const auto stream = connect_by_program({"sh", "-c", "echo 'no such host' >&2; exit 255"});
  try {
    std::ignore = read_to_end(*stream);
    ADD_FAILURE() << "it made none";
  } catch (const ConnectError& error) {
    EXPECT_EQ(error.error_number(), EHOSTUNREACH);
    EXPECT_THAT(error.what(), HasSubstr("sh made no connection: no such host"));
  }
  EXPECT_THROW(std::ignore = connect_by_program({"/no/such/program"}), NotFound);
}

TEST(Stream, EndsItsProgram) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "pid";
  auto stream = connect_by_program({"sh", "-c", "echo $$ >" + file.string() + "; echo up; exec sleep 1000"});
  char buffer[10];
  ASSERT_GT(stream->read_some(buffer, generous(), {}), 0u);
  stream.reset();
  EXPECT_NE(::kill(std::stoi(read_file(file)), 0), 0) << "it is left behind";
}

TEST(Stream, WritesAddressesAsTheUserDoes) {
  EXPECT_EQ((TcpAddress{"host", 1}.text()), "host:1");
  EXPECT_EQ((TcpAddress{"::1", 2}.text()), "[::1]:2");
  EXPECT_EQ((TcpAddress{"[::1]", 2}.text()), "[::1]:2");
}

TEST(Stream, TellsAnAbsentSocketFromARefusingOne) {
  const TemporaryFolder folder;
  EXPECT_EQ(error_of([&] { connect_unix(folder.path() / "absent", generous(), {}); }), ENOENT);
  const Fd bound(::socket(AF_UNIX, SOCK_STREAM, 0));
  const auto address = unix_address(folder.path() / "s");
  ASSERT_EQ(::bind(bound.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(error_of([&] { connect_unix(folder.path() / "s", generous(), {}); }), ECONNREFUSED);
  EXPECT_EQ(error_of([&] { connect_unix(std::string(200, 'x'), generous(), {}); }), ENAMETOOLONG);
}

TEST(Stream, TellsAForbiddenSocket) {
  if (::geteuid() == 0) GTEST_SKIP() << "nothing is forbidden to root";
  Server server([](Connection&) {});
  ::chmod(server.socket().c_str(), 0);
  EXPECT_EQ(error_of([&] { connect_unix(server.socket(), generous(), {}); }), EACCES);
}

TEST(Stream, TellsARefusedPortAndAnUnknownHost) {
  const Fd bound(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(bound.raw(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::getsockname(bound.raw(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  EXPECT_EQ(error_of([&] { connect_tcp({"127.0.0.1", ntohs(address.sin_port)}, generous(), {}); }), ECONNREFUSED);
  // Not a name: the resolver refuses it without asking anybody.
  EXPECT_EQ(error_of([&] { connect_tcp({"no..name", 1}, generous(), {}); }), EHOSTUNREACH);
}

TEST(Stream, EndsAWaitAtItsDeadline) {
  Server server([](Connection& connection) { connection.read_all(); });
  const auto stream = connect_unix(server.socket(), generous(), {});
  char byte = 0;
  try {
    (void)stream->read_some({&byte, 1}, deadline_in(Milliseconds(20)), {});
    FAIL();
  } catch (const StreamError& error) {
    EXPECT_EQ(error.error_number(), ETIMEDOUT);
  }
}

TEST(Stream, EndsAWriteThatNobodyTakesAtItsDeadline) {
  test::Gate done;
  Server server([&](Connection&) { done.wait(); });
  const test::OpenAtEnd opened(done);
  const auto stream = connect_unix(server.socket(), generous(), {});
  try {
    stream->write_all(std::string(8 << 20, 'x'), deadline_in(Milliseconds(50)), {});
    ADD_FAILURE();
  } catch (const StreamError& error) {
    EXPECT_EQ(error.error_number(), ETIMEDOUT);
  }
}

TEST(Stream, StopsAReadThatWaits) {
  Server server([](Connection& connection) { connection.read_all(); });
  const auto stream = connect_unix(server.socket(), generous(), {});
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  char byte = 0;
  EXPECT_THROW((void)stream->read_some({&byte, 1}, no_deadline, stop.get_token()), Cancelled);
}

// A listener whose queue is full keeps a connecting client waiting.
struct FullListener {
  FullListener() : listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = unix_address(path());
    ::bind(listener.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(listener.raw(), 0);
    while (true) {
      Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      if (::connect(client.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) break;
      waiting.push_back(std::move(client));
    }
  }
  fs::path path() const { return folder.path() / "s"; }

  TemporaryFolder folder;
  Fd listener;
  std::vector<Fd> waiting;
};

TEST(Stream, StopsAConnectThatWaits) {
  const FullListener full;
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_THROW(connect_unix(full.path(), no_deadline, stop.get_token()), Cancelled);
}

TEST(Stream, EndsAConnectAtItsDeadline) {
  const FullListener full;
  EXPECT_EQ(error_of([&] { connect_unix(full.path(), deadline_in(Milliseconds(30)), {}); }), ETIMEDOUT);
}

TEST(Stream, SurvivesAPeerThatIsGone) {
  std::latch closed(1);
  Server server([&](Connection& connection) {
    ::shutdown(connection.fd(), SHUT_RDWR);
    closed.count_down();
  });
  const auto stream = connect_unix(server.socket(), generous(), {});
  closed.wait();
  EXPECT_FALSE(stream->is_quiet());
  EXPECT_THROW(stream->write_all("x", generous(), {}), StreamError);
}

TEST(Stream, StopsWritingWhenThePeerSpeaks) {
  test::Gate done;
  Server server([&](Connection& connection) {
    connection.read_exactly(1);
    connection.write("enough");
    done.wait();
  });
  const test::OpenAtEnd opened(done);
  const auto stream = connect_unix(server.socket(), generous(), {});
  const std::string much(64 << 20, 'x');
  EXPECT_LT(stream->write_until_readable(much, generous(), {}), much.size());
  char buffer[6];
  ASSERT_EQ(stream->read_some(buffer, generous(), {}), sizeof buffer);
  EXPECT_EQ(std::string_view(buffer, sizeof buffer), "enough");
}

}  // namespace
}  // namespace belay::net
