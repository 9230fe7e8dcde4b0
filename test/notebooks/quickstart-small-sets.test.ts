import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPhantom } from 'roentgen-lab/datasets';
import { writePng } from 'roentgen-lab/files';
import { atEnd, root, tempDir } from '../support';
import { quickstart, smallest } from './run-quickstart';

test('the smallest set that can be measured on goes the whole way; a smaller one is refused before anything trains', async (t) => {
  const name = `test-smallest-${process.pid}`;
  atEnd(t, () => rmSync(join(root, 'runs', name), { recursive: true, force: true }));
  const folder = tempDir(t);
  const source = openPhantom({ seed: 6, count: 6 });
  const add = async (i: number): Promise<void> => {
    const data = Uint8Array.from(await source.pixels(i, 64), (value) => Math.round(value * 255));
    await writePng(join(folder, `${i}.png`), { width: 64, height: 64, channels: 1, data });
    await writeFile(join(folder, `${i}.txt`), source.record(i).text);
  };
  for (let i = 0; i < 5; i++) await add(i);
  const recipe = join(tempDir(t), 'smallest.json');
  await writeFile(recipe, JSON.stringify(smallest));
  // Without --from-scratch: the phantom's model, which may not be there yet, is not trained for a set that is refused.
  const few = await quickstart('--data', folder, '--recipe', recipe, '--name', name);
  assert.equal(few.code, 2, few.stderr);
  assert.match(
    few.stderr,
    /4 pictures to train on and 1 of other patients to measure on are too few; expected 2 of each at least, which 6 patients give/,
  );
  assert.doesNotMatch(few.stderr, /\[\d+\/\d+\]/, 'no cell has run');
  assert.ok(!existsSync(join(root, 'runs', name)));

  await add(5);
  const { code, stdout, stderr } = await quickstart('--data', folder, '--from-scratch', '--recipe', recipe, '--name', name, '--json');
  assert.equal(code, 0, stderr);
  const { images, notes } = JSON.parse(stdout) as { images: number; notes: string[] };
  assert.deepEqual([images, notes], [4, []]);
});
