#include "model/compose_labels.h"

#include <algorithm>
#include <cstdint>

#include "base/format.h"
#include "base/text.h"

namespace belay::labels {

namespace {

// 64 hexadecimal digits that differ where the texts differ: eight FNV-1a sums with seeds of their own.
std::string digits_of(std::string_view text) {
  std::string digits;
  for (std::uint32_t seed = 0; seed < 8; ++seed) {
    std::uint32_t sum = 2166136261U ^ (seed * 0x9E3779B9U);
    for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619U;
    digits += format("{:08x}", sum);
  }
  return digits;
}

// "db:service_healthy:false,cache:service_started:true": the service, the condition, whether it is restarted with it.
std::string text_of_needs(const Spec& spec, const Service& of) {
  std::vector<std::string> texts;
  for (const Need& need : of.needs) {
    const auto is_preparation = [&](const Service& other) {
      return other.name == need.service && !other.prepares.empty();
    };
    if (std::any_of(spec.services.begin(), spec.services.end(), is_preparation)) continue;
    const char* condition = need.condition == Need::Condition::healthy     ? "service_healthy"
                            : need.condition == Need::Condition::completed ? "service_completed_successfully"
                                                                           : "service_started";
    texts.push_back(format("{}:{}:{}", need.service, condition, need.restart));
  }
  return join(texts, ",");
}

}  // namespace

Labels for_compose(const AppName& project, const Spec& spec, const Service& of, const std::string& image) {
  Labels labels{
      {compose_project, project.text()},
      {compose_service, of.group_name()},
      {compose_number, format("{}", of.number)},
      {compose_oneoff, "False"},
      {"com.docker.compose.config-hash", digits_of(format("{}/{} {}", project.text(), of.group_name(), image))},
      {"com.docker.compose.image", image},
      {"com.docker.compose.depends_on", text_of_needs(spec, of)},
      {compose_version, followed_compose}};
  if (!of.prepares.empty()) {
    // Docker Compose lists and starts what has a hash and is no one-off, and removes both with the project.
    labels[compose_service] = of.prepares;
    labels[compose_oneoff] = "True";
    labels["com.docker.compose.hook"] = "pre_start";
    labels.erase("com.docker.compose.config-hash");
  }
  if (!spec.project) return labels;
  labels["com.docker.compose.project.working_dir"] = spec.project->folder;
  labels["com.docker.compose.project.config_files"] = join(spec.project->files, ",");
  if (!spec.project->env_files.empty())
    labels["com.docker.compose.project.environment_file"] = join(spec.project->env_files, ",");
  return labels;
}

}  // namespace belay::labels
