#include "layers/conditional.hpp"

#include "autograd/error.hpp"

namespace tapestry {
namespace {

void check_classes(const char* layer, int classes) {
  if (classes < 2) fail(layer, ": got ", classes, " classes; expected 2 or more; one class needs no labels");
}

Tensor initial_rows(const char* layer, int classes, Index size, Random random) {
  check_classes(layer, classes);
  return normal(0, Real(0.05))({classes, size}, classes, size, random);
}

Index check_rows(const char* layer, const Shape& input, Index F = 0) {
  if (input.rank() != 2) fail(layer, ": got ", input, "; expected (N, F); put a flatten layer before it");
  if (F && input[1] != F) fail(layer, ": got ", input, "; expected (N, F) with F = ", F);
  return input[1];
}

void check_pictures(const char* layer, const Shape& input, Index H = 0, Index W = 0) {
  if (input.rank() != 4) fail(layer, ": got ", input, "; expected (N, C, H, W); put a reshape layer before it");
  if (H && (input[2] != H || input[3] != W))
    fail(layer, ": got ", input, "; expected pictures of ", H, " x ", W, ", for which its table was made");
}

}  // namespace

Var ClassTable::operator()(const Pass& pass, Index samples) const {
  const Tensor& labels = pass.labels;
  if (labels.empty())
    fail(layer_, ": got a pass without labels; expected one for each of ", samples,
         " samples; run it with pass.with_labels(...)");
  if (labels.shape() != Shape{samples})
    fail(layer_, ": got labels of shape ", labels.shape(), "; expected (", samples, "), one for each sample");
  return embedding(pass.weight(rows_), labels);
}

ClassEmbedding::ClassEmbedding(const Shape& input, int classes, Index size, Random random)
    : table_("class_embedding", classes,
             parameter("weight", initial_rows("class_embedding", classes, size, random("weight")))),
      size_(size) {
  check_rows("class_embedding", input);
}
Var ClassEmbedding::operator()(const Pass& pass, Var x) {
  const Index N = output_shape(x.shape())[0];
  return concat({x, table_(pass, N)}, 1);
}
Shape ClassEmbedding::output_shape(const Shape& input) const {
  return {input[0], check_rows("class_embedding", input) + size_};
}

ClassChannel::ClassChannel(const Shape& input, int classes, Random random)
    : table_("class_channel", classes,
             parameter("weight", (check_pictures("class_channel", input),
                                  initial_rows("class_channel", classes, input[2] * input[3], random("weight"))))),
      height_(input[2]),
      width_(input[3]) {}
Var ClassChannel::operator()(const Pass& pass, Var x) {
  const Index N = output_shape(x.shape())[0];
  return concat({x, reshape(table_(pass, N), {N, 1, height_, width_})}, 1);
}
Shape ClassChannel::output_shape(const Shape& input) const {
  check_pictures("class_channel", input, height_, width_);
  return {input[0], input[1] + 1, input[2], input[3]};
}

Projection::Projection(const Shape& input, int classes, Random random)
    : weight_(
          parameter("weight", glorot_uniform()({1, check_rows("projection", input)}, input[1], 1, random("weight")))),
      bias_(parameter("bias", Tensor({1}, 0))),
      table_("projection", classes,
             parameter("class_weight", initial_rows("projection", classes, input[1], random("class_weight")))) {}
Var Projection::operator()(const Pass& pass, Var x) {
  const Index N = output_shape(x.shape())[0];
  const Var fit = reshape(sum(x * table_(pass, N), {1}), {N, 1});
  return linear(x, pass.weight(weight_), pass.weight(bias_)) + fit;
}
Shape Projection::output_shape(const Shape& input) const {
  check_rows("projection", input, weight_.shape()[1]);
  return {input[0], 1};
}

}  // namespace tapestry
