#pragma once
// Texts with blanks to fill in, in the language of Jinja: {{ expressions }}, {% statements %}, {# comments #}. What is
// known of it is in docs/formats/templates.md; what Jinja has and this has not is refused by name.

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "document/node.h"

namespace belay::templates {

// What one template may cost. Work is counted: a step for each part that is evaluated and for each few bytes handled.
struct Limits {
  ByteCount source{1 << 20};
  ByteCount output{4 << 20};
  size_t work = 2'000'000;
};

struct Options {
  Limits limits{};
  // "{{." opens no expression, but stays as it stands: unit files have another language that begins so.
  bool keeps_dotted = false;
};

// A part of the output, and where it came from: text that stood in the template, or the value of an expression.
struct Origin {
  size_t output = 0;  // where the part begins, in bytes
  size_t source = 0;
  bool is_text = false;
};

// A template filled in. Knows for each place of its text where that stood in the template.
class Rendered {
 public:
  Rendered(std::string text, std::string source, std::string file, std::vector<Origin> origins);

  const std::string& text() const { return text_; }
  // The place in the template of a place (line and column from 1) of the text.
  SourcePosition origin(int line, int column) const;
  // Runs `work`, which reads text(); the place of a ConfigError that leaves it is the one in the template.
  template <class Work>
  auto reading(Work&& work) const {
    try {
      return std::forward<Work>(work)();
    } catch (const ConfigError& error) {
      rethrow_with_origin(error);
    }
  }
  // The same for the places that the nodes of a document read from text() have.
  void put_origins(document::Node& node) const;

 private:
  [[noreturn]] void rethrow_with_origin(const ConfigError& error) const;

  std::string text_, source_, file_;
  std::vector<Origin> origins_;
  std::vector<size_t> lines_, source_lines_;  // where each line begins
};

// Fills in `text` with the members of the map `values`. `file` is only a name for messages. As in Jinja, the template's
// last line break does not count. Throws ConfigError at the first mistake, with the place in the template: also for a
// name that has no value.
Rendered render(std::string_view text, const std::string& file, const document::Node& values,
                const Options& options = {});

}  // namespace belay::templates
