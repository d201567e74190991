#pragma once
// Specs in which every field that model/fields.h lists has a value of its own, without naming the fields here.

#include "model/fields.h"

namespace belay {

// Gives each value it meets another number, so that two fields that are mixed up show.
class Filling {
 public:
  void fill(std::string& value) { value = "text " + std::to_string(++last_); }
  void fill(bool& value) { value = true; }
  template <std::integral T>
  void fill(T& value) {
    value = static_cast<T>(++last_);
  }
  void fill(ByteCount& value) { value.value = ++last_; }
  void fill(Milliseconds& value) { value = Milliseconds(++last_); }
  void fill(Mount::Kind& value) { value = Mount::Kind::bind; }
  void fill(Check::Kind& value) { value = Check::Kind::exec; }
  void fill(Need::Condition& value) { value = Need::Condition::healthy; }
  void fill(SwapOrder& value) { value = SwapOrder::stop_first; }
  void fill(std::map<std::string, std::string>& values) {
    for (int i = 0; i < 2; ++i) {
      std::string key, value;
      fill(key);
      fill(value);
      values[key] = value;
    }
  }
  template <fields::Described T>
  void fill(std::map<std::string, T>& values) {
    for (int i = 0; i < 2; ++i) {
      std::string key;
      fill(key);
      fill(values[key]);
    }
  }
  template <class T>
  void fill(std::optional<T>& value) {
    fill(value.emplace());
  }
  template <class T>
  void fill(std::vector<T>& values) {
    for (int i = 0; i < 2; ++i) fill(values.emplace_back());
  }
  template <fields::Described T>
  void fill(T& value) {
    fields::each(value, [&](const char*, auto& field) { fill(field); });
  }

 private:
  int last_ = 0;
};

template <class T>
T filled() {
  T value;
  Filling().fill(value);
  return value;
}

// How many fields the list has.
template <fields::Described T>
size_t listed_fields() {
  T value;
  size_t count = 0;
  fields::each(value, [&](const char*, auto&) { ++count; });
  return count;
}

// Calls `use` with a copy of `value` for each field, where that field is as in `other`.
template <fields::Described T, class Use>
void with_each_field_from(const T& value, const T& other, Use&& use) {
  for (size_t index = 0; index < listed_fields<T>(); ++index) {
    // Both lists are walked in one order; the fields' types differ, so their addresses carry them over.
    T changed = value;
    std::vector<const void*> places;
    fields::each(other, [&](const char*, const auto& field) { places.push_back(&field); });
    size_t at = 0;
    std::string name;
    fields::each(changed, [&](const char* field_name, auto& field) {
      if (at == index) {
        name = field_name;
        field = *static_cast<const std::remove_reference_t<decltype(field)>*>(places[at]);
      }
      ++at;
    });
    use(name, changed);
  }
}

}  // namespace belay
