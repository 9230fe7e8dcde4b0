import { AsyncLocalStorage } from 'node:async_hooks';
import { interruptSignal } from '../../engine';

/** Why a job's signal was raised: a newer value came. */
export class Superseded extends Error {
  override readonly name = 'Superseded';

  constructor() {
    super('a newer value came');
  }
}

/** The signal of the job on whose behalf code runs. */
const outer = new AsyncLocalStorage<AbortSignal>();

/**
 * A job of which one runs at a time, for the newest value: a new value raises the signal of the one that runs, waits until that has ended,
 * and goes on unless a still newer one came meanwhile. An interrupt of the kernel raises the signal too, and so does what raises the signal
 * of a job that called this one: a control whose handler waits for "make the picture" can stop it by its next value.
 *
 * Controls run their handlers this way. A job that several controls share, such as "make the picture", is made so once and called by all.
 *
 * @param job  what it does with a value; it ends early where its signal is raised, by throwing the signal's reason or by returning
 * @returns    settles when the job has ended, or at once where a newer value took its place; rejects with the job's own error
 * @example
 * const make = newest(async (prompt: string, signal) => {
 *   picture.picture = (await textToImage(model, { prompts: [prompt], signal }))[0];
 * });
 */
export function newest<T>(job: (value: T, signal: AbortSignal) => unknown): (value: T) => Promise<void> {
  let last: object | undefined;
  let running: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined;

  async function run(value: T, controller: AbortController, ended: () => void): Promise<void> {
    const interrupt = interruptSignal();
    const signal = AbortSignal.any([controller.signal, interrupt, outer.getStore()].filter((one) => one !== undefined));
    let interrupted: (() => void) | undefined;
    try {
      // The kernel may give up an interrupted job that does not end: then nothing must wait for it.
      const superseded = new Promise<never>((_, reject) => {
        interrupted = () => reject(interrupt?.reason);
        interrupt?.addEventListener('abort', interrupted, { once: true });
      });
      await Promise.race([outer.run(signal, () => job(value, signal)), superseded]);
    } catch (error) {
      const stopped = error === controller.signal.reason || (error as Error | undefined)?.name === 'AbortError';
      if (!(controller.signal.aborted && stopped)) throw error;
    } finally {
      if (interrupted) interrupt?.removeEventListener('abort', interrupted);
      ended();
    }
  }

  return async (value) => {
    const mine = {};
    last = mine;
    running?.controller.abort(new Superseded());
    while (running) await running.ended;
    if (last !== mine) return;
    const controller = new AbortController();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    running = { controller, ended };
    await run(value, controller, () => {
      running = undefined;
      end();
    });
  };
}
