// Progress, by a clock that the test turns.
#include <doctest/doctest.h>

#include <limits>
#include <sstream>

#include "apps/common/progress.hpp"

using namespace tapestry;

namespace {

struct Bench {
  double time = 100;
  int width = 80;
  std::ostringstream out;

  Progress progress(bool terminal, Progress::Pace pace = {}) {
    return Progress(out, {terminal, [this] { return width; }}, pace, [this] { return time; });
  }
  std::string take() {
    std::string text = out.str();
    out.str("");
    return text;
  }
};

// 1000 pictures a step, 100 steps an epoch, 4 epochs.
Moment at(long step) {
  return {.epoch = (step - 1) / 100 + 1,
          .epochs = 4,
          .epoch_step = (step - 1) % 100 + 1,
          .epoch_steps = 100,
          .step = step,
          .steps = 400,
          .pictures = 1000 * step,
          .values = {{"d", 0.634}, {"D(x)", 0.5}}};
}

std::string erased(std::size_t length) { return "\r" + std::string(length, ' ') + "\r"; }

}  // namespace

TEST_CASE("in a pipe: plain lines, no more often than asked for") {
  Bench bench;
  Progress progress = bench.progress(false, {.seconds_per_line = 10, .steps_per_line = 0});
  progress.report(at(1));
  CHECK(bench.take() == "epoch 1/4  1/100  d 0.63  D(x) 0.50\n");
  for (long step = 2; step <= 5; ++step) {
    bench.time += 2;
    progress.report(at(step));
  }
  CHECK(bench.take() == "");
  bench.time += 2;
  progress.report(at(6));  // one step in 2 s: 500 pictures/s, and 394 more steps take 788 s
  CHECK(bench.take() == "epoch 1/4  6/100  d 0.63  D(x) 0.50  500 pictures/s  13:08 left\n");
  progress.report(at(7));
  progress.message("a word");
  CHECK(bench.take() == "a word\n");
  progress.finish();
  CHECK(bench.take().starts_with("epoch 1/4  7/100  "));
  progress.finish();
  CHECK(bench.take() == "");
}

TEST_CASE("in a pipe: one line each so many steps") {
  Bench bench;
  Progress progress = bench.progress(false, {.seconds_per_line = 0, .steps_per_line = 3});
  std::string steps_with_lines;
  for (long step = 1; step <= 8; ++step) {
    bench.time += 100;
    progress.report(at(step));
    if (!bench.take().empty()) steps_with_lines += std::to_string(step) + " ";
  }
  CHECK(steps_with_lines == "1 4 7 ");
}

TEST_CASE("on a terminal: one line, redrawn at most ten times a second") {
  Bench bench;
  const std::string first = "epoch 1/4  [>                             ] 1/100  d 0.63  D(x) 0.50";
  Progress progress = bench.progress(true);
  progress.report(at(1));
  CHECK(bench.take() == first);
  bench.time += 0.05;
  progress.report(at(2));
  CHECK(bench.take() == "");
  bench.time += 0.0625;
  progress.report(at(10));  // 9 steps in 0.1125 s: 80 steps a second, 390 to go
  const std::string tenth = "epoch 1/4  [=>           ] 10/100  d 0.63  D(x) 0.50  80,000 pictures/s  0:05 left";
  bench.width = 80;
  CHECK(bench.take().starts_with(erased(first.size())));
  bench.width = static_cast<int>(tenth.size()) + 1;
  bench.time += 0.125;
  progress.report(at(20));
  CHECK(bench.take().ends_with("epoch 1/4  [==>          ] 20/100  d 0.63  D(x) 0.50  80,000 pictures/s  0:05 left"));
  progress.finish();
  CHECK(bench.take() == "\n");
}

TEST_CASE("on a terminal: never wider than the screen allows") {
  Bench bench;
  Progress progress = bench.progress(true);
  progress.report(at(1));
  for (int width = 1; width < 120; ++width) {
    bench.width = width;
    bench.time += 1;
    bench.take();
    progress.report(at(width));
    const std::string text = bench.take();
    const std::string line = text.substr(text.rfind('\r') + 1);
    CHECK(line.size() <= static_cast<std::size_t>(std::max(width - 1, 1)));
    CHECK(line.find('\n') == std::string::npos);
    if (width > 60) CHECK(line.ends_with(" left"));
  }
}

TEST_CASE("on a terminal: eighty columns hold everything, written closer together") {
  Bench bench;
  Progress progress = bench.progress(true);
  Moment moment{.epoch = 12,
                .epochs = 12,
                .epoch_step = 125,
                .epoch_steps = 250,
                .step = 2875,
                .steps = 3000,
                .pictures = 184000,
                .values = {{"d", 0.77}, {"g", 1.61}, {"D(x)", 0.67}, {"D(G(z))", 0.25}}};
  progress.report(moment);
  bench.take();
  bench.time += 1;
  moment.epoch_step += 25, moment.step += 25, moment.pictures += 1600;
  progress.report(moment);
  const std::string line = bench.take();
  CHECK(line.ends_with("\repoch 12/12 [======>   ] d 0.77 g 1.61 D(x) 0.67 D(G(z)) 0.25 1,600/s 0:04 left"));
}

TEST_CASE("on a terminal: a message stands above the bar") {
  Bench bench;
  {
    Progress progress = bench.progress(true);
    progress.message("before");
    CHECK(bench.take() == "before\n");
    progress.report(at(1));
    const std::string bar = bench.take();
    progress.message("a word");
    CHECK(bench.take() == erased(bar.size()) + "a word\n" + bar);
    progress.report(at(2));
    CHECK(bench.take() == "");
    bench.time += 0.01;
  }
  CHECK(bench.take().find("] 2/100") != std::string::npos);
  CHECK(bench.out.str().empty());
}

TEST_CASE("the destructor shows the last moment and leaves a fresh line") {
  Bench bench;
  {
    Progress progress = bench.progress(true);
    progress.report(at(399));
    progress.report(at(400));
  }
  const std::string text = bench.take();
  CHECK(text.find("] 100/100") != std::string::npos);
  CHECK(text.find("[==============================]") != std::string::npos);
  CHECK(text.ends_with("\n"));
  { Progress silent = bench.progress(true); }
  CHECK(bench.take() == "");
}

TEST_CASE("the speed is that of the last seconds") {
  Bench bench;
  Progress progress = bench.progress(false, {.seconds_per_line = 1e-9, .steps_per_line = 0});
  for (long step = 1; step <= 10; ++step, bench.time += 10) progress.report(at(step));  // slow: a step in 10 s
  std::string line;
  for (long step = 11; step <= 40; ++step, bench.time += 0.5) {  // then fast: two steps a second
    bench.take();
    progress.report(at(step));
  }
  CHECK(bench.take().ends_with("2,000 pictures/s  3:00 left\n"));
}

TEST_CASE("numbers of every size, and those that are none") {
  Bench bench;
  Progress progress = bench.progress(false);
  Moment moment = at(1);
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  moment.values = {{"a", nan}, {"b", -nan},   {"c", infinity}, {"d", -infinity},
                   {"e", 0},   {"f", -1.005}, {"g", 123456},   {"h", 0.00012}};
  progress.report(moment);
  CHECK(bench.take() == "epoch 1/4  1/100  a nan  b nan  c inf  d -inf  e 0.00  f -1.00  g 1.2e+05  h 1.2e-04\n");
}

TEST_CASE("time left is shown in hours where it takes hours") {
  Bench bench;
  Progress progress = bench.progress(false, {.seconds_per_line = 1, .steps_per_line = 0});
  progress.report(at(1));
  bench.time += 60;
  progress.report(at(2));  // 398 steps of a minute each
  CHECK(bench.take().ends_with("  17 pictures/s  6:38:00 left\n"));
}
