/** What no unit test sees: types, lint and format, and the import rule. `npm run check` runs these alone. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { root, tempDir } from '../support';

const cruiser = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
const rules = join(root, '.dependency-cruiser.cjs');

function runNode(args: readonly string[], cwd = root): { status: number | null; text: string; stdout: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 });
  return { status, stdout, text: `${stdout}${stderr}` };
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => relative(root, join(folder, name)));
}

test('types hold', () => {
  const { status, text } = runNode([join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', '--pretty', 'false']);
  assert.equal(status, 0, text);
});

test('Biome finds nothing', () => {
  const { status, text } = runNode([
    join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome'),
    'check',
    '--error-on-warnings',
    '--colors=off',
  ]);
  assert.equal(status, 0, text);
});

test('imports go from room to room in order, through the doors', () => {
  const { stdout } = runNode([cruiser, '--config', rules, '--output-type', 'json', 'src', 'kernels', 'test']);
  const { modules, summary } = JSON.parse(stdout) as {
    modules: { source: string }[];
    summary: { violations: { rule: { name: string }; from: string; to: string }[] };
  };
  assert.deepEqual(
    summary.violations.map((v) => `${v.rule.name}: ${v.from} -> ${v.to}`),
    [],
  );
  // With a compiler that it can't use it reads nothing and reports success.
  const read = new Set(modules.map((m) => m.source));
  assert.deepEqual(
    sources(join(root, 'src')).filter((file) => !read.has(file)),
    [],
    'files that were not read',
  );
});

test('the import rule sees each way to break it', (t) => {
  const folder = tempDir(t);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  writeFileSync(join(folder, 'tsconfig.base.json'), readFileSync(join(root, 'tsconfig.base.json')));
  write('package.json', '{ "name": "broken", "devDependencies": { "typescript": "5.9.3" } }');
  write('src/engine/tree.ts', "import type { UNet } from '../unet';\nexport type Tree = UNet;\n");
  write('src/engine/index.ts', "export * from './tree';\n");
  write('src/unet/index.ts', "export * from './unet';\n");
  write('src/unet/unet.ts', "import type { Tree } from '../engine/tree';\nexport interface UNet { tree: Tree }\n");
  write('src/extra/index.ts', "import 'node:fs';\n");
  write('src/nn/index.ts', "import './gone';\n");
  write('test/nn/deep.test.ts', "import '../../src/nn';\n");
  const { stdout } = runNode([cruiser, '--config', rules, '--output-type', 'json', 'src', 'test'], folder);
  const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string } }[] } };
  const broken = new Set(summary.violations.map((v) => v.rule.name));
  for (const rule of [
    'engine-imports-only-from-above',
    'rooms-have-doors',
    'no-circle',
    'rooms-are-known',
    'imports-are-found',
    'tests-use-doors',
  ])
    assert.ok(broken.has(rule), `${rule} went unseen; seen: ${[...broken].join(', ')}`);
});

/** Rooms that only other rooms use. */
const privateRooms = ['imaging'];

test('every public room is a subpath of the package, with its types for older compilers', () => {
  const { exports, typesVersions } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { types: string; default: string } | string>;
    typesVersions: { '*': Record<string, string[]> };
  };
  for (const room of readdirSync(join(root, 'src'), { withFileTypes: true }).filter(
    (e) => e.isDirectory() && !privateRooms.includes(e.name),
  )) {
    const types = `./dist/${room.name}/index.d.ts`;
    assert.deepEqual(exports[`./${room.name}`], { types, default: `./dist/${room.name}/index.js` }, `exports of ${room.name}`);
    assert.deepEqual(typesVersions['*'][room.name], [types.slice(2)], `typesVersions of ${room.name}`);
  }
});

test('the lockfile belongs to package.json, names no registry, and has every platform of the packages built for one', () => {
  const text = readFileSync(join(root, 'package-lock.json'), 'utf8');
  assert.ok(!text.includes('"resolved"'), 'the lockfile holds addresses; .npmrc has omit-lockfile-registry-resolved');
  type Entry = {
    version?: string;
    integrity?: string;
    link?: boolean;
    dependencies?: object;
    devDependencies?: object;
    optionalDependencies?: object;
  };
  const { packages } = JSON.parse(text) as { packages: Record<string, Entry> };
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Entry;
  assert.deepEqual(packages['']?.dependencies, wanted.dependencies);
  assert.deepEqual(packages['']?.devDependencies, wanted.devDependencies);
  for (const [path, entry] of Object.entries(packages)) {
    if (path === '' || entry.link) continue;
    assert.ok(entry.integrity, `${path} has no integrity`);
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      const found = Object.keys(packages).some((other) => other.endsWith(`node_modules/${name}`));
      assert.ok(found, `${path} needs ${name} on some machine, and the lockfile lacks it: "npm ci" refuses such a lockfile`);
    }
  }
});
