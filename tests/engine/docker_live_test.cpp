// The Docker engine against a real one, whose address is in $BELAY_TEST_ENGINE. Needs a static busybox on this machine;
// everything made here carries the process id in its name and is removed at the end.

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <mutex>
#include <thread>
#include <unistd.h>

#include "base/errors.h"
#include "base/files.h"
#include "base/format.h"
#include "engine/captured_output.h"
#include "engine/direct.h"
#include "engine/docker.h"
#include "engine/hang_up_inside.h"
#include "tar_text.h"

namespace belay::engine {
namespace {

using testing::HasSubstr;

std::string tar_entry(const std::string& name, const std::string& content, const char* mode) {
  std::string header(512, '\0');
  const auto put = [&](size_t at, const std::string& text) { header.replace(at, text.size(), text); };
  put(0, name);
  put(100, mode);
  put(108, "0000000");
  put(116, "0000000");
  put(124, format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");
  put(156, "0");
  put(257, std::string("ustar\0"
                       "00",
                       8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, format("{:06o}", sum));
  header[154] = '\0';
  std::string padding((512 - content.size() % 512) % 512, '\0');
  return header + content + padding;
}

std::string busybox() {
  std::ifstream file("/bin/busybox", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A terminal that types what it is told and remembers what it sees.
class Script : public Terminal {
 public:
  explicit Script(std::vector<std::string> input) : input_(std::move(input)) {}
  std::string read(std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    if (next_ < input_.size()) return input_[next_++];
    if (ends_) return {};
    wake_.wait(lock, stop, [] { return false; });
    return {};
  }
  void write(OutputStream stream, std::string_view bytes) override {
    std::lock_guard lock(mutex_);
    (stream == OutputStream::out ? out : err) += bytes;
  }
  std::optional<Size> size() override { return Size{.rows = 33, .columns = 99}; }
  std::shared_ptr<void> on_resize(std::function<void(Size)>) override { return {}; }
  // The input stays open once everything is typed.
  Script& without_end() {
    ends_ = false;
    return *this;
  }

  std::string out, err;

 private:
  std::vector<std::string> input_;
  size_t next_ = 0;
  bool ends_ = true;
  std::mutex mutex_;
  std::condition_variable_any wake_;
};

class RealEngine : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const char* host = std::getenv("BELAY_TEST_ENGINE");
    if (host == nullptr || *host == '\0') return;
    engine_ = docker_engine({.host = host, .tls_verify = {}, .cert_path = {}});
    image_id_ = build(Builder::classic, base_dockerfile, {image()});
  }
  static void TearDownTestSuite() {
    if (!engine_) return;
    engine_->remove_image(image_id_, {});
    engine_.reset();
  }
  void SetUp() override {
    if (!engine_) GTEST_SKIP() << "BELAY_TEST_ENGINE names no engine";
  }
  void TearDown() override {
    if (!engine_) return;
    for (const auto& container : engine_->containers({}, {})) {
      if (!container.name.starts_with(prefix())) continue;
      engine_->stop_container(container.name, Seconds(0), {});
      engine_->remove_container(container.name, {});
    }
    for (const auto& network : engine_->networks({}))
      if (network.name.starts_with(prefix())) engine_->remove_network(network.name, {});
    for (const auto& volume : engine_->volumes({}, {}))
      if (volume.name.starts_with(prefix())) engine_->remove_volume(volume.name, {});
  }

  static std::string prefix() { return format("live{}-", ::getpid()); }
  static std::string image() { return format("belay-live:{}", ::getpid()); }

  static std::string build(Builder builder, const std::string& dockerfile, const std::vector<std::string>& tags,
                           const ProgressSink& progress = {}) {
    BuildRequest request;
    request.write_context = [&](const std::function<void(std::string_view)>& sink) {
      sink(tar_entry("Dockerfile", dockerfile, "0000644"));
      sink(tar_entry("busybox", busybox(), "0000755"));
      sink(std::string(1024, '\0'));
    };
    request.tags = tags;
    request.arguments = {{"GREETING", "good morning"}};
    request.labels = {{"live.label", "with space"}};
    request.builder = builder;
    return engine_->build(request, progress, {});
  }

  // Creates and starts a container that runs this shell script.
  static std::string run(const std::string& name, const std::string& script, Service service = {}) {
    service.command = {{"sh", "-c", script}};
    create(name, service);
    engine_->start_container(prefix() + name, {});
    return prefix() + name;
  }
  static void create(const std::string& name, const Service& service) {
    engine_->create_container(
        {.name = prefix() + name, .image = image_id_, .service = service, .labels = {}, .restart = service.restart},
        {});
  }

  static ContainerDetail ended(const std::string& name) {
    for (;;) {
      const auto detail = engine_->container(name, {});
      if (!detail) throw Error(ErrorCode::internal, "it is gone");
      if (!detail->container.is_up()) return *detail;
      std::this_thread::yield();
    }
  }

  static constexpr const char* base_dockerfile =
      "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n"
      "ENV FROM_IMAGE=yes\nVOLUME /image-data\nEXPOSE 7000\nLABEL of=image\nUSER 0:0\nSTOPSIGNAL SIGINT\n"
      "WORKDIR /work\nHEALTHCHECK --interval=30s CMD true\nCMD [\"sleep\", \"1000\"]\n";

  static std::unique_ptr<Engine> engine_;
  static std::string image_id_;
};
std::unique_ptr<Engine> RealEngine::engine_;
std::string RealEngine::image_id_;

// Every field that an ordinary engine accepts without devices, plugins or other cgroup controllers.
Service everything(const std::string& prefix, const std::string& image_id, const std::string& folder) {
  Service service;
  service.name = prefix + "all";
  service.image = image_id;
  service.command = {{"sh", "-c", "sleep 100"}};
  service.entrypoint = std::vector<std::string>{"/bin/busybox"};
  service.environment = {{"A", "1"}, {"QUOTED", "\"x\"\n=é"}, {"EMPTY", ""}};
  service.ports = {{.container_port = 80, .protocol = "tcp", .host_ip = "127.0.0.1", .host_port = 18081},
                   {.container_port = 81, .protocol = "udp", .host_ip = "", .host_port = std::nullopt}};
  service.publish_all_ports = true;
  service.exposed_ports = {"90/tcp"};
  service.mounts = {
      {Mount::Kind::volume, prefix + "data", "/data", false, ""},
      {Mount::Kind::volume, prefix + "copy", "/copy", true, "nocopy"},
      {Mount::Kind::bind, folder, "/host", true, "rprivate"},
      {Mount::Kind::volume, "", "/anonymous-nocopy", false, "nocopy"},
      {Mount::Kind::tmpfs, "", "/tmp", false, "size=1m"},
      {Mount::Kind::volume, "", "/anonymous", false, ""},
  };
  service.networks = {{prefix + "one", {"front", "web"}, "", ""}, {prefix + "two", {"back"}, "", ""}};
  service.links = {prefix + "db:database"};
  service.volumes_from = {prefix + "db:ro"};
  service.user = "1000:1000";
  service.working_dir = "/host";
  service.hostname = "outer";
  service.domainname = "example.org";
  service.mac_address = "02:42:ac:11:00:0c";
  service.stop_signal = "SIGUSR1";
  service.stop_timeout = 3;
  service.labels = {{"key", "value"}, {"empty", ""}};
  service.health = HealthCheck{{"CMD-SHELL", "exit 0"}, Milliseconds(1500), Seconds(2), Seconds(5), 4};
  service.restart = {"on-failure", 5};
  service.resources.memory = ByteCount{64 << 20};
  service.resources.memory_swap = ByteCount{96 << 20};
  service.resources.memory_reservation = ByteCount{32 << 20};
  service.resources.nano_cpus = 500'000'000;
  service.resources.cpu_shares = 512;
  service.resources.pids_limit = 100;
  service.resources.cpuset_cpus = "0";
  service.tty = service.stdin_open = service.read_only = true;
  service.init = true;
  service.cap_add = {"NET_ADMIN"};
  service.cap_drop = {"MKNOD"};
  service.security_opt = {"no-new-privileges"};
  service.group_add = {"12"};
  service.device_cgroup_rules = {"c 1:3 mr"};
  service.dns = {"10.0.0.53"};
  service.dns_search = {"example.org"};
  service.dns_options = {"ndots:2"};
  service.extra_hosts = {"db:10.0.0.7"};
  service.devices = {{"/dev/null", "/dev/empty", "rw"}};
  service.ulimits = {{"nofile", 512, 1024}};
  service.sysctls = {{"net.ipv4.ip_forward", "0"}};
  service.ipc_mode = "shareable";
  service.pid_mode = "host";
  service.shm_size = ByteCount{32 << 20};
  service.oom_score_adj = 100;
  service.log_driver = "json-file";
  service.log_options = {{"max-size", "1m"}};
  return service;
}

TEST_F(RealEngine, ReadsBackTheServiceThatAContainerWasMadeFrom) {
  const TemporaryFolder folder;
  const Service wanted = everything(prefix(), image_id_, folder.path().string());
  for (const auto& link : wanted.networks) engine_->create_network({link.network, {{"live", "1"}}}, {});
  for (const auto* name : {"data", "copy"}) engine_->create_volume({prefix() + name, {{"mine", "yes"}}}, {});
  Service database;
  database.networks = {{prefix() + "one", {}, "", ""}};
  create("db", database);
  create("all", wanted);
  const auto detail = engine_->container(prefix() + "all", {});
  ASSERT_TRUE(detail);
  Spec before, after;
  before.services = {wanted};
  after.services = {detail->service};
  std::string differing;
  for (const auto& change : differences(before, after)) differing += change.text() + "\n";
  EXPECT_EQ(differing, "");
  EXPECT_EQ(detail->service, wanted);
  EXPECT_TRUE(detail->has_health_check);
  for (const auto& volume : engine_->volumes("mine=yes", {})) EXPECT_EQ(volume.labels.at("mine"), "yes");
}

TEST_F(RealEngine, ReadsBackTheSameOnceTheContainerRuns) {
  Service wanted;
  wanted.name = prefix() + "runs";
  wanted.image = image_id_;
  wanted.command = {{"sleep", "100"}};
  wanted.hostname = "outer";
  wanted.networks = {{prefix() + "one", {"web"}, "", ""}, {prefix() + "two", {"back"}, "", ""}};
  wanted.ports = {{.container_port = 80, .protocol = "tcp", .host_ip = "", .host_port = 18082}};
  wanted.mounts = {{Mount::Kind::volume, prefix() + "data", "/data", true, ""}};
  wanted.resources.memory = ByteCount{64 << 20};
  wanted.restart.name = "unless-stopped";
  for (const auto& link : wanted.networks) engine_->create_network({link.network}, {});
  create("runs", wanted);
  engine_->start_container(wanted.name, {});
  EXPECT_EQ(engine_->container(wanted.name, {})->service, wanted);
  Service host;
  host.name = prefix() + "host";
  host.image = image_id_;
  host.command = {{"sleep", "100"}};
  host.restart.name = "no";
  host.network_mode = "host";
  create("host", host);
  engine_->start_container(host.name, {});
  EXPECT_EQ(engine_->container(host.name, {})->service, host);
  Service guest = host;
  guest.name = prefix() + "guest";
  guest.network_mode = "container:" + wanted.name;
  create("guest", guest);
  engine_->start_container(guest.name, {});
  EXPECT_EQ(engine_->container(guest.name, {})->service, guest);
}

TEST_F(RealEngine, AddsNothingToAServiceThatAsksForNothing) {
  create("plain", {});
  const auto detail = engine_->container(prefix() + "plain", {});
  ASSERT_TRUE(detail);
  Service plain;
  plain.name = prefix() + "plain";
  plain.image = image_id_;
  plain.restart.name = "no";
  EXPECT_EQ(detail->service, plain);
  ASSERT_EQ(detail->container.mounts.size(), 1U);
  EXPECT_EQ(detail->container.mounts[0].target, "/image-data");
  EXPECT_EQ(detail->container.mounts[0].source.size(), 64U) << "an anonymous volume has a name on the engine";
}

TEST_F(RealEngine, ListsWhatAnInspectionShows) {
  Service service;
  service.ports = {{.container_port = 80, .protocol = "tcp", .host_ip = "", .host_port = std::nullopt}};
  service.labels = {{"live.list", "1"}};
  const std::string name = run("listed", "sleep 100", service);
  const auto list = engine_->containers({.all = false, .label = "live.list=1"}, {});
  ASSERT_EQ(list.size(), 1U);
  const auto detail = engine_->container(name, {});
  ASSERT_TRUE(detail);
  EXPECT_EQ(list[0].name, name);
  EXPECT_EQ(list[0].image_id, image_id_);
  EXPECT_EQ(list[0].created, detail->container.created);
  EXPECT_EQ(list[0].ports, detail->container.ports);
  EXPECT_EQ(list[0].ports.size(), 1U);
  EXPECT_EQ(list[0].state, ContainerState::running);
  EXPECT_EQ(list[0].mounts, detail->container.mounts);
  EXPECT_EQ(list[0].networks, detail->container.networks);
  EXPECT_EQ(detail->network_addresses.size(), 1U);
  EXPECT_EQ(list[0].health, Health::starting);
}

TEST_F(RealEngine, TakesTheSameOrderTwice) {
  const std::string name = run("twice", "sleep 100");
  engine_->start_container(name, {});
  engine_->stop_container(name, Seconds(0), {});
  engine_->stop_container(name, Seconds(0), {});
  engine_->create_network({prefix() + "net"}, {});
  engine_->create_network({prefix() + "net"}, {});
  engine_->connect_network(name, {prefix() + "net", {"alias"}, "", ""}, {});
  engine_->connect_network(name, {prefix() + "net", {"alias"}, "", ""}, {});
  engine_->start_container(name, {});
  EXPECT_THROW(engine_->remove_network(prefix() + "net", {}), Conflict);
  engine_->disconnect_network(name, prefix() + "net", {});
  engine_->disconnect_network(name, prefix() + "net", {});
  engine_->remove_network(prefix() + "net", {});
  engine_->remove_network(prefix() + "net", {});
  engine_->create_volume({prefix() + "volume"}, {});
  engine_->create_volume({prefix() + "volume"}, {});
  engine_->remove_volume(prefix() + "volume", {});
  engine_->remove_volume(prefix() + "volume", {});
  EXPECT_THROW(engine_->remove_container(name, {}), Conflict);
  engine_->stop_container(name, Seconds(0), {});
  engine_->remove_container(name, {});
  engine_->remove_container(name, {});
}

// The tests' engine is one of this machine.
TEST_F(RealEngine, SharesItsFilesWithWhoIsAllowedToReadThem) {
  const bool allowed = ::access(engine_->data_folder({}).c_str(), R_OK) == 0;
  EXPECT_EQ(shares_files(*engine_, {}), allowed);
  EXPECT_TRUE(engine_->volumes("belay.probe", {}).empty());
  EXPECT_FALSE(engine_->maps_ids({}));
}

// What a command is ended with from inside, where it has ended by itself a moment ago: the main process of a container
// that shares its processes with another has no parent in there either.
TEST_F(RealEngine, EndsNoMainProcessInPlaceOfACommandThatIsOver) {
  const std::string first = run("first", "sleep 100; true");
  Service sharing;
  sharing.pid_mode = "container:" + first;
  const std::string second = run("second", "sleep 100; true", sharing);
  const auto end_from = [&](const std::string& container, const std::string& before, const std::string& oldest) {
    ExecRequest request;
    request.command = {"sh", "-c", before + hang_up_inside, "sh", "sleep1111", "0", oldest};
    CapturedOutput output;
    engine_->exec(container, request, output, {});
    EXPECT_EQ(output.text(), "");
  };
  end_from(first, "", "1000");
  EXPECT_TRUE(engine_->container(second, {})->container.is_up()) << "it is of another control group";
  end_from(second, "sleep 3\n", "1");
  EXPECT_TRUE(engine_->container(second, {})->container.is_up()) << "it is older than the command";
  // The command itself is found, by its words.
  ExecRequest request;
  request.command = {"sleep", "1111"};
  request.detached = true;
  CapturedOutput unseen;
  engine_->exec(second, request, unseen, {});
  end_from(second, "", "1000");
  EXPECT_TRUE(engine_->container(second, {})->container.is_up());
  request.command = {"sh", "-c", "! cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep 'sleep 111[1]'"};
  request.detached = false;
  EXPECT_EQ(engine_->exec(second, request, unseen, {}), 0) << unseen.text();
}

TEST_F(RealEngine, ReadsWhatARunningContainerWrites) {
  Service service;
  service.mounts = {{Mount::Kind::volume, prefix() + "data", "/data", false, ""}};
  const std::string name =
      run("writer", "echo words > /data/file; chmod 4755 /data/file; ln /data/file /data/same; sleep 100", service);
  CapturedOutput output;
  ExecRequest request;
  request.command = {"sh", "-c", "until test -e /data/same; do sleep 0.01; done; echo to out; echo to err >&2; exit 3"};
  EXPECT_EQ(engine_->exec(name, request, output, {}), 3);
  EXPECT_THAT(output.text(), testing::AllOf(HasSubstr("to out\n"), HasSubstr("to err\n")));
  std::string bytes;
  engine_->read_archive(name, "/data", [&](std::string_view piece) { bytes += piece; }, {});
  const auto entries = entries_of(bytes);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries.at("data/file").content, "words\n");
  EXPECT_EQ(entries.at("data/file").mode, 04755);
  EXPECT_EQ(entries.at("data/same").type, '1');
  EXPECT_EQ(entries.at("data/same").target, "data/file");
}

TEST_F(RealEngine, SaysWhoHoldsWhat) {
  Service service;
  service.ports = {{.container_port = 80, .protocol = "tcp", .host_ip = "127.0.0.1", .host_port = 18099}};
  service.mounts = {{Mount::Kind::volume, prefix() + "held", "/held", false, ""}};
  run("first", "sleep 100", service);
  EXPECT_THROW(create("first", service), Conflict);
  create("second", service);
  try {
    engine_->start_container(prefix() + "second", {});
    FAIL() << "the port is taken";
  } catch (const Conflict& error) {
    EXPECT_STREQ(error.what(), "port 18099 is already in use on this host");
  }
  EXPECT_THROW(engine_->remove_volume(prefix() + "held", {}), Conflict);
  EXPECT_THROW(engine_->rename_container(prefix() + "second", prefix() + "first", {}), Conflict);
  EXPECT_THROW(engine_->start_container(prefix() + "nobody", {}), NotFound);
  EXPECT_THROW(engine_->connect_network(prefix() + "first", {prefix() + "nowhere", {}, "", ""}, {}), NotFound);
  const auto removal = engine_->remove_image(image_id_, {});
  EXPECT_FALSE(removal.removed);
  EXPECT_THAT(removal.reason, HasSubstr(prefix()));
  const auto untagging = engine_->remove_image(image(), {});
  EXPECT_FALSE(untagging.removed);
  EXPECT_THAT(untagging.reason, HasSubstr(prefix()));
  EXPECT_FALSE(engine_->remove_image("never-heard-of", {}).removed);
}

TEST_F(RealEngine, NeverTakesTheBeginningOfAnIdForAName) {
  // The engine names a container's host after its id.
  const std::string name = run("shown", "hostname");
  ended(name);
  std::string output;
  engine_->logs(name, {}, [&](OutputStream, std::string_view bytes) { output += bytes; }, {});
  const std::string id = output.substr(0, 12);
  ASSERT_EQ(id.size(), 12U);
  EXPECT_FALSE(engine_->container(id, {}));
  engine_->remove_container(id, {});
  EXPECT_THROW(engine_->start_container(id, {}), NotFound);
  EXPECT_TRUE(engine_->container(name, {}));
}

TEST_F(RealEngine, ChangesPolicyAndMemoryInPlace) {
  const std::string name = run("changed", "sleep 100");
  engine_->set_restart_policy(name, {"unless-stopped", 0}, {});
  Resources resources;
  resources.memory = ByteCount{48 << 20};
  engine_->update_resources(name, resources, {});
  resources.memory = ByteCount{512 << 20};
  engine_->update_resources(name, resources, {});
  const auto detail = engine_->container(name, {});
  ASSERT_TRUE(detail);
  EXPECT_EQ(detail->restart.name, "unless-stopped");
  EXPECT_EQ(detail->service.resources, resources);
  EXPECT_TRUE(detail->container.is_up());
}

TEST_F(RealEngine, BuildsWithTheClassicBuilder) {
  std::string log;
  int done = 0;
  const auto progress = [&](const Progress& line) {
    log += line.log;
    done += line.done;
  };
  const std::string tag = "belay-live-classic:" + prefix().substr(0, prefix().size() - 1);
  const std::string id =
      build(Builder::classic, format("FROM {}\nARG GREETING\nRUN echo \"$GREETING\" from {}\n", image(), ::getpid()),
            {tag}, progress);
  EXPECT_THAT(log, HasSubstr("good morning from"));
  EXPECT_GE(done, 3);
  const auto found = engine_->image(tag, {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, id);
  EXPECT_EQ(found->config.labels.at("live.label"), "with space");
  EXPECT_EQ(found->config.exposed_ports, std::vector<std::string>{"7000/tcp"});
  EXPECT_TRUE(engine_->remove_image(id, {}).removed);
  EXPECT_FALSE(engine_->image(tag, {}));
}

TEST_F(RealEngine, BuildsWithBuildKit) {
  std::string log;
  int done = 0;
  const auto progress = [&](const Progress& line) {
    log += line.log;
    done += line.done;
  };
  const std::string tag = "belay-live-kit:" + prefix().substr(0, prefix().size() - 1);
  const std::string dockerfile = format("FROM {}\nARG GREETING\nRUN echo \"$GREETING\" from {}\n", image(), ::getpid());
  const std::string id = build(Builder::buildkit, dockerfile, {tag}, progress);
  EXPECT_THAT(log, HasSubstr("good morning from"));
  EXPECT_GE(done, 3);
  const auto found = engine_->image(tag, {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, id);
  EXPECT_TRUE(engine_->remove_image(id, {}).removed);
}

TEST_F(RealEngine, TellsWhichStepOfABuildFailedAndItsLastWords) {
  for (const auto builder : {Builder::classic, Builder::buildkit}) {
    try {
      build(builder, format("FROM {}\nRUN echo last words; exit 3\n", image()), {});
      FAIL() << "the build failed";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("the build failed: RUN echo last words; exit 3: "));
      EXPECT_THAT(error.what(), HasSubstr("exit code 3"));
      EXPECT_THAT(error.what(), HasSubstr("\n  last words"));
    }
    try {
      build(builder, "FROM scratch\nNONSENSE\n", {});
      FAIL() << "the Dockerfile is wrong";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("the build failed: "));
      EXPECT_THAT(error.what(), HasSubstr("NONSENSE"));
    }
  }
}

TEST_F(RealEngine, ShowsLogsByStream) {
  const std::string name = run("logs", "echo one; echo two >&2; echo three");
  ended(name);
  std::string out, err;
  const auto sink = [&](OutputStream stream, std::string_view bytes) {
    (stream == OutputStream::out ? out : err) += bytes;
  };
  engine_->logs(name, {}, sink, {});
  EXPECT_EQ(out, "one\nthree\n");
  EXPECT_EQ(err, "two\n");
  out.clear();
  err.clear();
  engine_->logs(name, {.tail = 1, .since = {}, .until = {}}, sink, {});
  // The engine reads the two streams side by side: which of their last lines it wrote last is not ours to know.
  EXPECT_THAT(out + err, ::testing::AnyOf("three\n", "two\n"));
}

TEST_F(RealEngine, FollowsLogsUntilStopped) {
  const std::string name = run("follow", "echo begun; sleep 100");
  std::stop_source stop;
  std::string out;
  EXPECT_THROW(engine_->logs(
                   name, {.follow = true, .tail = {}, .since = {}, .until = {}},
                   [&](OutputStream, std::string_view bytes) {
                     out += bytes;
                     stop.request_stop();
                   },
                   stop.get_token()),
               Cancelled);
  EXPECT_EQ(out, "begun\n");
}

TEST_F(RealEngine, RunsACommandInAContainer) {
  const std::string name = run("exec", "sleep 100");
  Script plain({});
  ExecRequest request;
  request.command = {"sh", "-c", "echo $WORD; pwd; id -u; echo wrong >&2; exit 42"};
  request.environment = {{"WORD", "hello"}};
  request.working_dir = "/bin";
  request.user = "7";
  EXPECT_EQ(engine_->exec(name, request, plain, {}), 42);
  EXPECT_EQ(plain.out, "hello\n/bin\n7\n");
  EXPECT_EQ(plain.err, "wrong\n");
}

TEST_F(RealEngine, ForwardsInputAndItsEndToACommand) {
  const std::string name = run("input", "sleep 100");
  Script typed({"b\n", "a\n", std::string(300'000, 'x') + "\n"});
  ExecRequest request;
  request.command = {"sort"};
  request.interactive = true;
  EXPECT_EQ(engine_->exec(name, request, typed, {}), 0);
  EXPECT_EQ(typed.out, "a\nb\n" + std::string(300'000, 'x') + "\n");
}

TEST_F(RealEngine, GivesACommandATerminalOfTheRightSize) {
  const std::string name = run("tty", "sleep 100");
  Script typed({"until stty size | grep -q '33 99'; do :; done; stty size; exit 5\n"});
  ExecRequest request;
  request.command = {"sh"};
  request.tty = request.interactive = true;
  EXPECT_EQ(engine_->exec(name, request, typed.without_end(), {}), 5);
  EXPECT_THAT(typed.out, HasSubstr("33 99\r\n"));
}

TEST_F(RealEngine, StopsASessionOnRequest) {
  const std::string name = run("stopped", "sleep 100");
  class Impatient : public Script {
   public:
    explicit Impatient(std::stop_source& stop) : Script({}), stop_(stop) { without_end(); }
    void write(OutputStream, std::string_view) override { stop_.request_stop(); }

   private:
    std::stop_source& stop_;
  };
  std::stop_source stop;
  Impatient terminal(stop);
  ExecRequest request;
  request.command = {"sh", "-c", "echo here; sleep 100"};
  request.interactive = true;
  EXPECT_THROW(engine_->exec(name, request, terminal, stop.get_token()), Cancelled);
}

TEST_F(RealEngine, AttachesToTheContainersOwnProcess) {
  Service service;
  service.stdin_open = true;
  const std::string name = run("attach", "read line; echo got $line; exit 9", service);
  Script typed({"something\n"});
  EXPECT_EQ(engine_->attach(name, typed.without_end(), {}), 9);
  EXPECT_EQ(typed.out, "got something\n");
  EXPECT_THROW(engine_->attach(name, typed, {}), Conflict);
}

TEST_F(RealEngine, TellsHowTheAttachedRunEndedWhenAnotherHasBegun) {
  for (const auto* policy : {"always", "on-failure"}) {
    Service service;
    service.restart.name = policy;
    const std::string name = run(std::string("again-") + policy, "sleep 4; exit 9", service);
    Script nobody({});
    EXPECT_EQ(engine_->attach(name, nobody.without_end(), {}), 9) << policy;
  }
}

TEST_F(RealEngine, ReportsEvents) {
  const Time before = SystemClock().now() - Seconds(1);
  const std::string name = run("events", "exit 4");
  ended(name);
  std::vector<std::string> seen;
  engine_->events(before, {},
                  [&](const Event& event) {
                    if (event.type != "container" || event.name != name) return true;
                    seen.push_back(event.action);
                    if (event.action == "die") {
                      EXPECT_EQ(event.attributes.at("exitCode"), "4");
                    }
                    return event.action != "die";
                  },
                  {});
  EXPECT_EQ(seen, (std::vector<std::string>{"create", "start", "die"}));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(engine_->events({}, {}, [](const Event&) { return true; }, stop.get_token()), Cancelled);
}

TEST_F(RealEngine, GivesTheProcessItsStopSignalAndTime) {
  Service service;
  service.stop_signal = "SIGTERM";
  const std::string name = run("trap", "trap 'exit 6' TERM; while :; do sleep 0.05; done", service);
  engine_->stop_container(name, Seconds(20), {});
  EXPECT_EQ(ended(name).exit_code, 6);
}

TEST_F(RealEngine, TellsItsVersion) {
  const EngineInfo info = engine_->info({});
  EXPECT_THAT(info.api_version, testing::StartsWith("1."));
  EXPECT_FALSE(info.version.empty());
  EXPECT_EQ(info.os, "linux");
}

TEST_F(RealEngine, RefusesAReferenceThatNoRegistryHas) {
  EXPECT_THROW(engine_->pull("localhost:1/never:1", {}, {}), Error);
  EXPECT_THROW(engine_->push("localhost:1/never:1", {}, {}), Error);
}

TEST_F(RealEngine, TagsAndUntags) {
  const std::string tag = "belay-live-tag:" + std::to_string(::getpid());
  engine_->tag_image(image(), tag, {});
  engine_->tag_image(image_id_, tag, {});
  const auto listed = engine_->images({.label = "of=image", .reference = "belay-live-tag"}, {});
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].id, image_id_);
  EXPECT_TRUE(engine_->remove_image(tag, {}).removed);
  EXPECT_FALSE(engine_->image(tag, {}));
  EXPECT_TRUE(engine_->image(image_id_, {}));
}

TEST_F(RealEngine, CommitsWhatAContainerWroteAndTheChangesAsked) {
  const std::string tag = "belay-live-commit:" + std::to_string(::getpid());
  Service service;
  ended(run("writer", "echo kept > /kept", service));
  const std::string id = engine_->commit_container(
      {prefix() + "writer", tag, "a note", "Ada", {"LABEL one=1", "LABEL two=\"2 3\"", "USER 1000"}}, {});
  const auto made = engine_->image(tag, {});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->id, id);
  EXPECT_EQ(made->config.labels.at("one"), "1");
  EXPECT_EQ(made->config.labels.at("two"), "2 3");
  EXPECT_TRUE(engine_->remove_image(tag, {}).removed);
}

TEST_F(RealEngine, MeasuresVolumes) {
  Service service;
  service.mounts = {{Mount::Kind::volume, prefix() + "sized", "/sized", false, ""}};
  ended(run("writer", "head -c 5000 /dev/zero > /sized/file", service));
  const auto sizes = engine_->volume_sizes({});
  ASSERT_TRUE(sizes.contains(prefix() + "sized"));
  EXPECT_GE(sizes.at(prefix() + "sized").value, 5000);
}

}  // namespace
}  // namespace belay::engine
