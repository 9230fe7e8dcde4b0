// Group normalisation (Wu and He 2018, arXiv:1803.08494), and SiLU behind it. Images are taken in chunks of rows that stay in a core's cache; a first
// pass sums the channels of each chunk, the chunks' sums are added in order, and a second pass writes the result.
#include <cmath>

#include "kernels.h"
#include "strips.h"

namespace roentgen {
namespace {

// How many rows are summed in floats before the sums go to doubles.
constexpr int64_t kRowsInFloat = 128;

struct Chunks {
  int64_t rows, perImage;
  explicit Chunks(const GroupNormShape& shape) {
    rows = 32768 / shape.channels;  // 128 KiB
    if (rows < 16) rows = 16;
    if (rows > shape.positions) rows = shape.positions;
    if (rows < 1) rows = 1;
    perImage = (shape.positions + rows - 1) / rows;
  }
};

// One piece: rows `from` to `to` of an image.
struct Piece {
  int64_t image, from, to;
  Piece(const GroupNormShape& shape, const Chunks& chunks, int64_t i) : image(i / chunks.perImage), from(i % chunks.perImage * chunks.rows) {
    to = from + chunks.rows < shape.positions ? from + chunks.rows : shape.positions;
  }
};

// What a channel of an image is multiplied with and what is added: (x - mean) scale + shift.
struct Affine {
  float *mean, *scale, *shift;
};

Affine affineOf(Context& context, int64_t count) {
  float* memory = context.temporary<float>(3 * count);
  return {memory, memory + count, memory + 2 * count};
}

// Adds vectors to doubles.
template <int Vectors>
ROENTGEN_INLINE void addTo(double* sums, const Strip<Vectors>& strip, const Vector* values) {
  float lanes[kWidth];
  for (int j = 0; j < Vectors; j++) {
    store(lanes, values[j]);
    for (int i = 0; i < strip.countOf(j); i++) sums[strip.at + j * kWidth + i] += lanes[i];
  }
}

// Mean of rows and the sum of squared differences from it, channel by channel. The differences are from a first mean, which a second pass corrects:
// digits stay where the mean is large beside the spread.
template <int Vectors>
void moments(const Strip<Vectors>& strip, const float* x, int64_t rows, int64_t channels, double* means, double* spreads) {
  Vector rough[Vectors], s[Vectors], q[Vectors];
  for (int j = 0; j < Vectors; j++) rough[j] = zero();
  for (int64_t r = 0; r < rows; r++)
    for (int j = 0; j < Vectors; j++) rough[j] += strip.get(x + r * channels, j);
  for (int j = 0; j < Vectors; j++) rough[j] = rough[j] * all(1 / float(rows));
  for (int64_t start = 0; start < rows; start += kRowsInFloat) {
    for (int j = 0; j < Vectors; j++) s[j] = q[j] = zero();
    for (int64_t r = start; r < rows && r < start + kRowsInFloat; r++)
      for (int j = 0; j < Vectors; j++) {
        const Vector d = strip.get(x + r * channels, j) - rough[j];
        s[j] += d;
        q[j] = mulAdd(d, d, q[j]);
      }
    addTo(means, strip, s);
    addTo(spreads, strip, q);
  }
  float lanes[kWidth];
  for (int j = 0; j < Vectors; j++) {
    store(lanes, rough[j]);
    for (int i = 0; i < strip.countOf(j); i++) {
      const int64_t c = strip.at + j * kWidth + i;
      const double off = means[c] / double(rows);
      spreads[c] -= off * means[c];
      means[c] = lanes[i] + off;
    }
  }
}

template <bool Silu, int Vectors>
void normalise(const Strip<Vectors>& strip, const float* x, float* y, int64_t rows, int64_t channels, const Affine& affine) {
  Vector mean[Vectors], scale[Vectors], shift[Vectors];
  for (int j = 0; j < Vectors; j++) {
    mean[j] = strip.get(affine.mean, j);
    scale[j] = strip.get(affine.scale, j);
    shift[j] = strip.get(affine.shift, j);
  }
  for (int64_t r = 0; r < rows; r++)
    for (int j = 0; j < Vectors; j++) {
      Vector z = mulAdd(strip.get(x + r * channels, j) - mean[j], scale[j], shift[j]);
      if (Silu) z = z * sigmoid(z);
      strip.put(y + r * channels, j, z);
    }
}

// Gradient before SiLU into dz, and per channel its sum and that of its product with the normalised x.
template <bool Silu, int Vectors>
void sumGradients(const Strip<Vectors>& strip, const float* x, const float* dy, float* dz, int64_t rows, int64_t channels,
                  const Affine& normal, const float* weight, const float* bias, double* sums, double* products) {
  Vector mean[Vectors], scale[Vectors], shift[Vectors], gain[Vectors], offset[Vectors];
  for (int j = 0; j < Vectors; j++) {
    mean[j] = strip.get(normal.mean, j);
    scale[j] = strip.get(normal.scale, j);
    shift[j] = strip.get(normal.shift, j);
    gain[j] = strip.get(weight, j);
    offset[j] = strip.get(bias, j);
  }
  for (int64_t start = 0; start < rows; start += kRowsInFloat) {
    Vector s[Vectors], p[Vectors];
    for (int j = 0; j < Vectors; j++) s[j] = p[j] = zero();
    for (int64_t r = start; r < rows && r < start + kRowsInFloat; r++)
      for (int j = 0; j < Vectors; j++) {
        const Vector h = mulAdd(strip.get(x + r * channels, j) - mean[j], scale[j], shift[j]);
        Vector d = strip.get(dy + r * channels, j);
        if (Silu) {
          const Vector z = mulAdd(h, gain[j], offset[j]), g = sigmoid(z);
          d = d * (g * mulAdd(z, all(1.f) - g, all(1.f)));
        }
        strip.put(dz + r * channels, j, d);
        s[j] += d;
        p[j] = mulAdd(d, h, p[j]);
      }
    addTo(sums, strip, s);
    addTo(products, strip, p);
  }
}

// dx = dz scale - (x - mean) slope + offset, where dx holds dz.
template <int Vectors>
void propagate(const Strip<Vectors>& strip, const float* x, float* dx, int64_t rows, int64_t channels, const Affine& affine,
               const float* slopes) {
  Vector mean[Vectors], scale[Vectors], offset[Vectors], slope[Vectors];
  for (int j = 0; j < Vectors; j++) {
    mean[j] = strip.get(affine.mean, j);
    scale[j] = strip.get(affine.scale, j);
    offset[j] = strip.get(affine.shift, j);
    slope[j] = strip.get(slopes, j);
  }
  for (int64_t r = 0; r < rows; r++)
    for (int j = 0; j < Vectors; j++) {
      const Vector d = strip.get(x + r * channels, j) - mean[j];
      strip.put(dx + r * channels, j, mulAdd(strip.get(dx + r * channels, j), scale[j], negMulAdd(d, slope[j], offset[j])));
    }
}

// Two sums per channel of every chunk, zero at first: [images, chunks, 2, channels].
double* clearedSums(Context& context, const GroupNormShape& shape, const Chunks& chunks) {
  const int64_t count = shape.images * chunks.perImage * 2 * shape.channels;
  double* sums = context.temporary<double>(count);
  for (int64_t i = 0; i < count; i++) sums[i] = 0;
  return sums;
}

// Adds the chunks' sums to those of an image's first.
double* gather(double* sums, const GroupNormShape& shape, const Chunks& chunks, int64_t image) {
  const int64_t size = 2 * shape.channels;
  double* first = sums + image * chunks.perImage * size;
  for (int64_t k = 1; k < chunks.perImage; k++)
    for (int64_t i = 0; i < size; i++) first[i] += first[k * size + i];
  return first;
}

Affine at(const Affine& affine, int64_t offset) { return {affine.mean + offset, affine.scale + offset, affine.shift + offset}; }

}  // namespace

void groupNorm(Context& context, const GroupNormShape& shape, const float* x, const float* weight, const float* bias, float eps, float* y,
               GroupStatistics* statistics) {
  const int64_t channels = shape.channels, imageSize = shape.positions * channels, perGroup = channels / shape.groups;
  const Chunks chunks(shape);
  double* sums = clearedSums(context, shape, chunks);
  context.parallel(shape.images * chunks.perImage, [&](int64_t i) {
    const Piece piece(shape, chunks, i);
    const float* rows = x + piece.image * imageSize + piece.from * channels;
    double* own = sums + i * 2 * channels;
    forStrips(channels, [&](auto strip) { moments(strip, rows, piece.to - piece.from, channels, own, own + channels); });
  });

  const Affine affine = affineOf(context, shape.images * channels);
  const double count = double(shape.positions) * double(perGroup);
  for (int64_t b = 0; b < shape.images && shape.positions > 0; b++) {
    // body(size, mean, spread) for every chunk of every channel of a group
    const auto forParts = [&](int64_t group, auto body) {
      for (int64_t k = 0; k < chunks.perImage; k++) {
        const Piece piece(shape, chunks, b * chunks.perImage + k);
        const double *means = sums + (b * chunks.perImage + k) * 2 * channels, *spreads = means + channels;
        for (int64_t c = group * perGroup; c < (group + 1) * perGroup; c++) body(double(piece.to - piece.from), means[c], spreads[c]);
      }
    };
    for (int64_t g = 0; g < shape.groups; g++) {
      double mean = 0, variance = 0;
      forParts(g, [&](double size, double own, double) { mean += size * own; });
      mean /= count;
      forParts(g, [&](double size, double own, double spread) { variance += spread + size * (own - mean) * (own - mean); });
      const double rstd = 1 / std::sqrt((variance < 0 ? 0 : variance) / count + eps);
      GroupStatistics& kept = statistics[b * shape.groups + g];
      kept.mean = float(mean);
      kept.rest = float(mean - kept.mean);
      kept.rstd = float(rstd);
      for (int64_t c = g * perGroup; c < (g + 1) * perGroup; c++) {
        const int64_t i = b * channels + c;
        affine.mean[i] = kept.mean;
        affine.scale[i] = float(rstd * weight[c]);
        affine.shift[i] = float(bias[c] - kept.rest * rstd * weight[c]);
      }
    }
  }

  context.parallel(shape.images * chunks.perImage, [&](int64_t i) {
    const Piece piece(shape, chunks, i);
    const int64_t offset = piece.image * imageSize + piece.from * channels, rows = piece.to - piece.from;
    const Affine own = at(affine, piece.image * channels);
    forStrips(channels, [&](auto strip) {
      if (shape.silu)
        normalise<true>(strip, x + offset, y + offset, rows, channels, own);
      else
        normalise<false>(strip, x + offset, y + offset, rows, channels, own);
    });
  });
}

void groupNormGradient(Context& context, const GroupNormShape& shape, const float* dy, const float* x, const float* weight, const float* bias,
                       const GroupStatistics* statistics, float* dx, float* dWeight, float* dBias) {
  const int64_t channels = shape.channels, imageSize = shape.positions * channels, perGroup = channels / shape.groups;
  const Chunks chunks(shape);
  double* sums = clearedSums(context, shape, chunks);
  const Affine affine = affineOf(context, shape.images * channels);
  for (int64_t b = 0; b < shape.images; b++)
    for (int64_t c = 0; c < channels; c++) {
      const GroupStatistics& kept = statistics[b * shape.groups + c / perGroup];
      const int64_t i = b * channels + c;
      affine.mean[i] = kept.mean;
      affine.scale[i] = kept.rstd;
      affine.shift[i] = -kept.rest * kept.rstd;
    }
  context.parallel(shape.images * chunks.perImage, [&](int64_t i) {
    const Piece piece(shape, chunks, i);
    const int64_t offset = piece.image * imageSize + piece.from * channels, rows = piece.to - piece.from;
    const Affine own = at(affine, piece.image * channels);
    double* s = sums + i * 2 * channels;
    forStrips(channels, [&](auto strip) {
      if (shape.silu)
        sumGradients<true>(strip, x + offset, dy + offset, dx + offset, rows, channels, own, weight, bias, s, s + channels);
      else
        sumGradients<false>(strip, x + offset, dy + offset, dx + offset, rows, channels, own, weight, bias, s, s + channels);
    });
  });

  float* slopes = context.temporary<float>(shape.images * channels);
  double* totals = context.temporary<double>(2 * channels);
  for (int64_t i = 0; i < 2 * channels; i++) totals[i] = 0;
  const double count = double(shape.positions) * double(perGroup);
  for (int64_t b = 0; b < shape.images && shape.positions > 0; b++) {
    const double *sum = gather(sums, shape, chunks, b), *product = sum + channels;
    for (int64_t i = 0; i < 2 * channels; i++) totals[i] += sum[i];
    for (int64_t g = 0; g < shape.groups; g++) {
      const GroupStatistics& kept = statistics[b * shape.groups + g];
      const double rstd = kept.rstd;
      double meanSum = 0, meanProduct = 0;
      for (int64_t c = g * perGroup; c < (g + 1) * perGroup; c++) {
        meanSum += double(weight[c]) * sum[c];
        meanProduct += double(weight[c]) * product[c];
      }
      meanSum /= count;
      meanProduct /= count;
      // dx = rstd (weight dz - meanSum - (x - mean) rstd meanProduct)
      for (int64_t c = g * perGroup; c < (g + 1) * perGroup; c++) {
        const int64_t i = b * channels + c;
        affine.scale[i] = float(rstd * weight[c]);
        affine.shift[i] = float(kept.rest * rstd * rstd * meanProduct - rstd * meanSum);
        slopes[i] = float(rstd * rstd * meanProduct);
      }
    }
  }
  for (int64_t c = 0; c < channels; c++) {
    dBias[c] = float(totals[c]);
    dWeight[c] = float(totals[channels + c]);
  }

  context.parallel(shape.images * chunks.perImage, [&](int64_t i) {
    const Piece piece(shape, chunks, i);
    const int64_t offset = piece.image * imageSize + piece.from * channels, rows = piece.to - piece.from;
    const Affine own = at(affine, piece.image * channels);
    forStrips(channels, [&](auto strip) { propagate(strip, x + offset, dx + offset, rows, channels, own, slopes + piece.image * channels); });
  });
}

}  // namespace roentgen
