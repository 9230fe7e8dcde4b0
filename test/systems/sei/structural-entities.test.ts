import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AnnotationError,
  coreFindings,
  phantomGold,
  type RadGraphReport,
  structuralEntities,
  structuralText,
  structuralTokens,
} from 'roentgen-lab/systems';

/** A report whose entities are given as first token, last token and class; in an order of their own where a test asks for it. */
function annotated(text: string, ...entities: readonly (readonly [start: number, end: number, label: string])[]): RadGraphReport {
  const tokens = text.split(' ');
  return {
    text,
    entities: Object.fromEntries(
      entities.map(([start_ix, end_ix, label], i) => [
        String(i + 1),
        { tokens: tokens.slice(start_ix, end_ix + 1).join(' '), label, start_ix, end_ix, relations: [] },
      ]),
    ),
  };
}

const see = (...report: Parameters<typeof annotated>): string[] | undefined => structuralEntities('a', annotated(...report));

test('marks are tokens of their own, but not between digits', () => {
  assert.deepEqual(structuralTokens('Nodule of 1.9 cm (right),\nno 2/3; T9. End'), [
    ...['Nodule', 'of', '1.9', 'cm', '(', 'right', ')', ',', 'no', '2/3', ';', 'T9', '.', 'End'],
  ]);
  assert.deepEqual(structuralTokens('a-b  c?!.'), ['a-b', 'c', '?', '!', '.']);
  assert.deepEqual(structuralTokens(' \n '), []);
});

test('a sentence is its entities in order; what is absent or uncertain stands in front', () => {
  const text = 'Small left effusion . No acute edema ! Possible nodule ? Heart normal';
  const report = annotated(
    text,
    ...([
      [9, 9, 'OBS-U'],
      [0, 0, 'OBS-DP'],
      [1, 1, 'ANAT-DP'],
      [2, 2, 'OBS-DP'],
      [5, 5, 'OBS-DA'],
      [6, 6, 'OBS-DA'],
      [11, 11, 'ANAT-DP'],
      [12, 12, 'OBS-DP'],
    ] as const),
  );
  const found = structuralEntities('a', report)!;
  assert.deepEqual(found, ['small left effusion', 'no acute edema', 'maybe nodule', 'heart normal']);
  assert.equal(structuralText(found), 'small left effusion [SEP] no acute edema [SEP] maybe nodule [SEP] heart normal'.toLowerCase());
  assert.deepEqual(see('maybe edema or effusion', [1, 1, 'OBS-U'], [3, 3, 'OBS-DA']), ['no edema effusion'], 'absence goes before doubt');
  assert.deepEqual(see('No edema', [1, 1, 'Observation::definitely absent']), ['no edema'], 'classes of RadGraph-XL');
});

test('of entities that overlap the one without a full stop stays, then the longer, then the first', () => {
  assert.deepEqual(see('left pleural effusion', [0, 1, 'OBS-DP'], [1, 2, 'OBS-DP']), ['left pleural']);
  assert.deepEqual(see('left pleural effusion', [0, 0, 'OBS-DP'], [0, 2, 'OBS-DA'], [2, 2, 'OBS-DP']), ['no left pleural effusion']);
  assert.deepEqual(see('effusion . edema seen', [0, 2, 'OBS-DA'], [2, 2, 'OBS-DP']), ['edema'], 'the longer one has a full stop');
  assert.deepEqual(see('effusion . edema seen', [0, 0, 'OBS-DP'], [0, 2, 'OBS-DA']), ['effusion']);
});

test('an entity over the end of a sentence is cut there; a stop within a number is no end', () => {
  assert.deepEqual(see('left effusion . No edema', [1, 3, 'OBS-DP'], [4, 4, 'OBS-DA']), ['effusion', 'no edema']);
  assert.deepEqual(see('left effusion . edema', [1, 1, 'OBS-DP'], [2, 3, 'OBS-DP']), ['effusion', 'edema']);
  assert.deepEqual(see('mass of 1 . 9 cm', [0, 0, 'OBS-DP'], [5, 5, 'OBS-DP']), ['mass cm']);
  assert.deepEqual(see('effusion . . edema', [0, 0, 'OBS-DP'], [3, 3, 'OBS-DP']), ['effusion', 'edema']);
});

test('punctuation and leftovers are dropped, reports without entities skipped', () => {
  assert.deepEqual(see(`"edema" , effusion`, [0, 0, 'OBS-DP'], [1, 1, 'OBS-DA'], [2, 2, 'OBS-DP']), ['edema effusion']);
  assert.deepEqual(see('It . This . otherwise clear', [0, 0, 'OBS-DP'], [2, 2, 'OBS-DP'], [5, 5, 'OBS-DP']), ['clear']);
  assert.deepEqual(see('It . Edema', [0, 0, 'OBS-DA'], [2, 2, 'OBS-DP']), ['no it', 'edema'], 'with a word in front it says something');
  assert.equal(see('Nothing here'), undefined);
  const { byKey, counts } = coreFindings([
    { key: 'a', annotations: [annotated('Nothing here')] },
    { key: 'b', annotations: [annotated('It .', [0, 0, 'OBS-DP'])] },
    { key: 'c', annotations: [annotated('Edema . No mass', [0, 0, 'OBS-DP'], [3, 3, 'OBS-DA'])] },
  ]);
  assert.deepEqual(
    [...byKey],
    [
      ['b', []],
      ['c', ['edema', 'no mass']],
    ],
  );
  assert.deepEqual(counts, { reports: 3, withoutEntity: 1, withoutFinding: 1, sentences: 2 });
});

test('a wrong annotation is an error with document and entity', () => {
  const wrong: [RadGraphReport, string | undefined][] = [
    [annotated('edema', [0, 1, 'OBS-DP']), '1'],
    [annotated('edema', [0, 0, 'OBS-X']), '1'],
    [annotated('edema', [0, 0, 'OBS-DP'], [1, 0, 'OBS-DP']), '2'],
    [{ text: ' ', entities: {} }, undefined],
  ];
  for (const [report, entity] of wrong)
    assert.throws(
      () => structuralEntities('p1/s1.txt', report),
      (error) => error instanceof AnnotationError && error.document === 'p1/s1.txt' && error.entity === entity,
    );
});

test("of the phantom's gold every word is the report's own, in its order, and nothing hangs on the order of entities", async () => {
  const gold = await phantomGold({ count: 40, seed: 5, style: 'report', wording: 'held-out', typos: 0.1, doubt: 0.2, split: 'train' });
  const fronts = { no: 0, maybe: 0 };
  for (const { key, annotations } of gold) {
    const found = structuralEntities(key, annotations[0]);
    const turned = Object.fromEntries(
      Object.entries(annotations[0].entities)
        .reverse()
        .map(([name, entity]) => [`x${name}`, { ...entity, relations: [] }]),
    );
    assert.deepEqual(structuralEntities(key, { ...annotations[0], entities: turned }), found);
    const left = annotations[0].text.toLowerCase().split(' ');
    let at = 0;
    for (const sentence of found!) {
      const words = sentence.split(' ');
      if (words[0] === 'no' || words[0] === 'maybe') fronts[words.shift() as 'no' | 'maybe']++;
      for (const word of words) {
        at = left.indexOf(word, at) + 1;
        assert.ok(at > 0, 'a word that does not stand there');
      }
    }
  }
  assert.ok(fronts.no > 0 && fronts.maybe > 0, JSON.stringify(fronts));
});
