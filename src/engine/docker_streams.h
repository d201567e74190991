#pragma once
// The engine's byte streams: the frames of logs and sessions, and sessions themselves.

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "net/stream.h"

namespace belay::engine {

// Takes apart the frames in which output of a container without a terminal comes: stream, three zeros, length (32 bit,
// big-endian), bytes. Frames may arrive split anywhere.
class FrameReader {
 public:
  explicit FrameReader(OutputSink sink) : sink_(std::move(sink)) {}
  void feed(std::string_view bytes);

 private:
  OutputSink sink_;
  std::string head_;      // of the frame that has begun; complete at 8 bytes
  size_t remaining_ = 0;  // bytes of its content still to come
};

enum class EndOfInput { passed_on, kept };  // kept: who comes after may still write into the stream

// Joins a raw stream to the user's terminal until the engine ends it. With `interactive` the terminal's input goes to
// the engine, and so does its end. `tty`: one stream without frames.
void run_session(net::Stream& stream, Terminal& terminal, bool tty, bool interactive, std::stop_token stop,
                 EndOfInput end = EndOfInput::passed_on);

}  // namespace belay::engine
