#include "net/answer.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cerrno>
#include <cstring>

#include "base/format.h"

namespace belay::net {

namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

constexpr std::size_t buffer_size = 64 << 10;
// Room for one more read always remains behind an incomplete head.
constexpr std::uint32_t head_limit = 32 << 10;

}  // namespace

// Puts what it finds straight into the answer: no copy of the body is made on its way to the sink.
class Answer::Parser final : public http::basic_parser<false> {
 public:
  explicit Parser(Answer& answer) : answer_(answer) {
    header_limit(head_limit);
    body_limit(boost::none);
    skip(answer.options_.without_body);
  }

 private:
  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int status, string_view reason, int, error_code&) override {
    answer_.response_.status = status;
    answer_.response_.reason.assign(reason.data(), reason.size());
  }
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    answer_.response_.headers.add(std::string(name), std::string(value));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code& error) override { return take(body, error); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& error) override {
    return take(body, error);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t take(string_view bytes, error_code& error) {
    auto& response = answer_.response_;
    if (answer_.options_.sink != nullptr && response.ok()) {
      if (!bytes.empty() && !(*answer_.options_.sink)({bytes.data(), bytes.size()})) {
        answer_.sink_is_full_ = true;
        error = boost::system::errc::make_error_code(boost::system::errc::operation_canceled);
      }
      return bytes.size();
    }
    const auto limit = answer_.options_.body_limit;
    if (response.body.size() + bytes.size() > static_cast<std::size_t>(limit.value))
      throw StreamError(EMSGSIZE, format("the answer is larger than {}", byte_text(limit)));
    response.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  Answer& answer_;
};

Answer::Answer(const AnswerOptions& options)
    : options_(options), parser_(std::make_unique<Parser>(*this)), buffer_(new char[buffer_size]) {}

Answer::~Answer() = default;

std::span<char> Answer::room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (buffer_size - end_ < buffer_size / 2 && begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_size) throw StreamError(EPROTO, "the answer is not HTTP: a line has no end");
  return {buffer_.get() + end_, buffer_size - end_};
}

void Answer::received(std::size_t count) {
  if (count > 0) {
    has_begun_ = true;
    end_ += count;
    parse();
    return;
  }
  if (!parser_->got_some()) throw StreamError(ECONNRESET, "the peer closed the connection without an answer");
  error_code error;
  parser_->put_eof(error);
  if (error) throw StreamError(ECONNRESET, "the peer closed the connection in the middle of its answer");
}

bool Answer::is_over() const {
  return parser_->is_done() || upgraded_ || sink_is_full_;
}

bool Answer::leaves_connection_usable() const {
  return parser_->is_done() && parser_->keep_alive() && response_.status != 101 && rest().empty() && !sink_is_full_;
}

std::string_view Answer::rest() const {
  return {buffer_.get() + begin_, end_ - begin_};
}

void Answer::parse() {
  while (begin_ < end_ && !is_over()) {
    error_code error;
    begin_ += parser_->put({buffer_.get() + begin_, end_ - begin_}, error);
    if (error == http::error::need_more || sink_is_full_) return;
    if (error) throw StreamError(EPROTO, format("the answer is not HTTP: {}", error.message()));
    if (!head_done_ && parser_->is_header_done()) finish_head();
  }
}

// Until here the parser was not eager, so that it stopped behind the head and left what follows unread.
void Answer::finish_head() {
  const int status = response_.status;
  const bool is_interim = status < 200 && status != 101;
  if (is_interim) {
    response_ = {};
    parser_ = std::make_unique<Parser>(*this);
    return;
  }
  head_done_ = true;
  parser_->eager(true);
  upgraded_ =
      options_.may_upgrade && (status == 101 || (status == 200 && !parser_->chunked() && !parser_->content_length()));
}

}  // namespace belay::net
