// Vectors of 16 floats: AVX-512.
#pragma once

#include <immintrin.h>

#include <cstdint>

#define ROENTGEN_INLINE static inline __attribute__((always_inline))

namespace roentgen {

constexpr int kWidth = 16;
constexpr int kSums = 24;        // vectors that stay in registers as sums; there are 32 registers
constexpr int kTileVectors = 4;  // width of a tile of sums

typedef __m512 Vector;
typedef __mmask16 Mask;

ROENTGEN_INLINE Vector load(const float* from) { return _mm512_loadu_ps(from); }
ROENTGEN_INLINE void store(float* to, Vector x) { _mm512_storeu_ps(to, x); }
// Values outside of the mask are not touched in memory, and are 0 in the vector.
ROENTGEN_INLINE Vector load(const float* from, Mask mask) { return _mm512_maskz_loadu_ps(mask, from); }
ROENTGEN_INLINE void store(float* to, Vector x, Mask mask) { _mm512_mask_storeu_ps(to, mask, x); }
ROENTGEN_INLINE Vector select(Mask mask, Vector x, Vector elsewhere) { return _mm512_mask_blend_ps(mask, elsewhere, x); }
// The first `count` values, or all where that is more.
ROENTGEN_INLINE Mask first(int64_t count) { return count >= kWidth ? Mask(0xffff) : Mask((1u << count) - 1); }

ROENTGEN_INLINE Vector all(float x) { return _mm512_set1_ps(x); }
ROENTGEN_INLINE Vector zero() { return _mm512_setzero_ps(); }
ROENTGEN_INLINE Vector mulAdd(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }      // a b + c
ROENTGEN_INLINE Vector negMulAdd(Vector a, Vector b, Vector c) { return _mm512_fnmadd_ps(a, b, c); }  // c - a b
ROENTGEN_INLINE Vector smaller(Vector a, Vector b) { return _mm512_min_ps(a, b); }
ROENTGEN_INLINE Vector larger(Vector a, Vector b) { return _mm512_max_ps(a, b); }
ROENTGEN_INLINE Vector squareRoot(Vector x) { return _mm512_sqrt_ps(x); }
ROENTGEN_INLINE float sum(Vector x) { return _mm512_reduce_add_ps(x); }
ROENTGEN_INLINE float largest(Vector x) { return _mm512_reduce_max_ps(x); }
ROENTGEN_INLINE Vector nearestWhole(Vector x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
// x 2^n for whole n between -126 and 127.
ROENTGEN_INLINE Vector timesPowerOfTwo(Vector x, Vector n) { return _mm512_scalef_ps(x, n); }
// x where `by` is not below the limit, else 0.
ROENTGEN_INLINE Vector zeroBelow(float limit, Vector by, Vector x) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(by, all(limit), _CMP_NLT_UQ), x);
}

// Quarters of a, then of b, as the bits of Which say. (Of integers, since SIMDe, which emulates these instructions in a test, lacks that of floats.)
template <int Which>
ROENTGEN_INLINE Vector quarters(Vector a, Vector b) {
  return _mm512_castsi512_ps(_mm512_shuffle_i32x4(_mm512_castps_si512(a), _mm512_castps_si512(b), Which));
}

// A square of kWidth rows and columns, its rows written as columns.
ROENTGEN_INLINE void transpose(const float* from, int64_t fromStep, float* to, int64_t toStep) {
  Vector x[16], y[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) x[i] = load(from + i * fromStep);
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    y[i] = _mm512_unpacklo_ps(x[i], x[i + 1]);
    y[i + 1] = _mm512_unpackhi_ps(x[i], x[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    x[i] = _mm512_shuffle_ps(y[i], y[i + 2], 0x44);
    x[i + 1] = _mm512_shuffle_ps(y[i], y[i + 2], 0xee);
    x[i + 2] = _mm512_shuffle_ps(y[i + 1], y[i + 3], 0x44);
    x[i + 3] = _mm512_shuffle_ps(y[i + 1], y[i + 3], 0xee);
  }
  // Quarters of vectors: x[4 r + c] holds columns c, c + 4, c + 8 and c + 12 of rows 4 r to 4 r + 3.
#pragma GCC unroll 4
  for (int c = 0; c < 4; c++) {
    const Vector low = quarters<0x88>(x[c], x[c + 4]), lowOdd = quarters<0xdd>(x[c], x[c + 4]);
    const Vector high = quarters<0x88>(x[c + 8], x[c + 12]), highOdd = quarters<0xdd>(x[c + 8], x[c + 12]);
    store(to + c * toStep, quarters<0x88>(low, high));
    store(to + (c + 4) * toStep, quarters<0x88>(lowOdd, highOdd));
    store(to + (c + 8) * toStep, quarters<0xdd>(low, high));
    store(to + (c + 12) * toStep, quarters<0xdd>(lowOdd, highOdd));
  }
}

}  // namespace roentgen
