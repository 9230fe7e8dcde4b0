#include "operation.h"

#include "tensorflow.h"
#include "workers.h"

namespace roentgen {

int64_t sizeOf(const Shape& shape) {
  int64_t size = 1;
  for (int64_t n : shape) size *= n;
  return size;
}

Call::Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}

Call::~Call() {
  for (TF_Tensor* tensor : held_) TF_DeleteTensor(tensor);
  TF_DeleteStatus(status_);
}

void Call::check() {
  if (TF_GetCode(status_) != TF_OK) throw std::runtime_error(TF_Message(status_));
}

void* Call::keep(TF_Tensor* tensor) {
  if (tensor != nullptr) held_.push_back(tensor);
  check();
  return TF_TensorData(tensor);
}

Input Call::input(int i) {
  TF_Tensor* tensor = nullptr;
  TF_GetInput(context_, i, &tensor, status_);
  Input input{static_cast<const float*>(keep(tensor)), {}};
  for (int d = 0; d < TF_NumDims(tensor); d++) input.shape.push_back(TF_Dim(tensor, d));
  return input;
}

const float* Call::input(int i, int64_t size) {
  const Input found = input(i);
  if (found.size() != size)
    throw std::invalid_argument("input " + std::to_string(i) + ": expected " + std::to_string(size) + " values, got " +
                                std::to_string(found.size()));
  return found.data;
}

float* Call::output(int i, const Shape& shape) {
  const size_t bytes = sizeOf(shape) * sizeof(float);
  return static_cast<float*>(keep(TF_AllocateOutput(context_, i, TF_FLOAT, shape.data(), int(shape.size()), bytes, status_)));
}

float* Call::outputOver(int from, int i, const Shape& shape) {
  int taken = -1;
  return static_cast<float*>(
      keep(TF_ForwardInputOrAllocateOutput(context_, &from, 1, i, shape.data(), int(shape.size()), &taken, status_)));
}

float* Call::variable(int i, int64_t size) {
  const VariableData found = roentgen::variable(context_, i);
  if (found.data == nullptr || int64_t(found.count) != size)
    throw std::invalid_argument("input " + std::to_string(i) + ": expected a variable of " + std::to_string(size) + " floats");
  return found.data;
}

int Call::threads() { return startWorkers(deviceThreads(context_)); }

void* Call::allocate(size_t bytes) {
  TF_AllocatorAttributes attributes{};
  attributes.struct_size = TF_ALLOCATOR_ATTRIBUTES_STRUCT_SIZE;
  attributes.on_host = 1;
  const int64_t values = int64_t((bytes + sizeof(float) - 1) / sizeof(float));
  return keep(TF_AllocateTemp(context_, TF_FLOAT, &values, 1, &attributes, status_));
}

void Call::run(int64_t count, Run piece, const void* argument) { runPieces(deviceThreads(context_), count, piece, argument); }

int Attributes::integer(const char* name) {
  int32_t value = 0;
  TF_OpKernelConstruction_GetAttrInt32(construction_, name, &value, status_);
  return value;
}

float Attributes::number(const char* name) {
  float value = 0;
  TF_OpKernelConstruction_GetAttrFloat(construction_, name, &value, status_);
  return value;
}

bool Attributes::flag(const char* name) {
  TF_Bool value = 0;
  TF_OpKernelConstruction_GetAttrBool(construction_, name, &value, status_);
  return value != 0;
}

std::vector<int64_t> Attributes::integers(const char* name) {
  int32_t count = 0, bytes = 0;
  TF_OpKernelConstruction_GetAttrSize(construction_, name, &count, &bytes, status_);
  std::vector<int64_t> values(count > 0 ? count : 0);
  TF_OpKernelConstruction_GetAttrInt64List(construction_, name, values.data(), int(values.size()), status_);
  return values;
}

void setLike(TF_ShapeInferenceContext* context, int output, int input, TF_Status* status) {
  if (input < 0) return;
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, input, shape, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, output, shape, status);
  TF_DeleteShapeHandle(shape);
}

void declare(const Declaration& declaration, InferShapes shapes, void* (*create)(TF_OpKernelConstruction*),
             void (*compute)(void*, TF_OpKernelContext*), void (*destroy)(void*)) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(declaration.name);
  for (const char* input : declaration.inputs) TF_OpDefinitionBuilderAddInput(builder, input);
  for (const char* output : declaration.outputs) TF_OpDefinitionBuilderAddOutput(builder, output);
  for (const char* attribute : declaration.attributes) TF_OpDefinitionBuilderAddAttr(builder, attribute);
  TF_OpDefinitionBuilderSetIsStateful(builder, declaration.stateful);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, shapes);
  TF_RegisterOpDefinition(builder, status);
  if (TF_GetCode(status) == TF_OK)
    TF_RegisterKernelBuilder(declaration.name, TF_NewKernelBuilder(declaration.name, "CPU", create, compute, destroy), status);
  const std::string message = TF_GetCode(status) == TF_OK ? "" : TF_Message(status);
  TF_DeleteStatus(status);
  if (!message.empty()) throw std::runtime_error(std::string(declaration.name) + ": " + message);
}

}  // namespace roentgen
