// A step has several hundred operations of less than a millisecond, and to wake a sleeping thread takes 50 µs and more in a virtual machine: so
// workers look for the next operation's pieces for a while before they sleep. Pieces are taken one by one, and the caller takes them too: it never
// waits for a worker that does not come in time. Where another operation has the workers, the caller runs all pieces.
//
// Workers inherit the signals that are blocked where they are started, which is inside of TensorFlow's calls (kernels/link/signals.cc).
#include "workers.h"

#include <immintrin.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace roentgen {
namespace {

constexpr auto kPatience = std::chrono::microseconds(500);

// Numbers too small for the full precision count as 0, as in TensorFlow's own threads: on every thread, or bytes would follow from who ran a piece.
class FlushDenormals {
 public:
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  unsigned before_;
};

class Workers {
 public:
  // The threads live as long as the process.
  explicit Workers(int count) : count_(count) {
    for (int i = 0; i < count; i++) std::thread([this] { work(); }).detach();
  }

  int count() const { return count_; }

  // False where another operation has the workers.
  bool run(int64_t count, RunPiece piece, const void* argument) {
    std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
    if (!owner) return false;
    pieces_ = count;
    piece_ = piece;
    argument_ = argument;
    next_.store(0, std::memory_order_relaxed);
    finished_.store(0, std::memory_order_relaxed);
    joined_.store(0, std::memory_order_release);
    rounds_.fetch_add(1);
    if (asleep_.load() > 0) {
      std::lock_guard<std::mutex> lock(sleep_);
      wake_.notify_all();
    }
    take(0);
    const int helpers = joined_.fetch_or(kClosed);
    while (finished_.load(std::memory_order_acquire) != helpers) _mm_pause();
    return true;
  }

 private:
  static constexpr int kClosed = 1 << 20;

  void take(int thread) {
    for (int64_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < pieces_;) piece_(argument_, i, thread);
  }

  void work() {
    FlushDenormals flush;
    for (uint64_t seen = 0;;) {
      seen = awaitRound(seen);
      int before = joined_.load();
      bool in = false;
      while (before < kClosed && !in) in = joined_.compare_exchange_weak(before, before + 1, std::memory_order_acquire);
      if (!in) continue;
      take(before + 1);
      finished_.fetch_add(1, std::memory_order_release);
    }
  }

  // Waits for another round than the one that was seen last.
  uint64_t awaitRound(uint64_t seen) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    for (int spins = 1; rounds_.load(std::memory_order_acquire) == seen; spins++) {
      _mm_pause();
      if (spins % 64 != 0 || std::chrono::steady_clock::now() < until) continue;
      std::unique_lock<std::mutex> lock(sleep_);
      asleep_++;
      wake_.wait(lock, [&] { return rounds_.load() != seen; });
      asleep_--;
    }
    return rounds_.load(std::memory_order_acquire);
  }

  // What is written often lies on cache lines of its own.
  alignas(64) std::atomic<uint64_t> rounds_{0};
  alignas(64) std::atomic<int64_t> next_{0};
  // Helpers of this round; `kClosed` is added once no further one may come.
  alignas(64) std::atomic<int> joined_{kClosed};
  alignas(64) std::atomic<int> finished_{0};
  alignas(64) std::atomic<int> asleep_{0};
  int64_t pieces_ = 0;
  RunPiece piece_ = nullptr;
  const void* argument_ = nullptr;
  std::mutex owner_, sleep_;
  std::condition_variable wake_;
  const int count_;
};

}  // namespace

static Workers& workersFor(int threads) {
  static Workers* workers = new Workers(threads > 1 ? threads - 1 : 0);
  return *workers;
}

int startWorkers(int threads) { return workersFor(threads).count() + 1; }

void runPieces(int threads, int64_t count, RunPiece piece, const void* argument) {
  FlushDenormals flush;
  Workers& workers = workersFor(threads);
  if (count > 1 && workers.count() > 0 && workers.run(count, piece, argument)) return;
  for (int64_t i = 0; i < count; i++) piece(argument, i, 0);
}

}  // namespace roentgen
