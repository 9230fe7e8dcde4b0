/**
 * tslab's converter, loaded with a compiler that differs from stock tslab's:
 *
 * - Modules resolve as Node resolves them at run time (`exports` of package.json), and, last, from the installation that
 *   this kernel belongs to, so that a notebook anywhere on the disk can import `roentgen-lab/...`. Paths of local files may have their extension.
 * - Of ambient globals there are Node's only.
 * - A cell's module becomes a program of ours (program.ts); local files are checked here and compiled when they are imported (modules.ts).
 * - No record is kept of which files a change affects (TypeScript's builders): made anew for a cell, it took longer than all else that the compiler does.
 * - Declaration files outside of the notebook's folder are not watched: thousands of watchers for files that never change.
 * - Members of values whose types come from packages are completed: tslab gives the completer an empty host, which fails there.
 *
 * Checking stays as it is in tslab (not strict), so that a notebook means the same under both.
 */
import Module from 'node:module';
import { dirname, join, parse, sep } from 'node:path';
import type ts from '@tslab/typescript-for-tslab';
import type { Converter } from 'tslab/dist/converter';
import { createProgram, type Program } from './program';

type Compiler = typeof ts;

/** tslab's parts that the kernel uses. */
export interface Tslab {
  readonly ts: Compiler;
  /** A converter of cells, whose results are to be had from `takeParts`. */
  createConverter(): Converter;
  /** What the last conversion without diagnostics made: the program, and the declaration file of the cell alone. */
  takeParts(): Parts;
  /** Tags of a cell, such as `@module`. */
  readonly metadata: typeof import('tslab/dist/metadata').getCodeMetadata;
  /** What cells import as `tslab`. */
  readonly public: unknown;
  /** tslab's display functions write through its field `lastWriteDisplayData`. */
  readonly jupyter: { lastWriteDisplayData: unknown };
}

/** What is made of a cell. */
export interface Parts {
  readonly program?: Omit<Program, 'asynchronous'>;
  readonly declared?: string;
}

/** The folder whose node_modules the kernel belongs to. */
const home = dirname(dirname(dirname(require.resolve('tslab/package.json'))));

/**
 * Loads tslab. To be called once, before anything else loads it.
 *
 * @param isGlobal  which names of earlier cells are global
 */
export function loadTslab(isGlobal: (name: string) => boolean): Tslab {
  const id = require.resolve('@tslab/typescript-for-tslab');
  const original: Compiler = require(id);
  // The compiler's exports are getters that cannot be assigned: tslab is given a copy.
  const compiler = { ...original } as { -readonly [K in keyof Compiler]: Compiler[K] };
  let parts: Parts = {};

  compiler.createWatchCompilerHost = ((files: string[], options: ts.CompilerOptions, system: ts.System, _: null, ...rest: unknown[]) => {
    options.moduleResolution = original.ModuleResolutionKind.Bundler;
    options.allowImportingTsExtensions = true;
    options.lib = ['lib.es2023.d.ts'];
    // Without this, every package of node_modules/@types adds its globals to the cells, some of them the browser's.
    options.types = ['node'];
    options.inlineSourceMap = true;
    fallBack(system, join(home, 'node_modules'));
    watchLess(system);
    return (original.createWatchCompilerHost as (...args: unknown[]) => unknown)(
      files,
      options,
      system,
      original.createAbstractBuilder,
      ...rest,
    );
  }) as unknown as Compiler['createWatchCompilerHost'];

  compiler.createWatchProgram = ((host: ts.WatchCompilerHostOfFilesAndCompilerOptions<ts.BuilderProgram>) => {
    const take = host.afterProgramCreate!;
    host.afterProgramCreate = (builder) => {
      take(onlyTheCell(original, builder, (declared) => (parts = { ...parts, declared })));
    };
    return original.createWatchProgram(host);
  }) as Compiler['createWatchProgram'];
  checkWithLocalFiles(compiler, original);

  compiler.transpileModule = (module, options) => {
    parts = { ...parts, program: createProgram(original, module, options, isGlobal) };
    return { outputText: '' };
  };

  completeWithHost(compiler, original);
  require.cache[id]!.exports = compiler;
  resolveAtRunTime(join(home, 'node_modules'));
  const { createConverter }: typeof import('tslab/dist/converter') = require('tslab/dist/converter');
  return {
    ts: original,
    createConverter: () => createConverter({ isJS: false, isBrowser: false }),
    takeParts() {
      const taken = parts;
      parts = {};
      return taken;
    },
    metadata: require('tslab/dist/metadata').getCodeMetadata,
    public: require('tslab'),
    jupyter: require('tslab/dist/jupyter'),
  };
}

const isCell = (path: string): boolean => path.endsWith('/__tslab__.ts');

/** Finds the names of a file, once. */
interface Binder {
  bindSourceFile(file: ts.SourceFile, options: ts.CompilerOptions): void;
}

/** The program as tslab sees it: local files are none of its business, names are those that can be exported. */
function onlyTheCell(original: Compiler, builder: ts.BuilderProgram, onDeclared: (text: string) => void): ts.BuilderProgram {
  const own: Partial<ts.BuilderProgram> = {
    getAllDependencies: (file) => [file.fileName],
    getSourceFile(path) {
      const file = builder.getSourceFile(path);
      if (!file || !isCell(path)) return file;
      // tslab asks for the names of a cell before it asks for types, which would find them.
      (original as unknown as Binder).bindSourceFile(file, builder.getCompilerOptions());
      const { locals } = file as unknown as { readonly locals: Map<string, unknown> };
      // `declare global` and `declare module 'x'` are among the names of a file, and cannot be exported.
      for (const name of [...locals.keys()]) if (name === '__global' || name.startsWith('"')) locals.delete(name);
      return file;
    },
    emit(file, write, token, onlyDeclarations, transformers) {
      const note: ts.WriteFileCallback = (path, text, ...more) => {
        if (path.endsWith('__tslab__.d.ts')) onDeclared(text);
        write!(path, text, ...more);
      };
      const program = builder.getProgram() as unknown as { emit(...args: unknown[]): ts.EmitResult };
      const evenWithErrors = true;
      return program.emit(file, note, token, onlyDeclarations, transformers, evenWithErrors);
    },
  };
  return Object.assign(Object.create(builder), own);
}

/** "File is not under rootDir": tslab has one for the sake of the outputs, of which local files have none. */
const outsideOfRoot = 6059;

/**
 * Checks with a cell the local files that it imports, whatever their extension. A cell's declaration file is no one's business but the
 * kernel's: that a type has no name in it, where it is then `any`, is no error.
 */
function checkWithLocalFiles(compiler: object, original: Compiler): void {
  const check = (program: ts.Program, files: readonly ts.SourceFile[]): readonly ts.Diagnostic[] => {
    const reached = reachableFrom(original, program, files);
    const isWritten = ({ fileName, isDeclarationFile }: ts.SourceFile): boolean =>
      !isDeclarationFile && !isCell(fileName) && !fileName.endsWith('.json');
    const all = [...files, ...program.getSourceFiles().filter((file) => reached.has(file) && isWritten(file))];
    const diagnostics = all.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]);
    return original.sortAndDeduplicateDiagnostics(diagnostics.filter(({ code }) => code !== outsideOfRoot)).map((diagnostic) => ({
      ...diagnostic,
      // tslab would lose the file's name of what explains a message.
      messageText: original.flattenDiagnosticMessageText(diagnostic.messageText, '\n'),
    }));
  };
  (compiler as { getPreEmitDiagnosticsOfFiles: typeof check }).getPreEmitDiagnosticsOfFiles = check;
}

/** The local files that files import or refer to, directly or through others; they themselves are among them. */
function reachableFrom(original: Compiler, program: ts.Program, files: readonly ts.SourceFile[]): Set<ts.SourceFile> {
  const reached = new Set<ts.SourceFile>();
  const visit = (file: ts.SourceFile | undefined): void => {
    if (!file || reached.has(file) || file.fileName.includes('/node_modules/')) return;
    reached.add(file);
    const { resolvedModules } = file as unknown as { readonly resolvedModules?: Resolutions };
    resolvedModules?.forEach(({ resolvedModule }) => {
      if (resolvedModule) visit(program.getSourceFile(resolvedModule.resolvedFileName));
    });
    for (const { fileName } of file.referencedFiles)
      visit(program.getSourceFile(original.resolveTripleslashReference(fileName, file.fileName)));
  };
  files.forEach(visit);
  return reached;
}

/** What the compiler remembers of a file's imports. */
interface Resolutions {
  forEach(take: (resolution: { readonly resolvedModule?: ts.ResolvedModule }) => void): void;
}

interface Completions {
  getCompletionsAtPositionForTslab(host: object, program: ts.Program, ...rest: unknown[]): unknown;
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
function fallBack(system: ts.System, modules: string): void {
  const last = join(parse(modules).root, 'node_modules').split(sep).join('/');
  const forward = (path: string): string => (path === last || path.startsWith(`${last}/`) ? modules + path.slice(last.length) : path);
  const { fileExists, directoryExists, readFile, realpath } = system;
  system.fileExists = (path) => fileExists(forward(path));
  system.directoryExists = (path) => directoryExists(forward(path));
  system.readFile = (path, encoding) => readFile(forward(path), encoding);
  system.realpath = (path) => realpath!(forward(path));
}

function watchLess(system: ts.System): void {
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
