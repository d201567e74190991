#pragma once
// In which form a notice is told: what the receiving side reads.

#include <cstdint>
#include <string_view>

namespace belay {

enum class NoticeForm : std::uint8_t { json, text, ntfy, gotify, slack, matrix, mail };
std::string_view to_text(NoticeForm form);
// A web address takes all but mail; a command's standard input takes json, text and mail. Throw Error for others.
NoticeForm webhook_form(std::string_view text);
NoticeForm command_form(std::string_view text);

}  // namespace belay
