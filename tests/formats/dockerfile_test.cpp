#include "formats/dockerfile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"

namespace belay::formats {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> bases(std::string_view dockerfile, BaseImageRequest request = {}) {
  request.engine_platform = "linux/amd64";
  std::vector<std::string> found;
  for (const auto& base : base_images(dockerfile, request))
    found.push_back(base.platform.empty() ? base.reference : format("{} for {}", base.reference, base.platform));
  return found;
}

BaseImageRequest with(std::map<std::string, std::string> arguments) {
  BaseImageRequest request;
  request.arguments = std::move(arguments);
  return request;
}

BaseImageRequest to(const std::string& target) {
  BaseImageRequest request;
  request.target = target;
  return request;
}

TEST(BaseImages, AreThoseOfFromWithTheirTags) {
  EXPECT_THAT(bases("FROM alpine\nRUN true\n"), ElementsAre("alpine:latest"));
  EXPECT_THAT(bases("  from  registry.example:5000/team/base:2 as Base  \r\nRUN true\r\n"),
              ElementsAre("registry.example:5000/team/base:2"));
  EXPECT_THAT(bases("\xef\xbb\xbf# syntax=docker/dockerfile:1\n\n# a comment\nFROM debian:12"),
              ElementsAre("debian:12"));
}

TEST(BaseImages, AreNeitherScratchNorStages) {
  EXPECT_THAT(bases("FROM scratch\nCOPY . /\n"), IsEmpty());
  EXPECT_THAT(bases("FROM gcc:12 AS build\nFROM build AS test\nFROM debian:12\nCOPY --from=BUILD /a /a\n"
                    "COPY --from=1 /b /b\n"),
              ElementsAre("debian:12", "gcc:12"));
}

TEST(BaseImages, AreOnlyThoseThatTheTargetNeeds) {
  constexpr const char* text =
      "FROM gcc:12 AS build\nFROM debian:11 AS docs\nFROM debian:12 AS last\nCOPY --from=build /a /a\n";
  EXPECT_THAT(bases(text), ElementsAre("debian:12", "gcc:12"));
  EXPECT_THAT(bases(text, to("docs")), ElementsAre("debian:11"));
  EXPECT_THAT(bases(text, to("Build")), ElementsAre("gcc:12"));
  EXPECT_THAT(bases(text, to("1")), ElementsAre("debian:11"));
  EXPECT_THAT(bases(text, to("nonsense")), IsEmpty());
  EXPECT_THAT(bases(text, to("3")), IsEmpty());
}

TEST(BaseImages, AreAlsoThoseThatFilesAreTakenFrom) {
  EXPECT_THAT(bases("FROM scratch\n"
                    "COPY --chown=1:1 --from=registry.example/tools:3 /bin/tool /bin/\n"
                    "RUN --mount=type=cache,target=/c --mount=type=bind,from=registry.example/data,target=/d true\n"
                    "COPY --from=registry.example/tools:3 /bin/other --from=not/a/flag /bin/\n"),
              ElementsAre("registry.example/tools:3", "registry.example/data:latest"));
}

TEST(BaseImages, TakeArgumentsByDefaultOrAsGiven) {
  constexpr const char* text =
      "ARG REGISTRY=registry.example VERSION=\"1\"\nARG NAME=$REGISTRY/base\n"
      "FROM ${NAME}:${VERSION}\n";
  EXPECT_THAT(bases(text), ElementsAre("registry.example/base:1"));
  EXPECT_THAT(bases(text, with({{"VERSION", "2"}})), ElementsAre("registry.example/base:2"));
  EXPECT_THAT(bases(text, with({{"REGISTRY", "other:5000"}, {"UNDECLARED", "x"}})), ElementsAre("other:5000/base:1"));
  // An argument that no ARG in front of the first FROM declares does not count.
  EXPECT_THAT(bases("FROM scratch\nARG BASE=x1\nFROM $BASE\n", with({{"BASE", "x2"}})), IsEmpty());
}

TEST(BaseImages, TakeTheFormsOfVariablesWithAWordOfTheirOwn) {
  EXPECT_THAT(bases("ARG A\nFROM ${A:-debian}:${B-12}"), ElementsAre("debian:12"));
  EXPECT_THAT(bases("ARG A=\nFROM x1${A-y}${A:-z}"), ElementsAre("x1z:latest"));
  EXPECT_THAT(bases("ARG A=1\nFROM base${A:+-slim}${B:+-fat}:${B:-${A}}"), ElementsAre("base-slim:1"));
  EXPECT_THAT(bases("ARG A='$B'\nFROM base${A#x}\nARG A=1\n"), IsEmpty()) << "left to the builder";
  EXPECT_THAT(bases("ARG A=b-1\nARG B=${A%-*}\nFROM ${B}"), IsEmpty()) << "left to the builder";
}

TEST(BaseImages, HaveTheirPlatform) {
  BaseImageRequest request;
  request.platform = "linux/arm64";
  EXPECT_THAT(bases("FROM --platform=$BUILDPLATFORM golang AS build\nFROM debian:12\nCOPY --from=build /a /a\n"
                    "COPY --from=tools:$TARGETARCH /a /a\nFROM base:$TARGETARCH\nCOPY --from=1 / /",
                    request),
              ElementsAre("base:arm64 for linux/arm64", "debian:12 for linux/arm64", "golang:latest for linux/amd64"));
  EXPECT_THAT(bases("FROM --platform=linux/s390x debian:$TARGETARCH"), ElementsAre("debian:amd64 for linux/s390x"));
}

TEST(BaseImages, AreFoundAcrossLinesAndNotInTextsThatFollowAnInstruction) {
  EXPECT_THAT(bases("FROM \\\n# between\n\n  debian:12 \\ \n AS base\nRUN echo \\\nFROM echo\n"),
              ElementsAre("debian:12"));
  EXPECT_THAT(bases("# escape=`\nFROM debian:12\nRUN dir C:\\\nFROM debian:13\nRUN echo `\nFROM echo\n"),
              ElementsAre("debian:13"));
  EXPECT_THAT(bases("FROM debian:12\nRUN <<-'END' cat <<OTHER\nFROM one\n\tEND\nFROM two\nOTHER\nCOPY a b\n"),
              ElementsAre("debian:12"));
  EXPECT_THAT(bases("FROM debian:12\nRUN cat <<<word\nFROM debian:13\n"), ElementsAre("debian:13"));
}

TEST(BaseImages, OfNonsenseAreNone) {
  for (const char* text : {"", "\\", "FROM", "FROM --platform=x", "FROM UPPER CASE", "FROM $", "FROM ${", "FROM ${A",
                           "FROM 'x", "FROM \"x", "COPY --from=x / /", "FROM scratch\nCOPY --from=7 / /",
                           "FROM scratch\nCOPY --from= / /", "RUN <<", "FROM scratch AS a\nFROM A"})
    EXPECT_THAT(bases(text), IsEmpty()) << text;
}

}  // namespace
}  // namespace belay::formats
