import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotatorAgreement, checkAnnotation, phantomGold, type RadGraphReport, secondLabeller } from 'roentgen-lab/systems';
import { readWording } from '#systems/radgraph/gold/rewording';
import { rewrite } from '#systems/radgraph/gold/rewrite';

const common = { count: 150, seed: 3, style: 'report', wording: 'grammar', typos: 0, doubt: 0, split: 'train' } as const;
const reportsOf = async (more: Partial<Parameters<typeof phantomGold>[0]> = {}): Promise<RadGraphReport[]> =>
  (await phantomGold({ ...common, ...more })).map(({ key, annotations: [report] }) => {
    checkAnnotation(key, report!);
    return report!;
  });
const labels = (reports: readonly RadGraphReport[]): string[] =>
  reports.flatMap(({ entities }) => Object.values(entities).map(({ label }) => label));
const relations = (reports: readonly RadGraphReport[]): number =>
  reports.reduce((sum, { entities }) => sum + Object.values(entities).reduce((n, one) => n + one.relations.length, 0), 0);

test('edits move entities with their words', () => {
  const report: RadGraphReport = {
    text: 'Small left effusion .',
    entities: {
      '1': { tokens: 'Small', label: 'OBS-DP', start_ix: 0, end_ix: 0, relations: [['modify', '3']] },
      '2': { tokens: 'left', label: 'ANAT-DP', start_ix: 1, end_ix: 1, relations: [] },
      '3': { tokens: 'effusion', label: 'OBS-DP', start_ix: 2, end_ix: 2, relations: [['located_at', '2']] },
    },
  };
  const { text, entities } = rewrite(report, [
    { from: 2, to: 3, tokens: ['fluid', 'collection'] },
    { from: 0, to: 0, tokens: ['Possible'] },
    { from: 0, to: 2, tokens: ['never'] }, // over two entities
  ]);
  assert.equal(text, 'Possible Small left fluid collection .');
  assert.deepEqual(
    Object.values(entities).map(({ tokens, start_ix, end_ix }) => [tokens, start_ix, end_ix]),
    [
      ['Small', 1, 1],
      ['left', 2, 2],
      ['fluid collection', 3, 4],
    ],
  );
});

test('gold of every style and wording is sound; its classes and relations stay whatever it is called', async () => {
  const plain = await reportsOf();
  for (const style of ['report', 'impression', 'prompt'] as const)
    for (const wording of ['grammar', 'training', 'held-out'] as const) {
      const reports = await reportsOf({ style, wording, typos: 0.05, doubt: 0.1 });
      assert.ok(labels(reports).length > 300, `${style} ${wording}`);
    }
  const other = await reportsOf({ wording: 'held-out', typos: 0.1 });
  assert.deepEqual(labels(other), labels(plain));
  assert.equal(relations(other), relations(plain));
  assert.notDeepEqual(
    other.map(({ text }) => text),
    plain.map(({ text }) => text),
  );
  assert.deepEqual(await reportsOf({ wording: 'held-out', typos: 0.1 }), other, 'the same again');
});

test('what is held out is in no text to learn from', async () => {
  const { words, frames } = await readWording();
  const held = [...Object.values(words), ...Object.values(frames)].flatMap((others) => others.held_out);
  const learnt = (await reportsOf({ wording: 'training', count: 600, doubt: 0.1 })).map(({ text }) => ` ${text.toLowerCase()} `).join('');
  const measured = (await reportsOf({ wording: 'held-out', count: 600, seed: 4 })).map(({ text }) => ` ${text.toLowerCase()} `).join('');
  const grammar = (await reportsOf({ count: 600 })).map(({ text }) => ` ${text.toLowerCase()} `).join('');
  const unseen = held.filter((other) => !grammar.includes(` ${other.toLowerCase()} `));
  assert.ok(unseen.length > 0.8 * held.length, `${unseen.length} of ${held.length} are not the grammar's own`);
  for (const other of unseen) assert.ok(!learnt.includes(` ${other.toLowerCase()} `), other);
  assert.ok(unseen.filter((other) => measured.includes(` ${other.toLowerCase()} `)).length > 0.8 * unseen.length);
  assert.match(measured, / of the (left|right|lower|upper|middle) /);
});

test('doubt makes uncertain observations more frequent, and nothing else', async () => {
  const share = async (doubt: number): Promise<number> => {
    const all = labels(await reportsOf({ doubt, count: 300 }));
    return all.filter((label) => label === 'OBS-U').length / all.length;
  };
  const [rare, some, many] = [await share(0), await share(0.2), await share(0.6)];
  assert.ok(rare < 0.02 && some > 3 * rare && many > 2 * some, `${rare} ${some} ${many}`);
  await assert.rejects(reportsOf({ doubt: 2 }), /doubt: expected a fraction from 0 to 1, got 2/);
});

test('agreement with a second labeller is what its rates say', async () => {
  const first = await reportsOf({ count: 400 });
  const none = { missed: 0, relabelled: 0, widened: 0, unrelated: 0, otherKind: 0 };
  const agreement = (rates: Partial<typeof none>) => {
    const second = secondLabeller(first, { ...none, ...rates }, [1, 2]);
    for (const [i, report] of second.entries()) checkAnnotation(String(i), report);
    return annotatorAgreement(first.map((report, i) => [second[i]!, report] as const));
  };
  const same = agreement({});
  assert.deepEqual([same.entities.f1, same.relationsWithLabels.f1, same.kappaTokens, same.kappaRelations], [1, 1, 1, 1]);
  const near = (got: number, want: number, what: string): void =>
    assert.ok(Math.abs(got - want) < 0.02, `${what}: ${got}, expected ${want}`);
  const missed = agreement({ missed: 0.2 });
  near(missed.entities.precision, 1, 'precision');
  near(missed.entities.recall, 0.8, 'recall');
  near(missed.relations.recall, 0.64, 'relations need both ends');
  const relabelled = agreement({ relabelled: 0.1 });
  near(relabelled.entities.f1, 0.9, 'entities');
  near(relabelled.entitiesWithoutLabel.f1, 1, 'places');
  near(relabelled.relations.f1, 1, 'relations between places');
  near(relabelled.relationsWithLabels.f1, 0.81, 'relations with classes');
  near(agreement({ otherKind: 0.1 }).relations.f1, 0.9, 'kinds');
  near(agreement({ unrelated: 0.1 }).relations.recall, 0.9, 'relations');
});
