/**
 * Timers of cells that are over after an interrupt no longer fire: neither what a timer starts, nor libraries that wait for one.
 */
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { promisify } from 'node:util';
import { currentContext } from './contexts';

type Timer = (callback: (...args: unknown[]) => void, ...rest: unknown[]) => unknown;

/** Replaces the global timers by ones that obey. */
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
    if (name !== 'setInterval') Object.defineProperty(replacement, promisify.custom, { value: timersPromises[name] });
    (globalThis as Record<string, unknown>)[name] = replacement;
  }
}
