#include <algorithm>

#include "base/format.h"
#include "template/evaluate.h"
#include "template/place.h"
#include "template/template.h"

namespace belay::templates {

namespace {

class Renderer {
 public:
  Renderer(std::string_view text, const std::string& file, Names& names, Budget& budget)
      : text_(text), names_(names), budget_(budget), evaluator_(text, file, names, budget) {}

  void run(const Statements& statements) {
    for (const Statement& statement : statements) run(statement);
  }
  std::string output;
  std::vector<Origin> origins;

 private:
  void run(const Statement& statement) {
    switch (statement.kind) {
      case Statement::Kind::text:
        return put(statement.at, text_.substr(statement.at, statement.end - statement.at), true);
      case Statement::Kind::output: {
        const Value value = evaluator_.defined(*statement.value);
        evaluator_.placed(statement.at, [&] { budget_.take_copy(value.node()); });
        return put(statement.at, text_of(value.node()), false);
      }
      case Statement::Kind::choice:
        for (const Branch& branch : statement.branches)
          if (branch.condition == nullptr || evaluator_.is_true_at(*branch.condition)) return run(branch.body);
        return;
      case Statement::Kind::loop:
        return loop(statement);
      case Statement::Kind::set:
        return give(statement, evaluator_.defined(*statement.value));
      case Statement::Kind::set_block:
        return set_block(statement);
    }
  }

  void put(size_t source, std::string_view text, bool is_text) {
    evaluator_.placed(source, [&] { budget_.take_output(text.size() + sizeof(Origin)); });
    origins.push_back({output.size(), source, is_text});
    output += text;
  }

  // One name gets the value, several its elements.
  void give(const Statement& statement, const Value& value) {
    if (statement.names.size() == 1) return names_.set(statement.names.front(), value);
    const auto elements = evaluator_.placed(statement.at, [&] { return elements_of(value, budget_); });
    if (elements.size() != statement.names.size())
      evaluator_.fail(statement.at,
                      format("there are {} names, and {} values for them", statement.names.size(), elements.size()),
                      "");
    for (size_t i = 0; i < elements.size(); ++i) names_.set(statement.names[i], elements[i]);
  }

  void set_block(const Statement& statement) {
    std::string outer;
    std::vector<Origin> outer_origins;
    std::swap(outer, output);
    std::swap(outer_origins, origins);
    names_.open();
    run(statement.branches.front().body);
    names_.close();
    std::swap(outer, output);
    std::swap(outer_origins, origins);
    names_.set(statement.names.front(), Value(Node::text(std::move(outer))));
  }

  void loop(const Statement& statement) {
    const Value whole = evaluator_.defined(*statement.value);
    std::vector<Value> elements = evaluator_.placed(statement.value->at, [&] { return elements_of(whole, budget_); });
    if (statement.condition != nullptr) keep_those_that_fit(statement, elements);
    for (size_t i = 0; i < elements.size(); ++i) {
      evaluator_.placed(statement.at, [&] { budget_.take(64); });
      names_.open();
      give(statement, elements[i]);
      names_.set("loop", Value(loop_node(i, elements.size())));
      run(statement.branches.front().body);
      names_.close();
    }
    if (!elements.empty() || statement.branches.size() < 2) return;
    names_.open();
    run(statement.branches[1].body);
    names_.close();
  }

  void keep_those_that_fit(const Statement& statement, std::vector<Value>& elements) {
    std::vector<Value> kept;
    for (const Value& element : elements) {
      names_.open();
      give(statement, element);
      if (evaluator_.is_true_at(*statement.condition)) kept.push_back(element);
      names_.close();
    }
    elements = std::move(kept);
  }

  static Node loop_node(size_t at, size_t size) {
    const auto number = [](size_t value) { return Node::number(static_cast<std::int64_t>(value)); };
    Node loop = Node::map();
    loop.set("index", number(at + 1));
    loop.set("index0", number(at));
    loop.set("revindex", number(size - at));
    loop.set("revindex0", number(size - at - 1));
    loop.set("first", Node::boolean(at == 0));
    loop.set("last", Node::boolean(at + 1 == size));
    loop.set("length", number(size));
    return loop;
  }

  std::string_view text_;
  Names& names_;
  Budget& budget_;
  Evaluator evaluator_;
};

}  // namespace

Rendered::Rendered(std::string text, std::string source, std::string file, std::vector<Origin> origins)
    : text_(std::move(text)),
      source_(std::move(source)),
      file_(std::move(file)),
      origins_(std::move(origins)),
      lines_(line_starts(text_)),
      source_lines_(line_starts(source_)) {}

SourcePosition Rendered::origin(int line, int column) const {
  if (line < 1) return {file_, 0, 0};
  const size_t begin = lines_[std::min(static_cast<size_t>(line), lines_.size()) - 1];
  const size_t offset = std::min(begin + static_cast<size_t>(std::max(column, 1)) - 1, text_.size());
  const auto after = std::upper_bound(origins_.begin(), origins_.end(), offset,
                                      [](size_t at, const Origin& origin) { return at < origin.output; });
  size_t source = 0;
  if (after != origins_.begin()) {
    const Origin& origin = *std::prev(after);
    source = origin.is_text ? origin.source + (offset - origin.output) : origin.source;
  }
  const auto next_line = std::upper_bound(source_lines_.begin(), source_lines_.end(), source);
  return {file_, static_cast<int>(next_line - source_lines_.begin()),
          static_cast<int>(source - *std::prev(next_line)) + 1};
}

void Rendered::put_origins(document::Node& node) const {
  if (node.where().line > 0) node.set_where(origin(node.where().line, node.where().column));
  for (document::Node& item : node.items()) put_origins(item);
  for (document::Member& member : node.members()) {
    if (member.key_where.line > 0) member.key_where = origin(member.key_where.line, member.key_where.column);
    put_origins(member.value);
  }
}

void Rendered::rethrow_with_origin(const ConfigError& error) const {
  if (error.where().line < 1) throw error;
  const std::string prefix = error.where().text() + ": ";
  const std::string message = error.what();
  const size_t found = message.find(prefix);
  ConfigError placed(origin(error.where().line, error.where().column),
                     found == std::string::npos ? message : message.substr(found + prefix.size()), error.hint());
  placed.set_code(error.code());
  throw placed;
}

Rendered render(std::string_view text, const std::string& file, const Node& values, const Options& options) {
  if (text.size() > static_cast<size_t>(options.limits.source.value))
    throw ConfigError({file, 0, 0}, format("the template is larger than {}", byte_text(options.limits.source)));
  if (text.ends_with('\n')) text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
  const Statements statements = parse(text, file, options.keeps_dotted);
  Names names(values);
  Budget budget(options.limits);
  Renderer renderer(text, file, names, budget);
  renderer.run(statements);
  return {std::move(renderer.output), std::string(text), file, std::move(renderer.origins)};
}

}  // namespace belay::templates
