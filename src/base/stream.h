#pragma once
// Streams of bytes as plain functions, so that whoever makes bytes and whoever takes them need not know each other.
// One thread at a time; what a function throws comes out of the call that used it.

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

namespace belay {

// Takes the next bytes, all of them.
using Sink = std::function<void(std::string_view)>;

// Fills the beginning of `room` (never empty) with the next bytes and says how many they are; 0: the end.
using Source = std::function<std::size_t(std::span<char> room)>;

}  // namespace belay
