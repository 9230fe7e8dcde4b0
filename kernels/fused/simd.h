// Vectors of floats, as wide as the instruction set that a kernel is compiled for has them, and the functions that the kernels need of them. Minimum
// and maximum give their second argument where one is not a number, so limits come first: NaN goes through.
#pragma once

#ifdef __AVX512F__
#include "simd-avx512.h"
#else
#include "simd-avx2.h"
#endif

namespace roentgen {

// e^x = 2^n e^r with |r| <= ln 2 / 2, for x up to 88, and 0 where it is below the smallest normal float. The polynomial is that of Cephes; ln 2 in two
// parts keeps r exact.
ROENTGEN_INLINE Vector exponential(Vector x) {
  const Vector limited = smaller(all(88.f), larger(all(-87.33f), x));
  const Vector n = nearestWhole(limited * all(1.44269504f));
  const Vector r = negMulAdd(n, all(-2.12194440e-4f), negMulAdd(n, all(0.693359375f), limited));
  Vector p = all(1.9875691500e-4f);
  p = mulAdd(p, r, all(1.3981999507e-3f));
  p = mulAdd(p, r, all(8.3334519073e-3f));
  p = mulAdd(p, r, all(4.1665795894e-2f));
  p = mulAdd(p, r, all(1.6666665459e-1f));
  p = mulAdd(p, r, all(5.0000001201e-1f));
  return zeroBelow(-87.33f, x, timesPowerOfTwo(mulAdd(p, r * r, r + all(1.f)), n));
}

// 1 / (1 + e^-x)
ROENTGEN_INLINE Vector sigmoid(Vector x) { return all(1.f) / (all(1.f) + exponential(zero() - x)); }

// The error function as x P(x²) / Q(x²), with the coefficients of Eigen.
ROENTGEN_INLINE Vector errorFunction(Vector x) {
  x = smaller(all(3.925f), larger(all(-3.925f), x));
  const Vector s = x * x;
  Vector p = all(-2.72614225801306e-10f);
  p = mulAdd(p, s, all(2.77068142495902e-08f));
  p = mulAdd(p, s, all(-2.10102402082508e-06f));
  p = mulAdd(p, s, all(-5.69250639462346e-05f));
  p = mulAdd(p, s, all(-7.34990630326855e-04f));
  p = mulAdd(p, s, all(-2.95459980854025e-03f));
  p = mulAdd(p, s, all(-1.60960333262415e-02f));
  Vector q = all(-1.45660718464996e-05f);
  q = mulAdd(q, s, all(-2.13374055278905e-04f));
  q = mulAdd(q, s, all(-1.68282697438203e-03f));
  q = mulAdd(q, s, all(-7.37332916720468e-03f));
  q = mulAdd(q, s, all(-1.42647390514189e-02f));
  return smaller(all(1.f), larger(all(-1.f), x * p / q));
}

// The bits of a vector's floats. A bfloat16 is the upper half of a float's; two of them, the first one in the lower half, take the place of a float.
typedef uint32_t Bits __attribute__((vector_size(sizeof(Vector))));

// The nearest bfloat16, to even between two, in the upper half; NaN stays what it is.
ROENTGEN_INLINE Bits rounded(Vector x) {
  const Bits bits = (Bits)x, isNumber = (Bits)(x == x);
  return ((bits + 0x7fff + (bits >> 16 & 1)) & isNumber) | ((bits | 0x400000) & ~isNumber);
}

ROENTGEN_INLINE Vector pairsOf(Vector first, Vector second) { return (Vector)(rounded(first) >> 16 | (rounded(second) & 0xffff0000)); }

// 2 kWidth values, each with its neighbour, to kWidth pairs.
ROENTGEN_INLINE void storePairs(const float* from, float* to) {
  typedef uint64_t Two __attribute__((vector_size(sizeof(Vector))));
  typedef uint32_t Half __attribute__((vector_size(sizeof(Vector) / 2)));
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    const Two two = (Two)rounded(load(from + i * kWidth));
    const Half pairs = __builtin_convertvector((two >> 16 & 0xffff) | (two >> 32 & 0xffff0000), Half);
    __builtin_memcpy(to + i * kWidth / 2, &pairs, sizeof pairs);
  }
}

#ifndef ROENTGEN_PRODUCTS_OF_PAIRS
// c + a b for pairs: both products are added to the float.
ROENTGEN_INLINE Vector mulAddPairs(Vector a, Vector b, Vector c) {
  const Bits upper = Bits{} + 0xffff0000;
  c = mulAdd((Vector)((Bits)a & upper), (Vector)((Bits)b & upper), c);
  return mulAdd((Vector)((Bits)a << 16), (Vector)((Bits)b << 16), c);
}
#endif

constexpr int kSquare = 8;

// Rows of a square of kSquare by kSquare become columns.
ROENTGEN_INLINE void transpose(const float* from, int64_t fromStep, float* to, int64_t toStep) {
  __m256 x[kSquare], y[kSquare];
#pragma GCC unroll 8
  for (int i = 0; i < kSquare; i++) x[i] = _mm256_loadu_ps(from + i * fromStep);
#pragma GCC unroll 4
  for (int i = 0; i < kSquare; i += 2) {
    y[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
    y[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < kSquare; i += 4) {
    x[i] = _mm256_shuffle_ps(y[i], y[i + 2], 0x44);
    x[i + 1] = _mm256_shuffle_ps(y[i], y[i + 2], 0xee);
    x[i + 2] = _mm256_shuffle_ps(y[i + 1], y[i + 3], 0x44);
    x[i + 3] = _mm256_shuffle_ps(y[i + 1], y[i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    _mm256_storeu_ps(to + i * toStep, _mm256_permute2f128_ps(x[i], x[i + 4], 0x20));
    _mm256_storeu_ps(to + (i + 4) * toStep, _mm256_permute2f128_ps(x[i], x[i + 4], 0x31));
  }
}

}  // namespace roentgen
