#include "formats/dockerfile.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/text.h"
#include "model/names.h"

namespace belay::formats {

namespace {

using Variables = std::map<std::string, std::string>;

struct Instruction {
  std::string keyword;  // lower case
  std::string rest;
};

// ---- lines ----

// The lines of a text, without their ends.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {
    if (constexpr std::string_view mark = "\xef\xbb\xbf"; rest_.starts_with(mark)) rest_.remove_prefix(mark.size());
  }
  std::optional<std::string_view> next() {
    if (rest_.empty()) return {};
    const size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

 private:
  std::string_view rest_;
};

// Comments of the form "# key=value" in front of everything else are directives; one of them changes the escape.
char escape_of(std::string_view text) {
  Lines lines(text);
  while (const auto line = lines.next()) {
    std::string_view comment = trim(*line);
    const size_t equals = comment.find('=');
    if (!comment.starts_with('#') || equals == std::string_view::npos) break;
    comment.remove_prefix(1);
    if (lower(trim(comment.substr(0, equals - 1))) == "escape") return trim(comment.substr(equals)) == "`" ? '`' : '\\';
  }
  return '\\';
}

// True where the line goes on in the next one; takes the sign for that away. A doubled escape is an escape itself.
bool take_continuation(std::string_view& line, char escape) {
  std::string_view trimmed = line;
  while (trimmed.ends_with(' ') || trimmed.ends_with('\t')) trimmed.remove_suffix(1);
  if (!trimmed.ends_with(escape)) return false;
  trimmed.remove_suffix(1);
  if (trimmed.ends_with(escape)) return false;
  line = trimmed;
  return true;
}

struct HereDocument {
  std::string end;
  bool strips_tabs = false;
};

// "<<END", "3<<-'END'": a text that follows the instruction and ends with a line of this word.
std::vector<HereDocument> here_documents(const std::string& rest) {
  std::vector<HereDocument> found;
  for (const auto& written : split(rest, ' ')) {
    std::string_view word = trim(written);
    while (!word.empty() && word.front() >= '0' && word.front() <= '9') word.remove_prefix(1);
    if (!word.starts_with("<<") || word.starts_with("<<<")) continue;
    word.remove_prefix(2);
    HereDocument document;
    document.strips_tabs = word.starts_with('-');
    for (const char c : word.substr(document.strips_tabs ? 1 : 0))
      if (c != '\'' && c != '"') document.end += c;
    if (!document.end.empty()) found.push_back(std::move(document));
  }
  return found;
}

void skip(Lines& lines, const HereDocument& document) {
  while (auto line = lines.next()) {
    while (document.strips_tabs && line->starts_with('\t')) line->remove_prefix(1);
    if (*line == document.end) return;
  }
}

std::vector<Instruction> instructions(std::string_view text, char escape) {
  std::vector<Instruction> found;
  Lines lines(text);
  std::string whole;
  const auto finish = [&] {
    const std::string_view trimmed = trim(whole);
    const size_t blank = std::min(trimmed.find_first_of(" \t"), trimmed.size());
    if (!trimmed.empty()) found.push_back({lower(trimmed.substr(0, blank)), std::string(trim(trimmed.substr(blank)))});
    whole.clear();
  };
  while (auto line = lines.next()) {
    // Empty lines and comments may stand between the parts of an instruction.
    if (trim(*line).empty() || trim(*line).starts_with('#')) continue;
    const bool goes_on = take_continuation(*line, escape);
    whole += *line;
    if (goes_on) continue;
    finish();
    if (found.empty()) continue;
    if (const auto& last = found.back(); last.keyword == "run" || last.keyword == "copy" || last.keyword == "add")
      for (const auto& document : here_documents(last.rest)) skip(lines, document);
  }
  finish();
  return found;
}

// ---- words ----

// Splits at blanks outside of quotes; quotes and escapes stay.
std::vector<std::string> quoted_words(std::string_view text, char escape) {
  std::vector<std::string> words(1);
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == '\0' && is_space(c)) {
      if (!words.back().empty()) words.emplace_back();
      continue;
    }
    words.back() += c;
    if (c == escape && quote != '\'' && i + 1 < text.size()) {
      words.back() += text[++i];
    } else if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// One word with its quotes removed and its variables replaced: $NAME, ${NAME} and the forms with :-, -, :+ and +.
class Expansion {
 public:
  Expansion(const Variables& known, char escape) : known_(known), escape_(escape) {}

  // nullopt for what is not understood.
  std::optional<std::string> operator()(std::string_view word) {
    rest_ = word;
    understood_ = true;
    std::string text = plain('\0');
    if (!understood_) return {};
    return text;
  }

 private:
  // Up to `end`, which is taken as well; '\0': up to the end of the word.
  std::string plain(char end) {
    std::string text;
    while (!rest_.empty()) {
      const char c = take();
      if (c == end && end != '\0') return text;
      if (c == escape_ && !rest_.empty()) {
        text += take();
      } else if (c == '\'') {
        text += until_single_quote();
      } else if (c == '"') {
        text += double_quoted();
      } else if (c == '$') {
        text += variable();
      } else {
        text += c;
      }
    }
    if (end != '\0') understood_ = false;
    return text;
  }
  std::string until_single_quote() {
    const size_t end = rest_.find('\'');
    if (end == std::string_view::npos) {
      understood_ = false;
      return {};
    }
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return text;
  }
  std::string double_quoted() {
    std::string text;
    while (!rest_.empty()) {
      const char c = take();
      if (c == '"') return text;
      if (c == escape_ && (rest_.starts_with('"') || rest_.starts_with('$') || rest_.starts_with(escape_))) {
        text += take();
      } else if (c == '$') {
        text += variable();
      } else {
        text += c;
      }
    }
    understood_ = false;
    return text;
  }
  // What stands behind the dollar sign.
  std::string variable() {
    const bool braces = rest_.starts_with('{');
    if (braces) rest_.remove_prefix(1);
    const std::string name = take_name();
    if (name.empty()) {
      understood_ = false;
      return {};
    }
    const auto found = known_.find(name);
    if (!braces) return found == known_.end() ? std::string() : found->second;
    // With a colon an empty value counts as none.
    const bool colon = rest_.starts_with(':');
    if (colon) rest_.remove_prefix(1);
    const bool has_value = found != known_.end() && !(colon && found->second.empty());
    const char form = rest_.empty() ? '\0' : take();
    if (form == '}' && !colon) return has_value ? found->second : std::string();
    if (form != '-' && form != '+') {
      understood_ = false;
      return {};
    }
    const std::string word = plain('}');
    if (form == '+') return has_value ? word : std::string();
    return has_value ? found->second : word;
  }
  std::string take_name() {
    std::string name;
    while (!rest_.empty() && is_name_character(rest_.front())) name += take();
    return name;
  }
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  const Variables& known_;
  const char escape_;
  std::string_view rest_;
  bool understood_ = true;
};

// ---- stages ----

// Something that a stage takes from: an earlier stage, or an image.
struct Source {
  std::optional<size_t> stage;
  BaseImage image;
};

struct Stage {
  std::string name;  // lower case
  std::vector<Source> sources;
};

class Reader {
 public:
  Reader(const BaseImageRequest& request, char escape) : request_(request), escape_(escape) {
    add_platform("BUILD", request.engine_platform);
    add_platform("TARGET", request.platform.empty() ? request.engine_platform : request.platform);
  }

  void take(const Instruction& instruction) {
    if (instruction.keyword == "from") {
      begin_stage(instruction.rest);
    } else if (stages_.empty()) {
      if (instruction.keyword == "arg") declare(instruction.rest);
    } else if (instruction.keyword == "copy" || instruction.keyword == "run") {
      take_flags(instruction.rest);
    }
  }

  std::vector<BaseImage> images() const {
    std::vector<BaseImage> found;
    std::set<size_t> seen;
    if (const auto wanted = target()) collect(*wanted, seen, found);
    return found;
  }

 private:
  void add_platform(const std::string& prefix, const std::string& platform) {
    const auto parts = split(platform, '/');
    variables_[prefix + "PLATFORM"] = platform;
    variables_[prefix + "OS"] = parts.empty() ? "" : parts[0];
    variables_[prefix + "ARCH"] = parts.size() < 2 ? "" : parts[1];
    variables_[prefix + "VARIANT"] = parts.size() < 3 ? "" : parts[2];
  }

  std::optional<std::string> expanded(std::string_view word) const { return Expansion(variables_, escape_)(word); }

  // Only what is declared in front of the first FROM counts there.
  void declare(std::string_view rest) {
    for (const auto& word : quoted_words(rest, escape_)) {
      const size_t equals = word.find('=');
      const std::string name = word.substr(0, equals);
      if (const auto given = request_.arguments.find(name); given != request_.arguments.end()) {
        variables_[name] = given->second;
      } else if (equals != std::string::npos) {
        if (const auto value = expanded(std::string_view(word).substr(equals + 1))) {
          variables_[name] = *value;
        } else {
          not_understood_.insert(name);
        }
      }
    }
  }

  void begin_stage(std::string_view rest) {
    Stage stage;
    std::string platform = request_.platform;
    auto words = quoted_words(rest, escape_);
    while (!words.empty() && words[0].starts_with("--")) {
      if (words[0].starts_with("--platform=")) platform = expanded(words[0].substr(11)).value_or("");
      words.erase(words.begin());
    }
    if (words.size() == 3 && lower(words[1]) == "as") stage.name = lower(words[2]);
    if (!words.empty() && !mentions_unknown(words[0]))
      if (const auto name = expanded(words[0])) add_source(stage, *name, platform, false);
    stages_.push_back(std::move(stage));
  }

  bool mentions_unknown(const std::string& word) const {
    return std::any_of(not_understood_.begin(), not_understood_.end(),
                       [&](const auto& name) { return word.find(name) != std::string::npos; });
  }

  void take_flags(std::string_view rest) {
    for (const auto& word : quoted_words(rest, escape_)) {
      if (!word.starts_with("--")) break;
      if (word.starts_with("--from=")) add_source(stages_.back(), word.substr(7), request_.platform, true);
      if (!word.starts_with("--mount=")) continue;
      for (const auto& setting : split(word.substr(8), ','))
        if (setting.starts_with("from=")) add_source(stages_.back(), setting.substr(5), request_.platform, true);
    }
  }

  // `stage` may be new or the last one: it sees the stages before it.
  void add_source(Stage& stage, const std::string& name, const std::string& platform, bool by_number) {
    const size_t before = by_number ? stages_.size() - 1 : stages_.size();
    for (size_t i = before; i-- > 0;)
      if (!stages_[i].name.empty() && stages_[i].name == lower(name)) {
        stage.sources.push_back({i, {}});
        return;
      }
    if (const auto number = by_number ? parse_number(name) : std::nullopt) {
      if (static_cast<size_t>(*number) < before) stage.sources.push_back({static_cast<size_t>(*number), {}});
      return;
    }
    if (name == "scratch" || name.find('$') != std::string::npos) return;
    try {
      stage.sources.push_back({{}, {ImageRef::parse(name).text(), platform}});
    } catch (const UsageError&) {
      // The builder says so in its own words.
    }
  }

  std::optional<size_t> target() const {
    if (stages_.empty()) return {};
    if (request_.target.empty()) return stages_.size() - 1;
    for (size_t i = stages_.size(); i-- > 0;)
      if (stages_[i].name == lower(request_.target)) return i;
    const auto number = parse_number(request_.target);
    if (!number || static_cast<size_t>(*number) >= stages_.size()) return {};
    return static_cast<size_t>(*number);
  }

  void collect(size_t index, std::set<size_t>& seen, std::vector<BaseImage>& found) const {
    if (!seen.insert(index).second) return;
    for (const auto& source : stages_[index].sources) {
      if (source.stage) {
        collect(*source.stage, seen, found);
      } else if (std::find(found.begin(), found.end(), source.image) == found.end()) {
        found.push_back(source.image);
      }
    }
  }

  const BaseImageRequest& request_;
  const char escape_;
  Variables variables_;
  std::set<std::string> not_understood_;
  std::vector<Stage> stages_;
};

}  // namespace

std::vector<BaseImage> base_images(std::string_view dockerfile, const BaseImageRequest& request) {
  const char escape = escape_of(dockerfile);
  Reader reader(request, escape);
  for (const auto& instruction : instructions(dockerfile, escape)) reader.take(instruction);
  return reader.images();
}

}  // namespace belay::formats
