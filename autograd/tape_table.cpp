// The tape as a table, a line for each call.
#include <algorithm>
#include <array>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "autograd/tape_call.hpp"

namespace tapestry {
namespace {

enum Column { number, operation, layer, shape, from, bytes, forward, rules, columns };
using Line = std::array<std::string, columns>;

std::string milliseconds(const std::optional<double>& time) {
  if (!time) return "";
  std::ostringstream text;
  text << std::fixed << std::setprecision(4) << *time;
  return text.str();
}

// 3, 'w', constant: the calls that the arguments are from, variables by their names.
std::string sources(const TapeCall& call, const std::vector<TapeCall>& calls) {
  std::string text;
  for (const TapeCall::Argument& x : call.x) {
    if (!text.empty()) text += ", ";
    if (!x.call)
      text += "constant";
    else
      text += std::to_string(*x.call) + (calls[*x.call].name.empty() ? "" : " '" + calls[*x.call].name + "'");
  }
  return text;
}

Line line(const TapeCall& call, const std::vector<TapeCall>& calls) {
  std::string op = call.is_parameter ? "parameter" : call.op;
  if (!call.name.empty()) op += " '" + call.name + "'";
  if (call.rule_of) op += " (rule of " + std::to_string(*call.rule_of) + ")";
  return {std::to_string(call.number),
          op,
          call.path,
          call.shape.text(),
          sources(call, calls),
          std::to_string(call.bytes),
          milliseconds(call.milliseconds),
          milliseconds(call.rule_milliseconds)};
}

}  // namespace

void Tape::print() const { print(std::cout); }

void Tape::print(std::ostream& out) const {
  const std::vector<TapeCall> calls = this->calls();
  std::vector<Line> lines{{"call", "operation", "layer", "shape", "from", "bytes kept", "ms", "ms of its rules"}};
  std::size_t total = 0;
  for (const TapeCall& call : calls) {
    lines.push_back(line(call, calls));
    total += call.bytes;
  }
  std::array<std::size_t, columns> width{};  // 0: the column is left out, since there is nothing in it
  for (const int c : {number, operation, shape, from, bytes}) width[c] = lines[0][c].size();
  for (std::size_t i = 1; i < lines.size(); ++i)
    for (int c = 0; c < columns; ++c)
      if (!lines[i][c].empty()) width[c] = std::max({width[c], lines[i][c].size(), lines[0][c].size()});
  for (const Line& line : lines) {
    std::string text;
    for (int c = 0; c < columns; ++c) {
      if (width[c] == 0) continue;
      if (!text.empty()) text += "  ";
      const std::string padding(width[c] - line[c].size(), ' ');
      text += c == number || c >= bytes ? padding + line[c] : line[c] + padding;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  }
  out << calls.size() << (calls.size() == 1 ? " call keeps " : " calls keep ") << total << " bytes\n";
}

}  // namespace tapestry
