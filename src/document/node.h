#pragma once
// A parsed document as a tree that remembers where each value stood, so that an error can name file:line:column.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"

namespace belay::document {

struct Member;

// A value: null, boolean, number, text, list or map. Maps keep the order of the file and have each key once (readers
// refuse a second one). Numbers keep the text they were written with.
class Node {
 public:
  enum class Kind { null, boolean, number, text, list, map };
  // What a tag of the file asks of those who lay one document over another (YAML's !reset and !override).
  enum class Mark : unsigned char { none, reset, replace };

  Node() = default;
  static Node boolean(bool value);
  static Node number(std::int64_t value);
  static Node number_text(std::string text);  // `text` is a number as JSON writes them
  static Node text(std::string value);
  static Node list();
  static Node map();

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_text() const { return kind_ == Kind::text; }
  bool is_list() const { return kind_ == Kind::list; }
  bool is_map() const { return kind_ == Kind::map; }
  const SourcePosition& where() const { return where_; }
  void set_where(SourcePosition where) { where_ = std::move(where); }
  Mark mark() const { return mark_; }
  void set_mark(Mark mark) { mark_ = mark; }

  // The value in the asked form; ConfigError with the position and `what` ("the host port") where it has another kind.
  bool as_bool(std::string_view what) const;
  std::int64_t as_int(std::string_view what) const;
  double as_double(std::string_view what) const;
  const std::string& as_text(std::string_view what) const;
  // Text, or a number or boolean as it was written.
  const std::string& as_scalar(std::string_view what) const;
  const std::vector<Node>& as_list(std::string_view what) const;
  const std::vector<Member>& as_map(std::string_view what) const;

  // Members of a map; nullptr when the key is absent or this is no map.
  const Node* find(std::string_view key) const;
  // Elements or members; empty for every other kind.
  const std::vector<Node>& items() const { return items_; }
  const std::vector<Member>& members() const { return members_; }
  // The text, the number as written, "true"/"false"; empty for other kinds.
  const std::string& raw() const { return text_; }
  // As the file has it where raw() is another spelling ("0777" for 511); else raw().
  const std::string& written() const { return written_.empty() ? text_ : written_; }
  void set_written(std::string text) { written_ = std::move(text); }

  // Building. add: to a list. set: to a map, replaces a key that is there. add_member: to a map, for readers, which
  // have checked that the key is new and know where it stood.
  void add(Node value);
  void set(std::string key, Node value);
  void add_member(Member member);
  // Changing what is there.
  Node* find(std::string_view key);
  std::vector<Node>& items() { return items_; }
  std::vector<Member>& members() { return members_; }
  bool remove(std::string_view key);  // false where there was none

  // "a map", "text", …: for messages.
  std::string_view kind_name() const;

 private:
  Kind kind_ = Kind::null;
  Mark mark_ = Mark::none;
  std::string text_;
  std::string written_;
  std::vector<Node> items_;
  std::vector<Member> members_;
  SourcePosition where_;
};

struct Member {
  std::string key;
  SourcePosition key_where;
  Node value;
};

// Throws ConfigError at the first key of `map` that is not in `known`, with "did you mean".
void refuse_unknown_keys(const Node& map, const std::vector<std::string>& known, std::string_view what);

}  // namespace belay::document
