/** A cell's variables get types that TypeScript writes out by name: every type that a door's values are made of must be exported by a door. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { root } from '../support';

const dist = join(root, 'dist');

/** Types of the library that the doors' declarations speak of, but that no door exports, with the name that led there. */
function unnamed(): string[] {
  const doors = readdirSync(dist)
    .map((room) => join(dist, room, 'index.d.ts'))
    .filter((door) => existsSync(door));
  assert.ok(doors.length > 10, `${doors.length} doors in ${dist}`);
  const program = ts.createProgram(doors, {
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Node10,
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const original = (symbol: ts.Symbol): ts.Symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  const exported = new Set(
    doors.flatMap((door) => checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(door)!)!).map(original)),
  );
  const found = new Set<string>();
  const seen = new Set<ts.Symbol>();

  /** Whether it is the library's and must be written by its name: an alias that its file keeps to itself is written out instead. */
  const needsName = (declaration: ts.Declaration): boolean =>
    declaration.getSourceFile().fileName.startsWith(dist) &&
    (ts.isInterfaceDeclaration(declaration) ||
      ts.isClassDeclaration(declaration) ||
      (ts.isTypeAliasDeclaration(declaration) && (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Export) !== 0));

  function read(symbol: ts.Symbol): void {
    if (seen.has(symbol)) return;
    seen.add(symbol);
    for (const declaration of symbol.declarations ?? [])
      if (declaration.getSourceFile().fileName.startsWith(dist)) visit(declaration, symbol.name);
  }

  function visit(node: ts.Node, from: string): void {
    // What hides behind a symbol is not for cells.
    if (ts.isPropertySignature(node) && ts.isComputedPropertyName(node.name)) return;
    const name = ts.isTypeReferenceNode(node) ? node.typeName : ts.isExpressionWithTypeArguments(node) ? node.expression : undefined;
    const reference = name && checker.getSymbolAtLocation(name);
    if (reference) {
      const symbol = original(reference);
      if (symbol.declarations?.some(needsName) && !exported.has(symbol)) found.add(`${symbol.name}, of ${from}`);
      read(symbol);
    }
    ts.forEachChild(node, (child) => visit(child, from));
  }

  for (const symbol of exported) read(symbol);
  return [...found];
}

test('every type that the doors speak of has a name that a cell can use', () => {
  assert.deepEqual(unnamed(), [], 'types that no door exports; re-export them from the index.ts of their room');
});
