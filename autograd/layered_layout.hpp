// Places boxes in rows, and arrows between them, so that arrows are short and cross seldom. Internal.
//
// Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures", 1981: a long arrow
// bends once in each row that it passes; rows are ordered by the means of their neighbours' places.
#pragma once
#include <vector>

namespace tapestry {

struct LayoutBox {
  double width, height;
  int row;
  double x = 0, y = 0;  // of the middle, and of the top: what the layout finds
};
struct LayoutArrow {
  int from, to;                 // boxes; the row of `to` is below that of `from`
  int place, places;            // it ends at this of so many places along the upper side of `to`
  std::vector<double> bends{};  // x where it leaves `from`, in each row that it passes, and where it ends
};
struct LayoutRow {
  double top = 0, bottom = 0;
};
struct Layout {
  std::vector<LayoutBox> boxes;
  std::vector<LayoutArrow> arrows;
  std::vector<LayoutRow> rows;  // arrows go straight down inside a row and bend between rows
  double width = 0, height = 0;
};

// Takes time in proportion to the boxes, the arrows and the rows that these pass.
Layout layered_layout(std::vector<LayoutBox> boxes, std::vector<LayoutArrow> arrows, double gap_x, double gap_y);

}  // namespace tapestry
