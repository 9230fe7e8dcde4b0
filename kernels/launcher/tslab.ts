/**
 * tslab's converter and executor, loaded with a compiler that differs from stock tslab's in six things:
 *
 * - Modules resolve as Node resolves them at run time (`exports` of package.json), and, last, from the installation that
 *   this kernel belongs to, so that a notebook anywhere on the disk can import `roentgen-lab/...`.
 * - Of ambient globals there are Node's only.
 * - Source maps are made and handed to `onSourceMaps`, so that an error names the cell's own line.
 * - Loops can be interrupted (loops.ts).
 * - Declaration files outside of the notebook's folder are not watched: thousands of watchers for files that never change.
 * - Members of values whose types come from packages are completed: tslab gives the completer an empty host, which fails there.
 *
 * Checking stays as it is in tslab (not strict), so that a notebook means the same under both.
 */
import Module from 'node:module';
import { dirname, join, parse, sep } from 'node:path';
import { checkLoops } from './loops';

type Compiler = typeof import('@tslab/typescript-for-tslab');
type System = import('@tslab/typescript-for-tslab').System;

/** tslab's parts that the kernel uses. */
export interface Tslab {
  readonly ts: Compiler;
  readonly createConverter: typeof import('tslab/dist/converter').createConverter;
  readonly createExecutor: typeof import('tslab/dist/executor').createExecutor;
  /** tslab's display functions write through its field `lastWriteDisplayData`. */
  readonly jupyter: { lastWriteDisplayData: unknown };
}

/** The two source maps between a cell and what runs: TypeScript to ES module, ES module to CommonJS. Both JSON texts. */
export type OnSourceMaps = (toModule: string, toCommonJs: string) => void;

const inlineMap = /\/\/# sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)\s*$/;

/** Loads tslab. To be called once, before anything else loads it. */
export function loadTslab(onSourceMaps: OnSourceMaps): Tslab {
  const home = dirname(dirname(dirname(require.resolve('tslab/package.json'))));
  const id = require.resolve('@tslab/typescript-for-tslab');
  const original: Compiler = require(id);
  // The compiler's exports are getters that cannot be assigned: tslab is given a copy.
  const ts = { ...original } as { -readonly [K in keyof Compiler]: Compiler[K] };

  ts.createWatchCompilerHost = ((files: string[], options: Record<string, unknown>, system: System, ...rest: unknown[]) => {
    options.moduleResolution = original.ModuleResolutionKind.Bundler;
    options.lib = ['lib.es2023.d.ts'];
    // Without this, every package of node_modules/@types adds its globals to the cells, some of them the browser's.
    options.types = ['node'];
    options.inlineSourceMap = true;
    fallBack(system, join(home, 'node_modules'));
    watchLess(system);
    return (original.createWatchCompilerHost as (...args: unknown[]) => unknown)(files, options, system, ...rest);
  }) as unknown as Compiler['createWatchCompilerHost'];

  ts.transpileModule = (input, options) => {
    const toModule = inlineMap.exec(input)?.[1];
    const result = original.transpileModule(input.replace(inlineMap, ''), {
      ...options,
      compilerOptions: { ...options.compilerOptions, sourceMap: true },
      transformers: { before: [checkLoops(original)] },
    });
    const outputText = result.outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, '');
    if (toModule && result.sourceMapText) onSourceMaps(Buffer.from(toModule, 'base64').toString(), result.sourceMapText);
    return { ...result, outputText };
  };

  completeWithHost(ts, original);
  require.cache[id]!.exports = ts;
  resolveAtRunTime(join(home, 'node_modules'));
  return {
    ts,
    createConverter: require('tslab/dist/converter').createConverter,
    createExecutor: require('tslab/dist/executor').createExecutor,
    jupyter: require('tslab/dist/jupyter'),
  };
}

interface Completions {
  getCompletionsAtPositionForTslab(host: object, program: import('@tslab/typescript-for-tslab').Program, ...rest: unknown[]): unknown;
}

function completeWithHost(ts: Compiler, original: Compiler): void {
  const own = (original as unknown as { Completions: Completions }).Completions;
  const { sys } = original;
  const wrapped: Completions = {
    ...own,
    getCompletionsAtPositionForTslab: (_, program, ...rest) =>
      own.getCompletionsAtPositionForTslab(
        {
          getCurrentDirectory: () => program.getCurrentDirectory(),
          getCompilationSettings: () => program.getCompilerOptions(),
          useCaseSensitiveFileNames: () => sys.useCaseSensitiveFileNames,
          fileExists: sys.fileExists,
          directoryExists: sys.directoryExists,
          readFile: sys.readFile,
        },
        program,
        ...rest,
      ),
  };
  (ts as unknown as { Completions: Completions }).Completions = wrapped;
}

/** Lets the compiler find packages of this installation after all folders above the notebook were searched. */
function fallBack(system: System, modules: string): void {
  const last = join(parse(modules).root, 'node_modules').split(sep).join('/');
  const forward = (path: string): string => (path === last || path.startsWith(`${last}/`) ? modules + path.slice(last.length) : path);
  const { fileExists, directoryExists, readFile, realpath } = system;
  system.fileExists = (path) => fileExists(forward(path));
  system.directoryExists = (path) => directoryExists(forward(path));
  system.readFile = (path, encoding) => readFile(forward(path), encoding);
  system.realpath = (path) => realpath!(forward(path));
}

function watchLess(system: System): void {
  const none = { close(): void {} };
  const { watchFile, watchDirectory } = system;
  const installed = (path: string): boolean => path.includes('/node_modules/') || path.endsWith('.d.ts');
  // tslab's own virtual files pass through watchFile too; they end in .ts or in __prev__.d.ts.
  system.watchFile = (path, callback, interval, options) =>
    installed(path) && !path.endsWith('/__prev__.d.ts') ? none : watchFile!(path, callback, interval, options);
  system.watchDirectory = (path, callback, recursive, options) =>
    `${path}/`.includes('/node_modules/') ? none : watchDirectory!(path, callback, recursive, options);
}

/** The same for `require`: NODE_PATH comes after all other places, and is read once. */
function resolveAtRunTime(modules: string): void {
  const before = process.env.NODE_PATH;
  process.env.NODE_PATH = before ? `${before}${process.platform === 'win32' ? ';' : ':'}${modules}` : modules;
  (Module as unknown as { _initPaths(): void })._initPaths();
  if (before === undefined) delete process.env.NODE_PATH;
  else process.env.NODE_PATH = before;
}
