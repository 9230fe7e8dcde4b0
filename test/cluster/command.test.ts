/** `roentgen train` in several processes: one folder, one log, one model, the numbers of one process. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Ended, roentgen } from '../cli/run';
import { tempDir } from '../support';
import { near, ports } from './processes';
import { recipeFile } from './shared-recipe';

const train = (args: readonly string[]): Promise<Ended> => roentgen(['train', ...args]);

const lossesOf = (folder: string): number[] =>
  readFileSync(join(folder, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { loss: number }).loss);

test('autoencoder and diffusion model of a recipe, shared by two: the leader alone writes and speaks', { timeout: 300_000 }, async (t) => {
  const folder = tempDir(t);
  const recipe = recipeFile(folder);
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  const alone = await train([recipe, '--out', one]);
  assert.equal(alone.status, 0, alone.stderr);
  const addresses = (await ports(2)).join();
  const of = (rank: number): Promise<Ended> => train([recipe, '--out', two, '--workers', addresses, '--rank', String(rank)]);
  const [leader, other] = await Promise.all([of(0), of(1)]);
  assert.equal(leader!.status, 0, leader!.stderr);
  assert.equal(other!.status, 0, other!.stderr);
  assert.equal(`${other!.stdout}${other!.stderr}`.trim(), '', 'who follows says nothing');
  near(lossesOf(two), lossesOf(one), 1e-4);
  near(lossesOf(join(two, 'autoencoder')), lossesOf(join(one, 'autoencoder')), 1e-4);
  assert.ok(existsSync(join(two, 'model', 'model_index.json')) && existsSync(join(two, 'report.html')));
});

test('what cannot be shared is told before anything is trained', { timeout: 120_000 }, async (t) => {
  const folder = tempDir(t);
  const recipe = recipeFile(folder);
  const half = await train([recipe, '--out', join(folder, 'half'), '--rank', '0']);
  assert.equal(half.status, 2);
  assert.match(half.stderr, /give --workers and --rank, or neither/);
  const addresses = (await ports(3)).join();
  const three = await Promise.all(
    [0, 1, 2].map((rank) => train([recipe, '--out', join(folder, 'three'), '--workers', addresses, '--rank', String(rank)])),
  );
  for (const { status, stderr } of three) {
    assert.notEqual(status, 0);
    assert.match(stderr, /a step has 4 batches \(accumulation\), which 3 processes can't share evenly/);
  }
  const two = (await ports(2)).join();
  const others = await Promise.all(
    [0, 1].map((rank) =>
      train([recipe, '--out', join(folder, 'two'), '--workers', two, '--rank', String(rank), ...(rank === 1 ? ['--seed', '7'] : [])]),
    ),
  );
  for (const { status, stderr } of others) {
    assert.notEqual(status, 0);
    assert.match(stderr, /do not begin with the same step and weights|do not compute the same|another process has ended/);
  }
});
