// Compiled into the addon in place of TF_NewTensor (-DTF_NewTensor=roentgen_new_tensor).
//
// tfjs-node gives TensorFlow the memory of JavaScript's typed arrays and frees its hold on them in a callback. A graph's variable, or a kernel on
// a worker thread, may be the last to let go, and Node's references must not be touched off the main thread: the heap is corrupted, now and then.
// So the values are copied here, and the array is let go at once, on the thread that made the tensor.
#undef TF_NewTensor

#include <cstdint>
#include <cstring>

#include "tensorflow/c/tf_tensor.h"

extern "C" TF_Tensor* roentgen_new_tensor(TF_DataType dtype, const int64_t* dims, int num_dims, void* data, size_t len,
                                          void (*deallocator)(void* data, size_t len, void* arg), void* deallocator_arg) {
  TF_Tensor* tensor = TF_AllocateTensor(dtype, dims, num_dims, len);
  if (tensor != nullptr && len > 0) std::memcpy(TF_TensorData(tensor), data, len);
  deallocator(data, len, deallocator_arg);
  return tensor;
}
