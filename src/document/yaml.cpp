#include "document/yaml.h"

#include <algorithm>
#include <new>
#include <unordered_map>
#include <yaml.h>

#include "base/format.h"
#include "base/text.h"
#include "document/yaml_text.h"

namespace belay::document {

namespace {

constexpr std::string_view standard_tag = "tag:yaml.org,2002:";

struct YamlParser {
  YamlParser() {
    if (yaml_parser_initialize(&raw) == 0) throw std::bad_alloc();
  }
  YamlParser(const YamlParser&) = delete;
  YamlParser& operator=(const YamlParser&) = delete;
  ~YamlParser() { yaml_parser_delete(&raw); }
  yaml_parser_t raw{};
};

struct YamlEvent {
  YamlEvent() = default;
  YamlEvent(const YamlEvent&) = delete;
  YamlEvent& operator=(const YamlEvent&) = delete;
  ~YamlEvent() { yaml_event_delete(&raw); }
  yaml_event_type_t type() const { return raw.type; }
  yaml_event_t raw{};
};

size_t count_nodes(const Node& node) {
  size_t count = 1;
  for (const Node& item : node.items()) count += count_nodes(item);
  for (const Member& member : node.members()) count += count_nodes(member.value);
  return count;
}

int depth_of(const Node& node) {
  int depth = 0;
  for (const Node& item : node.items()) depth = std::max(depth, depth_of(item));
  for (const Member& member : node.members()) depth = std::max(depth, depth_of(member.value));
  return depth + (node.is_list() || node.is_map() ? 1 : 0);
}

// The keys of a map while it is read.
class Keys {
 public:
  // The place of the first where `key` is there already.
  const SourcePosition* add(const std::string& key, const SourcePosition& where) {
    const auto [first, is_new] = seen_.try_emplace(key, where);
    return is_new ? nullptr : &first->second;
  }
  bool has(const std::string& key) const { return seen_.contains(key); }

 private:
  std::unordered_map<std::string, SourcePosition> seen_;
};

class YamlReader {
 public:
  YamlReader(std::string_view text, const std::string& file, const YamlOptions& options)
      : text_(text), file_(file), options_(options), cursor_(text) {
    yaml_parser_set_encoding(&parser_.raw, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_.raw, reinterpret_cast<const unsigned char*>(text_.data()), text_.size());
  }

  std::vector<Node> documents() {
    std::vector<Node> result;
    for (;;) {
      YamlEvent event;
      next(event);
      if (event.type() == YAML_STREAM_END_EVENT) return result;
      if (event.type() != YAML_DOCUMENT_START_EVENT) continue;
      anchors_.clear();
      copied_ = 0;
      YamlEvent first;
      next(first);
      result.push_back(value(first, 0));
    }
  }

 private:
  struct Anchor {
    SourcePosition where;
    std::optional<Node> node;  // nullopt while what it names is being read
  };

  [[noreturn]] static void fail(const SourcePosition& where, const std::string& message, const std::string& hint = {}) {
    throw ConfigError(where, message, hint);
  }

  void next(YamlEvent& event) {
    if (yaml_parser_parse(&parser_.raw, &event.raw) == 0) fail_to_parse();
  }

  SourcePosition place(const YamlEvent& event) {
    cursor_.go_to_character(event.raw.start_mark.index);
    return {file_, cursor_.line(), cursor_.column()};
  }

  [[noreturn]] void fail_to_parse() {
    const yaml_parser_t& parser = parser_.raw;
    if (parser.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    if (parser.error == YAML_READER_ERROR) {
      cursor_.go_to_byte(parser.problem_offset);
      fail({file_, cursor_.line(), cursor_.column()}, "a byte that YAML does not allow here",
           "Save the file as UTF-8, without control characters.");
    }
    TextCursor start(text_);
    start.go_to_character(parser.context_mark.index);
    cursor_.go_to_character(parser.problem_mark.index);
    std::string message = format("this is not YAML: {}", parser.problem);
    if (parser.context != nullptr && start.line() != cursor_.line())
      message += format(" ({}, which begins at {}:{})", parser.context, start.line(), start.column());
    fail({file_, cursor_.line(), cursor_.column()}, message, hint_at_fault());
  }

  std::string hint_at_fault() const {
    if (cursor_.indentation().find('\t') != std::string_view::npos || cursor_.rest().starts_with('\t'))
      return "Indent with spaces: YAML does not allow tabs there.";
    const std::string_view rest = cursor_.rest();
    if (rest.starts_with('@') || rest.starts_with('`') || rest.starts_with('%'))
      return "Put the text in quotes: a plain text cannot begin with this character.";
    if (rest.starts_with(": ") || rest.starts_with(":\n"))
      return "Put a text that holds ': ' in quotes, and give each key its own line.";
    return "Look at the indentation and the quotes of this line and of the one before.";
  }

  void count(const SourcePosition& where, size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > options_.node_limit)
      fail(where,
           format("the file has more than {} values, counting the copies that aliases make", options_.node_limit));
  }

  Node value(const YamlEvent& event, int depth) {
    const SourcePosition where = place(event);
    switch (event.type()) {
      case YAML_ALIAS_EVENT:
        return copy(reinterpret_cast<const char*>(event.raw.data.alias.anchor), where, depth);
      case YAML_SCALAR_EVENT: {
        count(where, 1);
        const auto& raw = event.raw.data.scalar;
        Node node = scalar(event, where);
        node.set_where(where);
        keep(raw.anchor, where, node);
        return node;
      }
      case YAML_SEQUENCE_START_EVENT:
        return collection(event.raw.data.sequence_start.anchor, event.raw.data.sequence_start.tag, "seq", where,
                          [&] { return list(depth + 1); });
      case YAML_MAPPING_START_EVENT:
        return collection(event.raw.data.mapping_start.anchor, event.raw.data.mapping_start.tag, "map", where,
                          [&] { return map(depth + 1); });
      default:
        throw Error(ErrorCode::internal, "libyaml gave an event that begins no value");
    }
  }

  template <class Read>
  Node collection(const yaml_char_t* anchor, const yaml_char_t* tag, std::string_view usual,
                  const SourcePosition& where, const Read& read) {
    count(where, 1);
    const Node::Mark mark = mark_of(tag, where, {usual});
    if (anchor != nullptr) anchors_[reinterpret_cast<const char*>(anchor)] = {where, std::nullopt};
    check_depth_at_ = where;
    Node node = read();
    node.set_where(where);
    node.set_mark(mark);
    keep(anchor, where, node);
    return node;
  }

  void keep(const yaml_char_t* anchor, const SourcePosition& where, const Node& node) {
    if (anchor != nullptr) anchors_[reinterpret_cast<const char*>(anchor)] = {where, node};
  }

  Node copy(const std::string& name, const SourcePosition& where, int depth) {
    const auto anchor = anchors_.find(name);
    if (anchor == anchors_.end())
      fail(where,
           format("the alias *{} has no anchor &{} before it in this document", printable(name), printable(name)));
    const std::optional<Node>& node = anchor->second.node;
    if (!node)
      fail(where, format("the alias *{} stands inside what it names, which begins at {}:{}", printable(name),
                         anchor->second.where.line, anchor->second.where.column));
    const size_t nodes = count_nodes(*node);
    copied_ += nodes;
    if (copied_ > options_.copy_limit)
      fail(where, format("the aliases of this document make copies of more than {} values", options_.copy_limit));
    count(where, nodes);
    check_depth(where, depth + depth_of(*node));
    return *node;
  }

  void check_depth(const SourcePosition& where, int depth) const {
    if (depth > options_.depth_limit)
      fail(where, format("lists and maps are nested deeper than {} levels", options_.depth_limit));
  }

  Node list(int depth) {
    check_depth(check_depth_at_, depth);
    Node node = Node::list();
    for (;;) {
      YamlEvent event;
      next(event);
      if (event.type() == YAML_SEQUENCE_END_EVENT) return node;
      node.add(value(event, depth));
    }
  }

  Node map(int depth) {
    check_depth(check_depth_at_, depth);
    Node node = Node::map();
    Keys keys;
    std::optional<Node> merged;
    for (;;) {
      YamlEvent event;
      next(event);
      if (event.type() == YAML_MAPPING_END_EVENT) break;
      const SourcePosition where = place(event);
      const bool merges = is_merge(event);
      std::string key = key_text(event, depth);
      if (const SourcePosition* first = keys.add(merges ? std::string(1, '\0') : key, where))
        fail(where, format("the key \"{}\" is here for the second time, the first is at {}:{}", printable(key),
                           first->line, first->column));
      YamlEvent value_event;
      next(value_event);
      Node member = value(value_event, depth);
      if (merges)
        merged = std::move(member);
      else
        node.add_member({std::move(key), where, std::move(member)});
    }
    if (merged) merge(node, keys, *merged);
    return node;
  }

  static bool is_merge(const YamlEvent& event) {
    const auto& scalar = event.raw.data.scalar;
    return event.type() == YAML_SCALAR_EVENT && scalar.style == YAML_PLAIN_SCALAR_STYLE && scalar.length == 2 &&
           std::string_view(reinterpret_cast<const char*>(scalar.value), 2) == "<<" && scalar.tag == nullptr;
  }

  std::string key_text(const YamlEvent& event, int depth) {
    const SourcePosition where = place(event);
    if (event.type() != YAML_SCALAR_EVENT && event.type() != YAML_ALIAS_EVENT)
      fail(where, "a key must be text, not a list or a map");
    const Node key = value(event, depth);
    if (key.is_list() || key.is_map()) fail(where, format("a key must be text, not {}", key.kind_name()));
    if (key.is_null()) fail(where, "a key must be text, not null", "An empty key is written as \"\".");
    if (key.kind() == Node::Kind::number && options_.number_keys) return key.written();
    if (!key.is_text())
      fail(where, format("a key must be text, not {}", key.kind_name()),
           format("Put it in quotes: \"{}\".", key.written()));
    return key.raw();
  }

  // "<<": the keys that `into` has itself win, then those of the earlier map.
  static void merge(Node& into, Keys& keys, Node& source) {
    if (source.is_list()) {
      for (Node& item : source.items()) {
        if (!item.is_map()) fail(item.where(), format("<< takes maps, not {}", item.kind_name()));
        merge(into, keys, item);
      }
      return;
    }
    if (!source.is_map())
      fail(source.where(), format("<< takes a map or a list of maps, not {}", source.kind_name()),
           "Write <<: *NAME, where &NAME stands at a map.");
    for (Member& member : source.members())
      if (keys.add(member.key, member.key_where) == nullptr) into.add_member(std::move(member));
  }

  Node scalar(const YamlEvent& event, const SourcePosition& where) {
    const auto& raw = event.raw.data.scalar;
    const std::string_view text(reinterpret_cast<const char*>(raw.value), raw.length);
    const bool plain = raw.style == YAML_PLAIN_SCALAR_STYLE;
    if (raw.tag == nullptr) return plain ? yaml_scalar(text) : Node::text(std::string(text));
    const std::string_view tag(reinterpret_cast<const char*>(raw.tag));
    const Node::Mark mark = mark_of(raw.tag, where, {"str", "int", "float", "bool", "null", "binary", "timestamp"});
    Node node = mark != Node::Mark::none && plain ? yaml_scalar(text) : tagged(text, tag, where);
    node.set_mark(mark);
    return node;
  }

  // A scalar under a standard tag, or under "!", which makes it text.
  static Node tagged(std::string_view text, std::string_view tag, const SourcePosition& where) {
    const std::string_view kind =
        tag.starts_with(standard_tag) ? tag.substr(standard_tag.size()) : std::string_view("str");
    if (kind == "binary") {
      std::string packed(text);
      std::erase_if(packed, is_space);
      const std::optional<std::string> bytes = base64_decoded(packed);
      if (!bytes) fail(where, "the value of !!binary is not base64");
      return Node::text(*bytes);
    }
    if (kind == "str" || kind == "timestamp") return Node::text(std::string(text));
    Node node = yaml_scalar(text);
    const Node::Kind wanted = kind == "bool"   ? Node::Kind::boolean
                              : kind == "null" ? Node::Kind::null
                                               : Node::Kind::number;
    if (node.kind() != wanted) fail(where, format("the value does not fit its tag !!{}", kind));
    return node;
  }

  Node::Mark mark_of(const yaml_char_t* raw, const SourcePosition& where,
                     std::initializer_list<std::string_view> usual) const {
    if (raw == nullptr) return Node::Mark::none;
    const std::string_view tag(reinterpret_cast<const char*>(raw));
    if (tag == "!") return Node::Mark::none;
    if (options_.marks && tag == "!reset") return Node::Mark::reset;
    if (options_.marks && tag == "!override") return Node::Mark::replace;
    if (tag.starts_with(standard_tag))
      for (const std::string_view name : usual)
        if (tag.substr(standard_tag.size()) == name) return Node::Mark::none;
    const std::string shown =
        tag.starts_with(standard_tag) ? format("!!{}", tag.substr(standard_tag.size())) : std::string(tag);
    fail(where, format("the tag {} is not known here", printable(shown)),
         options_.marks && !shown.starts_with("!!") ? did_you_mean(shown, {"!reset", "!override"}) : std::string());
  }

  const std::string_view text_;
  const std::string& file_;
  const YamlOptions& options_;
  YamlParser parser_;
  TextCursor cursor_;
  std::unordered_map<std::string, Anchor> anchors_;
  SourcePosition check_depth_at_;
  size_t nodes_ = 0;
  size_t copied_ = 0;
};

}  // namespace

std::vector<Node> read_yaml(std::string_view text, const std::string& file, const YamlOptions& options) {
  if (text.size() > static_cast<size_t>(options.size_limit.value))
    throw ConfigError({file, 0, 0}, format("the file is larger than {}", byte_text(options.size_limit)));
  const std::string utf8 = as_utf8(text, file);
  return YamlReader(utf8, file, options).documents();
}

}  // namespace belay::document
