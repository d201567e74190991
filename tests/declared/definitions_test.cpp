#include "declared/definitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/fd.h"
#include "base/format.h"
#include "change/file_marks.h"

namespace belay::declared {

using change::file_differences;
using change::file_marks;
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  write_file_durably(path, text);
}

class DefinitionFolder : public testing::Test {
 protected:
  std::vector<std::string> names(const std::optional<std::string>& user_data = {}) {
    std::vector<std::string> found;
    for (const Declaration& app : read_definitions(folder(), user_data).apps) found.push_back(app.name.text());
    return found;
  }
  fs::path folder() const { return temporary_.path() / "containers.d"; }

 private:
  TemporaryFolder temporary_;
};

TEST_F(DefinitionFolder, HoldsTheJsonFilesThatAreNotHidden) {
  const std::string text = R"({"image": "busybox"})";
  for (const char* name : {"web.json", "db.json", ".hidden.json", "web.json~", "old.json.bak", "notes.txt"})
    write(folder() / name, text);
  fs::create_directories(folder() / "sub.json");
  write(folder() / "deeper" / "far.json", text);
  EXPECT_THAT(names(), ElementsAre("db", "web"));
}

TEST_F(DefinitionFolder, IsJoinedByUserData) {
  write(folder() / "web.json", R"({"image": "busybox"})");
  const std::string user_data = R"({"containers": [{"name": "app", "image": "a"}, {"name": "web", "image": "b"}]})";
  EXPECT_THAT(names(user_data), ElementsAre("app"));
  const Declarations declarations = read_definitions(folder(), user_data);
  ASSERT_EQ(declarations.broken.size(), 2U);
  EXPECT_EQ(declarations.apps[0].origin, "user-data#1");
  EXPECT_THAT(declarations.broken[0].error.what(), HasSubstr("user-data:1:48"));
}

TEST_F(DefinitionFolder, MayBeEmpty) {
  fs::create_directories(folder());
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(DefinitionFolder, ThatIsMissingIsAnErrorAndNotAnEmptyHost) {
  try {
    read_definitions(folder(), R"({"name": "app", "image": "a"})");
    FAIL() << "it was read";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(folder().string() + ": No such file or directory"));
  }
}

TEST_F(DefinitionFolder, ThatIsAFileIsAnError) {
  write(folder(), "{}");
  EXPECT_THROW(read_definitions(folder(), {}), Error);
}

TEST_F(DefinitionFolder, WithAnUnreadableFileStillGivesTheOthers) {
  write(folder() / "web.json", R"({"image": "busybox"})");
  fs::create_symlink("nowhere", folder() / "lost.json");
  ASSERT_EQ(::mkfifo((folder() / "pipe.json").c_str(), 0600), 0);
  write(folder() / "huge.json", std::string(5 << 20, ' '));
  const Declarations declarations = read_definitions(folder(), {});
  EXPECT_EQ(declarations.apps.size(), 1U);
  ASSERT_EQ(declarations.broken.size(), 3U);
  EXPECT_EQ(declarations.broken[0].name, "huge");
  EXPECT_EQ(declarations.broken[1].name, "lost");
  EXPECT_EQ(declarations.broken[2].name, "pipe");
  EXPECT_EQ(declarations.broken[1].origin, (folder() / "lost.json").string());
}

TEST_F(DefinitionFolder, NamesTheSubFoldersThatMayHoldAProjectAfterAll) {
  write(folder() / "shop" / "compose.yaml", "services: {web: {image: a}}\n");
  write(folder() / "notes" / "read.me", "no project");
  write(folder() / "bad" / "compose.yaml", "services: [\n");
  fs::create_directories(folder() / "empty");
  fs::create_directories(folder() / ".hidden");
  fs::create_directory_symlink("nowhere", folder() / "link");
  fs::create_directories(folder() / "half");
  fs::create_symlink("nowhere", folder() / "half" / "docker-compose.yml");
  const Declarations declarations = read_definitions(folder(), {});
  EXPECT_EQ(declarations.apps.size(), 1U);
  ASSERT_EQ(declarations.broken.size(), 1U);
  EXPECT_EQ(declarations.broken[0].folder, (folder() / "bad").string());
  std::vector<std::string> doubtful;
  for (const auto& each : declarations.doubtful) doubtful.push_back(fs::path(each.folder).filename().string());
  std::sort(doubtful.begin(), doubtful.end());
  EXPECT_THAT(doubtful, ElementsAre("empty", "half", "link"));
}

class Files : public testing::Test {
 protected:
  fs::path at(const std::string& name) const { return folder_.path() / name; }
  std::map<std::string, FileMark> marks(const std::vector<fs::path>& paths) {
    return file_marks(paths, [this](const std::string& text) { warnings_.push_back(text); });
  }
  // The files below the folder that have a mark, as paths in it.
  std::vector<std::string> marked(const std::string& name) {
    std::vector<std::string> found;
    for (const auto& [path, mark] : marks({at(name)})) found.push_back(fs::path(path).lexically_relative(at(name)));
    return found;
  }

  TemporaryFolder folder_;
  std::vector<std::string> warnings_;
};

TEST_F(Files, DifferByTheNumberOfTheirChangedLines) {
  write(at("app.conf"), "a\nb\nc\nd\n");
  const auto before = marks({at("app.conf")});
  EXPECT_EQ(before.at(at("app.conf").string()).lines.size(), 4U);
  EXPECT_THAT(file_differences(before, marks({at("app.conf")})), IsEmpty());
  const auto difference = [&](const std::string& text) {
    write(at("app.conf"), text);
    return file_differences(before, marks({at("app.conf")}));
  };
  EXPECT_THAT(difference("a\nB\nc\nd\n"), ElementsAre("file app.conf: 1 line"));
  EXPECT_THAT(difference("x\na\nb\ny\nc\nd\nz\n"), ElementsAre("file app.conf: 3 lines"));
  EXPECT_THAT(difference("b\na\nc\nd\n"), ElementsAre("file app.conf: 2 lines"));
  EXPECT_THAT(difference("a\nb\nc\nd"), ElementsAre("file app.conf: other line ends"));
  EXPECT_THAT(difference(std::string("a\0b", 3)), ElementsAre("file app.conf: other content"));
}

TEST_F(Files, ThatComeAndGoAreNamedSo) {
  write(at("conf/old"), "1");
  const auto before = marks({at("conf")});
  fs::rename(at("conf/old"), at("conf/new"));
  EXPECT_THAT(file_differences(before, marks({at("conf")})), ElementsAre("file new: + (new)", "file old: - (gone)"));
}

TEST_F(Files, OfOneNameAreShownWithTheirWholePath) {
  write(at("one/conf"), "1");
  write(at("two/conf"), "1");
  const auto before = marks({at("one"), at("two")});
  write(at("one/conf"), "2");
  write(at("two/conf"), "2");
  EXPECT_THAT(file_differences(before, marks({at("one"), at("two")})),
              ElementsAre(format("file {}: 1 line", at("one/conf").string()),
                          format("file {}: 1 line", at("two/conf").string())));
}

TEST_F(Files, ThatAreMissingOrNoFilesHaveNoMark) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(at("socket").string().size(), sizeof address.sun_path);
  at("socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_TRUE(marks({at("missing"), at("pipe"), at("socket"), "/dev/null", at("missing/deeper")}).empty());
}

TEST_F(Files, OfAFolderAreFoundAtAnyDepthAndInOrder) {
  write(at("conf/b"), "1");
  write(at("conf/a/z"), "1");
  write(at("conf/a/.hidden"), "1");
  fs::create_directories(at("conf/empty"));
  EXPECT_THAT(marked("conf"), ElementsAre("a/.hidden", "a/z", "b"));
}

TEST_F(Files, BehindLinksCountWhereTheLinkStaysInTheFolder) {
  write(at("conf/..data/key"), "1");
  fs::create_symlink("..data/key", at("conf/key"));
  fs::create_symlink("..data", at("conf/folder"));
  fs::create_symlink(".", at("conf/itself"));
  fs::create_symlink("/etc", at("conf/outside"));
  fs::create_symlink("lost", at("conf/lost"));
  EXPECT_THAT(marked("conf"), ElementsAre("..data/key", "folder/key", "key", "lost", "outside"));

  const auto before = marks({at("conf")});
  fs::remove(at("conf/outside"));
  fs::create_symlink("/usr", at("conf/outside"));
  EXPECT_THAT(file_differences(before, marks({at("conf")})), ElementsAre("file outside: other content"));
}

TEST_F(Files, BoundThroughALinkAreThoseItLeadsTo) {
  write(at("real"), "1");
  fs::create_symlink("real", at("link"));
  const auto before = marks({at("link")});
  write(at("real"), "2");
  EXPECT_THAT(file_differences(before, marks({at("link")})), ElementsAre("file link: 1 line"));
}

TEST_F(Files, OfAnOverfullFolderCountUpToALimitWithAWarning) {
  for (int i = 0; i < 256; ++i) write(at(format("many/{:03}", i)), "1");
  EXPECT_EQ(marks({at("many")}).size(), 256U);
  EXPECT_THAT(warnings_, IsEmpty());
  write(at("many/000a"), "1");
  EXPECT_EQ(marks({at("many")}).size(), 256U);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("more than 256 files")));
  EXPECT_FALSE(marks({at("many")}).contains(at("many/255").string()));
}

TEST_F(Files, ThatAreLargeHaveADigestWithoutLines) {
  write(at("large"), std::string(1 << 20, 'x') + "\n");
  const auto before = marks({at("large")});
  EXPECT_TRUE(before.begin()->second.lines.empty());
  write(at("large"), std::string(1 << 20, 'x') + "y");
  EXPECT_THAT(file_differences(before, marks({at("large")})), ElementsAre("file large: other content"));
}

}  // namespace
}  // namespace belay::declared
