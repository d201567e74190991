#pragma once
// One function object of several: what std::visit wants for a variant.

namespace belay {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace belay
