// How an operation tells the tape to differentiate it. Only whoever writes an operation needs this header.
//
//   Var operator*(Var a, Var b) {  // y = a b          dL/da = g b          dL/db = g a
//     Var y = kernels::multiply(a.value(), b.value());
//     return apply("mul", y, {a, b}, {{reads(b), [](Var g, Var b) { return g * b; }},
//                                     {reads(a), [](Var g, Var a) { return g * a; }}});
//   }
#pragma once
#include <array>
#include <functional>
#include <initializer_list>
#include <type_traits>
#include <utility>

#include "autograd/tape.hpp"

namespace tapestry {

// What a rule reads besides g: y or arguments of the call, nothing else. The tape keeps what is declared here only.
template <std::size_t n>
struct Reads {
  std::array<Var, n> values;
};
template <class... V>
Reads<sizeof...(V)> reads(const V&... values) {
  return {{values...}};
}

// Tensors that the forward pass worked out, for a fast rule to use again (1/sigma of a batch norm), or for any rule if
// they are flat: to second derivatives they are constants (which numbers a relu let pass).
template <std::size_t n>
struct Saved {
  std::array<Tensor, n> values;
};
template <class... T>
Saved<sizeof...(T)> saved(const T&... values) {
  return {{values...}};
}

namespace detail {
template <class T, std::size_t>
using Each = T;  // Each<Var, i>... is Var, Var, ...

template <class Result, class T, class F, std::size_t... i>
constexpr bool takes(std::index_sequence<i...>) {
  return std::is_invocable_r_v<Result, F, T, Each<T, i>...>;
}
// f(g, values[0], values[1], ...)
template <std::size_t n, class F, class T>
auto call_with(const F& f, T g, std::vector<T> values) {
  return [&]<std::size_t... i>(std::index_sequence<i...>) { return f(std::move(g), std::move(values[i])...); }
  (std::make_index_sequence<n>{});
}
// A Var or Tensor that hides in a rule would be taken for a constant in second derivatives.
template <class F>
constexpr bool captures_plain_numbers = std::is_trivially_destructible_v<F>;
}  // namespace detail

// A rule (vector-Jacobian product): given g = dL/dy and what it declares to read, one argument's dL/dx. It is written
// in differentiable operations, so that it can be differentiated in its turn.
struct Rule {
  Rule() = default;  // no rule: this argument has to be a constant
  template <class F>
  requires std::is_invocable_r_v<Var, F, Var> Rule(F f) : Rule(reads(), f) {}
  template <std::size_t n, class F>
  Rule(Reads<n> r, F f) : read(r.values.begin(), r.values.end()) {
    static_assert(detail::captures_plain_numbers<F>,
                  "a rule captures plain numbers only; declare what it reads: {reads(x), [](Var g, Var x) {...}}");
    static_assert(detail::takes<Var, Var, F>(std::make_index_sequence<n>{}),
                  "a rule takes g and then exactly what it declares: {reads(x), [](Var g, Var x) {...}}");
    dx = [f](Var g, Vars read) -> Var { return detail::call_with<n>(f, std::move(g), std::move(read)); };
  }
  template <std::size_t n, class F>
  Rule(Saved<n> s, F f) : saved(s.values.begin(), s.values.end()) {
    static_assert(detail::captures_plain_numbers<F>, "a rule captures plain numbers only; declare what it saves");
    static_assert(detail::takes<Var, Var, F>(std::make_index_sequence<n>{}),
                  "a rule takes g and then exactly what is saved: {saved(bits), [](Var g, Var bits) {...}}");
    dx = [f](Var g, Vars saved) -> Var { return detail::call_with<n>(f, std::move(g), std::move(saved)); };
  }
  // For an argument with a large gradient to which several calls contribute, a weight: `add` gives sum + dL/dx, without
  // a tensor between. It is on plain tensors, for a backward pass that is neither recorded nor watched.
  template <std::size_t n, class F, class Add>
  Rule(Reads<n> r, F f, Add a) : Rule(r, f) {
    static_assert(detail::captures_plain_numbers<Add>, "a rule captures plain numbers only; declare what it reads");
    add = [a](Tensor sum, Tensor g, Tensors read) -> Tensor {
      const auto with_sum = [&](Tensor g, auto... read) { return a(std::move(sum), std::move(g), std::move(read)...); };
      return detail::call_with<n>(with_sum, std::move(g), std::move(read));
    };
  }
  Vars read;
  Tensors saved;
  std::function<Var(Var g, Vars read_or_saved)> dx;
  std::function<Tensor(Tensor sum, Tensor g, Tensors read)> add;  // may be missing
};

// Where arguments share work: one rule for all of them, which returns every dL/dx.
struct JointRule {
  template <std::size_t n, class F>
  JointRule(Reads<n> r, F f) : read(r.values.begin(), r.values.end()) {
    static_assert(detail::captures_plain_numbers<F>, "a rule captures plain numbers only; declare what it reads");
    static_assert(detail::takes<Vars, Var, F>(std::make_index_sequence<n>{}),
                  "a joint rule takes g and then exactly what it declares, and returns Vars");
    dx = [f](Var g, Vars read) -> Vars { return detail::call_with<n>(f, std::move(g), std::move(read)); };
  }
  // The same on plain tensors, for a backward pass that is not recorded. It alone may use saved tensors; its type
  // forbids differentiating it.
  template <std::size_t reads, std::size_t n, class F>
  JointRule& fast(Saved<n> s, F f) {
    static_assert(detail::captures_plain_numbers<F>, "a rule captures plain numbers only; declare what it saves");
    static_assert(detail::takes<Tensors, Tensor, F>(std::make_index_sequence<reads + n>{}),
                  "a fast rule takes g, what the rule reads and what is saved, and returns Tensors");
    saved.assign(s.values.begin(), s.values.end());
    fast_dx = [f](Tensor g, Tensors known) -> Tensors {
      return detail::call_with<reads + n>(f, std::move(g), std::move(known));
    };
    return *this;
  }
  Vars read;
  Tensors saved;
  std::function<Vars(Var g, Vars read)> dx;
  std::function<Tensors(Tensor g, Tensors read_and_saved)> fast_dx;  // may be missing
};

struct Rules {  // one for each argument, or one for all
  Rules() = default;
  Rules(std::initializer_list<Rule> rules) : each(rules) {}
  Rules(std::vector<Rule> rules) : each(std::move(rules)) {}
  Rules(JointRule rule) : joint{std::move(rule)} {}
  std::vector<Rule> each;
  std::vector<JointRule> joint;  // none or one
};

// Records y = op(x[0], x[1], ...), if any argument is recorded, and returns y with its place on the tape. `op` is the
// name in errors and listings; it must outlive the tape (a string literal does).
Var apply(const char* op, Var y, Vars x, Rules rules);

// dL/dx[i] of a composition y = f(x): the differentiable joint rule of an operation that has a fast kernel.
Vars vjp(const std::function<Var(const Vars&)>& f, const Var& g, const Vars& x);

}  // namespace tapestry
