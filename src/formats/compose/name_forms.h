#pragma once
// Short forms that name other things: services, networks, hosts, files, device requests.

#include <string>

#include "document/node.h"

namespace belay::formats::compose {

struct Loading;

// A list of names becomes a map: each with null, or with the condition service_started.
void write_out_names(document::Node& node, const std::string& what, Loading& loading);
void write_out_depends_on(document::Node& node, const std::string& what, Loading& loading);
// A map or list of hosts becomes a list of "host=address".
void write_out_extra_hosts(document::Node& node, const std::string& what, Loading& loading);
// A path becomes {path, required: true}; a text a list of one.
void write_out_env_files(document::Node& node, const std::string& what, Loading& loading);
std::string path_key(const document::Node& entry);
// A number becomes {soft, hard}.
void write_out_ulimit(document::Node& node, const std::string& what, Loading& loading);
// "x" becomes {context: x}.
void write_out_build(document::Node& node, const std::string& what, Loading& loading);
// "x" becomes {service: x}.
void write_out_extends(document::Node& node, const std::string& what, Loading& loading);
// Paths become {path: [path]}.
void write_out_include(document::Node& node, const std::string& what, Loading& loading);
// "all" becomes one request for every device.
void write_out_gpus(document::Node& node, const std::string& what, Loading& loading);
// "all" becomes -1.
void write_out_device_count(document::Node& node, const std::string& what, Loading& loading);
// A map of ssh keys becomes a list of "id=path".
void write_out_ssh(document::Node& node, const std::string& what, Loading& loading);
// external: {name: X} becomes external: true beside name: X.
void write_out_external(document::Node& node, const std::string& what, Loading& loading);
// A test as text becomes [CMD-SHELL, text]; disable: true becomes the test [NONE].
void write_out_healthcheck(document::Node& node, const std::string& what, Loading& loading);
// log_driver and log_opt of old files become logging.
void write_out_old_logging(document::Node& node, const std::string& what, Loading& loading);
std::string subnet_key(const document::Node& entry);

}  // namespace belay::formats::compose
