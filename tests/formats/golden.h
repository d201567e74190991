#pragma once
// Tests whose input and expected output are files, so that a change of behaviour is a diff to read.

#include <string>
#include <vector>

#include "base/errors.h"
#include "base/files.h"
#include "model/spec.h"

namespace belay::formats {

// Compares `text` with the file beside `input` that ends in .expected; with ACCEPT=1 in the environment, rewrites it.
void expect_golden(const fs::path& input, const std::string& text);
// The files of a folder of the test data that end so, sorted.
std::vector<fs::path> inputs(const std::string& folder, const std::string& extension);

// One field a line, those with their default value left out.
std::string field_lines(const Service& service);
// "error: …" and "hint: …".
std::string error_lines(const Error& error);

}  // namespace belay::formats
