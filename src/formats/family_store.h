#pragma once
// The store of jockler and dockervisor: a folder for each family, in it small files that name containers and images.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belay::formats {

// What the tool kept of one family. Names of containers; empty: there is none.
struct StoredFamily {
  std::string last, stable;
  std::string startup;              // what it starts with the host
  std::vector<std::string> images;  // ids, short or whole, in the order of the file

  bool empty() const { return last.empty() && stable.empty() && startup.empty() && images.empty(); }
};

// `text_of` gives the text of one of the family's files, nullopt where it is not there. Throws Error for a file that
// holds anything but what the tools write.
StoredFamily parse_stored_family(const std::function<std::optional<std::string>(const std::string& file)>& text_of);

// "last", "stable", …: the files that make a folder one of a family.
const std::vector<std::string>& stored_family_files();

}  // namespace belay::formats
