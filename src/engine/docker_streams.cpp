#include "engine/docker_streams.h"

#include <algorithm>
#include <array>
#include <thread>

#include "base/errors.h"

namespace belay::engine {

namespace {

constexpr size_t head_size = 8;
constexpr char standard_error = 2;

size_t length_in(std::string_view head) {
  size_t length = 0;
  for (size_t i = 4; i < head_size; ++i) length = length << 8 | static_cast<unsigned char>(head[i]);
  return length;
}

// Passes the user's input on until it ends. A stream that breaks is the reading side's to report.
void forward_input(net::Stream& stream, Terminal& terminal, EndOfInput end, std::stop_token stop) {
  try {
    for (;;) {
      const std::string input = terminal.read(stop);
      if (stop.stop_requested()) return;
      if (input.empty()) break;
      stream.write_all(input, net::no_deadline, stop);
    }
    if (end == EndOfInput::passed_on) stream.finish_writing(net::no_deadline, stop);
  } catch (const Error&) {
    return;
  }
}

}  // namespace

void FrameReader::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (remaining_ == 0) {
      const size_t wanted = std::min(head_size - head_.size(), bytes.size());
      head_ += bytes.substr(0, wanted);
      bytes.remove_prefix(wanted);
      if (head_.size() < head_size) return;
      remaining_ = length_in(head_);
      if (remaining_ == 0) head_.clear();
      continue;
    }
    const size_t count = std::min(remaining_, bytes.size());
    sink_(head_[0] == standard_error ? OutputStream::err : OutputStream::out, bytes.substr(0, count));
    bytes.remove_prefix(count);
    remaining_ -= count;
    if (remaining_ == 0) head_.clear();
  }
}

void run_session(net::Stream& stream, Terminal& terminal, bool tty, bool interactive, std::stop_token stop,
                 EndOfInput end) {
  std::jthread input;
  if (interactive)
    input = std::jthread([&, end](std::stop_token input_stop) { forward_input(stream, terminal, end, input_stop); });
  FrameReader frames([&](OutputStream which, std::string_view bytes) { terminal.write(which, bytes); });
  std::array<char, 32768> buffer;
  for (;;) {
    const size_t count = stream.read_some(buffer, net::no_deadline, stop);
    if (count == 0) return;
    const std::string_view bytes(buffer.data(), count);
    if (tty) {
      terminal.write(OutputStream::out, bytes);
    } else {
      frames.feed(bytes);
    }
  }
}

}  // namespace belay::engine
