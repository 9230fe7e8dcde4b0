// Every kernel, forward and gradient, against plain loops over doubles, on shapes that fill no vector and no block and on drawn ones. Prints a hash of
// the results of each shape, to be compared between numbers of threads.
//
//   kernels THREADS DRAWN [SEED]
//
// Ends with 1 where a result is wrong, and by a signal where memory is touched that is nobody's.
#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <random>
#include <string>

#include "memory.h"
#include "references.h"

namespace roentgen {
namespace {

constexpr double kTolerance = 5e-6;  // of the largest value
constexpr double kRounded = 2e-2;    // where softmax and its gradient are rounded to bfloat16 too, which the reference's are not, and terms cancel

int threads = 1;
int failures = 0;
std::mt19937_64 draw;

int64_t below(int64_t count) { return int64_t(draw() % uint64_t(count)); }

// Normally distributed values.
Array<float> values(int64_t count, float offset = 0, float factor = 1) {
  std::normal_distribution<float> normal;
  Array<float> made(count);
  for (int64_t i = 0; i < count; i++) made[i] = offset + factor * normal(draw);
  return made;
}

// The results of one shape.
class Results {
 public:
  explicit Results(std::string name) : name_(std::move(name)) {
    std::printf("%s: ", name_.c_str());
    std::fflush(stdout);  // the kernel may end the program
  }
  ~Results() { std::printf("%016" PRIx64 "\n", hash_); }

  // `least`: rounding is relative to at least this, where what is wanted is a small difference of larger terms.
  void expect(const char* what, const Array<float>& got, const Doubles& want, double least = 1e-4, double tolerance = kTolerance) {
    double worst = 0, largest = least;
    for (int64_t i = 0; i < got.count(); i++) {
      const double difference = std::fabs(got[i] - want[i]);
      worst = difference <= worst ? worst : std::isnan(difference) ? INFINITY : difference;
      largest = std::fmax(largest, std::fabs(want[i]));
    }
    if (int64_t(want.size()) != got.count() || worst > tolerance * largest) fail(what, worst / largest);
    add(got);
  }

  void same(const char* what, const Array<float>& got, const Array<float>& want) {
    if (got.count() > 0 && std::memcmp(got, want, size_t(got.count()) * sizeof(float)) != 0) fail(what, 0);
  }

  void add(const Array<float>& got) {
    for (int64_t i = 0; i < got.count(); i++) {
      uint32_t bits;
      std::memcpy(&bits, got + i, sizeof bits);
      hash_ = (hash_ ^ bits) * 0x100000001b3;
    }
  }

 private:
  void fail(const char* what, double by) {
    failures++;
    std::fprintf(stderr, "%s: %s is wrong by %g of the largest\n", name_.c_str(), what, by);
  }

  std::string name_;
  uint64_t hash_ = 0xcbf29ce484222325;
};

std::string text(const char* format, ...) __attribute__((format(printf, 1, 2)));
std::string text(const char* format, ...) {
  char line[200];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  return line;
}

void checkGroupNorm(const GroupNormShape& s, float offset) {
  Results results(text("groupNorm [%" PRId64 ", %" PRId64 ", %" PRId64 "], %d groups%s", s.images, s.positions, s.channels, s.groups, s.silu ? ", silu" : ""));
  const int64_t size = s.images * s.positions * s.channels;
  const auto x = values(size, offset), dy = values(size), weight = values(s.channels, 1), bias = values(s.channels);
  const float eps = 1e-5f;
  const NormReference want = groupNormReference(s, dy, x, weight, bias, eps);
  Array<float> y(size), dx(size), dWeight(s.channels), dBias(s.channels);
  Array<GroupStatistics> statistics(s.images * s.groups);
  TestContext forward(threads), backward(threads), inPlace(threads);
  groupNorm(forward, s, x, weight, bias, eps, y, statistics);
  groupNormGradient(backward, s, dy, x, weight, bias, statistics, dx, dWeight, dBias);
  results.expect("y", y, want.y);
  results.expect("dx", dx, want.dx, want.terms);
  results.expect("dWeight", dWeight, want.dWeight);
  results.expect("dBias", dBias, want.dBias);
  const Array<float> over = dy.copy();
  groupNormGradient(inPlace, s, over, x, weight, bias, statistics, over, dWeight, dBias);
  results.same("dx over dy", over, dx);
}

void checkLayerNorm(int64_t rows, int64_t width, float offset) {
  Results results(text("layerNorm [%" PRId64 ", %" PRId64 "]", rows, width));
  const auto x = values(rows * width, offset), dy = values(rows * width), weight = values(width, 1), bias = values(width);
  const float eps = 1e-5f;
  const NormReference want = layerNormReference(rows, width, dy, x, weight, bias, eps);
  Array<float> y(rows * width), dx(rows * width), dWeight(width), dBias(width);
  Array<RowStatistics> statistics(rows);
  TestContext forward(threads), backward(threads), inPlace(threads);
  layerNorm(forward, rows, width, x, weight, bias, eps, y, statistics);
  layerNormGradient(backward, rows, width, dy, x, weight, statistics, dx, dWeight, dBias);
  results.expect("y", y, want.y);
  results.expect("dx", dx, want.dx, want.terms);
  results.expect("dWeight", dWeight, want.dWeight);
  results.expect("dBias", dBias, want.dBias);
  const Array<float> over = dy.copy();
  layerNormGradient(inPlace, rows, width, over, x, weight, statistics, over, dWeight, dBias);
  results.same("dx over dy", over, dx);
}

constexpr double kTerms = .1;  // a slope is a difference of terms of about this size, which may be all there is of a small tensor

void checkActivation(int kind, int64_t size) {
  Results results(text("activation %d [%" PRId64 "]", kind, size));
  const auto x = values(size, 0, 3), dy = values(size);
  const ActivationReference want = activationReference(Activation(kind), size, dy, x);
  Array<float> y(size), dx(size);
  TestContext forward(threads), backward(threads), inPlace(threads);
  activation(forward, Activation(kind), size, x, y);
  activationGradient(backward, Activation(kind), size, dy, x, dx);
  results.expect("y", y, want.y);
  results.expect("dx", dx, want.dx, kTerms);
  const Array<float> over = dy.copy();
  activationGradient(inPlace, Activation(kind), size, over, x, over);
  results.same("dx over dy", over, dx);
}

void checkGeglu(int64_t rows, int64_t width) {
  Results results(text("geglu [%" PRId64 ", %" PRId64 "]", rows, 2 * width));
  const auto x = values(rows * 2 * width, 0, 3), dy = values(rows * width);
  const GegluReference want = gegluReference(rows, width, dy, x);
  Array<float> y(rows * width), dx(rows * 2 * width);
  TestContext forward(threads), backward(threads);
  geglu(forward, rows, width, x, y);
  gegluGradient(backward, rows, width, dy, x, dx);
  results.expect("y", y, want.y);
  results.expect("dx", dx, want.dx, kTerms);
}

// `masked` says for images, heads, queries and keys whether the mask has a value for each, or one for all; null where there is no mask.
void checkAttention(const AttentionShape& s, const bool* masked) {
  std::string mask = masked == nullptr ? "" : ", mask by";
  for (int d = 0; masked != nullptr && d < 4; d++)
    if (masked[d]) mask += std::string(" ") + "bhqk"[d];
  Results results(text("attention of %" PRId64 " x %" PRId64 " to %" PRId64 ", %" PRId64 " heads of %" PRId64 "%s%s", s.batch, s.queries, s.keys, s.heads,
                       s.width, mask.c_str(), s.bfloat16 ? ", bfloat16" : ""));
  const double tolerance = s.bfloat16 ? kRounded : kTolerance;
  const int64_t width = s.heads * s.width, ofQueries = s.batch * s.queries * width, ofKeys = s.batch * s.keys * width;
  const auto q = values(ofQueries), k = values(ofKeys), v = values(ofKeys), dy = values(ofQueries);
  AttentionMask added{nullptr, 0, 0, 0, 0};
  int64_t count = 1;
  if (masked != nullptr) {
    added.key = masked[3] ? count : 0;
    count *= masked[3] ? s.keys : 1;
    added.query = masked[2] ? count : 0;
    count *= masked[2] ? s.queries : 1;
    added.head = masked[1] ? count : 0;
    count *= masked[1] ? s.heads : 1;
    added.image = masked[0] ? count : 0;
    count *= masked[0] ? s.batch : 1;
  }
  const Array<float> data = values(count);
  // Some keys are hidden, but never all of a query's.
  if (added.key != 0)
    for (int64_t i = 0; i < count; i++)
      if (i % s.keys != 0 && below(4) == 0) data[i] = below(2) ? -INFINITY : -1e9f;
  if (masked != nullptr) added.data = data;
  const auto multiplied = [&](const Array<float>& values) { return roundedWhere(s.bfloat16, values, values.count()); };
  Array<float> scaled = k.copy();
  for (int64_t i = 0; i < ofKeys; i++) scaled[i] *= s.scale;  // keys are scaled before they are rounded
  Singles ofDy = multiplied(dy), ofQ = multiplied(q), ofK = multiplied(scaled), ofV = multiplied(v);
  for (float& value : ofK) value /= s.scale;
  const AttentionReference want = attentionReference(s, ofDy.data(), ofQ.data(), ofK.data(), ofV.data(), added);
  Array<float> out(ofQueries), dq(ofQueries), dk(ofKeys), dv(ofKeys);
  Array<SoftmaxStatistics> statistics(s.batch * s.heads * s.queries);
  TestContext forward(threads), backward(threads);
  attention(forward, s, q, k, v, added, out, statistics);
  attentionGradient(backward, s, dy, q, k, v, added, out, statistics, dq, dk, dv);
  results.expect("out", out, want.out, 1e-4, tolerance);
  results.expect("dq", dq, want.dq, want.dqTerms, tolerance);
  results.expect("dk", dk, want.dk, want.dkTerms, tolerance);
  results.expect("dv", dv, want.dv, 1e-4, tolerance);
}

void checkAttention(AttentionShape s) {
  for (const bool bfloat16 : {false, true}) {
    s.bfloat16 = bfloat16;
    checkAttention(s, nullptr);
  }
}

void checkProduct(const ProductShape& s, bool biased) {
  Results results(text("product [%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 "] to %" PRId64 ", %d taps%s%s", s.images, s.height, s.width, s.in, s.out,
                       s.taps, biased ? ", bias" : "", s.bfloat16 ? ", bfloat16" : ""));
  const int64_t pixels = s.pixels(), size = s.taps * s.in * s.out;
  const auto x = values(pixels * s.in), dy = values(pixels * s.out), weight = values(size), bias = values(biased ? s.out : 0);
  const float* added = biased ? bias.data() : nullptr;
  const auto multiplied = [&](const Array<float>& values) { return roundedWhere(s.bfloat16, values, values.count()); };
  const Singles ofX = multiplied(x), ofDy = multiplied(dy), ofWeight = multiplied(weight);
  ProductReference want = productReference(s, ofDy.data(), ofX.data(), ofWeight.data(), added);
  want.dBias = columnSums(dy, pixels, s.out);
  Array<float> y(pixels * s.out), dx(pixels * s.in), dWeight(size), dBias(s.out);
  TestContext forward(threads), toInput(threads), toWeight(threads);
  product(forward, s, x, weight, added, y);
  productInputGradient(toInput, s, dy, weight, dx);
  productWeightGradient(toWeight, s, dy, x, dWeight, dBias);
  results.expect("y", y, want.y);
  results.expect("dx", dx, want.dx);
  results.expect("dWeight", dWeight, want.dWeight);
  results.expect("dBias", dBias, want.dBias);
}

void checkProduct(ProductShape s) {
  for (const bool bfloat16 : {false, true}) {
    s.bfloat16 = bfloat16;
    for (const bool biased : {false, true}) checkProduct(s, biased);
  }
}

void checkAdamW(const std::vector<int64_t>& sizes, bool averaged, bool active) {
  std::string name = text("adamW of %zu%s%s:", sizes.size(), averaged ? ", averaged" : "", active ? "" : ", not active");
  for (int64_t size : sizes) name += " " + std::to_string(size);
  Results results(name);
  const AdamWScalars scalars{active, .5f, .9f, .99f, 1e-4f, .7f};
  std::vector<Array<float>> arrays;  // of each leaf: parameter, moments, average, gradient
  std::vector<Doubles> want;
  std::vector<AdamWLeaf> leaves;
  Doubles wantSquares;
  std::vector<const float*> params;
  for (int64_t size : sizes) {
    const float rate = float(1 + below(9)) * 1e-3f, decay = float(below(3)) * 1e-2f;
    Array<float> param = values(size), m = values(size, 0, .1f), v = values(size, 0, .1f), average = values(averaged ? size : 0), grad = values(size);
    Doubles p1(size), m1(size), v1(size), a1(averaged ? size : 0);
    double squares = 0;
    for (int64_t i = 0; i < size; i++) {
      v[i] = std::fabs(v[i]);
      const double g = double(grad[i]) * scalars.scale;
      m1[i] = active ? m[i] + (1 - double(scalars.beta1)) * (g - m[i]) : m[i];
      v1[i] = active ? v[i] + (1 - double(scalars.beta2)) * (g * g - v[i]) : v[i];
      p1[i] = active ? param[i] * (1 - double(decay)) - rate * m1[i] / (std::sqrt(v1[i]) + scalars.epsilon) : param[i];
      if (averaged) a1[i] = active ? average[i] + (1 - double(scalars.averaging)) * (p1[i] - average[i]) : average[i];
      squares += p1[i] * p1[i];
    }
    wantSquares.push_back(squares);
    leaves.push_back({param, m, v, averaged ? average.data() : nullptr, grad, size, rate, decay});
    params.push_back(param);
    for (Doubles* expected : {&p1, &m1, &v1, &a1}) want.push_back(std::move(*expected));
    for (Array<float>* array : {&param, &m, &v, &average, &grad}) arrays.push_back(std::move(*array));
  }
  const int64_t count = int64_t(sizes.size());
  Array<float> squares(count), again(count);
  TestContext update(threads), sums(threads);
  adamW(update, leaves.data(), count, scalars, squares);
  sumsOfSquares(sums, params.data(), sizes.data(), count, again);
  const char* names[] = {"param", "m", "v", "average"};
  for (size_t i = 0; i < sizes.size(); i++)
    for (size_t j = 0; j < 4; j++) results.expect(names[j], arrays[5 * i + j], want[4 * i + j]);
  results.expect("squares", squares, wantSquares);
  results.same("sumsOfSquares", again, squares);
}

// Shapes of which each is the least that takes some path: several pieces, blocks, chunks, splits, or none at all.
void checkChosen() {
  for (const bool silu : {false, true}) {
    checkGroupNorm({3, 15, 6, 2, silu}, .5f);
    checkGroupNorm({1, 1, 10, 2, silu}, .5f);
    checkGroupNorm({1, 66, 40, 4, silu}, 100);
    checkGroupNorm({2, 300, 320, 32, silu}, .5f);
    checkGroupNorm({1, 1000, 33, 3, silu}, .5f);
    checkGroupNorm({0, 4, 16, 2, silu}, 0);
    checkGroupNorm({2, 0, 16, 2, silu}, 0);
    checkGroupNorm({2, 3, 1, 1, silu}, 0);
  }
  checkLayerNorm(7, 10, .5f);
  checkLayerNorm(99, 320, 5);
  checkLayerNorm(1, 6, .5f);
  checkLayerNorm(1300, 40, .5f);
  checkLayerNorm(0, 40, 0);
  checkLayerNorm(5, 1, 0);
  for (int kind = 0; kind < 4; kind++)
    for (const int64_t size : {0, 1, 7, 16, 1000, 16384, 50001}) checkActivation(kind, size);
  checkGeglu(7, 6);
  checkGeglu(66, 20);
  checkGeglu(99, 320);
  checkGeglu(1, 20000);
  checkGeglu(0, 8);
  checkAttention({3, 9, 7, 3, 5, .4f});
  checkAttention({1, 100, 77, 8, 40, .15f});
  checkAttention({1, 257, 129, 1, 80, .1f});
  checkAttention({2, 200, 300, 2, 16, .25f});
  checkAttention({1, 1, 1, 1, 1, 1});
  checkAttention({2, 0, 3, 2, 8, 1});
  checkAttention({1, 500, 400, 1, 3, .5f});
  for (int kinds = 0; kinds < 16; kinds++) {
    const bool masked[] = {(kinds & 8) != 0, (kinds & 4) != 0, (kinds & 2) != 0, (kinds & 1) != 0};
    for (const bool bfloat16 : {false, true}) checkAttention({2, 50, 131, 3, 5, .4f, bfloat16}, masked);
  }
  checkProduct({1, 1, 5, 1, 16, 48});
  checkProduct({1, 1, 231, 1, 128, 320});
  checkProduct({1, 1, 1100, 1, 64, 16});
  checkProduct({1, 1, 97, 1, 528, 80});
  checkProduct({1, 5, 7, 9, 16, 32});
  checkProduct({3, 16, 16, 9, 64, 80});
  checkProduct({1, 1, 1, 9, 32, 16});
  checkProduct({1, 33, 2, 9, 48, 64});
  checkProduct({2, 9, 11, 9, 272, 16});
  checkProduct({1, 40, 41, 9, 16, 16});
  checkProduct({1, 1, 0, 1, 16, 16});
  checkProduct({2, 5, 3, 9, 16, 16});
  for (const bool averaged : {false, true})
    for (const bool active : {false, true}) {
      checkAdamW({1, 7, 16384, 0, 16385, 70001, 33}, averaged, active);
      checkAdamW({}, averaged, active);
    }
}

// Between 1 and `limit`, often beside a multiple of what vectors and blocks hold.
int64_t size(int64_t limit) {
  constexpr int64_t blocks[] = {1, 8, 16, 24, 48, 64, 96, 128, 256};
  for (;;) {
    const int64_t drawn = blocks[below(9)] * (1 + below(4)) + below(3) - 1;
    if (drawn >= 1 && drawn <= limit) return drawn;
  }
}

void checkDrawn() {
  constexpr int64_t kMost = 3000000;  // products of a shape, for the sake of time
  switch (below(7)) {
    case 0: {
      const int64_t groups = 1 + below(8), channels = groups * size(70), positions = size(1000);
      if (positions * channels < kMost / 10) checkGroupNorm({1 + below(3), positions, channels, int(groups), below(2) == 0}, float(below(3)) * 10);
      return;
    }
    case 1: {
      // In a row of two or three values the spread may be as small as the rounding of their mean.
      const int64_t rows = size(1100), width = 3 + size(600);
      if (rows * width < kMost / 5) checkLayerNorm(rows, width, float(below(3)));
      return;
    }
    case 2: return checkGeglu(size(300), size(1000));
    case 5: return checkActivation(int(below(4)), size(1000) * size(50));
    case 3: {
      const AttentionShape s{1 + below(3), size(300), size(300), 1 + below(4), size(100), float(1 + below(8)) / 16, below(2) == 0};
      const bool masked[] = {below(2) == 0, below(2) == 0, below(2) == 0, below(2) == 0};
      if (s.batch * s.heads * s.queries * s.keys * s.width < kMost) checkAttention(s, below(2) ? masked : nullptr);
      return;
    }
    case 4: {
      const int taps = below(2) ? 9 : 1;
      ProductShape s{1 + below(3), taps == 9 ? size(40) : 1, size(taps == 9 ? 40 : 1100), taps, 16 * (1 + below(20)), 16 * (1 + below(20)), below(2) == 0};
      if (s.images * s.height * s.width * taps * s.in * s.out < kMost) checkProduct(s, below(2) == 0);
      return;
    }
    default: {
      std::vector<int64_t> sizes;
      for (int64_t i = below(9); i >= 0; i--) sizes.push_back(below(8) ? size(1000) : below(100000));
      return checkAdamW(sizes, below(2) == 0, below(8) != 0);
    }
  }
}

}  // namespace
}  // namespace roentgen

int main(int count, char** arguments) {
  using namespace roentgen;
  if (count < 3) return 2;
  threads = std::atoi(arguments[1]);
  draw.seed(7);
  checkChosen();
  const uint64_t seed = count > 3 ? uint64_t(std::atoll(arguments[3])) : 1;
  for (int i = 0; i < std::atoi(arguments[2]); i++) {
    draw.seed(seed * 1000003 + uint64_t(i));
    checkDrawn();
  }
  return failures == 0 ? 0 : 1;
}
