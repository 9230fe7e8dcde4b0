import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../support';
import { roentgen } from './run';

test('strategies --list names every strategy with its settings', async () => {
  const { status, stdout } = await roentgen(['strategies', '--list', '--json']);
  assert.equal(status, 0);
  const listed = JSON.parse(stdout) as { name: string; what: string; settings: object }[];
  const names = [
    ...['joint', 'unet-only', 'random-unet', 'encoder-swap', 'textual-inversion', 'textual-projection', 'dreambooth', 'lora'],
    ...['replay', 'ewc', 'distillation'],
  ];
  assert.deepEqual(
    listed.map(({ name }) => name),
    names,
  );
  assert.deepEqual(listed.find(({ name }) => name === 'lora')!.settings, { rank: 4, alpha: 4, parts: ['unet'] });
});

test('a base that is not there and a recipe that is not there are wrong usage, with what to do', async (t) => {
  const none = await roentgen(['strategies', '--model', join(tempDir(t), 'base')]);
  assert.equal(none.status, 2);
  assert.match(none.stderr, /is no model folder; name one with --model, or train the base first/);
  const encoder = await roentgen(['mlm', 'nothing']);
  assert.equal(encoder.status, 2);
  assert.match(encoder.stderr, /no encoder recipe "nothing"; there is phantom-bert, or give a JSON file/);
});
