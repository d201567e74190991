// fmt ships no static library on Debian. This one file compiles its inline form; every other file sees only the light
// core header and links against the functions emitted here, so the released binary needs no libfmt at run time.
#define FMT_HEADER_ONLY
#include <fmt/format.h>

namespace belay {
// Naming the functions makes the compiler emit them.
[[maybe_unused]] extern std::string (*const emitted_vformat)(fmt::string_view, fmt::format_args);
std::string (*const emitted_vformat)(fmt::string_view, fmt::format_args) = &fmt::vformat;
extern void (*const emitted_assert)(const char*, int, const char*);
void (*const emitted_assert)(const char*, int, const char*) = &fmt::detail::assert_fail;
}  // namespace belay
