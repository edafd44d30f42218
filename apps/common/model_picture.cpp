#include "apps/common/model_picture.hpp"

#include <algorithm>
#include <sstream>

#include "apps/common/model.hpp"

namespace tapestry {
namespace {

constexpr int box_width = 300, box_height = 46, gap = 18, margin = 24, heading = 34, between = 90;

struct Box {
  std::string title, below;  // 3  conv2d; 64 x 14 x 14 -> 128 x 7 x 7, 73,856 parameters
};

std::vector<Box> boxes(Sequential& network, Shape shape) {
  std::vector<Box> all;
  for (std::size_t i = 0; i < network.size(); ++i) {
    const Shape input = shape;
    shape = network[i].output_shape(shape);
    const Index count = count_parameters(network[i]).total();
    all.push_back(
        {std::to_string(i) + "  " + network[i].kind() + (count ? ": " + with_commas(count) + " parameters" : ""),
         per_sample(input) + " -> " + per_sample(shape)});
  }
  return all;
}

// "->" is not for XML.
std::string escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += c == '>' ? "&gt;" : c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return escaped;
}

int top_of(std::size_t box) { return margin + heading + static_cast<int>(box) * (box_height + gap); }
int bottom_of(std::size_t boxes) { return top_of(boxes) - gap; }

void text(std::ostream& svg, int x, int y, const char* style, const std::string& words) {
  svg << "<text x=\"" << x << "\" y=\"" << y << "\" text-anchor=\"middle\" class=\"" << style << "\">" << escaped(words)
      << "</text>\n";
}

void column(std::ostream& svg, int left, const std::string& title, const char* colour, const std::vector<Box>& boxes) {
  const int middle = left + box_width / 2;
  text(svg, middle, margin + 14, "heading", title);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const int top = top_of(i);
    svg << "<rect x=\"" << left << "\" y=\"" << top << "\" width=\"" << box_width << "\" height=\"" << box_height
        << "\" rx=\"6\" fill=\"" << colour << "\" stroke=\"#555\"/>\n";
    text(svg, middle, top + 19, "title", boxes[i].title);
    text(svg, middle, top + 36, "shapes", boxes[i].below);
    if (i > 0) svg << "<path d=\"M" << middle << ' ' << top - gap << "V" << top - 2 << "\" class=\"arrow\"/>\n";
  }
}

}  // namespace

std::string model_picture(Sequential& generator, Sequential& discriminator, const Shape& latents) {
  const std::vector<Box> g = boxes(generator, latents), d = boxes(discriminator, generator.output_shape(latents));
  const int right = margin + box_width + between, width = right + box_width + margin;
  const int height = bottom_of(std::max(g.size(), d.size())) + margin + gap;
  std::ostringstream svg;
  svg << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << width << "\" height=\"" << height
      << "\" viewBox=\"0 0 " << width << ' ' << height << "\" font-family=\"sans-serif\">\n"
      << "<style>.heading{font-size:16px;font-weight:bold}.title{font-size:13px}.shapes{font-size:11px;fill:#444}"
      << ".arrow{fill:none;stroke:#555;stroke-width:1.5;marker-end:url(#head)}</style>\n"
      << "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
      << "orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#555\"/></marker></defs>\n"
      << "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  column(svg, margin, "generator", "#e8f1fb", g);
  column(svg, right, "discriminator", "#fdf0e0", d);
  const int from = margin + box_width / 2, to = right + box_width / 2, turn = right - between / 2;
  svg << "<path d=\"M" << from << ' ' << bottom_of(g.size()) << "v" << gap << "H" << turn << "V"
      << margin + heading - 10 << "H" << to << "v8\" class=\"arrow\"/>\n</svg>\n";
  return svg.str();
}

}  // namespace tapestry
