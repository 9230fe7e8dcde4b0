// JavaScript's values in C++, for the addons of this folder: what a function gets, what it returns, and failures as exceptions.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace roentgen {

/** Ends a function with a JavaScript exception; its `code` is a name such as RESOURCE_EXHAUSTED, where there is one. */
struct Failure : std::runtime_error {
  explicit Failure(const std::string& text, std::string code = "") : std::runtime_error(text), code(std::move(code)) {}
  std::string code;
};

using Arguments = std::vector<napi_value>;

/** A function of JavaScript whose body throws C++ exceptions. */
template <napi_value (*body)(napi_env, const Arguments&)>
napi_value guarded(napi_env env, napi_callback_info info) {
  Arguments in(8);
  size_t count = in.size();
  napi_get_cb_info(env, info, &count, in.data(), nullptr, nullptr);
  try {
    return body(env, in);  // what was not given is undefined
  } catch (const Failure& failure) {
    napi_throw_error(env, failure.code.empty() ? nullptr : failure.code.c_str(), failure.what());
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

template <napi_value (*body)(napi_env, const Arguments&)>
void exportFunction(napi_env env, napi_value exports, const char* name) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, guarded<body>, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

inline napi_valuetype typeOf(napi_env env, napi_value value) {
  napi_valuetype type;
  napi_typeof(env, value, &type);
  return type;
}

/** The bytes of a string or of a Buffer, copied. */
inline std::string bytesOf(napi_env env, napi_value value) {
  bool buffer = false;
  napi_is_buffer(env, value, &buffer);
  size_t size = 0;
  if (buffer) {
    void* data;
    napi_get_buffer_info(env, value, &data, &size);
    return std::string(static_cast<char*>(data), size);
  }
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok) throw Failure("expected a string or a Buffer");
  std::string out(size, 0);
  napi_get_value_string_utf8(env, value, out.data(), size + 1, &size);
  return out;
}

inline double numberOf(napi_env env, napi_value value) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) throw Failure("expected a number");
  return number;
}

inline bool flagOf(napi_env env, napi_value value) {
  bool flag = false;
  if (napi_get_value_bool(env, value, &flag) != napi_ok) throw Failure("expected true or false");
  return flag;
}

inline napi_value propertyOf(napi_env env, napi_value object, const char* name) {
  napi_value value;
  if (napi_get_named_property(env, object, name, &value) != napi_ok) throw Failure("expected an object");
  return value;
}

/** The elements of an array. */
inline std::vector<napi_value> elementsOf(napi_env env, napi_value array) {
  uint32_t count = 0;
  if (napi_get_array_length(env, array, &count) != napi_ok) throw Failure("expected an array");
  std::vector<napi_value> out(count);
  for (uint32_t i = 0; i < count; i++) napi_get_element(env, array, i, &out[i]);
  return out;
}

inline std::vector<int64_t> integersOf(napi_env env, napi_value array) {
  std::vector<int64_t> out;
  for (napi_value element : elementsOf(env, array)) out.push_back(static_cast<int64_t>(numberOf(env, element)));
  return out;
}

inline napi_value number(napi_env env, double value) {
  napi_value out;
  napi_create_double(env, value, &out);
  return out;
}

inline napi_value string(napi_env env, const std::string& value) {
  napi_value out;
  napi_create_string_utf8(env, value.data(), value.size(), &out);
  return out;
}

inline napi_value buffer(napi_env env, const char* data, size_t size) {
  napi_value out;
  napi_create_buffer_copy(env, size, data, nullptr, &out);
  return out;
}

inline napi_value array(napi_env env, const std::vector<napi_value>& elements) {
  napi_value out;
  napi_create_array_with_length(env, elements.size(), &out);
  for (size_t i = 0; i < elements.size(); i++) napi_set_element(env, out, i, elements[i]);
  return out;
}

inline napi_value object(napi_env env, const std::vector<std::pair<const char*, napi_value>>& properties) {
  napi_value out;
  napi_create_object(env, &out);
  for (const auto& [name, value] : properties) napi_set_named_property(env, out, name, value);
  return out;
}

}  // namespace roentgen
