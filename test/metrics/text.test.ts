import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bertScore,
  bleu,
  ciderD,
  editDistance,
  errorRate,
  inverseDocumentFrequencies,
  meteor,
  porterStem,
  reportTokens,
  rescaled,
  rougeL,
  rougeN,
} from 'roentgen-lab/metrics';
import { assertClose } from '../support';

const pair = (candidate: string, reference: string) => ({ candidate: reportTokens(candidate), reference: reportTokens(reference) });
const same = pair('No acute cardiopulmonary process.', 'no acute cardiopulmonary process');
const near = pair('No acute cardiopulmonary abnormality.', 'No acute cardiopulmonary process.');
const empty = pair('', 'no effusion');

test('a text equal to its reference scores 1 everywhere, an empty one 0', () => {
  assertClose(bleu([same]), [1, 1, 1, 1], 1e-8);
  assertClose(bleu([same], { smoothing: 'nltk' }), [1, 1, 1, 1], 1e-12);
  assert.equal(rougeL(same).f, 1);
  assert.equal(rougeN(same, 2).f, 1);
  assertClose([meteor(same)], [1 - 0.5 * (1 / 4) ** 3], 1e-12); // one chunk of four words
  assertClose(bleu([empty], { smoothing: 'nltk' }), [0, 0, 0, 0], 0);
  assert.equal(bleu([empty])[0]! < 1e-6, true);
  assert.deepEqual([rougeL(empty).f, rougeN(empty, 1).f, meteor(empty)], [0, 0, 0]);
});

test('BLEU counts clipped n-grams, and short candidates are penalised', () => {
  assertClose(bleu([near]).slice(0, 3), [3 / 4, Math.sqrt((3 / 4) * (2 / 3)), Math.cbrt((3 / 4) * (2 / 3) * (1 / 2))], 1e-8);
  assertClose([bleu([pair('the the the', 'the lung')], { order: 1 })[0]!], [1 / 3], 1e-8);
  assertClose([bleu([pair('the lung', 'the lung is clear')], { order: 1 })[0]!], [Math.exp(1 - 2)], 1e-7);
  const [, , , none] = bleu([near], { smoothing: 'nltk' });
  const [, , , epsilon] = bleu([near], { smoothing: 'nltk-epsilon' });
  assert.ok(none! < 1e-70 && epsilon! > 0.3);
});

test('ROUGE-L follows the order of words', () => {
  const { precision, recall } = rougeL(pair('effusion left small', 'small left effusion'));
  assertClose([precision, recall], [1 / 3, 1 / 3], 1e-12);
  const wide = rougeL(pair('a b c d', 'a x b'), 1.2);
  assertClose([wide.f], [((1 + 1.44) * (1 / 2) * (2 / 3)) / (2 / 3 + 1.44 * (1 / 2))], 1e-12);
});

test('METEOR matches stems too, and counts chunks', () => {
  assert.ok(meteor(pair('lungs are clear', 'lung is clear')) > meteor(pair('heart are clear', 'lung is clear')));
  const crossed = pair('b a', 'a b');
  assertClose([meteor(crossed)], [1 - 0.5], 1e-12); // two matches, two chunks
});

test("Porter's stems", () => {
  const stems = {
    caresses: 'caress',
    ponies: 'poni',
    agreed: 'agre',
    hopping: 'hop',
    filing: 'file',
    happy: 'happi',
    relational: 'relat',
    opacities: 'opac',
    dying: 'die',
    controlling: 'control',
    is: 'is',
  };
  assert.deepEqual(Object.keys(stems).map(porterStem), Object.values(stems));
});

test('CIDEr-D: rare words count, those of every reference do not', () => {
  const pairs = [
    pair('no effusion seen', 'no effusion seen'),
    pair('no fracture there', 'no pneumothorax here now'),
    pair('no nodule anywhere', 'no nodule anywhere'),
  ];
  const [right, wrong] = ciderD(pairs);
  assert.equal(wrong, 0);
  assert.ok(right! > 7 && right! <= 10);
});

test('edits: Levenshtein, and Damerau with exchanges of neighbours', () => {
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('left', 'elft'), 2);
  assert.equal(editDistance('left', 'elft', { transpositions: true }), 1);
  assert.equal(editDistance('ca', 'abc', { transpositions: true }), 2); // edits within an exchange
  assert.equal(editDistance([], ['a', 'b']), 2);
  assertClose([errorRate([near, same])], [1 / 8], 1e-12);
});

test('BERTScore: each token finds its best match, weighted', () => {
  const embeddings = Float32Array.of(1, 0, 0, 2, 3, 3, 1, 0);
  const text = { embeddings, width: 2, weights: [0, 1, 1, 0] };
  assertClose(Object.values(bertScore(text, text)), [1, 1, 1], 1e-6);
  const other = { embeddings: Float32Array.of(1, 0, 0, 1, 1, 0), width: 2, weights: [0, 1, 0] };
  const { precision, recall } = bertScore(text, other);
  assertClose([precision, recall], [(1 + Math.SQRT1_2) / 2, 1], 1e-6);
  const marks = { embeddings: Float32Array.of(1, 0, 0, 1), width: 2, weights: [0, 0] };
  assert.deepEqual(bertScore(marks, text), { precision: 0, recall: 0, f1: 0 });
  assert.throws(() => bertScore({ ...text, weights: [1] }, text), /4 and 4 embeddings for 1 and 4 weights/);
  const rarity = inverseDocumentFrequencies([
    [5, 6, 6],
    [5, 7],
  ]);
  assertClose([rarity.get(5)!, rarity.get(6)!], [0, Math.log(3 / 2)], 1e-12);
  assertClose([rescaled(0.9, 0.8)], [0.5], 1e-12);
});
