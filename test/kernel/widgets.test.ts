import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Content, Message } from 'roentgen-lab/kernel-client';
import { root, tempDir } from '../support';
import { type Shown, session } from './session';

const kernel = session({ cwd: root });
const view = 'application/vnd.jupyter.widget-view+json';
const modelOf = (shown: Shown): string => (shown.outputs.at(-1)!.data![view] as { model_id: string }).model_id;
const set = (id: string, state: Content): string =>
  kernel.kernel.send('comm_msg', { comm_id: id, data: { method: 'update', state, buffer_paths: [] } });

/** Waits for a message. */
function heard(wanted: (message: Message) => boolean): Promise<Message> {
  return new Promise((resolve) => {
    const stop = kernel.kernel.listen((message) => {
      if (!wanted(message)) return;
      stop();
      resolve(message);
    });
  });
}

test("a handler's text and error appear under the cell that shows the control, which goes on working", async () => {
  const shown = await kernel.run(`import { dropdown, output } from 'roentgen-lab/display';
const choice = dropdown({ options: ['a', 'b', 'c'], onChange: async (value) => {
  await new Promise((r) => setTimeout(r, 5));
  console.log('chose', value);
  if (value === 'b') throw new RangeError('not b');
} });
choice`);
  const id = modelOf(shown);
  const cell = shown.messages[0]!.parent.msg_id;
  const text = heard(({ header, content }) => header.msg_type === 'stream' && content.text.includes('chose b'));
  const error = heard(({ header }) => header.msg_type === 'error');
  set(id, { index: 1 });
  assert.equal((await text).parent.msg_id, cell);
  const { parent, content } = await error;
  assert.deepEqual([parent.msg_id, content.ename, content.evalue], [cell, 'RangeError', 'not b']);
  assert.deepEqual(content.traceback, ['RangeError: not b', '    at onChange (cell[1]:5:28)']);
  const again = heard(({ header, content: { text: words } }) => header.msg_type === 'stream' && words.includes('chose c'));
  set(id, { index: 2 });
  await again;
  assert.equal((await kernel.run('choice.value')).value, "'c'");
});

test('values arrive while a cell runs', async () => {
  const running = kernel.run(
    `import { slider } from 'roentgen-lab/display';
const level = slider({ min: 0, max: 100 });
level.show();
while (level.value !== 42) await new Promise((r) => setTimeout(r, 10));
level.value`,
    {
      onMessage({ header, content }) {
        if (header.msg_type === 'display_data') set(content.data[view].model_id, { value: 42 });
      },
    },
  );
  assert.equal((await running).value, '42');
});

test('an interrupt ends a handler', async () => {
  const shown = await kernel.run(`import { button } from 'roentgen-lab/display';
const run = button({ label: 'Run', onClick: async () => { console.log('handler started'); for (;;) await new Promise((r) => setTimeout(r, 10)); } });
run`);
  const started = heard(({ header, content }) => header.msg_type === 'stream' && content.text.includes('handler started'));
  kernel.kernel.send('comm_msg', { comm_id: modelOf(shown), data: { method: 'custom', content: { event: 'click' } } });
  await started;
  const error = heard(({ header }) => header.msg_type === 'error');
  await kernel.kernel.interrupt();
  assert.equal((await error).content.ename, 'Interrupted');
  assert.equal((await kernel.run('1 + 1')).value, '2');
});

test('prints, displays and their updates can be captured, also behind an await', async () => {
  const shown = await kernel.run(`import { output, imageGrid, progress } from 'roentgen-lab/display';
const place = output();
await place.capture(async () => {
  console.log('first');
  const bar = progress(2, 'Bar');
  await new Promise((r) => setTimeout(r, 5));
  bar.end();
  console.log('last');
});
console.log('outside');
place`);
  assert.equal(shown.text, 'outside\n');
  const opened = shown.messages.find(({ content }) => content.data?.state?._model_name === 'OutputModel')!;
  const outputs = opened.content.data.state.outputs as { text?: string; data?: Content }[];
  assert.deepEqual(
    outputs.map((one) => one.text ?? String(one.data!['text/plain']).slice(0, 4)),
    ['first\n', 'Bar:', 'last\n'],
  );
});

test('nbclient stores the state of the controls in the notebook', (t) => {
  const python = join(root, '.venv', 'bin', 'python');
  if (!existsSync(python)) {
    t.skip('Jupyter is not installed: npm run setup');
    return;
  }
  const path = join(tempDir(t), 'book.ipynb');
  const source =
    "import { column, image, slider } from 'roentgen-lab/display';\nconst level = slider({ label: 'Level', min: 0, max: 9 });\nlevel.value = 4;\ncolumn([level, image()])";
  const cells = [
    { cell_type: 'code', id: 'a', metadata: {}, source, outputs: [], execution_count: null },
    { cell_type: 'code', id: 'b', metadata: {}, source: 'level.value = 7;', outputs: [], execution_count: null },
  ];
  writeFileSync(
    path,
    JSON.stringify({
      nbformat: 4,
      nbformat_minor: 5,
      metadata: { kernelspec: { name: 'roentgen', display_name: '', language: 'typescript' } },
      cells,
    }),
  );
  const script =
    'import sys, nbformat; from nbclient import NotebookClient; nb = nbformat.read(sys.argv[1], 4); NotebookClient(nb, timeout=120, startup_timeout=180).execute(); nbformat.write(nb, sys.argv[1])';
  execFileSync(python, ['-c', script, path], { env: { ...process.env, JUPYTER_PREFER_ENV_PATH: '1' } });
  const { metadata } = JSON.parse(readFileSync(path, 'utf8')) as { metadata: { widgets: Content } };
  const models = Object.values(metadata.widgets['application/vnd.jupyter.widget-state+json'].state) as Content[];
  const slider = models.find(({ model_name }) => model_name === 'IntSliderModel')!;
  assert.equal(slider.state.value, 7, 'a later cell changed it');
  const picture = models.find(({ model_name }) => model_name === 'ImageModel')!;
  assert.equal(picture.buffers[0].encoding, 'base64');
});

test('names of the library are completed and documented, members of its values too', async () => {
  await kernel.run("import { dropdown } from 'roentgen-lab/display'; const d = dropdown({ options: [1, 2] });");
  const ask = (type: string, code: string): Promise<Content> =>
    kernel.kernel.request('shell', type, { code, cursor_pos: code.length, detail_level: 0 });
  const { matches } = await ask('complete_request', 'd.');
  for (const name of ['value', 'disabled', 'show']) assert.ok(matches.includes(name), `${name} among ${matches}`);
  assert.ok((await ask('complete_request', 'dropdown({ ')).matches.includes('onChange'));
  const { data } = await ask('inspect_request', 'dropdown(');
  assert.match(data['text/markdown'], /A choice of one among several\.[\s\S]*@example/);
});
