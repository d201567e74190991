#pragma once
// A terminal, or what stands for one, as a session in a container wants it.

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace belay {

enum class OutputStream { out, err };

// The user's side of an interactive session. The engine calls it from several threads: `read` from one, the rest from
// another.
class Terminal {
 public:
  virtual ~Terminal() = default;
  // Blocks for input; empty: end of input. Returns early (empty) on stop.
  virtual std::string read(std::stop_token stop) = 0;
  virtual void write(OutputStream stream, std::string_view bytes) = 0;
  struct Size {
    int rows = 0, columns = 0;
    bool operator==(const Size&) const = default;
  };
  // The window's size now; nullopt when there is no window.
  virtual std::optional<Size> size() = 0;
  // Calls back whenever the window's size changes, until the returned guard dies.
  virtual std::shared_ptr<void> on_resize(std::function<void(Size)> changed) = 0;
};

}  // namespace belay
