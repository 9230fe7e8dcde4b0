#include "session-options.h"

#include <fstream>
#include <iterator>
#include <string>

static std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void takeOptionsBeside(const char* folder, TF_SessionOptions* options, TF_Status* status) {
  const std::string config = contents(std::string(folder) + "/session.pb");
  if (!config.empty()) TF_SetConfig(options, config.data(), config.size(), status);
  if (TF_GetCode(status) != TF_OK) return;
  const std::string definition = contents(std::string(folder) + "/server.pb");
  if (definition.empty()) return;
  static TF_Server* server = nullptr;  // one of a process, for as long as that lives: TensorFlow can't start a second one
  if (server == nullptr) {
    TF_Server* made = TF_NewServer(definition.data(), definition.size(), status);
    if (TF_GetCode(status) != TF_OK) return;
    TF_ServerStart(made, status);
    if (TF_GetCode(status) != TF_OK) return;
    server = made;
  }
  TF_SetTarget(options, TF_ServerTarget(server));
}
