// The gradient of a product's weights: for every tap, columns of x times rows of dy, summed over pixels. A chunk of pixels is copied into strips once for
// all taps: those of x, with the pixels around the chunk, as wide as a tile is high. As pairs, every pixel has its successor beside it; where that takes
// no part in a tap's sum, a second copy of dy has zeros in its place.
#include <cstring>

#include "kernels.h"
#include "pixels.h"
#include "tiles.h"

namespace roentgen {
namespace {

constexpr int64_t kChunk = 256;     // pixels
constexpr int64_t kMost = 128;      // rows and columns of a piece of a tap's matrix
constexpr int64_t kFew = 64;
constexpr int64_t kPieces = 8;      // wanted at least; pixels are split too where matrices make few
constexpr int64_t kFewPixels = 512; // of a split at least

ROENTGEN_INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
ROENTGEN_INLINE int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
ROENTGEN_INLINE int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// The rows of strips that a tap's sum takes.
struct Places {
  int32_t ofX[kChunk], ofDy[kChunk];
  int64_t count = 0;
  void add(int64_t x, int64_t dy) {
    ofX[count] = int32_t(x);
    ofDy[count++] = int32_t(dy);
  }
};

template <class Numbers>
void find(const uint16_t* inside, int tap, int64_t pixels, Places& places) {
  places.count = 0;
  const auto takes = [&](int64_t p) { return p < pixels && (inside[p] >> tap & 1) != 0; };
  for (int64_t p = 0; p < pixels; p++) {
    if (!takes(p)) continue;
    const bool alone = Numbers::kEach == 2 && !takes(p + 1);
    places.add(p, alone ? kChunk + p : p);
    if (Numbers::kEach == 2 && !alone) p++;
  }
}

// c [Rows, Vectors · kWidth] (+)= a strip of x, transposed, times one of dy.
template <class Numbers, int Rows, int Vectors>
__attribute__((noinline)) static void columnsTile(const float* x, const float* dy, const Places& places, float* c, int64_t cStep, bool add) {
  Vector sums[Rows][Vectors];
#pragma GCC unroll 32
  for (int i = 0; i < Rows; i++)
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) sums[i][j] = add ? load(c + i * cStep + j * kWidth) : zero();
  for (int64_t k = 0; k < places.count; k++) {
    const float *values = x + places.ofX[k] * kTileRows, *row = dy + places.ofDy[k] * kTileColumns;
    Vector vectors[Vectors];
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) vectors[j] = load(row + j * kWidth);
#pragma GCC unroll 32
    for (int i = 0; i < Rows; i++) {
      const Vector value = all(values[i]);
#pragma GCC unroll 8
      for (int j = 0; j < Vectors; j++) sums[i][j] = Numbers::mulAdd(value, vectors[j], sums[i][j]);
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < Rows; i++)
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) store(c + i * cStep + j * kWidth, sums[i][j]);
}

// Rows [pixels, rows] into strips [pixels, kTileRows], `step` apart; each store's surplus is overwritten by the next one, and at the end by nothing.
template <class Numbers>
void packRows(const float* x, int64_t width, int64_t pixels, int64_t rows, float* to, int64_t step) {
  static_assert(kTileRows <= kWidth, "a row of a strip is a part of a vector");
  for (int64_t p = 0; p < pixels; p++)
    for (int64_t i = 0, strip = 0; i < rows; i += kTileRows, strip += step) {
      const auto values = [&](int64_t p) {
        const float* from = x + p * width + i;
        return i + kWidth <= rows ? load(from) : load(from, first(rows - i));
      };
      store(to + strip + p * kTileRows, Numbers::kEach == 1 ? values(p) : pairsOf(values(p), p + 1 < pixels ? values(p + 1) : zero()));
    }
}

template <class Numbers>
void packColumns(const float* dy, int64_t width, int64_t pixels, int64_t columns, float* to) {
  forTileColumns(columns, [&](auto vectors, int64_t j) {
    float* strip = to + j * Numbers::kEach * kChunk;
    for (int64_t p = 0; p < pixels; p++)
#pragma GCC unroll 8
      for (int v = 0; v < vectors.value; v++) {
        const float* from = dy + p * width + j + v * kWidth;
        float* at = strip + p * kTileColumns + v * kWidth;
        const Vector values = load(from);
        if constexpr (Numbers::kEach == 1) {
          store(at, values);
        } else {
          store(at, pairsOf(values, p + 1 < pixels ? load(from + width) : zero()));
          store(at + kChunk * kTileColumns, pairsOf(values, zero()));
        }
      }
  });
}

void addBias(const float* dy, int64_t width, int64_t pixels, int64_t columns, float* sums, bool add) {
  forTileColumns(columns, [&](auto vectors, int64_t j) {
    Vector totals[vectors.value];
    for (int v = 0; v < vectors.value; v++) totals[v] = add ? load(sums + j + v * kWidth) : zero();
    for (int64_t p = 0; p < pixels; p++)
#pragma GCC unroll 8
      for (int v = 0; v < vectors.value; v++) totals[v] += load(dy + p * width + j + v * kWidth);
    for (int v = 0; v < vectors.value; v++) store(sums + j + v * kWidth, totals[v]);
  });
}

template <class Numbers>
void weightGradient(Context& context, const ProductShape& shape, const float* dy, const float* x, float* dWeight, float* dBias) {
  const int64_t pixels = shape.pixels(), K = shape.in, N = shape.out, size = shape.taps * K * N;
  const Taps taps(shape);
  const auto tooFew = [&](int64_t each) { return ceilDiv(K, each) * ceilDiv(N, each) < kPieces; };
  const int64_t each = tooFew(kMost) ? kFew : kMost, columnPieces = ceilDiv(N, each), rowPieces = ceilDiv(K, each);
  int64_t splits = 1;
  while (rowPieces * columnPieces * splits < kPieces && pixels / (splits * 2) >= kFewPixels) splits *= 2;
  const int64_t pixelsEach = ceilDiv(pixels, splits);
  float* parts = splits == 1 ? nullptr : context.temporary<float>((splits - 1) * size);
  float* biasParts = context.temporary<float>(splits * N);

  const int64_t around = shape.taps == 1 ? 0 : shape.width + 1;
  const int64_t xStrip = (kChunk + 2 * around) * kTileRows + kWidth, xStrips = ceilDiv(each, kTileRows) * xStrip;
  const int64_t dyStep = Numbers::kEach * kChunk, memoryEach = xStrips + dyStep * ceilDiv(each, kTileColumns) * kTileColumns;
  float* memory = context.temporary<float>(memoryEach * context.threads());
  context.parallelWithThread(rowPieces * columnPieces * splits, [&](int64_t piece, int thread) {
    const int64_t split = piece % splits, column = piece / splits % columnPieces * each, columns = least(each, N - column);
    const int64_t row = piece / splits / columnPieces * each, rows = least(each, K - row);
    float *ofX = memory + thread * memoryEach, *ofDy = ofX + xStrips;
    float* to = (split == 0 ? dWeight : parts + (split - 1) * size) + row * N + column;
    const int64_t end = least(pixels, (split + 1) * pixelsEach);
    bool add = false;
    int64_t from = split * pixelsEach;
    do {
      const int64_t count = most(0, least(kChunk, end - from)), before = least(around, from), after = least(around, pixels - from - count);
      packRows<Numbers>(x + (from - before) * K + row, K, before + count + after, rows, ofX, xStrip);
      packColumns<Numbers>(dy + from * N + column, N, count, columns, ofDy);
      if (row == 0) addBias(dy + from * N + column, N, count, columns, biasParts + split * N + column, add);
      const int64_t ahead = most(0, least(kChunk, end - from - count)), calls = taps.count * ceilDiv(columns, kTileColumns) * ceilDiv(rows, kTileRows);
      Prefetch nextDy(dy + (from + count) * N + column, N, ahead, columns), nextX(x + (from + count + after) * K + row, K, most(0, ahead - after), rows);
      nextDy.over(calls);
      nextX.over(calls);
      uint16_t inside[kChunk];
      taps.inside(from, count, inside);
      for (int t = 0; t < taps.count; t++) {
        Places places;
        find<Numbers>(inside, t, count, places);
        float* matrix = to + taps.weights(t) * K * N;
        const float* shifted = ofX + (before + taps.step(t)) * kTileRows;
        forTileColumns(columns, [&](auto vectors, int64_t j) {
          forTileRows(rows, [&](auto height, int64_t i) {
            nextDy.some();
            nextX.some();
            columnsTile<Numbers, height.value, vectors.value>(shifted + i / kTileRows * xStrip, ofDy + j * dyStep, places, matrix + i * N + j, N, add);
          });
        });
      }
      add = true;
      from += count;
    } while (from < end);
  });

  if (splits > 1) {
    constexpr int64_t kEach = 16384;
    context.parallel(ceilDiv(size, kEach), [&](int64_t i) {
      for (int64_t at = i * kEach; at < least(size, (i + 1) * kEach); at += kWidth) {
        Vector total = load(dWeight + at);
        for (int64_t s = 0; s < splits - 1; s++) total += load(parts + s * size + at);
        store(dWeight + at, total);
      }
    });
  }
  for (int64_t n = 0; n < N; n++) {
    double total = 0;
    for (int64_t i = 0; i < splits; i++) total += biasParts[i * N + n];
    dBias[n] = float(total);
  }
}

}  // namespace

void productWeightGradient(Context& context, const ProductShape& shape, const float* dy, const float* x, float* dWeight, float* dBias) {
  if (shape.bfloat16)
    weightGradient<Pairs>(context, shape, dy, x, dWeight, dBias);
  else
    weightGradient<Floats>(context, shape, dy, x, dWeight, dBias);
}

}  // namespace roentgen
