// The normal distribution.
#pragma once

#include "simd.h"

namespace roentgen {

// Phi, its cumulative function.
ROENTGEN_INLINE Vector normalCdf(Vector x) { return mulAdd(errorFunction(x * all(0.70710678f)), all(.5f), all(.5f)); }

ROENTGEN_INLINE Vector normalDensity(Vector x) { return exponential(x * x * all(-.5f)) * all(0.39894228f); }

}  // namespace roentgen
