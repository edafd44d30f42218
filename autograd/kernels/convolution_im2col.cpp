// The textbook way: each window of a picture becomes a column, and a convolution becomes a matrix product:
//
//   gather           y = w col(x)            w (O, D), col(x) (D, PQ), D = C R S
//   scatter          x = col^-1(w^T y)       col^-1 adds each column back to where its window lies
//   weight_gradient  w = y col(x)^T
//
// One picture at a time for each thread, and so few of its columns at a time that they stay in the core's own cache.
// The product is Eigen's, which cuts it into blocks for caches and registers; or three loops, to see what blocks are
// worth.
#include <Eigen/Core>
#include <algorithm>

#include "autograd/kernels/columns.hpp"
#include "autograd/kernels/pairwise_sum.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/scratch.hpp"

namespace tapestry::kernels {
namespace {

using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Stride = Eigen::OuterStride<>;
using Read = Eigen::Map<const Matrix, 0, Stride>;
using Write = Eigen::Map<Matrix, 0, Stride>;

struct InBlocks {  // to += a b
  template <class A, class B>
  void operator()(Write to, const A& a, const B& b) const {
    to.noalias() += a * b;
  }
};
struct InLoops {
  template <class A, class B>
  void operator()(Write to, const A& a, const B& b) const {
    for (Index i = 0; i < a.rows(); ++i)
      for (Index l = 0; l < a.cols(); ++l) {
        const Real factor = a.coeff(i, l);
        for (Index j = 0; j < b.cols(); ++j) to.coeffRef(i, j) += factor * b.coeff(l, j);
      }
  }
};

// Eigen cuts its products by the cache sizes it detects, which shows in the last bits: pin them to one machine's.
const bool pinned = (Eigen::setNbThreads(1), Eigen::setCpuCacheSizes(32 << 10, 1 << 20, 8 << 20), true);

// The columns of `count` windows of a picture, from window `first` on; and each number of them back to its pixel.
void unfold(const Convolution& k, Index first, Index count, const Real* picture, Real* columns) {
  each_entry(k, first, count, [=](Index place, Index row, Index column) {
    columns[row * count + column] = place < 0 ? 0 : picture[place];
  });
}
void add_folded(const Convolution& k, Index first, Index count, const Real* columns, Real* picture) {
  each_entry(k, first, count, [=](Index place, Index row, Index column) {
    if (place >= 0) picture[place] += columns[row * count + column];
  });
}

template <class Product>
Tensor gather_with(Product add_product, const Convolution& k, const Tensor& x, const Tensor& w,
                   const Epilogue& epilogue) {
  const Index D = k.C * k.taps(), windows = k.P * k.Q;
  Tensor y = Tensor::uninitialized(k.small());
  Real* const to = y.writable();
  parallel_for(k.N, k.nanoseconds(), [&](Index n) {
    const Scratch columns(largest_block(k));
    const Real* const picture = x.data() + n * k.C * k.H * k.W;
    each_block(k, [&](Index first, Index count) {
      unfold(k, first, count, picture, columns);
      Write part(to + n * k.O * windows + first, k.O, count, Stride(windows));
      part.setZero();
      add_product(part, Read(w.data(), k.O, D, Stride(D)), Read(columns, D, count, Stride(count)));
      for (Index o = 0; epilogue.bias && o < k.O; ++o) part.row(o).array() += epilogue.bias[o];
    });
    epilogue.rectify(n, 1, to + n * k.O * windows);
  });
  return y;
}

template <class Product>
Tensor scatter_with(Product add_product, const Convolution& k, const Tensor& y, const Tensor& w,
                    const Epilogue& epilogue) {
  const Index D = k.C * k.taps(), windows = k.P * k.Q, area = k.H * k.W;
  Tensor x = Tensor::uninitialized(k.big());
  Real* const to = x.writable();
  parallel_for(k.N, k.nanoseconds(), [&](Index n) {
    const Scratch columns(largest_block(k));
    Real* const picture = to + n * k.C * area;
    for (Index c = 0; c < k.C; ++c) std::fill_n(picture + c * area, area, epilogue.bias_of(c));
    each_block(k, [&](Index first, Index count) {
      std::fill_n(static_cast<Real*>(columns), D * count, Real(0));
      add_product(Write(columns, D, count, Stride(count)), Read(w.data(), k.O, D, Stride(D)).transpose(),
                  Read(y.data() + n * k.O * windows + first, k.O, count, Stride(windows)));
      add_folded(k, first, count, columns, picture);
    });
    epilogue.rectify(n, 1, picture);
  });
  return x;
}

template <class Product>
Tensor weight_gradient_with(Product add_product, const Convolution& k, const Tensor& x, const Tensor& y) {
  const Index D = k.C * k.taps(), windows = k.P * k.Q, size = k.O * D;
  const Scratch partial(chunks(k.N) * size);
  parallel_for(chunks(k.N), k.nanoseconds(), [&](Index chunk) {
    const Scratch columns(largest_block(k));
    Write sum(partial + chunk * size, k.O, D, Stride(D));
    sum.setZero();
    for (Index n = chunk * chunk_samples; n < std::min(k.N, (chunk + 1) * chunk_samples); ++n) {
      const Real* const picture = x.data() + n * k.C * k.H * k.W;
      each_block(k, [&](Index first, Index count) {
        unfold(k, first, count, picture, columns);
        add_product(sum, Read(y.data() + n * k.O * windows + first, k.O, count, Stride(windows)),
                    Read(columns, D, count, Stride(count)).transpose());
      });
    }
  });
  return sum_in_pairs(partial, chunks(k.N), k.weight());
}

}  // namespace

namespace im2col {
Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue) {
  return gather_with(InBlocks{}, k, x, w, epilogue);
}
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue) {
  return scatter_with(InBlocks{}, k, y, w, epilogue);
}
Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y) {
  return weight_gradient_with(InBlocks{}, k, x, y);
}
}  // namespace im2col
namespace im2col_in_loops {
Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue) {
  return gather_with(InLoops{}, k, x, w, epilogue);
}
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue) {
  return scatter_with(InLoops{}, k, y, w, epilogue);
}
Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y) {
  return weight_gradient_with(InLoops{}, k, x, y);
}
}  // namespace im2col_in_loops

}  // namespace tapestry::kernels
