#pragma once
// The short forms of what a service mounts: volumes, devices, configs and secrets.

#include <string>

#include "document/node.h"

namespace belay::formats::compose {

struct Loading;

// "[SOURCE:]TARGET[:OPTIONS]" as a long entry.
void write_out_volume(document::Node& node, const std::string& what, Loading& loading);
// "HOST[:CONTAINER[:PERMISSIONS]]", or a CDI name.
void write_out_device(document::Node& node, const std::string& what, Loading& loading);
// A name alone.
void write_out_file_reference(document::Node& node, const std::string& what, Loading& loading);

// A path of a container without "." and ".." and double slashes, as Compose writes it.
std::string clean_path(const std::string& path);

std::string target_key(const document::Node& entry);  // of volumes and devices
std::string secret_key(const document::Node& entry);
std::string config_key(const document::Node& entry);

}  // namespace belay::formats::compose
