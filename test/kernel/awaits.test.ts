import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Kernel } from 'roentgen-lab/kernel-client';
import { atEnd, tempDir } from '../support';
import { errorOf, runIn, runInterrupted, session } from './session';

const kernel = session();

const preamble = `
import { readFile, stat } from 'node:fs/promises';
import { setTimeout as nap } from 'node:timers/promises';
import { EventEmitter, on } from 'node:events';
let count = 0;
let log: string[] = [];
const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
async function* numbers() { try { for (;;) { yield count++; await sleep(5); } } finally { await sleep(30); log.push('generator'); } }
class Worker { async work() { for (;;) { count++; await stat('/etc/hostname'); } } }`;

/** Runs a cell, interrupts it, and says what it logged in the end; it must have ended, and nothing of it may go on. */
async function logOf(code: string, status = 'error'): Promise<string> {
  const shown = await runInterrupted(kernel, `log = [];\nconsole.log('started');\n${code}`, 150);
  assert.equal(shown.reply.status, status, `${code}: ${JSON.stringify(shown.outputs)}`);
  if (status === 'error') assert.equal(errorOf(shown).ename, 'Interrupted', `${code}: ${JSON.stringify(shown.outputs)}`);
  assert.ok(shown.milliseconds < 4000, `${code}: ended after ${shown.milliseconds} ms`);
  const after = await kernel.run('const at = count; await sleep(150); [count - at, ...log].join()');
  assert.equal(after.outputs.length, 1, `${code}: ${JSON.stringify(after.outputs)}`);
  const [still, ...rest] = after.value!.slice(1, -1).split(',');
  assert.equal(still, '0', `${code}: goes on`);
  return rest.join();
}

test('the next await of an interrupted cell throws, whatever it waits for', { timeout: 120_000 }, async () => {
  await kernel.run(preamble);
  const cases = [
    "for (;;) { count++; await stat('/etc/hostname'); }",
    "for (;;) { count++; await readFile('/etc/hostname'); }",
    'for (;;) { count++; await Promise.resolve(); await nap(1); }',
    'await nap(60_000);',
    'await new Promise(() => {});',
    'await new Worker().work();',
    "const all = async () => { for (;;) { count++; await stat('/etc/hostname'); } };\nawait Promise.all([all(), all(), sleep(60_000)]);",
    'await Promise.any([sleep(60_000)]);',
    'await ({ then(resolve: () => void) { setTimeout(resolve, 60_000); } } as any);',
    'for await (const _ of on(new EventEmitter(), "never")) count++;',
    'for await (const _ of [sleep(60_000)]) count++;',
    "const http = await import('node:http');\nconst server = http.createServer(() => {}).listen(0);\ntry { await fetch('http://127.0.0.1:' + (server.address() as any).port); } finally { server.closeAllConnections(); server.close(); }",
    "const sharp = require('sharp');\nfor (;;) { count++; await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } }).png().toBuffer(); }",
    "void (async () => { for (;;) { count++; await stat('/etc/hostname'); } })();\nsetInterval(() => count++, 5);\nawait sleep(60_000);",
    'const tick = () => { count++; setTimeout(tick, 5); };\ntick();\nawait sleep(60_000);',
  ];
  for (const code of cases) assert.equal(await logOf(code), '', code);
});

test('clean-up runs to its end, also where it awaits and calls, from the inside out', { timeout: 120_000 }, async () => {
  await kernel.run(preamble);
  const cases: Record<string, string> = {
    "try { await sleep(60_000); } finally { log.push('finally'); }": 'finally',
    "try { await sleep(60_000); } finally { await sleep(50); log.push('finally'); }": 'finally',
    "const close = async () => { for (const part of ['a', 'b']) { await sleep(20); log.push(part); } };\ntry { await sleep(60_000); } finally { await close(); log.push('end'); }":
      'a,b,end',
    "const inner = async () => { try { await sleep(60_000); } finally { await sleep(50); log.push('inner'); } };\nconst outer = async () => { try { await inner(); } finally { await sleep(1); log.push('outer'); } };\ntry { await outer(); } finally { log.push('cell'); }":
      'inner,outer,cell',
    "const early = (async () => { try { await sleep(60_000); } finally { await sleep(50); log.push('early'); } })();\ntry { await early; } finally { log.push('cell'); }":
      'early,cell',
    'for await (const _ of numbers()) count++;': 'generator',
    "async function* through() { yield* numbers(); }\ntry { for await (const _ of through()) count++; } finally { log.push('cell'); }":
      'generator,cell',
    'try { await sleep(60_000); } catch (error) { await sleep(20); log.push((error as Error).name); throw error; }': 'Interrupted',
    "class File { async [Symbol.for('dispose')]() { await sleep(20); log.push('disposed'); } }\nconst file = new File();\ntry { try { await sleep(60_000); } finally { log.push('first'); } } finally { await (file as any)[Symbol.for('dispose')](); }":
      'first,disposed',
    "const each = async (name: string) => { try { await sleep(60_000); } finally { await sleep(30); log.push(name); } };\nawait Promise.allSettled([each('x'), each('x')]);\nawait 0;\nlog.push('not reached');":
      'x,x',
  };
  for (const [code, expected] of Object.entries(cases)) assert.equal(await logOf(code), expected, code);
});

test('a cell may catch the interrupt and end well, but not go on in a loop', { timeout: 120_000 }, async () => {
  await kernel.run(preamble);
  assert.equal(await logOf("try { await sleep(60_000); } catch (error) { log.push('caught'); }", 'ok'), 'caught');
  assert.equal(await logOf("for (;;) { try { await stat('/nowhere'); } catch { count++; } }"), '');
  assert.equal(await logOf('while (true) { try { await sleep(10); } catch { await sleep(10); continue; } }'), '');
  assert.equal(await logOf('do { await sleep(10).catch(() => {}); } while (true);'), '');
  assert.equal(
    await logOf('for (;;) { try { await sleep(10); } catch { await sleep(60_000); } }'),
    '',
    'a pause before the next try is no clean-up',
  );
});

test('a second interrupt ends clean-up that does not end', { timeout: 60_000 }, async () => {
  const running = runInterrupted(
    kernel,
    "console.log('started');\ntry { await new Promise(() => {}); } finally { await new Promise(() => {}); }",
  );
  await delay(2000);
  await kernel.kernel.interrupt();
  assert.equal(errorOf(await running).ename, 'Interrupted');
});

test('a function belongs to the cell that calls it, also after the cell that declared it was interrupted', {
  timeout: 60_000,
}, async () => {
  await runInterrupted(
    kernel,
    "const add = async (x: number) => { await new Promise((r) => setTimeout(r, 1)); return x + 1; };\nconsole.log('started');\nawait new Promise(() => {});",
  );
  assert.equal((await kernel.run('await add(1)')).value, '2');
  const running = await runInterrupted(
    kernel,
    "const later = add(1);\nconsole.log('started');\nawait add(await later);\nawait new Promise(() => {});",
  );
  assert.equal(errorOf(running).ename, 'Interrupted');
  assert.equal((await kernel.run('await add(2)')).value, '3');
});

test('where a library takes the signal, its work ends by itself, callbacks included; then the cell ends', {
  timeout: 90_000,
}, async (t) => {
  const folder = tempDir(t);
  mkdirSync(join(folder, 'node_modules', 'trainer'), { recursive: true });
  writeFileSync(
    join(folder, 'node_modules', 'trainer', 'index.js'),
    `const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    exports.train = async (onStep) => {
      await sleep(1);
      const signal = globalThis[Symbol.for('roentgen.interrupt')].signal();
      let steps = 0;
      while (!signal.aborted) { await onStep(++steps); await sleep(5); }
      await sleep(300);
      return { saved: true };
    };
    exports.encode = async () => { globalThis[Symbol.for('roentgen.interrupt')].signal(); await sleep(1); };`,
  );
  writeFileSync(
    join(folder, 'node_modules', 'trainer', 'index.d.ts'),
    'export declare function train(onStep: (step: number) => Promise<void>): Promise<{ saved: boolean }>;\nexport declare function encode(): Promise<void>;',
  );
  // A helper beside the notebook is the cell's code.
  writeFileSync(
    join(folder, 'helper.ts'),
    'export async function poll(): Promise<never> {\n  for (;;) {\n    (globalThis as any).polls = ((globalThis as any).polls ?? 0) + 1;\n    await new Promise((r) => setImmediate(r));\n  }\n}\n',
  );
  const own = await Kernel.start({ cwd: folder });
  atEnd(t, () => own.shutdown());
  const run = (code: string): ReturnType<typeof runIn> => runIn(own, code);
  const shown = await runInterrupted(
    { kernel: own, run: (code, options) => runIn(own, code, options) },
    `import { train } from 'trainer';
let callbacks = 0, after = 0;
const wait = () => new Promise((r) => setTimeout(r, 40));
const result = await train(async (step) => { if (step === 2) console.log('started'); await wait(); callbacks++; });
after = 1;
await wait();
after = 2;`,
  );
  assert.equal(errorOf(shown).ename, 'Interrupted');
  const value = (await run('[result.saved, after, callbacks >= 2].join()')).value;
  assert.equal(value, "'true,1,true'", 'the library saved and returned; the await after it threw');
  const { milliseconds, ...polled } = await runInterrupted(
    { kernel: own, run: (code, options) => runIn(own, code, options) },
    "import { encode } from 'trainer';\nimport { poll } from './helper';\nawait encode();\nconsole.log('started');\nawait poll();",
  );
  assert.equal(errorOf(polled).ename, 'Interrupted');
  assert.ok(milliseconds < 3000, `${milliseconds} ms`);
  assert.equal((await run('const seen = (globalThis as any).polls; await wait(); (globalThis as any).polls - seen')).value, '0');
});

test('nothing is said of what an interrupt rejected and nobody waits for', { timeout: 60_000 }, async () => {
  const heard: string[] = [];
  const stop = kernel.kernel.listen(({ header, content }) => {
    if (header.msg_type === 'stream') heard.push(content.text);
  });
  await runInterrupted(
    kernel,
    "console.log('started');\nvoid (async () => { await new Promise(() => {}); })();\nconst lost = new Promise((_, reject) => setTimeout(() => reject(new Error('late')), 300));\nawait lost;",
  );
  await kernel.run('await new Promise((r) => setTimeout(r, 500));');
  stop();
  assert.deepEqual(heard, ['started\n']);
});

test('awaits give what they gave, in their order, and a stack names who waits', async () => {
  const shown = await kernel.run(`const order: string[] = [];
const one = async () => { order.push('a'); await 0; order.push('c'); };
const p = one();
order.push('b');
await p;
order.join('')`);
  assert.equal(shown.value, "'abc'");
  await kernel.run(
    'async function deep() {\n  await new Promise((r) => setTimeout(r, 1));\n  throw new Error("deep");\n}\nasync function outer() {\n  return [await deep()];\n}',
  );
  const { traceback } = errorOf(await kernel.run('\nawait Promise.all([outer()]);'));
  assert.match(
    traceback,
    /^Error: deep\n {4}at deep \(cell\[\d+\]:3:9\)\n {4}at async outer \(cell\[\d+\]:6:11\)\n {4}at async Promise\.all \(index 0\)\n {4}at async cell\[\d+\]:2:1$/,
  );
});
