#include "autograd/layered_layout.hpp"

#include <algorithm>
#include <numeric>

namespace tapestry {
namespace {

constexpr int order_sweeps = 12, place_sweeps = 12;

// What stands in a row: a box, or a bend of an arrow that passes.
struct Item {
  double width, weight;  // a heavy one gets its way
  int row;
  double x = 0;                       // of the middle
  std::size_t place = 0;              // in its row
  std::vector<int> above{}, below{};  // pieces of arrows
};
struct Piece {                     // of an arrow, from one row to the next
  int from, to;                    // items
  double share;                    // where along the upper side of `to` it ends: 0 left, 1 right
  double leaves = 0, arrives = 0;  // distances from the middles
};

class Rows {
 public:
  Rows(const std::vector<LayoutBox>& boxes, std::vector<LayoutArrow>& arrows, double gap)
      : boxes_(boxes), arrows_(arrows), gap_(gap) {
    for (const LayoutBox& box : boxes) add_item({.width = box.width, .weight = 1, .row = box.row});
    for (const LayoutArrow& arrow : arrows) add_arrow(arrow);
    for (const std::vector<int>& row : rows_) number(row);
  }
  void order();
  void place();
  void copy_to(std::vector<LayoutBox>& boxes) const;  // and to the arrows' bends

 private:
  int add_item(Item item) {
    if (item.row >= static_cast<int>(rows_.size())) rows_.resize(item.row + 1);
    rows_[item.row].push_back(static_cast<int>(items_.size()));
    items_.push_back(std::move(item));
    return static_cast<int>(items_.size()) - 1;
  }
  void add_arrow(const LayoutArrow& arrow) {
    first_piece_.push_back(static_cast<int>(pieces_.size()));
    int from = arrow.from;
    for (int row = boxes_[arrow.from].row + 1; row <= boxes_[arrow.to].row; ++row) {
      const bool ends = row == boxes_[arrow.to].row;
      const int to = ends ? arrow.to : add_item({.width = 0, .weight = 4, .row = row});
      items_[from].below.push_back(static_cast<int>(pieces_.size()));
      items_[to].above.push_back(static_cast<int>(pieces_.size()));
      pieces_.push_back({from, to, ends ? (arrow.place + 1.0) / (arrow.places + 1) : 0.5});
      from = to;
    }
  }
  void number(const std::vector<int>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) items_[row[i]].place = i;
  }
  // Calls f(row, downwards) for each row above the last, upwards, and then for each below the first, downwards.
  template <class F>
  void sweep(int sweeps, F f) {
    for (int i = 0; i < sweeps; ++i) {
      for (std::size_t r = rows_.size() - 1; r-- > 0;) f(rows_[r], false);
      for (std::size_t r = 1; r < rows_.size(); ++r) f(rows_[r], true);
    }
  }
  void spread_leaving();
  void settle(const std::vector<int>& row, bool down);

  const std::vector<LayoutBox>& boxes_;
  std::vector<LayoutArrow>& arrows_;
  double gap_;
  std::vector<Item> items_;  // boxes first
  std::vector<Piece> pieces_;
  std::vector<int> first_piece_;  // of each arrow; its others follow
  std::vector<std::vector<int>> rows_;
};

void Rows::order() {
  std::vector<double> wish(items_.size());
  sweep(order_sweeps, [&](std::vector<int>& row, bool down) {
    for (const int i : row) {
      const Item& item = items_[i];
      double sum = 0;
      for (const int p : down ? item.above : item.below) {
        const Piece& piece = pieces_[p];
        sum += down ? double(items_[piece.from].place) : items_[piece.to].place + piece.share - 0.5;
      }
      const std::size_t count = (down ? item.above : item.below).size();
      wish[i] = count ? sum / static_cast<double>(count) : static_cast<double>(item.place);
    }
    std::stable_sort(row.begin(), row.end(), [&](int a, int b) { return wish[a] < wish[b]; });
    number(row);
  });
}

// Arrows leave a box from left to right in the order of where they go.
void Rows::spread_leaving() {
  for (Item& item : items_) {
    std::stable_sort(item.below.begin(), item.below.end(), [&](int p, int q) {
      const Piece &a = pieces_[p], &b = pieces_[q];
      return items_[a.to].place + 0.5 * a.share < items_[b.to].place + 0.5 * b.share;
    });
    const double steps = static_cast<double>(item.below.size()) + 1;
    for (std::size_t i = 0; i < item.below.size(); ++i)
      pieces_[item.below[i]].leaves = item.width * ((static_cast<double>(i) + 1) / steps - 0.5);
    for (const int p : item.above) pieces_[p].arrives = item.width * (pieces_[p].share - 0.5);
  }
}

// Brings the items of a row as near as their widths allow to where their arrows would be straight: least squares under
// the order, by pooling neighbours that would overlap (Ayer et al., 1955).
void Rows::settle(const std::vector<int>& row, bool down) {
  struct Pool {
    double sum, weight;
    std::size_t count;
    double mean() const { return sum / weight; }
  };
  std::vector<double> shift(row.size(), 0);  // how far each is from the first, side by side
  std::vector<Pool> pools;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const Item& item = items_[row[i]];
    if (i > 0) shift[i] = shift[i - 1] + (items_[row[i - 1]].width + item.width) / 2 + gap_;
    double wish = 0;
    const std::vector<int>& pieces = down ? item.above : item.below;
    for (const int p : pieces) {
      const Piece& piece = pieces_[p];
      wish += down ? items_[piece.from].x + piece.leaves - piece.arrives
                   : items_[piece.to].x + piece.arrives - piece.leaves;
    }
    wish = pieces.empty() ? item.x : wish / static_cast<double>(pieces.size());
    const double weight = pieces.empty() ? 0.01 : item.weight;
    pools.push_back({(wish - shift[i]) * weight, weight, 1});
    while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
      const Pool last = pools.back();
      pools.pop_back();
      pools.back() = {pools.back().sum + last.sum, pools.back().weight + last.weight, pools.back().count + last.count};
    }
  }
  std::size_t i = 0;
  for (const Pool& pool : pools)
    for (std::size_t k = 0; k < pool.count; ++k, ++i) items_[row[i]].x = pool.mean() + shift[i];
}

void Rows::place() {
  spread_leaving();
  for (const std::vector<int>& row : rows_) {
    double x = 0;
    for (const int i : row) {
      items_[i].x = x + items_[i].width / 2;
      x += items_[i].width + gap_;
    }
  }
  sweep(place_sweeps, [&](const std::vector<int>& row, bool down) { settle(row, down); });
}

void Rows::copy_to(std::vector<LayoutBox>& boxes) const {
  for (std::size_t i = 0; i < boxes.size(); ++i) boxes[i].x = items_[i].x;
  for (std::size_t a = 0; a < arrows_.size(); ++a) {
    const int count = boxes[arrows_[a].to].row - boxes[arrows_[a].from].row;
    const Piece* piece = &pieces_[first_piece_[a]];
    arrows_[a].bends = {items_[piece->from].x + piece->leaves};
    for (int i = 0; i < count; ++i) arrows_[a].bends.push_back(items_[piece[i].to].x + piece[i].arrives);
  }
}

}  // namespace

Layout layered_layout(std::vector<LayoutBox> boxes, std::vector<LayoutArrow> arrows, double gap_x, double gap_y) {
  Layout layout;
  if (boxes.empty()) return layout;
  Rows rows(boxes, arrows, gap_x);
  rows.order();
  rows.place();
  std::vector<LayoutBox> placed = boxes;
  rows.copy_to(placed);

  double left = placed[0].x, right = left;
  for (const LayoutBox& box : placed) {
    left = std::min(left, box.x - box.width / 2);
    right = std::max(right, box.x + box.width / 2);
    if (box.row >= static_cast<int>(layout.rows.size())) layout.rows.resize(box.row + 1);
    LayoutRow& row = layout.rows[box.row];
    row.bottom = std::max(row.bottom, box.height);  // its height, for now
  }
  for (const LayoutArrow& arrow : arrows)
    for (const double x : arrow.bends) left = std::min(left, x), right = std::max(right, x);
  double y = 0;
  for (LayoutRow& row : layout.rows) {
    row = {y, y + row.bottom};
    y = row.bottom + gap_y;
  }
  for (LayoutBox& box : placed) {
    box.x -= left;
    box.y = layout.rows[box.row].top;
  }
  for (LayoutArrow& arrow : arrows)
    for (double& x : arrow.bends) x -= left;
  layout.width = right - left;
  layout.height = layout.rows.back().bottom;
  layout.boxes = std::move(placed);
  layout.arrows = std::move(arrows);
  return layout;
}

}  // namespace tapestry
