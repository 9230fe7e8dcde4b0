#pragma once

namespace roentgen {

// Registers all operations with TensorFlow, once in a process.
// @throws std::runtime_error where it refuses one
void registerOperations();

}  // namespace roentgen
