// Walks over a tape step by step: first each call as it is recorded, with its values; then, from the end to the start,
// each rule as it runs, and who adds to whose gradient.
//
//   ./apps/tape_walk "tanh(w*x + b)" w=2 x=0.5 b=-1
//   ./apps/tape_walk sum                       b = a + a, whose gradient is 2
//   ./apps/tape_walk convolution --svg convolution.svg
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <sstream>

#include "apps/common/command_line.hpp"
#include "apps/common/expression.hpp"
#include "apps/common/file.hpp"
#include "apps/common/problems.hpp"
#include "apps/common/version.hpp"
#include "autograd/tape_call.hpp"

using namespace tapestry;

namespace {

using Values = std::vector<std::pair<std::string, Tensor>>;

// What is walked over: a number computed from named values.
struct Example {
  std::string text;
  Values values;
  std::function<Var(const std::map<std::string, Var>&)> compute;
};

Example expression(const std::string& text, Values values) { return {text, std::move(values), Expression(text)}; }

// A sloping edge in a picture of 5 x 5 pixels, and a 3 x 3 kernel that looks for upright edges.
Example convolution() {
  const Tensor picture({1, 1, 5, 5}, {0, 0, 0, 1, 1,  //
                                      0, 0, 0, 1, 1,  //
                                      0, 0, 1, 1, 1,  //
                                      0, 0, 1, 1, 1,  //
                                      0, 1, 1, 1, 1});
  const Tensor kernel({1, 1, 3, 3}, {-1, 0, 1,  //
                                     -1, 0, 1,  //
                                     -1, 0, 1});
  return {"sum(conv2d(x, w))", {{"x", picture}, {"w", kernel}}, [](const std::map<std::string, Var>& v) {
            return sum(conv2d(v.at("x"), v.at("w"), {.kernel_h = 3, .kernel_w = 3}));
          }};
}

std::string indented(const Tensor& tensor, std::size_t columns) {
  std::ostringstream text;
  text << tensor;
  std::string result;
  for (const char c : text.str()) result += c == '\n' ? "\n" + std::string(columns, ' ') : std::string(1, c);
  return result;
}

// Tells what happens on the tape while it happens.
class Narrator : public TapeObserver {
 public:
  Narrator(const Tape& tape, std::ostream& out) : tape_(tape), out_(out) {}

  void called(int place) override {
    const TapeCall call = tape_.call(place);
    begin(place);
    if (call.rule_of)
      out_ << "the rule of call " << *call.rule_of << " records ";
    else if (!call.path.empty())
      out_ << shortened(call.path) << " = ";
    out_ << (call.is_variable() ? call.name : call.op + arguments(call)) << " =" << shown(call.value) << '\n';
  }
  void reached(int place, const Tensor& g) override {
    const TapeCall call = tape_.call(place);
    begin(place);
    out_ << (call.is_variable()                  ? call.name
             : call.path.empty() || call.rule_of ? call.op
                                                 : shortened(call.path))
         << ": g =" << shown(g) << '\n';
  }
  void ran(int, const Tensors& dx) override { dx_ = dx; }
  void added(int place, int argument, const Tensor& dL) override {
    const int x = *tape_.call(place).x[argument].call;
    const std::string where = "call " + std::to_string(place) + ", argument " + std::to_string(argument);
    out_ << "          argument " << argument << ": the rule returns" << shown(dx_[argument]) << "\n          "
         << name(x) << " has";
    Sum& sum = sums_[x];
    if (!sum.from.empty())
      out_ << shown(sum.value) << " from " << sum.from << "; +" << shown(dx_[argument]) << " from " << where << " =";
    out_ << shown(dL) << '\n';
    ++sum.count;
    sum.from = sum.count == 1   ? where
               : sum.count <= 3 ? sum.from + " and " + where
                                : std::to_string(sum.count) + " rules";
    sum.value = dL;
  }
  void forget() { sums_.clear(); }  // before another walk back

 private:
  struct Sum {
    Tensor value;
    std::string from{};  // which calls
    int count = 0;
  };

  void begin(int place) {
    std::string number = std::to_string(place);
    number.resize(std::max<std::size_t>(number.size(), 3), ' ');
    out_ << "  call " << number;
  }
  static std::string shortened(const std::string& text) {
    return text.size() <= 60 ? text : "... " + text.substr(text.size() - 56);
  }
  // Numbers on the same line, rows of them on lines of their own.
  static std::string shown(const Tensor& t) {
    return (t.shape().rank() < 2 ? " " : "\n            ") + indented(t, 12);
  }
  std::string name(int place) const {
    const TapeCall call = tape_.call(place);
    return call.is_variable() ? call.name : "call " + std::to_string(place);
  }
  std::string arguments(const TapeCall& call) const {  // (w, call 3, 0.5)
    std::string text;
    for (const TapeCall::Argument& x : call.x) {
      text += text.empty() ? "(" : ", ";
      text += x.call ? name(*x.call) : x.value.size() == 1 ? indented(x.value, 0) : "constant";
    }
    return text + ")";
  }

  const Tape& tape_;
  std::ostream& out_;
  Tensors dx_;
  std::map<int, Sum> sums_;  // what has come to each call
};

struct Request {
  std::string what, svg, dot;
  std::vector<std::string> values;
  int order = 1;
  bool table = false;
};

// The values of the expression's names, in the order of these.
Values values_of(const std::vector<std::string>& names, const std::vector<std::string>& given, Values defaults) {
  std::map<std::string, double> read;
  for (const std::string& text : given) {
    const auto [name, value] = read_value(text);
    if (!read.emplace(name, value).second) fail("value: got \"", name, "\" twice; expected each name once");
    if (std::find(names.begin(), names.end(), name) == names.end())
      fail("value: got one for \"", name, "\", which is not in the expression; leave it out");
  }
  Values values;
  for (const std::string& name : names) {
    const auto known = std::find_if(defaults.begin(), defaults.end(), [&](const auto& d) { return d.first == name; });
    if (const auto found = read.find(name); found != read.end())
      values.emplace_back(name, Tensor({}, static_cast<Real>(found->second)));
    else if (known != defaults.end())
      values.push_back(*known);
    else
      fail("value: got none for \"", name, "\"; expected one behind the expression, like ", name, "=0.5");
  }
  return values;
}

Example example(const Request& request) try {
  const Tensor one({}, 1), half({}, Real(0.5)), two({}, 2);
  if (request.what == "convolution") {
    if (!request.values.empty()) fail("value: got \"", request.values[0], "\"; convolution brings its own values");
    return convolution();
  }
  std::string text = request.what;
  Values defaults;
  if (request.what == "sum") text = "a + a", defaults = {{"a", one}};
  if (request.what == "neuron") text = "tanh(w*x + b)", defaults = {{"w", two}, {"x", half}, {"b", Tensor({}, -1)}};
  const Expression parsed(text);
  if (parsed.names().empty())
    fail("expression: ", text, " has no name in it; expected one to differentiate by; write x, and x=2 behind it");
  return expression(text, values_of(parsed.names(), request.values, defaults));
} catch (const Error& error) {
  throw ConfigurationError(error.what());
}

void walk(const Example& e, const Request& request, std::ostream& out) {
  Tape tape(Keep::everything);
  Narrator narrator(tape, out);
  tape.observe(&narrator);
  out << "L = " << e.text << "\n\nForward: each call computes a value.\n";
  std::map<std::string, Var> variables;
  Vars wrt;
  for (const auto& [name, value] : e.values) wrt.push_back(variables[name] = tape.variable(value, name));
  const Var loss = e.compute(variables);
  if (!loss.recorded()) fail("expression: ", e.text, " is the same for all values; expected one that depends on them");

  out << "\nBack: at each call the rules turn g, the gradient of L by its value, into those of its arguments.\n";
  const bool again = request.order == 2;
  const Vars first = tape.gradient(loss, wrt, {.record = again, .zeros_where_unreached = true});
  for (std::size_t i = 0; again && i < wrt.size(); ++i) {
    const std::string& name = e.values[i].first;
    if (!first[i].recorded()) {
      out << "\nAgain: dL/d" << name << " is a plain number, which depends on nothing.\n";
      continue;
    }
    out << "\nAgain: dL/d" << name << " is a value on the tape, and is differentiated in its turn.\n";
    narrator.forget();
    const Vars second = tape.gradient(sum(first[i]), wrt, {.zeros_where_unreached = true});
    for (std::size_t k = 0; k < wrt.size(); ++k)
      out << "  d(dL/d" << name << ")/d" << e.values[k].first << " = " << indented(second[k].value(), 4) << '\n';
  }
  out << "\nL = " << loss.value() << '\n';
  for (std::size_t i = 0; i < wrt.size(); ++i) {
    const std::string left = "dL/d" + e.values[i].first + " = ";
    out << left << indented(first[i].value(), left.size()) << '\n';
  }
  if (request.table) tape.print(out << '\n');
  if (!request.svg.empty()) write_file(request.svg, tape.to_svg());
  if (!request.dot.empty()) write_file(request.dot, tape.to_dot());
}

}  // namespace

int main(int argc, char** argv) {
  Request request;
  CLI::App app("Shows step by step how a tape computes an expression and its gradients.", "tape_walk");
  app.footer("Functions: " + Expression::functions() +
             ".\nExamples: tape_walk sum; tape_walk \"tanh(w*x + b)\" w=2 x=0.5 b=-1.\n" +
             "An expression that begins with a minus goes behind --: tape_walk -- \"-x\" x=1.");
  app.add_option("expression", request.what, "an expression, or one of: sum, neuron, convolution")->required();
  app.add_option("values", request.values, "a value for each name in the expression: x=0.5");
  app.add_option("--order", request.order, "2: differentiate the gradients, too")->check(CLI::IsMember({1, 2}));
  app.add_flag("--table", request.table, "print the tape as a table at the end");
  app.add_option("--svg", request.svg, "draw the tape, as a picture")->type_name("FILE");
  app.add_option("--dot", request.dot, "draw the tape, in the language of Graphviz")->type_name("FILE");
  app.set_version_flag("--version", std::string("tapestry ") + version);
  return run_program(app, argc, argv, [&] {
    walk(example(request), request, std::cout);
    return exit_done;
  });
}
