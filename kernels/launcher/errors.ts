/** What a person sees of an error: its name, its message, and where in the cell; no frames of the kernel. */
import { inspect } from 'node:util';
import type { Diagnostic } from 'tslab/dist/converter';
import { Interrupted } from './contexts';

/** The content of an `error` message. */
export interface ErrorContent {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

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
    const [message, ...explanations] = messageText.split('\n');
    traceback.push(`${where} - ${number ? `error TS${number}: ` : ''}${message}`);
    const line = fileName ? undefined : lines[start.line];
    if (line !== undefined) {
      const length = end.line === start.line ? end.character - start.character : line.length - start.character;
      traceback.push(`    ${line}`, `    ${line.slice(0, start.character).replace(/[^\t]/g, ' ')}${'~'.repeat(Math.max(1, length))}`);
    }
    traceback.push(...explanations);
  }
  const { start, messageText, fileName } = diagnostics[0]!;
  const where = `${fileName ? `${fileName}:` : ''}${start.line + 1}:${start.character + 1}`;
  return { ename: 'TypeScriptError', evalue: `${where} - ${messageText.split('\n')[0]}`, traceback };
}

/** Whether an error is an interrupt's doing, given that the cell was interrupted or its synchronous part ended by SIGINT. */
export function isInterrupt(error: unknown, interrupted: boolean): boolean {
  if (error instanceof Interrupted) return true;
  if (!(error instanceof Error)) return false;
  if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') return true;
  return interrupted && (error.name === 'AbortError' || error.cause instanceof Interrupted);
}

/** The content for an interrupted cell. */
export function interruptedError(): ErrorContent {
  const error = new Interrupted();
  return { ename: error.name, evalue: error.message, traceback: [`${error.name}: ${error.message}`] };
}

/** A value that was thrown. */
export function thrownError(error: unknown): ErrorContent {
  if (!isErrorLike(error)) {
    const evalue = typeof error === 'string' ? error : inspect(error);
    return { ename: 'Thrown', evalue, traceback: [`Thrown: ${evalue}`] };
  }
  const traceback = describe(error).split('\n');
  return { ename: String(error.name || 'Error'), evalue: String(error.message), traceback };
}

// Errors of other realms (vm, workers) are no instances of this one's Error.
function isErrorLike(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'message' in value && 'stack' in value;
}

/** An error's stack with its causes. */
export function describe(error: unknown, depth = 0): string {
  if (!isErrorLike(error)) return typeof error === 'string' ? error : inspect(error);
  let text = error.stack || `${error.name}: ${error.message}`;
  const inner = [...(Array.isArray((error as AggregateError).errors) ? (error as AggregateError).errors : [])];
  if (error.cause !== undefined) inner.push(error.cause);
  if (depth < 3) for (const cause of inner.slice(0, 5)) text += `\nCaused by: ${describe(cause, depth + 1)}`;
  return text;
}
