/**
 * Printed values stay readable although every promise carries its cell.
 *
 * While an AsyncLocalStorage is in use, Node writes its bookkeeping into each promise under symbols that util.inspect shows.
 */
import { inspect } from 'node:util';

const bookkeeping = new Set(['async_id_symbol', 'trigger_async_id_symbol', 'kResourceStore']);

/** Lets util.inspect (and with it console.log) show promises as it does outside of the kernel. */
export function installInspection(): void {
  const show = function (this: Promise<unknown>, depth: number, options: object): string {
    if (!Object.isExtensible(this)) return 'Promise {}';
    for (const symbol of Object.getOwnPropertySymbols(this)) {
      if (bookkeeping.has(symbol.description ?? '')) Object.defineProperty(this, symbol, { enumerable: false });
    }
    // An own property shields this method, or inspecting would call it again.
    Object.defineProperty(this, inspect.custom, { value: undefined, configurable: true });
    try {
      return inspect(this, { ...options, depth });
    } finally {
      delete (this as unknown as Record<symbol, unknown>)[inspect.custom];
    }
  };
  Object.defineProperty(Promise.prototype, inspect.custom, { value: show, configurable: true, writable: true });
}
