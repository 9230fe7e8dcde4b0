/**
 * `{ prompts }` as `{ prompts: prompts }`.
 *
 * tslab turns names of earlier cells into properties of its exports, but passes over shorthand properties, which then throw a ReferenceError.
 */
import type ts from '@tslab/typescript-for-tslab';

/** The cell with its shorthand properties written out; lines stay lines. */
export function expandShorthand(compiler: typeof ts, code: string): string {
  const file = compiler.createSourceFile('cell.ts', code, compiler.ScriptTarget.Latest, true);
  const names: ts.Identifier[] = [];
  const visit = (node: ts.Node): void => {
    if (compiler.isShorthandPropertyAssignment(node)) names.push(node.name);
    compiler.forEachChild(node, visit);
  };
  visit(file);
  return names.reduceRight((text, name) => `${text.slice(0, name.end)}: ${name.text}${text.slice(name.end)}`, code);
}
