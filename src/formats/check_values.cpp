#include "formats/check_values.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "formats/definition_values.h"

namespace belay::formats {

namespace {

using document::Node;

constexpr std::array<const char*, 5> questions{"GET", "POST", "HEAD", "TCP", "exec"};

void resolve_certificate(Check& check, const fs::path& folder) {
  if (!check.certificate.empty()) check.certificate = (folder / check.certificate).lexically_normal().string();
}

// The one key that says what is asked.
const document::Member& question_of(const Node& map) {
  const document::Member* found = nullptr;
  for (const document::Member& member : map.members()) {
    if (std::find(questions.begin(), questions.end(), member.key) == questions.end()) continue;
    if (found != nullptr)
      throw ConfigError(member.key_where, format("one check asks both {} and {}", found->key, member.key),
                        "Write a list of two checks.");
    found = &member;
  }
  if (found == nullptr) refuse(map, "the check asks nothing", "It has one of the keys GET, POST, HEAD, TCP and exec.");
  return *found;
}

void set_question(Check& check, const document::Member& question) {
  const std::string what = format("\"{}\"", question.key);
  if (question.key == "exec") {
    check.kind = Check::Kind::exec;
    check.command = command_value(question.value, what);
    return;
  }
  if (question.key == "TCP")
    check.kind = Check::Kind::tcp;
  else
    check.method = question.key;
  const std::string target = word_value(question.value, what);
  at(question.value.where(), [&] { set_target(check, parse_number(target) ? ":" + target : target); });
}

void set_expectations(Check& check, const Node& map, const std::string& question) {
  const bool is_http = check.kind == Check::Kind::http;
  const auto take = [&](const char* key, bool has_sense, const auto& read) {
    const Node* node = map.find(key);
    if (node == nullptr) return;
    if (!has_sense) refuse(*node, format("\"{}\" says nothing to a check with {}", key, question));
    read(*node);
  };
  take("status", is_http, [&](const Node& node) {
    if (!node.is_list())
      for (const auto& each : split(word_value(node, "\"status\""), ',')) check.status.emplace_back(trim(each));
    for (const Node& each : node.items()) check.status.push_back(word_value(each, "a status"));
  });
  take("headers", is_http, [&](const Node& node) {
    for (const auto& header : node.as_map("\"headers\""))
      check.headers[header.key] = header.value.as_scalar(format("the header {}", printable(header.key)));
  });
  take("cert", is_http, [&](const Node& node) { check.certificate = word_value(node, "\"cert\""); });
  take("exit", check.kind == Check::Kind::exec,
       [&](const Node& node) { check.exit_code = static_cast<int>(integer_value(node, "\"exit\"", 0, 255)); });
  take("match", check.kind != Check::Kind::tcp, [&](const Node& node) { check.match = word_value(node, "\"match\""); });
  take("timeout", true, [&](const Node& node) { check.timeout = time_value(node, "\"timeout\""); });
  take("interval", true, [&](const Node& node) { check.interval = time_value(node, "\"interval\""); });
  take("retries", true,
       [&](const Node& node) { check.retries = static_cast<int>(integer_value(node, "\"retries\"", 0, 1000)); });
}

Check check_of(const Node& node, const fs::path& folder) {
  if (!node.is_map()) {
    const std::string line = word_value(node, "the check");
    return at(node.where(), [&] { return check_line(line, folder); });
  }
  document::refuse_unknown_keys(node,
                                {"GET", "POST", "HEAD", "TCP", "exec", "status", "match", "headers", "cert", "exit",
                                 "timeout", "interval", "retries"},
                                "the check");
  Check check;
  const document::Member& question = question_of(node);
  set_question(check, question);
  set_expectations(check, node, question.key);
  resolve_certificate(check, folder);
  at(node.where(), [&] { check_the(check); });
  return check;
}

Node words_node(const std::vector<std::string>& words) {
  Node list = Node::list();
  for (const auto& word : words) list.add(Node::text(word));
  return list;
}

Node time_node(Milliseconds time) {
  return time.count() % 1000 == 0 ? Node::number(time.count() / 1000) : Node::text(format("{}ms", time.count()));
}

}  // namespace

std::vector<Check> check_values(const Node& node, const fs::path& folder) {
  std::vector<Check> checks;
  if (node.is_null()) return checks;
  if (!node.is_list()) return {check_of(node, folder)};
  for (const Node& each : node.items()) checks.push_back(check_of(each, folder));
  return checks;
}

Check check_line(const std::string& line, const fs::path& folder) {
  Check check = parse_check(line);
  resolve_certificate(check, folder);
  return check;
}

bool speaks_of_checks(const std::string& text) {
  if (text.empty()) return false;
  const document::Node root = document::read_json(text, "settings");
  const auto& members = root.members();
  return root.find("check") != nullptr || std::any_of(members.begin(), members.end(), [](const auto& member) {
           return member.value.find("check") != nullptr;
         });
}

Node check_node(const Check& check) {
  Node node = Node::map();
  if (check.kind == Check::Kind::exec)
    node.set("exec", words_node(check.command));
  else if (check.kind == Check::Kind::tcp)
    node.set("TCP", Node::number(check.port));
  else
    node.set(check.method, Node::text(target_text(check)));
  if (!check.status.empty()) node.set("status", words_node(check.status));
  if (!check.match.empty()) node.set("match", Node::text(check.match));
  if (!check.headers.empty()) {
    Node headers = Node::map();
    for (const auto& [name, value] : check.headers) headers.set(name, Node::text(value));
    node.set("headers", std::move(headers));
  }
  if (!check.certificate.empty()) node.set("cert", Node::text(check.certificate));
  if (check.exit_code != 0) node.set("exit", Node::number(check.exit_code));
  if (check.timeout) node.set("timeout", time_node(*check.timeout));
  if (check.interval) node.set("interval", time_node(*check.interval));
  if (check.retries) node.set("retries", Node::number(*check.retries));
  return node;
}

}  // namespace belay::formats
