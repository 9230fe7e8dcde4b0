/**
 * Handlers of comm messages: code that runs because a person moved a control, not because a cell was run.
 *
 * Each runs on behalf of the cell that opened its comm: what it prints, and its error, appear below that cell. An interrupt
 * raises its signal as it does a cell's, and gives it up where it does not end.
 */
import { setTimeout } from 'node:timers';
import { type Context, createContext, Interrupted, runIn } from './contexts';
import { interruptedError, isInterrupt, thrownError } from './errors';
import type { Iopub } from './iopub';

/** Runs handlers. */
export interface Handlers {
  /** Runs one, which may be async. Never throws: its error is shown where `origin` shows. */
  run(origin: Context, body: () => unknown): void;
  /** Ends those that run. */
  interrupt(): void;
}

/** How long an interrupted handler may take to end by itself, where its code asked for the signal and where it did not. */
const graceMilliseconds = { asked: 15_000, other: 100 } as const;

/** @param restore  rewrites positions in stacks to those of the cells */
export function createHandlers(iopub: Iopub, restore: (stack: string) => string): Handlers {
  const running = new Set<Context>();

  async function settle(context: Context, body: () => unknown): Promise<void> {
    running.add(context);
    try {
      await runIn(context, body);
    } catch (error) {
      if (context.muted) return;
      const interrupted = isInterrupt(error, context.interrupt.signal.aborted);
      iopub.publish('error', { ...(interrupted ? interruptedError() : thrownError(error, restore)) }, context);
    } finally {
      running.delete(context);
    }
  }

  return {
    run(origin, body) {
      // The cell's own signal and muting were for its run; a handler has its own.
      void settle(createContext(origin.parent), body);
    },
    interrupt() {
      for (const context of running) {
        if (context.interrupt.signal.aborted) continue;
        context.interrupt.abort(new Interrupted());
        const grace = context.takesSignal ? graceMilliseconds.asked : graceMilliseconds.other;
        setTimeout(() => {
          if (running.delete(context)) context.muted = true;
        }, grace).unref();
      }
    },
  };
}
