// The library as an addon of Node, loaded after TensorFlow's: registers the operations where the processor has the instructions that the kernels are
// compiled for. Exports `instructions`: their name, or '' where it lacks them. This file is compiled for any processor.
#include <node_api.h>

#include <exception>
#include <mutex>
#include <string>

#include "operations.h"

namespace {

#ifdef ROENTGEN_AVX512
bool hasAvx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

#if defined ROENTGEN_AVX512 && defined ROENTGEN_BF16
constexpr const char* kInstructions = "AVX-512 BF16";
bool fits() { return hasAvx512() && __builtin_cpu_supports("avx512bf16"); }
#elif defined ROENTGEN_AVX512
constexpr const char* kInstructions = "AVX-512";
bool fits() { return hasAvx512(); }
#else
constexpr const char* kInstructions = "AVX2";
bool fits() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"); }
#endif

// A message where TensorFlow refused an operation.
std::string registerOnce() {
  static std::once_flag once;
  static std::string message;
  std::call_once(once, [] {
    try {
      roentgen::registerOperations();
    } catch (const std::exception& error) {
      message = error.what();
    }
  });
  return message;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  const bool runs = fits();
  const std::string message = runs ? registerOnce() : "";
  if (!message.empty()) {
    napi_throw_error(env, nullptr, message.c_str());
    return exports;
  }
  napi_value instructions;
  if (napi_create_string_utf8(env, runs ? kInstructions : "", NAPI_AUTO_LENGTH, &instructions) == napi_ok)
    napi_set_named_property(env, exports, "instructions", instructions);
  return exports;
}
