// Compiled into the addon in place of the calls that compute (-DTFE_Execute=roentgen_execute and so on).
//
// A signal's handler that runs on a thread in the midst of a matrix product (Ctrl-C, a terminal that changes its size, a child that ends, a
// profiler) corrupts the heap: the block beside the product's workspace is found overwritten, as if the generated code used the stack pointer for
// its buffers. A few hundred signals abort a training. So signals wait, or reach a thread that is not TensorFlow's: its threads are started in
// these calls, and inherit what is blocked.
#undef TFE_Execute
#undef TFE_NewContext
#undef TF_LoadSessionFromSavedModel
#undef TF_SessionRun

#include "blocked.h"
#include "session-options.h"
#include "tensorflow/c/c_api.h"
#include "tensorflow/c/eager/c_api.h"

extern "C" void roentgen_execute(TFE_Op* op, TFE_TensorHandle** results, int* count, TF_Status* status) {
  Blocked blocked;
  TFE_Execute(op, results, count, status);
}

extern "C" TFE_Context* roentgen_new_context(const TFE_ContextOptions* options, TF_Status* status) {
  Blocked blocked;
  return TFE_NewContext(options, status);
}

extern "C" TF_Session* roentgen_load_session(const TF_SessionOptions* options, const TF_Buffer* run_options, const char* folder,
                                             const char* const* tags, int tag_count, TF_Graph* graph, TF_Buffer* meta_graph,
                                             TF_Status* status) {
  Blocked blocked;
  takeOptionsBeside(folder, const_cast<TF_SessionOptions*>(options), status);  // the addon makes them anew for each call
  if (TF_GetCode(status) != TF_OK) return nullptr;
  return TF_LoadSessionFromSavedModel(options, run_options, folder, tags, tag_count, graph, meta_graph, status);
}

extern "C" void roentgen_session_run(TF_Session* session, const TF_Buffer* run_options, const TF_Output* inputs,
                                     TF_Tensor* const* input_values, int input_count, const TF_Output* outputs, TF_Tensor** output_values,
                                     int output_count, const TF_Operation* const* targets, int target_count, TF_Buffer* run_metadata,
                                     TF_Status* status) {
  Blocked blocked;
  TF_SessionRun(session, run_options, inputs, input_values, input_count, outputs, output_values, output_count, targets, target_count,
                run_metadata, status);
}
