import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Kernel } from 'roentgen-lab/kernel-client';
import { atEnd, tempDir } from '../support';
import { errorOf, runIn, session } from './session';

const kernel = session();

test('export in a cell is passed over, in every form, and keeps lines and columns', async () => {
  const cells: Record<string, string | undefined> = {
    'export const ex = 5; ex': '5',
    'export const onlyOne = 1': undefined,
    onlyOne: '1',
    'export let a = 1, b = 2;\nexport { a, b, a as other };\n[a, b]': '[ 1, 2 ]',
    'export function twice(x: number) { return 2 * x }\nexport async function later() { return 3 }\n[twice(2), await later()]': '[ 4, 3 ]',
    'export class Box { x = 1 } export abstract class Base {} export enum Side { L } export namespace N { export const y = 2 }\n[new Box().x, Side.L, N.y]':
      '[ 1, 0, 2 ]',
    'export interface Shape { w: number } export type Name = string;\nconst shape: Shape = { w: 1 }; const text: Name = "n"; shape.w': '1',
    'export default function named() { return 4 }\nnamed()': '4',
    'export default function () { return 5 }': '[Function (anonymous)]',
    'export default class {}': '[class (anonymous)]',
    'const before = 1\nexport default { before, ex }': '{ before: 1, ex: 5 }',
    'export default async () => 6;': '[AsyncFunction (anonymous)]',
    'export type { Missing } from "nowhere";\nexport * from "node:path";\nexport * as path from "node:path";\nexport { join } from "node:path"; 7':
      '7',
    'export declare const ambient: number;\nexport import Util = N; Util.y': '2',
    'export const { length } = "four"; export const [head, ...tail] = [1, 2, 3];\n[length, head, tail]': '[ 4, 1, [ 2, 3 ] ]',
    'export {}\nif (true) { 8 }': undefined,
    'export const re = 1; export const re2 = re;': undefined,
    "export const text2 = 'export const x = 1';\ntext2": "'export const x = 1'",
  };
  for (const [code, value] of Object.entries(cells)) {
    const shown = await kernel.run(code);
    assert.deepEqual([shown.reply.status, shown.value], ['ok', value], `${code}: ${JSON.stringify(shown.outputs)}`);
  }
  assert.match(errorOf(await kernel.run('export const one = 1;\nexport const n: number = "text"')).evalue, /^2:14 - /);
  assert.match(errorOf(await kernel.run('export default { a: missing }')).evalue, /^1:21 - Cannot find name 'missing'/);
  assert.match(errorOf(await kernel.run('const v = { a, b, c: missing }; export { v }')).evalue, /^1:22 - Cannot find name 'missing'/);
  assert.match(errorOf(await kernel.run('export * from "./nowhere"')).evalue, /Cannot find module '.\/nowhere'/);
});

test('declare global and declare module work, and stay', async () => {
  assert.equal(
    (await kernel.run('declare global { var zzz: number; interface Array<T> { second(): T } }\nglobalThis.zzz = 3; zzz')).value,
    '3',
  );
  assert.equal((await kernel.run('zzz += 1; globalThis.zzz')).value, '4');
  assert.equal((await kernel.run('Array.prototype.second = function () { return this[1]; };\n[5, 6].second() + zzz')).value, '10');
  assert.match(errorOf(await kernel.run('zzz = "text"')).evalue, /^1:1 - Type 'string' is not assignable to type 'number'/);
  assert.equal((await kernel.run("declare module 'node:path' { interface PlatformPath { extra: string } }\n1")).value, '1');
  assert.equal(
    (await kernel.run("import * as path from 'node:path';\nconst extra: string | undefined = path.posix.extra; String(extra)")).value,
    "'undefined'",
  );
});

test("a type that can't be named in a declaration file is no error", async () => {
  const shown = await kernel.run(
    "const http = await import('node:http');\nconst made = new (class { private x = 1; get() { return this.x } })();\nmade.get()",
  );
  assert.equal(shown.value, '1', JSON.stringify(shown.outputs));
  assert.equal((await kernel.run('typeof http.createServer + made.get()')).value, "'function1'");
});

async function inFolder(
  t: TestContext,
  files: Readonly<Record<string, string>>,
): Promise<{ folder: string; run(code: string): ReturnType<typeof runIn> }> {
  const parent = tempDir(t);
  const folder = join(parent, 'book');
  mkdirSync(join(folder, 'lib'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const own = await Kernel.start({ cwd: folder });
  atEnd(t, () => own.shutdown());
  return { folder, run: (code) => runIn(own, code) };
}

test('local files are found by every spelling that the compiler takes', async (t) => {
  const { run } = await inFolder(t, {
    'local.ts': "import { inner } from './lib';\nexport const value = 1 + inner;\nexport type Value = number;\nexport default 'default';\n",
    'em.mts': 'export const em: number = 2;\n',
    'ce.cts': 'export const ce: number = 3;\n',
    'view.tsx':
      'const React = { createElement: (tag: string) => tag };\nexport const view = <b />;\ndeclare global { namespace JSX { interface IntrinsicElements { b: object } } }\n',
    'plain.js': 'export const plain = 4;\n',
    'real.mjs': 'export const real = 5;\n',
    'old.cjs': 'exports.old = 6;\n',
    'data.json': '{ "rows": [7] }',
    'lib/index.ts': "export const inner = 10;\nexport * from '../../up.ts';\n",
    '../up.ts': 'export const up = 8;\n',
  });
  const cases: Record<string, string> = {
    "import { value, type Value } from './local.ts';\nconst v: Value = value; v": '11',
    "import { value as v2 } from './local'; v2": '11',
    "import fallback, { value as v3 } from './local.js'; [fallback, v3]": "[ 'default', 11 ]",
    "import * as local from './local'; Object.keys(local).join()": "'value,default'",
    "import { em } from './em.mjs'; import { em as em2 } from './em.mts'; em + em2": '4',
    "import { ce } from './ce.cjs'; import { ce as ce2 } from './ce.cts'; ce + ce2": '6',
    "import { view } from './view.tsx'; import { view as view2 } from './view'; view + view2": "'bb'",
    "import { plain } from './plain.js'; import { plain as plain2 } from './plain'; plain + plain2": '8',
    "import { real } from './real.mjs'; real": '5',
    "import { old } from './old.cjs'; old": '6',
    "import data from './data.json'; data.rows[0]": '7',
    "import { inner } from './lib'; import { up } from './lib/index.js'; import { up as up2 } from '../up'; [inner, up, up2]":
      '[ 10, 8, 8 ]',
    "(await import('./local.ts')).value": '11',
    "require('./local').value": '11',
    "export * from './local.ts'; 9": '9',
  };
  for (const [code, value] of Object.entries(cases)) {
    const shown = await run(code);
    assert.equal(shown.value, value, `${code}: ${JSON.stringify(shown.outputs)}`);
  }
  assert.match(errorOf(await run("import { nothing } from './nowhere.ts';")).evalue, /Cannot find module '.\/nowhere.ts'/);
});

test('a file that changes is read again, and with it the files that import it; its errors name it', async (t) => {
  const { folder, run } = await inFolder(t, {
    'base.mts': 'export const base = 1;\n',
    'middle.ts': "import { base } from './base.mjs';\nexport const middle = 10 + base;\n",
  });
  const read = "import { middle } from './middle';\nmiddle";
  assert.equal((await run(read)).value, '11');
  writeFileSync(join(folder, 'base.mts'), 'export const base = 2; // another length\n');
  assert.equal((await run(read)).value, '12');
  writeFileSync(join(folder, 'base.mts'), "export const base: number = 'text';\n");
  let message = '';
  for (const until = Date.now() + 10_000; Date.now() < until && message === ''; await delay(100)) {
    const { outputs } = await run(read);
    message = outputs.find(({ output_type }) => output_type === 'error')?.traceback?.join('\n') ?? '';
  }
  assert.match(message, /^base\.mts:1:14 - error TS2322: Type 'string' is not assignable to type 'number'/);
  rmSync(join(folder, 'base.mts'));
});

test('a cell can be a module that others import', async () => {
  await kernel.run('/** @module shapes */\nexport const sides = 3;\nexport function fail(): never { throw new Error("in a module"); }');
  assert.equal((await kernel.run("import { sides } from './shapes';\nsides")).value, '3');
  assert.match(
    errorOf(await kernel.run("import { fail } from './shapes.ts';\nfail()")).traceback,
    /at fail \(.*shapes\.ts:3:39\)\n {4}at cell\[\d+\]:2:1$/,
  );
});
