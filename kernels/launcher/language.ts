/**
 * The language: tslab's converter and executor, one cell at a time.
 *
 * The converter is wrapped, not changed: what it gives to the executor is renamed (so that stacks name the cell), and
 * what it is given makes every form of top-level await parse as one.
 */
import type { QuickInfo } from '@tslab/typescript-for-tslab';
import type { CompletionInfo, Converter, Diagnostic } from 'tslab/dist/converter';
import type { Executor } from 'tslab/dist/executor';
import { createPositions } from './positions';
import { expandShorthand } from './shorthand';
import { loadTslab, type Tslab } from './tslab';

/** How a cell ended. */
export type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'diagnostics'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'thrown'; readonly error: unknown };

/** The embedded TypeScript. */
export interface Language {
  readonly version: string;
  readonly tslab: Tslab;
  /**
   * Compiles and runs a cell. Settles when the cell's promise settles or `abandon` is called.
   *
   * @param number  names the cell in stacks: `cell[3]`
   */
  execute(code: string, number: number): Promise<Outcome>;
  /** Ends the wait for the running cell. Its code may go on. */
  abandon(): void;
  complete(code: string, position: number): CompletionInfo;
  inspect(code: string, position: number): QuickInfo | undefined;
  isComplete(code: string): { readonly status: 'complete' | 'invalid' } | { readonly status: 'incomplete'; readonly indent: string };
  /** Rewrites positions in a stack to those of the cells. */
  restorePositions(stack: string): string;
  close(): void;
}

// In a source with a plain top-level await the compiler parses all others as such too: `await (f())` is then no call of a
// function named await, and `for await` is allowed. tslab looks only for the plain form.
const awaits = 'if (false) await null; ';

/** tslab puts `export {};` and a line break before a cell. */
const linesBefore = 1;

/**
 * The language for cells in the current working directory.
 *
 * @param setSynchronous  is told when a cell's synchronous part begins and ends
 */
export function createLanguage(setSynchronous: (running: boolean) => void): Language {
  const positions = createPositions();
  let maps: [toModule: string, toCommonJs: string] | undefined;
  const tslab = loadTslab((...pair) => {
    maps = pair;
  });
  const converter = tslab.createConverter({ isJS: false, isBrowser: false });

  let cell = 0;
  let diagnostics: readonly Diagnostic[] = [];
  let thrown: { error: unknown } | undefined;
  let result: { value: unknown } | undefined;

  const wrapped: Converter = {
    ...converter,
    convert(previous, source) {
      const shift = /\bawait\b/.test(source) ? awaits.length : 0;
      const converted = converter.convert(previous, shift ? awaits + source : source);
      diagnostics = converted.diagnostics.map((diagnostic) => shiftBack(diagnostic, shift));
      if (converted.output) {
        if (maps) positions.remember(cell, maps[0], maps[1], linesBefore, shift);
        converted.output += `\n//# sourceURL=cell[${cell}]`;
      }
      maps = undefined;
      setSynchronous(diagnostics.length === 0);
      return { ...converted, diagnostics: [...diagnostics] };
    },
  };

  const executor: Executor = tslab.createExecutor(
    process.cwd(),
    { node: wrapped, browser: wrapped, close: () => converter.close() },
    {
      log(value) {
        result = { value };
      },
      error(first, ...rest) {
        if (rest.length === 0) thrown = { error: first };
      },
    },
  );

  return {
    version: tslab.ts.version,
    tslab,
    async execute(code, number) {
      cell = number;
      diagnostics = [];
      thrown = undefined;
      result = undefined;
      let ok = false;
      const listeners = process.rawListeners('SIGINT');
      try {
        const ended = executor.execute(expandShorthand(tslab.ts, code));
        setSynchronous(false);
        if (process.rawListeners('SIGINT').some((listener) => !listeners.includes(listener))) rearmSigint();
        ok = await ended;
      } catch (error) {
        thrown = { error };
      } finally {
        setSynchronous(false);
        // A fresh promise for the next cell: the race with the old one would be remembered for ever.
        executor.interrupt();
      }
      if (diagnostics.length > 0) return { kind: 'diagnostics', diagnostics };
      if (!ok) return { kind: 'thrown', error: (thrown as { error: unknown } | undefined)?.error };
      return result ? { kind: 'value', value: (result as { value: unknown }).value } : { kind: 'nothing' };
    },
    abandon: () => executor.interrupt(),
    complete: (code, position) => executor.complete(code, position),
    inspect: (code, position) => executor.inspect(code, position) ?? undefined,
    isComplete: (code) => isComplete(tslab, code),
    restorePositions: positions.restore,
    close: () => executor.close(),
  };
}

function shiftBack(diagnostic: Diagnostic, columns: number): Diagnostic {
  if (diagnostic.fileName || columns === 0) return diagnostic;
  const shift = (at: Diagnostic['start']): Diagnostic['start'] =>
    at.line === 0 ? { ...at, offset: at.offset - columns, character: at.character - columns } : { ...at, offset: at.offset - columns };
  return { ...diagnostic, start: shift(diagnostic.start), end: shift(diagnostic.end) };
}

/**
 * Node's vm takes SIGINT's handlers away while it runs a cell. A cell that installs one of its own there would leave the
 * process with the default action, death, at the next interrupt: installing all of them anew repairs that. (A signal
 * that arrives in between is lost, so it is done only then.)
 */
function rearmSigint(): void {
  const listeners = process.rawListeners('SIGINT') as NodeJS.SignalsListener[];
  process.removeAllListeners('SIGINT');
  for (const listener of listeners) process.on('SIGINT', listener);
}

/** Incomplete where the parser wants more at the very end, invalid where it stumbles earlier. */
function isComplete(tslab: Tslab, code: string): ReturnType<Language['isComplete']> {
  const { ts } = tslab;
  const source = ts.createSourceFile('cell.ts', code, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS);
  const errors = (source as unknown as { parseDiagnostics: readonly { start: number; messageText: unknown }[] }).parseDiagnostics;
  if (errors.length === 0) return { status: 'complete' };
  const end = code.trimEnd().length;
  if (!errors.some((error) => error.start >= end)) {
    // An unterminated template or comment is reported where it begins.
    const unterminated = errors.some((error) => /^(Unterminated template|'\*\/' expected)/.test(String(error.messageText)));
    if (!unterminated) return { status: 'invalid' };
  }
  const line = code.slice(code.lastIndexOf('\n') + 1);
  const indent = /^\s*/.exec(line)![0];
  return { status: 'incomplete', indent: /[{([]\s*$/.test(line) ? `${indent}  ` : indent };
}
