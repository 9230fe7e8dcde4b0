// Vectors of 8 floats: AVX2 and FMA. The names are those of simd-avx512.h, which says what they do.
#pragma once

#include <immintrin.h>

#include <cstdint>

#define ROENTGEN_INLINE static inline __attribute__((always_inline))

namespace roentgen {

constexpr int kWidth = 8;
constexpr int kSums = 12;  // of 16 registers
constexpr int kTileVectors = 2;

typedef __m256 Vector;
typedef __m256i Mask;

ROENTGEN_INLINE Vector load(const float* from) { return _mm256_loadu_ps(from); }
ROENTGEN_INLINE void store(float* to, Vector x) { _mm256_storeu_ps(to, x); }
ROENTGEN_INLINE Vector load(const float* from, Mask mask) { return _mm256_maskload_ps(from, mask); }
ROENTGEN_INLINE void store(float* to, Vector x, Mask mask) { _mm256_maskstore_ps(to, mask, x); }
ROENTGEN_INLINE Vector select(Mask mask, Vector x, Vector elsewhere) { return _mm256_blendv_ps(elsewhere, x, _mm256_castsi256_ps(mask)); }
ROENTGEN_INLINE Mask first(int64_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count < kWidth ? int(count) : kWidth), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

ROENTGEN_INLINE Vector all(float x) { return _mm256_set1_ps(x); }
ROENTGEN_INLINE Vector zero() { return _mm256_setzero_ps(); }
ROENTGEN_INLINE Vector mulAdd(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
ROENTGEN_INLINE Vector negMulAdd(Vector a, Vector b, Vector c) { return _mm256_fnmadd_ps(a, b, c); }
ROENTGEN_INLINE Vector smaller(Vector a, Vector b) { return _mm256_min_ps(a, b); }
ROENTGEN_INLINE Vector larger(Vector a, Vector b) { return _mm256_max_ps(a, b); }
ROENTGEN_INLINE Vector squareRoot(Vector x) { return _mm256_sqrt_ps(x); }
ROENTGEN_INLINE float sum(Vector x) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
ROENTGEN_INLINE float largest(Vector x) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
ROENTGEN_INLINE Vector nearestWhole(Vector x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
ROENTGEN_INLINE Vector timesPowerOfTwo(Vector x, Vector n) {
  const __m256i exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return x * _mm256_castsi256_ps(exponent);
}
ROENTGEN_INLINE Vector zeroBelow(float limit, Vector by, Vector x) { return _mm256_and_ps(x, _mm256_cmp_ps(by, all(limit), _CMP_NLT_UQ)); }

}  // namespace roentgen
