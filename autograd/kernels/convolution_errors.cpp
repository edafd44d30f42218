// How far results are off: the textbook's way (convolution_im2col.cpp) once more, in double.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/kernels/columns.hpp"
#include "autograd/kernels/parallel.hpp"

namespace tapestry::kernels {
namespace {

using Exact = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Exact in_double(const Real* numbers, Index rows, Index columns) {
  Exact copy(rows, columns);
  std::copy_n(numbers, copy.size(), copy.data());
  return copy;
}
Exact weights(const Convolution& k, const Tensor& w) { return in_double(w.data(), k.O, k.C * k.taps()); }
Exact big_picture(const Convolution& k, const Tensor& x, Index n) {
  return in_double(x.data() + n * k.C * k.H * k.W, 1, k.C * k.H * k.W);
}
Exact small_picture(const Convolution& k, const Tensor& y, Index n) {
  return in_double(y.data() + n * k.O * k.P * k.Q, k.O, k.P * k.Q);
}
Exact columns_of(const Convolution& k, const Exact& picture, Index first, Index count) {
  Exact columns(k.C * k.taps(), count);
  each_entry(k, first, count,
             [&](Index place, Index row, Index column) { columns(row, column) = place < 0 ? 0 : picture(place); });
  return columns;
}

struct Error {
  double largest_error = 0, largest_number = 0;

  Error() = default;
  Error(const Real* got, const Exact& expected) {
    for (Index i = 0; i < expected.size(); ++i) {
      const double error = std::abs(got[i] - expected.data()[i]);
      add({std::isfinite(error) ? error : INFINITY, std::abs(expected.data()[i])});
    }
  }
  Error(double error, double number) : largest_error(error), largest_number(number) {}
  void add(const Error& other) {
    largest_error = std::max(largest_error, other.largest_error);
    largest_number = std::max(largest_number, other.largest_number);
  }
  double share() const { return largest_error == 0 ? 0 : largest_error / largest_number; }
};

// Of all pictures: error_of(n) of each.
template <class F>
double share_of_largest(const Convolution& k, F error_of) {
  std::vector<Error> errors(k.N);
  parallel_for(k.N, k.nanoseconds(), [&](Index n) { errors[n] = error_of(n); });
  Error total;
  for (const Error& error : errors) total.add(error);
  return total.share();
}

}  // namespace

double gather_error(const Convolution& k, const Tensor& x, const Tensor& w, const Tensor& y) {
  const Exact factor = weights(k, w);
  const Index numbers = k.O * k.P * k.Q;
  return share_of_largest(k, [&](Index n) {
    const Exact picture = big_picture(k, x, n);
    Exact expected(k.O, k.P * k.Q);
    each_block(k, [&](Index first, Index count) {
      expected.middleCols(first, count).noalias() = factor * columns_of(k, picture, first, count);
    });
    return Error(y.data() + n * numbers, expected);
  });
}

double scatter_error(const Convolution& k, const Tensor& y, const Tensor& w, const Tensor& x) {
  const Exact factor = weights(k, w).transpose();
  const Index numbers = k.C * k.H * k.W;
  return share_of_largest(k, [&](Index n) {
    const Exact picture = small_picture(k, y, n);
    Exact expected = Exact::Zero(1, numbers);
    each_block(k, [&](Index first, Index count) {
      const Exact columns = factor * picture.middleCols(first, count);
      each_entry(k, first, count, [&](Index place, Index row, Index column) {
        if (place >= 0) expected(place) += columns(row, column);
      });
    });
    return Error(x.data() + n * numbers, expected);
  });
}

double weight_gradient_error(const Convolution& k, const Tensor& x, const Tensor& y, const Tensor& w) {
  std::vector<Exact> sums(4, Exact::Zero(k.O, k.C * k.taps()));  // of quarters of the batch
  const Index parts = static_cast<Index>(sums.size());
  parallel_for(parts, k.nanoseconds(), [&](Index part) {
    for (Index n = k.N * part / parts; n < k.N * (part + 1) / parts; ++n) {
      const Exact from = big_picture(k, x, n), to = small_picture(k, y, n);
      each_block(k, [&](Index first, Index count) {
        sums[part].noalias() += to.middleCols(first, count) * columns_of(k, from, first, count).transpose();
      });
    }
  });
  for (Index part = 1; part < parts; ++part) sums[0] += sums[part];
  return Error(w.data(), sums[0]).share();
}

}  // namespace tapestry::kernels
