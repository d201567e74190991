#include "formats/dockerup_write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "base/text.h"
#include "formats/docker_run.h"
#include "formats/dockerup.h"
#include "golden.h"

namespace belay::formats {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Spec spec_in(const std::string& name, const std::string& text) {
  return parse_dockerup({name, text, "/srv"}).good.at(0).declaration.spec;
}

// Every definition of the golden files that can be used is written so that it is read as the same.
TEST(WriteDockerup, WhatIsWrittenIsReadAsTheSame) {
  int written = 0;
  for (const fs::path& file : inputs("dockerup", ".json")) {
    const Definitions read = parse_dockerup({file.string(), read_file(file), "/srv"});
    for (const Definition& definition : read.good) {
      const Declaration& declared = definition.declaration;
      const std::string schedule = declared.schedules.empty() ? "" : declared.schedules.begin()->second;
      const WrittenDefinition text = write_dockerup(declared.name, declared.spec, schedule);
      EXPECT_THAT(text.left_out, IsEmpty()) << file << "\n" << text.text;
      ++written;
    }
  }
  EXPECT_GT(written, 20);
}

// What docker run knows has a key.
TEST(WriteDockerup, SaysAllThatALineOfDockerRunSays) {
  Spec spec;
  spec.services.push_back(
      parse_run_line(
          shell_words(
              "docker run --hostname shop --cap-add NET_ADMIN --cap-drop ALL --network name=one,alias=db,ip=10.0.0.5 "
              "--network two --tmpfs /tmp:size=1m --tmpfs /run --cpus 1.5 --memory-swap -1 --memory-reservation 64m "
              "--pids-limit 5 --ulimit nofile=1:2 --device /dev/null:/dev/x:r --device-cgroup-rule 'c 1:3 mr' "
              "--log-driver local --log-opt max-size=1m --sysctl net.core.somaxconn=5 --init --read-only -it "
              "--shm-size 1m --workdir /srv --stop-signal SIGINT --dns 10.0.0.1 --dns-search a --dns-option b "
              "--add-host a:10.0.0.2 --group-add audio --expose 5/udp --oom-score-adj 5 --pid host --ipc host "
              "--uts host --userns host --cgroupns host --cgroup-parent x --runtime runc --cpuset-cpus 0 "
              "--cpuset-mems 0 --blkio-weight 10 --memory-swappiness 5 --kernel-memory 8m --storage-opt size=1g "
              "--mac-address 02:42:ac:11:00:02 --domainname d --security-opt no-new-privileges --cpu-shares 5 "
              "--oom-kill-disable -P -v data:/data:ro -e A=b -l c=d web:1"))
          .service);
  spec.services[0].name = "web";
  const WrittenDefinition written = write_dockerup(AppName("web"), spec);
  EXPECT_THAT(written.left_out, IsEmpty()) << written.text;
}

TEST(WriteDockerup, SaysWhatADefinitionCannotSay) {
  Spec spec = spec_in("web.json", R"({"image": "web:1", "env": {"A": "1"}})");
  Service& service = spec.services[0];
  service.platform = "linux/arm64";
  service.annotations = {{"a", "b"}};
  service.mounts.push_back({Mount::Kind::volume, "data", "/data", false, "", "part"});
  const WrittenDefinition written = write_dockerup(AppName("web"), spec);
  EXPECT_THAT(written.left_out, Contains(HasSubstr("platform")));
  EXPECT_THAT(written.left_out, Contains(HasSubstr("annotations")));
  EXPECT_THAT(written.left_out, Contains(HasSubstr("mounts")));
  EXPECT_EQ(spec_in("web.json", written.text).services[0].environment.at("A"), "1");
}

}  // namespace
}  // namespace belay::formats
