#include <gtest/gtest.h>

#include "base/format.h"
#include "formats/dockervisor.h"
#include "formats/dockervisor_paths.h"
#include "formats/jockler.h"
#include "golden.h"

namespace belay::formats {
namespace {

std::string jockler_outcome(const std::string& input) {
  try {
    const JocklerOverride result = parse_jockler(input, "/srv/web/jockler-web");
    Service service;
    service.ports = result.ports.value_or(std::vector<PortBinding>());
    service.mounts = result.mounts.value_or(std::vector<Mount>());
    return format("  (ports given: {}, volumes given: {})\n", result.ports.has_value(), result.mounts.has_value()) +
           field_lines(service);
  } catch (const ConfigError& error) {
    return error_lines(error);
  }
}

std::string dockervisor_outcome(const std::string& input) {
  try {
    std::string text;
    for (const auto& [name, configuration] : parse_dockervisor(input, "/srv/web/dcv-web")) {
      text += format("{}\n  (ports given: {}, volumes given: {})\n{}", name, configuration.ports_given,
                     configuration.volumes_given, field_lines(configuration.service));
      for (const std::string& warning : configuration.warnings) text += format("  (warning): {}\n", warning);
    }
    return text;
  } catch (const ConfigError& error) {
    return error_lines(error);
  }
}

TEST(Jockler, ReadsEveryFormAsTheGoldenFilesSay) {
  for (const fs::path& file : inputs("jockler", ".json")) expect_golden(file, jockler_outcome(read_file(file)));
}

TEST(Dockervisor, ReadsEveryFormAsTheGoldenFilesSay) {
  for (const fs::path& file : inputs("dockervisor", ".json")) expect_golden(file, dockervisor_outcome(read_file(file)));
}

TEST(Dockervisor, HostPathsAreWrittenOutForAnotherFolder) {
  const std::string text = R"({"shop": {"volumes": {"./logs": "/var/log", "data": "/data", "/srv": "/srv", "..": "/up"},
    "raw": ["-v", "./a:/a:ro", "--volume=../b:/b", "-v./c:/c", "--mount", "type=bind,source=./d,target=/d",
            "--env-file", "shop.env", "--env", "X=./not-a-path"]}})";
  const std::string moved = with_absolute_host_paths(text, "/srv/web/dcv-web");
  // It says the same wherever it lies.
  const auto before = parse_dockervisor(R"({"shop": {"volumes": {"./logs": "/var/log"}, "raw": ["-v", "./a:/a:ro"]}})",
                                        "/srv/web/dcv-web");
  const auto after = parse_dockervisor(
      with_absolute_host_paths(R"({"shop": {"volumes": {"./logs": "/var/log"}, "raw": ["-v", "./a:/a:ro"]}})",
                               "/srv/web/dcv-web"),
      "/root/dcv/dcv-web");
  EXPECT_EQ(before.at("shop").service, after.at("shop").service);
  for (const char* path : {"/srv/web/logs", "\"/srv\"", "/srv/web/a:/a:ro", "--volume=/srv/b:/b", "-v/srv/web/c:/c",
                           "source=/srv/web/d", "/srv/web/shop.env", "X=./not-a-path", "\"data\""})
    EXPECT_NE(moved.find(path), std::string::npos) << path << "\n" << moved;
  // What has nothing relative stays as its author wrote it.
  const std::string plain = "{ \"volumes\": {\"data\": \"/data\"} }";
  EXPECT_EQ(with_absolute_host_paths(plain, "/srv/web/dcv-web"), plain);
  EXPECT_EQ(with_absolute_host_paths(moved, "/root/dcv/dcv-web"), moved);
}

// Whatever is cut off, the error has a place and nothing is half read.
TEST(Dockervisor, RefusesEveryBeginningOfAFile) {
  const std::string whole = read_file(fs::path(TEST_DATA) / "dockervisor" / "named.json");
  for (size_t length = 0; length + 2 < whole.size(); ++length)
    EXPECT_THROW(parse_dockervisor(whole.substr(0, length), "/srv/web/dcv-web"), ConfigError) << length;
}

}  // namespace
}  // namespace belay::formats
