#pragma once
// The one list of a spec's fields. JSON in both directions, differences and hiding of secrets all walk it, so that a
// field that is added here is known to all of them at once. Private to model.

#include <concepts>
#include <type_traits>

#include "model/spec.h"

namespace belay::fields {

template <class Visit>
void each(auto& port, Visit&& visit)
  requires requires { port.container_port; }
{
  visit("container_port", port.container_port);
  visit("protocol", port.protocol);
  visit("host_ip", port.host_ip);
  visit("host_port", port.host_port);
}

template <class Visit>
void each(auto& mount, Visit&& visit)
  requires requires { mount.must_exist; }
{
  visit("kind", mount.kind);
  visit("source", mount.source);
  visit("target", mount.target);
  visit("read_only", mount.read_only);
  visit("options", mount.options);
  visit("subpath", mount.subpath);
  visit("recursive", mount.recursive);
  visit("must_exist", mount.must_exist);
  visit("labels", mount.labels);
}

template <class Visit>
void each(auto& link, Visit&& visit)
  requires requires { link.aliases; }
{
  visit("network", link.network);
  visit("aliases", link.aliases);
  visit("ipv4", link.ipv4);
  visit("ipv6", link.ipv6);
  visit("link_local_ips", link.link_local_ips);
  visit("mac_address", link.mac_address);
  visit("options", link.options);
  visit("gateway_priority", link.gateway_priority);
}

template <class Visit>
void each(auto& health, Visit&& visit)
  requires requires { health.start_period; }
{
  visit("test", health.test);
  visit("interval", health.interval);
  visit("timeout", health.timeout);
  visit("start_period", health.start_period);
  visit("retries", health.retries);
  visit("start_interval", health.start_interval);
}

template <class Visit>
void each(auto& check, Visit&& visit)
  requires requires { check.exit_code; }
{
  visit("kind", check.kind);
  visit("port", check.port);
  visit("method", check.method);
  visit("tls", check.tls);
  visit("host", check.host);
  visit("path", check.path);
  visit("status", check.status);
  visit("headers", check.headers);
  visit("certificate", check.certificate);
  visit("match", check.match);
  visit("command", check.command);
  visit("exit_code", check.exit_code);
  visit("timeout", check.timeout);
  visit("interval", check.interval);
  visit("retries", check.retries);
}

template <class Visit>
void each(auto& policy, Visit&& visit)
  requires requires { policy.maximum_retries; }
{
  visit("name", policy.name);
  visit("maximum_retries", policy.maximum_retries);
}

template <class Visit>
void each(auto& need, Visit&& visit)
  requires requires { need.condition; }
{
  visit("service", need.service);
  visit("condition", need.condition);
  visit("required", need.required);
  visit("restart", need.restart);
}

template <class Visit>
void each(auto& project, Visit&& visit)
  requires requires { project.env_files; }
{
  visit("folder", project.folder);
  visit("files", project.files);
  visit("env_files", project.env_files);
  visit("profiles", project.profiles);
  visit("parts", project.parts);
}

template <class Visit>
void each(auto& limit, Visit&& visit)
  requires requires { limit.soft; }
{
  visit("name", limit.name);
  visit("soft", limit.soft);
  visit("hard", limit.hard);
}

template <class Visit>
void each(auto& device, Visit&& visit)
  requires requires { device.container_path; }
{
  visit("host_path", device.host_path);
  visit("container_path", device.container_path);
  visit("permissions", device.permissions);
}

template <class Visit>
void each(auto& request, Visit&& visit)
  requires requires { request.capabilities; }
{
  visit("driver", request.driver);
  visit("count", request.count);
  visit("device_ids", request.device_ids);
  visit("capabilities", request.capabilities);
  visit("options", request.options);
}

template <class Visit>
void each(auto& limit, Visit&& visit)
  requires std::same_as<std::remove_const_t<std::remove_reference_t<decltype(limit)>>, BlockLimit>
{
  visit("kind", limit.kind);
  visit("path", limit.path);
  visit("value", limit.value);
}

template <class Visit>
void each(auto& file, Visit&& visit)
  requires requires { file.content; }
{
  visit("target", file.target);
  visit("content", file.content);
  visit("uid", file.uid);
  visit("gid", file.gid);
  visit("mode", file.mode);
}

template <class Visit>
void each(auto& hook, Visit&& visit)
  requires std::same_as<std::remove_const_t<std::remove_reference_t<decltype(hook)>>, HookCommand>
{
  visit("command", hook.command);
  visit("user", hook.user);
  visit("working_dir", hook.working_dir);
  visit("env", hook.environment);
  visit("privileged", hook.privileged);
}

template <class Visit>
void each(auto& resources, Visit&& visit)
  requires requires { resources.nano_cpus; }
{
  visit("memory", resources.memory);
  visit("memory_swap", resources.memory_swap);
  visit("memory_reservation", resources.memory_reservation);
  visit("kernel_memory", resources.kernel_memory);
  visit("nano_cpus", resources.nano_cpus);
  visit("cpu_shares", resources.cpu_shares);
  visit("cpu_period", resources.cpu_period);
  visit("cpu_quota", resources.cpu_quota);
  visit("pids_limit", resources.pids_limit);
  visit("cpuset_cpus", resources.cpuset_cpus);
  visit("cpuset_mems", resources.cpuset_mems);
  visit("blkio_weight", resources.blkio_weight);
  visit("cpu_rt_period", resources.cpu_rt_period);
  visit("cpu_rt_runtime", resources.cpu_rt_runtime);
}

template <class Visit>
void each(auto& service, Visit&& visit)
  requires requires { service.volumes_from; }
{
  visit("name", service.name);
  visit("image", service.image);
  visit("group", service.group);
  visit("number", service.number);
  visit("container_name", service.container_name);
  visit("command", service.command);
  visit("entrypoint", service.entrypoint);
  visit("env", service.environment);
  visit("ports", service.ports);
  visit("publish_all_ports", service.publish_all_ports);
  visit("exposed_ports", service.exposed_ports);
  visit("mounts", service.mounts);
  visit("volumes_from", service.volumes_from);
  visit("networks", service.networks);
  visit("network_mode", service.network_mode);
  visit("links", service.links);
  visit("user", service.user);
  visit("working_dir", service.working_dir);
  visit("hostname", service.hostname);
  visit("domainname", service.domainname);
  visit("mac_address", service.mac_address);
  visit("stop_signal", service.stop_signal);
  visit("stop_timeout", service.stop_timeout);
  visit("labels", service.labels);
  visit("health", service.health);
  visit("restart", service.restart);
  visit("resources", service.resources);
  visit("tty", service.tty);
  visit("stdin_open", service.stdin_open);
  visit("privileged", service.privileged);
  visit("read_only", service.read_only);
  visit("init", service.init);
  visit("oom_kill_disable", service.oom_kill_disable);
  visit("cap_add", service.cap_add);
  visit("cap_drop", service.cap_drop);
  visit("security_opt", service.security_opt);
  visit("group_add", service.group_add);
  visit("device_cgroup_rules", service.device_cgroup_rules);
  visit("dns", service.dns);
  visit("dns_search", service.dns_search);
  visit("dns_options", service.dns_options);
  visit("extra_hosts", service.extra_hosts);
  visit("devices", service.devices);
  visit("ulimits", service.ulimits);
  visit("sysctls", service.sysctls);
  visit("pid_mode", service.pid_mode);
  visit("ipc_mode", service.ipc_mode);
  visit("uts_mode", service.uts_mode);
  visit("userns_mode", service.userns_mode);
  visit("cgroup_parent", service.cgroup_parent);
  visit("cgroupns_mode", service.cgroupns_mode);
  visit("runtime", service.runtime);
  visit("volume_driver", service.volume_driver);
  visit("isolation", service.isolation);
  visit("shm_size", service.shm_size);
  visit("memory_swappiness", service.memory_swappiness);
  visit("oom_score_adj", service.oom_score_adj);
  visit("log_driver", service.log_driver);
  visit("log_options", service.log_options);
  visit("storage_options", service.storage_options);
  visit("needs", service.needs);
  visit("job", service.job);
  visit("may_end", service.may_end);
  visit("removed_variables", service.removed_variables);
  visit("platform", service.platform);
  visit("annotations", service.annotations);
  visit("device_requests", service.device_requests);
  visit("block_limits", service.block_limits);
  visit("files", service.files);
  visit("order", service.order);
  visit("checks", service.checks);
  visit("prepares", service.prepares);
  visit("post_start", service.post_start);
  visit("pre_stop", service.pre_stop);
  visit("scheduled", service.scheduled);
}

template <class Visit>
void each(auto& pool, Visit&& visit)
  requires requires { pool.aux_addresses; }
{
  visit("subnet", pool.subnet);
  visit("gateway", pool.gateway);
  visit("ip_range", pool.ip_range);
  visit("aux_addresses", pool.aux_addresses);
}

template <class Visit>
void each(auto& network, Visit&& visit)
  requires requires { network.ipam_options; }
{
  visit("external", network.external);
  visit("driver", network.driver);
  visit("options", network.options);
  visit("labels", network.labels);
  visit("internal", network.internal);
  visit("attachable", network.attachable);
  visit("enable_ipv4", network.enable_ipv4);
  visit("enable_ipv6", network.enable_ipv6);
  visit("ipam_driver", network.ipam_driver);
  visit("ipam_options", network.ipam_options);
  visit("pools", network.pools);
}

template <class Visit>
void each(auto& volume, Visit&& visit)
  requires std::same_as<std::remove_const_t<std::remove_reference_t<decltype(volume)>>, VolumeDefinition>
{
  visit("external", volume.external);
  visit("driver", volume.driver);
  visit("options", volume.options);
  visit("labels", volume.labels);
}

template <class Visit>
void each(auto& spec, Visit&& visit)
  requires requires { spec.services; }
{
  visit("services", spec.services);
  visit("order", spec.order);
  visit("rolling", spec.rolling);
  visit("signals", spec.signals);
  visit("project", spec.project);
  visit("settle", spec.settle);
  visit("wait_timeout", spec.wait_timeout);
  visit("snapshot", spec.snapshot);
  visit("networks", spec.networks);
  visit("volumes", spec.volumes);
}

// A struct whose fields `each` knows.
template <class T>
concept Described = requires(T& value) { each(value, [](const char*, auto&) {}); };

}  // namespace belay::fields
