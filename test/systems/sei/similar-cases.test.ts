import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CaseFeatures, sharedFindings, similarCases } from 'roentgen-lab/systems';
import { noLeaks } from '../../support';

/** A generator of its own, so that each run has the same numbers. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function features(images: number, width: number, seed: number): CaseFeatures {
  const next = numbers(seed);
  const values = Float32Array.from({ length: images * width }, () => Math.round(next() * 4) + 0.25);
  return { values, width, studies: Array.from({ length: images }, (_, i) => `s${Math.floor(i / 2)}`) };
}

/** All cosines, sorted. */
function naive(history: CaseFeatures, queries: CaseFeatures, count: number): { row: number; cosine: number }[][] {
  const vector = ({ values, width }: CaseFeatures, row: number): number[] => [...values.subarray(row * width, (row + 1) * width)];
  const norm = (v: number[]): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
  return queries.studies.map((study, q) => {
    const a = vector(queries, q);
    return history.studies
      .flatMap((other, row) => {
        const b = vector(history, row);
        const cosine = a.reduce((sum, x, i) => sum + x * b[i]!, 0) / norm(a) / norm(b);
        return other === study ? [] : [{ row, cosine }];
      })
      .sort((x, y) => y.cosine - x.cosine)
      .slice(0, count);
  });
}

test(
  'the search is exact and leaves the own study out',
  noLeaks(() => {
    for (const [images, width, count] of [
      [40, 7, 5],
      [31, 3, 1],
      [6, 4, 20],
    ] as const) {
      const history = features(images, width, images);
      for (const queries of [history, features(9, width, 99)]) {
        const found = similarCases(history, queries, count);
        const expected = naive(history, queries, count);
        assert.deepEqual(
          found.map((cases) => cases.length),
          expected.map((cases) => cases.length),
        );
        found.forEach((cases, q) => {
          assert.equal(new Set(cases.map(({ row }) => row)).size, cases.length);
          cases.forEach(({ row, cosine }, i) => {
            assert.notEqual(history.studies[row], queries.studies[q]);
            assert.ok(Math.abs(cosine - expected[q]![i]!.cosine) < 1e-12);
          });
        });
      }
    }
  }),
);

test(
  'lengths do not matter; of equal ones the first comes first; of one study alone there is none',
  noLeaks(() => {
    const values = Float32Array.from([1, 0, 5, 0, 0, 3, 2, 0]);
    const history: CaseFeatures = { values, width: 2, studies: ['a', 'b', 'c', 'd'] };
    const found = similarCases(history, { values: Float32Array.from([0.1, 0]), width: 2, studies: ['x'] }, 3);
    assert.deepEqual(found, [[0, 1, 3].map((row) => ({ row, cosine: 1 }))]);
    assert.deepEqual(similarCases({ ...history, studies: ['a', 'a', 'a', 'a'] }, history)[0], []);
  }),
);

test(
  'of more vectors than go through the engine at a time the same are found, also where very many are equal',
  noLeaks(() => {
    const history = features(9000, 3, 5); // of whole numbers: many are equal
    const queries = features(1030, 3, 7);
    const found = similarCases(history, queries, 4);
    assert.equal(found.length, 1030);
    for (const q of [0, 1023, 1024]) {
      const one = { values: queries.values.slice(3 * q, 3 * q + 3), width: 3, studies: [queries.studies[q]!] };
      const expected = naive(history, one, 4)[0]!;
      assert.deepEqual(
        found[q]!.map(({ cosine }) => cosine.toFixed(12)),
        expected.map(({ cosine }) => cosine.toFixed(12)),
      );
      assert.deepEqual(found[q], similarCases(history, one, 4)[0]);
      const equal = found[q]!.filter(({ cosine }) => cosine === found[q]![0]!.cosine).map(({ row }) => row);
      assert.deepEqual(
        equal,
        [...equal].sort((a, b) => a - b),
      );
    }
  }),
);

test(
  'what cannot be searched is refused',
  noLeaks(() => {
    const good = features(4, 3, 1);
    const changed = (change: Partial<CaseFeatures>): CaseFeatures => ({ ...good, ...change });
    assert.throws(() => similarCases(good, features(2, 2, 1)), /3 values and those of queries 2/);
    assert.throws(() => similarCases(changed({ studies: ['a'] }), good), /history: expected 1 vectors of 3 values, got 12/);
    assert.throws(() => similarCases(good, changed({ values: new Float32Array(12) })), /queries: vector 0 has no direction/);
    assert.throws(() => similarCases(good, changed({ values: good.values.map(() => Number.NaN) })), /length is NaN/);
    assert.throws(() => similarCases(good, good, 0), /count.*got 0/);
  }),
);

test('shared findings against chance', () => {
  const history = [
    { study: 'a', findings: ['effusion', 'edema'] },
    { study: 'b', findings: ['effusion'] },
    { study: 'c', findings: ['nodule'] },
    { study: 'd', findings: [] },
    { study: 'a', findings: ['effusion'] },
  ];
  const measured = sharedFindings(history, history, [1, 2, 0, 0, undefined]);
  // Of a: b of b, c, d. Of b: twice a, of four. Of c: none. d has nothing to share, the last one no case.
  assert.deepEqual(measured, { queries: 3, leftOut: 2, retrieved: 1 / 3, chance: (1 / 3 + 2 / 4 + 0) / 3 });
  assert.ok(Number.isNaN(sharedFindings(history, [], []).chance));
  assert.throws(() => sharedFindings(history, history, [1]), /expected 5 best cases/);
  assert.throws(() => sharedFindings(history, [history[0]!], [4]), /case 4 is of its own study/);
  assert.throws(() => sharedFindings(history, [history[0]!], [9]), /no case 9 among 5/);
});

test(
  'vectors that know the findings retrieve cases that share them, others do as chance does',
  noLeaks(() => {
    const next = numbers(3);
    const kinds = ['effusion', 'nodule', 'edema', 'mass'];
    const cases = Array.from({ length: 200 }, (_, i) => ({ study: `s${i}`, findings: [kinds[Math.floor((next() + 1) * 2)]!] }));
    const measure = (signal: number) => {
      const values = Float32Array.from(
        cases.flatMap(({ findings }) => [...kinds, '', ''].map((kind) => next() + (findings.includes(kind) ? signal : 0))),
      );
      const images = { values, width: 6, studies: cases.map(({ study }) => study) };
      return sharedFindings(
        cases,
        cases,
        similarCases(images, images, 1).map(([first]) => first?.row),
      );
    };
    const [aligned, random] = [measure(4), measure(0)];
    assert.ok(aligned.retrieved > 0.9 && aligned.chance < 0.35, JSON.stringify(aligned));
    assert.ok(Math.abs(random.retrieved - random.chance) < 0.12, JSON.stringify(random));
  }),
);
