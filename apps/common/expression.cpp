#include "apps/common/expression.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "autograd/error.hpp"
#include "autograd/scope.hpp"
#include "autograd/statistics.hpp"

namespace tapestry {
namespace {

constexpr int deepest = 200;  // parentheses in parentheses

const std::vector<std::pair<std::string, std::function<Var(Var)>>>& function_table() {
  static const std::vector<std::pair<std::string, std::function<Var(Var)>>> table = {
      {"exp", [](Var x) { return exp(x); }},         {"expm1", [](Var x) { return expm1(x); }},
      {"log", [](Var x) { return log(x); }},         {"log1p", [](Var x) { return log1p(x); }},
      {"sqrt", [](Var x) { return sqrt(x); }},       {"sin", [](Var x) { return sin(x); }},
      {"cos", [](Var x) { return cos(x); }},         {"tanh", [](Var x) { return tanh(x); }},
      {"sigmoid", [](Var x) { return sigmoid(x); }}, {"softplus", [](Var x) { return softplus(x); }},
      {"relu", [](Var x) { return relu(x); }},       {"elu", [](Var x) { return elu(x); }},
      {"silu", [](Var x) { return silu(x); }},       {"abs", [](Var x) { return abs(x); }},
  };
  return table;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

}  // namespace

// Recursive descent, one function for each level of binding; what it has read is a list of steps.
class ExpressionParser {
 public:
  explicit ExpressionParser(Expression& to) : to_(to), text_(to.text_) {}

  void parse() {
    sum();
    if (skip_spaces() < text_.size()) to_.wrong(at_, "got " + here() + "; expected an operator or the end");
  }

 private:
  int sum() {
    int left = product();
    for (char op; (op = next_of("+-"));) left = binary(op, left, [&] { return product(); });
    return left;
  }
  int product() {
    int left = sign();
    for (char op; (op = next_of("*/"));) left = binary(op, left, [&] { return sign(); });
    return left;
  }
  int sign() {
    const std::size_t begin = skip_spaces();
    if (!next_of("-")) return power();
    const Deeper deeper(*this);
    const int a = sign();
    return add({'~', begin, to_.steps_[a].end, begin, a});
  }
  int power() {
    const int base = primary();
    if (!next_of("^")) return base;
    return binary('^', base, [&] { return sign(); });
  }
  int primary() {
    const std::size_t begin = skip_spaces();
    if (next_of("(")) return widened(inside(), begin);
    const char c = begin < text_.size() ? text_[begin] : ' ';
    if (is_digit(c) || c == '.') return number();
    if (!is_letter(c)) to_.wrong(begin, "got " + here() + "; expected a number, a name or \"(\"");
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string name = text_.substr(begin, at_ - begin);
    return next_of("(") ? function(name, begin) : variable(name, begin);
  }
  // What stands between a "(" that was just read and its ")".
  int inside() {
    const Deeper deeper(*this);
    const std::size_t open = at_ - 1;
    const int a = sum();
    if (!next_of(")")) {
      if (skip_spaces() == text_.size()) to_.wrong(open, "this \"(\" is never closed; expected a \")\"");
      to_.wrong(at_, "got " + here() + "; expected an operator or \")\"");
    }
    return a;
  }
  int widened(int step, std::size_t begin) {  // to its parentheses
    to_.steps_[step].begin = begin;
    to_.steps_[step].end = at_;
    return step;
  }
  int number() {
    const std::size_t begin = at_;
    double value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) to_.wrong(begin, "got no number that can be computed with; expected one like 2 or 0.5");
    at_ = end - text_.data();
    return add({'#', begin, at_, begin, -1, -1, value});
  }
  int function(const std::string& name, std::size_t begin) {
    const auto& table = function_table();
    const auto found = std::find_if(table.begin(), table.end(), [&](const auto& entry) { return entry.first == name; });
    if (found == table.end())
      to_.wrong(begin, "\"" + name + "\" is no function; expected one of " + Expression::functions());
    const int a = inside();
    return add({'f', begin, at_, begin, a, -1, 0, name, found->second});
  }
  int variable(const std::string& name, std::size_t begin) {
    for (const auto& entry : function_table())
      if (entry.first == name) to_.wrong(begin, "\"" + name + "\" is a function; expected \"(\" behind it");
    auto& names = to_.names_;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    return add({'n', begin, begin + name.size(), begin, -1, -1, 0, name});
  }
  template <class Right>
  int binary(char op, int left, Right right) {
    const std::size_t at = at_ - 1;
    const Deeper deeper(*this, op == '^');
    const int b = right();
    return add({op, to_.steps_[left].begin, to_.steps_[b].end, at, left, b});
  }

  struct Deeper {  // parentheses, signs and powers call themselves
    explicit Deeper(ExpressionParser& parser, bool counts = true) : parser(parser), counts(counts) {
      if (counts && ++parser.depth_ > deepest)
        parser.to_.wrong(parser.at_ - 1,
                         "is nested deeper than " + std::to_string(deepest) + " levels; write it flatter");
    }
    ~Deeper() { parser.depth_ -= counts; }
    ExpressionParser& parser;
    bool counts;
  };

  int add(Expression::Step step) {
    to_.steps_.push_back(std::move(step));
    return static_cast<int>(to_.steps_.size()) - 1;
  }
  std::size_t skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_;
  }
  char next_of(const char* characters) {
    const std::size_t at = skip_spaces();
    if (at == text_.size() || !text_[at] || !std::strchr(characters, text_[at])) return 0;
    return text_[at_++];
  }
  std::string here() const {
    if (at_ == text_.size()) return "the end";
    std::size_t end = at_ + 1;
    while (end < text_.size() && (text_[end] & 0xc0) == 0x80) ++end;  // the rest of a UTF-8 character
    return "\"" + text_.substr(at_, end - at_) + "\"";
  }

  Expression& to_;
  const std::string& text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

Expression::Expression(std::string text) : text_(std::move(text)) { ExpressionParser(*this).parse(); }

std::string Expression::functions() {
  std::string names;
  for (const auto& entry : function_table()) names += (names.empty() ? "" : ", ") + entry.first;
  return names;
}

Var Expression::operator()(const std::map<std::string, Var>& values) const {
  std::vector<Var> results;
  for (const Step& step : steps_) {
    const Scope scope(part(step));
    results.push_back(compute(step, results, values));
    if (!std::isfinite(results.back().item()))
      wrong(step.at, part(step) + " is " + short_number(results.back().item()) +
                         " here; expected a finite number; take other values");
  }
  return results.back();
}

Var Expression::compute(const Step& step, const std::vector<Var>& results,
                        const std::map<std::string, Var>& values) const {
  const Var a = step.a < 0 ? Var() : results[step.a], b = step.b < 0 ? Var() : results[step.b];
  switch (step.kind) {
    case '#':
      return Tensor({}, static_cast<Real>(step.number));
    case 'n':
      return values.at(step.name);
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      if (b.item() == 0) wrong(step.at, "divides by " + part(steps_[step.b]) + ", which is 0; take other values");
      return a / b;
    case '^':
      if (!b.recorded()) return pow(a, b.item());
      if (!(a.item() > 0))
        wrong(step.at, part(steps_[step.a]) + " is " + short_number(a.item()) +
                           "; expected more than 0 under an exponent that varies; take other values");
      return exp(b * log(a));
    case '~':
      return -a;
    default:
      return step.function(a);
  }
}

// The error shows the text around the place, and a caret below it.
void Expression::wrong(std::size_t at, const std::string& what) const {
  constexpr std::size_t around = 40;
  const std::size_t begin = at > around ? at - around : 0;
  const std::string left = text_.substr(begin, at - begin);
  const auto letters = std::count_if(left.begin(), left.end(), [](char c) { return (c & 0xc0) != 0x80; });
  fail("expression: ", what, "\n  ", text_.substr(begin, 2 * around), "\n  ",
       std::string(static_cast<std::size_t>(letters), ' '), "^");
}

std::pair<std::string, double> read_value(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    fail("value: got \"", text, "\"; expected a name and a number, like x=0.5");
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data() + equals + 1, end, value);
  if (error != std::errc() || read != end || !std::isfinite(value))
    fail("value: got \"", text, "\"; expected a number behind the \"=\", like x=0.5");
  return {text.substr(0, equals), value};
}

}  // namespace tapestry
