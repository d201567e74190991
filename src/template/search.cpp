// By Knuth, Morris and Pratt.
#include "template/search.h"

namespace belay::templates {

Search::Search(std::string_view wanted) : wanted_(wanted), borders_(wanted.size() + 1) {
  for (size_t length = 2, border = 0; length <= wanted.size(); ++length) {
    while (border > 0 && wanted[border] != wanted[length - 1]) border = borders_[border];
    if (wanted[border] == wanted[length - 1]) ++border;
    borders_[length] = border;
  }
}

size_t Search::in(std::string_view text, size_t from) const {
  for (size_t at = from, matched = 0; at < text.size(); ++at) {
    while (matched > 0 && wanted_[matched] != text[at]) matched = borders_[matched];
    if (wanted_[matched] == text[at]) ++matched;
    if (matched == wanted_.size()) return at + 1 - matched;
  }
  return std::string_view::npos;
}

}  // namespace belay::templates
