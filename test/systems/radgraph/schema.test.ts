import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileError } from 'roentgen-lab/files';
import {
  AnnotationError,
  checkAnnotation,
  cutReport,
  fromDygie,
  labelMeaning,
  type RadGraphReport,
  radGraphTokens,
  readAnnotations,
  readDygie,
  toDygie,
  writeAnnotations,
  writeDygie,
} from 'roentgen-lab/systems';
import { fixtures, root, tempDir } from '../../support';

/** An invented report, as RadGraph's paper has its form. */
const report = (): RadGraphReport & { entities: Record<string, RadGraphReport['entities'][string]> } => ({
  text: 'Small left effusion . No edema .',
  data_source: 'phantom',
  data_split: 'test',
  entities: {
    '1': { tokens: 'Small', label: 'OBS-DP', start_ix: 0, end_ix: 0, relations: [['modify', '3']] },
    '2': { tokens: 'left', label: 'ANAT-DP', start_ix: 1, end_ix: 1, relations: [] },
    '3': { tokens: 'effusion', label: 'OBS-DP', start_ix: 2, end_ix: 2, relations: [['located_at', '2']] },
    '4': { tokens: 'edema', label: 'OBS-DA', start_ix: 5, end_ix: 5, relations: [] },
  },
});

test("tokens are those of the package's own functions, odd texts too", () => {
  const { rows } = JSON.parse(readFileSync(join(root, 'test', 'golden', 'radgraph-tokens.json'), 'utf8')) as {
    rows: readonly { text: string; radgraph: string[]; 'radgraph-xl': string[] }[];
  };
  for (const row of rows)
    for (const kind of ['radgraph', 'radgraph-xl'] as const)
      assert.deepEqual(radGraphTokens(row.text, kind), row[kind], `${kind}: ${JSON.stringify(row.text)}`);
});

test('labels of both generations have a meaning, others none', () => {
  assert.deepEqual(labelMeaning('OBS-U'), { what: 'observation', certainty: 'uncertain', measurement: false });
  assert.deepEqual(labelMeaning('Observation::measurement::definitely present'), {
    what: 'observation',
    certainty: 'present',
    measurement: true,
  });
  assert.deepEqual(['ANAT-DA', 'OBS', 'Finding::uncertain', ''].map(labelMeaning), [undefined, undefined, undefined, undefined]);
});

test('what is wrong with an annotation is said with document and entity', () => {
  checkAnnotation('a.txt', report());
  const cases: [string | undefined, RegExp, (changed: ReturnType<typeof report>) => void][] = [
    ['4', /start_ix <= end_ix < 7.*got 5 and 7/, (r) => Object.assign(r.entities['4']!, { end_ix: 7 })],
    ['4', /got -1 and 5/, (r) => Object.assign(r.entities['4']!, { start_ix: -1 })],
    ['4', /got 6 and 5/, (r) => Object.assign(r.entities['4']!, { start_ix: 6 })],
    ['2', /unknown label, "ANAT-X"/, (r) => Object.assign(r.entities['2']!, { label: 'ANAT-X' })],
    ['2', /tokens are not those/, (r) => Object.assign(r.entities['2']!, { tokens: 'right' })],
    ['3', /target, "9", is no entity/, (r) => Object.assign(r.entities['3']!, { relations: [['located_at', '9']] })],
    ['3', /target, "constructor", is no entity/, (r) => Object.assign(r.entities['3']!, { relations: [['modify', 'constructor']] })],
    ['3', /unknown relation, "near"/, (r) => Object.assign(r.entities['3']!, { relations: [['near', '2']] })],
    ['3', /relation to itself/, (r) => Object.assign(r.entities['3']!, { relations: [['modify', '3']] })],
    ['1', /lead back to it through "3", "2"/, (r) => Object.assign(r.entities['2']!, { relations: [['modify', '1']] })],
    [undefined, /is empty/, (r) => Object.assign(r, { text: ' \n', entities: {} })],
    [undefined, /has no entities/, (r) => Object.assign(r, { entities: undefined })],
  ];
  for (const [entity, message, change] of cases) {
    const changed = report();
    change(changed);
    assert.throws(
      () => checkAnnotation('a.txt', changed),
      (error) => error instanceof AnnotationError && error.document === 'a.txt' && error.entity === entity && message.test(error.message),
      String(message),
    );
  }
});

test('a chain of thousands of entities is no circle, and ends', () => {
  const count = 5000;
  const words = Array.from({ length: count }, (_, i) => `w${i}`);
  const entities = Object.fromEntries(
    words.map((tokens, i) => [
      String(i),
      { tokens, label: 'OBS-DP', start_ix: i, end_ix: i, relations: i + 1 < count ? [['modify', String(i + 1)] as const] : [] },
    ]),
  );
  checkAnnotation('long', { text: words.join(' '), entities });
});

test('files of one and of two annotators are read and written in their form', async (t) => {
  const folder = tempDir(t);
  const second = report();
  second.entities['4'] = { ...second.entities['4']!, label: 'OBS-U' };
  const documents = [
    { key: 'p1/s1.txt', annotations: [report()] as const },
    { key: 'p1/s2.txt', annotations: [report(), second] as const },
  ];
  const path = join(folder, 'test.json');
  await writeAnnotations(path, documents);
  const written = JSON.parse(readFileSync(path, 'utf8'));
  assert.deepEqual(written['p1/s1.txt'], report());
  assert.deepEqual(Object.keys(written['p1/s2.txt']), ['text', 'data_source', 'data_split', 'labeler_1', 'labeler_2']);
  assert.deepEqual(await readAnnotations(path), documents);

  writeFileSync(path, JSON.stringify({ 'p1/s2.txt': { ...written['p1/s2.txt'], labeler_2: undefined } }));
  await assert.rejects(readAnnotations(path), /test\.json: document "p1\/s2\.txt": has labeler_1 or labeler_2 alone/);
  writeFileSync(path, JSON.stringify({ 'p1/s1.txt': { ...report(), text: 'Small' } }));
  await assert.rejects(readAnnotations(path), (error) => error instanceof FileError && error.cause instanceof AnnotationError);
  writeFileSync(path, '{}');
  await assert.rejects(readAnnotations(path), /holds no report/);
});

test("DyGIE's lines come back as the same report; a network's relations to no entity are left out", async (t) => {
  const path = join(tempDir(t), 'dev.jsonl');
  const { data_source: _, data_split: __, ...plain } = report();
  const line = toDygie('p1/s1.txt', report(), 'phantom');
  assert.deepEqual(line.sentences, [['Small', 'left', 'effusion', '.', 'No', 'edema', '.']]);
  assert.deepEqual(line.relations, [
    [
      [0, 0, 2, 2, 'modify'],
      [2, 2, 1, 1, 'located_at'],
    ],
  ]);
  await writeDygie(path, [{ key: 'p1/s1.txt', annotations: [report()] }], 'phantom');
  assert.deepEqual(await readDygie(path), [{ key: 'p1/s1.txt', annotations: [plain] }]);
  const found = fromDygie({
    doc_key: 'x',
    sentences: [['No', 'edema'], ['today']],
    predicted_ner: [[[1, 1, 'OBS-DA', 3.5, 0.9]], []],
    predicted_relations: [[[1, 1, 2, 2, 'located_at', 1, 0.6]], []],
  });
  assert.deepEqual(found.annotations[0]!.entities, {
    '1': { tokens: 'edema', label: 'OBS-DA', start_ix: 1, end_ix: 1, relations: [] },
  });
  assert.throws(
    () => fromDygie({ doc_key: 'x', sentences: [['No', 'edema']], ner: [[[1, 1, 'OBS-DA']]], relations: [[[1, 1, 0, 0, 'modify']]] }),
    /document "x", entity "1": a relation leads from 1 to 0/,
  );
  writeFileSync(path, '{"doc_key":"x","sentences":[["a"]],"ner":[[[0,4,"OBS-DP"]]]}\n');
  await assert.rejects(readDygie(path), /line 1: document "x", entity "1": expected 0 <= start_ix/);
});

test('a report of 2,000 words is cut, and what is lost is counted', () => {
  const words = Array.from({ length: 2000 }, (_, i) => `w${i}`);
  const entity = (at: number, relations: readonly (readonly [string, string])[] = []) => ({
    tokens: `w${at}`,
    label: 'OBS-DP',
    start_ix: at,
    end_ix: at,
    relations,
  });
  const long = {
    text: words.join(' '),
    entities: { '1': entity(3, [['modify', '2']]), '2': entity(1500), '3': entity(4, [['modify', '1']]) },
  };
  const { report: short, lost } = cutReport(long, 512);
  assert.deepEqual(lost, { tokens: 1488, entities: 1, relations: 1 });
  assert.deepEqual(Object.keys(short.entities), ['1', '3']);
  checkAnnotation('long', short);
  assert.equal(cutReport(report(), 512).lost.tokens, 0);
});

test('what radgraph itself wrote in the fixtures is a DyGIE line and back', { skip: !fixtures('radgraph') }, () => {
  const { pairs } = JSON.parse(readFileSync(fixtures('radgraph', 'cases.json')!, 'utf8')) as {
    pairs: { hypothesis: RadGraphReport; reference: RadGraphReport }[];
  };
  let whole = 0;
  for (const { reference } of pairs)
    if (Object.keys(reference.entities).length > 0) {
      const [back] = fromDygie(toDygie('x', reference, 'radgraph')).annotations;
      assert.equal(Object.keys(back!.entities).length, Object.keys(reference.entities).length);
      whole++;
    }
  assert.ok(whole > 10);
});
