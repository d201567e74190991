#pragma once
// Belay in another container, to ask from there: the container gets this very program, with the libraries that it has
// loaded, so that it needs nothing of its image.

#include <string>
#include <vector>

#include "change/context.h"

namespace belay::units {

// How the program is called there. `word`: "wait", or a question (exec/elsewhere.h).
std::vector<std::string> looking_command(const std::string& word);
// Puts it into a container that has not been started; `certificates`: files of this machine that the checks need.
void put_program(engine::Engine& engine, const std::string& container, const std::vector<std::string>& certificates,
                 std::stop_token stop);
// Where it finds the certificate.
std::string looking_certificate(const std::vector<std::string>& certificates, const std::string& file);

// The other side: nullopt where the program was not called so; else its exit code.
std::optional<int> answer_as_looking(const std::vector<std::string>& words);

}  // namespace belay::units
