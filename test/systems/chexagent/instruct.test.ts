import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { type ImageRecord, openPhantom } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import {
  boxesIn,
  boxOverlap,
  boxText,
  buildInstructions,
  type InstructSample,
  type InstructSource,
  instructSource,
  instructTaskNames,
  labelledRecords,
  makeCheXbench,
  phantomStudiesToAsk,
  publishedSamples,
  readCheXbench,
  withOptions,
  withoutComparisons,
} from 'roentgen-lab/systems';
import { noLeaks, tempDir } from '../../support';

const dataset = phantomStudiesToAsk({ seed: 5, count: 120, views: ['PA', 'AP', 'LATERAL'] });
const source: InstructSource = instructSource({ dataset, records: labelledRecords(dataset) });
let samples: readonly InstructSample[];

before(async () => {
  samples = await buildInstructions(source, { key: key(1), perTask: 12 });
});

const of = (task: string): InstructSample[] => samples.filter((one) => one.task === task);

test('the phantom gives samples of at least twenty tasks, the same ones of the same key', async () => {
  const tasks = new Set(samples.map(({ task }) => task));
  assert.deepEqual(
    [...instructTaskNames].filter((name) => !tasks.has(name)),
    [],
  );
  assert.ok(tasks.size >= 20, `${tasks.size} tasks`);
  assert.deepEqual(await buildInstructions(source, { key: key(1), perTask: 12 }), samples);
  assert.notDeepEqual(await buildInstructions(source, { key: key(2), perTask: 12 }), samples);
  const [one] = await buildInstructions(source, { key: key(1), perTask: 1, tasks: ['View Classification'], lettering: 'A' });
  assert.match(one!.question, /^From which view .*\nOptions: \(A\) \w+, \(B\) \w+, \(C\) \w+\nDirectly answer .* \(A\), \(B\), \(C\)\.$/);
  await assert.rejects(
    buildInstructions(source, { key: key(1), tasks: ['Guessing'] }),
    /RangeError: instruct: no task "Guessing"; there are View/,
  );
});

test('a task with a number of its own asks records again, for something else', async () => {
  const task = 'Binary Disease Classification';
  const several = await buildInstructions(source, {
    key: key(1),
    perTask: 12,
    tasks: [task, 'View Classification'],
    samples: { [task]: 300 },
  });
  const [views, asked] = [several.filter((one) => one.task !== task), several.filter((one) => one.task === task)];
  assert.deepEqual([views.length, asked.length], [12, 300]);
  assert.deepEqual(asked.slice(0, 12), of(task), 'the first ones are those of a single round');
  assert.equal(new Set(asked.map(({ record, question }) => `${record} ${question}`)).size, 300);
  assert.ok(new Set(asked.map(({ record }) => record)).size > 100);
  const few = await buildInstructions(source, { key: key(1), tasks: [task], records: [3], samples: { [task]: 300 } });
  assert.ok(few.length > 1 && few.length < 20, `${few.length} questions of one record`);
  await assert.rejects(buildInstructions(source, { key: key(1), samples: { Guessing: 5 } }), /RangeError: instruct: no task "Guessing"/);
});

test('the right option is as often in each place, and yes as often as no', () => {
  for (const task of instructTaskNames) {
    const asked = of(task).filter(({ options }) => options.length > 0);
    const counts = asked.reduce<number[]>((sum, { right, options }) => {
      for (let i = 0; i < options.length; i++) sum[i] = (sum[i] ?? 0) + Number(i === right);
      return sum;
    }, []);
    if (counts.length > 0) assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${task}: ${counts.join(', ')}`);
    for (const { question, options, right, answer } of asked) {
      assert.equal(new Set(options).size, options.length, `${task}: options all differ`);
      assert.ok(answer.endsWith(options[right]!) && question.includes(`${answer}`), `${task}: the answer is among the options`);
    }
  }
});

test('answers are what is known of the images: views, sides, boxes, courses, what is there', () => {
  for (const { record, options, right } of of('View Classification')) assert.equal(options[right], source.records[record]!.view);
  for (const { record, asked, options, right } of of('Side Classification')) {
    const finding = dataset.study(record).findings.filter(({ kind }) => asked.includes(kind.replace(/^.* /, '')));
    assert.ok(finding.some(({ side }) => side === options[right]));
  }
  for (const { record, asked, options, right } of of('Binary Disease Classification')) {
    const [, name] = /show (.*)\?/.exec(asked)!;
    const label = Object.keys(source.records[record]!.labels).find((one) => one.toLowerCase() === name)!;
    assert.equal(options[right] === 'yes', source.records[record]!.labels[label] === 1);
  }
  for (const { record, answer } of of('Phrase Grounding')) {
    const [box] = boxesIn(answer);
    assert.ok(source.boxes!(record).some((one) => boxOverlap(one.box, box!) === 1));
  }
  for (const { images } of of('Temporal Image Classification')) {
    const [then, now] = images.map((i) => source.records[i]!) as [ImageRecord, ImageRecord];
    assert.equal(then.patient, now.patient);
    assert.ok(images[0]! < images[1]!);
  }
  for (const task of ['Findings Generation', 'Impression Generation'])
    for (const { answer } of of(task)) assert.equal(answer, withoutComparisons(answer));
});

test('sentences that compare go; boxes are written and read; letters are capital, small, or numbers', () => {
  assert.equal(
    withoutComparisons('Heart size is normal. Unchanged left effusion. There is a new nodule. Edema has improved since the prior study.'),
    'Heart size is normal.',
  );
  assert.deepEqual(boxesIn(`${boxText([1, 2, 30, 40])} and <|box|>( 5 , 6 ), ( 7 , 8 ) <|/box|>`), [
    [1, 2, 30, 40],
    [5, 6, 7, 8],
  ]);
  assert.deepEqual(boxesIn('<|box|>(9,9),(3,12)<|/box|> <|box|>(0,0),(101,5)<|/box|>'), []);
  assert.equal(boxOverlap([0, 0, 10, 10], [5, 0, 15, 10]), 50 / 150);
  assert.equal(boxOverlap([0, 0, 10, 10], [20, 20, 30, 30]), 0);
  assert.equal(
    withOptions('q', ['x', 'y'], '1'),
    'q\nOptions: (1) x, (2) y\nDirectly answer the question by choosing one option: (1), (2).',
  );
});

test('uncertain labels count by the published rule; records without any finding fill no task of diseases beyond their number', async () => {
  const record = (id: string, labels: ImageRecord['labels'], uncertain: readonly string[] = []): ImageRecord => ({
    id,
    patient: id,
    text: '',
    labels,
    uncertain,
    sides: {},
  });
  const own = (records: readonly ImageRecord[]): InstructSource => ({
    name: 'own',
    records,
    path: (i) => `${i}.png`,
    prior: () => undefined,
  });
  const absent = { Fracture: 0, Pneumonia: 0, 'Lung Lesion': 0 } as const;
  const [single] = await buildInstructions(own([record('a', absent, ['Edema', 'Cardiomegaly', 'Pneumothorax'])]), {
    key: key(1),
    tasks: ['Single Disease Classification'],
  });
  assert.equal(single!.options[single!.right], 'edema');
  assert.ok(!single!.options.includes('pneumothorax'), 'an uncertain label without a rule is nothing');
  const healthy = Array.from({ length: 20 }, (_, i) => record(`h${i}`, absent));
  const binary = await buildInstructions(own([...healthy, record('a', { Edema: 1 }), record('b', { Edema: 1 })]), {
    key: key(1),
    tasks: ['Disease Identification'],
    noFinding: 3,
  });
  assert.deepEqual(binary.map(({ answer }) => answer).sort(), ['edema', 'edema', 'no finding', 'no finding', 'no finding']);
  await assert.rejects(
    buildInstructions(own(healthy), { key: key(1), tasks: ['Phrase Grounding'] }),
    /own gives no sample of Phrase Grounding/,
  );
});

test('samples are published with the keys of CheXinstruct, numbered by task', () => {
  const [first] = publishedSamples(source, of('Findings Generation with Indication'));
  assert.deepEqual(Object.keys(first!), [
    'unique_id',
    'study_id',
    'data_source',
    'task_name',
    'image_path',
    'text',
    'target_text',
    'options',
    'qa_pair',
  ]);
  assert.equal(first!.unique_id, 'phantom_findings-generation-with-indication_0');
  assert.deepEqual(first!.image_path, [`images/${source.records[of('Findings Generation with Indication')[0]!.record]!.id}.png`]);
  assert.equal(first!.qa_pair.a, first!.target_text);
});

test(
  'a bench of the phantom is read as it is: every question has one right option, every place a box',
  noLeaks(async (t) => {
    const { items, records } = await makeCheXbench(source, { key: key(3), perTask: 6 });
    const folder = tempDir(t);
    const file = join(folder, 'bench.json');
    writeFileSync(file, JSON.stringify(items));
    const bench = await readCheXbench(file);
    assert.ok(bench.questions.length > 40 && bench.places.length === 6 && bench.texts.length === 12);
    const shown = new Set([...bench.questions, ...bench.places, ...bench.texts].flatMap(({ images }) => images));
    assert.deepEqual([...shown].sort(), records.map((i) => join(folder, source.path(i))).sort());
    assert.deepEqual(
      new Set(bench.questions.map(({ slice }) => slice)),
      new Set([undefined, 'same-view', 'same-patient', 'same-report', 'side', 'severity', 'location']),
    );
    writeFileSync(
      file,
      JSON.stringify({ 'Phrase Grounding': [{ data_source: 'x', image_path: 'a.png', question: 'Where?', box: [5, 5, 3, 9] }] }),
    );
    await assert.rejects(readCheXbench(file), /FileError: .*Phrase Grounding: 0: box: expected left, top, right and bottom/);
  }),
);

test('a data set without reports gives what its labels give', async () => {
  const plain = openPhantom({ seed: 3, count: 30 });
  const { study: _, ...labelled } = plain;
  const built = await buildInstructions(instructSource({ dataset: labelled, records: labelledRecords(labelled) }), {
    key: key(1),
    perTask: 3,
  });
  const tasks = new Set(built.map(({ task }) => task));
  assert.ok(
    tasks.has('Single Disease Classification') &&
      tasks.has('Close-Ended VQA') &&
      !tasks.has('Phrase Grounding') &&
      !tasks.has('Findings Generation'),
  );
});
