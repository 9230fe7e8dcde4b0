/**
 * Handlers of comm messages: code that runs because a person moved a control, not because a cell was run.
 *
 * Each runs on behalf of the cell that opened its comm: what it prints, and its error, appear below that cell. An interrupt
 * raises its signal as it does a cell's, and gives it up where it does not end.
 */
import { setTimeout } from 'node:timers';
import { type Context, createContext, runIn } from './contexts';
import { interruptedError, isInterrupt, thrownError } from './errors';
import { interruptContext } from './interruption';
import type { Iopub } from './iopub';

/** Runs handlers. */
export interface Handlers {
  /** Runs one, which may be async. Never throws: its error is shown where `origin` shows. */
  run(origin: Context, body: () => unknown): void;
  /** Ends those that run. */
  interrupt(): void;
}

/** How long an interrupted handler may take to end, where it hears of the interrupt by an await or the signal, and where it does not. */
const graceMilliseconds = { hears: 15_000, other: 100 } as const;

export function createHandlers(iopub: Iopub): Handlers {
  const running = new Set<Context>();

  async function settle(context: Context, body: () => unknown): Promise<void> {
    running.add(context);
    try {
      await runIn(context, body);
    } catch (error) {
      if (context.muted) return;
      const interrupted = isInterrupt(error, context.interrupt.signal.aborted);
      iopub.publish('error', { ...(interrupted ? interruptedError() : thrownError(error)) }, context);
    } finally {
      running.delete(context);
      context.progress.ended = true;
    }
  }

  return {
    run(origin, body) {
      // The cell's own signal and muting were for its run; a handler has its own.
      void settle(createContext(origin.parent), body);
    },
    interrupt() {
      for (const context of running) {
        const { obeys, asked, latest, interrupts } = context.progress;
        if (!interruptContext(context) || interrupts > 0) continue;
        const grace = obeys || asked || latest ? graceMilliseconds.hears : graceMilliseconds.other;
        setTimeout(() => {
          if (running.delete(context)) context.muted = true;
        }, grace).unref();
      }
    },
  };
}
