// Layer normalisation over rows (Ba et al. 2016, arXiv:1607.06450).
#include <cmath>

#include "kernels.h"
#include "simd.h"

namespace roentgen {
namespace {

// Rows of one piece. The gradient of weight and bias is summed within pieces first, so there are not too many.
struct RowPieces {
  int64_t rows, count;
  explicit RowPieces(int64_t all) {
    rows = (all + 63) / 64;
    if (rows < 16) rows = 16;
    count = (all + rows - 1) / rows;
  }
  int64_t end(int64_t i, int64_t all) const { return (i + 1) * rows < all ? (i + 1) * rows : all; }
};

}  // namespace

void layerNorm(Context& context, int64_t rows, int64_t width, const float* x, const float* weight, const float* bias, float eps, float* y,
               RowStatistics* statistics) {
  const RowPieces pieces(rows);
  context.parallel(pieces.count, [&](int64_t i) {
    for (int64_t r = i * pieces.rows; r < pieces.end(i, rows); r++) {
      const float* in = x + r * width;
      float* out = y + r * width;
      Vector s = zero(), q = zero();
      for (int64_t c = 0; c < width; c += kWidth) s += load(in + c, first(width - c));
      const float mean = sum(s) / float(width);
      for (int64_t c = 0; c < width; c += kWidth) {
        const Mask mask = first(width - c);
        const Vector d = select(mask, load(in + c, mask) - all(mean), zero());
        q = mulAdd(d, d, q);
      }
      const float rstd = 1 / std::sqrt(sum(q) / float(width) + eps);
      statistics[r] = {mean, rstd};
      for (int64_t c = 0; c < width; c += kWidth) {
        const Mask mask = first(width - c);
        const Vector normal = (load(in + c, mask) - all(mean)) * all(rstd);
        store(out + c, mulAdd(normal, load(weight + c, mask), load(bias + c, mask)), mask);
      }
    }
  });
}

void layerNormGradient(Context& context, int64_t rows, int64_t width, const float* dy, const float* x, const float* weight,
                       const RowStatistics* statistics, float* dx, float* dWeight, float* dBias) {
  const RowPieces pieces(rows);
  const int64_t padded = (width + kWidth - 1) / kWidth * kWidth;
  float* sums = context.temporary<float>(pieces.count * 2 * padded);
  context.parallel(pieces.count, [&](int64_t i) {
    float *weightSum = sums + i * 2 * padded, *biasSum = weightSum + padded;
    for (int64_t c = 0; c < 2 * padded; c++) weightSum[c] = 0;
    for (int64_t r = i * pieces.rows; r < pieces.end(i, rows); r++) {
      const float *in = x + r * width, *d = dy + r * width;
      float* out = dx + r * width;
      const Vector mean = all(statistics[r].mean), rstd = all(statistics[r].rstd);
      Vector s = zero(), p = zero();
      for (int64_t c = 0; c < width; c += kWidth) {
        const Mask mask = first(width - c);
        const Vector normal = select(mask, (load(in + c, mask) - mean) * rstd, zero());
        const Vector e = load(d + c, mask), f = e * load(weight + c, mask);
        s += f;
        p = mulAdd(f, normal, p);
        store(weightSum + c, mulAdd(e, normal, load(weightSum + c)));
        store(biasSum + c, load(biasSum + c) + e);
      }
      // dx = rstd (f - mean of f - normal · mean of f normal)
      const Vector meanSum = all(sum(s) / float(width)), meanProduct = all(sum(p) / float(width));
      for (int64_t c = 0; c < width; c += kWidth) {
        const Mask mask = first(width - c);
        const Vector normal = (load(in + c, mask) - mean) * rstd, f = load(d + c, mask) * load(weight + c, mask);
        store(out + c, rstd * negMulAdd(normal, meanProduct, f - meanSum), mask);
      }
    }
  });
  for (int64_t c = 0; c < width; c++) {
    double w = 0, b = 0;
    for (int64_t i = 0; i < pieces.count; i++) {
      w += sums[i * 2 * padded + c];
      b += sums[i * 2 * padded + padded + c];
    }
    dWeight[c] = float(w);
    dBias[c] = float(b);
  }
}

}  // namespace roentgen
