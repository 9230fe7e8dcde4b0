// What the kernels compute, as plain loops over doubles.
#pragma once

#include <cmath>
#include <vector>

#include "../kernels.h"

namespace roentgen {

typedef std::vector<double> Doubles;

inline double logistic(double x) { return 1 / (1 + std::exp(-x)); }

struct NormReference {
  Doubles y, dx, dWeight, dBias;
  double terms = 0;  // the largest of those that dx is a difference of
};

inline NormReference groupNormReference(const GroupNormShape& s, const float* dy, const float* x, const float* weight, const float* bias, double eps) {
  const int64_t size = s.images * s.positions * s.channels, each = s.channels / s.groups;
  NormReference out{Doubles(size), Doubles(size), Doubles(s.channels), Doubles(s.channels)};
  for (int64_t b = 0; b < s.images; b++)
    for (int64_t g = 0; g < s.groups; g++) {
      const auto forAll = [&](auto body) {
        for (int64_t p = 0; p < s.positions; p++)
          for (int64_t c = g * each; c < (g + 1) * each; c++) body((b * s.positions + p) * s.channels + c, c);
      };
      const double count = double(s.positions * each);
      double mean = 0, variance = 0, meanF = 0, meanFH = 0;
      forAll([&](int64_t i, int64_t) { mean += x[i] / count; });
      forAll([&](int64_t i, int64_t) { variance += (x[i] - mean) * (x[i] - mean) / count; });
      const double rstd = 1 / std::sqrt(variance + eps);
      const auto normal = [&](int64_t i) { return (x[i] - mean) * rstd; };
      const auto gradient = [&](int64_t i, int64_t c) {  // before SiLU
        const double z = normal(i) * weight[c] + bias[c], q = logistic(z);
        return dy[i] * (s.silu ? q * (1 + z * (1 - q)) : 1);
      };
      forAll([&](int64_t i, int64_t c) {
        const double z = normal(i) * weight[c] + bias[c], d = gradient(i, c), f = d * weight[c];
        out.y[i] = s.silu ? z * logistic(z) : z;
        out.dWeight[c] += d * normal(i);
        out.dBias[c] += d;
        out.terms = std::fmax(out.terms, std::fabs(f * rstd));
        meanF += f / count;
        meanFH += f * normal(i) / count;
      });
      forAll([&](int64_t i, int64_t c) { out.dx[i] = rstd * (gradient(i, c) * weight[c] - meanF - normal(i) * meanFH); });
    }
  return out;
}

// A row is an image of one position and one group.
inline NormReference layerNormReference(int64_t rows, int64_t width, const float* dy, const float* x, const float* weight, const float* bias, double eps) {
  return groupNormReference({rows, 1, width, 1, false}, dy, x, weight, bias, eps);
}

struct ActivationReference {
  Doubles y, dx;
};

inline ActivationReference activationReference(Activation kind, int64_t size, const float* dy, const float* x) {
  ActivationReference out{Doubles(size), Doubles(size)};
  for (int64_t i = 0; i < size; i++) {
    const double v = x[i], a = std::sqrt(2 / M_PI), inner = a * (v + .044715 * v * v * v);
    double part = 0, slope = 0;  // s(x) and s'(x)
    switch (kind) {
      case Activation::silu: part = logistic(v), slope = part * (1 - part); break;
      case Activation::gelu: part = .5 * std::erfc(-v / std::sqrt(2.)), slope = std::exp(-v * v / 2) / std::sqrt(2 * M_PI); break;
      case Activation::quickGelu: part = logistic(1.702 * v), slope = 1.702 * part * (1 - part); break;
      case Activation::geluTanh:
        part = .5 * (1 + std::tanh(inner)), slope = .5 * (1 - std::tanh(inner) * std::tanh(inner)) * a * (1 + 3 * .044715 * v * v);
        break;
    }
    out.y[i] = v * part;
    out.dx[i] = dy[i] * (part + v * slope);
  }
  return out;
}

struct GegluReference {
  Doubles y, dx;
};

inline GegluReference gegluReference(int64_t rows, int64_t width, const float* dy, const float* x) {
  GegluReference out{Doubles(rows * width), Doubles(rows * 2 * width)};
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < width; c++) {
      const int64_t at = r * 2 * width + c;
      const double value = x[at], gate = x[at + width], d = dy[r * width + c];
      const double cdf = .5 * std::erfc(-gate / std::sqrt(2.)), density = std::exp(-gate * gate / 2) / std::sqrt(2 * M_PI);
      out.y[r * width + c] = value * gate * cdf;
      out.dx[at] = d * gate * cdf;
      out.dx[at + width] = d * value * (cdf + gate * density);
    }
  return out;
}

struct AttentionReference {
  Doubles out, dq, dk, dv;
  double dqTerms = 0, dkTerms = 0;  // what sums of the terms' size are worth, where the terms cancel one another
};

inline AttentionReference attentionReference(const AttentionShape& s, const float* dy, const float* q, const float* k, const float* v,
                                             const AttentionMask& mask) {
  const int64_t width = s.heads * s.width, ofQueries = s.batch * s.queries * width, ofKeys = s.batch * s.keys * width;
  AttentionReference out{Doubles(ofQueries), Doubles(ofQueries), Doubles(ofKeys), Doubles(ofKeys)};
  Doubles weights(s.keys), dWeights(s.keys), dqSquares(ofQueries), dkSquares(ofKeys);
  for (int64_t b = 0; b < s.batch; b++)
    for (int64_t h = 0; h < s.heads; h++)
      for (int64_t i = 0; i < s.queries; i++) {
        const int64_t query = (b * s.queries + i) * width + h * s.width;
        const auto key = [&](int64_t j) { return (b * s.keys + j) * width + h * s.width; };
        double largest = -INFINITY, total = 0, dot = 0;
        for (int64_t j = 0; j < s.keys; j++) {
          double score = 0;
          for (int64_t d = 0; d < s.width; d++) score += double(q[query + d]) * k[key(j) + d];
          weights[j] = score * s.scale;
          if (mask.data != nullptr) weights[j] += mask.data[b * mask.image + h * mask.head + i * mask.query + j * mask.key];
          largest = std::fmax(largest, weights[j]);
        }
        for (int64_t j = 0; j < s.keys; j++) total += weights[j] = std::exp(weights[j] - largest);
        for (int64_t j = 0; j < s.keys; j++) {
          weights[j] /= total;
          dWeights[j] = 0;
          for (int64_t d = 0; d < s.width; d++) {
            out.out[query + d] += weights[j] * v[key(j) + d];
            out.dv[key(j) + d] += weights[j] * dy[query + d];
            dWeights[j] += double(v[key(j) + d]) * dy[query + d];
          }
          dot += weights[j] * dWeights[j];
        }
        for (int64_t j = 0; j < s.keys; j++)
          for (int64_t d = 0; d < s.width; d++) {
            const double slope = weights[j] * (dWeights[j] - dot) * s.scale, term = weights[j] * std::fabs(dot) * s.scale;
            out.dq[query + d] += slope * k[key(j) + d];
            out.dk[key(j) + d] += slope * q[query + d];
            dqSquares[query + d] += std::pow(term * k[key(j) + d], 2);
            dkSquares[key(j) + d] += std::pow(term * q[query + d], 2);
          }
      }
  for (double square : dqSquares) out.dqTerms = std::fmax(out.dqTerms, std::sqrt(square));
  for (double square : dkSquares) out.dkTerms = std::fmax(out.dkTerms, std::sqrt(square));
  return out;
}

struct ProductReference {
  Doubles y, dx, dWeight, dBias;
};

typedef std::vector<float> Singles;

// The nearest values with 8 significant bits, the even one of two; or the values themselves.
inline Singles roundedWhere(bool bfloat16, const float* values, int64_t count) {
  Singles rounded(values, values + count);
  if (!bfloat16) return rounded;
  for (float& value : rounded) {
    int exponent;
    const double fraction = std::frexp(double(value), &exponent);
    value = float(std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8));
  }
  return rounded;
}

inline Doubles columnSums(const float* values, int64_t rows, int64_t columns) {
  Doubles sums(columns);
  for (int64_t i = 0; i < rows * columns; i++) sums[i % columns] += values[i];
  return sums;
}

inline ProductReference productReference(const ProductShape& s, const float* dy, const float* x, const float* weight, const float* bias) {
  const int64_t pixels = s.images * s.height * s.width;
  ProductReference out{Doubles(pixels * s.out), Doubles(pixels * s.in), Doubles(s.taps * s.in * s.out), Doubles(s.out)};
  for (int64_t b = 0; b < s.images; b++)
    for (int64_t row = 0; row < s.height; row++)
      for (int64_t column = 0; column < s.width; column++) {
        const int64_t pixel = (b * s.height + row) * s.width + column;
        for (int64_t n = 0; n < s.out; n++) out.y[pixel * s.out + n] = bias ? bias[n] : 0;
        for (int tap = 0; tap < s.taps; tap++) {
          const int64_t r = row + (s.taps == 9 ? tap / 3 - 1 : 0), c = column + (s.taps == 9 ? tap % 3 - 1 : 0);
          if (r < 0 || r >= s.height || c < 0 || c >= s.width) continue;
          const int64_t from = (b * s.height + r) * s.width + c;
          for (int64_t k = 0; k < s.in; k++)
            for (int64_t n = 0; n < s.out; n++) {
              const int64_t at = (tap * s.in + k) * s.out + n;
              const double d = dy[pixel * s.out + n];
              out.y[pixel * s.out + n] += double(x[from * s.in + k]) * weight[at];
              out.dx[from * s.in + k] += d * weight[at];
              out.dWeight[at] += d * x[from * s.in + k];
            }
        }
      }
  return out;
}

}  // namespace roentgen
