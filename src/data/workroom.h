#pragma once
// A folder in which content is prepared. Nobody but root and this user can enter it, and it is reached by its
// descriptor only: so what becomes of its name in the folder above, which may belong to others, leads nowhere else.

#include "data/spot.h"

namespace belay::data {

// Stays, with what is in it, until it is removed: the next one of the name begins with that.
class Workroom {
 public:
  // Removes what is there under the name first. Throws Error.
  explicit Workroom(Spot spot);

  // Throws Error where the file system cannot exchange two names in one step.
  void try_exchange() const;
  // What is prepared, a folder or a file; its path leads there by descriptor. Nothing is there in the beginning.
  const Spot& content() const { return content_; }
  void make_content() const;
  // A name beside the room.
  fs::path sibling(const std::string& name) const;
  // All of its file system to the disk.
  void sync() const;
  // Throws Error where something has that name already.
  void move_content_to(const Spot& spot) const;
  // With what is in it.
  void remove() const;

 private:
  Spot spot_;
  Fd room_;
  Spot content_;
};

// Exchanges what two names have in one step. Throws Error.
void exchange_names(const Spot& a, const Spot& b);

}  // namespace belay::data
