/** How long loops hear that a person has interrupted them: the notebook kernel offers a signal for the running cell. */

/** Under this symbol of the global object a kernel offers `{ signal() }`. */
const interruptSymbol: symbol = Symbol.for('roentgen.interrupt');

/** The running cell's signal in our notebook kernel; undefined elsewhere. Loops take it where they were given no other. */
export function interruptSignal(): AbortSignal | undefined {
  const host = (globalThis as Record<symbol, unknown>)[interruptSymbol] as { signal(): AbortSignal } | undefined;
  return host?.signal();
}

/** Lets interrupts, displays and timers have their turn, as a loop over long steps must. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
