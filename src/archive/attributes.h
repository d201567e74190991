#pragma once
// The extended attributes of files (ACLs are among them), read and set.

#include <string>
#include <utility>
#include <vector>

namespace belay::archive {

using Attributes = std::vector<std::pair<std::string, std::string>>;

// How a file is named to the system: by a descriptor, or by its folder and name where it cannot be opened (a link, a
// fifo, a device).
struct FilePlace {
  int file = -1;    // or …
  int folder = -1;  // … both of these
  const std::string* name = nullptr;
};

// Remembers room for names and values, so one is made for many files. One thread at a time.
class AttributeReader {
 public:
  AttributeReader();
  // Those of the namespaces user, trusted and security, and the ACLs; sorted. What a file system does not keep is
  // simply not there. Throws Error.
  Attributes read(const FilePlace& place);

 private:
  std::string names_, value_;
};

// Sets one; 0, or the error's number.
int set_attribute(const FilePlace& place, const std::string& name, const std::string& value);
// True where the number says that this file system or this user cannot have the attribute at all.
bool attribute_refused(int error_number);

}  // namespace belay::archive
