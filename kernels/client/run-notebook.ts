/** Runs a notebook through a real kernel, cell by cell, as a person would. */
import { dirname, resolve } from 'node:path';
import type { Content, Message } from '../launcher/wire';
import { Kernel, type KernelOptions } from './kernel';
import { type Cell, type Notebook, readNotebook, sourceOf, writeNotebook } from './notebook-file';
import { createCollector, type Displays, type Output } from './outputs';

/** What happens while a notebook runs; `cell` counts the code cells from 0. */
export type NotebookEvent =
  | { readonly type: 'start'; readonly cell: number; readonly cells: number; readonly source: string }
  | { readonly type: 'stream'; readonly cell: number; readonly name: 'stdout' | 'stderr'; readonly text: string }
  | {
      /** A display, an update of one, or a cell's value. */
      readonly type: 'display';
      readonly cell: number;
      readonly data: Content;
      readonly metadata: Content;
      readonly displayId: string | undefined;
      readonly update: boolean;
    }
  | {
      readonly type: 'error';
      readonly cell: number;
      readonly ename: string;
      readonly evalue: string;
      readonly traceback: readonly string[];
    }
  | { readonly type: 'end'; readonly cell: number; readonly milliseconds: number; readonly status: 'ok' | 'error' };

/** How to run a notebook. */
export interface RunOptions extends KernelOptions {
  /** Where the executed notebook is written, after each cell. */
  readonly output?: string;
  /** Replaces the cell tagged `parameters` by `const options = <JSON>;`. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Takes outputs as they arrive. */
  readonly onOutput?: (event: NotebookEvent) => void;
  /** How long one cell may run; it is interrupted then. Without it, as long as it takes. */
  readonly cellMilliseconds?: number;
  /** Aborted: the running cell is interrupted (and may save), the notebook written, the kernel ended. */
  readonly signal?: AbortSignal;
}

/** A notebook that was run. */
export interface NotebookRun {
  /** Code cells that ran. */
  readonly cells: number;
  readonly milliseconds: number;
  readonly notebook: Notebook;
}

/** A cell failed that is not tagged `raises-exception`. The notebook up to there is written. */
export class NotebookError extends Error {
  override readonly name: string = 'NotebookError';

  constructor(
    message: string,
    /** Code cells counted from 0. */
    readonly cell: number,
    readonly ename: string,
    readonly evalue: string,
    readonly traceback: readonly string[],
  ) {
    super(message);
  }
}

/** How long an interrupted cell may take to save before the kernel is ended. */
const graceMilliseconds = 20_000;

/**
 * Runs a notebook's code cells in order, in a new kernel, and stops at the first error. A cell tagged `raises-exception`
 * may fail.
 *
 * @param path  the notebook; it is not changed (unless `output` names it). Without `cwd` the kernel runs in its folder
 * @throws NotebookError where a cell fails; Error where the notebook cannot be read, lacks a cell tagged `parameters` that
 *   is needed, a cell takes too long, or the kernel ends; `signal.reason` where the run was aborted
 */
export async function runNotebook(path: string, options: RunOptions = {}): Promise<NotebookRun> {
  const notebook = readNotebook(path);
  const cells = notebook.cells.filter((cell) => cell.cell_type === 'code');
  if (options.parameters) setParameters(path, cells, options.parameters);
  for (const cell of cells) {
    cell.outputs = [];
    cell.execution_count = null;
  }
  const save = (): void => {
    if (options.output) writeNotebook(options.output, notebook);
  };
  options.signal?.throwIfAborted();
  const started = Date.now();
  const kernel = await Kernel.start({ ...options, cwd: options.cwd ?? dirname(resolve(path)) });
  try {
    await describeKernel(kernel, notebook);
    const displays: Displays = new Map();
    let ran = 0;
    for (const [index, cell] of cells.entries()) {
      options.signal?.throwIfAborted();
      if (sourceOf(cell).trim() === '') continue;
      ran++;
      try {
        await runCell(kernel, cell, index, cells.length, displays, path, options);
      } finally {
        save();
      }
    }
    save();
    return { cells: ran, milliseconds: Date.now() - started, notebook };
  } finally {
    await kernel.shutdown();
  }
}

async function runCell(
  kernel: Kernel,
  cell: Cell,
  index: number,
  count: number,
  displays: Displays,
  path: string,
  options: RunOptions,
): Promise<void> {
  const { onOutput, signal, cellMilliseconds } = options;
  const source = sourceOf(cell);
  const began = Date.now();
  const outputs: Output[] = [];
  cell.outputs = outputs;
  onOutput?.({ type: 'start', cell: index, cells: count, source });
  const collect = createCollector(outputs, displays);
  const mayFail = cell.metadata.tags?.includes('raises-exception') ?? false;

  let timedOut = false;
  const late: NodeJS.Timeout[] = [];
  const interrupt = (): void => {
    kernel.interrupt().catch(() => undefined);
    // A cell that does not listen: the kernel's end settles its request.
    late.push(setTimeout(() => void kernel.shutdown(), graceMilliseconds));
  };
  signal?.addEventListener('abort', interrupt, { once: true });
  if (signal?.aborted) interrupt();
  if (cellMilliseconds !== undefined) {
    const expire = (): void => {
      timedOut = true;
      interrupt();
    };
    late.push(setTimeout(expire, cellMilliseconds));
  }
  let reply: Content;
  try {
    reply = await kernel.execute(source, {
      stopOnError: !mayFail,
      onMessage(message) {
        collect(message);
        const event = toEvent(message, index);
        if (event) onOutput?.(event);
      },
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new Error(`${path}, code cell ${index + 1}: ${(error as Error).message}`);
  } finally {
    signal?.removeEventListener('abort', interrupt);
    for (const timer of late) clearTimeout(timer);
  }
  cell.execution_count = reply.execution_count ?? null;
  onOutput?.({ type: 'end', cell: index, milliseconds: Date.now() - began, status: reply.status === 'ok' ? 'ok' : 'error' });
  signal?.throwIfAborted();
  if (timedOut) throw new Error(`${path}, code cell ${index + 1}: ran longer than ${cellMilliseconds! / 1000} s and was interrupted`);
  if (reply.status !== 'ok' && !mayFail) {
    const traceback: string[] = reply.traceback ?? [];
    const message = `${path}, code cell ${index + 1}: ${reply.ename}: ${reply.evalue}`;
    throw new NotebookError(message, index, reply.ename, reply.evalue, traceback);
  }
}

function setParameters(path: string, cells: readonly Cell[], parameters: Readonly<Record<string, unknown>>): void {
  const cell = cells.find(({ metadata }) => metadata.tags?.includes('parameters'));
  if (!cell) throw new Error(`${path}: parameters were given, but no code cell is tagged "parameters"`);
  cell.source = `const options = ${JSON.stringify(parameters, null, 2)};`;
}

async function describeKernel(kernel: Kernel, notebook: Notebook): Promise<void> {
  const { language_info } = await kernel.request('shell', 'kernel_info_request', {});
  const { name, displayName, language } = kernel.spec;
  notebook.metadata.kernelspec = { name, display_name: displayName, language };
  notebook.metadata.language_info = language_info;
}

function toEvent({ header, content }: Message, cell: number): NotebookEvent | undefined {
  switch (header.msg_type) {
    case 'stream':
      return { type: 'stream', cell, name: content.name, text: content.text };
    case 'error':
      return { type: 'error', cell, ename: content.ename, evalue: content.evalue, traceback: content.traceback };
    case 'display_data':
    case 'execute_result':
    case 'update_display_data':
      return {
        type: 'display',
        cell,
        data: content.data,
        metadata: content.metadata ?? {},
        displayId: content.transient?.display_id,
        update: header.msg_type === 'update_display_data',
      };
    default:
      return undefined;
  }
}
