#include "formats/dockerstra/commit_conf.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "formats/dockerstra/values.h"

namespace belay::formats::dockerstra {

namespace {

using document::Member;
using document::Node;

// A line break would begin another line of the Dockerfile, whatever stands before it.
std::string one_line(const Node& node, std::string text) {
  if (text.find_first_of("\r\n") != std::string::npos)
    refuse(node, "a line break cannot stand here", "An image's settings are lines.");
  return text;
}

// In quotes, where nothing is replaced.
std::string quoted(const Node& node, const std::string& text) {
  std::string result = "\"";
  for (const char c : one_line(node, text)) {
    if (c == '"' || c == '\\' || c == '$') result += '\\';
    result += c;
  }
  return result + "\"";
}

std::string words_as_json(const Node& node, std::string_view key) {
  Node list = Node::list();
  for (auto& word : command_of(node, format("\"{}\"", key))) list.add(Node::text(std::move(word)));
  return document::write_json(list);
}

void add_variables(const Node& node, std::vector<std::string>& lines) {
  if (node.is_map()) {
    for (const Member& member : node.members())
      lines.push_back(
          format("ENV {}={}", one_line(node, member.key), quoted(member.value, member.value.as_scalar("a variable"))));
    return;
  }
  for (const Node& item : node.as_list("\"Env\"")) {
    const std::string& text = item.as_scalar("a variable");
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      refuse(item, format("'{}' is no variable", printable(text)), "Write NAME=VALUE.");
    lines.push_back(format("ENV {}={}", one_line(item, text.substr(0, equals)), quoted(item, text.substr(equals + 1))));
  }
}

void add_labels(const Node& node, std::vector<std::string>& lines) {
  for (const Member& member : node.as_map("\"Labels\""))
    lines.push_back(format("LABEL {}={}", quoted(member.value, member.key),
                           quoted(member.value, member.value.is_null() ? "" : member.value.as_scalar("a label"))));
}

// "ExposedPorts" and "Volumes" are maps of nothing, as the API has them, or lists.
void add_names(const Node& node, std::string_view key, std::string_view instruction, std::vector<std::string>& lines) {
  const auto add = [&](const Node& where, const std::string& name) {
    Node list = Node::list();
    list.add(Node::text(one_line(where, name)));
    lines.push_back(instruction == "VOLUME" ? format("VOLUME {}", document::write_json(list))
                                            : format("{} {}", instruction, name));
  };
  if (node.is_map()) {
    for (const Member& member : node.members()) add(member.value, member.key);
    return;
  }
  for (const Node& item : node.as_list(format("\"{}\"", key))) add(item, item.as_scalar(format("\"{}\"", key)));
}

// What only a container has.
constexpr std::array of_containers{"Hostname",     "Domainname", "AttachStdin", "AttachStdout",    "AttachStderr",
                                   "Tty",          "OpenStdin",  "StdinOnce",   "NetworkDisabled", "MacAddress",
                                   "StopTimeout",  "Image",      "PortSpecs",   "Memory",          "MemorySwap",
                                   "CpuShares",    "Cpuset",     "Dns",         "VolumesFrom",     "VolumeDriver",
                                   "SecurityOpts", "HostConfig"};

}  // namespace

std::vector<std::string> changes_of_conf(const Node& conf) {
  std::vector<std::string> lines;
  for (const Member& member : conf.as_map("\"conf\"")) {
    const Node& value = member.value;
    const std::string& key = member.key;
    if (value.is_null()) continue;
    const auto text = [&] { return one_line(value, value.as_scalar(format("\"{}\"", key))); };
    if (key == "Cmd")
      lines.push_back("CMD " + words_as_json(value, key));
    else if (key == "Entrypoint")
      lines.push_back("ENTRYPOINT " + words_as_json(value, key));
    else if (key == "Env")
      add_variables(value, lines);
    else if (key == "Labels")
      add_labels(value, lines);
    else if (key == "ExposedPorts")
      add_names(value, key, "EXPOSE", lines);
    else if (key == "Volumes")
      add_names(value, key, "VOLUME", lines);
    else if (key == "WorkingDir")
      lines.push_back("WORKDIR " + text());
    else if (key == "User")
      lines.push_back("USER " + text());
    else if (key == "StopSignal")
      lines.push_back("STOPSIGNAL " + text());
    else if (key == "OnBuild")
      for (const Node& item : value.as_list("\"OnBuild\""))
        lines.push_back("ONBUILD " + one_line(item, item.as_scalar("a line")));
    else if (std::find(of_containers.begin(), of_containers.end(), key) != of_containers.end())
      throw ConfigError(member.key_where, format("\"{}\" cannot be committed: it is of a container", key),
                        "Say it in creation or startup of the container that is made from the image.");
    else
      throw ConfigError(member.key_where, format("\"conf\" has no key \"{}\"", printable(key)),
                        did_you_mean(key, {"Cmd", "Entrypoint", "Env", "Labels", "ExposedPorts", "Volumes",
                                           "WorkingDir", "User", "StopSignal", "OnBuild"}));
  }
  return lines;
}

}  // namespace belay::formats::dockerstra
