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

// Where a sink would like its next bytes: at most `wanted` of them, empty where it has no preference. What was put
// there still has to be given to the sink, from its beginning and at once; it need not copy that then.
using BufferProvider = std::function<std::span<char>(std::size_t wanted)>;

// Fills the beginning of `room` (never empty) with the next bytes and says how many they are; 0: the end.
using Source = std::function<std::size_t(std::span<char> room)>;

}  // namespace belay
