#pragma once
// The answer to one request as it grows from the bytes that arrive. Does no input or output of its own.

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "net/http.h"

namespace belay::net {

struct AnswerOptions {
  bool without_body = false;  // the request was a HEAD
  bool may_upgrade = false;
  const BodySink* sink = nullptr;  // of a 2xx body; null: kept in the response
  ByteCount body_limit;
};

class Answer {
 public:
  explicit Answer(const AnswerOptions& options);
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer();

  // Where the next bytes are to be read into; never empty.
  std::span<char> room();
  // So many bytes were read into room(); 0: the peer ended its stream. Calls the sink. Throws StreamError.
  void received(std::size_t count);

  bool has_begun() const { return has_begun_; }
  // Nothing more is to be read: complete, upgraded, or the sink has had enough.
  bool is_over() const;
  // The head is there and is not one of success: no use in sending the rest of the request.
  bool is_refusal() const { return head_done_ && response_.status >= 300; }
  bool is_upgrade() const { return upgraded_; }
  // The connection can carry another request (if the request was sent completely).
  bool leaves_connection_usable() const;
  // Bytes that arrived behind the answer's end or the upgrade's head.
  std::string_view rest() const;
  Response take_response() { return std::move(response_); }

 private:
  class Parser;
  void parse();
  void finish_head();

  const AnswerOptions options_;
  Response response_;
  bool has_begun_ = false;
  bool head_done_ = false;
  bool upgraded_ = false;
  bool sink_is_full_ = false;
  std::unique_ptr<Parser> parser_;
  // Bytes [begin_, end_) are not parsed yet.
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace belay::net
