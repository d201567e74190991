#pragma once
// JSON as the engine speaks it. Boost.JSON stays in json.cpp; everything else reads through JsonView and writes through
// JsonWriter.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace belay::engine {

// A value inside a JsonDocument, or the absence of one. Tolerant: asking an absent, null or otherwise shaped value
// gives the empty answer, so that keys an engine leaves out, adds or sets to null never stop us. Dies with its
// document.
class JsonView {
 public:
  JsonView() = default;
  explicit JsonView(const void* value) : value_(value) {}

  // There and not null.
  explicit operator bool() const { return value_ != nullptr; }
  JsonView operator[](std::string_view key) const;
  // "" for anything but text.
  std::string text() const;
  // Also reads a number written as text. `otherwise` where there is none.
  std::int64_t number(std::int64_t otherwise = 0) const;
  bool truth() const;
  bool is_text() const;
  bool is_list() const;
  bool is_object() const;
  // Absent, null, empty, 0, false, or made of nothing else.
  bool says_nothing() const;
  bool same(JsonView other) const;
  // There, even if null.
  bool has(std::string_view key) const;
  // As JSON, but a text without its quotes.
  std::string written() const;

  void each_item(const std::function<void(JsonView)>& visit) const;
  void each_member(const std::function<void(std::string_view key, JsonView value)>& visit) const;
  std::vector<std::string> texts() const;
  std::map<std::string, std::string> text_map() const;
  std::vector<std::string> keys() const;

 private:
  const void* value_ = nullptr;
};

class JsonDocument {
 public:
  // Throws EngineError where the text is no JSON.
  static JsonDocument parse(std::string_view text);
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();
  JsonView root() const;

 private:
  struct Tree;
  explicit JsonDocument(std::unique_ptr<Tree> tree);
  std::unique_ptr<Tree> tree_;
};

// A stream of JSON values one after another, with or without separators, that arrives in pieces split anywhere.
class JsonStream {
 public:
  explicit JsonStream(std::function<void(JsonView)> found);
  JsonStream(const JsonStream&) = delete;
  JsonStream& operator=(const JsonStream&) = delete;
  ~JsonStream();
  // Calls back for each value completed by these bytes. Throws EngineError where they are no JSON.
  void feed(std::string_view bytes);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::function<void(JsonView)> found_;
  bool begun_ = false;  // inside a value
};

// Builds one JSON text from front to back.
class JsonWriter {
 public:
  template <class Fill>
  void object(Fill&& fill) {
    before_value();
    open('{');
    fill();
    close('}');
  }
  template <class Fill>
  void list(Fill&& fill) {
    before_value();
    open('[');
    fill();
    close(']');
  }
  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(const std::string& text) { value(std::string_view(text)); }
  template <class Number>
    requires(std::is_integral_v<Number> && !std::is_same_v<Number, bool>)
  void value(Number number) {
    integer(static_cast<std::int64_t>(number));
  }
  void value(bool truth);
  void value(const std::vector<std::string>& texts);
  void value(const std::map<std::string, std::string>& texts);

  template <class Fill>
  void object(std::string_view name, Fill&& fill) {
    key(name);
    object(std::forward<Fill>(fill));
  }
  template <class Fill>
  void list(std::string_view name, Fill&& fill) {
    key(name);
    list(std::forward<Fill>(fill));
  }
  template <class Value>
  void member(std::string_view name, const Value& content) {
    key(name);
    value(content);
  }
  // Only where there is something to say: not empty, not false, not nullopt.
  void optional(std::string_view name, const std::string& text) {
    if (!text.empty()) member(name, text);
  }
  void optional(std::string_view name, const std::vector<std::string>& texts) {
    if (!texts.empty()) member(name, texts);
  }
  void optional(std::string_view name, const std::map<std::string, std::string>& texts) {
    if (!texts.empty()) member(name, texts);
  }

  const std::string& text() const { return text_; }

 private:
  void key(std::string_view name);
  void before_value();
  void open(char bracket);
  void close(char bracket);
  void integer(std::int64_t number);

  std::string text_;
  bool comma_ = false;      // a value precedes at this level
  bool after_key_ = false;  // the next value belongs to a key
};

// {"name":["a"],…}: the engine's form of filters.
std::string filters_json(const std::map<std::string, std::vector<std::string>>& filters);

}  // namespace belay::engine
