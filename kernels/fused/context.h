// What a kernel asks of the operation that it runs in: threads and temporary memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace roentgen {

class Context {
 public:
  virtual ~Context() = default;

  // How many threads may run pieces at once.
  virtual int threads() = 0;

  // Memory until the operation ends, from TensorFlow's allocator.
  template <class T>
  T* temporary(size_t count) {
    return static_cast<T*>(allocate(count * sizeof(T)));
  }

  // Runs piece(i) for every i below `count`, in any order on any thread. What a piece computes must follow from i alone, so that results do not
  // depend on the number of threads.
  template <class Piece>
  void parallel(int64_t count, const Piece& piece) {
    parallelWithThread(count, [&piece](int64_t i, int) { piece(i); });
  }

  // piece(i, thread) with the thread's number, for memory of its own.
  template <class Piece>
  void parallelWithThread(int64_t count, const Piece& piece) {
    run(count, [](const void* argument, int64_t i, int thread) { (*static_cast<const Piece*>(argument))(i, thread); }, &piece);
  }

 protected:
  typedef void (*Run)(const void* argument, int64_t piece, int thread);
  virtual void* allocate(size_t bytes) = 0;
  virtual void run(int64_t count, Run piece, const void* argument) = 0;
};

}  // namespace roentgen
