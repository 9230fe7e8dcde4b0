import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOf, session } from './session';

const kernel = session();

test('a cell shows its value, its text in order, and keeps its variables', async () => {
  const first = await kernel.run('const a = 20;\nlet b = 1;\nconsole.log("one"); console.error("two"); console.log("three");\nb += a');
  assert.equal(first.reply.status, 'ok');
  assert.deepEqual(
    first.outputs.map((output) => [output.output_type, output.name ?? '', output.text ?? output.data?.['text/plain']]),
    [
      ['stream', 'stdout', 'one\n'],
      ['stream', 'stderr', 'two\n'],
      ['stream', 'stdout', 'three\n'],
      ['execute_result', '', '21'],
    ],
  );
  assert.equal((await kernel.run('a + b')).value, '41');
});

test('properties that are bound under another name are no names of earlier cells, whose types have them', async () => {
  await kernel.run("const guidance = { text: 3, image: { scale: 1.5 } }; const text = 'mine';");
  const { value } = await kernel.run(
    'const { text: words, image: { scale: ofImage } } = guidance; const inner = ({ text: t }: typeof guidance) => t; [words, ofImage, inner(guidance), text].join()',
  );
  assert.equal(value, "'3,1.5,3,mine'");
  const { outputs } = await kernel.run('const { image: oddly, text: wrongly } = guidance; wrongly.length');
  assert.match(JSON.stringify(outputs), /1:59/, 'places of errors are those of the cell');
});

test('shorthand properties reach names of earlier cells', async () => {
  await kernel.run('const width = 3; const height = 4; let depth = 1;');
  assert.equal(
    (await kernel.run('const box = { width, height, deep: { depth } }; JSON.stringify(box)')).value,
    `'{"width":3,"height":4,"deep":{"depth":1}}'`,
  );
  assert.equal((await kernel.run('({ depth = 9 } = { depth: 7 }); [depth, (({ width }) => width)({ width })]')).value, '[ 7, 3 ]');
});

test('20,000 lines arrive, complete and in order, and the cell ends', async () => {
  const shown = await kernel.run('for (let i = 0; i < 20000; i++) console.log("line " + i)');
  assert.equal(shown.reply.status, 'ok');
  const lines = shown.text.trimEnd().split('\n');
  assert.equal(lines.length, 20000);
  assert.ok(lines.every((line, i) => line === `line ${i}`));
  const messages = shown.messages.filter(({ header }) => header.msg_type === 'stream').length;
  assert.ok(messages < 1000, `text is gathered, got ${messages} messages`);
});

test('20,000 lines from a loop that yields arrive too, each stream whole', async () => {
  const shown = await kernel.run(
    'for (let i = 0; i < 20000; i++) { process.stdout.write(i + "\\n"); if (i % 100 === 0) await new Promise((r) => setImmediate(r)); }',
  );
  assert.equal(shown.text.trimEnd().split('\n').length, 20000);
});

test('200 pictures of 200 kB arrive', async () => {
  const shown = await kernel.run(`
    const show = (globalThis as any)[Symbol.for('roentgen.display')];
    for (let i = 0; i < 200; i++) show.display({ 'image/png': new Uint8Array(150000).fill(i) });`);
  assert.equal(shown.outputs.length, 200);
  assert.ok(shown.outputs.every((output, i) => Buffer.from(output.data!['image/png'], 'base64').every((byte) => byte === i)));
});

const awaits: readonly (readonly [what: string, code: string, value: string | undefined, text?: string])[] = [
  ['in a declaration', 'const p = await Promise.resolve(1); p', '1'],
  ['as the value', 'await Promise.resolve(42)', '42'],
  ['of a parenthesis', 'await (Promise.resolve(5))', '5'],
  ['of a list', 'await [7][0]', '7'],
  ['of a call of a function expression', 'await (async () => 3)()', '3'],
  ['of a template', 'await `text`', "'text'"],
  ['of a pattern', 'await /x/.test("x")', 'true'],
  ['of a negative number', 'await -1', '-1'],
  ['for await', 'async function* g() { yield 1; yield 2; }\nfor await (const x of g()) console.log(x)', undefined, '1\n2\n'],
  ['destructuring', 'const { k, m: [n] } = await Promise.resolve({ k: 1, m: [2] }); k + n', '3'],
  ['destructuring an assignment', 'let u, v; [u, v] = await Promise.resolve([4, 5]); u * v', '20'],
  ['inside a template', `const s = \`x\${await Promise.resolve(3)}\`; s`, "'x3'"],
  [
    'after imports',
    "import * as fs from 'node:fs';\nimport { join } from 'node:path';\n(await fs.promises.stat(join('/'))).isDirectory()",
    'true',
  ],
  ['of an import', "const path = await import('node:path'); typeof path.join", "'function'"],
  ['in conditions and loops', 'let i = 0; while (await Promise.resolve(i < 3)) i++; if (await Promise.resolve(true)) i += 10; i', '13'],
  [
    'in try',
    'try { await Promise.reject(new Error("no")) } catch (e: any) { console.log(e.message) } finally { await 0 }',
    undefined,
    'no\n',
  ],
  [
    'in an object and a spread',
    '({ q: await Promise.resolve(1), ...(await Promise.resolve({ w: [...await Promise.resolve([2])] })) })',
    '{ q: 1, w: [ 2 ] }',
  ],
  ['in a switch', 'switch (await Promise.resolve(1)) { case 1: console.log("one") }', undefined, 'one\n'],
  ['of a map', 'await Promise.all([1, 2].map(async (x) => (await x) * 2))', '[ 2, 4 ]'],
  ['only inside a function', 'const later = async (x: number) => (await x) + 1;\nlater(1)', 'Promise { 2 }'],
  ['as a word', 'const text = "no await here"; text.length', '13'],
];

test('every form of top-level await works', async (t) => {
  for (const [what, code, value, text = ''] of awaits) {
    await t.test(what, async () => {
      const shown = await kernel.run(code);
      assert.deepEqual([shown.reply.status, shown.value, shown.text], ['ok', value, text], JSON.stringify(shown.outputs));
    });
  }
});

test('a compile error names line, column and reason, and shows the line; nothing of the cell ran', async () => {
  const shown = await kernel.run('// first line\nconsole.log("ran");\nconst n: number = "text";\nawait missing();');
  const { ename, evalue, traceback } = errorOf(shown);
  assert.equal(ename, 'TypeScriptError');
  assert.equal(evalue, "3:7 - Type 'string' is not assignable to type 'number'.");
  assert.match(traceback, /^cell\[\d+\]:3:7 - error TS2322/);
  assert.match(traceback, /const n: number = "text";\n {10}~\n/);
  assert.match(traceback, /:4:7 - error TS2304: Cannot find name 'missing'/);
  assert.equal(shown.text, '');
  assert.equal(shown.reply.status, 'error');
});

test('lines in the style of IPython get one hint; lines of TypeScript that look like them do not', async () => {
  const hints: Record<string, RegExp> = {
    '%time f(1)': /^1:1 - %time is a magic of IPython; here, measure with console\.time/,
    '%%time\nconst x = 1;': /^1:1 - %%time is a magic/,
    'const y = 1;\n  %matplotlib inline': /^2:3 - %matplotlib is a magic of IPython; here, plots need no switch/,
    '%whatever': /^1:1 - %whatever is a magic/,
    '!ls': /^1:1 - !ls is a shell command of IPython; here, run shell commands with execSync/,
    '!ls -la': /^1:1 - !ls is a shell command/,
    '!pip install numpy': /^1:1 - !pip is a shell command/,
    '! ./run.sh': /^1:1 - ! \.\/run\.sh is a shell command/,
    '?startEngine': /^1:1 - \?startEngine asks IPython for help; here, press Shift-Tab/,
    'startEngine??': /^1:1 - startEngine\?\? asks IPython for help/,
  };
  for (const [code, hint] of Object.entries(hints)) {
    const { evalue, traceback } = errorOf(await kernel.run(code));
    assert.match(evalue, hint, code);
    assert.doesNotMatch(traceback, /TS\d/, `${code}: ${traceback}`);
  }
  await kernel.run('const time = 7; const done = false; const x = 20;');
  for (const [code, value] of Object.entries({ '!done': 'true', 'x\n  %time': '6', '`\n%time x\n!ls`.length': '12', '!done && x': '20' })) {
    assert.equal((await kernel.run(code)).value, value, code);
  }
  assert.match(errorOf(await kernel.run('x\n  %time;\nconst z: string = 1')).evalue, /^3:7 - Type 'number'/);
  assert.match(errorOf(await kernel.run('!dome && x')).evalue, /^1:2 - Cannot find name 'dome'/);
});

test("columns in the first line of a cell with await are the person's", async () => {
  const { evalue } = errorOf(await kernel.run('const q: string = await Promise.resolve(1);'));
  assert.equal(evalue, "1:7 - Type 'number' is not assignable to type 'string'.");
});

test('an exception shows name, message and the places in the cells, no frames of the kernel', async () => {
  await kernel.run(
    'interface Options { n: number }\n\nfunction check({ n }: Options): number {\n  // a comment\n  if (n > 1) throw new RangeError("n is " + n);\n  return n;\n}',
  );
  for (const code of ['const x = 1;\n\ncheck({ n: 3 });', 'const x = await 1;\n\ncheck({ n: 3 });']) {
    const { ename, evalue, traceback } = errorOf(await kernel.run(code));
    assert.equal(ename, 'RangeError');
    assert.equal(evalue, 'n is 3');
    assert.match(traceback, /^RangeError: n is 3\n {4}at check \(cell\[\d+\]:5:20\)\n {4}at cell\[\d+\]:3:1$/);
  }
});

test('other things that are thrown are shown, with their causes', async () => {
  assert.equal(errorOf(await kernel.run('throw "just text"')).evalue, 'just text');
  assert.equal(errorOf(await kernel.run('throw { code: 7 }')).evalue, '{ code: 7 }');
  assert.equal(errorOf(await kernel.run('throw null')).evalue, 'null');
  const { traceback } = errorOf(await kernel.run('throw new Error("outer", { cause: new TypeError("inner") })'));
  assert.match(traceback, /^Error: outer[\s\S]*Caused by: TypeError: inner/);
});

test('cells after an error run, and cells that waited behind it are skipped', async () => {
  const [failed, skipped] = await Promise.all([kernel.run('throw new Error("stop")'), kernel.run('console.log("must not run")')]);
  assert.equal(failed.reply.status, 'error');
  assert.equal(skipped.reply.status, 'aborted');
  assert.equal(skipped.text, '');
  assert.equal((await kernel.run('1 + 1')).value, '2');
  const [tolerated, next] = await Promise.all([kernel.run('throw new Error("go on")', { stopOnError: false }), kernel.run('2 + 2')]);
  assert.equal(tolerated.reply.status, 'error');
  assert.equal(next.value, '4');
});

test('unhandled rejections and errors in callbacks are reported in their cell; the kernel lives', async () => {
  const rejected = await kernel.run('Promise.reject(new Error("nobody caught it")); await new Promise((r) => setTimeout(r, 50)); "alive"');
  assert.equal(rejected.value, "'alive'");
  assert.match(rejected.outputs.find((output) => output.name === 'stderr')!.text!, /nobody caught it\n {4}at cell/);
  const thrown = await kernel.run(
    'setTimeout(() => { throw new Error("in a timer") }, 1); await new Promise((r) => setTimeout(r, 50)); "alive"',
  );
  assert.match(thrown.outputs.find((output) => output.name === 'stderr')!.text!, /in a timer/);
  assert.match(errorOf(await kernel.run('process.exit(1)')).evalue, /cannot end the kernel/);
  assert.equal((await kernel.run('"still alive"')).value, "'still alive'");
});

test('output belongs to the cell that made it, even after that cell has ended', async () => {
  const late: string[] = [];
  const stop = kernel.kernel.listen((message) => {
    if (message.header.msg_type === 'stream') late.push(`${message.parent.msg_id} ${message.content.text}`);
  });
  const first = await kernel.run('setTimeout(() => console.log("late"), 150);');
  await kernel.run('await new Promise((r) => setTimeout(r, 400));');
  stop();
  assert.deepEqual(late, [`${first.messages[0]!.parent.msg_id} late\n`]);
});

test('silent code leaves no trace; the count goes on with the next cell', async () => {
  const before = Number((await kernel.run('0')).reply.execution_count);
  const silent = await kernel.run('1 + 1', { silent: true });
  assert.deepEqual(
    silent.messages.map(({ header }) => header.msg_type),
    ['status', 'status'],
  );
  assert.equal((await kernel.run('0')).reply.execution_count, before + 1);
});
