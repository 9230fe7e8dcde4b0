/** What a person sees of an error: its name, its message, and where in the cell; no frames of the kernel. */
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import type { Diagnostic } from 'tslab/dist/converter';
import { Interrupted } from './contexts';

/** The content of an `error` message. */
export interface ErrorContent {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

const kernelFrames = [
  `${__dirname}/`,
  `${__dirname}\\`,
  dirname(require.resolve('tslab/package.json')),
  // Between a control and its handler.
  join('dist', 'display', 'widgets'),
  'node:vm',
  'node:internal/',
  'node:async_hooks',
];

/**
 * A compile error.
 *
 * @param code  the cell, whose faulty lines are shown with a mark below
 */
export function diagnosticsError(diagnostics: readonly Diagnostic[], code: string, cell: number): ErrorContent {
  const lines = code.split('\n');
  const traceback: string[] = [];
  let previous = '';
  for (const { start, end, messageText, code: number, fileName } of diagnostics) {
    const where = `${fileName ?? `cell[${cell}]`}:${start.line + 1}:${start.character + 1}`;
    if (where === previous) {
      // The compiler explains in further messages at the same place.
      traceback.push(`  ${messageText}`);
      continue;
    }
    previous = where;
    traceback.push(`${where} - error TS${number}: ${messageText}`);
    const line = fileName ? undefined : lines[start.line];
    if (line !== undefined) {
      const length = end.line === start.line ? end.character - start.character : line.length - start.character;
      traceback.push(`    ${line}`, `    ${line.slice(0, start.character).replace(/[^\t]/g, ' ')}${'~'.repeat(Math.max(1, length))}`);
    }
  }
  const first = diagnostics[0]!;
  return { ename: 'TypeScriptError', evalue: `${first.start.line + 1}:${first.start.character + 1} - ${first.messageText}`, traceback };
}

/** Whether an error is an interrupt's doing, given that the cell was interrupted or its synchronous part ended by SIGINT. */
export function isInterrupt(error: unknown, interrupted: boolean): boolean {
  if (error instanceof Interrupted) return true;
  if (!(error instanceof Error)) return false;
  if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') return true;
  return (
    interrupted && (error.name === 'AbortError' || error.message === 'Interrupted asynchronously' || error.cause instanceof Interrupted)
  );
}

/** The content for an interrupted cell. */
export function interruptedError(): ErrorContent {
  const error = new Interrupted();
  return { ename: error.name, evalue: error.message, traceback: [`${error.name}: ${error.message}`] };
}

/**
 * A value that was thrown.
 *
 * @param restore  rewrites positions in stacks to those of the cells
 */
export function thrownError(error: unknown, restore: (stack: string) => string): ErrorContent {
  if (!isErrorLike(error)) {
    const evalue = typeof error === 'string' ? error : inspect(error);
    return { ename: 'Thrown', evalue, traceback: [`Thrown: ${evalue}`] };
  }
  const traceback = describe(error, restore).split('\n');
  return { ename: String(error.name || 'Error'), evalue: String(error.message), traceback };
}

// Errors of other realms (vm, workers) are no instances of this one's Error.
function isErrorLike(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'message' in value && 'stack' in value;
}

/** An error's stack without the kernel's frames, with its causes. */
export function describe(error: unknown, restore: (stack: string) => string, depth = 0): string {
  if (!isErrorLike(error)) return typeof error === 'string' ? error : inspect(error);
  let text = restore(withoutKernelFrames(stackOf(error)));
  const inner = [...(Array.isArray((error as AggregateError).errors) ? (error as AggregateError).errors : [])];
  if (error.cause !== undefined) inner.push(error.cause);
  if (depth < 3) for (const cause of inner.slice(0, 5)) text += `\nCaused by: ${describe(cause, restore, depth + 1)}`;
  return text;
}

function stackOf({ name, message, stack }: Error): string {
  if (!stack) return `${name}: ${message}`;
  // Node puts the line of the JavaScript that runs, with a mark below, before an error of a cell's synchronous part.
  return stack.replace(/^[^\n]+:\d+\n[^\n]*\n[ \t]*\^+[^\n]*\n\n?/, '');
}

function withoutKernelFrames(stack: string): string {
  const isKernel = (line: string): boolean =>
    /^\s+at /.test(line) && (kernelFrames.some((frame) => line.includes(frame)) || /^\s+at (new Promise )?\(?<anonymous>\)?$/.test(line));
  const lines = stack.split('\n').filter((line) => !isKernel(line));
  // A cell runs as a function that its script calls: the script's own frame says nothing.
  const frame = (line: string | undefined): string | undefined => /^\s+at (cell\[\d+\]):\d+:\d+$/.exec(line ?? '')?.[1];
  const outer = lines.findLastIndex((line) => frame(line) !== undefined);
  if (outer > 0 && frame(lines[outer - 1]) === frame(lines[outer])) lines.splice(outer, 1);
  return lines.map((line) => line.replace(/^(\s+at )Proxy\./, '$1')).join('\n');
}
