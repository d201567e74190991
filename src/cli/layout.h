#pragma once
// Text measured in columns of a terminal. Independent of the locale, so that a table looks the same everywhere.

#include <string>
#include <string_view>
#include <vector>

namespace belay::cli {

// Columns that UTF-8 text takes: combining marks none, East Asian wide characters and emoji two. A byte that is no
// UTF-8 counts as one. `text` holds no escape sequences.
int display_width(std::string_view text);

// At most `width` columns: what is cut off is shown by "…" (which takes one of them).
std::string truncated(std::string_view text, int width);

// `text` with blanks behind (or, `right`, in front) up to `width` columns; longer text stays as it is.
enum class Align { left, right };
std::string padded(std::string_view text, int width, Align align = Align::left);

// The same with the beginning cut off, where the end says more: "…/shop:1.4".
std::string truncated_in_front(std::string_view text, int width);

// Lines of at most `width` columns, broken at blanks; a longer word has a line of its own. Several blanks within a
// line stay. Never empty.
std::vector<std::string> wrapped(std::string_view text, int width);

// Text of several lines for a terminal: longer lines are broken at blanks and go on a little further in. 0: no limit.
std::string fitted(std::string_view text, int width);

// For terminals without UTF-8: "->" for an arrow, "..." for three dots in one; what has no such form stays.
std::string in_ascii(std::string_view text);
// The same in as many columns as before, for what is aligned.
std::string in_ascii_as_wide(std::string_view text);

}  // namespace belay::cli
