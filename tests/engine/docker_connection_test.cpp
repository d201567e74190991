#include "engine/docker_connection.h"

#include <array>
#include <atomic>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include "base/errors.h"
#include "base/fd.h"
#include "base/format.h"
#include "engine/docker.h"
#include "engine/docker_engine.h"
#include "server.h"

namespace belay::engine {
namespace {

using testing::HasSubstr;

// A unix socket that gives one fixed answer to whoever asks, a connection each.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : answer_(std::move(answer)), path_(folder_.path() / "engine.sock") {
    listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.string().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_.raw(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.raw(), 8), 0);
    server_ = std::thread([this] { serve(); });
  }
  ~OneAnswer() {
    ::shutdown(listener_.raw(), SHUT_RDWR);
    server_.join();
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  std::string host() const { return "unix://" + path_.string(); }

 private:
  void serve() {
    for (;;) {
      const Fd client(::accept4(listener_.raw(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      std::string request;
      std::array<char, 4096> buffer;
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t count = ::read(client.raw(), buffer.data(), buffer.size());
        if (count <= 0) break;
        request.append(buffer.data(), static_cast<size_t>(count));
      }
      EXPECT_EQ(::write(client.raw(), answer_.data(), answer_.size()), static_cast<ssize_t>(answer_.size()));
    }
  }

  TemporaryFolder folder_;
  std::string answer_;
  fs::path path_;
  Fd listener_;
  std::thread server_;
};

EngineError failure_at(const std::string& host) {
  try {
    docker_engine({.host = host, .tls_verify = {}, .cert_path = {}})->info({});
  } catch (const EngineError& error) {
    return error;
  }
  throw Error(ErrorCode::internal, "it worked");
}

TEST(Connection, HintsAtAnEngineThatDoesNotRun) {
  const TemporaryFolder folder;
  const EngineError absent = failure_at("unix://" + (folder.path() / "none.sock").string());
  EXPECT_EQ(absent.status(), 0);
  EXPECT_THAT(absent.what(), HasSubstr("the socket does not exist"));
  EXPECT_THAT(absent.hint(), HasSubstr("systemctl start docker"));

  Fd deaf(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder.path() / "deaf.sock").string();
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(deaf.raw(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_THAT(failure_at("unix://" + path).what(), HasSubstr("nothing listens at unix://"));
}

// What registry_image throws when the engine answers its question so (a version is negotiated by the same answer).
template <class Failure>
Failure registry_refusal(const std::string& status, const std::string& message) {
  const std::string body = R"({"message":")" + message + R"("})";
  const OneAnswer engine("HTTP/1.1 " + status +
                         "\r\nApi-Version: 1.41\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  try {
    docker_engine({.host = engine.host(), .tls_verify = {}, .cert_path = {}})->registry_image("r.example/web:1", {});
  } catch (const Failure& error) {
    return error;
  }
  throw Error(ErrorCode::internal, "it worked");
}

TEST(Connection, TellsWhyARegistryGaveNoAnswer) {
  const auto limited = registry_refusal<EngineError>("500 X", "toomanyrequests: You have reached your limit");
  EXPECT_EQ(limited.status(), 429);
  EXPECT_THAT(limited.what(), HasSubstr("You have reached your limit"));
  const auto stranger = registry_refusal<EngineError>("500 X", "no basic auth credentials");
  EXPECT_EQ(stranger.status(), 401);
  EXPECT_THAT(stranger.hint(), HasSubstr("docker login r.example"));
  EXPECT_THAT(registry_refusal<NotFound>("404 X", "manifest unknown: manifest unknown").what(),
              HasSubstr("the registry r.example has no r.example/web:1"));
  const auto down = registry_refusal<EngineError>("500 X", "dial tcp 192.0.2.1:443: connect: connection refused");
  EXPECT_EQ(down.status(), 500);
  EXPECT_THAT(down.what(), HasSubstr("connection refused"));
  EXPECT_THAT(registry_refusal<EngineError>("200 X", "no descriptor").what(), HasSubstr("names no digest"));
}

TEST(Connection, RefusesAnEngineThatIsTooOld) {
  const OneAnswer engine("HTTP/1.1 200 OK\r\nApi-Version: 1.39\r\nContent-Length: 2\r\n\r\nOK");
  const EngineError error = failure_at(engine.host());
  EXPECT_EQ(error.status(), 0);
  EXPECT_EQ(std::string(error.what()),
            "the engine at " + engine.host() + " speaks API 1.39; Belay needs 1.41 (Docker 20.10) or newer");
  EXPECT_FALSE(error.hint().empty());
}

TEST(Connection, SpeaksNoNewerVersionThanItKnows) {
  const OneAnswer engine(
      "HTTP/1.1 200 OK\r\nApi-Version: 1.99\r\nBuilder-Version: 2\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK");
  DockerConnection connection(find_endpoint({.host = engine.host(), .tls_verify = {}, .cert_path = {}}));
  EXPECT_EQ(connection.version({}).text(), "1.51");
  EXPECT_TRUE(connection.version({}).buildkit);
}

// An engine that answers by the path that it is asked for, after what comes before it in the connection; one with
// nothing to say is silent until the test ends.
class Engines {
 public:
  using Say = std::function<std::optional<std::string>(const std::string& request)>;
  explicit Engines(Say say)
      : say_(std::move(say)),
        server_([this](net::test::Connection& client) {
          for (std::string head = client.read_head(); !head.empty(); head = client.read_head()) {
            const auto answer = say_(head.substr(0, head.find('\r')));
            if (!answer) return gate_.wait();
            if (!client.write(*answer)) return;
          }
        }),
        open_(gate_) {}
  DockerEngine engine(Patience patience) const {
    return DockerEngine(
        find_endpoint({.host = "unix://" + server_.socket().string(), .tls_verify = {}, .cert_path = {}}), {}, {},
        patience);
  }

 private:
  Say say_;
  net::test::Gate gate_;
  net::test::Server server_;
  net::test::OpenAtEnd open_;
};

std::string pong(int minor) {
  return format("HTTP/1.1 200 OK\r\nApi-Version: 1.{}\r\nContent-Length: 2\r\n\r\nOK", minor);
}

bool asks(const std::string& request, std::string_view what) {
  return request.find(what) != std::string::npos;
}

constexpr Milliseconds moment{50}, hour{3'600'000};

TEST(Patience, APullOrALogThatSaysNothingMoreEnds) {
  const Engines silent([](const std::string& request) -> std::optional<std::string> {
    if (asks(request, "/_ping")) return pong(41);
    if (asks(request, "/web/json"))
      return net::test::answer(R"({"Id":"1","Name":"/web","State":{},"Config":{"Tty":true}})");
    if (asks(request, "/images/create"))
      return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{\"status\":\"Waiting\"}\r\n";
    return {};
  });
  DockerEngine engine = silent.engine({.answer = hour, .transfer = moment, .work = hour});
  EXPECT_THAT([&] { engine.pull("web:1", [](const Progress&) {}, {}); },
              testing::ThrowsMessage<EngineError>(HasSubstr("did not answer in time")));
  EXPECT_THAT([&] { engine.logs("web", {}, [](OutputStream, std::string_view) {}, {}); },
              testing::ThrowsMessage<EngineError>(HasSubstr("did not answer in time")));
}

// A volume whose server is away holds such a call for ever, whichever way the files go.
TEST(Patience, AnArchiveThatSaysNothingMoreEnds) {
  const Engines silent([](const std::string& request) -> std::optional<std::string> {
    if (asks(request, "/_ping")) return pong(41);
    if (asks(request, "GET") && asks(request, "/web/archive"))
      return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfile\r\n";
    return {};
  });
  DockerEngine engine = silent.engine({.answer = hour, .transfer = moment, .work = hour});
  const auto nothing = [](const Sink&) {};
  const auto ends = testing::ThrowsMessage<EngineError>(HasSubstr("did not answer in time"));
  EXPECT_THAT([&] { engine.read_archive("web", "/data", [](std::string_view) {}, {}); }, ends);
  EXPECT_THAT([&] { engine.write_archive("web", "/data", nothing, {}); }, ends);
  EXPECT_THAT([&] { engine.remove_path("web", "/data/file", {}); }, ends);
  EXPECT_THAT([&] { engine.save_images({"web:1"}, [](std::string_view) {}, {}); }, ends);
  EXPECT_THAT([&] { engine.load_images(nothing, [](const Progress&) {}, {}); }, ends);
}

TEST(Patience, SlowWorkIsWaitedForAsLongAsTheEngineAnswersToOthers) {
  for (const bool is_there : {true, false}) {
    SCOPED_TRACE(is_there);
    std::atomic<int> pings = 0;
    std::latch looked(3);
    const Engines slow([&](const std::string& request) -> std::optional<std::string> {
      if (asks(request, "/_ping")) {
        const int count = ++pings;
        if (count > 1 && !is_there) return {};
        if (count <= 3) looked.count_down();
        return pong(41);
      }
      // The work is done once it was asked twice whether the engine is there.
      if (!is_there) return {};
      looked.wait();
      return "HTTP/1.1 204 No Content\r\n\r\n";
    });
    DockerEngine engine = slow.engine({.answer = moment, .transfer = hour, .work = hour});
    const auto remove = [&] { engine.remove_volume("data", {}); };
    if (is_there)
      EXPECT_NO_THROW(remove());
    else
      EXPECT_THAT(remove, testing::ThrowsMessage<EngineError>(HasSubstr("did not answer in time")));
  }
}

TEST(Patience, AStopEndsTheWaitForSlowWork) {
  std::stop_source stop;
  const Engines slow([&](const std::string& request) -> std::optional<std::string> {
    if (asks(request, "/_ping")) return pong(41);
    stop.request_stop();
    return {};
  });
  DockerEngine engine = slow.engine({.answer = hour, .transfer = hour, .work = hour});
  EXPECT_THROW(engine.start_container("web", stop.get_token()), Cancelled);
}

TEST(Connection, LearnsThatAnotherEngineHasTakenThePlace) {
  std::atomic<int> newest = 51;
  const Engines replaced([&](const std::string& request) -> std::optional<std::string> {
    if (asks(request, "/_ping")) return pong(newest);
    if (!asks(request, format("/v1.{}/", newest.load())))
      return net::test::answer(R"({"message":"client version 1.51 is too new. Maximum supported API version is 1.43"})",
                               "400 Bad Request");
    return net::test::answer("[]");
  });
  DockerEngine engine = replaced.engine({});
  EXPECT_TRUE(engine.containers({}, {}).empty());
  newest = 43;
  EXPECT_THROW(engine.containers({}, {}), EngineError);
  EXPECT_TRUE(engine.containers({}, {}).empty()) << "one call is told, the next speaks as the new engine does";
}

TEST(Connection, RecognisesWhatIsNoEngine) {
  const OneAnswer other("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
  EXPECT_THAT(failure_at(other.host()).what(), HasSubstr("is not a container engine"));
  const OneAnswer tls(
      "HTTP/1.1 400 Bad Request\r\nContent-Length: 47\r\nConnection: close\r\n\r\n"
      "Client sent an HTTP request to an HTTPS server.");
  EXPECT_THAT(failure_at(tls.host()).hint(), HasSubstr("DOCKER_TLS_VERIFY"));
}

TEST(Refusals, AreToldInTheEnginesOwnWordsWithoutItsLayers) {
  EXPECT_EQ(clean_message("failed to create task for container: failed to create shim task: OCI runtime create failed: "
                          "runc create failed: unable to start container process: exec: \"/nope\": stat /nope: no such "
                          "file or directory: unknown\n"),
            "exec: \"/nope\": stat /nope: no such file or directory");
  EXPECT_EQ(clean_message("OCI runtime create failed: container_linux.go:380: starting container process caused: exec: "
                          "\"x\": executable file not found in $PATH: unknown"),
            "exec: \"x\": executable file not found in $PATH");
  EXPECT_EQ(clean_message("container " + std::string(64, 'a') + " is paused"), "container aaaaaaaaaaaa is paused");
}

TEST(Refusals, NameThePortThatIsTaken) {
  for (const char* message :
       {"driver failed programming external connectivity on endpoint web (abc): Bind for 0.0.0.0:8080 failed: port is "
        "already allocated",
        "driver failed programming external connectivity on endpoint web: Error starting userland proxy: listen tcp4 "
        "0.0.0.0:8080: bind: address already in use",
        "failed to set up container networking: driver failed programming external connectivity on endpoint web: Bind "
        "for :::8080 failed: port is already allocated",
        "failed to bind host port for [::]:8080:172.17.0.2:80/tcp: address already in use",
        "failed to bind host port 127.0.0.1:8080/tcp: address already in use"})
    EXPECT_EQ(held_port(message), "port 8080 is already in use on this host") << message;
  EXPECT_FALSE(held_port("the volume is in use"));
}

TEST(Refusals, BecomeWhatCallersActOn) {
  net::Response response;
  response.status = 404;
  response.body = R"({"message":"No such container: web"})";
  EXPECT_THROW(refuse(response), NotFound);
  response.status = 409;
  EXPECT_THROW(refuse(response), Conflict);
  response.status = 502;
  response.body = "bad gateway\n";
  try {
    refuse(response);
  } catch (const EngineError& error) {
    EXPECT_EQ(error.status(), 502);
    EXPECT_STREQ(error.what(), "bad gateway");
  }
}

// An engine that answers everything with this, but for the version.
class Parrot {
 public:
  Parrot(const std::string& status, const std::string& body)
      : answer_(format("HTTP/1.1 {}\r\nApi-Version: 1.41\r\nContent-Length: {}\r\n"
                       "Connection: close\r\n\r\n{}",
                       status, body.size(), body)) {}
  // "" where the call was content.
  std::string refusal(const std::function<void(Engine&)>& call) {
    try {
      call(*docker_engine({.host = answer_.host(), .tls_verify = {}, .cert_path = {}}));
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

 private:
  OneAnswer answer_;
};

TEST(Answers, AListThatIsNoListIsAnErrorAndNotAnEmptyOne) {
  for (const std::string body : {"{}", "null", "7", R"("x")", R"({"message":"busy"})"}) {
    Parrot engine("200 OK", body);
    EXPECT_THAT(engine.refusal([](Engine& e) { e.containers({}, {}); }), HasSubstr("not the list")) << body;
    EXPECT_THAT(engine.refusal([](Engine& e) { e.images({}, {}); }), HasSubstr("not the list")) << body;
    EXPECT_THAT(engine.refusal([](Engine& e) { e.networks({}); }), HasSubstr("not the list")) << body;
    EXPECT_THAT(engine.refusal([](Engine& e) { e.volumes({}, {}); }), HasSubstr("not ")) << body;
    EXPECT_NE(engine.refusal([](Engine& e) { e.container("web", {}); }), "") << body;
    EXPECT_NE(engine.refusal([](Engine& e) { e.image("web:1", {}); }), "") << body;
  }
  Parrot empty("200 OK", "[]");
  EXPECT_EQ(empty.refusal([](Engine& e) { EXPECT_TRUE(e.containers({}, {}).empty()); }), "");
  Parrot without("200 OK", R"({"Volumes":null,"Warnings":null})");
  EXPECT_EQ(without.refusal([](Engine& e) { EXPECT_TRUE(e.volumes({}, {}).empty()); }), "");
}

TEST(Answers, ASuccessThatDockerDoesNotKnowIsNoSuccess) {
  const auto all = [](Parrot& engine) {
    std::vector<std::string> refusals;
    const auto take = [&](const std::function<void(Engine&)>& call) { refusals.push_back(engine.refusal(call)); };
    take([](Engine& e) { e.start_container("web", {}); });
    take([](Engine& e) { e.signal_container("web", "HUP", {}); });
    take([](Engine& e) { e.rename_container("web", "old", {}); });
    take([](Engine& e) { e.remove_container("web", {}); });
    take([](Engine& e) { e.remove_volume("data", {}); });
    take([](Engine& e) { e.create_network({.name = "front"}, {}); });
    take([](Engine& e) { e.create_volume({.name = "data"}, {}); });
    take([](Engine& e) { e.tag_image("web:1", "web:2", {}); });
    take([](Engine& e) { std::ignore = e.commit_container({"web", "web:2", {}, {}, {}}, {}); });
    return refusals;
  };
  Parrot liar("202 Accepted", "{}");
  EXPECT_THAT(all(liar), testing::Each(HasSubstr("does not say that it was done")));
  Parrot ok("200 OK", "{}");
  EXPECT_THAT(all(ok), testing::Each(HasSubstr("does not say that it was done")));
  // What stops is looked at first: this one answers for both.
  Parrot stopping("200 OK", R"({"Id":"1","Name":"/web","State":{},"Config":{}})");
  EXPECT_THAT(stopping.refusal([](Engine& e) { e.stop_container("web", {}, {}); }), HasSubstr("answered 200"));
}

TEST(Answers, AnUpdateThatNamesNoWarningsWasNotDone) {
  const auto refusals = [](const char* body) {
    Parrot engine("200 OK", body);
    return std::vector{engine.refusal([](Engine& e) { e.set_restart_policy("web", {"always", 0}, {}); }),
                       engine.refusal([](Engine& e) { e.update_resources("web", {}, {}); })};
  };
  EXPECT_THAT(refusals("{}"), testing::Each(HasSubstr("does not say that web was updated")));
  EXPECT_THAT(refusals("null"), testing::Each(HasSubstr("does not say that web was updated")));
  EXPECT_THAT(refusals(R"({"Warnings":null})"), testing::Each(""));
  EXPECT_THAT(refusals(R"({"Warnings":["no swap"]})"), testing::Each(""));
}

TEST(Targets, EscapeWhatComesFromOutside) {
  Target target("/images/" + escaped("a/b:1@sha256:x") + "/json");
  target.with("filters", R"({"label":["a=b&c"]})").with_optional("left", "").with("t", "1 2");
  EXPECT_EQ(target.text(), "/images/a/b:1@sha256:x/json?filters=%7B%22label%22:%5B%22a%3Db%26c%22%5D%7D&t=1%202");
}

TEST(RefusedStarts, OnlyWhatTheImageWantsToRunIsItsFault) {
  using Cause = EngineError::Cause;
  struct Case {
    const char* answer;
    Cause cause;
  };
  const Case cases[] = {
      {R"(OCI runtime create failed: container_linux.go:380: starting container process caused: exec: \"nosuch\": )"
       R"(executable file not found in $PATH: unknown)",
       Cause::image},
      {R"(failed to create task for container: failed to create shim task: OCI runtime create failed: runc create )"
       R"(failed: unable to start container process: exec: \"nosuch\": executable file not found in $PATH: unknown)",
       Cause::image},
      {"OCI runtime create failed: exec format error", Cause::image},
      {"unable to find user nosuch: no matching entries in passwd file", Cause::image},
      {R"(failed to create shim task: exec: \"/app\": permission denied: unknown)", Cause::image},
      {"error while mounting volume '/var/lib/docker/volumes/nas/_data': failed to mount local volume", Cause::host},
      {R"(OCI runtime create failed: rootfs_linux.go:76: mounting \"/srv/a\" to rootfs at \"/a\" caused: not a )"
       R"(directory: Are you trying to mount a directory onto a file (or vice-versa)?)",
       Cause::host},
      {"failed to initialize logging driver: dial tcp 127.0.0.1:5514: connect: connection refused", Cause::host},
      {"network backend is ambiguous (2 matches found on name)", Cause::host},
      {"could not select device driver \"nvidia\" with capabilities: [[gpu]]", Cause::host},
      {"error gathering device information while adding custom device \"/dev/x\": no such file", Cause::host},
      {"Address already in use", Cause::host},
      {"write /var/lib/docker/x: no space left on device", Cause::host},
      {"task 3f2a: already exists: unknown", Cause::broken_container},
      // Programs that the engine itself runs for a start.
      {R"(driver failed programming external connectivity on endpoint web (3f2a): error starting userland proxy: )"
       R"(exec: \"docker-proxy\": executable file not found in $PATH)",
       Cause::host},
      {R"(failed to create task for container: exec: \"docker-init\": executable file not found in $PATH)",
       Cause::host},
      {R"(OCI runtime create failed: unable to retrieve OCI runtime error (open /run/log.json: no such file or )"
       R"(directory): exec: \"nvidia-container-runtime\": executable file not found in $PATH: unknown)",
       Cause::host},
      {R"(OCI runtime create failed: unable to start container process: error during container init: error running )"
       R"(hook #0: fork/exec /usr/bin/gpu-hook: no such file or directory)",
       Cause::host},
      {R"(failed to set up container networking: exec: \"iptables\": executable file not found in $PATH)", Cause::host},
      {R"(Unknown runtime specified nvidia)", Cause::host},
      {R"(unknown or invalid runtime name: kata)", Cause::host},
      {R"(failed to create shim task: exec: \"/app\": stat /app: input/output error)", Cause::host},
      {R"(unable to start container process: chdir to cwd (\"/mnt/x\") failed: stale NFS file handle)", Cause::host},
      // Commands of the container that are called like those.
      {R"(OCI runtime create failed: runc create failed: unable to start container process: error during container )"
       R"(init: exec: \"iptables\": executable file not found in $PATH)",
       Cause::image},
      {R"(failed to create shim task: OCI runtime create failed: runc create failed: unable to start container )"
       R"(process: exec: \"webhook\": executable file not found in $PATH: unknown)",
       Cause::image},
      {"crun: executable file `nosuch` not found in $PATH: No such file or directory", Cause::image},
      {R"(unable to start container process: chdir to cwd (\"/root\") failed: permission denied)", Cause::image},
  };
  for (const auto& each : cases) EXPECT_EQ(cause_of_refused_start(each.answer), each.cause) << each.answer;
}

}  // namespace
}  // namespace belay::engine
