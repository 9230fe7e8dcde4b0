/**
 * What is changed in a cell's text before the compiler sees it, and the way back for positions.
 *
 * - `export` goes: a cell is no module, but people paste from modules. What is exported is declared as without it; what is exported
 *   from another module is evaluated there, and binds no name here, as in a module.
 * - `{ prompts }` becomes `{ prompts: prompts }`: tslab turns names of earlier cells into properties, but passes over shorthand properties.
 * - `const { text: words } = …` becomes `const { 'text': words } = …`: tslab takes the name for one of an earlier cell where that cell's types have it.
 * - In a cell with `await`, a plain top-level one comes first: in such a source the parser takes every other form as one too
 *   (`await (f())` is then no call of a function named await), and tslab looks only for the plain form.
 *
 * Lines stay lines.
 */
import type ts from '@tslab/typescript-for-tslab';

/** A cell's text as the compiler sees it. */
export interface Rewritten {
  readonly text: string;
  /** The place in the cell of a place in the text; both from 0. */
  original(line: number, column: number): [line: number, column: number];
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const plainAwait = 'if (false) await null; ';

/** Rewrites a cell. */
export function rewrite(compiler: typeof ts, code: string): Rewritten {
  const file = compiler.createSourceFile('cell.ts', code, compiler.ScriptTarget.Latest, true);
  const edits: Edit[] = /\bawait\b/.test(code) ? [{ start: 0, end: 0, text: plainAwait }] : [];
  for (const statement of file.statements) edits.push(...withoutExport(compiler, file, statement));
  const visit = (node: ts.Node): void => {
    if (compiler.isShorthandPropertyAssignment(node)) {
      edits.push({ start: node.name.end, end: node.name.end, text: `: ${node.name.text}` });
    }
    if (compiler.isBindingElement(node) && node.propertyName && compiler.isIdentifier(node.propertyName)) {
      const [start, end] = [node.propertyName.getStart(file), node.propertyName.end];
      edits.push({ start, end: start, text: "'" }, { start: end, end, text: "'" });
    }
    compiler.forEachChild(node, visit);
  };
  visit(file);
  edits.sort((a, b) => a.start - b.start);
  return { text: apply(code, edits), original: wayBack(code, edits) };
}

const blank = (text: string): string => text.replace(/[^\n\r]/g, ' ');

function withoutExport(compiler: typeof ts, file: ts.SourceFile, statement: ts.Statement): Edit[] {
  const replaced = (start: number, end: number, text = ''): Edit => ({
    start,
    end,
    text: text + blank(file.text.slice(start + text.length, end)),
  });
  const start = statement.getStart(file);
  if (compiler.isExportDeclaration(statement)) {
    const from = statement.moduleSpecifier;
    if (!from || statement.isTypeOnly) return [replaced(start, statement.end)];
    return [replaced(start, from.getStart(file), 'import')];
  }
  if (compiler.isExportAssignment(statement)) return inParentheses(start, statement.expression.getStart(file), statement.expression.end);
  const modifiers = (compiler.canHaveModifiers(statement) ? compiler.getModifiers(statement) : undefined) ?? [];
  const named = (statement as { readonly name?: ts.Node }).name !== undefined || compiler.isVariableStatement(statement);
  const exported = modifiers.filter(
    ({ kind }) => kind === compiler.SyntaxKind.ExportKeyword || kind === compiler.SyntaxKind.DefaultKeyword,
  );
  const last = exported.at(-1);
  if (!named && last) return inParentheses(start, last.end, statement.end);
  return exported.map((modifier) => replaced(modifier.getStart(file), modifier.end));

  // An expression in a statement's place: an object or a function without a name would be parsed as something else.
  function inParentheses(from: number, to: number, end: number): Edit[] {
    const closed = file.text.slice(end).trimStart().startsWith(';');
    // The semicolon: without it, a line before that has none would call itself.
    return [replaced(from, to, ';('), { start: end, end, text: closed ? ')' : ');' }];
  }
}

function apply(code: string, edits: readonly Edit[]): string {
  let text = '';
  let at = 0;
  for (const edit of edits) {
    text += code.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return text + code.slice(at);
}

/** Edits that keep their length move nothing. */
function wayBack(code: string, edits: readonly Edit[]): Rewritten['original'] {
  const lines = code.split('\n');
  const starts = [0];
  for (const line of lines) starts.push(starts.at(-1)! + line.length + 1);
  const insertions = edits.filter(({ start, end, text }) => text.length > end - start);
  return (line, column) => {
    const first = starts[line];
    if (first === undefined) return [line, column];
    let back = column;
    for (const { start, text } of insertions) {
      const at = start - first;
      if (at < 0 || at > lines[line]!.length) continue;
      if (back <= at) break;
      back = Math.max(at, back - text.length);
    }
    return [line, back];
  };
}
