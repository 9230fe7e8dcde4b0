#pragma once

#include <signal.h>

#include <initializer_list>

// Blocks the signals that come from outside on this thread, as long as it lives, and on the threads that are started meanwhile; faults keep their effect.
class Blocked {
 public:
  Blocked() {
    sigset_t outside;
    sigfillset(&outside);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&outside, fault);
    pthread_sigmask(SIG_BLOCK, &outside, &before_);
  }
  ~Blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};
