// Headers by the rules and against them. The MAC of those made here is right: it is the rules that refuse them.

#include "crypto/age_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "age_files.h"
#include "crypto/age_stanza.h"
#include "crypto/encoding.h"

namespace belay::crypto {
namespace {

using namespace testing;
using ::testing::HasSubstr;

class AgeHeader : public ::testing::Test {
 protected:
  AgeHeader() { fill_random(file_key_.bytes); }

  Stanza native() { return wrap(file_key_, recipients("native.pub").front()); }

  // An empty file with a header of these stanzas.
  std::string file_of(const std::vector<Stanza>& stanzas) { return header_text(stanzas, file_key_) + payload(); }
  // The same with a header that begins with this text, which the last line is added to.
  std::string file_of(const std::string& text) {
    const Key key = hkdf(view(file_key_.bytes), "", "header");
    return text + "--- " + unpadded_base64(view(hmac(view(key.bytes), text + "---").bytes)) + "\n" + payload();
  }
  std::string text_of(const Stanza& stanza) {
    const std::string text = header_text({stanza}, file_key_);
    return text.substr(0, text.find("---"));
  }
  std::string complaint_about(const std::string& file) {
    return complaint([&] { decrypted(file, keys_); });
  }

  FileKey file_key_;
  AgeKeys keys_ = key_file("native.key");

 private:
  std::string payload() const {
    const std::string nonce = noise(16);
    std::string tag(16, '\0');
    Aead(hkdf(view(file_key_.bytes), nonce, "payload"), Aead::Way::seal)
        .seal({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, "", tag.data());
    return nonce + tag;
  }
};

TEST_F(AgeHeader, IsReadAsItWasWritten) {
  std::vector<Stanza> stanzas = {{{"one"}, ""}, {{"two", "!~", "3"}, noise(47)}};
  for (const std::size_t size : {48U, 49U, 96U, 1000U}) stanzas.push_back({{"sized"}, noise(size)});
  const std::string text = header_text(stanzas, file_key_);
  Input input(source(text + "rest", 7));
  const Header header = read_header(input);
  ASSERT_EQ(header.stanzas.size(), stanzas.size());
  for (std::size_t i = 0; i < stanzas.size(); ++i) {
    EXPECT_EQ(header.stanzas[i].arguments, stanzas[i].arguments);
    EXPECT_EQ(header.stanzas[i].body, stanzas[i].body);
  }
  check_mac(header, file_key_);
  std::string rest(10, ' ');
  EXPECT_EQ(input.fill(rest), 4U) << "nothing behind the header is taken";
}

TEST_F(AgeHeader, MayHaveStanzasOfUnknownKinds) {
  EXPECT_EQ(complaint_about(file_of({{{"x-grease", "!", "~~~"}, noise(100)}, native(), {{"more"}, ""}})), "");
  EXPECT_EQ(complaint_about(file_of({{{"X25519-like", "!"}, ""}, native()})), "");
  // Too few words for a kind whose key is not asked.
  EXPECT_EQ(complaint_about(file_of({{{"ssh-ed25519"}, ""}, native()})), "");
}

TEST_F(AgeHeader, NamesTheKindsThatWouldOpenIt) {
  const std::string file = file_of({{{"ssh-rsa", "abc"}, noise(256)}, {{"yubikey"}, ""}, {{"ssh-rsa"}, ""}});
  try {
    decrypted(file, keys_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.hint(), "It is encrypted for keys of these kinds: ssh-rsa, yubikey.");
  }
}

TEST_F(AgeHeader, MayNotNameAPassphraseBesideAnything) {
  const Stanza passphrase_stanza = wrap(file_key_, quick_passphrase("words"));
  keys_.passphrase = [] { return Passphrase("words"); };
  EXPECT_EQ(complaint_about(file_of({passphrase_stanza})), "");
  for (const auto& stanzas : {std::vector<Stanza>{passphrase_stanza, native()},
                              {native(), passphrase_stanza},
                              {passphrase_stanza, passphrase_stanza},
                              {passphrase_stanza, {{"grease"}, ""}}})
    EXPECT_THAT(complaint_about(file_of(stanzas)), HasSubstr("for a passphrase and for something else"));
}

TEST_F(AgeHeader, MayNotAskForTooMuchWork) {
  Stanza stanza = wrap(file_key_, quick_passphrase("words"));
  keys_.passphrase = [] { return Passphrase("words"); };
  stanza.arguments[2] = "23";
  EXPECT_EQ(complaint_about(file_of({stanza})),
            "this age file asks for scrypt with the work factor 23; Belay goes up to 22");
  for (const std::string factor : {"0", "-1", "+2", "02", "2 ", "0x2", "2.0", "x", "99999999999999999999"}) {
    stanza.arguments[2] = factor;
    EXPECT_THAT(complaint_about(file_of({stanza})), HasSubstr("damaged")) << factor;
  }
}

TEST_F(AgeHeader, MustHoldWhatItsKindSays) {
  const auto refused = [&](const Stanza& stanza) {
    EXPECT_THAT(complaint_about(file_of({stanza})), HasSubstr("the header of this age file is damaged"));
  };
  Stanza stanza = native();
  stanza.arguments.push_back("more");
  refused(stanza);
  stanza = native();
  stanza.arguments.pop_back();
  refused(stanza);
  for (const std::size_t size : {0U, 31U, 33U}) {
    stanza = native();
    stanza.arguments[1] = unpadded_base64(noise(size));
    refused(stanza);
    stanza = native();
    stanza.body.resize(size);
    refused(stanza);
  }
  stanza = native();
  stanza.arguments[1] += '=';
  refused(stanza);
  // Points that give a shared secret of zero.
  for (const std::string& point : {std::string(32, '\0'), '\1' + std::string(31, '\0')}) {
    stanza = native();
    stanza.arguments[1] = unpadded_base64(point);
    refused(stanza);
  }
}

TEST_F(AgeHeader, IsRefusedInAnyOtherSpelling) {
  const std::string fine = text_of(native());
  EXPECT_EQ(complaint_about(file_of(fine)), "");
  const auto refused = [&](std::string text, std::string_view part, std::string_view other) {
    text.replace(text.find(part), part.size(), other);
    EXPECT_NE(complaint_about(file_of(text)), "") << text;
  };
  const std::string mark = "-> X25519";
  refused(fine, mark, "->X25519");
  refused(fine, mark, "->  X25519");
  refused(fine, mark, "-> X25519 ");
  refused(fine, mark, "-> \tX25519");
  refused(fine, mark, " -> X25519");
  refused(fine, mark, "\n-> X25519");
  refused(fine, mark, "-> \n\n-> X25519");
  refused(fine, mark, "-> gre\xc3\xa4se\n\n-> X25519");
  refused(fine, mark, "-> grease\n-> X25519");
  refused(fine, mark, "-> grease\nAA=\n-> X25519");
  refused(fine, mark, "-> grease\nAB\n-> X25519");
  refused(fine, mark, "-> grease\n" + std::string(64, 'A') + "\n-> X25519");
  refused(fine, mark, "-> grease\n" + std::string(65, 'A') + "\n-> X25519");
  refused(fine, "v1\n", "v1\r\n");
  refused(fine, "v1\n", "v1 \n");
  EXPECT_THAT(complaint_about(file_of(std::string("age-encryption.org/v1\n"))), HasSubstr("names no recipient"));

  const std::string file = file_of(fine);
  const auto changed = [&](std::string_view part, std::string_view other) {
    std::string text = file;
    text.replace(text.find(part), part.size(), other);
    EXPECT_NE(complaint_about(text), "") << text;
  };
  changed("--- ", "---");
  changed("--- ", "---  ");
  changed("--- ", "--- A");
  changed("--- ", "-- ");
  const std::size_t end = file.find('\n', file.find("--- "));
  EXPECT_NE(complaint_about(std::string(file).insert(end, "=")), "");
  EXPECT_NE(complaint_about(std::string(file).insert(end, "\r")), "");
}

TEST_F(AgeHeader, IsRefusedWhenSomebodyAddedARecipient) {
  const std::string file = file_of({native()});
  std::string changed = file;
  changed.insert(changed.find("--- "), "-> somebody else\nAAAA\n");
  EXPECT_EQ(complaint_about(changed), "the header of this age file is damaged: somebody changed it");
}

TEST_F(AgeHeader, TakesNoMemoryWithoutEnd) {
  std::size_t given = 0;
  AgeKeys keys = keys_;
  const Source endless = [&, begun = false](std::span<char> room) mutable {
    const std::string_view text = begun ? "" : "age-encryption.org/v1\n-> grease\n";
    const std::string line = std::string(64, 'A') + "\n";
    begun = true;
    for (std::size_t i = 0; i < room.size(); ++i)
      room[i] = i < text.size() ? text[i] : line[(given + i - std::min(i, text.size())) % line.size()];
    given += room.size() - text.size();
    return room.size();
  };
  EXPECT_EQ(complaint([&] { AgeReader(endless, keys); }), "the header of this age file is damaged: it is too long");
  EXPECT_LT(given, std::size_t{2} << 20);
}

}  // namespace
}  // namespace belay::crypto
