#include "serve/notices.h"

#include <unistd.h>
#include <utility>

#include "base/beside.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/process.h"
#include "base/text.h"

namespace belay::serve {

namespace {

class CommandSink final : public NoticeSink {
 public:
  CommandSink(std::vector<std::string> command, std::string name, Milliseconds limit, NoticeForm form)
      : command_(std::move(command)), name_(std::move(name)), limit_(limit), form_(form) {}

  std::string name() const override { return name_; }

  void deliver(const Notice& notice, const std::stop_token& stop) override {
    ProcessRequest request;
    request.command = command_;
    request.input = report::letter(notice, form_).body;
    if (!request.input.ends_with('\n')) request.input += '\n';
    request.environment = {{"BELAY_EVENT", notice.kind},
                           {"BELAY_APP", notice.app},
                           {"BELAY_RELEASE", notice.release},
                           {goes_on_beside, format("{}", ::getpid())}};
    request.own_group = true;
    request.deadline = limit_;
    const auto result = run_process(request, stop);
    if (result.exit_code == 0) return;
    const auto words = trim(result.errors.empty() ? result.output : result.errors);
    throw Error(ErrorCode::program_failed, words.empty() ? format("exit code {}", result.exit_code)
                                                         : format("exit code {}: {}", result.exit_code, words));
  }

 private:
  const std::vector<std::string> command_;
  const std::string name_;
  const Milliseconds limit_;
  const NoticeForm form_;
};

}  // namespace

std::unique_ptr<NoticeSink> command_sink(std::vector<std::string> command, Milliseconds limit, NoticeForm form) {
  if (command.empty() || command[0].empty()) throw UsageError("a command hook without a command");
  auto name = format("command {}", command[0]);
  return std::make_unique<CommandSink>(std::move(command), std::move(name), limit, form);
}

std::unique_ptr<NoticeSink> shell_sink(std::string line, Milliseconds limit, NoticeForm form) {
  if (trim(line).empty()) throw UsageError("a command hook without a command");
  // Only the first word: what follows may hold a token.
  auto name = format("command {}", split(trim(line), ' ')[0]);
  return std::make_unique<CommandSink>(std::vector<std::string>{"/bin/sh", "-c", std::move(line)}, std::move(name),
                                       limit, form);
}

Notifications::Notifications(std::vector<std::unique_ptr<NoticeSink>> sinks, LogLines& log, size_t longest_queue)
    : sinks_(std::move(sinks)), log_(log), longest_queue_(longest_queue) {
  if (!sinks_.empty()) thread_ = std::jthread([this](const std::stop_token& stop) { deliver_all(stop); });
}

Notifications::~Notifications() = default;

void Notifications::tell(Notice notice) {
  if (sinks_.empty()) return;
  std::lock_guard held(mutex_);
  queue_.push_back(std::move(notice));
  if (queue_.size() > longest_queue_) {
    queue_.pop_front();
    ++counts_.dropped;
  }
  changed_.notify_all();
}

bool Notifications::finish(Milliseconds limit) {
  std::unique_lock held(mutex_);
  return changed_.wait_for(held, limit, [&] { return queue_.empty() && !in_hand_; });
}

std::deque<Notice> Notifications::take_rest() {
  std::lock_guard held(mutex_);
  auto rest = std::exchange(queue_, {});
  if (in_hand_) rest.push_front(*in_hand_);
  return rest;
}

Notifications::Counts Notifications::counts() const {
  std::lock_guard held(mutex_);
  return counts_;
}

void Notifications::deliver_all(const std::stop_token& stop) {
  std::unique_lock held(mutex_);
  while (changed_.wait(held, stop, [&] { return !queue_.empty(); }) && !stop.stop_requested()) {
    const Notice notice = std::move(queue_.front());
    queue_.pop_front();
    in_hand_ = notice;
    held.unlock();
    for (const auto& sink : sinks_) deliver(notice, *sink, stop);
    held.lock();
    in_hand_.reset();
    changed_.notify_all();
  }
}

void Notifications::deliver(const Notice& notice, NoticeSink& sink, const std::stop_token& stop) {
  try {
    sink.deliver(notice, stop);
    std::lock_guard held(mutex_);
    ++counts_.delivered;
  } catch (const std::exception& error) {
    {
      std::lock_guard held(mutex_);
      ++counts_.failed;
    }
    log_.write(LogLevel::warning, format("the notice '{}' was not delivered", notice.kind),
               {{"app", notice.app}, {"to", sink.name()}, {"reason", error.what()}});
  }
}

}  // namespace belay::serve
