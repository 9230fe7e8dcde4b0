/**
 * An ordered queue in front of a ZeroMQ socket.
 *
 * zeromq.js sends at once while it can, and answers EBUSY while an earlier send waits for the event loop (it makes every
 * 512th send wait). Whoever ignores that loses messages: here they wait in order. While nothing waits, a send is
 * synchronous, so that a loop that never yields still streams its first outputs.
 */
// Not the global timers: those obey a cell's muting (timers.ts).
import { setImmediate } from 'node:timers';
import type { Frame } from './wire';

/** The part of a ZeroMQ socket that an outbox needs. */
export interface Sender {
  send(frames: Frame[]): Promise<void>;
}

/** Sends in order, never refuses. */
export interface Outbox {
  send(frames: Frame[]): void;
  /** Settles when everything handed over so far is with ZeroMQ. */
  drained(): Promise<void>;
}

/** An outbox on a socket. Messages for a socket that was closed are dropped. */
export function createOutbox(socket: Sender): Outbox {
  let waiting: Frame[][] = [];
  let last: Promise<void> = Promise.resolve();
  let draining: Promise<void> | undefined;

  function trySend(frames: Frame[]): boolean {
    try {
      last = socket.send(frames).catch(() => {});
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
      return true;
    }
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      for (const frames of batch) {
        await last;
        while (!trySend(frames)) await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await last;
    draining = undefined;
  }

  return {
    send(frames) {
      if (!draining && trySend(frames)) return;
      waiting.push(frames);
      draining ??= drain();
    },
    drained: () => draining ?? last,
  };
}
