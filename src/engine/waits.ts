/** What long work waits for before its first result, told to whoever shows it, such as the progress bar around the call. */

import { AsyncLocalStorage } from 'node:async_hooks';

/** Takes what is waited for, and where it is known how much of it is done. */
export type WaitListener = (what: string, done?: number, total?: number) => void;

const listeners = new AsyncLocalStorage<WaitListener>();

/** Says what is being waited for, in words that follow a name: "encoding images". Nothing where nobody listens. */
export function tellWait(what: string, done?: number, total?: number): void {
  listeners.getStore()?.(what, done, total);
}

/** Runs something, also what it awaits, with a listener for its waits in place of any around it. */
export function hearWaits<T>(listener: WaitListener, body: () => T): T {
  return listeners.run(listener, body);
}
