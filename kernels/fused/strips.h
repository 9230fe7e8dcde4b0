// Rows of channels taken in strips of a few vectors, whose constants and sums stay in registers from row to row.
#pragma once

#include "simd.h"

namespace roentgen {

// A strip of `Vectors` vectors from channel `at`; of the last one, `count` values exist.
template <int Vectors>
struct Strip {
  int64_t at, count;
  int64_t countOf(int j) const { return j == Vectors - 1 ? count : kWidth; }
  Mask mask(int j) const { return first(countOf(j)); }
  Vector get(const float* row, int j) const { return j < Vectors - 1 ? load(row + at + j * kWidth) : load(row + at + j * kWidth, mask(j)); }
  void put(float* row, int j, Vector x) const {
    if (j < Vectors - 1)
      store(row + at + j * kWidth, x);
    else
      store(row + at + j * kWidth, x, mask(j));
  }
};

// Calls body(strip) for every strip of a row.
template <class Body>
ROENTGEN_INLINE void forStrips(int64_t channels, const Body& body) {
  int64_t at = 0;
  for (; at + (kTileVectors - 1) * kWidth < channels; at += kTileVectors * kWidth) {
    const int64_t left = channels - at - (kTileVectors - 1) * kWidth;
    body(Strip<kTileVectors>{at, left < kWidth ? left : kWidth});
  }
  for (; at < channels; at += kWidth) body(Strip<1>{at, channels - at < kWidth ? channels - at : kWidth});
}

}  // namespace roentgen
