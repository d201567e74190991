#pragma once
// A check that is asked from another place in the network: by another process of this program, in a container. The
// question and the answer go between the two as text.

#include <string>

#include "exec/ask.h"

namespace belay::exec {

// `host`: a name or an address, as that process sees it; `certificate`: where it finds the check's file.
std::string question_for_elsewhere(const Check& check, const std::string& host, const std::string& certificate,
                                   Milliseconds most);
// There: one try. Whatever goes wrong is in the answer.
std::string answer_elsewhere(const std::string& question, std::stop_token stop);
// Here. Throws Error where the check could not be tried there, and for what is no answer.
Answer answer_from_elsewhere(const std::string& answer);

}  // namespace belay::exec
