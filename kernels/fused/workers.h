// Threads of our own for the pieces of one operation.
#pragma once

#include <cstdint>

namespace roentgen {

typedef void (*RunPiece)(const void* argument, int64_t piece, int thread);

// Starts the workers at the first call, one fewer than `threads`. Returns how many threads run pieces, the caller's among them.
int startWorkers(int threads);

// Runs piece(argument, i, thread) for every i below `count`, and returns when all have run. Threads have numbers below what `startWorkers` returns.
void runPieces(int threads, int64_t count, RunPiece piece, const void* argument);

}  // namespace roentgen
