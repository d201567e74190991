#include "archive/tree.h"

#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/acl.h"
#include "archive/tar_reader.h"
#include "archive/tar_writer.h"
#include "base/errors.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/process.h"
#include "crypto/sha256.h"
#include "tree_listing.h"

namespace belay::archive {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = TarEntry::Kind;

bool is_root() {
  return ::geteuid() == 0;
}

Source source_of(const std::string& bytes, std::size_t most = 100'000) {
  return [&bytes, most, at = std::size_t{0}](std::span<char> room) mutable {
    const std::size_t count = std::min({room.size(), most, bytes.size() - at});
    std::copy_n(bytes.data() + at, count, room.data());
    at += count;
    return count;
  };
}

std::string tar_of(const fs::path& path, const TreeEvents& events = {}) {
  std::string bytes;
  write_tree(path, [&](std::string_view piece) { bytes += piece; }, events, {});
  return bytes;
}

ExtractOptions everything() {
  ExtractOptions options;
  options.owners = is_root() ? Owners::keep : Owners::current_user;
  options.devices = true;
  options.limits.free_space = 0;
  return options;
}

class Tree : public ::testing::Test {
 protected:
  Tree() {
    fs::create_directory(from());
    fs::create_directory(to());
  }
  fs::path from() const { return folder_.path() / "from"; }
  fs::path to() const { return folder_.path() / "to"; }
  fs::path outside() const { return folder_.path(); }

  void file(const std::string& name, const std::string& content = "content") const {
    make_folder((from() / name).parent_path());
    std::ofstream(from() / name, std::ios::binary) << content;
  }
  TreeTotals unpack(const std::string& tar, const ExtractOptions& options = everything(),
                    const TreeEvents& events = {}) const {
    return extract_tree(source_of(tar), to(), options, events, {});
  }
  // What unpacking it fails with.
  std::string refusal(const std::string& tar, const ExtractOptions& options = everything()) const {
    try {
      unpack(tar, options);
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }
  void run(std::vector<std::string> command, const std::string& input = {}) const {
    const ProcessResult result =
        run_process({.command = std::move(command), .input = input, .environment = {}, .folder = {}}, {});
    ASSERT_EQ(result.exit_code, 0) << result.errors;
  }
  std::string output(std::vector<std::string> command) const {
    return run_process({.command = std::move(command), .input = {}, .environment = {}, .folder = {}}, {}).output;
  }
  // Files of every kind, with all that this user and this file system allow.
  void make_all_kinds() const;

 private:
  TemporaryFolder folder_;
};

void set_time(const fs::path& file, timespec time) {
  const timespec times[2] = {time, time};
  ::utimensat(AT_FDCWD, file.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

void Tree::make_all_kinds() const {
  file("plain", std::string(100'000, 'p'));
  file("empty", "");
  file("sub/deep/er/file", "deep");
  file("lat\xe9in", "no UTF-8");
  file("\xc3\xbcn\xc3\xaf", "UTF-8");
  file("two\nlines", "odd");
  file(std::string(200, 'n') + "/" + std::string(150, 'm'), "long");
  file("exactly-" + std::string(90, 'x'), "100 with ./");
  fs::create_hard_link(from() / "plain", from() / "sub/second name");
  fs::create_symlink("/no/where", from() / "link");
  fs::create_symlink(std::string(300, 'l'), from() / "long link");
  fs::create_hard_link(from() / "link", from() / "second link");
  ::mkfifo((from() / "fifo").c_str(), 0640);
  file("sparse", "begin");
  fs::resize_file(from() / "sparse", 3 << 20);
  {
    const Fd sparse(::open((from() / "sparse").c_str(), O_WRONLY));
    EXPECT_EQ(::pwrite(sparse.raw(), "middle", 6, 1 << 20), 6);
  }
  file("hole", "");
  fs::resize_file(from() / "hole", 1 << 20);
  ::setxattr((from() / "plain").c_str(), "user.note=%", "a\0b", 3, 0);
  ::setxattr((from() / "sub").c_str(), "user.folder", "yes", 3, 0);
  const std::string acl = *acl_value("user::rw-,user:1234:r--,group::r--,mask::rw-,other::---");
  ::setxattr((from() / "empty").c_str(), "system.posix_acl_access", acl.data(), acl.size(), 0);
  const std::string inherited = *acl_value("user::rwx,user:77:rwx,group::r-x,mask::rwx,other::---");
  ::setxattr((from() / "sub").c_str(), "system.posix_acl_default", inherited.data(), inherited.size(), 0);
  if (is_root()) {
    ::mknod((from() / "null").c_str(), S_IFCHR | 0666, makedev(1, 3));
    ::mknod((from() / "block").c_str(), S_IFBLK | 0600, makedev(7, 300));
    ::setxattr((from() / "sub/deep").c_str(), "trusted.mark", "t", 1, 0);
    EXPECT_EQ(::lchown((from() / "link").c_str(), 3'000'000, 70'000), 0);
    EXPECT_EQ(::chown((from() / "sub/deep").c_str(), 12, 34), 0);
    const std::string capability("\x00\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
                                 20);
    file("capable");
    EXPECT_EQ(::chown((from() / "capable").c_str(), 5, 6), 0);
    ::setxattr((from() / "capable").c_str(), "security.capability", capability.data(), capability.size(), 0);
    ::chmod((from() / "capable").c_str(), 06755);
  }
  ::chmod((from() / "sub/deep/er").c_str(), 01755);
  set_time(from() / "plain", {1'600'000'000, 123'456'789});
  set_time(from() / "link", {1, 0});
  set_time(from() / "empty", {-10, 250'000'000});
  set_time(from() / "fifo", {20'000'000'000, 1});
  set_time(from() / "sub/deep", {1'500'000'000, 5});
  set_time(from() / "sub", {1'400'000'000, 6});
  set_time(from(), {1'300'000'000, 7});
}

TEST_F(Tree, ComesBackWithAllThatBelongsToIt) {
  make_all_kinds();
  const std::string tar = tar_of(from());
  const TreeTotals totals = unpack(tar);
  EXPECT_EQ(tree_listing(to()), tree_listing(from()));
  EXPECT_GT(totals.entries, 15);
}

TEST_F(Tree, KeepsExtendedAttributesWhereTheFileSystemDoes) {
  file("a");
  if (::setxattr((from() / "a").c_str(), "user.key", "value", 5, 0) != 0) GTEST_SKIP() << "not kept here";
  EXPECT_THAT(tree_listing(from()), HasSubstr("user.key="));
  unpack(tar_of(from()));
  EXPECT_THAT(tree_listing(to()), HasSubstr("user.key="));
}

TEST_F(Tree, IsUnpackedByGnuTarWithAllOfIt) {
  make_all_kinds();
  run({"tar", "-x", "-p", "--xattrs", "--xattrs-include=*", "--acls", "-C", to().string()}, tar_of(from()));
  EXPECT_EQ(tree_listing(to()), tree_listing(from()));
}

TEST_F(Tree, IsReadByOtherTars) {
  make_all_kinds();
  const fs::path tar = outside() / "x.tar";
  std::ofstream(tar, std::ios::binary) << tar_of(from());
  for (const char* program : {"bsdtar", "tar"}) {
    const std::string names = output({"env", "LC_ALL=C.UTF-8", program, "-tf", tar.string()});
    EXPECT_THAT(names, HasSubstr("./sub/deep/er/file\n")) << program;
    EXPECT_THAT(names, HasSubstr("./sparse\n")) << program;
    EXPECT_THAT(names, HasSubstr(std::string(150, 'm'))) << program;
  }
}

TEST_F(Tree, ReadsWhatOtherTarsWrite) {
  make_all_kinds();
  const std::string wanted = tree_listing(from());
  const std::vector<std::vector<std::string>> writers{
      {"tar", "--format=posix", "--xattrs", "--xattrs-include=*", "--acls", "-S"},
      {"tar", "--format=posix", "--xattrs", "--xattrs-include=*", "--acls", "-S", "--sparse-version=0.0"},
      {"tar", "--format=posix", "--xattrs", "--xattrs-include=*", "--acls", "-S", "--sparse-version=0.1"},
  };
  for (std::size_t i = 0; i < writers.size(); ++i) {
    std::vector<std::string> command = writers[i];
    const fs::path tar = outside() / "x.tar", place = outside() / std::to_string(i);
    command.insert(command.end(), {"-c", "-f", tar.string(), "-C", from().string(), "."});
    run(command);
    const std::string bytes = read_file(tar);
    fs::create_directory(place);
    extract_tree(source_of(bytes, 777), place, everything(), {}, {});
    EXPECT_EQ(tree_listing(place), wanted) << i;
  }
}

TEST_F(Tree, ReadsTheOldFormatsAsFarAsTheyGo) {
  file("a/file", std::string(10'000, 'f'));
  file("sparse", "begin");
  fs::resize_file(from() / "sparse", 50 << 20);
  // More pieces than the header of the old format holds.
  {
    const Fd sparse(::open((from() / "sparse").c_str(), O_WRONLY));
    for (int i = 0; i < 40; ++i) EXPECT_EQ(::pwrite(sparse.raw(), "x", 1, i * (1 << 20)), 1);
  }
  file(std::string(150, 'a') + "/" + std::string(150, 'b'));
  for (const auto& path : {from() / "sparse", from() / "a/file", from() / "a", from()}) set_time(path, {1'000'000, 0});
  const std::vector<std::vector<std::string>> writers{
      {"tar", "--format=gnu", "-S"},
      {"tar", "--format=oldgnu", "-S"},
      {"bsdtar", "--format=gnutar"},
      {"bsdtar", "--format=pax"},
      {"busybox", "tar"},
  };
  for (std::size_t i = 0; i < writers.size(); ++i) {
    std::vector<std::string> command = writers[i];
    const fs::path tar = outside() / "x.tar", place = outside() / std::to_string(i);
    command.insert(command.end(), {"-c", "-f", tar.string(), "-C", from().string(), "."});
    run(command);
    const std::string bytes = read_file(tar, {200 << 20});
    fs::create_directory(place);
    extract_tree(source_of(bytes), place, everything(), {}, {});
    for (const char* name : {"sparse", "a/file"})
      EXPECT_TRUE(read_file(place / name) == read_file(from() / name)) << i << name;
    EXPECT_TRUE(fs::exists(place / std::string(150, 'a') / std::string(150, 'b'))) << i;
    EXPECT_EQ(fs::last_write_time(place / "a"), fs::last_write_time(from() / "a")) << i;
  }
}

TEST_F(Tree, TellsTheDigestOfEachFileAndTheBytesDone) {
  file("a", "alpha");
  fs::create_hard_link(from() / "a", from() / "b");
  file("holes", "x");
  fs::resize_file(from() / "holes", 300'000);
  std::vector<std::string> written, listed, unpacked;
  std::int64_t done = 0;
  const auto into = [&](std::vector<std::string>& list) {
    TreeEvents events;
    events.file = [&list](const FileDigest& file) {
      list.push_back(format("{} {} {}", file.name, file.size, file.sha256));
    };
    events.progress = [&done](std::int64_t bytes) { done += bytes; };
    return events;
  };
  const std::string tar = tar_of(from(), into(written));
  EXPECT_EQ(done, 300'005);
  EXPECT_THAT(written, ElementsAre("./a 5 " + crypto::sha256("alpha"),
                                   "./holes 300000 " + crypto::sha256("x" + std::string(299'999, '\0'))));
  const TreeTotals totals = list_tree(source_of(tar), {}, into(listed), {});
  EXPECT_EQ(listed, written);
  EXPECT_EQ(totals.files, 2);
  EXPECT_EQ(totals.bytes, 300'005);
  EXPECT_EQ(totals.entries, 4);
  unpack(tar, everything(), into(unpacked));
  EXPECT_EQ(unpacked, written);
}

TEST_F(Tree, OfASingleFileHoldsJustThat) {
  file("settings.conf", "a=b");
  file("other");
  fs::create_symlink("settings.conf", from() / "current");
  unpack(tar_of(from() / "settings.conf"));
  EXPECT_EQ(read_file(to() / "settings.conf"), "a=b");
  EXPECT_FALSE(fs::exists(to() / "other"));
  EXPECT_THAT(tar_of(from() / "current"), HasSubstr(std::string("./current\0", 10)));
  EXPECT_THROW(tar_of(from() / "missing"), NotFound);
}

// The events of a tree whose file "f" is changed after its first megabyte was read.
template <class Change>
TreeEvents changing(std::vector<std::string>& warnings, Change change) {
  TreeEvents events;
  events.warning = [&warnings](const std::string& text) { warnings.push_back(text); };
  events.progress = [change, done = false](std::int64_t) mutable {
    if (!std::exchange(done, true)) change();
  };
  return events;
}

TEST_F(Tree, CutsAFileThatGrowsWhileItIsRead) {
  file("f", std::string(3 << 20, 'a'));
  file("g", "behind it");
  std::vector<std::string> warnings;
  unpack(tar_of(from(), changing(warnings, [&] { std::ofstream(from() / "f", std::ios::app) << "more"; })));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("f grew while it was read")));
  EXPECT_EQ(fs::file_size(to() / "f"), 3U << 20);
  EXPECT_EQ(read_file(to() / "g"), "behind it");
}

TEST_F(Tree, FillsUpAFileThatShrinksWhileItIsRead) {
  file("f", std::string(3 << 20, 'a'));
  file("g", "behind it");
  std::vector<std::string> warnings;
  unpack(tar_of(from(), changing(warnings, [&] { fs::resize_file(from() / "f", 1'500'000); })));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("f got shorter while it was read")));
  EXPECT_TRUE(read_file(to() / "f") == std::string(1'500'000, 'a') + std::string((3 << 20) - 1'500'000, '\0'));
  EXPECT_EQ(read_file(to() / "g"), "behind it");
}

TEST_F(Tree, WarnsOfAFileThatIsWrittenToWhileItIsRead) {
  file("f", std::string(3 << 20, 'a'));
  set_time(from() / "f", {1'000'000, 0});
  std::vector<std::string> warnings;
  tar_of(from(), changing(warnings, [&] { set_time(from() / "f", {2'000'000, 0}); }));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("f was written to")));
}

TEST_F(Tree, LeavesOutWhatVanishesAndSockets) {
  file("f", std::string(3 << 20, 'a'));
  file("g");
  file("h/file");
  file("z");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string place = (from() / "socket").string();
  ASSERT_LT(place.size(), sizeof address.sun_path);
  place.copy(address.sun_path, place.size());
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(socket.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  std::vector<std::string> warnings;
  unpack(tar_of(from(), changing(warnings, [&] {
                  fs::remove(from() / "g");
                  fs::remove_all(from() / "h");
                })));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("g vanished"), HasSubstr("h vanished"), HasSubstr("socket is a socket")));
  EXPECT_TRUE(fs::exists(to() / "z"));
}

TEST_F(Tree, NamesTheFileThatCannotBeRead) {
  if (is_root()) GTEST_SKIP() << "root reads everything";
  file("secret");
  ::chmod((from() / "secret").c_str(), 0);
  EXPECT_THROW(tar_of(from()), Error);
}

TEST_F(Tree, MayBeDeeperThanAPathMayBeLong) {
  const std::string name(40, 'd');
  constexpr int levels = 150;
  Fd folder(::open(from().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < levels; ++i) {
    ASSERT_EQ(::mkdirat(folder.raw(), name.c_str(), 0755), 0);
    const Fd beside(::openat(folder.raw(), "z", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    folder = Fd(::openat(folder.raw(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(folder);
  }
  const std::string tar = tar_of(from());
  EXPECT_EQ(unpack(tar).entries, 2 * levels + 1);
  std::string again;
  write_tree(to(), [&](std::string_view piece) { again += piece; }, {}, {});
  EXPECT_TRUE(again == tar);
}

TEST_F(Tree, StopsOnRequest) {
  file("f", std::string(5 << 20, 'a'));
  std::stop_source stop;
  TreeEvents events;
  events.progress = [&](std::int64_t) { stop.request_stop(); };
  EXPECT_THROW(write_tree(from(), [](std::string_view) {}, events, stop.get_token()), Cancelled);
  const std::string tar = tar_of(from());
  EXPECT_THROW(extract_tree(source_of(tar), to(), everything(), {}, stop.get_token()), Cancelled);
  EXPECT_THROW(list_tree(source_of(tar), {}, {}, stop.get_token()), Cancelled);
}

TEST_F(Tree, LetsTheSinksFailureOut) {
  file("f", std::string(1 << 20, 'a'));
  EXPECT_THROW(write_tree(from(), [](std::string_view) { throw Conflict("full"); }, {}, {}), Conflict);
}

TEST_F(Tree, IsRestoredInPartWhereOnlySomePathsAreWanted) {
  make_all_kinds();
  ExtractOptions options = everything();
  options.only = {"sub/deep", "./link"};
  unpack(tar_of(from()), options);
  EXPECT_TRUE(fs::exists(to() / "sub/deep/er/file"));
  EXPECT_TRUE(fs::is_symlink(to() / "link"));
  EXPECT_FALSE(fs::exists(to() / "plain"));
  EXPECT_FALSE(fs::exists(fs::symlink_status(to() / "sub/second name")));
  EXPECT_EQ(fs::last_write_time(to() / "sub"), fs::last_write_time(from() / "sub"));
}

TEST_F(Tree, SaysWhichWantedPathIsNotThere) {
  file("a");
  ExtractOptions options = everything();
  options.only = {"a", "b"};
  EXPECT_THAT(refusal(tar_of(from()), options), HasSubstr("does not hold b"));
}

TEST_F(Tree, BelongsToTheCurrentUserWhereThatIsWished) {
  file("a");
  if (is_root()) {
    ASSERT_EQ(::chown((from() / "a").c_str(), 1234, 5678), 0);
  }
  ::chmod((from() / "a").c_str(), 06755);
  ExtractOptions options = everything();
  options.owners = Owners::current_user;
  unpack(tar_of(from()), options);
  struct stat status{};
  ASSERT_EQ(::stat((to() / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, ::geteuid());
  EXPECT_EQ(status.st_mode & 07777, 0755U);
}

TEST_F(Tree, KeepsItsTimesWhereItsFilesComeInAnyOrder) {
  TarEntry entry;
  std::string tar;
  TarWriter writer([&](std::string_view piece) { tar += piece; });
  const auto add = [&](const std::string& name, Kind kind, mode_t permissions = 0755) {
    entry.name = name;
    entry.kind = kind;
    entry.permissions = permissions;
    entry.user = ::geteuid();
    entry.group = ::getegid();
    entry.modified = {1'000'000'000, 42};
    writer.begin(entry);
  };
  add("a", Kind::folder, 0555);
  add("b", Kind::folder);
  add("a/late", Kind::file);
  add("c/d/implied", Kind::file);
  add("a/later/still", Kind::file);
  add("c", Kind::folder, 0700);
  writer.finish();
  unpack(tar);
  for (const char* name : {"a", "b", "c", "a/late"}) {
    struct stat status{};
    ASSERT_EQ(::stat((to() / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mtim.tv_sec, 1'000'000'000) << name;
    EXPECT_EQ(status.st_mtim.tv_nsec, 42) << name;
  }
  EXPECT_EQ(fs::status(to() / "a").permissions(), fs::perms(0555));
  EXPECT_EQ(fs::status(to() / "c").permissions(), fs::perms(0700));
  EXPECT_EQ(fs::status(to() / "c/d").permissions(), fs::perms(0755));
  ::chmod((to() / "a").c_str(), 0755);
}

// Tars that no honest program writes.
class Hostile : public Tree {
 protected:
  struct Item {
    std::string name;
    Kind kind = Kind::file;
    std::string target = {};
    std::string content = {};
  };
  static std::string tar(const std::vector<Item>& items) {
    std::string bytes;
    TarWriter writer([&](std::string_view piece) { bytes += piece; });
    for (const Item& item : items) {
      TarEntry entry;
      entry.name = item.name;
      entry.kind = item.kind;
      entry.target = item.target;
      entry.size = static_cast<std::int64_t>(item.content.size());
      entry.user = ::geteuid();
      entry.group = ::getegid();
      writer.begin(entry);
      writer.write(item.content);
    }
    writer.finish();
    return bytes;
  }
  // One header with these fields, made valid, and what follows it.
  static std::string raw(const std::vector<std::pair<std::size_t, std::string>>& fields, const std::string& rest = {}) {
    std::string header = tar({{"x"}}).substr(0, 512);
    for (const auto& [offset, bytes] : fields) header.replace(offset, bytes.size(), bytes);
    header.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    header.replace(148, 7, format("{:06o}", sum) + std::string(1, '\0'));
    std::string body = rest;
    body.resize((body.size() + 511) / 512 * 512);
    return header + body;
  }
  static std::string records(const std::string& text) {
    return raw({{156, "x"}, {124, format("{:011o}", text.size())}}, text);
  }
  static std::string record(const std::string& key, const std::string& value) {
    for (std::size_t length = key.size() + value.size() + 3;; ++length) {
      const std::string text = format("{} {}={}\n", length, key, value);
      if (text.size() == length) return text;
    }
  }
  static std::string end() { return std::string(1024, '\0'); }
  bool nothing_was_made() const { return fs::is_empty(to()); }
};

TEST_F(Hostile, NamesThatLeadOutAreRefused) {
  for (const char* name : {"../out", "a/../../out", "..", "/out", "//out", "./../out", "a/.."}) {
    EXPECT_THAT(refusal(tar({{name, Kind::file, "", "evil"}})),
                ::testing::AnyOf(HasSubstr("leads out"), HasSubstr("absolute")))
        << name;
    EXPECT_THAT(refusal(tar({{name, Kind::folder}})), ::testing::AnyOf(HasSubstr("leads out"), HasSubstr("absolute")))
        << name;
    EXPECT_THAT(refusal(tar({{name, Kind::symlink, "/"}})),
                ::testing::AnyOf(HasSubstr("leads out"), HasSubstr("absolute")))
        << name;
  }
  EXPECT_TRUE(nothing_was_made());
  EXPECT_FALSE(fs::exists(outside() / "out"));
}

TEST_F(Hostile, NothingIsWrittenThroughALink) {
  const std::string away = outside().string();
  EXPECT_THAT(refusal(tar({{"door", Kind::symlink, away}, {"door/out", Kind::file, "", "evil"}})), HasSubstr("door"));
  EXPECT_FALSE(fs::exists(outside() / "out"));
}

TEST_F(Hostile, NoFolderIsTakenBehindALink) {
  fs::create_directory(outside() / "victim");
  EXPECT_THAT(refusal(tar({{"door", Kind::symlink, (outside() / "victim").string()}, {"door", Kind::folder}})),
              HasSubstr("is not a folder"));
}

TEST_F(Hostile, NoFileIsOpenedThroughALink) {
  std::ofstream(outside() / "victim") << "safe";
  EXPECT_THAT(refusal(tar({{"f", Kind::symlink, (outside() / "victim").string()}, {"f", Kind::file, "", "evil"}})),
              HasSubstr("two entries of one name: f"));
  EXPECT_EQ(read_file(outside() / "victim"), "safe");
}

TEST_F(Hostile, HardLinksReachNothingOutside) {
  std::ofstream(outside() / "victim") << "safe";
  for (const std::string& target : {std::string("../victim"), (outside() / "victim").string(), std::string("victim")})
    EXPECT_NE(refusal(tar({{"h", Kind::hard_link, target}})), "none") << target;
  EXPECT_NE(refusal(tar({{"door", Kind::symlink, ".."}, {"h", Kind::hard_link, "door/victim"}})), "none");
  struct stat status{};
  ASSERT_EQ(::stat((outside() / "victim").c_str(), &status), 0);
  EXPECT_EQ(status.st_nlink, 1U);
}

TEST_F(Hostile, AHardLinkToALinkIsTheLinkItself) {
  std::ofstream(outside() / "victim") << "safe";
  unpack(tar({{"door", Kind::symlink, "../victim"}, {"h", Kind::hard_link, "door"}}));
  EXPECT_TRUE(fs::is_symlink(to() / "h"));
}

TEST_F(Hostile, DevicesNeedPermission) {
  ExtractOptions options = everything();
  options.devices = false;
  EXPECT_THAT(refusal(tar({{"sda", Kind::block_device}}), options), HasSubstr("a device: sda"));
  EXPECT_TRUE(nothing_was_made());
}

TEST_F(Hostile, TwoEntriesOfOneNameAreRefused) {
  EXPECT_THAT(refusal(tar({{"a/f"}, {"a/./f"}})), HasSubstr("two entries of one name: a/./f"));
}

TEST_F(Hostile, AFileInThePlaceOfAFolderIsRefused) {
  EXPECT_THAT(refusal(tar({{"f"}, {"f/g"}})), HasSubstr("is not a folder"));
}

TEST_F(Hostile, NothingElseTakesThePlaceOfTheFolderItself) {
  EXPECT_THAT(refusal(tar({{"./", Kind::symlink, "/"}})), HasSubstr("not a folder in the place"));
  EXPECT_THAT(refusal(tar({{"."}})), HasSubstr("not a folder in the place"));
}

TEST_F(Hostile, ACutOffTarIsSeenWhereverItIsCut) {
  const std::string whole =
      tar({{"a", Kind::file, "", std::string(3000, 'a')}, {std::string(200, 'n'), Kind::file, "", "b"}});
  for (std::size_t size = 0; size + 1024 <= whole.size(); size += 100) {
    const std::string cut = whole.substr(0, size);
    EXPECT_THROW(list_tree(source_of(cut), {}, {}, {}), Error) << size;
  }
  const std::string cut = whole.substr(0, 2000);
  EXPECT_THAT(refusal(cut), HasSubstr("cut off"));
}

TEST_F(Hostile, WhatFollowsTheEndIsSeen) {
  EXPECT_THAT(refusal(tar({{"a"}}) + tar({{"b"}})), HasSubstr("follows its end"));
}

TEST_F(Hostile, SizesThatCannotBeAreRefused) {
  const std::string negative = std::string(12, '\xff');
  const std::string huge = "\x80" + std::string(3, '\0') + "\x7f" + std::string(7, '\xff');
  const std::string overflow = "\x80\x01" + std::string(10, '\0');
  EXPECT_THAT(refusal(raw({{124, negative}}) + end()), HasSubstr("negative"));
  EXPECT_THAT(refusal(raw({{124, overflow}}) + end()), HasSubstr("no number"));
  EXPECT_THAT(refusal(raw({{124, "9999999"}}) + end()), HasSubstr("no number"));
  EXPECT_NE(refusal(raw({{124, huge}}) + end()), "none");
  // GNU's own form of a sparse file: without any piece, of a size that would make up for that of others.
  const std::string sparse =
      raw({{156, "S"}, {124, "00000000000"}, {257, std::string("ustar  \0", 8)}, {483, negative}});
  EXPECT_THAT(refusal(sparse + end()), HasSubstr("has no size"));
}

TEST_F(Hostile, ASizeThatLiesIsACutOffTar) {
  EXPECT_THAT(refusal(raw({{124, "00000077777"}}, "short") + end()), HasSubstr("cut off"));
}

TEST_F(Hostile, BrokenRecordsAreRefused) {
  for (const std::string& text :
       {std::string("5 a=b\n"), std::string("99 a=b\n"), std::string("-6 a=b\n"), std::string("7 ab=c"),
        std::string("x\n"), std::string("6 =ab\n"), record("size", "-1"), record("size", "99999999999999999999"),
        record("mtime", "soon"), record("path", std::string("a\0b", 3)), record("GNU.sparse.numbytes", "5"),
        record("GNU.sparse.map", "0,1,0,1") + record("GNU.sparse.size", "10"),
        record("GNU.sparse.map", "0,9223372036854775807,1,2") + record("GNU.sparse.size", "10"),
        record("GNU.sparse.major", "1") + record("GNU.sparse.realsize", "10")})
    EXPECT_NE(refusal(records(text) + raw({}) + end()), "none") << text;
  EXPECT_THAT(refusal(records(record("comment", "x")) + end()), HasSubstr("announced and does not come"));
  EXPECT_THAT(refusal(raw({{156, "x"}, {124, "77777777777"}})), HasSubstr("records of"));
}

TEST_F(Hostile, AWrongChecksumAndAnUnknownKindAreRefused) {
  std::string damaged = tar({{"a"}});
  damaged[0] = 'b';
  EXPECT_THAT(refusal(damaged), HasSubstr("checksum"));
  EXPECT_THAT(refusal(raw({{156, "Z"}}) + end()), HasSubstr("unknown kind"));
  EXPECT_NE(refusal("no tar at all, but some text"), "none");
  EXPECT_NE(refusal(""), "none");
}

TEST_F(Hostile, ABombEndsAtTheLimit) {
  ExtractOptions options = everything();
  options.limits.bytes = 1000;
  EXPECT_THAT(refusal(tar({{"a", Kind::file, "", std::string(600, 'a')}, {"b", Kind::file, "", std::string(600, 'b')}}),
                      options),
              HasSubstr("passes the limit"));
  EXPECT_FALSE(fs::exists(to() / "b"));
}

TEST_F(Hostile, TheNumberOfEntriesEndsAtTheLimit) {
  ExtractLimits limits;
  limits.entries = 1;
  const std::string two = tar({{"a"}, {"b"}});
  EXPECT_THROW(list_tree(source_of(two), limits, {}, {}), Error);
}

TEST_F(Hostile, AHoleWithoutEndPassesTheLimitOfTheContent) {
  const std::string bytes =
      records(record("GNU.sparse.map", "") + record("GNU.sparse.size", "9223372036854775807")) + raw({}) + end();
  ExtractLimits limits;
  limits.content = 1 << 30;
  EXPECT_THROW(list_tree(source_of(bytes), limits, {}, {}), Error);
  // A file system in memory takes any size.
  struct statfs status{};
  ASSERT_EQ(::statfs(to().c_str(), &status), 0);
  constexpr auto memory = 0x01021994;
  if (status.f_type == memory) return;
  EXPECT_NE(refusal(bytes), "none") << "no file system on a disk has room for the size";
}

TEST_F(Hostile, SomeSpaceStaysFree) {
  ExtractOptions options = everything();
  options.limits.free_space = std::int64_t{1} << 60;
  EXPECT_THAT(refusal(tar({{"a", Kind::file, "", std::string(40 << 20, 'a')}}), options), HasSubstr("no space left"));
}

TEST_F(Hostile, AFolderThatIsNotEmptyIsRefused) {
  std::ofstream(to() / "mine") << "safe";
  EXPECT_THAT(refusal(tar({{"mine", Kind::file, "", "evil"}})), HasSubstr("not empty"));
  EXPECT_EQ(read_file(to() / "mine"), "safe");
}

TEST_F(Hostile, NamesTooLongForTheSystemAreNamed) {
  EXPECT_THAT(refusal(tar({{std::string(300, 'n')}})), HasSubstr("too long"));
  std::string deep;
  for (int i = 0; i < 20'000; ++i) deep += "d/";
  EXPECT_THAT(refusal(tar({{deep, Kind::folder}})), HasSubstr("too deep"));
}

TEST_F(Hostile, AFullDiskNamesTheFile) {
  // A limit of our own stands for the disk's: the same error path, on every machine.
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1 << 20, before.rlim_max};
  ::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string said = refusal(tar({{"large", Kind::file, "", std::string(2 << 20, 'a')}}));
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(said, HasSubstr("unpacking large"));
}

TEST(Acl, IsReadInEveryFormThatTarsUse) {
  const auto plain = acl_value("user::rwx,user:12:r--,group::r-x,mask::rwx,other::---");
  ASSERT_TRUE(plain);
  EXPECT_EQ(acl_text(*plain), "user::rwx,user:12:r--,group::r-x,mask::rwx,other::---");
  EXPECT_EQ(acl_value("u::rwx\nu:nobody-of-this-name:r--:12 # effective\ngroup::r-x\no::---\nm::rwx\n"), plain);
  EXPECT_EQ(acl_value("user:root:rwx"), acl_value("user:0:rwx"));
  for (const char* text :
       {"user:nobody-of-this-name:r--", "user", "nonsense::rwx", "user::rwxrwx", "user::abc", "user:-1:rwx"})
    EXPECT_FALSE(acl_value(text)) << text;
  for (const char* value : {"", "abc", "\x02\x00\x00\x00\x01"}) EXPECT_FALSE(acl_text(value));
}

// Its zeros are the writer's to make: neither the time nor what is read grows with them.
TEST_F(Tree, HolesAreNotReadWhereTheFileIsWrittenInFull) {
  constexpr std::int64_t huge = std::int64_t{200} << 30;
  write_file_durably(from() / "disk", "begin");
  fs::resize_file(from() / "disk", static_cast<std::uintmax_t>(huge));
  std::int64_t bytes = 0, zeros = 0, told = 0;
  TarWriter tar([&](std::string_view part) { bytes += static_cast<std::int64_t>(part.size()); }, {},
                [&](std::int64_t count) { zeros += count; });
  TreeEvents events;
  events.progress = [&](std::int64_t count) { told += count; };
  const auto totals = write_tree({from() / "disk", "disk", FileForm::whole}, tar, events, {});
  tar.finish();
  EXPECT_EQ(totals.bytes, huge);
  EXPECT_EQ(told, huge);
  EXPECT_GT(zeros, huge - (1 << 20));
  EXPECT_EQ((bytes + zeros) % 512, 0);
  EXPECT_LT(bytes, 1 << 20);
}

// F9: a digest that leaves holes apart costs what the data costs, and is the same on both ways.
TEST_F(Tree, DigestsOfFilesWithHolesTakeNoTimeForThem) {
  file("map", "begin");
  fs::resize_file(from() / "map", std::uintmax_t{1} << 42);
  file("plain", "text");
  std::map<std::string, std::string> written, read;
  TreeEvents events;
  events.holes = Holes::apart;
  events.file = [&](const FileDigest& digest) {
    written[digest.name] = digest.sha256;
    EXPECT_EQ(digest.holes_apart, digest.name == "./map");
  };
  const std::string tar = tar_of(from(), events);
  events.file = [&](const FileDigest& digest) { read[digest.name] = digest.sha256; };
  list_tree(source_of(tar), {}, events, {});
  EXPECT_EQ(written, read);
  EXPECT_EQ(written.at("./plain"), crypto::sha256("text"));
  // Who does not want so many zeros hashed gets no digest.
  std::int64_t asked = 0;
  events.holes = Holes::as_zeros;
  events.hashes_zeros = [&](std::int64_t zeros) {
    asked = zeros;
    return false;
  };
  list_tree(source_of(tar), {}, events, {});
  EXPECT_EQ(read.at("./map"), "");
  EXPECT_EQ(read.at("./plain"), crypto::sha256("text"));
  EXPECT_GT(asked, std::int64_t{1} << 41);
}

// F13: Belay's own state in a bound folder.
TEST_F(Tree, FoldersAreLeftOutWhereTheyAreToBe) {
  fs::create_directories(from() / "a/state/deep");
  file("a/state/db", "secret");
  file("a/other", "text");
  std::string bytes;
  std::vector<std::string> names, warnings;
  TreeEvents events;
  events.entry = [&](const TarEntry& entry) { names.push_back(entry.name); };
  events.warning = [&](const std::string& warning) { warnings.push_back(warning); };
  write_tree(from(), [&](std::string_view piece) { bytes += piece; }, events, {}, {},
             {{from() / "a/state", "it is mine"}});
  EXPECT_THAT(names, testing::UnorderedElementsAre("./", "./a", "./a/state", "./a/other"));
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0], HasSubstr("a/state is left out: it is mine"));
}

}  // namespace
}  // namespace belay::archive
