/**
 * The types of what cells have declared, as declarations that the next cell is checked against.
 *
 * A new declaration replaces the old ones of its name, in its meaning: a type and a value may share a name.
 */
import type ts from '@tslab/typescript-for-tslab';

/** The declarations of all cells. */
export interface Declarations {
  /** The text of a declaration file. */
  text(): string;
  /**
   * A cell has ended.
   *
   * @param declared   the declaration file that the compiler made of it
   * @param values     the names of its values, also those that the compiler does not declare: `var` in a block
   * @param unreached  those whose declarations did not run: they keep their old meaning, if they have one
   */
  add(cell: number, declared: string, values: readonly string[], unreached: readonly string[]): void;
  /** Whether `declare global` declared the name, and nothing else did. */
  isGlobal(name: string): boolean;
  /** The cell that declared the name and stopped before it had a value, where nothing else of that name is known. */
  stoppedBefore(name: string): number | undefined;
}

type Meaning = 'value' | 'type' | 'both';

interface Declaration {
  readonly name: string;
  readonly meaning: Meaning;
  readonly text: string;
}

export function createDeclarations(compiler: typeof ts): Declarations {
  let known: readonly Declaration[] = [];
  let text = '';
  const stopped = new Map<string, number>();
  const has = (name: string): boolean => known.some((declaration) => declaration.name === name);

  return {
    text: () => text,
    add(cell, declared, values, unreached) {
      const all = parse(compiler, declared);
      for (const name of values) if (!all.some((one) => one.name === name)) all.push(untyped(name, 'var'));
      const fresh = all.filter(({ name }) => !unreached.includes(name));
      known = [...fresh, ...known.flatMap((old) => remains(old, fresh))];
      text = known.map((declaration) => declaration.text).join('\n');
      for (const { name } of known) stopped.delete(name);
      for (const name of unreached) if (!has(name)) stopped.set(name, cell);
    },
    isGlobal: (name) => has(`global/${name}`) && !has(name),
    stoppedBefore: (name) => stopped.get(name),
  };
}

function remains(old: Declaration, fresh: readonly Declaration[]): Declaration[] {
  const meanings = fresh.filter(({ name }) => name === old.name).map(({ meaning }) => meaning);
  if (meanings.length === 0) return [old];
  const taken = (meaning: 'value' | 'type'): boolean => meanings.some((one) => one === meaning || one === 'both');
  if (old.meaning !== 'both') return taken(old.meaning) ? [] : [old];
  // A class whose type has a successor is still a value, of a type that has no name any more.
  return taken('value') ? [] : [untyped(old.name, 'const')];
}

function untyped(name: string, kind: 'const' | 'var'): Declaration {
  return { name, meaning: 'value', text: `declare ${kind} ${name}: any;` };
}

/** Each name of a declaration file with what declares it. */
function parse(compiler: typeof ts, text: string): Declaration[] {
  const file = compiler.createSourceFile('cell.d.ts', text, compiler.ScriptTarget.Latest, true);
  return file.statements.flatMap((statement) => declarationsOf(compiler, file, statement));
}

function declarationsOf(compiler: typeof ts, file: ts.SourceFile, statement: ts.Statement): Declaration[] {
  const whole = statement.getFullText(file).trimStart();
  const comments = file.text.slice(statement.getFullStart(), statement.getStart(file)).trimStart();
  if (compiler.isVariableStatement(statement)) {
    const keyword = statement.getText(file).slice(0, statement.declarationList.declarations[0]!.getStart(file) - statement.getStart(file));
    return statement.declarationList.declarations.map((declaration) => ({
      name: declaration.name.getText(file),
      meaning: 'value',
      text: `${comments}${keyword}${declaration.getText(file)};`,
    }));
  }
  if (compiler.isImportDeclaration(statement)) return importsOf(compiler, file, statement);
  if (compiler.isModuleDeclaration(statement)) return moduleOf(compiler, file, statement, whole);
  const name = (statement as { readonly name?: ts.Node }).name?.getText(file);
  if (name === undefined) return [];
  if (compiler.isFunctionDeclaration(statement)) return [{ name, meaning: 'value', text: whole }];
  const isType = compiler.isInterfaceDeclaration(statement) || compiler.isTypeAliasDeclaration(statement);
  return [{ name, meaning: isType ? 'type' : 'both', text: whole }];
}

/** One import for each name. */
function importsOf(compiler: typeof ts, file: ts.SourceFile, { importClause, moduleSpecifier }: ts.ImportDeclaration): Declaration[] {
  if (!importClause) return [];
  const { name, namedBindings } = importClause;
  const one = (local: ts.Identifier, what: string, typeOnly: boolean): Declaration => ({
    name: local.text,
    meaning: typeOnly ? 'type' : 'both',
    text: `import ${typeOnly ? 'type ' : ''}${what} from ${moduleSpecifier.getText(file)};`,
  });
  const found = name ? [one(name, name.text, importClause.isTypeOnly)] : [];
  if (!namedBindings) return found;
  if (compiler.isNamespaceImport(namedBindings))
    return [...found, one(namedBindings.name, namedBindings.getText(file), importClause.isTypeOnly)];
  return [
    ...found,
    ...namedBindings.elements.map(({ name: local, propertyName, isTypeOnly }) =>
      one(local, `{ ${propertyName ? `${propertyName.text} as ` : ''}${local.text} }`, isTypeOnly || importClause.isTypeOnly),
    ),
  ];
}

/** A namespace; or, one for each name, what `declare global` and `declare module` add to others. */
function moduleOf(compiler: typeof ts, file: ts.SourceFile, module: ts.ModuleDeclaration, whole: string): Declaration[] {
  const isGlobal = (module.flags & compiler.NodeFlags.GlobalAugmentation) !== 0;
  if (!isGlobal && compiler.isIdentifier(module.name)) return [{ name: module.name.text, meaning: 'both', text: whole }];
  if (!module.body || !compiler.isModuleBlock(module.body)) return [];
  const place = isGlobal ? 'global' : `module ${module.name.getText(file)}`;
  return module.body.statements
    .flatMap((statement) => declarationsOf(compiler, file, statement))
    .map(({ name, meaning, text }) => ({ name: `${place}/${name}`, meaning, text: `declare ${place} { ${text} }` }));
}
