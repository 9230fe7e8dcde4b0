// GEGLU (Shazeer 2020, arXiv:2002.05202): value · gate · Phi(gate).
#include "kernels.h"
#include "normal.h"

namespace roentgen {
namespace {

// Calls body(row) for every row, in pieces of about 16,000 values.
template <class Body>
void forRows(Context& context, int64_t rows, int64_t width, const Body& body) {
  const int64_t each = width < 16384 ? 16384 / (width > 0 ? width : 1) : 1;
  context.parallel((rows + each - 1) / each, [&](int64_t i) {
    for (int64_t r = i * each; r < rows && r < (i + 1) * each; r++) body(r);
  });
}

}  // namespace

void geglu(Context& context, int64_t rows, int64_t width, const float* x, float* y) {
  forRows(context, rows, width, [=](int64_t r) {
    const float *values = x + r * 2 * width, *gates = values + width;
    for (int64_t c = 0; c < width; c += kWidth) {
      const Mask mask = first(width - c);
      const Vector gate = load(gates + c, mask);
      store(y + r * width + c, load(values + c, mask) * (gate * normalCdf(gate)), mask);
    }
  });
}

void gegluGradient(Context& context, int64_t rows, int64_t width, const float* dy, const float* x, float* dx) {
  forRows(context, rows, width, [=](int64_t r) {
    const float *values = x + r * 2 * width, *gates = values + width;
    float *dValues = dx + r * 2 * width, *dGates = dValues + width;
    for (int64_t c = 0; c < width; c += kWidth) {
      const Mask mask = first(width - c);
      const Vector gate = load(gates + c, mask), d = load(dy + r * width + c, mask), cdf = normalCdf(gate);
      store(dValues + c, d * (gate * cdf), mask);
      store(dGates + c, d * load(values + c, mask) * mulAdd(gate, normalDensity(gate), cdf), mask);
    }
  });
}

}  // namespace roentgen
