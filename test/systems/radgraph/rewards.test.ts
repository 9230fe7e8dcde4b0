import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotatorAgreement, type RadGraphReport, radGraphRewards } from 'roentgen-lab/systems';
import { assertClose } from '../../support';

const entity = (tokens: string, label: string, at: number, relations: [string, string][] = []) => ({
  tokens,
  label,
  start_ix: at,
  end_ix: at,
  relations,
});
/** An invented report: "small effusion in the base". */
const report = (more: Partial<Record<string, ReturnType<typeof entity>>> = {}): RadGraphReport => ({
  text: 'Small effusion in the base',
  entities: {
    '1': entity('Small', 'OBS-DP', 0, [['modify', '2']]),
    '2': entity('effusion', 'OBS-DP', 1, [['located_at', '3']]),
    '3': entity('base', 'ANAT-DP', 4),
    ...(more as Record<string, ReturnType<typeof entity>>),
  },
});

test('rewards: each kind looks at more; letters count where no relation is', () => {
  assert.deepEqual(radGraphRewards(report(), report()), { simple: 1, partial: 1, complete: 1 });
  const alone = report({ '1': entity('small', 'OBS-DP', 0, [['modify', '2']]), '2': entity('effusion', 'OBS-DP', 1) });
  const { simple, partial, complete } = radGraphRewards(alone, report());
  assertClose([simple, partial, complete], [2 / 3, 1 / 3, 2 / 3], 1e-12);
  const none = { text: 'clear', entities: {} };
  assert.deepEqual(radGraphRewards(none, report()), { simple: 0, partial: 0, complete: 0 });
  assert.throws(
    () => radGraphRewards(report({ '3': entity('base', 'ANAT-DP', 4, [['modify', '9']]) }), report()),
    /target, 9, is no entity/,
  );
});

test('annotators: another label spoils the entity, not the place', () => {
  const other = report({ '2': entity('effusion', 'OBS-U', 1, [['located_at', '3']]) });
  const { entities, entitiesWithoutLabel, relations, relationsWithLabels, kappaRelations, kappaTokens, tokens, markedTokens, pairs } =
    annotatorAgreement([[report(), other]]);
  assertClose([entities.f1, entitiesWithoutLabel.f1, relations.f1, relationsWithLabels.f1], [2 / 3, 1, 1, 0], 1e-12);
  assert.equal(kappaRelations, 1);
  assert.ok(kappaTokens < 1);
  assert.deepEqual([tokens, markedTokens, pairs], [5, 3, 6]);
});
