import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileError } from 'roentgen-lab/files';
import { checkSeiAnnotation, readSeiAnnotation, SeiAnnotationError, type SeiStudy, writeSeiAnnotation } from 'roentgen-lab/systems';
import { tempDir } from '../../support';

/** An invented study, as the paper's file has them. */
const study = (id: string, number: number): SeiStudy => ({
  id,
  study_id: number,
  subject_id: 1,
  report: 'Small left effusion .',
  image_path: [`p1/s${number}/${id}.jpg`],
  core_findings: ['small left effusion'],
  indication: 'woman with dyspnea',
  indication_core_findings: ['dyspnea'],
  specific_knowledge: { sk_ids: ['d9'], reports: ['Left effusion .'], sk_keywords: [['left effusion']] },
  impression: 'Effusion.',
  comparison: 'none',
  findings: 'Small left effusion.',
  examination: 'Chest',
});
const annotation = () => ({
  train: [study('d1', 1), study('d2', 1), study('d9', 9)].map(ownless),
  val: [study('d3', 3)],
  test: [] as SeiStudy[],
});
const ownless = ({ specific_knowledge, ...rest }: SeiStudy): SeiStudy => (rest.id === 'd9' ? rest : { ...rest, specific_knowledge });

test('what is written is read again; what may be left out is empty', async (t) => {
  const path = join(tempDir(t), 'annotation.json');
  await writeSeiAnnotation(path, annotation());
  assert.deepEqual(await readSeiAnnotation(path), annotation());
  const { indication, impression, comparison, findings, examination, indication_core_findings, ...bare } = study('d1', 1);
  writeFileSync(path, JSON.stringify({ train: [bare, { ...bare, id: 'd2', indication_core_findings: 'dyspnea' }], val: [], test: [] }));
  const [first, second] = (await readSeiAnnotation(path)).train;
  assert.deepEqual([first!.indication, first!.examination, first!.indication_core_findings], ['', '', []]);
  assert.deepEqual(second!.indication_core_findings, ['dyspnea'], "the paper's script writes a text");
});

/** What is put in place of what an annotation has; undefined takes a field away. */
type Wrong = [split: string, study: string | undefined, field: string | undefined, change: Record<string, unknown>];

const knowledge = (change: object) => ({ specific_knowledge: { ...study('d1', 1).specific_knowledge, ...change } });
const fields: readonly (readonly [study: string, field: string, change: object])[] = [
  ['d3', 'id', { id: 'd1' }],
  ['#0', 'id', { id: undefined }],
  ['d3', 'study_id', { study_id: 1.5 }],
  ['d3', 'study_id', { study_id: '1' }],
  ['d3', 'subject_id', { subject_id: null }],
  ['d3', 'report', { report: ' ' }],
  ['d3', 'image_path', { image_path: [] }],
  ['d3', 'image_path', { image_path: 'a.jpg' }],
  ['d3', 'core_findings', { core_findings: undefined }],
  ['d3', 'comparison', { comparison: ['none'] }],
  ['d3', 'indication_core_findings', { indication_core_findings: [1] }],
  ['d3', 'specific_knowledge', { specific_knowledge: [] }],
  ['d3', 'specific_knowledge', knowledge({ reports: [] })],
  ['d3', 'specific_knowledge.sk_keywords', knowledge({ sk_keywords: ['x'] })],
  ['d3', 'specific_knowledge.sk_ids', knowledge({ sk_ids: ['d4'] })],
];

test('what is wrong is said with split, study and field', async (t) => {
  const cases: Wrong[] = [
    ['val', undefined, undefined, { val: undefined }],
    ['validate', undefined, undefined, { validate: [] }],
    ['test', undefined, undefined, { test: {} }],
    ['train', '#1', undefined, { train: [study('d1', 1), 5] }],
    ...fields.map(([name, field, change]): Wrong => {
      const said = field === 'id' && name === 'd3' ? 'd1' : name;
      return ['val', said, field, { val: [{ ...study('d3', 3), ...change }, study('d4', 3)] }];
    }),
  ];
  const path = join(tempDir(t), 'annotation.json');
  for (const [split, name, field, change] of cases) {
    const all = { ...annotation(), ...change };
    const isIt = (error: unknown): boolean => {
      assert.ok(error instanceof SeiAnnotationError);
      assert.deepEqual([error.split, error.study, error.field], [split, name, field], error.message);
      for (const place of [split, name, field]) assert.ok(error.message.includes(place ?? ''), error.message);
      return true;
    };
    assert.throws(() => checkSeiAnnotation(all), isIt);
    writeFileSync(path, JSON.stringify(all));
    await assert.rejects(readSeiAnnotation(path), (error) => error instanceof FileError && error.path === path && isIt(error.cause));
  }
  const written = readFileSync(path, 'utf8');
  await assert.rejects(writeSeiAnnotation(path, { ...annotation(), val: [study('d1', 3)] }), SeiAnnotationError);
  assert.equal(readFileSync(path, 'utf8'), written, 'what is wrong is not written');
});
