#pragma once
// A text given to the user's editor.

#include <functional>
#include <optional>
#include <string>

#include "base/files.h"
#include "cli/console.h"

namespace belay::cli {

// $VISUAL, $EDITOR, else the system's own opens `text` under a name like `name`, on this terminal. What `check` throws
// is shown, and the text can be edited again. nullopt: it was left as it was, or given up. Throws Error where there is
// no terminal or no editor, or it fails.
std::optional<std::string> edited(Console& console, const std::string& text, const std::string& name,
                                  const std::function<void(const std::string& text)>& check, std::stop_token stop);

// A new file that only its owner can read, with the text in it, for somebody who would lose it otherwise.
fs::path kept_text(const std::string& text, const std::string& name);

}  // namespace belay::cli
