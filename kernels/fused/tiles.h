// Tiles of large products: sums that stay in registers while a strip of b, copied to where it lies in one piece, stays in the first cache.
#pragma once

#include "numbers.h"

namespace roentgen {

constexpr int kTileRows = kSums / kTileVectors;
constexpr int64_t kTileColumns = kTileVectors * kWidth;

template <int Value>
struct Constant {
  static constexpr int value = Value;
};

// Calls body(Constant) with the number itself, which is between 1 and Most.
template <int Most, class Body>
ROENTGEN_INLINE void withConstant(int64_t number, const Body& body) {
  if constexpr (Most > 1) {
    if (number < Most) return withConstant<Most - 1>(number, body);
  }
  body(Constant<Most>());
}

// Calls body(Constant rows, first row) for tiles of `rows` rows in all.
template <class Body>
ROENTGEN_INLINE void forTileRows(int64_t rows, const Body& body) {
  int64_t i = 0;
  for (; i + kTileRows <= rows; i += kTileRows) body(Constant<kTileRows>(), i);
  if (i < rows) withConstant<kTileRows - 1>(rows - i, [&](auto left) { body(left, i); });
}

// Calls body(Constant vectors, first column) for tiles of `columns` columns in all, a multiple of kWidth.
template <class Body>
ROENTGEN_INLINE void forTileColumns(int64_t columns, const Body& body) {
  for (int64_t j = 0; j < columns; j += kTileColumns)
    withConstant<kTileVectors>((columns - j) / kWidth, [&](auto vectors) { body(vectors, j); });
}

// Copies [depth, columns] into strips of tiles, each [depth, its columns].
ROENTGEN_INLINE void packStrips(const float* from, int64_t step, int64_t depth, int64_t columns, float* to) {
  forTileColumns(columns, [&](auto vectors, int64_t j) {
    float* strip = to + j * depth;
    for (int64_t k = 0; k < depth; k++)
#pragma GCC unroll 4
      for (int v = 0; v < vectors.value; v++) store(strip + (k * vectors.value + v) * kWidth, load(from + k * step + j + v * kWidth));
  });
}

// The same from [2 depth, columns], of which two rows become one of pairs.
ROENTGEN_INLINE void packPairStrips(const float* from, int64_t step, int64_t depth, int64_t columns, float* to) {
  forTileColumns(columns, [&](auto vectors, int64_t j) {
    float* strip = to + j * depth;
    for (int64_t k = 0; k < depth; k++) {
      const float *first = from + 2 * k * step + j, *second = first + step;
#pragma GCC unroll 4
      for (int v = 0; v < vectors.value; v++)
        store(strip + (k * vectors.value + v) * kWidth, pairsOf(load(first + v * kWidth), load(second + v * kWidth)));
    }
  });
}

// As `packStrips`, from [columns, depth]; both are multiples of kSquare.
ROENTGEN_INLINE void packTurnedStrips(const float* from, int64_t step, int64_t depth, int64_t columns, float* to) {
  forTileColumns(columns, [&](auto vectors, int64_t j) {
    constexpr int64_t width = decltype(vectors)::value * kWidth;
    for (int64_t k = 0; k < depth; k += kSquare)
      for (int64_t c = 0; c < width; c += kSquare) transpose(from + (j + c) * step + k, step, to + j * depth + k * width + c, width);
  });
}

// A matrix that is fetched into the second cache bit by bit, while the one before it is worked on.
class Prefetch {
 public:
  Prefetch(const float* from, int64_t step, int64_t rows, int64_t columns)
      : row_(from), step_(step), columns_(columns), rows_(rows), each_(0) {}

  // Spreads what there is to fetch over so many calls of `some`.
  Prefetch& over(int64_t calls) {
    each_ = (rows_ * ((columns_ + kLine - 1) / kLine) + calls - 1) / (calls > 0 ? calls : 1);
    return *this;
  }

  void some() {
    for (int64_t i = 0; i < each_ && rows_ > 0; i++) {
      __builtin_prefetch(row_ + at_, 0, 2);
      at_ += kLine;
      if (at_ < columns_) continue;
      at_ = 0;
      row_ += step_;
      rows_--;
    }
  }

 private:
  static constexpr int64_t kLine = 16;  // floats
  const float* row_;
  const int64_t step_, columns_;
  int64_t rows_, each_, at_ = 0;
};

}  // namespace roentgen
