// Operations of TensorFlow by its C API: how they are registered, and one call of one.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "context.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

namespace roentgen {

typedef std::vector<int64_t> Shape;

int64_t sizeOf(const Shape& shape);

struct Input {
  const float* data;
  Shape shape;
  int64_t size() const { return sizeOf(shape); }
  int64_t width() const { return shape.empty() ? 1 : shape.back(); }
};

// One call of an operation. What it was given and what it allocates is let go at its end. Errors are thrown, and become the operation's status.
class Call : public Context {
 public:
  explicit Call(TF_OpKernelContext* context);
  ~Call() override;

  int count() { return TF_NumInputs(context_); }
  Input input(int i);
  // Input `i`, which must have `size` values.
  const float* input(int i, int64_t size);
  float* output(int i, const Shape& shape);
  // Output `i` in the memory of input `from` where nobody else needs that; the two must have one shape. `from` must be read in the order in which the
  // output is written.
  float* outputOver(int from, int i, const Shape& shape);
  int threads() override;
  // The values of variable `i`, which must be `size` floats, to be changed where they lie.
  float* variable(int i, int64_t size);

 protected:
  void* allocate(size_t bytes) override;
  void run(int64_t count, Run piece, const void* argument) override;

 private:
  void check();
  void* keep(TF_Tensor* tensor);
  TF_OpKernelContext* context_;
  TF_Status* status_;
  std::vector<TF_Tensor*> held_;
};

// Reads an operation's attributes where it is made.
class Attributes {
 public:
  explicit Attributes(TF_OpKernelConstruction* construction) : construction_(construction), status_(TF_NewStatus()) {}
  ~Attributes() { TF_DeleteStatus(status_); }
  int integer(const char* name);
  float number(const char* name);
  bool flag(const char* name);
  std::vector<int64_t> integers(const char* name);

 private:
  TF_OpKernelConstruction* construction_;
  TF_Status* status_;
};

// How an operation is declared. `shapes` says for each output which input has its shape, or -1 where none has.
struct Declaration {
  const char* name;
  std::vector<const char*> inputs, outputs, attributes;
  bool stateful = false;
};

typedef void (*InferShapes)(TF_ShapeInferenceContext*, TF_Status*);

// @throws std::runtime_error where TensorFlow refuses it
void declare(const Declaration& declaration, InferShapes shapes, void* (*create)(TF_OpKernelConstruction*),
             void (*compute)(void*, TF_OpKernelContext*), void (*destroy)(void*));

void setLike(TF_ShapeInferenceContext* context, int output, int input, TF_Status* status);

// Registers an operation. Op is made from its Attributes and has `void run(Call&) const`; From are, for each output in order, the input that has its
// shape, or -1.
template <class Op, int... From>
void add(const Declaration& declaration) {
  declare(
      declaration,
      [](TF_ShapeInferenceContext* context, TF_Status* status) {
        TF_ShapeInferenceContextSetUnknownShape(context, status);
        int output = 0;
        (setLike(context, output++, From, status), ...);
      },
      [](TF_OpKernelConstruction* construction) -> void* {
        Attributes attributes(construction);
        return new Op(attributes);
      },
      [](void* op, TF_OpKernelContext* context) {
        try {
          Call call(context);
          static_cast<const Op*>(op)->run(call);
        } catch (const std::exception& error) {
          TF_Status* status = TF_NewStatus();
          TF_SetStatus(status, TF_INVALID_ARGUMENT, error.what());
          TF_OpKernelContext_Failure(context, status);
          TF_DeleteStatus(status);
        }
      },
      [](void* op) { delete static_cast<Op*>(op); });
}

}  // namespace roentgen
