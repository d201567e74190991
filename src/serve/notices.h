#pragma once
// Telling others what the daemon did: a command of the admin's, a webhook. docs/json.md has the JSON.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "report/notice.h"
#include "serve/log_lines.h"

namespace belay::serve {

using report::Notice;

// One way out. `deliver` throws where the notice did not arrive, Cancelled on stop; called from one thread.
class NoticeSink {
 public:
  virtual ~NoticeSink() = default;
  virtual std::string name() const = 0;  // for the log, without secrets
  virtual void deliver(const Notice& notice, const std::stop_token& stop) = 0;
};

// A program with its arguments, or a line for the shell; gets the notice on its standard input, and $BELAY_EVENT,
// $BELAY_APP and $BELAY_RELEASE.
std::unique_ptr<NoticeSink> command_sink(std::vector<std::string> command, Milliseconds limit = Seconds(30),
                                         NoticeForm form = NoticeForm::json);
std::unique_ptr<NoticeSink> shell_sink(std::string line, Milliseconds limit = Seconds(30),
                                       NoticeForm form = NoticeForm::json);

struct Webhook {
  std::string url;  // http or https; refused with a user or password in it, which the log would show
  // Lines "Name: value" that are sent as headers; read anew for each notice. Empty: none. Here belong tokens.
  fs::path headers_file;
  NoticeForm form = NoticeForm::json;
  Milliseconds limit = Seconds(10);  // of one try, as a whole
  int tries = 3;
};
// Sends the notice in its form. Tries again, after 1 s and 5 s, what may be better then: no connection, no answer,
// status 408, 429 or 5xx. Throws UsageError for a url that is none. `clock` must outlive it.
std::unique_ptr<NoticeSink> webhook_sink(Webhook webhook, Clock& clock);

// Delivers in a thread of its own; telling never blocks and never fails. Thread-safe.
class Notifications {
 public:
  struct Counts {
    std::uint64_t delivered = 0, failed = 0;  // by sink
    std::uint64_t dropped = 0;                // notices that were too old when the queue was full
  };

  // `log` gets the failures and must outlive it. No sinks: telling does nothing.
  Notifications(std::vector<std::unique_ptr<NoticeSink>> sinks, LogLines& log, size_t longest_queue = 100);
  Notifications(const Notifications&) = delete;
  Notifications& operator=(const Notifications&) = delete;
  // Does not wait for what is still to be delivered: call finish for that.
  ~Notifications();

  // The oldest goes where the queue is full.
  void tell(Notice notice);
  // Waits until all is delivered (or has failed); false where that takes longer than `limit`.
  bool finish(Milliseconds limit);
  // Takes what has not been delivered, for others to deliver: first the one that is being tried, which may have reached
  // some sinks.
  std::deque<Notice> take_rest();
  Counts counts() const;

 private:
  void deliver_all(const std::stop_token& stop);
  void deliver(const Notice& notice, NoticeSink& sink, const std::stop_token& stop);

  const std::vector<std::unique_ptr<NoticeSink>> sinks_;
  LogLines& log_;
  const size_t longest_queue_;
  mutable std::mutex mutex_;  // guards all below but the thread
  std::condition_variable_any changed_;
  std::deque<Notice> queue_;
  std::optional<Notice> in_hand_;
  Counts counts_;
  std::jthread thread_;
};

}  // namespace belay::serve
