#include "autograd/tape_graph.hpp"

#include <algorithm>
#include <sstream>

#include "autograd/statistics.hpp"

namespace tapestry {
namespace {

constexpr std::size_t longest_text = 40;
constexpr int longest_axis = 6;  // of a tensor that is shown number by number

// How many bytes the UTF-8 character at `at` has; 0 if there is none that XML allows.
std::size_t character(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(at);
  if (first < 0x80) return first >= 0x20 && first != 0x7f;
  const std::size_t size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  const unsigned second = byte(at + 1);  // no surrogates, nothing written longer than it needs to be, no U+FFFE
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
      (first == 0xf4 && second > 0x8f) || (first == 0xef && second == 0xbf && byte(at + 2) >= 0xbe))
    return 0;
  return size;
}

// A name that somebody chose, as text that can be drawn: not too long, and ? for what is no character.
std::string drawable(const std::string& text) {
  std::string result;
  std::size_t length = 0;
  for (std::size_t at = 0; at < text.size(); ++length) {
    if (length == longest_text) return result + "...";
    const std::size_t size = character(text, at);
    result += size ? text.substr(at, size) : "?";
    at += std::max<std::size_t>(size, 1);
  }
  return result;
}

std::vector<std::string> lines_of(const Tensor& tensor) {
  if (tensor.empty()) return {};
  std::vector<Index> axes(tensor.shape().begin(), tensor.shape().end());
  while (axes.size() > 2 && axes.front() == 1) axes.erase(axes.begin());  // one picture, one channel
  const bool big = axes.size() > 2 || std::any_of(axes.begin(), axes.end(), [](Index n) { return n > longest_axis; });
  std::ostringstream text;
  if (big)
    text << statistics(tensor);
  else if (axes.empty())
    text << tensor;
  else
    text << tensor.reshaped(Shape(axes.begin(), axes.end()));
  std::string lines = text.str();
  if (!big && !axes.empty()) lines.replace(lines.rfind('('), std::string::npos, tensor.shape().text());
  std::vector<std::string> all;
  std::istringstream rows(lines);
  for (std::string row; std::getline(rows, row);) all.push_back(row);
  return all;
}

TapeNode node(const TapeCall& call) {
  TapeNode n{.kind = call.is_parameter    ? TapeNode::parameter
                     : call.is_variable() ? TapeNode::variable
                     : call.rule_of       ? TapeNode::rule
                                          : TapeNode::operation,
             .title = drawable(call.name.empty() ? call.op : call.name),
             .number = std::to_string(call.number),
             .path = drawable(call.path),
             .value = lines_of(call.value),
             .gradient = lines_of(call.gradient)};
  if (n.value.empty()) n.value.push_back(call.shape.text());
  const bool short_name = n.title.size() <= 8 && n.title.find('.') == std::string::npos;
  const std::string of = !call.is_variable() ? "dL/dy = " : short_name ? "dL/d" + n.title + " = " : "gradient = ";
  for (std::size_t i = 0; i < n.gradient.size(); ++i)
    n.gradient[i] = (i == 0 ? of : std::string(of.size(), ' ')) + n.gradient[i];
  return n;
}

}  // namespace

TapeGraph tape_graph(const std::vector<TapeCall>& calls) {
  TapeGraph graph;
  std::vector<int> node_of;  // each call
  for (const TapeCall& call : calls) {
    std::vector<int> from;
    for (const TapeCall::Argument& x : call.x) {
      if (!x.call) graph.nodes.push_back({.kind = TapeNode::constant, .title = "constant", .value = lines_of(x.value)});
      from.push_back(x.call ? node_of[*x.call] : static_cast<int>(graph.nodes.size()) - 1);
    }
    node_of.push_back(static_cast<int>(graph.nodes.size()));
    graph.nodes.push_back(node(call));
    const int arguments = static_cast<int>(from.size());
    for (int i = 0; i < arguments; ++i) graph.arrows.push_back({from[i], node_of.back(), i, arguments});
  }
  return graph;
}

std::vector<int> assign_layers(TapeGraph& graph, int longest) {
  std::vector<int> layer(graph.nodes.size(), 0);
  std::vector<char> computed(graph.nodes.size(), false);
  for (const TapeArrow& a : graph.arrows) {  // in the order of `to`: `from` has its layer already
    layer[a.to] = std::max(layer[a.to], layer[a.from] + 1);
    computed[a.to] = true;
  }
  std::vector<int> first_reader(graph.nodes.size(), -1);
  for (const TapeArrow& a : graph.arrows) {
    int& first = first_reader[a.from];
    if (first < 0 || layer[a.to] < first) first = layer[a.to];
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    if (!computed[i] && first_reader[i] > 0) layer[i] = first_reader[i] - 1;
  for (TapeArrow& a : graph.arrows) {
    if (layer[a.to] - layer[a.from] <= longest) continue;
    const TapeNode& far = graph.nodes[a.from];
    TapeNode near{.kind = TapeNode::reference, .title = far.title, .number = far.number};
    graph.nodes.push_back(std::move(near));
    layer.push_back(layer[a.to] - 1);
    a.from = static_cast<int>(graph.nodes.size()) - 1;
  }
  return layer;
}

}  // namespace tapestry
