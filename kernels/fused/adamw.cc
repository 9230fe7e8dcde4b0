// AdamW over all parameters (Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2): clipping, decay, moments, moving average and the sums of squares,
// with each value read and written once.
#include "kernels.h"
#include "simd.h"

namespace roentgen {
namespace {

// A run of values of one tensor, and the sum of their squares.
struct Part {
  int64_t tensor, from, count;
  double squares;
};

// Tensors in parts of at most kPart values, and parts in pieces of work of about kPiece: both follow from the sizes alone.
class Parts {
 public:
  static constexpr int64_t kPart = 16384, kPiece = 65536;

  template <class SizeOf>
  Parts(Context& context, int64_t tensors, const SizeOf& sizeOf) : tensors_(tensors) {
    int64_t most = 0;
    for (int64_t t = 0; t < tensors; t++) most += (sizeOf(t) + kPart - 1) / kPart;
    parts_ = context.temporary<Part>(most);
    begins_ = context.temporary<int64_t>(most + 1);
    int64_t inPiece = kPiece;
    for (int64_t t = 0; t < tensors; t++)
      for (int64_t from = 0; from < sizeOf(t); from += kPart) {
        const int64_t count = sizeOf(t) - from < kPart ? sizeOf(t) - from : kPart;
        if (inPiece >= kPiece) {
          begins_[pieces_++] = count_;
          inPiece = 0;
        }
        inPiece += count;
        parts_[count_++] = {t, from, count, 0};
      }
    begins_[pieces_] = count_;
  }

  // Calls body(tensor, from, count) for every part, and adds the sums of squares that it returns, tensor by tensor.
  template <class Body>
  void forAll(Context& context, float* squares, const Body& body) const {
    context.parallel(pieces_, [&](int64_t piece) {
      for (int64_t i = begins_[piece]; i < begins_[piece + 1]; i++) {
        Part& part = parts_[i];
        part.squares = body(part.tensor, part.from, part.count);
      }
    });
    int64_t i = 0;
    for (int64_t t = 0; t < tensors_; t++) {
      double total = 0;
      for (; i < count_ && parts_[i].tensor == t; i++) total += parts_[i].squares;
      squares[t] = float(total);
    }
  }

 private:
  int64_t tensors_, count_ = 0, pieces_ = 0;
  Part* parts_;
  int64_t* begins_;
};

double sumOfSquares(const float* x, int64_t count) {
  double total = 0;
  for (int64_t start = 0; start < count; start += 2048) {
    Vector s = zero();
    const int64_t end = start + 2048 < count ? start + 2048 : count;
    for (int64_t i = start; i < end; i += kWidth) {
      const Vector value = load(x + i, first(end - i));
      s = mulAdd(value, value, s);
    }
    total += sum(s);
  }
  return total;
}

// Values `from` to `from + count` of one leaf. Returns the sum of squares of the new parameters.
double update(const AdamWLeaf& leaf, const AdamWScalars& scalars, int64_t from, int64_t count) {
  const Vector scale = all(scalars.scale), rate = all(leaf.rate), decay = all(leaf.decay), epsilon = all(scalars.epsilon);
  const Vector rest1 = all(1 - scalars.beta1), rest2 = all(1 - scalars.beta2), follow = all(1 - scalars.averaging);
  for (int64_t i = from; i < from + count; i += kWidth) {
    const Mask some = first(from + count - i);
    const Vector g = load(leaf.grad + i, some) * scale, m = load(leaf.m + i, some), v = load(leaf.v + i, some), p = load(leaf.param + i, some);
    const Vector m1 = mulAdd(rest1, g - m, m), v1 = mulAdd(rest2, g * g - v, v);
    const Vector p1 = negMulAdd(rate, m1 / (squareRoot(v1) + epsilon), negMulAdd(decay, p, p));
    store(leaf.m + i, m1, some);
    store(leaf.v + i, v1, some);
    store(leaf.param + i, p1, some);
    if (leaf.average != nullptr) {
      const Vector average = load(leaf.average + i, some);
      store(leaf.average + i, mulAdd(follow, p1 - average, average), some);
    }
  }
  return sumOfSquares(leaf.param + from, count); // from the cache
}

}  // namespace

void adamW(Context& context, const AdamWLeaf* leaves, int64_t count, const AdamWScalars& scalars, float* squares) {
  const Parts parts(context, count, [=](int64_t i) { return leaves[i].count; });
  parts.forAll(context, squares, [&](int64_t i, int64_t from, int64_t size) {
    return scalars.active ? update(leaves[i], scalars, from, size) : sumOfSquares(leaves[i].param + from, size);
  });
}

void sumsOfSquares(Context& context, const float* const* tensors, const int64_t* sizes, int64_t count, float* squares) {
  const Parts parts(context, count, [=](int64_t i) { return sizes[i]; });
  parts.forAll(context, squares, [=](int64_t i, int64_t from, int64_t size) { return sumOfSquares(tensors[i] + from, size); });
}

}  // namespace roentgen
