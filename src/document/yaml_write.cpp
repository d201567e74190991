#include "document/yaml_write.h"

#include <array>
#include <cctype>

#include "base/format.h"
#include "base/text.h"
#include "document/yaml.h"

namespace belay::document {

namespace {

// Some readers take these for true and false.
bool is_old_boolean(const std::string& text) {
  static constexpr std::array words{"y", "n", "yes", "no", "on", "off", "true", "false"};
  const std::string small = lower(text);
  for (const char* word : words)
    if (small == word) return true;
  return false;
}

bool may_stand_plain(const std::string& text) {
  if (text.empty() || is_old_boolean(text) || !yaml_scalar(text).is_text()) return false;
  const auto first = static_cast<unsigned char>(text[0]);
  if (std::isalpha(first) == 0 && first != '/' && first != '_') return false;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 &&
        std::string_view("_-./:@+,=~$ ").find(c) == std::string_view::npos)
      return false;
  return text.back() != ' ' && text.back() != ':' && text.find(": ") == std::string::npos;
}

// What YAML takes for line breaks, a mark of byte order or no text, as it must be written; empty: it may stand.
std::string escape_of(std::string_view rest) {
  if (rest.starts_with("\u2028")) return "\\L";
  if (rest.starts_with("\u2029")) return "\\P";
  if (rest.starts_with("\ufeff")) return "\\uFEFF";
  if (rest.size() < 2 || rest[0] != '\xc2') return {};
  const auto second = static_cast<unsigned char>(rest[1]);
  return second < 0xa0 ? format("\\x{:02X}", second) : std::string();
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const auto byte = static_cast<unsigned char>(c);
    if (const std::string escape = escape_of(std::string_view(text).substr(at)); !escape.empty()) {
      out += escape;
      at += c == '\xc2' ? 1 : 2;
      continue;
    }
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (byte < 0x20 || byte == 0x7f)
      out += format("\\x{:02X}", byte);
    else
      out += c;
  }
  return out + "\"";
}

std::string scalar(const Node& value) {
  if (value.is_null()) return "null";
  if (value.is_list()) return "[]";
  if (value.is_map()) return "{}";
  if (!value.is_text()) return value.raw();
  return may_stand_plain(value.raw()) ? value.raw() : quoted(value.raw());
}

std::string key_text(const std::string& key) {
  return may_stand_plain(key) ? key : quoted(key);
}

class BlockWriter {
 public:
  explicit BlockWriter(const YamlNote& note) : note_(note) {}

  void block(const Node& value, const std::string& indent) {
    for (const auto& member : value.members()) {
      out_ += indent + key_text(member.key) + ":";
      after_key(member.value, indent);
    }
    for (const auto& item : value.items()) {
      out_ += indent + "-";
      if (item.members().empty()) {
        after_key(item, indent);
        continue;
      }
      // The first member stands after the dash.
      const size_t at = out_.size();
      block(item, indent + "  ");
      out_[at + indent.size()] = ' ';
      out_.erase(at, indent.size() + 1);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void after_key(const Node& value, const std::string& indent) {
    if (!value.members().empty() || !value.items().empty()) {
      out_ += '\n';
      block(value, indent + "  ");
      return;
    }
    out_ += " " + scalar(value);
    if (const std::string note = note_ ? note_(value) : std::string(); !note.empty()) out_ += "  # " + printable(note);
    out_ += '\n';
  }

  const YamlNote& note_;
  std::string out_;
};

}  // namespace

std::string yaml_text(const Node& value, const YamlNote& note) {
  BlockWriter writer(note);
  if (value.members().empty() && value.items().empty()) return scalar(value) + "\n";
  writer.block(value, "");
  return writer.take();
}

}  // namespace belay::document
