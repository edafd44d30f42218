// Points on a plane, which the toy GAN learns in place of pictures: eight Gaussians on a circle, a ring, a spiral.
#pragma once
#include <string>
#include <vector>

#include "apps/common/options.hpp"
#include "autograd/random.hpp"
#include "datasets/drawing.hpp"

namespace tapestry {

// A mixture: one of the centres, each as likely as the next, and normal noise around it. A curve is a row of so many
// centres that nobody sees the gaps.
struct PointCloud {
  std::string name;            // eight Gaussians
  std::string part;            // what its parts are called: mode, arc
  std::vector<Point> centres;  // in their order, equally many in each part
  Index parts = 8;
  double deviation = 0.02;  // of the noise, in x and in y

  Tensor draw(Index count, Random random) const;  // (count, 2), nearly all within [-1, 1]
};

// How much of a cloud a generator has found. A point is good if it lies within three deviations of a centre, and a part
// is covered if a tenth of the good points that are due to it lie there: one stray point covers nothing.
struct Coverage {
  Index covered = 0;  // parts
  double good = 0;    // the share of good points
};
Coverage coverage(const PointCloud& cloud, const Tensor& points);

// "data": {"source": "eight_gaussians", "deviation": 0.02}; or "ring", or "spiral".
PointCloud read_point_cloud(Options&& data);

}  // namespace tapestry
