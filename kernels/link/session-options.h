#pragma once

#include "tensorflow/c/c_api.h"

// Gives a session the options that lie beside its graph: session.pb, a ConfigProto. The addon has no argument for them.
void takeOptionsBeside(const char* folder, TF_SessionOptions* options, TF_Status* status);
