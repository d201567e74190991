#include "formats/foreign_keys.h"

#include <array>

#include "base/format.h"
#include "formats/setting_keys.h"

namespace belay::formats {

namespace {

struct Foreign {
  std::string_view word, answer;
};

constexpr std::array foreign{
    Foreign{"environment", "Variables are \"env\": {\"NAME\": \"value\"}, or [\"NAME=value\"]."},
    Foreign{"variables", "Variables are \"env\": {\"NAME\": \"value\"}, or [\"NAME=value\"]."},
    Foreign{"envFile", "The key is \"env_file\"."},
    Foreign{"depends_on", "\"links\" names what must be there first; \"restart_with\": true follows its restarts."},
    Foreign{"healthcheck", "The key is \"health\": {\"test\": …, \"interval\": …}."},
    Foreign{"health_check", "The key is \"health\": {\"test\": …, \"interval\": …}."},
    Foreign{"mem_limit", "The key is \"memory\"."},
    Foreign{"memory_limit", "The key is \"memory\"."},
    Foreign{"memswap_limit", "The key is \"memory_swap\"."},
    Foreign{"mem_reservation", "The key is \"memory_reservation\"."},
    Foreign{"mem_swappiness", "The key is \"memory_swappiness\"."},
    Foreign{"cpu_shares", "The key is \"cpu\"."},
    Foreign{"cpu_count", "The key is \"cpus\"."},
    Foreign{"logging", "The key is \"log\": {\"driver\": …, \"max-size\": …}."},
    Foreign{"log_driver", "The key is \"log\": {\"driver\": …, \"max-size\": …}."},
    Foreign{"log_opt", "The key is \"log\": {\"max-size\": …, \"max-file\": …}."},
    Foreign{"container_name", "The key is \"name\"."},
    Foreign{"networks", "The key is \"network\": one name, or a list of them."},
    Foreign{"network_mode", "The key is \"network\": host, none or container:NAME."},
    Foreign{"net", "The key is \"network\"."},
    Foreign{"stop_grace_period", "The key is \"stop_timeout\", in seconds."},
    Foreign{"publish", "The key is \"ports\": [\"8080:80\"]."},
    Foreign{"port", "The key is \"ports\": [\"8080:80\"]."},
    Foreign{"portMapping", "The key is \"portMappings\", or \"ports\": [\"8080:80\"]."},
    Foreign{"volume", "The key is \"volumes\": [\"data:/data\"]."},
    Foreign{"mounts", "The key is \"volumes\": [\"data:/data\"]."},
    Foreign{"binds", "The key is \"volumes\": [\"/host/path:/path\"]."},
    Foreign{"pull_policy", "The key is \"update\": {\"pull\": false}."},
    Foreign{"deploy", "Limits are \"memory\" and \"cpus\"; the number of containers is \"replicas\"."},
    Foreign{"scale", "The key is \"replicas\"."},
    Foreign{"build", "A definition takes an image that is there or in a registry: belay build NAME makes one."},
    Foreign{"profiles", "A definition is applied or it is not there; profiles are for Compose files: belay up."},
    Foreign{"extends", "Definitions stand alone; Compose files can extend each other: belay up."},
    Foreign{"configs", "A file is bound: \"volumes\": [\"./app.conf:/etc/app.conf:ro\"]."},
    Foreign{"services", "This looks like a Compose file: belay up takes it as it is."},
    Foreign{"cgroup_ns", "The key is \"cgroup\"."},
    Foreign{"caps", "The keys are \"cap_add\" and \"cap_drop\"."},
    Foreign{"cmd", "The key is \"command\"."},
    Foreign{"args", "The key is \"command\"."},
    Foreign{"workdir", "The key is \"working_dir\"."},
    Foreign{"work_dir", "The key is \"working_dir\"."},
    Foreign{"interactive", "The key is \"stdin_open\"."},
    Foreign{"gpus", "A definition cannot ask for graphics cards; a Compose file can (gpus: all): belay up."},
    Foreign{"secret", "The key is \"secrets\": {\"NAME\": \"FILE\"}."},
};

// "cap-add" and "capAdd" are cap_add.
std::string with_underscores(std::string_view key) {
  std::string plain;
  for (const char c : key) {
    if (c >= 'A' && c <= 'Z') {
      if (!plain.empty()) plain += '_';
      plain += static_cast<char>(c - 'A' + 'a');
    } else {
      plain += c == '-' ? '_' : c;
    }
  }
  return plain;
}

}  // namespace

std::string answer_to_key(std::string_view key) {
  for (const auto& [word, answer] : foreign)
    if (word == key) return std::string(answer);
  for (const SettingKey& each : container_settings())
    if (!each.option.empty() && each.option == key && each.key != key) return format("The key is \"{}\".", each.key);
  const std::string plain = with_underscores(key);
  if (plain != key && find_setting_key(plain) != nullptr) return format("The key is \"{}\".", plain);
  if (plain != key) return answer_to_key(plain);
  return {};
}

}  // namespace belay::formats
