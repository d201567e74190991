#include "backup/sftp.h"

#include <arpa/inet.h>
#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pwd.h>
#include <random>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/child.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/format.h"
#include "base/process.h"
#include "base/text.h"
#include "private_mounts.h"

namespace belay::backup {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string all_of(Download& download) {
  std::string text;
  char room[50'001];
  while (const std::size_t got = download.read(room)) text.append(room, got);
  return text;
}

struct Failure {
  std::string what, hint;
};
Failure failure(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return {error.what(), error.hint()};
  }
  return {"no error", ""};
}

int free_port() {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket.raw(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket.raw(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw system_error("looking for a port", errno);
  return ntohs(address.sin_port);
}

void kill_all_below(pid_t pid) {
  std::ifstream children(format("/proc/{0}/task/{0}/children", pid));
  for (pid_t child = 0; children >> child;) {
    kill_all_below(child);
    ::kill(child, SIGKILL);
  }
}

// A server of OpenSSH on this machine for the account that runs the tests, with keys of its own and nothing but files.
class Server {
 public:
  explicit Server(const std::string& more_settings = {}) {
    for (const char* key : {"host", "user", "stranger"})
      run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", path(key)});
    fs::copy_file(path("user.pub"), path("authorized_keys"));
    // Where it locks its helper process up. The package's own start makes it too.
    if (::geteuid() == 0) fs::create_directories("/run/sshd");
    constexpr int attempts = 5;
    for (int i = 0; i < attempts && !is_up(); ++i) start(more_settings);
    if (!is_up()) throw Error(ErrorCode::internal, "sshd does not start: " + std::string(sshd_->errors()));
    trust("host");
    write_ssh_config("user");
  }

  // Both without a restart of the server.
  void trust(const std::string& key) {
    std::ofstream known(path("known_hosts"));
    if (!key.empty()) known << format("[127.0.0.1]:{} {}", port_, read_file(path(key + ".pub")));
  }
  void write_ssh_config(const std::string& key) {
    std::ofstream(path("ssh_config")) << format(
        "Host box\n  HostName 127.0.0.1\n  Port {}\n  User {}\nHost *\n  IdentityFile {}\n  IdentitiesOnly yes\n"
        "  IdentityAgent none\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n  RemoteCommand ls\n",
        port_, user(), path(key), path("known_hosts"));
  }

  std::unique_ptr<Destination> at(const std::string& folder, const std::string& host = "box") const {
    Programs programs;
    programs.ssh = {"ssh", "-F", path("ssh_config")};
    return destination(parse_place(format("sftp://{}{}", host, folder)), programs);
  }

  // As when the line breaks: the server itself stays up.
  void cut_connections() { kill_all_below(pid_); }
  void end() { sshd_->end(); }
  int port() const { return port_; }
  static std::string user() { return ::getpwuid(::geteuid())->pw_name; }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

 private:
  void run(std::vector<std::string> command) {
    ProcessRequest request;
    request.command = std::move(command);
    const auto result = run_process(request, {});
    if (result.exit_code != 0) throw Error(ErrorCode::internal, result.errors);
  }

  void start(const std::string& more_settings) {
    sshd_.reset();
    port_ = free_port();
    std::ofstream(path("sshd_config")) << format(
        "ListenAddress 127.0.0.1\nPort {}\nHostKey {}\nPidFile {}\nAuthorizedKeysFile {}\nStrictModes no\n"
        "UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n"
        "Subsystem sftp internal-sftp\nForceCommand internal-sftp\n{}\n",
        port_, path("host"), path("sshd.pid"), path("authorized_keys"), more_settings);
    ChildRequest request;
    // Should the test be killed, it does not stay for long.
    request.command = {"timeout", "--kill-after=5", "110", "/usr/sbin/sshd", "-D", "-e", "-f", path("sshd_config")};
    sshd_.emplace(request);
    // It writes the file when it listens.
    for (int i = 0; i < 500 && !is_up(); ++i) std::this_thread::sleep_for(Milliseconds(10));
    if (is_up()) pid_ = std::stoi(read_file(path("sshd.pid")));
  }
  // The file is there a moment before the number in it.
  bool is_up() const { return read_file_if_present(path("sshd.pid")).value_or("").ends_with('\n'); }

  const TemporaryFolder folder_;
  int port_ = 0;
  pid_t pid_ = 0;
  std::optional<Child> sshd_;
};

class Sftp : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists("/usr/sbin/sshd") || !find_program("ssh") || !find_program("ssh-keygen"))
      FAIL() << "openssh-server is missing: scripts/setup --for test";
  }
  const TemporaryFolder folder_;
  const std::string backups_ = (folder_.path() / "backups").string();
};

TEST_F(Sftp, KeepsBackupsOnAServerForFilesAlone) {
  const Server server;
  const auto where = server.at(backups_);
  std::string bytes(5'000'000, '\0');
  std::mt19937 random(7);
  for (auto& byte : bytes) byte = static_cast<char>(random());
  const auto upload = where->create("web.tar", {}, {});
  upload->write(bytes);
  upload->commit();
  EXPECT_TRUE(read_file(backups_ + "/web.tar") == bytes);
  EXPECT_TRUE(all_of(*where->open("web.tar", {})) == bytes);
  ASSERT_EQ(where->list({}).size(), 1U);
  EXPECT_EQ(where->list({})[0].size, 5'000'000);
  where->remove("web.tar", {});
  EXPECT_THAT(where->list({}), IsEmpty());
}

TEST_F(Sftp, TakesUserAndPortFromThePlace) {
  const Server server;
  const auto where = server.at(backups_, format("{}@127.0.0.1:{}", Server::user(), server.port()));
  const auto upload = where->create("web.tar", {}, {});
  upload->write("x");
  upload->commit();
  EXPECT_EQ(read_file(backups_ + "/web.tar"), "x");
}

TEST_F(Sftp, WorksForAnAccountThatIsLockedIntoAFolder) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can lock an account in";
  const bool done = with_memory_mounted("/mnt", "mode=0755,size=20m", [&] {
    const Server server("ChrootDirectory /mnt");
    const auto where = server.at("/down");
    const auto upload = where->create("web.tar", {}, {});
    upload->write("x");
    upload->commit();
    EXPECT_EQ(read_file("/mnt/down/web.tar"), "x");
    EXPECT_EQ(all_of(*where->open("web.tar", {})), "x");
  });
  if (!done) GTEST_SKIP() << "this account cannot mount";
}

TEST_F(Sftp, RefusesAServerThatIsNotKnown) {
  Server server;
  server.trust("");
  const Failure what = failure([&] { server.at(backups_)->list({}); });
  EXPECT_THAT(what.what, HasSubstr("reaching sftp://box/"));
  EXPECT_THAT(what.what, HasSubstr("Host key verification failed"));
  EXPECT_THAT(what.hint, HasSubstr("Accept the server's key once"));
}

TEST_F(Sftp, RefusesAServerWithAnotherKeyThanBefore) {
  Server server;
  server.trust("stranger");
  const Failure what = failure([&] { server.at(backups_)->list({}); });
  EXPECT_THAT(what.what, HasSubstr("Host key verification failed"));
  EXPECT_THAT(what.hint, HasSubstr("ssh-keygen -R"));
}

TEST_F(Sftp, SaysHowToGetInWhereTheServerDoesNotLetUs) {
  Server server;
  server.write_ssh_config("stranger");
  const Failure what = failure([&] { server.at(backups_)->list({}); });
  EXPECT_THAT(what.what, HasSubstr("Permission denied (publickey)"));
  EXPECT_THAT(what.hint, HasSubstr("ssh-copy-id"));
}

TEST_F(Sftp, SaysThatNobodyAnswers) {
  Server server;
  server.end();
  const Failure what = failure([&] { server.at(backups_)->list({}); });
  EXPECT_THAT(what.what, HasSubstr("Connection refused"));
  EXPECT_THAT(what.hint, HasSubstr("Try: ssh box"));
}

TEST_F(Sftp, FailsAnUploadWhoseLineBreaksAndConnectsAgain) {
  Server server;
  const auto where = server.at(backups_);
  EXPECT_THAT(failure([&] {
                const auto upload = where->create("web.tar", {}, {});
                upload->write(std::string(1 << 20, 'x'));
                server.cut_connections();
                for (int i = 0; i < 1000; ++i) upload->write(std::string(1 << 20, 'x'));
              }).what,
              HasSubstr("web.tar: ssh ended with exit code 255"));
  // What could not be taken back looks like what it is.
  EXPECT_THAT(where->list({}), IsEmpty());
  const auto upload = where->create("web.tar", {}, {});
  upload->write("whole");
  upload->commit();
  EXPECT_EQ(read_file(backups_ + "/web.tar"), "whole");
}

TEST_F(Sftp, FailsACommitWhoseLineBreaks) {
  Server server;
  const auto where = server.at(backups_);
  const auto upload = where->create("web.tar", {}, {});
  upload->write("x");
  server.cut_connections();
  EXPECT_THAT(failure([&] { upload->commit(); }).what, HasSubstr("ssh ended with exit code 255"));
  EXPECT_FALSE(fs::exists(backups_ + "/web.tar"));
}

TEST_F(Sftp, FailsADownloadWhoseLineBreaks) {
  Server server;
  fs::create_directory(backups_);
  std::ofstream(backups_ + "/web.tar") << std::string(20'000'000, 'x');
  const auto download = server.at(backups_)->open("web.tar", {});
  char room[100];
  EXPECT_GT(download->read(room), 0U);
  server.cut_connections();
  EXPECT_THAT(failure([&] { all_of(*download); }).what, HasSubstr("ssh ended with exit code 255"));
}

TEST_F(Sftp, SaysWhatTheServerDoesNotAllow) {
  const Server server;
  EXPECT_THAT(failure([&] { server.at("/proc/belay")->create("web.tar", {}, {}); }).what,
              HasSubstr("writing sftp://box/proc/belay/web.tar: making the folder /proc/belay on the server: "));
}

TEST(SftpProgram, ThatTalksBeforeTheServerDoesIsSeen) {
  Place place = parse_place("sftp://box/srv");
  EXPECT_THAT(failure([&] {
                SftpDestination::through(place, {"sh", "-c", "echo Welcome to the machine; cat >/dev/null"})->list({});
              }).what,
              HasSubstr("does not keep to the SFTP protocol: it sends 'Welcome to the machine'"));
}

// Servers that cannot put a file in another's place in one step.
TEST(SftpProgram, ThatCannotReplaceAFileInOneStepReplacesIt) {
  const TemporaryFolder folder;
  const auto server = SftpDestination::through(parse_place(format("sftp://box{}", folder.path().string())),
                                               {"/usr/lib/openssh/sftp-server", "-P", "posix-rename"});
  for (const char* text : {"first", "second"}) {
    const auto upload = server->create("web.tar", {.replace = true}, {});
    upload->write(text);
    upload->commit();
  }
  EXPECT_EQ(read_file(folder.path() / "web.tar"), "second");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(SftpProgram, ThatCannotReplaceAFileLeavesIt) {
  const TemporaryFolder folder;
  write_file_durably(folder.path() / "web.tar", "first");
  const auto server = SftpDestination::through(parse_place(format("sftp://box{}", folder.path().string())),
                                               {"/usr/lib/openssh/sftp-server", "-P", "posix-rename,rename"});
  EXPECT_NE(failure([&] {
              const auto upload = server->create("web.tar", {.replace = true}, {});
              upload->write("second");
              upload->commit();
            }).what,
            "no error");
  EXPECT_EQ(read_file(folder.path() / "web.tar"), "first");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

// A stop between the two steps of that: the request that gives the name to the new file waits, until the stop is there.
TEST(SftpProgram, ThatCannotReplaceAFileInOneStepIsNotStoppedHalfWay) {
  const TemporaryFolder folder, signs;
  const fs::path script = signs.path() / "between";
  write_file_durably(script, R"(import os, struct, subprocess, sys, time
server = subprocess.Popen(["/usr/lib/openssh/sftp-server", "-P", "posix-rename"], stdin=subprocess.PIPE)
renames = 0
while head := sys.stdin.buffer.read(4):
    packet = sys.stdin.buffer.read(struct.unpack(">I", head)[0])
    renames += packet[0] == 18
    if renames == 2:
        open(sys.argv[1] + "/held", "w").close()
        while not os.path.exists(sys.argv[1] + "/go"):
            time.sleep(0.01)
    server.stdin.write(head + packet)
    server.stdin.flush()
server.stdin.close()
server.wait()
)");
  const auto server = SftpDestination::through(parse_place(format("sftp://box{}", folder.path().string())),
                                               {"python3", "-u", script.string(), signs.path().string()});
  write_file_durably(folder.path() / "web.tar", "first");
  std::stop_source source;
  const std::jthread stopper([&](const std::stop_token& end) {
    while (!fs::exists(signs.path() / "held") && !end.stop_requested())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    source.request_stop();
    write_file_durably(signs.path() / "go", "");
  });
  try {
    const auto upload = server->create("web.tar", {.replace = true}, source.get_token());
    upload->write("second");
    upload->commit();
  } catch (const Cancelled&) {
  }
  EXPECT_EQ(read_file(folder.path() / "web.tar"), "second");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(SftpProgram, ThatEndsSaysWhy) {
  EXPECT_THAT(
      failure([&] {
        SftpDestination::through(parse_place("sftp://box/srv"), {"sh", "-c", "echo go away >&2; exit 3"})->list({});
      }).what,
      HasSubstr("sh ended with exit code 3: go away"));
}

}  // namespace
}  // namespace belay::backup
