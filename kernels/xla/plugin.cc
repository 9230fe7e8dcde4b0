#include "plugin.h"

#include <dlfcn.h>

#include <cmath>

namespace roentgen {

const PJRT_Api* api = nullptr;

void loadPlugin(const std::string& path) {
  static std::string loaded;
  if (api != nullptr) {
    if (path != loaded) throw Failure("another plugin, " + loaded + ", runs in this process already");
    return;
  }
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Failure(dlerror());
  auto get = reinterpret_cast<const PJRT_Api* (*)()>(dlsym(library, "GetPjrtApi"));
  if (get == nullptr) throw Failure(path + " is no PJRT plugin: it exports no GetPjrtApi");
  const PJRT_Api* found = get();
  if (found->pjrt_api_version.major_version != PJRT_API_MAJOR)
    throw Failure("the plugin speaks version " + std::to_string(found->pjrt_api_version.major_version) + " of PJRT's interface, and this addon version " +
                  std::to_string(PJRT_API_MAJOR));
  api = found;
  loaded = path;
  try {
    ARGUMENT(Plugin_Initialize);
    expect(api->PJRT_Plugin_Initialize(&a), "starting the plugin");
  } catch (...) {
    api = nullptr;
    throw;
  }
}

/** Names of the codes of PJRT_Error_Code, which are Abseil's. */
static const char* const kCodes[] = {"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
                                     "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
                                     "DATA_LOSS", "UNAUTHENTICATED"};

void expect(PJRT_Error* error, const char* what) {
  if (error == nullptr) return;
  std::string text, code;
  {
    ARGUMENT(Error_Message);
    a.error = error;
    api->PJRT_Error_Message(&a);
    text.assign(a.message, a.message_size);
  }
  {
    ARGUMENT(Error_GetCode);
    a.error = error;
    PJRT_Error* unknown = api->PJRT_Error_GetCode(&a);
    if (unknown == nullptr && a.code >= 0 && static_cast<size_t>(a.code) < sizeof kCodes / sizeof *kCodes) code = kCodes[a.code];
  }
  {
    ARGUMENT(Error_Destroy);
    a.error = error;
    api->PJRT_Error_Destroy(&a);
  }
  throw Failure(std::string(what) + ": " + text, code);
}

void await(PJRT_Event* event, const char* what) {
  if (event == nullptr) return;
  PJRT_Error* error;
  {
    ARGUMENT(Event_Await);
    a.event = event;
    error = api->PJRT_Event_Await(&a);
  }
  {
    ARGUMENT(Event_Destroy);
    a.event = event;
    api->PJRT_Event_Destroy(&a);
  }
  expect(error, what);
}

Options::Options(napi_env env, napi_value object) {
  if (typeOf(env, object) != napi_object) return;
  napi_value names;
  napi_get_property_names(env, object, &names);
  for (napi_value name : elementsOf(env, names)) {
    napi_value value;
    napi_get_property(env, object, name, &value);
    PJRT_NamedValue option;  // in an array, so that it has the header's size
    std::memset(&option, 0, sizeof option);
    option.struct_size = PJRT_NamedValue_STRUCT_SIZE;
    const std::string& key = texts_.emplace_back(bytesOf(env, name));
    option.name = key.data();
    option.name_size = key.size();
    option.value_size = 1;
    const napi_valuetype type = typeOf(env, value);
    if (type == napi_string) {
      const std::string& text = texts_.emplace_back(bytesOf(env, value));
      option.type = PJRT_NamedValue_kString;
      option.string_value = text.data();
      option.value_size = text.size();
    } else if (type == napi_boolean) {
      option.type = PJRT_NamedValue_kBool;
      option.bool_value = flagOf(env, value);
    } else if (type == napi_bigint) {
      bool lossless;
      option.type = PJRT_NamedValue_kInt64;
      napi_get_value_bigint_int64(env, value, &option.int64_value, &lossless);
    } else {
      option.type = PJRT_NamedValue_kFloat;
      option.float_value = static_cast<float>(numberOf(env, value));
    }
    values_.push_back(option);
  }
}

Program::Program(std::string& text, std::string& form) : Padded(PJRT_Program_STRUCT_SIZE) {
  code = text.data();
  code_size = text.size();
  format = form.data();
  format_size = form.size();
}

napi_value memoryOf(napi_env env, PJRT_Executable* executable) {
  ARGUMENT(Executable_GetCompiledMemoryStats);
  a.executable = executable;
  expect(api->PJRT_Executable_GetCompiledMemoryStats(&a), "reading what a program takes of memory");
  return object(env, {{"arguments", number(env, static_cast<double>(a.argument_size_in_bytes))},
                      {"outputs", number(env, static_cast<double>(a.output_size_in_bytes))},
                      {"aliased", number(env, static_cast<double>(a.alias_size_in_bytes))},
                      {"temporary", number(env, static_cast<double>(a.temp_size_in_bytes))},
                      {"code", number(env, static_cast<double>(a.generated_code_size_in_bytes))}});
}

}  // namespace roentgen
