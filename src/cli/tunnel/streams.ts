/** Two streams that are one: what either gets, the other sends. */

import type { Duplex } from 'node:stream';

/** Streams that are joined and not closed yet. */
const open = new Set<Duplex>();

/** Where one ends, the other does when it has sent all; where one breaks off, so does the other: who listens at its end hears that it is gone. */
export function join(a: Duplex, b: Duplex): void {
  if (a.destroyed || b.destroyed) {
    for (const one of [a, b]) one.destroy();
    return;
  }
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    open.add(from);
    from
      .on('error', () => to.destroy())
      .on('close', () => {
        open.delete(from);
        if (!from.readableEnded) to.destroy();
      });
    from.pipe(to);
  }
}

/** What a process has sent just before its end may be on the way still. */
const [MOST, AGAIN] = [10_000, 20];

/** Waits until all has been sent that the ended have left, for ten seconds at most. */
export async function drained(): Promise<void> {
  for (const from = performance.now(); open.size > 0 && performance.now() - from < MOST; )
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
}
