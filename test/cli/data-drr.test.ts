/** `roentgen data drr`. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readImage } from 'roentgen-lab/files';
import { readPngText } from '#files/internal';
import { type InventedCt, writeSeries } from '../ct-files';
import { tempDir } from '../support';
import { roentgen } from './run';

const ct: InventedCt = {
  shape: [60, 40, 20],
  spacing: [6, 6, 15],
  hu: (x, y) =>
    ((x - 30) / 27) ** 2 + ((y - 20) / 17) ** 2 < 1 ? (Math.abs(Math.abs(x - 30) - 13) < 8 && Math.abs(y - 20) < 11 ? -800 : 20) : -1000,
};

test('a series becomes a PNG that says how it was projected', async (t) => {
  const folder = tempDir(t);
  writeSeries(join(folder, 'ct'), ct);
  const out = join(folder, 'a.png');
  const ended = await roentgen(['data', 'drr', join(folder, 'ct'), '--out', out, '--size', '64', '--angle', '-30', '--json']);
  assert.equal(ended.status, 0, ended.stderr);
  const { width, azimuth, mode } = JSON.parse(ended.stdout) as Record<string, unknown>;
  assert.deepEqual([width, azimuth, mode], [64, 330, 'physical']);
  const image = await readImage(out);
  assert.deepEqual([image.width, image.height, image.channels], [64, 64, 1]);
  assert.ok(new Set(image.data).size > 20, 'it shows something');
  const text = await readPngText(out);
  assert.match(text.Comment!, /not for diagnosis/);
  assert.equal((JSON.parse(text.Projection!) as { azimuth: number }).azimuth, 330);

  const plain = await roentgen([
    'data',
    'drr',
    join(folder, 'ct'),
    '--out',
    out,
    '--size',
    '64',
    '--mode',
    'published',
    '--view',
    'lateral',
  ]);
  assert.equal(plain.status, 0, plain.stderr);
  assert.match(plain.stdout, /64 × 64, 90° from AP, source 1300 mm from the middle/);
});

test('wrong usage and bad input end with 2, and leave no picture', async (t) => {
  const folder = tempDir(t);
  writeSeries(join(folder, 'ct'), ct);
  const out = join(folder, 'a.png');
  const cases: [string[], RegExp][] = [
    [['ct', '--out', join(folder, 'a.jpg')], /--out: expected a file ending in \.png/],
    [['ct', '--out', out, '--view', 'pa', '--angle', '3'], /cannot be used with/],
    [['ct', '--out', out, '--size', '8'], /whole number from 16/],
    [['ct', '--out', out, '--threshold', '0'], /--threshold has no effect in the mode physical/],
    [['ct', '--out', out, '--mode', 'published', '--noise', '0'], /--noise has no effect in the mode published/],
    [['none', '--out', out], /there is no such file or folder/],
  ];
  for (const [[source, ...rest], message] of cases) {
    const ended = await roentgen(['data', 'drr', join(folder, source!), ...rest]);
    assert.equal(ended.status, 2, ended.stderr);
    assert.match(ended.stderr, message);
  }
  assert.ok(!existsSync(out));
});
