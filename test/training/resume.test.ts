/** Resume, kills, full disks and locks, each in processes of their own. `npm run test:long` kills 200 times. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, startEngine } from 'roentgen-lab/engine';
import { isFused } from '#engine/internal';
import { lockFolder } from '#files/internal';
import { lastCheckpoint, readCheckpoint, writeCheckpoint } from '#training/checkpoint-store';
import { noLeaks, root, tempDir } from '../support';

const program = join(__dirname, 'process.js');
const kills = process.env.ROENTGEN_LONG_TESTS ? 200 : 12;

/** Runs it to its end; the last line names the last checkpoint and the hash of its manifest. */
function finish(folder: string, steps: number, stopAt = 0, lookEvery = 0, env: Record<string, string> = {}): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, folder, String(steps), String(stopAt), String(lookEvery)], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  assert.equal(status, 0, stderr);
  return stdout.trim().split('\n').at(-1)!;
}

test('stopped at a step and resumed in a new process, the bytes are those of a run without a stop; looking on changes nothing', (t) => {
  const folder = tempDir(t);
  const whole = finish(join(folder, 'whole'), 12);
  assert.match(whole, /^step-0+12 [0-9a-f]{64}$/);
  const stopAt = 1 + Math.floor(11 * Math.random());
  assert.match(finish(join(folder, 'parts'), 12, stopAt), new RegExp(`^step-0*${stopAt} `));
  assert.equal(finish(join(folder, 'parts'), 12, 0, 3), whole, `stopped at ${stopAt}`);
  for (const file of ['state.safetensors', 'losses.jsonl', 'progress.json'])
    assert.deepEqual(
      readFileSync(join(folder, 'parts', 'step-00000012', file)),
      readFileSync(join(folder, 'whole', 'step-00000012', file)),
      file,
    );
});

test('in bfloat16 too, other than in float32', async (t) => {
  await startEngine();
  if (!isFused()) return t.skip('no fused operations here');
  const folder = tempDir(t);
  const env = { ROENTGEN_PRECISION: 'bfloat16' };
  const whole = finish(join(folder, 'whole'), 12, 0, 0, env);
  finish(join(folder, 'parts'), 12, 5, 0, env);
  assert.equal(finish(join(folder, 'parts'), 12, 0, 0, env), whole);
  assert.notEqual(finish(join(folder, 'float32'), 12), whole);
});

test(`killed ${kills} times at random moments, a whole checkpoint is always there and never an older one`, {
  timeout: 3_600_000,
}, async (t) => {
  const folder = join(tempDir(t), 'checkpoints');
  const whole = finish(join(tempDir(t), 'whole'), 12 * kills);
  let before = 0;
  for (let i = 0; i < kills; i++) {
    const child = spawn(process.execPath, [program, folder, String(12 * kills)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let steps = 0;
    const enough = 2 + Math.floor(6 * Math.random());
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (text: Buffer) => {
        steps += String(text).split('\n').length - 1;
        if (steps >= enough) setTimeout(() => child.kill('SIGKILL'), 15 * Math.random());
      });
      child.on('close', () => resolve());
    });
    const last = await lastCheckpoint(folder);
    assert.ok(last && last.step >= before, `kill ${i}: ${last?.step} after ${before}`);
    before = last.step;
  }
  assert.ok(before > kills, `${before} steps in ${kills} sittings`);
  assert.equal(finish(folder, 12 * kills), whole);
});

const state = (value: number, size = 4): { w: tf.Tensor } => ({ w: tf.fill([size], value) });

test(
  'a damaged checkpoint is passed over for the one before it; where all are damaged, that is said',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    for (const step of [1, 2]) {
      const now = state(step);
      await writeCheckpoint(folder, { state: now, step, log: [], identity: 'a' }, { keep: 2, every: 1 });
      dispose(now);
    }
    const path = join(folder, 'step-00000002', 'state.safetensors');
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
    const like = state(0);
    assert.deepEqual((await lastCheckpoint(folder))?.damaged, [`${path} has other bytes than its manifest says`]);
    const found = await readCheckpoint(folder, like);
    assert.equal(found?.step, 1);
    assert.deepEqual([...found.state.w.dataSync()], [1, 1, 1, 1]);
    writeFileSync(join(folder, 'step-00000001', 'manifest.json'), '{');
    await assert.rejects(
      readCheckpoint(folder, like),
      /holds no whole checkpoint .*step-0+2.state\.safetensors has other bytes than its manifest says/,
    );
    const bad = state(Number.NaN);
    await assert.rejects(
      writeCheckpoint(folder, { state: bad, step: 3, log: [], identity: 'a' }, { keep: 2 }),
      /step 3: w: value 0 is NaN/,
    );
    assert.ok(!existsSync(join(folder, 'step-00000003', 'manifest.json')));
    dispose(like, found.state, bad);
  }),
);

test('a run that goes on says which checkpoint is damaged and which it takes instead', (t) => {
  const damage: [what: RegExp, ruin: (newest: string) => void][] = [
    [/state\.safetensors has 100 bytes, \d+ by its manifest/, (newest) => truncateSync(join(newest, 'state.safetensors'), 100)],
    [/progress\.json: cannot be read: there is no such file/, (newest) => rmSync(join(newest, 'progress.json'))],
    [/manifest\.json: is not valid JSON: it is empty/, (newest) => writeFileSync(join(newest, 'manifest.json'), '')],
    [/manifest\.json does not list losses\.jsonl/, (newest) => writeFileSync(join(newest, 'manifest.json'), '{"files": {}}')],
    [/step-00000005 was whole once, but its manifest\.json is gone/, (newest) => rmSync(newest, { recursive: true })],
  ];
  const folder = tempDir(t);
  finish(join(folder, 'whole'), 5);
  for (const [i, [what, ruin]] of damage.entries()) {
    const own = join(folder, String(i));
    cpSync(join(folder, 'whole'), own, { recursive: true });
    ruin(join(own, 'step-00000005'));
    const { stderr, status } = spawnSync(process.execPath, [program, own, '6'], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.match(stderr, what);
    assert.match(stderr, /going on from step 4 \(.*step-00000004\)/);
  }
  const { stderr } = spawnSync(process.execPath, [program, join(folder, 'whole'), '6'], { encoding: 'utf8' });
  assert.doesNotMatch(stderr, /going on from/);
});

test('on a full disk the checkpoint before it loads, and the error names path and bytes; a read-only folder is named too', (t) => {
  const folder = tempDir(t);
  for (const name of ['small', 'fixed']) mkdirSync(join(folder, name));
  const code = `
    const tf = require('@tensorflow/tfjs-core');
    const { startEngine } = require('roentgen-lab/engine');
    const { lastCheckpoint, readCheckpoint, writeCheckpoint } = require('#training/checkpoint-store');
    (async () => {
      await startEngine();
      const errors = [];
      const write = (folder, step, size) =>
        writeCheckpoint(folder, { state: { w: tf.fill([size], step) }, step, log: [], identity: 'a' }, { keep: 2, every: 1 })
          .catch((error) => errors.push([error.name, error.code, error.message]));
      const small = ${JSON.stringify(join(folder, 'small'))};
      await write(small, 1, 1000);
      await write(small, 2, 100000);
      await write(${JSON.stringify(join(folder, 'fixed', 'run'))}, 1, 10);
      const found = await readCheckpoint(small, { w: tf.zeros([1000]) });
      console.log(JSON.stringify({ errors, step: found.step, value: found.state.w.dataSync()[999] }));
    })();`;
  const mounts = `mount -t tmpfs -o size=96k none '${folder}/small' && mount -t tmpfs -o ro none '${folder}/fixed'`;
  const args = ['-rm', 'sh', '-c', `${mounts} || exit 77; exec "$0" -e "$1"`, process.execPath, code];
  const { status, stdout, stderr, error } = spawnSync('unshare', args, { cwd: root, encoding: 'utf8' });
  if (error || status === 77 || /unshare/.test(stderr)) return t.skip('no mount namespaces here');
  assert.equal(status, 0, stderr);
  const { errors, step, value } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { errors: string[][]; step: number; value: number };
  assert.deepEqual([step, value], [1, 1]);
  assert.deepEqual(
    errors.map(([name, code]) => [name, code]),
    [
      ['FileError', 'ENOSPC'],
      ['FileError', 'EROFS'],
    ],
  );
  assert.match(errors[0]![2]!, /step-0+2.state\.safetensors: cannot be written \(\d+ bytes, failed after \d+\): the disk is full/);
  assert.match(errors[1]![2]!, /fixed.run.*read-only/);
});

test('a folder has one writer, and a dead process holds nothing', async (t) => {
  const folder = tempDir(t);
  const unlock = await lockFolder(folder);
  const code = `require('#files/lock').lockFolder(${JSON.stringify(folder)}).then(() => process.kill(process.pid, 'SIGKILL'), (e) => { console.error(e.message); process.exit(3); })`;
  const other = () => spawnSync(process.execPath, ['-e', code], { cwd: root, encoding: 'utf8' });
  const refused = other();
  assert.equal(refused.status, 3);
  assert.match(refused.stderr, new RegExp(`process ${process.pid} on .* is writing here`));
  await unlock();
  assert.equal(other().signal, 'SIGKILL', 'it had the lock, and died with it');
  await (await lockFolder(folder))();
  assert.deepEqual(readdirSync(folder), []);
  await startEngine();
});
