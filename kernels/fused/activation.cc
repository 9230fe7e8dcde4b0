// SiLU and the forms of GELU (Hendrycks and Gimpel 2016, arXiv:1606.08415): x s(x), with what part of x goes through.
#include "kernels.h"
#include "normal.h"

namespace roentgen {
namespace {

// s(x), and x s'(x).
struct Share {
  Vector part, slope;
};

ROENTGEN_INLINE Share ofSigmoid(Vector u, Vector uSlope) {  // u, and x u'
  const Vector s = sigmoid(u);
  return {s, s * (all(1.f) - s) * uSlope};
}

struct Silu {
  static inline __attribute__((always_inline)) Share share(Vector x) { return ofSigmoid(x, x); }
};
struct Gelu {
  static inline __attribute__((always_inline)) Share share(Vector x) { return {normalCdf(x), x * normalDensity(x)}; }
};
struct QuickGelu {
  static inline __attribute__((always_inline)) Share share(Vector x) {
    const Vector u = x * all(1.702f);
    return ofSigmoid(u, u);
  }
};
// (1 + tanh(u / 2)) / 2 is the sigmoid of u = 2 sqrt(2 / pi) (x + 0.044715 x³).
struct GeluTanh {
  static inline __attribute__((always_inline)) Share share(Vector x) {
    const Vector linear = x * all(1.5957691f), cubic = x * x * x * all(0.071354816f);
    return ofSigmoid(linear + cubic, mulAdd(all(3.f), cubic, linear));
  }
};

// Calls body(first value, values, mask) for vectors of all.
template <class Body>
void forAll(Context& context, int64_t size, const Body& body) {
  constexpr int64_t kEach = 16384;
  context.parallel((size + kEach - 1) / kEach, [=](int64_t piece) {
    const int64_t end = (piece + 1) * kEach < size ? (piece + 1) * kEach : size;
    for (int64_t i = piece * kEach; i < end; i += kWidth) body(i, first(end - i));
  });
}

template <class Kind>
void activate(Context& context, int64_t size, const float* x, float* y) {
  forAll(context, size, [=](int64_t i, Mask mask) {
    const Vector value = load(x + i, mask);
    store(y + i, value * Kind::share(value).part, mask);
  });
}

template <class Kind>
void activateGradient(Context& context, int64_t size, const float* dy, const float* x, float* dx) {
  forAll(context, size, [=](int64_t i, Mask mask) {
    const Share share = Kind::share(load(x + i, mask));
    store(dx + i, load(dy + i, mask) * (share.part + share.slope), mask);
  });
}

}  // namespace

void activation(Context& context, Activation kind, int64_t size, const float* x, float* y) {
  switch (kind) {
    case Activation::silu: return activate<Silu>(context, size, x, y);
    case Activation::gelu: return activate<Gelu>(context, size, x, y);
    case Activation::quickGelu: return activate<QuickGelu>(context, size, x, y);
    case Activation::geluTanh: return activate<GeluTanh>(context, size, x, y);
  }
}

void activationGradient(Context& context, Activation kind, int64_t size, const float* dy, const float* x, float* dx) {
  switch (kind) {
    case Activation::silu: return activateGradient<Silu>(context, size, dy, x, dx);
    case Activation::gelu: return activateGradient<Gelu>(context, size, dy, x, dx);
    case Activation::quickGelu: return activateGradient<QuickGelu>(context, size, dy, x, dx);
    case Activation::geluTanh: return activateGradient<GeluTanh>(context, size, dy, x, dx);
  }
}

}  // namespace roentgen
