// The addon that runs XLA's programs on a device: any PJRT plugin, loaded by path. src/engine/xla-addons.ts says what each function takes and returns.
// Programs and buffers are handles; `free` ends one before the garbage collector does. A process has one client.
#include <dlfcn.h>

#include "../link/blocked.h"
#include "plugin.h"

namespace roentgen {
namespace {

PJRT_Client* client = nullptr;
std::vector<PJRT_Device*> devices;

struct Buffer {
  PJRT_Buffer* value;
  void free() {
    if (value == nullptr) return;
    ARGUMENT(Buffer_Destroy);
    a.buffer = value;
    api->PJRT_Buffer_Destroy(&a);
    value = nullptr;
  }
};

struct Loaded {
  PJRT_LoadedExecutable* value;
  size_t outputs;
  void free() {
    if (value == nullptr) return;
    ARGUMENT(LoadedExecutable_Destroy);
    a.executable = value;
    api->PJRT_LoadedExecutable_Destroy(&a);
    value = nullptr;
  }
};

constexpr napi_type_tag kBuffer = {0x726f656e7467656e, 1}, kLoaded = {0x726f656e7467656e, 2};

template <typename T>
napi_value handle(napi_env env, T* object, const napi_type_tag& tag) {
  const auto end = [](napi_env, void* data, void*) {
    static_cast<T*>(data)->free();
    delete static_cast<T*>(data);
  };
  napi_value value;
  napi_create_external(env, object, end, nullptr, &value);
  napi_type_tag_object(env, value, &tag);
  return value;
}

/** What a handle holds, or null where it is another kind of value. */
template <typename T>
T* heldBy(napi_env env, napi_value value, const napi_type_tag& tag) {
  bool is = false;
  if (typeOf(env, value) != napi_external || napi_check_object_type_tag(env, value, &tag, &is) != napi_ok || !is) return nullptr;
  void* data;
  napi_get_value_external(env, value, &data);
  return static_cast<T*>(data);
}

PJRT_Buffer* bufferOf(napi_env env, napi_value value) {
  auto* buffer = heldBy<Buffer>(env, value, kBuffer);
  if (buffer == nullptr || buffer->value == nullptr) throw Failure("expected a buffer that was not freed");
  return buffer->value;
}

Loaded& programOf(napi_env env, napi_value value) {
  auto* program = heldBy<Loaded>(env, value, kLoaded);
  if (program == nullptr || program->value == nullptr) throw Failure("expected a program that was not freed");
  return *program;
}

PJRT_Device* deviceOf(napi_env env, napi_value index) {
  const double i = typeOf(env, index) == napi_undefined ? 0 : numberOf(env, index);
  if (i < 0 || i >= devices.size()) throw Failure("there is no device " + std::to_string(i));
  return devices[static_cast<size_t>(i)];
}

/** What a loaded program was loaded from, for as long as this lives. */
class Executable {
 public:
  explicit Executable(PJRT_LoadedExecutable* loaded) {
    ARGUMENT(LoadedExecutable_GetExecutable);
    a.loaded_executable = loaded;
    expect(api->PJRT_LoadedExecutable_GetExecutable(&a), "looking at a program");
    value = a.executable;
  }
  explicit Executable(PJRT_Executable* executable) : value(executable) {}
  Executable(const Executable&) = delete;
  ~Executable() {
    ARGUMENT(Executable_Destroy);
    a.executable = value;
    api->PJRT_Executable_Destroy(&a);
  }
  PJRT_Executable* value;
};

napi_value loadedProgram(napi_env env, PJRT_LoadedExecutable* loaded) {
  Executable executable(loaded);
  ARGUMENT(Executable_NumOutputs);
  a.executable = executable.value;
  expect(api->PJRT_Executable_NumOutputs(&a), "counting a program's results");
  return handle(env, new Loaded{loaded, a.num_outputs}, kLoaded);
}

std::string kindOf(PJRT_Device* device) {
  Padded<PJRT_Device_GetDescription_Args> d(PJRT_Device_GetDescription_Args_STRUCT_SIZE);
  d.device = device;
  expect(api->PJRT_Device_GetDescription(&d), "looking at the device");
  ARGUMENT(DeviceDescription_Kind);
  a.device_description = d.device_description;
  expect(api->PJRT_DeviceDescription_Kind(&a), "looking at the device");
  return std::string(a.device_kind, a.device_kind_size);
}

napi_value preload(napi_env env, const Arguments& in) {
  int opened = 0;
  for (napi_value path : elementsOf(env, in[0]))
    if (dlopen(bytesOf(env, path).c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) opened++;
  return number(env, opened);
}

napi_value start(napi_env env, const Arguments& in) {
  if (client != nullptr) throw Failure("a client runs in this process already");
  Blocked blocked;
  loadPlugin(bytesOf(env, in[0]));
  Options options(env, in[1]);
  {
    ARGUMENT(Client_Create);
    a.create_options = options.data();
    a.num_options = options.size();
    expect(api->PJRT_Client_Create(&a), "starting the device");
    client = a.client;
  }
  {
    ARGUMENT(Client_AddressableDevices);
    a.client = client;
    expect(api->PJRT_Client_AddressableDevices(&a), "listing devices");
    devices.assign(a.addressable_devices, a.addressable_devices + a.num_addressable_devices);
  }
  if (devices.empty()) throw Failure("the plugin found no device");
  Padded<PJRT_Client_PlatformName_Args> name(PJRT_Client_PlatformName_Args_STRUCT_SIZE);
  name.client = client;
  expect(api->PJRT_Client_PlatformName(&name), "asking for the platform");
  Padded<PJRT_Client_PlatformVersion_Args> version(PJRT_Client_PlatformVersion_Args_STRUCT_SIZE);
  version.client = client;
  expect(api->PJRT_Client_PlatformVersion(&version), "asking for the platform");
  const auto& interface = api->pjrt_api_version;
  return object(env, {{"platform", string(env, std::string(name.platform_name, name.platform_name_size))},
                      {"version", string(env, std::string(version.platform_version, version.platform_version_size))},
                      {"kind", string(env, kindOf(devices[0]))},
                      {"devices", number(env, static_cast<double>(devices.size()))},
                      {"interface", string(env, std::to_string(interface.major_version) + "." + std::to_string(interface.minor_version))}});
}

napi_value compile(napi_env env, const Arguments& in) {
  std::string code = bytesOf(env, in[0]), format = bytesOf(env, in[1]), options = bytesOf(env, in[2]);
  Program program(code, format);
  Blocked blocked;
  ARGUMENT(Client_Compile);
  a.client = client;
  a.program = &program;
  a.compile_options = options.data();
  a.compile_options_size = options.size();
  expect(api->PJRT_Client_Compile(&a), "compiling");
  return loadedProgram(env, a.executable);
}

/** For a device that need not be here. */
napi_value compileAhead(napi_env env, const Arguments& in) {
  Blocked blocked;
  loadPlugin(bytesOf(env, in[0]));
  Options target(env, in[1]);
  std::string code = bytesOf(env, in[2]), format = bytesOf(env, in[3]), options = bytesOf(env, in[4]);
  Padded<PJRT_TopologyDescription_Create_Args> topology(PJRT_TopologyDescription_Create_Args_STRUCT_SIZE);
  topology.topology_name = "";
  topology.create_options = target.data();
  topology.num_options = target.size();
  expect(api->PJRT_TopologyDescription_Create(&topology), "describing the device");
  struct Topology {
    PJRT_TopologyDescription* value;
    ~Topology() {
      ARGUMENT(TopologyDescription_Destroy);
      a.topology = value;
      api->PJRT_TopologyDescription_Destroy(&a);
    }
  } held{topology.topology};
  Program program(code, format);
  ARGUMENT(Compile);
  a.topology = held.value;
  a.program = &program;
  a.compile_options = options.data();
  a.compile_options_size = options.size();
  expect(api->PJRT_Compile(&a), "compiling ahead");
  Executable executable(a.executable);
  return memoryOf(env, executable.value);
}

napi_value serialize(napi_env env, const Arguments& in) {
  Executable executable(programOf(env, in[0]).value);
  ARGUMENT(Executable_Serialize);
  a.executable = executable.value;
  expect(api->PJRT_Executable_Serialize(&a), "writing a program");
  napi_value out = buffer(env, a.serialized_bytes, a.serialized_bytes_size);
  a.serialized_executable_deleter(a.serialized_executable);
  return out;
}

napi_value deserialize(napi_env env, const Arguments& in) {
  std::string bytes = bytesOf(env, in[0]);
  Blocked blocked;
  ARGUMENT(Executable_DeserializeAndLoad);
  a.client = client;
  a.serialized_executable = bytes.data();
  a.serialized_executable_size = bytes.size();
  expect(api->PJRT_Executable_DeserializeAndLoad(&a), "loading a program");
  return loadedProgram(env, a.loaded_executable);
}

napi_value programMemory(napi_env env, const Arguments& in) {
  Executable executable(programOf(env, in[0]).value);
  return memoryOf(env, executable.value);
}

napi_value upload(napi_env env, const Arguments& in) {
  napi_typedarray_type kind;
  size_t length;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, in[0], &kind, &length, &data, nullptr, nullptr) != napi_ok) throw Failure("expected a typed array");
  const auto dims = integersOf(env, in[2]);
  int64_t size = 1;
  for (int64_t dim : dims) size *= dim;
  if (size != static_cast<int64_t>(length))
    throw Failure("expected " + std::to_string(size) + " values for the shape, got " + std::to_string(length));
  ARGUMENT(Client_BufferFromHostBuffer);
  a.client = client;
  a.data = data;
  a.type = static_cast<PJRT_Buffer_Type>(numberOf(env, in[1]));
  a.dims = dims.data();
  a.num_dims = dims.size();
  a.host_buffer_semantics = PJRT_HostBufferSemantics_kImmutableOnlyDuringCall;
  a.device = deviceOf(env, in[3]);
  expect(api->PJRT_Client_BufferFromHostBuffer(&a), "copying to the device");
  napi_value out = handle(env, new Buffer{a.buffer}, kBuffer);
  await(a.done_with_host_buffer, "copying to the device");
  return out;
}

napi_value execute(napi_env env, const Arguments& in) {
  Loaded& program = programOf(env, in[0]);
  std::vector<std::vector<PJRT_Buffer*>> inputs, outputs;
  for (napi_value list : elementsOf(env, in[1])) {
    auto& row = inputs.emplace_back();
    for (napi_value element : elementsOf(env, list)) row.push_back(bufferOf(env, element));
    outputs.emplace_back(program.outputs);
  }
  if (inputs.empty()) throw Failure("expected inputs for each device");
  std::vector<PJRT_Buffer* const*> inputLists;
  std::vector<PJRT_Buffer**> outputLists;
  for (auto& row : inputs) inputLists.push_back(row.data());
  for (auto& row : outputs) outputLists.push_back(row.data());
  std::vector<PJRT_Event*> done(inputs.size());
  Padded<PJRT_ExecuteOptions> options(PJRT_ExecuteOptions_STRUCT_SIZE);
  Blocked blocked;
  ARGUMENT(LoadedExecutable_Execute);
  a.executable = program.value;
  a.options = &options;
  a.argument_lists = inputLists.data();
  a.num_devices = inputs.size();
  a.num_args = inputs[0].size();
  a.output_lists = outputLists.data();
  a.device_complete_events = done.data();
  expect(api->PJRT_LoadedExecutable_Execute(&a), "computing");
  std::vector<napi_value> rows;
  for (auto& row : outputs) {
    std::vector<napi_value> handles;
    for (PJRT_Buffer* output : row) handles.push_back(handle(env, new Buffer{output}, kBuffer));
    rows.push_back(array(env, handles));
  }
  std::string failure, code;
  for (PJRT_Event* event : done) {  // all of them, so that none is left
    try {
      await(event, "computing");
    } catch (const Failure& error) {
      failure = error.what();
      code = error.code;
    }
  }
  if (!failure.empty()) throw Failure(failure, code);
  return array(env, rows);
}

napi_value download(napi_env env, const Arguments& in) {
  PJRT_Buffer* buffer = bufferOf(env, in[0]);
  Padded<PJRT_Buffer_Dimensions_Args> d(PJRT_Buffer_Dimensions_Args_STRUCT_SIZE);
  d.buffer = buffer;
  expect(api->PJRT_Buffer_Dimensions(&d), "looking at a buffer");
  std::vector<int64_t> order(d.num_dims);  // row by row, whatever order the device has
  for (size_t i = 0; i < d.num_dims; i++) order[i] = d.num_dims - 1 - i;
  Padded<PJRT_Buffer_MemoryLayout> layout(PJRT_Buffer_MemoryLayout_STRUCT_SIZE);
  layout.type = PJRT_Buffer_MemoryLayout_Type_Tiled;
  layout.tiled.struct_size = PJRT_Buffer_MemoryLayout_Tiled_STRUCT_SIZE;
  layout.tiled.minor_to_major = order.data();
  layout.tiled.minor_to_major_size = order.size();
  ARGUMENT(Buffer_ToHostBuffer);
  a.src = buffer;
  a.host_layout = &layout;
  expect(api->PJRT_Buffer_ToHostBuffer(&a), "copying from the device");  // without a place for it, how long it is
  napi_value out;
  if (napi_create_arraybuffer(env, a.dst_size, &a.dst, &out) != napi_ok) throw Failure("no memory for what is on the device");
  a.event = nullptr;
  expect(api->PJRT_Buffer_ToHostBuffer(&a), "copying from the device");
  await(a.event, "copying from the device");
  return out;
}

napi_value memory(napi_env env, const Arguments& in) {
  ARGUMENT(Device_MemoryStats);
  a.device = deviceOf(env, in[0]);
  expect(api->PJRT_Device_MemoryStats(&a), "asking for the device's memory");
  std::vector<std::pair<const char*, napi_value>> found = {{"used", number(env, static_cast<double>(a.bytes_in_use))}};
  if (a.peak_bytes_in_use_is_set) found.emplace_back("peak", number(env, static_cast<double>(a.peak_bytes_in_use)));
  if (a.bytes_limit_is_set) found.emplace_back("limit", number(env, static_cast<double>(a.bytes_limit)));
  return object(env, found);
}

napi_value release(napi_env env, const Arguments& in) {
  for (napi_value value : elementsOf(env, in[0])) {
    if (auto* buffer = heldBy<Buffer>(env, value, kBuffer)) buffer->free();
    if (auto* program = heldBy<Loaded>(env, value, kLoaded)) program->free();
  }
  return nullptr;
}

}  // namespace
}  // namespace roentgen

NAPI_MODULE_INIT() {
  using namespace roentgen;
  exportFunction<preload>(env, exports, "preload");
  exportFunction<start>(env, exports, "start");
  exportFunction<compile>(env, exports, "compile");
  exportFunction<compileAhead>(env, exports, "compileAhead");
  exportFunction<serialize>(env, exports, "serialize");
  exportFunction<deserialize>(env, exports, "deserialize");
  exportFunction<programMemory>(env, exports, "programMemory");
  exportFunction<upload>(env, exports, "upload");
  exportFunction<execute>(env, exports, "execute");
  exportFunction<download>(env, exports, "download");
  exportFunction<memory>(env, exports, "memory");
  exportFunction<release>(env, exports, "free");
  return exports;
}
