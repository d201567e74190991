#include "base/text.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace belay {
namespace {

using Words = std::vector<std::string>;

TEST(Text, SplitsAndJoinsWithoutLosingEmptyParts) {
  for (const char* text : {"", "a", ",", "a,,b", ",a,"}) EXPECT_EQ(join(split(text, ','), ","), text);
  EXPECT_EQ(split("a,,b", ','), (Words{"a", "", "b"}));
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(lower("AbÄ"), "abÄ");
}

TEST(Text, ReadsWholeNumbersOnly) {
  EXPECT_EQ(parse_number("0"), 0);
  EXPECT_EQ(parse_number("9223372036854775807"), 9223372036854775807LL);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "9223372036854775808"})
    EXPECT_FALSE(parse_number(text)) << text;
}

TEST(Text, GuessesTheWordThatWasMeant) {
  const Words known{"deploy", "start", "stop", "status", "ls"};
  EXPECT_EQ(nearest("delpoy", known), "deploy");
  EXPECT_EQ(nearest("STRAT", known), "start");
  EXPECT_EQ(nearest("statsu", known), "status");
  EXPECT_EQ(nearest("l", known), "ls");
  EXPECT_EQ(nearest("banana", known), std::nullopt);
  EXPECT_EQ(nearest("xx", known), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
  EXPECT_EQ(did_you_mean("delpoy", known), "Did you mean 'deploy'?");
  EXPECT_EQ(did_you_mean("banana", known), "");
}

TEST(Text, GuessesNothingFromAWordWithoutEnd) {
  EXPECT_EQ(nearest(std::string(100'000, 'x'), {std::string(100'000, 'x'), "start"}), std::nullopt);
}

TEST(Text, TakesForCharactersOnlyWhatUtf8Allows) {
  EXPECT_EQ(first_character("\xe2\x82\xac")->code, 0x20acU);
  EXPECT_EQ(first_character("\xf4\x8f\xbf\xbf")->code, 0x10ffffU);
  for (const char* no :
       {"\xc0\x80", "\xe0\x81\x81", "\xf0\x80\x81\x81", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\x80"})
    EXPECT_FALSE(first_character(no)) << printable(no);
}

TEST(Text, QuotesForTheShellOnlyWhereNeeded) {
  EXPECT_EQ(shell_quoted("a/b-c:1.0,x=@%+"), "a/b-c:1.0,x=@%+");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quoted("$HOME"), "'$HOME'");
}

TEST(Text, ShellWordsUndoShellQuotes) {
  const Words words{"",       "plain",     "two words", "it's", "\"", "\\", "a\\b",
                    "$x `y`", "line\nend", "tab\t",     "ü",    "'",  "''"};
  std::string line;
  for (const auto& word : words) line += shell_quoted(word) + "  ";
  EXPECT_EQ(shell_words(line), words);
}

TEST(Text, ShellWordsFollowThePosixRules) {
  EXPECT_EQ(shell_words(R"(a'b c'd "e f"g)"), (Words{"ab cd", "e fg"}));
  EXPECT_EQ(shell_words(R"("\$x \n \" \\")"), (Words{R"($x \n " \)"}));
  EXPECT_EQ(shell_words(R"('\n')"), (Words{R"(\n)"}));
  EXPECT_EQ(shell_words(R"(a\ b \' \\)"), (Words{"a b", "'", "\\"}));
  EXPECT_EQ(shell_words("a \\\n b c\\\nd"), (Words{"a", "b", "cd"}));
  EXPECT_EQ(shell_words("  \t\n "), Words{});
  EXPECT_EQ(shell_words("'' \"\""), (Words{"", ""}));
}

TEST(Text, AnOpenQuoteIsAnError) {
  EXPECT_THROW(shell_words("say 'hello"), Error);
  EXPECT_THROW(shell_words("say \"hello\\\""), Error);
}

TEST(Text, OtherProgramsOutputCannotSteerTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31mb\r\n\tc\x7f"), "a\\x1b[31mb\n\tc\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  // U+009B begins an escape sequence by itself, in UTF-8 as in Latin-1.
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(printable("\x9b"
                      "31m"),
            "\\x9b31m");
}

TEST(Text, LettersOfAllLanguagesStayAsTheyAre) {
  // Their later bytes look like control characters when they stand alone.
  for (const char* text : {"ü", "Ü", "日本語", "–", "😀", "é\xc3\x9b", "\xc2\xa0"}) EXPECT_EQ(printable(text), text);
}

TEST(Text, KnowsTheNamesOfSecrets) {
  for (const char* name : {"PASSWORD", "DB_PASSWORD", "db_password_file", "API_TOKEN", "AWS_SECRET_ACCESS_KEY",
                           "SSH_PRIVATE", "SIGNING_KEY", "MYSQL_PWD", "APIKEY", "DB_PASS"})
    EXPECT_TRUE(names_a_secret(name)) << name;
  for (const char* name : {"LOG_LEVEL", "PWD", "PATH", "KEYBOARD", "PORT", "MONKEY"})
    EXPECT_FALSE(names_a_secret(name)) << name;
}

TEST(Text, KnowsAPasswordInAnAddress) {
  for (const char* value : {"postgres://shop:s3cret@db/shop", "amqp://:s3cret@mq", "a://b, http://u:p@c:80?x=1"})
    EXPECT_TRUE(holds_a_secret("URL", value)) << value;
  for (const char* value :
       {"", "http://db:5432/a@b", "http://user@db", "12:30@noon", "postgres://db?user=a:b@c", "://"})
    EXPECT_FALSE(holds_a_secret("URL", value)) << value;
  EXPECT_TRUE(holds_a_secret("DB_PASSWORD", ""));
}

TEST(Text, Base64FollowsTheStandard) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(base64_decoded(text), bytes);
  }
}

TEST(Text, Base64HoldsEveryByteInBothAlphabets) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  EXPECT_EQ(base64("\xfb\xff"), "+/8=");
  EXPECT_EQ(base64_url("\xfb\xff"), "-_8=");
  EXPECT_EQ(base64_decoded(base64(bytes)), bytes);
  EXPECT_EQ(base64_decoded(base64_url(bytes)), bytes);
  EXPECT_EQ(base64_decoded("Zg"), "f") << "padding may be left out";
}

TEST(Text, RefusesWhatIsNotBase64) {
  for (const char* text : {"Zm9v!", "Z g==", "Zm=9v", "A", "Zm9vA"}) EXPECT_FALSE(base64_decoded(text)) << text;
}

}  // namespace
}  // namespace belay
