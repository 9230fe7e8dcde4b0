/**
 * Contexts: which request an output belongs to.
 *
 * A cell goes on after its first `await`, other requests are answered in between, and its promises and timers may outlive
 * it. AsyncLocalStorage carries the request along all of them, so each output is published with the parent it belongs to.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import type { Header } from './wire';

/** Why a cell ended: the person (or the client) asked for it. The reason of a cell's AbortSignal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor(message = 'the cell was interrupted') {
    super(message);
  }
}

/** One request on whose behalf code runs. */
export interface Context {
  readonly parent: Partial<Header>;
  /** Routing frames of the requester, for input requests. */
  readonly ids: readonly Buffer[];
  readonly allowInput: boolean;
  /** Aborted by an interrupt. */
  readonly interrupt: AbortController;
  /** What an interrupt finds of its code (interruption.ts). */
  readonly progress: Progress;
  /** Over after an interrupt: what its code still does is not shown, and its timers no longer fire. */
  muted: boolean;
}

/** Where the code of a request stands, as far as an interrupt needs to know. */
export interface Progress {
  /** How often it was interrupted: the first interrupt lets clean-up finish, the second does not. */
  interrupts: number;
  interruptedAt: number;
  /** Its cell's own code asked for the signal: it ends by itself. */
  obeys: boolean;
  /** A library asked for the signal: the next await of the cell's code waits for that library. */
  asked: boolean;
  /** The latest of the pending awaits of its cell's code; the others follow from it. */
  latest: Wait | undefined;
  /** Its cell or handler has ended. */
  ended: boolean;
  /** The latest interrupt: settles when the code has ended and no await is pending. */
  interruption: Promise<void> | undefined;
}

/** A pending await of a cell's code, in a list: to be put there and taken from there a million times a second. */
export interface Wait {
  earlier: Wait | undefined;
  later: Wait | undefined;
  reject(error: unknown): void;
  /** Pieces of code that run from one await to the next, counted: the one that this await ended. */
  readonly piece: number;
  readonly shelter: Shelter | undefined;
  /** It waits for code that asked for the signal. */
  trusted: boolean;
}

/** Clean-up, where an interrupt's error is not thrown: a `catch` block that was entered after it, or a `finally` block. */
export type Shelter = 'catch' | 'finally';

const storage = new AsyncLocalStorage<Context>();

/** A context for a request (or for outputs of no request). */
export function createContext(parent: Partial<Header> = {}, ids: readonly Buffer[] = [], allowInput = false): Context {
  const progress: Progress = {
    interrupts: 0,
    interruptedAt: 0,
    obeys: false,
    asked: false,
    latest: undefined,
    ended: false,
    interruption: undefined,
  };
  const context: Context = { parent, ids, allowInput, interrupt: new AbortController(), progress, muted: false };
  // Node shows it in timers and sockets that a cell prints.
  return Object.defineProperty(context, inspect.custom, { value: () => '[cell]' });
}

/** Takes what code writes and shows in place of the cell's output. */
export interface Sink {
  write(name: 'stdout' | 'stderr', text: string): void;
  /** A display, or with `update` a change of one; a bundle by mime type. */
  show(
    bundle: Readonly<Record<string, unknown>>,
    metadata: Readonly<Record<string, unknown>>,
    displayId: string | undefined,
    update: boolean,
  ): void;
  clear(wait: boolean): void;
}

const sinks = new AsyncLocalStorage<Sink>();

/** Where the outputs of the code that runs now go, if not below its cell. */
export function currentSink(): Sink | undefined {
  return sinks.getStore();
}

/** Runs something whose outputs go to the sink, also those that it makes later. */
export function runInto<T>(sink: Sink, body: () => T): T {
  return sinks.run(sink, body);
}

// Outputs of code that lost its context (native callbacks) belong to the last cell.
let fallback: Context = createContext();

/** The context of the code that runs now. */
export function currentContext(): Context {
  return storage.getStore() ?? fallback;
}

/** The context of the code that runs now; undefined for code that lost it. */
export function ownContext(): Context | undefined {
  return storage.getStore();
}

/** Runs a cell in its context, and makes it the one that stray outputs belong to. */
export function runCell<T>(context: Context, body: () => T): T {
  fallback = context;
  return storage.run(context, body);
}

/** Runs something smaller than a cell (a comm message's handler) in its context. */
export function runIn<T>(context: Context, body: () => T): T {
  return storage.run(context, body);
}

/** Runs the kernel's own code (timers of its own) outside of any context. */
export function runOutside<T>(body: () => T): T {
  return storage.exit(() => sinks.exit(body));
}
