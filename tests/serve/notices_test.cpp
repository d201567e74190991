#include "serve/notices.h"

#include <condition_variable>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/guarded.h"
#include "document/json.h"
#include "support/fake_clock.h"

namespace belay::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Notice deployed() {
  testing::FakeClock clock;
  return {.time = clock.now(),
          .kind = "deployed",
          .app = "web",
          .release = "r4",
          .text = "web runs r4",
          .reason = "",
          .log_tail = "",
          .host = "box"};
}

TEST(NoticeJson, HoldsEveryKey) {
  auto notice = deployed();
  notice.log_tail = "one\ntwo\x1b\xff";
  EXPECT_EQ(report::notice_json(notice),
            R"({"schema":1,"time":"2026-01-31T09:05:07Z","event":"deployed","host":"box","app":"web","release":"r4",)"
            R"("text":"web runs r4","reason":"","log_tail":"one\ntwo\u001b)"
            "\xef\xbf\xbd\"}");
}

// A sink whose deliveries wait for the test.
class Gate final : public NoticeSink {
 public:
  explicit Gate(std::vector<std::string>& seen) : seen_(seen) {}
  std::string name() const override { return "gate"; }
  void deliver(const Notice& notice, const std::stop_token& stop) override {
    std::unique_lock held(mutex_);
    ++arrived_;
    changed_.notify_all();
    if (!changed_.wait(held, stop, [&] { return open_; })) throw Cancelled();
    seen_.push_back(notice.app);
  }
  void wait_for(int count) {
    std::unique_lock held(mutex_);
    changed_.wait(held, [&] { return arrived_ >= count; });
  }
  void open() {
    std::lock_guard held(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::vector<std::string>& seen_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int arrived_ = 0;
  bool open_ = false;
};

class NoticesTest : public ::testing::Test {
 protected:
  template <class Sink>
  static std::vector<std::unique_ptr<NoticeSink>> only(std::unique_ptr<Sink> sink) {
    std::vector<std::unique_ptr<NoticeSink>> sinks;
    sinks.push_back(std::move(sink));
    return sinks;
  }
  Notice about(const std::string& app) {
    auto notice = deployed();
    notice.app = app;
    return notice;
  }
  std::string logged() {
    return lines_.with([](const std::string& lines) { return lines; });
  }

  testing::FakeClock clock_;
  Guarded<std::string> lines_;
  LogLines log_{[this](std::string_view line) { lines_.with([&](std::string& lines) { lines += line; }); },
                LogLines::Style::journal, clock_};
  const TemporaryFolder folder_;
};

TEST_F(NoticesTest, TellInOrderWithoutWaiting) {
  std::vector<std::string> seen;
  auto sink = std::make_unique<Gate>(seen);
  auto& gate = *sink;
  Notifications notices(only(std::move(sink)), log_);
  notices.tell(about("a"));
  notices.tell(about("b"));
  gate.wait_for(1);
  EXPECT_FALSE(notices.finish(Milliseconds(0)));
  gate.open();
  EXPECT_TRUE(notices.finish(Seconds(60)));
  EXPECT_THAT(seen, ElementsAre("a", "b"));
  EXPECT_EQ(notices.counts().delivered, 2u);
}

TEST_F(NoticesTest, DropTheOldestOfTooMany) {
  std::vector<std::string> seen;
  auto sink = std::make_unique<Gate>(seen);
  auto& gate = *sink;
  Notifications notices(only(std::move(sink)), log_, 2);
  notices.tell(about("on-its-way"));
  gate.wait_for(1);
  for (const auto* app : {"a", "b", "c", "d"}) notices.tell(about(app));
  gate.open();
  EXPECT_TRUE(notices.finish(Seconds(60)));
  EXPECT_THAT(seen, ElementsAre("on-its-way", "c", "d"));
  EXPECT_EQ(notices.counts().dropped, 2u);
}

// New settings are in force while a receiver of the old ones is slow.
TEST_F(NoticesTest, WhatWaitsCanBeHandedOn) {
  std::vector<std::string> seen;
  auto sink = std::make_unique<Gate>(seen);
  auto& gate = *sink;
  Notifications notices(only(std::move(sink)), log_);
  for (const auto* app : {"on-its-way", "b", "c"}) notices.tell(about(app));
  gate.wait_for(1);
  std::vector<std::string> rest;
  for (const auto& notice : notices.take_rest()) rest.push_back(notice.app);
  EXPECT_THAT(rest, ElementsAre("on-its-way", "b", "c")) << "the first one may never arrive";
  gate.open();
  EXPECT_TRUE(notices.finish(Seconds(60)));
  EXPECT_THAT(seen, ElementsAre("on-its-way"));
  EXPECT_EQ(notices.counts().dropped, 0u);
}

TEST_F(NoticesTest, EndWhileOneIsOnItsWay) {
  std::vector<std::string> seen;
  {
    auto sink = std::make_unique<Gate>(seen);
    auto& gate = *sink;
    Notifications notices(only(std::move(sink)), log_);
    notices.tell(about("a"));
    notices.tell(about("b"));
    gate.wait_for(1);
  }
  EXPECT_THAT(seen, IsEmpty());
}

TEST_F(NoticesTest, NeedNoSink) {
  Notifications notices({}, log_);
  notices.tell(deployed());
  EXPECT_TRUE(notices.finish(Milliseconds(0)));
}

TEST_F(NoticesTest, RunACommandWithTheNoticeOnItsInput) {
  const auto file = folder_.path() / "seen";
  Notifications notices(
      only(shell_sink(format("{{ cat; echo \"$BELAY_EVENT $BELAY_APP $BELAY_RELEASE\"; }} > {}", file.string()))),
      log_);
  notices.tell(deployed());
  ASSERT_TRUE(notices.finish(Seconds(60)));
  EXPECT_EQ(read_file(file), report::notice_json(deployed()) + "\ndeployed web r4\n");
  EXPECT_THAT(logged(), IsEmpty());
}

TEST_F(NoticesTest, LogWhatAFailedCommandSaid) {
  Notifications notices(only(command_sink({"/bin/sh", "-c", "echo no token >&2; exit 4", "secret-argument"})), log_);
  notices.tell(deployed());
  ASSERT_TRUE(notices.finish(Seconds(60)));
  EXPECT_EQ(logged(),
            "<4>the notice 'deployed' was not delivered app=web to=\"command /bin/sh\" reason=\"exit code 4: no "
            "token\"\n");
  EXPECT_EQ(notices.counts().failed, 1u);
}

TEST_F(NoticesTest, EndACommandThatTakesTooLong) {
  Notifications notices(only(shell_sink("sleep 1000", Milliseconds(50))), log_);
  notices.tell(deployed());
  ASSERT_TRUE(notices.finish(Seconds(60)));
  EXPECT_THAT(logged(), HasSubstr("did not end within 50 ms"));
}

TEST_F(NoticesTest, GoOnAfterACommandThatIsNotThere) {
  Notifications notices(only(command_sink({"/no/such/program"})), log_);
  notices.tell(deployed());
  notices.tell(deployed());
  ASSERT_TRUE(notices.finish(Seconds(60)));
  EXPECT_EQ(notices.counts().failed, 2u);
  EXPECT_THROW(command_sink({}), UsageError);
  EXPECT_THROW(shell_sink("  "), UsageError);
}

// Answers one request a connection with the next of its answers, and keeps what it was sent.
class Receiver {
 public:
  explicit Receiver(std::vector<std::string> answers)
      : answers_(std::move(answers)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.raw(), raw, size), 0);
    EXPECT_EQ(::listen(listener_.raw(), 16), 0);
    ::getsockname(listener_.raw(), raw, &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~Receiver() { ::shutdown(listener_.raw(), SHUT_RDWR); }

  std::string base() const { return format("http://127.0.0.1:{}", port_); }
  std::string url() const { return format("http://127.0.0.1:{}/hook?a=b", port_); }
  std::vector<std::string> requests() const {
    return requests_.with([](const std::vector<std::string>& requests) { return requests; });
  }

 private:
  static bool is_whole(const std::string& request) {
    constexpr std::string_view key = "Content-Length: ";
    const size_t end = request.find("\r\n\r\n");
    const size_t at = request.find(key);
    if (end == std::string::npos || at == std::string::npos || at > end) return false;
    return request.size() >= end + 4 + std::stoul(request.substr(at + key.size()));
  }

  void serve() {
    for (const auto& answer : answers_) {
      const Fd connection(::accept4(listener_.raw(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) return;
      const timeval limit{20, 0};
      ::setsockopt(connection.raw(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      std::string request;
      char buffer[4096];
      ssize_t count = 0;
      while (!is_whole(request) && (count = ::recv(connection.raw(), buffer, sizeof buffer, 0)) > 0)
        request.append(buffer, static_cast<size_t>(count));
      requests_.with([&](std::vector<std::string>& requests) { requests.push_back(request); });
      ::send(connection.raw(), answer.data(), answer.size(), MSG_NOSIGNAL);
      // No answer at all: silence until the client has had enough.
      if (answer.empty()) ::recv(connection.raw(), buffer, sizeof buffer, 0);
    }
  }

  const std::vector<std::string> answers_;
  Guarded<std::vector<std::string>> requests_;
  std::uint16_t port_ = 0;
  Fd listener_;
  std::jthread thread_;
};

constexpr auto fine = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
constexpr auto busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr auto forbidden = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

class WebhookTest : public NoticesTest {
 protected:
  Webhook hook(const std::string& url) {
    Webhook webhook;
    webhook.url = url;
    return webhook;
  }
};

TEST_F(WebhookTest, PostsTheNoticeWithHeadersFromAFile) {
  Receiver receiver({fine});
  auto webhook = hook(receiver.url());
  webhook.headers_file = folder_.path() / "headers";
  write_file_durably(webhook.headers_file, "# token\nAuthorization: Bearer s3cret\r\n\n", 0600);
  webhook_sink(webhook, clock_)->deliver(deployed(), {});
  ASSERT_THAT(receiver.requests(), SizeIs(1));
  const auto request = receiver.requests()[0];
  EXPECT_THAT(request, HasSubstr("POST /hook?a=b HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Bearer s3cret\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\n\r\n" + report::notice_json(deployed())));
}

Notice failed() {
  Notice notice = deployed();
  notice.kind = "rolled_back";
  notice.text = "r4 of web failed, r3 runs again";
  notice.reason = "it exited with code 1 — \x1b[31mno database";
  notice.log_tail = "one\ntwo\n";
  return notice;
}

struct FormCase {
  NoticeForm form;
  std::string path, first_line;
  std::vector<std::string> headers;
  std::string body;
};

// What the services document as their way to be told: each fake server must be sent just that.
TEST_F(WebhookTest, SpeaksTheFormOfEachService) {
  const std::string message =
      "r4 of web failed, r3 runs again\\nit exited with code 1 — \\\\x1b[31mno database\\n\\n| one\\n| two";
  const std::string lines =
      "r4 of web failed, r3 runs again\nit exited with code 1 — \\x1b[31mno database\n\n| one\n| two";
  const std::string title = "web: rolled back (box)";
  const std::vector<FormCase> cases{
      {NoticeForm::text,
       "/x",
       "POST /x HTTP/1.1",
       {"Content-Type: text/plain; charset=utf-8"},
       title + "\n" + lines + "\n"},
      {NoticeForm::ntfy,
       "/hosts",
       "POST /hosts HTTP/1.1",
       {"Title: " + title, "Priority: high", "Tags: warning"},
       lines},
      {NoticeForm::gotify,
       "/message",
       "POST /message HTTP/1.1",
       {"Content-Type: application/json"},
       "{\"title\":\"" + title + "\",\"message\":\"" + message + "\",\"priority\":8}"},
      {NoticeForm::slack,
       "/services/T/B/x",
       "POST /services/T/B/x HTTP/1.1",
       {"Content-Type: application/json"},
       "{\"text\":\"" + title + "\\n" + message + "\"}"},
      {NoticeForm::matrix,
       "/_matrix/client/v3/rooms/%21r/send/m.room.message",
       "PUT /_matrix/client/v3/rooms/%21r/send/m.room.message/belay-1769850307000-rolled-back-web HTTP/1.1",
       {"Content-Type: application/json"},
       "{\"msgtype\":\"m.text\",\"body\":\"" + title + "\\n" + message + "\"}"},
  };
  for (const auto& [form, path, first_line, headers, body] : cases) {
    Receiver receiver({fine});
    Webhook webhook = hook(receiver.base() + path);
    webhook.form = form;
    webhook_sink(webhook, clock_)->deliver(failed(), {});
    ASSERT_THAT(receiver.requests(), SizeIs(1)) << to_text(form);
    const auto request = receiver.requests()[0];
    EXPECT_TRUE(request.starts_with(first_line + "\r\n")) << request;
    for (const auto& header : headers) EXPECT_THAT(request, HasSubstr("\r\n" + header + "\r\n"));
    EXPECT_EQ(request.substr(request.find("\r\n\r\n") + 4), body) << to_text(form);
  }
}

TEST_F(WebhookTest, ItsAddressIsNotShownWhereItCannotBeRead) {
  for (const char* url :
       {"https://bot:S3cret@hooks.example/x", "https://bot:a/S3cret@hooks.example/x", "hooks.example/services/S3cret",
        "https://hooks.example:0/S3cret", "https:///S3cret", "https://hooks.example/S3cret x"})
    try {
      webhook_sink(hook(url), clock_);
      ADD_FAILURE() << url;
    } catch (const Error& error) {
      EXPECT_THAT(error.what() + error.hint(), Not(HasSubstr("S3cret"))) << url;
    }
}

TEST_F(WebhookTest, PutsTheTransactionOfMatrixBeforeAQuery) {
  Receiver receiver({fine});
  Webhook webhook = hook(receiver.url());
  webhook.form = NoticeForm::matrix;
  webhook_sink(webhook, clock_)->deliver(deployed(), {});
  ASSERT_THAT(receiver.requests(), SizeIs(1));
  EXPECT_THAT(receiver.requests()[0], HasSubstr("PUT /hook/belay-1769850307000-deployed-web?a=b HTTP/1.1\r\n"));
}

TEST_F(NoticesTest, WriteAMailToACommand) {
  const auto file = folder_.path() / "mail";
  shell_sink(format("cat > {}", file.string()), Seconds(30), NoticeForm::mail)->deliver(failed(), {});
  EXPECT_EQ(read_file(file),
            "Subject: [belay] web: rolled back (box)\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
            "r4 of web failed, r3 runs again\nit exited with code 1 — \\x1b[31mno database\n\n| one\n| two\n\n"
            "2026-01-31T09:05:07Z box\n");
}

TEST(NoticeLetter, HeadersHoldNoSecondLine) {
  Notice notice = deployed();
  notice.host = "box\r\nX-Evil: 1";
  for (const auto& [name, value] : report::letter(notice, NoticeForm::ntfy).headers)
    EXPECT_EQ(value.find_first_of("\r\n"), std::string::npos) << name;
}

TEST_F(WebhookTest, TriesThreeTimesWithPauses) {
  Receiver receiver({busy, busy, fine});
  const Time before = clock_.now();
  webhook_sink(hook(receiver.url()), clock_)->deliver(deployed(), {});
  EXPECT_THAT(receiver.requests(), SizeIs(3));
  EXPECT_EQ(clock_.now() - before, Seconds(6));
}

TEST_F(WebhookTest, GivesUpAfterTheThirdTry) {
  Receiver receiver({busy, busy, busy, fine});
  Notifications notices(only(webhook_sink(hook(receiver.url()), clock_)), log_);
  notices.tell(deployed());
  ASSERT_TRUE(notices.finish(Seconds(60)));
  EXPECT_THAT(receiver.requests(), SizeIs(3));
  EXPECT_THAT(logged(), HasSubstr("status 503 Service Unavailable"));
  EXPECT_THAT(logged(), Not(HasSubstr("/hook"))) << "the path may be a secret";
}

TEST_F(WebhookTest, DoesNotRepeatWhatIsForbidden) {
  Receiver receiver({forbidden, fine});
  EXPECT_THROW(webhook_sink(hook(receiver.url()), clock_)->deliver(deployed(), {}), Error);
  EXPECT_THAT(receiver.requests(), SizeIs(1));
}

TEST_F(WebhookTest, TriesAgainWhereNoAnswerComesInTime) {
  Receiver receiver({"", "HTTP/1.1 2", fine});
  auto webhook = hook(receiver.url());
  webhook.limit = Milliseconds(300);
  webhook_sink(webhook, clock_)->deliver(deployed(), {});
  EXPECT_THAT(receiver.requests(), SizeIs(3));
}

TEST_F(WebhookTest, EndsAtOnceOnStop) {
  std::stop_source source;
  source.request_stop();
  Receiver receiver({fine});
  EXPECT_THROW(webhook_sink(hook(receiver.url()), clock_)->deliver(deployed(), source.get_token()), Cancelled);
}

TEST_F(WebhookTest, RefusesAddressesThatAreNone) {
  for (const auto* url : {"", "example", "ftp://example/x", "https://", "https:///x", "http://a:0/", "http://a:x/",
                          "http://a b/", "https://user:secret@example/x", "http://a/\r\nX: y"})
    EXPECT_THROW(webhook_sink(hook(url), clock_), UsageError) << url;
  try {
    webhook_sink(hook("https://user:secret@example/x"), clock_);
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("example/x")));
  }
  EXPECT_EQ(webhook_sink(hook("https://[::1]:8443/x"), clock_)->name(), "webhook [::1]:8443");
  EXPECT_EQ(webhook_sink(hook("HTTPS://example"), clock_)->name(), "webhook example");
}

TEST_F(WebhookTest, NamesABrokenLineOfHeadersWithoutShowingIt) {
  Receiver receiver({fine});
  auto webhook = hook(receiver.url());
  webhook.headers_file = folder_.path() / "headers";
  write_file_durably(webhook.headers_file, "A: b\nBearer s3cret\n", 0600);
  try {
    webhook_sink(webhook, clock_)->deliver(deployed(), {});
    FAIL() << "a line without a colon";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("headers:2:1"));
    EXPECT_THAT(error.what(), Not(HasSubstr("s3cret")));
  }
}

}  // namespace
}  // namespace belay::serve
