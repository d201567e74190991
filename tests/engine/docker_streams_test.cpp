#include "engine/docker_streams.h"

#include <gtest/gtest.h>
#include <vector>

#include "engine/json.h"

namespace belay::engine {
namespace {

std::string frame(char stream, const std::string& bytes) {
  std::string head{stream, 0, 0, 0};
  for (const int shift : {24, 16, 8, 0}) head += static_cast<char>(bytes.size() >> shift & 255);
  return head + bytes;
}

TEST(LogFrames, ComeOutTheSameWhereverTheyAreSplit) {
  const std::string bytes = frame(1, "first\n") + frame(2, "wrong") + frame(1, "") + frame(1, std::string(300, 'x'));
  for (size_t split = 0; split <= bytes.size(); ++split) {
    std::string out, err;
    FrameReader reader(
        [&](OutputStream stream, std::string_view text) { (stream == OutputStream::out ? out : err) += text; });
    reader.feed(std::string_view(bytes).substr(0, split));
    reader.feed(std::string_view(bytes).substr(split));
    EXPECT_EQ(out, "first\n" + std::string(300, 'x')) << split;
    EXPECT_EQ(err, "wrong") << split;
  }
}

TEST(LogFrames, MayArriveByteByByte) {
  std::string out;
  FrameReader reader([&](OutputStream, std::string_view text) { out += text; });
  for (const char c : frame(1, "one ") + frame(2, "two")) reader.feed({&c, 1});
  EXPECT_EQ(out, "one two");
}

TEST(JsonStreams, GiveEachValueWhereverTheyAreSplit) {
  const std::string bytes = R"({"a":"{\"}"}{"a":2} 
 {"a":[3,{}]}
)";
  for (size_t split = 0; split <= bytes.size(); ++split) {
    std::vector<std::string> seen;
    JsonStream stream([&](JsonView value) {
      seen.push_back(value["a"].is_text() ? value["a"].text() : std::to_string(value["a"].number()));
    });
    stream.feed(std::string_view(bytes).substr(0, split));
    stream.feed(std::string_view(bytes).substr(split));
    EXPECT_EQ(seen, (std::vector<std::string>{"{\"}", "2", "0"})) << split;
  }
}

TEST(JsonStreams, RefuseWhatIsNoJson) {
  JsonStream stream([](JsonView) {});
  EXPECT_THROW(stream.feed("{]"), EngineError);
}

TEST(Json, AnswersEmptyForWhatIsAbsentOrOfAnotherKind) {
  const auto document = JsonDocument::parse(R"({"a":null,"n":"12","t":"x","l":"alone","o":{"k":"v","z":null}})");
  const auto root = document.root();
  EXPECT_FALSE(root["a"]);
  EXPECT_EQ(root["a"]["b"]["c"].text(), "");
  EXPECT_EQ(root["n"].number(), 12);
  EXPECT_EQ(root["t"].number(7), 7);
  EXPECT_EQ(root["l"].texts(), std::vector<std::string>{"alone"});
  EXPECT_EQ(root["o"].text_map().at("z"), "");
  EXPECT_THROW(JsonDocument::parse("<html>"), EngineError);
}

TEST(Json, IsWrittenSoThatItReadsBack) {
  const std::string odd = "\"\\\n\x01/é";
  JsonWriter writer;
  writer.object([&] {
    writer.member("odd", odd);
    writer.list("list", [&] {
      writer.value(1);
      writer.object([&] { writer.member("yes", true); });
      writer.value(std::vector<std::string>{"a", "b"});
    });
    writer.member("negative", -5);
    writer.optional("left out", std::string());
  });
  const auto document = JsonDocument::parse(writer.text());
  EXPECT_EQ(document.root()["odd"].text(), odd);
  EXPECT_EQ(document.root()["negative"].number(), -5);
  EXPECT_EQ(document.root().keys(), (std::vector<std::string>{"odd", "list", "negative"}));
  EXPECT_EQ(writer.text().substr(writer.text().find("\"list\"")),
            R"("list":[1,{"yes":true},["a","b"]],"negative":-5})");
}

}  // namespace
}  // namespace belay::engine
