import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOf, session } from './session';

const kernel = session();
const hook = "(globalThis as any)[Symbol.for('roentgen.display')]";

test('a display shows a bundle with metadata, between the text before and after it', async () => {
  const shown = await kernel.run(`console.log('before');
    ${hook}.display({ 'text/html': '<b>x</b>', 'text/plain': 'x' }, { roentgen: { progress: true } });
    console.log('after')`);
  assert.deepEqual(
    shown.outputs.map((output) => output.text ?? output.data),
    ['before\n', { 'text/html': '<b>x</b>', 'text/plain': 'x' }, 'after\n'],
  );
  assert.deepEqual(shown.outputs[1]!.metadata, { roentgen: { progress: true } });
});

test('an update changes every display of its id, also of an earlier cell', async () => {
  const first = await kernel.run(`${hook}.display({ 'text/plain': '0' }, {}, 'bar'); ${hook}.display({ 'text/plain': '0' }, {}, 'other')`);
  const second = await kernel.run(`for (let i = 1; i <= 500; i++) ${hook}.update({ 'text/plain': String(i) }, { step: i }, 'bar')`);
  assert.deepEqual(
    first.outputs.map((output) => output.data!['text/plain']),
    ['500', '0'],
  );
  assert.equal(second.outputs.length, 0);
  assert.equal(second.messages.filter(({ header }) => header.msg_type === 'update_display_data').length, 500);
});

test('clear removes the outputs, at once or when the next comes', async () => {
  const now = await kernel.run(`console.log('old'); ${hook}.clear(); console.log('new')`);
  assert.deepEqual(
    now.outputs.map((output) => output.text),
    ['new\n'],
  );
  const waiting = await kernel.run(`console.log('old'); ${hook}.clear(true);`);
  assert.deepEqual(
    waiting.outputs.map((output) => output.text),
    ['old\n'],
  );
  const replaced = await kernel.run(`console.log('old'); ${hook}.clear(true); ${hook}.display({ 'text/plain': 'new' })`);
  assert.deepEqual(
    replaced.outputs.map((output) => output.data),
    [{ 'text/plain': 'new' }],
  );
});

test('a value with Jupyter.display is shown as its bundle, also where it makes it asynchronously', async () => {
  const sync = await kernel.run(
    "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<i>v</i>', 'image/png': Uint8Array.of(1, 2, 3) }) })",
  );
  assert.deepEqual(sync.outputs[0]!.data, { 'text/html': '<i>v</i>', 'image/png': 'AQID' });
  const sized = await kernel.run(
    "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': 'p' }), [Symbol.for('roentgen.metadata')]: () => ({ 'image/png': { width: 9 } }) })",
  );
  assert.deepEqual(sized.outputs[0]!.metadata, { 'image/png': { width: 9 } });
  const later = await kernel.run("({ async [Symbol.for('Jupyter.display')]() { return { 'text/html': 'later' } } })");
  assert.deepEqual(later.outputs[0]!.data, { 'text/html': 'later' });
  const failing = await kernel.run("({ [Symbol.for('Jupyter.display')]() { throw new Error('no picture') } })");
  assert.equal(errorOf(failing).evalue, 'no picture');
  assert.equal(failing.reply.status, 'error');
});

test("tslab's own display functions work, updates included", async () => {
  const shown = await kernel.run(`import * as tslab from 'tslab';
    tslab.display.html('<b>1</b>');
    tslab.display.png(Uint8Array.of(1, 2, 3));
    const place = tslab.newDisplay();
    place.text('first');
    place.text('second');`);
  assert.deepEqual(
    shown.outputs.map((output) => output.data),
    [{ 'text/html': '<b>1</b>' }, { 'image/png': 'AQID' }, { 'text/plain': 'second' }],
  );
});

test('what is no bundle is refused where it is shown', async () => {
  assert.match(errorOf(await kernel.run(`${hook}.display('text')`)).evalue, /display: expected a mime bundle/);
});

test('input asks the person and goes on with the answer', async () => {
  const asked: unknown[] = [];
  const shown = await kernel.run(
    `console.log('before');\nconst name = await ${hook}.input('name? ');\nconst secret = await ${hook}.input('key? ', true);\n[name, secret]`,
    {
      onInput(prompt, password) {
        asked.push([prompt, password]);
        return password ? 'sesame' : 'Ada';
      },
    },
  );
  assert.deepEqual(asked, [
    ['name? ', false],
    ['key? ', true],
  ]);
  assert.equal(shown.value, "[ 'Ada', 'sesame' ]");
});

test('input says so where the front end takes no questions, and can be interrupted', async () => {
  assert.match(errorOf(await kernel.run(`await ${hook}.input('?')`)).evalue, /takes no questions/);
  const shown = await kernel.run(`await ${hook}.input('?')`, {
    onInput: async () => {
      await kernel.kernel.interrupt();
      return new Promise<string>(() => {});
    },
  });
  assert.equal(errorOf(shown).ename, 'Interrupted');
  assert.equal((await kernel.run('1')).value, '1');
});
