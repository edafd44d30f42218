#include "autograd/anomalies.hpp"

#include <sstream>

#include "autograd/recording.hpp"
#include "autograd/scope.hpp"
#include "autograd/statistics.hpp"

namespace tapestry {
namespace {

// The error: log (discriminator.9 sigmoid, forward pass, step 12): y is not finite; ..., and a line for each tensor.
class Report {
 public:
  Report(const std::string& op, const std::string& path, const char* pass, const std::string& when) {
    who_ << op << " (" << path << (path.empty() ? "" : ", ") << pass << (when.empty() ? "" : ", ") << when << ")";
  }
  void row(const std::string& name, const Tensor& tensor, const std::string& origin = "") {
    if (tensor.empty()) return;  // it was given away
    rows_ << "\n  " << name << std::string(name.size() < 12 ? 12 - name.size() : 1, ' ') << statistics(tensor);
    if (!origin.empty()) rows_ << "  (" << origin << ")";
  }
  [[noreturn]] void raise(const std::string& what) const {
    fail(who_.str(), ": ", what,
         "; expected neither NaN nor infinity; look for the cause in these numbers:", rows_.str());
  }

 private:
  std::ostringstream who_, rows_;
};

std::string argument(std::size_t i) { return "argument " + std::to_string(i); }

// Where on its tape a value comes from: parameter '3.weight', or call 7, conv2d.
std::string origin(const Recording& tape, int place) {
  const std::string name = tape.name(place);
  return name.empty() ? "call " + std::to_string(place) + ", " + tape.calls[place].op : name;
}

// A value that a rule reads, as the operation knows it.
std::string role(const RecordedCall& call, int place, const Var& read) {
  if (read.place() == place) return "y";
  for (std::size_t i = 0; i < call.x.size(); ++i)
    if (call.x[i] == read.place()) return argument(i);
  return "reads";
}

// What is still there of a call: all of it if the tape keeps everything, otherwise what its rules read.
void known_rows(Report& report, const Recording& tape, int place) {
  const RecordedCall& call = tape.calls[place];
  std::map<std::string, Var> known;  // by role, so that each comes once: arguments, then y
  for (const Rule& rule : call.rules.each)
    for (const Var& r : rule.read) known.emplace(role(call, place, r), r);
  for (const JointRule& rule : call.rules.joint)
    for (const Var& r : rule.read) known.emplace(role(call, place, r), r);
  if (call.kept && tape.keep == Keep::everything) {
    known.emplace("y", call.kept->y);
    for (std::size_t i = 0; i < call.kept->x.size(); ++i) known.emplace(argument(i), call.kept->x[i]);
  }
  for (const auto& [name, value] : known)
    if (!value.empty())
      report.row(name, value.value(), value.recorded() && name != "y" ? origin(tape, value.place()) : "");
}

std::string path_of(const Recording& tape, int place) {
  const int path = tape.calls[place].path;
  return path < 0 ? "" : tape.paths[path];
}

}  // namespace

DetectAnomalies::DetectAnomalies(std::string when)
    : when_(std::move(when)), values_stay_(std::make_unique<ValuesStay>()), around_(current) {
  current = this;
}
DetectAnomalies::~DetectAnomalies() { current = around_; }

void DetectAnomalies::check_call(const char* op, const Var& y, const Vars& x) {
  std::string what;
  for (std::size_t i = x.size(); i-- > 0;)
    if (!x[i].empty() && !all_finite(x[i].value())) what = argument(i);
  if (what.empty() && !all_finite(y.value())) what = "y";
  if (what.empty()) return;
  const Scope* scope = Scope::innermost();
  Report report(op, scope ? scope->path() : "", "forward pass", current->when_);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!x[i].empty()) report.row(argument(i), x[i].value(), x[i].recorded() ? origin(*x[i].tape(), x[i].place()) : "");
  report.row("y", y.value());
  report.raise(what + " is not finite");
}

void DetectAnomalies::report_rule(const Recording& tape, int call, int i, const Tensor& g, const Tensor& dx) const {
  Report report(tape.calls[call].op, path_of(tape, call), "backward pass", when_);
  report.row("g = dL/dy", g);
  known_rows(report, tape, call);
  report.row("dL/dx", dx);
  report.raise("the rule of argument " + std::to_string(i) + " returned a dL/dx that is not finite");
}

void DetectAnomalies::report_sum(const Recording& tape, int call, int i, const Tensor& dx, const Tensor& dL) const {
  const int x = tape.calls[call].x[i];
  Report report(tape.calls[x].op, path_of(tape, x), "backward pass", when_);
  report.row("dL/dx", dx, "from call " + std::to_string(call) + ", " + tape.calls[call].op);
  report.row("sum", dL);
  report.raise("the sum of the gradients of " + origin(tape, x) + " is not finite");
}

}  // namespace tapestry
