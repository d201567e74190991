#include "units/test_parts.h"

#include <algorithm>

#include "base/format.h"
#include "base/pattern.h"
#include "base/text.h"
#include "base/time_limit.h"
#include "engine/captured_output.h"
#include "formats/dockerstra/unit.h"
#include "units/keepsakes.h"

namespace belay::units {

namespace dockerstra = formats::dockerstra;
using dockerstra::DaemonCheck;
using dockerstra::JobCheck;
using dockerstra::OwnTest;
using dockerstra::UnitTests;

namespace {

// What is written down must not tell what may be a secret, however deep it stands.
void hide_secrets(document::Node& node) {
  for (auto& member : node.members()) {
    if (holds_a_secret(member.key, member.value.raw())) member.value = document::Node::text("(hidden)");
    hide_secrets(member.value);
  }
  for (auto& item : node.items()) {
    // A word of a list may be "NAME=value".
    const std::string word = item.raw();
    const size_t equals = word.find('=');
    const std::string name = equals == std::string::npos ? "" : word.substr(0, equals);
    if (holds_a_secret(name, word)) item = document::Node::text("(hidden)");
    hide_secrets(item);
  }
}

std::string environment_text(const document::Node& values) {
  document::Node shown = values;
  shown.remove("osenv");
  hide_secrets(shown);
  return dockerstra::to_yaml(shown);
}

}  // namespace

std::string last_lines(const std::string& text) {
  const std::vector<std::string> lines = split(trim(text), '\n');
  const size_t first = lines.size() - std::min(lines.size(), static_cast<size_t>(tail_lines));
  return join({lines.begin() + static_cast<std::ptrdiff_t>(first), lines.end()}, "\n");
}

std::string short_question(const DaemonCheck& each) {
  const Check& check = each.check;
  const std::string word = check.kind == Check::Kind::tcp ? "TCP" : check.method;
  return format("{} {}{}", word, check.host.empty() && !check.tls ? each.asked : "", target_text(check));
}

std::string log_of(change::Context& context, const std::string& container, std::optional<int> lines,
                   const std::stop_token& stop) {
  engine::CapturedOutput output(most_kept);
  LogRequest request;
  request.tail = lines;
  context.engine.logs(
      container, request, [&](OutputStream stream, std::string_view bytes) { output.write(stream, bytes); }, stop);
  return output.text();
}

std::string tail_of(change::Context& context, const std::string& container) {
  if (container.empty()) return {};
  try {
    return last_lines(log_of(context, container, tail_lines, {}));
  } catch (const Error&) {
    return {};
  }
}

void ask_until_right(change::Context& context, const Check& check, const std::string& container, Milliseconds time,
                     const Ask& ask, std::string& last_answer, const std::stop_token& stop) {
  const Ticks until = context.clock.ticks() + time;
  const Milliseconds pause = check.interval.value_or(Check::usual_interval);
  for (int wrong = 1;; ++wrong) {
    const auto left = std::chrono::duration_cast<Milliseconds>(until - context.clock.ticks());
    const exec::Answer answer = ask(std::max(left, Milliseconds(1)));
    if (answer.kind == exec::Answer::Kind::right) return;
    last_answer = answer.reason + (answer.said.empty() ? "" : ": " + answer.said);
    const bool is_over = (check.retries && wrong > *check.retries) || context.clock.ticks() + pause >= until ||
                         !detail_of(context, container, stop).container.is_up();
    if (is_over) throw Failed{last_answer};
    if (!context.clock.sleep(pause, stop)) throw Cancelled();
  }
}

void check_code(int code, int expected) {
  if (code != expected) throw Failed{format("it ended with exit code {}, expected {}", code, expected)};
}

void check_job(change::Context& context, const JobCheck& job, const std::string& container,
               const std::stop_token& stop) {
  check_code(detail_of(context, container, stop).exit_code, job.exit_code);
  const std::string log = log_of(context, container, {}, stop);
  for (const auto& pattern : job.patterns)
    if (!Pattern(pattern).is_in(log)) throw Failed{format("nothing in its log fits '{}'", printable(pattern)), log};
}

ContainerDetail detail_of(change::Context& context, const std::string& container, const std::stop_token& stop) {
  auto detail = context.engine.container(container, stop);
  if (!detail) throw Failed{"its container is gone"};
  return std::move(*detail);
}

void keep_of(change::Context& context, const UnitTests& tests, const OwnTest& test, const Service& service,
             const std::string& container, const std::string& passing, const std::string& log, const fs::path& output,
             const std::stop_token& stop) {
  Keepsakes kept;
  for (const auto& pattern : kept.take(context.engine, container, service.working_dir, test.files, stop))
    context.report.warning(
        format("the test {} of {} has left nothing that fits {}", test.name, test.container, printable(pattern)));
  if (test.captures_logs) kept.add("test.log", log);
  kept.add("environment.yaml", environment_text(tests.unit.values), 0600);
  const KeptTest of{test.name, test.container, detail_of(context, container, stop).container.image_id, passing};
  if (output.empty() || is_place_of_kept(context.engine, stop))
    keep_in_volume(context, AppName(tests.unit.address.unit), of, kept.folder(), stop);
  if (!output.empty()) keep_in_folder(of, kept.folder(), output);
}

void check_place_of_kept(change::Context& context, const UnitTests& tests, const TestOptions& options,
                         const std::stop_token& stop) {
  const bool keeps = std::any_of(tests.own.begin(), tests.own.end(),
                                 [](const OwnTest& test) { return !test.files.empty() || test.captures_logs; });
  if (keeps && options.output.empty() && !is_place_of_kept(context.engine, stop)) throw_foreign_place_of_kept();
}

void run_case(change::Context& context, const TestOptions& options,
              const std::function<void(const std::stop_token&)>& work, TestCase& result, const std::string& look,
              const std::string& last_answer, const std::stop_token& stop) {
  const auto fail = [&](const std::string& reason, const std::string& log) {
    result.result = TestCase::Result::failed;
    result.reason = reason;
    result.log_tail = log.empty() ? tail_of(context, look) : last_lines(log);
  };
  try {
    if (options.timeout)
      work(TimeLimit(*options.timeout, stop).token());
    else
      work(stop);
    result.result = TestCase::Result::passed;
  } catch (const Failed& failed) {
    fail(failed.reason, failed.log_tail);
  } catch (const Skipped& skipped) {
    result.result = TestCase::Result::skipped;
    result.reason = skipped.reason;
  } catch (const Cancelled&) {
    if (stop.stop_requested() || !options.timeout) throw;
    fail(format("it has not ended within {}{}", duration_text(*options.timeout),
                last_answer.empty() ? "" : "; the last answer: " + last_answer),
         {});
  } catch (const Error& error) {
    fail(error.what(), {});
  }
}

}  // namespace belay::units
