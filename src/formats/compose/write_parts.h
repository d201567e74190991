#pragma once
// The parts of writing a project. Private to write*.cpp.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"
#include "formats/compose/write.h"

namespace belay::formats::compose {

// Text that is read as it is: the reader makes one dollar sign of two.
document::Node plain(const std::string& text);
// The same in every text of the tree.
document::Node plain(document::Node node);
document::Node plain_texts(const std::vector<std::string>& texts);
document::Node plain_pairs(const std::map<std::string, std::string>& pairs);
// Each sets a member where there is something to say.
void put_text(document::Node& map, const char* key, const std::string& text);
void put_texts(document::Node& map, const char* key, const std::vector<std::string>& texts);
void put_pairs(document::Node& map, const char* key, const std::map<std::string, std::string>& pairs);
void put_true(document::Node& map, const char* key, bool value);
void put_full(document::Node& map, const char* key, document::Node value);
template <class Number>
void put_number(document::Node& map, const char* key, const std::optional<Number>& number) {
  if (number) map.set(key, document::Node::number(static_cast<std::int64_t>(*number)));
}
void put_bytes(document::Node& map, const char* key, const std::optional<ByteCount>& bytes);
void put_time(document::Node& map, const char* key, const std::optional<Milliseconds>& time);

// Values that stand in a file of their own where that is asked for.
class ApartValues {
 public:
  explicit ApartValues(bool apart) : apart_(apart) {}

  // What stands in the project for the value of `name` of the service.
  document::Node value(const std::string& service, const std::string& name, const std::string& value);
  // The name of a variable that has this value; nullopt: the value stands in the project.
  std::optional<std::string> variable(const std::string& service, const std::string& name, const std::string& value);
  const std::string& text() const { return text_; }

 private:
  bool apart_;
  std::set<std::string> names_;
  std::string text_;
};

// One project as it is written: what of it stands outside its services is collected.
struct Writing {
  std::string name;
  const Spec& spec;
  const Export& what;
  ApartValues variables;
  document::Node networks = document::Node::map();
  document::Node volumes = document::Node::map();
  document::Node configs = document::Node::map();
  std::map<std::string, std::string> network_keys{}, volume_keys{};  // name on the engine → key in the file
};

// The services that are one in the file: replicas. Never empty.
using Group = std::vector<const Service*>;

// write_service.cpp
document::Node written_service(Writing& writing, const Group& group);
document::Node written_variables(Writing& writing, const Service& service);
// write_build.cpp
void write_build(const Writing& writing, const Service& service, document::Node& node);
// write_mounts.cpp
void write_mounts(Writing& writing, const Service& service, document::Node& node);
void write_files(Writing& writing, const Service& service, document::Node& node);
void define_volume_keys(Writing& writing);
// write_networks.cpp
void write_networks(Writing& writing, const Service& service, document::Node& node);
void write_ports(const Service& service, document::Node& node);
void define_network_keys(Writing& writing);
// write_limits.cpp
document::Node written_ulimits(const std::vector<Ulimit>& ulimits);
void write_limits(const Service& service, document::Node& node);
void write_deploy(const Writing& writing, const Group& group, document::Node& node);
// write_settings.cpp
void write_needs(const Writing& writing, const Service& service, document::Node& node);
void write_hooks(Writing& writing, const Service& service, document::Node& node);
void write_settings_of(const Writing& writing, const Service& service, document::Node& node);
void write_settings(const Writing& writing, document::Node& root);
// write_compare.cpp: what `read` has otherwise than `wanted`, beyond what means the same.
std::vector<Leftover> leftovers(const Spec& wanted, const Spec& read);

}  // namespace belay::formats::compose
