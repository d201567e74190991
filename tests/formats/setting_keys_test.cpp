#include "formats/setting_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/foreign_keys.h"

namespace belay::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// One value that fits for each key.
const std::map<std::string_view, std::string> samples{
    {"env", "env.A=b=c"},
    {"ports", "ports=127.0.0.1:8080:80"},
    {"volumes", "volumes=data:/data:ro"},
    {"tmpfs", "tmpfs=/run:size=1m"},
    {"volumes_from", "volumes_from=other"},
    {"volume_driver", "volume_driver=local"},
    {"network", "network=backend"},
    {"links", "links=db"},
    {"expose", "expose=80"},
    {"publish_all", "publish_all=true"},
    {"hostname", "hostname=here"},
    {"domainname", "domainname=example"},
    {"mac_address", "mac_address=02:42:ac:11:00:02"},
    {"extra_hosts", "extra_hosts=a:10.0.0.1"},
    {"dns", "dns=10.0.0.1"},
    {"dns_search", "dns_search=example"},
    {"dns_opt", "dns_opt=ndots:1"},
    {"command", "command=sh -c 'a b'"},
    {"entrypoint", "entrypoint=tini --"},
    {"user", "user=1000"},
    {"group_add", "group_add=audio"},
    {"working_dir", "working_dir=/srv"},
    {"restart", "restart=on-failure:3"},
    {"stop_signal", "stop_signal=SIGINT"},
    {"stop_timeout", "stop_timeout=20"},
    {"init", "init=true"},
    {"tty", "tty=true"},
    {"stdin_open", "stdin_open=true"},
    {"labels", "labels.a.b=c"},
    {"health", "health.test=true"},
    {"check", "check=TCP :80"},
    {"memory", "memory=64m"},
    {"memory_swap", "memory_swap=-1"},
    {"memory_reservation", "memory_reservation=32m"},
    {"memory_swappiness", "memory_swappiness=10"},
    {"kernel_memory", "kernel_memory=16m"},
    {"cpus", "cpus=1.5"},
    {"cpu", "cpu=512"},
    {"cpu_period", "cpu_period=1000"},
    {"cpu_quota", "cpu_quota=1000"},
    {"cpuset", "cpuset=0"},
    {"cpuset_mems", "cpuset_mems=0"},
    {"pids_limit", "pids_limit=100"},
    {"blkio_weight", "blkio_weight=100"},
    {"ulimits", "ulimits.nofile=1024:2048"},
    {"shm_size", "shm_size=64m"},
    {"oom_kill_disable", "oom_kill_disable=true"},
    {"oom_score_adj", "oom_score_adj=100"},
    {"storage_opt", "storage_opt.size=10g"},
    {"privileged", "privileged=true"},
    {"read_only", "read_only=true"},
    {"cap_add", "cap_add=NET_ADMIN"},
    {"cap_drop", "cap_drop=ALL"},
    {"security_opt", "security_opt=no-new-privileges"},
    {"devices", "devices=/dev/null"},
    {"device_cgroup_rules", "device_cgroup_rules=c 1:3 mr"},
    {"sysctls", "sysctls.net.core.somaxconn=1024"},
    {"userns_mode", "userns_mode=host"},
    {"pid", "pid=host"},
    {"ipc", "ipc=host"},
    {"uts", "uts=host"},
    {"cgroup", "cgroup=private"},
    {"cgroup_parent", "cgroup_parent=x.slice"},
    {"runtime", "runtime=runc"},
    {"isolation", "isolation=default"},
    {"log", "log.max-size=10m"},
};

TEST(SettingKeys, EachSetsSomethingThatUnsetTakesOut) {
  EXPECT_EQ(samples.size(), container_settings().size());
  for (const SettingKey& key : container_settings()) {
    const auto sample = samples.find(key.key);
    ASSERT_NE(sample, samples.end()) << key.key << " is not tried here";
    Configuration configuration = settings_of_words({sample->second}, "/").settings;
    Spec bare;
    bare.services.emplace_back();
    EXPECT_NE(configuration.spec, bare) << sample->second << " sets nothing";
    Configuration again = configuration;
    EXPECT_TRUE(unset_setting(configuration, std::string(key.key))) << key.key;
    EXPECT_EQ(configuration.spec, bare) << key.key << " leaves something";
    EXPECT_FALSE(unset_setting(configuration, std::string(key.key))) << key.key;
    if (key.take_out == nullptr) continue;
    std::string part = sample->second.substr(0, sample->second.find('='));
    if (key.key == "volumes") part = "volumes./data";
    if (key.key == "tmpfs") part = "tmpfs./run";
    EXPECT_TRUE(unset_setting(again, part)) << part;
    EXPECT_EQ(again.spec, bare) << part << " leaves something";
  }
}

TEST(SettingKeys, OfListsAreGivenSeveralTimes) {
  const auto given = settings_of_words({"ports=80:80", "ports=127.0.0.1:443:443", "cap_add=A", "cap_add=B"}, "/");
  EXPECT_TRUE(given.settings.ports_overridden);
  EXPECT_EQ(given.settings.spec.services[0].ports.size(), 2u);
  EXPECT_THAT(given.settings.spec.services[0].cap_add, ElementsAre("A", "B"));
}

TEST(SettingKeys, KnowTheWordNone) {
  EXPECT_TRUE(settings_of_words({"ports=none"}, "/").settings.ports_overridden);
  EXPECT_EQ(settings_of_words({"health=none"}, "/").settings.spec.services[0].health->test,
            std::vector<std::string>{"NONE"});
  EXPECT_EQ(settings_of_words({"network=none"}, "/").settings.spec.services[0].network_mode, "none");
  EXPECT_THAT(settings_of_words({"cap_add=none", "read_only=false"}, "/").cleared, ElementsAre("cap_add", "read_only"));
  EXPECT_TRUE(settings_of_options({"-p", "none"}, "/").settings.ports_overridden);
}

std::string mistake(const std::vector<std::string>& words) {
  try {
    settings_of_words(words, "/");
  } catch (const Error& error) {
    return std::string(error.what()) + " | " + error.hint();
  }
  return "it was accepted";
}

TEST(SettingKeys, AreNamedInErrors) {
  EXPECT_EQ(mistake({"memory=much"}).substr(0, 8), "memory: ");
  EXPECT_EQ(mistake({"ports=none", "memory=much"}).substr(0, 8), "memory: ");
  EXPECT_THAT(mistake({"memory"}), HasSubstr("'memory' has no value"));
  EXPECT_THAT(mistake({"env=A"}), HasSubstr("'env' needs a name: env.NAME=VALUE"));
  EXPECT_THAT(mistake({"memory.x=1"}), HasSubstr("'memory' has no parts"));
  EXPECT_THAT(mistake({"environment.A=1"}), HasSubstr("\"env\""));
  EXPECT_THAT(mistake({"memry=1m"}), HasSubstr("Did you mean 'memory'?"));
  EXPECT_THAT(mistake({"health.tset=x"}), HasSubstr("start_period"));
  EXPECT_THAT(mistake({"raw=--gpus all"}), HasSubstr("--gpus"));
  EXPECT_THAT(mistake({"raw=--name x"}), HasSubstr("--name has no place"));
}

TEST(ForeignKeys, AreAnsweredWithOurs) {
  const std::vector<std::pair<const char*, const char*>> rows{
      {"environment", "\"env\""},
      {"depends_on", "\"links\""},
      {"healthcheck", "\"health\""},
      {"mem_limit", "\"memory\""},
      {"memswap_limit", "\"memory_swap\""},
      {"cpu_shares", "\"cpu\""},
      {"logging", "\"log\""},
      {"build", "belay build NAME"},
      {"container_name", "\"name\""},
      {"networks", "\"network\""},
      {"network_mode", "\"network\""},
      {"stop_grace_period", "\"stop_timeout\""},
      {"port", "\"ports\""},
      {"publish", "\"ports\""},
      {"volume", "\"volumes\""},
      {"mounts", "\"volumes\""},
      {"deploy", "\"replicas\""},
      {"scale", "\"replicas\""},
      {"profiles", "belay up"},
      {"services", "belay up"},
      {"gpus", "belay up"},
      {"secret", "\"secrets\""},
      {"cmd", "\"command\""},
      {"cap-add", "\"cap_add\""},
      {"capAdd", "\"cap_add\""},
      {"workdir", "\"working_dir\""},
      {"add-host", "\"extra_hosts\""},
  };
  for (const auto& [key, answer] : rows) EXPECT_THAT(answer_to_key(key), HasSubstr(answer)) << key;
  EXPECT_EQ(answer_to_key("nonsense"), "");
}

}  // namespace
}  // namespace belay::formats
