#pragma once
// Single values as a Compose file may have them, brought into the one form of the resolved project. `what` names the
// key in errors. All throw ConfigError at the value.

#include <string>
#include <string_view>

#include "formats/compose/loading.h"

namespace belay::formats::compose {

// A number or boolean becomes the text that Go prints, with a notice where that is another than was written.
void print(document::Node& node, const std::string& what, Loading& loading);
void make_boolean(document::Node& node, const std::string& what, Loading& loading);
void make_whole(document::Node& node, const std::string& what);
void make_fraction(document::Node& node, const std::string& what);
void make_bytes(document::Node& node, const std::string& what);
void make_duration(document::Node& node, const std::string& what);
void make_mode(document::Node& node, const std::string& what, Loading& loading);

// Short forms that several keys share.
void listed(document::Node& node, const std::string& what, Loading& loading);       // a text becomes a list of one
void label_pairs(document::Node& node, const std::string& what, Loading& loading);  // [K=V, K] becomes {K: V, K: ""}
void env_pairs(document::Node& node, const std::string& what, Loading& loading);    // [K=V, K] becomes {K: V, K: null}
void write_out_microseconds(document::Node& node, const std::string& what, Loading& loading);  // "50ms" becomes 50000
void split_words(document::Node& node, const std::string& what, Loading& loading);  // of command and entrypoint

// `member` with the place of `at`.
void put(document::Node& map, const std::string& key, document::Node value, const document::Node& at);
document::Node text_at(std::string value, const document::Node& at);

}  // namespace belay::formats::compose
