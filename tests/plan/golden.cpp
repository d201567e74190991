#include "golden.h"

#include <cstdlib>
#include <gtest/gtest.h>

#include "base/files.h"

namespace belay::plan {

void expect_golden(const std::string& name, const std::string& text) {
  const fs::path file = fs::path(TEST_DATA) / "golden" / (name + ".txt");
  if (std::getenv("ACCEPT") != nullptr) write_file_durably(file, text);
  EXPECT_EQ(text, read_file_if_present(file).value_or("(no such file: run with ACCEPT=1)")) << file;
}

}  // namespace belay::plan
