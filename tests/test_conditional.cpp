// Conditional layers and codes: naive loops, errors word for word, from JSON, labels on their way, and codes found.
#include <set>

#include "apps/common/model.hpp"
#include "autograd/gradient_check.hpp"
#include "optim/adam.hpp"
#include "tests/layer_helpers.hpp"
#include "tests/tiny_game.hpp"

using namespace tapestry;

namespace {

const Random random_key(1);

Pass labelled(std::vector<Real> labels) {
  const auto count = static_cast<Index>(labels.size());
  return Pass::evaluation().with_labels(Tensor({count}, labels));
}

std::unique_ptr<Sequential> network(const std::string& layers, const Shape& input) {
  const JsonSource source("c.json", "{\"network\": " + layers + "}");
  Problems problems;
  Json resolved;
  std::vector<LayerPlan> plans;
  {
    Options root({source, problems, resolved});
    plans = read_layers(root, "network");
  }
  auto built = build_model(plans, input, random_key, problems);
  problems.raise();
  return built;
}

std::string error_of_network(const std::string& layers, const Shape& input) {
  return error_of([&] { network(layers, input); });
}

// Three categories and one number behind two plain numbers; the discriminator's features are the four hidden ones.
struct CodedGame {
  Codes codes;
  Sequential generator, discriminator;

  CodedGame() {
    const Random r(4);
    codes.categorical = 3, codes.continuous = 1;
    generator.add<Linear>(Shape{1, 6}, LinearOptions{.features = 4}, r("g"));
    generator.add<Tanh>();
    generator.add<Reshape>(Shape{1, 2, 2});
    discriminator.add<Flatten>();
    discriminator.add<Linear>(Shape{1, 4}, LinearOptions{.features = 16}, r("d"));
    discriminator.add<LeakyRelu>(Real(0.2));
    discriminator.add<Linear>(Shape{1, 16}, LinearOptions{.features = 1}, r("d2"));
    codes.head = std::make_unique<Sequential>();
    codes.head->add<Linear>(Shape{1, 16}, LinearOptions{.features = 4}, r("head"));
  }
  Parameters learning() {
    Parameters all = generator.parameters();
    for (Parameter* p : codes.head->parameters()) all.push_back(p);
    return all;
  }
  Tensor latents(Index count, Random random) const {
    return concat({random.normal({count, 2}), codes.draw(count, random("codes"))}, 1).value();
  }
  // In pictures of codes that it has not seen: the share of categories that it names, and the mean squared error of the
  // number.
  std::pair<double, double> found() {
    const Tensor z = latents(500, Random(99));
    const Var features = discriminator.run({}, generator({}, z), 0, 3);
    const Tensor guess = (*codes.head)({}, features).value();
    double right = 0, squares = 0;
    for (Index n = 0; n < 500; ++n) {
      const Real *g = guess.data() + 4 * n, *c = z.data() + 6 * n + 2;
      right += c[std::max_element(g, g + 3) - g];
      squares += std::pow(double(g[3]) - c[3], 2);
    }
    return {right / 500, squares / 500};
  }
};

}  // namespace

TEST_CASE("conditional layers against naive loops") {
  const std::vector<Real> labels = {2, 0, 1, 2};
  const Pass pass = labelled(labels);
  ClassEmbedding embedding({1, 3}, 3, 2, random_key);
  const Tensor rows = numbers({4, 3}), e = embedding(pass, rows).value();
  REQUIRE(e.shape() == Shape{4, 5});
  CHECK(embedding.output_shape({4, 3}) == e.shape());
  for (Index n = 0; n < 4; ++n) {
    for (Index f = 0; f < 3; ++f) CHECK(e[5 * n + f] == rows[3 * n + f]);
    for (Index f = 0; f < 2; ++f) CHECK(e[5 * n + 3 + f] == embedding.parameters()[0]->value()[2 * labels[n] + f]);
  }

  ClassChannel channel({1, 2, 3, 4}, 3, random_key);
  const Tensor pictures = numbers({4, 2, 3, 4}), c = channel(pass, pictures).value();
  REQUIRE(c.shape() == Shape{4, 3, 3, 4});
  CHECK(channel.output_shape({4, 2, 3, 4}) == c.shape());
  for (Index n = 0; n < 4; ++n) {
    for (Index i = 0; i < 24; ++i) CHECK(c[36 * n + i] == pictures[24 * n + i]);
    for (Index i = 0; i < 12; ++i) CHECK(c[36 * n + 24 + i] == channel.parameters()[0]->value()[12 * labels[n] + i]);
  }

  Projection projection({1, 3}, 3, random_key);
  for (Parameter* p : projection.parameters()) p->assign(Random(2)(p->name()).normal(p->shape()));
  const Tensor p = projection(pass, rows).value();
  REQUIRE(p.shape() == Shape{4, 1});
  CHECK(projection.output_shape({4, 3}) == p.shape());
  const Tensor weight = projection.parameters()[0]->value(), bias = projection.parameters()[1]->value(),
               of_class = projection.parameters()[2]->value();
  for (Index n = 0; n < 4; ++n) {
    double sum = bias[0];
    for (Index f = 0; f < 3; ++f) sum += (double(weight[f]) + of_class[3 * labels[n] + f]) * rows[3 * n + f];
    CHECK(p[n] == doctest::Approx(sum).epsilon(10 * tolerance));
  }
}

TEST_CASE("conditional layers learn the rows of the classes that came, and no others") {
  ClassEmbedding embedding({1, 3}, 4, 2, random_key);
  Tape tape;
  Pass pass = labelled({2, 0, 2});
  pass.tape = &tape;
  const Tensor cotangent = numbers({3, 5});
  const Var loss = sum(embedding(pass, numbers({3, 3})) * cotangent);
  const Tensor g = std::move(tape).gradient(loss, embedding.parameters())[0].second;
  for (Index f = 0; f < 2; ++f) {
    CHECK(g[f] == cotangent[5 + 3 + f]);
    CHECK(g[2 + f] == 0);
    CHECK(g[4 + f] == doctest::Approx(double(cotangent[3 + f]) + cotangent[13 + f]));
    CHECK(g[6 + f] == 0);
  }
}

TEST_CASE("conditional layers: names, classes and work") {
  ClassEmbedding embedding({1, 3}, 7, 2, random_key);
  ClassChannel channel({1, 2, 3, 4}, 8, random_key);
  Projection projection({1, 3}, 9, random_key);
  const auto names = [](Layer& layer) {
    std::string text;
    for (const Parameter* p : layer.parameters()) text += p->name() + " " + p->shape().text() + " ";
    return text;
  };
  CHECK(names(embedding) == "weight (7, 2) ");
  CHECK(names(channel) == "weight (8, 12) ");
  CHECK(names(projection) == "weight (1, 3) bias (1) class_weight (9, 3) ");
  CHECK(embedding.classes() == 7);
  CHECK(channel.classes() == 8);
  CHECK(projection.classes() == 9);
  CHECK(Relu().classes() == 0);
  CHECK(projection.multiply_adds({5, 3}) == 30);

  Sequential plain, inner, outer;
  plain.add<Relu>();
  CHECK(plain.classes() == 0);
  CHECK(Sequential().classes() == 0);
  outer.add<Relu>();
  auto nested = std::make_unique<Sequential>();
  nested->add<ClassEmbedding>(Shape{1, 3}, 7, Index(2), random_key);
  outer.add(std::move(nested));
  CHECK(outer.classes() == 7);
  CHECK(names(outer) == "1.0.weight (7, 2) ");
}

TEST_CASE("conditional layers: errors, word for word") {
  ClassEmbedding embedding({1, 3}, 4, 2, random_key);
  ClassChannel channel({1, 2, 3, 4}, 4, random_key);
  Projection projection({1, 3}, 4, random_key);
  const Tensor rows({2, 3}, 1), pictures({2, 2, 3, 4}, 1);
  const auto of_labels = [&](const Pass& pass) {
    const std::string e = error_of([&] { embedding(pass, rows); }), c = error_of([&] { channel(pass, pictures); }),
                      p = error_of([&] { projection(pass, rows); });
    REQUIRE(e.starts_with("class_embedding: "));
    CHECK(c == "class_channel: " + e.substr(17));
    CHECK(p == "projection: " + e.substr(17));
    return e.substr(17);
  };
  CHECK(of_labels(Pass::evaluation()) ==
        "got a pass without labels; expected one for each of 2 samples; run it with pass.with_labels(...)");
  CHECK(of_labels(labelled({1})) == "got labels of shape (1); expected (2), one for each sample");
  CHECK(of_labels(labelled({1, 1, 1})) == "got labels of shape (3); expected (2), one for each sample");
  CHECK(of_labels(Pass::evaluation().with_labels(Tensor({2, 1}, 1))) ==
        "got labels of shape (2, 1); expected (2), one for each sample");
  const auto of_rows = [&](std::vector<Real> labels) {
    const Pass pass = labelled(std::move(labels));
    const std::string error = error_of([&] { embedding(pass, rows); });
    CHECK(error_of([&] { channel(pass, pictures); }) == error);
    CHECK(error_of([&] { projection(pass, rows); }) == error);
    return error;
  };
  CHECK(of_rows({0, 4}) == "embedding: got 4 as the number of a row; expected a whole number from 0 to 3");
  CHECK(of_rows({-1, 0}) == "embedding: got -1 as the number of a row; expected a whole number from 0 to 3");
  CHECK(of_rows({0, Real(0.5)}) == "embedding: got 0.5 as the number of a row; expected a whole number from 0 to 3");
  CHECK(of_rows({0, NAN}).starts_with("embedding: got nan as the number of a row; "));
  CHECK(of_rows({Real(1e30), 0}).starts_with("embedding: got 1e+30 as the number of a row; "));

  const auto shape_error = [](Layer& layer, Shape input) {
    const std::string announced = error_of([&] { layer.output_shape(input); });
    CHECK(error_of([&] { layer(labelled({0}), Tensor(input, 1)); }) == announced);
    return announced;
  };
  const Shape picture{1, 2, 3, 4}, row{1, 5};
  CHECK(shape_error(embedding, picture) ==
        "class_embedding: got (1, 2, 3, 4); expected (N, F); put a flatten layer before it");
  CHECK(shape_error(projection, picture) ==
        "projection: got (1, 2, 3, 4); expected (N, F); put a flatten layer before it");
  CHECK(shape_error(projection, row) == "projection: got (1, 5); expected (N, F) with F = 3");
  CHECK(shape_error(channel, row) == "class_channel: got (1, 5); expected (N, C, H, W); put a reshape layer before it");
  CHECK(shape_error(channel, {1, 2, 4, 4}) ==
        "class_channel: got (1, 2, 4, 4); expected pictures of 3 x 4, for which its table was made");

  CHECK(error_of([&] { ClassEmbedding(picture, 4, 2, random_key); }) ==
        "class_embedding: got (1, 2, 3, 4); expected (N, F); put a flatten layer before it");
  CHECK(error_of([&] { ClassChannel(row, 4, random_key); }) ==
        "class_channel: got (1, 5); expected (N, C, H, W); put a reshape layer before it");
  CHECK(error_of([&] { Projection(picture, 4, random_key); }) ==
        "projection: got (1, 2, 3, 4); expected (N, F); put a flatten layer before it");
  for (const int classes : {1, 0, -3})
    CHECK(error_of([&] { Projection(row, classes, random_key); }) ==
          "projection: got " + std::to_string(classes) + " classes; expected 2 or more; one class needs no labels");
}

TEST_CASE("conditional layers in a configuration") {
  const auto d = network(
      R"([{"type": "class_channel", "classes": 3}, {"type": "flatten"}, {"type": "linear", "features": 5},
          {"type": "class_embedding", "classes": 3, "size": 2}, {"type": "projection", "classes": 3}])",
      {1, 1, 2, 2});
  std::string names;
  for (const Parameter* p : d->parameters()) names += p->name() + " " + p->shape().text() + "\n";
  CHECK(names ==
        "0.weight (3, 4)\n2.weight (5, 8)\n2.bias (5)\n3.weight (3, 2)\n4.weight (1, 7)\n4.bias (1)\n4.class_weight "
        "(3, 7)\n");
  CHECK(d->classes() == 3);
  CHECK((*d)(labelled({0, 2}), numbers({2, 1, 2, 2})).shape() == Shape{2, 1});

  CHECK(error_of_network(R"([{"type": "class_embedding", "classes": 3}])", {1, 4}) ==
        "c.json:1:14: /network/0/size is missing; expected an integer from 1 to 1048576");
  CHECK(error_of_network(R"([{"type": "projection", "classes": 1}])", {1, 4}) ==
        "c.json:1:48: /network/0/classes is 1; expected an integer from 2 to 65536");
  CHECK(error_of_network(R"([{"type": "class_channel", "classes": 3}])", {1, 4}) ==
        "c.json:1:14: /network/0 class_channel: got (1, 4); expected (N, C, H, W); put a reshape layer before it");
}

TEST_CASE("labels come to the discriminator with their pictures, in one batch, in two, and under a penalty") {
  for (const DiscriminatorStep kind :
       {DiscriminatorStep::separate, DiscriminatorStep::concatenated, DiscriminatorStep::summed})
    for (const Order order : {Order::alternating, Order::simultaneous})
      for (const std::string loss : {"\"bce_with_logits\"", "\"wasserstein_gp\"", "\"r1\""}) {
        const bool at_once = order == Order::simultaneous;
        if (at_once && kind != DiscriminatorStep::summed) continue;
        CAPTURE(loss);
        CAPTURE(int(kind));
        Sequential generator, discriminator;
        generator.add<Linear>(Shape{1, 4}, LinearOptions{.features = 4}, random_key);
        Spy& of_generator = generator.add<Spy>();
        generator.add<Reshape>(Shape{1, 2, 2});
        Spy& spy = discriminator.add<Spy>();
        discriminator.add<Flatten>();
        discriminator.add<Linear>(Shape{1, 4}, LinearOptions{.features = 1}, random_key);
        Recorder g(generator.parameters()), d(discriminator.parameters());
        TrainingStep step(generator, discriminator, g, d, loss_of(loss), {.discriminator_step = kind, .order = order});
        const Tensor none;
        const std::vector<Real> real = {0, 1, 2}, fake = {3, 4, 5, 6, 7}, answer = {8, 9};
        const Batch z{numbers({5, 4}), Tensor({5}, fake)};
        step({{{numbers({3, 1, 2, 2}), Tensor({3}, real)}, z}}, {numbers({2, 4}), Tensor({2}, answer)}, Random(1), 0);

        std::vector<std::vector<Real>> expected = {real, fake};
        if (kind == DiscriminatorStep::concatenated) expected = {{0, 1, 2, 3, 4, 5, 6, 7}};
        if (loss != "\"bce_with_logits\"" && kind != DiscriminatorStep::separate) expected.push_back(real);
        if (loss != "\"bce_with_logits\"" && kind == DiscriminatorStep::separate) continue;  // refused when it is read
        if (!at_once) expected.push_back(answer);
        std::vector<std::vector<Real>> got;
        for (const Tensor& labels : spy.labels) got.push_back(labels.numbers());
        CHECK(got == expected);
        CHECK(of_generator.labels[0].numbers() == fake);
        if (!at_once) CHECK(of_generator.labels[1].numbers() == answer);
      }
}

TEST_CASE("codes: a class and numbers, by the key") {
  Codes codes;
  codes.categorical = 4, codes.continuous = 2;
  CHECK(codes.size() == 6);
  const Tensor drawn = codes.draw(2000, Random(3));
  REQUIRE(drawn.shape() == Shape{2000, 6});
  std::vector<Index> counts(4);
  double sums[2] = {}, products = 0, lowest = 1, highest = -1;
  for (const Numbers& row : rows_of(drawn)) {
    Index ones = 0;
    for (Index k = 0; k < 4; ++k) {
      CHECK((row[k] == 0 || row[k] == 1));
      ones += row[k] == 1;
      counts[k] += row[k] == 1;
    }
    CHECK(ones == 1);
    for (Index k = 0; k < 2; ++k) {
      sums[k] += row[4 + k];
      lowest = std::min(lowest, row[4 + k]), highest = std::max(highest, row[4 + k]);
    }
    products += row[4] * row[5];
  }
  for (const Index count : counts) CHECK(std::abs(count - 500) < 4 * std::sqrt(2000 * 0.25 * 0.75));
  for (const double sum : sums) CHECK(std::abs(sum) < 4 * std::sqrt(2000 / 3.0));
  CHECK(std::abs(products) < 4 * std::sqrt(2000 / 9.0));  // the two have nothing in common
  CHECK(lowest >= -1);
  CHECK(lowest < -0.99);
  CHECK(highest < 1);
  CHECK(highest > 0.99);

  CHECK(codes.draw(2000, Random(3)).numbers() == drawn.numbers());
  CHECK(codes.draw(2000, Random(4)).numbers() != drawn.numbers());
  CHECK(codes.draw(5, Random(3)).numbers() == slice(drawn, 0, 0, 5).value().numbers());  // in any batch
  CHECK(codes.draw(5, Random(3), 7).numbers() == slice(drawn, 0, 7, 12).value().numbers());

  codes.continuous = 0;
  CHECK(codes.draw(3, Random(3)).shape() == Shape{3, 4});
  codes.categorical = 0, codes.continuous = 2;
  CHECK(codes.draw(3, Random(3)).shape() == Shape{3, 2});
}

TEST_CASE("codes: how badly they were found, by hand") {
  Codes codes;
  codes.categorical = 2, codes.continuous = 2;
  const Tensor wanted({2, 4}, {1, 0, Real(0.5), 1, 0, 1, -1, 0});
  const Tensor found({2, 4}, {0, 0, Real(1.5), 1, 3, 1, -1, 2});
  const double classes = (std::log(2.0) + std::log(1 + std::exp(2.0))) / 2;
  const double numbers = 0.5 * (1 + 0 + 0 + 4) / 4;
  CHECK(codes.loss(found, wanted).item() == doctest::Approx(classes + numbers).epsilon(10 * tolerance));
  codes.weight = 0.25;
  CHECK(codes.loss(found, wanted).item() == doctest::Approx((classes + numbers) / 4).epsilon(10 * tolerance));
  codes.weight = 1, codes.continuous = 0;
  CHECK(codes.loss(slice(found, 1, 0, 2), slice(wanted, 1, 0, 2).value()).item() ==
        doctest::Approx(classes).epsilon(10 * tolerance));
  codes.categorical = 0, codes.continuous = 2;
  CHECK(codes.loss(slice(found, 1, 2, 4), slice(wanted, 1, 2, 4).value()).item() ==
        doctest::Approx(numbers).epsilon(10 * tolerance));
}

TEST_CASE("codes: the gradient of generator and head is that of both losses, the discriminator's of its own") {
  TinyGame game;
  Codes codes;
  codes.categorical = 2, codes.continuous = 1, codes.weight = 0.75;
  codes.head = std::make_unique<Sequential>();
  codes.head->add<Linear>(Shape{1, TinyGame::hidden}, LinearOptions{.features = 3}, Random(8));
  Parameters learning = game.generator.parameters();
  for (Parameter* p : codes.head->parameters()) learning.push_back(p);
  Recorder of_generator(learning), of_discriminator(game.discriminator.parameters());
  TrainingStep step(game.generator, game.discriminator, of_generator, of_discriminator, loss_of("\"bce_with_logits\""),
                    {}, &codes);
  const Tensor z = concat({Random(2).normal({5, 1}), codes.draw(5, Random(2))}, 1).value(),
               real = numbers({3, 1, 2, 2});
  const Numbers d = numbers_of(game.discriminator.parameters()), all = numbers_of(learning);
  const StepResult result = step({{real, z}}, z, Random(1), 0);

  double plain_g = 0, plain_code = 0;
  const auto plain = [&](const Numbers& w) {
    plain_g = mean_of(rows_of(z), [&](const Numbers& z) {
      return plain_softplus(-game.plain_verdict(d, TinyGame::plain_picture(w, z))[0]);
    });
    plain_code = 0.75 * mean_of(rows_of(z), [&](const Numbers& z) {
                   const double *at = d.data(), *head = w.data() + 20;
                   Numbers h = TinyGame::plain_linear(TinyGame::plain_picture(w, z), TinyGame::hidden, at);
                   for (double& number : h) number = std::tanh(number);
                   const Numbers f = TinyGame::plain_linear(h, 3, head);
                   const double normaliser = std::log(std::exp(f[0]) + std::exp(f[1]));
                   return normaliser - z[1] * f[0] - z[2] * f[1] + 0.5 * (f[2] - z[3]) * (f[2] - z[3]);
                 });
    return plain_g + plain_code;
  };
  plain(all);
  const double near = sizeof(Real) == 8 ? 1e-8 : 5e-5;
  CHECK(result.generator_loss == doctest::Approx(plain_g).epsilon(near));
  CHECK(result.code_loss == doctest::Approx(plain_code).epsilon(near));
  CHECK(off(of_generator.gradient(0), differences(plain, all)) < near);

  Recorder without_codes(game.discriminator.parameters()), nobody(game.generator.parameters());
  TrainingStep plain_step(game.generator, game.discriminator, nobody, without_codes, loss_of("\"bce_with_logits\""),
                          {});
  plain_step({{real, z}}, z, Random(1), 0);
  CHECK(of_discriminator.gradient(0) == without_codes.gradient(0));
}

TEST_CASE("codes: generator and head learn that each can be found") {
  CodedGame game;
  Adam of_generator(game.learning(), {.learning_rate = 0.01}),
      of_discriminator(game.discriminator.parameters(), {.learning_rate = 0.001});
  TrainingStep step(game.generator, game.discriminator, of_generator, of_discriminator, loss_of("\"bce_with_logits\""),
                    {}, &game.codes);
  const auto [named_before, error_before] = game.found();
  for (Index number = 0; number < 400; ++number) {
    const Random random = Random(5)(number);
    step({{random("real").uniform({32, 1, 2, 2}, -1, 1), game.latents(32, random("d"))}}, game.latents(32, random("g")),
         random, number);
  }
  const auto [named, error] = game.found();
  CHECK(named_before < 0.7);
  CHECK(error_before > 0.2);  // a third, if it always says 0
  CHECK(named > 0.95);
  CHECK(error < 0.05);
}
