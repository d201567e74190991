#include "look/merged_logs.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

namespace belay::look {

namespace {

struct Line {
  std::string time;  // RFC 3339 in UTC, as the engine writes it: texts of one length compare as times
  OutputStream stream = OutputStream::out;
  std::string text;
};

// One container's log as it is read.
struct Source {
  std::deque<Line> lines;
  std::string partial_out, partial_err;
  bool ended = false;
};

// "2026-01-31T09:05:07.12Z" → with nine digits after the point: engines drop zeros at the end.
std::string comparable(std::string time) {
  const size_t point = time.find('.');
  if (!time.ends_with('Z')) return time;
  time.pop_back();
  if (point == std::string::npos) time += '.';
  const size_t digits = time.size() - (point == std::string::npos ? time.size() : point + 1);
  if (digits < 9) time.append(9 - digits, '0');
  return time + "Z";
}

class Merge {
 public:
  Merge(engine::Engine& engine, const std::vector<NamedContainer>& containers, const LogRequest& request,
        const LogSink& sink)
      : engine_(engine), containers_(containers), request_(request), sink_(sink), sources_(containers.size()) {}

  void run(const std::stop_token& stop) {
    const std::stop_callback on_stop(stop, [this] { ends_.request_stop(); });
    std::vector<std::jthread> readers;
    // Whatever the sink throws, the readers must end.
    struct Ending {
      std::stop_source& ends;
      ~Ending() { ends.request_stop(); }
    } const ending{ends_};
    for (size_t i = 0; i < containers_.size(); ++i) readers.emplace_back([this, i] { read(i); });
    while (const auto next = take()) sink_(containers_[next->first].service, next->second.stream, next->second.text);
    if (failed_) std::rethrow_exception(failed_);
    if (stop.stop_requested()) throw Cancelled();
  }

 private:
  static constexpr size_t most_waiting = 1'000;

  void read(size_t index) {
    LogRequest request = request_;
    request.timestamps = true;
    try {
      engine_.logs(
          containers_[index].container, request,
          [&](OutputStream stream, std::string_view bytes) { take_in(index, stream, bytes); }, ends_.get_token());
    } catch (const Cancelled&) {
      // Everything ends.
    } catch (...) {
      const std::lock_guard held(mutex_);
      if (!failed_) failed_ = std::current_exception();
      ends_.request_stop();
    }
    const std::lock_guard held(mutex_);
    Source& source = sources_[index];
    for (auto* partial : {&source.partial_out, &source.partial_err})
      if (!partial->empty()) add(source, OutputStream::out, *partial);
    source.ended = true;
    changed_.notify_all();
  }

  void take_in(size_t index, OutputStream stream, std::string_view bytes) {
    std::unique_lock held(mutex_);
    Source& source = sources_[index];
    changed_.wait(held, ends_.get_token(), [&] { return source.lines.size() < most_waiting; });
    if (ends_.stop_requested()) throw Cancelled();
    std::string& partial = stream == OutputStream::out ? source.partial_out : source.partial_err;
    partial += bytes;
    size_t begin = 0;
    for (size_t end = 0; (end = partial.find('\n', begin)) != std::string::npos; begin = end + 1)
      add(source, stream, partial.substr(begin, end - begin));
    partial.erase(0, begin);
    changed_.notify_all();
  }

  void add(Source& source, OutputStream stream, const std::string& line) {
    const size_t space = line.find(' ');
    const std::string time = line.substr(0, space);
    std::string text = space == std::string::npos ? std::string() : line.substr(space + 1);
    if (request_.timestamps) text = line;
    if (text.ends_with('\r')) text.pop_back();
    source.lines.push_back({comparable(time), stream, std::move(text)});
  }

  // The oldest line: where a log has not said anything yet, it is waited for a little, for its line may be older.
  std::optional<std::pair<size_t, Line>> take() {
    std::unique_lock held(mutex_);
    const auto all_speak = [&] {
      for (const auto& source : sources_)
        if (source.lines.empty() && !source.ended) return false;
      return true;
    };
    const auto any_speaks = [&] {
      bool all_ended = true;
      for (const auto& source : sources_) {
        if (!source.lines.empty()) return true;
        all_ended = all_ended && source.ended;
      }
      return all_ended;
    };
    changed_.wait(held, ends_.get_token(), any_speaks);
    changed_.wait_for(held, ends_.get_token(), patience_, all_speak);
    // A log that says nothing is not waited for again at each line.
    if (!all_speak()) patience_ = Milliseconds(request_.follow ? 20 : 1'000);
    std::optional<size_t> oldest;
    for (size_t i = 0; i < sources_.size(); ++i) {
      if (sources_[i].lines.empty()) continue;
      if (!oldest || sources_[i].lines.front().time < sources_[*oldest].lines.front().time) oldest = i;
    }
    if (!oldest || ends_.stop_requested()) return {};
    std::pair<size_t, Line> taken{*oldest, std::move(sources_[*oldest].lines.front())};
    sources_[*oldest].lines.pop_front();
    changed_.notify_all();
    return taken;
  }

  engine::Engine& engine_;
  const std::vector<NamedContainer>& containers_;
  const LogRequest& request_;
  const LogSink& sink_;
  std::stop_source ends_;
  std::mutex mutex_;  // guards all below
  std::condition_variable_any changed_;
  std::vector<Source> sources_;
  Milliseconds patience_{1'000};
  std::exception_ptr failed_;
};

}  // namespace

void merged_logs(engine::Engine& engine, const std::vector<NamedContainer>& containers, const LogRequest& request,
                 const LogSink& sink, const std::stop_token& stop) {
  Merge(engine, containers, request, sink).run(stop);
}

}  // namespace belay::look
