// The short form of a fuzz target: each file of its corpus as it is and with many small changes, always the same ones.
// Without libFuzzer, so that every build has it. short_run ROUNDS FILE…

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size);

namespace {

void try_one(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

class Changes {
 public:
  explicit Changes(std::vector<std::string> texts) : texts_(std::move(texts)) {}

  std::string next(size_t which) {
    std::string text = texts_[which];
    for (size_t count = 1 + below(4); count > 0; --count) change(text);
    return text;
  }

 private:
  size_t below(size_t end) { return end == 0 ? 0 : random_() % end; }

  void change(std::string& text) {
    static const std::vector<std::string> words{"{{",
                                                "}}",
                                                "{%",
                                                "%}",
                                                "\n\n",
                                                "---\n",
                                                ": ",
                                                "- ",
                                                "[",
                                                "]",
                                                "{",
                                                "}",
                                                "\"",
                                                "'",
                                                "&a",
                                                "*a",
                                                "|",
                                                "\n",
                                                "  ",
                                                "#",
                                                "null",
                                                "-1",
                                                "0",
                                                "..",
                                                "/",
                                                "\\",
                                                "\x80",
                                                "%",
                                                "!!",
                                                "<<",
                                                "99999999999999999999"};
    const size_t place = below(text.size() + 1);
    switch (below(5)) {
      case 0:
        text.insert(place, words[below(words.size())]);
        break;
      case 1:
        text.erase(place, 1 + below(20));
        break;
      case 2:
        if (place < text.size()) text[place] = static_cast<char>(random_());
        break;
      case 3:
        text.insert(place, text.substr(below(text.size()), below(40)));
        break;
      default: {
        const std::string& other = texts_[below(texts_.size())];
        text.insert(place, other.substr(below(other.size()), below(60)));
      }
    }
  }

  std::vector<std::string> texts_;
  std::mt19937 random_{1};  // NOLINT(cert-msc51-cpp): the same in every run
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> texts;
  for (int i = 2; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (!file || texts.back().empty()) {
      std::cerr << argv[i] << " cannot be read\n";
      return 1;
    }
    try_one(texts.back());
  }
  if (texts.empty()) return 1;
  Changes changes(texts);
  const int rounds = std::atoi(argv[1]);
  for (int round = 0; round < rounds; ++round) try_one(changes.next(static_cast<size_t>(round) % texts.size()));
  std::cout << rounds << " changed texts\n";
  return 0;
}
