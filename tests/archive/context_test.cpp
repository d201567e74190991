#include "archive/context.h"

#include <clocale>
#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/process.h"
#include "tar_reading.h"

namespace belay::archive {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Context : public ::testing::Test {
 protected:
  void file(const std::string& name, const std::string& content = "x") const {
    make_folder((root() / name).parent_path());
    std::ofstream(root() / name, std::ios::binary) << content;
  }
  fs::path root() const { return folder_.path() / "ctx"; }
  fs::path outside() const { return folder_.path(); }
  ContextRequest request(const std::string& dockerfile = "Dockerfile", bool buildkit = true) const {
    return {root(), root() / dockerfile, buildkit};
  }
  static std::string stream(const ContextPlan& plan) {
    std::string bytes;
    write_context(plan, [&](std::string_view piece) { bytes += piece; }, {});
    return bytes;
  }
  static std::vector<ReadEntry> entries(const ContextPlan& plan) { return read_tar(stream(plan)); }
  std::vector<ReadEntry> entries() const { return entries(prepare_context(request())); }
  // The names in the stream, sorted, without Dockerfile and .dockerignore.
  std::vector<std::string> names(const ContextRequest& from) const {
    std::vector<std::string> result;
    for (const auto& entry : entries(prepare_context(from)))
      if (entry.name != "Dockerfile" && entry.name != ".dockerignore") result.push_back(entry.name);
    return result;
  }
  ReadEntry entry(const std::string& name) const {
    for (const auto& found : entries())
      if (found.name == name) return found;
    ADD_FAILURE() << name << " is not in the stream";
    return {};
  }
  static std::string gnu_tar(const std::string& bytes) {
    ProcessRequest tar;
    tar.command = {"tar", "--numeric-owner", "--utc", "--full-time", "-tvf", "-"};
    tar.input = bytes;
    tar.environment = {{"LC_ALL", "C.UTF-8"}};
    const ProcessResult listed = run_process(tar, {});
    EXPECT_EQ(listed.exit_code, 0);
    EXPECT_EQ(listed.errors, "");
    return listed.output;
  }

  void SetUp() override {
    fs::create_directory(root());
    file("Dockerfile", "FROM scratch\n");
  }

  TemporaryFolder folder_;
};

struct IgnoreCase {
  std::string ignore;
  std::vector<std::string> tree, sent;
};

TEST_F(Context, HoldsWhatTheIgnoreFileLeaves) {
  const std::vector<std::string> tree = {"a.md",    "b.txt",      "docs/README.md", "docs/deep/x.txt",
                                         "src/a.c", "src/lib/b.c"};
  const std::vector<IgnoreCase> cases = {
      {"",
       tree,
       {"a.md", "b.txt", "docs/", "docs/README.md", "docs/deep/", "docs/deep/x.txt", "src/", "src/a.c", "src/lib/",
        "src/lib/b.c"}},
      {"docs\n*.md\n", tree, {"b.txt", "src/", "src/a.c", "src/lib/", "src/lib/b.c"}},
      {"**/*.md\nsrc/lib/\n", tree, {"b.txt", "docs/", "docs/deep/", "docs/deep/x.txt", "src/", "src/a.c"}},
      {"*\n!docs/README.md\n", tree, {"docs/", "docs/README.md"}},
      {"*\n!**/*.c\n", tree, {"src/", "src/a.c", "src/lib/", "src/lib/b.c"}},
      {"docs\n!docs/deep\n",
       tree,
       {"a.md", "b.txt", "docs/", "docs/deep/", "docs/deep/x.txt", "src/", "src/a.c", "src/lib/", "src/lib/b.c"}},
      {"docs/*\n!*/*.md\nsrc/**\n", tree, {"a.md", "b.txt", "docs/", "docs/README.md", "src/"}},
      {"*\n", tree, {}},
  };
  for (const auto& name : tree) file(name);
  for (const auto& c : cases) {
    file(".dockerignore", c.ignore);
    EXPECT_EQ(names(request()), c.sent) << c.ignore;
  }
}

TEST_F(Context, AlwaysHoldsDockerfileAndIgnoreFile) {
  file(".dockerignore", "*\n");
  file("deploy/Dockerfile.web");
  std::vector<std::string> sent;
  for (const auto& found : entries(prepare_context(request("deploy/Dockerfile.web")))) sent.push_back(found.name);
  EXPECT_THAT(sent, ElementsAre(".dockerignore", "deploy/", "deploy/Dockerfile.web"));
}

TEST_F(Context, NamesADockerfileInASubfolderByItsPath) {
  file("deploy/Dockerfile.web");
  EXPECT_EQ(prepare_context(request("deploy/Dockerfile.web")).dockerfile_name, "deploy/Dockerfile.web");
  EXPECT_EQ(prepare_context(request("deploy/../Dockerfile")).dockerfile_name, "Dockerfile");
}

TEST_F(Context, LetsTheDockerfilesOwnIgnoreFileComeFirstForBuildKitOnly) {
  file(".dockerignore", "a\n");
  file("Dockerfile.dockerignore", "b\nDockerfile.*\n");
  file("a");
  file("b");
  EXPECT_THAT(names(request("Dockerfile", true)), ElementsAre("a"));
  EXPECT_THAT(names(request("Dockerfile", false)), ElementsAre("Dockerfile.dockerignore", "b"));
  EXPECT_EQ(prepare_context(request()).ignore_file, (root() / "Dockerfile.dockerignore").string());
}

TEST_F(Context, DoesNotLookIntoExcludedFolders) {
  file(".dockerignore", "ignored\n!other\n");
  file("ignored/x");
  const Fd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(watch.raw(), (root() / "ignored").c_str(), IN_OPEN), 0);
  char events[4096];
  EXPECT_THAT(names(request()), IsEmpty());
  EXPECT_LT(::read(watch.raw(), events, sizeof events), 0) << "the folder was opened";
  // An exception that could match below makes it look, and so shows that the watch works.
  file(".dockerignore", "ignored\n!ignored/*.md\n");
  EXPECT_THAT(names(request()), IsEmpty());
  EXPECT_GT(::read(watch.raw(), events, sizeof events), 0);
}

TEST_F(Context, SendsADockerfileFromOutsideAsAnExtraFile) {
  std::ofstream(outside() / "Other") << "FROM scratch\nCOPY . .\n";
  ContextRequest other = request();
  other.dockerfile = outside() / "Other";
  const ContextPlan plan = prepare_context(other);
  EXPECT_TRUE(plan.dockerfile_name.starts_with(".dockerfile.")) << plan.dockerfile_name;
  const auto found = entries(plan);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, plan.dockerfile_name);
  EXPECT_EQ(found[0].content, "FROM scratch\nCOPY . .\n");
  EXPECT_EQ(found[1].name, "Dockerfile");
  // The same Dockerfile has the same name the next time, or the engine's cache would miss; another has another.
  EXPECT_EQ(prepare_context(other).dockerfile_name, plan.dockerfile_name);
  std::ofstream(outside() / "Other") << "FROM busybox\n";
  EXPECT_NE(prepare_context(other).dockerfile_name, plan.dockerfile_name);
}

TEST_F(Context, TellsTheClassicBuilderToLeaveTheExtraFileOutOfTheImage) {
  std::ofstream(outside() / "Other") << "FROM scratch\n";
  file(".dockerignore", "secret");
  file("secret");
  const ContextPlan plan = prepare_context({root(), outside() / "Other", false});
  const auto found = entries(plan);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].name, plan.dockerfile_name);
  EXPECT_EQ(found[1].name, ".dockerignore");
  EXPECT_EQ(found[1].content, "secret\n" + plan.dockerfile_name + "\n");
  fs::remove(root() / ".dockerignore");
  EXPECT_EQ(entries(prepare_context({root(), outside() / "Other", false}))[1].content,
            ".dockerignore\n" + plan.dockerfile_name + "\n");
}

TEST_F(Context, SendsTheContentOfADockerfileBehindALink) {
  std::ofstream(outside() / "Other") << "FROM elsewhere\n";
  fs::remove(root() / "Dockerfile");
  fs::create_symlink(outside() / "Other", root() / "Dockerfile");
  const ContextPlan plan = prepare_context(request());
  const auto found = entries(plan);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, plan.dockerfile_name);
  EXPECT_EQ(found[0].content, "FROM elsewhere\n");
  EXPECT_EQ(found[1].type, 'l');
}

TEST_F(Context, KeepsContentModesTimesAndGivesEverythingToRoot) {
  file("run.sh", "#!/bin/sh\n");
  fs::permissions(root() / "run.sh", fs::perms(04755));
  const timespec times[2] = {{0, 0}, {1'700'000'000, 123'456'789}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (root() / "run.sh").c_str(), times, 0), 0);
  const ReadEntry found = entry("run.sh");
  EXPECT_EQ(found.content, "#!/bin/sh\n");
  EXPECT_EQ(found.permissions, 04755U);
  EXPECT_EQ(found.modified, 1'700'000'000);
  EXPECT_EQ(found.nanoseconds, 0);
  EXPECT_EQ(found.uid, 0);
  EXPECT_EQ(found.gid, 0);
  EXPECT_EQ(found.owner_name, "");
}

TEST_F(Context, KeepsLinksAsLinks) {
  fs::create_symlink("/etc/passwd", root() / "absolute");
  fs::create_symlink("nowhere/at/all", root() / "broken");
  file("real/file");
  fs::create_directory_symlink("real", root() / "to_folder");
  EXPECT_EQ(entry("absolute").target, "/etc/passwd");
  EXPECT_EQ(entry("broken").target, "nowhere/at/all");
  EXPECT_EQ(entry("to_folder").type, 'l');
  EXPECT_THAT(names(request()), ElementsAre("absolute", "broken", "real/", "real/file", "to_folder"));
}

TEST_F(Context, KeepsHardLinksWithTheContentOnce) {
  file("a", "content");
  fs::create_hard_link(root() / "a", root() / "b");
  EXPECT_EQ(entry("a").content, "content");
  EXPECT_EQ(entry("b").type, 'h');
  EXPECT_EQ(entry("b").target, "a");
  // Where the first name is ignored, the second carries the content.
  file(".dockerignore", "a\n");
  EXPECT_EQ(entry("b").type, '-');
  EXPECT_EQ(entry("b").content, "content");
}

TEST_F(Context, SendsFilesWithHolesWithoutTheirHoles) {
  file("start");
  std::ofstream(root() / "holes", std::ios::binary) << "begin";
  fs::resize_file(root() / "holes", 64 << 20);
  std::ofstream(root() / "holes", std::ios::binary | std::ios::app) << "end";
  std::ofstream(root() / "only_a_hole", std::ios::binary) << "";
  fs::resize_file(root() / "only_a_hole", 8 << 20);
  const std::string bytes = stream(prepare_context(request()));
  EXPECT_LT(bytes.size(), 1U << 20);
  std::string expected = "begin" + std::string((64 << 20) - 5, '\0') + "end";
  for (const auto& found : read_tar(bytes)) {
    // Not EXPECT_EQ: nobody wants 64 MiB of zeros in a failure's text.
    if (found.name == "holes") {
      EXPECT_TRUE(found.content == expected);
    } else if (found.name == "only_a_hole") {
      EXPECT_TRUE(found.content == std::string(8 << 20, '\0'));
    }
  }
  EXPECT_THAT(gnu_tar(bytes), HasSubstr(" 67108867 "));
}

TEST_F(Context, KeepsEmptyFilesAndFoldersAndSkipsFifosAndSockets) {
  file("empty", "");
  fs::create_directory(root() / "folder");
  ASSERT_EQ(::mkfifo((root() / "fifo").c_str(), 0600), 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (root() / "socket").string();
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_THAT(names(request()), ElementsAre("empty", "folder/"));
  ::close(socket);
}

TEST_F(Context, KeepsNamesThatDoNotFitAClassicHeader) {
  const std::string longest(200, 'n');
  const std::string deep = "d/" + longest + "/" + longest + "/" + longest;
  file(deep, "deep");
  file("grüße-日本.txt", "utf-8");
  file("latin-\xe4.txt", "not utf-8");
  file("new\nline");
  for (const char* locale : {"C", "C.UTF-8"}) {
    const std::string before = std::setlocale(LC_CTYPE, nullptr);
    ASSERT_NE(std::setlocale(LC_CTYPE, locale), nullptr);
    EXPECT_EQ(entry(deep).content, "deep") << locale;
    EXPECT_EQ(entry("grüße-日本.txt").content, "utf-8") << locale;
    EXPECT_EQ(entry("latin-\xe4.txt").content, "not utf-8") << locale;
    EXPECT_EQ(entry("new\nline").content, "x") << locale;
    std::setlocale(LC_CTYPE, before.c_str());
  }
}

TEST_F(Context, IsListedByGnuTarAsItIs) {
  file("bin/tool", "12345");
  fs::permissions(root() / "bin/tool", fs::perms(0755));
  fs::permissions(root() / "bin", fs::perms(0750));
  fs::permissions(root() / "Dockerfile", fs::perms(0644));
  fs::create_symlink("tool", root() / "bin/alias");
  for (const char* name : {"bin/tool", "bin/alias", "bin", "Dockerfile"}) {
    const timespec times[2] = {{0, 0}, {1'700'000'000, 5}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (root() / name).c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }
  EXPECT_EQ(gnu_tar(stream(prepare_context(request()))),
            "-rw-r--r-- 0/0              13 2023-11-14 22:13:20 Dockerfile\n"
            "drwxr-x--- 0/0               0 2023-11-14 22:13:20 bin/\n"
            "lrwxrwxrwx 0/0               0 2023-11-14 22:13:20 bin/alias -> tool\n"
            "-rwxr-xr-x 0/0               5 2023-11-14 22:13:20 bin/tool\n");
}

TEST_F(Context, GivesTheSameBytesForTheSameTree) {
  for (const char* name : {"z", "a", "m/b", "m/a", "m.txt", "Z"}) file(name);
  const ContextPlan plan = prepare_context(request());
  EXPECT_EQ(stream(plan), stream(plan));
  EXPECT_THAT(names(request()), ElementsAre("Z", "a", "m/", "m/a", "m/b", "m.txt", "z"));
}

TEST_F(Context, GoesOutInPiecesOfBoundedSize) {
  file("big", std::string(20 << 20, 'b'));
  size_t largest = 0, total = 0;
  const Sink sink = [&](std::string_view piece) {
    largest = std::max(largest, piece.size());
    total += piece.size();
  };
  write_context(prepare_context(request()), sink, {});
  EXPECT_LE(largest, 1U << 20);
  EXPECT_GT(total, 20U << 20);
}

// Sends a context with one big file and does `meddle` when its first bytes are out.
std::string failure_while_sending(const ContextPlan& plan, const std::function<void()>& meddle) {
  bool meddled = false;
  std::string bytes;
  const auto sink = [&](std::string_view piece) {
    bytes += piece;
    if (!meddled) meddle();
    meddled = true;
  };
  try {
    write_context(plan, sink, {});
  } catch (const Error& error) {
    EXPECT_THROW(read_tar(bytes), std::runtime_error) << "the stream must not look whole";
    return error.what();
  }
  return "no failure";
}

TEST_F(Context, FailsForAFileThatShrinksOrGrowsWhileItIsSent) {
  file("big", std::string(4 << 20, 'b'));
  const ContextPlan plan = prepare_context(request());
  const std::string expected = (root() / "big").string() + " changed while it was being sent";
  EXPECT_EQ(failure_while_sending(plan, [&] { fs::resize_file(root() / "big", 1 << 20); }), expected);
  EXPECT_EQ(failure_while_sending(plan, [&] { fs::resize_file(root() / "big", 8 << 20); }), expected);
}

TEST_F(Context, FailsForAFileThatVanishesOrTurnsIntoAnother) {
  file("big", std::string(4 << 20, 'b'));
  file("later");
  const ContextPlan plan = prepare_context(request());
  const std::string expected = (root() / "later").string() + " changed while it was being sent";
  EXPECT_EQ(failure_while_sending(plan, [&] { fs::remove(root() / "later"); }), expected);
}

TEST_F(Context, FailsForAFileThatCannotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  file("locked");
  fs::permissions(root() / "locked", fs::perms::none);
  try {
    entries();
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), "reading " + (root() / "locked").string() + ": Permission denied");
    EXPECT_THAT(error.hint(), HasSubstr(".dockerignore"));
  }
}

TEST_F(Context, LetsTheSinksOwnFailureThrough) {
  file("big", std::string(4 << 20, 'b'));
  const auto broken = [](std::string_view) { throw EngineError(500, "the engine hung up"); };
  EXPECT_THROW(write_context(prepare_context(request()), broken, {}), EngineError);
}

TEST_F(Context, StopsOnRequest) {
  file("big", std::string(4 << 20, 'b'));
  std::stop_source stop;
  const auto sink = [&](std::string_view) { stop.request_stop(); };
  EXPECT_THROW(write_context(prepare_context(request()), sink, stop.get_token()), Cancelled);
}

TEST_F(Context, RefusesAMissingDockerfileOrFolderBeforeAnythingIsSent) {
  EXPECT_THROW(prepare_context(request("Missing")), NotFound);
  EXPECT_THROW(prepare_context({root() / "missing", root() / "Dockerfile"}), NotFound);
  EXPECT_THROW(prepare_context({root() / "Dockerfile", root() / "Dockerfile"}), Error);
  file(".dockerignore", "ok\n[\n");
  EXPECT_THROW(prepare_context(request()), ConfigError);
  try {
    prepare_context(request("Missing"));
  } catch (const NotFound& error) {
    EXPECT_EQ(error.what(), "there is no Dockerfile " + (root() / "Missing").string());
    EXPECT_NE(error.hint(), "");
  }
}

}  // namespace
}  // namespace belay::archive
