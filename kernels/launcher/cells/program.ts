/**
 * From the ES module that tslab makes of a cell to what runs.
 *
 * tslab exports each name that a cell declares, so that later cells find it as a property of `exports`. TypeScript would copy the value
 * at each assignment, and set all names to undefined at the start. Instead a function `__names__` gives access to the cell's variables
 * themselves: later cells and the cell's own functions see the same variable, and whether a declaration was reached can be asked.
 */
import type ts from '@tslab/typescript-for-tslab';
import { interruptAwaits } from './awaits';
import { checkLoops } from './loops';

/** How a name of a cell is bound. */
export interface Binding {
  readonly name: string;
  /** Declared by `var`, which is undefined before it is reached. */
  readonly hoisted: boolean;
  /** A function of the cell may change or read it after the cell has ended. */
  readonly captured: boolean;
  /** It can be assigned to. */
  readonly variable: boolean;
}

/** What runs of a cell. */
export interface Program {
  /** Statements of a function with the parameters `exports`, `require` and `__cell__`; its value goes to `__cell__.value`. */
  readonly code: string;
  readonly bindings: readonly Binding[];
  /** Whether it awaits. */
  readonly asynchronous: boolean;
  /** The source maps: ES module to what runs, TypeScript to ES module. JSON texts. */
  readonly maps: readonly [string, string];
}

type Compiler = typeof ts;

const inlineMap = /\/\/# sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)\s*$/;

/**
 * Makes the program of a cell.
 *
 * @param module   tslab's ES module, with an inline source map
 * @param options  tslab's options for making CommonJS of it
 * @param isGlobal which of the names that tslab takes for properties of `exports` are global
 */
export function createProgram(
  compiler: Compiler,
  module: string,
  options: ts.TranspileOptions,
  isGlobal: (name: string) => boolean,
): Omit<Program, 'asynchronous'> {
  const toModule = Buffer.from(inlineMap.exec(module)?.[1] ?? '', 'base64').toString();
  const source = module.replace(inlineMap, '');
  const file = compiler.createSourceFile('cell.js', source, compiler.ScriptTarget.Latest, true);
  const bindings = findBindings(compiler, file);
  const { outputText, sourceMapText = '' } = compiler.transpileModule(withNames(compiler, file, bindings), {
    ...options,
    compilerOptions: { ...options.compilerOptions, sourceMap: true },
    transformers: { before: [interruptAwaits(compiler), checkLoops(compiler), ownForms(compiler, isGlobal)] },
  });
  return { code: outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, ''), bindings, maps: [sourceMapText, toModule] };
}

function exportsOf(compiler: Compiler, file: ts.SourceFile): { names: string[]; statements: ts.ExportDeclaration[] } {
  const statements = file.statements.filter(compiler.isExportDeclaration);
  const names = statements.flatMap(({ exportClause }) =>
    exportClause && compiler.isNamedExports(exportClause) ? exportClause.elements.map(({ name }) => name.text) : [],
  );
  return { names, statements };
}

function findBindings(compiler: Compiler, file: ts.SourceFile): Binding[] {
  const hoisted = new Set<string>();
  const variables = new Set<string>();
  const captured = new Set<string>();
  const addNames = (name: ts.BindingName, to: Set<string>): void => {
    if (compiler.isIdentifier(name)) to.add(name.text);
    else for (const element of name.elements) if (compiler.isBindingElement(element)) addNames(element.name, to);
  };
  const visit = (node: ts.Node, inFunction: boolean): void => {
    if (compiler.isIdentifier(node) && inFunction) captured.add(node.text);
    if (compiler.isVariableDeclarationList(node) && !inFunction) {
      const isVar = (node.flags & compiler.NodeFlags.BlockScoped) === 0;
      if (isVar || node.parent.parent === file) {
        for (const { name } of node.declarations) addNames(name, variables);
        if (isVar) for (const { name } of node.declarations) addNames(name, hoisted);
      }
    }
    const inner = inFunction || compiler.isFunctionLike(node) || compiler.isClassLike(node);
    compiler.forEachChild(node, (child) => visit(child, inner));
  };
  visit(file, false);
  return exportsOf(compiler, file).names.map((name) => ({
    name,
    hoisted: hoisted.has(name),
    captured: captured.has(name),
    variable: variables.has(name),
  }));
}

/** Keeps every line and column. */
function withNames(compiler: Compiler, file: ts.SourceFile, bindings: readonly Binding[]): string {
  let { text } = file;
  for (const { pos, end } of exportsOf(compiler, file).statements)
    text = text.slice(0, pos) + text.slice(pos, end).replace(/[^\n]/g, ' ') + text.slice(end);
  // TypeScript has checked that no constant is assigned to; the kernel lets go of values that nothing can reach any more.
  for (const statement of file.statements) {
    if (!compiler.isVariableStatement(statement) || compiler.getModifiers(statement)) continue;
    const start = statement.getStart(file);
    if (text.startsWith('const ', start)) text = `${text.slice(0, start)}let   ${text.slice(start + 'const '.length)}`;
  }
  const accessors = bindings.map(({ name, variable }) => {
    const getter = `get ${name}() { return ${name}; }`;
    return variable ? `${getter}, set ${name}(__value__) { ${name} = __value__; }` : getter;
  });
  return `${text}\nexport {};\nfunction __names__() { return { ${accessors.join(', ')} }; }`;
}

/** What tslab has put into the module, in the kernel's forms. */
function ownForms(compiler: Compiler, isGlobal: (name: string) => boolean): ts.TransformerFactory<ts.SourceFile> {
  const { factory } = compiler;
  return (context) => {
    const earlierName = (node: ts.Node): string | undefined =>
      compiler.isPropertyAccessExpression(node) && compiler.isIdentifier(node.expression) && node.expression.text === 'exports'
        ? node.name.text
        : undefined;
    const visit = (node: ts.Node): ts.Node => {
      const name = earlierName(node);
      if (name !== undefined && isGlobal(name)) return compiler.setTextRange(factory.createIdentifier(name), node);
      const inner = compiler.visitEachChild(node, visit, context);
      // The only exported declaration that is left holds the value of the last expression.
      if (compiler.isVariableStatement(inner) && compiler.getModifiers(inner)) {
        const target = factory.createPropertyAccessExpression(factory.createIdentifier('__cell__'), 'value');
        const value = factory.createAssignment(target, inner.declarationList.declarations[0]!.initializer!);
        return compiler.setTextRange(factory.createExpressionStatement(value), inner);
      }
      // Called as the function that it is, not as a method of `exports`.
      if (compiler.isCallExpression(inner) && earlierName(inner.expression) !== undefined) {
        const callee = factory.createParenthesizedExpression(factory.createComma(factory.createNumericLiteral(0), inner.expression));
        return factory.updateCallExpression(inner, compiler.setTextRange(callee, inner.expression), inner.typeArguments, inner.arguments);
      }
      return inner;
    };
    return (file) => compiler.visitEachChild(file, visit, context);
  };
}
