#include "session-options.h"

#include <fstream>
#include <iterator>
#include <string>

void takeOptionsBeside(const char* folder, TF_SessionOptions* options, TF_Status* status) {
  std::ifstream file(std::string(folder) + "/session.pb", std::ios::binary);
  if (!file) return;
  const std::string config{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  TF_SetConfig(options, config.data(), config.size(), status);
}
