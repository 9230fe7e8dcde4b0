/** Runs a cell's program in V8. */
import { Script } from 'node:vm';
import { rememberSource } from '../stacks';
import type { Program } from './program';
import type { Rewritten } from './rewrite';

/** What a program is given, as its parameters. */
export interface Surroundings {
  readonly exports: object;
  readonly require: (id: string) => unknown;
  readonly __cell__: { access(variables: Record<string, unknown>): void; value: unknown };
}

/** Where the script finds what its function is called with. */
const holder = '__roentgenCell__';
/** tslab puts `export {};` and a line break before a cell. */
const linesBefore = 1;

/**
 * Runs a program up to its first `await`; the rest goes on by itself.
 *
 * @param script          names the cell in stacks: `cell[3]`
 * @param setSynchronous  is told when V8 runs code that SIGINT ends
 * @returns               the promise of a cell that awaits
 * @throws                what the cell throws
 */
export function runProgram(
  program: Program,
  rewritten: Rewritten,
  script: string,
  surroundings: Surroundings,
  setSynchronous: (running: boolean) => void,
): Promise<void> | undefined {
  rememberSource(script, {
    code: program.code,
    maps: program.maps,
    original: (line, column) => (line < linesBefore ? undefined : rewritten.original(line - linesBefore, column)),
    names: importedNames(program.code),
  });
  const parameters = Object.keys(surroundings).join(', ');
  const head = `(${program.asynchronous ? 'async ' : ''}function (${parameters}) { __cell__.access(__names__());`;
  const run = new Script(`${head}\n${program.code}\n})(...globalThis.${holder})`, { filename: script, lineOffset: -1 });
  const listeners = process.rawListeners('SIGINT');
  Object.defineProperty(globalThis, holder, { value: Object.values(surroundings), configurable: true });
  setSynchronous(true);
  try {
    return run.runInThisContext({ breakOnSigint: true, displayErrors: false });
  } finally {
    setSynchronous(false);
    delete (globalThis as Record<string, unknown>)[holder];
    if (process.rawListeners('SIGINT').some((listener) => !listeners.includes(listener))) rearmSigint();
  }
}

/** What imported names are in the code that runs: `promises_1.readFile` is `readFile`. */
function importedNames(code: string): Map<string, string> {
  return new Map([...code.matchAll(/get ([\w$]+)\(\) \{ return ([\w$]+\.[\w$]+); \}/g)].map(([, name, generated]) => [generated!, name!]));
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
