#include "formats/dockervisor_paths.h"

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "formats/check_values.h"
#include "formats/mounts.h"

namespace belay::formats {

namespace {

using document::Member;
using document::Node;

class PathWriter {
 public:
  explicit PathWriter(fs::path folder) : folder_(std::move(folder)) {}

  bool changed() const { return changed_; }

  // A file is one configuration, or a map of them: sections are known by their names.
  Node configuration(const Node& node) {
    Node result = Node::map();
    for (const Member& member : node.members()) {
      if (member.key == "volumes" && member.value.is_map())
        result.set(member.key, volumes(member.value));
      else if (member.key == "raw" && member.value.is_list())
        result.set(member.key, raw(member.value));
      else if (member.key == "check")
        result.set(member.key, checks(member.value));
      else
        result.set(member.key, member.value.is_map() ? configuration(member.value) : member.value);
    }
    return result;
  }

 private:
  std::string path(const std::string& text) {
    const auto written = host_path(text, folder_);
    if (!written || *written == text || text.starts_with('/')) return text;
    changed_ = true;
    return *written;
  }

  // Only the certificates have paths.
  Node checks(const Node& section) {
    const auto resolved = check_values(section, folder_);
    if (resolved == check_values(section, {})) return section;
    changed_ = true;
    Node list = Node::list();
    for (const auto& check : resolved) list.add(check_node(check));
    return list;
  }

  Node volumes(const Node& section) {
    Node result = Node::map();
    for (const Member& member : section.members()) result.set(path(member.key), member.value);
    return result;
  }

  // "./logs:/var/log:ro"
  std::string volume(const std::string& text) {
    const size_t colon = text.find(':');
    return colon == std::string::npos ? text : path(text.substr(0, colon)) + text.substr(colon);
  }

  // "type=bind,source=./logs,target=/var/log"
  std::string mount(const std::string& text) {
    std::vector<std::string> parts;
    for (const std::string& part : split(text, ',')) {
      const size_t equals = part.find('=');
      const std::string key = part.substr(0, equals);
      const bool is_source = equals != std::string::npos && (key == "source" || key == "src");
      parts.push_back(is_source ? key + "=" + path(part.substr(equals + 1)) : part);
    }
    return join(parts, ",");
  }

  std::string file(const std::string& text) {
    if (text.empty() || text.starts_with('/')) return text;
    changed_ = true;
    return (folder_ / text).lexically_normal().string();
  }

  std::string value_of(const std::string& option, const std::string& text) {
    if (option == "-v" || option == "--volume") return volume(text);
    if (option == "--mount") return mount(text);
    if (option == "--env-file" || option == "--label-file") return file(text);
    return text;
  }

  Node raw(const Node& section) {
    Node result = Node::list();
    std::string option;  // that the next word is the value of
    for (const Node& item : section.items()) {
      const std::string& word = item.raw();
      const size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
      std::string written = word;
      if (!option.empty())
        written = value_of(option, word);
      else if (equals != std::string::npos)
        written = word.substr(0, equals + 1) + value_of(word.substr(0, equals), word.substr(equals + 1));
      else if (word.starts_with("-v") && word.size() > 2)
        written = "-v" + volume(word.substr(2));
      const bool takes_next =
          option.empty() && equals == std::string::npos &&
          (word == "-v" || word == "--volume" || word == "--mount" || word == "--env-file" || word == "--label-file");
      option = takes_next ? word : std::string();
      result.add(item.is_text() ? Node::text(written) : item);
    }
    return result;
  }

  const fs::path folder_;
  bool changed_ = false;
};

}  // namespace

std::string with_absolute_host_paths(std::string_view text, const fs::path& file) {
  const Node root = document::read_json(text, file.string());
  PathWriter writer(fs::absolute(file).parent_path());
  const Node written = writer.configuration(root);
  return writer.changed() ? document::write_json(written, 2) + "\n" : std::string(text);
}

}  // namespace belay::formats
