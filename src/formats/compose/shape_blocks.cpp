#include "formats/compose/name_forms.h"
#include "formats/compose/shape.h"
#include "formats/compose/values.h"

namespace belay::formats::compose {

namespace {

using Kind = Shape::Kind;
using Rule = Shape::Rule;

Shape update_shape() {
  return object({{"parallelism", of(Kind::whole)},
                 {"delay", of(Kind::duration)},
                 {"failure_action", text_shape()},
                 {"monitor", of(Kind::duration)},
                 {"max_failure_ratio", of(Kind::fraction)},
                 {"order", one_of({"start-first", "stop-first"})}});
}

Shape resources_shape() {
  const Shape generic =
      list_of(object({{"discrete_resource_spec", object({{"kind", text_shape()}, {"value", of(Kind::fraction)}})}}));
  return object(
      {{"limits", object({{"cpus", of(Kind::fraction)}, {"memory", of(Kind::bytes)}, {"pids", of(Kind::whole)}})},
       {"reservations", object({{"cpus", of(Kind::fraction)},
                                {"memory", of(Kind::bytes)},
                                {"generic_resources", generic},
                                {"devices", device_requests_shape()}})}});
}

Shape ipam_shape() {
  const Shape entry = object({{"subnet", text_shape()},
                              {"ip_range", text_shape()},
                              {"gateway", text_shape()},
                              {"aux_addresses", map_of(text_shape())}});
  return object(
      {{"driver", text_shape()}, {"config", keyed_list(entry, subnet_key)}, {"options", map_of(of(Kind::printed))}});
}

Shape network_shape() {
  return or_null(with(object({{"name", text_shape()},
                              {"external", of(Kind::boolean)},
                              {"driver", text_shape()},
                              {"driver_opts", map_of(of(Kind::printed))},
                              {"internal", of(Kind::boolean)},
                              {"attachable", of(Kind::boolean)},
                              {"enable_ipv4", of(Kind::boolean)},
                              {"enable_ipv6", of(Kind::boolean)},
                              {"labels", pairs_shape()},
                              {"ipam", ipam_shape()}}),
                      write_out_external));
}

Shape volume_shape() {
  return or_null(with(object({{"name", text_shape()},
                              {"external", of(Kind::boolean)},
                              {"driver", text_shape()},
                              {"driver_opts", map_of(of(Kind::printed))},
                              {"labels", pairs_shape()}}),
                      write_out_external));
}

// Of configs and secrets.
Shape file_shape() {
  return with(object({{"name", text_shape()},
                      {"file", text_shape()},
                      {"environment", text_shape()},
                      {"content", text_shape()},
                      {"external", of(Kind::boolean)},
                      {"driver", text_shape()},
                      {"driver_opts", map_of(of(Kind::printed))},
                      {"template_driver", text_shape()},
                      {"labels", pairs_shape()}}),
              write_out_external);
}

Shape include_shape() {
  return with(
      list_of(object(
          {{"path", text_or_texts(), true}, {"project_directory", text_shape()}, {"env_file", text_or_texts()}})),
      write_out_include);
}

}  // namespace

Shape device_requests_shape() {
  return list_of(object({{"capabilities", texts_shape(Rule::unique)},
                         {"count", with(of(Kind::whole), write_out_device_count)},
                         {"device_ids", texts_shape(Rule::unique)},
                         {"driver", text_shape()},
                         {"options", pairs_shape()}}));
}

Shape networks_of_service_shape() {
  return map_of(or_null(object({{"aliases", texts_shape(Rule::unique)},
                                {"ipv4_address", text_shape()},
                                {"ipv6_address", text_shape()},
                                {"link_local_ips", texts_shape(Rule::unique)},
                                {"mac_address", text_shape()},
                                {"interface_name", text_shape()},
                                {"driver_opts", map_of(of(Kind::printed))},
                                {"priority", of(Kind::whole)},
                                {"gw_priority", of(Kind::whole)}})));
}

Shape build_shape() {
  Shape argument = or_null(of(Kind::printed));
  argument.rule = Rule::replace;
  std::vector<Field> fields{{"args", with(map_of(argument), env_pairs)},
                            {"labels", pairs_shape()},
                            {"additional_contexts", pairs_shape()},
                            {"extra_hosts", with(texts_shape(Rule::unique), write_out_extra_hosts)},
                            {"ssh", with(texts_shape(Rule::unique), write_out_ssh)},
                            {"tags", texts_shape(Rule::unique)},
                            {"no_cache_filter", text_or_texts()},
                            {"shm_size", of(Kind::bytes)},
                            {"provenance", of(Kind::printed)},
                            {"sbom", of(Kind::printed)},
                            {"ulimits", ulimits_shape()},
                            {"secrets", secrets_of_service_shape()}};
  for (const char* name : {"context", "dockerfile", "dockerfile_inline", "target", "network", "isolation"})
    fields.push_back({name, text_shape()});
  for (const char* name : {"cache_from", "cache_to", "platforms", "entitlements"})
    fields.push_back({name, texts_shape()});
  for (const char* name : {"no_cache", "pull", "privileged"}) fields.push_back({name, of(Kind::boolean)});
  return object(std::move(fields));
}

Shape deploy_shape() {
  return object({{"mode", text_shape()},
                 {"endpoint_mode", text_shape()},
                 {"replicas", of(Kind::whole)},
                 {"labels", pairs_shape()},
                 {"resources", resources_shape()},
                 {"restart_policy", object({{"condition", text_shape()},
                                            {"delay", of(Kind::duration)},
                                            {"max_attempts", of(Kind::whole)},
                                            {"window", of(Kind::duration)}})},
                 {"update_config", update_shape()},
                 {"rollback_config", update_shape()},
                 {"placement", object({{"constraints", texts_shape()},
                                       {"preferences", list_of(object({{"spread", text_shape()}}))},
                                       {"max_replicas_per_node", of(Kind::whole)}})}});
}

const Shape& project_shape() {
  static const Shape shape = object({{"version", of(Kind::printed)},
                                     {"name", text_shape()},
                                     {"include", include_shape()},
                                     {"services", map_of(service_shape())},
                                     {"networks", map_of(network_shape())},
                                     {"volumes", map_of(volume_shape())},
                                     {"configs", map_of(file_shape())},
                                     {"secrets", map_of(file_shape())},
                                     {"models", Shape()}});
  return shape;
}

}  // namespace belay::formats::compose
