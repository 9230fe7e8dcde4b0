/** Whether a cell can run as it stands, or a console should ask for more lines. */
import type ts from '@tslab/typescript-for-tslab';

/** The content of an `is_complete_reply`. */
export type Completeness = { readonly status: 'complete' | 'invalid' } | { readonly status: 'incomplete'; readonly indent: string };

/** Diagnostics of the parser that are reported where something begins. */
const unterminated = { string: 1002, comment: 1010, template: 1160 } as const;

/** Incomplete where the parser wants more at the very end, invalid where it stumbles earlier. */
export function completeness(compiler: typeof ts, code: string): Completeness {
  const source = compiler.createSourceFile('cell.ts', code, compiler.ScriptTarget.Latest, false, compiler.ScriptKind.TS);
  const errors = (source as unknown as { readonly parseDiagnostics: readonly ts.DiagnosticWithLocation[] }).parseDiagnostics;
  if (errors.length === 0) return { status: 'complete' };
  const end = code.trimEnd().length;
  const has = (wanted: number): boolean => errors.some((error) => error.code === wanted);
  // A string ends in its line, unless a backslash says otherwise.
  if (has(unterminated.string) && !/\\\n?$/.test(code)) return { status: 'invalid' };
  const more = errors.some((error) => error.start >= end) || has(unterminated.template) || has(unterminated.comment);
  if (!more) return { status: 'invalid' };
  const line = code.slice(code.lastIndexOf('\n') + 1);
  const indent = /^\s*/.exec(line)![0];
  return { status: 'incomplete', indent: /[{([]\s*$/.test(line) ? `${indent}  ` : indent };
}
