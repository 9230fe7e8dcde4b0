// Products of matrices that lie in a core's cache, in tiles whose sums stay in registers (kSums); the other registers hold
// a row of b and a value of a.
#pragma once

#include "numbers.h"

namespace roentgen {

// c [Rows, Vectors · kWidth] (+)= a b over `depth`, which is counted in Numbers; a is [depth, Rows] where it is transposed.
template <class Numbers, int Rows, int Vectors, bool TransposeA, bool Add>
ROENTGEN_INLINE void multiplyTile(const float* a, int64_t aStride, const float* b, int64_t bStride, float* c, int64_t cStride, int64_t depth) {
  Vector sums[Rows][Vectors];
#pragma GCC unroll 32
  for (int i = 0; i < Rows; i++)
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) sums[i][j] = Add ? load(c + i * cStride + j * kWidth) : zero();
  for (int64_t k = 0; k < depth; k++) {
    Vector row[Vectors];
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) row[j] = load(b + k * bStride + j * kWidth);
#pragma GCC unroll 32
    for (int i = 0; i < Rows; i++) {
      const Vector value = all(TransposeA ? a[k * aStride + i] : a[i * aStride + k]);
#pragma GCC unroll 8
      for (int j = 0; j < Vectors; j++) sums[i][j] = Numbers::mulAdd(value, row[j], sums[i][j]);
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < Rows; i++)
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) store(c + i * cStride + j * kWidth, sums[i][j]);
}

// A strip of c that is `Vectors` wide: tiles of `Rows`, then of 4, then single rows.
template <class Numbers, int Rows, int Vectors, bool TransposeA, bool Add>
__attribute__((noinline)) static void multiplyStrip(const float* a, int64_t aStride, const float* b, int64_t bStride, float* c, int64_t cStride,
                                                    int64_t rows, int64_t depth) {
  const int64_t aRow = TransposeA ? 1 : aStride;
  int64_t i = 0;
  for (; i + Rows <= rows; i += Rows)
    multiplyTile<Numbers, Rows, Vectors, TransposeA, Add>(a + i * aRow, aStride, b, bStride, c + i * cStride, cStride, depth);
  for (; i + 4 <= rows; i += 4)
    multiplyTile<Numbers, 4, Vectors, TransposeA, Add>(a + i * aRow, aStride, b, bStride, c + i * cStride, cStride, depth);
  for (; i < rows; i++)
    multiplyTile<Numbers, 1, Vectors, TransposeA, Add>(a + i * aRow, aStride, b, bStride, c + i * cStride, cStride, depth);
}

// c [rows, columns] = a b, or += where Add; columns is a multiple of kWidth. a is [rows, depth], or [depth, rows] where it is transposed.
template <class Numbers, bool TransposeA, bool Add, int Vectors = kTileVectors>
static void multiply(const float* a, int64_t aStride, const float* b, int64_t bStride, float* c, int64_t cStride, int64_t rows, int64_t columns,
                     int64_t depth) {
  int64_t j = 0;
  for (; j + Vectors * kWidth <= columns; j += Vectors * kWidth)
    multiplyStrip<Numbers, kSums / Vectors, Vectors, TransposeA, Add>(a, aStride, b + j, bStride, c + j, cStride, rows, depth);
  if constexpr (Vectors > 1) {
    if (j < columns) multiply<Numbers, TransposeA, Add, Vectors - 1>(a, aStride, b + j, bStride, c + j, cStride, rows, columns - j, depth);
  }
}

}  // namespace roentgen
