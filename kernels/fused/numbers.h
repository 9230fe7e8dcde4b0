// What a product multiplies: floats, or pairs of bfloat16 in the place of a float each. Either way it adds up floats.
#pragma once

#include "simd.h"

namespace roentgen {

struct Floats {
  static constexpr int64_t kEach = 1;
  static inline __attribute__((always_inline)) Vector mulAdd(Vector a, Vector b, Vector c) { return roentgen::mulAdd(a, b, c); }
};

struct Pairs {
  static constexpr int64_t kEach = 2;
  static inline __attribute__((always_inline)) Vector mulAdd(Vector a, Vector b, Vector c) { return mulAddPairs(a, b, c); }
};

}  // namespace roentgen
