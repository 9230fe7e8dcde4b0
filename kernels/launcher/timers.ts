/**
 * Timers of abandoned cells no longer fire.
 *
 * A cell that was interrupted at an `await` may go on: a loop on `await sleep(100)` for ever. Its next wait on a timer is
 * where it ends: the wait never settles.
 */
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { promisify } from 'node:util';
import { currentContext } from './contexts';

type Timer = (callback: (...args: unknown[]) => void, ...rest: unknown[]) => unknown;

/** Replaces the global timers and those of node:timers/promises by ones that obey. */
export function installTimers(): void {
  for (const name of ['setTimeout', 'setInterval', 'setImmediate'] as const) {
    const original = timers[name] as unknown as Timer;
    const replacement: Timer = (callback, ...rest) => {
      if (typeof callback !== 'function') return original(callback, ...rest); // Node says what is wrong with it.
      const context = currentContext();
      return original(
        (...args) => {
          if (!context.muted) callback(...args);
        },
        ...rest,
      );
    };
    const promised = (timersPromises as unknown as Record<string, unknown>)[name];
    if (name !== 'setInterval') Object.defineProperty(replacement, promisify.custom, { value: obedient(promised as never) });
    (globalThis as Record<string, unknown>)[name] = replacement;
  }
  timersPromises.setTimeout = obedient(timersPromises.setTimeout as never) as typeof timersPromises.setTimeout;
  timersPromises.setImmediate = obedient(timersPromises.setImmediate as never) as typeof timersPromises.setImmediate;
}

function obedient(wait: (...args: unknown[]) => Promise<unknown>): (...args: unknown[]) => Promise<unknown> {
  return (...args) => {
    const context = currentContext();
    return new Promise((resolve, reject) => {
      wait(...args).then(
        (value) => {
          if (!context.muted) resolve(value);
        },
        (error) => {
          if (!context.muted) reject(error);
        },
      );
    });
  };
}
