#include "exec/elsewhere.h"

#include <array>

#include "base/format.h"
#include "document/json.h"

namespace belay::exec {

namespace {

using document::Node;

constexpr std::array answer_kinds{"right", "wrong", "none", "out_of_reach"};
constexpr const char* impossible = "impossible";

std::string text_of(const Node& map, std::string_view key) {
  const Node* node = map.find(key);
  return node == nullptr ? std::string() : node->as_text(key);
}

std::int64_t number_of(const Node& map, std::string_view key) {
  const Node* node = map.find(key);
  return node == nullptr ? 0 : node->as_int(key);
}

Check check_of(const Node& map) {
  Check check;
  check.kind = text_of(map, "kind") == "tcp" ? Check::Kind::tcp : Check::Kind::http;
  check.port = static_cast<std::uint16_t>(number_of(map, "port"));
  check.method = text_of(map, "method");
  check.tls = number_of(map, "tls") != 0;
  check.host = text_of(map, "host");
  check.path = text_of(map, "path");
  check.match = text_of(map, "match");
  check.certificate = text_of(map, "certificate");
  if (const Node* status = map.find("status"))
    for (const Node& each : status->items()) check.status.push_back(each.as_text("status"));
  if (const Node* headers = map.find("headers"))
    for (const auto& header : headers->members()) check.headers[header.key] = header.value.as_text("header");
  check.timeout = Milliseconds(number_of(map, "time_ms"));
  return check;
}

std::string written(std::string_view kind, const std::string& reason, const std::string& said) {
  Node node = Node::map();
  node.set("kind", Node::text(std::string(kind)));
  node.set("reason", Node::text(reason));
  node.set("said", Node::text(said));
  return document::write_json(node);
}

}  // namespace

std::string question_for_elsewhere(const Check& check, const std::string& host, const std::string& certificate,
                                   Milliseconds most) {
  Node node = Node::map();
  node.set("kind", Node::text(check.kind == Check::Kind::tcp ? "tcp" : "http"));
  node.set("address", Node::text(host));
  node.set("port", Node::number(std::int64_t{check.port}));
  node.set("method", Node::text(check.method));
  node.set("tls", Node::number(std::int64_t{check.tls ? 1 : 0}));
  node.set("host", Node::text(check.host));
  node.set("path", Node::text(check.path));
  node.set("match", Node::text(check.match));
  node.set("certificate", Node::text(certificate));
  Node status = Node::list(), headers = Node::map();
  for (const auto& each : check.status) status.add(Node::text(each));
  for (const auto& [name, value] : check.headers) headers.set(name, Node::text(value));
  node.set("status", std::move(status));
  node.set("headers", std::move(headers));
  const Milliseconds time = std::min(check.timeout.value_or(Check::usual_timeout), most);
  node.set("time_ms", Node::number(static_cast<std::int64_t>(time.count())));
  return document::write_json(node);
}

std::string answer_elsewhere(const std::string& question, std::stop_token stop) {
  try {
    const Node node = document::read_json(question, "the question");
    const Check check = check_of(node);
    const Answer answer = ask_address(check, text_of(node, "address"), *check.timeout, std::move(stop));
    return written(answer_kinds.at(static_cast<size_t>(answer.kind)), answer.reason, answer.said);
  } catch (const std::exception& trouble) {
    return written(impossible, trouble.what(), {});
  }
}

Answer answer_from_elsewhere(const std::string& answer) {
  const Node node = document::read_json(answer, "the answer of the container that asks");
  const std::string kind = text_of(node, "kind");
  for (size_t i = 0; i < answer_kinds.size(); ++i)
    if (kind == answer_kinds.at(i))
      return {static_cast<Answer::Kind>(i), text_of(node, "reason"), text_of(node, "said")};
  throw Error(ErrorCode::check_impossible, text_of(node, "reason"));
}

}  // namespace belay::exec
