import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mock, test } from 'node:test';
import { figure, live, liveLoss, progress, table, withProgress } from 'roentgen-lab/display';
import { plotlyMime } from '#display/figure';
import { hostSymbol, input } from '#display/host';
import { tellWait } from '#engine/internal';
import { root } from '../support';
import { fakeHost } from './fake-host';

const text = (bundle: Readonly<Record<string, unknown>>): string => String(bundle['text/plain']);

/** Time that only moves when told to. */
function frozen(t: { after(done: () => void): void }): void {
  mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
  t.after(() => mock.timers.reset());
}

test('a progress bar is one display, updated at most ten times a second', (t) => {
  const sent = fakeHost(t);
  frozen(t);
  const bar = progress(1000, 'VAE');
  for (let i = 1; i <= 1000; i++) {
    mock.timers.tick(2);
    bar.update(i, `loss ${i}`);
  }
  bar.end();
  assert.deepEqual(
    sent.map(({ kind }) => kind),
    ['display', ...new Array(sent.length - 1).fill('update')],
  );
  assert.equal(new Set(sent.map(({ id }) => id)).size, 1);
  assert.ok(sent.length >= 15 && sent.length <= 23, `${sent.length} messages in two seconds`);
  const { bundle, metadata } = sent[sent.length - 1]!;
  assert.match(text(bundle), /^VAE: 100%, 1000\/1000, 2\.0 s, 500\/s, loss 1000$/);
  assert.deepEqual((metadata.roentgen as { progress: boolean; ended: boolean }).progress, true);
  assert.equal((metadata.roentgen as { ended: boolean }).ended, true);
});

test('the last update of a burst is shown without another one', (t) => {
  const sent = fakeHost(t);
  frozen(t);
  const bar = progress(10, 'x');
  bar.update(1);
  bar.update(2);
  bar.update(3);
  mock.timers.tick(150);
  assert.match(text(sent[sent.length - 1]!.bundle), /3\/10/);
});

test('time left is judged by the recent rate, not by a slow first step', (t) => {
  const sent = fakeHost(t);
  frozen(t);
  const bar = progress(101, 'x');
  mock.timers.tick(60_000);
  bar.update(1);
  for (let i = 2; i <= 51; i++) {
    mock.timers.tick(1000);
    bar.update(i);
  }
  assert.match(text(sent[sent.length - 1]!.bundle), /50 s left, 1\.0\/s/);
});

test('nothing comes after the end', (t) => {
  const sent = fakeHost(t);
  const bar = progress(2, 'x');
  bar.end();
  const before = sent.length;
  bar.update(2);
  bar.end();
  assert.equal(sent.length, before);
});

test('a bar ends with what it measures, also by an error', async (t) => {
  const sent = fakeHost(t);
  assert.equal(await withProgress(2, 'ok', () => 42), 42);
  assert.match(text(sent[sent.length - 1]!.bundle), /^ok: kept from before$/);
  await assert.rejects(
    withProgress(5, 'bad', (bar) => {
      bar.update(2);
      throw new Error('disk <full>');
    }),
    /disk <full>/,
  );
  const last = sent[sent.length - 1]!;
  assert.match(text(last.bundle), /bad: 40%.*stopped: disk <full>$/);
  assert.match(String(last.bundle['text/html']), /disk &lt;full&gt;/);
  assert.equal((last.metadata.roentgen as { failed: boolean }).failed, true);
});

test('a bar says what is waited for until its first step, and at its end how long that was', async (t) => {
  const sent = fakeHost(t);
  frozen(t);
  const shown = (): string => text(sent[sent.length - 1]!.bundle);
  await withProgress(4, 'U-Net', async (bar) => {
    await Promise.resolve();
    tellWait('encoding images', 0, 64);
    assert.match(shown(), /^U-Net: 0%, 0\/4, encoding images, 0 of 64$/);
    mock.timers.tick(1000);
    tellWait('encoding images', 32, 64);
    mock.timers.tick(1000);
    assert.match(shown(), /encoding images, 32 of 64$/);
    tellWait('compiling');
    assert.match(shown(), /0\/4, compiling$/, 'at once, since what comes may block');
    mock.timers.tick(1000);
    for (let i = 1; i <= 4; i++) {
      bar.update(i, 'loss 1');
      mock.timers.tick(500);
    }
    assert.match(shown(), /4\/4, .*loss 1$/);
  });
  assert.match(shown(), /^U-Net: 100%, 4\/4, 5\.0 s \(3\.0 s of it encoding images, compiling\), 2\.0\/s, loss 1$/);
  tellWait('nobody hears this');
});

test('a bar around a training that was stopped says where, and how it goes on', async (t) => {
  const sent = fakeHost(t);
  const stopped = 'Stopped at step 2 of 4. Run the cell again to go on.';
  const result = await withProgress(4, 'U-Net', (bar) => {
    bar.update(2);
    return { stopped };
  });
  assert.equal(result.stopped, stopped);
  const { bundle, metadata } = sent[sent.length - 1]!;
  assert.match(text(bundle), /^U-Net: 50%, 2\/4, .*stopped at step 2 of 4\. Run the cell again to go on\.$/);
  assert.equal((metadata.roentgen as { failed: boolean }).failed, true);
});

const loop = `
  const { progress } = require('roentgen-lab/display');
  const bar = progress(2000, 'U-Net');
  const until = Date.now() + 600;
  let i = 0;
  while (Date.now() < until) bar.update(Math.min(2000, ++i));
  bar.update(2000, 'loss 0.1');
  bar.end();
`;

function terminal(script: string): string {
  const wrapped = `process.stderr.write = (text) => process.stdout.write(text); ${script}`;
  return execFileSync(process.execPath, ['-e', wrapped], { cwd: root, encoding: 'utf8', timeout: 60_000 });
}

test('in a terminal the bar rewrites one line', () => {
  const out = terminal(`process.stderr.isTTY = true; process.stderr.columns = 50; ${loop}`);
  assert.equal(out.split('\n').length, 2, 'one line, ended');
  const states = out.trimEnd().split('\r').slice(1);
  assert.ok(states.length >= 4 && states.length <= 10, `${states.length} states in 0.6 s`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal's erase sequence
  for (const state of states) assert.ok(state.replace(/\u001b\[2K/, '').length < 50, state);
});

test('without a terminal a short job is one plain line', () => {
  const out = terminal(`process.stderr.isTTY = undefined; ${loop}`);
  assert.match(out, /^U-Net: 100%, 2000\/2000, 0\.\d s, .*loss 0\.1\n$/);
});

test('a live display shows drafts in place and the whole bundle at the end', (t) => {
  const sent = fakeHost(t);
  frozen(t);
  const place = live();
  for (let i = 1; i <= 100; i++) {
    mock.timers.tick(20);
    place.update(() => figure({ data: [{ y: new Array(i).fill(1) }] }));
  }
  assert.ok(sent.length >= 2 && sent.length <= 8, `${sent.length} redraws in two seconds`);
  assert.ok(sent.every(({ bundle }) => 'image/png' in bundle && !(plotlyMime in bundle)));
  assert.equal(new Set(sent.map(({ bundle }) => bundle['image/png'])).size, sent.length, 'each shows more');
  place.end();
  place.update(figure({ data: [] }));
  mock.timers.tick(1000);
  const last = sent[sent.length - 1]!;
  assert.ok('image/png' in last.bundle);
  assert.equal((last.bundle[plotlyMime] as { data: { y: number[] }[] }).data[0]!.y.length, 100, 'the newest state');
  assert.equal(new Set(sent.map(({ id }) => id)).size, 1);
});

test('live losses collect every step', (t) => {
  const sent = fakeHost(t);
  const losses = liveLoss({ title: 'VAE' });
  for (let i = 0; i < 20; i++) losses.push(i, i % 10 === 0 ? { train: 1, validation: 2 } : { train: 1 });
  losses.end();
  const { data } = sent[sent.length - 1]!.bundle[plotlyMime] as { data: { name: string; y: number[] }[] };
  assert.deepEqual(
    data.map(({ name, y }) => [name, y.length]),
    [
      ['train', 20],
      ['validation', 2],
    ],
  );
});

test('stock tslab gets whole bundles through its own writer', (t) => {
  const written: { data: object; transient: { display_id?: string }; update: boolean }[] = [];
  const file = '/somewhere/node_modules/tslab/dist/jupyter.js';
  const write = (message: { data: object; transient: object }, update: boolean): void => void written.push({ ...message, update });
  require.cache[file] = { exports: { lastWriteDisplayData: write } } as unknown as NodeModule;
  t.after(() => delete require.cache[file]);
  table({ a: [1] }).show();
  assert.deepEqual(Object.keys(written[0]!.data).sort(), ['text/html', 'text/plain']);
  const bar = progress(2, 'x');
  bar.end();
  assert.deepEqual(
    written.slice(1).map(({ update }) => update),
    [false, true],
  );
  assert.equal(written[1]!.transient.display_id, written[2]!.transient.display_id);
});

test('the kernel that offers a display is asked first', async (t) => {
  fakeHost(t);
  assert.ok(hostSymbol in globalThis);
  assert.equal(await input('name?'), 'answer to name?');
});
