#include "formats/compose/mount_forms.h"
#include "formats/compose/name_forms.h"
#include "formats/compose/ports.h"
#include "formats/compose/shape.h"
#include "formats/compose/values.h"

namespace belay::formats::compose {

namespace {

using Kind = Shape::Kind;
using Rule = Shape::Rule;

Shape command_shape() {
  Shape shape = with(texts_shape(Rule::replace), split_words);
  shape.may_be_null = true;
  return shape;
}

Shape environment_shape() {
  Shape value = or_null(of(Kind::printed));
  value.rule = Rule::replace;
  return with(map_of(value), env_pairs);
}

Shape printed_list(Rule rule) {
  return list_of(of(Kind::printed), rule);
}

Shape volume_entry_shape() {
  return with(
      object({{"type", one_of({"volume", "bind", "tmpfs", "image", "cluster", "npipe"}), true},
              {"source", text_shape()},
              {"target", text_shape(), true},
              {"read_only", of(Kind::boolean)},
              {"consistency", text_shape()},
              {"bind", object({{"propagation", text_shape()},
                               {"create_host_path", of(Kind::boolean)},
                               {"recursive", one_of({"enabled", "disabled", "writable", "readonly"})},
                               {"selinux", one_of({"z", "Z"})}})},
              {"volume", object({{"nocopy", of(Kind::boolean)}, {"subpath", text_shape()}, {"labels", pairs_shape()}})},
              {"tmpfs", object({{"size", of(Kind::bytes)}, {"mode", of(Kind::mode)}})},
              {"image", object({{"subpath", text_shape()}})}}),
      write_out_volume);
}

Shape port_entry_shape() {
  return object({{"target", of(Kind::whole), true},
                 {"published", of(Kind::printed)},
                 {"host_ip", text_shape()},
                 {"protocol", text_shape()},
                 {"mode", text_shape()},
                 {"name", text_shape()},
                 {"app_protocol", text_shape()}});
}

Shape file_references_shape(Shape::Key key) {
  return keyed_list(with(object({{"source", text_shape(), true},
                                 {"target", text_shape()},
                                 {"uid", of(Kind::printed)},
                                 {"gid", of(Kind::printed)},
                                 {"mode", of(Kind::mode)}}),
                         write_out_file_reference),
                    key);
}

Shape healthcheck_shape() {
  return with(object({{"test", texts_shape(Rule::replace)},
                      {"disable", of(Kind::boolean)},
                      {"interval", of(Kind::duration)},
                      {"timeout", of(Kind::duration)},
                      {"start_period", of(Kind::duration)},
                      {"start_interval", of(Kind::duration)},
                      {"retries", of(Kind::whole)}}),
              write_out_healthcheck);
}

Shape logging_shape() {
  Shape shape = object({{"driver", text_shape()}, {"options", map_of(of(Kind::printed))}});
  shape.rule = Rule::logging;
  return shape;
}

Shape blkio_shape() {
  const Shape rates = list_of(object({{"path", text_shape(), true}, {"rate", of(Kind::bytes), true}}));
  return object({{"weight", of(Kind::whole)},
                 {"weight_device", list_of(object({{"path", text_shape(), true}, {"weight", of(Kind::whole), true}}))},
                 {"device_read_bps", rates},
                 {"device_write_bps", rates},
                 {"device_read_iops", rates},
                 {"device_write_iops", rates}});
}

Shape gpus_shape() {
  Shape shape = with(device_requests_shape(), write_out_gpus);
  shape.rule = Rule::unique;
  return shape;
}

std::vector<Field> hook_fields() {
  return {{"command", command_shape()},
          {"user", text_shape()},
          {"privileged", of(Kind::boolean)},
          {"working_dir", text_shape()},
          {"environment", environment_shape()}};
}

// In the service's container.
Shape hooks_shape() {
  return list_of(object(hook_fields()));
}

// Each in a container of its own.
Shape preparations_shape() {
  std::vector<Field> fields = hook_fields();
  fields.push_back({"image", text_shape()});
  fields.push_back({"per_replica", of(Kind::boolean)});
  return list_of(object(std::move(fields)));
}

Shape depends_on_shape() {
  const std::vector<std::string> conditions{"service_started", "service_healthy", "service_completed_successfully"};
  return with(
      map_of(object(
          {{"condition", one_of(conditions), true}, {"required", of(Kind::boolean)}, {"restart", of(Kind::boolean)}})),
      write_out_depends_on);
}

Shape paths_shape() {
  return with(
      keyed_list(object({{"path", text_shape(), true}, {"required", of(Kind::boolean)}, {"format", one_of({"raw"})}}),
                 path_key),
      write_out_env_files);
}

std::vector<Field> identity_fields() {
  return {{"image", text_shape()},
          {"build", with(build_shape(), write_out_build)},
          {"container_name", text_shape()},
          {"hostname", text_shape()},
          {"domainname", text_shape()},
          {"platform", text_shape()},
          {"pull_policy", text_shape()},
          {"profiles", texts_shape(Rule::unique)},
          {"extends", with(object({{"service", text_shape(), true}, {"file", text_shape()}}), write_out_extends)},
          {"scale", of(Kind::whole)},
          {"deploy", or_null(deploy_shape())},
          {"labels", pairs_shape()},
          {"label_file", text_or_texts()},
          {"annotations", pairs_shape()},
          {"attach", of(Kind::boolean)},
          {"develop", or_null(Shape())},
          {"provider", Shape()},
          {"models", Shape()},
          {"use_api_socket", of(Kind::boolean)},
          {"depends_on", depends_on_shape()}};
}

std::vector<Field> process_fields() {
  return {{"command", command_shape()},
          {"entrypoint", command_shape()},
          {"environment", environment_shape()},
          {"env_file", paths_shape()},
          {"user", text_shape()},
          {"working_dir", text_shape()},
          {"tty", of(Kind::boolean)},
          {"stdin_open", of(Kind::boolean)},
          {"init", of(Kind::boolean)},
          {"stop_signal", text_shape()},
          {"stop_grace_period", of(Kind::duration)},
          {"restart", text_shape()},
          {"healthcheck", healthcheck_shape()},
          {"logging", logging_shape()},
          {"pre_start", preparations_shape()},
          {"post_start", hooks_shape()},
          {"pre_stop", hooks_shape()}};
}

std::vector<Field> attachment_fields() {
  return {{"networks", with(networks_of_service_shape(), write_out_names)},
          {"network_mode", text_shape()},
          {"mac_address", text_shape()},
          {"ports", with(keyed_list(port_entry_shape(), port_key), write_out_ports)},
          {"expose", printed_list(Rule::unique)},
          {"links", texts_shape(Rule::unique)},
          {"external_links", texts_shape(Rule::unique)},
          {"dns", text_or_texts(Rule::unique)},
          {"dns_search", text_or_texts(Rule::unique)},
          {"dns_opt", texts_shape(Rule::unique)},
          {"extra_hosts", with(texts_shape(Rule::unique), write_out_extra_hosts)},
          {"volumes", keyed_list(volume_entry_shape(), target_key)},
          {"volumes_from", texts_shape(Rule::unique)},
          {"tmpfs", text_or_texts(Rule::unique)},
          {"configs", file_references_shape(config_key)},
          {"secrets", secrets_of_service_shape()},
          {"devices",
           keyed_list(
               with(object({{"source", text_shape(), true}, {"target", text_shape()}, {"permissions", text_shape()}}),
                    write_out_device),
               target_key)},
          {"gpus", gpus_shape()}};
}

std::vector<Field> limit_fields() {
  std::vector<Field> fields{
      {"ulimits", ulimits_shape()},
      {"sysctls", pairs_shape()},
      {"storage_opt", map_of(of(Kind::printed))},
      {"blkio_config", blkio_shape()},
      {"credential_spec", object({{"config", text_shape()}, {"file", text_shape()}, {"registry", text_shape()}})},
      {"group_add", printed_list(Rule::unique)},
      {"cap_add", texts_shape(Rule::unique)},
      {"cap_drop", texts_shape(Rule::unique)},
      {"security_opt", texts_shape(Rule::unique)},
      {"device_cgroup_rules", texts_shape()},
      {"cpus", of(Kind::fraction)},
      {"cpu_percent", of(Kind::fraction)},
      {"pid", or_null(text_shape())}};
  for (const char* name : {"cpuset", "runtime", "cgroup", "cgroup_parent", "ipc", "uts", "userns_mode", "isolation"})
    fields.push_back({name, text_shape()});
  for (const char* name : {"privileged", "read_only", "oom_kill_disable"}) fields.push_back({name, of(Kind::boolean)});
  for (const char* name : {"cpu_count", "cpu_shares", "cpu_quota", "oom_score_adj", "mem_swappiness", "pids_limit"})
    fields.push_back({name, of(Kind::whole)});
  for (const char* name : {"cpu_period", "cpu_rt_period", "cpu_rt_runtime"})
    fields.push_back({name, with(of(Kind::whole), write_out_microseconds)});
  for (const char* name : {"mem_limit", "mem_reservation", "memswap_limit", "shm_size"})
    fields.push_back({name, of(Kind::bytes)});
  return fields;
}

}  // namespace

Shape ulimits_shape() {
  Shape limit = with(object({{"soft", of(Kind::whole), true}, {"hard", of(Kind::whole), true}}), write_out_ulimit);
  limit.rule = Rule::replace;
  return map_of(limit);
}

Shape secrets_of_service_shape() {
  return file_references_shape(secret_key);
}

Shape service_shape() {
  std::vector<Field> fields = identity_fields();
  for (auto* more : {&process_fields, &attachment_fields, &limit_fields})
    for (Field& field : (*more)()) fields.push_back(std::move(field));
  return with(object(std::move(fields)), write_out_old_logging);
}

}  // namespace belay::formats::compose
