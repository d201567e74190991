#include "exec/verdict.h"

#include "base/format.h"
#include "base/text.h"

namespace belay::exec {

namespace {

std::string why_down(const ContainerDetail& detail) {
  if (!detail.error.empty()) return format("it did not start: {}", printable(detail.error));
  const ContainerState state = detail.container.state;
  if (state != ContainerState::exited && state != ContainerState::dead)
    return format("it does not run, it is {}", to_text(state));
  std::string reason = format("it exited with code {}", detail.exit_code);
  if (detail.oom_killed) reason += ", killed for lack of memory";
  return reason;
}

}  // namespace

Judgement judge(const plan::AwaitVerdict& terms, const ContainerDetail& detail, Milliseconds waited,
                int restarts_before) {
  using Kind = Judgement::Kind;
  const Container& container = detail.container;
  if (detail.restart_count > restarts_before || container.state == ContainerState::restarting)
    return {Kind::failed, format("it does not stay up: the engine had to restart it (exit code {})", detail.exit_code)};
  if (terms.proof == plan::AwaitVerdict::Proof::completed && container.state == ContainerState::running) {
    if (waited < terms.wait_timeout) return {};
    return {Kind::failed, format("it did not end within {}", duration_text(terms.wait_timeout))};
  }
  if (terms.proof == plan::AwaitVerdict::Proof::completed && container.state == ContainerState::exited &&
      detail.exit_code == 0)
    return {Kind::passed, {}};
  if (container.state != ContainerState::running) return {Kind::failed, why_down(detail)};
  if (!terms.has_health_check) {
    if (waited >= terms.settle) return {Kind::passed, {}};
    return {};
  }
  if (container.health == Health::healthy) return {Kind::passed, {}};
  const std::string output(trim(printable(detail.health_output)));
  if (container.health == Health::unhealthy)
    return {Kind::failed, output.empty() ? std::string("it is unhealthy") : "it is unhealthy: " + output};
  if (waited >= terms.wait_timeout) {
    std::string reason = format("it did not become healthy within {}", duration_text(terms.wait_timeout));
    if (!output.empty()) reason += ": " + output;
    return {Kind::failed, reason};
  }
  return {};
}

std::optional<std::string> await_verdict(const plan::AwaitVerdict& terms, engine::Engine& engine, Clock& clock,
                                         std::stop_token stop) {
  const Ticks begin = clock.ticks();
  std::optional<int> restarts_before;
  for (;;) {
    const auto detail = engine.container(terms.name, stop);
    if (!detail) return format("the container {} was removed meanwhile", terms.name);
    if (!restarts_before) restarts_before = detail->restart_count;
    const auto waited = std::chrono::duration_cast<Milliseconds>(clock.ticks() - begin);
    const Judgement judgement = judge(terms, *detail, waited, *restarts_before);
    if (judgement.kind == Judgement::Kind::passed) return {};
    if (judgement.kind == Judgement::Kind::failed) return judgement.reason;
    if (!clock.sleep(Milliseconds(100), stop)) throw Cancelled();
  }
}

std::string log_tail(engine::Engine& engine, const std::string& container, int lines, std::stop_token stop) {
  constexpr size_t most = 16384;
  std::string text;
  bool is_cut = false;
  const auto keep_the_end = [&](size_t size) {
    if (text.size() <= size) return;
    text.erase(0, text.size() - size);
    is_cut = true;
  };
  LogRequest request;
  request.tail = lines;
  try {
    engine.logs(
        container, request,
        [&](OutputStream, std::string_view bytes) {
          text += bytes;
          keep_the_end(4 * most);
        },
        stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error&) {
    // The verdict stands without its log; the reason already says what happened.
    return {};
  }
  keep_the_end(most);
  // Half a line at the beginning says nothing, unless there is no other.
  if (const size_t end = text.find('\n'); is_cut && end != std::string::npos && end + 1 < text.size())
    text.erase(0, end + 1);
  return printable(text);
}

}  // namespace belay::exec
