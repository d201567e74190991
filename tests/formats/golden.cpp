#include "golden.h"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>

#include "base/format.h"
#include "document/json.h"

namespace belay::formats {

void expect_golden(const fs::path& input, const std::string& text) {
  const fs::path expected = fs::path(input).replace_extension(".expected");
  if (std::getenv("ACCEPT") != nullptr) write_file_durably(expected, text);
  EXPECT_EQ(read_file_if_present(expected).value_or("(no such file: run with ACCEPT=1)"), text) << input;
}

std::vector<fs::path> inputs(const std::string& folder, const std::string& extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(TEST_DATA) / folder))
    if (entry.path().extension() == extension) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string field_lines(const Service& service) {
  Spec spec;
  spec.services.push_back(service);
  const document::Node node = document::read_json(spec_to_json(spec), "spec");
  std::string text;
  if (const document::Node* services = node.find("services"))
    for (const auto& member : services->items()[0].members())
      text += format("  {}: {}\n", member.key, document::write_json(member.value));
  return text;
}

std::string error_lines(const Error& error) {
  std::string text = format("  error: {}\n", error.what());
  if (!error.hint().empty()) text += format("  hint: {}\n", error.hint());
  return text;
}

}  // namespace belay::formats
