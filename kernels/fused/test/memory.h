// Memory in which an access beyond the end ends the program, and threads and temporary memory for the kernels out of it.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "../context.h"
#include "../workers.h"

#if defined(__has_feature)
#define ROENTGEN_SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define ROENTGEN_SANITIZED 1
#else
#define ROENTGEN_SANITIZED 0
#endif

namespace roentgen {

// `bytes`, each 0xff at first, which makes NaN of floats and doubles: what nobody wrote shows in the results. The sanitizer watches what is allocated
// to the byte; without it, the end is that of a page before one that may not be touched, which also masked loads and stores feel.
class Memory {
 public:
  explicit Memory(size_t bytes) : bytes_(bytes) {
    if (ROENTGEN_SANITIZED) {
      data_ = static_cast<char*>(std::malloc(bytes));
    } else {
      const size_t page = size_t(sysconf(_SC_PAGESIZE));
      pages_ = (bytes + page - 1) / page * page;
      void* mapped = mmap(nullptr, pages_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (mapped == MAP_FAILED || mprotect(static_cast<char*>(mapped) + pages_, page, PROT_NONE) != 0) std::abort();
      mapped_ = static_cast<char*>(mapped);
      data_ = mapped_ + pages_ - bytes;
      pages_ += page;
    }
    if (bytes > 0) std::memset(data_, 0xff, bytes);
  }
  ~Memory() {
    if (ROENTGEN_SANITIZED)
      std::free(data_);
    else
      munmap(mapped_, pages_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_, pages_ = 0;
  char *data_, *mapped_ = nullptr;
};

// `count` values in memory of their own.
template <class T>
class Array {
 public:
  explicit Array(int64_t count) : memory_(std::make_unique<Memory>(size_t(count) * sizeof(T))), count_(count) {}
  T* data() const { return static_cast<T*>(memory_->data()); }
  operator T*() const { return data(); }
  int64_t count() const { return count_; }
  Array copy() const {
    Array other(count_);
    if (count_ > 0) std::memcpy(other.data(), data(), memory_->bytes());
    return other;
  }

 private:
  std::unique_ptr<Memory> memory_;
  int64_t count_;
};

// What TensorFlow gives to an operation.
class TestContext : public Context {
 public:
  explicit TestContext(int threads) : threads_(threads) {}
  int threads() override { return startWorkers(threads_); }

 protected:
  void* allocate(size_t bytes) override {
    temporaries_.push_back(std::make_unique<Memory>(bytes));
    return temporaries_.back()->data();
  }
  void run(int64_t count, Run piece, const void* argument) override { runPieces(threads_, count, piece, argument); }

 private:
  int threads_;
  std::vector<std::unique_ptr<Memory>> temporaries_;
};

}  // namespace roentgen
