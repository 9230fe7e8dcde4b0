import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dispose, flatten } from 'roentgen-lab/engine';
import {
  annotateAll,
  annotatorAgreement,
  estimateRadGraphMemory,
  goldToLearn,
  loadRadGraph,
  loadRadGraphRecipe,
  lostNotes,
  phantomGold,
  radGraphReader,
  readAnnotations,
  relationsOfGold,
  rewardsOfTexts,
  startOfTraining,
} from 'roentgen-lab/systems';
import { noLeaks, sharedData, tempDir } from '../../support';
import { fitTiny, tinyRecipe } from './tiny-network';

test(
  'a trained network finds entities and relations of patients whom it does not know; relations are found better between gold spans',
  noLeaks(async (t) => {
    const recipe = await tinyRecipe(150);
    const folder = await fitTiny(t, recipe, {
      onLost: (lost) => {
        assert.equal(lost.reports, 200);
        assert.match(lostNotes(lost, { max_words: 32, max_span_width: 5 } as never).join(' '), /longer than 32 words/);
      },
    });
    const model = await loadRadGraph(folder);
    const gold = (
      await phantomGold({ count: 60, seed: 9, style: 'impression', wording: 'grammar', typos: 0, doubt: 0, split: 'test' })
    ).map(({ annotations: [report] }) => report!);
    const reader = radGraphReader(model);
    const found = await reader.annotateTokens(gold.map(({ text }) => text.split(' ')));
    const { entities, relationsWithLabels } = annotatorAgreement(found.map(({ report }, i) => [report, gold[i]!] as const));
    const given = annotatorAgreement((await relationsOfGold(model, gold)).map((report, i) => [report, gold[i]!] as const));
    assert.ok(entities.f1 > 0.75, `entities ${entities.f1}`);
    assert.ok(relationsWithLabels.f1 > 0.2 && relationsWithLabels.f1 < entities.f1, `relations ${relationsWithLabels.f1}`);
    assert.ok(given.relationsWithLabels.f1 > relationsWithLabels.f1 && given.entities.f1 === 1, `on gold ${given.relationsWithLabels.f1}`);

    // Its reward is a function of two texts.
    const [same, other, none] = await rewardsOfTexts(reader, [
      { candidate: 'Moderate left pleural effusion.', reference: 'Moderate left pleural effusion.' },
      { candidate: 'Moderate left pleural effusion.', reference: 'No pneumothorax.' },
      { candidate: '', reference: 'No pneumothorax.' },
    ]);
    assert.deepEqual(same, { simple: 1, partial: 1, complete: 1, entityFactuality: 1 });
    assert.ok(other!.simple < 0.5);
    assert.deepEqual(none, { simple: 0, partial: 0, complete: 0, entityFactuality: 0 });
    reader.dispose();
    dispose(model.params);
  }),
);

test(
  'a training that was stopped goes on to the same bytes; its identity tells it from others',
  noLeaks(async (t) => {
    const recipe = await tinyRecipe(6);
    const folder = tempDir(t);
    const checkpoints = { folder, identity: 'one', resume: 'unfinished', every: 2 } as const;
    const whole = await loadRadGraph(await fitTiny(t, recipe));
    const stop = new AbortController();
    const partly = await fitTiny(t, recipe, {
      checkpoints,
      signal: stop.signal,
      onStep: ({ step }) => {
        if (step === 3) stop.abort();
      },
    });
    assert.ok(!existsSync(partly), 'nothing is written of a training that was stopped');
    const again = await loadRadGraph(await fitTiny(t, recipe, { checkpoints }));
    const [a, b] = [flatten(whole.params), flatten(again.params)];
    for (const path of Object.keys(a)) assert.deepEqual(b[path]!.dataSync(), a[path]!.dataSync(), path);
    const { MiB, parts } = estimateRadGraphMemory(whole.config, recipe.optimisation);
    assert.ok(MiB > 200 && MiB < 2000 && parts.activations > 1, `${MiB} MiB`);
    dispose(whole.params, again.params);
  }),
);

test(
  'many reports are annotated in parts: shards merge to the bytes of one, an interrupted work goes on, what is missing is said',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const model = await loadRadGraph(await fitTiny(t, await tinyRecipe(30)));
    const reader = radGraphReader(model);
    const gold = await phantomGold({ count: 600, seed: 4, style: 'impression', wording: 'grammar', typos: 0, doubt: 0, split: 'x' });
    const reports = [
      ...gold.map(({ key: name, annotations: [report] }) => ({ key: name, text: report!.text })),
      { key: 'blank', text: ' ' },
    ];
    const common = { reader, reports, identity: 'network', source: 'phantom' };
    const whole = await annotateAll({ ...common, out: join(folder, 'whole.json') });
    assert.deepEqual([whole!.reports, whole!.empty, whole!.cut], [601, 1, whole!.cut]);
    assert.deepEqual(readdirSync(folder), ['whole.json']);
    const documents = await readAnnotations(join(folder, 'whole.json')); // every entity's tokens are at its indices, no relation to nothing, no circle
    assert.deepEqual(
      documents.map(({ key: name }) => name),
      reports.slice(0, -1).map(({ key: name }) => name),
    );
    assert.equal(documents[0]!.annotations[0].data_split, 'inference');

    const out = join(folder, 'shards.json');
    assert.equal(await annotateAll({ ...common, out, part: { index: 1, count: 2 } }), undefined);
    await assert.rejects(annotateAll({ ...common, out, merge: true }), /2 of 3 parts are not there/);
    await annotateAll({ ...common, out, part: { index: 0, count: 2 } });
    assert.deepEqual(await annotateAll({ ...common, out, merge: true }), whole);
    assert.deepEqual(readFileSync(out), readFileSync(join(folder, 'whole.json')));

    const stop = new AbortController();
    const stopped = join(folder, 'stopped.json');
    const onProgress = (done: number): void => {
      if (done >= 256) stop.abort();
    };
    await assert.rejects(annotateAll({ ...common, out: stopped, signal: stop.signal, onProgress }), { name: 'AbortError' });
    const [first] = readdirSync(`${stopped}.parts`);
    writeFileSync(
      join(`${stopped}.parts`, first!),
      readFileSync(join(`${stopped}.parts`, first!), 'utf8').replace('"circles": ', '"circles": 100'),
    );
    const counts = await annotateAll({ ...common, out: stopped });
    assert.ok(counts!.circles >= 100, 'the part that was there is not made again');
    await assert.rejects(annotateAll({ ...common, reports: [...reports, reports[0]!], out }), /report 602 has the key of another one/);
    reader.dispose();
    dispose(model.params);
  }),
);

test(
  'an encoder that is no BERT is refused, and a recipe with a wrong key',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const recipe = await tinyRecipe(1);
    const path = join(folder, 'recipe.json');
    writeFileSync(path, JSON.stringify({ ...recipe, drop_out: 1 }));
    await assert.rejects(loadRadGraphRecipe(path), /drop_out is unknown \(did you mean dropout\?\)/);
    await assert.rejects(loadRadGraphRecipe('nothing'), /no recipe "nothing"; there are/);
    const vocabulary = sharedData('tokenizers', 'clip');
    if (vocabulary === undefined) return;
    await assert.rejects(startOfTraining(recipe, await goldToLearn(recipe), vocabulary));
  }),
);
