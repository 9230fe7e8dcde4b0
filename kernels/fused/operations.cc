// The operations: their inputs, outputs and attributes, and the kernels that they call.
#include "operations.h"

#include "kernels.h"
#include "operation.h"

namespace roentgen {
namespace {

struct GroupNormOp {
  int groups;
  float eps;
  bool silu;
  explicit GroupNormOp(Attributes& a) : groups(a.integer("groups")), eps(a.number("eps")), silu(a.flag("silu")) {}

  static GroupNormShape shapeOf(const Shape& x, int groups, bool silu) {
    if (x.size() < 2 || groups < 1 || x.back() < 1 || x.back() % groups != 0) throw std::invalid_argument("groups must divide the channels of [B, ..., C]");
    int64_t positions = 1;
    for (size_t i = 1; i + 1 < x.size(); i++) positions *= x[i];
    return {x[0], positions, x.back(), groups, silu};
  }

  static_assert(sizeof(GroupStatistics) == 3 * sizeof(float), "statistics are an output of floats");

  void run(Call& call) const {
    const Input x = call.input(0);
    const GroupNormShape shape = shapeOf(x.shape, groups, silu);
    const float *weight = call.input(1, shape.channels), *bias = call.input(2, shape.channels);
    float* statistics = call.output(1, {shape.images, groups, 3});
    groupNorm(call, shape, x.data, weight, bias, eps, call.output(0, x.shape), reinterpret_cast<GroupStatistics*>(statistics));
  }
};

struct GroupNormGradientOp {
  int groups;
  bool silu;
  explicit GroupNormGradientOp(Attributes& a) : groups(a.integer("groups")), silu(a.flag("silu")) {}

  void run(Call& call) const {
    const Input x = call.input(1);
    const GroupNormShape shape = GroupNormOp::shapeOf(x.shape, groups, silu);
    const float *dy = call.input(0, x.size()), *weight = call.input(2, shape.channels), *bias = call.input(3, shape.channels);
    const auto* statistics = reinterpret_cast<const GroupStatistics*>(call.input(4, shape.images * groups * 3));
    float* dx = call.outputOver(0, 0, x.shape);
    groupNormGradient(call, shape, dy, x.data, weight, bias, statistics, dx, call.output(1, {shape.channels}), call.output(2, {shape.channels}));
  }
};

struct LayerNormOp {
  float eps;
  explicit LayerNormOp(Attributes& a) : eps(a.number("eps")) {}

  void run(Call& call) const {
    const Input x = call.input(0);
    const int64_t width = x.width(), rows = x.size() / (width > 0 ? width : 1);
    const float *weight = call.input(1, width), *bias = call.input(2, width);
    float* statistics = call.output(1, {rows, 2});
    layerNorm(call, rows, width, x.data, weight, bias, eps, call.output(0, x.shape), reinterpret_cast<RowStatistics*>(statistics));
  }
};

struct LayerNormGradientOp {
  explicit LayerNormGradientOp(Attributes&) {}

  void run(Call& call) const {
    const Input x = call.input(1);
    const int64_t width = x.width(), rows = x.size() / (width > 0 ? width : 1);
    const float *dy = call.input(0, x.size()), *weight = call.input(2, width);
    const auto* statistics = reinterpret_cast<const RowStatistics*>(call.input(3, rows * 2));
    float* dx = call.outputOver(0, 0, x.shape);
    layerNormGradient(call, rows, width, dy, x.data, weight, statistics, dx, call.output(1, {width}), call.output(2, {width}));
  }
};

Activation activationOf(Attributes& a) {
  const int kind = a.integer("kind");
  if (kind < 0 || kind > int(Activation::geluTanh)) throw std::invalid_argument("there is no activation of this kind");
  return Activation(kind);
}

struct ActivationOp {
  Activation kind;
  explicit ActivationOp(Attributes& a) : kind(activationOf(a)) {}

  void run(Call& call) const {
    const Input x = call.input(0);
    activation(call, kind, x.size(), x.data, call.output(0, x.shape));
  }
};

struct ActivationGradientOp {
  Activation kind;
  explicit ActivationGradientOp(Attributes& a) : kind(activationOf(a)) {}

  void run(Call& call) const {
    const Input x = call.input(1);
    const float* dy = call.input(0, x.size());
    activationGradient(call, kind, x.size(), dy, x.data, call.outputOver(0, 0, x.shape));
  }
};

struct GegluOp {
  explicit GegluOp(Attributes&) {}

  void run(Call& call) const {
    const Input x = call.input(0);
    Shape shape = x.shape;
    if (shape.empty() || shape.back() % 2 != 0) throw std::invalid_argument("the last dimension must be even: values, then gates");
    shape.back() /= 2;
    const int64_t width = shape.back(), rows = sizeOf(shape) / (width > 0 ? width : 1);
    geglu(call, rows, width, x.data, call.output(0, shape));
  }
};

struct GegluGradientOp {
  explicit GegluGradientOp(Attributes&) {}

  void run(Call& call) const {
    const Input x = call.input(1);
    const int64_t width = x.width() / 2, rows = x.size() / (width > 0 ? 2 * width : 1);
    gegluGradient(call, rows, width, call.input(0, rows * width), x.data, call.output(0, x.shape));
  }
};

// Inputs of both directions: q, k, v from `from`, and behind them none or one mask, [B or 1, heads or 1, Lq or 1, Lk or 1].
struct AttentionInputs {
  Input q, k, v;
  AttentionShape shape;
  AttentionMask mask{nullptr, 0, 0, 0, 0};

  AttentionInputs(Call& call, int from, int maskAt, bool masked, int heads, float scale, bool bfloat16)
      : q(call.input(from)), k(call.input(from + 1)), v(call.input(from + 2)) {
    if (q.shape.size() != 3 || k.shape.size() != 3 || k.shape != v.shape || q.shape[0] != k.shape[0] || q.shape[2] != k.shape[2] || heads < 1 ||
        q.shape[2] % heads != 0)
      throw std::invalid_argument("expected q [B, Lq, C], k and v [B, Lk, C], and heads that divide C");
    shape = {q.shape[0], q.shape[1], k.shape[1], heads, q.shape[2] / heads, scale, bfloat16};
    if (!masked) return;
    const Input given = call.input(maskAt);
    const Shape full = {shape.batch, shape.heads, shape.queries, shape.keys};
    if (given.shape.size() != 4) throw std::invalid_argument("expected a mask of four dimensions");
    int64_t steps[4], step = 1;
    for (int d = 3; d >= 0; d--) {
      if (given.shape[d] != 1 && given.shape[d] != full[d]) throw std::invalid_argument("the mask does not fit the scores");
      steps[d] = given.shape[d] == 1 ? 0 : step;
      step *= given.shape[d];
    }
    mask = {given.data, steps[0], steps[1], steps[2], steps[3]};
  }
};

struct AttentionOp {
  int heads, masks;
  float scale;
  bool bfloat16;
  explicit AttentionOp(Attributes& a) : heads(a.integer("heads")), masks(a.integer("N")), scale(a.number("scale")), bfloat16(a.flag("bf16")) {}

  void run(Call& call) const {
    const AttentionInputs in(call, 0, 3, masks > 0, heads, scale, bfloat16);
    float* statistics = call.output(1, {in.shape.batch, heads, in.shape.queries, 2});
    attention(call, in.shape, in.q.data, in.k.data, in.v.data, in.mask, call.output(0, in.q.shape),
              reinterpret_cast<SoftmaxStatistics*>(statistics));
  }
};

struct AttentionGradientOp {
  int heads, masks;
  float scale;
  bool bfloat16;
  explicit AttentionGradientOp(Attributes& a)
      : heads(a.integer("heads")), masks(a.integer("N")), scale(a.number("scale")), bfloat16(a.flag("bf16")) {}

  void run(Call& call) const {
    const AttentionInputs in(call, 1, 6, masks > 0, heads, scale, bfloat16);
    const float *dy = call.input(0, in.q.size()), *y = call.input(4, in.q.size());
    const auto* statistics = reinterpret_cast<const SoftmaxStatistics*>(call.input(5, in.shape.batch * heads * in.shape.queries * 2));
    attentionGradient(call, in.shape, dy, in.q.data, in.k.data, in.v.data, in.mask, y, statistics, call.output(0, in.q.shape),
                      call.output(1, in.k.shape), call.output(2, in.k.shape));
  }
};

// x [..., in] as images: of a linear layer one image with all rows. Weights have `taps` matrices.
ProductShape productShape(const Shape& x, int taps, int64_t out, bool bfloat16) {
  if (x.empty() || (taps != 1 && taps != 9) || (taps == 9 && x.size() != 4)) throw std::invalid_argument("expected [..., in], or images and 9 taps");
  if (x.back() % 16 != 0 || out % 16 != 0 || x.back() < 16 || out < 16) throw std::invalid_argument("widths must be multiples of 16");
  if (taps == 9) return {x[0], x[1], x[2], taps, x[3], out, bfloat16};
  return {1, 1, sizeOf(x) / x.back(), taps, x.back(), out, bfloat16};
}

Shape withWidth(Shape shape, int64_t width) {
  shape.back() = width;
  return shape;
}

// x, the weights [in, out] or [3, 3, in, out], and none or one bias.
struct ProductOp {
  int biases;
  bool bfloat16;
  explicit ProductOp(Attributes& a) : biases(a.integer("N")), bfloat16(a.flag("bf16")) {}

  void run(Call& call) const {
    const Input x = call.input(0), weight = call.input(1);
    const ProductShape shape = productShape(x.shape, weight.shape.size() == 4 ? 9 : 1, weight.width(), bfloat16);
    call.input(1, shape.taps * shape.in * shape.out);
    const float* bias = biases > 0 ? call.input(2, shape.out) : nullptr;
    product(call, shape, x.data, weight.data, bias, call.output(0, withWidth(x.shape, shape.out)));
  }
};

struct ProductInputGradientOp {
  bool bfloat16;
  explicit ProductInputGradientOp(Attributes& a) : bfloat16(a.flag("bf16")) {}

  void run(Call& call) const {
    const Input dy = call.input(0), weight = call.input(1);
    if (weight.shape.size() < 2) throw std::invalid_argument("expected weights [in, out] or [3, 3, in, out]");
    const int64_t in = weight.shape[weight.shape.size() - 2];
    const Shape x = withWidth(dy.shape, in);
    const ProductShape shape = productShape(x, weight.shape.size() == 4 ? 9 : 1, dy.width(), bfloat16);
    call.input(1, shape.taps * shape.in * shape.out);
    productInputGradient(call, shape, dy.data, weight.data, call.output(0, x));
  }
};

struct ProductWeightGradientOp {
  int taps;
  bool bfloat16;
  explicit ProductWeightGradientOp(Attributes& a) : taps(a.integer("taps")), bfloat16(a.flag("bf16")) {}

  void run(Call& call) const {
    const Input dy = call.input(0), x = call.input(1);
    const ProductShape shape = productShape(x.shape, taps, dy.width(), bfloat16);
    call.input(0, shape.pixels() * shape.out);
    const Shape weight = taps == 9 ? Shape{3, 3, shape.in, shape.out} : Shape{shape.in, shape.out};
    productWeightGradient(call, shape, dy.data, x.data, call.output(0, weight), call.output(1, {shape.out}));
  }
};

struct SumsOfSquaresOp {
  explicit SumsOfSquaresOp(Attributes&) {}

  void run(Call& call) const {
    const int count = call.count();
    std::vector<const float*> tensors;
    std::vector<int64_t> sizes;
    for (int i = 0; i < count; i++) {
      const Input x = call.input(i);
      tensors.push_back(x.data);
      sizes.push_back(x.size());
    }
    sumsOfSquares(call, tensors.data(), sizes.data(), count, call.output(0, {count}));
  }
};

// Variables first: `N` parameters, as many first and second moments, and `E` moving averages, which is as many or none. Then the gradients and
// [active, scale, beta1, beta2, epsilon, averaging], and the rates and decays of the groups, of which `groups` has one for each parameter.
struct AdamWOp {
  int count, averages;
  std::vector<int64_t> groups;
  explicit AdamWOp(Attributes& a) : count(a.integer("N")), averages(a.integer("E")), groups(a.integers("groups")) {}

  void run(Call& call) const {
    if (int(groups.size()) != count || (averages != 0 && averages != count)) throw std::invalid_argument("expected one group and one average for each");
    const int grads = 3 * count + averages;
    const float* s = call.input(grads + count, 6);
    const Input rates = call.input(grads + count + 1);
    const float* decays = call.input(grads + count + 2, rates.size());
    std::vector<AdamWLeaf> leaves;
    for (int i = 0; i < count; i++) {
      const Input grad = call.input(grads + i);
      if (groups[i] < 0 || groups[i] >= rates.size()) throw std::invalid_argument("a group has no rate");
      const auto values = [&](int at) { return call.variable(at, grad.size()); };
      leaves.push_back({values(i), values(count + i), values(2 * count + i), averages ? values(3 * count + i) : nullptr, grad.data, grad.size(),
                        rates.data[groups[i]], decays[groups[i]]});
    }
    adamW(call, leaves.data(), count, {s[0] != 0, s[1], s[2], s[3], s[4], s[5]}, call.output(0, {count}));
  }
};

}  // namespace

void registerOperations() {
  add<GroupNormOp, 0, -1>({"RoentgenGroupNorm",
                           {"x: float", "weight: float", "bias: float"},
                           {"y: float", "statistics: float"},
                           {"groups: int", "eps: float", "silu: bool"}});
  add<GroupNormGradientOp, 1, 2, 3>({"RoentgenGroupNormGradient",
                                     {"dy: float", "x: float", "weight: float", "bias: float", "statistics: float"},
                                     {"dx: float", "dweight: float", "dbias: float"},
                                     {"groups: int", "silu: bool"}});
  add<LayerNormOp, 0, -1>(
      {"RoentgenLayerNorm", {"x: float", "weight: float", "bias: float"}, {"y: float", "statistics: float"}, {"eps: float"}});
  add<LayerNormGradientOp, 1, 2, 2>({"RoentgenLayerNormGradient",
                                     {"dy: float", "x: float", "weight: float", "statistics: float"},
                                     {"dx: float", "dweight: float", "dbias: float"},
                                     {}});
  add<ActivationOp, 0>({"RoentgenActivation", {"x: float"}, {"y: float"}, {"kind: int"}});
  add<ActivationGradientOp, 1>({"RoentgenActivationGradient", {"dy: float", "x: float"}, {"dx: float"}, {"kind: int"}});
  add<GegluOp, -1>({"RoentgenGeglu", {"x: float"}, {"y: float"}, {}});
  add<GegluGradientOp, 1>({"RoentgenGegluGradient", {"dy: float", "x: float"}, {"dx: float"}, {}});
  add<AttentionOp, 0, -1>({"RoentgenAttention",
                           {"q: float", "k: float", "v: float", "mask: N * float"},
                           {"y: float", "statistics: float"},
                           {"heads: int", "scale: float", "N: int >= 0", "bf16: bool"}});
  add<AttentionGradientOp, 1, 2, 3>({"RoentgenAttentionGradient",
                                     {"dy: float", "q: float", "k: float", "v: float", "y: float", "statistics: float", "mask: N * float"},
                                     {"dq: float", "dk: float", "dv: float"},
                                     {"heads: int", "scale: float", "N: int >= 0", "bf16: bool"}});
  add<SumsOfSquaresOp, -1>({"RoentgenSumsOfSquares", {"x: N * float"}, {"y: float"}, {"N: int"}});
  add<AdamWOp, -1>({"RoentgenAdamW",
                    {"params: N * resource", "m: N * resource", "v: N * resource", "averages: E * resource", "grads: N * float", "scalars: float",
                     "rates: float", "decays: float"},
                    {"squares: float"},
                    {"N: int", "E: int >= 0", "groups: list(int)"},
                    true});
  add<ProductOp, -1>({"RoentgenProduct", {"x: float", "weight: float", "bias: N * float"}, {"y: float"}, {"N: int >= 0", "bf16: bool"}});
  add<ProductInputGradientOp, -1>({"RoentgenProductInputGradient", {"dy: float", "weight: float"}, {"dx: float"}, {"bf16: bool"}});
  add<ProductWeightGradientOp, -1, -1>(
      {"RoentgenProductWeightGradient", {"dy: float", "x: float"}, {"dweight: float", "dbias: float"}, {"taps: int", "bf16: bool"}});
}

}  // namespace roentgen
