/** What the compiler says of a cell, in the cell's own terms: its places and its names. */
import type ts from '@tslab/typescript-for-tslab';
import type { Diagnostic } from 'tslab/dist/converter';
import type { Declarations } from './declarations';
import { withHints } from './magics';
import type { Rewritten } from './rewrite';

const modulePrefix = 'export {}; ';

/**
 * Errors of syntax. tslab puts further code behind a cell, into which an open bracket would reach: it is asked only about cells that parse.
 */
export function syntaxErrors(compiler: typeof ts, rewritten: Rewritten): Diagnostic[] {
  const source = modulePrefix + rewritten.text;
  const file = compiler.createSourceFile('cell.ts', source, compiler.ScriptTarget.Latest, false, compiler.ScriptKind.TS);
  const { parseDiagnostics } = file as unknown as { readonly parseDiagnostics: readonly ts.DiagnosticWithLocation[] };
  const place = (offset: number): Diagnostic['start'] => {
    const { line, character } = file.getLineAndCharacterOfPosition(offset);
    return { offset, line, character: line === 0 ? Math.max(0, character - modulePrefix.length) : character };
  };
  return parseDiagnostics.map(({ start, length, messageText, category, code }) => ({
    start: place(start),
    end: place(start + length),
    messageText: compiler.flattenDiagnosticMessageText(messageText, '\n'),
    category,
    code,
  }));
}

/**
 * Diagnostics as a person sees them.
 *
 * @param code  the cell as it was written
 */
export function inOwnTerms(
  diagnostics: readonly Diagnostic[],
  rewritten: Rewritten,
  code: string,
  declarations: Declarations,
): readonly Diagnostic[] {
  const lines = code.split('\n');
  const place = ({ offset, line, character }: Diagnostic['start']): Diagnostic['start'] => {
    // Behind the cell is code of tslab's.
    if (line >= lines.length) return { offset, line: lines.length - 1, character: lines.at(-1)!.length };
    const [row, column] = rewritten.original(line, character);
    return { offset, line: row, character: column };
  };
  const named = ({ messageText, code }: Diagnostic): string => {
    const name = /^Cannot find name '([^']+)'/.exec(messageText)?.[1];
    const cell = name === undefined ? undefined : declarations.stoppedBefore(name);
    if (cell !== undefined) return `\`${name}\` was declared in cell ${cell}, which stopped before it was set; run that cell again.`;
    // The compiler guesses only names that there are; a name of a cell that was not run is the commonest cause where it has no guess.
    if (code === 2304 && name !== undefined) return `${messageText} Was its cell run in this session?`;
    return messageText.replace(/import\("[^"]*\/__(prev|tslab)__"\)\./g, '');
  };
  const own = diagnostics.map((one) =>
    one.fileName ? one : { ...one, start: place(one.start), end: place(one.end), messageText: named(one) },
  );
  return withHints(own, code);
}
