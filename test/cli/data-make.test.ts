import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../support';
import { roentgen } from './run';

test('data make writes a data set and says how much it holds', async (t) => {
  const out = join(tempDir(t), 'set');
  const { status, stdout, stderr } = await roentgen(['data', 'make', 'phantom', '--count', '5', '--size', '32', '--out', out, '--json']);
  assert.equal(status, 0, stderr);
  const facts = JSON.parse(stdout);
  assert.equal(facts.studies, 5);
  assert.ok(facts.images >= 5 && facts.masks > 15);
  for (const file of ['README.txt', 'records.csv', 'radgraph.json', 'boxes.csv']) assert.ok(existsSync(join(out, file)), file);
  const again = await roentgen(['data', 'make', 'phantom', '--out', out]);
  assert.equal(again.status, 2);
  assert.match(again.stderr, /nothing was written/);
});

test('data make refuses what it cannot make', async (t) => {
  const out = join(tempDir(t), 'set');
  for (const [args, message] of [
    [['data', 'make', 'phantom'], /--out/],
    [['data', 'make', 'world', '--out', out], /phantom/],
    [['data', 'make', 'phantom', '--size', '5000', '--out', out], /32 to 1024/],
    [['data', 'make', 'phantom', '--children', '2', '--out', out], /0 to 1/],
  ] as const) {
    const { status, stderr } = await roentgen(args);
    assert.equal(status, 2, args.join(' '));
    assert.match(stderr, message);
  }
  assert.ok(!existsSync(out));
});

test('data make stops at Ctrl-C', async (t) => {
  const out = join(tempDir(t), 'set');
  const ended = await roentgen(['data', 'make', 'phantom', '--count', '2000', '--size', '64', '--out', out], {
    interruptWhen: () => existsSync(join(out, 'masks')),
  });
  assert.equal(ended.status, 130);
  assert.ok(!existsSync(join(out, 'records.csv')));
});
