// The addon that makes XLA's form (HLO) of a recorded graph, by the tf2xla that TensorFlow's library contains. src/engine/xla-addons.ts says
// what it takes and returns. It must be compiled with -DNDEBUG: the library was, and without it classes of the headers have another size.
#include "values.h"

#include "tensorflow/compiler/tf2xla/xla_compiler.h"
#include "tensorflow/compiler/tf2xla/xla_op_registry.h"
#include "tensorflow/core/common_runtime/graph_constructor.h"
#include "tensorflow/core/framework/graph.pb.h"
#include "tensorflow/core/platform/tensor_float_32_utils.h"
#include "xla/client/client_library.h"
#include "xla/service/hlo.pb.h"

namespace roentgen {
namespace {

using tensorflow::XlaCompiler;

/** Its kernels make plain operations of XLA alone, which every device compiles, once custom calls are refused. */
constexpr char kDevice[] = "XLA_CPU_JIT";

template <typename Status>
void expectOk(const Status& status) {
  if (!status.ok()) throw Failure(std::string(status.ToString()).substr(0, 2000));
}

XlaCompiler::Argument argumentOf(napi_env env, napi_value value) {
  XlaCompiler::Argument argument;
  argument.type = static_cast<tensorflow::DataType>(static_cast<int>(numberOf(env, propertyOf(env, value, "dtype"))));
  tensorflow::TensorShape shape;
  for (int64_t size : integersOf(env, propertyOf(env, value, "shape"))) shape.AddDim(size);
  argument.shape = shape;
  argument.name = bytesOf(env, propertyOf(env, value, "name"));
  if (flagOf(env, propertyOf(env, value, "variable"))) {
    argument.kind = XlaCompiler::Argument::kResource;
    argument.resource_kind = tensorflow::XlaResource::kVariable;
    argument.initialized = true;
  } else {
    argument.kind = XlaCompiler::Argument::kParameter;
  }
  return argument;
}

XlaCompiler::CompilationResult convert(tensorflow::GraphDef&& definition, const std::vector<XlaCompiler::Argument>& arguments) {
  tensorflow::XlaOpRegistry::RegisterCompilationKernels();
  auto graph = std::make_unique<tensorflow::Graph>(tensorflow::OpRegistry::Global());
  tensorflow::GraphConstructorOptions construction;
  construction.allow_internal_ops = true;  // _Arg and _Retval
  expectOk(ConvertGraphDefToGraph(construction, std::move(definition), graph.get()));
  for (tensorflow::Node* node : graph->nodes()) node->set_assigned_device_name(std::string("/device:") + kDevice);

  auto client = xla::ClientLibrary::GetOrCreateCompileOnlyClient();
  expectOk(client.status());
  XlaCompiler::Options options;
  options.client = client.value();
  options.device_type = tensorflow::DeviceType(kDevice);
  options.flib_def = &graph->flib_def();
  options.allow_cpu_custom_calls = false;
  XlaCompiler compiler(options);
  XlaCompiler::CompileOptions compilation;
  compilation.alias_resource_update = true;  // a changed variable takes the place of the old one
  XlaCompiler::CompilationResult result;
  expectOk(compiler.CompileGraph(compilation, "step", std::move(graph), arguments, &result));
  return result;
}

/**
 * Marks a program for several devices: each gets a part of the rows of every input that divides, and the whole of all else; results are whole on each. The
 * compiler follows from that what else is divided, and where devices exchange what they have.
 *
 * @returns the places of the inputs that are divided
 */
std::vector<int> divide(xla::HloModuleProto& module, int devices, const std::vector<int>& mapping, const std::vector<XlaCompiler::Argument>& arguments) {
  std::vector<int> divided;
  for (auto& computation : *module.mutable_computations()) {
    if (computation.id() != module.entry_computation_id()) continue;
    for (auto& instruction : *computation.mutable_instructions()) {
      xla::OpSharding& sharding = *instruction.mutable_sharding();
      sharding.set_type(xla::OpSharding::REPLICATED);
      if (instruction.id() == computation.root_id()) {
        sharding.set_type(xla::OpSharding::TUPLE);
        for (int i = 0; i < instruction.shape().tuple_shapes_size(); i++) sharding.add_tuple_shardings()->set_type(xla::OpSharding::REPLICATED);
      } else if (instruction.opcode() == "parameter") {
        const int index = mapping[instruction.parameter_number()];
        const auto& shape = instruction.shape();
        if (arguments[index].kind != XlaCompiler::Argument::kParameter || shape.dimensions_size() == 0 || shape.dimensions(0) % devices != 0) continue;
        sharding.set_type(xla::OpSharding::OTHER);
        for (int i = 0; i < shape.dimensions_size(); i++) sharding.add_tile_assignment_dimensions(i == 0 ? devices : 1);
        for (int i = 0; i < devices; i++) sharding.add_tile_assignment_devices(i);
        divided.push_back(index);
      } else {
        instruction.clear_sharding();
      }
    }
  }
  return divided;
}

napi_value toHlo(napi_env env, const Arguments& in) {
  tensorflow::GraphDef definition;
  if (!definition.ParseFromString(bytesOf(env, in[0]))) throw Failure("the graph can't be read");
  std::vector<XlaCompiler::Argument> arguments;
  for (napi_value argument : elementsOf(env, in[1])) arguments.push_back(argumentOf(env, argument));
  // Products are marked for the highest precision unless this is on; a device then may round their factors (to TensorFloat-32 on NVIDIA's).
  tsl::enable_tensor_float_32_execution(flagOf(env, in[2]));
  const auto result = convert(std::move(definition), arguments);

  xla::HloModuleProto module = result.computation->proto();
  const int devices = static_cast<int>(numberOf(env, in[3]));
  std::vector<napi_value> outputs, updates, inputs, divided;
  if (devices > 1)
    for (int index : divide(module, devices, result.input_mapping, arguments)) divided.push_back(number(env, index));
  std::string hlo;
  module.SerializeToString(&hlo);
  int next = 0;
  for (const auto& output : result.outputs) {
    if (output.is_constant) {
      const auto bytes = output.constant_value.tensor_data();
      outputs.push_back(buffer(env, bytes.data(), bytes.size()));
    } else {
      outputs.push_back(number(env, next++));
    }
  }
  for (const auto& update : result.resource_updates) updates.push_back(number(env, update.input_index));
  for (int index : result.input_mapping) inputs.push_back(number(env, index));
  return object(env, {{"hlo", buffer(env, hlo.data(), hlo.size())},
                      {"outputs", array(env, outputs)},
                      {"updates", array(env, updates)},
                      {"inputs", array(env, inputs)},
                      {"divided", array(env, divided)}});
}

}  // namespace
}  // namespace roentgen

NAPI_MODULE_INIT() {
  roentgen::exportFunction<roentgen::toHlo>(env, exports, "toHlo");
  return exports;
}
