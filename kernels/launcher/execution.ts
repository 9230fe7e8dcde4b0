/**
 * Execution: cells run one after another; an error skips those that were sent meanwhile; an interrupt ends the running one.
 *
 * An interrupt first aborts the cell's AbortSignal. A cell whose code asked for the signal (a training loop does) ends by
 * itself, after its step and what it saves, however long they take; any other, and one that is interrupted twice, is
 * abandoned: it ends with an error, what its code still does is not shown, and its timers no longer fire.
 */
import { setTimeout } from 'node:timers';
import type { Comms } from './comms';
import { type Context, createContext, currentContext, Interrupted, runCell, runIn } from './contexts';
import { resultDisplay } from './display';
import { diagnosticsError, type ErrorContent, interruptedError, isInterrupt, thrownError } from './errors';
import type { History } from './history';
import type { Iopub } from './iopub';
import type { Language } from './language';
import type { Outbox } from './outbox';
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
/** How long one that did not ask for the signal may take: enough for promises that are already rejected. */
const shortMilliseconds = 100;
/** Two interrupts closer together are one: a front end's message and the terminal's Ctrl-C. */
const sameMilliseconds = 700;
/** How long an error waits for requests that are on their way, to skip them too. */
const arrivalMilliseconds = 20;

interface Cell {
  readonly context: Context;
  interruptedAt: number;
  settled: boolean;
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
    cell = { context, interruptedAt: 0, settled: false };
    iopub.status('busy', context);
    const content = await runCell(context, () => execute(message.content, cell!));
    const stop = (content.status === 'error' && message.content.stop_on_error !== false) || cell.interruptedAt > 0;
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

    const outcome = await language.execute(code, number);
    let error: ErrorContent | undefined;
    if (outcome.kind === 'diagnostics') {
      error = diagnosticsError(outcome.diagnostics, code, number);
    } else if (outcome.kind === 'thrown') {
      error = isInterrupt(outcome.error, self.interruptedAt > 0)
        ? interruptedError()
        : thrownError(outcome.error, language.restorePositions);
    } else if (outcome.kind === 'value' && !silent) {
      try {
        const { data, metadata } = await resultDisplay(outcome.value);
        if (request.store_history !== false) history.setOutput(String(data['text/plain'] ?? ''));
        iopub.publish('execute_result', { execution_count: number, data, metadata }, context);
      } catch (thrown) {
        error = thrownError(thrown, language.restorePositions);
      }
    }
    self.settled = true;
    if (error) {
      if (!silent) iopub.publish('error', { ...error }, context);
      return { status: 'error', execution_count: number, ...error };
    }
    return { status: 'ok', execution_count: number, payload: [], user_expressions: refuse(request.user_expressions) };
  }

  function abandon(target: Cell): void {
    if (target.settled) return;
    iopub.flush();
    target.context.muted = true;
    language.abandon();
  }

  function tellHow(target: Cell): void {
    if (!target.settled && !target.context.muted) runIn(target.context, () => iopub.write('stderr', hint));
  }

  return {
    submit(message) {
      queue.push(message);
      if (queue.length === 1 && !cell) void work();
    },
    interrupt() {
      const target = cell;
      if (!target || target.settled) return;
      const now = Date.now();
      const again = target.interruptedAt > 0;
      if (again && now - target.interruptedAt < sameMilliseconds) return;
      target.interruptedAt = now;
      for (const message of queue.splice(0)) skip(message);
      if (again) {
        abandon(target);
        return;
      }
      target.context.interrupt.abort(new Interrupted());
      if (target.context.takesSignal) setTimeout(() => tellHow(target), hintMilliseconds).unref();
      else setTimeout(() => abandon(target), shortMilliseconds).unref();
    },
    running: () => (cell && !cell.settled ? cell.context : undefined),
  };
}

/** Makes the running cell's signal reachable for the library. */
export function installInterrupt(): void {
  const hook: InterruptHook = {
    signal() {
      const context = currentContext();
      context.takesSignal = true;
      return context.interrupt.signal;
    },
  };
  (globalThis as Record<symbol, unknown>)[Symbol.for('roentgen.interrupt')] = hook;
}

function refuse(expressions: Content | undefined): Content {
  const refusal = { status: 'error', ename: 'NotSupported', evalue: 'this kernel evaluates no user_expressions', traceback: [] };
  return Object.fromEntries(Object.keys(expressions ?? {}).map((name) => [name, refusal]));
}
