// How far results are off: the textbook's way (convolution_im2col.cpp) once more, in double.
#include <Eigen/Core>
#include <cmath>
#include <vector>

#include "autograd/kernels/columns.hpp"
#include "autograd/kernels/parallel.hpp"

namespace tapestry::kernels {
namespace {

using Exact = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Exact exact(const Real* numbers, Index rows, Index columns) {
  Exact copy(rows, columns);
  std::copy_n(numbers, copy.size(), copy.data());
  return copy;
}
Exact weights(const Convolution& k, const Tensor& w) { return exact(w.data(), k.O, k.C * k.taps()); }
Exact big(const Convolution& k, const Tensor& x, Index n) {
  return exact(x.data() + n * k.C * k.H * k.W, 1, k.C * k.H * k.W);
}
Exact small(const Convolution& k, const Tensor& y, Index n) {
  return exact(y.data() + n * k.O * k.P * k.Q, k.O, k.P * k.Q);
}
Exact columns_of(const Convolution& k, const Exact& picture, Index first, Index count) {
  Exact columns(k.C * k.taps(), count);
  each_entry(k, first, count,
             [&](Index pixel, Index row, Index column) { columns(row, column) = pixel < 0 ? 0 : picture(pixel); });
  return columns;
}

struct Error {
  double worst = 0, largest = 0;  // error, and number

  Error() = default;
  Error(const Real* got, const Exact& exact) {
    for (Index i = 0; i < exact.size(); ++i) {
      worst = std::max(worst, std::isfinite(got[i]) ? std::abs(got[i] - exact.data()[i]) : INFINITY);
      largest = std::max(largest, std::abs(exact.data()[i]));
    }
  }
};

// error_of(n) for all pictures
template <class F>
double share_of_largest(const Convolution& k, F error_of) {
  std::vector<Error> errors(k.N);
  parallel_for(k.N, k.nanoseconds(), [&](Index n) { errors[n] = error_of(n); });
  const auto most = [&](double Error::*what) {
    return *std::max_element(errors.begin(), errors.end(), [=](auto& a, auto& b) { return a.*what < b.*what; }).*what;
  };
  return most(&Error::worst) / most(&Error::largest);
}

}  // namespace

double gather_error(const Convolution& k, const Tensor& x, const Tensor& w, const Tensor& y) {
  const Exact factor = weights(k, w);
  const Index numbers = k.O * k.P * k.Q;
  return share_of_largest(k, [&](Index n) {
    const Exact picture = big(k, x, n);
    Exact result(k.O, k.P * k.Q);
    each_block(k, [&](Index first, Index count) {
      result.middleCols(first, count).noalias() = factor * columns_of(k, picture, first, count);
    });
    return Error(y.data() + n * numbers, result);
  });
}

double scatter_error(const Convolution& k, const Tensor& y, const Tensor& w, const Tensor& x) {
  const Exact factor = weights(k, w);
  const Index numbers = k.C * k.H * k.W;
  return share_of_largest(k, [&](Index n) {
    const Exact picture = small(k, y, n);
    Exact result = Exact::Zero(1, numbers);
    each_block(k, [&](Index first, Index count) {
      const Exact columns = factor.transpose() * picture.middleCols(first, count);
      each_entry(k, first, count, [&](Index pixel, Index row, Index column) {
        if (pixel >= 0) result(pixel) += columns(row, column);
      });
    });
    return Error(x.data() + n * numbers, result);
  });
}

double weight_gradient_error(const Convolution& k, const Tensor& x, const Tensor& y, const Tensor& w) {
  constexpr Index parts = 4;  // of the batch, each with a sum of its own
  std::vector<Exact> sums(parts, Exact::Zero(k.O, k.C * k.taps()));
  parallel_for(parts, k.nanoseconds(), [&](Index part) {
    for (Index n = k.N * part / parts; n < k.N * (part + 1) / parts; ++n) {
      const Exact from = big(k, x, n), to = small(k, y, n);
      each_block(k, [&](Index first, Index count) {
        sums[part].noalias() += to.middleCols(first, count) * columns_of(k, from, first, count).transpose();
      });
    }
  });
  const Error error(w.data(), sums[0] + sums[1] + sums[2] + sums[3]);
  return error.worst / error.largest;
}

}  // namespace tapestry::kernels
