#pragma once
// Names for things that must never be taken for each other, whoever made them and where.

#include <string>

namespace belay {

// 128 random bits as 32 hexadecimal digits. Throws Error where the system has no randomness.
std::string new_identity();

}  // namespace belay
