// softmax(q kT scale + mask) v by blocks of queries and keys: the scores are never in memory (Dao 2023, arXiv:2307.08691). The backward pass computes
// them again, from each query's largest score and sum of exponentials.
#include <cmath>
#include <cstring>

#include "kernels.h"
#include "matmul.h"

namespace roentgen {
namespace {

constexpr int64_t kQueries = 48, kKeys = 128;  // of a block
constexpr int64_t kPieces = 8;                 // wanted at least, so that several cores have work where there are few images and heads

ROENTGEN_INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
ROENTGEN_INLINE int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
ROENTGEN_INLINE int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
ROENTGEN_INLINE int64_t padded(int64_t n) { return ceilDiv(n, kWidth) * kWidth; }

// One image and head of [B, L, heads · D].
struct Head {
  int64_t image, head, stride, offset;
  Head(const AttentionShape& s, int64_t i) : image(i / s.heads), head(i % s.heads), stride(s.heads * s.width), offset(head * s.width) {}
  template <class T>
  T* of(T* x, int64_t length, int64_t row = 0) const {
    return x + (image * length + row) * stride + offset;
  }
};

// How many numbers of 32 bits hold so many values.
template <class Numbers>
ROENTGEN_INLINE int64_t units(int64_t values) {
  return ceilDiv(values, Numbers::kEach);
}

// Rows of a head times `factor`, one after the other, their width filled up with zeros: [length, padded(width)] floats.
void copyRows(const float* x, int64_t stride, int64_t length, int64_t width, float factor, float* to) {
  for (int64_t r = 0; r < length; r++)
    for (int64_t c = 0; c < width; c += kWidth) store(to + r * padded(width) + c, load(x + r * stride + c, first(width - c)) * all(factor));
}

// Rows in place: 2 r and 2 r + 1 become row r of pairs. Where their number is odd, there is room for one more behind them.
void pairRows(float* rows, int64_t length, int64_t width, int64_t stride) {
  if (length % 2 != 0) std::memset(rows + length * stride, 0, sizeof(float) * width);
  for (int64_t r = 0; r < length; r += 2)
    for (int64_t c = 0; c < width; c += kWidth)
      store(rows + r / 2 * stride + c, pairsOf(load(rows + r * stride + c), load(rows + (r + 1) * stride + c)));
}

// A row of values, each with its neighbour, perhaps in its own place; behind both is room for a vector.
ROENTGEN_INLINE void pairNeighbours(const float* row, int64_t width, float* to) {
  for (int64_t c = 0; c < width; c += 2 * kWidth) storePairs(row + c, to + c / 2);
}

// Rows of a head times `factor`, transposed in blocks of kKeys columns, the last one filled up with zeros: [blocks, units(width), kKeys].
template <class Numbers>
void copyColumns(const float* x, int64_t stride, int64_t length, int64_t width, float factor, float* to) {
  const int64_t depth = units<Numbers>(width);
  for (int64_t block = 0; block < length; block += kKeys, to += depth * kKeys) {
    const int64_t count = least(kKeys, length - block);
    for (int64_t r = 0; r < count; r++) {
      const float* row = x + (block + r) * stride;
      if constexpr (Numbers::kEach == 1) {
        for (int64_t d = 0; d < width; d++) to[d * kKeys + r] = row[d] * factor;
      } else {
        for (int64_t d = 0; d < depth; d += kWidth) {
          float some[2 * kWidth];
          for (int i = 0; i < 2; i++) store(some + i * kWidth, load(row + 2 * d + i * kWidth, first(most(0, width - 2 * d - i * kWidth))) * all(factor));
          storePairs(some, some);
          for (int64_t i = d; i < least(depth, d + kWidth); i++) to[i * kKeys + r] = some[i - d];
        }
      }
    }
    for (int64_t d = 0; d < depth; d++)
      for (int64_t r = count; r < kKeys; r++) to[d * kKeys + r] = 0;
  }
}

// Adds the mask's part to a row of scores, whose keys begin at `key`.
void addMask(const AttentionMask& mask, const Head& head, int64_t query, int64_t key, int64_t count, float* scores) {
  if (mask.data == nullptr) return;
  const float* row = mask.data + head.image * mask.image + head.head * mask.head + query * mask.query + key * mask.key;
  for (int64_t j = 0; j < count; j += kWidth) {
    const Mask some = first(count - j);
    store(scores + j, load(scores + j) + (mask.key == 0 ? all(*row) : load(row + j, some)));
  }
}

// A block of rows [kQueries] with what the softmax knows of them so far.
struct Running {
  float largest[kQueries], total[kQueries];
};

// Exponentials of a row of scores in their place; the row's sum so far and its output so far are scaled to the new largest score.
void soften(float* scores, int64_t count, float& before, float& total, float* out, int64_t outWidth) {
  const int64_t full = padded(count);
  if (count < full) {
    float* last = scores + full - kWidth;
    store(last, select(first(count - (full - kWidth)), load(last), all(-INFINITY)));
  }
  Vector m = load(scores);
  for (int64_t j = kWidth; j < full; j += kWidth) m = larger(m, load(scores + j));
  const float now = before > largest(m) ? before : largest(m);
  if (now == -INFINITY) {  // nothing to look at so far
    for (int64_t j = 0; j < full; j += kWidth) store(scores + j, zero());
    return;
  }
  Vector s = zero();
  for (int64_t j = 0; j < full; j += kWidth) {
    const Vector e = exponential(load(scores + j) - all(now));
    store(scores + j, e);
    s += e;
  }
  const float factor = before == now ? 1 : std::exp(before - now);
  total = total * factor + sum(s);
  if (factor != 1)
    for (int64_t d = 0; d < outWidth; d += kWidth) store(out + d, load(out + d) * all(factor));
  before = now;
}

template <class Numbers>
void attend(Context& context, const AttentionShape& shape, const float* q, const float* k, const float* v, const AttentionMask& mask, float* out,
            SoftmaxStatistics* statistics) {
  constexpr bool pairs = Numbers::kEach == 2;
  const int64_t heads = shape.batch * shape.heads, width = shape.width, wide = padded(width);
  const int64_t keyBlocks = ceilDiv(shape.keys, kKeys), queryBlocks = ceilDiv(shape.queries, kQueries);
  // Every piece copies keys and values, so it takes at least four blocks of queries where there are as many.
  const int64_t splits = most(1, least(ceilDiv(queryBlocks, 4), ceilDiv(kPieces, most(1, heads))));
  const int64_t blocksEach = ceilDiv(queryBlocks, splits);
  const int64_t depth = units<Numbers>(width), columns = keyBlocks * kKeys * depth, values = (shape.keys + 1) * wide;
  const int64_t each = padded(columns + values + kQueries * (kKeys + 3 * wide) + kWidth);
  float* memory = context.temporary<float>(each * context.threads());
  context.parallelWithThread(heads * splits, [&](int64_t piece, int thread) {
    const Head head(shape, piece / splits);
    float *kt = memory + thread * each, *vs = kt + columns, *scores = vs + values, *sums = scores + kQueries * kKeys;
    float *rowsOfQ = sums + kQueries * wide, *pairsOfQ = rowsOfQ + kQueries * wide;
    copyColumns<Numbers>(head.of(k, shape.keys), head.stride, shape.keys, width, shape.scale, kt);
    copyRows(head.of(v, shape.keys), head.stride, shape.keys, width, 1, vs);
    if (pairs) pairRows(vs, shape.keys, wide, wide);
    Running running;
    const int64_t end = least(queryBlocks, (piece % splits + 1) * blocksEach);
    for (int64_t block = piece % splits * blocksEach; block < end; block++) {
      const int64_t from = block * kQueries, rows = least(kQueries, shape.queries - from);
      for (int64_t i = 0; i < rows; i++) {
        running.largest[i] = -INFINITY;
        running.total[i] = 0;
      }
      std::memset(sums, 0, sizeof(float) * rows * wide);
      const float* queries = head.of(q, shape.queries, from);
      int64_t stride = head.stride;
      if (pairs) {
        copyRows(queries, stride, rows, width, 1, rowsOfQ);
        for (int64_t i = 0; i < rows; i++) pairNeighbours(rowsOfQ + i * wide, wide, pairsOfQ + i * wide / 2);
        queries = pairsOfQ;
        stride = wide / 2;
      }
      for (int64_t key = 0; key < shape.keys; key += kKeys) {
        const int64_t count = least(kKeys, shape.keys - key);
        multiply<Numbers, false, false>(queries, stride, kt + key * depth, kKeys, scores, kKeys, rows, padded(count), depth);
        for (int64_t i = 0; i < rows; i++) {
          addMask(mask, head, from + i, key, count, scores + i * kKeys);
          soften(scores + i * kKeys, count, running.largest[i], running.total[i], sums + i * wide, wide);
          if (pairs) pairNeighbours(scores + i * kKeys, padded(count), scores + i * kKeys);
        }
        multiply<Numbers, false, true>(scores, kKeys, vs + units<Numbers>(key) * wide, wide, sums, wide, rows, wide, units<Numbers>(count));
      }
      for (int64_t i = 0; i < rows; i++) {
        const float inverse = 1 / running.total[i];
        float* to = head.of(out, shape.queries, from + i);
        for (int64_t d = 0; d < width; d += kWidth) store(to + d, load(sums + i * wide + d) * all(inverse), first(width - d));
        statistics[(piece / splits) * shape.queries + from + i] = {running.largest[i], inverse};
      }
    }
  });
}

template <class Numbers>
void attendGradient(Context& context, const AttentionShape& shape, const float* dy, const float* q, const float* k, const float* v,
                    const AttentionMask& mask, const float* out, const SoftmaxStatistics* statistics, float* dq, float* dk, float* dv) {
  constexpr bool pairs = Numbers::kEach == 2;
  const int64_t heads = shape.batch * shape.heads, width = shape.width, wide = padded(width), queries = shape.queries;
  const int64_t keyBlocks = ceilDiv(shape.keys, kKeys);
  const int64_t splits = most(1, least(keyBlocks, ceilDiv(kPieces, most(1, heads))));
  const int64_t blocksEach = ceilDiv(keyBlocks, splits);
  // Pieces of one head have keys of their own, and each its part of the gradient of the queries.
  const int64_t size = shape.batch * queries * shape.heads * width;
  float* parts = splits == 1 ? dq : context.temporary<float>(splits * size);
  const int64_t depth = units<Numbers>(width), columns = kKeys * depth, block = kKeys * wide, rowsOfAll = (queries + 1) * wide;
  const int64_t ofPairs = pairs ? rowsOfAll + kQueries * kKeys / 2 + 3 * kWidth : 0;
  const int64_t each = padded(2 * columns + 3 * block + 3 * rowsOfAll + 2 * kQueries * kKeys + queries + ofPairs);
  float* memory = context.temporary<float>(each * context.threads());
  context.parallelWithThread(heads * splits, [&](int64_t piece, int thread) {
    const Head head(shape, piece / splits);
    const SoftmaxStatistics* own = statistics + (piece / splits) * queries;
    float *kt = memory + thread * each, *vt = kt + columns, *ks = vt + columns, *dks = ks + block, *dvs = dks + block, *qs = dvs + block;
    float *dys = qs + rowsOfAll, *dqs = dys + rowsOfAll, *weights = dqs + rowsOfAll, *dScores = weights + kQueries * kKeys, *dots = dScores + kQueries * kKeys;
    copyRows(head.of(q, queries), head.stride, queries, width, 1, qs);
    copyRows(head.of(dy, queries), head.stride, queries, width, 1, dys);
    std::memset(dqs, 0, sizeof(float) * queries * wide);
    // The softmax's gradient needs each row's sum of weight times gradient, which is out · dy.
    for (int64_t i = 0; i < queries; i++) {
      Vector s = zero();
      for (int64_t d = 0; d < width; d += kWidth)
        s = mulAdd(load(head.of(out, queries, i) + d, first(width - d)), load(dys + i * wide + d), s);
      dots[i] = sum(s);
    }
    // Rows to be multiplied by columns are pairs of neighbours, and those whose sums are taken over queries or keys pairs of rows.
    float *ofQ = qs, *ofDy = dys, *ofScores = dScores;
    const int64_t stride = wide / Numbers::kEach, scoresStride = kKeys / Numbers::kEach;
    if (pairs) {
      ofQ = dots + queries;
      ofDy = ofQ + queries * stride + kWidth;
      ofScores = ofDy + queries * stride + kWidth;
      for (int64_t i = 0; i < queries; i++) {
        pairNeighbours(qs + i * wide, wide, ofQ + i * stride);
        pairNeighbours(dys + i * wide, wide, ofDy + i * stride);
      }
      pairRows(qs, queries, wide, wide);
      pairRows(dys, queries, wide, wide);
    }
    const int64_t end = least(keyBlocks, (piece % splits + 1) * blocksEach);
    for (int64_t keyBlock = piece % splits * blocksEach; keyBlock < end; keyBlock++) {
      const int64_t key = keyBlock * kKeys, count = least(kKeys, shape.keys - key);
      copyColumns<Numbers>(head.of(k, shape.keys, key), head.stride, count, width, shape.scale, kt);
      copyColumns<Numbers>(head.of(v, shape.keys, key), head.stride, count, width, 1, vt);
      copyRows(head.of(k, shape.keys, key), head.stride, count, width, shape.scale, ks);
      if (pairs) pairRows(ks, count, wide, wide);
      std::memset(dks, 0, sizeof(float) * 2 * block);
      for (int64_t from = 0; from < queries; from += kQueries) {
        const int64_t rows = least(kQueries, queries - from);
        multiply<Numbers, false, false>(ofQ + from * stride, stride, kt, kKeys, weights, kKeys, rows, padded(count), depth);
        multiply<Numbers, false, false>(ofDy + from * stride, stride, vt, kKeys, dScores, kKeys, rows, padded(count), depth);
        for (int64_t i = 0; i < rows; i++) {
          float *w = weights + i * kKeys, *s = dScores + i * kKeys;
          addMask(mask, head, from + i, key, count, w);
          const Vector largest = all(own[from + i].largest), inverse = all(own[from + i].inverse), dot = all(dots[from + i]);
          const auto soften = [&](int64_t j, Vector weight) {
            store(w + j, weight);
            store(s + j, weight * (load(s + j) - dot));
          };
          int64_t j = 0;
          for (; j + kWidth <= count; j += kWidth) soften(j, exponential(load(w + j) - largest) * inverse);
          if (j < count) soften(j, select(first(count - j), exponential(load(w + j) - largest) * inverse, zero()));
        }
        if (pairs) {
          for (int64_t i = 0; i < rows; i++) pairNeighbours(dScores + i * kKeys, padded(count), ofScores + i * scoresStride);
          pairRows(weights, rows, padded(count), kKeys);
          pairRows(dScores, rows, padded(count), kKeys);
        }
        const int64_t firstRow = units<Numbers>(from) * wide;
        multiply<Numbers, true, true>(weights, kKeys, dys + firstRow, wide, dvs, wide, count, wide, units<Numbers>(rows));
        multiply<Numbers, true, true>(dScores, kKeys, qs + firstRow, wide, dks, wide, count, wide, units<Numbers>(rows));
        multiply<Numbers, false, true>(ofScores, scoresStride, ks, wide, dqs + from * wide, wide, rows, wide, units<Numbers>(count));
      }
      for (int64_t j = 0; j < count; j++)
        for (int64_t d = 0; d < width; d += kWidth) {
          store(head.of(dk, shape.keys, key + j) + d, load(dks + j * wide + d) * all(shape.scale), first(width - d));
          store(head.of(dv, shape.keys, key + j) + d, load(dvs + j * wide + d), first(width - d));
        }
    }
    float* to = parts + piece % splits * size;
    for (int64_t i = 0; i < queries; i++)
      for (int64_t d = 0; d < width; d += kWidth) store(head.of(to, queries, i) + d, load(dqs + i * wide + d), first(width - d));
  });
  if (splits == 1) return;
  constexpr int64_t kChunk = 16384;
  context.parallel(ceilDiv(size, kChunk), [&](int64_t i) {
    for (int64_t at = i * kChunk; at < least(size, (i + 1) * kChunk); at += kWidth) {
      const Mask some = first(size - at);
      Vector total = zero();
      for (int64_t s = 0; s < splits; s++) total += load(parts + s * size + at, some);
      store(dq + at, total, some);
    }
  });
}

}  // namespace

void attention(Context& context, const AttentionShape& shape, const float* q, const float* k, const float* v, const AttentionMask& mask,
               float* out, SoftmaxStatistics* statistics) {
  const auto run = shape.bfloat16 ? attend<Pairs> : attend<Floats>;
  run(context, shape, q, k, v, mask, out, statistics);
}

void attentionGradient(Context& context, const AttentionShape& shape, const float* dy, const float* q, const float* k, const float* v,
                       const AttentionMask& mask, const float* out, const SoftmaxStatistics* statistics, float* dq, float* dk, float* dv) {
  const auto run = shape.bfloat16 ? attendGradient<Pairs> : attendGradient<Floats>;
  run(context, shape, dy, q, k, v, mask, out, statistics, dq, dk, dv);
}

}  // namespace roentgen
