#include "engine/docker_build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/text.h"

namespace belay::engine {
namespace {

using testing::HasSubstr;

// A field of a message in protocol buffers' wire format.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes += static_cast<char>((value & 127) | 128);
  return bytes + static_cast<char>(value);
}
std::string number_field(unsigned id, std::uint64_t value) {
  return varint(id << 3) + varint(value);
}
std::string bytes_field(unsigned id, const std::string& bytes) {
  return varint(id << 3 | 2) + varint(bytes.size()) + bytes;
}

const std::string a_time = number_field(1, 1'700'000'000) + number_field(2, 5);

std::string vertex(const std::string& digest, const std::string& name, const std::string& rest = {}) {
  return bytes_field(1, bytes_field(1, digest) + bytes_field(2, "sha256:input") + bytes_field(3, name) + rest);
}

TEST(LoadProgress, NamesWhatWasLoaded) {
  std::vector<std::string> seen;
  const ProgressSink sink = [&](const Progress& progress) { seen.push_back(progress.id + " " + progress.status); };
  LoadProgress loading(sink);
  for (const char* message :
       {R"({"status":"Loading layer","progressDetail":{"current":1,"total":2},"progress":"=>","id":"abc"})",
        R"({"stream":"Loaded image: web:1\n"})", R"({"stream":"Loaded image ID: sha256:12\n"})"}) {
    const auto document = JsonDocument::parse(message);
    loading.take(document.root());
  }
  EXPECT_EQ(loading.finish(), (std::vector<std::string>{"web:1", "sha256:12"}));
  EXPECT_EQ(seen, std::vector<std::string>{"abc Loading layer"});
}

TEST(LoadProgress, FailsOnAnErrorWithinTheStream) {
  const ProgressSink nobody;
  LoadProgress loading(nobody);
  const auto document = JsonDocument::parse(R"({"errorDetail":{"message":"no space left"},"error":"no space left"})");
  loading.take(document.root());
  EXPECT_THROW((void)loading.finish(), EngineError);
}

struct Watched {
  std::vector<Progress> seen;
  ProgressSink sink = [this](const Progress& progress) { seen.push_back(progress); };
  BuildProgress build{sink};

  void take(const std::string& json) {
    const auto document = JsonDocument::parse(json);
    build.take(document.root());
  }
  void trace(const std::string& message) { take(R"({"id":"moby.buildkit.trace","aux":")" + base64(message) + "\"}"); }
  std::string failure() const {
    try {
      static_cast<void>(build.finish());
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }
};

TEST(BuildProgress, SaysWhetherTheSameBuildCanGoWell) {
  const auto cause_of = [](const std::string& message) -> std::optional<EngineError::Cause> {
    Watched watched;
    watched.take(R"({"errorDetail":{"message":")" + message + R"("},"error":""})");
    try {
      static_cast<void>(watched.build.finish());
    } catch (const EngineError& error) {
      EXPECT_EQ(error.code(), ErrorCode::build_failed);
      return error.cause();
    } catch (const Error&) {
    }
    return {};
  };
  EXPECT_EQ(cause_of("unknown parent image ID sha256:12"), EngineError::Cause::stale_cache);
  EXPECT_EQ(cause_of("failed to get digest sha256:12: open /var: no such file"), EngineError::Cause::stale_cache);
  EXPECT_EQ(cause_of("The command '/bin/sh -c make' returned a non-zero code: 2"), std::nullopt);
}

TEST(BuildTraces, AreReadFieldByField) {
  const std::string message =
      vertex("sha256:aa", "[1/2] RUN make", bytes_field(5, a_time) + bytes_field(6, a_time) + number_field(4, 1)) +
      bytes_field(2, bytes_field(1, "layer") + bytes_field(2, "sha256:aa") + number_field(4, 300) +
                         number_field(5, 70'000) + bytes_field(6, a_time)) +
      bytes_field(3,
                  bytes_field(1, "sha256:aa") + bytes_field(2, a_time) + number_field(3, 1) + bytes_field(4, "out\n")) +
      bytes_field(4, "a warning") + varint(9 << 3 | 5) + "1234" + varint(10 << 3 | 1) + "12345678";
  const BuildTrace trace = decode_build_trace(message);
  ASSERT_EQ(trace.vertices.size(), 1U);
  EXPECT_EQ(trace.vertices[0].digest, "sha256:aa");
  EXPECT_EQ(trace.vertices[0].name, "[1/2] RUN make");
  EXPECT_TRUE(trace.vertices[0].started && trace.vertices[0].completed && trace.vertices[0].cached);
  ASSERT_EQ(trace.statuses.size(), 1U);
  EXPECT_EQ(trace.statuses[0].current, 300);
  EXPECT_EQ(trace.statuses[0].total, 70'000);
  EXPECT_FALSE(trace.statuses[0].completed);
  ASSERT_EQ(trace.logs.size(), 1U);
  EXPECT_EQ(trace.logs[0].text, "out\n");
}

TEST(BuildTraces, MayBreakOffAnywhere) {
  const std::string message = vertex("sha256:aa", "one", bytes_field(5, a_time)) + vertex("sha256:bb", "two");
  for (size_t length = 0; length <= message.size(); ++length)
    EXPECT_LE(decode_build_trace(std::string_view(message).substr(0, length)).vertices.size(), 2U);
  EXPECT_TRUE(decode_build_trace(std::string(20, '\xff')).vertices.empty());
}

TEST(BuildKitProgress, FollowsEachStep) {
  Watched watched;
  watched.trace(vertex("sha256:aaaaaaaaaaaaaaaa", "[1/2] FROM base"));
  EXPECT_TRUE(watched.seen.empty()) << "it has not begun";
  watched.trace(vertex("sha256:aaaaaaaaaaaaaaaa", "[1/2] FROM base", number_field(4, 1) + bytes_field(6, a_time)) +
                vertex("sha256:bb", "[2/2] RUN make", bytes_field(5, a_time)));
  watched.trace(bytes_field(3, bytes_field(1, "sha256:bb") + bytes_field(4, "compiling\n")));
  watched.trace(vertex("sha256:bb", "[2/2] RUN make", bytes_field(5, a_time) + bytes_field(6, a_time)));
  watched.take(R"({"id":"moby.image.id","aux":{"ID":"sha256:1234"}})");
  ASSERT_EQ(watched.seen.size(), 4U);
  EXPECT_EQ(watched.seen[0].id, "aaaaaaaaaaaa");
  EXPECT_EQ(watched.seen[0].status, "[1/2] FROM base (cached)");
  EXPECT_TRUE(watched.seen[0].done);
  EXPECT_FALSE(watched.seen[1].done);
  EXPECT_EQ(watched.seen[2].log, "compiling\n");
  EXPECT_EQ(watched.seen[2].id, watched.seen[1].id);
  EXPECT_TRUE(watched.seen[3].done);
  EXPECT_EQ(watched.build.finish(), "sha256:1234");
}

TEST(BuildKitProgress, TellsTheStepThatFailedNotThoseGivenUpForIt) {
  Watched watched;
  watched.trace(vertex("sha256:bb", "[2/2] RUN make", bytes_field(5, a_time)) +
                bytes_field(3, bytes_field(1, "sha256:bb") + bytes_field(4, "no rule\nto ma")) +
                bytes_field(3, bytes_field(1, "sha256:bb") + bytes_field(4, "ke x\x1b[1m\nlast")));
  watched.trace(vertex("sha256:bb", "[2/2] RUN make", bytes_field(7, "process did not complete: exit code: 2")) +
                vertex("sha256:cc", "[other] RUN sleep", bytes_field(7, "context canceled")));
  watched.take(
      R"({"errorDetail":{"message":"process \"make\" did not complete successfully: exit code: 2"},"error":"x"})");
  EXPECT_EQ(watched.failure(), "the build failed: RUN make: it ended with exit code 2\n  no rule\n  to make x\n  last");
}

TEST(ClassicProgress, FollowsEachStep) {
  Watched watched;
  for (const char* text :
       {"Step 1/2 : FROM base\\n", " ---\\u003e 5f6e\\n", "Step 2/2 : RUN make\\n", " ---\\u003e Running in 1234\\n",
        "compiling\\n", "Removing intermediate container 1234\\n", " ---\\u003e 77aa\\n"})
    watched.take(std::string(R"({"stream":")") + text + "\"}");
  watched.take(R"({"aux":{"ID":"sha256:1234"}})");
  watched.take(R"({"stream":"Successfully built 1234\n"})");
  std::vector<std::string> lines;
  for (const auto& progress : watched.seen)
    lines.push_back(progress.id + "|" + progress.status + "|" + progress.log + (progress.done ? "|done" : ""));
  EXPECT_EQ(lines, (std::vector<std::string>{"Step 1/2|FROM base|", "Step 1/2|FROM base||done", "Step 2/2|RUN make|",
                                             "Step 2/2|RUN make|compiling\n", "Step 2/2|RUN make||done"}));
  EXPECT_EQ(watched.build.finish(), "sha256:1234");
}

TEST(ClassicProgress, TellsTheStepThatFailed) {
  Watched watched;
  watched.take(R"({"stream":"Step 1/1 : RUN make\n"})");
  for (int line = 0; line < 100; ++line) watched.take(R"({"stream":"line )" + std::to_string(line) + "\\n\"}");
  watched.take(R"({"errorDetail":{"code":2,"message":"The command '/bin/sh -c make' returned a non-zero code: 2"}})");
  const std::string failure = watched.failure();
  EXPECT_THAT(failure, testing::StartsWith("the build failed: RUN make: it ended with exit code 2\n  line 85\n"));
  EXPECT_THAT(failure, testing::EndsWith("line 99"));
}

TEST(BuildProgress, LeavesOutTheArrowsOfTheClassicBuilder) {
  Watched watched;
  for (const char* text : {"Step 1/2 : FROM scratch\\n", " ---> \\n", "Step 2/2 : RUN make\\n",
                           " ---> Running in 0123456789ab\\n", "made\\n", " ---> 0123456789ab\\n"})
    watched.take(std::string(R"({"stream":")") + text + R"("})");
  std::string log;
  for (const auto& progress : watched.seen) log += progress.log;
  EXPECT_EQ(log, "made\n");
}

TEST(ClassicProgress, LeavesOutColours) {
  Watched watched;
  watched.take(R"({"stream":"Step 1/2 : RUN make"})");
  watched.take(R"({"stream":"\u001b[91m/bin/sh: can't create x\n\u001b[0m"})");
  watched.take(R"({"stream":"\u001b[0m"})");
  ASSERT_EQ(watched.seen.size(), 2u);
  EXPECT_EQ(watched.seen.back().log, "/bin/sh: can't create x\n");
  watched.take(R"({"errorDetail":{"message":"\u001b[31mit failed\u001b[m"},"error":"it failed"})");
  EXPECT_THAT(watched.failure(), HasSubstr("it failed"));
  EXPECT_EQ(watched.failure().find('\x1b'), std::string::npos);
}

TEST(BuildProgress, RefusesABuildWithoutAnImage) {
  EXPECT_THAT(Watched().failure(), HasSubstr("without an image"));
}

TEST(TransferProgress, TellsBytesAndFailures) {
  std::vector<Progress> seen;
  const ProgressSink sink = [&](const Progress& progress) { seen.push_back(progress); };
  TransferProgress transfer(sink, ImageRef::parse("x"));
  const auto take = [&](const std::string& json) {
    const auto document = JsonDocument::parse(json);
    transfer.take(document.root());
  };
  take(R"({"status":"Downloading","progressDetail":{"current":5,"total":10},"id":"aa"})");
  take(R"({"status":"Pull complete","progressDetail":{},"id":"aa"})");
  transfer.finish();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].current, 5);
  EXPECT_TRUE(seen[1].done);
  take(R"({"errorDetail":{"message":"manifest for x not found: manifest unknown"},"error":"…"})");
  EXPECT_THROW(transfer.finish(), NotFound);
  take(R"({"error":"denied: requested access to the resource is denied"})");
  EXPECT_THROW(transfer.finish(), EngineError);
}

TEST(TransferProgress, LeavesOutTheNameThatStandsInFrontAnyway) {
  const auto image = ImageRef::parse("registry.example:5000/team/web:9");
  EXPECT_EQ(without_name("manifest for registry.example:5000/team/web:9 not found: manifest unknown", image),
            "manifest not found: manifest unknown");
  EXPECT_EQ(without_name("pull access denied for registry.example:5000/team/web, repository does not exist", image),
            "pull access denied, repository does not exist");
  EXPECT_EQ(without_name("An image does not exist locally with the tag: registry.example:5000/team/web", image),
            "An image does not exist locally with the tag");
  EXPECT_EQ(without_name("failed to resolve reference \"registry.example:5000/team/web:9\": "
                         "registry.example:5000/team/web:9: not found",
                         image),
            "failed to resolve reference: not found");
  EXPECT_EQ(without_name("manifest for docker.io/library/web:latest not found", ImageRef::parse("web")),
            "manifest not found");
  for (const char* other : {"no room for website", "no basic auth credentials", "no login for web:10", ": webs"})
    EXPECT_EQ(without_name(other, ImageRef::parse("web:1")), other);
}

}  // namespace
}  // namespace belay::engine
