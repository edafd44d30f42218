// The drawings of a tape: valid in their languages, nothing on top of anything else, every arrow there.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <set>
#include <sstream>

#include "apps/common/file.hpp"
#include "autograd/layered_layout.hpp"
#include "autograd/ops.hpp"
#include "autograd/random.hpp"
#include "layers/layers.hpp"
#include "tests/temporary_folder.hpp"

using namespace tapestry;

namespace {

Tensor number(Real x) { return Tensor({}, x); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

// What is wrong with it as XML: tags that close in order, quoted attributes, no bare & or <; nothing, if it is right.
std::string wrong_as_xml(const std::string& text) {
  static const std::regex tag(R"xml(<(/?)([A-Za-z]+)((?: [A-Za-z:-]+="[^"<&]*")*) ?(/?)>)xml");
  static const std::regex characters(R"(([^&<]|&amp;|&lt;|&gt;|&quot;)*)");
  std::vector<std::string> open;
  auto from = text.begin();
  for (std::sregex_iterator at(text.begin(), text.end(), tag), end; at != end; ++at) {
    const std::string between(from, text.begin() + at->position());
    if (!std::regex_match(between, characters)) return "between tags: " + between;
    from = text.begin() + at->position() + at->length();
    const std::string name = (*at)[2];
    if ((*at)[1].length() == 0) {
      if ((*at)[4].length() == 0) open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "closes " + name;
    } else {
      open.pop_back();
    }
  }
  if (!open.empty()) return "never closes " + open.back();
  if (std::string(from, text.end()) != "\n") return "more behind the end";
  for (const unsigned char c : text)
    if (c < 0x20 && c != '\n') return "a control character";
  return "";
}

struct Box {
  double x, y, width, height;
  bool meets(const Box& other) const {
    return x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height;
  }
};

// The frames of the nodes, and of the legend, and the places of text in a picture.
std::vector<Box> frames(const std::string& svg) {
  static const std::regex frame(R"xml(<rect x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)" rx)xml");
  std::vector<Box> boxes;
  for (std::sregex_iterator at(svg.begin(), svg.end(), frame), end; at != end; ++at)
    boxes.push_back({std::stod((*at)[1]), std::stod((*at)[2]), std::stod((*at)[3]), std::stod((*at)[4])});
  return boxes;
}
std::vector<Box> texts(const std::string& svg) {
  static const std::regex text(R"xml(<text x="([^"]+)" y="([^"]+)" xml:space="preserve" ([^>]*)>([^<]*)<)xml");
  static const std::regex entity("&[a-z]+;");
  std::vector<Box> boxes;
  for (std::sregex_iterator at(svg.begin(), svg.end(), text), end; at != end; ++at) {
    const std::string attributes = (*at)[3], shown = std::regex_replace((*at)[4].str(), entity, "?");
    const double size = attributes.find("font-size=\"9\"") != std::string::npos ? 9 : 12;
    const double letters =
        double(std::count_if(shown.begin(), shown.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
    const double width = 0.602 * size * letters;  // as wide as DejaVu Sans Mono has it
    const double x = std::stod((*at)[1]) - (attributes.find("end") != std::string::npos ? width : 0);
    boxes.push_back({x, std::stod((*at)[2]) - 0.75 * size, width, 0.95 * size});
  }
  return boxes;
}

void check_picture(const std::string& svg) {
  CHECK(wrong_as_xml(svg) == "");
  const std::vector<Box> nodes = frames(svg), words = texts(svg);
  std::size_t overlaps = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) overlaps += nodes[i].meets(nodes[k]);
  for (std::size_t i = 0; i < words.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) overlaps += words[i].meets(words[k]);
  for (const Box& word : words)  // inside of a frame or outside of all
    for (const Box& node : nodes)
      overlaps += word.meets(node) && !(word.x >= node.x && word.x + word.width <= node.x + node.width &&
                                        word.y >= node.y && word.y + word.height <= node.y + node.height);
  CHECK(overlaps == 0);
}

// Every line is a node or an arrow between nodes that are there.
void check_dot(const std::string& dot, std::size_t nodes, std::size_t arrows) {
  static const std::regex node(R"re(  (n\d+) \[label="(?:[^"\\]|\\["\\l])*", fillcolor="#[0-9a-f]{6}"\];)re");
  static const std::regex arrow(R"re(  (n\d+) -> (n\d+)(?: \[headlabel="\d+"\])?;)re");
  const std::vector<std::string> lines = lines_of(dot);
  REQUIRE(lines.size() == nodes + arrows + 4);
  CHECK(lines.front() == "digraph tape {");
  CHECK(lines.back() == "}");
  std::set<std::string> names;
  for (std::size_t i = 3; i + 1 < lines.size(); ++i) {
    std::smatch match;
    INFO(lines[i]);
    if (i < 3 + nodes) {
      REQUIRE(std::regex_match(lines[i], match, node));
      names.insert(match[1]);
    } else {
      REQUIRE(std::regex_match(lines[i], match, arrow));
      CHECK(names.contains(match[1]));
      CHECK(names.contains(match[2]));
    }
  }
  CHECK(names.size() == nodes);
  if (std::system("command -v dot > /dev/null 2>&1") != 0) return;  // Graphviz may be missing
  const TemporaryFolder folder;
  write_file(folder / "tape.dot", dot);
  CHECK(std::system(("dot -Tcanon -o /dev/null " + (folder / "tape.dot")).c_str()) == 0);
}

}  // namespace

TEST_CASE("b = a + a is drawn with two arrows, values and gradients") {
  Tape tape(Keep::everything);
  const Var a = tape.variable(number(3), "a"), b = a + a;
  tape.gradient(b, {a});
  const std::string svg = tape.to_svg(), dot = tape.to_dot();
  check_picture(svg);
  CHECK(count(svg, "marker-end") == 2);
  CHECK(count(svg, ">a</text>") == 1);
  CHECK(count(svg, ">add</text>") == 1);
  CHECK(count(svg, ">3</text>") == 1);
  CHECK(count(svg, ">6</text>") == 1);
  CHECK(count(svg, ">dL/da = 2</text>") == 1);
  CHECK(count(svg, ">dL/dy = 1</text>") == 1);
  const std::regex start(R"(<path d="M([0-9.]+) [0-9.]+ V)");
  std::set<std::string> starts;
  for (std::sregex_iterator at(svg.begin(), svg.end(), start), end; at != end; ++at) starts.insert((*at)[1]);
  CHECK(starts.size() == 2);  // side by side
  check_dot(dot, 2, 2);
  CHECK(dot.find("  n0 -> n1 [headlabel=\"0\"];\n  n0 -> n1 [headlabel=\"1\"];\n") != std::string::npos);
  CHECK(dot.find("label=\"a  #0\\l3\\ldL/da = 2\\l\"") != std::string::npos);
}

TEST_CASE("names that mean something to XML, to Graphviz or to nobody are drawn as they are, or as ?") {
  Tape tape(Keep::everything);
  const Var x = tape.variable(number(1), "<b> & \"q\" \\l \x01\n\xff\xed\xa0\x80 \u00fc \u4e16");
  const Var y = x * tape.variable(number(2), std::string(300, 'w')) * number(3);
  const std::string svg = tape.to_svg(), dot = tape.to_dot();
  check_picture(svg);
  CHECK(svg.find(">&lt;b&gt; &amp; &quot;q&quot; \\l ??"
                 "???? \u00fc \u4e16</text>") != std::string::npos);
  CHECK(svg.find(">" + std::string(40, 'w') + "...</text>") != std::string::npos);
  check_dot(dot, 5, 4);
  CHECK(dot.find("label=\"<b> & \\\"q\\\" \\\\l ??"
                 "???? \u00fc \u4e16  #0\\l") != std::string::npos);
}

TEST_CASE("small tensors are drawn number by number, large ones by their statistics, unknown ones by their shape") {
  Tape everything(Keep::everything), rules;
  everything.variable(Tensor({1, 1, 2, 2}, {1, 2, 3, 4}), "picture");
  everything.variable(Tensor({2, 8}, 1), "row");
  rules.variable(Tensor({2, 2}, 1), "matrix");
  const std::string svg = everything.to_svg();
  check_picture(svg);
  CHECK(svg.find(">[[1 2]</text>") != std::string::npos);
  CHECK(svg.find("> [3 4]]  (1, 1, 2, 2)</text>") != std::string::npos);
  CHECK(svg.find(">(2, 8)  min 1  max 1  mean 1</text>") != std::string::npos);
  CHECK(rules.to_svg().find(">(2, 2)</text>") != std::string::npos);
  check_picture(Tape().to_svg());
  check_dot(Tape().to_dot(), 0, 0);
}

TEST_CASE("an operation with many arguments, and a value with many readers, are wide enough for the arrows") {
  Tape tape;
  const Var x = tape.variable(Tensor({1}, 1), "x");
  concat(Vars(30, x), 0);
  const std::string svg = tape.to_svg();
  check_picture(svg);
  CHECK(count(svg, "marker-end") == 30);
  CHECK(svg.find(">29</text>") != std::string::npos);
}

TEST_CASE("a network, its gradients, and second derivatives are drawn without overlaps") {
  Sequential network("critic");
  network.add<Linear>(Shape{1, 3}, LinearOptions{.features = 4}, Random(1));
  network.add<BatchNorm>(Shape{1, 4}, BatchNormOptions{}, Random(2));
  network.add<LeakyRelu>(Real(0.2));
  network.add<Linear>(Shape{1, 4}, LinearOptions{.features = 1}, Random(3));
  Tape tape(Keep::everything);
  const Pass pass = Pass::training(Random(4), tape);
  const Var x = tape.variable(Random(5).normal({6, 3}), "x");
  const Var dx = tape.gradient(sum(network(pass, x)), {x}, {.record = true})[0];
  const Var loss = mean(dx * dx);
  tape.gradient(loss, {x});
  const std::string svg = tape.to_svg();
  check_picture(svg);
  CHECK(count(svg, "marker-end") > 60);
  CHECK(svg.find(">critic.1 batch_norm</text>") != std::string::npos);
  CHECK(svg.find(">operation of a rule</text>") != std::string::npos);
  CHECK(svg.find("stroke-dasharray") != std::string::npos);  // something that stands far away
  CHECK(svg.size() < 500'000);
}

TEST_CASE("a layered layout keeps boxes apart, and arrows out of boxes that they pass") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Tensor numbers = Random(seed).uniform({400}, 0, 1);
    Index at = 0;
    const auto draw = [&](int below) { return static_cast<int>(numbers[at++ % 400] * Real(0.999) * below); };
    std::vector<LayoutBox> boxes;
    std::vector<LayoutArrow> arrows;
    for (int i = 0; i < 40; ++i) {
      int row = 0;
      const int places = i == 0 ? 0 : draw(4);
      for (int k = 0; k < places; ++k) {
        arrows.push_back({draw(i), i, k, places});
        row = std::max(row, boxes[arrows.back().from].row + 1);
      }
      boxes.push_back({20.0 + draw(200), 10.0 + draw(60), row});
    }
    const Layout layout = layered_layout(boxes, arrows, 10, 30);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      const LayoutBox& b = layout.boxes[i];
      const Box box{b.x - b.width / 2, b.y, b.width, b.height};
      wrong += box.x < -1e-9 || box.x + box.width > layout.width + 1e-9 || box.y + box.height > layout.height + 1e-9;
      wrong += b.y < layout.rows[b.row].top || b.y + b.height > layout.rows[b.row].bottom + 1e-9;
      for (std::size_t k = 0; k < i; ++k) {
        const LayoutBox& o = layout.boxes[k];
        if (o.row == b.row) wrong += std::abs(o.x - b.x) < (o.width + b.width) / 2 + 10 - 1e-6;
      }
    }
    for (const LayoutArrow& arrow : layout.arrows) {
      const LayoutBox &from = layout.boxes[arrow.from], &to = layout.boxes[arrow.to];
      REQUIRE(arrow.bends.size() == static_cast<std::size_t>(to.row - from.row + 1));
      wrong += std::abs(arrow.bends.front() - from.x) > from.width / 2;
      wrong += std::abs(arrow.bends.back() - to.x) > to.width / 2;
      for (int row = from.row + 1; row < to.row; ++row)
        for (const LayoutBox& b : layout.boxes)
          wrong += b.row == row && std::abs(arrow.bends[row - from.row] - b.x) < b.width / 2 + 1;
    }
    CHECK(wrong == 0);
  }
}
