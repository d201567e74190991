#pragma once
// Values as docker-py takes them. Private to dockerstra. Each throws ConfigError at the value.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "formats/definition_values.h"
#include "model/spec.h"

namespace belay::formats::dockerstra {

// A text or a list of them.
std::vector<std::string> words_of(const document::Node& node, std::string_view what);
// A text is split at commas too: "a,b".
std::vector<std::string> comma_words_of(const document::Node& node, std::string_view what);
// A list, or a text that is split as a shell would.
std::vector<std::string> command_of(const document::Node& node, std::string_view what);
// A map, or a list of "NAME=VALUE"; a name without a value has the empty one.
std::map<std::string, std::string> pairs_of(const document::Node& node, std::string_view what);
// 1048576, "512m"; -1 where that means no limit.
ByteCount size_of(const document::Node& node, std::string_view what, bool may_be_unlimited = false);
std::int64_t whole_of(const document::Node& node, std::string_view what);
// A key of any spelling: "Name" or "name". nullptr where there is none.
const document::Node* find_any(const document::Node& map, std::string_view key);
// Refuses keys that are none of these, in any spelling.
void refuse_other_keys(const document::Node& map, const std::vector<std::string>& known, std::string_view what);
// 80, "80/udp", [80, udp].
std::vector<std::string> exposed_ports_of(const document::Node& node);
std::vector<PortBinding> port_bindings_of(const document::Node& map);
Ulimit ulimit_of(const document::Node& node);
std::vector<BlockLimit> block_limits_of(const document::Node& list, const std::string& kind);
// {alias of container}: a map, a list of pairs or of "container:alias".
std::vector<std::pair<std::string, std::string>> links_of(const document::Node& node);

}  // namespace belay::formats::dockerstra
