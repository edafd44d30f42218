// The tape in the language of Graphviz.
#include <sstream>

#include "autograd/tape_graph.hpp"

namespace tapestry {
namespace {

std::string quoted(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string label(const TapeNode& n) {  // \l ends a line that is aligned to the left
  std::string text = quoted(n.title) + (n.number.empty() ? "" : "  #" + n.number) + "\\l";
  if (!n.path.empty()) text += quoted(n.path) + "\\l";
  for (const std::string& line : n.value) text += quoted(line) + "\\l";
  for (const std::string& line : n.gradient) text += quoted(line) + "\\l";
  return text;
}

const char* fill(TapeNode::Kind kind) {
  switch (kind) {
    case TapeNode::variable:
      return "#e3eefa";
    case TapeNode::parameter:
      return "#fdf0d5";
    case TapeNode::constant:
      return "#eeeeee";
    case TapeNode::rule:
      return "#f1e8f7";
    default:
      return "#ffffff";
  }
}

}  // namespace

std::string Tape::to_dot() const {
  const TapeGraph graph = tape_graph(calls());
  std::ostringstream out;
  out << "digraph tape {\n  node [shape=box, style=filled, fontname=\"monospace\", fontsize=10];\n"
      << "  edge [fontname=\"monospace\", fontsize=8];\n";
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    out << "  n" << i << " [label=\"" << label(graph.nodes[i]) << "\", fillcolor=\"" << fill(graph.nodes[i].kind)
        << "\"];\n";
  for (const TapeArrow& a : graph.arrows) {
    out << "  n" << a.from << " -> n" << a.to;
    if (a.arguments > 1) out << " [headlabel=\"" << a.argument << "\"]";
    out << ";\n";
  }
  out << "}\n";
  return out.str();
}

}  // namespace tapestry
