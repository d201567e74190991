#pragma once
// Hints name commands of Belay; whoever uses a face knows the commands of the tool it stands for.

#include <string>

namespace belay::cli {

// The text with `belay start web last` and the like in the words of the face, where it has words for them.
std::string in_words_of_jockler(const std::string& text);
std::string in_words_of_dockervisor(const std::string& text);

}  // namespace belay::cli
