// With the standard programs: files that `age` made before (data/README.md), and both ways with the installed ones.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "age_files.h"
#include "base/process.h"
#include "base/text.h"

namespace belay::crypto {
namespace {

using namespace testing;
using ::testing::HasSubstr;

TEST(AgeFilesOfTheStandardProgram, OpenWithTheirKeys) {
  const std::string letter = data("letter.txt");
  EXPECT_EQ(decrypted(data("native.age"), key_file("native.key")), letter);
  EXPECT_EQ(decrypted(data("ssh.age"), key_file("ssh_ed25519")), letter);
  EXPECT_EQ(decrypted(data("armored.age"), key_file("native.key"), 3), letter);
  EXPECT_EQ(decrypted(data("empty.age"), key_file("native.key")), "");
  // For four recipients, an RSA key among them.
  for (const std::string key : {"native.key", "other.key", "ssh_ed25519"})
    EXPECT_EQ(decrypted(data("several.age"), key_file(key)), letter) << key;
  EXPECT_THAT(complaint([] { decrypted(data("native.age"), key_file("other.key")); }), HasSubstr("somebody else"));
  EXPECT_THAT(complaint([] { decrypted(data("native.age"), key_file("ssh_ed25519")); }), HasSubstr("somebody else"));
}

TEST(AgeFilesOfTheStandardProgram, OpenWithTheirPassphrase) {
  EXPECT_EQ(decrypted(data("passphrase.age"), passphrase("secret words")), data("letter.txt"));
}

TEST(AgeFilesOfTheStandardProgram, MayComeInArmorWithOtherLineEndsAndWhiteSpaceAround) {
  const std::string armored = data("armored.age");
  std::string windows = " \t\r\n\n";
  for (const char c : armored) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(decrypted(windows + "\r\n \n", key_file("native.key")), data("letter.txt"));
  EXPECT_NE(complaint([&] { decrypted(armored + "x", key_file("native.key")); }), "");
  EXPECT_NE(complaint([&] { decrypted(armored + armored, key_file("native.key")); }), "");
  EXPECT_NE(complaint([&] { decrypted("x\n" + armored, key_file("native.key")); }), "");
  EXPECT_NE(complaint([&] { decrypted(armored + std::string(2000, ' '), key_file("native.key")); }), "");
  const std::size_t inside = armored.find('\n', 100);
  for (const std::string more : {"\n", " ", "\n\n", "A", "="})
    EXPECT_NE(complaint([&] { decrypted(std::string(armored).insert(inside, more), key_file("native.key")); }), "");
}

class StandardPrograms : public ::testing::Test {
 protected:
  fs::path file(const std::string& name) const { return folder_.path() / name; }
  std::string save(const std::string& name, const std::string& content) const {
    write_file_durably(file(name), content, 0600);
    return file(name);
  }
  static std::string key(const std::string& name) { return fs::path(TEST_DATA) / "data" / name; }
  // What the program writes.
  static std::string run(const std::vector<std::string>& command, const std::string& input = "") {
    ProcessRequest request;
    request.command = command;
    request.input = input;
    const ProcessResult result = run_process(request, {});
    EXPECT_EQ(result.exit_code, 0) << join(command, " ") << "\n" << result.errors << result.output;
    return result.output;
  }
  // `age` asks for passphrases on a terminal only, which script(1) makes.
  static void run_on_terminal(const std::string& command, const std::string& typed) {
    run({"script", "-qec", command, "/dev/null"}, typed);
  }

  TemporaryFolder folder_;
};

const std::vector<std::size_t> sizes = {0, 1, 65535, 65536, 65537, 131072, (1 << 20) + 1};

TEST_F(StandardPrograms, OpenWhatWeEncrypt) {
  for (const auto& [public_key, secret_key] :
       {std::pair("native.pub", "native.key"), {"ssh_ed25519.pub", "ssh_ed25519"}}) {
    for (const std::size_t size : sizes) {
      const std::string content = noise(size);
      const std::string sealed = save("sealed.age", encrypted(recipients(public_key), content, 4099));
      EXPECT_TRUE(run({"age", "-d", "-i", key(secret_key), sealed}) == content) << public_key << " " << size;
    }
  }
}

TEST_F(StandardPrograms, EncryptWhatWeOpen) {
  for (const auto& [public_key, secret_key] :
       {std::pair("native.pub", "native.key"), {"ssh_ed25519.pub", "ssh_ed25519"}}) {
    for (const std::size_t size : sizes) {
      const std::string content = noise(size);
      run({"age", "-R", key(public_key), "-o", file("sealed.age"), save("plain", content)});
      EXPECT_TRUE(decrypted(read_file(file("sealed.age")), key_file(secret_key), 4099) == content)
          << public_key << size;
    }
  }
}

TEST_F(StandardPrograms, EncryptInArmorWhatWeOpen) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{23}, std::size_t{24}, std::size_t{70'000}}) {
    const std::string content = noise(size);
    run({"age", "-a", "-R", key("native.pub"), "-o", file("sealed.age"), save("plain", content)});
    EXPECT_TRUE(decrypted(read_file(file("sealed.age")), key_file("native.key")) == content) << size;
  }
}

TEST_F(StandardPrograms, MakeKeysThatWeUse) {
  // Ten of each kind: about half of SSH's keys have a sign bit that the conversion leaves out.
  for (int i = 0; i < 10; ++i) {
    const std::string n = std::to_string(i);
    run({"age-keygen", "-o", file("key" + n)});
    run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", std::string(static_cast<std::size_t>(i), 'c'), "-f",
         file("ssh" + n)});
    for (const std::string& name : {"key" + n, "ssh" + n}) {
      const auto own = read_identities(read_file(file(name)), name);
      const std::string recipient = save("recipient", own.at(0).recipient.text + '\n');
      run({"age", "-R", recipient, "-o", file(name + ".age"), save("plain", name)});
      EXPECT_EQ(decrypted(read_file(file(name + ".age")), {own, {}}), name);
      save("ours.age", encrypted(read_recipients(read_file(recipient), recipient), name));
      EXPECT_EQ(run({"age", "-d", "-i", file(name), file("ours.age")}), name);
    }
    EXPECT_EQ(read_recipients(read_file(file("ssh" + n + ".pub")), "pub").at(0).text,
              read_identities(read_file(file("ssh" + n)), "key").at(0).recipient.text);
  }
}

TEST_F(StandardPrograms, OpenWithAPassphraseWhatWeEncrypt) {
  const std::string sealed = save("sealed.age", encrypted(Passphrase("secret words", 10), "a letter"));
  run_on_terminal("age -d -o " + shell_quoted(file("opened").string()) + " " + shell_quoted(sealed), "secret words\n");
  EXPECT_EQ(read_file(file("opened")), "a letter");
}

TEST_F(StandardPrograms, EncryptWithAPassphraseWhatWeOpen) {
  const std::string plain = save("plain", "a letter");
  run_on_terminal("age -p -o " + shell_quoted(file("sealed.age").string()) + " " + shell_quoted(plain),
                  "secret words\nsecret words\n");
  EXPECT_EQ(decrypted(read_file(file("sealed.age")), passphrase("secret words")), "a letter");
}

}  // namespace
}  // namespace belay::crypto
