/** Two streams that are one: what either gets, the other sends; where one ends, both do. */

import type { Duplex } from 'node:stream';

/** Ends both by an error of either, without a word: who listens at their ends hears that they are gone. */
export function join(a: Duplex, b: Duplex): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.on('error', () => to.destroy()).on('close', () => to.destroy());
    from.pipe(to);
  }
}
