#pragma once

#include "tensorflow/c/c_api.h"

// Gives a session what lies beside its graph, since the addon has no arguments for it: session.pb, a ConfigProto; server.pb, a ServerDef, where the
// session is one of a cluster: this process's server of it is started by the first of them.
void takeOptionsBeside(const char* folder, TF_SessionOptions* options, TF_Status* status);
