// What TensorFlow's C API does not give.
#pragma once

#include <cstddef>

struct TF_OpKernelContext;

namespace roentgen {

// Threads that the device gives to one operation.
int deviceThreads(TF_OpKernelContext* context);

// A variable's values, to be changed where they lie.
struct VariableData {
  float* data;
  size_t count;
};

// Where somebody else still holds the values, the variable moves to a copy first. `data` is null where input `i` is no variable of floats that has
// values.
VariableData variable(TF_OpKernelContext* context, int i);

}  // namespace roentgen
