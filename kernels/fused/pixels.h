// The pixels that a product sums over: of a linear layer the pixel itself, of a 3 x 3 convolution its neighbours too.
#pragma once

#include "kernels.h"

namespace roentgen {

// Taps in the order in which they are summed. The middle one is first: it is the only one that every pixel has.
class Taps {
 public:
  explicit Taps(const ProductShape& shape) : count(shape.taps), height_(shape.height), width_(shape.width) {}

  const int count;

  // The matrix of the weights that belongs to tap `t`.
  int weights(int t) const { return count == 1 ? 0 : t == 0 ? 4 : t <= 4 ? t - 1 : t; }
  // Pixels from a pixel to its neighbour.
  int64_t step(int t) const { return count == 1 ? 0 : (weights(t) / 3 - 1) * width_ + weights(t) % 3 - 1; }

  // For pixels from `first` on: bit t is set where the neighbour lies in the image.
  void inside(int64_t first, int64_t pixels, uint16_t* bits) const {
    if (pixels == 0) return;
    int64_t x = first % width_, y = first / width_ % height_;
    for (int64_t p = 0; p < pixels; p++) {
      bits[p] = 1;
      for (int t = 1; t < count; t++) {
        const int64_t down = y + weights(t) / 3 - 1, right = x + weights(t) % 3 - 1;
        if (down >= 0 && down < height_ && right >= 0 && right < width_) bits[p] |= 1 << t;
      }
      if (++x < width_) continue;
      x = 0;
      if (++y == height_) y = 0;
    }
  }

 private:
  const int64_t height_, width_;
};

}  // namespace roentgen
