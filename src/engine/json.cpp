#include "engine/json.h"

#include <boost/json.hpp>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::engine {

namespace json = boost::json;

namespace {

// Inspections nest deeper than Boost's own limit of 32 allows for with plugins' data in them.
json::parse_options deep() {
  json::parse_options options;
  options.max_depth = 200;
  options.allow_invalid_utf8 = true;  // labels and log lines are whatever somebody put there
  return options;
}

const json::value* seen(const void* value) {
  return static_cast<const json::value*>(value);
}

[[noreturn]] void refuse(const json::error_code& error) {
  throw EngineError(0, format("the engine's answer is not JSON: {}", error.message()),
                    "Is the endpoint really a container engine?");
}

}  // namespace

JsonView JsonView::operator[](std::string_view key) const {
  if (value_ == nullptr || !seen(value_)->is_object()) return {};
  const json::value* found = seen(value_)->get_object().if_contains(key);
  return found == nullptr || found->is_null() ? JsonView() : JsonView(found);
}

std::string JsonView::text() const {
  return is_text() ? std::string(seen(value_)->get_string()) : std::string();
}

std::int64_t JsonView::number(std::int64_t otherwise) const {
  if (value_ == nullptr) return otherwise;
  const json::value& value = *seen(value_);
  if (value.is_int64()) return value.get_int64();
  if (value.is_uint64()) return static_cast<std::int64_t>(value.get_uint64());
  if (value.is_double() && value.get_double() > -9.2e18 && value.get_double() < 9.2e18)
    return static_cast<std::int64_t>(value.get_double());
  if (value.is_string()) return parse_number(std::string_view(value.get_string())).value_or(otherwise);
  return otherwise;
}

bool JsonView::truth() const {
  return value_ != nullptr && seen(value_)->is_bool() && seen(value_)->get_bool();
}
bool JsonView::is_text() const {
  return value_ != nullptr && seen(value_)->is_string();
}
bool JsonView::is_list() const {
  return value_ != nullptr && seen(value_)->is_array();
}
bool JsonView::is_object() const {
  return value_ != nullptr && seen(value_)->is_object();
}

bool JsonView::says_nothing() const {
  if (value_ == nullptr) return true;
  const json::value& value = *seen(value_);
  if (value.is_string()) return value.get_string().empty();
  if (value.is_bool()) return !value.get_bool();
  if (value.is_number()) return value.to_number<double>() == 0;
  bool nothing = true;
  each_item([&](JsonView item) { nothing = nothing && item.says_nothing(); });
  each_member([&](std::string_view, JsonView member) { nothing = nothing && member.says_nothing(); });
  return nothing;
}

bool JsonView::same(JsonView other) const {
  if (value_ == nullptr || other.value_ == nullptr) return value_ == other.value_;
  return *seen(value_) == *seen(other.value_);
}

bool JsonView::has(std::string_view key) const {
  return is_object() && seen(value_)->get_object().contains(key);
}

std::string JsonView::written() const {
  if (value_ == nullptr) return {};
  return is_text() ? text() : json::serialize(*seen(value_));
}

void JsonView::each_item(const std::function<void(JsonView)>& visit) const {
  if (!is_list()) return;
  for (const json::value& item : seen(value_)->get_array())
    if (!item.is_null()) visit(JsonView(&item));
}

void JsonView::each_member(const std::function<void(std::string_view, JsonView)>& visit) const {
  if (!is_object()) return;
  for (const auto& member : seen(value_)->get_object())
    visit(std::string_view(member.key()), member.value().is_null() ? JsonView() : JsonView(&member.value()));
}

std::vector<std::string> JsonView::texts() const {
  std::vector<std::string> result;
  if (is_text()) result.push_back(text());  // some engines write a single text for a list of one
  each_item([&](JsonView item) { result.push_back(item.text()); });
  return result;
}

std::map<std::string, std::string> JsonView::text_map() const {
  std::map<std::string, std::string> result;
  each_member([&](std::string_view key, JsonView value) { result.emplace(key, value.text()); });
  return result;
}

std::vector<std::string> JsonView::keys() const {
  std::vector<std::string> result;
  each_member([&](std::string_view key, JsonView) { result.emplace_back(key); });
  return result;
}

// The memory of a whole document is given back at once.
struct JsonDocument::Tree {
  json::monotonic_resource memory;
  json::value root;
  explicit Tree(std::string_view text) {
    json::error_code error;
    root = json::parse(text, error, json::storage_ptr(&memory), deep());
    if (error) refuse(error);
  }
};

JsonDocument::JsonDocument(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

JsonDocument JsonDocument::parse(std::string_view text) {
  return JsonDocument(std::make_unique<Tree>(text));
}

JsonView JsonDocument::root() const {
  return tree_->root.is_null() ? JsonView() : JsonView(&tree_->root);
}

struct JsonStream::Parser {
  json::stream_parser parser{{}, deep()};
};

JsonStream::JsonStream(std::function<void(JsonView)> found)
    : parser_(std::make_unique<Parser>()), found_(std::move(found)) {}
JsonStream::~JsonStream() = default;

void JsonStream::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!begun_) {
      while (!bytes.empty() && is_space(bytes.front())) bytes.remove_prefix(1);
      if (bytes.empty()) return;
    }
    begun_ = true;
    json::error_code error;
    bytes.remove_prefix(parser_->parser.write_some(bytes.data(), bytes.size(), error));
    if (error) refuse(error);
    if (!parser_->parser.done()) return;
    begun_ = false;
    const json::value value = parser_->parser.release();
    parser_->parser.reset();
    if (!value.is_null()) found_(JsonView(&value));
  }
}

void JsonWriter::before_value() {
  if (comma_ && !after_key_) text_ += ',';
  comma_ = true;
  after_key_ = false;
}

void JsonWriter::open(char bracket) {
  text_ += bracket;
  comma_ = false;
}

void JsonWriter::close(char bracket) {
  text_ += bracket;
  comma_ = true;
}

void JsonWriter::key(std::string_view name) {
  value(name);
  text_ += ':';
  after_key_ = true;
}

void JsonWriter::value(std::string_view text) {
  before_value();
  text_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      text_ += format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

void JsonWriter::integer(std::int64_t number) {
  before_value();
  text_ += std::to_string(number);
}

void JsonWriter::value(bool truth) {
  before_value();
  text_ += truth ? "true" : "false";
}

void JsonWriter::value(const std::vector<std::string>& texts) {
  list([&] {
    for (const auto& item : texts) value(item);
  });
}

void JsonWriter::value(const std::map<std::string, std::string>& texts) {
  object([&] {
    for (const auto& [name, content] : texts) member(name, content);
  });
}

std::string filters_json(const std::map<std::string, std::vector<std::string>>& filters) {
  JsonWriter writer;
  writer.object([&] {
    for (const auto& [name, values] : filters) writer.member(name, values);
  });
  return writer.text();
}

}  // namespace belay::engine
