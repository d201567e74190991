#pragma once
// age's ASCII armor: the file in base64, between two lines that say so.

#include "crypto/input.h"

namespace belay::crypto {

// Whether these first bytes are an armored file's, white space in front or not.
bool looks_armored(std::string_view first_bytes);

// The bytes within. Taking more than one spelling of them would let somebody change a file without a trace: only white
// space before and behind is free, and how lines end. Throws Error as it reads.
class Armor {
 public:
  explicit Armor(Input input) : input_(std::move(input)) {}

  // As a Source.
  std::size_t read(std::span<char> room);

 private:
  void begin();
  void next_line();
  void end();
  bool text_line();

  Input input_;
  std::string line_;
  std::string bytes_;  // of the last line
  std::size_t given_ = 0;
  enum class At { begin, inside, last_line, end } at_ = At::begin;
};

}  // namespace belay::crypto
