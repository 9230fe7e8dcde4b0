/** The language: cells are checked and compiled by tslab's converter, and run one at a time. */
import { join } from 'node:path';
import type { QuickInfo } from '@tslab/typescript-for-tslab';
import type { CompletionInfo, Diagnostic } from 'tslab/dist/converter';
import { Interrupted } from '../contexts';
import { type Completeness, completeness } from './completeness';
import { createDeclarations, type Declarations } from './declarations';
import { inOwnTerms, syntaxErrors } from './diagnostics';
import { createModules } from './modules';
import { createNames } from './names';
import type { Program } from './program';
import { type Rewritten, rewrite } from './rewrite';
import { runProgram } from './run';
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
   * Compiles and runs a cell. What it declared up to its end stays.
   *
   * @param number   names the cell in stacks: `cell[3]`
   * @param givenUp  ends the wait for the cell, whose code may go on
   */
  execute(code: string, number: number, givenUp: Promise<void>): Promise<Outcome>;
  complete(code: string, position: number): CompletionInfo;
  inspect(code: string, position: number): QuickInfo | undefined;
  isComplete(code: string): Completeness;
  close(): void;
}

const abandoned = Symbol('abandoned');

/**
 * The language for cells in the current working directory.
 *
 * @param setSynchronous  is told when a cell's synchronous part begins and ends
 */
export function createLanguage(setSynchronous: (running: boolean) => void): Language {
  const tslab = loadTslab((name) => declarations.isGlobal(name));
  const converter = tslab.createConverter();
  const folder = process.cwd();
  const modules = createModules(tslab.ts, folder, { tslab: tslab.public });
  const names = createNames();
  const declarations: Declarations = createDeclarations(tslab.ts);
  let conversions = 0;

  /** The program and the declaration file of a cell, or what is wrong with it. */
  function compile(code: string, rewritten: Rewritten): { program: Program; declared: string } | readonly Diagnostic[] {
    const errors = syntaxErrors(tslab.ts, rewritten);
    if (errors.length > 0) return inOwnTerms(errors, rewritten, code, declarations);
    // The converter takes the earlier declarations apart as it reads them, and would go on with the pieces of an equal text.
    const { diagnostics, hasToplevelAwait = false } = converter.convert(`${declarations.text()}\n// ${++conversions}`, rewritten.text);
    const { program, declared } = tslab.takeParts();
    if (diagnostics.length > 0 || !program || declared === undefined) return inOwnTerms(diagnostics, rewritten, code, declarations);
    return { program: { ...program, asynchronous: hasToplevelAwait }, declared };
  }

  /** A cell with `@module name` is the text of a file that others import. */
  function addModule(name: string, code: string, jsx: boolean): Outcome {
    const diagnostics = converter.addModule(name, code, jsx ? { jsx } : {});
    modules.write(join(folder, `${name}.ts${jsx ? 'x' : ''}`), code);
    return diagnostics.length > 0 ? { kind: 'diagnostics', diagnostics } : { kind: 'nothing' };
  }

  return {
    version: tslab.ts.version,
    tslab,
    async execute(code, number, givenUp) {
      const metadata = tslab.metadata(code);
      if (metadata.module) return addModule(metadata.module, code, metadata.jsx === true);
      const rewritten = rewrite(tslab.ts, code);
      const compiled = compile(code, rewritten);
      if (!('program' in compiled)) return { kind: 'diagnostics', diagnostics: compiled };
      const { program, declared } = compiled;
      modules.refresh();
      const declaring = names.declare(program.bindings);
      const cell = { access: declaring.access, value: undefined as unknown };
      let thrown: { error: unknown } | undefined;
      let ended: unknown;
      try {
        const surroundings = { exports: names.exports, require: modules.require, __cell__: cell };
        ended = await Promise.race([
          runProgram(program, rewritten, `cell[${number}]`, surroundings, setSynchronous),
          givenUp.then(() => abandoned),
        ]);
      } catch (error) {
        thrown = { error };
      }
      const unreached = declaring.end(ended === abandoned ? 'given up' : thrown ? 'failed' : 'succeeded');
      const values = program.bindings.map(({ name }) => name);
      declarations.add(number, declared, values, unreached);
      if (ended === abandoned) return { kind: 'thrown', error: new Interrupted() };
      if (thrown) return { kind: 'thrown', error: thrown.error };
      return cell.value === undefined || cell.value === null ? { kind: 'nothing' } : { kind: 'value', value: cell.value };
    },
    complete: (code, position) => converter.complete(declarations.text(), code, position),
    inspect: (code, position) => converter.inspect(declarations.text(), code, position) ?? undefined,
    isComplete: (code) => completeness(tslab.ts, code),
    close: () => converter.close(),
  };
}
