import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOf, runInterrupted, session } from './session';

const kernel = session();

/** Runs a cell that must end with an error; returns that. */
async function failing(code: string): Promise<ReturnType<typeof errorOf>> {
  return errorOf(await kernel.run(code));
}

async function value(code: string): Promise<string | undefined> {
  const shown = await kernel.run(code);
  assert.equal(shown.reply.status, 'ok', `${code}: ${JSON.stringify(shown.outputs)}`);
  return shown.value;
}

const stopped = (name: string, cell: unknown): string =>
  `\`${name}\` was declared in cell ${cell}, which stopped before it was set; run that cell again.`;

test('what a cell declared before it threw is there, values and types', async () => {
  await failing(`import fs, { readFileSync, type Stats } from 'node:fs';
import * as path from 'node:path';
const kept = 5; let changing: number | undefined; var old = 'old';
const { a, b: [first, ...rest] } = { a: 1, b: [2, 3] };
for (var turn = 0; turn < 3; turn++) { var square = turn ** 2; }
function twice(x: number) { return 2 * x }
async function later() { return 7 }
class Scan { constructor(readonly size = 1) {} }
enum Side { Left, Right = 'r' }
namespace Units { export const mm = 10; }
interface Options { steps: number }
type Name = string;
function thrower() { throw new Error('nested'); }
thrower();`);
  assert.equal(
    await value(`const options: Options = { steps: 1 }; const name: Name = 'n'; const stats: Stats = fs.statSync('.');
[kept, changing, old, a, first, rest, turn, square, twice(4), await later(), new Scan().size, Side.Right, Units.mm, options.steps, name,
  typeof readFileSync, path.sep, stats.isDirectory()].join()`),
    "'5,,old,1,2,3,3,4,8,7,1,r,10,1,n,function,/,true'",
  );
  const typed = await failing('const text: string = kept; const scan: Scan = 5; twice("x")');
  assert.equal(typed.traceback.match(/error TS/g)?.length, 3, `the types are known: ${typed.traceback}`);
  assert.equal(await value('changing = 3; changing + Units.mm'), '13', 'and stay for cells after the next');
});

test('a name whose declaration was not reached says so, or keeps its old value and type', async () => {
  const { reply } = await kernel.run(
    'const reached = 1;\nthrow new Error("stop");\nconst missed = [1]; class Missed {} import { sep } from "node:path";',
  );
  assert.equal(await value('reached'), '1');
  for (const use of [
    'missed',
    'missed.push(2)',
    'new Missed()',
    'let m: Missed;',
    'sep',
    'missed = [2]',
    '({ missed })',
    'typeof missed',
  ]) {
    const name = /Missed|missed|sep/.exec(use)![0];
    const { evalue } = await failing(use);
    assert.equal(evalue.replace(/^1:\d+ - /, ''), stopped(name, reply.execution_count), use);
  }
  await kernel.run('let size: number = 1; const big = 7; function grow() { return ++size }');
  await failing('throw 0; let size: string = "a"; class big {} const grow = 5;');
  assert.equal(await value('size += 1; [size, big, grow(), size].join()'), "'2,7,3,3'");
  assert.match((await failing('size = "text"')).evalue, /not assignable to type 'number'/);
  assert.equal(await value('const missed = "now"; missed'), "'now'");
  assert.equal(await value('missed'), "'now'");
});

test('the old value is there until the new declaration is reached, the new one from then on', async () => {
  await kernel.run('let level = 1;\nfunction seen() { return level }');
  await kernel.run('function fromEarlier() { return level }');
  assert.equal(
    await value('const before = fromEarlier(); await 0; const level = "two"; [before, fromEarlier(), seen()]'),
    "[ 1, 'two', 1 ]",
  );
  assert.equal(await value('level.toUpperCase()'), "'TWO'");
});

test('several cells fail in a row; each leaves what it reached', async () => {
  await failing('const run = 1; let losses = [1]; throw new Error("one"); const end = 1;');
  await failing('const run = "two"; losses.push(2); await Promise.reject(new Error("two")); const end = 2;');
  const third = await kernel.run('losses.push(3); const more = 3; (undefined as any).x; const end = 3;');
  assert.equal(await value('[run.toUpperCase(), losses, more]'), "[ 'TWO', [ 1, 2, 3 ], 3 ]");
  assert.match((await failing('end')).evalue, new RegExp(`cell ${third.reply.execution_count},`));
});

test('what was reached before an interrupt is there: at an await, in a loop that never yields, in a function', async () => {
  const codes = [
    'for (let i = 0; ; i++) { losses1.push(i); await new Promise((r) => setTimeout(r, 5)); }',
    'for (;;) losses1.push(1);',
    'const wait = async () => { losses1.push(1); await new Promise(() => {}); };\nawait wait();',
    'losses1.push(1); const spin = () => { for (;;) {} };\nspin();',
  ];
  for (const code of codes) {
    const shown = await runInterrupted(kernel, `const losses1: number[] = [];\nconsole.log('started');\n${code}\nconst after1 = 1;`, 200);
    assert.equal(errorOf(shown).ename, 'Interrupted', code);
    assert.equal(await value('losses1.length > 0'), 'true', code);
    assert.match((await failing('after1')).evalue, /stopped before it was set/, code);
  }
});

test('a variable is one for its cell and all later ones, also where a closure changes it after an exception', async () => {
  await failing('let ticks = 0; const stop = () => ticks; setTimeout(() => { ticks = 99 }, 100); throw 1');
  assert.equal(await value('await new Promise((r) => setTimeout(r, 200)); ticks'), '99');
  assert.equal(await value('ticks = 5; stop()'), '5');
  assert.equal(await value('let p = 0, q = 0; [p, q] = new Set([3, 4]); const both = () => [p, q];\nboth()'), '[ 3, 4 ]');
});

test('a cell that does not compile declares nothing, and changes nothing', async () => {
  await kernel.run('const steady = 1;');
  await failing('const steady: string = 2; const novel = 1;');
  assert.equal(await value('steady'), '1');
  assert.equal((await failing('novel')).evalue, "1:1 - Cannot find name 'novel'. Was its cell run in this session?");
  const misspelt = (await failing('steadi')).evalue;
  assert.equal(misspelt, "1:1 - Cannot find name 'steadi'. Did you mean 'steady'?");
});

test('values and types of one name live apart', async () => {
  await kernel.run('class Both { x = 1 }\ninterface Shape { w: number }');
  await kernel.run('const Shape = 3;');
  assert.equal(await value('const s: Shape = { w: Shape }; s.w'), '3');
  await kernel.run('type Both = string;');
  assert.equal(await value('const b: Both = "text"; b + new Both().x'), "'text1'");
});

test("names that nothing refers to any more let go of their values, and loops over cells' variables are fast", async () => {
  await kernel.run(
    "import v8 from 'node:v8';\nimport vm from 'node:vm';\nv8.setFlagsFromString('--expose-gc');\nconst collect = vm.runInNewContext('gc');",
  );
  await kernel.run('const huge = new Uint8Array(64 * 2 ** 20); let counter = 0; const closure = () => ++counter; const { length } = huge;');
  const before = Number(await value('collect(); await 0; collect(); process.memoryUsage().arrayBuffers / 2 ** 20'));
  await kernel.run('const huge = 1;');
  const after = Number(await value('collect(); await 0; collect(); process.memoryUsage().arrayBuffers / 2 ** 20'));
  assert.ok(before - after > 60, `${before} MiB before, ${after} MiB after`);
  const milliseconds = Number(
    await value('const began = performance.now(); for (let i = 0; i < 1e6; i++) counter += i; performance.now() - began'),
  );
  assert.ok(milliseconds < 500, `${milliseconds} ms for a million turns`);
});
