// The kernels on plain memory. These are compiled for the processors that the addon has checked for before it registers the operations.
#pragma once

#include "context.h"

namespace roentgen {

// x [images, positions, channels], row after row.
struct GroupNormShape {
  int64_t images, positions, channels;
  int groups;
  bool silu;
};

// Mean (in two parts, whose sum has more digits than a float) and 1 / standard deviation of one group of one image.
struct GroupStatistics {
  float mean, rest, rstd;
};

void groupNorm(Context& context, const GroupNormShape& shape, const float* x, const float* weight, const float* bias, float eps, float* y,
               GroupStatistics* statistics);
// dx may be dy.
void groupNormGradient(Context& context, const GroupNormShape& shape, const float* dy, const float* x, const float* weight, const float* bias,
                       const GroupStatistics* statistics, float* dx, float* dWeight, float* dBias);

struct RowStatistics {
  float mean, rstd;
};

// x [rows, width].
void layerNorm(Context& context, int64_t rows, int64_t width, const float* x, const float* weight, const float* bias, float eps, float* y,
               RowStatistics* statistics);
// dx may be dy.
void layerNormGradient(Context& context, int64_t rows, int64_t width, const float* dy, const float* x, const float* weight,
                       const RowStatistics* statistics, float* dx, float* dWeight, float* dBias);

enum class Activation { silu, gelu, quickGelu, geluTanh };

void activation(Context& context, Activation kind, int64_t size, const float* x, float* y);
// dx may be dy.
void activationGradient(Context& context, Activation kind, int64_t size, const float* dy, const float* x, float* dx);

// x [rows, 2 width]: values, then gates; y [rows, width].
void geglu(Context& context, int64_t rows, int64_t width, const float* x, float* y);
void gegluGradient(Context& context, int64_t rows, int64_t width, const float* dy, const float* x, float* dx);

// q [batch, queries, heads · width], k and v [batch, keys, heads · width]. What is multiplied may be rounded to bfloat16 first, as in products.
struct AttentionShape {
  int64_t batch, queries, keys, heads, width;
  float scale;
  bool bfloat16 = false;
};

// What is added to the scores: steps from image to image, head to head and so on, 0 where one value is for all. `data` is null where there is none.
struct AttentionMask {
  const float* data;
  int64_t image, head, query, key;
};

// Of one query's scores: the largest, and 1 / the sum of exponentials of the differences from it.
struct SoftmaxStatistics {
  float largest, inverse;
};

void attention(Context& context, const AttentionShape& shape, const float* q, const float* k, const float* v, const AttentionMask& mask,
               float* out, SoftmaxStatistics* statistics);
void attentionGradient(Context& context, const AttentionShape& shape, const float* dy, const float* q, const float* k, const float* v,
                       const AttentionMask& mask, const float* out, const SoftmaxStatistics* statistics, float* dq, float* dk, float* dv);

// One parameter with its moments, its moving average (null where there is none), its gradient, and what is its own of the step's scalars.
struct AdamWLeaf {
  float *param, *m, *v, *average;
  const float* grad;
  int64_t count;
  float rate, decay;
};

struct AdamWScalars {
  bool active;  // where not, nothing changes
  float scale;  // of the gradients
  float beta1, beta2, epsilon;
  float averaging;  // how much of the moving average stays
};

// param ← param (1 - decay) - rate m / (√v + epsilon), with m and v moved towards the gradient and its square before it, and the average towards param
// after it. `squares`: the sum of squares of each parameter then.
void adamW(Context& context, const AdamWLeaf* leaves, int64_t count, const AdamWScalars& scalars, float* squares);

// The sum of squares of each tensor.
void sumsOfSquares(Context& context, const float* const* tensors, const int64_t* sizes, int64_t count, float* squares);

// x [images, height, width, in] to [images, height, width, out], with weights [taps, in, out]: 1 tap, or the 9 of a 3 x 3 kernel with a border of zeros.
// `in` and `out` are multiples of 16. What is multiplied may be rounded to bfloat16 first; sums and results are floats.
struct ProductShape {
  int64_t images, height, width;
  int taps;
  int64_t in, out;
  bool bfloat16 = false;
  int64_t pixels() const { return images * height * width; }
};

// `bias` may be null.
void product(Context& context, const ProductShape& shape, const float* x, const float* weight, const float* bias, float* y);
void productInputGradient(Context& context, const ProductShape& shape, const float* dy, const float* weight, float* dx);
void productWeightGradient(Context& context, const ProductShape& shape, const float* dy, const float* x, float* dWeight, float* dBias);

}  // namespace roentgen
