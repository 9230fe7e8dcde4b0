// Stands before the compiler's header of this name, so that the kernels for AVX-512 run on a processor without it: what simd-avx512.h uses, value by value.
#pragma once

#undef __AVX512F__
#include_next <immintrin.h>

#include <cmath>

namespace roentgen_emulated {

typedef __m512 Vector;
typedef __mmask16 Mask;

#define EMULATED static inline __attribute__((always_inline))

template <class Value>
EMULATED Vector each(const Value& value) {
  Vector made;
  for (int i = 0; i < 16; i++) made[i] = value(i);
  return made;
}

EMULATED bool has(Mask mask, int i) { return (mask >> i & 1) != 0; }

EMULATED Vector loadu(const float* from) {
  return each([=](int i) { return from[i]; });
}
EMULATED Vector loadu(Mask mask, const float* from) {
  return each([=](int i) { return has(mask, i) ? from[i] : 0; });
}
EMULATED void storeu(float* to, Mask mask, const Vector& x) {
  for (int i = 0; i < 16; i++)
    if (has(mask, i)) to[i] = x[i];
}
EMULATED Vector blend(Mask mask, const Vector& off, const Vector& on) {
  return each([&](int i) { return has(mask, i) ? on[i] : off[i]; });
}
EMULATED Vector set1(float x) {
  return each([=](int) { return x; });
}
EMULATED Vector fmadd(const Vector& a, const Vector& b, const Vector& c) {
  return each([&](int i) { return std::fma(a[i], b[i], c[i]); });
}
EMULATED Vector fnmadd(const Vector& a, const Vector& b, const Vector& c) {
  return each([&](int i) { return std::fma(-a[i], b[i], c[i]); });
}
// The second where one of the two is not a number.
EMULATED Vector min(const Vector& a, const Vector& b) {
  return each([&](int i) { return a[i] < b[i] ? a[i] : b[i]; });
}
EMULATED Vector max(const Vector& a, const Vector& b) {
  return each([&](int i) { return a[i] > b[i] ? a[i] : b[i]; });
}
// The bits of each value are two bfloat16.
EMULATED Vector dotOfPairs(const Vector& c, const Vector& a, const Vector& b) {
  typedef uint32_t Bits __attribute__((vector_size(sizeof(Vector))));
  const Vector low = fmadd((Vector)((Bits)a << 16), (Vector)((Bits)b << 16), c);
  return fmadd((Vector)((Bits)a & 0xffff0000), (Vector)((Bits)b & 0xffff0000), low);
}
EMULATED Vector sqrt(const Vector& x) {
  return each([&](int i) { return std::sqrt(x[i]); });
}
EMULATED Vector nearest(const Vector& x) {
  return each([&](int i) { return std::nearbyint(x[i]); });
}
EMULATED Vector scalef(const Vector& x, const Vector& n) {
  return each([&](int i) { return std::ldexp(x[i], int(std::floor(n[i]))); });
}
EMULATED Mask notLess(const Vector& a, const Vector& b) {
  unsigned mask = 0;
  for (int i = 0; i < 16; i++) mask |= unsigned(!(a[i] < b[i])) << i;
  return Mask(mask);
}
template <class Combine>
EMULATED float reduce(Vector x, const Combine& combine) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) x[i] = combine(x[i], x[i + half]);
  return x[0];
}
EMULATED float sum(const Vector& x) {
  return reduce(x, [](float a, float b) { return a + b; });
}
EMULATED float largest(const Vector& x) {
  return reduce(x, [](float a, float b) { return a > b ? a : b; });
}

}  // namespace roentgen_emulated

#define _mm512_cmp_ps_mask(a, b, kind) roentgen_emulated::notLess(a, b)
#define _mm512_dpbf16_ps(c, a, b) roentgen_emulated::dotOfPairs(c, (__m512)(a), (__m512)(b))
#define _mm512_fmadd_ps roentgen_emulated::fmadd
#define _mm512_fnmadd_ps roentgen_emulated::fnmadd
#define _mm512_loadu_ps roentgen_emulated::loadu
#define _mm512_mask_blend_ps roentgen_emulated::blend
#define _mm512_mask_storeu_ps roentgen_emulated::storeu
#define _mm512_maskz_loadu_ps roentgen_emulated::loadu
#define _mm512_maskz_mov_ps(mask, x) roentgen_emulated::blend(mask, roentgen_emulated::set1(0), x)
#define _mm512_max_ps roentgen_emulated::max
#define _mm512_min_ps roentgen_emulated::min
#define _mm512_reduce_add_ps roentgen_emulated::sum
#define _mm512_reduce_max_ps roentgen_emulated::largest
#define _mm512_roundscale_ps(x, kind) roentgen_emulated::nearest(x)
#define _mm512_scalef_ps roentgen_emulated::scalef
#define _mm512_set1_ps roentgen_emulated::set1
#define _mm512_setzero_ps() roentgen_emulated::set1(0)
#define _mm512_sqrt_ps roentgen_emulated::sqrt
#define _mm512_storeu_ps(to, x) roentgen_emulated::storeu(to, 0xffff, x)
