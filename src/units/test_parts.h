#pragma once
// What tests under other names and tests in production have in common. Private to units.

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "change/context.h"
#include "exec/ask.h"
#include "formats/dockerstra/tests.h"
#include "units/test_run.h"

namespace belay::units {

// What speaks against the unit.
struct Failed {
  std::string reason;
  std::string log_tail{};
};
// What cannot be done here.
struct Skipped {
  std::string reason;
};

inline constexpr ByteCount most_kept{4 << 20};
inline constexpr int tail_lines = 20;

std::string last_lines(const std::string& text);
// Of a container; empty where there is none.
std::string tail_of(change::Context& context, const std::string& container);
std::string log_of(change::Context& context, const std::string& container, std::optional<int> lines,
                   const std::stop_token& stop);
// Without what is expected. Where the address names no host it is the container that is asked.
std::string short_question(const formats::dockerstra::DaemonCheck& each);

// One try that takes as long as `most`.
using Ask = std::function<exec::Answer(Milliseconds most)>;
// Asks until the answer is right. Throws Failed where more tries are wrong than the check bears, whether nothing
// answered or something else, when the time is over, and when the container has ended. `last_answer` has the reason
// of the last one, also where this is stopped.
void ask_until_right(change::Context& context, const Check& check, const std::string& container, Milliseconds time,
                     const Ask& ask, std::string& last_answer, const std::stop_token& stop);

// Each throws Failed.
void check_code(int code, int expected);
void check_job(change::Context& context, const formats::dockerstra::JobCheck& job, const std::string& container,
               const std::stop_token& stop);
ContainerDetail detail_of(change::Context& context, const std::string& container, const std::stop_token& stop);

// What a test of its own is to keep. `service`: that it ran in; `passing`: what the container may be called by which
// the volume is reached.
void keep_of(change::Context& context, const formats::dockerstra::UnitTests& tests,
             const formats::dockerstra::OwnTest& test, const Service& service, const std::string& container,
             const std::string& passing, const std::string& log, const fs::path& output, const std::stop_token& stop);

// Runs one case into the result: what it throws but Cancelled on `stop` is the result. `look`: after a failure, the
// container whose log is told; `last_answer`: told where the time is over.
void run_case(change::Context& context, const TestOptions& options,
              const std::function<void(const std::stop_token&)>& work, TestCase& result, const std::string& look,
              const std::string& last_answer, const std::stop_token& stop);

}  // namespace belay::units
