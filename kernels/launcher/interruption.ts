/**
 * Interrupts, as the code of a cell meets them.
 *
 * The code of cells is transformed (cells/awaits.ts, cells/loops.ts) to call the functions of `runtime` below: each `await` waits for
 * its operand or for an interrupt of the request on whose behalf it runs, whichever comes first. After an interrupt
 *
 * - the next await throws `Interrupted`, before its operand is evaluated, and so does the next turn of a loop that awaits;
 * - pending awaits throw one after another, from the inside out: the `finally` block of a function has ended before its callers' begin;
 * - awaits of clean-up go on: in `finally` blocks, for two seconds in `catch` blocks, and in functions called from there;
 * - where code asked for the cell's signal, which means that it ends by itself, nothing is thrown until it has: a library has when the
 *   await that waits for it settles; a cell's own code is trusted for the whole cell.
 *
 * A second interrupt heeds neither clean-up nor trust.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate, setTimeout } from 'node:timers';
import { inspect } from 'node:util';
import { type Context, Interrupted, ownContext, type Progress, type Shelter, type Wait } from './contexts';

/** The global object through which transformed code calls the kernel. */
export const runtimeName = '__roentgen__';

/** How long a `catch` block may await after an interrupt: enough to roll back, too short for a retry's pause. */
const catchMilliseconds = 2000;
/** Two interrupts closer together are one: a front end's message and the terminal's Ctrl-C. */
const sameMilliseconds = 700;
/** How often one looks whether clean-up has ended. */
const lookMilliseconds = 10;

const shelters = new AsyncLocalStorage<Shelter | undefined>();
/** Pieces of cells' code that have run, each from one await to the next. */
let pieces = 0;
/** Spares loops the look for their context in a session without interrupts. */
let everInterrupted = false;
/** 1 while loops outside of clean-up must throw, 2 while all must: the control worker's word where the main thread is busy. */
let stopLoops: () => number = () => 0;

/** Interrupts the code that runs on behalf of a request. False where this is the same interrupt as the one before. */
export function interruptContext(context: Context): boolean {
  const { progress } = context;
  const now = Date.now();
  if (progress.interrupts > 0 && now - progress.interruptedAt < sameMilliseconds) return false;
  everInterrupted = true;
  progress.interrupts++;
  progress.interruptedAt = now;
  context.interrupt.abort(new Interrupted());
  progress.interruption = endAwaits(progress);
  return true;
}

async function endAwaits(progress: Progress): Promise<void> {
  const { interrupts } = progress;
  while (progress.interrupts === interrupts && (!progress.ended || progress.latest)) {
    const wait = nextToEnd(progress);
    wait?.reject(new Interrupted());
    // What a rejection leads to runs before the next one.
    await new Promise((resolve) => (wait ? setImmediate(resolve) : setTimeout(resolve, lookMilliseconds)));
  }
}

/** What code asked for: the signal of the request on whose behalf it runs. `byCell` where the code is a cell's. */
export function takeSignal({ interrupt, progress }: Context, byCell: boolean): AbortSignal {
  if (byCell) progress.obeys = true;
  else {
    progress.asked = true;
    for (const wait of pending(progress)) wait.trusted = true;
  }
  return interrupt.signal;
}

/** The pending awaits, the earliest first. */
function pending({ latest }: Progress): Wait[] {
  const waits: Wait[] = [];
  for (let wait = latest; wait; wait = wait.earlier) waits.push(wait);
  return waits.reverse();
}

/** The innermost of the pending awaits; none while something is left to end by itself. */
function nextToEnd(progress: Progress): Wait | undefined {
  const waits = pending(progress);
  if (progress.interrupts === 1 && (endsItself(progress) || waits.some(({ shelter }) => holds(shelter, progress)))) return undefined;
  // Of the awaits that one piece of code led to, its callees' come before its own; a later piece's function was called by an earlier's.
  return waits.sort((a, b) => b.piece - a.piece)[0];
}

/** Whether something runs that asked for the signal. */
function endsItself(progress: Progress): boolean {
  return progress.obeys || pending(progress).some(({ trusted }) => trusted);
}

function holds(shelter: Shelter | undefined, { interruptedAt }: Progress): boolean {
  return shelter === 'finally' || (shelter === 'catch' && Date.now() - interruptedAt < catchMilliseconds);
}

class PendingAwait implements Wait {
  readonly promise: Promise<unknown>;
  readonly piece: number = pieces;
  earlier: Wait | undefined;
  later: Wait | undefined;
  trusted: boolean;
  private refuse: ((error: unknown) => void) | undefined;

  constructor(
    private readonly progress: Progress,
    operand: unknown,
    readonly shelter: Shelter | undefined,
  ) {
    this.trusted = progress.asked;
    progress.asked = false;
    this.earlier = progress.latest;
    if (this.earlier) this.earlier.later = this;
    progress.latest = this;
    this.promise = new Promise((resolve, reject) => {
      this.refuse = reject;
      // V8 follows `resolve` to the function that waits, which a stack then names; a function around it would end the trail.
      Promise.resolve(operand).then(resolve, (error) => this.reject(error));
    });
  }

  reject(error: unknown): void {
    this.settle();
    this.refuse!(error);
  }

  /** Takes it from the list; again where it was interrupted in between. */
  settle(): void {
    pieces++;
    if (this.later) this.later.earlier = this.earlier;
    else if (this.progress.latest === this) this.progress.latest = this.earlier;
    if (this.earlier) this.earlier.later = this.later;
    this.earlier = undefined;
    this.later = undefined;
  }
}

/** Throws where the code that runs now was interrupted. `sheltered` in a `finally` block. Before an await's operand is evaluated. */
export function head(sheltered = false): Context | undefined {
  const context = ownContext();
  if (!context || context.progress.interrupts === 0) return context;
  const { progress } = context;
  const excused = progress.interrupts === 1 && (endsItself(progress) || holds(sheltered ? 'finally' : shelters.getStore(), progress));
  if (!excused) throw new Interrupted();
  return context;
}

/** The operand was evaluated: what to await in its place. */
export function begin(context: Context | undefined, operand: unknown, sheltered = false): { readonly promise: unknown } {
  if (!context || operand === null || (typeof operand !== 'object' && typeof operand !== 'function')) return { promise: operand };
  return new PendingAwait(context.progress, operand, sheltered ? 'finally' : shelters.getStore());
}

/** The await is over: its value. */
export function end<T>(wait: { readonly promise: unknown }, value: T): T {
  if (wait instanceof PendingAwait) wait.settle();
  return value;
}

/** At each turn of a loop. */
function loop(): void {
  const stop = stopLoops();
  if (stop !== 0 && (stop > 1 || !shelters.getStore())) throw new Interrupted();
}

/** At each turn of a loop that awaits. */
function turn(): void {
  loop();
  if (everInterrupted) head();
}

/** Where clean-up begins. Until `leave`, what runs is sheltered, if the interrupt came before. */
function enter(shelter: Shelter): { readonly before: Shelter | undefined } | undefined {
  if (!everInterrupted && stopLoops() === 0) return undefined;
  if (stopLoops() === 0 && !ownContext()?.progress.interrupts) return undefined;
  const before = shelters.getStore();
  shelters.enterWith(before === 'finally' ? before : shelter);
  return { before };
}

function leave(entered: ReturnType<typeof enter>): void {
  if (entered) shelters.enterWith(entered.before);
}

/** An iterable whose items are awaited as by the functions above. */
function iterate(iterable: AsyncIterable<unknown> | Iterable<unknown>): AsyncIterableIterator<unknown> {
  const methods = Object(iterable) as AsyncIterable<unknown> & Iterable<unknown>;
  const asynchronous = methods[Symbol.asyncIterator] as (() => unknown) | undefined;
  const make = (asynchronous ?? methods[Symbol.iterator]) as (() => unknown) | undefined;
  if (typeof make !== 'function') throw new TypeError(`${inspect(iterable, { depth: 0 })} is not async iterable`);
  const iterator = make.call(iterable) as AsyncIterator<unknown>;
  const awaited = async (operand: () => unknown): Promise<unknown> => {
    const wait = begin(head(), operand());
    return end(wait, await wait.promise);
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next(...values) {
      try {
        if (asynchronous) return (await awaited(() => iterator.next(...values))) as IteratorResult<unknown>;
        const result = iterator.next() as unknown as IteratorResult<unknown>;
        return result.done ? result : { done: false, value: await awaited(() => result.value) };
      } catch (error) {
        // The loop takes an iterator that threw for finished; this one was left in the middle.
        if (error instanceof Interrupted) void Promise.resolve(iterator.return?.()).catch(() => {});
        throw error;
      }
    },
    // Clean-up of a loop that is left.
    ...(iterator.return && { return: async (value: unknown) => iterator.return!(value) }),
    ...(iterator.throw && { throw: async (error: unknown) => iterator.throw!(error) }),
  };
}

/** What transformed code may call. */
export interface Runtime {
  readonly head: typeof head;
  readonly begin: typeof begin;
  readonly end: typeof end;
  readonly loop: typeof loop;
  readonly turn: typeof turn;
  readonly enter: typeof enter;
  readonly leave: typeof leave;
  readonly iterate: typeof iterate;
}

/** Makes the functions reachable for the code of cells. `flags[index]` tells loops to stop. */
export function installRuntime(flags: Int32Array, index: number): void {
  stopLoops = () => Atomics.load(flags, index);
  const runtime: Runtime = { head, begin, end, loop, turn, enter, leave, iterate };
  Object.defineProperty(globalThis, runtimeName, { value: Object.freeze(runtime), enumerable: false });
}
