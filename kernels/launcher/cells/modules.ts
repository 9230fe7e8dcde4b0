/**
 * What cells import: packages by Node's rules, and local files, which are compiled as cells are.
 *
 * A relative path is resolved as the compiler resolves it (`./helper`, `./helper.js` and `./helper.ts` may all mean helper.ts). A file
 * that has changed is read again by the next cell that imports it, and so is whatever imports that file.
 */
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { compileFunction } from 'node:vm';
import type ts from '@tslab/typescript-for-tslab';
import { rememberSource } from '../stacks';
import { interruptAwaits } from './awaits';
import { checkLoops } from './loops';

/** Loads what cells import. */
export interface Modules {
  /** `require`, as cells in the working directory see it. */
  readonly require: (id: string) => unknown;
  /** Forgets files that have changed. Before a cell runs. */
  refresh(): void;
  /** Takes a text for a local file: a cell with `@module`. */
  write(path: string, text: string): void;
}

interface Loaded {
  readonly module: { exports: unknown };
  readonly stamp: string;
  readonly imports: Set<string>;
}

type Compiler = typeof ts;

/** What the compiler tries for a path: by its extension, and for none. */
const meant: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx', '.js'],
  '.jsx': ['.tsx', '.jsx'],
  '.mjs': ['.mts', '.mjs'],
  '.cjs': ['.cts', '.cjs'],
  '.ts': ['.ts'],
  '.tsx': ['.tsx'],
  '.mts': ['.mts'],
  '.cts': ['.cts'],
  '.json': ['.json'],
};
const withoutExtension = ['.ts', '.tsx', '.js', '.jsx', '/index.ts', '/index.tsx', '/index.js'];

/** @param special  modules that are not found by Node's rules, by name */
export function createModules(compiler: Compiler, folder: string, special: Readonly<Record<string, unknown>>): Modules {
  const loaded = new Map<string, Loaded>();
  const written = new Map<string, string>();
  const read = (path: string): string => written.get(path) ?? readFileSync(path, 'utf8');
  const stampOf = (path: string): string | undefined => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return written.get(path) ?? (stat && `${stat.mtimeMs} ${stat.size} ${stat.ino}`);
  };
  const isFile = (path: string): boolean => written.has(path) || (statSync(path, { throwIfNoEntry: false })?.isFile() ?? false);

  /** The local file that is meant, if it is one to compile. */
  function localFile(id: string, from: string): string | undefined {
    if (!isAbsolute(id) && !/^\.\.?(\/|$)/.test(id)) return undefined;
    const path = resolve(from, id);
    if (path.includes(`${sep}node_modules${sep}`)) return undefined;
    const extension = /\.[cm]?[jt]sx?$|\.json$/.exec(path)?.[0] ?? '';
    const stem = path.slice(0, path.length - extension.length);
    const candidates = [...(meant[extension] ?? []).map((other) => stem + other), ...withoutExtension.map((other) => path + other)];
    const found = candidates.find(isFile);
    // JavaScript with declarations is built, not written.
    if (found && /js$/.test(found) && isFile(found.replace(/js$/, 'd.ts').replace(/([cm])d\.ts$/, 'd.$1ts'))) return undefined;
    return found;
  }

  function requireFrom(directory: string, own: NodeJS.Require, importer: Set<string> | undefined): (id: string) => unknown {
    const load = (id: string): unknown => {
      const asked = String(id);
      if (Object.hasOwn(special, asked)) return special[asked];
      const path = localFile(asked, directory);
      if (!path) return own(asked);
      importer?.add(path);
      return (loaded.get(path) ?? evaluate(path)).module.exports;
    };
    return Object.assign(load, { resolve: own.resolve, cache: own.cache, main: own.main, extensions: own.extensions });
  }

  function evaluate(path: string): Loaded {
    const entry: Loaded = { module: { exports: {} }, stamp: stampOf(path) ?? '', imports: new Set() };
    const text = read(path);
    loaded.set(path, entry); // Files may import each other.
    try {
      if (path.endsWith('.json')) {
        entry.module.exports = JSON.parse(text);
        return entry;
      }
      const { code, map } = compile(compiler, path, text);
      rememberSource(path, { code, maps: [map] });
      const run = compileFunction(code, ['exports', 'require', 'module', '__filename', '__dirname'], { filename: path });
      const require = requireFrom(dirname(path), createRequire(path), entry.imports);
      run.call(entry.module.exports, entry.module.exports, require, entry.module, path, dirname(path));
      return entry;
    } catch (error) {
      loaded.delete(path);
      throw error;
    }
  }

  return {
    require: requireFrom(folder, createRequire(join(folder, 'cell.js')), undefined),
    refresh() {
      const changed = [...loaded].filter(([path, { stamp }]) => stampOf(path) !== stamp).map(([path]) => path);
      for (let path = changed.pop(); path; path = changed.pop()) {
        loaded.delete(path);
        for (const [importer, { imports }] of loaded) if (imports.has(path)) changed.push(importer);
      }
    },
    write: (path, text) => written.set(path, text),
  };
}

/** One file as CommonJS. Its types were checked with the cell's. */
function compile(compiler: Compiler, path: string, text: string): { code: string; map: string } {
  const { outputText, sourceMapText = '' } = compiler.transpileModule(text, {
    fileName: path,
    compilerOptions: {
      module: compiler.ModuleKind.CommonJS,
      target: compiler.ScriptTarget.ES2022,
      esModuleInterop: true,
      experimentalDecorators: true,
      jsx: compiler.JsxEmit.React,
      sourceMap: true,
    },
    transformers: { before: [interruptAwaits(compiler), checkLoops(compiler)] },
  });
  return { code: outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, ''), map: sourceMapText };
}
