import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Content } from 'roentgen-lab/kernel-client';
import { Kernel } from 'roentgen-lab/kernel-client';
import { atEnd, tempDir } from '../support';
import { errorOf, runIn, session } from './session';

const kernel = session();
const stderrOf = (shown: Awaited<ReturnType<typeof kernel.run>>): string =>
  shown.outputs.flatMap(({ name, text }) => (name === 'stderr' ? [text] : [])).join('');

test('a stack that a cell reads, logs or throws names its own lines and columns, and nothing of the kernel', async () => {
  const places: Record<string, string> = {
    "console.log(new Error('a').stack!)": '1:13',
    "// one\n// two\nconsole.log(new Error('b').stack!)": '3:13',
    "const x = await 1;\n  console.log(new Error('c').stack!)": '2:15',
    "const { a, b } = { a: 1, b: 2 }; const o = { a, b }; await 0; console.log(new Error('d').stack!)": '1:75',
    "try { JSON.parse('{') } catch (error) { await 0; console.log((error as Error).stack!.split('\\n').at(-1)) }": '1:12',
    "for (let i = 0; i < 1; i++) {\n  await 0;\n  console.log(new Error('e').stack!);\n}": '3:15',
    "export const f = () => new Error('f').stack!; await 0;\nconsole.log(f())": '2:13',
    "class C { #p = 1; static { console.log(new Error('g').stack!.split('\\n')[1]) } }": '1:40',
    "export default new Error('h').stack!.split('\\n').at(-1)": '1:16',
    "enum E { A }\nconst t: E = E.A; function* g() { yield new Error('i').stack! }\nconsole.log([...g()][0])": '3:17',
  };
  for (const [code, place] of Object.entries(places)) {
    const shown = await kernel.run(code);
    assert.equal(shown.reply.status, 'ok', code);
    const text = (shown.text || shown.value!).trim().replace(/[')]+$/, '');
    assert.ok(text.endsWith(`cell[${shown.reply.execution_count}]:${place}`), `${code}: ${text}, expected ${place}`);
    assert.doesNotMatch(text, /launcher|node:|tslab|\.js/, code);
  }
  const logged = await kernel.run("\nconsole.error(new TypeError('logged', { cause: new Error('why') }));");
  assert.match(stderrOf(logged), /^TypeError: logged\n {4}at cell\[\d+\]:2:15 \{\n {2}\[cause\]: Error: why\n {6}at cell\[\d+\]:2:48/);
});

test('so does one of a function of an earlier cell, of a callback, and of a rejection that nobody handles', async () => {
  const { reply } = await kernel.run('// a comment\nfunction check(n: number) {\n  if (n > 1) throw new RangeError("n is " + n);\n}');
  const cell = `cell[${reply.execution_count}]`;
  const thrown = errorOf(await kernel.run('[1, 2].forEach((n) =>\n  check(n))'));
  assert.equal(
    thrown.traceback.replace(/cell\[\d+\]/g, (name) => (name === cell ? name : 'cell')),
    `RangeError: n is 2\n    at check (${cell}:3:20)\n    at cell:2:3\n    at Array.forEach (<anonymous>)\n    at cell:1:8`,
  );
  const late = await kernel.run(
    "setTimeout(() => {\n  throw new Error('in a timer');\n}, 1);\nPromise.reject(new Error('rejected'));\nawait new Promise((r) => setTimeout(r, 50));",
  );
  assert.match(stderrOf(late), /in a timer\n {4}at (Timeout\.)?cell\[\d+\]:2:9\n|in a timer\n {4}at .*cell\[\d+\]:2:9/);
  assert.match(stderrOf(late), /rejected\n {4}at cell\[\d+\]:4:16\n/);
});

test('local files are named as they are, with the lines and columns of their TypeScript', async (t) => {
  const folder = tempDir(t);
  writeFileSync(
    join(folder, 'thrower.ts'),
    'interface Options {\n  n: number;\n}\nexport const boom = ({ n }: Options): never => {\n  throw new Error("boom " + n);\n};\nexport async function later(): Promise<void> {\n  await new Promise((r) => setTimeout(r, 1));\n\n  boom({ n: 2 });\n}\n',
  );
  const own = await Kernel.start({ cwd: folder });
  atEnd(t, () => own.shutdown());
  const path = join(folder, 'thrower.ts').replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const now = errorOf(await runIn(own, "import { boom, later } from './thrower';\n\n  boom({ n: 1 });"));
  assert.match(now.traceback, new RegExp(`^Error: boom 1\n {4}at boom \\(${path}:5:9\\)\n {4}at cell\\[1\\]:3:3$`));
  const after = errorOf(await runIn(own, 'await later();'));
  assert.match(
    after.traceback,
    new RegExp(`^Error: boom 2\n {4}at boom \\(${path}:5:9\\)\n {4}at later \\(${path}:10:3\\)\n {4}at async cell\\[2\\]:1:1$`),
  );
});

test("errors in controls' handlers name the cell", async () => {
  await kernel.run(`const comms = (globalThis as any)[Symbol.for('roentgen.comms')];
const comm = comms.open('jupyter.widget', { state: {} });
comm.onMessage = async () => {
  await 0;
  console.log(new Error('seen').stack!.split('\\n')[1]);
  throw new Error('in a handler');
};`);
  const { value } = await kernel.run('comm.id');
  const heard: Content[] = [];
  const done = new Promise<void>((resolve) => {
    const stop = kernel.kernel.listen(({ header, content }) => {
      if (header.msg_type === 'stream' || header.msg_type === 'error') heard.push(content);
      if (header.msg_type !== 'error') return;
      stop();
      resolve();
    });
  });
  kernel.kernel.send('comm_msg', { comm_id: value!.slice(1, -1), data: {} });
  await done;
  assert.match(heard[0]!.text, /^ {4}at .*cell\[\d+\]:5:15\)?\n$/);
  assert.match(heard[1]!.traceback.join('\n'), /^Error: in a handler\n {4}at .*cell\[\d+\]:6:9\)?$/);
});

test('messages name what was written, not what it was compiled to', async () => {
  await kernel.run(
    "import fs, { readFileSync } from 'node:fs';\nimport * as path from 'node:path';\nconst number: any = 5;\nconst thing: any = { list: 1 };",
  );
  const messages: Record<string, string> = {
    'number()': 'number is not a function',
    'number.x.y()': "Cannot read properties of undefined (reading 'y')",
    'thing.list()': 'thing.list is not a function',
    'new number()': 'number is not a constructor',
    'const [first] = number;': 'number 5 is not iterable',
    '(fs as any).nothing()': 'fs.nothing is not a function',
    '(path as any).nothing()': 'path.nothing is not a function',
    '(await thing).list()': '(await …).list is not a function',
  };
  for (const [code, message] of Object.entries(messages)) {
    const { evalue, traceback } = errorOf(await kernel.run(code));
    assert.ok(evalue.startsWith(message), `${code}: ${evalue}`);
    assert.ok(traceback.startsWith(`TypeError: ${message}`), `${code}: ${traceback}`);
    assert.doesNotMatch(traceback, /exports|_1|__|tslab/, code);
  }
  // Those of the compiler, too.
  await kernel.run('class Twin { private one = 1 }\nlet twin = new Twin();');
  const types = errorOf(await kernel.run('class Twin { private two = 2 }\ntwin = new Twin();'));
  assert.doesNotMatch(types.traceback, /import\(|__/, types.traceback);
  for (const code of ['function open() {', 'const s = `never ends', 'const a = [1, 2', 'if (true) {\n  f(']) {
    const { traceback } = errorOf(await kernel.run(code));
    const lines = code.split('\n').length;
    for (const [, line] of traceback.matchAll(/cell\[\d+\]:(\d+):/g)) assert.ok(Number(line) <= lines, traceback);
    assert.doesNotMatch(traceback, /export|Modifiers/, code);
  }
});
