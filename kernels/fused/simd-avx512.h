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

#ifdef __AVX512BF16__
#define ROENTGEN_PRODUCTS_OF_PAIRS
ROENTGEN_INLINE Vector mulAddPairs(Vector a, Vector b, Vector c) { return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b); }
#endif

}  // namespace roentgen
