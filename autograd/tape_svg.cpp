// The tape as a picture: what was computed first stands at the top, an arrow leads from each value to who reads it.
#include <algorithm>
#include <array>
#include <iomanip>
#include <sstream>

#include "autograd/layered_layout.hpp"
#include "autograd/tape_graph.hpp"

namespace tapestry {
namespace {

constexpr double font = 12, letter = 0.61 * font, line = 15;  // of a typewriter's font, all letters are as wide
constexpr double padding = 8, gap_x = 22, gap_y = 50, tip = 14, margin = 20, legend = 34;
constexpr int longest_arrow = 8;  // in rows

struct Style {
  const char *name, *fill, *stroke;
};
constexpr std::array<Style, 6> styles = {{{"variable", "#e3eefa", "#3f74ad"},
                                          {"parameter", "#fdf0d5", "#b07d20"},
                                          {"constant", "#eeeeee", "#9a9a9a"},
                                          {"operation", "#ffffff", "#444444"},
                                          {"operation of a rule", "#f1e8f7", "#8157a3"},
                                          {"stands elsewhere", "#ffffff", "#9a9a9a"}}};

std::size_t letters(const std::string& text) {  // bytes that begin a UTF-8 character
  return std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; });
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

LayoutBox box(const TapeNode& n, int row, int arguments, int readers) {
  std::size_t width = letters(n.title) + (n.number.empty() ? 0 : letters(n.number) + 3), lines = 1;
  const auto count = [&](const std::string& text) { width = std::max(width, letters(text)), ++lines; };
  if (!n.path.empty()) count(n.path);
  for (const std::string& text : n.value) count(text);
  for (const std::string& text : n.gradient) count(text);
  const double inside = std::max(letter * static_cast<double>(width), 16.0 * std::max(arguments, readers));
  return {inside + 2 * padding, line * static_cast<double>(lines) + padding + 4, row};
}

class Svg {
 public:
  Svg(double width, double height) {
    out_ << std::fixed << std::setprecision(1);
    out_ << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << width << "\" height=\"" << height
         << "\" viewBox=\"0 0 " << width << ' ' << height
         << "\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"" << font << "\">\n"
         << "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
            "orient=\"auto\"><path d=\"M0 0.5 L8 4 L0 7.5 z\" fill=\"#666666\"/></marker></defs>\n"
         << "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  }
  void text(double x, double y, const std::string& text, const char* attributes) {
    out_ << "<text x=\"" << x << "\" y=\"" << y << "\" xml:space=\"preserve\" " << attributes << '>' << escaped(text)
         << "</text>\n";
  }
  void frame(double x, double y, double width, double height, TapeNode::Kind kind) {
    const Style& style = styles[kind];
    out_ << "<rect x=\"" << x << "\" y=\"" << y << "\" width=\"" << width << "\" height=\"" << height
         << "\" rx=\"5\" fill=\"" << style.fill << "\" stroke=\"" << style.stroke << '"'
         << (kind == TapeNode::reference ? " stroke-dasharray=\"4 3\"" : "") << "/>\n";
  }
  void node(const TapeNode& n, const LayoutBox& at) {
    const double left = at.x - at.width / 2;
    frame(left, at.y, at.width, at.height, n.kind);
    double y = at.y + line;
    text(left + padding, y, n.title, "font-weight=\"bold\"");
    if (!n.number.empty()) text(left + at.width - padding, y, n.number, "text-anchor=\"end\" fill=\"#777777\"");
    if (!n.path.empty()) text(left + padding, y += line, n.path, "fill=\"#777777\"");
    for (const std::string& value : n.value) text(left + padding, y += line, value, "fill=\"#111111\"");
    for (const std::string& gradient : n.gradient) text(left + padding, y += line, gradient, "fill=\"#b02020\"");
  }
  // Straight down inside of rows and in front of a tip, a curve between two rows.
  void arrow(const LayoutArrow& arrow, const Layout& layout) {
    const LayoutBox& from = layout.boxes[arrow.from];
    out_ << "<path d=\"M" << arrow.bends[0] << ' ' << from.y + from.height;
    for (std::size_t i = 1; i < arrow.bends.size(); ++i) {
      const double top = layout.rows[from.row + i - 1].bottom, bottom = layout.rows[from.row + i].top - tip;
      const double middle = (top + bottom) / 2;
      out_ << " V" << top << " C" << arrow.bends[i - 1] << ' ' << middle << ' ' << arrow.bends[i] << ' ' << middle
           << ' ' << arrow.bends[i] << ' ' << bottom << " V" << bottom + tip;
    }
    out_ << "\" fill=\"none\" stroke=\"#666666\" stroke-width=\"1.2\" marker-end=\"url(#tip)\"/>\n";
    if (arrow.places > 1)
      text(arrow.bends.back() + 5, layout.boxes[arrow.to].y - 4, std::to_string(arrow.place),
           "font-size=\"9\" fill=\"#666666\"");
  }
  std::string finish() {
    out_ << "</svg>\n";
    return out_.str();
  }

 private:
  std::ostringstream out_;
};

// What the colours mean, of the kinds of nodes that there are.
class Legend {
 public:
  explicit Legend(const TapeGraph& graph) {
    for (const TapeNode& n : graph.nodes) {
      shown_[n.kind] = true;
      gradients_ = gradients_ || !n.gradient.empty();
    }
  }
  double width() const {
    double width = gradients_ ? entry("gradient") : 0;
    for (std::size_t kind = 0; kind < styles.size(); ++kind)
      if (shown_[kind]) width += entry(styles[kind].name);
    return width;
  }
  void draw(Svg& svg) const {
    double x = margin;
    for (std::size_t kind = 0; kind < styles.size(); ++kind) {
      if (!shown_[kind]) continue;
      svg.frame(x, margin - 10, 14, 14, static_cast<TapeNode::Kind>(kind));
      svg.text(x + 20, margin + 1, styles[kind].name, "fill=\"#444444\"");
      x += entry(styles[kind].name);
    }
    if (gradients_) svg.text(x, margin + 1, "gradient", "fill=\"#b02020\"");
  }

 private:
  static double entry(const std::string& name) { return 40 + letter * static_cast<double>(name.size()); }

  std::array<bool, styles.size()> shown_{};
  bool gradients_ = false;
};

}  // namespace

std::string Tape::to_svg() const {
  TapeGraph graph = tape_graph(calls());
  const std::vector<int> rows = assign_layers(graph, longest_arrow);
  std::vector<int> arguments(graph.nodes.size()), readers(graph.nodes.size());
  std::vector<LayoutArrow> arrows;
  for (const TapeArrow& a : graph.arrows) {
    arrows.push_back({a.from, a.to, a.argument, a.arguments});
    arguments[a.to] = a.arguments;
    ++readers[a.from];
  }
  std::vector<LayoutBox> boxes;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    boxes.push_back(box(graph.nodes[i], rows[i], arguments[i], readers[i]));
  Layout layout = layered_layout(std::move(boxes), std::move(arrows), gap_x, gap_y);
  const Legend colours(graph);
  const double width = std::max(layout.width, colours.width());
  const double left = margin + (width - layout.width) / 2;
  for (LayoutBox& b : layout.boxes) b.x += left, b.y += margin + legend;
  for (LayoutRow& r : layout.rows) r.top += margin + legend, r.bottom += margin + legend;
  for (LayoutArrow& a : layout.arrows)
    for (double& x : a.bends) x += left;

  Svg svg(width + 2 * margin, layout.height + 2 * margin + legend);
  colours.draw(svg);
  for (const LayoutArrow& arrow : layout.arrows) svg.arrow(arrow, layout);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) svg.node(graph.nodes[i], layout.boxes[i]);
  return svg.finish();
}

}  // namespace tapestry
