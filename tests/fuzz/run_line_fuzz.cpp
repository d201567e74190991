// Whatever the words are: an Error, or a service that survives being saved. The same bytes are tried as the two kinds
// of override files.

#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "formats/docker_run.h"
#include "formats/dockervisor.h"
#include "formats/jockler.h"

namespace {

using namespace belay;

void try_line(const std::string& text) {
  formats::RunLineOptions options;
  // No file is there to be read.
  options.base_folder = "/nonexistent";
  options.variable = [](const std::string&) { return std::optional<std::string>("value"); };
  Spec spec;
  spec.services.push_back(formats::parse_run_line(split(text, '\n'), options).service);
  const std::string saved = spec_to_json(spec);
  if (spec_to_json(spec_from_json(saved)) != saved) std::abort();
}

template <class Work>
void expect_an_error_at_most(const Work& work) {
  try {
    work();
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find("file") == std::string::npos && text.find("seccomp") == std::string::npos)
    expect_an_error_at_most([&] { try_line(text); });
  expect_an_error_at_most([&] { formats::parse_jockler(text, "/srv/jockler-web"); });
  expect_an_error_at_most([&] { formats::parse_dockervisor(text, "/srv/dcv-web"); });
  return 0;
}
