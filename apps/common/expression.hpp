// Expressions as one writes them on a command line: tanh(w*x + b).
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "autograd/ops.hpp"

namespace tapestry {

// Numbers, names, + - * / ^, parentheses and functions; - x^2 is -(x^2), and ^ binds to the right.
class Expression {
 public:
  // Whatever is wrong with it is an error that shows the place.
  explicit Expression(std::string text);

  const std::string& text() const { return text_; }
  const std::vector<std::string>& names() const { return names_; }  // in the order in which they come first

  // Computes it on the tape of the values. Each call is in the scope of the part of the text that it computes. A value
  // that is no finite number is an error that shows where it came from.
  Var operator()(const std::map<std::string, Var>& values) const;

  static std::string functions();  // exp, log, ...

 private:
  friend class ExpressionParser;
  using Function = std::function<Var(Var)>;
  struct Step {  // computes one part of the text from parts before it
    char kind;   // one of + - * / ^, ~ for a minus in front, f for a function, n for a name, # for a number
    std::size_t begin, end, at;  // the part of the text, and where an error points
    int a = -1, b = -1;          // steps
    double number = 0;
    std::string name{};
    Function function{};
  };
  Var compute(const Step& step, const std::vector<Var>& results, const std::map<std::string, Var>& values) const;
  std::string part(const Step& step) const { return text_.substr(step.begin, step.end - step.begin); }
  [[noreturn]] void wrong(std::size_t at, const std::string& what) const;

  std::string text_;
  std::vector<Step> steps_;  // each after those that it is computed from
  std::vector<std::string> names_;
};

// The 2 of "w=2"; an error if it is something else.
std::pair<std::string, double> read_value(const std::string& text);

}  // namespace tapestry
