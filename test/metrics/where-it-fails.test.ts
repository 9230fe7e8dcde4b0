/** What a set of images gets wrong, by finding, by image and within groups. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import {
  aurocWithin,
  type Classified,
  type ClassifierConfig,
  classifiedRows,
  failures,
  frechetByFinding,
  frechetDistance,
  type Labelled,
} from 'roentgen-lab/metrics';
import { normalArray } from '#engine/internal';

const config: ClassifierConfig = {
  size: 16,
  channels: [8, 8, 2],
  hidden: 2,
  findings: ['effusion', 'tube'],
  sided: ['effusion'],
};

const seen = (presence: number[], right: number[]): Classified => ({
  features: { values: normalArray(key(1), right.length * 2), rows: right.length, columns: 2 },
  presence: Float32Array.from(presence),
  right: Float32Array.from(right),
});

test('rows are picked from all that is said of the images', () => {
  const all = seen([0, 1, 2, 3, 4, 5], [6, 7, 8]);
  const some = classifiedRows(all, [2, 0]);
  assert.deepEqual([...some.presence, ...some.right], [4, 5, 0, 1, 8, 6]);
  assert.deepEqual(
    [...some.features.values],
    [4, 5, 0, 1].map((i) => all.features.values[i]),
  );
  assert.deepEqual([some.features.rows, some.features.columns], [2, 2]);
  assert.throws(() => classifiedRows(all, [3]), /row 3: expected an integer from 0 to 2/);
});

test('failures are what is missing or on the other side, the surest first', () => {
  const records: Labelled[] = [
    { labels: { effusion: 1, tube: 0 }, sides: { effusion: 'left' } },
    { labels: { effusion: 1, tube: 1 }, sides: { effusion: 'right' } },
    { labels: { effusion: 1, tube: 0 }, sides: { effusion: 'left' } },
    { labels: { effusion: 0 }, sides: {} },
  ];
  const found = failures(config, seen([0.9, 0.9, 0.4, 0.1, 0.8, 0, 0.9, 0.9], [0.8, 0.1, 0.3, 0.9]), records);
  assert.deepEqual(
    found.map(({ image, finding, kind, text }) => [image, finding, kind, text]),
    [
      [1, 'tube', 'missing', 'tube not seen (90%)'],
      [0, 'effusion', 'other side', 'left effusion seen on the right (80%)'],
      [1, 'effusion', 'missing', 'right effusion not seen (60%)'],
    ],
  );
});

test('distances by finding are those of the images that have it, where both sets have two', () => {
  const [a, b] = [seen(Array(8).fill(0), [0, 0, 0, 0]), seen(Array(6).fill(0), [0, 0, 0])];
  const named = (...findings: string[][]): Labelled[] =>
    findings.map((names) => ({ labels: Object.fromEntries(names.map((name) => [name, 1 as const])), sides: {} }));
  const inA = { seen: a, records: named(['effusion'], [], ['effusion', 'tube'], ['tube']) };
  const inB = { seen: b, records: named(['effusion'], ['effusion', 'tube'], []) };
  const distance = frechetDistance(classifiedRows(a, [0, 2]).features, classifiedRows(b, [0, 1]).features);
  assert.deepEqual(frechetByFinding(config.findings, inA, inB), { effusion: distance });
});

test('a confounder earns what its group alone scores, and nothing within a group', () => {
  const record = (view: string | undefined, tube?: 0 | 1): Labelled & { readonly view?: string } => ({
    labels: tube === undefined ? {} : { tube },
    sides: {},
    view,
  });
  const records = [record('AP', 1), record('AP', 0), record('AP', 1), record('PA', 0), record('PA', 0), record('PA'), record(undefined, 1)];
  // The classifier looks at the view only.
  const presence = records.flatMap(({ view }) => [0, view === 'AP' ? 0.9 : 0.1]);
  const measured = aurocWithin(config, seen(presence, Array(7).fill(0)), records, 'tube', ({ view }) => view);
  assert.equal(measured.within.AP, 0.5);
  assert.ok(Number.isNaN(measured.within.PA));
  const alone = (2 * 2 + 2 * 0.5) / (2 * 3); // both tubes before both PA images, level with the other AP one
  assert.deepEqual([measured.all, measured.groupAlone], [alone, alone]);
  assert.throws(() => aurocWithin(config, seen([], []), [], 'nodule', () => 'AP'), /expected one of effusion, tube, got nodule/);
});
