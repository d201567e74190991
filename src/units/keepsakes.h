#pragma once
// What is kept of a test when its containers are gone: files that it made, what it wrote, its environment.

#include <string>
#include <vector>

#include "change/context.h"

namespace belay::units {

// A folder of the test's files, removed with its owner.
class Keepsakes {
 public:
  // The files of the container that fit the patterns ("coverage_html", "junit-*.xml"), relative to `working_folder`,
  // each under the path that it has there, with no more rights than it has there; folders with all that is in them.
  // Links are left out. The patterns that
  // nothing fits. Throws Error for more than a GiB.
  std::vector<std::string> take(engine::Engine& engine, const std::string& container, const std::string& working_folder,
                                const std::vector<std::string>& patterns, std::stop_token stop);
  // A text of ours; a file of the test of that name goes before it.
  void add(const std::string& name, const std::string& text, int mode = 0644);
  const fs::path& folder() const { return folder_.path(); }

 private:
  bool take_one(engine::Engine& engine, const std::string& container, const std::string& working_folder,
                const std::string& pattern, const std::stop_token& stop);

  TemporaryFolder folder_;
  std::int64_t room_ = std::int64_t{1} << 30;
};

// Whose they are.
struct KeptTest {
  std::string variant, container;
  std::string image;  // any that is here: of the container, never started, by which the volume is reached
  std::string name;   // of that container
};
// Whether the volume `test_data` is there for what tests make, or not there yet: another may have a volume of that
// name.
bool is_place_of_kept(engine::Engine& engine, std::stop_token stop);
[[noreturn]] void throw_foreign_place_of_kept();
// Into the volume `test_data`: as archives/VARIANT/CONTAINER/TIME/, and tests/VARIANT/CONTAINER leads there. The volume
// is made where it is missing, and stays. Throws Conflict where it is another's.
void keep_in_volume(change::Context& context, const AppName& unit, const KeptTest& test, const fs::path& from,
                    std::stop_token stop);
// Into DIR/VARIANT/CONTAINER/, over what is there. Throws Error where a folder below DIR is a link.
void keep_in_folder(const KeptTest& test, const fs::path& from, const fs::path& into);

}  // namespace belay::units
