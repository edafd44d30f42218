#include "datasets/resample.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tapestry {

Resampling::Resampling(Index source, double begin, double length, Index target) {
  const double step = length / static_cast<double>(target), reach = std::max(step, 1.0);
  for (Index i = 0; i < target; ++i) {
    const double centre = begin + (static_cast<double>(i) + 0.5) * step;  // pixel j reaches from j to j + 1
    const Index first = std::max<Index>(0, static_cast<Index>(std::floor(centre - reach + 0.5)));
    const Index end = std::min(source, static_cast<Index>(std::floor(centre + reach + 0.5)));
    std::vector<double> heights;
    for (Index j = first; j < end; ++j)
      heights.push_back(std::max(0.0, 1 - std::abs(static_cast<double>(j) + 0.5 - centre) / reach));
    const double sum = std::accumulate(heights.begin(), heights.end(), 0.0);
    Taps taps{first, {}};
    for (const double height : heights) taps.weights.push_back(static_cast<float>(height / sum));
    taps_.push_back(std::move(taps));
  }
}

void Resampling::operator()(const float* from, float* to) const {
  for (const Taps& taps : taps_)
    *to++ = std::inner_product(taps.weights.begin(), taps.weights.end(), from + (taps.first - first()), 0.0f);
}

}  // namespace tapestry
