/** The paper's Table 1, counted by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dataset, type ImageRecord, openPhantom } from 'roentgen-lab/datasets';
import {
  tableOne,
  tableOneAsPrinted,
  tableOneFigure,
  tableOneLabels,
  tableOneOfPaper,
  tableOnePart,
  tableOneRows,
} from 'roentgen-lab/experiments';
import { trainBpe } from 'roentgen-lab/tokenizers';

const record = (text: string, patient: string, view: string | undefined, labels: ImageRecord['labels']): ImageRecord => ({
  id: text,
  patient,
  text,
  ...(view === undefined ? {} : { view }),
  labels,
  sides: {},
});

function datasetOf(records: readonly ImageRecord[]): Dataset {
  return {
    name: 'four',
    credit: '',
    findings: [],
    length: records.length,
    record: (i) => records[i]!,
    pixels: () => Promise.reject(new Error('no pixels are needed')),
  };
}

const tokenizer = trainBpe(['a b c d'], { vocabularySize: 520, maxLength: 6 });

test('images, patients, views, lengths and labels of four records', () => {
  const part = tableOnePart(
    'four',
    datasetOf([
      record('a', 'p1', 'PA', { effusion: 1, pneumonia: 0 }),
      record('a b', 'p1', 'AP', { effusion: 0, pneumonia: 0 }),
      record('a b c', 'p2', 'PA', { effusion: 1, pneumonia: 1 }),
      record('a b c d', 'p3', undefined, { effusion: 0, pneumonia: 0 }),
    ]),
    tokenizer,
  );
  assert.deepEqual([part.images, part.patients, part.cut], [4, 3, 0]);
  assert.deepEqual(part.views, { PA: 2, AP: 1, unknown: 1 });
  assert.deepEqual(part.labels, { 'No Finding': 2, 'Pleural Effusion': 2, Pneumonia: 1 });
  assert.equal(part.characters.mean, 4);
  assert.ok(Math.abs(part.characters.std - Math.sqrt(20 / 3)) < 1e-12);
  assert.deepEqual([part.tokens.mean, part.tokens.std], [4.5, Math.sqrt(5 / 3)]);
});

test('longer texts are counted whole and as cut; labels of a text stand in for those of a dataset without any', () => {
  const dataset = datasetOf([record('a b c d a b', 'p', 'PA', {}), record('a', 'q', 'PA', {})]);
  assert.deepEqual(tableOnePart('x', dataset, tokenizer).labels, {});
  const part = tableOnePart('x', dataset, tokenizer, (text): ImageRecord['labels'] => ({ edema: text.length > 1 ? 1 : 0 }));
  assert.deepEqual([part.cut, part.tokens.mean, part.labels.Edema, part.labels['No Finding']], [1, 5.5, 1, 1]);
  assert.throws(() => tableOnePart('none', datasetOf([]), tokenizer), /none has no images/);
});

test("the paper's columns have all labels, and are named as the paper's; rows have a cell for each part", () => {
  const paper = tableOneOfPaper();
  assert.deepEqual(
    paper.map(({ name, images }) => [name, images]),
    [
      ['paper: PA train', 38009],
      ['paper: PA/AP/LAT train', 175622],
      ['paper: MIMIC test', 2225],
      ['paper: P19 test', 5000],
    ],
  );
  for (const { labels } of paper) assert.deepEqual(Object.keys(labels).sort(), [...tableOneLabels].sort());
  const phantom = tableOnePart('phantom', openPhantom({ style: 'impression', count: 200 }), tokenizer);
  assert.equal(Object.keys(phantom.labels).length, 13); // the phantom has no opacity that is nothing more
  const rows = tableOneRows([phantom, ...paper]);
  assert.ok(rows.every((row) => row.length === 6));
  assert.deepEqual(rows.find(([name]) => name === 'Fracture')!.slice(2), ['1,420', '4,752', '54', '142']);
  assert.equal(rows.find(([name]) => name === 'Patients')![2], '–');
});

test('the table as rows for filters, as printed, and as a plot', async () => {
  const records = [record('a', 'p', 'PA', { edema: 1, fracture: 0 }), record('a b c d a b', 'q', 'PA', { edema: 0, fracture: 0 })];
  const parts = [tableOnePart('two', datasetOf(records), tokenizer), tableOneOfPaper()[0]!];
  const frame = await tableOne(parts);
  const labels = frame.filter((row: { kind: string; source: string }) => row.kind === 'label' && row.source === 'two');
  assert.deepEqual(
    labels.objects().map((row) => [(row as { name: string }).name, (row as { fraction: number }).fraction]),
    [
      ['Edema', 0.5],
      ['Fracture', 0],
      ['No Finding', 0.5],
    ],
  );
  const rows = frame.objects() as { source: string; name: string; value: number; std?: number; fraction?: number }[];
  assert.deepEqual(
    rows.filter(({ source, name }) => source === 'two' && name === 'Texts cut').map(({ value, fraction }) => [value, fraction]),
    [[1, 0.5]],
  );
  assert.deepEqual(
    rows.filter(({ source, name }) => source !== 'two' && ['Tokens', 'Patients'].includes(name)).map(({ value, std }) => [value, std]),
    [[29, 18.5]],
    'what the paper does not say has no row',
  );
  const printed = String(tableOneAsPrinted(parts).bundle()['text/plain']).split('\n');
  assert.match(printed[0]!, /two +paper: PA train$/);
  assert.match(printed.find((line) => line.startsWith('Tokens'))!, / 29\.0 ± 18\.5$/);
  const [ours] = tableOneFigure(parts).spec.data;
  assert.equal((ours!.x as (number | null)[])[tableOneLabels.indexOf('Pneumonia')], null);
  assert.equal((ours!.x as (number | null)[])[tableOneLabels.indexOf('Edema')], 0.5);
});
