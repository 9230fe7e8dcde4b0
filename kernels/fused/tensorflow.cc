// The one file that sees TensorFlow's C++ headers, which belong to the library that is linked: they are in the same wheel.
#include "tensorflow.h"

#include <cstring>

#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"

namespace roentgen {
namespace {

tensorflow::OpKernelContext* unwrap(TF_OpKernelContext* context) { return reinterpret_cast<tensorflow::OpKernelContext*>(context); }

}  // namespace

int deviceThreads(TF_OpKernelContext* context) { return unwrap(context)->device()->tensorflow_cpu_worker_threads()->num_threads; }

VariableData variable(TF_OpKernelContext* context, int i) {
  tensorflow::OpKernelContext* kernel = unwrap(context);
  tensorflow::core::RefCountPtr<tensorflow::Var> found;
  if (!tensorflow::LookupResource(kernel, tensorflow::HandleFromInput(kernel, i), &found).ok()) return {nullptr, 0};
  tensorflow::mutex_lock lock(*found->mu());
  tensorflow::Tensor* values = found->tensor();
  if (values->dtype() != tensorflow::DT_FLOAT) return {nullptr, 0};
  if (!values->RefCountIsOne()) {
    tensorflow::Tensor copy;
    if (!kernel->allocate_temp(values->dtype(), values->shape(), &copy).ok()) return {nullptr, 0};
    std::memcpy(copy.data(), values->data(), values->TotalBytes());
    *values = copy;
  }
  return {static_cast<float*>(values->data()), static_cast<size_t>(values->NumElements())};
}

}  // namespace roentgen
