#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "age_files.h"
#include "base/text.h"

namespace belay::crypto {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string public_key(trim(data("native.pub")));

std::string secret_key() {
  const std::string text = data("native.key");
  return std::string(trim(text.substr(text.find("AGE-SECRET-KEY-"))));
}

std::string complaint_about(const std::string& recipient) {
  return complaint([&] { parse_recipient(recipient); });
}
std::string complaint_about_identity(const std::string& text) {
  return complaint([&] { read_identities(text, "keys"); });
}

TEST(AgeRecipient, IsANativeKeyOrAnSshKey) {
  EXPECT_EQ(parse_recipient(public_key).text, public_key);
  const std::string ssh = data("ssh_ed25519.pub");
  const Recipient recipient = parse_recipient(ssh);
  EXPECT_EQ(recipient.text + " backup of the shop\n", ssh);
  EXPECT_EQ(recipient.ssh_key.size(), 51U);
  EXPECT_EQ(parse_recipient(recipient.text).point, recipient.point) << "the comment may be missing";
}

TEST(AgeRecipient, IsRefusedWithWhatIsSupported) {
  EXPECT_EQ(complaint_about(data("ssh_rsa.pub")), "an SSH key of type 'ssh-rsa' cannot be used");
  EXPECT_EQ(complaint_about(data("ssh_ecdsa.pub")), "an SSH key of type 'ecdsa-sha2-nistp256' cannot be used");
  EXPECT_EQ(complaint_about("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"),
            "keys of the kind 'age1yubikey1…' cannot be used");
  EXPECT_EQ(complaint_about("somebody@example.org"), "'somebody@example.org' is not a public key");
  try {
    parse_recipient(data("ssh_rsa.pub"));
  } catch (const Error& error) {
    EXPECT_THAT(error.hint(), HasSubstr("ssh-ed25519"));
  }
}

TEST(AgeRecipient, IsRefusedWithAnyLetterMistyped) {
  for (std::size_t i = 0; i < public_key.size(); ++i) {
    std::string typo = public_key;
    typo[i] = typo[i] == 'q' ? 'p' : 'q';
    EXPECT_NE(complaint_about(typo), "") << typo;
  }
  EXPECT_THAT(complaint_about(public_key.substr(0, 40)), HasSubstr("mistyped or cut off"));
  std::string upper = public_key;
  for (char& c : upper)
    if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
  EXPECT_NE(complaint_about(upper), "");
}

TEST(AgeRecipient, IsRefusedWhereAnSshKeyIsDamaged) {
  const std::string whole = parse_recipient(data("ssh_ed25519.pub")).text;
  EXPECT_THAT(complaint_about("ssh-ed25519"), HasSubstr("damaged"));
  EXPECT_THAT(complaint_about("ssh-ed25519 !!"), HasSubstr("damaged"));
  EXPECT_THAT(complaint_about(whole.substr(0, whole.size() - 4)), HasSubstr("damaged"));
  EXPECT_THAT(complaint_about(whole + "AAAA"), HasSubstr("damaged"));
  const std::string head = base64_decoded(whole.substr(12)).value().substr(0, 19);
  // The neutral point, a number past the prime, and one that is not a point of the curve.
  for (const std::string& number :
       {'\1' + std::string(31, '\0'), std::string(32, '\xff'), '\2' + std::string(31, '\0')})
    EXPECT_THAT(complaint_about("ssh-ed25519 " + base64(head + number)), HasSubstr("not a point of the curve"));
}

TEST(AgeRecipient, IsNeverASecretThatIsShown) {
  for (const std::string& secret : {secret_key(), data("ssh_ed25519")}) {
    EXPECT_THAT(complaint_about(secret), HasSubstr("private key"));
    EXPECT_THAT(complaint_about(secret), Not(HasSubstr(secret.substr(20, 20))));
  }
}

TEST(AgeRecipients, StandOneALineAmongComments) {
  const auto all =
      read_recipients("# the shop's\n\n  " + public_key + "\r\n#" + public_key + "\n" + data("ssh_ed25519.pub"), "f");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].text, public_key);
}

TEST(AgeRecipients, AreRefusedWithTheirPlace) {
  EXPECT_EQ(complaint([] { read_recipients("# mine\n\n  nonsense\n", "/etc/keys"); }),
            "/etc/keys:3:3: 'nonsense' is not a public key");
  EXPECT_EQ(complaint([] { read_recipients("# none\n", "/etc/keys"); }),
            "/etc/keys: there is no public key in this file");
}

TEST(AgeIdentities, BelongToTheirPublicKeys) {
  EXPECT_EQ(identities("native.key").at(0).recipient.text, public_key);
  const Identity ssh = identities("ssh_ed25519").at(0);
  const Recipient expected = recipients("ssh_ed25519.pub").at(0);
  EXPECT_EQ(ssh.recipient.text, expected.text);
  EXPECT_EQ(ssh.recipient.point, expected.point);
}

TEST(AgeIdentities, MayBeSeveralInAFile) {
  const auto all = read_identities(data("other.key") + "\n# and\n" + data("native.key"), "keys");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(decrypted(data("native.age"), {all, {}}), data("letter.txt"));
}

TEST(AgeIdentities, AreRefusedWithoutBeingShown) {
  std::string typo = secret_key();
  typo[30] = typo[30] == 'Q' ? 'P' : 'Q';
  EXPECT_EQ(complaint_about_identity("# mine\n" + typo),
            "keys:2:1: this secret key is mistyped or cut off: its checksum is wrong");
  EXPECT_EQ(complaint_about_identity("my own secret"), "keys:1:1: this line is not a secret key");
  EXPECT_EQ(complaint_about_identity(public_key), "keys:1:1: this is a public key; only the private one opens files");
  EXPECT_EQ(complaint_about_identity("AGE-PLUGIN-YUBIKEY-1QQQ"),
            "keys:1:1: identities of age's plugins cannot be used");
  EXPECT_EQ(complaint_about_identity("# none\n"), "keys: there is no secret key in this file");
  EXPECT_EQ(complaint_about_identity(data("passphrase.age")), "keys: this identity file is itself encrypted");
}

TEST(AgeIdentities, OfSshAreRefusedWhenProtectedDamagedOrOfAnotherKind) {
  EXPECT_THAT(complaint([] { identities("ssh_protected"); }), HasSubstr("protected with a passphrase"));
  EXPECT_THAT(complaint_about_identity("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"),
              HasSubstr("not a private key in OpenSSH"));
  const std::string whole = data("ssh_ed25519");
  EXPECT_EQ(complaint_about_identity(whole), "");
  EXPECT_EQ(complaint_about_identity("\n" + whole + "\n"), "");
  // But for the last line's end.
  for (std::size_t size = 0; size + 1 < whole.size(); ++size)
    EXPECT_NE(complaint_about_identity(whole.substr(0, size)), "") << size;
  // The comment is the only part of the file that nothing else vouches for, and its letters may be any.
  const std::size_t begin = whole.find('\n') + 1;
  std::string bytes;
  for (const char c : whole.substr(begin, whole.find("\n-----END") - begin))
    if (c != '\n') bytes += c;
  bytes = base64_decoded(bytes).value();
  const std::size_t comment = bytes.find("backup of the shop");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] ^= 1;
    const std::string file =
        "-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64(damaged) + "\n-----END OPENSSH PRIVATE KEY-----\n";
    const bool matters = i < comment || i >= comment + 18;
    EXPECT_EQ(complaint_about_identity(file) != "", matters) << i;
  }
}

}  // namespace
}  // namespace belay::crypto
