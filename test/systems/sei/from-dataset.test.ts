import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset, ImageRecord } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { annotationOf, checkSeiAnnotation } from 'roentgen-lab/systems';

/** Invented records; pixels are not asked for. */
function dataset(records: readonly ImageRecord[]): Dataset {
  return {
    name: 'invented',
    credit: '',
    findings: [],
    length: records.length,
    record: (i) => records[i]!,
    pixels: () => Promise.reject(new Error('not asked for')),
  };
}

const record = (i: number, change: Partial<ImageRecord> = {}): ImageRecord => ({
  id: `i${i}`,
  study: `s${i}`,
  patient: `p${Math.floor(i / 2)}`,
  file: `i${i}.jpg`,
  text: '',
  view: 'PA',
  labels: {},
  sides: {},
  sections: { indication: '40-year-old F with cough.', findings: 'Small left effusion.', impression: 'Effusion.' },
  ...change,
});

test("a data set's frontal images become an annotation by its own splits; what is left out is counted", () => {
  const records = [
    record(0, { split: 'train' }),
    record(1, { split: 'train', view: 'LATERAL' }),
    record(2, { split: 'train' }),
    record(3, { split: 'train', study: '7' }),
    record(4, { split: 'validate' }),
    record(6, { split: 'test', sections: { findings: ' ' } }),
    record(8, { split: 'test' }),
    record(10, { split: 'test', file: undefined }),
    record(12),
  ];
  const { annotation, counts } = annotationOf(
    dataset(records),
    new Map([
      ['s0', ['small left effusion']],
      ['p10/p1/s7.txt', ['of a path']],
      ['s8', ['other']],
    ]),
    key(1),
  );
  checkSeiAnnotation(annotation);
  assert.deepEqual(counts, { images: 9, notFrontal: 1, withoutFile: 1, withoutFindings: 1, withoutCoreFindings: 1 });
  const ids = (studies: readonly { id: string }[]): string[] => studies.map(({ id }) => id);
  assert.deepEqual([annotation.train, annotation.val, annotation.test].map(ids), [['i0', 'i2', 'i3'], ['i4'], ['i8']]);
  assert.deepEqual(annotation.train[2]!.core_findings, ['of a path']);
  const [first] = annotation.train;
  assert.deepEqual(first!.core_findings, ['small left effusion']);
  assert.deepEqual([first!.report, first!.indication_core_findings], ['Small left effusion .', ['40 woman with cough']]);
  assert.deepEqual(annotation.test[0]!.core_findings, [], 'what is tested has none, as in the paper');
});

test('without splits patients are divided, none between two', () => {
  const records = Array.from({ length: 60 }, (_, i) => record(i));
  const { annotation } = annotationOf(dataset(records), new Map(), key(2));
  checkSeiAnnotation(annotation);
  const patients = Object.values(annotation).map((studies) => new Set(studies.map(({ subject_id }) => subject_id)));
  assert.deepEqual([annotation.train.length, annotation.val.length, annotation.test.length], [48, 6, 6]);
  assert.equal(new Set(patients.flatMap((part) => [...part])).size, 30);
  assert.equal(
    patients.reduce((sum, part) => sum + part.size, 0),
    30,
  );
  assert.throws(() => annotationOf(dataset([record(0)]), new Map(), key(1)), /one patient/);
});
