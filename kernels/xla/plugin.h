// A PJRT plugin: a shared library that exports GetPjrtApi. Only pjrt_c_api.h is needed for it, and nothing is linked.
#pragma once

#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "values.h"
#include "xla/pjrt/c/pjrt_c_api.h"

namespace roentgen {

/** The plugin's functions, once `loadPlugin` has been called. */
extern const PJRT_Api* api;

/**
 * Loads the plugin; a process has one.
 *
 * @throws Failure where the file is none, or speaks another version of the interface
 */
void loadPlugin(const std::string& path);

// A plugin refuses a structure shorter than in its own version of the interface, and takes a longer one: each is followed by zeros that stand for what
// later versions add, and its size counts them. So one build runs on plugins older and newer than the header.
constexpr size_t kLater = 128;

template <typename T>
struct Padded : T {
  explicit Padded(size_t size) {
    std::memset(static_cast<void*>(this), 0, sizeof *this);
    this->struct_size = size + kLater;
  }
  char later[kLater];
};

/** `a`, the argument of the function PJRT_NAME. */
#define ARGUMENT(NAME) Padded<PJRT_##NAME##_Args> a(PJRT_##NAME##_Args_STRUCT_SIZE)

/** Throws what a function of the plugin answered; `what` was being done. */
void expect(PJRT_Error* error, const char* what);

/** Waits for an event, and throws what failed meanwhile. */
void await(PJRT_Event* event, const char* what);

/** Named values for a client or a topology, from an object of strings, numbers and booleans. */
class Options {
 public:
  Options(napi_env env, napi_value object);
  const PJRT_NamedValue* data() const { return values_.data(); }
  size_t size() const { return values_.size(); }

 private:
  std::vector<PJRT_NamedValue> values_;
  std::deque<std::string> texts_;  // whose places stay
};

/** A program as the plugin takes it. The texts must outlive it. */
struct Program : Padded<PJRT_Program> {
  Program(std::string& code, std::string& format);
};

/** What a compiled program takes of the device's memory, bytes. */
napi_value memoryOf(napi_env env, PJRT_Executable* executable);

}  // namespace roentgen
