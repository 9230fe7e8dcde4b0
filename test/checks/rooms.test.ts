/** What CONTRIBUTING.md says of the rooms is what the code does. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support';

const contributing = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');

test('the picture of rooms shows the imports that there are', () => {
  const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'test', 'checks', 'rooms.mjs')], { encoding: 'utf8' });
  assert.ok(stdout.includes('flowchart'), stderr);
  assert.ok(
    contributing.includes(stdout.trim()),
    'the picture in CONTRIBUTING.md is not that of the imports; "node test/checks/rooms.mjs --write" rewrites it',
  );
});

test('the table of rooms has them in the order of the import rule', () => {
  const { forbidden } = require(join(root, '.dependency-cruiser.cjs')) as { forbidden: { name: string }[] };
  const ordered = forbidden.flatMap(({ name }) => /^(.*)-imports-only-from-above$/.exec(name)?.slice(1) ?? []);
  const table = contributing.slice(contributing.indexOf('| room | holds |')).split('\n\n')[0]!;
  const listed = table.split('\n').flatMap((row) => [...row.split('|')[1]!.matchAll(/`([a-z]+)`/g)].map(([, room]) => room!));
  assert.deepEqual(listed, [...ordered, 'cli'], 'CONTRIBUTING.md and .dependency-cruiser.cjs');
});
