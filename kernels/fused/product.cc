// Linear layers and 3 x 3 convolutions of step 1 as products over neighbouring pixels. Images [B, H, W, C] are read where they lie: nothing is padded.
// Weights are copied in blocks, strip by strip of a tile's width: rows of a matrix whose width is a power of two would else fall on the same few places
// of a cache (Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication").
#include <cstring>

#include "kernels.h"
#include "pixels.h"
#include "tiles.h"

namespace roentgen {
namespace {

constexpr int64_t kDepth = 256;    // of a block of the weights, of which a strip stays in cache
constexpr int64_t kColumns = 128;  // of a piece of work at most
constexpr int64_t kPixels = 384;
constexpr int64_t kFewColumns = kTileColumns > 32 ? kTileColumns : 32, kFewPixels = 96;
constexpr int64_t kPieces = 16;    // wanted at least
constexpr int kMostTaps = 9;

ROENTGEN_INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
ROENTGEN_INLINE int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// c (+)= a b. A row of a is `parts` pieces of `depth` values, its pointers `step` apart; b is a strip [parts · depth, Vectors · kWidth].
// Where sums begin anew, `init` is what they begin with (null: zeros).
template <class Numbers, int Rows, int Vectors>
__attribute__((noinline)) static void rowsTile(const float* const* a, int64_t step, int64_t parts, int64_t depth, const float* b, float* const* c,
                                               int64_t column, bool add, const float* init) {
  Vector sums[Rows][Vectors];
#pragma GCC unroll 32
  for (int i = 0; i < Rows; i++)
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) sums[i][j] = add ? load(c[i] + column + j * kWidth) : init ? load(init + j * kWidth) : zero();
  for (int64_t part = 0; part < parts; part++) {
    const float* rows[Rows];
#pragma GCC unroll 32
    for (int i = 0; i < Rows; i++) rows[i] = a[part * step + i];
    for (int64_t k = 0; k < depth; k++, b += Vectors * kWidth) {
      Vector row[Vectors];
#pragma GCC unroll 8
      for (int j = 0; j < Vectors; j++) row[j] = load(b + j * kWidth);
#pragma GCC unroll 32
      for (int i = 0; i < Rows; i++) {
        const Vector value = all(rows[i][k]);
#pragma GCC unroll 8
        for (int j = 0; j < Vectors; j++) sums[i][j] = Numbers::mulAdd(value, row[j], sums[i][j]);
      }
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < Rows; i++)
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) store(c[i] + column + j * kWidth, sums[i][j]);
}

// A part of the sum: some taps where they have few channels, else channels of one tap.
struct Block {
  int first, taps;
  int64_t k, depth;
};

struct Blocks {
  int64_t taps, depth;  // of a block at most
  int64_t ofTap, count;
  const int allTaps;
  const int64_t in;
  explicit Blocks(const ProductShape& s) : allTaps(s.taps), in(s.in) {
    const int64_t together = kDepth / s.in > 1 ? ceilDiv(s.taps, least(s.taps, kDepth / s.in)) : s.taps;
    taps = ceilDiv(s.taps, together);
    ofTap = ceilDiv(s.in, kDepth);
    depth = ceilDiv(ceilDiv(s.in, ofTap), 16) * 16;
    ofTap = ceilDiv(s.in, depth);
    count = taps > 1 ? together : s.taps * ofTap;
  }
  Block block(int64_t i) const {
    const int first = taps > 1 ? i * taps : i / ofTap;
    const int64_t k = taps > 1 ? 0 : i % ofTap * depth;
    return {first, int(least(taps, allTaps - first)), k, least(depth, in - k)};
  }
};

// Pieces of work: parts of the rows times parts of the columns. Weights are copied once for each part of the rows, so columns are divided first.
struct Pieces {
  int64_t rows = kPixels, columns = kColumns, ofColumns, count;
  Pieces(int64_t pixels, int64_t width) {
    const auto divide = [&] {
      ofColumns = ceilDiv(width, columns);
      rows = ceilDiv(ceilDiv(pixels, ceilDiv(pixels, rows)), kTileRows) * kTileRows;
      count = ceilDiv(pixels, rows) * ofColumns;
    };
    for (divide(); count < kPieces; divide()) {
      if (least(rows, pixels) > 2 * kFewPixels)
        rows /= 2;
      else if (columns > kFewColumns)
        columns /= 2;
      else if (least(rows, pixels) > kFewPixels)
        rows /= 2;
      else
        break;
    }
  }
};

// y = x times weights, given as parts of a tap's matrix from row k and column n on. The depth of both, `shape.in`, is counted in `Numbers`.
template <class Numbers, class Weights>
void multiply(Context& context, const ProductShape& shape, const float* x, const Weights& weights, const float* bias, float* y) {
  const int64_t pixels = shape.pixels(), K = shape.in, N = shape.out;
  if (pixels == 0) return;
  const Taps taps(shape);
  const Blocks blocks(shape);
  const Pieces pieces(pixels, N);

  float* outside = context.temporary<float>(K);  // a pixel beyond the border
  std::memset(outside, 0, sizeof(float) * K);
  const int64_t stripSize = blocks.taps * blocks.depth * pieces.columns;
  float* memory = context.temporary<float>(stripSize * context.threads());
  context.parallelWithThread(pieces.count, [&](int64_t piece, int thread) {
    const int64_t column = piece % pieces.ofColumns * pieces.columns, columns = least(pieces.columns, N - column);
    const int64_t from = piece / pieces.ofColumns * pieces.rows, count = least(pieces.rows, pixels - from);
    float* strips = memory + thread * stripSize;
    uint16_t inside[kPixels];
    taps.inside(from, count, inside);
    const float* a[kMostTaps * kPixels];
    float* c[kPixels];
    for (int64_t i = 0; i < blocks.count; i++) {
      const Block block = blocks.block(i);
      int64_t rows = 0;
      for (int64_t p = 0; p < count; p++) {
        if ((inside[p] >> block.first & ((1 << block.taps) - 1)) == 0) continue;
        for (int t = 0; t < block.taps; t++) {
          const int tap = block.first + t;
          a[t * kPixels + rows] = inside[p] >> tap & 1 ? x + (from + p + taps.step(tap)) * K + block.k : outside;
        }
        c[rows++] = y + (from + p) * N;
      }
      const int64_t depth = block.taps * block.depth;
      forTileColumns(columns, [&](auto vectors, int64_t j) {
        for (int t = 0; t < block.taps; t++)
          weights.pack(taps.weights(block.first + t), block.k, block.depth, column + j, vectors.value * kWidth,
                       strips + j * depth + t * block.depth * vectors.value * kWidth);
      });
      const Block next = blocks.block(least(i + 1, blocks.count - 1));
      Prefetch ahead = weights.ahead(taps.weights(next.first), next.k, i + 1 < blocks.count ? next.depth : 0, column, columns);
      ahead.over(ceilDiv(columns, kTileColumns) * ceilDiv(rows, kTileRows));
      forTileColumns(columns, [&](auto vectors, int64_t j) {
        const float* init = bias == nullptr ? nullptr : bias + column + j;
        forTileRows(rows, [&](auto height, int64_t row) {
          ahead.some();
          rowsTile<Numbers, height.value, vectors.value>(a + row, kPixels, block.taps, block.depth, strips + j * depth, c + row, column + j, i > 0, init);
        });
      });
    }
  });
}

// Matrices [K, N] of the taps.
struct Weights {
  const float* data;
  int64_t K, N;
  const float* at(int tap, int64_t k, int64_t n) const { return data + (tap * K + k) * N + n; }
  void pack(int tap, int64_t k, int64_t depth, int64_t n, int64_t columns, float* to) const { packStrips(at(tap, k, n), N, depth, columns, to); }
  Prefetch ahead(int tap, int64_t k, int64_t depth, int64_t n, int64_t columns) const { return {at(tap, k, n), N, depth, columns}; }
};

// Rows 2 k and 2 k + 1 of them are row k of the pairs.
struct PairedWeights {
  Weights of;
  void pack(int tap, int64_t k, int64_t depth, int64_t n, int64_t columns, float* to) const {
    packPairStrips(of.at(tap, 2 * k, n), of.N, depth, columns, to);
  }
  Prefetch ahead(int tap, int64_t k, int64_t depth, int64_t n, int64_t columns) const { return {of.at(tap, 2 * k, n), of.N, 2 * depth, columns}; }
};

// The kernel turned round, and each tap's matrix transposed.
struct TurnedWeights {
  Weights of;
  int taps;
  void pack(int tap, int64_t n, int64_t depth, int64_t k, int64_t columns, float* to) const {
    packTurnedStrips(of.at(taps - 1 - tap, k, n), of.N, depth, columns, to);
  }
  Prefetch ahead(int tap, int64_t n, int64_t depth, int64_t k, int64_t columns) const { return {of.at(taps - 1 - tap, k, n), of.N, columns, depth}; }
};

// Rows of values as rows of pairs. `size` is a multiple of 16, which may not fill the last pairs of vectors.
const float* inPairs(Context& context, const float* values, int64_t size) {
  constexpr int64_t kEach = 32768;
  float* pairs = context.temporary<float>(size / 2);
  context.parallel(ceilDiv(size, kEach), [&](int64_t piece) {
    const int64_t end = least(size, (piece + 1) * kEach);
    int64_t i = piece * kEach;
    for (; i + 2 * kWidth <= end; i += 2 * kWidth) storePairs(values + i, pairs + i / 2);
    if (i < end) {
      float last[2 * kWidth] = {};
      std::memcpy(last, values + i, sizeof(float) * (end - i));
      storePairs(last, last);
      std::memcpy(pairs + i / 2, last, sizeof(float) * (end - i) / 2);
    }
  });
  return pairs;
}

}  // namespace

void product(Context& context, const ProductShape& shape, const float* x, const float* weight, const float* bias, float* y) {
  const Weights weights{weight, shape.in, shape.out};
  if (!shape.bfloat16) return multiply<Floats>(context, shape, x, weights, bias, y);
  ProductShape pairs = shape;
  pairs.in /= 2;
  multiply<Pairs>(context, pairs, inPairs(context, x, shape.pixels() * shape.in), PairedWeights{weights}, bias, y);
}

void productInputGradient(Context& context, const ProductShape& shape, const float* dy, const float* weight, float* dx) {
  ProductShape back = shape;
  back.in = shape.out;
  back.out = shape.in;
  if (!shape.bfloat16) return multiply<Floats>(context, back, dy, TurnedWeights{{weight, shape.in, shape.out}, shape.taps}, nullptr, dx);
  back.in /= 2;
  const Weights pairs{inPairs(context, weight, shape.taps * shape.in * shape.out), shape.in, shape.out / 2};
  multiply<Pairs>(context, back, inPairs(context, dy, shape.pixels() * shape.out), TurnedWeights{pairs, shape.taps}, nullptr, dx);
}

}  // namespace roentgen
