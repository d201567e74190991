#include "cli/console.h"
#include "document/json.h"

namespace belay::cli {

void Console::print_json(const document::Node& value) {
  line(document::write_json(value, 2));
}

}  // namespace belay::cli
