#include "model/notice_form.h"

#include <array>
#include <initializer_list>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay {

namespace {

constexpr std::array<std::string_view, 7> form_words{"json", "text", "ntfy", "gotify", "slack", "matrix", "mail"};

NoticeForm form_of(std::string_view text, std::initializer_list<NoticeForm> allowed) {
  std::vector<std::string> known;
  for (const NoticeForm form : allowed) {
    if (to_text(form) == text) return form;
    known.emplace_back(to_text(form));
  }
  throw Error(ErrorCode::bad_value, format("'{}' is not a form of notices", printable(text)),
              format("There are {}.", join(known, ", ")));
}

}  // namespace

std::string_view to_text(NoticeForm form) {
  return form_words.at(static_cast<size_t>(form));
}

NoticeForm webhook_form(std::string_view text) {
  return form_of(text, {NoticeForm::json, NoticeForm::text, NoticeForm::ntfy, NoticeForm::gotify, NoticeForm::slack,
                        NoticeForm::matrix});
}

NoticeForm command_form(std::string_view text) {
  return form_of(text, {NoticeForm::json, NoticeForm::text, NoticeForm::mail});
}

}  // namespace belay
