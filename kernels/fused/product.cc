// Linear layers and 3 x 3 convolutions of step 1 as products over neighbouring pixels. Images [B, H, W, C] with weights [3, 3, K, N] lie in memory as
// tiles need them: nothing is copied into another layout, and nothing padded.
#include <cstring>

#include "kernels.h"
#include "simd.h"

namespace roentgen {
namespace {

constexpr int64_t kDepth = 256;              // of a block of the weights that stays in cache
constexpr int64_t kPixels = 96;              // of a piece of work, a multiple of all heights of tiles
constexpr int64_t kPieces = 8;               // wanted at least
constexpr int kRows = kSums / kTileVectors;  // of a tile
constexpr int64_t kColumns = kTileVectors * kWidth;

ROENTGEN_INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
ROENTGEN_INLINE int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// A tap of a 3 x 3 kernel, or the only one.
struct Tap {
  int64_t dy, dx;
  Tap(int taps, int64_t i) : dy(taps == 9 ? i / 3 - 1 : 0), dx(taps == 9 ? i % 3 - 1 : 0) {}
  // The pixel beside pixel `p`, or -1 where that is outside of the image.
  int64_t from(const ProductShape& s, int64_t p) const {
    const int64_t x = p % s.width + dx, y = p / s.width % s.height + dy;
    return x < 0 || x >= s.width || y < 0 || y >= s.height ? -1 : p + dy * s.width + dx;
  }
};

// Rows of c, each given by a pointer, (+)= rows of a [depth] times b [depth, Vectors · kWidth]. Where they begin anew, `init` is what they begin with
// (null: zeros).
template <int Rows, int Vectors>
__attribute__((noinline)) static void rowsTile(const float* const* a, const float* b, int64_t bStride, float* const* c, int64_t depth, bool add,
                                               const float* init) {
  Vector sums[Rows][Vectors];
#pragma GCC unroll 32
  for (int i = 0; i < Rows; i++)
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) sums[i][j] = add ? load(c[i] + j * kWidth) : init ? load(init + j * kWidth) : zero();
  const float* rows[Rows];
#pragma GCC unroll 32
  for (int i = 0; i < Rows; i++) rows[i] = a[i];
  for (int64_t k = 0; k < depth; k++) {
    Vector row[Vectors];
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) row[j] = load(b + k * bStride + j * kWidth);
#pragma GCC unroll 32
    for (int i = 0; i < Rows; i++) {
      const Vector value = all(rows[i][k]);
#pragma GCC unroll 8
      for (int j = 0; j < Vectors; j++) sums[i][j] = mulAdd(value, row[j], sums[i][j]);
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < Rows; i++)
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) store(c[i] + j * kWidth, sums[i][j]);
}

// c [Rows, Vectors · kWidth] (+)= columns of a, transposed, times rows of b; their places are offsets of `depth` pairs.
template <int Rows, int Vectors>
__attribute__((noinline)) static void columnsTile(const float* a, const int64_t* aAt, const float* b, const int64_t* bAt, int64_t depth, float* c,
                                                  int64_t cStride, bool add) {
  Vector sums[Rows][Vectors];
#pragma GCC unroll 32
  for (int i = 0; i < Rows; i++)
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) sums[i][j] = add ? load(c + i * cStride + j * kWidth) : zero();
  for (int64_t k = 0; k < depth; k++) {
    const float *values = a + aAt[k], *row = b + bAt[k];
    Vector vectors[Vectors];
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) vectors[j] = load(row + j * kWidth);
#pragma GCC unroll 32
    for (int i = 0; i < Rows; i++) {
      const Vector value = all(values[i]);
#pragma GCC unroll 8
      for (int j = 0; j < Vectors; j++) sums[i][j] = mulAdd(value, vectors[j], sums[i][j]);
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < Rows; i++)
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; j++) store(c + i * cStride + j * kWidth, sums[i][j]);
}

template <int Rows>
struct RowCount {
  static constexpr int value = Rows;
};

// Calls body(RowCount, first row) for tiles of kRows rows, then smaller ones.
template <class Body>
ROENTGEN_INLINE void forTiles(int64_t rows, const Body& body) {
  int64_t i = 0;
  for (; i + kRows <= rows; i += kRows) body(RowCount<kRows>(), i);
  if (i + 4 <= rows) {
    body(RowCount<4>(), i);
    i += 4;
  }
  for (; i < rows; i++) body(RowCount<1>(), i);
}

template <int Vectors>
struct VectorCount {
  static constexpr int value = Vectors;
};

// Calls body(VectorCount) with how many vectors a tile has that begins `left` columns before the end.
template <int Vectors = kTileVectors, class Body>
ROENTGEN_INLINE void withVectors(int64_t left, const Body& body) {
  if constexpr (Vectors > 1) {
    if (left < Vectors * kWidth) return withVectors<Vectors - 1>(left, body);
  }
  body(VectorCount<Vectors>());
}

}  // namespace

void product(Context& context, const ProductShape& shape, const float* x, const float* weight, const float* bias, float* y) {
  const int64_t pixels = shape.images * shape.height * shape.width, K = shape.in, N = shape.out, columnTiles = ceilDiv(N, kColumns);
  int64_t each = kPixels;
  while (each > 24 && ceilDiv(pixels, each) * columnTiles < kPieces) each -= 24;
  float* outside = context.temporary<float>(K);  // a pixel beyond the border
  std::memset(outside, 0, sizeof(float) * K);
  context.parallel(ceilDiv(pixels, each) * columnTiles, [&](int64_t piece) {
    const int64_t column = piece % columnTiles * kColumns, from = piece / columnTiles * each, to = least(pixels, from + each);
    const float* init = bias == nullptr ? nullptr : bias + column;
    withVectors(N - column, [&](auto vectors) {
      for (int64_t t = 0; t < shape.taps; t++) {
        const Tap tap(shape.taps, t);
        for (int64_t k = 0; k < K; k += kDepth)
          forTiles(to - from, [&](auto rows, int64_t first) {
            const float* a[rows.value];
            float* c[rows.value];
            for (int i = 0; i < rows.value; i++) {
              const int64_t p = from + first + i, neighbour = shape.taps == 1 ? p : tap.from(shape, p);
              a[i] = neighbour < 0 ? outside : x + neighbour * K + k;
              c[i] = y + p * N + column;
            }
            rowsTile<rows.value, vectors.value>(a, weight + (t * K + k) * N + column, N, c, least(kDepth, K - k), t > 0 || k > 0, init);
          });
      }
    });
  });
}

void productInputGradient(Context& context, const ProductShape& shape, const float* dy, const float* weight, float* dx) {
  const int64_t K = shape.in, N = shape.out;
  constexpr int64_t kBlock = 16;
  // The kernel turned round, and each tap's matrix transposed: [taps, N, K].
  float* turned = context.temporary<float>(shape.taps * K * N);
  const int64_t blocks = ceilDiv(K, kBlock);
  context.parallel(shape.taps * blocks, [&](int64_t piece) {
    const int64_t tap = piece / blocks, first = piece % blocks * kBlock, end = least(K, first + kBlock);
    const float* from = weight + tap * K * N;
    float* to = turned + (shape.taps - 1 - tap) * N * K;
    for (int64_t n = 0; n < N; n++)
      for (int64_t k = first; k < end; k++) to[n * K + k] = from[k * N + n];
  });
  ProductShape back = shape;
  back.in = N;
  back.out = K;
  product(context, back, dy, turned, nullptr, dx);
}

void productWeightGradient(Context& context, const ProductShape& shape, const float* dy, const float* x, float* dWeight, float* dBias) {
  const int64_t pixels = shape.images * shape.height * shape.width, K = shape.in, N = shape.out, columnTiles = ceilDiv(N, kColumns);
  // Pieces are parts of one tap's matrix. Where that makes few, pixels are split too, and the partial sums are added in order.
  int64_t rowsEach = K;
  while (rowsEach > 48 && shape.taps * columnTiles * ceilDiv(K, rowsEach) < 12) rowsEach = (rowsEach / 2 + kRows - 1) / kRows * kRows;
  const int64_t rowBlocks = ceilDiv(K, rowsEach), tasks = shape.taps * columnTiles * rowBlocks;
  int64_t splits = 1;
  while (tasks * splits < kPieces && pixels / (splits * 2) >= 512) splits *= 2;
  const int64_t pixelsEach = ceilDiv(pixels, splits), size = shape.taps * K * N;
  float* parts = splits == 1 ? nullptr : context.temporary<float>((splits - 1) * size);
  context.parallel(tasks * splits, [&](int64_t piece) {
    const int64_t split = piece % splits, task = piece / splits, column = task % columnTiles * kColumns;
    const int64_t row = task / columnTiles % rowBlocks * rowsEach, rows = least(rowsEach, K - row), t = task / columnTiles / rowBlocks;
    const Tap tap(shape.taps, t);
    float* to = (split == 0 ? dWeight : parts + (split - 1) * size) + (t * K + row) * N + column;
    int64_t xAt[kDepth], dyAt[kDepth], p = split * pixelsEach;
    const int64_t end = least(pixels, p + pixelsEach);
    bool add = false;
    do {
      int64_t count = 0;
      for (; p < end && count < kDepth; p++) {
        const int64_t neighbour = shape.taps == 1 ? p : tap.from(shape, p);
        if (neighbour < 0) continue;
        xAt[count] = neighbour * K + row;
        dyAt[count++] = p * N + column;
      }
      withVectors(N - column, [&](auto vectors) {
        forTiles(rows, [&](auto height, int64_t first) {
          columnsTile<height.value, vectors.value>(x + first, xAt, dy, dyAt, count, to + first * N, N, add);
        });
      });
      add = true;
    } while (p < end);
  });
  if (splits > 1) {
    constexpr int64_t kChunk = 16384;
    context.parallel(ceilDiv(size, kChunk), [&](int64_t i) {
      for (int64_t at = i * kChunk; at < least(size, (i + 1) * kChunk); at += kWidth) {
        Vector total = load(dWeight + at);
        for (int64_t s = 0; s < splits - 1; s++) total += load(parts + s * size + at);
        store(dWeight + at, total);
      }
    });
  }

  const int64_t sums = least(64, ceilDiv(pixels, 64)), each = sums > 0 ? ceilDiv(pixels, sums) : 0;
  float* biasParts = context.temporary<float>(sums * N);
  context.parallel(sums, [&](int64_t i) {
    float* to = biasParts + i * N;
    std::memset(to, 0, sizeof(float) * N);
    for (int64_t p = i * each; p < least(pixels, (i + 1) * each); p++)
      for (int64_t n = 0; n < N; n += kWidth) store(to + n, load(to + n) + load(dy + p * N + n));
  });
  for (int64_t n = 0; n < N; n++) {
    double total = 0;
    for (int64_t i = 0; i < sums; i++) total += biasParts[i * N + n];
    dBias[n] = float(total);
  }
}

}  // namespace roentgen
