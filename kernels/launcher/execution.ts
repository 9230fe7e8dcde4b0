/**
 * Execution: cells run one after another; an error skips those that were sent meanwhile; an interrupt ends the running one.
 *
 * An interrupt aborts the cell's AbortSignal and throws into its code (interruption.ts). The cell has ended when its clean-up has, or
 * what asked for the signal (a training loop does) and ends by itself, after its step and what it saves, however long they take. One
 * that is interrupted twice and does not end is given up. After an interrupt, what a cell left behind is not shown any more, and its
 * timers do not fire.
 */
import { join } from 'node:path';
import { setTimeout } from 'node:timers';
import type { Language } from './cells/language';
import type { Comms } from './comms';
import { type Context, createContext, currentContext, runCell, runIn } from './contexts';
import { resultDisplay } from './display';
import { diagnosticsError, type ErrorContent, interruptedError, isInterrupt, thrownError } from './errors';
import type { History } from './history';
import { interruptContext, takeSignal } from './interruption';
import type { Iopub } from './iopub';
import type { Outbox } from './outbox';
import { callingScripts, isSource } from './stacks';
import type { Content, Message, Wire } from './wire';

/** What the launcher offers to the library as `globalThis[Symbol.for('roentgen.interrupt')]`. */
export interface InterruptHook {
  /** The signal of the request on whose behalf the caller runs. Aborted by an interrupt; `reason` is an Error named Interrupted. */
  signal(): AbortSignal;
}

/** Runs cells. */
export interface Execution {
  /** Queues an `execute_request`. */
  submit(message: Message): void;
  /** Ends the running cell and drops the queued ones. */
  interrupt(): void;
  /** The context of the cell that runs. */
  running(): Context | undefined;
}

/** What an execution needs of the kernel. */
export interface ExecutionParts {
  readonly wire: Wire;
  readonly shell: Outbox;
  readonly iopub: Iopub;
  readonly language: Language;
  readonly history: History;
  readonly comms: Comms;
}

/** How long an interrupted cell that ends by itself may take before the person is told how to give it up. */
const hintMilliseconds = 15_000;
const hint = 'The cell is still ending: a long step, or a large checkpoint. Interrupt again to give it up.\n';
/** How long one may take that was interrupted twice: enough for promises that are already rejected. */
const shortMilliseconds = 100;
/** How long an error waits for requests that are on their way, to skip them too. */
const arrivalMilliseconds = 20;

interface Cell {
  readonly context: Context;
  settled: boolean;
  /** Ends the wait for it. */
  giveUp(): void;
  readonly givenUp: Promise<void>;
}

export function createExecution({ wire, shell, iopub, language, history, comms }: ExecutionParts): Execution {
  const queue: Message[] = [];
  let cell: Cell | undefined;
  let count = 0;

  async function work(): Promise<void> {
    for (let message = queue[0]; message; message = queue[0]) {
      queue.shift();
      await answer(message);
    }
  }

  async function answer(message: Message): Promise<void> {
    const context = createContext(message.header, message.ids, message.content.allow_stdin === true);
    let giveUp = (): void => {};
    const givenUp = new Promise<void>((resolve) => {
      giveUp = resolve;
    });
    cell = { context, settled: false, giveUp, givenUp };
    iopub.status('busy', context);
    const content = await runCell(context, () => execute(message.content, cell!));
    const stop = (content.status === 'error' && message.content.stop_on_error !== false) || context.progress.interrupts > 0;
    if (stop) await new Promise((resolve) => setTimeout(resolve, arrivalMilliseconds));
    const skipped = stop ? queue.splice(0) : [];
    cell = undefined;
    reply(message, content);
    comms.flush();
    iopub.status('idle', context);
    for (const other of skipped) skip(other);
  }

  function reply(message: Message, content: Content): void {
    shell.send(wire.encode(wire.header('execute_reply'), content, { ids: message.ids, parent: message.header }));
  }

  function skip(message: Message): void {
    const context = createContext(message.header);
    iopub.status('busy', context);
    reply(message, { status: 'aborted' });
    iopub.status('idle', context);
  }

  async function execute(request: Content, self: Cell): Promise<Content> {
    const { context } = self;
    const code = String(request.code ?? '');
    const silent = request.silent === true;
    if (!silent && request.store_history !== false) history.add(++count, code);
    const number = Math.max(1, count);
    if (!silent) iopub.publish('execute_input', { code, execution_count: number }, context);

    const outcome = await language.execute(code, number, self.givenUp);
    let error: ErrorContent | undefined;
    if (outcome.kind === 'diagnostics') {
      error = diagnosticsError(outcome.diagnostics, code, number);
    } else if (outcome.kind === 'thrown') {
      error = errorOf(outcome.error, context);
    } else if (outcome.kind === 'value' && !silent) {
      try {
        const { data, metadata } = await interruptible(resultDisplay(outcome.value), context);
        if (request.store_history !== false) history.setOutput(String(data['text/plain'] ?? ''));
        iopub.publish('execute_result', { execution_count: number, data, metadata }, context);
      } catch (thrown) {
        error = errorOf(thrown, context);
      }
    }
    context.progress.ended = true;
    await Promise.race([cleanedUp(context), self.givenUp]);
    self.settled = true;
    if (error?.ename === 'Interrupted') {
      iopub.flush();
      context.muted = true;
    }
    if (error) {
      if (!silent) iopub.publish('error', { ...error }, context);
      return { status: 'error', execution_count: number, ...error };
    }
    return { status: 'ok', execution_count: number, payload: [], user_expressions: refuse(request.user_expressions) };
  }

  function errorOf(error: unknown, context: Context): ErrorContent {
    if (!isInterrupt(error, context.progress.interrupts > 0)) return thrownError(error);
    return interruptedError();
  }

  function tellHow(target: Cell): void {
    if (!target.settled) runIn(target.context, () => iopub.write('stderr', hint));
  }

  return {
    submit(message) {
      queue.push(message);
      if (queue.length === 1 && !cell) void work();
    },
    interrupt() {
      const target = cell;
      if (!target || target.settled) return;
      if (!interruptContext(target.context)) return;
      for (const message of queue.splice(0)) skip(message);
      if (target.context.progress.interrupts > 1) setTimeout(target.giveUp, shortMilliseconds).unref();
      else setTimeout(() => tellHow(target), hintMilliseconds).unref();
    },
    running: () => (cell && !cell.settled ? cell.context : undefined),
  };
}

/** Settles when nothing is left of an interrupted cell that awaits. */
async function cleanedUp({ progress }: Context): Promise<void> {
  for (let last: unknown; last !== progress.interruption; ) {
    last = progress.interruption;
    await progress.interruption;
  }
}

/** A promise, or the interrupt that comes before it settles. */
async function interruptible<T>(promise: Promise<T>, { interrupt: { signal } }: Context): Promise<T> {
  let stop = (): void => {};
  const interrupted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([promise, interrupted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** `interruptSignal` of roentgen-lab/engine stands between whoever asks and the kernel. */
const between = join('engine', 'interrupt.js');

/** Makes the running cell's signal reachable for the library. */
export function installInterrupt(): void {
  const hook: InterruptHook = {
    signal() {
      const [caller = '', its = ''] = callingScripts();
      return takeSignal(currentContext(), isSource(caller.endsWith(between) ? its : caller));
    },
  };
  (globalThis as Record<symbol, unknown>)[Symbol.for('roentgen.interrupt')] = hook;
}

function refuse(expressions: Content | undefined): Content {
  const refusal = { status: 'error', ename: 'NotSupported', evalue: 'this kernel evaluates no user_expressions', traceback: [] };
  return Object.fromEntries(Object.keys(expressions ?? {}).map((name) => [name, refusal]));
}
