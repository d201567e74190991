#pragma once
// A text given to the user's editor.

#include <functional>
#include <optional>
#include <string>

#include "cli/console.h"

namespace belay::cli {

// $VISUAL, $EDITOR, else the system's own opens `text` under a name like `name`, on this terminal. What `check` throws
// is shown, and the text can be edited again. nullopt: it was left as it was, or given up. Throws Error where there is
// no terminal or no editor, or it fails.
std::optional<std::string> edited(Console& console, const std::string& text, const std::string& name,
                                  const std::function<void(const std::string& text)>& check, std::stop_token stop);

}  // namespace belay::cli
